"""What has been measured, kept with the sources: docs/comparison.json has a row's date, versions, medians and counts.

A run writes its samples to build/comparison/ROW.json and its rows into the record; rows of other runs stay as they were.
"""
import json
import pathlib
import statistics

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SAMPLES = ROOT / "build/comparison"
RECORD = ROOT / "docs/comparison.json"


def load():
    return json.loads(RECORD.read_text()) if RECORD.exists() else {}


def keep_samples(rows):
    """Each run's seconds, for a person and for a row that is merged later."""
    SAMPLES.mkdir(parents=True, exist_ok=True)
    for row, samples in rows.items():
        (SAMPLES / f"{row}.json").write_text(json.dumps(samples, indent=1) + "\n")


def merge(names):
    """The rows of these names, as their samples have them, replace those of the record."""
    if not names:
        return
    fresh = {}
    for name in names:
        path = SAMPLES / f"{name}.json"
        if not path.exists():
            raise SystemExit(f"no samples of {name}: {path} is not there")
        fresh[name] = summary(json.loads(path.read_text()))
    RECORD.write_text(json.dumps(load() | fresh, indent=1) + "\n")


def summary(samples):
    """Seconds of many runs become their median, least and most; everything else stays."""
    kept = {key: value for key, value in samples.items() if key != "seconds"}
    if "seconds" in samples:
        kept["figures"] = {who: _figure(seen) for who, seen in samples["seconds"].items()}
    return kept


def _figure(seen):
    """None in `seen` is a run in which it never happened; a median is that of the others, and none if most were such."""
    happened = [value for value in seen if value is not None]
    figure = {"runs": len(seen), "never": len(seen) - len(happened)}
    if 2 * len(happened) > len(seen):
        figure |= {name: float(f"{of(happened):.5g}") for name, of in (("median", statistics.median), ("least", min), ("most", max))}
    return figure

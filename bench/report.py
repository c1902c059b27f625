"""What was measured: kept, compared with what is wanted, printed and written."""
import json
import math
import pathlib


def percentile(values, share):
    """Nearest rank: the smallest value that at least this share of all does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


class Report:
    def __init__(self):
        self.rows, self.notes = [], []

    def add(self, name, value, unit, wanted, against, at_least=False, measured_against=None):
        """`wanted`: the limit of the issue. The ratio is to what was measured beside it in this run, or to the limit."""
        base = wanted if measured_against is None else measured_against
        ratio = float(f"{value / base:.3g}") if base else None
        ok = value >= wanted if at_least else value <= wanted
        row = {"name": name, "value": round(value, 3), "unit": unit, "against": against, "ratio": ratio,
               "wanted": wanted, "ok": ok}
        self.rows.append(row)
        self._print(row, at_least)

    def fail(self, name, error):
        """A measurement that could not be taken is a miss, not a gap in the table."""
        self.rows.append({"name": name, "value": None, "unit": "", "against": f"not measured: {error}", "ratio": None,
                          "wanted": None, "ok": False})
        print(f"  {name:<28} not measured: {error}", flush=True)

    def note(self, text):
        self.notes.append(text)
        print(f"      {text}", flush=True)

    @staticmethod
    def _print(row, at_least):
        sign = ">=" if at_least else "<="
        shown = f"{row['value']:.6g} {row['unit']}"
        print(f"  {row['name']:<28} {shown:>16}   wanted {sign} {row['wanted']:<6g} {'ok' if row['ok'] else 'MISS':<5}"
              f" {row['ratio']} of {row['against']}", flush=True)

    def write(self, path):
        path = pathlib.Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.rows, indent=1) + "\n")

    def missed(self):
        return [row["name"] for row in self.rows if not row["ok"]]

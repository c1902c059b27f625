#!/usr/bin/python3
"""make bench: measures, compares with the limits, writes build/bench.json. README.md says what each figure is."""
import argparse
import pathlib
import sys
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.dont_write_bytecode = True

from bench import failover, ipv6, memory, reload, routes, sessions, throughput  # noqa: E402
from bench.report import Report  # noqa: E402
from lab.world import need_root  # noqa: E402

MEASUREMENTS = {
    "setup": lambda report, build, quick: sessions.setup(report, build, 20 if quick else 100),
    "sessions250": lambda report, build, quick: sessions.many(report, build),
    "rss.base": lambda report, build, quick: memory.base(report, build),
    "rss.session": lambda report, build, quick: memory.per_session(report, build),
    "failover": lambda report, build, quick: failover.explicit(report, build, 10 if quick else 100),
    "failover.flows": lambda report, build, quick: failover.many_flows(report, build, 4 if quick else 20),
    "reload64": lambda report, build, quick: reload.one_of_many(report, build, 3 if quick else 11),
    "routes10k": lambda report, build, quick: routes.ten_thousand(report, build),
    "ipv6.pd": lambda report, build, quick: ipv6.prefix_to_lan(report, build, 4 if quick else 25),
    "ipv6.deprecate": lambda report, build, quick: ipv6.deprecate(report, build, 4 if quick else 20),
    "ipv6.renumber": lambda report, build, quick: ipv6.renumber(report, build, 3 if quick else 15),
    "ipv6.many": lambda report, build, quick: ipv6.many(report, build, 2 if quick else 5),
    "tun": lambda report, build, quick: throughput.tun(report, build, *((2, 1.0) if quick else (5, 2.0))),
}


def main():
    parser = argparse.ArgumentParser(description="measurements of michi, each against a limit or a peer")
    parser.add_argument("--build", default="build/gcc", help="where the binaries are")
    parser.add_argument("--output", default="build/bench.json")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: for development, not for figures")
    parser.add_argument("names", nargs="*", help=f"only these of: {', '.join(MEASUREMENTS)}")
    wanted = parser.parse_args()
    unknown = set(wanted.names) - set(MEASUREMENTS)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    need_root()
    report = Report()
    build = pathlib.Path(wanted.build).resolve()
    for name, measure in MEASUREMENTS.items():
        if wanted.names and name not in wanted.names:
            continue
        begun = time.monotonic()
        try:
            measure(report, build, wanted.quick)
        except Exception as error:  # the other figures are still wanted
            traceback.print_exc()
            report.fail(name, str(error).splitlines()[0] if str(error) else type(error).__name__)
        print(f"      {name}: {time.monotonic() - begun:.1f} s", flush=True)
    report.write(wanted.output)
    missed = report.missed()
    print(f"{len(report.rows) - len(missed)} of {len(report.rows)} as wanted" + (f"; missed: {', '.join(missed)}" if missed else "")
          + f"; {wanted.output}")
    sys.exit(1 if any(row["value"] is None for row in report.rows) else 0)


if __name__ == "__main__":
    main()

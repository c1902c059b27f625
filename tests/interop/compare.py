#!/usr/bin/python3
"""michi beside pppd: `compare.py [--runs 20] [--build build/gcc] [GROUP …]`, then build/interop.json and docs/comparison.md.

Each group boots a guest of its own (QEMU, Debian's kernel) that holds the access concentrator and all clients, and keeps its samples
in build/comparison/ROW.json, so far as it came. At its end its rows go into docs/comparison.json, of which the page is made; `--page`
measures nothing, takes over the samples of the rows that are named, and writes the page.
"""
import argparse
import datetime
import json
import os
import pathlib
import random
import signal
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(HERE)]

import compare_page  # noqa: E402
import compare_prefix  # noqa: E402
import compare_record  # noqa: E402
import compare_wire  # noqa: E402
import root  # noqa: E402
from compare_place import CLIENTS, Place  # noqa: E402
from field import uplink  # noqa: E402
from lab.process import wait_until  # noqa: E402


def setup(mode, before="", after=""):
    """PADI to the last Configure-Ack of IPCP, each client in turn. As every group: yields all it knows after each run."""
    def measure(build, runs):
        with Place(build, runs, mode) as place:
            place.run("michid_start", 60)
            for count in range(runs):
                for who, space in CLIENTS.items():
                    place.run(f"{before.format(space=space)}once {who} 60{after}", 200)
                place.say(f"run {count + 1} of {runs}")
                samples = {}

                def complete():
                    # tcpdump hears of frames a little later.
                    capture = place.capture()
                    samples.update({who: compare_wire.setups(capture, place.address[who]) for who in CLIENTS})
                    return all(len(seen) > count for seen in samples.values())
                wait_until(complete, 120, f"{count + 1} set-ups of each in the capture", every=0.5)
                yield {**place.versions(), "seconds": samples}
    return measure


def dead(build, runs):
    """From the peer's silence to the first frame that ends the session or looks for another; echoes 1 s apart, three may be lost."""
    samples = {who: [] for who in CLIENTS}
    with Place(build, runs) as place:
        place.run("michid_start", 60)
        for count in range(runs):
            for who in CLIENTS:
                place.run(f"dial {who} && quietly 60 is_up {who} && sleep {random.random():.3f}")
                shown = place.run("date +%s%N && silence")
                place.run(f"quietly 60 noticed {who}")
                place.run(f"nft delete table netdev cut && hang_up {who}")
                cut = int(shown.split()[-1]) / 1e9
                seen = wait_until(lambda: compare_wire.first_word_after(place.capture(), place.address[who], cut), 120,  # noqa: B023
                                  f"what {who} says is in the capture", every=0.5)
                samples[who].append(seen - cut)
            place.say(f"run {count + 1} of {runs}")
            yield {**place.versions(), "seconds": samples}


def password(build, _):
    """A wrong password for ten minutes, with the waits that each has by itself: how often it tries, and what it says."""
    seconds = 600
    plain = '[uplink.isp]\ninterface = "eth0"\nuser = "user@isp-a.example"\n'
    with Place(build, 1, uplinks=[plain], secret="not-this-one", options="-N 60") as place:
        place.run("michid_start; for who in pppd pppd-user; do dial $who password not-this-one holdoff 30; done")
        begun = time.monotonic()
        place.run(f"sleep {seconds}", seconds + 60)
        place.say(f"{time.monotonic() - begun:.0f} s of this machine for {seconds} s of the guest")
        status = json.loads(place.run("michi status --json"))["uplinks"][0]
        words = {"michi": f"{status['reason']}: {status['detail']}"}
        for who in ("pppd", "pppd-user"):
            words[who] = place.run(f"grep -hi 'fail' /tmp/{CLIENTS[who]}.log | sort | uniq -c | sort -rn | head -n 3")
        capture = place.capture()
        tries = {who: compare_wire.logins(capture, place.address[who]) for who in CLIENTS}
        yield {**place.versions(), "window": seconds, "words": words,
               "attempts": {who: len([t for t in seen if t <= seen[0] + seconds]) for who, seen in tries.items()}}


def restart(build, runs):
    """Killed and started at once: when the access concentrator is rid of the old session; its own echoes 5 s apart, three may be lost."""
    samples = {who: [] for who in CLIENTS}
    with Place(build, runs, uplinks=[uplink(interface='"eth0"')]) as place:
        place.run("michid_start", 60)
        for count in range(runs):
            for who in CLIENTS:
                shown = place.run(f"dial {who} && quietly 60 is_up {who} && killed {who} && hang_up {who} >/dev/null", 400)
                samples[who].append(int(shown.split()[-1]) / 1000)
            place.say(f"run {count + 1} of {runs}")
            yield {**place.versions(), "seconds": samples}


def idle(build, _):
    """Memory and processor time of sessions that only ask for echoes, every 10 s."""
    found = {}
    with Place(build, 1, memory=1536, options="-N 250") as place:
        for count in (1, 16, 100):
            place.configure([uplink(f"u{n}", interface='"eth0"', echo='{ interval = "10s", failures = 3 }') for n in range(count)])
            for who, space in CLIENTS.items():
                place.run(f"many {who} {count} && quietly 600 all_up {who} {count}", 1200)
                place.say(f"{count} of {who} up")
                place.run("sleep 15", 60)
                first = place.run(f"weight {space}; date +%s%N").split()
                place.run("sleep 60", 100)
                second = place.run(f"weight {space}; date +%s%N").split()
                seconds = (int(second[2]) - int(first[2])) / 1e9
                found.setdefault(who, {})[str(count)] = {
                    "pss_kib": int(second[0]), "cpu_per_minute": (int(second[1]) - int(first[1])) / 1e6 * 60 / seconds}
                place.say(f"{found[who][str(count)]}")
                yield {**place.versions(), "sessions": found}
                place.run(f"kill -TERM $(ip netns pids {space}); quietly 120 nothing_in {space}; quietly 120 no_sessions", 400)


LOSE = "lose_first {space} && "
LOSE_AC = "lose_first ac1 && "
GROUPS = {"setup-kernel": setup("kernel"), "setup-user": setup("user"), "lost-from-client": setup("kernel", LOSE, " && lost_one"),
          "lost-from-server": setup("kernel", LOSE_AC, " && lost_one"), "dead": dead, "password": password, "restart": restart, "idle": idle,
          "prefix": compare_prefix.prefix}
# A run of the one gives the rows of the others.
WITH = {"prefix-lost": "prefix", "prefix-renumbered": "prefix"}


def apart(name, result):
    """What one group measured, by row: most have one, of the group's own name."""
    rows = result.pop("rows", None)
    return {name: result} if rows is None else {row: {**result, "seconds": seen} for row, seen in rows.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/gcc")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--page", action="store_true", help="measure nothing; write the page")
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=" ".join((*GROUPS, *WITH)))
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    unknown = [name for name in options.groups if name not in GROUPS and name not in WITH]
    if unknown:
        sys.exit(f"no group {', '.join(unknown)}; there are: {' '.join((*GROUPS, *WITH))}")
    if options.page:
        compare_record.merge(options.groups)
    else:
        if os.geteuid() != 0:
            sys.exit("needs root")
        root.ready()
        for name in dict.fromkeys(WITH.get(name, name) for name in options.groups or GROUPS):
            print(f"== {name}", flush=True)
            for result in GROUPS[name](ROOT / options.build, options.runs):
                result["date"] = datetime.date.today().isoformat()
                rows = apart(name, result)
                compare_record.keep_samples(rows)
            compare_record.merge(rows)
    compare_page.write()
    return 0


if __name__ == "__main__":
    sys.exit(main())

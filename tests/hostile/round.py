#!/usr/bin/python3
"""One world under its attacks: `round.py --build DIR --seconds N WORLD NAME …`. Its last line of output is the cases as JSON."""
import argparse
import json
import os
import pathlib
import re
import shutil
import sys
import threading
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT)]

import catalogue  # noqa: E402
from bounds import PRODUCT, SANITIZED, Watch  # noqa: E402
from concentrator import Peer  # noqa: E402
from lab.process import NotReached, wait_until  # noqa: E402
from world import STREAMS, HostileWorld  # noqa: E402

RECOVERY = 40.0  # seconds after the attack
BEGIN = 12.0
SLOW_REASONS = ("auth-failed", "auth-method-refused", "session-limit")
REPORT = re.compile(r"ERROR: \w+Sanitizer|runtime error:|terminate called|invariant")


class Redialler(threading.Thread):
    """Ends a session of an honest concentrator and sees it come back, again and again."""

    def __init__(self, here, within):
        super().__init__(daemon=True)
        self.here, self.within, self.ended, self.done, self.longest, self.failed = here, within, threading.Event(), 0, 0.0, ""
        self.start()

    def run(self):
        router, ac = self.here.router, self.here.world.acs["isp-a"]
        while not self.ended.wait(1.0):
            before, begun = router.uplink("dialled").get("session") or {}, time.monotonic()
            try:
                if before:
                    ac.command(command="kill", sid=before["id"], how="padt")
                wait_until(lambda: self.back(before.get("id")), self.within, "dialled is up again", every=0.05, tell=router.tell)
                if not self.ended.is_set():
                    self.done, self.longest = self.done + 1, max(self.longest, time.monotonic() - begun)
            except (NotReached, OSError, RuntimeError) as error:
                self.failed = self.failed or str(error)

    def back(self, before):
        uplink = self.here.router.uplink("dialled")
        return self.ended.is_set() or uplink["state"] == "up" and uplink["session"]["id"] != before

    def stop(self):
        self.ended.set()
        self.join()
        return self


def wait_begun(here):
    """Every attack has struck; one that cannot is told by its count."""
    try:
        wait_until(lambda: all(seen.get("attack") for seen in here.peers.order(seen=True).values()), BEGIN, "", every=0.1)
    except NotReached:
        pass


def under_attack(here, bounds, seconds):
    """The attack, watched. Returns what was seen."""
    here.start()
    watch, streams = Watch(here.router), here.streams()
    with streams:
        sent, begun = here.frames_sent(), time.monotonic()
        here.attack()
        redialler = Redialler(here, bounds.dial_s) if here.intruders else None
        wait_begun(here)
        end = time.monotonic() + seconds
        while time.monotonic() < end and here.router.process.running():
            time.sleep(0.1)
        sent = here.frames_sent() - sent
        counts, took = here.peers.order(hold=True), time.monotonic() - begun
        lost = streams.stop() if here.router.process.running() else []
    watch.stop()
    if redialler:
        redialler.stop()
    return watch, lost, counts, sent, redialler, took


def recovered(router, name, deadline):
    """Up again, or why not: (words, whether that will do)."""
    uplink, prefix = {}, ""
    while time.monotonic() < deadline:
        uplink = router.uplink(name)
        if uplink["state"] == "up":
            return prefix + "up again", True
        if uplink["state"] == "waiting" and uplink["reason"] in SLOW_REASONS and not prefix:
            # These wait for minutes, with their reason; the operator need not.
            prefix = f"waited ({uplink['reason']}), redialled, "
            router.command(name, "redial")
        time.sleep(0.1)
    return f"{prefix}{uplink.get('state')}: {uplink.get('reason')} {uplink.get('detail', '')}", False


def case(name, detail, ok):
    return {"name": name, "outcome": "passed" if ok else "failed", "detail": detail}


def judge_attack(here, attack, counts, seconds, deadline):
    seen, make = counts.get(attack.name, {}), attack.make
    fired, answers = seen.get("attack", 0), seen.get("received", 0)
    least = min(make.least, make.least * seconds / 15)
    far_enough = Peer.stages.index(seen.get("furthest", "silence")) >= Peer.stages.index(make.stage_wanted)
    words = [f"{fired} frames of attack, {answers / seconds:.1f} a second back (allowed {make.most_sent})"]
    if not attack.intruder:
        words.append(f"came to {seen.get('furthest')}")
    ok = fired >= least and far_enough and answers <= make.most_sent * seconds
    if fired < least:
        words.append(f"no attack: {least:.0f} are the least")
    if not far_enough:
        words.append(f"must come to {make.stage_wanted}")
    if not attack.intruder:
        how, good = recovered(here.router, attack.name, deadline)
        words.append(how)
        ok = ok and good
    return case(attack.name, "; ".join(words), ok)


def run(here, bounds, seconds):
    watch, lost, counts, sent, redialler, seconds = under_attack(here, bounds, seconds)
    deadline = time.monotonic() + RECOVERY
    cases = [judge_attack(here, attack, counts, seconds, deadline) for attack in here.attacks]
    uplinks = len(here.uplinks) + len(here.steady)
    cases += [case(name, *found) for name, found in watch.judge(bounds, uplinks).items()]
    for name, stream in zip(STREAMS, lost):
        words = f"{stream['lost']} of {stream['sent']} lost, longest gap {stream['longest_gap'] / 1000:.0f} ms"
        cases.append(case(name, words, stream["lost"] <= bounds.lost * stream["sent"] and stream["sent"] >= 900 * seconds))
    most = seconds * (sum(attack.make.most_sent for attack in here.attacks) + bounds.strangers + 4 * uplinks)
    cases.append(case("sent", f"{sent / seconds:.0f} frames a second, allowed {most / seconds:.0f}", sent <= most))
    if redialler:
        # Whose offers all have the right name and number cannot be told from the true one: then only later.
        may_fail = here.name == "forged"
        cases.append(case("dialled", f"{redialler.done} times up again under attack, within {redialler.longest:.1f} s; {redialler.failed}".strip("; "),
                          may_fail or not redialler.failed and redialler.done >= 1))
        cases.append(case("after", *recovered(here.router, "dialled", deadline)))
    return cases


def end_of(here):
    """The daemon stops when it is asked to, and has nothing to say about itself."""
    try:
        here.router.stop(20)
        words = ""
    except RuntimeError as error:
        words = str(error).splitlines()[0]
    found = [line for line in here.router.process.log_text().splitlines() if REPORT.search(line)]
    return case("end", "; ".join([words, *found[:3]]).strip("; ") or "stopped, no report", not words and not found)


def keep(here, name):
    target = ROOT / "build/hostile" / name
    target.mkdir(parents=True, exist_ok=True)
    for path in here.world.directory.iterdir():
        if path.suffix in (".log", ".toml") and path.name != "secrets.toml":
            shutil.copy(path, target / path.name)
    try:
        (target / "status.json").write_text(json.dumps(here.router.status(), indent=1))
    except Exception:  # the daemon may be gone
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("world")
    parser.add_argument("names", nargs="+")
    options = parser.parse_args()
    sanitized = b"__asan_init" in (options.build / "src/michid").read_bytes()
    if sanitized:
        os.environ["ASAN_OPTIONS"] = "quarantine_size_mb=16"
    # The whole world before whatever else this machine does: daemon and attackers compete with each other only.
    os.nice(-10)
    attacks = [catalogue.ATTACKS[name] for name in options.names]
    with HostileWorld(options.world, attacks, ROOT / "build/gcc", options.build) as here:
        try:
            cases = run(here, SANITIZED if sanitized else PRODUCT, options.seconds)
        except Exception as error:  # a world that fails is a case too
            cases = [case("round", f"{type(error).__name__}: {error}", False)]
        cases.append(end_of(here))
        if any(one["outcome"] == "failed" for one in cases):
            keep(here, options.world)
    print(json.dumps(cases))


main()

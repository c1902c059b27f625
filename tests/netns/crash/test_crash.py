"""kill -9 and restart: the kernel's objects are adopted, the orphan sessions ended, the same state reached."""
import os
import time

import pytest
from harness import rounds, wait_until
from lab import probe
from lab.world import ADDRESS, WEB


def orphans(lab, before):
    """Sessions of the AC that were there before the crash."""
    return [s for name, ac in lab.world.acs.items() for s in ac.sessions() if (name, s["id"]) in before]


def all_sessions(lab):
    return {(name, session["id"]) for name, ac in lab.world.acs.items() for session in ac.sessions()}


def test_a_restart_after_kill_reaches_the_same_state_and_leaves_no_orphan(lab):
    router = lab.router
    router.wait_up("isp", "office", "flets")
    clean = router.kernel_state()
    for _ in range(rounds(3, 20)):
        before = all_sessions(lab)
        assert len(before) == 3
        router.crash()
        assert probe.unreachable(lab.world.lan_a, WEB, 80, "tcp", timeout=0.2)
        begun = time.monotonic()
        router.start()
        wait_until(lambda: not orphans(lab, before), 2, "the access concentrators have no orphan",
                   tell=lambda: str(orphans(lab, before)))
        print(f"no orphan {1000 * (time.monotonic() - begun):.0f} ms after the restart")
        router.wait_up("isp", "office", "flets", seconds=15)
        assert router.kernel_state() == clean
        assert probe.ask_tcp(lab.world.lan_a, WEB, 80)[1] == ADDRESS["isp"]


POINTS = os.environ.get("MICHI_CRASH_AT", "").split()


@pytest.mark.parametrize("point", POINTS or ["none"])
def test_a_crash_at_any_listed_point_is_repaired(lab, point):
    if point == "none":
        points = lab.router.space.run(lab.world.binary("michid"), "--crash-at", "list", check=False).split()
    else:
        points = [point]
    if not points:
        pytest.skip("this build has no crash points (MICHI_CRASH_POINTS=ON)")
    router = lab.router
    router.wait_up("isp", "office", "flets")
    clean = router.kernel_state()
    for name in points:
        router.stop()
        router.start("--crash-at", name, wait=False)
        if router.process.wait(4) is None:  # it comes when a session ends
            router.michi("down", "isp", check=False)
        assert router.process.wait(5) is not None, f"never came to {name}"
        before = all_sessions(lab)
        router.start()
        wait_until(lambda: not orphans(lab, before), 2, f"no orphan after a crash at {name}")
        router.wait_up("isp", "office", "flets", seconds=15)
        assert router.kernel_state() == clean, f"after a crash at {name}"

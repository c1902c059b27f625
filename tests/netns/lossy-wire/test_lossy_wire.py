"""A wire that loses a fifth of the frames: sessions come up and stay up."""
from harness import wait_until
from lab import probe
from lab.world import ADDRESS, ECHO


def test_sessions_come_up_over_a_lossy_wire(lab):
    router = lab.router
    router.wait_up("isp", "office", "flets")
    for ac in lab.world.acs.values():
        ac.lose(20)
    for name in ADDRESS:
        router.michi("redial", name)
    router.wait_up("isp", "office", "flets", seconds=60)
    wait_until(lambda: asks(lab), 10, "an echo comes through")


def asks(lab):
    try:
        return probe.ask_udp(lab.world.lan_a, ECHO, 7, timeout=0.3, tries=3)[1] == ADDRESS["isp"]
    except probe.NoReply:
        return False

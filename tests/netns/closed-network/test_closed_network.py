"""A closed network is reached through its own session, or not at all."""
from lab import probe
from lab.world import ADDRESS, CLOSED, SQUARE


def test_closed_prefixes_are_unreachable_while_their_session_is_down(lab):
    router, world = lab.router, lab.world
    router.wait_up("isp", "office", "flets")
    for name in ("isp-a", "isp-b"):
        lab.ac(name).watch("closed", f"ip daddr {CLOSED}")
    assert probe.ask_udp(world.lan_a, SQUARE, 7) == ("square", ADDRESS["flets"])
    line = probe.Line(world.lan_a, SQUARE, 7)
    assert line.say() == ADDRESS["flets"]

    for action in ("down", "kill"):
        if action == "down":
            router.michi("down", "flets")
            router.wait_state("flets", "down")
        else:
            router.michi("up", "flets")
            router.wait_up("flets")
            lab.ac("flets").command(command="kill", user="guest@flets")
            lab.ac("flets").kill()
            router.wait_state("flets", "connecting")
        for space in (world.lan_a, world.lan_b, router.space):
            for kind in ("udp", "tcp"):
                assert probe.unreachable(space, SQUARE, 7, kind, timeout=0.2)
        why = router.why(SQUARE)
        assert why["verdict"] == "unreachable", why
        for name in ("isp-a", "isp-b"):
            assert lab.ac(name).seen("closed") == 0, f"{name} saw packets for the closed network"
    line.close()
    lab.ac("flets").start()
    router.wait_up("flets", seconds=15)
    assert probe.ask_udp(world.lan_a, SQUARE, 7) == ("square", ADDRESS["flets"])


def test_the_closed_network_alone_works(lab):
    router = lab.router
    for name in ("isp", "office"):
        router.michi("down", name)
    router.wait_state("isp", "down")
    router.wait_state("office", "down")
    router.wait_up("flets")
    assert probe.ask_tcp(lab.world.lan_a, SQUARE, 80) == ("square", ADDRESS["flets"])
    assert probe.unreachable(lab.world.lan_a, "198.51.100.80", 80, "tcp")

"""Two ISPs and a closed network on one wire: every packet on its road."""
from lab import probe
from lab.world import ADDRESS, ECHO, MAIL, SQUARE, WEB


def test_three_sessions_come_up_and_every_flow_takes_its_road(lab):
    took = lab.router.wait_up("isp", "office", "flets", seconds=5)
    print(f"all up after {took * 1000:.0f} ms")
    for name, address in ADDRESS.items():
        assert address in lab.router.space.run("ip", "-4", "addr", "show", name)
    assert probe.ask_tcp(lab.world.lan_a, WEB, 80) == ("web", ADDRESS["isp"])
    assert probe.ask_udp(lab.world.lan_b, ECHO, 7) == ("echo", ADDRESS["isp"])
    assert probe.greeting(lab.world.lan_a, MAIL) == ADDRESS["office"]
    assert probe.ask_tcp(lab.world.lan_a, SQUARE, 80) == ("square", ADDRESS["flets"])
    assert probe.ask_udp(lab.router.space, SQUARE, 7) == ("square", ADDRESS["flets"])
    assert probe.ask_tcp(lab.router.space, WEB, 80) == ("web", ADDRESS["isp"])


def test_a_stop_ends_every_session_and_closes_the_roads(lab):
    lab.router.wait_up("isp", "office", "flets")
    lab.router.stop()
    for ac in lab.world.acs.values():
        assert ac.sessions() == [], f"{ac.name} still has a session"
    assert probe.unreachable(lab.world.lan_a, WEB, 80, "tcp")

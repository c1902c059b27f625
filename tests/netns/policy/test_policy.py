"""Which road a flow takes: by port, by host, from the router itself; and what happens when it is gone."""
from lab import probe
from lab.world import ADDRESS, ECHO, MAIL, WEB


def test_the_first_matching_line_decides(lab):
    router, world = lab.router, lab.world
    router.wait_up("isp", "office")
    assert probe.greeting(world.lan_a, MAIL) == ADDRESS["office"]
    assert probe.ask_tcp(world.lan_a, MAIL, 587) == ("mail", ADDRESS["office"])
    assert probe.ask_tcp(world.lan_a, WEB, 80)[1] == ADDRESS["isp"]
    assert probe.ask_tcp(world.lan_b, WEB, 80)[1] == ADDRESS["office"]
    assert probe.ask_udp(router.space, ECHO, 7)[1] == ADDRESS["office"]
    assert probe.ask_tcp(router.space, ECHO, 7)[1] == ADDRESS["isp"]
    assert probe.ask_tcp(world.lan_a, ECHO, 443)[1] == ADDRESS["office"]


def test_a_bound_socket_takes_the_uplink_it_is_bound_to(lab):
    router = lab.router
    router.wait_up("isp", "office")
    for uplink in ("isp", "office"):
        assert probe.ask_udp(router.space, ECHO, 7, source=ADDRESS[uplink])[1] == ADDRESS[uplink]
        assert probe.ask_udp(router.space, ECHO, 7, device=uplink)[1] == ADDRESS[uplink]


def test_otherwise_unreachable_and_otherwise_the_next_line(lab):
    router, world = lab.router, lab.world
    router.wait_up("isp", "office")
    router.michi("down", "office")
    router.wait_state("office", "down")
    router.wait_settled()
    assert probe.unreachable(world.lan_a, MAIL, 25, "tcp")
    assert probe.ask_tcp(world.lan_b, WEB, 80)[1] == ADDRESS["isp"]

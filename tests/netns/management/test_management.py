"""The management port is never lost: a host beyond a gateway keeps its connection, whatever michi does."""
from lab import probe
from lab.world import ADDRESS, MANAGEMENT, ROUTER_MANAGEMENT

WORLD = {"start": False}


def test_an_ssh_like_connection_survives_start_reload_and_stop(lab):
    router = lab.router
    line = probe.Line(lab.world.management, ROUTER_MANAGEMENT, 22, timeout=2)
    back = probe.Line(router.space, MANAGEMENT, 7, timeout=2)

    def alive():
        assert line.say() == MANAGEMENT
        assert back.say() == ROUTER_MANAGEMENT
        assert probe.ask_tcp(lab.world.management, ROUTER_MANAGEMENT, 22)[0] == "router"
        # A service on 0.0.0.0 that answers with plain sendto(): the client takes the answer from that address only.
        assert probe.ask_udp(lab.world.management, ROUTER_MANAGEMENT, 5300, tries=3) == ("router", MANAGEMENT)

    alive()
    router.start()
    alive()
    router.wait_up("isp", "office", "flets")
    alive()
    router.write_config(lab.edit(('return-after = "1s"', 'return-after = "2s"'), ("mtu = 1454\ndefault-route", "mtu = 1400\ndefault-route")))
    router.michi("reload")
    alive()
    router.wait_up("flets")
    alive()
    router.crash()
    alive()
    router.start()
    router.wait_up("isp", "office", "flets", seconds=15)
    alive()
    router.stop()
    alive()
    router.michi("flush", check=False)
    alive()
    assert ADDRESS["isp"] not in router.space.run("ip", "addr")

"""Two sessions whose far ends have the same address, as every NGN access concentrator may give."""
from lab import probe
from lab.world import ADDRESS, MAIL, WEB

WORLD = {"options": {"isp-a": {"address": "10.255.0.1"}, "isp-b": {"address": "10.255.0.1"}}}


def test_two_sessions_with_the_same_peer_address_both_work(lab):
    lab.router.wait_up("isp", "office")
    assert probe.ask_tcp(lab.world.lan_a, WEB, 80) == ("web", ADDRESS["isp"])
    assert probe.greeting(lab.world.lan_a, MAIL) == ADDRESS["office"]
    lab.router.michi("down", "isp")
    lab.router.wait_state("isp", "down")
    lab.router.wait_settled()
    assert probe.ask_tcp(lab.world.lan_a, WEB, 80) == ("web", ADDRESS["office"])

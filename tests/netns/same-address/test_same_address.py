"""The same local address twice: the second waits, and takes over when the first lets go."""
from lab import probe
from lab.concentrator import Account
from lab.world import ACCOUNTS, ADDRESS, WEB

WORLD = {"options": {"isp-b": {"accounts": [Account(*ACCOUNTS["office"], ADDRESS["isp"])]}}, "start": False}


def test_the_second_uplink_with_an_address_is_held(lab):
    router = lab.router
    router.write_config(router.config_path.read_text().replace("[uplink.office]", "[uplink.office]\nstart = false"))
    router.start()
    router.wait_up("isp", "flets")
    router.michi("up", "office")
    held = router.wait_state("office", "waiting", reason="duplicate-address")
    assert held["remedy"]
    assert router.uplink("isp")["state"] == "up"
    assert probe.ask_tcp(lab.world.lan_a, WEB, 80) == ("web", ADDRESS["isp"])
    router.michi("down", "isp")
    router.wait_state("office", "up", 15)

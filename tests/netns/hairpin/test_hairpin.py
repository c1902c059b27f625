"""A LAN host that uses the published name from inside reaches the same server."""
from lab import probe
from lab.world import ADDRESS


def test_a_lan_host_reaches_the_published_server_by_the_public_address(lab):
    lab.router.wait_up("isp", "office")
    for uplink in ("isp", "office"):
        name, seen = probe.ask_tcp(lab.world.lan_b, ADDRESS[uplink], 443)
        assert name == "lan-a"
        assert seen != "192.168.10.6", "the answer would not come back through the router"

"""For tests/netns/ipv6-lan/ of the merged tree (has not run): uplinks' prefixes on the hosts of a LAN, from the session to SLAAC."""
from harness import wait_until
from lab import hosts6, probe
from lab.ipv6 import WEB6

WORLD = {"start": False, "concentrators": ("isp-a", "isp-b"), "ipv6": {"isp-a": {}, "isp-b": {}}, "config": """
[uplink.isp]
kind = "pppoe"
interface = "wan0"
user = "user@isp-a.example"
ac-name = "isp-a"

[uplink.office]
kind = "pppoe"
interface = "wan0"
user = "office@isp-b.example"
ac-name = "isp-b"

[lan.home]
interface = "lan0"
address = "192.168.10.1/24"
"""}


def both_prefixes(lab):
    hosts6.accept_advertisements(lab.world.lan_a)
    lab.router.start()
    lab.router.wait_up("isp", "office")
    prefixes = [lab.world.six.access[name].wait_lease() for name in ("isp-a", "isp-b")]
    return prefixes, [hosts6.wait_address(lab.world.lan_a, prefix) for prefix in prefixes]


def test_hosts_get_an_address_of_each_uplink_and_their_packets_leave_by_it(lab):
    _, held = both_prefixes(lab)
    for one in held:
        assert probe.ask_tcp(lab.world.lan_a, WEB6, 80, source=one.address) == ("web", one.address)


def test_an_uplink_that_dies_is_deprecated_on_the_hosts_and_comes_back(lab):
    prefixes, held = both_prefixes(lab)
    after = lab.router.mark()
    lab.router.michi("down", "isp")
    hosts6.wait_gone(lab.world.lan_a, prefixes[0], seconds=2)
    lab.router.wait_event("lan.prefix-deprecated", after=after)
    assert probe.ask_tcp(lab.world.lan_a, WEB6, 80)[1] == held[1].address
    lab.router.michi("up", "isp")
    assert hosts6.wait_address(lab.world.lan_a, prefixes[0]).address == held[0].address


def test_a_crash_is_not_noticed_by_the_hosts(lab):
    prefixes, held = both_prefixes(lab)
    lab.router.crash()
    lab.router.start()
    lab.router.wait_up("isp", "office")
    wait_until(lambda: len(lab.router.status()["lans"][0]["prefixes"]) == 2, 8, "both are advertised again")
    codes = [event["code"] for event in lab.router.events()]
    assert "lan.prefix-deprecated" not in codes, codes
    for prefix, before in zip(prefixes, held):
        assert hosts6.usable(lab.world.lan_a, prefix).address == before.address


def test_the_last_uplink_takes_the_default_route_along(lab):
    both_prefixes(lab)
    lab.router.michi("down", "isp")
    lab.router.michi("down", "office")
    wait_until(lambda: not hosts6.default_routers(lab.world.lan_a), 2, "no default router")

"""The lab's IPv6 over PPPoE, seen by foreign clients: an ISP forwards a prefix only while it is delegated."""
import pytest
from foreign6 import Dhcpcd, Dialled
from harness import wait_until
from lab import dns, hosts6, probe
from lab.advertiser import Advertiser, Announced
from lab.ipv6 import ASKER6, DNS6, ECHO6, PLANS, WEB6

WORLD = {"start": False, "concentrators": ("isp-a", "isp-b"), "ipv6": {"isp-a": {}, "isp-b": {}}}


def reached(lab, address):
    return hosts6.ping(lab.world.internet, address, ASKER6)


def test_a_prefix_is_forwarded_from_its_reply_to_its_release(lab):
    isp, host = lab.world.six.access["isp-a"], "2001:db8:a100::1"
    Dialled(lab)
    lab.world.router.ip(f"addr add {host}/128 dev lo", "route add ::/0 via fe80::1 dev ppp0")
    assert not reached(lab, host), "what nobody asked for is forwarded"
    assert isp.routes() == []
    lab.world.router.ip(f"addr del {host}/128 dev lo", "route del ::/0 via fe80::1 dev ppp0")
    client = Dhcpcd(lab, "ppp0")
    prefix = isp.wait_lease()
    assert prefix.endswith("/56") and prefix.startswith("2001:db8:a1") and isp.routes() == [prefix]
    held = wait_until(lambda: hosts6.usable(lab.world.router, prefix, "lan0"), 8, "an address of the prefix on lan0")
    assert (held.length, 3590 < held.preferred <= 3600, 7190 < held.valid <= 7200) == (64, True, True)
    assert [r["gateway"] for r in hosts6.default_routers(lab.world.router, "ppp0")] == ["fe80::1"]
    assert reached(lab, held.address)
    client.stop()
    isp.wait_message("release")
    wait_until(lambda: isp.routes() == [], 3, "the route is gone with the Release")
    assert lab.ac("isp-a").sessions()[0]["delegated"] == []


def test_lan_hosts_reach_the_internet_with_addresses_of_the_delegated_prefix(lab):
    Dialled(lab)
    Dhcpcd(lab, "ppp0")
    prefix = lab.world.six.access["isp-a"].wait_lease().replace("/56", "/64")
    inside = Advertiser(lab.world, lab.world.router, "lan", "lan0", [Announced(prefix, 600, 1200)])
    inside.start()
    inside.wait_ready()
    hosts6.accept_advertisements(lab.world.lan_a)
    held = hosts6.wait_address(lab.world.lan_a, prefix)
    assert 590 < held.preferred <= 600 and 1190 < held.valid <= 1200
    assert [r["dev"] for r in hosts6.default_routers(lab.world.lan_a)] == ["eth0"]
    assert probe.ask_tcp(lab.world.lan_a, WEB6, 80) == ("web", held.address)
    assert probe.ask_udp(lab.world.lan_a, ECHO6, 7, source=held.address) == ("echo", held.address)
    assert probe.ask_tcp(lab.world.internet, held.address, 443, source=ASKER6) == ("lan-a", ASKER6)
    for resolver in (DNS6, PLANS["isp-a"].resolver):
        assert probe.resolve(lab.world.lan_a, resolver, "www.example", dns.AAAA) == (0, [WEB6])
        assert probe.resolve(lab.world.lan_a, resolver, "www.example", dns.A)[1] == ["198.51.100.80"]
    inside.stop()
    wait_until(lambda: not hosts6.default_routers(lab.world.lan_a), 3, "the last advertisement takes the default route back")


@pytest.mark.parametrize("how", ["padt", "silent"])
def test_the_end_of_a_session_takes_its_route_along_and_the_next_one_must_ask_again(lab, how):
    isp, first = lab.world.six.access["isp-a"], Dialled(lab)
    client = Dhcpcd(lab, "ppp0", release=False)
    prefix = isp.wait_lease()
    assert isp.routes() == [prefix]
    lab.ac("isp-a").command(command="kill", how=how)
    wait_until(lambda: isp.routes() == [], 3, "the route went with the session")
    client.kill()
    first.process.kill()
    Dialled(lab)
    assert isp.routes() == [], "the route came back by itself"
    Dhcpcd(lab, "ppp0")
    wait_until(lambda: isp.routes() == [prefix], 8, "the same prefix, asked for again", tell=lambda: str(isp.messages()))


def test_two_isps_delegate_side_by_side_and_neither_takes_the_others_source(lab):
    a, b = lab.world.six.access["isp-a"], lab.world.six.access["isp-b"]
    Dialled(lab, "isp-a", "ppp0")
    Dialled(lab, "isp-b", "ppp1")
    Dhcpcd(lab, "ppp0", more={"ppp1": "lan1"})
    assert a.wait_lease().startswith("2001:db8:a1") and b.wait_lease().startswith("2001:db8:b1")
    router = lab.world.router
    by_a, by_b = (wait_until(lambda: hosts6.usable(router, isp.wait_lease(), device), 8, f"an address of {isp.name} on {device}")
                  for isp, device in ((a, "lan0"), (b, "lan1")))
    assert {r["dev"] for r in hosts6.default_routers(router)} == {"ppp0", "ppp1"}
    assert probe.ask_tcp(router, WEB6, 80, source=by_a.address, device="ppp0") == ("web", by_a.address)
    assert probe.ask_tcp(router, WEB6, 80, source=by_b.address, device="ppp1") == ("web", by_b.address)


@pytest.mark.world(laws=False)
def test_a_source_that_was_not_delegated_is_counted_and_dropped(lab):
    Dialled(lab)
    lab.world.router.ip("addr add 2001:db8:a1ff::1/128 dev lo", "route add ::/0 via fe80::1 dev ppp0")
    assert not hosts6.ping(lab.world.router, WEB6, "2001:db8:a1ff::1")
    assert lab.ac("isp-a").foreign_sources() == 1


@pytest.mark.world(options={"isp-a": {"mtu": 1454}})
def test_a_power_cut_at_the_provider_forgets_the_routes_and_a_new_session_gets_the_lease_again(lab):
    isp, ac, first = lab.world.six.access["isp-a"], lab.ac("isp-a"), Dialled(lab)
    client = Dhcpcd(lab, "ppp0", release=False)
    prefix = isp.wait_lease()
    ac.kill()
    client.kill()
    first.process.kill()
    ac.start()
    isp.wait_ready()
    assert isp.leases() == {} and isp.routes() == []
    Dialled(lab)
    Dhcpcd(lab, "ppp0")
    assert isp.wait_lease() == prefix
    assert lab.world.router.run("cat", "/sys/class/net/ppp0/mtu").strip() == "1454"

"""The lab's IPoE networks, seen by the kernel's own SLAAC and by foreign clients."""
import re

import pytest
from foreign6 import Dhcp6c, Dhcpcd
from harness import wait_until
from lab import dns, hosts6, probe
from lab.ipv6 import ASKER6, WEB6
from lab.world import WEB

WORLD = {"start": False, "concentrators": ()}


def ngn_of(lab):
    return lab.world.six.access["ngn"]


def as_host(lab):
    """The router as a plain host on the line: the address it makes from the announced /64."""
    hosts6.accept_advertisements(lab.world.router, "wan0")
    return hosts6.wait_address(lab.world.router, ngn_of(lab).link_prefix, "wan0")


@pytest.mark.world(ipv6={"ngn": {"kind": "ra"}})
def test_an_advertised_prefix_is_all_there_is_and_dhcpv6_only_informs(lab):
    ngn, held = ngn_of(lab), as_host(lab)
    assert (held.length, held.preferred > 3590, held.valid > 7190) == (64, True, True)
    assert probe.ask_tcp(lab.world.router, WEB6, 80) == ("web", held.address)
    assert probe.ask_udp(lab.world.router, ngn.square, 7) == ("ngn", held.address)
    assert probe.resolve(lab.world.router, ngn.plan.resolver, "six.example", dns.AAAA) == (0, [WEB6])
    client = Dhcpcd(lab, "wan0", lan=None)
    client.said("Router Advertisement from fe80::")
    ngn.wait_message("information-request")
    client.said("REPLY6 received")
    client.stop()
    other = Dhcp6c(lab, "wan0")
    ngn.wait_message("solicit", 1)
    assert ngn.leases() == {} and other.process.running()
    assert ngn.foreign_sources() == 0


@pytest.mark.world(ipv6={"ngn": {"kind": "pd"}}, laws=False)  # a foreign source is sent on purpose
@pytest.mark.parametrize("client", [Dhcpcd, Dhcp6c])
def test_a_prefix_of_56_bits_is_delegated_and_routed_by_way_of_the_client(lab, client):
    ngn, router = ngn_of(lab), lab.world.router
    router.set_sysctl("net/ipv6/conf/all/forwarding", 1)
    hosts6.accept_advertisements(router, "wan0", forwarding=True)
    client(lab, "wan0")
    prefix = ngn.wait_lease()
    assert re.fullmatch(r"3fff:100:10..:(.*:)?:/56", prefix) and ngn.routes() == [prefix]
    held = wait_until(lambda: hosts6.usable(router, prefix, "lan0"), 8, "an address on lan0")
    wait_until(lambda: hosts6.solicit(router, "wan0") or hosts6.default_routers(router, "wan0"), 8, "a default route", every=0.3)
    assert not [a for a in hosts6.addresses(router, "wan0") if not a.inside(prefix)], "there is no prefix on the line itself"
    assert probe.ask_tcp(router, WEB6, 80, source=held.address) == ("web", held.address)
    assert hosts6.ping(lab.world.internet, held.address, ASKER6)
    assert ngn.foreign_sources() == 0
    router.ip("addr add 3fff:100:10ff::1/128 dev lo")
    assert not hosts6.ping(router, WEB6, "3fff:100:10ff::1")
    assert ngn.foreign_sources() == 1


@pytest.mark.world(ipv6={"ngn": {"kind": "hgw", "ipv4": True}})
def test_a_home_gateway_gives_an_address_a_prefix_of_60_bits_and_ipv4_behind_its_nat(lab):
    ngn, router = ngn_of(lab), lab.world.router
    router.ip("route del default")
    Dhcpcd(lab, "wan0", ipv4=True).said(r"leased 192\.168\.1\.1\d\d")
    prefix = ngn.wait_lease()
    assert prefix.endswith("/60") and ngn.routes() == [prefix]
    outer = wait_until(lambda: hosts6.usable(router, ngn.link_prefix, "wan0"), 8, "an address on the line")
    inner = wait_until(lambda: hosts6.usable(router, prefix, "lan0"), 8, "an address on lan0")
    for held in (outer, inner):
        assert probe.ask_tcp(router, WEB6, 80, source=held.address) == ("web", held.address)
    assert probe.ask_tcp(router, WEB, 80) == ("web", ngn.ipv4_outside)


@pytest.mark.parametrize("how", [
    pytest.param("silent", marks=pytest.mark.world(ipv6={"ngn": {"kind": "ra", "closed": "silent"}})),
    pytest.param("reset", marks=pytest.mark.world(ipv6={"ngn": {"kind": "ra", "closed": "reset"}}))])
def test_addresses_of_a_closed_network_look_global_and_reach_only_its_own_hosts(lab, how):
    ngn, held = ngn_of(lab), as_host(lab)
    assert probe.ask_tcp(lab.world.router, ngn.square, 80) == ("ngn", held.address)
    with pytest.raises(probe.NoReply) as refusal:
        probe.ask_tcp(lab.world.router, WEB6, 80, timeout=0.5)
    assert ("refused" in str(refusal.value)) == (how == "reset")
    assert not hosts6.ping(lab.world.internet, held.address, ASKER6)


@pytest.mark.world(concentrators=("isp-a",), ipv6={"open": {"kind": "ra"}, "closed": {"kind": "ra", "closed": "silent"}, "isp-a": {}})
def test_several_networks_on_one_wire_give_a_host_several_addresses(lab):
    open_, closed = (lab.world.six.access[name] for name in ("open", "closed"))
    hosts6.accept_advertisements(lab.world.router, "wan0")
    one, two = (hosts6.wait_address(lab.world.router, n.link_prefix, "wan0") for n in (open_, closed))
    for network, held in ((open_, one), (closed, two)):
        lab.world.router.ip(f"route add {network.plan.aggregate} via {network.local} dev wan0")
        assert probe.ask_udp(lab.world.router, network.square, 7, source=held.address) == (network.name, held.address)
    assert len(hosts6.default_routers(lab.world.router, "wan0")) == 2

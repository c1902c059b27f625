"""A line with one /64 and nothing delegated: hosts of the LAN have addresses of it, by neighbour discovery proxy."""
import ipaddress

import pytest
from harness import wait_until
from lab import hosts6, probe
from lab.ipv6 import ASKER6, WEB6
from lab.process import Process

WORLD = {"concentrators": (), "secrets": {}, "ipv6": {"ngn": {"kind": "ra"}}}


def ngn_of(lab):
    return lab.world.six.access["ngn"]


def shared(lab):
    """What `michi status` says of the proxy."""
    return next((prefix["proxy"] for prefix in lab.router.uplink("native").get("prefixes", []) if prefix["proxy"]), None)


def host(lab, **how):
    """The LAN's host, once it has an address of the line."""
    hosts6.accept_advertisements(lab.world.lan_a, **how)
    lab.router.wait_up("native", seconds=20)
    return hosts6.wait_address(lab.world.lan_a, ngn_of(lab).link_prefix, seconds=20).address


def routed(lab, address):
    """The router knows on which LAN it is."""
    return "dev lan0" in lab.router.space.run("ip", "-6", "route", "show", f"{address}/128")


def answered(lab, address):
    """The line's router has been given a link-layer address for it."""
    listed = lab.world.spaces["ngn"].run("ip", "-6", "neigh", "show", address, "dev", "wire")
    return "lladdr" in listed


def test_a_host_reaches_the_internet_as_itself_and_is_reached_from_the_line(lab):
    address, ngn = host(lab), lab.world.spaces["ngn"]
    assert hosts6.ping(lab.world.lan_a, WEB6, seconds=3)
    assert probe.ask_tcp(lab.world.lan_a, WEB6, 80) == ("web", address)
    assert probe.ask_udp(lab.world.lan_a, WEB6, 7)[1] == address
    assert hosts6.ping(ngn, address), "the line's router"
    assert hosts6.ping(lab.world.internet, address, ASKER6), "somebody out there"
    assert probe.unreachable(ngn, address, 80, "tcp"), "nothing was opened"
    assert routed(lab, address) and answered(lab, address)
    seen = shared(lab)
    assert (seen["lan"], seen["state"]) == ("home", "answering") and seen["hosts"] >= 1, seen  # the LAN's other host may be there
    assert "shared with LAN home by proxy (answering, hosts: " in lab.router.michi("status").stdout
    assert probe.ask_udp(lab.router.space, WEB6, 7)[0] == "web", "the router itself"


def test_a_neighbour_on_the_line_and_a_host_of_the_lan_reach_each_other(lab):
    address = host(lab)
    neighbour = lab.world.space("neighbour")
    lab.world.plug(neighbour, "eth0", "wan", "neighbour")
    hosts6.accept_advertisements(neighbour)
    other = hosts6.wait_address(neighbour, ngn_of(lab).link_prefix).address
    assert hosts6.ping(neighbour, address, seconds=3)
    assert hosts6.ping(lab.world.lan_a, other, seconds=3)
    gateway = str(next(ipaddress.ip_network(ngn_of(lab).link_prefix).hosts()))
    assert hosts6.ping(lab.world.lan_a, gateway, seconds=3), "the line's router by its own address of the prefix"
    assert not routed(lab, other) and not routed(lab, gateway)


def test_a_host_that_takes_an_address_is_found_before_anybody_on_the_line_asks(lab):
    address = host(lab, quick=False)
    wait_until(lambda: routed(lab, address), 5, "a route to the host", tell=lambda: str(shared(lab)))
    assert shared(lab)["answered"] == 0
    assert hosts6.ping(lab.router.space, address)


def test_an_address_that_nobody_has_is_not_answered_for(lab):
    address = host(lab)
    nobody = str(ipaddress.ip_network(ngn_of(lab).link_prefix)[0xdead])
    ngn = lab.world.spaces["ngn"]
    assert not hosts6.ping(ngn, nobody, seconds=4)
    assert not answered(lab, nobody) and not routed(lab, nobody)
    assert hosts6.ping(ngn, address)


def test_a_restart_after_kill_keeps_routes_and_hosts(lab):
    address = host(lab)
    assert probe.ask_tcp(lab.world.lan_a, WEB6, 80) == ("web", address)
    lab.router.crash()
    assert routed(lab, address)
    assert probe.ask_tcp(lab.world.lan_a, WEB6, 80) == ("web", address), "the kernel goes on without michid"
    changes = Process(lab.router.space.argv(["ip", "-6", "monitor", "route"]), lab.world.directory / "routes.log")
    lab.world.processes.append(changes)
    lab.router.start()
    lab.router.wait_up("native", seconds=20)
    wait_until(lambda: (shared(lab) or {}).get("state") == "answering", 20, "the proxy answers", tell=lab.router.tell)
    lab.world.spaces["ngn"].ip("neigh flush dev wire")
    assert hosts6.ping(lab.world.spaces["ngn"], address, seconds=3)
    assert f"{address} dev lan0" not in changes.log_text(), "its route was never touched"
    held = hosts6.usable(lab.world.lan_a, ngn_of(lab).link_prefix)
    assert held and held.address == address
    assert probe.ask_tcp(lab.world.lan_a, WEB6, 80) == ("web", address)


def test_a_line_that_dies_takes_its_prefix_along_and_brings_it_back(lab):
    address = host(lab)
    lab.world.switch.ip("link set router-wan down")
    hosts6.wait_gone(lab.world.lan_a, ngn_of(lab).link_prefix, seconds=2)
    assert any(held.address == address and held.deprecated for held in hosts6.addresses(lab.world.lan_a))
    lab.world.switch.ip("link set router-wan up")
    assert hosts6.wait_address(lab.world.lan_a, ngn_of(lab).link_prefix, seconds=20).address == address
    wait_until(lambda: probe.ask_tcp(lab.world.lan_a, WEB6, 80) == ("web", address), 10, "the internet again")


def test_a_reload_that_forbids_it_takes_everything_back(lab):
    address = host(lab)
    assert hosts6.ping(lab.world.spaces["ngn"], address, seconds=3)
    lab.router.write_config(lab.edit(('kind = "ipoe"', 'kind = "ipoe"\nneighbour-proxy = false')))
    lab.router.michi("reload")
    hosts6.wait_gone(lab.world.lan_a, ngn_of(lab).link_prefix, seconds=3)
    wait_until(lambda: not routed(lab, address), 3, "no route to the host")
    assert shared(lab) is None


@pytest.mark.world(ipv6={"ngn": {"kind": "hgw"}})
def test_where_a_prefix_is_delegated_the_line_is_not_shared(lab):
    hosts6.accept_advertisements(lab.world.lan_a)
    lab.router.wait_up("native", seconds=20)
    prefix = ngn_of(lab).wait_lease()
    lan = next(ipaddress.ip_network(prefix).subnets(new_prefix=64))
    hosts6.wait_address(lab.world.lan_a, str(lan), seconds=15)
    assert shared(lab) is None
    assert not [held for held in hosts6.addresses(lab.world.lan_a) if held.inside(ngn_of(lab).link_prefix)]

"""A line without a session: what it gives is found by itself and reaches the LAN, whichever of its variants it is."""
import ipaddress

import pytest
from harness import wait_until
from lab import hosts6, probe
from lab.ipv6 import WEB6
from lab.process import Process
from lab.world import WEB
from scapy.layers.dhcp import BOOTP
from scapy.layers.inet import UDP
from scapy.layers.inet6 import ICMPv6ND_RA, IPv6
from scapy.layers.l2 import Ether
from scapy.utils import rdpcap

WORLD = {"concentrators": (), "secrets": {}}


def ngn_of(lab):
    return lab.world.six.access["ngn"]


def lan_of(prefix):
    return str(next(ipaddress.ip_network(prefix).subnets(new_prefix=64)))


def inside(address, prefix):
    return ipaddress.ip_address(address) in ipaddress.ip_network(prefix)


def ready(lab):
    hosts6.accept_advertisements(lab.world.lan_a)
    lab.router.wait_up("native", seconds=20)


@pytest.mark.world(ipv6={"ngn": {"kind": "pd"}})
def test_a_delegated_prefix_reaches_the_lan_and_its_hosts_the_internet(lab):
    ready(lab)
    prefix = ngn_of(lab).wait_lease()
    held = hosts6.wait_address(lab.world.lan_a, lan_of(prefix), seconds=15)
    assert probe.ask_tcp(lab.world.lan_a, WEB6, 80) == ("web", held.address)
    _, seen = probe.ask_udp(lab.router.space, WEB6, 7)
    assert inside(seen, prefix), seen


@pytest.mark.world(ipv6={"ngn": {"kind": "hgw", "ipv4": True}})
def test_behind_a_home_gateway_both_families_work(lab):
    ready(lab)
    wait_until(lambda: lab.router.uplink("native")["ipv4"], 10, "an IPv4 address", tell=lab.router.tell)
    prefix = ngn_of(lab).wait_lease()
    assert prefix.endswith("/60")
    held = hosts6.wait_address(lab.world.lan_a, lan_of(prefix), seconds=15)
    assert probe.ask_tcp(lab.world.lan_a, WEB6, 80) == ("web", held.address)
    assert probe.ask_tcp(lab.world.lan_a, WEB, 80) == ("web", ngn_of(lab).ipv4_outside)


ALONE = """
[uplink.native]
kind = "ipoe"
interface = "wan0"
neighbour-proxy = false

[lan.home]
interface = "lan0"
address = "192.168.10.1/24"
ula = "auto"
"""


@pytest.mark.world(config=ALONE, ipv6={"ngn": {"kind": "ra"}})
def test_with_a_prefix_that_the_line_keeps_for_itself_hosts_are_translated_to_the_routers_address(lab):
    ready(lab)
    link = ngn_of(lab).link_prefix
    wait_until(lambda: probe.ask_udp(lab.router.space, WEB6, 7)[0] == "web", 15, "the router reaches the internet")
    held = wait_until(lambda: next((a for a in hosts6.addresses(lab.world.lan_a) if a.address.startswith("fd")), None), 15,
                      "an address of our own on the LAN")
    _, seen = probe.ask_tcp(lab.world.lan_a, WEB6, 80, source=held.address)
    assert inside(seen, link), seen


@pytest.mark.world(ipv6={"ngn": {"kind": "pd"}})
def test_a_cable_that_comes_back_brings_the_same_prefix(lab):
    ready(lab)
    prefix = ngn_of(lab).wait_lease()
    held = hosts6.wait_address(lab.world.lan_a, lan_of(prefix), seconds=15)
    lab.world.switch.ip("link set router-wan down")
    hosts6.wait_gone(lab.world.lan_a, lan_of(prefix), seconds=15)
    lab.world.switch.ip("link set router-wan up")
    lab.router.wait_up("native", seconds=20)
    assert hosts6.wait_address(lab.world.lan_a, lan_of(prefix), seconds=15).address == held.address
    assert list(ngn_of(lab).leases()) == [prefix]
    assert probe.ask_tcp(lab.world.lan_a, WEB6, 80) == ("web", held.address)


@pytest.mark.world(start=False, ipv6={"ngn": {"kind": "hgw", "ipv4": True}})
def test_a_trace_shows_what_the_line_says_and_status_counts_its_interface(lab):
    lab.router.start()
    ready(lab)
    capture, log = lab.world.directory / "native.pcapng", lab.world.directory / "trace.log"
    trace = Process([lab.world.binary("michi"), "--socket", lab.router.socket, "trace", "native", "-w", capture], log)
    lab.world.processes.append(trace)
    wanted = ("DHCPACK", "DHCPv6 Reply", "IA_PD", "Router-Advertisement", "Router-Solicitation", "preferred=")

    def shown():
        if not trace.log_text():  # the daemon may not know of it yet
            lab.router.michi("redial", "native")
        return all(word in trace.log_text() for word in wanted)
    wait_until(shown, 20, "the trace shows both families", every=0.2, tell=trace.log_text)
    trace.stop()
    packets = rdpcap(str(capture))
    assert any(p.haslayer(IPv6) and p.haslayer(UDP) and p[UDP].dport == 546 for p in packets), packets.summary()
    assert any(p.haslayer(ICMPv6ND_RA) and not p.haslayer(Ether) for p in packets), packets.summary()
    assert any(p.haslayer(Ether) and p.haslayer(BOOTP) for p in packets), packets.summary()
    lab.router.wait_up("native", seconds=20)
    before = lab.router.uplink("native")["counters"]
    assert before["interface"] == "wan0" and before["shared_with"] == [] and before["rx_packets"] > 0, before
    probe.ask_tcp(lab.world.lan_a, WEB, 80)
    after = lab.router.uplink("native")["counters"]
    assert after["rx_packets"] > before["rx_packets"] and after["tx_bytes"] > before["tx_bytes"], (before, after)
    assert "everything on wan0" in lab.router.michi("status", "native").stdout

"""A line that is up and carries nothing is left within interval × failures + 1 s, in both families, and taken back when it works again."""
import ipaddress
import json
import time

from harness import wait_until
from lab import hosts6, probe
from lab.ipv6 import ECHO6
from lab.world import ADDRESS, ECHO, WEB

WORLD = {"concentrators": ("isp-a",), "ipv6": {"isp-a": {}, "ngn": {"kind": "hgw", "ipv4": True}}, "secrets": {"isp": "open-sesame"}}
DETECTION = 3 * 1.0 + 1  # interval × failures + 1 s
SLACK = 0.5              # what a busy machine may add


def ngn_of(lab):
    return lab.world.six.access["ngn"]


def health(lab, name):
    return {one["family"]: one["health"] for one in lab.router.uplink(name).get("probes", [])}


def wait_health(lab, name, wanted, seconds=10):
    wait_until(lambda: set(health(lab, name).items()) >= set(wanted.items()), seconds, f"{name} is {wanted}",
               tell=lambda: str(lab.router.uplink(name).get("probes")))


def lan_of(prefix):
    return str(next(ipaddress.ip_network(prefix).subnets(new_prefix=64)))


def seen(lab, address):
    try:
        return probe.ask_udp(lab.world.lan_a, address, 7)[1]
    except probe.NoReply as error:
        return str(error)


def inside(address, prefix):
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(prefix)
    except ValueError:
        return False


def black_hole(network):
    """Its router goes on answering, nothing passes it."""
    network.space.nft("add table inet hole; add chain inet hole out { type filter hook forward priority -10; };"
                      "add rule inet hole out drop")


def test_a_line_that_is_black_beyond_its_router_is_left_and_taken_back(lab):
    router, ngn = lab.router, ngn_of(lab)
    hosts6.accept_advertisements(lab.world.lan_a)
    router.wait_up("native", "isp", seconds=20)
    both = {"ipv4": "good", "ipv6": "good"}
    wait_health(lab, "native", both, 15)
    wait_health(lab, "isp", both, 15)  # the peer of a session, over its own device
    native6 = ngn.wait_lease()
    isp6 = lab.world.six.access["isp-a"].wait_lease()
    for prefix in (native6, isp6):
        hosts6.wait_address(lab.world.lan_a, lan_of(prefix), seconds=15)
    wait_until(lambda: inside(seen(lab, ECHO6), native6) or inside(seen(lab, ECHO6), isp6), 5, "IPv6 works")
    stream = probe.Stream(lab.world.lan_a, ECHO, 7)
    wait_until(lambda: stream.first_after(0, ngn.ipv4_outside), 5, "stream on native", tell=router.tell)

    mark, begun, wall = router.mark(), time.monotonic(), time.time()
    black_hole(ngn)
    event = router.wait_event("probe.dead", 10, uplink="native", after=mark)
    took = event["time_ms"] / 1000 - wall
    print(f"judged dead after {took:.2f} s")
    assert took <= DETECTION + SLACK, event
    assert event["fields"]["stage"] == "beyond", event
    wait_until(lambda: stream.first_after(begun, ADDRESS["isp"]), 5, "stream on isp", every=0.01, tell=router.tell)
    moved = stream.first_after(begun, ADDRESS["isp"]) - begun
    print(f"stream on the other uplink after {moved:.2f} s")
    assert moved <= DETECTION + 2 * SLACK
    wait_health(lab, "native", {"ipv4": "dead", "ipv6": "dead"}, 5)

    # The line stays what it is; hosts are told that its prefix leads nowhere.
    shown = router.uplink("native")
    assert shown["state"] == "up" and shown["ipv4"], shown
    assert [one["prefix"] for one in shown["prefixes"] if one["state"] == "confirmed"] == [native6], shown
    hosts6.wait_gone(lab.world.lan_a, lan_of(native6), seconds=5)
    assert hosts6.usable(lab.world.lan_a, lan_of(isp6))
    assert inside(seen(lab, ECHO6), isp6)
    assert router.why(WEB, source="192.168.10.5")["uplink"] == "isp"
    told = router.why(WEB, source="192.168.10.5")["reasons"]
    assert any("judged dead by its probe: 192.168.1.1 answers, nothing beyond it does" in line for line in told), told
    assert "dead: 192.168.1.1 answers" in router.michi("status", "native").stdout
    findings = json.loads(router.michi("doctor", "native", "--json", check=False).stdout)["findings"]
    assert [one["verdict"] for one in findings if one["check"] == "probe"] == ["bad", "bad"], findings

    mark = router.mark()
    ngn.space.nft("delete table inet hole")
    router.wait_event("probe.good", 10, uplink="native", after=mark)
    wait_until(lambda: seen(lab, WEB) == ngn.ipv4_outside, 10, "new flows are back on native", tell=router.tell)
    hosts6.wait_address(lab.world.lan_a, lan_of(native6), seconds=15)
    stream.stop()
    assert not [one for one in router.events() if one["code"] == "uplink.lost"], "a session or a line was ended"


def test_where_every_uplink_is_black_the_first_is_tried_all_the_same(lab):
    router, ngn = lab.router, ngn_of(lab)
    router.wait_up("native", "isp", seconds=20)
    wait_health(lab, "native", {"ipv4": "good"}, 15)
    router.michi("down", "isp")
    router.wait_state("isp", "down")
    # A wrong verdict: only the targets are silent.
    ngn.space.nft("add table ip deaf; add chain ip deaf out { type filter hook forward priority -10; };"
                  f"add rule ip deaf out ip daddr {WEB} icmp type echo-request drop")
    wait_health(lab, "native", {"ipv4": "dead"}, 10)
    router.wait_settled()
    assert seen(lab, ECHO) == ngn.ipv4_outside
    assert any("no other road" in line for line in router.why(ECHO, source="192.168.10.5")["reasons"])

"""IPv6 by a session of its own, from the prefix that is delegated to the hosts of the LAN: what holds while it is up and when it ends."""
import ipaddress
import json
import time

import pytest
from harness import wait_until
from lab import dns, hosts6, probe
from lab.ipv6 import ASKER6, ECHO6, WEB6
from lab.world import ADDRESS, ECHO

SECRETS = {"isp": "open-sesame", "six": "open-sesame"}
WORLD = {"concentrators": ("isp-a",), "ipv6": {"isp-a": {}}, "secrets": SECRETS}
KILL_SIX = {"command": "kill", "user": "second@isp-a.example"}


def subnet(prefix, number=0):
    net = ipaddress.ip_network(prefix)
    return str(ipaddress.ip_network((int(net.network_address) + (number << 64), 64)))


def routers(lab):
    return [r for r in hosts6.default_routers(lab.world.lan_a) if r["dev"] == "eth0"]


def ready(lab):
    """The LAN host has an address of the prefix. Returns the access, the prefix, the host's address."""
    access = lab.world.six.access["isp-a"]
    hosts6.accept_advertisements(lab.world.lan_a)
    lab.router.wait_up("isp", "six")
    prefix = access.wait_lease()
    return access, prefix, hosts6.wait_address(lab.world.lan_a, subnet(prefix))


def hears_web(lab, held):
    try:
        return probe.ask_tcp(lab.world.lan_a, WEB6, 80) == ("web", held.address)
    except (probe.NoReply, OSError):
        return False


def test_a_lan_host_has_an_address_of_the_prefix_and_reaches_the_internet_with_it(lab):
    _, prefix, held = ready(lab)
    assert len(routers(lab)) == 1
    assert hosts6.ping(lab.world.lan_a, WEB6)
    assert probe.ask_tcp(lab.world.lan_a, WEB6, 80) == ("web", held.address)
    assert probe.ask_udp(lab.world.lan_a, ECHO6, 7, source=held.address) == ("echo", held.address)
    router = str(ipaddress.ip_network(subnet(prefix))[1])
    wait_until(lambda: probe.resolve(lab.world.lan_a, router, "www.example", dns.AAAA) == (0, [WEB6]), 5, "the router answers over IPv6")
    shown = lab.router.uplink("six")["prefixes"]
    assert [p["prefix"] for p in shown] == [prefix] and shown[0]["state"] == "confirmed", shown
    # The router itself: unbound, and bound to the uplink's own address.
    asked, seen = probe.ask_udp(lab.router.space, ECHO6, 7)
    assert asked == "echo" and ipaddress.ip_address(seen) in ipaddress.ip_network(prefix), seen
    assert probe.ask_udp(lab.router.space, ECHO6, 7, device="six")[0] == "echo"
    # IPv4 goes its own way, and the device of the other session has none of it.
    assert probe.ask_udp(lab.world.lan_a, ECHO, 7)[1] == ADDRESS["isp"]
    default = lab.router.space.run("ip", "-6", "route", "show", "table", "all", "default").splitlines()
    assert any("via fe80::" in route and "dev six" in route and "src" in route for route in default), default


def test_what_comes_from_outside_is_refused_but_for_echo(lab):
    _, prefix, held = ready(lab)
    assert hosts6.ping(lab.world.internet, held.address, ASKER6), "RFC 4890 lets an echo through"
    assert probe.unreachable(lab.world.internet, held.address, 443, "tcp", source=ASKER6), "an unpublished port answers"
    assert probe.unreachable(lab.world.internet, held.address, 7, source=ASKER6)
    own = [a.address for a in hosts6.addresses(lab.router.space, "six")]
    assert own, "the uplink's device has no address of the prefix"
    assert probe.unreachable(lab.world.internet, own[0], 5300, source=ASKER6), "the router's services are open to the internet"


def test_a_subnet_that_is_nobodys_ends_here_and_does_not_loop(lab):
    _, prefix, _ = ready(lab)
    nobody = str(ipaddress.ip_network(subnet(prefix, 77))[5])
    before = lab.router.uplink("six")["counters"]["tx_packets"]
    assert not hosts6.ping(lab.world.internet, nobody, ASKER6)
    after = lab.router.uplink("six")["counters"]["tx_packets"]
    assert after - before <= 3, f"{after - before} packets went back for one"


def take_rule_out(lab):
    """What lets the Advertise in is removed by hand."""
    listed = lab.router.space.run("nft", "-a", "list", "chain", "inet", "michi", "input").splitlines()
    rule = next(line for line in listed if "546" in line)
    lab.router.space.nft(f"delete rule inet michi input handle {rule.split('handle')[-1].strip()}")


def examined(lab, *names):
    """Check → verdict, as the doctor says it."""
    answer = json.loads(lab.router.michi("doctor", *names, "--json", check=False).stdout)
    return {finding["check"]: finding["verdict"] for finding in answer["findings"]}


@pytest.mark.world(start=False)
def test_where_repair_is_off_the_doctor_names_the_dropped_advertise(lab):
    lab.router.write_config("[router]\nrepair = false\n" + lab.router.config_path.read_text())
    lab.router.start()
    ready(lab)
    assert examined(lab).get("prefix") == "good"
    mark = lab.router.mark()
    take_rule_out(lab)
    lab.router.wait_event("kernel.left", after=mark)
    lab.router.michi("redial", "six")
    lab.router.wait_state("six", "up")
    found = wait_until(lambda: (lambda seen: seen if "prefix.not-accepted" in seen else None)(examined(lab, "six")), 30,
                       "the doctor sees that the Advertise is dropped", tell=lambda: str(examined(lab, "six")))
    assert found["prefix.not-accepted"] == "bad" and found["kernel.damage"] == "bad", found
    shown = lab.router.michi("doctor", "six", check=False)
    assert shown.returncode == 1 and "546" in shown.stdout, shown.stdout


def test_the_firewalls_rule_for_the_advertise_is_put_back_and_told(lab):
    ready(lab)
    mark = lab.router.mark()
    take_rule_out(lab)
    lab.router.wait_event("kernel.repaired", after=mark)
    lab.router.wait_settled()
    assert "546" in lab.router.space.run("nft", "list", "chain", "inet", "michi", "input")


@pytest.mark.parametrize("how", ["padt", "silent"])
def test_the_end_of_the_session_deprecates_its_prefix_and_its_return_prefers_it_again(lab, how):
    access, prefix, held = ready(lab)
    lab.ac("isp-a").command(command="set", refuse=True)
    begun = time.monotonic()
    lab.ac("isp-a").command(**KILL_SIX, **({"how": how} if how != "padt" else {}))
    hosts6.wait_gone(lab.world.lan_a, subnet(prefix), seconds=60)
    print(f"deprecated {1000 * (time.monotonic() - begun):.0f} ms after the end")
    wait_until(lambda: not routers(lab), 5, "no default router is left")
    # The address itself stays, for what is inside.
    assert [a for a in hosts6.addresses(lab.world.lan_a) if a.address == held.address and a.deprecated]
    lab.ac("isp-a").command(command="set", refuse=False)
    lab.router.wait_up("six", seconds=70)
    back = hosts6.wait_address(lab.world.lan_a, subnet(prefix), seconds=15)
    assert back.address == held.address and access.wait_lease() == prefix
    wait_until(lambda: hears_web(lab, held), 5, "the host reaches the internet again")


def test_a_new_prefix_is_on_the_lan_at_once_and_the_old_one_is_deprecated(lab):
    access, prefix, held = ready(lab)
    access.renumber()
    lab.router.michi("redial", "six")
    fresh = wait_until(lambda: next((p for p in access.leases() if p != prefix), None), 20, "another prefix is delegated")
    new = hosts6.wait_address(lab.world.lan_a, subnet(fresh), seconds=15)
    hosts6.wait_gone(lab.world.lan_a, subnet(prefix))
    assert probe.ask_tcp(lab.world.lan_a, WEB6, 80) == ("web", new.address)
    assert [a for a in hosts6.addresses(lab.world.lan_a) if a.address == held.address and a.deprecated]
    told = [e["code"] for e in lab.router.events() if e.get("uplink") == "six"]
    assert "prefix.delegated" in told, told


def test_killed_and_started_again_the_prefix_stays_and_nothing_is_given_back(lab):
    access, prefix, held = ready(lab)
    clean = lab.router.kernel_state()
    for _ in range(3):
        lab.router.crash()
        lab.router.start()
        lab.router.wait_up("isp", "six", seconds=15)
        wait_until(lambda: lab.router.uplink("six")["prefixes"][0]["state"] == "confirmed", 10, "the prefix is confirmed again")
        lab.router.wait_settled()
        assert lab.router.kernel_state() == clean
    kept = hosts6.wait_address(lab.world.lan_a, subnet(prefix))
    assert kept.address == held.address
    assert list(access.leases()) == [prefix], access.leases()
    assert access.messages().get("release", 0) == 0, access.messages()
    assert hears_web(lab, held)

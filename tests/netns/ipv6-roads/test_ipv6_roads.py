"""Two prefixes on one LAN: every flow leaves by the uplink its source belongs to, or is translated; nothing leaves by the wrong one."""
import ipaddress
import random
import time

from harness import rounds, wait_until
from lab import hosts6, probe
from lab.ipv6 import ECHO6, WEB6

SECRETS = {"isp": "open-sesame", "office": "swordfish"}
WORLD = {"concentrators": ("isp-a", "isp-b"), "ipv6": {"isp-a": {}, "isp-b": {}}, "secrets": SECRETS}
HOSTS = ("lan-a", "lan-b")


def inside(address, prefix):
    return ipaddress.ip_address(address) in ipaddress.ip_network(prefix)


class House:
    """The prefixes, and the addresses of every host: host → {uplink: address}."""

    def __init__(self, lab):
        self.lab = lab
        for name in HOSTS:
            hosts6.accept_advertisements(lab.world.space(name))
        lab.router.wait_up("isp", "office")
        six = lab.world.six.access
        self.prefix = {"isp": six["isp-a"].wait_lease(), "office": six["isp-b"].wait_lease()}
        self.address = {name: {uplink: self.wait(name, uplink) for uplink in self.prefix} for name in HOSTS}

    def wait(self, name, uplink, seconds=15):
        first = ipaddress.ip_network(self.prefix[uplink])
        lan = str(ipaddress.ip_network((int(first.network_address), 64)))
        return hosts6.wait_address(self.lab.world.space(name), lan, seconds=seconds).address

    def owner(self, address):
        return next((name for name, prefix in self.prefix.items() if inside(address, prefix)), None)


def asks(house, dice, source_of):
    """One flow of a host; who it came from, what the far side saw."""
    name = dice.choice(HOSTS)
    source = source_of(name)
    target, port = dice.choice([(ECHO6, 7), (WEB6, 7)])
    _, seen = probe.ask_udp(house.lab.world.space(name), target, port, source=source, tries=3)
    return source, seen


def test_every_flow_leaves_by_the_uplink_of_its_source_before_during_and_after_a_failure(lab):
    house, dice = House(lab), random.Random(4)
    part = rounds(70, 340)
    for _ in range(part):
        source, seen = asks(house, dice, lambda name: dice.choice(list(house.address[name].values())))
        assert seen == source, f"{source} arrived as {seen}"
    for _ in range(part // 5):
        _, seen = probe.ask_udp(lab.router.space, ECHO6, 7, tries=3)
        assert house.owner(seen), f"the router's own flow arrived as {seen}"

    lab.ac("isp-a").command(command="set", refuse=True)
    lab.ac("isp-a").command(command="kill", user="user@isp-a.example")
    for name in HOSTS:
        hosts6.wait_gone(lab.world.space(name), house.prefix["isp"])
    ended = time.monotonic()
    for _ in range(part):
        # Unbound: the host's own choice; a second after the advertisement nobody may take the old prefix.
        _, seen = asks(house, dice, lambda name: None)
        assert house.owner(seen) == "office", f"a new flow arrived as {seen} {time.monotonic() - ended:.1f} s after the deprecation"
    for _ in range(part // 5):
        # Bound to the old prefix: it goes out by the other uplink, translated, and the answer comes back.
        source, seen = asks(house, dice, lambda name: house.address[name]["isp"])
        assert house.owner(seen) == "office" and seen != source, f"{source} arrived as {seen}"
        assert seen.split(":")[-1] == source.split(":")[-1], "the host's half of the address is kept"
    for _ in range(part // 5):
        _, seen = probe.ask_udp(lab.router.space, ECHO6, 7, tries=3)
        assert house.owner(seen) == "office", f"the router's own flow arrived as {seen}"

    lab.ac("isp-a").command(command="set", refuse=False)
    lab.router.wait_up("isp", seconds=70)
    for name in HOSTS:
        assert house.wait(name, "isp") == house.address[name]["isp"]
    for _ in range(part):
        source, seen = asks(house, dice, lambda name: dice.choice(list(house.address[name].values())))
        assert seen == source, f"{source} arrived as {seen}"


def test_a_policy_line_that_names_the_other_uplink_translates(lab):
    house = House(lab)
    _, seen = probe.ask_tcp(lab.world.lan_a, WEB6, 443, source=house.address["lan-a"]["isp"])
    assert house.owner(seen) == "office"
    why = lab.router.why(WEB6, source=house.address["lan-a"]["isp"], proto="tcp", port=443)
    assert (why["verdict"], why["uplink"]) == ("uplink", "office"), why
    lab.router.michi("down", "office")
    lab.router.wait_state("office", "down")
    assert probe.unreachable(lab.world.lan_a, WEB6, 443, "tcp", source=house.address["lan-a"]["isp"])
    assert probe.ask_udp(lab.world.lan_a, WEB6, 7, source=house.address["lan-a"]["isp"])[1] == house.address["lan-a"]["isp"]


def test_two_hosts_behind_one_translation_each_get_their_own_answers(lab):
    house = House(lab)
    for number, name in enumerate(HOSTS):
        net = ipaddress.ip_network(house.prefix["isp"])
        lab.world.space(name).ip(f"addr add {ipaddress.ip_address(int(net.network_address) + 0x5000 + number)}/128 dev eth0")
    lab.router.michi("down", "isp")
    lab.router.wait_state("isp", "down")
    sources = [str(ipaddress.ip_address(int(ipaddress.ip_network(house.prefix["isp"]).network_address) + 0x5000 + n)) for n in range(2)]
    seen = [wait_until(lambda: probe.ask_udp(lab.world.space(name), ECHO6, 7, source=source)[1], 3, f"{name} is answered")
            for name, source in zip(HOSTS, sources)]
    assert all(house.owner(address) == "office" for address in seen) and len(set(seen)) == 2, seen

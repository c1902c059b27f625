"""A delegated prefix on its way to the LAN: michi beside pppd whose scripts run wide-dhcpv6's dhcp6c and radvd (`guest/ipv6-up`).

Both have a LAN whose other side is captured, and are before the same Kea, which stands behind a relay agent and is always there. In
each run a client begins with nothing, loses its session by a PADT, and gets another prefix after its return.
"""
import ipaddress
import pathlib
import random

import compare_wire
from compare_place import CLIENTS, HERE, Place
from field import uplink

ROOT = HERE.parent.parent
HOUSES = {who: CLIENTS[who] for who in ("michi", "pppd")}
DIAL = {"michi": "dial michi", "pppd": "dial pppd ipparam home"}
LAN = '[lan.home]\ninterface = "lan0"\naddress = "192.168.10.1/24"\n'
FILES = (HERE / "guest/compare_prefix.sh", HERE / "guest/ipv6-up", HERE / "guest/sessions_relay.py", ROOT / "lab/relay.py")
NEVER = 60    # seconds of the guest after which nobody waits any more
BREATH = 6.5  # advertisements of changes come at one in 3 s
POOLS = 200


class Street(Place):
    """Two houses with a LAN each, and a provider that delegates."""

    def __init__(self, build, runs):
        super().__init__(build, runs, uplinks=[uplink(interface='"eth0"', start="false", echo='{ interval = "1s", failures = 3 }')],
                         lan=LAN, files=FILES, snap=512)
        try:
            self.run("provider && administrator && " + " && ".join(f"house {space}" for space in HOUSES.values()), 600)
            self.say("the provider delegates")
        except BaseException:
            self.close()
            raise

    def run(self, text, seconds=300):
        return super().run(f". /share/compare_prefix.sh\n{text}", seconds)

    def now(self):
        return int(self.run("date +%s%N")) / 1e9

    def fetch(self, name) -> pathlib.Path:
        self.run(f"fetched {name}")
        return self.guest.share / f"{name}.pcap"

    def heard(self, who, since, question):
        """(when, what) of the first advertisement after `since` on this client's LAN for which `question` holds; None: never."""
        name = f"lan-{HOUSES[who]}"
        while True:
            capture = self.fetch(name)
            told = next(((at, said) for at, said in compare_wire.advertisements(capture) if at > since and question(said)), None)
            if told or self.now() > since + NEVER:
                return told
            # Asked seldom, for the one processor works for those that are timed.
            self.run(f"quietly 5 grown {name} {capture.stat().st_size} || true", 10)


def preferred(said):
    return next((prefix for prefix, lifetime in said.items() if lifetime), None)


def one_run(street, who, pool, samples):
    client = street.address[who]
    wire = "wire"
    street.run(f"newcomer {who}", 60)
    begun = street.now()
    street.run(f"{DIAL[who]} && sleep 2")
    told = street.heard(who, begun, preferred)
    if told is None:
        raise AssertionError(f"{who} never advertised a prefix")
    samples["prefix"][who].append(told[0] - compare_wire.discovery(street.fetch(wire), compare_wire.PADI, begun, source=client))
    old = preferred(told[1])

    street.run(f"sleep {1 + random.random():.3f}; refuse")
    begun = street.now()
    street.run("drop_line && sleep 1")
    told = street.heard(who, begun, lambda said: said.get(old) == 0)
    ended = compare_wire.discovery(street.fetch(wire), compare_wire.PADT, begun, target=client)
    samples["prefix-lost"][who].append(told and told[0] - ended)

    street.run(f"renumber {pool:x} && sleep {BREATH}")
    begun = street.now()
    street.run("admit && sleep 1")
    told = street.heard(who, begun, lambda said: preferred({p: t for p, t in said.items() if p != old}))
    samples["prefix-renumbered"][who].append(told and told[0] - granted(street.fetch(wire), client, told))
    street.run(f"leave {who}", 200)


def granted(capture, client, told):
    """When the Reply with what was advertised then came."""
    at, said = told
    lans = [ipaddress.ip_network(prefix) for prefix, lifetime in said.items() if lifetime]
    return max(seconds for seconds, prefixes in compare_wire.delegations(capture, client)
               if seconds <= at and any(lan.subnet_of(ipaddress.ip_network(prefix)) for lan in lans for prefix in prefixes))


def prefix(build, runs):
    """PADI to the first advertisement with the prefix; PADT to the first with preferred lifetime 0; Reply with another to that one."""
    samples = {name: {who: [] for who in HOUSES} for name in ("prefix", "prefix-lost", "prefix-renumbered")}
    with Street(build, runs) as street:
        more = {"never": NEVER, "radvd": street.run("radvd --version 2>&1 | sed -n 's/^Version: *//p'").strip(),
                "kea": street.run("kea-dhcp6 -v").split()[0]}
        for count in range(runs):
            for number, who in enumerate(HOUSES):
                one_run(street, who, 2 + (2 * count + number) % POOLS, samples)
                street.say(f"{who}: " + ", ".join(f"{name} {seen[who][-1]}" for name, seen in samples.items()))
            street.say(f"run {count + 1} of {runs}")
            yield {**street.versions(), **more, "rows": samples}

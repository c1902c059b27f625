"""A delegated prefix on its way to the LAN: michi beside pppd whose scripts run wide-dhcpv6's dhcp6c and radvd (`guest/ipv6-up`).

Both have a LAN whose other side is captured, and are before the same Kea, which stands behind a relay agent and is always there. In
each run a client begins with nothing, loses its session by a PADT, and gets another prefix after its return.
"""
import ipaddress
import random

import compare_wire
from compare_place import CLIENTS, HERE, Place
from field import uplink
from lab.process import wait_until

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
        super().__init__(build, runs, uplinks=[uplink(interface='"eth0"', start="false", echo='{ interval = "1s", failures = 3 }',
                                                       dhcp6="{ release = true }")],
                         lan=LAN, files=FILES, snap=2048)
        try:
            self.run("provider && administrator && " + " && ".join(f"house {space}" for space in HOUSES.values()) + " && michid_start", 600)
            self.say("the provider delegates")
        except BaseException:
            self.close()
            raise

    def run(self, text, seconds=300):
        return super().run(f". /share/compare_prefix.sh\n{text}", seconds)

    def begin(self, text):
        """When this job began."""
        return int(self.run(f"date +%s%N; {text}").split()[0]) / 1e9

    def fetch(self, name):
        """When this capture ended so far, and where it is."""
        return self.begin(f"fetched {name}"), self.guest.share / f"{name}.pcap"

    def passed(self, question):
        """When that passed on the wire: tcpdump hears of frames a little later."""
        return wait_until(lambda: question(self.fetch("wire")[1]), 60, "it is in the capture", every=0.5)

    def heard(self, who, since, question):
        """(when, what) of the first advertisement after `since` on this client's LAN for which `question` holds; None: never."""
        name = f"lan-{HOUSES[who]}"
        while True:
            until, capture = self.fetch(name)
            told = next(((at, said) for at, said in compare_wire.advertisements(capture) if at > since and question(said)), None)
            if told or until > since + NEVER:
                return told
            # Asked seldom, for the one processor works for those that are timed.
            self.run(f"quietly 5 grown {name} {capture.stat().st_size} || true", 10)


def preferred(said):
    return next((prefix for prefix, lifetime in said.items() if lifetime), None)


def one_run(street, who, pool, samples):
    client = street.address[who]
    begun = street.begin(f"{DIAL[who]} && sleep 2")
    told = street.heard(who, begun, preferred)
    if told is None:
        raise AssertionError(f"{who} never advertised a prefix")
    samples["prefix"][who].append(told[0] - street.passed(lambda seen: compare_wire.discovery(seen, compare_wire.PADI, begun, source=client)))
    old = preferred(told[1])

    street.run(f"sleep {1 + random.random():.3f}; refuse")
    begun = street.begin("drop_line; sleep 1")
    told = street.heard(who, begun, lambda said: said.get(old) == 0)
    ended = street.passed(lambda seen: compare_wire.discovery(seen, compare_wire.PADT, begun, target=client))
    samples["prefix-lost"][who].append(told and told[0] - ended)

    street.run(f"renumber {pool:x} && sleep {BREATH}")
    begun = street.begin("admit && sleep 1")
    told = street.heard(who, begun, lambda said: preferred({p: t for p, t in said.items() if p != old}))
    samples["prefix-renumbered"][who].append(told and told[0] - street.passed(lambda seen: granted(seen, client, told)))
    street.run(f"hang_up {who}", 200)


def granted(capture, client, told):
    """When the Reply with what was advertised then came."""
    at, said = told
    lans = [ipaddress.ip_network(prefix) for prefix, lifetime in said.items() if lifetime]
    return max((seconds for seconds, prefixes in compare_wire.delegations(capture, client)
                if seconds <= at and any(lan.subnet_of(ipaddress.ip_network(prefix)) for lan in lans for prefix in prefixes)), default=None)


def prefix(build, runs):
    """PADI to the first advertisement with the prefix; PADT to the first with preferred lifetime 0; Reply with another to that one."""
    samples = {name: {who: [] for who in HOUSES} for name in ("prefix", "prefix-lost", "prefix-renumbered")}
    with Street(build, runs) as street:
        more = {"limit": NEVER, "radvd": street.run("radvd --version 2>&1 | sed -n 's/^Version: *//p'").strip(),
                "kea": street.run("kea-dhcp6 -v").split()[0]}
        for count in range(runs):
            for number, who in enumerate(HOUSES):
                one_run(street, who, 2 + (2 * count + number) % POOLS, samples)
                street.say(f"{who}: " + ", ".join(f"{name} {seen[who][-1]}" for name, seen in samples.items()))
            street.say(f"run {count + 1} of {runs}")
            yield {**street.versions(), **more, "rows": samples}

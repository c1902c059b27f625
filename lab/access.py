"""What a line of an IPv6 provider says and grants: radvd, Kea behind a relay, and the faults they can be given."""
import json
import socket
import sys

from lab.advertiser import Advertiser, Announced
from lab.kea import RELAY, SERVER, Kea
from lab.process import Process, wait_until


class Access:
    """One device of a provider's router towards its customers.

    delegate: prefixes are given by DHCPv6, of this `length`; False: none.   information: DHCPv6 options are given.
    managed, other: the flags of the advertisement; None: as DHCPv6 has something to say.
    link: a /64 is announced for SLAAC.   advertise: there are advertisements at all.
    preferred, valid, t1, t2, router_lifetime: seconds.   delay: seconds by which each DHCPv6 answer comes late.
    """

    local = "fe80::1"  # its own address on that device

    def __init__(self, world, space, name, device, plan, concentrator=None, delegate=True, length=56, information=True, managed=None,
                 other=None, link=False, advertise=True, preferred=3600, valid=7200, t1=1800, t2=2880, router_lifetime=1800,
                 interval=30, delay=0.0, resolvers=None):
        self.world, self.space, self.name, self.device, self.plan = world, space, name, device, plan
        self.concentrator, self.delegates, self.link, self.delay = concentrator, delegate, link, delay
        self.round = 0  # how often it renumbered
        self.withdrawn = False
        self.control_path = world.directory / f"{name}-relay.sock"
        self.relay = None
        resolvers = [plan.resolver] if resolvers is None else resolvers
        self.kea = Kea(world, space, name, f"{plan.service}/64", resolvers) if delegate or information else None
        if self.kea:
            self.kea.length = length
            self.kea.preferred, self.kea.valid, self.kea.t1, self.kea.t2 = preferred, valid, t1, t2
            space.ip(*(f"addr add {address}/128 dev lo" for address in (SERVER, RELAY)))
        self.radvd = Advertiser(world, space, name, device, router_lifetime=router_lifetime, interval=interval,
                                managed=bool(delegate) if managed is None else managed,
                                other=self.kea is not None if other is None else other) if advertise else None
        self.preferred, self.valid = preferred, valid
        self._hand_out()

    @property
    def pool(self):
        return self.plan.pools[self.round % len(self.plan.pools)]

    @property
    def link_prefix(self):
        return self.plan.links[self.round % len(self.plan.links)] if self.link else None

    def _hand_out(self):
        """The pool and the announced prefix of this round."""
        if self.kea:
            self.kea.pool = self.pool if self.delegates and not self.withdrawn else None
        if self.radvd:
            announced = self.link and not self.withdrawn
            self.radvd.prefixes = [Announced(self.link_prefix, self.preferred, self.valid)] if announced else []

    # Its life.

    def start(self):
        for prefix in self.routes():  # left by a life that ended in a power cut
            self.space.run("ip", "-6", "route", "del", prefix, "dev", self.device)
        if self.kea:
            self.kea.start()
            spec = self.world.directory / f"{self.name}-relay.json"
            spec.write_text(json.dumps({"device": self.device, "local": self.local, "link": self.plan.service, "server": SERVER, "relay": RELAY,
                                        "control": str(self.control_path), "concentrator": self.concentrator}))
            self.control_path.unlink(missing_ok=True)
            log = self.world.directory / f"{self.name}-relay.log"
            log.unlink(missing_ok=True)
            argv = [sys.executable, "-I", str(self.world.root / "lab/relay.py"), str(spec)]
            self.relay = Process(self.space.argv(argv), log, keep=self.world.keep)
            self.world.processes.append(self.relay)
        if self.radvd:
            self.radvd.start()

    def wait_ready(self):
        if self.kea:
            self.kea.wait_ready()
            wait_until(lambda: "ready" in self.relay.log_text() or not self.relay.running(), 5, f"{self.name}: relay ready", every=0.01)
            if not self.relay.running():
                raise RuntimeError(f"{self.name}: relay ended: {self.relay.log_text()[-500:]}")
            if self.delay:
                self.command(command="set", delay=self.delay)
        if self.radvd:
            self.radvd.wait_ready()

    def kill(self):
        """As a power cut."""
        for part in (self.radvd, self.kea, self.relay):
            if part:
                part.kill()

    def command(self, **request):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(5)
            sock.connect(str(self.control_path))
            sock.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(sock.makefile("rb").readline())
        if "error" in answer:
            raise RuntimeError(f"{self.name}: {request}: {answer['error']}")
        return answer

    # What it saw.

    def leases(self):
        """prefix → {client, duid, preferred, valid, left, route} of what is delegated now, as the relay read it."""
        return self.command(command="state")["leases"]

    def messages(self):
        """How many DHCPv6 messages passed, by name: solicit, advertise, request, reply, renew, …"""
        return self.command(command="state")["counters"]

    def wait_lease(self, seconds=10):
        """The first delegated prefix."""
        return next(iter(wait_until(self.leases, seconds, f"{self.name} delegates a prefix", tell=lambda: str(self.messages()))))

    def wait_message(self, name, count=1, seconds=10):
        return wait_until(lambda: self.messages().get(name, 0) >= count, seconds, f"{self.name}: {count} {name}",
                          tell=lambda: str(self.messages()))

    def routes(self):
        """The prefixes its router forwards to customers, as its kernel has them."""
        listed = json.loads(self.space.run("ip", "-j", "-6", "route", "show", "dev", self.device))
        return sorted(route["dst"] for route in listed
                      if route.get("protocol", "boot") == ("boot" if self.concentrator else "112")
                      and not route["dst"].startswith("fe80") and route["dst"] != "default")

    # What can be done to its customers.

    def withdraw(self):
        """Takes every prefix back: routes at once, the announced one with lifetime zero, delegated ones at the next Renew."""
        self.withdrawn = True
        self._change(gone=self.link_prefix)

    def renumber(self, quiet=False):
        """Other prefixes from now on. `quiet`: the old announced one is only not mentioned any more (RFC 8978 §2)."""
        old = None if quiet else self.link_prefix
        self.round += 1
        self.withdrawn = False
        self._change(gone=old)

    def _change(self, gone):
        self._hand_out()
        if self.kea:
            self.kea.reload()
            self.command(command="withdraw")
        if self.radvd:
            if gone:
                self.radvd.prefixes.append(Announced(gone, 0, 0))
            self.radvd.tell()

    def lifetimes(self, preferred, valid, t1=None, t2=None):
        """For what is announced or granted from now on."""
        self.preferred, self.valid = preferred, valid
        self._hand_out()
        if self.kea:
            self.kea.preferred, self.kea.valid = preferred, valid
            self.kea.t1, self.kea.t2 = t1 or preferred // 2, t2 or preferred * 4 // 5
            self.kea.reload()
        if self.radvd:
            self.radvd.tell()

    def set_delay(self, seconds):
        self.command(command="set", delay=seconds)

    def drop(self, count):
        """The next so many DHCPv6 messages of clients are lost."""
        self.command(command="set", drop=count)

    def silence(self, dhcp=True, advertisements=True):
        """Nothing is heard and nothing said, until speak(). Routes stay."""
        if dhcp and self.kea:
            self.command(command="set", silent=True)
        if advertisements and self.radvd:
            self.space.nft(f"add table ip6 silence; add chain ip6 silence out {{ type filter hook output priority 0; }};"
                           f"add rule ip6 silence out oifname {self.device} icmpv6 type nd-router-advert drop")

    def speak(self):
        if self.kea:
            self.command(command="set", silent=False)
        self.space.nft("add table ip6 silence; delete table ip6 silence")

    def forget(self, binding=False):
        """The server restarts without its leases and the routes are gone. A Renew is answered with NoBinding and a Rebind not at
        all (RFC 8415 §18.3.4, §18.3.5), until a Request made a lease; `binding`: both are granted what they ask for."""
        self.command(command="withdraw")
        self.command(command="set", lost=not binding)
        self.kea.restart(keep_leases=False)

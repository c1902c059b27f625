"""A network with IPoE: no session, the line is the Ethernet wire. The kinds a customer meets:

  ra   a /64 by advertisement; DHCPv6 gives options only
  pd   an advertisement without a prefix, M and O set; a /56 by DHCPv6
  hgw  a home gateway's LAN: a /64 by advertisement, and a /60 by DHCPv6 for whoever asks
"""
import json

from lab import ipv6
from lab.access import Access
from lab.process import Process, wait_until
from lab.world import INTERNET

KINDS = {"ra": {"delegate": False, "link": True, "managed": False}, "pd": {"delegate": True},
         "hgw": {"delegate": True, "length": 60, "link": True, "managed": False}}
PUBLIC = "198.18.50."  # the IPv4 address a home gateway has outside, by number of the network
INSIDE = "192.168.1."


class Ngn(Access):
    """`closed`: its addresses reach its own hosts, never the internet ("silent": dropped, "reset": refused at once).
    `wire`: a wire of the world, "wan" being the one of the access concentrators. `ipv4`: DHCPv4 behind a NAT.
    The other arguments are those of Access."""

    def __init__(self, world, name, kind="pd", closed=False, wire="wan", ipv4=False, **more):
        self.kind, self.closed = kind, closed
        plan = ipv6.PLANS["closed" if closed else "home" if kind == "hgw" else "open"]
        space = world.space(name)
        ipv6.prepare(space)
        world.plug(space, "wire", wire, name)
        self.number = 10 + sum(isinstance(other, Ngn) for other in world.six.access.values())
        self.local = f"fe80::{self.number}"  # several may be on one wire
        space.ip(f"addr add {self.local}/64 dev wire nodad", *(f"addr add {plan.service}{n}/128 dev lo" for n in ("1", "53", "80")))
        ipv6.cable_to_internet(world, space, name, self.number)
        ipv6.transit(space, "net", world.internet, name, plan.aggregate)
        super().__init__(world, space, name, "wire", plan, **{**KINDS[kind], **more})
        if self.link:
            space.ip(f"addr add {self.link_prefix.replace('/64', '1/64')} dev wire nodad")
        world.server(name, "dns", plan.resolver, 53, name, world.names)
        for port in (7, 80):
            world.server(name, "tcp", plan.service + "80", port, name)
        world.server(name, "udp", plan.service + "80", 7, name)
        self._watch_sources()
        if closed:
            self._close("reset" if closed == "reset" else "silent")
        self.ipv4, self.dnsmasq = ipv4, None
        if ipv4:
            self._prepare_ipv4()

    @property
    def square(self):
        """A host inside that network."""
        return self.plan.service + "80"

    def _watch_sources(self):
        """What comes from the wire with a source that is not routed back to it is counted and dropped; not what is said to a group,
        which is heard by every network there."""
        self.space.nft("""add table ip6 watch; add counter ip6 watch foreign
            add chain ip6 watch in { type filter hook prerouting priority raw; }
            add rule ip6 watch in iifname wire ip6 daddr != ff00::/8 ip6 saddr != { ::, fe80::/10 } fib saddr . iif oif missing \
              counter name foreign drop""")

    def foreign_sources(self):
        listed = json.loads(self.space.run("nft", "-j", "list", "counter", "ip6", "watch", "foreign"))
        return next(item["counter"]["packets"] for item in listed["nftables"] if "counter" in item)

    def _close(self, how):
        word = "drop" if how == "silent" else "meta l4proto tcp reject with tcp reset; add rule ip6 fence out oifname net reject"
        self.space.nft("add table ip6 fence; add chain ip6 fence out { type filter hook forward priority 0; };"
                       f"add rule ip6 fence out oifname net {word}; add rule ip6 fence out iifname net drop")

    def _change(self, gone):
        """The router's own address in the announced prefix goes with it."""
        if self.link:
            self.space.ip(*(f"addr del {link.replace('/64', '1/64')} dev wire" for link in self.plan.links), check=False)
            if not self.withdrawn:
                self.space.ip(f"addr add {self.link_prefix.replace('/64', '1/64')} dev wire nodad")
        super()._change(gone)

    # IPv4 beside it.

    def _prepare_ipv4(self):
        outside = f"{PUBLIC}{self.number}"
        self.space.set_sysctl("net/ipv4/ip_forward", 1)
        self.space.ip(f"addr add {INSIDE}1/24 dev wire", f"addr add {outside}/32 dev lo")
        self.world.internet.ip(f"route add {outside}/32 via 10.254.{self.number}.1")
        self.space.nft("add table ip nat; add chain ip nat out { type nat hook postrouting priority srcnat; };"
                       f"add rule ip nat out oifname net snat to {outside}")

    @property
    def ipv4_outside(self):
        return f"{PUBLIC}{self.number}"

    def start(self):
        super().start()
        if self.ipv4:
            leases, log = self.world.directory / f"{self.name}-dhcp4.leases", self.world.directory / f"{self.name}-dhcp4.log"
            self.dnsmasq = Process(self.space.argv([
                "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=wire", "--user=root",
                "--dhcp-authoritative", "--log-facility=-", f"--dhcp-range={INSIDE}100,{INSIDE}199,1h", f"--dhcp-leasefile={leases}",
                f"--dhcp-option=option:router,{INSIDE}1", f"--dhcp-option=option:dns-server,{INTERNET}53"]), log,
                keep=self.world.keep)
            self.world.processes.append(self.dnsmasq)

    def wait_ready(self):
        super().wait_ready()
        if self.ipv4:
            wait_until(lambda: "DHCP, IP range" in self.dnsmasq.log_text() or not self.dnsmasq.running(), 5, f"{self.name}: dnsmasq",
                       every=0.01)
            if not self.dnsmasq.running():
                raise RuntimeError(f"{self.name}: dnsmasq ended: {self.dnsmasq.log_text()[-500:]}")

    def kill(self):
        super().kill()
        if self.dnsmasq:
            self.dnsmasq.kill()

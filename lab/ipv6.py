"""The IPv6 side of a world, built only when a scenario asks for it: `World(…, ipv6={"isp-a": {…}, "ngn": {…}})`.

The key of a standard access concentrator gives it DHCPv6 prefix delegation over its sessions; any other key is an IPoE network
(lab/ngn.py). The values are the arguments of Access. README.md has the list.
"""
import dataclasses

from lab.access import Access
from lab.netns import cable

# Who is who, in documentation ranges (RFC 3849, RFC 9637).
INTERNET6 = "3fff:0:80::"            # hosts of the internet, numbered as in IPv4
WEB6, MAIL6, ECHO6, ASKER6, DNS6 = (INTERNET6 + n for n in ("80", "25", "7", "9", "53"))
NAMES6 = {"www.example": WEB6, "mail.example": MAIL6, "echo.example": ECHO6, "six.example": WEB6}


@dataclasses.dataclass(frozen=True)
class Plan:
    """`service`: the provider's own hosts. `pools` and `links`: what it hands out, before and after it renumbers."""
    aggregate: str
    service: str
    pools: tuple
    links: tuple = ()
    hidden: bool = False  # nothing of it reaches the internet

    @property
    def resolver(self):
        return self.service + "53"


PLANS = {
    "isp-a": Plan("2001:db8:a000::/36", "2001:db8:a000::", ("2001:db8:a100::/40", "2001:db8:a200::/40")),
    "isp-b": Plan("2001:db8:b000::/36", "2001:db8:b000::", ("2001:db8:b100::/40", "2001:db8:b200::/40")),
    "open": Plan("3fff:100::/32", "3fff:100:99::", ("3fff:100:1000::/40", "3fff:100:1100::/40"),
                 ("3fff:100:1:1::/64", "3fff:100:2:1::/64")),
    "home": Plan("3fff:200::/32", "3fff:200:99::", ("3fff:200:2000:80::/57", "3fff:200:2100:80::/57"),
                 ("3fff:200:2000::/64", "3fff:200:2100::/64")),
    "closed": Plan("3fff:c00::/32", "3fff:c00:99::", ("3fff:c00:1000::/40", "3fff:c00:1100::/40"),
                   ("3fff:c00:1:1::/64", "3fff:c00:2:1::/64"), hidden=True),
}


def prepare(space):
    """Before its devices are made: addresses at once, none by itself from somebody's advertisement, packets forwarded."""
    for path, value in (("conf/default/accept_dad", 0), ("conf/default/accept_ra", 0), ("conf/all/forwarding", 1)):
        space.set_sysctl(f"net/ipv6/{path}", value)


def transit(provider, device, internet, port, aggregate):
    """IPv6 on the cable between a provider's router and the internet."""
    provider.ip(f"addr add fe80::a/64 dev {device} nodad", f"route add ::/0 via fe80::b dev {device}",
                f"route add unreachable {aggregate} metric 4096")
    internet.ip(f"addr add fe80::b/64 dev {port} nodad", f"route add {aggregate} via fe80::a dev {port}")


class Six:
    def __init__(self, world, wanted):
        self.world, self.wanted, self.access = world, wanted, {}

    def build_internet(self):
        """Before anything is joined to it."""
        world, internet = self.world, self.world.internet
        prepare(internet)
        internet.ip(*(f"addr add {INTERNET6}{n}/128 dev lo" for n in (80, 25, 53, 7, 9)))
        for address, name in ((WEB6, "web"), (ECHO6, "echo")):
            for port in (7, 80, 443):
                world.server("internet", "tcp", address, port, name)
            world.server("internet", "udp", address, 7, name)
        world.server("internet", "smtp", MAIL6, 25, "mail.example")
        world.server("internet", "tcp", MAIL6, 587, "mail")
        world.server("internet", "dns", DNS6, 53, "internet-dns", world.names)
        world.names.update({name: [*([world.names[name]] if name in world.names else []), address]
                            for name, address in NAMES6.items()})
        for role in ("lan-a", "lan-b"):
            for port in (7, 80, 443):
                world.server(role, "tcp", "::", port, role)
            world.server(role, "udp", "::", 7, role)
        world.server("router", "udp", "::", 5300, "router")

    def build_providers(self):
        for name, options in self.wanted.items():
            if name in self.world.acs:
                self._behind_sessions(name, dict(options))
            else:
                from lab.ngn import Ngn  # which needs the world's own addresses
                self.access[name] = Ngn(self.world, name, **options)

    def _behind_sessions(self, name, options):
        """An IPv6 ISP whose lines are the sessions of an access concentrator: RA without a prefix, and PD."""
        world, ac, plan = self.world, self.world.acs[name], PLANS[name]
        prepare(ac.space)
        ac.space.ip(f"addr add {plan.service}1/128 dev lo", f"addr add {plan.resolver}/128 dev lo")
        transit(ac.space, "net", world.internet, name, plan.aggregate)
        for kind in ("dns", "dns-tcp"):
            world.server(name, kind, plan.resolver, 53, name, world.names)
        access = Access(world, ac.space, name, "ppp", plan, concentrator=str(ac.control_path), **options)
        self.access[name] = ac.access = access

    def networks(self):
        """Those with IPoE, by name."""
        return {name: access for name, access in self.access.items() if name not in self.world.acs}

    def start(self):
        """The lines of access concentrators were started with them."""
        for access in self.networks().values():
            access.start()

    def wait_ready(self):
        for access in self.access.values():
            access.wait_ready()


def cable_to_internet(world, space, name, number):
    """One more provider's router joined to the internet; IPv4 too, for whoever wants it."""
    cable(space, "net", world.internet, name)
    space.ip(f"addr add 10.254.{number}.1/30 dev net", f"route add default via 10.254.{number}.2")
    world.internet.ip(f"addr add 10.254.{number}.2/30 dev {name}")

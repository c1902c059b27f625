"""What IPv6 a host has by the kernel's own SLAAC (RFC 4862): to read it, to ask for it, to wait for it."""
import dataclasses
import ipaddress
import json
import socket

from lab.process import wait_until

FOREVER = 0xffffffff


@dataclasses.dataclass(frozen=True)
class Held:
    """Lifetimes in seconds from now; FOREVER for ever."""
    address: str
    length: int
    preferred: int
    valid: int
    tentative: bool
    deprecated: bool

    def inside(self, prefix):
        return ipaddress.ip_address(self.address) in ipaddress.ip_network(prefix)


def addresses(space, device="eth0", scope="global"):
    listed = json.loads(space.run("ip", "-j", "-6", "addr", "show", "dev", device, "scope", scope) or "[]")
    return [Held(info["local"], info["prefixlen"], info.get("preferred_life_time", FOREVER), info.get("valid_life_time", FOREVER),
                 info.get("tentative", False), info.get("deprecated", False))
            for link in listed for info in link.get("addr_info", []) if "local" in info]


def usable(space, prefix, device="eth0"):
    """The preferred address inside a prefix, or None."""
    return next((held for held in addresses(space, device) if held.inside(prefix) and not held.tentative and not held.deprecated), None)


def default_routers(space, device=None):
    """[{gateway, dev, expires, pref, …}] as the kernel holds them."""
    listed = json.loads(space.run("ip", "-j", "-6", "route", "show", "default") or "[]")
    routers = [hop | {key: route[key] for key in ("protocol", "expires", "pref", "metric") if key in route}
               for route in listed for hop in route.get("nexthops", [{key: route[key] for key in ("gateway", "dev") if key in route}])]
    return [router for router in routers if device in (None, router.get("dev"))]


def solicit(space, device="eth0"):
    """A Router Solicitation now, not when the kernel thinks of it."""
    with space.inside():
        with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as sock:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
            sock.sendto(bytes([133, 0, 0, 0, 0, 0, 0, 0]), ("ff02::2", 0, 0, socket.if_nametoindex(device)))


def accept_advertisements(space, device="eth0", forwarding=False, quick=True):
    """`forwarding`: also while this namespace forwards. `quick`: no duplicate address detection, so that nothing waits for it."""
    for name, value in (("accept_ra", 2 if forwarding else 1), ("autoconf", 1), *((("accept_dad", 0),) if quick else ())):
        space.set_sysctl(f"net/ipv6/conf/{device}/{name}", value)


def wait_address(space, prefix, device="eth0", seconds=8):
    """A usable address inside a prefix, asked for again every half second."""
    asked = [0]

    def question():
        if asked[0] % 10 == 0:
            try:
                solicit(space, device)
            except OSError:  # no link-local address yet
                pass
        asked[0] += 1
        return usable(space, prefix, device)
    return wait_until(question, seconds, f"{space.role} has an address in {prefix}", every=0.05,
                      tell=lambda: str(addresses(space, device)))


def wait_gone(space, prefix, device="eth0", seconds=8):
    """No address of that prefix is preferred any more."""
    wait_until(lambda: usable(space, prefix, device) is None, seconds, f"{space.role} uses nothing of {prefix}",
               tell=lambda: str(addresses(space, device)))


def ping(space, address, source=None, seconds=1):
    """True when an echo came back. `source`: an address or a device."""
    chosen = ["-I", source] if source else []
    return " 1 received" in space.run("ping", "-6", "-n", "-c", "1", "-W", str(seconds), *chosen, address, check=False)

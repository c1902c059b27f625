"""Worlds to measure in: many uplinks to one access concentrator, and configurations for them."""
import contextlib
import json
import time

from bench.api import Daemon
from lab.concentrator import Account
from lab.process import wait_until
from lab.world import World

NETWORK = "198.19.0.0/16"
GATEWAY, FIRST, LAST, RESOLVER = "198.19.0.1", "198.19.1.1", "198.19.3.250", "198.19.0.53"
USER, WORD = "bench@isp.example", "correct-horse"
RFC_TIMERS = ["--rfc-timers"]
ROUTER = '[router]\npadi-burst = 0\n'
LAN = '[lan.home]\ninterface = "lan0"\naddress = "192.168.10.1/24"\n'


def uplink(name, interface="wan0", **more):
    """`more`: keys with underscores for hyphens, values as TOML."""
    lines = [f"[uplink.{name}]", f'interface = "{interface}"', f'user = "{USER}"', "mtu = 1454"]
    keys = {key.replace("_", "-"): value for key, value in more.items()}
    if "mtu" in keys:
        lines.pop()
    return "\n".join([*lines, *(f"{key} = {value}" for key, value in keys.items())]) + "\n"


def names(count):
    return [f"u{number:03d}" for number in range(count)]


class Isp:
    """The access concentrator of these worlds, and what it wrote of its sessions."""

    def __init__(self, world):
        self.world = world
        self.ac = world.add("bench-ac", GATEWAY, f"{FIRST}-{LAST}", [RESOLVER], [Account(USER, WORD)], [NETWORK],
                            "10.254.9.", options=RFC_TIMERS)
        self.ac.wait_started()
        self.log = world.directory / "bench-ac.log"
        self._read, self._events = 0, []

    def _take(self):
        with open(self.log, errors="replace") as log:
            log.seek(self._read)
            text = log.read()
        whole = text.rfind("\n") + 1
        self._read += len(text[:whole].encode())
        self._events += [json.loads(line) for line in text[:whole].splitlines() if line.startswith("{")]

    def setups(self):
        """Session → milliseconds from its PADI to the moment its IPCP was up, as the concentrator's clock saw them."""
        self._take()
        begun, done = {}, {}
        for event in self._events:
            if event["event"] == "session-up":
                begun[event["sid"]] = event["padi_us"]
            if event["address"] and event["sid"] in begun and event["event"] != "session-down":
                done.setdefault((event["sid"], begun[event["sid"]]), (event["at_us"] - begun[event["sid"]]) / 1000)
        return list(done.values())

    def wait_setups(self, count, seconds, every=0.002):
        """The set-ups so far, in their order, when there are as many."""
        wait_until(lambda: len(self.setups()) >= count, seconds, f"{count} sessions were up", every=every,
                   tell=lambda: f"{len(self.setups())} were")
        return self.setups()


@contextlib.contextmanager
def world_of(build, config, uplinks, name="bench"):
    """A world with one such concentrator and a router that was given its file, not started."""
    with World(name, build, concentrators=()) as world:
        isp = Isp(world)
        yield world, isp, Daemon(world, config, {each: WORD for each in uplinks})


def closed_prefixes(count):
    """Distinct /28s of a range nobody has here."""
    return [f"10.{100 + (n >> 12)}.{(n >> 4) & 255}.{(n & 15) << 4}/28" for n in range(count)]


def now():
    return time.monotonic()

"""The world of one round: a router with two wires, honest concentrators on both, and the hostile ones beside them."""
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

from bench.api import Daemon  # noqa: E402
from bench.streams import Streams  # noqa: E402
from lab import frames  # noqa: E402
from lab.concentrator import Account  # noqa: E402
from lab.world import ADDRESS, LAN, WEB, World  # noqa: E402

NEAR, FAR = ADDRESS["office"], "198.19.0.10"  # on the attacked wire; on the other one
MILLISECOND = 0.001
FIXED = """\
[router]
padi-burst = 0
[lan.home]
interface = "lan0"
address = "192.168.10.1/24"
[uplink.near]
interface = "wan0"
user = "office@isp-b.example"
ac-name = "isp-b"
mtu = 1454
[uplink.far]
interface = "wan1"
user = "far@isp-c.example"
mtu = 1454
[[policy]]
proto = "udp"
port = 9001
use = ["near"]
otherwise = "unreachable"
[[policy]]
proto = "udp"
port = 9002
use = ["far"]
otherwise = "unreachable"
[[policy]]
use = ["near", "far"]
[[publish]]
uplink = "near"
proto = "udp"
port = 9003
to = "192.168.10.5:9003"
[[publish]]
uplink = "far"
proto = "udp"
port = 9004
to = "192.168.10.5:9004"
"""
QUICK = {"mtu": "1454", "connect-timeout": '"10s"', "retry": '{ min = "200ms", max = "2s" }',
         "echo": '{ interval = "2s", failures = 3 }', "default-route": "false", "dns": '{ servers = "none" }'}
JUMBO = 9100  # octets that the attacked wire carries


def uplink(name, user, **more):
    keys = {"interface": '"wan0"', "user": f'"{user}"', **QUICK, **{key.replace("_", "-"): value for key, value in more.items()}}
    return f"[uplink.{name}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())


def attacked_uplink(attack):
    return uplink(attack.name, f"{attack.name}@hostile", service_name=f'"{attack.name}"', ac_name='"hostile"', start="false",
                  **attack.make.settings)


def dialled_uplink():
    """What an intruder disturbs: a session of an honest concentrator that is ended and dialled all the time."""
    return uplink("dialled", "user@isp-a.example", ac_name='"isp-a"')


class Michid(Daemon):
    """The daemon may be of another build than the rest of the world."""

    def __init__(self, world, daemon_build, config, secrets):
        super().__init__(world, config, secrets)
        self.daemon_build = daemon_build

    def argv(self):
        return [str(self.daemon_build / "src/michid"), *super().argv()[1:]]

    def anonymous_kib(self):
        """Pages that are no file's: the others are private or shared as other daemons come and go."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"^RssAnon:\s+(\d+)", status.read(), re.M)[1])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def last_event(self):
        """The number of the newest event: they are counted, also those that are not kept."""
        events = self.request("GET", "/v1/events").splitlines()
        return json.loads(events[-1])["n"] if events else 0

    def log_lines(self):
        with open(self.log, "rb") as log:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: log.read(1 << 20), b""))


class Peers:
    """The process of the hostile peers, in a namespace on the attacked wire."""

    def __init__(self, world, names):
        space = world.space("hostile")
        world.plug(space, "wire", "wan", "hostile")
        space.ip(f"link set wire mtu {JUMBO}")
        world.switch.ip(f"link set hostile mtu {JUMBO}")
        self.log = open(world.directory / "peers.log", "w")
        self.child = subprocess.Popen(space.argv([sys.executable, "-B", str(HERE / "peers.py"), "wire", *names]),
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.answer()

    def answer(self):
        line = self.child.stdout.readline()
        if not line:
            raise RuntimeError(f"the hostile peers ended: {pathlib.Path(self.log.name).read_text()[-600:]}")
        return json.loads(line)

    def order(self, **what):
        self.child.stdin.write(json.dumps(what) + "\n")
        self.child.stdin.flush()
        return self.answer()

    def close(self):
        self.child.stdin.close()
        try:
            self.child.wait(5)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.log.close()


class HostileWorld:
    """`with HostileWorld(…) as here`: everything stands, the two honest uplinks are up, the hostile peers wait."""

    def __init__(self, name, attacks, build, daemon_build):
        self.name, self.attacks = name, attacks
        self.build, self.daemon_build = build, daemon_build
        self.uplinks = [attack.name for attack in attacks if not attack.intruder]
        self.intruders = [attack.name for attack in attacks if attack.intruder]
        self.peers = None

    def __enter__(self):
        wanted = ("isp-a", "isp-b") if self.intruders else ("isp-b",)
        self.world = World("hostile", self.build, concentrators=wanted)
        self.world.__enter__()
        try:
            self._build()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def _build(self):
        world, attacks = self.world, [attack for attack in self.attacks if not attack.intruder]
        world.router.ip(f"link set wan0 mtu {JUMBO}")
        world.switch.ip(f"link set router-wan mtu {JUMBO}")
        world.add_wire("wan-b", "wan1")
        far = world.add("isp-c", "198.19.0.1", "198.19.3.1-198.19.3.250", [], [Account("far@isp-c.example", "correct-horse", FAR)],
                        ["198.19.0.0/16"], "10.254.3.", wire="wan-b")
        far.wait_started()
        self._count_frames()
        config = FIXED + (dialled_uplink() if self.intruders else "") + "".join(attacked_uplink(attack) for attack in attacks)
        secrets = {"near": "swordfish", "far": "correct-horse", "dialled": "open-sesame", **dict.fromkeys(self.uplinks, "hostile")}
        self.router = Michid(world, self.daemon_build, config, secrets)
        self.steady = ["near", "far"] + (["dialled"] if self.intruders else [])

    def start(self):
        self.router.start()
        self.router.wait_up(*self.steady, seconds=20)

    def attack(self):
        self.peers = Peers(self.world, [attack.name for attack in self.attacks])
        if self.intruders:
            sessions = [self.router.uplink(name)["session"]["id"] for name in ("near", "dialled")]
            self.peers.order(aim={"client": self.mac(), "sessions": sessions})

        for name in self.uplinks:
            self.router.command(name, "up")

    def mac(self):
        return ":".join(f"{octet:02x}" for octet in frames.mac_of(self.router.space, "wan0"))

    def _count_frames(self):
        """What the router sends on the attacked wire: discovery and control frames, seen on the switch's port."""
        self.world.switch.nft(
            "add table netdev sent; add counter netdev sent discovery; add counter netdev sent control;"
            "add chain netdev sent c { type filter hook ingress device router-wan priority 0; };"
            "add rule netdev sent c ether type 0x8863 counter name discovery;"
            "add rule netdev sent c ether type 0x8864 @ll,160,16 >= 0x8000 counter name control")

    def frames_sent(self):
        listed = json.loads(self.world.switch.run("nft", "-j", "list", "counters", "table", "netdev", "sent"))
        return sum(item["counter"]["packets"] for item in listed["nftables"] if "counter" in item)

    def streams(self):
        """Both ways through both honest uplinks, a packet a millisecond."""
        return Streams(self.world, [
            ("lan-a", "internet", WEB, 9001, MILLISECOND), ("lan-a", "internet", WEB, 9002, MILLISECOND),
            ("internet", "lan-a", NEAR, 9003, MILLISECOND, LAN + "5"), ("internet", "lan-a", FAR, 9004, MILLISECOND, LAN + "5")])

    def __exit__(self, *_):
        if self.peers:
            self.peers.close()
        self.world.close()


STREAMS = ("out near", "out far", "in near", "in far")

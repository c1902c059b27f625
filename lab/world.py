"""The world of one router: docs/lab.md has the picture.

`with World("name") as world:` builds it, and everything goes away at the end of the block, also after
an exception or Ctrl-C: processes by their pid, namespaces by their name, files with the directory.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time

from lab import netns
from lab.concentrator import Account, Concentrator
from lab.ipv6 import Six
from lab.netns import Namespace, cable
from lab.process import Process, wait_until

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Who is who (documentation and benchmarking ranges: nothing of it exists outside).
INTERNET = "198.51.100."             # hosts of the internet: .80 web, .25 mail, .53 dns, .7 echo, .9 asker
ISP_A, ISP_B = "192.0.2.", "203.0.113."
ADDRESS = {"isp": ISP_A + "10", "office": ISP_B + "10", "flets": "198.18.98.10"}
RESOLVER = {"isp": ISP_A + "53", "office": ISP_B + "53", "flets": "198.18.99.53"}
BLOCK = ISP_A + "192/29"             # routed to the first account of isp-a; the dmz host is .194
CLOSED = "198.18.96.0/19"            # the closed network's prefixes
SQUARE = "198.18.99.80"
CLOSED_ASKER = "198.18.99.9"
WEB, MAIL, ECHO, ASKER = (INTERNET + n for n in ("80", "25", "7", "9"))
LAN = "192.168.10."                  # .1 router, .5 and .6 hosts
MANAGEMENT = "10.9.9.2"              # reaches the router's mgmt0 (10.9.0.2) through a gateway
ROUTER_MANAGEMENT = "10.9.0.2"
NAMES = {"www.example": WEB, "mail.example": MAIL, "echo.example": ECHO}
CLOSED_NAMES = {"square.flets": SQUARE, "www.square.flets": SQUARE}
ACCOUNTS = {"isp": ("user@isp-a.example", "open-sesame"), "office": ("office@isp-b.example", "swordfish"),
            "flets": ("guest@flets", "guest")}


def need_root():
    import os
    if os.geteuid() != 0:
        sys.exit("michi: the lab builds network namespaces and needs root. Run it as root (sudo make …).")


def memory_directory():
    """Where /run would be: in memory. michid writes its records of a run at once, and a disk that is busy with others makes it
    wait for a second. None: there is no such place, programs cannot be run there, or less than 256 MiB are free."""
    shm = os.statvfs("/dev/shm") if os.path.isdir("/dev/shm") else None
    fit = shm and not shm.f_flag & os.ST_NOEXEC and shm.f_bavail * shm.f_frsize > 256 << 20
    return "/dev/shm" if fit else None


class World:
    root = ROOT

    def __init__(self, name, build, keep=False, mtu=1492, concentrators=("isp-a", "isp-b", "flets"), options=None, ipv6=None):
        """`ipv6`: which providers have it and how (lab/ipv6.py); None: nobody, and nothing of it is started."""
        self.name, self.build, self.keep, self.mtu = name, pathlib.Path(build), keep, mtu
        self.wanted, self.options = concentrators, options or {}
        self.spaces, self.acs, self.processes, self.mounts = {}, {}, [], []
        self.server_specs, self.names = [], dict(NAMES)
        self.six = Six(self, ipv6) if ipv6 is not None else None
        self.prefix = netns.unique_prefix()
        self.directory = None
        self._handlers = {}

    def __enter__(self):
        self._catch_signals()
        try:
            self._build()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, error, trace):
        if self.keep and kind is None:
            return
        self.close()

    def _catch_signals(self):
        def leave(number, frame):
            raise KeyboardInterrupt(f"signal {number}")
        for number in (signal.SIGTERM, signal.SIGHUP):
            try:
                self._handlers[number] = signal.signal(number, leave)
            except ValueError:  # not the main thread
                return

    def binary(self, name):
        for folder in ("src", "lab/ac", "bin", "."):
            path = self.build / folder / name
            if path.is_file():
                return str(path)
        raise FileNotFoundError(f"{name} is not in {self.build}: build it first (ninja -C {self.build} {name})")

    def space(self, role):
        if role not in self.spaces:
            self.spaces[role] = Namespace(self.prefix, role)
        return self.spaces[role]

    def __getattr__(self, role):
        """`world.lan_a` is the namespace `lan-a`."""
        spaces = self.__dict__.get("spaces", {})
        key = role.replace("_", "-")
        if key in spaces:
            return spaces[key]
        raise AttributeError(role)

    def _build(self):
        netns.sweep()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.prefix}-", dir=memory_directory()))
        self.directory.chmod(0o755)  # dnsmasq and hooks run as somebody else
        if self.keep:
            netns.KEPT.mkdir(exist_ok=True)
            (netns.KEPT / self.prefix[len(netns.PREFIX):].split("x")[0]).write_text(str(self.directory))
        self._build_inside()
        self._build_outside()
        for name in self.wanted:
            self.add_standard(name)
        if self.six:
            self.six.build_providers()
        for ac in self.acs.values():
            ac.wait_started()
        if self.six:
            self.six.start()
        self._start_servers()
        if self.six:
            self.six.wait_ready()

    def _bridge(self, switch, name):
        switch.ip(f"link add {name} type bridge stp_state 0 forward_delay 0 mcast_snooping 0", f"link set {name} up")
        switch.set_sysctl(f"net/ipv6/conf/{name}/disable_ipv6", 1)

    def plug(self, space, device, bridge, port):
        """Gives a namespace a device on one of the switch's bridges."""
        cable(space, device, self.switch, port)
        self.switch.ip(f"link set {port} master {bridge}")

    def _build_inside(self):
        """The router with its sockets, the LAN, the dmz and the management network."""
        switch, router = self.space("switch"), self.space("router")
        self._bridge(switch, "wan")
        self._bridge(switch, "lan")
        self.plug(router, "wan0", "wan", "router-wan")
        self.plug(router, "lan0", "lan", "router-lan")
        for index, role in enumerate(("lan-a", "lan-b")):
            host = self.space(role)
            self.plug(host, "eth0", "lan", role)
            host.ip(f"addr add {LAN}{5 + index}/24 dev eth0", f"route add default via {LAN}1")
        dmz = self.space("dmz")
        cable(router, "lan1", dmz, "eth0")
        dmz.ip(f"addr add {ISP_A}194/29 dev eth0", f"route add default via {ISP_A}193")
        gateway, management = self.space("gateway"), self.space("management")
        cable(router, "mgmt0", gateway, "router")
        cable(gateway, "office", management, "eth0")
        router.ip(f"addr add {ROUTER_MANAGEMENT}/24 dev mgmt0", "route add default via 10.9.0.1 dev mgmt0")
        gateway.ip("addr add 10.9.0.1/24 dev router", "addr add 10.9.9.1/24 dev office")
        gateway.set_sysctl("net/ipv4/ip_forward", 1)
        management.ip(f"addr add {MANAGEMENT}/24 dev eth0", "route add default via 10.9.9.1")
        # Whatever of the flows leaves through the management port is a leak.
        gateway.nft("add table ip watch; add counter ip watch leak; add chain ip watch in { type filter hook prerouting"
                    " priority raw; }; add rule ip watch in iifname router ip daddr != 10.9.0.0/16 counter name leak drop")
        router.set_sysctl("net/ipv4/conf/all/rp_filter", 0)
        self.server("router", "tcp", "0.0.0.0", 22, "router")
        self.server("router", "udp", "0.0.0.0", 5300, "router")
        self.server("router", "tcp", "0.0.0.0", 5300, "router")
        for role in ("lan-a", "lan-b", "dmz"):
            for port in (7, 80, 443):
                self.server(role, "tcp", "0.0.0.0", port, role)
            self.server(role, "udp", "0.0.0.0", 7, role)
        self.server("management", "tcp", "0.0.0.0", 7, "management")

    def _build_outside(self):
        """The internet and the closed network's hosts; access concentrators come with add()."""
        internet = self.space("internet")
        if self.six:
            self.six.build_internet()
        internet.ip(*(f"addr add {INTERNET}{n}/32 dev lo" for n in (80, 25, 53, 7, 9)))
        internet.set_sysctl("net/ipv4/ip_forward", 1)
        for number, name in ((80, "web"), (7, "echo")):
            for port in (7, 80, 443):
                self.server("internet", "tcp", f"{INTERNET}{number}", port, name)
            self.server("internet", "udp", f"{INTERNET}{number}", 7, name)
        self.server("internet", "smtp", MAIL, 25, "mail.example")
        self.server("internet", "tcp", MAIL, 587, "mail")
        self.server("internet", "dns", f"{INTERNET}53", 53, "internet-dns", self.names)

    def server(self, role, kind, address, port, name, zone=None):
        self.server_specs.append({"space": self.space(role).name, "kind": kind, "address": address, "port": port,
                                  "name": name, "zone": zone or {}})

    def add_standard(self, name):
        if name == "isp-a":
            user, password = ACCOUNTS["isp"]
            accounts = [Account(user, password, ADDRESS["isp"], BLOCK), Account("second@isp-a.example", "open-sesame")]
            ac = self.add(name, ISP_A + "1", f"{ISP_A}64-{ISP_A}127", [RESOLVER["isp"]], accounts, [ISP_A + "0/24"], "10.254.1.")
            for kind in ("dns", "dns-tcp"):
                self.server(name, kind, RESOLVER["isp"], 53, "isp-a", self.names)
        elif name == "isp-b":
            user, password = ACCOUNTS["office"]
            accounts = [Account(user, password, ADDRESS["office"]), Account("second@isp-b.example", "swordfish")]
            ac = self.add(name, ISP_B + "1", f"{ISP_B}64-{ISP_B}127", [RESOLVER["office"]], accounts, [ISP_B + "0/24"], "10.254.2.")
            self.server(name, "dns", RESOLVER["office"], 53, "isp-b", self.names)
        else:
            user, password = ACCOUNTS["flets"]
            ac = self.add(name, "198.18.98.1", "198.18.98.64-198.18.98.127", [RESOLVER["flets"]],
                          [Account(user, password, ADDRESS["flets"])], ["198.18.98.0/24"], None)
            square = self.space("square")
            cable(square, "eth0", ac.space, "net")
            square.ip("addr add 198.18.99.2/24 dev eth0", *(f"addr add {a}/32 dev lo" for a in (SQUARE, RESOLVER["flets"], CLOSED_ASKER)),
                      "route add default via 198.18.99.1")
            ac.space.ip("addr add 198.18.99.1/24 dev net")
            for address in (SQUARE, RESOLVER["flets"], CLOSED_ASKER):
                ac.space.ip(f"route add {address}/32 via 198.18.99.2")
            for port in (7, 80):
                self.server("square", "tcp", SQUARE, port, "square")
            self.server("square", "udp", SQUARE, 7, "square")
            self.server("square", "dns", RESOLVER["flets"], 53, "flets-dns", CLOSED_NAMES)
        return ac

    def add_wire(self, name, device):
        """One more wire, with a device of the router on it."""
        self._bridge(self.switch, name)
        self.plug(self.router, device, name, f"router-{device}")

    def add(self, name, address, pool, dns, accounts, networks, transit, wire="wan", **more):
        """One more access concentrator on a wire. `transit`: three octets of its link to the internet."""
        options = {"mtu": self.mtu, "address": address, "accounts": accounts, **more, **self.options.get(name, {})}
        address = options["address"]
        space = self.space(name)
        self.plug(space, "wire", wire, name)
        space.set_sysctl("net/ipv4/ip_forward", 1)
        if self.six:
            space.set_sysctl("net/ipv6/conf/wire/accept_ra", 0)
        space.ip(f"addr add {address}/32 dev lo", *(f"addr add {server}/32 dev lo" for server in dns if transit))
        if transit:
            cable(space, "net", self.internet, name)
            space.ip(f"addr add {transit}1/30 dev net", f"route add default via {transit}2")
            self.internet.ip(f"addr add {transit}2/30 dev {name}", *(f"route add {net} via {transit}1" for net in networks))
        ac = Concentrator(self, space, name, pool=pool, dns=dns, networks=networks, **options)
        self.acs[name] = ac
        ac.start(wait=False)
        return ac

    def _start_servers(self):
        spec = self.directory / "servers.json"
        spec.write_text(json.dumps(self.server_specs))
        log = self.directory / "servers.log"
        servers = Process([sys.executable, "-I", str(ROOT / "lab/servers.py"), spec], log, keep=self.keep)
        self.processes.append(servers)
        wait_until(lambda: "ready" in servers.log_text() or not servers.running(), 5, "servers ready", every=0.01)
        if not servers.running():
            raise RuntimeError(f"servers: {servers.log_text()}")

    def start_server(self, role, kind, address, port, name):
        """One more server, in a process of its own, after the world was built. Returns the process."""
        spec = self.directory / f"server-{len(self.processes)}.json"
        spec.write_text(json.dumps([{"space": self.space(role).name, "kind": kind, "address": address, "port": port,
                                     "name": name, "zone": {}}]))
        process = Process([sys.executable, "-I", str(ROOT / "lab/servers.py"), spec], f"{spec}.log", keep=self.keep)
        self.processes.append(process)
        wait_until(lambda: "ready" in process.log_text() or not process.running(), 5, "server ready", every=0.01)
        return process

    def capture(self, role, device, path):
        """tcpdump of a device into a file, until the world ends."""
        self.processes.append(Process(self.space(role).argv(["tcpdump", "-i", device, "-U", "-s", "200", "-w", str(path)]),
                                      f"{path}.log"))

    def leaked(self):
        """Packets of michi's flows that left by the management port."""
        listed = json.loads(self.gateway.run("nft", "-j", "list", "counter", "ip", "watch", "leak"))
        return next(item["counter"]["packets"] for item in listed["nftables"] if "counter" in item)

    def mount_small(self, name, size="64k"):
        """A tiny file system, for disk-full tests."""
        path = self.directory / name
        path.mkdir()
        netns.call(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)])
        self.mounts.append(path)
        return path

    def close(self):
        for process in reversed(self.processes):
            process.kill()
        for ac in self.acs.values():
            ac.kill()
        for path in self.mounts:
            netns.call(["umount", "-l", str(path)], check=False)
        for space in self.spaces.values():
            for pid in space.inhabitants():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            space.delete()
        self.spaces.clear()
        if self.directory:
            shutil.rmtree(self.directory, ignore_errors=True)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers.clear()

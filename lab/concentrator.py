"""An access concentrator (michi-ac) and what stands between it and its network."""
import json
import socket

from lab.process import Process, wait_until


class Account:
    """`address` empty: from the pool. `block`: a prefix routed to this session."""

    def __init__(self, user, password, address="", block=""):
        self.user, self.password, self.address, self.block = user, password, address, block

    def argument(self):
        parts = [self.user, self.password, self.address, self.block]
        while not parts[-1]:
            parts.pop()
        return ":".join(parts)


class Concentrator:
    """One namespace: `wire` on the shared Ethernet, `net` towards the network behind, one TUN for all sessions."""

    def __init__(self, world, space, name, address, pool, dns, accounts, networks, auth="chap-md5", mtu=1492, options=()):
        self.world, self.space, self.name = world, space, name
        self.address, self.pool, self.dns = address, pool, list(dns)
        self.accounts, self.networks = accounts, networks  # networks: routed into the TUN
        self.auth, self.mtu, self.options = auth, mtu, list(options)
        self.control_path = world.directory / f"{name}.sock"
        self.access = None  # IPv6 over its sessions (lab/access.py)
        self.process = None

    def argv(self):
        argv = [self.world.binary("michi-ac"), "--interface", "wire", "--tun", "ppp", "--ac-name", self.name,
                "--address", self.address, "--pool", self.pool, "--auth", self.auth, "--mtu", str(self.mtu),
                "--control", str(self.control_path)]
        for server in self.dns:
            argv += ["--dns", server]
        for account in self.accounts:
            argv += ["--account", account.argument()]
        return argv + self.options

    def start(self, wait=True):
        self.process = Process(self.space.argv(self.argv()), self.world.directory / f"{self.name}.log",
                               keep=self.world.keep)
        if wait:
            self.wait_started()

    def wait_started(self):
        def question():
            if not self.process.running():
                raise RuntimeError(f"{self.name} ended: {self.process.log_text()[-500:]}")
            return self.control_path.exists()
        wait_until(question, 5, f"access concentrator {self.name} started", every=0.01)
        self.space.ip(*(f"route replace {network} dev ppp" for network in self.networks))
        if self.access:
            self.access.start()

    def kill(self):
        """As a power cut: no Terminate-Request, no PADT."""
        if self.access:
            self.access.kill()
        if self.process:
            self.process.kill()
        self.control_path.unlink(missing_ok=True)

    def command(self, **request):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(5)
            sock.connect(str(self.control_path))
            sock.sendall(json.dumps(request).encode() + b"\n")
            line = sock.makefile("rb").readline()
        answer = json.loads(line)
        if isinstance(answer, dict) and answer.get("error"):
            raise RuntimeError(f"{self.name}: {request}: {answer['error']}")
        return answer

    def sessions(self):
        return self.command(command="sessions")["sessions"]

    def counters(self):
        return self.command(command="counters")

    def foreign_sources(self):
        """Packets that came over a session with a source that is not that session's own."""
        return self.counters()["foreign_source"]

    # What the network behind it can do to it.

    def cut(self):
        """The wire between it and everyone: frames vanish, the links stay up."""
        table = f"bridge cut_{self.name.replace('-', '_')}"
        self.world.switch.nft(f'add table {table}; add chain {table} c {{ type filter hook forward priority 0; }};'
                              f'add rule {table} c iifname "{self.name}" drop; add rule {table} c oifname "{self.name}" drop')

    def mend(self):
        self.world.switch.nft(f"delete table bridge cut_{self.name.replace('-', '_')}")

    def lose(self, percent):
        """Drops this share of the frames that come in from the wire."""
        self.space.nft("add table netdev loss; add chain netdev loss in { type filter hook ingress device wire priority 0; };"
                       f"add rule netdev loss in numgen random mod 100 < {percent} drop")

    def watch(self, name, match, family="ip"):
        """Counts packets that come out of the sessions and match (nft); read with `seen`."""
        self.space.nft(f"add table {family} watch; add chain {family} watch in {{ type filter hook prerouting priority raw; }};"
                       f"add counter {family} watch {name}; add rule {family} watch in iifname ppp {match} counter name {name}")

    def seen(self, name, family="ip"):
        listed = json.loads(self.space.run("nft", "-j", "list", "counter", family, "watch", name))
        return next(item["counter"]["packets"] for item in listed["nftables"] if "counter" in item)

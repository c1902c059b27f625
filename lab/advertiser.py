"""Router Advertisements (RFC 4861) by radvd, on any device of any namespace."""
import dataclasses
import signal

from lab.process import Process, wait_until


@dataclasses.dataclass
class Announced:
    """A prefix in an advertisement; times in seconds."""
    prefix: str
    preferred: int = 14400
    valid: int = 86400
    on_link: bool = True
    autonomous: bool = True


def _switch(on):
    return "on" if on else "off"


class Advertiser:
    """What it says may be changed at any time and is said at once by tell(). `router_lifetime` 0: not a default router."""

    def __init__(self, world, space, name, device, prefixes=(), router_lifetime=1800, managed=False, other=False, resolvers=(),
                 mtu=None, preference="medium", interval=30):
        self.world, self.space, self.name, self.device = world, space, name, device
        self.prefixes, self.router_lifetime = list(prefixes), router_lifetime
        self.managed, self.other, self.resolvers = managed, other, list(resolvers)
        self.mtu, self.preference, self.interval = mtu, preference, interval
        self.path = world.directory / f"{name}-radvd.conf"
        self.log = world.directory / f"{name}-radvd.log"
        self.process = None

    def text(self):
        lines = ["AdvSendAdvert on; IgnoreIfMissing on;",
                 f"MinRtrAdvInterval {max(3, self.interval * 3 // 4)}; MaxRtrAdvInterval {max(4, self.interval)};",
                 f"AdvDefaultLifetime {self.router_lifetime}; AdvDefaultPreference {self.preference};",
                 f"AdvManagedFlag {_switch(self.managed)}; AdvOtherConfigFlag {_switch(self.other)};"]
        if self.mtu:
            lines.append(f"AdvLinkMTU {self.mtu};")
        for one in self.prefixes:
            lines.append(f"prefix {one.prefix} {{ AdvOnLink {_switch(one.on_link)}; AdvAutonomous {_switch(one.autonomous)}; "
                         f"AdvValidLifetime {one.valid}; AdvPreferredLifetime {one.preferred}; }};")
        if self.resolvers:
            lines.append(f"RDNSS {' '.join(self.resolvers)} {{ }};")
        return f"interface {self.device} {{\n  " + "\n  ".join(lines) + "\n};\n"

    def start(self):
        self.path.write_text(self.text())
        self.path.chmod(0o644)
        self.log.unlink(missing_ok=True)
        argv = ["radvd", "-n", "-d", "1", "-m", "stderr", "-C", str(self.path), "-p", f"{self.path}.pid"]
        self.process = Process(self.space.argv(argv), self.log, keep=self.world.keep)
        self.world.processes.append(self.process)

    def wait_ready(self):
        wait_until(lambda: "started" in self.process.log_text() or not self.process.running(), 5, f"{self.name}: radvd started",
                   every=0.01)
        if not self.process.running():
            raise RuntimeError(f"{self.name}: radvd ended: {self.process.log_text()[-500:]}")

    def tell(self):
        """Says what it now has to say, at once and from then on."""
        self.path.write_text(self.text())
        self.process.signal(signal.SIGHUP)

    def stop(self):
        """In good order: the last advertisement takes the default route back (RFC 4861 §6.2.5)."""
        if self.process:
            self.process.stop()

    def kill(self):
        if self.process:
            self.process.kill()

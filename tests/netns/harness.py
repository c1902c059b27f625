"""What a scenario is given: a world, a router in it, and what every scenario must satisfy at its end.

The laws checked after every scenario, whatever it was about:
  no packet on any uplink's wire with a source that is not that uplink's own;
  every frame there with a length and checksums a real wire would carry;
  nothing of the flows left by the management port;
  michid did not crash and did not block its loop.
"""
import os
import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from lab import netns  # noqa: E402
from lab.process import NotReached, wait_until  # noqa: E402,F401
from lab.router import Router  # noqa: E402
from lab.world import World  # noqa: E402

SOAK = bool(os.environ.get("MICHI_SOAK"))


def rounds(short, long):
    """How often: in CI, in soak."""
    return long if SOAK else short


def build_directory():
    path = pathlib.Path(os.environ.get("MICHI_BUILD", "build/gcc"))
    return path if path.is_absolute() else ROOT / path


class Lab:
    def __init__(self, folder, name, config=None, secrets=None, start=True, laws=True, **world):
        self.folder, self.name = pathlib.Path(folder), name
        self.world = World(name, build_directory(), **world)
        self.config, self.secrets, self.wants_start, self.wants_laws = config, secrets, start, laws
        self.router = None

    def __enter__(self):
        self.world.__enter__()
        try:
            self.world.capture("switch", "router-wan", self.world.directory / "wan.pcap")
            self.router = Router(self.world, self.config or self.file("michi.toml"), self.secrets)
            if self.wants_start:
                self.router.start()
        except BaseException:
            self.collect()
            self.world.close()
            raise
        return self

    def __exit__(self, kind, error, trace):
        self.world.close()

    def file(self, name):
        """A file of the scenario's folder, or the lab's own configuration."""
        path = self.folder / name
        return (path if path.exists() else ROOT / "lab" / name).read_text()

    def ac(self, name):
        return self.world.acs[name]

    def edit(self, *changes):
        """The configuration with texts replaced; each must be there."""
        text = self.router.config_path.read_text()
        for old, new in changes:
            assert old in text, f"{old!r} is not in the configuration"
            text = text.replace(old, new)
        return text

    def check_laws(self):
        if not self.wants_laws:
            return
        for name, ac in self.world.acs.items():
            if ac.process and ac.process.running():
                counters = ac.counters()
                assert counters["foreign_source"] == 0, f"{name} saw {counters['foreign_source']} packets with a foreign source"
                assert counters["violations"] == 0, f"{name} saw frames no wire would carry: {counters}"
        for name, network in self.world.six.networks().items() if self.world.six else ():
            assert network.foreign_sources() == 0, f"{name} saw {network.foreign_sources()} packets with a foreign source"
        assert self.world.leaked() == 0, f"{self.world.leaked()} packets left by the management port"
        process = self.router and self.router.process
        if process and not process.running():
            # 2: it refused its configuration, which the scenario looks at.
            assert process.child.returncode in (0, 2, 10, -9), f"michid ended with status {process.child.returncode}"

    def collect(self):
        """Everything a person needs to find out what happened, into build/netns/<scenario>/."""
        target = ROOT / "build/netns" / self.name
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for path in self.world.directory.iterdir():
            if path.is_file() and path.suffix in {".log", ".pcap", ".toml", ".json"} and path.name != "secrets.toml":
                shutil.copy(path, target / path.name)

        def save(name, make):
            try:
                (target / name).write_text(make())
            except Exception as error:  # a dump that fails must not hide the failure it describes
                (target / name).write_text(f"not available: {error}\n")
        router = self.router
        if router:
            for verb in (["status"], ["status", "--json"], ["plan"], ["events"]):
                save(f"michi-{'-'.join(v.strip('-') for v in verb)}.txt", lambda: router.michi(*verb, check=False).stdout)
            save("sessions.txt", lambda: "\n".join(f"{n}: {a.sessions()} {a.counters()}" for n, a in self.world.acs.items()
                                                   if a.process.running()))
        for role in ("router", *self.world.acs, *(self.world.six.networks() if self.world.six else ())):
            if role not in self.world.spaces:
                continue
            for name, argv in (("addr", ["ip", "-d", "addr"]), ("rule", ["ip", "rule"]),
                               ("route", ["ip", "route", "show", "table", "all"]), ("nft", ["nft", "list", "ruleset"]),
                               ("conntrack", ["conntrack", "-L"])):
                save(f"{role}-{name}.txt", lambda: self.world.space(role).run(*argv, check=False))
        return target

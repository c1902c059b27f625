"""A DHCPv6 server: Kea, behind the relay of its provider."""
import json
import pathlib
import shutil
import signal

from lab.process import Process, wait_until

PROGRAM = "/usr/sbin/kea-dhcp6"
SERVER, RELAY = "fdff::547", "fdff::546"  # on lo, of nobody's business outside the namespace


def program(world):
    """Where AppArmor ties the installed path to the system's own files, a copy of it."""
    if not pathlib.Path(PROGRAM).exists():
        raise FileNotFoundError(f"{PROGRAM} is not installed: tools/deps")
    enabled = pathlib.Path("/sys/module/apparmor/parameters/enabled")
    if not enabled.exists() or enabled.read_text().strip() != "Y":
        return PROGRAM
    copy = world.directory / "kea-dhcp6"
    if not copy.exists():
        shutil.copy(PROGRAM, copy)
    return str(copy)


class Kea:
    """`pool` empty: options only, no leases. The configuration is read anew by reload()."""

    def __init__(self, world, space, name, link, resolvers, domains=("example",)):
        self.world, self.space, self.name = world, space, name
        self.link, self.resolvers, self.domains = link, list(resolvers), list(domains)
        self.pool, self.length = None, 56
        self.preferred, self.valid, self.t1, self.t2 = 3600, 7200, 1800, 2880
        self.folder = world.directory / f"{name}-kea"
        self.folder.mkdir(exist_ok=True)
        self.leases = self.folder / "leases.csv"
        self.log = world.directory / f"{name}-kea.log"
        self.process = None

    def configuration(self):
        subnet = {"id": 1, "subnet": self.link, "client-class": "served", "rapid-commit": True}
        if self.pool:
            prefix, length = self.pool.split("/")
            subnet["pd-pools"] = [{"prefix": prefix, "prefix-len": int(length), "delegated-len": self.length}]
        return {"Dhcp6": {
            "data-directory": str(self.folder), "interfaces-config": {"interfaces": [f"lo/{SERVER}"], "re-detect": False},
            "lease-database": {"type": "memfile", "persist": True, "name": str(self.leases), "lfc-interval": 0},
            "server-id": {"type": "EN", "enterprise-id": 32473, "identifier": self.name.encode().hex()},
            "preferred-lifetime": self.preferred, "valid-lifetime": self.valid, "renew-timer": self.t1, "rebind-timer": self.t2,
            "expired-leases-processing": {"reclaim-timer-wait-time": 1},
            "option-data": [{"name": "dns-servers", "data": ", ".join(self.resolvers)},
                            {"name": "domain-search", "data": ", ".join(self.domains)}],
            # Without a subnet there is no binding: that is what a server says that lost its leases (RFC 8415 §18.3.4).
            "client-classes": [{"name": "served", "test": "not (relay6[0].option[18].hex == 'lost')"}],
            "subnet6": [subnet],
            "loggers": [{"name": "kea-dhcp6", "severity": "INFO", "output_options": [{"output": "stdout", "flush": True}]}]}}

    def _write(self):
        path = self.folder / "kea.json"
        path.write_text(json.dumps(self.configuration(), indent=1))
        return path

    def start(self):
        argv = ["env", f"KEA_PIDFILE_DIR={self.folder}", "KEA_LOCKFILE_DIR=none", program(self.world), "-c", str(self._write())]
        self.log.unlink(missing_ok=True)
        self.process = Process(self.space.argv(argv), self.log, keep=self.world.keep)
        self.world.processes.append(self.process)

    def _wait_said(self, word, before=0):
        def question():
            if not self.process.running():
                raise RuntimeError(f"{self.name}: kea-dhcp6 ended: {self.process.log_text()[-800:]}")
            if self.process.log_text().count("CONFIG_LOAD_FAIL"):
                raise RuntimeError(f"{self.name}: kea-dhcp6 refused: {self.process.log_text()[-800:]}")
            return self.process.log_text().count(word) > before
        wait_until(question, 10, f"{self.name}: kea-dhcp6 said {word}", every=0.01)

    def wait_ready(self):
        self._wait_said("DHCP6_STARTED")

    def reload(self):
        before = self.process.log_text().count("DHCP6_CONFIG_COMPLETE")
        self._write()
        self.process.signal(signal.SIGHUP)
        self._wait_said("DHCP6_CONFIG_COMPLETE", before)

    def restart(self, keep_leases=True):
        self.kill()
        if not keep_leases:
            for path in self.folder.glob("leases.csv*"):
                path.unlink()
        self.start()
        self.wait_ready()

    def kill(self):
        if self.process:
            self.process.kill()

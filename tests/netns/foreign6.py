"""Foreign IPv6 clients in the router's place: who looks at the lab's world from outside. None of them is michi's."""
import contextlib
import json
import os
import re
import signal
import sys

from harness import ROOT, wait_until
from lab.process import NotReached, Process
from lab.world import ACCOUNTS

UPLINK = {"isp-a": "isp", "isp-b": "office"}


class Dialled:
    """A PPPoE session of the router namespace by lab/dialer.py; `device` is its end."""

    def __init__(self, lab, name="isp-a", device="ppp0"):
        self.lab, self.device = lab, device
        user, password = ACCOUNTS[UPLINK[name]]
        space = lab.world.router
        space.set_sysctl("net/ipv6/conf/all/forwarding", 1)
        argv = [sys.executable, "-I", str(ROOT / "lab/dialer.py"), "wan0", device, user, password, name]
        log = lab.world.directory / f"dialer-{device}.log"
        log.unlink(missing_ok=True)
        self.process = Process(space.argv(argv), log)
        lab.world.processes.append(self.process)
        wait_until(lambda: self._said("ipv6") or not self.process.running(), 10, f"{device} has IPv6", tell=self.process.log_text)
        assert self.process.running(), self.process.log_text()
        self.address = self._said("ipv6")["address"]

    def _said(self, event):
        lines = [json.loads(line) for line in self.process.log_text().splitlines() if line.startswith("{")]
        return next((line for line in lines if line["event"] == event), None)

    def hang_up(self):
        self.process.stop()


class _Client:
    """With files of its own over those that it would share with the machine."""

    def __init__(self, lab, name, folders, argv):
        self.space, self.log = lab.world.router, lab.world.directory / f"{name}.log"
        self.log.unlink(missing_ok=True)
        hide = f"for d in /run /var/lib; do mount -t tmpfs none $d; done; mkdir -p {' '.join(folders)}"
        self.process = Process(self.space.argv(["sh", "-c", f'{hide}; exec "$@"', "sh", *argv]), self.log)
        lab.world.processes.append(self.process)

    def said(self, pattern, seconds=15):
        return wait_until(lambda: re.search(pattern, self.process.log_text()), seconds, f"{self.log.name}: {pattern}",
                          tell=lambda: self.process.log_text()[-1500:])

    def stop(self):
        """With a Release, if it was not told otherwise. A helper that outlives its master now and then has nothing more to say."""
        helpers = self._helpers()
        self.process.stop()
        try:
            self._wait_gone()
        except NotReached:
            self._kill(helpers)

    def kill(self):
        """Without a word, with its helpers."""
        helpers = self._helpers()
        self.process.kill()
        self._kill(helpers)

    def _helpers(self):
        """Whoever shares the mount namespace that was made for it."""
        def mounts(pid):
            with contextlib.suppress(OSError):
                return os.readlink(f"/proc/{pid}/ns/mnt")
        own = mounts(self.process.pid)
        return [pid for pid in self.space.inhabitants() if own and mounts(pid) == own]

    def _kill(self, helpers):
        for pid in helpers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._wait_gone()

    def _wait_gone(self):
        """They have left the port to the next one."""
        wait_until(lambda: ":546 " not in self.space.run("ss", "-H", "-l", "-u", "-n"), 5, f"the end of {self.log.stem}")


class Dhcpcd(_Client):
    """RA and prefix delegation on `device`, a /64 of it for `lan` (None: no delegation); addresses and default routes are its own
    work. `more`: further devices with theirs. One process is all that fits into a namespace."""

    def __init__(self, lab, device, lan="lan0", ipv4=False, release=True, more=None):
        path = lab.world.directory / "dhcpcd.conf"
        pairs = {device: lan, **(more or {})}
        blocks = "\n".join(f"interface {outer}\nipv6rs\niaid {number}\n" + (f"ia_pd {number} {inner}/0/64\n" if inner else "")
                           for number, (outer, inner) in enumerate(pairs.items(), 1))
        path.write_text("\n".join(["duid ll", "noipv4ll", "nodelay", "nodev", "" if ipv4 else "ipv6only",
                                   "release" if release else "persistent", "option domain_name_servers", "ipv6ra_autoconf", "noipv6rs",
                                   f"allowinterfaces {' '.join(filter(None, [*pairs, *pairs.values()]))}", blocks]))
        super().__init__(lab, "dhcpcd", ["/var/lib/dhcpcd", "/run/dhcpcd"],
                         ["dhcpcd", "-B", "-d", "-f", str(path), "-c", "/bin/true", *pairs])


class Dhcp6c(_Client):
    """KAME's client: prefix delegation only; the default route is whoever's."""

    def __init__(self, lab, device, lan="lan0", bits=8):
        path = lab.world.directory / "dhcp6c.conf"
        path.write_text(f"interface {device} {{ send ia-pd 1; }};\n"
                        f"id-assoc pd 1 {{ prefix-interface {lan} {{ sla-id 0; sla-len {bits}; }}; }};\n")
        super().__init__(lab, "dhcp6c", ["/var/lib/dhcpv6"],
                         ["dhcp6c", "-f", "-D", "-c", str(path), "-p", str(lab.world.directory / "dhcp6c.pid"), device])

"""The router of a world: michid in its namespace, and `michi` to ask it."""
import json
import re
import subprocess
import time

from lab.process import NotReached, Process, wait_until
from lab.world import ACCOUNTS


def number_of(event):
    """Its place in the log of this run of the daemon."""
    return event["n"]


class CliFailed(RuntimeError):
    def __init__(self, argv, done):
        super().__init__(f"michi {' '.join(argv)}: status {done.returncode}: {(done.stderr or done.stdout).strip()}")
        self.status, self.output = done.returncode, done.stdout + done.stderr


class Router:
    def __init__(self, world, config, secrets=None, role="router"):
        """`secrets`: uplink → password; by default those of the standard accounts. `role`: who else has a michid."""
        self.world, self.space = world, world.space(role)
        self.folder = world.directory if role == "router" else world.directory / role
        self.folder.mkdir(exist_ok=True)
        self.config_path, self.secrets_path = self.folder / "michi.toml", self.folder / "secrets.toml"
        self.run_directory, self.state_directory = self.folder / "run", self.folder / "state"
        self.socket = self.run_directory / "control.sock"
        self.log = self.folder / "michid.log"
        self.run_directory.mkdir(exist_ok=True)
        self.state_directory.mkdir(exist_ok=True)
        self.process, self.extra = None, []
        self.write_config(config)
        self.write_secrets(secrets if secrets is not None else {name: word for name, (_, word) in ACCOUNTS.items()})

    def write_config(self, text):
        self.config_path.write_text(text)

    def write_secrets(self, secrets, mode=0o600):
        self.secrets_path.unlink(missing_ok=True)
        self.secrets_path.touch(mode)
        self.secrets_path.chmod(mode)
        self.secrets_path.write_text("".join(f'{name} = "{word}"\n' for name, word in secrets.items()))

    # The daemon.

    def argv(self):
        return [self.world.binary("michid"), "--config", str(self.config_path), "--secrets", str(self.secrets_path),
                "--run-dir", str(self.run_directory), "--state-dir", str(self.state_directory),
                "--socket", str(self.socket), "--dnsmasq", "child", *self.extra]

    def start(self, *extra, wait=True):
        self.extra = list(extra)
        self.process = Process(self.space.argv(self.argv()), self.log, keep=self.world.keep)
        self.world.processes.append(self.process)
        if wait:
            wait_until(self._answers, 5, "michid answers on its socket", every=0.005, tell=self._last_words)

    def _answers(self):
        if not self.process.running():
            raise RuntimeError(f"michid ended with status {self.process.child.returncode}: {self._last_words()}")
        return self.socket.exists() and self.michi("status", check=False).returncode == 0

    def _last_words(self):
        return self.process.log_text()[-800:]

    def stop(self, seconds=8):
        status = self.process.stop(seconds)
        if status != 0:
            raise RuntimeError(f"michid stopped with status {status}: {self._last_words()}")

    def crash(self):
        """kill -9."""
        self.process.kill()

    # The command line.

    def michi(self, *argv, check=True, timeout=20):
        argv = [str(a) for a in argv]
        done = subprocess.run([self.world.binary("michi"), "--socket", str(self.socket), *argv], capture_output=True,
                              text=True, timeout=timeout, stdin=subprocess.DEVNULL)
        if check and done.returncode != 0:
            raise CliFailed(argv, done)
        return done

    def json(self, *argv):
        return json.loads(self.michi(*argv, "--json").stdout)

    def status(self):
        return self.json("status")

    def uplink(self, name):
        for uplink in self.status()["uplinks"]:
            if uplink["name"] == name:
                return uplink
        return {"name": name, "state": "unknown", "reason": ""}

    def states(self):
        return {uplink["name"]: uplink["state"] for uplink in self.status()["uplinks"]}

    def tell(self):
        try:
            return "; ".join(f"{u['name']} {u['state']} {u.get('reason', '')} {u.get('detail', '')}"
                             for u in self.status()["uplinks"])
        except Exception as error:  # only words for a failure that is being told already
            return f"no status: {error}"

    def wait_state(self, name, state, seconds=10, reason=None):
        def question():
            uplink = self.uplink(name)
            return uplink if uplink["state"] == state and (reason is None or uplink["reason"] == reason) else None
        wanted = f"{name} is {state}" + (f" ({reason})" if reason else "")
        return wait_until(question, seconds, wanted, tell=self.tell)

    def wait_up(self, *names, seconds=10):
        """Waits until these are up and the kernel has what michi wants. Returns seconds it took."""
        begun = time.monotonic()
        wait_until(lambda: all(self.states().get(name) == "up" for name in names), seconds,
                   f"{', '.join(names)} up", tell=self.tell)
        self.wait_settled()
        return time.monotonic() - begun

    def wait_settled(self, seconds=5):
        """Desired and actual kernel state agree."""
        wait_until(self.settled, seconds, "plan is empty", tell=lambda: self.michi("plan", check=False).stdout)

    def settled(self):
        return self.status()["settled"] and self.json("plan")["empty"]

    def why(self, destination, **query):
        """`source` stands for --from; the others by their name."""
        argv = ["why", str(destination)]
        for key, value in query.items():
            argv += [f"--{'from' if key == 'source' else key.replace('_', '-')}", str(value)]
        return self.json(*argv)

    def events(self):
        return [json.loads(line) for line in self.michi("events", "--json").stdout.splitlines()]

    def mark(self):
        """Where the event log ends now, for wait_event(after=…)."""
        return max((number_of(event) for event in self.events()), default=0)

    def wait_event(self, code, seconds=5, uplink=None, after=0):
        def question():
            for event in self.events():
                if event["code"] == code and number_of(event) > after and uplink in (None, event.get("uplink")):
                    return event
            return None
        return wait_until(question, seconds, f"event {code}", tell=lambda: str([e["code"] for e in self.events()][-20:]))

    # What is in the kernel.

    def rules(self, family="-4"):
        return self.space.run("ip", family, "rule").splitlines()

    def routes(self, family="-4"):
        shown = self.space.run("ip", family, "route", "show", "table", "all").splitlines()
        return sorted(line.replace(" linkdown", "").strip() for line in shown if "table local" not in line)

    def nft(self):
        """Tables, chains and fixed sets, without what moves by itself."""
        text = self.space.run("nft", "-s", "list", "ruleset")
        text = "".join(sorted(re.findall(r"^table .*?^\}\n", text, re.M | re.S)))
        return re.sub(r"elements = \{(.*?)\}", lambda found: "elements = " + str(sorted(
            element.strip() for element in found[1].split(","))), text, flags=re.S)

    def michi_rules(self):
        return [line for line in self.rules() if re.match(r"20\d\d\d:", line)]

    def kernel_state(self):
        """Comparable text of rules, routes and nft of this namespace."""
        return "\n".join([*sorted(self.rules()), *sorted(self.rules("-6")), *self.routes(), *self.routes("-6"), self.nft()])

    def devices(self):
        return set(self.space.interfaces())

    def children(self):
        from lab.process import children_of
        return children_of(self.process.pid)

    def pss_kib(self):
        return self._memory("Pss")

    def written_kib(self):
        """Its own pages. Not those of the program: who shares them depends on how many run at the moment."""
        return self._memory("Private_Dirty")

    def _memory(self, kind):
        with open(f"/proc/{self.process.pid}/smaps_rollup") as rollup:
            return int(re.search(rf"^{kind}:\s+(\d+)", rollup.read(), re.M)[1])


__all__ = ["Router", "CliFailed", "NotReached"]

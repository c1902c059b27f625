"""michid in a world of the lab, asked over its control socket without a process per question."""
import json
import re
import socket
import time

from lab.process import wait_until
from lab.router import Router


class ApiFailed(RuntimeError):
    pass


class Daemon(Router):
    def request(self, method, target, body=None, timeout=20):
        data = b"" if body is None else json.dumps(body).encode()
        head = (f"{method} {target} HTTP/1.1\r\nHost: michi\r\nConnection: close\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n").encode()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(timeout)
            sock.connect(str(self.socket))
            sock.sendall(head + data)
            answer = b""
            while chunk := sock.recv(1 << 20):
                answer += chunk
        head, _, payload = answer.partition(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise ApiFailed(f"{method} {target}: {payload.decode(errors='replace')[:300]}")
        return payload

    def json(self, noun, *rest):
        return json.loads(self.request("GET", "/".join(["/v1", noun, *rest])))

    def _answers(self):
        if not self.process.running():
            raise RuntimeError(f"michid ended with status {self.process.child.returncode}: {self._last_words()}")
        try:
            return self.socket.exists() and self.status()
        except OSError:
            return False

    def settled(self):
        return self.status()["settled"]

    def wait_settled(self, seconds=20, every=0.005):
        wait_until(self.settled, seconds, "the kernel has what is wanted", every=every, tell=lambda: str(self.json("plan"))[:500])

    def command(self, uplink, verb):
        self.request("POST", f"/v1/uplinks/{uplink}/{verb}")

    def reload(self):
        return json.loads(self.request("POST", "/v1/reload", {}))

    def count_up(self):
        return sum(state == "up" for state in self.states().values())

    def wait_count(self, count, seconds):
        wait_until(lambda: self.count_up() == count, seconds, f"{count} uplinks up", every=0.02,
                   tell=lambda: f"{self.count_up()} are; {self.tell()[:600]}")

    def wait_not_up(self, uplink, seconds=5):
        wait_until(lambda: self.uplink(uplink)["state"] != "up", seconds, f"{uplink} is lost", every=0.002)

    def wait_until_mtu(self, uplink, mtu, seconds=10):
        def question():
            one = self.json("status", uplink)["uplink"]  # cheaper than all of them
            return one["state"] == "up" and one["mtu"] == mtu and self.settled()
        wait_until(question, seconds, f"{uplink} is up with MTU {mtu}", every=0.002, tell=lambda: str(self.uplink(uplink)))

    def quiet_kib(self):
        """Private pages when they have not changed for two seconds: what a change needs for a moment is given back by then."""
        seen = [(self.private_kib(), time.monotonic())]

        def quiet():
            now = self.private_kib()
            if now != seen[-1][0]:
                seen.append((now, time.monotonic()))
            return time.monotonic() - seen[-1][1] > 2
        wait_until(quiet, 30, "its memory is steady", every=0.2, tell=lambda: str(seen))
        return seen[-1][0]

    def private_kib(self):
        """Pages that are this process's alone."""
        with open(f"/proc/{self.process.pid}/smaps_rollup") as rollup:
            return sum(int(n) for n in re.findall(r"^Private_(?:Clean|Dirty):\s+(\d+)", rollup.read(), re.M))

"""What must stay bounded while the attack goes on, and how it is watched."""
import dataclasses
import threading
import time


@dataclasses.dataclass(frozen=True)
class Bounds:
    """Of one round. `events` and `lines` are a second and uplink, over the whole time, after a first burst."""
    memory_kib: int = 2048         # anonymous pages above the start; the event log alone fills up to one MiB
    memory_late_kib: int = 512     # above the middle of a long round
    descriptors: int = 4           # the control connections that ask
    sockets: int = 2               # of an uplink that is up: neighbour discovery and DHCPv6
    control_ms: float = 500
    events: float = 8
    lines: float = 8
    burst: int = 120               # events and lines of one uplink at once
    lost: float = 0.0              # share of the other uplinks' packets
    strangers: int = 5             # frames a second in answer to those who are no peers


PRODUCT = Bounds()
# The sanitizer keeps freed memory and makes everything slower; growth and loss are judged with the product build.
SANITIZED = dataclasses.replace(PRODUCT, memory_kib=96 * 1024, memory_late_kib=48 * 1024, control_ms=3000, lost=0.25)
LONG = 120  # seconds from which a round has a middle


class Watch(threading.Thread):
    """Asks the daemon four times a second, and remembers the worst."""

    def __init__(self, router):
        super().__init__(daemon=True)
        self.router, self.ended = router, threading.Event()
        self.memory, self.descriptors, self.control_ms, self.errors = [], [], [], []
        self.first_event, self.first_line = router.last_event(), router.log_lines()
        self.begun = time.monotonic()
        self.sample()
        self.start()

    def sample(self):
        try:
            asked = time.monotonic()
            self.router.request("GET", "/v1/status")
            self.control_ms.append((time.monotonic() - asked) * 1000)
            self.memory.append(self.router.anonymous_kib())
            self.descriptors.append(self.router.descriptors())
        except Exception as error:  # the daemon may be gone; that is told at the end
            self.errors.append(f"{type(error).__name__}: {error}")

    def run(self):
        while not self.ended.wait(0.25):
            self.sample()

    def stop(self):
        self.ended.set()
        self.join()
        self.sample()
        self.seconds = time.monotonic() - self.begun
        self.events = self.router.last_event() - self.first_event
        self.lines = self.router.log_lines() - self.first_line
        return self

    def judge(self, bounds, uplinks):
        """name → (what was found, whether it is within)."""
        start, found = self.memory[0], {}
        grown = max(self.memory) - start
        found["memory"] = (f"{start} KiB and at most {grown} more", grown <= bounds.memory_kib)
        if self.seconds >= LONG:
            middle = self.memory[len(self.memory) // 2:]
            late = max(middle) - middle[0]
            found["memory late"] = (f"{late} KiB more than in the middle", late <= bounds.memory_late_kib)
        more = max(self.descriptors) - self.descriptors[0]
        found["descriptors"] = (f"{self.descriptors[0]} and at most {more} more", more <= bounds.descriptors + uplinks * bounds.sockets)
        slowest = max(self.control_ms)
        found["control"] = (f"answers within {slowest:.0f} ms" + (f"; {self.errors[0]}" if self.errors else ""),
                            slowest <= bounds.control_ms and not self.errors)
        for name, count, rate in (("events", self.events, bounds.events), ("lines", self.lines, bounds.lines)):
            most = uplinks * (bounds.burst + rate * self.seconds)
            found[name] = (f"{count} in {self.seconds:.0f} s, allowed {most:.0f}", count <= most)
        return found

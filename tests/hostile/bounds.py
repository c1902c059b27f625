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
    control_ms: float = 500        # all answers but one
    control_once_ms: float = 2000  # that one: the machine, not the attack, may have kept it (a disk that is busy with others)
    events: float = 8
    lines: float = 8
    burst: int = 120               # events and lines of one uplink at once
    lost: float = 0.0              # share of the other uplinks' packets
    strangers: int = 5             # frames a second in answer to those who are no peers
    dial_s: float = 15             # of a session that was ended, under an intruder


PRODUCT = Bounds()
# The sanitizer keeps freed memory and makes everything slower; growth and loss are judged with the product build. A flood at full speed
# is faster than it reads: of what the true concentrator says a part is lost, and dials take some of discovery's retransmissions.
SANITIZED = dataclasses.replace(PRODUCT, memory_kib=96 * 1024, memory_late_kib=48 * 1024, control_ms=3000, control_once_ms=6000, lost=0.25,
                                dial_s=60)
LONG = 120  # seconds from which a round has a middle


class Watch(threading.Thread):
    """Asks the daemon four times a second, and remembers the worst."""

    def __init__(self, router):
        super().__init__(daemon=True)
        self.router, self.ended = router, threading.Event()
        self.memory, self.descriptors, self.control_ms, self.waited, self.errors = [], [], [], [0] * 4, []
        self.first_event, self.first_line = router.last_event(), router.log_lines()
        self.begun = time.monotonic()
        self.sample()
        self.start()

    def sample(self):
        try:
            asked, before = time.monotonic(), self.waits()
            self.router.request("GET", "/v1/status")
            took = (time.monotonic() - asked) * 1000
            if took > max(self.control_ms, default=0):
                self.waited = [now - then for now, then in zip(self.waits(), before)]
            self.control_ms.append(took)
            self.memory.append(self.router.anonymous_kib())
            self.descriptors.append(self.router.descriptors())
        except Exception as error:  # the daemon may be gone; that is told at the end
            self.errors.append(f"{type(error).__name__}: {error}")

    def waits(self):
        """Milliseconds that the asker and the daemon were ready to run and did not, and the faults that read the disk."""
        waits, faults = [], []
        for path in (f"/proc/self/task/{threading.get_native_id()}", f"/proc/{self.router.process.pid}"):
            with open(f"{path}/schedstat") as schedstat, open(f"{path}/stat") as stat:
                waits.append(int(schedstat.read().split()[1]) / 1e6)
                faults.append(int(stat.read().rsplit(")", 1)[1].split()[9]))
        return waits + faults

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
        *_, second, slowest = sorted([0, *self.control_ms])
        within = second <= bounds.control_ms and slowest <= bounds.control_once_ms and not self.errors
        words = [f"answers within {slowest:.0f} ms", *self.errors[:1]]
        if slowest > bounds.control_ms:
            words.append(f"all others within {second:.0f} ms")
            words.append("in it, asker and michid: {:.0f} and {:.0f} ms without a processor, {} and {} pages from disk".format(*self.waited))
        found["control"] = ("; ".join(words), within)
        for name, count, rate in (("events", self.events, bounds.events), ("lines", self.lines, bounds.lines)):
            most = uplinks * (bounds.burst + rate * self.seconds)
            found[name] = (f"{count} in {self.seconds:.0f} s, allowed {most:.0f}", count <= most)
        return found

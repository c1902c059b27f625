"""Processes of a world: started with a log file, ended by pid, never outliving their maker (unless kept)."""
import ctypes
import os
import signal
import subprocess
import time

_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    def __init__(self, argv, log, keep=False, env=None, stdin=subprocess.DEVNULL):
        self.argv = [str(a) for a in argv]
        self.log = log
        with open(log, "ab") as out:
            self.child = subprocess.Popen(self.argv, stdout=out, stderr=subprocess.STDOUT, stdin=stdin,
                                          start_new_session=True, env=env, preexec_fn=None if keep else _die_with_parent)

    @property
    def pid(self):
        return self.child.pid

    def running(self):
        return self.child.poll() is None

    def signal(self, number):
        if self.running():
            self.child.send_signal(number)

    def wait(self, seconds=5.0):
        """The exit status, or None when it still runs."""
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self):
        self.signal(signal.SIGKILL)
        return self.wait()

    def stop(self, seconds=5.0):
        """SIGTERM, then SIGKILL. Returns the exit status."""
        self.signal(signal.SIGTERM)
        status = self.wait(seconds)
        return self.kill() if status is None else status

    def log_text(self):
        try:
            with open(self.log, errors="replace") as log:
                return log.read()
        except OSError:
            return ""


class NotReached(AssertionError):
    """A state was waited for and did not come."""


def wait_until(question, seconds, what, every=0.02, tell=None):
    """Asks until the answer is true and returns it; NotReached after `seconds`, with what was last seen."""
    deadline = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            seen = f"; {tell()}" if tell else ""
            raise NotReached(f"{what}: not within {seconds:g} s{seen}")
        time.sleep(every)


def children_of(pid):
    """Direct children, by pid."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as stat:
                    fields = stat.read().rsplit(")", 1)[1].split()
                if int(fields[1]) == pid:
                    found.append(int(entry))
            except (OSError, IndexError):
                continue
    return found

"""Network namespaces: making, entering, removing.

A socket belongs for ever to the namespace it was made in, so one process can hold sockets in all of
them: `with space.inside(): sock = socket.socket(…)`. Names carry the pid of their maker, so that
worlds built at the same time do not meet and a later run can sweep what a killed one left behind.
"""
import contextlib
import ctypes
import os
import pathlib
import re
import subprocess
import threading

PREFIX = "lab"
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_RUN = pathlib.Path("/run/netns")
_counter_lock = threading.Lock()
_counter = 0


class CommandFailed(RuntimeError):
    pass


def call(argv, text=None, check=True, timeout=20):
    """Runs a command to its end and returns what it printed."""
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=timeout, errors="replace",
                          stdin=None if text is not None else subprocess.DEVNULL)
    if check and done.returncode != 0:
        shown = " ".join(str(a) for a in argv)
        raise CommandFailed(f"{shown}: status {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def _set_namespace(descriptor):
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"setns: {os.strerror(error)}")


@contextlib.contextmanager
def inside(name):
    """This thread in namespace `name`, until the block ends."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    there = os.open(_RUN / name, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _set_namespace(there)
        try:
            yield
        finally:
            _set_namespace(home)
    finally:
        os.close(there)
        os.close(home)


def unique_prefix():
    """`lab<pid>x<n>`: no other living process uses it."""
    global _counter
    with _counter_lock:
        _counter += 1
        return f"{PREFIX}{os.getpid()}x{_counter}"


def sweep():
    """Removes namespaces of makers that no longer live."""
    if not _RUN.is_dir():
        return
    for entry in _RUN.iterdir():
        match = re.fullmatch(rf"{PREFIX}(\d+)x\d+-.*", entry.name)
        if match and not pathlib.Path("/proc", match[1]).exists() and not (KEPT / match[1]).exists():
            call(["ip", "netns", "del", entry.name], check=False)


KEPT = pathlib.Path("/run/michi-lab-kept")  # one file per maker whose world was left running on purpose


class Namespace:
    def __init__(self, prefix, role):
        self.role = role
        self.name = f"{prefix}-{role}"
        call(["ip", "netns", "add", self.name])
        self.ip("link set lo up")

    def inside(self):
        return inside(self.name)

    def ip(self, *lines, check=True):
        """`ip` commands, one a line, in this namespace, in one go."""
        text = "\n".join(lines) + "\n"
        return call(["ip", "-n", self.name, "-force", "-batch", "-"] if not check else
                    ["ip", "-n", self.name, "-batch", "-"], text, check=check)

    def nft(self, text, check=True):
        return call(["ip", "netns", "exec", self.name, "nft", "-f", "-"], text, check=check)

    def run(self, *argv, check=True, timeout=20):
        return call(["ip", "netns", "exec", self.name, *argv], check=check, timeout=timeout)

    def argv(self, argv):
        return ["ip", "netns", "exec", self.name, *argv]

    def set_sysctl(self, path, value):
        with self.inside():
            pathlib.Path("/proc/sys", path).write_text(f"{value}\n")

    def get_sysctl(self, path):
        with self.inside():
            return pathlib.Path("/proc/sys", path).read_text().strip()

    def interfaces(self):
        return re.findall(r"^\d+: ([^:@]+)", self.run("ip", "-o", "link"), re.M)

    def inhabitants(self):
        """Processes that have it as their network, also those whose parents are gone."""
        return [int(pid) for pid in call(["ip", "netns", "pids", self.name], check=False).split()]

    def delete(self):
        call(["ip", "netns", "del", self.name], check=False)


def cable(one, one_name, other, other_name):
    """A veth pair between two namespaces, both ends up."""
    one.ip(f"link add {one_name} type veth peer name {other_name} netns {other.name}", f"link set {one_name} up")
    other.ip(f"link set {other_name} up")

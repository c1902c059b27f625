"""Clients: what a host in some namespace sees when it asks a server."""
import contextlib
import socket
import threading
import time

from lab import dns


class NoReply(AssertionError):
    pass


def _family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


@contextlib.contextmanager
def _socket(space, to, kind, source, timeout, device=None):
    with space.inside():
        sock = socket.socket(_family(to), kind)
    try:
        sock.settimeout(timeout)
        if device:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        if source:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(source if isinstance(source, tuple) else (source, 0))
        yield sock
    finally:
        sock.close()


def ask_udp(space, address, port, text="hello", source=None, timeout=1.0, device=None, tries=1):
    """(server's name, address it saw). The answer must come from the address asked (connected socket)."""
    with _socket(space, address, socket.SOCK_DGRAM, source, timeout, device) as sock:
        try:
            sock.connect((address, port))
            for left in reversed(range(tries)):
                sock.send(text.encode())
                try:
                    name, seen, _ = sock.recv(2048).decode().split(" ", 2)
                    return name, seen
                except socket.timeout:
                    if not left:
                        raise
        except OSError as error:
            raise NoReply(f"{space.role} to {address}:{port}/udp: {error}") from None


def ask_tcp(space, address, port, text="hello", source=None, timeout=2.0, device=None):
    """(server's name, address it saw)."""
    with _socket(space, address, socket.SOCK_STREAM, source, timeout, device) as sock:
        try:
            sock.connect((address, port))
            sock.sendall(text.encode() + b"\n")
            name, seen, _ = sock.makefile("rb").readline().decode().split(" ", 2)
            return name, seen
        except (OSError, ValueError) as error:
            raise NoReply(f"{space.role} to {address}:{port}/tcp: {error}") from None


def pour(space, address, port, size, timeout=5.0):
    """One line of so many octets to an echo, and back."""
    with _socket(space, address, socket.SOCK_STREAM, None, timeout) as sock:
        sock.connect((address, port))
        sock.sendall(b"y" * size + b"\n")
        got = 0
        while got < size:
            part = sock.recv(65536)
            if not part:
                raise NoReply(f"{address} closed after {got} of {size} octets")
            got += len(part)


def greeting(space, address, port=25, timeout=2.0, source=None):
    """The address a mail server saw, from its greeting."""
    with _socket(space, address, socket.SOCK_STREAM, source, timeout) as sock:
        try:
            sock.connect((address, port))
            return sock.makefile("rb").readline().decode().split()[-1]
        except (OSError, IndexError) as error:
            raise NoReply(f"{space.role} to {address}:{port}/tcp: {error}") from None


def unreachable(space, address, port, kind="udp", timeout=0.4, source=None):
    """True when nothing answers and a reason may or may not be given; the answer is an exception otherwise."""
    try:
        (ask_udp if kind == "udp" else ask_tcp)(space, address, port, timeout=timeout, source=source)
    except NoReply:
        return True
    return False


def resolve(space, server, name, kind=dns.A, timeout=1.0, tries=3):
    """(code, [texts]) as a resolver on the router or elsewhere gives it."""
    with _socket(space, server, socket.SOCK_DGRAM, None, timeout) as sock:
        try:
            sock.connect((server, 53))
            for left in reversed(range(tries)):
                sock.send(dns.question(name, kind))
                try:
                    return dns.read_answer(sock.recv(2048))
                except (socket.timeout, ConnectionRefusedError):
                    if not left:
                        raise
                    time.sleep(0.05)
        except OSError as error:
            raise NoReply(f"{space.role} asks {server} for {name}: {error}") from None


class Line:
    """A TCP connection that stays: `say` sends a line and returns the address the server saw."""

    def __init__(self, space, address, port, source=None, timeout=5.0, device=None):
        with space.inside():
            self.sock = socket.socket(_family(address), socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        if device:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        if source:
            self.sock.bind((source, 0))
        self.sock.connect((address, port))
        self.file = self.sock.makefile("rb")
        self.count = 0

    def say(self):
        self.count += 1
        mark = f"line-{self.count}"
        self.sock.sendall(mark.encode() + b"\n")
        answer = self.file.readline().decode().split()
        if len(answer) != 3 or answer[2] != mark:
            raise NoReply(f"the connection answered {answer} to {mark}")
        return answer[1]

    def close(self):
        self.file.close()
        self.sock.close()


class Stream(threading.Thread):
    """One datagram every `period` seconds and a record of which were answered, and as whom."""

    def __init__(self, space, address, port, period=0.001, source=None):
        super().__init__(daemon=True)
        with space.inside():
            self.sock = socket.socket(_family(address), socket.SOCK_DGRAM)
        if source:
            self.sock.bind((source, 0))
        self.sock.setblocking(False)
        self.target, self.period = (address, port), period
        self.sent, self.errors = 0, 0
        self.answers = []  # (time, number, address the server saw)
        self.ended = threading.Event()
        self.start()

    def run(self):
        due = time.monotonic()
        while not self.ended.is_set():
            try:
                self.sock.sendto(str(self.sent).encode(), self.target)
            except OSError:
                self.errors += 1
            self.sent += 1
            due += self.period
            while True:
                self._collect()
                left = due - time.monotonic()
                if left <= 0:
                    break
                time.sleep(min(left, 0.0005))

    def _collect(self):
        while True:
            try:
                _, seen, number = self.sock.recv(2048).decode().split(" ", 2)
                self.answers.append((time.monotonic(), int(number), seen))
            except (OSError, ValueError):
                return

    def stop(self, drain=0.2):
        self.ended.set()
        self.join()
        until = time.monotonic() + drain
        while time.monotonic() < until and len(self.answers) < self.sent - self.errors:
            self._collect()
            time.sleep(0.005)
        self.sock.close()
        return self

    def first_after(self, moment, seen):
        """When an answer first came that the server gave to address `seen`, after `moment`; else None."""
        for when, _, who in list(self.answers):
            if when >= moment and who == seen:
                return when
        return None

    def lost(self):
        return self.sent - len({number for _, number, _ in self.answers})

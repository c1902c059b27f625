"""Where a cell takes place: the lab's world without its own access concentrators, michi as its router, and a guest on the wire."""
import contextlib
import pathlib
import shutil
import socket
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from lab.router import Router  # noqa: E402
from lab.world import ACCOUNTS, World  # noqa: E402

import root  # noqa: E402
from guest import Guest  # noqa: E402

USER, PASSWORD = ACCOUNTS["isp"]
SERVER = "10.64.0.1"           # the foreign access concentrator's own address
HOST_PORT = 7777               # an echo server on lan-a, published as port 7


class Explained(Exception):
    """michi is right and the other side is not; the text has the evidence."""


def uplink(name="isp", user=USER, **keys):
    """`[uplink.NAME]` with quick timers, so that a cell sees an end and a return within seconds."""
    words = {"interface": '"wan0"', "user": f'"{user}"', "echo": '{ interval = "500ms", failures = 4 }',
             "retry": '{ min = "200ms", max = "2s" }', **keys}
    return f"[uplink.{name}]\n" + "".join(f"{key.replace('_', '-')} = {value}\n" for key, value in words.items())


def config(*uplinks, lan=""):
    names = [text.split("]")[0].removeprefix("[uplink.") for text in uplinks]
    publish = "".join(f'[[publish]]\nuplink = ["{name}"]\nproto = "tcp"\nport = 7\nto = "192.168.10.5:{HOST_PORT}"\n' for name in names)
    return ('[router]\npadi-burst = 0\n[lan.home]\ninterface = "lan0"\naddress = "192.168.10.1/24"\n' + lan + "\n" +
            "\n".join(uplinks) + publish)


class Field:
    def __init__(self, name, build, kind="uml", wire_mtu=1500, concentrators=(), options=None, on_wire=True):
        self.name, self.build, self.kind, self.wire_mtu, self.on_wire = name, build, kind, wire_mtu, on_wire
        self.world = World(name, build, concentrators=concentrators, options=options)
        self.router = self.guest = None
        self.begun = time.monotonic()
        self.ends = contextlib.ExitStack()

    def __enter__(self):
        self.world.__enter__()
        try:
            self._widen()
            self.world.capture("switch", "router-wan", self.world.directory / "wan.pcap")
            if self.kind:
                self._boot()
        except BaseException:
            self.__exit__()
            raise
        self.say("the field is there")
        return self

    def __exit__(self, *_):
        if self.guest:
            self.guest.end()
        self.ends.close()
        self.world.close()

    def _widen(self):
        if self.wire_mtu > 1500:
            self.world.switch.ip(f"link set router-wan mtu {self.wire_mtu}", f"link set wan mtu {self.wire_mtu}")
            self.world.router.ip(f"link set wan0 mtu {self.wire_mtu}")

    def _boot(self):
        if not self.on_wire:
            self.guest = Guest(root.ready(), self.world.directory, self.kind, memory=384)
            return
        switch = self.world.switch
        switch.ip("tuntap add guest mode tap", f"link set guest mtu {self.wire_mtu} master wan up")
        switch.set_sysctl("net/ipv6/conf/guest/disable_ipv6", 1)
        self.guest = Guest(root.ready(), self.world.directory, self.kind, switch, "guest", self.wire_mtu)

    def say(self, words):
        """A step of the cell, for runner.log."""
        print(f"{time.monotonic() - self.begun:6.2f} {words}", flush=True)

    def start(self, text, secrets=None):
        """michid with this configuration."""
        self.router = Router(self.world, text, secrets or {"isp": PASSWORD})
        self.router.start()
        return self.router

    def address(self, name="isp"):
        return self.router.uplink(name)["ipv4"]["address"]

    # Bytes through TCP connections that lan-a opens or answers.

    def serve_echo(self, role="lan-a"):
        with self.world.space(role).inside():
            listener = socket.create_server(("0.0.0.0", HOST_PORT))
        self.ends.callback(listener.close)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    @staticmethod
    def _accept(listener):
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=Field._return, args=(client,), daemon=True).start()

    @staticmethod
    def _return(client):
        # All of it first: the guest's socat does not read while it writes.
        with contextlib.suppress(OSError), client:
            kept = bytearray()
            while data := client.recv(65536):
                kept += data
            client.sendall(kept)

    @staticmethod
    def _write(sock, data):
        with contextlib.suppress(OSError):
            sock.sendall(data)

    def exchange(self, size=200_000, seconds=20, role="lan-a", server=SERVER):
        """lan-a sends so many bytes to the echo server behind the session; True when all come back unchanged."""
        sent = bytes(range(256)) * (size // 256)
        with self.world.space(role).inside():
            sock = socket.socket()
        with sock:
            sock.settimeout(seconds)
            sock.connect((server, 7))
            threading.Thread(target=self._write, args=(sock, sent), daemon=True).start()
            got = bytearray()
            while len(got) < len(sent):
                data = sock.recv(65536)
                if not data:
                    break
                got += data
        return bytes(got) == sent

    def collect(self):
        """What a person needs to judge a red cell, into build/interop/NAME."""
        target = ROOT / "build/interop" / self.name
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for path in self.world.directory.iterdir():
            if path.is_file() and path.suffix in {".log", ".pcap", ".toml"} and path.name != "secrets.toml":
                shutil.copy(path, target / path.name)

        def save(name, make):
            try:
                (target / name).write_text(make())
            except Exception as error:  # a dump that fails must not hide the failure it describes
                (target / name).write_text(f"not available: {error}\n")
        if self.router:
            for verb in ("status", "plan", "events"):
                save(f"michi-{verb}.txt", lambda: self.router.michi(verb, check=False).stdout)
        if self.guest:
            save("guest.txt", lambda: self.guest.run("state", 10, check=False)[1])
        return target


@contextlib.contextmanager
def field_for(name, build, **more):
    """A field whose traces are kept when the cell goes red."""
    with Field(name, build, **more) as field:
        try:
            yield field
        except BaseException:
            field.collect()
            raise

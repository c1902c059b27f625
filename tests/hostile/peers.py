#!/usr/bin/python3
"""Hostile peers of one namespace, in one process: `peers.py DEVICE NAME …`; lines of JSON in and out.

Prints {"ready": true}; {"aim": {"client": …, "sessions": […]}} lets the floods begin; {"seen": true} is answered with
what each saw so far, {"hold": true} ends every attack as well; the end of the input ends the process.
"""
import json
import pathlib
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent))

import catalogue  # noqa: E402
import ether  # noqa: E402
from lab.frames import pppoe_fields  # noqa: E402


def tags_of(payload):
    while len(payload) >= 4:
        kind, size = struct.unpack_from("!HH", payload)
        yield kind, payload[4:4 + size]
        payload = payload[4 + size:]


class Host:
    def __init__(self, device, names):
        self.wire = ether.EtherWire(device)
        self.peers = [catalogue.ATTACKS[name].make(self.wire, name, catalogue.number(name)) for name in names]
        self.text = lambda mac: ":".join(f"{octet:02x}" for octet in mac)
        self.pending = ""

    def on_frame(self, frame):
        fields = pppoe_fields(frame)
        if not fields:
            return
        kind, code, session, payload = fields
        target, client = frame[:6], self.text(frame[6:12])
        if kind == ether.DISCOVERY:
            tags = list(tags_of(payload))
            service = next((value for which, value in tags if which == ether.SERVICE_NAME), b"").decode(errors="replace")
            for peer in self.peers:
                if peer.hears(target, code, service):
                    peer.counts["received"] += 1
                    peer.on_discovery(client, code, session, tags)
            return
        for peer in self.peers:
            if not peer.hears(target, code, None):
                continue
            peer.counts["received"] += 1
            # A peer that asks thousands of questions counts the answers and does not read them.
            if session == peer.sid and len(payload) >= 6 and not (peer.ammunition and peer.now_at == "up" and payload[3] and
                                                                  payload[2] in (7, 8, 10)):
                protocol, code, number, length = struct.unpack_from("!HBBH", payload)
                peer.on_session(protocol, code, number, payload[6:length + 2])

    def on_link(self, line):
        order = json.loads(line)
        if "aim" in order:
            for peer in self.peers:
                if hasattr(peer, "aim"):
                    peer.aim(**order["aim"])
            print(json.dumps({"aimed": True}), flush=True)
        elif "seen" in order:
            self.tell_counts()
        elif "hold" in order:
            self.tell_counts()
            self.peers = [good for good in (peer.honest() for peer in self.peers) if good]

    def tell_counts(self):
        print(json.dumps({peer.name: {**peer.counts, "furthest": peer.furthest} for peer in self.peers}), flush=True)

    def run(self):
        self.wire.selector.register(sys.stdin, 1, None)
        for peer in self.peers:
            peer.now = time.monotonic()
        print(json.dumps({"ready": True}), flush=True)
        while True:
            busy = any(peer.ammunition for peer in self.peers)
            for key, _ in self.wire.selector.select(0.001 if busy else 0.02):
                if key.fileobj is sys.stdin:
                    line = sys.stdin.readline()
                    if not line:
                        return
                    self.on_link(line)
            now = time.monotonic()
            for frame in self.wire.receive():
                for peer in self.peers:
                    peer.now = now
                self.on_frame(frame)
            for peer in self.peers:
                peer.pump(now)


if __name__ == "__main__":
    Host(sys.argv[1], sys.argv[2:]).run()

#!/usr/bin/python3
"""A customer's PPPoE client that is not michi's, for looking at the world from outside: plain packet sockets, a TUN, one try.

`dialer.py INTERFACE DEVICE USER PASSWORD AC-NAME`, in the namespace of the customer. It knows what an access concentrator of
the lab says: CHAP-MD5 or no authentication, IPv6CP, IPCP when the line has IPv4. It makes DEVICE with the addresses that were
negotiated and prints a JSON line when a protocol is up; SIGTERM sends PADT. It dials once.
"""
import fcntl
import hashlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time

DISCOVERY, SESSION = 0x8863, 0x8864
PADI, PADO, PADR, PADS, PADT = 0x09, 0x07, 0x19, 0x65, 0xa7
LCP, CHAP, IPCP, IPV6CP, IPV4, IPV6 = 0xc021, 0xc223, 0x8021, 0x8057, 0x0021, 0x0057
REQUEST, ACK, NAK, REJECT, TERMINATE, TERMINATED, PROTOCOL_REJECT, ECHO, ECHOED = 1, 2, 3, 4, 5, 6, 8, 9, 10
WANTED = {LCP: {1, 3, 5}, IPCP: {3}, IPV6CP: {1}}  # options that are understood
REPEAT, LIMIT = 0.5, 10.0
TUNSETIFF = 0x400454ca


def say(**event):
    print(json.dumps(event), flush=True)


def pack(options):
    return b"".join(bytes([kind, len(value) + 2]) + value for kind, value in options.items())


def unpack(data):
    found = {}
    while len(data) >= 2 and 2 <= data[1] <= len(data):
        found[data[0]], data = data[2:data[1]], data[data[1]:]
    return found


class Ended(Exception):
    pass


class Dialer:
    def __init__(self, interface, device, user, password, name):
        self.device, self.user, self.password, self.name = device, user.encode(), password.encode(), name.encode()
        self.mtu, self.sockets = 1492, []
        for kind in (DISCOVERY, SESSION):
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(kind))
            sock.bind((interface, kind))
            self.sockets.append(sock)
        self.mac = self.sockets[0].getsockname()[4]
        self.peer, self.session, self.tags = None, 0, b""
        self.tun = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(self.tun, TUNSETIFF, struct.pack("16sH22x", device.encode(), 0x1001))  # IFF_TUN, IFF_NO_PI
        self.wish = {LCP: {1: struct.pack("!H", 1492), 5: os.urandom(4)}, IPCP: {3: bytes(4)}, IPV6CP: {1: os.urandom(8)}}
        self.mine, self.theirs, self.number = set(), set(), 0  # protocols whose request was acknowledged
        self.up, self.asked, self.authenticated = set(), {}, False
        self.begun = time.monotonic()

    # Frames.

    def send(self, kind, code, payload):
        body = struct.pack("!BBHH", 0x11, code, self.session, len(payload)) + payload
        to = self.peer or b"\xff" * 6
        self.sockets[kind == SESSION].send((to + self.mac + struct.pack("!H", kind) + body).ljust(60, b"\0"))

    def ppp(self, protocol, payload):
        self.send(SESSION, 0, struct.pack("!H", protocol) + payload)

    def control(self, protocol, code, number, data):
        self.ppp(protocol, struct.pack("!BBH", code, number, len(data) + 4) + data)

    # Discovery (RFC 2516).

    def on_discovery(self, source, code, session, payload):
        tags, at = {}, 0
        while at + 4 <= len(payload):
            kind, length = struct.unpack_from("!HH", payload, at)
            tags[kind] = payload[at + 4:at + 4 + length]
            at += 4 + length
        if code == PADO and not self.peer and tags.get(0x0102) == self.name:
            self.peer = source
            cookie = tags.get(0x0104)
            self.tags = struct.pack("!HH", 0x0101, 0) + (struct.pack("!HH", 0x0104, len(cookie)) + cookie if cookie else b"")
            self.send(DISCOVERY, PADR, self.tags)
        elif code == PADS and source == self.peer and not self.session:
            if not session:
                raise Ended("refused")
            self.session = session
            self.ask(LCP)
        elif code == PADT and source == self.peer and session == self.session:
            raise Ended("PADT")

    # Negotiation (RFC 1661).

    def ask(self, protocol):
        self.number = self.number % 255 + 1
        self.asked[protocol] = time.monotonic()
        self.control(protocol, REQUEST, self.number, pack(self.wish[protocol]))

    def on_control(self, protocol, packet):
        code, number, length = struct.unpack_from("!BBH", packet)
        data = packet[4:length]
        if code == REQUEST:
            strange = {kind: value for kind, value in unpack(data).items() if kind not in WANTED[protocol]}
            self.control(protocol, REJECT if strange else ACK, number, pack(strange) if strange else data)
            if not strange:
                if protocol == LCP:
                    self.authenticated = 3 not in unpack(data)
                    self.mtu = min(self.mtu, int.from_bytes(unpack(data).get(1, b"\x05\xd4"), "big"))
                self.theirs.add(protocol)
                if protocol not in self.asked:
                    self.ask(protocol)
        elif code == ACK and number == self.number or code == ACK and protocol != LCP:
            self.mine.add(protocol)
        elif code == NAK:
            self.wish[protocol].update(unpack(data))
            self.ask(protocol)
        elif code == REJECT:
            for kind in unpack(data):
                self.wish[protocol].pop(kind, None)
            self.ask(protocol)
        elif code == TERMINATE:
            self.control(protocol, TERMINATED, number, b"")
            if protocol == LCP:
                raise Ended("Terminate-Request")
        elif code == ECHO and protocol == LCP:
            self.control(LCP, ECHOED, number, self.wish[LCP].get(5, bytes(4)) + data[4:])
        self.advance(protocol)

    def on_auth(self, packet):
        code, number, length = struct.unpack_from("!BBH", packet)
        if code == 1:
            value = hashlib.md5(bytes([number]) + self.password + packet[5:5 + packet[4]]).digest()
            self.control(CHAP, 2, number, bytes([len(value)]) + value + self.user)
        elif code == 3:
            self.authenticated = True
            self.advance(LCP)
        else:
            raise Ended("authentication failed")

    def advance(self, protocol):
        if protocol not in self.mine & self.theirs or protocol in self.up:
            if protocol == LCP and LCP in self.up and self.authenticated and IPV6CP not in self.asked:
                self.ask(IPV6CP)
            return
        self.up.add(protocol)
        if protocol == LCP:
            if self.authenticated:
                self.ask(IPV6CP)
            return
        if protocol == IPV6CP:
            groups = struct.unpack("!4H", self.wish[IPV6CP][1])
            address = "fe80::" + ":".join(f"{group:x}" for group in groups)
            subprocess.run(["ip", "-batch", "-"], text=True, check=True, timeout=5, input=f"link set {self.device} addrgenmode none\n"
                           f"link set {self.device} mtu {self.mtu} multicast on up\naddr replace {address}/64 dev {self.device} nodad\n")
            say(event="ipv6", address=address, session=self.session)
        else:
            address = socket.inet_ntoa(self.wish[IPCP][3])
            subprocess.run(["ip", "addr", "replace", address, "dev", self.device], check=True, timeout=5)
            say(event="ipv4", address=address, session=self.session)

    def on_session(self, payload):
        protocol, = struct.unpack_from("!H", payload)
        if protocol in (IPV4, IPV6):
            if IPV6CP in self.up:
                os.write(self.tun, payload[2:])
        elif protocol == CHAP:
            self.on_auth(payload[2:])
        elif protocol in WANTED:
            self.on_control(protocol, payload[2:])
        elif self.session:
            self.number = self.number % 255 + 1
            self.control(LCP, PROTOCOL_REJECT, self.number, payload)

    # Its life.

    def repeat(self):
        now = time.monotonic()
        if IPV6CP not in self.up and now - self.begun > LIMIT:
            raise Ended("no session in time")
        if not self.session:
            self.send(DISCOVERY, PADR if self.peer else PADI, self.tags or struct.pack("!HH", 0x0101, 0))
            return
        for protocol in [p for p, when in self.asked.items() if p not in self.mine and now - when >= REPEAT]:
            self.ask(protocol)

    @staticmethod
    def next_frame(sock):
        try:
            return sock.recv(2048, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None

    def on_frame(self, frame):
        if len(frame) < 20 or frame[:6] not in (self.mac, b"\xff" * 6):
            return
        kind, _, code, session, length = struct.unpack_from("!HBBHH", frame, 12)
        payload = frame[20:20 + length]
        if kind == DISCOVERY:
            self.on_discovery(frame[6:12], code, session, payload)
        elif session == self.session and frame[6:12] == self.peer and len(payload) >= 2:
            self.on_session(payload)

    def run(self):
        self.repeat()
        due = time.monotonic() + REPEAT
        while True:
            ready, _, _ = select.select([self.tun, *self.sockets], [], [], max(0.0, due - time.monotonic()))
            for source in ready:
                if source == self.tun:
                    packet = os.read(self.tun, 65536)
                    if self.session:
                        self.ppp(IPV6 if packet[0] >> 4 == 6 else IPV4, packet)
                    continue
                while frame := self.next_frame(source):  # discovery to its end first: PADS precedes what is in the session
                    self.on_frame(frame)
            if time.monotonic() >= due:
                self.repeat()
                due = time.monotonic() + REPEAT


def main():
    def leave(*_):
        raise Ended("asked to end")
    signal.signal(signal.SIGTERM, leave)
    dialer = Dialer(*sys.argv[1:6])
    try:
        dialer.run()
    except Ended as reason:
        if dialer.session and str(reason) != "PADT":
            dialer.send(DISCOVERY, PADT, b"")
        say(event="ended", reason=str(reason))
        sys.exit(0 if str(reason) == "asked to end" else 1)


if __name__ == "__main__":
    main()

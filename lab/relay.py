#!/usr/bin/python3
"""A provider's access router as DHCPv6 sees it: a relay agent (RFC 8415 §19) that forwards a prefix only while it is delegated.

It reads the leases out of the answers that pass (RFC 8987 §4.2): a prefix gets its route before the Reply that grants it is
handed on, and loses it when it is released, is answered with a lifetime of zero, or runs out. Reads one JSON object from a
file: "device", "local" (its link-local address), "link" (the link-address), "server", "relay" (addresses on lo), "control", and
"concentrator" (the control socket of michi-ac, which then owns the routes) or nothing (a route by way of the client's address).
Commands, a JSON line each: {"command": "state" | "withdraw" | "set", …}; see Relay.command. Prints "ready" when it listens.
"""
import collections
import heapq
import json
import pathlib
import selectors
import socket
import struct
import subprocess
import sys
import time

NAMES = {1: "solicit", 2: "advertise", 3: "request", 4: "confirm", 5: "renew", 6: "rebind", 7: "reply", 8: "release", 9: "decline",
         10: "reconfigure", 11: "information-request"}
RENEW, REBIND, REPLY, RELEASE, RELAY_FORWARD, RELAY_REPLY = 5, 6, 7, 8, 12, 13
CLIENT_ID, RELAY_MESSAGE, STATUS, INTERFACE_ID, IA_PD, IA_PREFIX = 1, 9, 13, 18, 25, 26
SERVERS = "ff02::1:2"  # All_DHCP_Relay_Agents_and_Servers
PROTOCOL = "112"  # of its routes
FOREVER = 0xffffffff
LOST = b"lost"    # interface-id of one whose lease the server is to say it does not know


def option(kind, value):
    return struct.pack("!HH", kind, len(value)) + value


def options(data):
    """[(kind, value)]; what is cut short is left out."""
    found, at = [], 0
    while at + 4 <= len(data):
        kind, length = struct.unpack_from("!HH", data, at)
        if at + 4 + length > len(data):
            break
        found.append((kind, data[at + 4:at + 4 + length]))
        at += 4 + length
    return found


def first(found, wanted):
    return next((value for kind, value in found if kind == wanted), b"")


def prefixes(message):
    """[(iaid, prefix as text, preferred, valid)] of a client's or server's message."""
    out = []
    for kind, body in options(message[4:]):
        if kind != IA_PD or len(body) < 12:
            continue
        for inner, prefix in options(body[12:]):
            if inner == IA_PREFIX and len(prefix) >= 25:
                preferred, valid, length = struct.unpack_from("!IIB", prefix)
                text = socket.inet_ntop(socket.AF_INET6, prefix[9:25])
                out.append((body[:4].hex(), f"{text}/{length}", preferred, valid))
    return out


class Routes:
    """By the kernel, or by the access concentrator, whose sessions share one device."""

    def __init__(self, spec):
        self.device, self.concentrator = spec["device"], spec.get("concentrator")

    def _ask(self, **request):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(2)
            try:
                sock.connect(self.concentrator)
                sock.sendall(json.dumps(request).encode() + b"\n")
                return json.loads(sock.makefile("rb").readline()).get("ok", False)
            except (OSError, ValueError):
                return False

    def _ip(self, *argv):
        return subprocess.run(["ip", "-6", "route", *argv], stderr=subprocess.DEVNULL, timeout=5).returncode == 0

    def add(self, prefix, client):
        if self.concentrator:
            return self._ask(command="delegate", prefix=prefix, address6=client)
        return self._ip("replace", prefix, "via", client, "dev", self.device, "proto", PROTOCOL)

    def remove(self, prefix):
        if self.concentrator:
            return self._ask(command="withdraw", prefix=prefix)
        return self._ip("del", prefix, "proto", PROTOCOL)


class Relay:
    def __init__(self, spec):
        self.device, self.server, self.link = spec["device"], spec["server"], socket.inet_pton(socket.AF_INET6, spec["link"])
        self.routes = Routes(spec)
        self.leases = {}      # prefix → {"client", "duid", "until", "preferred", "valid"}
        self.releases = {}    # (client, transaction) → prefixes it gives back
        self.late = []        # heap of (when, number, client, message)
        self.counters = collections.Counter()
        self.silent, self.delay, self.drop, self.lost, self.number = False, 0.0, 0, False, 0
        self.index = socket.if_nametoindex(self.device)
        # Not one socket for every address: the server has this port, too.
        self.group, self.access, self.core = (socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) for _ in range(3))
        self.group.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                              socket.inet_pton(socket.AF_INET6, SERVERS) + struct.pack("@I", self.index))
        self.group.bind((SERVERS, 547, 0, self.index))
        self.access.bind((spec["local"], 547, 0, self.index))
        self.core.bind((spec["relay"], 547))
        for sock in (self.group, self.access, self.core):
            sock.setblocking(False)

    def from_client(self, sock):
        message, (client, *_) = sock.recvfrom(4096)
        client = client.split("%")[0]
        if len(message) < 4 or message[0] not in NAMES:
            return
        self.counters[NAMES[message[0]]] += 1
        if self.silent:
            return
        if self.drop:
            self.drop -= 1
            return
        if message[0] == RELEASE:
            self.releases[client, message[1:4]] = [prefix for _, prefix, _, _ in prefixes(message)]
            while len(self.releases) > 64:
                self.releases.pop(next(iter(self.releases)))
        duid = first(options(message[4:]), CLIENT_ID).hex()
        known = any(lease["duid"] == duid for lease in self.leases.values())
        place = LOST if self.lost and not known and message[0] in (RENEW, REBIND) else self.device.encode()
        head = bytes([RELAY_FORWARD, 0]) + self.link + socket.inet_pton(socket.AF_INET6, client)
        self.core.sendto(head + option(INTERFACE_ID, place) + option(RELAY_MESSAGE, message), (self.server, 547))

    def from_server(self):
        answer, _ = self.core.recvfrom(4096)
        if len(answer) < 34 or answer[0] != RELAY_REPLY or self.silent:
            return
        message = first(options(answer[34:]), RELAY_MESSAGE)
        client = socket.inet_ntop(socket.AF_INET6, answer[18:34])
        if len(message) < 4:
            return
        self.number += 1
        heapq.heappush(self.late, (time.monotonic() + self.delay, self.number, client, message))

    def hand_on(self, client, message):
        if message[0] == REPLY:
            for prefix in self.releases.pop((client, message[1:4]), ()):
                self.unbind(prefix)
            duid = first(options(message[4:]), CLIENT_ID).hex()
            for _, prefix, preferred, valid in prefixes(message):
                if valid:
                    self.bind(prefix, client, duid, preferred, valid)
                else:
                    self.unbind(prefix)
        self.counters[NAMES.get(message[0], "other")] += 1
        try:
            self.access.sendto(message, (client, 546, 0, self.index))
        except OSError:
            self.counters["unsent"] += 1

    def bind(self, prefix, client, duid, preferred, valid):
        until = None if valid == FOREVER else time.monotonic() + valid
        done = self.routes.add(prefix, client)
        self.leases[prefix] = {"client": client, "duid": duid, "until": until, "preferred": preferred, "valid": valid, "route": done}

    def unbind(self, prefix):
        if self.leases.pop(prefix, None):
            self.routes.remove(prefix)

    def command(self, request):
        verb = request.get("command")
        if verb == "withdraw":  # every route, or one
            for prefix in [request["prefix"]] if "prefix" in request else list(self.leases):
                self.unbind(prefix)
        elif verb == "set":
            self.silent, self.delay = request.get("silent", self.silent), float(request.get("delay", self.delay))
            self.drop, self.lost = request.get("drop", self.drop), request.get("lost", self.lost)
        elif verb != "state":
            return {"error": f"no such command: {verb}"}
        now = time.monotonic()
        return {"counters": self.counters, "waiting": len(self.late), "leases": {
            prefix: {**lease, "left": None if lease["until"] is None else round(lease["until"] - now, 3)}
            for prefix, lease in self.leases.items()}}

    def tick(self):
        """What is due by now; seconds until something is."""
        now = time.monotonic()
        while self.late and self.late[0][0] <= now:
            _, _, client, message = heapq.heappop(self.late)
            self.hand_on(client, message)
        for prefix in [p for p, lease in self.leases.items() if lease["until"] is not None and lease["until"] <= now]:
            self.unbind(prefix)
        due = [lease["until"] for lease in self.leases.values() if lease["until"] is not None] + [when for when, *_ in self.late[:1]]
        return max(0.0, min(due) - time.monotonic()) if due else None


def main():
    spec = json.loads(pathlib.Path(sys.argv[1]).read_text())
    relay = Relay(spec)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(spec["control"])
    listener.listen(16)
    selector = selectors.DefaultSelector()

    def on_control():
        client, _ = listener.accept()
        with client:
            client.settimeout(2)
            try:
                answer = relay.command(json.loads(client.makefile("rb").readline()))
            except (OSError, ValueError, KeyError) as error:
                answer = {"error": str(error)}
            try:
                client.sendall(json.dumps(answer).encode() + b"\n")
            except OSError:
                pass
    for sock, handler in ((relay.group, lambda: relay.from_client(relay.group)),
                          (relay.access, lambda: relay.from_client(relay.access)), (relay.core, relay.from_server), (listener, on_control)):
        selector.register(sock, selectors.EVENT_READ, handler)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select(relay.tick()):
            try:
                key.data()
            except (BlockingIOError, ConnectionError, OSError, struct.error) as error:
                print(f"{type(error).__name__}: {error}", flush=True)


if __name__ == "__main__":
    main()

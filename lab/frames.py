"""Ethernet frames by hand: forging some, and watching a wire."""
import ipaddress
import socket
import struct
import threading
import time

DISCOVERY, SESSION = 0x8863, 0x8864
PADT = 0xa7
ADVERTISEMENT, PREFIX_OPTION = 134, 3  # of neighbour discovery
_ALL = 0x0003
_OUTGOING = 4
DRAIN_SECONDS = 2


def mac_of(space, device):
    with space.inside():
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
            sock.bind((device, 0))
            return sock.getsockname()[4]


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def pppoe(code, session, destination, source, payload=b"", kind=DISCOVERY):
    body = struct.pack("!BBHH", 0x11, code, session, len(payload)) + payload
    return (destination + source + struct.pack("!H", kind) + body).ljust(60, b"\0")


def send(space, device, frame):
    with space.inside():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    with sock:
        sock.bind((device, 0))
        sock.send(frame)


class Watch(threading.Thread):
    """Every frame or packet that passes a device from now on: (time, outgoing, bytes). At most `limit` are kept."""

    def __init__(self, space, device, limit=200_000, protocol=_ALL):
        super().__init__(daemon=True)
        with space.inside():
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol))
        self.sock.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
        if device is not None:  # otherwise all of the namespace
            self.sock.bind((device, protocol))
        self.sock.settimeout(0.05)
        self.seen, self.limit, self.until, self.ended = [], limit, 0, threading.Event()
        self.start()

    def run(self):
        # What waits in the socket when it is told to stop has passed, too.
        while not self.ended.is_set() or time.monotonic() < self.until:
            try:
                data, origin = self.sock.recvfrom(65535)
            except socket.timeout:
                if self.ended.is_set():
                    return
                continue
            except OSError:
                return
            if len(self.seen) < self.limit:
                self.seen.append((time.monotonic(), origin[2] == _OUTGOING, data))

    def stop(self):
        self.until = time.monotonic() + DRAIN_SECONDS
        self.ended.set()
        self.join()
        self.sock.close()
        return self.seen

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.ended.is_set():
            self.stop()


def pppoe_fields(frame):
    """(ethertype, code, session, payload) of an untagged PPPoE frame, or None."""
    if len(frame) < 20:
        return None
    kind, = struct.unpack_from("!H", frame, 12)
    if kind not in (DISCOVERY, SESSION):
        return None
    _, code, session, length = struct.unpack_from("!BBHH", frame, 14)
    return kind, code, session, frame[20:20 + length]


def ipv4_fields(packet):
    """(source, destination, protocol, source port, destination port) of an IPv4 packet, or None."""
    if len(packet) < 20 or packet[0] >> 4 != 4:
        return None
    head = (packet[0] & 15) * 4
    ports = struct.unpack_from("!HH", packet, head) if packet[9] in (6, 17) and len(packet) >= head + 4 else (0, 0)
    return socket.inet_ntoa(packet[12:16]), socket.inet_ntoa(packet[16:20]), packet[9], *ports


def advertised(frame):
    """{prefix: preferred lifetime} of a router advertisement on Ethernet; None if it is none."""
    packet = frame[14:]
    if frame[12:14] != b"\x86\xdd" or len(packet) < 56 or packet[6] != 58 or packet[40] != ADVERTISEMENT:
        return None
    found, options = {}, packet[56:]
    while len(options) >= 8 and options[1]:
        if options[0] == PREFIX_OPTION and len(options) >= 32:
            preferred, = struct.unpack_from("!I", options, 8)
            found[str(ipaddress.ip_network((options[16:32], options[2])))] = preferred
        options = options[8 * options[1]:]
    return found

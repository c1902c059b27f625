"""The wire of the hostile peers: frames built by scapy once, sent and received over plain packet sockets."""
import functools
import random
import selectors
import socket

from scapy.layers.l2 import Ether
from scapy.layers.ppp import PPP, PPP_LCP, PPPoE, PPPoED, PPPoED_Tags, PPPoETag
from scapy.packet import Raw

DISCOVERY, SESSION = 0x8863, 0x8864
PADI, PADO, PADR, PADS, PADT = 0x09, 0x07, 0x19, 0x65, 0xa7
LCP, PAP, CHAP, IPCP, IPV6CP = 0xc021, 0xc023, 0xc223, 0x8021, 0x8057
NOBODY = "00:00:00:00:00:00"
SERVICE_NAME, AC_NAME, HOST_UNIQ, AC_COOKIE, RELAY_SESSION_ID = 0x0101, 0x0102, 0x0103, 0x0104, 0x0110
SERVICE_NAME_ERROR, AC_SYSTEM_ERROR, GENERIC_ERROR = 0x0201, 0x0202, 0x0203

_FORCED_BUFFER = 33  # SO_RCVBUFFORCE
_MEMBERSHIP, _PROMISCUOUS = 1, 1
_SOL_PACKET = 263


def discovery(source, destination, code, tags=(), session=0, raw=b""):
    """`raw` follows the tags, inside the PPPoE length."""
    body = PPPoED_Tags(tag_list=[PPPoETag(tag_type=kind, tag_value=value) for kind, value in tags]) if tags else Raw(b"")
    return bytes(Ether(src=source, dst=destination, type=DISCOVERY)
                 / PPPoED(code=code, sessionid=session) / body / Raw(raw)).ljust(60, b"\0")


@functools.lru_cache(maxsize=1 << 14)
def _control(source, protocol, code, number, data):
    return bytes(Ether(src=source, dst=NOBODY, type=SESSION) / PPPoE(sessionid=0)
                 / PPP(proto=protocol) / PPP_LCP(code=code, id=number, data=data)).ljust(60, b"\0")


def control(source, destination, session, protocol, code, number, data=b""):
    """A control packet of LCP, IPCP, IPv6CP, PAP or CHAP: they share the four octets of their head."""
    return in_session(_control(source, protocol, code, number, data), session, destination)


@functools.lru_cache(maxsize=1 << 12)
def _session(source, payload, length):
    return bytes(Ether(src=source, dst=NOBODY, type=SESSION) / PPPoE(sessionid=0, len=length) / Raw(payload)).ljust(60, b"\0")


def session(source, destination, number, payload, length=None):
    """Any octets behind the PPPoE head, whose length may lie."""
    return in_session(_session(source, payload, length), number, destination)


def in_session(frame, number, destination=None):
    """The frame in another session, perhaps for somebody else: scapy is too slow to make each anew."""
    to = bytes.fromhex(destination.replace(":", "")) if destination else frame[:6]
    return to + frame[6:16] + number.to_bytes(2, "big") + frame[18:]


@functools.cache
def noise(size):
    """Random octets, the same in every run."""
    return random.Random(size).randbytes(size)


def option(kind, value=b"", length=None):
    return bytes([kind, len(value) + 2 if length is None else length]) + value


class EtherWire:
    """Every PPPoE frame that reaches a device, also those for addresses that are not its own."""

    def __init__(self, device):
        self.selector = selectors.DefaultSelector()
        self.sockets = []
        for kind in (DISCOVERY, SESSION):
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(kind))
            sock.setsockopt(socket.SOL_SOCKET, _FORCED_BUFFER, 16 << 20)
            sock.bind((device, kind))
            request = socket.if_nametoindex(device).to_bytes(4, "little") + _PROMISCUOUS.to_bytes(2, "little") + bytes(10)
            sock.setsockopt(_SOL_PACKET, _MEMBERSHIP, request)
            sock.setblocking(False)
            self.selector.register(sock, selectors.EVENT_READ, sock)
            self.sockets.append(sock)
        self.send_on = self.sockets[0]

    def send(self, frame):
        """Whether the device took it."""
        try:
            self.send_on.send(frame)
            return True
        except OSError:
            return False

    def receive(self, limit=64):
        for sock in self.sockets:
            for _ in range(limit):
                try:
                    frame, origin = sock.recvfrom(16384)
                except OSError:
                    break
                if origin[2] != socket.PACKET_OUTGOING:
                    yield frame

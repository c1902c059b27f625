"""What the comparison reads from a capture: the frames of PPPoE sessions with their times, whoever sent them."""
import dataclasses
import struct

from lab import frames as ethernet
from lab import relay

PADI, PADR, PADS, PADT = 0x09, 0x19, 0x65, 0xA7
LCP, CHAP, IPCP, IPV6 = 0xC021, 0xC223, 0x8021, 0x0057
CONFIGURE_REQUEST, CONFIGURE_ACK, TERMINATE_REQUEST = 1, 2, 5
CHAP_RESPONSE = 2
UDP, DHCPV6_CLIENT = 17, (546).to_bytes(2, "big")


@dataclasses.dataclass(frozen=True)
class Frame:
    seconds: float
    source: str
    target: str
    discovery: int = 0   # PADI …, or 0 in a session
    protocol: int = 0    # of PPP
    code: int = 0        # of LCP, CHAP, IPCP


def packets(path):
    """(seconds, bytes) of each frame, as much of it as was kept."""
    data = path.read_bytes()
    magic = struct.unpack_from("<I", data)[0]
    if magic not in (0xA1B2C3D4, 0xA1B23C4D):
        raise ValueError(f"{path} is no capture of this byte order")
    unit, place = (1e-6 if magic == 0xA1B2C3D4 else 1e-9), 24
    while place + 16 <= len(data):
        seconds, part, length, _ = struct.unpack_from("<IIII", data, place)
        yield seconds + part * unit, data[place + 16:place + 16 + length]
        place += 16 + length


def frames(path):
    for seconds, packet in packets(path):
        if len(packet) < 20:
            continue
        target, source = packet[:6].hex(":"), packet[6:12].hex(":")
        kind = int.from_bytes(packet[12:14], "big")
        if kind == 0x8863:
            yield Frame(seconds, source, target, discovery=packet[15])
        elif kind == 0x8864 and len(packet) >= 23:
            yield Frame(seconds, source, target, protocol=int.from_bytes(packet[20:22], "big"), code=packet[22])


def setups(path, client):
    """Seconds from PADI to the last Configure-Ack of IPCP, for each session of this client in the capture.

    The end of the last session may not be in it yet: tcpdump hears of frames a little later.
    """
    found, begun, last = [], None, None
    for frame in frames(path):
        if client not in (frame.source, frame.target):
            continue
        if frame.discovery == PADI and begun is None:
            begun, last = frame.seconds, None
        elif frame.protocol == IPCP and frame.code == CONFIGURE_ACK and begun is not None:
            last = frame.seconds
        elif frame.discovery == PADT or (frame.protocol == LCP and frame.code == TERMINATE_REQUEST):
            if last is not None:
                found.append(last - begun)
                begun = last = None
    return found if last is None else [*found, last - begun]


def first_word_after(path, client, seconds):
    """When this client first did something other than asking for and answering echoes: it ends the session or looks for another."""
    for frame in frames(path):
        if frame.source == client and frame.seconds > seconds and \
                (frame.discovery in (PADI, PADT) or (frame.protocol == LCP and frame.code in (CONFIGURE_REQUEST, TERMINATE_REQUEST))):
            return frame.seconds
    return None


def logins(path, client):
    """When this client answered a challenge."""
    return [f.seconds for f in frames(path) if f.source == client and f.protocol == CHAP and f.code == CHAP_RESPONSE]


def discovery(path, code, seconds, **where):
    """When the first frame of this kind after `seconds` passed, from this `source` or to this `target`."""
    return next((f.seconds for f in frames(path) if f.seconds > seconds and f.discovery == code
                 and all(getattr(f, name) == address for name, address in where.items())), None)


def delegations(path, client):
    """(seconds, prefixes with a lifetime) of each DHCPv6 Reply to this client."""
    for seconds, packet in packets(path):
        if packet[:6].hex(":") != client or packet[12:14] != b"\x88\x64" or int.from_bytes(packet[20:22], "big") != IPV6:
            continue
        datagram = packet[62:]  # behind Ethernet, PPPoE, PPP and IPv6
        if packet[28] == UDP and datagram[2:4] == DHCPV6_CLIENT and datagram[8] == relay.REPLY:
            yield seconds, [prefix for _, prefix, _, valid in relay.prefixes(datagram[8:]) if valid]


def advertisements(path):
    """(seconds, {prefix: preferred lifetime}) of each router advertisement."""
    for seconds, packet in packets(path):
        told = ethernet.advertised(packet)
        if told is not None:
            yield seconds, told

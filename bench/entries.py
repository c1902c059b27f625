"""Conntrack entries by the hundred thousand, put in and counted over ctnetlink. Knows no michid."""
import socket
import struct

NETLINK_NETFILTER, CTNETLINK = 12, 1
NEW = 0
REQUEST, ACK, CREATE, EXCL = 1, 4, 0x400, 0x200
NESTED = 0x8000
TUPLE_ORIG, TUPLE_REPLY, STATUS, TIMEOUT, MARK = 1, 2, 3, 7, 8
TUPLE_IP, TUPLE_PROTO = 1, 2
IP_SRC, IP_DST = 1, 2
PROTO_NUM, PROTO_SRC, PROTO_DST = 1, 2, 3
UDP, TTL = 17, 600
CONFIRMED, SRC_NAT, SRC_NAT_DONE, DST_NAT_DONE = 8, 0x10, 0x80, 0x100
BATCH = 200


def attribute(kind, value):
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + bytes(-length % 4)


def tuple_of(kind, source, target, sport, dport):
    addresses = attribute(IP_SRC, source) + attribute(IP_DST, target)
    ports = attribute(PROTO_NUM, bytes([UDP])) + attribute(PROTO_SRC, struct.pack(">H", sport)) \
        + attribute(PROTO_DST, struct.pack(">H", dport))
    return attribute(kind | NESTED, attribute(TUPLE_IP | NESTED, addresses) + attribute(TUPLE_PROTO | NESTED, ports))


def message(kind, flags, sequence, body):
    head = struct.pack("=BBH", socket.AF_INET, 0, 0)
    return struct.pack("=IHHII", 16 + len(head) + len(body), CTNETLINK << 8 | kind, flags, sequence, 0) + head + body


def opened(space):
    with space.inside():
        return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)


def fill(space, count, mark, source, target, translated):
    """UDP entries of one host that left with `translated` as their source, all with this mark."""
    inner, outer, far = (socket.inet_aton(each) for each in (source, translated, target))
    fixed = attribute(TIMEOUT, struct.pack(">I", TTL)) + attribute(MARK, struct.pack(">I", mark)) \
        + attribute(STATUS, struct.pack(">I", CONFIRMED | SRC_NAT | SRC_NAT_DONE | DST_NAT_DONE))
    with opened(space) as sock:
        sock.settimeout(10)
        for first in range(0, count, BATCH):
            numbers = range(first, min(first + BATCH, count))
            batch = b""
            for number in numbers:
                sport, dport = 1024 + number % 60000, 20000 + number // 60000
                batch += message(NEW, REQUEST | CREATE | EXCL | (ACK if number == numbers[-1] else 0), number,
                                 tuple_of(TUPLE_ORIG, inner, far, sport, dport)
                                 + tuple_of(TUPLE_REPLY, far, outer, dport, sport) + fixed)
            sock.send(batch)
            error = -struct.unpack_from("=i", sock.recv(65536), 16)[0]
            if error:
                raise OSError(error, f"conntrack entries from the {first}th on")


def entries(space):
    """How many conntrack has in this namespace; read where nobody waits for ctnetlink."""
    with space.inside(), open("/proc/sys/net/netfilter/nf_conntrack_count") as count:
        return int(count.read())

"""Just enough of DNS (RFC 1035, RFC 3596) for a tiny authoritative server and for asking it: A, AAAA and TXT."""
import socket
import struct

A, TXT, AAAA = 1, 16, 28
FAMILY = {A: socket.AF_INET, AAAA: socket.AF_INET6}
NO_ERROR, NAME_ERROR, REFUSED = 0, 3, 5


def _name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".") if label) + b"\0"


def _read_name(data, at):
    labels, end = [], None
    for _ in range(64):
        length = data[at]
        if length & 0xc0 == 0xc0:
            end = end if end is not None else at + 2
            at = (length & 0x3f) << 8 | data[at + 1]
        elif length == 0:
            return ".".join(labels).lower(), end if end is not None else at + 1
        else:
            labels.append(data[at + 1:at + 1 + length].decode("ascii", "replace"))
            at += 1 + length
    raise ValueError("name too long")


def question(name, kind=A, number=0x4d31):
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + _name(name) + struct.pack("!2H", kind, 1)


def answer_to(query, zone, server, client):
    """`zone`: name → address or a list of them, one a family. The TXT name `who` tells which server answered and whom it saw asking."""
    number, flags, count = struct.unpack_from("!3H", query)
    if flags & 0x8000 or count != 1:
        return None
    name, at = _read_name(query, 12)
    kind, _ = struct.unpack_from("!2H", query, at)
    asked = query[12:at + 4]
    data = None
    code = NO_ERROR
    if name.split(".")[0] == "who" and kind == TXT:
        text = f"{server} {client}".encode()
        data = bytes([len(text)]) + text
    elif name in zone:
        for address in [zone[name]] if isinstance(zone[name], str) else zone[name]:
            if kind == (AAAA if ":" in address else A):
                data = socket.inet_pton(FAMILY[kind], address)
    else:
        code = NAME_ERROR
    head = struct.pack("!6H", number, 0x8400 | (flags & 0x0100) | 0x0080 | code, 1, 1 if data else 0, 0, 0)
    record = b"\xc0\x0c" + struct.pack("!2HIH", kind, 1, 0, len(data)) + data if data else b""
    return head + asked + record


def read_answer(data):
    """(code, [texts]) of an answer."""
    _, flags, questions, answers = struct.unpack_from("!4H", data)
    at = 12
    for _ in range(questions):
        _, at = _read_name(data, at)
        at += 4
    found = []
    for _ in range(answers):
        _, at = _read_name(data, at)
        kind, _, _, length = struct.unpack_from("!2HIH", data, at)
        value = data[at + 10:at + 10 + length]
        if kind in FAMILY:
            found.append(socket.inet_ntop(FAMILY[kind], value))
        elif kind == TXT:
            found.append(value[1:1 + value[0]].decode("ascii", "replace"))
        at += 10 + length
    return flags & 0xf, found

"""Attacks with LCP, before anything is up and after."""
import itertools

import ether
from concentrator import ACK, CODE_REJECT, NAK, PROTOCOL_REJECT, REJECT, REQUEST, TERMINATE, TERMINATE_ACK, Peer
from ether import CHAP, IPCP, IPV6CP, LCP, PAP, option

NULL = b""
# A peer that never agrees is heard forty times in an attempt, and its uplink dials again every two seconds at most.
STUBBORN = 150


def strange_options():
    """Bodies of Configure packets that no honest peer sends."""
    magic, mru = option(5, b"\1\2\3\4"), option(1, b"\x05\xd4")
    return [
        mru + mru, magic + magic, mru * 300, magic * 200, option(3, b"\xc2\x23\x05") * 250,
        option(1, b"", 0), option(1, b"", 1), option(1, b""), option(5, b"\1"), option(3, b"\xc2"), option(3, b""),
        mru + b"\x05", mru + b"\x05\xff\1\2", b"\x01\xff" + b"x" * 20, b"\0\0" * 500, b"\xff\2" * 700,
        b"".join(option(kind) for kind in range(256)), b"".join(option(kind, b"z" * 3) for kind in range(256)),
        option(1, b"\0\0"), option(1, b"\xff\xff"), option(5, b"\0\0\0\0"), ether.noise(1400), NULL,
    ]


class NaksForEver(Peer):
    """It Naks every request, each time with something else."""
    stage_wanted, least, most_sent = "confirmed", 10, STUBBORN

    def judge(self, protocol, number, data):
        self.turn = getattr(self, "turn", 0) + 1
        self.counts["attack"] += 1
        better = [option(1, (600 + self.turn % 800).to_bytes(2, "big")), option(5, self.turn.to_bytes(4, "big")),
                  option(3, b"\xc0\x23"), option(200, b"more")]
        self.say(protocol, NAK, number, b"".join(better[:self.turn % 4 + 1]))


class AsksForEver(Peer):
    """It asks for what cannot be granted, five hundred times a second, and never for anything else."""
    stage_wanted, least, most_sent = "confirmed", 1000, STUBBORN

    def at(self, stage):
        if stage == "confirmed":
            self.fire([self.frame(LCP, REQUEST, n, option(1, b"\0\1") + option(77, b"x" * n))
                       for n in range(1, 200)], 500)


class StrangeOptions(Peer):
    """Duplicate, empty, endless and overlapping options in every kind of Configure packet."""
    stage_wanted, least, most_sent = "confirmed", 1000, STUBBORN

    def at(self, stage):
        super().at(stage)
        if stage == "confirmed":
            self.fire([self.frame(LCP, code, n % 256, data) for n, (code, data) in
                       enumerate(itertools.product((REQUEST, NAK, REJECT, ACK), strange_options()))], 500)


class RejectsAll(Peer):
    """It rejects every option, also those that nobody asked for."""
    stage_wanted, least = "confirmed", 4

    def judge(self, protocol, number, data):
        self.counts["attack"] += 1
        self.say(protocol, REJECT, number, data)
        self.say(protocol, REJECT, number, data + option(99, b"never asked for"))


class NegotiatesAgain(Peer):
    """Once up it asks for a new negotiation, honestly, a hundred times a second."""
    stage_wanted, least, most_sent = "up", 20, STUBBORN

    def at(self, stage):
        super().at(stage)
        if stage == "up":
            self.fire([self.frame(LCP, REQUEST, n, self.wishes(LCP)) for n in range(256)], 100)


class CodeRejects(Peer):
    """A Code-Reject in answer to everything, and of every code there is."""
    stage_wanted, least, most_sent = "confirmed", 1000, 60

    def at(self, stage):
        super().at(stage)
        if stage == "confirmed":
            self.fire([self.frame(protocol, CODE_REJECT, code, bytes([code, 1, 0, 4]) + b"x" * (code * 5))
                       for code in range(0, 256, 3) for protocol in (LCP, IPCP, IPV6CP)], 300)

    def on_session(self, protocol, code, number, data):
        super().on_session(protocol, code, number, data)
        self.strike(self.frame(protocol, CODE_REJECT, self.next_number(), bytes([code, number]) + data))


class ProtocolRejects(Peer):
    """A Protocol-Reject of everything that comes and of every protocol there is."""
    stage_wanted, least, most_sent = "confirmed", 1000, 60

    def at(self, stage):
        super().at(stage)
        if stage == "lcp":
            protocols = [IPV6CP, IPCP, PAP, CHAP, LCP, 0x0021, 0x0057, 0, 0xffff, 0x80fd]
            self.fire([self.frame(LCP, PROTOCOL_REJECT, n % 256, p.to_bytes(2, "big") + b"x" * n)
                       for n in range(0, 400, 40) for p in protocols], 300)

    def on_session(self, protocol, code, number, data):
        super().on_session(protocol, code, number, data)
        self.strike(self.frame(LCP, PROTOCOL_REJECT, self.next_number(), protocol.to_bytes(2, "big") + data))


class Terminates(Peer):
    """Terminate-Requests and -Acks at another station of every session, once, or without end."""
    stage_wanted, least, most_sent = "network", 20, 60

    def at(self, stage):
        super().at(stage)
        stations = ("confirmed", "lcp", "network", "up")
        turn = self.sessions % (2 * len(stations))
        if stage != stations[turn % len(stations)]:
            return
        frames = [self.frame(protocol, code, n, b"\xffgood-bye\n" * 20) for n in range(4)
                  for protocol in (LCP, IPCP, IPV6CP) for code in (TERMINATE, TERMINATE_ACK)]
        if turn < len(stations):
            self.strike(frames[0])
        else:
            self.fire(frames, 200)

    def confirm(self, echoed):
        self.hold_fire()
        super().confirm(echoed)

    def on_terminate(self, number):
        self.counts["ignored"] += 1


WORLD = {
    "naks-for-ever": NaksForEver, "asks-for-ever": AsksForEver, "strange-options": StrangeOptions,
    "rejects-all": RejectsAll, "negotiates": NegotiatesAgain, "code-rejects": CodeRejects,
    "proto-rejects": ProtocolRejects, "terminates": Terminates,
}

"""Attacks inside a session: authentication, the network protocols, and what comes once it is up."""
import itertools
import struct

import ether
from attacks_lcp import STUBBORN, strange_options
from concentrator import ACK, DISCARD, ECHO, ECHO_REPLY, NAK, REJECT, REQUEST, Peer, options_of
from ether import CHAP, IPCP, IPV6CP, LCP, PAP, option

ANSWERS = 200  # a second: the daemon's own limit for one session, see docs/rfc.md


class Challenges(Peer):
    """Challenges without end and never a verdict."""
    stage_wanted, least, most_sent = "lcp", 4000, ANSWERS + 60

    def challenge(self):
        self.fire([self.frame(CHAP, 1, n % 256, b"\x10" + ether.noise(16 + n)[:16] + b"hostile" * (n % 30)) for n in range(64)], 1500)

    def on_chap(self, code, number, data):
        self.counts["answers"] += 1


class ChallengesAgain(Peer):
    """It is honest until the session is up, and then challenges without end."""
    stage_wanted, least, most_sent = "up", 4000, ANSWERS + 60

    def at(self, stage):
        super().at(stage)
        if stage == "up":
            self.fire([self.frame(CHAP, 1, n % 256, b"\x10" + ether.noise(16 + n)[:16] + b"hostile") for n in range(64)], 1500)

    def on_chap(self, code, number, data):
        if self.now_at != "up":
            super().on_chap(code, number, data)


class AuthGarbage(Peer):
    """Challenges of no size and of every size, verdicts for nobody, PAP where CHAP was agreed."""
    stage_wanted, least, most_sent = "lcp", 2000, ANSWERS + 60

    def challenge(self):
        bodies = [b"", b"\0", b"\xff", b"\xff" * 300, b"\x10short", b"\0name only", b"\xff" + ether.noise(255), b"S=" + b"0" * 400,
                  b"E=691 R=1 C=" + b"f" * 600 + b" V=3", ether.noise(1400)]
        self.fire([self.frame(protocol, code, n, body) for n in (0, 7) for body in bodies
                   for protocol, codes in ((CHAP, (1, 2, 3, 0, 200)), (PAP, (1, 2, 9))) for code in codes], 700)

    def on_chap(self, code, number, data):
        self.counts["answers"] += 1


class IpcpRejects(Peer):
    """It rejects every IPCP and IPv6CP request."""
    stage_wanted, least = "network", 8

    def judge(self, protocol, number, data):
        if protocol == LCP:
            return super().judge(protocol, number, data)
        self.counts["attack"] += 1
        self.say(protocol, REJECT, number, data or option(3, bytes(4)))


class IpcpNaks(Peer):
    """Every IPCP and IPv6CP request is answered with another address."""
    stage_wanted, least, most_sent = "network", 20, STUBBORN

    def judge(self, protocol, number, data):
        if protocol == LCP:
            return super().judge(protocol, number, data)
        self.counts["attack"] += 1
        turn = self.counts["attack"].to_bytes(8, "big")
        self.say(protocol, NAK, number, b"".join(option(one[0], turn[10 - len(one):]) for one in options_of(data)))


class StrangeNetworkOptions(Peer):
    """Strange options of IPCP and IPv6CP, among an honest negotiation."""
    stage_wanted, least, most_sent, protocol = "network", 1000, ANSWERS + 60, IPCP

    def at(self, stage):
        super().at(stage)
        if stage != "network":
            return
        own = [option(3, b"\0\0\0\0"), option(3, b"\xff\xff\xff\xff"), option(3, b"\x7f\0\0\1"), option(3, b"\xe0\0\0\1"),
               option(3, b"\1\2"), option(129, b""), option(129, b"\1\2\3\4" * 9), option(2, b"\0\x2d\x0f\1"),
               option(1, bytes(8)), option(1, b"\xff" * 8), option(1, b"\1"), option(3, b"\1\2\3\4") * 200]
        self.fire([self.frame(self.protocol, code, n % 256, data) for n, (code, data) in
                   enumerate(itertools.product((REQUEST, NAK, REJECT, ACK), own + strange_options()))], 500)


class StrangeInterfaceIds(StrangeNetworkOptions):
    """The same in IPv6CP."""
    protocol = IPV6CP


class Echoes(Peer):
    """Three thousand Echo-Requests a second, short ones and long ones."""
    stage_wanted, least, most_sent = "up", 10000, ANSWERS + 60

    def at(self, stage):
        super().at(stage)
        if stage == "up":
            self.fire([self.frame(LCP, ECHO, n, b"\1\2\3\4" + b"x" * (n * 5)) for n in range(256)], 3000)


class EchoReplies(Peer):
    """Echo-Replies that nobody asked for, and Discard-Requests."""
    stage_wanted, least = "up", 5000

    def at(self, stage):
        super().at(stage)
        if stage == "up":
            self.fire([self.frame(LCP, code, n, data) for n in range(0, 256, 2) for code in (ECHO_REPLY, DISCARD)
                       for data in (b"", b"\1\2\3\4", ether.noise(4), b"\1\2\3\4" + b"x" * 900)], 1500)


class UnknownCodes(Peer):
    """Every code of every control protocol that has no meaning, three thousand a second."""
    stage_wanted, least, most_sent = "up", 10000, ANSWERS + 60

    def at(self, stage):
        super().at(stage)
        if stage == "up":
            self.fire([self.frame(protocol, code, code, ether.noise(code * 5)) for code in (0, *range(14, 256))
                       for protocol in (LCP, IPCP, IPV6CP)], 3000)


class UnknownProtocols(Peer):
    """Every control protocol that michi does not speak, three thousand a second."""
    stage_wanted, least, most_sent = "up", 10000, ANSWERS + 60

    def at(self, stage):
        super().at(stage)
        if stage == "up":
            self.fire([self.frame(protocol, 1, 1, ether.noise(400)) for protocol in range(0x80fd, 0xc020, 0x40)], 3000)


class Garbage(Peer):
    """Behind its PADS: random octets, lengths that lie, VLAN tags, jumbo frames, foreign versions."""
    stage_wanted, least, most_sent = "confirmed", 5000, 60

    def at(self, stage):
        super().at(stage)
        if stage != "confirmed":
            return
        frames = []
        for size in (0, 1, 2, 3, 5, 6, 45, 46, 47, 200, 1400, 1492, 1494, 4000, 8900):
            for head in (b"", b"\xc0\x21", b"\x80\x21", b"\xc2\x23", b"\x00\x21", b"\x00\x57", b"\x21"):
                for length in (None, 0, 1, len(head) + size + 1, 0xffff):
                    frames.append(ether.session(self.mac, self.client, self.sid, head + ether.noise(size), length))
        lcp = self.frame(LCP, ECHO, 1, b"\1\2\3\4")
        for tags in (b"\x81\x00\x00\x05", b"\x88\xa8\x00\x05\x81\x00\x00\x06", b"\x81\x00\x00\x00"):
            frames.append(lcp[:12] + tags + lcp[12:])
        for version in (0x00, 0x12, 0x21, 0xff):
            frames.append(lcp[:14] + bytes([version]) + lcp[15:])
        for length in (0, 3, 4, 5, 0xffff):  # the control packet's own
            frames.append(lcp[:24] + struct.pack("!H", length) + lcp[26:])
        frames += [lcp[:cut] for cut in range(14, 30)]
        self.fire(frames, 1500)


AUTH = {
    "challenges": Challenges, "challenges-up": ChallengesAgain, "auth-garbage": AuthGarbage,
    "ipcp-rejects": IpcpRejects, "ipcp-naks": IpcpNaks, "ipcp-options": StrangeNetworkOptions,
    "ipv6cp-options": StrangeInterfaceIds,
}
OPEN = {
    "echoes": Echoes, "echo-replies": EchoReplies, "unknown-codes": UnknownCodes, "unknown-protos": UnknownProtocols,
    "garbage": Garbage,
}

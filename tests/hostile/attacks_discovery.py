"""Attacks with discovery frames, by a concentrator that was asked."""
import struct

import ether
from concentrator import Peer
from ether import AC_COOKIE, GENERIC_ERROR, HOST_UNIQ, PADO, PADS, PADT, RELAY_SESSION_ID, SERVICE_NAME


class Mute(Peer):
    """It offers and confirms, and never says a word of PPP."""
    stage_wanted, least = "confirmed", 2

    def on_session(self, protocol, code, number, data):
        self.counts["attack"] += 1


class NoConfirmation(Peer):
    """It offers and never confirms."""
    stage_wanted, least = "offered", 2

    def confirm(self, echoed):
        self.counts["attack"] += 1


class FourSecondsLate(Peer):
    """It is honest, four seconds late with everything, and repeats itself every three."""
    stage_wanted, least, late = "confirmed", 2, 4.0
    again = 3.0
    settings = {"connect-timeout": '"60s"'}

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.waiting = []

    def on_discovery(self, *what):
        self.waiting.append((self.now + self.late, super().on_discovery, what))

    def on_session(self, *what):
        self.waiting.append((self.now + self.late, super().on_session, what))

    def pump(self, now):
        super().pump(now)
        while self.waiting and self.waiting[0][0] <= now:
            _, act, what = self.waiting.pop(0)
            self.counts["attack"] += 1
            act(*what)


class LongCookie(Peer):
    """Cookies of 1,400 octets, which fit a PADR, and longer ones, which do not; the session ends at once and comes again."""
    stage_wanted, least = "confirmed", 4

    def offer(self, echoed):
        self.turn = getattr(self, "turn", 0) + 1
        tags = self.names() + echoed + [(AC_COOKIE, ether.noise(1400))]
        if self.turn % 4 == 0:
            tags = self.names() + echoed + [(AC_COOKIE, ether.noise(1400)), (RELAY_SESSION_ID, ether.noise(60))]
        self.counts["attack"] += 1
        self.tell(PADO, tags)
        self.reach("offered")

    def at(self, stage):
        if stage == "confirmed":
            self.tell(PADT, self.names() + [(GENERIC_ERROR, b"\xff\n\x1b[2J" * 230)], self.sid)


class BrokenTags(Peer):
    """Offers and confirmations with tags that lie about their length, end too early, never end, or are thousands."""
    stage_wanted, least, pace = "offered", 1000, 400

    def offer(self, echoed):
        self.reach("offered")
        if self.now - getattr(self, "made", 0) < 3:
            return
        self.made = self.now
        uniq = next((value for kind, value in echoed if kind == HOST_UNIQ), b"")
        good = b"".join(struct.pack("!HH", kind, len(value)) + value for kind, value in self.names() + echoed)
        tails = [
            b"\x01", b"\x01\x04", b"\x01\x04\x00",                      # half a head
            b"\x01\x04\xff\xff", b"\x01\x04\x00\x09abc",                # beyond the PPPoE length
            b"\x01\x03\x00\x41" + uniq, b"\x01\x02\x80\x00" + b"x" * 32,
            b"\x01\x20\x00\x01\x05", b"\x01\x20\x00\x00", b"\x01\x20\x00\x04\xff\xff\xff\xff",
            b"\x02\x03\x00\x00", b"\x02\x03\x05\x00" + b"\xff" * 1280,  # errors without and with a flood of words
        ]
        crowds = [b"\x01\x05\x00\x00" * 350, b"\x01\x01\x00\x00" * 350, b"\x02\x01\x00\x01!" * 280,
                  b"".join(struct.pack("!HH", kind, 0) for kind in range(0x8000, 0x8000 + 340))]
        after_end = b"\x00\x00\x00\x00" + good + b"\x01\x04\xff\xff"
        bodies = [good + tail for tail in tails] + crowds + [after_end, good[:-3], ether.noise(900)]
        frames = []
        for code in (PADO, PADS):
            for body in bodies:
                frames.append(ether.discovery(self.mac, self.client, code, raw=body, session=0x7777 if code == PADS else 0))
                # The PPPoE length says more, or less, than there is.
                for length in (0, 3, 0xffff, len(body) + 1):
                    lying = bytearray(frames[-1])
                    lying[18:20] = struct.pack("!H", length)
                    frames.append(bytes(lying))
            frames.append(ether.discovery(self.mac, self.client, code, raw=b"\x01\x05\x00\x00" * 2000))  # a jumbo frame
        self.fire(frames, self.pace)


class Refusals(Peer):
    """It confirms with every error, with long words, and with the session numbers that are none."""
    stage_wanted, least = "offered", 3

    def confirm(self, echoed):
        self.turn = getattr(self, "turn", 0) + 1
        self.counts["attack"] += 1
        words = b"\xff\xfe\0\n" + b"%s%n" * 300
        kinds = (ether.SERVICE_NAME_ERROR, ether.AC_SYSTEM_ERROR, GENERIC_ERROR)
        if self.turn % 5 < 3:
            self.tell(PADS, echoed + [(kinds[self.turn % 5], words)], (0, 0x4444)[self.turn % 2])
        else:
            self.tell(PADS, self.names() + echoed, (0, 0xffff)[self.turn % 2])


class PadtLoop(Peer):
    """It lets every session come up and ends it at once."""
    stage_wanted, least = "up", 2

    def at(self, stage):
        super().at(stage)
        if stage == "up":
            self.counts["attack"] += 1
            self.tell(PADT, session=self.sid)


class ManyConfirmations(Peer):
    """It confirms everything again and again, with another session number each time."""
    stage_wanted, least, most_sent = "confirmed", 1000, 60

    def confirm(self, echoed):
        super().confirm(echoed)
        frame = ether.discovery(self.mac, self.client, PADS, [(SERVICE_NAME, self.name.encode())] + echoed)
        self.fire([ether.in_session(frame, sid) for sid in range(0x6000, 0x6100)], 400)


WORLD = {
    "mute": Mute, "no-confirm": NoConfirmation, "four-s-late": FourSecondsLate, "long-cookie": LongCookie,
    "broken-tags": BrokenTags, "refusals": Refusals, "padt-loop": PadtLoop, "confirmations": ManyConfirmations,
}

"""A small honest access concentrator for one uplink, driven by scapy; the attacks override what it does honestly.

It serves the one service that has its name, so that many of them share a wire, each with its own uplink.
"""
import collections
import os

import ether
from ether import CHAP, IPCP, IPV6CP, LCP

REQUEST, ACK, NAK, REJECT, TERMINATE, TERMINATE_ACK, CODE_REJECT = range(1, 8)
PROTOCOL_REJECT, ECHO, ECHO_REPLY, DISCARD = range(8, 12)
NETWORKS = (IPCP, IPV6CP)


class Peer:
    """What a test says of an attack stands in the class: see README.md."""
    most_sent = 25      # frames a second the daemon may send to it, on the average
    least = 20          # frames of the attack; fewer are no attack
    stage_wanted = "silence"  # how far the daemon must have come with it
    again = 1.0         # seconds until an unanswered request of its own is repeated
    settings = {}       # of its uplink, other than those of world.py
    stages = ("silence", "offered", "confirmed", "lcp", "network", "up")

    def __init__(self, wire, name, number):
        self.wire, self.name, self.number = wire, name, number
        self.mac = f"02:aa:00:00:00:{number:02x}"
        self.raw_mac = bytes.fromhex(self.mac.replace(":", ""))
        self.client, self.sid = "ff:ff:ff:ff:ff:ff", 0
        self.counts = collections.Counter()
        self.furthest, self.ammunition, self.rate, self.fired = "silence", [], 0.0, 0
        self.due, self.sessions, self.confirmed = 0.0, 0, None
        self.begin(0)

    def begin(self, sid):
        """A session that has said nothing yet."""
        self.sid = sid
        self.acked = set()     # protocols whose request of ours was acknowledged
        self.agreed = set()    # protocols whose request of theirs was acknowledged
        self.asked = {}        # protocol → when we asked last
        self.now_at = "silence"
        self.number_sent = 0

    # What it says.
    def send(self, frame):
        self.counts["sent"] += 1
        return self.wire.send(frame)

    def tell(self, code, tags=(), session=0, raw=b""):
        return self.send(ether.discovery(self.mac, self.client, code, tags, session, raw))

    def say(self, protocol, code, number, data=b""):
        return self.send(self.frame(protocol, code, number, data))

    def frame(self, protocol, code, number, data=b""):
        return ether.control(self.mac, self.client, self.sid, protocol, code, number, data)

    def next_number(self):
        self.number_sent = self.number_sent % 255 + 1
        return self.number_sent

    def ask(self, protocol, now=None):
        self.asked[protocol] = now or self.now
        self.acked.discard(protocol)
        self.say(protocol, REQUEST, self.next_number(), self.wishes(protocol))

    def wishes(self, protocol):
        if protocol == LCP:
            return ether.option(1, (1492).to_bytes(2, "big")) + ether.option(3, b"\xc2\x23\x05") + ether.option(5, b"\1\2\3\4")
        if protocol == IPCP:
            return ether.option(3, bytes([100, 64, self.number, 1]))
        return ether.option(1, bytes([2, 0, 0, 0, 0, 0, 0, self.number]))

    # What it does at each station; attacks begin here.
    def reach(self, stage):
        self.now_at = stage
        if self.stages.index(stage) > self.stages.index(self.furthest):
            self.furthest = stage
        self.counts[stage] += 1
        self.at(stage)

    def at(self, stage):
        if stage == "network":
            for protocol in NETWORKS:
                self.ask(protocol)

    def hears(self, target, code, service):
        """Whether a frame is for it, and whether it counts as one that was sent to it."""
        return target == self.raw_mac or (code == ether.PADI and service == self.name)

    # Discovery.
    def on_discovery(self, client, code, session, tags):
        echoed = [(kind, value) for kind, value in tags if kind in (ether.HOST_UNIQ, ether.RELAY_SESSION_ID)]
        if code == ether.PADI:
            self.client = client
            self.offer(echoed)
        elif code == ether.PADR:
            self.client = client
            self.confirm(echoed)
        elif code == ether.PADT and session == self.sid:
            self.begin(0)

    def names(self):
        return [(ether.SERVICE_NAME, self.name.encode()), (ether.AC_NAME, b"hostile")]

    def offer(self, echoed):
        self.tell(ether.PADO, self.names() + echoed)
        self.reach("offered")

    def confirm(self, echoed):
        if echoed != self.confirmed:  # else a PADR that was sent again
            self.sessions = self.sessions % 999 + 1
            self.confirmed = echoed
            self.begin(self.number * 1000 + self.sessions)
        self.tell(ether.PADS, self.names() + echoed, self.sid)
        self.reach("confirmed")

    # The session.
    def on_session(self, protocol, code, number, data):
        if protocol == LCP:
            self.on_lcp(code, number, data)
        elif protocol == CHAP:
            self.on_chap(code, number, data)
        elif protocol in NETWORKS:
            self.on_network(protocol, code, number, data)

    def on_lcp(self, code, number, data):
        if code == REQUEST:
            if LCP in self.agreed and LCP in self.acked:  # it negotiates again
                self.begin(self.sid)
            self.judge(LCP, number, data)
            if LCP not in self.asked:
                self.ask(LCP)
            self.look(LCP)
        elif code == ACK:
            self.acked.add(LCP)
            self.look(LCP)
        elif code in (NAK, REJECT):
            self.ask(LCP)
        elif code == TERMINATE:
            self.on_terminate(number)
        elif code == ECHO:
            self.say(LCP, ECHO_REPLY, number, b"\1\2\3\4" + data[4:])

    def on_terminate(self, number):
        self.say(LCP, TERMINATE_ACK, number)
        self.begin(self.sid)

    def judge(self, protocol, number, data):
        """Their wishes, granted; an IPv4 address is put right first."""
        if protocol == IPCP:
            others = b"".join(o for o in options_of(data) if o[0] != 3)
            if others:
                return self.say(protocol, REJECT, number, others)
            right = ether.option(3, bytes([100, 64, self.number, 2]))
            if data != right:
                return self.say(protocol, NAK, number, right)
        self.say(protocol, ACK, number, data)
        self.agreed.add(protocol)

    def look(self, protocol):
        if protocol not in self.acked or protocol not in self.agreed:
            return
        if protocol == LCP and self.now_at in ("silence", "confirmed"):
            self.reach("lcp")
            self.challenge()
        elif protocol == IPCP and self.now_at == "network":
            self.reach("up")

    def challenge(self):
        self.asked[CHAP] = self.now
        self.say(CHAP, 1, self.next_number(), b"\x10" + os.urandom(16) + b"hostile")

    def on_chap(self, code, number, data):
        if code == 2:
            self.asked.pop(CHAP, None)
            self.say(CHAP, 3, number, b"welcome")
            if self.now_at == "lcp":
                self.reach("network")

    def on_network(self, protocol, code, number, data):
        if code == REQUEST:
            if self.now_at == "lcp":
                return
            self.judge(protocol, number, data)
            if protocol not in self.asked:
                self.ask(protocol)
        elif code == ACK:
            self.acked.add(protocol)
        elif code in (NAK, REJECT):
            return
        elif code == TERMINATE:
            self.say(protocol, TERMINATE_ACK, number)
        self.look(protocol)

    # The attack's own pace.
    def fire(self, frames, rate):
        """These, one after the other and again from the first, `rate` a second."""
        self.ammunition, self.rate, self.due = list(frames), rate, self.now

    def hold_fire(self):
        self.ammunition = []

    def pump(self, now):
        self.now = now
        for protocol, when in list(self.asked.items()):
            if self.sid and protocol not in self.acked and now - when > self.again:
                self.challenge() if protocol == CHAP else self.ask(protocol, now)
        if not self.ammunition:
            return
        ready = min(int((now - self.due) * self.rate), 400)
        for _ in range(ready):
            self.counts["attack"] += self.wire.send(self.ammunition[self.fired % len(self.ammunition)])
            self.fired += 1
        self.due = now if ready == 400 else self.due + ready / self.rate

    def strike(self, frame):
        """One frame of the attack."""
        self.counts["attack"] += 1
        return self.wire.send(frame)

    def honest(self):
        """The same concentrator without its attack, in the middle of whatever there is."""
        good = Peer(self.wire, self.name, self.number)
        good.begin(self.sid)
        good.client, good.sessions, good.now = self.client, self.sessions, self.now
        return good


def options_of(data):
    """The options of a well-formed request, whole."""
    found = []
    while len(data) >= 2 and data[1] >= 2:
        found.append(data[:data[1]])
        data = data[data[1]:]
    return found

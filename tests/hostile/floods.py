"""Floods of an intruder on the wire: nobody asked him, and no session is his."""
import os
import random
import struct

import ether
from concentrator import Peer
from ether import AC_COOKIE, AC_NAME, HOST_UNIQ, LCP, PADI, PADO, PADR, PADS, PADT, SERVICE_NAME

FAST = 4000  # frames a second of each


STRANGERS = bytes.fromhex("02bb0000")


def stranger(n):
    return f"02:bb:00:00:{n >> 8 & 255:02x}:{n & 255:02x}"


class Flood(Peer):
    """He knows the router's address and the numbers of its sessions; he does not have their peers' address."""
    stage_wanted, least, most_sent, pace = "silence", 10000, 0, FAST

    def aim(self, client, sessions):
        self.client = client
        self.fire(self.frames(client, sessions), self.pace)

    def hears(self, target, code, service):
        return target.startswith(STRANGERS)

    def on_discovery(self, *what):
        pass

    def on_session(self, *what):
        pass

    def honest(self):
        return None


class Offers(Flood):
    """PADOs from a thousand addresses, with and without a Host-Uniq."""

    def frames(self, client, sessions):
        return [ether.discovery(stranger(n), client, PADO, [(SERVICE_NAME, b""), (AC_NAME, b"isp-%d" % n),
                                                            (HOST_UNIQ, os.urandom(8)), (AC_COOKIE, os.urandom(n))][:2 + n % 3])
                for n in range(1000)]


class OffersAtFullSpeed(Offers):
    """The same as fast as the sender can."""
    least, pace = 150_000, 1_000_000


class Confirmations(Flood):
    """PADSes for nobody."""

    def frames(self, client, sessions):
        return [ether.discovery(stranger(n), client, PADS, [(SERVICE_NAME, b""), (HOST_UNIQ, os.urandom(8))][:n % 3],
                                n or 1) for n in range(1000)]


class Farewells(Flood):
    """PADTs for every session there is, from others than its peer; and for none that there is."""

    def frames(self, client, sessions):
        return [ether.discovery(stranger(n), client, PADT, [(ether.GENERIC_ERROR, b"go away")][:n % 2],
                                sessions[n // 2 % len(sessions)] if n % 2 else random.randrange(65536)) for n in range(1000)]


class BrokenDiscovery(Flood):
    """Discovery frames cut anywhere, with any code."""

    def frames(self, client, sessions):
        whole = ether.discovery(stranger(1), client, PADO, [(SERVICE_NAME, b""), (AC_NAME, b"isp-a"), (HOST_UNIQ, bytes(8)),
                                                            (AC_COOKIE, bytes(1400))])
        cut = [whole[:n] for n in range(14, 60)] + [whole[:n] for n in range(60, len(whole), 40)]
        codes = [whole[:15] + bytes([code]) + whole[16:200] for code in range(256)]
        clients = [ether.discovery(stranger(n), client, code, [(SERVICE_NAME, b"")]) for n in range(50) for code in (PADI, PADR)]
        return cut + codes + clients


class ForgedOffers(Flood):
    """To every PADI that is heard, offers from three hundred addresses with its Host-Uniq and a name that is wanted."""
    least, most_sent = 250, 40

    def aim(self, client, sessions):
        self.client = client

    def hears(self, target, code, service):
        return code == PADI or super().hears(target, code, service)

    def on_discovery(self, client, code, session, tags):
        if code != PADI:
            return
        uniq = [(kind, value) for kind, value in tags if kind == HOST_UNIQ]
        for n in range(300):
            self.strike(ether.discovery(stranger(2000 + n), client, PADO,
                                        [(SERVICE_NAME, b""), (AC_NAME, b"isp-a"), *uniq, (AC_COOKIE, bytes(16))]))


class StrangersControl(Flood):
    """Control packets in every session there is, from others than its peer, and in none that there is."""

    def frames(self, client, sessions):
        return [ether.control(stranger(n), client, sessions[n // 3 % len(sessions)] if n % 3 else random.randrange(65536), LCP,
                              n % 14, n % 256, b"\1\2\3\4" + os.urandom(n)) for n in range(1000)]


class StrangersData(Flood):
    """User packets in the same way."""

    def frames(self, client, sessions):
        packet = bytes.fromhex("4500001c000000004011") + bytes(10) + bytes(8)
        return [ether.session(stranger(n), client, sessions[n // 3 % len(sessions)] if n % 3 else random.randrange(65536),
                              b"\0\x21" + packet + os.urandom(n)) for n in range(1000)]


class Misshapen(Flood):
    """VLAN tags, jumbo frames and lengths that lie, of both types."""

    def frames(self, client, sessions):
        frames = []
        for n in range(300):
            frame = bytearray(ether.control(stranger(n), client, sessions[n // 3 % len(sessions)], LCP, 9, n % 256, os.urandom(n * 20)))
            if n % 3 == 0:
                frame[12:12] = struct.pack("!HH", 0x8100, n)
            elif n % 3 == 1:
                struct.pack_into("!H", frame, 18, n * 200)
            frames.append(bytes(frame))
        return frames


DISCOVERY = {"flood-offers": Offers, "flood-confirms": Confirmations, "flood-farewells": Farewells,
             "flood-broken": BrokenDiscovery}
FAST_OFFERS = {"full-speed": OffersAtFullSpeed}
FORGED = {"forged-offers": ForgedOffers}
SESSION = {"flood-control": StrangersControl, "flood-data": StrangersData, "flood-shapes": Misshapen}

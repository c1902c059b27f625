"""Full-size packets pass, larger ones are refused with a reason, and TCP never needs to learn that."""
import errno
import socket

import pytest
from lab import frames, probe
from lab.world import ECHO, WEB

WORLD = {"start": False}
HEADER = 28


def largest(space, size):
    """Sends a datagram of `size` IP bytes with DF; the echo's answer or the error."""
    with space.inside():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        sock.settimeout(1)
        sock.setsockopt(socket.IPPROTO_IP, 10, 2)  # IP_MTU_DISCOVER, IP_PMTUDISC_DO
        sock.connect((ECHO, 7))
        sock.send(b"x" * (size - HEADER))
        return len(sock.recv(4096))


@pytest.mark.parametrize("mtu", [1454, 1492, 1500])
def test_the_mtu_holds_on_the_wire(lab, mtu):
    world, router = lab.world, lab.router
    if mtu > 1492:
        lab.ac("isp-a").kill()
        world.switch.ip("link set router-wan mtu 1508", "link set isp-a mtu 1508", "link set wan mtu 1508")
        router.space.ip("link set wan0 mtu 1508")
        lab.ac("isp-a").space.ip("link set wire mtu 1508")
        lab.ac("isp-a").mtu = 1500
        lab.ac("isp-a").start()
    router.write_config(f"""
[uplink.isp]
kind = "pppoe"
interface = "wan0"
user = "user@isp-a.example"
ac-name = "isp-a"
mtu = {mtu}
[lan.home]
interface = "lan0"
address = "192.168.10.1/24"
""")
    router.start()
    router.wait_up("isp")
    with frames.Watch(lab.ac("isp-a").space, "wire") as watch:
        for space in (router.space, world.lan_a):
            # The answer carries a name and an address more than the question, so ask a little below.
            assert largest(space, mtu - 40) > 0
            if mtu < 1500:
                with pytest.raises(OSError) as refused:
                    largest(space, mtu + 1)
                    largest(space, mtu + 1)
                assert refused.value.errno == errno.EMSGSIZE
        probe.pour(world.lan_a, WEB, 7, 200_000)
        probe.ask_udp(world.lan_a, ECHO, 7)
    sessions = [f for _, _, f in watch.seen if (frames.pppoe_fields(f) or (0,))[0] == frames.SESSION]
    assert len(sessions) > 2 * 200_000 // mtu
    assert max(len(f) for f in sessions) == mtu + 22, "the largest frame is not the MTU's"

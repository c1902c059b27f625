"""A wire that loses a fifth of the frames: sessions come up and stay up."""
from harness import wait_until
from lab import frames, probe
from lab.world import ADDRESS, ECHO

# A concentrator whose peer's last Configure-Ack was lost counts the session's own address as foreign until it is
# sent again; so the wire itself is looked at here.
WORLD = {"laws": False}


def test_sessions_come_up_over_a_lossy_wire(lab):
    router = lab.router
    router.wait_up("isp", "office", "flets")
    for ac in lab.world.acs.values():
        ac.lose(20)
    with frames.Watch(router.space, "wan0") as watch:
        for name in ADDRESS:
            router.michi("redial", name)
        router.wait_up("isp", "office", "flets", seconds=60)
        wait_until(lambda: asks(lab), 20, "an echo comes through isp")
    sent = [frames.pppoe_fields(frame) for _, outgoing, frame in watch.seen if outgoing]
    packets = [f[3][2:] for f in sent if f and f[0] == frames.SESSION and f[3][:2] == b"\0\x21"]
    sources = {frames.ipv4_fields(packet)[0] for packet in packets}
    assert ADDRESS["isp"] in sources and sources <= set(ADDRESS.values()), sources


def asks(lab):
    try:
        return probe.ask_udp(lab.world.lan_a, ECHO, 7, timeout=0.3, tries=3)[1] == ADDRESS["isp"]
    except probe.NoReply:
        return False

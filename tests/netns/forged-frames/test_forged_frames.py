"""Frames of strangers end no session, and strangers' sessions are left alone."""
from harness import wait_until
from lab import frames, probe
from lab.world import ADDRESS, ECHO


def test_a_padt_from_another_mac_ends_nothing(lab):
    router, world = lab.router, lab.world
    router.wait_up("isp", "office", "flets")
    session = router.uplink("isp")["session"]["id"]
    ours, stranger = frames.mac_of(router.space, "wan0"), frames.mac_of(world.switch, "wan")
    peer = frames.mac_of(lab.ac("isp-a").space, "wire")
    stream = probe.Stream(world.lan_a, ECHO, 7, period=0.002)
    for source, number in ((stranger, session), (peer, session ^ 0x0f0f), (b"\2\0\0\0\0\1", session)):
        for kind in (frames.DISCOVERY, frames.SESSION):
            frames.send(world.switch, "router-wan", frames.pppoe(frames.PADT, number, ours, source, kind=kind))
    # A Terminate-Request of a stranger in our session.
    request = bytes.fromhex("c021" "05010004")
    frames.send(world.switch, "router-wan", frames.pppoe(0, session, ours, stranger, request, frames.SESSION))
    probe.ask_tcp(world.lan_a, ECHO, 7)
    stream.stop()
    assert router.uplink("isp")["session"]["id"] == session
    assert stream.lost() == 0


def test_frames_of_a_foreign_session_on_the_wire_are_not_answered(lab):
    router, world = lab.router, lab.world
    router.wait_up("isp", "office", "flets")
    ours, foreign = frames.mac_of(router.space, "wan0"), b"\2\0\0\0\0\x77"
    peer = frames.mac_of(lab.ac("isp-a").space, "wire")
    with frames.Watch(router.space, "wan0") as watch:
        echo = bytes.fromhex("c021" "09010008" "00000000")
        for destination in (foreign, ours):
            frames.send(world.switch, "router-wan", frames.pppoe(0, 0x7abc, destination, peer, echo, frames.SESSION))
            frames.send(world.switch, "router-wan", frames.pppoe(0x65, 0x7abc, destination, peer))
        assert probe.ask_udp(world.lan_a, ECHO, 7)[1] == ADDRESS["isp"]
    answers = [f for _, out, f in watch.seen if out and frames.pppoe_fields(f) and frames.pppoe_fields(f)[2] == 0x7abc]
    assert answers == [], f"answered: {[a.hex() for a in answers]}"


def test_a_real_padt_ends_the_session_and_it_is_dialled_again(lab):
    router = lab.router
    router.wait_up("isp", "office")
    session = router.uplink("isp")["session"]["id"]
    ours, peer = frames.mac_of(router.space, "wan0"), frames.mac_of(lab.ac("isp-a").space, "wire")
    frames.send(lab.world.switch, "router-wan", frames.pppoe(frames.PADT, session, ours, peer))
    ended = router.wait_event("uplink.lost", uplink="isp")
    assert ended["fields"].get("reason") == "peer-terminated", ended
    router.wait_up("isp", seconds=15)
    wait_until(lambda: probe.ask_tcp(lab.world.lan_a, ECHO, 7)[1] == ADDRESS["isp"], 5, "new flows take isp again")

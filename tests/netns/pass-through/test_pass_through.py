"""Hosts of a LAN dial over the router's line; what is not theirs does not cross, and the router's own sessions stay."""
import socket
import struct

import pytest
from harness import wait_until
from lab import frames, probe
from lab.frames import pppoe, pppoe_fields
from lab.router import CliFailed, Router
from lab.world import ADDRESS, ECHO, WEB

WORLD = {"start": False}
OWN = tuple(ADDRESS)
PADI, PADO, PADR, PADS, PADT = 0x09, 0x07, 0x19, 0x65, 0xa7
EVERYBODY = b"\xff" * 6
ANY_SERVICE = struct.pack("!HH", 0x0101, 0)
# The netdev tables of others, of the same shape as michi's.
OTHERS = ("add table netdev others; add chain netdev others in { type filter hook ingress device wan0 priority 5; };"
          "add rule netdev others in counter; add table inet others")
DIALLED = """
[uplink.second]
kind = "pppoe"
interface = "eth0"
user = "second@isp-a.example"
ac-name = "isp-a"
mtu = 1492
"""


def start_router(lab, settles=True, lan="lan0"):
    """One session of the contract is left."""
    router = lab.router
    router.write_config(lab.edit(("sessions = 3", 'sessions = 4\npass-through = ["home"]'),
                                 ('interface = "lan0"', f'interface = "{lan}"')))
    router.space.nft(OTHERS)
    router.start()
    wait_until(lambda: set(router.states().values()) == {"up"}, 10, "all are up", tell=router.tell)
    if settles:
        router.wait_settled()
    return router


def start_client(lab):
    client = Router(lab.world, DIALLED, {"second": "open-sesame"}, role="lan-a")
    client.start()
    client.wait_up("second", seconds=15)
    return client


def tables(router):
    return {tuple(line.split()[1:]) for line in router.space.run("nft", "list", "tables").splitlines()}


def own_sessions(router):
    return {name: router.uplink(name)["session"]["id"] for name in OWN}


def dialled_address(client):
    return client.uplink("second")["ipv4"]["address"]


def client_works(lab, client):
    try:
        return probe.ask_udp(lab.world.lan_a, ECHO, 7, timeout=0.3)[1] == dialled_address(client)
    except (probe.NoReply, CliFailed):
        return False


def coming(watch, source):
    """What the router sent with this source address."""
    return [frame for _, outgoing, frame in watch.seen if not outgoing and frame[6:12] == source]


def codes(watch, source):
    return [fields[1] for fields in map(pppoe_fields, coming(watch, source)) if fields and fields[0] == frames.DISCOVERY]


@pytest.mark.parametrize("lan", ["lan0", "br0"])
def test_a_client_dials_through_at_full_size_beside_the_routers_own_sessions(lab, lan):
    if lan == "br0":
        lab.router.space.ip("link add br0 type bridge forward_delay 0", "link set lan0 master br0 up")
    router, world = start_router(lab, lan=lan), lab.world
    before, lan_a = own_sessions(router), frames.mac_of(lab.world.lan_a, "eth0")
    with frames.Watch(lab.ac("isp-a").space, "wire") as watch:
        client = start_client(lab)
        assert probe.ask_tcp(world.lan_a, WEB, 80)[1] == dialled_address(client)
        probe.pour(world.lan_a, WEB, 7, 200_000)
    ac = frames.mac_of(lab.ac("isp-a").space, "wire")
    theirs = [f for _, _, f in watch.seen if {f[:6], f[6:12]} == {lan_a, ac}]
    sessions = [f for f in theirs if pppoe_fields(f)[0] == frames.SESSION]
    for source in (lan_a, ac):
        assert max(len(f) for f in sessions if f[6:12] == source) == 1492 + 22, "the largest frame is not the MTU's"
    shown, = router.status()["passed"]
    assert (shown["line"], shown["lan"], shown["client"]) == ("wan0", "home", lan_a.hex(":")), shown
    assert shown["session"] == client.uplink("second")["session"]["id"]
    assert min(shown["rx_bytes"], shown["tx_bytes"]) > 200_000, shown
    assert "PASSED THROUGH" in router.michi("status").stdout
    router.wait_event("pass-through.opened")
    assert own_sessions(router) == before
    assert probe.ask_tcp(world.lan_b, WEB, 80)[1] == ADDRESS["isp"]
    router.wait_settled()
    mark = router.mark()
    client.stop()
    router.wait_event("pass-through.closed", after=mark)
    wait_until(lambda: len(lab.ac("isp-a").sessions()) == 1, 3, "the access concentrator has seen the end")
    assert router.status()["passed"] == []
    assert own_sessions(router) == before


def test_nothing_else_crosses(lab):
    router, world = start_router(lab), lab.world
    client = start_client(lab)
    session = client.uplink("second")["session"]["id"]
    a, b = frames.mac_of(world.lan_a, "eth0"), frames.mac_of(world.lan_b, "eth0")
    ac, other = (frames.mac_of(lab.ac(name).space, "wire") for name in ("isp-a", "isp-b"))
    echo = struct.pack("!HBBHI", 0xc021, 9, 1, 8, 0)
    arp = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1)
    with frames.Watch(world.switch, "router-wan") as line, frames.Watch(world.switch, "router-lan") as lan:
        def send(space, device, *what):
            frames.send(space, device, pppoe(*what))
        for space, device, mac in ((world.lan_b, "eth0", b), (lab.ac("isp-b").space, "wire", other)):
            for kind, payload in ((0x0806, arp + mac + bytes(4) + bytes(6) + bytes(4)), (0x0800, b"\x45" + bytes(40)), (0x86dd, bytes(48))):
                frames.send(space, device, (EVERYBODY + mac + struct.pack("!H", kind) + payload).ljust(60, b"\0"))
        # A stranger on either side ends nobody's session, and says nothing in it.
        send(world.lan_b, "eth0", PADT, session, ac, b)
        send(world.lan_b, "eth0", 0, session, ac, b, echo, frames.SESSION)
        send(world.lan_a, "eth0", 0, session + 1, ac, a, echo, frames.SESSION)
        send(world.lan_a, "eth0", PADO, 0, ac, a)
        send(lab.ac("isp-b").space, "wire", PADT, session, a, other)
        send(lab.ac("isp-b").space, "wire", 0, session, a, other, echo, frames.SESSION)
        send(lab.ac("isp-b").space, "wire", PADI, 0, EVERYBODY, other)
        send(lab.ac("isp-b").space, "wire", PADS, session, b, other)
        # Whoever asks is answered, and may not have what the contract has not.
        send(world.lan_b, "eth0", PADI, 0, EVERYBODY, b, ANY_SERVICE)
        wait_until(lambda: PADO in codes(lan, other) and PADO in codes(lan, ac), 5, "both concentrators offer to the second client",
                   tell=lambda: f"line {codes(line, b)}, lan {codes(lan, other)} {codes(lan, ac)}")
        mark = router.mark()
        send(world.lan_b, "eth0", PADR, 0, other, b, ANY_SERVICE)
        refused = router.wait_event("pass-through.full", after=mark)
        assert b.hex(":") in refused["text"] and "sessions" in refused["text"], refused
        assert client_works(lab, client)
    assert codes(line, b) == [PADI]
    assert all(frame[12:14] == b"\x88\x63" for frame in coming(line, b)), "something of the second host is on the line"
    assert set(codes(line, a)) <= {PADI, PADR} and {pppoe_fields(f)[2] for f in coming(line, a) if pppoe_fields(f)[0] == frames.SESSION} == {session}
    assert all(code == PADO for code in codes(lan, other)) and len(coming(lan, other)) == len(codes(lan, other))
    assert client.uplink("second")["session"]["id"] == session
    assert not [event for event in router.events() if event["code"] == "pass-through.closed"]


def test_a_killed_michid_leaves_the_clients_session_and_adopts_it(lab):
    router, world = start_router(lab), lab.world
    client = start_client(lab)
    known, session = router.status()["passed"], client.uplink("second")["session"]["id"]
    listed = router.space.run("nft", "-a", "-s", "list", "table", "netdev", "michi")
    stream = probe.Stream(world.lan_a, ECHO, 7)
    router.crash()
    assert client_works(lab, client)
    router.start()
    router.wait_up(*OWN, seconds=15)
    again = router.status()["passed"]
    stream.stop()
    assert stream.lost() == 0, f"{stream.lost()} of {stream.sent} lost"
    assert [one["session"] for one in again] == [session] and again[0]["age_ms"] >= known[0]["age_ms"]
    assert router.space.run("nft", "-a", "-s", "list", "table", "netdev", "michi") == listed, "the table was made anew"
    assert client.uplink("second")["session"]["id"] == session
    mark = router.mark()
    client.stop()
    router.wait_event("pass-through.closed", after=mark)


def test_a_table_that_somebody_takes_comes_back_with_the_session(lab):
    router = start_router(lab)
    client = start_client(lab)
    clean = router.kernel_state()
    router.space.nft("delete table netdev michi")
    wait_until(lambda: router.kernel_state() == clean, 3, "the kernel is as before")
    router.wait_event("kernel.repaired")
    assert client_works(lab, client)
    assert not [event for event in router.events() if event["code"] == "pass-through.closed"]


def test_the_end_of_the_key_and_of_michid_take_the_table_and_leave_others(lab):
    router = start_router(lab)
    client, before = start_client(lab), own_sessions(router)
    assert ("netdev", "michi") in tables(router)
    router.write_config(lab.edit(('pass-through = ["home"]\n', "")))
    router.michi("reload")
    router.wait_event("pass-through.closed")
    router.wait_settled()
    assert tables(router) == {("netdev", "others"), ("inet", "others"), ("inet", "michi")}
    assert not client_works(lab, client)
    assert own_sessions(router) == before, "a reload of the line's key cost a session"
    router.write_config(lab.edit(("sessions = 4\n", 'sessions = 4\npass-through = ["home"]\n')))
    router.michi("reload")
    router.wait_settled()
    assert ("netdev", "michi") in tables(router)
    client.michi("redial", "second")
    client.wait_up("second", seconds=30)
    wait_until(lambda: client_works(lab, client), 3, "the client works again")
    router.stop()
    assert {("netdev", "others"), ("inet", "others")} <= tables(router)
    assert ("netdev", "michi") not in tables(router)


def test_a_table_that_the_kernel_refuses_is_told_and_costs_nothing_else(lab):
    router = lab.router
    # A table that belongs to another program's socket: whatever the kernel's reason is, nobody may write there.
    owner = own_table(router.space)
    try:
        start_router(lab, settles=False)
        told = router.wait_event("pass-through.unsupported")
        assert "nft_fwd_netdev" in told["text"], told
        b = frames.mac_of(lab.world.lan_b, "eth0")
        with frames.Watch(lab.world.switch, "router-wan") as line:
            frames.send(lab.world.lan_b, "eth0", pppoe(PADI, 0, EVERYBODY, b, ANY_SERVICE))
            assert probe.ask_tcp(lab.world.lan_b, WEB, 80)[1] == ADDRESS["isp"]
        assert coming(line, b) == []
    finally:
        owner.close()
    router.wait_settled(10)
    assert ("netdev", "michi") in tables(router)


def own_table(space):
    """NFT_MSG_NEWTABLE of `netdev michi` with NFT_TABLE_F_OWNER, in a batch; the table lives as long as this socket."""
    def message(kind, flags, sequence, family, payload, resource=0):
        body = struct.pack("!BBH", family, 0, resource) + payload
        return struct.pack("=IHHII", 16 + len(body), kind, flags, sequence, 0) + body
    name = struct.pack("=HH", 10, 1) + b"michi\0" + bytes(2)
    owned = struct.pack("=HH", 8, 2) + struct.pack("!I", 2)
    with space.inside():
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)  # NETLINK_NETFILTER
    sock.settimeout(2)
    sock.send(message(16, 1, 1, 0, b"", 10) + message(10 << 8, 0x405, 2, 5, name + owned) + message(17, 1, 3, 0, b"", 10))
    code = struct.unpack_from("=i", sock.recv(4096), 16)[0]
    assert code == 0, f"the kernel refuses a table with an owner: {code}"
    return sock

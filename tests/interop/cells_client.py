"""michi as the client of pppoe-server and pppd: modes, methods, sizes, a relay between, and a bad wire."""
import functools
import re

import judge
from cells import cell
from field import config, field_for, uplink

CORE = {"client-kernel-chap-md5-1454", "client-user-mschapv2-1492", "client-kernel-pap-1500", "relay-kernel", "wire-delay-200ms"}
PATIENT = {"echo": '{ interval = "1s", failures = 10 }', "connect_timeout": '"60s"'}


def standard(build, name, mode="kernel", auth="chap-md5", mtu=1492, ac_mru=None, own_mtu=None, wire=None, relay=False):
    """One foreign access concentrator and a whole life of a session with it."""
    ac_mru, own_mtu = ac_mru or mtu, own_mtu or mtu
    wire = wire or (1508 if mtu > 1492 else 1500)
    start = f"ac ac1 {mode} {auth} {ac_mru}"
    with field_for(name, build, wire_mtu=wire) as field:
        field.guest.run(f"wire {wire} && space ac1 {wire} && " + ("relay ac1 && " if relay else "") + f"{start} && echo_server ac1")
        field.serve_echo()
        field.start(config(uplink(mtu=own_mtu, auth=f'["{auth}"]')))
        judge.whole_life(field, f"{start} && echo_server ac1", auth, mode, mtu)
        if relay:
            judge.relayed(field)
    return f"mtu {mtu}"


def bad_wire(build, name, netem, lossy=True, size=100_000, mode="kernel"):
    """The same life while frames are lost, late, twice or in another order, in both directions."""
    start = f"ac ac1 {mode} chap-md5 1492"
    with field_for(name, build) as field:
        # Three echoes lost in a row are no rarity here, and pppd would end the session for them.
        field.guest.run("ac_options ac1 chap-md5 'lcp-echo-failure 20' >/tmp/ac1.options")
        field.guest.run(f"wire && space ac1 && {start} && echo_server ac1 && trouble ac1 {netem}")
        field.serve_echo()
        field.start(config(uplink(**PATIENT)))
        judge.whole_life(field, f"{start} && echo_server ac1", "chap-md5", mode, 1492, seconds=90, lossy=lossy, size=size, limit=90)
        if lossy:
            shown = field.guest.run("tc -s qdisc show dev vec0; tc -s qdisc show dev ac1")
            dropped = [int(n) for n in re.findall(r"dropped (\d+)", shown)]
            assert sum(dropped), f"nothing was lost: {shown}"
            netem += f", {sum(dropped)} frames lost"
    return netem


def register(name, run, limit=120, **more):
    cell(name, functools.partial(run, name=name, **more), core=name in CORE, limit=limit)


for mode in ("kernel", "user"):
    for auth in ("pap", "chap-md5", "mschapv2"):
        for mtu in (1454, 1492, 1500):
            if mtu < 1500 or mode == "kernel":
                register(f"client-{mode}-{auth}-{mtu}", standard, mode=mode, auth=auth, mtu=mtu)
register("client-1492-with-ac-1454", standard, ac_mru=1454, own_mtu=1492, mtu=1454)
register("client-1454-with-ac-1492", standard, ac_mru=1492, own_mtu=1454, mtu=1454)
register("client-1500-on-a-1500-wire", standard, ac_mru=1492, own_mtu=1500, mtu=1492, wire=1500)
register("relay-kernel", standard, relay=True)
register("relay-user", standard, relay=True, mode="user")
register("relay-kernel-mschapv2-1454", standard, relay=True, auth="mschapv2", mtu=1454)
register("wire-loss-1", bad_wire, netem="loss 1%", limit=300)
register("wire-loss-5", bad_wire, netem="loss 5%", limit=300)
register("wire-loss-20", bad_wire, netem="loss 20%", size=20_000, limit=400)
register("wire-delay-200ms", bad_wire, netem="delay 200ms", lossy=False, limit=300)
register("wire-reordered", bad_wire, netem="delay 20ms reorder 25% 50%", lossy=False, limit=300)
register("wire-duplicated", bad_wire, netem="duplicate 30%", lossy=False, limit=300)

"""michi as the client of pppoe-server and pppd: modes, methods, sizes, a relay between, and a bad wire."""
import functools

import judge
from cells import cell
from field import Field, config, uplink

CORE = {"client-kernel-chap-md5-1454", "client-user-mschapv2-1492", "client-kernel-pap-1500", "wire-loss-5"}


def standard(build, name, mode, auth, mtu, ac_mru=None, own_mtu=None, wire=None, relay=False):
    """One foreign access concentrator and a whole life of a session with it."""
    ac_mru, own_mtu = ac_mru or mtu, own_mtu or mtu
    wire = wire or (1508 if mtu > 1492 else 1500)
    start = f"ac ac1 {mode} {auth} {ac_mru} && echo_server ac1"
    with Field(name, build, wire_mtu=wire) as field:
        try:
            field.guest.run(f"wire {wire} && space ac1 {wire}" + (" && relay ac1" if relay else "") + f" && {start}")
            field.serve_echo()
            field.start(config(uplink(mtu=own_mtu, auth=f'["{auth}"]')))
            judge.whole_life(field, start, auth, mode, mtu)
        except BaseException:
            field.collect()
            raise
    return f"mtu {mtu}"


def register(name, **more):
    cell(name, functools.partial(standard, name=name, **more), core=name in CORE)


for mode in ("kernel", "user"):
    for auth in ("pap", "chap-md5", "mschapv2"):
        for mtu in (1454, 1492, 1500):
            if mtu < 1500 or mode == "kernel":
                register(f"client-{mode}-{auth}-{mtu}", mode=mode, auth=auth, mtu=mtu)

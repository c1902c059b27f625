"""michi's engines as the access concentrator (michi-ac) before pppd and rp-pppoe as clients."""
import functools
import re

import judge
from cells import cell
from field import HOST_PORT, USER, field_for
from lab.process import wait_until
from lab.world import ADDRESS, ISP_A, WEB

AC_ADDRESS = ISP_A + "1"
CORE = {"server-kernel-mschapv2-1454", "server-user-chap-md5-1492"}
SAID = {"pap": r"sent \[PAP AuthReq", "chap-md5": r"<auth chap MD5>", "mschapv2": r"<auth chap MS-v2>"}


def reach(field, mtu):
    """From the client to its peer and beyond it, and from there to the client."""
    guest, world = field.guest, field.world
    shown = guest.run("in_space client ip -o link show ppp0")
    assert f" mtu {mtu} " in shown, f"wanted mtu {mtu}: {shown}"
    for address in (AC_ADDRESS, WEB):
        guest.run(f"in_space client ping -n -c 3 -i 0.2 -w 10 -M do -s {mtu - 28} {address}")
    guest.run("in_space client ping -n -c 3 -i 0.2 -w 10 fe80::1%ppp0")
    judge.ping(world.internet, ADDRESS["isp"], size=mtu)
    field.say("pings")
    guest.run(f"send_and_compare client {WEB} 200000 30 {HOST_PORT}", 40)
    assert field.exchange(role="internet", server=ADDRESS["isp"]), "TCP from outside: what came back is not what was sent"
    field.say("TCP both ways")


def wait_up(field, auth, other_than=None):
    field.guest.wait("client_up client", 30, "pppd is up with IPv4 and IPv6")
    ac = field.world.acs["isp-a"]
    session = wait_until(lambda: next((s for s in ac.sessions() if s["up"] and s["address"] and s["address6"] and s["id"] != other_than), None),
                         10, "a session that is up with both families", tell=lambda: str(ac.sessions()))
    assert session["user"] == USER and session["address"] == ADDRESS["isp"], f"{session}"
    log = field.guest.run("cat /tmp/client.log")
    assert re.search(SAID[auth], log), f"{auth} is not in the log of pppd"
    field.say(f"session {session['id']}")
    return session


def whole_life(build, name, mode, auth, mtu):
    """Up, ended by us in order, up, dead without a word, up, ended by the client in order."""
    wire = 1508 if mtu > 1492 else 1500
    with field_for(name, build, wire_mtu=wire, concentrators=("isp-a",), options={"isp-a": {"auth": auth, "mtu": mtu}}) as field:
        ac = field.world.acs["isp-a"]
        if wire > 1500:
            ac.space.ip(f"link set wire mtu {wire}")
            field.world.switch.ip(f"link set isp-a mtu {wire}")
            ac.kill()
            ac.start()
        field.serve_echo("internet")
        field.guest.run(f"wire {wire} && space client {wire} && echo_server client && client client {mode} {mtu}")
        first = wait_up(field, auth)
        reach(field, mtu)
        for how, words in (("term", "LCP terminated by peer"), ("padt", "Modem hangup")):
            field.guest.run(": >/tmp/client.log")
            ac.command(command="kill", user=USER, how=how)
            field.guest.wait(f"grep -q '{words}' /tmp/client.log", 15, f"pppd has seen the end ({how})")
            first = wait_up(field, auth, first["id"])
            field.say(f"back after {how}")
        ac.kill()
        ac.start()
        wait_up(field, auth)
        field.guest.run(f"in_space client ping -n -c 3 -i 0.2 -w 10 -M do -s {mtu - 28} {WEB}")
        field.say("back after a power cut")
        field.guest.run("kill -TERM $(pppds client)")
        field.guest.wait("no_ppp client", 15, "pppd has ended")
        wait_until(lambda: not ac.sessions(), 15, "the session is gone", tell=lambda: str(ac.sessions()))
        log = field.guest.run("cat /tmp/client.log")
        assert "rcvd [LCP TermAck" in log, f"pppd's Terminate-Request was not answered: {log[-300:]}"
        counters = ac.counters()
        assert counters["violations"] == 0 and counters["foreign_source"] == 0, f"{counters}"
    return f"mtu {mtu}"


def wrong_password(build, name, auth):
    """pppd is refused with words, and comes in with the right one."""
    with field_for(name, build, concentrators=("isp-a",), options={"isp-a": {"auth": auth}}) as field:
        field.guest.run("wire && space client && PASSWORD=not-this-one client client kernel 1492")
        field.guest.wait("grep -qE 'CHAP authentication failed|PAP authentication failed' /tmp/client.log", 30, "pppd was refused")
        words = field.guest.run("grep -hE 'authentication failed' /tmp/client.log | head -n 1").strip()
        field.guest.run("kill -TERM $(pppds client); within 10 no_ppp client && client client kernel 1492", 20)
        wait_up(field, auth)
    return words


for mode in ("kernel", "user"):
    for auth in ("pap", "chap-md5", "mschapv2"):
        mtu = 1454 if auth == "mschapv2" else 1492
        title = f"server-{mode}-{auth}-{mtu}"
        cell(title, functools.partial(whole_life, name=title, mode=mode, auth=auth, mtu=mtu), core=title in CORE, limit=200)
title = "server-kernel-chap-md5-1500"
cell(title, functools.partial(whole_life, name=title, mode="kernel", auth="chap-md5", mtu=1500), limit=200)
for auth in ("pap", "chap-md5", "mschapv2"):
    title = f"server-wrong-password-{auth}"
    cell(title, functools.partial(wrong_password, name=title, auth=auth), limit=120)

"""A foreign access concentrator that dies, is late, forgets, refuses or doubts the password."""
import functools

import judge
from cells import cell
from field import PASSWORD, SERVER, config, field_for, uplink
from lab import frames
from lab.process import wait_until

START = "ac ac1 kernel chap-md5 1492"
SLOW_ECHO = '{ interval = "10s", failures = 3 }'


def two_acs_one_dies(build, name):
    """The session moves to the access concentrator that is left."""
    with field_for(name, build) as field:
        field.guest.run("wire && for n in ac1 ac2; do space $n && ac $n kernel chap-md5 1492 && echo_server $n || exit 1; done")
        field.serve_echo()
        router = field.start(config(uplink()))
        judge.wait_up(field)
        first = router.uplink("isp")["session"]["ac_name"]
        other = {"ac1": "ac2", "ac2": "ac1"}[first]
        judge.carries(field, first)
        mark = router.mark()
        field.guest.run(f"ac_kill {first}")
        router.wait_event("uplink.lost", 20, "isp", after=mark)
        judge.wait_up(field)
        assert router.uplink("isp")["session"]["ac_name"] == other, f"not on {other}: {router.uplink('isp')}"
        judge.carries(field, other)
        judge.we_end(field, other)
    return f"{first}, then {other}"


def late_offers(build, name):
    """Every PADO and PADS comes 2.5 s late, after michi has asked again: one session, and it carries."""
    with field_for(name, build) as field:
        field.guest.run(f"wire && space ac1 && {START} && echo_server ac1 && late_discovery 2500ms")
        field.serve_echo()
        router = field.start(config(uplink()))
        judge.wait_up(field, seconds=40)
        judge.carries(field)
        session = router.uplink("isp")["session"]
        judge.peer_dies(field, f"{START} && echo_server ac1", seconds=40)
        judge.we_end(field)
    return f"session {session['id']}"


def restarted_ac(build, name):
    """Restarted, it gives michi's session number to somebody else: michi finds its own dead, and leaves the other's alone."""
    with field_for(name, build) as field:
        field.guest.run(f"wire && space ac1 && space other && {START} && echo_server ac1")
        field.serve_echo()
        router = field.start(config(uplink()))
        judge.wait_up(field)
        before = router.uplink("isp")["session"]["id"]
        mark = router.mark()
        # The answers to michi's echoes are withheld until the other client has the number.
        field.guest.run("ac_kill ac1 && tc qdisc replace dev vec0 root netem loss 100%")
        field.guest.run(f"{START} && echo_server ac1 && client other kernel 1492 && within 20 client_up other", 40)
        taken = field.guest.run("in_space other cat /proc/net/pppoe")
        assert f"{before:08X}" in taken.upper().replace("0X", "") or str(before) in taken, f"session {before} is not the other's: {taken}"
        field.guest.run("tc qdisc del dev vec0 root")
        event = router.wait_event("uplink.lost", 20, "isp", after=mark)
        assert event["fields"]["reason"] == "echo-timeout", f"{event}"
        judge.wait_up(field, seconds=40)
        judge.carries(field)
        field.guest.run(f"client_up other && in_space other ping -c 3 -i 0.2 -w 5 {SERVER}")
        log = field.guest.run("cat /tmp/other.log")
        assert "Terminating on" not in log and "Modem hangup" not in log, f"the other's session was disturbed: {log[-300:]}"
        judge.we_end_beside(field)
    return f"session {before} is another's"


def renegotiating_ac(build, name):
    """pppd begins LCP anew in the session michi has up, as after a restart that kept the number: no redial is needed."""
    with field_for(name, build) as field:
        field.guest.run(f"wire && space ac1 && {START} && echo_server ac1")
        field.serve_echo()
        router = field.start(config(uplink(echo=SLOW_ECHO, grace='"30s"')))
        judge.wait_up(field)
        session = router.uplink("isp")["session"]["id"]
        mac = frames.mac_of(router.space, "wan0").hex(":")
        mark = router.mark()
        # The server first, so that nobody sends a PADT for its child.
        field.guest.run(f"kill -KILL $(cat /tmp/ac1.pid) && kill -KILL $(pppds ac1) && within 5 no_ppp ac1 && echo_server ac1; "
                        f"resume ac1 {session} {mac} 10.64.0.1:10.64.0.10 1492")
        wait_until(lambda: any("lcp" in event["text"] and "Opened ->" in event["text"] for event in router.events()
                               if event["n"] > mark), 20, "LCP begins anew", tell=router.tell)
        judge.wait_up(field)
        assert router.uplink("isp")["session"]["id"] == session, "michi has dialled again"
        judge.carries(field)
        judge.we_end(field)
    return f"session {session} kept"


def session_limit(build, name):
    """All sessions are taken: michi says so, keeps trying, and comes up when one is free."""
    with field_for(name, build) as field:
        field.guest.run(f"wire && space ac1 && space other && ac ac1 kernel chap-md5 1492 -N 1 && echo_server ac1")
        field.guest.run("client other kernel 1492 && within 20 client_up other", 30)
        field.serve_echo()
        router = field.start(config(uplink()))
        seen = wait_until(lambda: said(router, ("session-limit",)), 30, "the reason session-limit", tell=router.tell)
        assert seen["state"] != "up" and seen["remedy"], f"{seen}"
        field.guest.run("kill $(pppds other) && within 10 no_ppp other", 20)
        judge.wait_up(field, seconds=60)
        judge.carries(field)
        judge.we_end(field)
    return f"{seen['reason']}: {seen['detail']}"


def limit_per_mac(build, name):
    """One session a MAC address (-x 1): of two uplinks the second says why it waits, and takes the place when it is free."""
    with field_for(name, build) as field:
        field.guest.run("wire && space ac1 && ac ac1 kernel chap-md5 1492 -x 1 && echo_server ac1")
        router = field.start(config(uplink(), uplink("second", start="false")), {"isp": PASSWORD, "second": PASSWORD})
        judge.wait_up(field)
        router.michi("up", "second")
        seen = wait_until(lambda: said(router, ("session-limit", "ac-error", "no-answer", "no-confirmation"), "second"), 30,
                          "a reason", tell=router.tell)
        assert router.uplink("isp")["state"] == "up", "the first session suffers"
        router.michi("down", "isp")
        judge.wait_up(field, "second", 60)
        judge.ping(router.space, SERVER, device="second")
        router.michi("down", "second")
        field.guest.wait("no_ppp ac1", 20, "no session is left")
    return f"{seen['reason']}: {seen['detail']}"


def account_in_use(build, name):
    """The account is logged in elsewhere: pppd accepts the password and ends the session at once."""
    with field_for(name, build) as field:
        field.guest.run(f"wire && space ac1 && space other && one_login && {START} && echo_server ac1")
        field.guest.run("client other kernel 1492 && within 20 client_up other", 30)
        field.serve_echo()
        router = field.start(config(uplink()))
        seen = wait_until(lambda: said(router, ("peer-terminated",)), 30, "the reason peer-terminated", tell=router.tell)
        assert "PADT" not in seen["detail"], f"the words of the Terminate-Request are hidden: {seen['detail']}"
        mark = router.mark()
        wait_until(lambda: [event["code"] for event in router.events() if event["n"] > mark].count("uplink.lost") >= 2, 60,
                   "michi tries again, twice", tell=router.tell)
        field.guest.run("client_up other && kill $(pppds other) && within 10 no_ppp other && rm -f /tmp/logged-in", 20)
        judge.wait_up(field, seconds=60)
        judge.carries(field)
        judge.we_end(field)
    return f"{seen['reason']}: {seen['detail']}"


def wrong_password(build, name, auth):
    """The reason is told with the peer's words; the right password, reloaded, brings it up."""
    with field_for(name, build) as field:
        field.guest.run(f"wire && space ac1 && ac ac1 kernel {auth} 1492 && echo_server ac1")
        field.serve_echo()
        router = field.start(config(uplink(auth=f'["{auth}"]')), {"isp": "not-this-one"})
        seen = wait_until(lambda: said(router, ("auth-failed",)), 30, "the reason auth-failed", tell=router.tell)
        log = field.guest.run("cat /tmp/ac1.log")
        assert "AuthNak" in log or "Failure" in log, f"pppd did not refuse: {log[-300:]}"
        router.write_secrets({"isp": PASSWORD})
        router.michi("reload")
        router.michi("redial", "isp")
        judge.wait_up(field, seconds=40)
        judge.carries(field)
        judge.we_end(field)
    return f"{seen['reason']}: {seen['detail']}"


def said(router, reasons, name="isp"):
    seen = router.uplink(name)
    return seen if seen["reason"] in reasons else None


CORE = {"two-acs-one-dies", "wrong-password-chap-md5", "ac-restarted"}
for title, run in (("two-acs-one-dies", two_acs_one_dies), ("offers-late", late_offers), ("ac-restarted", restarted_ac),
                   ("ac-renegotiates", renegotiating_ac), ("session-limit", session_limit),
                   ("session-limit-per-mac", limit_per_mac), ("account-in-use", account_in_use)):
    cell(title, functools.partial(run, name=title), core=title in CORE, limit=240)
for method in ("pap", "chap-md5", "mschapv2"):
    title = f"wrong-password-{method}"
    cell(title, functools.partial(wrong_password, name=title, auth=method), core=title in CORE, limit=180)

"""What must hold of a session, whoever stands at the other end."""
import re

from field import SERVER, Explained
from lab.process import wait_until

METHOD_IN_LOG = {"pap": r"rcvd \[PAP AuthReq", "chap-md5": r"<auth chap MD5>", "mschapv2": r"<auth chap MS-v2>"}


def ping(space, address, count=3, size=None, needed=None, wait=2, device=None, total=20):
    """Echo requests with DF; at least `needed` (default: all) are answered."""
    argv = ["ping", "-n", "-c", str(count), "-i", "0.2", "-W", str(wait), "-w", str(total)]
    if size:
        argv += ["-M", "do", "-s", str(size - 28)]
    if device:
        argv += ["-I", device]
    shown = space.run(*argv, address, check=False, timeout=total + 10)
    received = int((re.search(r"(\d+) received", shown) or [0, 0])[1])
    assert received >= (count if needed is None else needed), f"ping {address} size {size}: {received} of {count}: {shown[-300:]}"


def carries(field, ac="ac1", mtu=1492, name="isp", lossy=False, size=200_000, limit=30):
    """IPv4 at full size, IPv6 to the peer's link-local address, TCP opened from both sides."""
    router, world, guest = field.router, field.world, field.guest
    device = router.space.run("ip", "-o", "link", "show", name)
    assert f" mtu {mtu} " in device, f"wanted mtu {mtu}: {device}"
    field.say("up with the right mtu")
    count, needed = (12, 3) if lossy else (3, 3)
    ping(world.lan_a, SERVER, count, size=mtu, needed=needed)
    field.say("full-sized ping")
    ping(router.space, "fe80::1%" + name, count, needed=needed)
    field.say("IPv6 ping")
    assert field.exchange(size, limit), "TCP from the LAN: what came back is not what was sent"
    field.say("TCP from the LAN")
    guest.run(f"send_and_compare {ac} {field.address(name)} {size} {limit}", limit + 10)
    field.say("TCP from outside")


def wait_up(field, name="isp", seconds=20):
    """Up with both protocols: an uplink is up as soon as one of them is."""
    def question():
        seen = field.router.uplink(name)
        return seen["state"] == "up" and seen["ipv4"] and seen["ipv6"]
    wait_until(question, seconds, f"{name} up with IPv4 and IPv6", tell=field.router.tell)
    field.router.wait_settled()


def method(field, auth, ac="ac1"):
    log = field.guest.run(f"cat /tmp/{ac}.log")
    assert re.search(METHOD_IN_LOG[auth], log), f"{auth} is not in the log of pppd"


def mode(field, wanted, ac="ac1"):
    """Kernel mode has PPPoE sockets, user mode a pppoe process."""
    sockets = field.guest.run(f"in_space {ac} cat /proc/net/pppoe").strip().splitlines()[1:]
    assert bool(sockets) == (wanted == "kernel"), f"the other side is not in {wanted} mode: {sockets}"


def relayed(field):
    """pppoe-relay put its tag into the offers, and michi gave it back."""
    shown = field.world.switch.run("tcpdump", "-nn", "-r", str(field.world.directory / "wan.pcap"), "ether proto 0x8863", check=False)
    for kind in ("PADO", "PADR"):
        line = next((line for line in shown.splitlines() if kind in line), "")
        assert "Relay-Session-ID" in line or "Relay-Session-Id" in line, f"no Relay-Session-Id in the {kind}: {line or shown[-300:]}"


def peer_ends(field, ac="ac1", name="isp", seconds=20, lossy=False):
    """The access concentrator ends the session in order: michi says so, and comes back."""
    mark = field.router.mark()
    field.guest.run(f"ac_hang_up {ac}")
    event = field.router.wait_event("uplink.lost", seconds, name, after=mark)
    # A lost Terminate-Request may be followed by nothing but silence.
    wanted = ("peer-terminated", "echo-timeout") if lossy else ("peer-terminated",)
    assert event["fields"]["reason"] in wanted, f"wanted peer-terminated: {event}"
    field.say("ended by the peer")
    wait_up(field, name, seconds)
    field.say("up again")


def peer_dies(field, restart, ac="ac1", name="isp", seconds=30):
    """The access concentrator loses power and starts anew: michi finds the silence, and comes back."""
    mark = field.router.mark()
    field.guest.run(f"ac_kill {ac}")
    event = field.router.wait_event("uplink.lost", seconds, name, after=mark)
    assert event["fields"]["reason"] == "echo-timeout", f"wanted echo-timeout: {event}"
    field.say("the dead peer is found")
    field.guest.run(restart)
    wait_up(field, name, seconds)
    field.say("up again")


def we_end(field, ac="ac1", name="isp", seconds=20):
    """`michi down`: the other side is told by a Terminate-Request, and has no session left."""
    field.router.michi("down", name)
    field.router.wait_state(name, "down", seconds)
    field.guest.wait(f"no_ppp {ac}", seconds, "the other side has no session")
    log = field.guest.run(f"cat /tmp/{ac}.log")
    assert "rcvd [LCP TermReq" in log and "LCP terminated by peer" in log, f"no orderly end in pppd's log: {log[-400:]}"
    field.say("ended by us")


def we_end_beside(field, ac="ac1", name="isp", seconds=20):
    """As we_end, while somebody else's session stays."""
    field.router.michi("down", name)
    field.router.wait_state(name, "down", seconds)
    field.guest.wait(f"grep -q 'LCP terminated by peer' /tmp/{ac}.log", seconds, "pppd was told of the end")
    field.guest.run("client_up other")


def whole_life(field, restart, auth="chap-md5", wanted_mode="kernel", mtu=1492, ac="ac1", seconds=20, lossy=False, **carry):
    """Up, carrying, ended by the other side, carrying, dead, carrying, ended by us."""
    wait_up(field, seconds=seconds)
    method(field, auth, ac)
    mode(field, wanted_mode, ac)
    carries(field, ac, mtu, lossy=lossy, **carry)
    peer_ends(field, ac, seconds=seconds, lossy=lossy)
    peer_dies(field, restart, ac, seconds=seconds)
    count, needed = (12, 3) if lossy else (3, 3)
    ping(field.world.lan_a, SERVER, count, size=mtu, needed=needed)
    # pppoe-server opens one more session for a PADR whose PADS was lost; its pppd gives up after 30 s.
    we_end(field, ac, seconds=60 if lossy else 20)


__all__ = ["Explained", "ping", "wait_up", "carries", "method", "mode", "peer_ends", "peer_dies", "we_end", "whole_life", "wait_until"]

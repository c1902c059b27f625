#!/usr/bin/python3
"""`make demo`: the main job in the lab, told step by step. Writes build/demo.json.

KEEP=1 leaves the world running and says how to enter it; `lab/demo.py --end` removes a kept one.
"""
import argparse
import ipaddress
import json
import os
import pathlib
import shutil
import signal
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lab import hosts6, netns, probe  # noqa: E402
from lab.ipv6 import WEB6  # noqa: E402
from lab.process import wait_until  # noqa: E402
from lab.router import Router  # noqa: E402
from lab.world import ADDRESS, ASKER, CLOSED_ASKER, ECHO, LAN, MAIL, SQUARE, WEB, World, need_root  # noqa: E402

WHO = {address: name for name, address in ADDRESS.items()}
PROVIDER = {"isp": "isp-a", "office": "isp-b"}


class Steps:
    def __init__(self):
        self.done = []

    def step(self, name, work):
        begun = time.monotonic()
        try:
            detail, ok = work() or "", True
        except Exception as error:  # every failure of a step is its result
            detail, ok = f"{type(error).__name__}: {error}", False
        ms = round((time.monotonic() - begun) * 1000, 1)
        self.done.append({"name": name, "ok": ok, "ms": ms, "detail": detail})
        print(f"{'  ok ' if ok else 'FAIL '} {name:58} {ms:8.0f} ms")
        for line in detail.splitlines():
            print(f"        {line}")
        sys.stdout.flush()
        return ok

    def write(self):
        (ROOT / "build").mkdir(exist_ok=True)
        (ROOT / "build/demo.json").write_text(json.dumps({"steps": self.done}, indent=1) + "\n")
        return all(step["ok"] for step in self.done)


def said(router, *argv):
    return f"$ michi {' '.join(str(a) for a in argv)}\n" + router.michi(*argv).stdout.rstrip()


def expect(found, wanted, what):
    assert found == wanted, f"{what}: expected {wanted}, got {found}"


class Demo:
    def __init__(self, world):
        self.world = world
        self.router = Router(world, (ROOT / "lab/michi.toml").read_text())

    def come_up(self):
        hosts6.accept_advertisements(self.world.lan_a)
        self.router.start()
        self.router.wait_up(*ADDRESS)
        lines = []
        for uplink in self.router.status()["uplinks"]:
            lines.append(f"{uplink['name']:7} {ADDRESS[uplink['name']]:14} up {uplink['last_setup_ms']} ms after its first packet")
        return "\n".join(lines)

    def status(self):
        return said(self.router, "status")

    def by_name(self):
        lines = []
        for name, uplink in (("www.example", "isp"), ("square.flets", "flets")):
            found = wait_until(lambda: probe.resolve(self.world.lan_a, LAN + "1", name)[1], 5, f"{name} resolves")[0]
            server, seen = probe.ask_tcp(self.world.lan_a, found, 80)
            expect(seen, ADDRESS[uplink], f"{name} sees the LAN host as")
            lines.append(f"{name} is {found}; {server} sees us as {seen}: uplink {uplink}")
        return "\n".join(lines)

    def published(self):
        lines = []
        for uplink in ("isp", "office"):
            server, seen = probe.ask_tcp(self.world.internet, ADDRESS[uplink], 443, source=ASKER)
            expect((server, seen), ("lan-a", ASKER), f"port 443 through {uplink}")
            lines.append(f"a client on the internet asks {ADDRESS[uplink]}:443 ({uplink}): {server} answers, by the same road")
        server, seen = probe.ask_udp(self.world.square, ADDRESS["flets"], 5300, source=CLOSED_ASKER)
        expect(server, "router", "UDP through flets")
        lines.append(f"a client in the closed network asks {ADDRESS['flets']}:5300/udp: the {server} itself answers")
        return "\n".join(lines)

    def lan_prefix(self, uplink):
        """What the LAN has of the prefix that is delegated to an uplink, and the host's address there."""
        prefix = self.world.six.access[PROVIDER[uplink]].wait_lease()
        lan = str(next(ipaddress.ip_network(prefix).subnets(new_prefix=64)))
        return prefix, lan, hosts6.wait_address(self.world.lan_a, lan).address

    def prefixes(self):
        lines = []
        for uplink in PROVIDER:
            prefix, _, address = self.lan_prefix(uplink)
            server, seen = probe.ask_tcp(self.world.lan_a, WEB6, 80, source=address)
            expect(seen, address, f"{server} sees the LAN host as")
            lines.append(f"{uplink} delegates {prefix}; the LAN host has {address} of it and leaves by {uplink} with it, untranslated")
        return "\n".join(lines)

    def prefix_dies(self):
        _, lan, address = self.lan_prefix("isp")
        self.world.acs["isp-a"].command(command="set", refuse=True)
        begun = time.monotonic()
        self.world.acs["isp-a"].command(command="kill", user="user@isp-a.example")
        hosts6.wait_gone(self.world.lan_a, lan)
        gone = 1000 * (time.monotonic() - begun)
        _, seen = probe.ask_tcp(self.world.lan_a, WEB6, 80)
        expect(seen, self.lan_prefix("office")[2], "a new flow leaves as")
        _, bound = probe.ask_udp(self.world.lan_a, WEB6, 7, source=address)
        self.world.acs["isp-a"].command(command="set", refuse=False)
        self.router.wait_up("isp", seconds=30)
        hosts6.wait_address(self.world.lan_a, lan)
        wait_until(lambda: probe.ask_tcp(self.world.lan_a, WEB, 80)[1] == ADDRESS["isp"], 10, "new flows take isp", every=0.1)
        return (f"the host knows {gone:.0f} ms later that {address} is not for new flows; they leave as {seen}\n"
                f"what still uses it leaves by office, translated: {bound}\nisp comes back: its address is preferred again")

    def mail_and_web(self):
        mail, (_, web) = probe.greeting(self.world.lan_a, MAIL), probe.ask_tcp(self.world.lan_a, WEB, 80)
        expect((mail, web), (ADDRESS["office"], ADDRESS["isp"]), "mail and web leave as")
        return (f"mail leaves by {WHO[mail]}, the web by {WHO[web]}\n"
                + said(self.router, "why", MAIL, "--from", LAN + "5", "--proto", "tcp", "--port", 25))

    def block(self):
        _, seen = probe.ask_tcp(self.world.dmz, WEB, 80)
        expect(seen, "192.0.2.194", "the routed block's host leaves as")
        return f"a host of the routed block keeps its own address: {seen}"

    def one_dies(self):
        stream = probe.Stream(self.world.lan_a, ECHO, 7)
        mail = probe.Line(self.world.lan_a, MAIL, 587)
        mail.say()
        wait_until(lambda: stream.first_after(0, ADDRESS["isp"]), 3, "the stream runs over isp")
        self.world.acs["isp-a"].command(command="set", refuse=True)
        begun = time.monotonic()
        self.world.acs["isp-a"].command(command="kill", user="user@isp-a.example")
        moved = wait_until(lambda: stream.first_after(begun, ADDRESS["office"]), 5, "the stream on office", every=0.002)
        expect(mail.say(), ADDRESS["office"], "a connection over office is")
        stream.stop()
        mail.close()
        return (f"a stream of one packet a millisecond is on office {1000 * (moved - begun):.0f} ms later; "
                f"{stream.lost()} of {stream.sent} packets lost\n" + said(self.router, "status", "isp") + "\n"
                + said(self.router, "why", WEB, "--from", LAN + "5", "--proto", "tcp", "--port", 80))

    def it_returns(self):
        mail = probe.Line(self.world.lan_a, MAIL, 587)
        mail.say()
        self.world.acs["isp-a"].command(command="set", refuse=False)
        self.router.wait_up("isp", seconds=30)
        wait_until(lambda: probe.ask_tcp(self.world.lan_a, WEB, 80)[1] == ADDRESS["isp"], 10, "new flows take isp", every=0.1)
        expect(mail.say(), ADDRESS["office"], "the connection over office is still")
        mail.close()
        return "new flows take isp again; the connection over office was not touched"

    def closed_down(self):
        self.router.michi("down", "flets")
        self.router.wait_state("flets", "down")
        assert probe.unreachable(self.world.lan_a, SQUARE, 7), "the closed network answered by another road"
        told = said(self.router, "why", SQUARE, "--from", LAN + "5")
        self.router.michi("up", "flets")
        self.router.wait_up("flets", seconds=15)
        return "while its session is down the closed network is unreachable, not sent to the ISP\n" + told

    def laws(self):
        for name, ac in self.world.acs.items():
            expect(ac.foreign_sources(), 0, f"packets with a foreign source at {name}")
        expect(self.world.leaked(), 0, "packets that left by the management port")
        return "no packet on any uplink's wire had a source that is not that uplink's own"

    def stop(self):
        self.router.stop()
        for name, ac in self.world.acs.items():
            expect(ac.sessions(), [], f"sessions left at {name}")
        assert probe.unreachable(self.world.lan_a, WEB, 80, "tcp", timeout=0.3), "a stopped michi still forwards"
        return "every access concentrator got its Terminate-Request and PADT; the roads are closed"


def tell_how_to_enter(world, router):
    enter = f"ip netns exec {world.prefix}-"
    print(f"""
The world is still running (KEEP=1). Its parts: {' '.join(sorted(world.spaces))}
  the router:     {enter}router bash
  a LAN host:     {enter}lan-a bash          (try: ping {WEB}; curl http://{WEB}/)
  ask michi:      {world.binary('michi')} --socket {router.socket} status
  files and logs: {world.directory}
  the end:        {ROOT}/lab/demo.py --end""")


def end_kept():
    for mark in list(netns.KEPT.glob("*")) if netns.KEPT.is_dir() else []:
        directory = pathlib.Path(mark.read_text())
        prefix = directory.name.rsplit("-", 1)[0]
        spaces = [path.name for path in pathlib.Path("/run/netns").glob(f"{prefix}-*")]
        for name in spaces:
            for pid in netns.call(["ip", "netns", "pids", name], check=False).split():
                os.kill(int(pid), signal.SIGKILL)
        for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if str(directory / "servers.json").encode() in entry.read_bytes():
                    os.kill(int(entry.parent.name), signal.SIGKILL)
            except OSError:
                continue
        for name in spaces:
            netns.call(["ip", "netns", "del", name], check=False)
        shutil.rmtree(directory, ignore_errors=True)
        mark.unlink()
        print(f"ended {prefix}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/gcc")
    parser.add_argument("--end", action="store_true", help="remove worlds left by KEEP=1")
    options = parser.parse_args()
    need_root()
    if options.end:
        return end_kept()
    keep = os.environ.get("KEEP", "") not in ("", "0")
    build = pathlib.Path(options.build)
    steps, begun = Steps(), time.monotonic()
    print("michi's demo: a router with one Ethernet line, two ISPs and a closed network on it, a LAN behind it.\n"
          "Everything stands in network namespaces of this machine; nothing outside is touched.\n")
    world = World("demo", build if build.is_absolute() else ROOT / build, keep=keep,
                  ipv6={"isp-a": {}, "isp-b": {}})
    for name in ("michid", "michi", "michi-ac"):
        try:
            world.binary(name)
        except FileNotFoundError as error:
            sys.exit(f"michi: {error}")
    with world:
        demo = Demo(world)
        plan = [("three sessions come up on one Ethernet line", demo.come_up), ("what michi says", demo.status),
                ("a LAN host reaches the internet and the closed network", demo.by_name),
                ("a published server answers through both ISPs", demo.published),
                ("the LAN has IPv6 from both ISPs", demo.prefixes),
                ("one ISP's IPv6 ends and comes back", demo.prefix_dies),
                ("mail takes one line, the web the other", demo.mail_and_web),
                ("a routed public block goes without NAT", demo.block),
                ("one ISP ends its session: traffic moves", demo.one_dies), ("it comes back", demo.it_returns),
                ("the closed network goes away", demo.closed_down), ("nothing went out by the wrong line", demo.laws)]
        for name, work in plan:
            if not steps.step(name, work) and name == plan[0][0]:
                break
        if keep:
            tell_how_to_enter(world, demo.router)
        else:
            steps.step("michi stops", demo.stop)
    ok = steps.write()
    print(f"\n{'everything worked' if ok else 'SOMETHING FAILED'}: {sum(s['ok'] for s in steps.done)} of {len(steps.done)} steps, "
          f"{time.monotonic() - begun:.1f} s; build/demo.json has the details")
    return 0 if ok else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

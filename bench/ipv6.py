"""A prefix on its way to the LAN: how long until hosts hear of a new one, of another one, and of the end of one."""
import contextlib
import ipaddress
import shutil
import struct
import time

from bench.api import Daemon
from bench.report import percentile
from lab import frames, hosts6
from lab.netns import cable
from lab.process import wait_until
from lab.world import ACCOUNTS, World

IPV6 = 0x86dd
REPLY, CLIENT_PORT = 7, 546
QUICK = 'retry = { min = "100ms", max = "100ms" }\n'
ROUTER = '[router]\npadi-burst = 0\n'
LAN = '[lan.home]\ninterface = "lan0"\naddress = "192.168.10.1/24"\n'
PADI = 9
BREATH = 6.5  # for two changes: advertisements of changes come at one in 3 s where they do not end


def uplink(name, user, more=""):
    return f'[uplink.{name}]\ninterface = "wan0"\nuser = "{user}"\nmtu = 1454\n{QUICK}{more}'


def first(watch, begun, question):
    """When the first frame after `begun` passed for which `question` holds; None so far."""
    return next((at for at, _, data in list(watch.seen) if at > begun and question(data)), None)


def is_padi(frame):
    fields = frames.pppoe_fields(frame)
    return fields is not None and fields[0] == frames.DISCOVERY and fields[1] == PADI


def is_reply(packet):
    """A DHCPv6 Reply on a device without Ethernet."""
    return (len(packet) > 48 and packet[0] >> 4 == 6 and packet[6] == 17
            and struct.unpack_from("!H", packet, 42)[0] == CLIENT_PORT and packet[48] == REPLY)


def says(prefix, preferred):
    def question(frame):
        told = frames.advertised(frame)
        return told is not None and (told.get(prefix, 0) > 0 if preferred else told.get(prefix) == 0)
    return question


def lan_of(prefix, number=0):
    return str(ipaddress.ip_network((int(ipaddress.ip_network(prefix).network_address) + (number << 64), 64)))


@contextlib.contextmanager
def world_of(build):
    with World("bench6", build, concentrators=("isp-a",), ipv6={"isp-a": {}}) as world:
        user, word = ACCOUNTS["isp"]
        router = Daemon(world, ROUTER + uplink("isp", user) + LAN, {"isp": word})
        hosts6.accept_advertisements(world.lan_a, quick=False)
        yield world, world.six.access["isp-a"], router
        router.stop(20)


def wait_heard(watch, begun, question, what):
    return wait_until(lambda: first(watch, begun, question), 20, what, every=0.005)


def prefix_to_lan(report, build, rounds):
    with world_of(build) as (world, access, router):
        taken, preferred = [], []
        for _ in range(rounds):
            shutil.rmtree(router.state_directory / "records", ignore_errors=True)  # the prefix is nobody's yet
            with frames.Watch(world.router, "wan0") as wire, frames.Watch(world.lan_a, "eth0", protocol=IPV6) as lan:
                begun = time.monotonic()
                router.start()
                prefix = lan_of(access.wait_lease())
                padi = wait_heard(wire, begun, is_padi, "a PADI")
                heard = wait_heard(lan, padi, says(prefix, True), "the prefix is advertised")
                taken.append((heard - padi) * 1000)
                wait_until(lambda: hosts6.usable(world.lan_a, prefix), 8, "the host's address", every=0.01)
                preferred.append((time.monotonic() - heard) * 1000)
            router.stop()
    report.add("ipv6.pd_to_lan.ms.p50", percentile(taken, 0.5), "ms", 300, "the limit")
    report.note(f"{len(taken)} starts without a record: {min(taken):.0f} to {max(taken):.0f} ms from PADI to the advertisement; the "
                f"host's duplicate address detection takes {percentile(preferred, 0.5):.0f} ms more")


def deprecate(report, build, rounds):
    taken = []
    with world_of(build) as (world, access, router):
        router.start()
        router.wait_up("isp")
        ac = world.acs["isp-a"]
        with frames.Watch(world.lan_a, "eth0", protocol=IPV6) as lan:
            begun = time.monotonic() - 60
            for _ in range(rounds):
                prefix = lan_of(access.wait_lease())
                wait_heard(lan, begun, says(prefix, True), "the prefix is advertised")
                time.sleep(1)  # within 3 s of another advertisement
                ac.command(command="set", refuse=True)
                begun = time.monotonic()
                ac.command(command="kill", user=ACCOUNTS["isp"][0], how="padt")
                taken.append((wait_heard(lan, begun, says(prefix, False), "the prefix is deprecated") - begun) * 1000)
                time.sleep(BREATH - 1)
                begun = time.monotonic()
                ac.command(command="set", refuse=False)
    report.add("ipv6.deprecate.ms.p99", percentile(taken, 0.99), "ms", 50, "the limit")
    report.note(f"{len(taken)} PADTs, each 1 s after another advertisement: median {percentile(taken, 0.5):.1f} ms")


def renumber(report, build, rounds):
    taken, preferred = [], []
    with world_of(build) as (world, access, router):
        router.start()
        router.wait_up("isp")
        old = access.wait_lease()
        wait_until(lambda: hosts6.usable(world.lan_a, lan_of(old)), 8, "the host's address")
        for _ in range(rounds):
            time.sleep(BREATH)
            access.renumber()
            with frames.Watch(world.acs["isp-a"].space, "ppp") as provider, frames.Watch(world.lan_a, "eth0", protocol=IPV6) as lan:
                begun = time.monotonic()
                router.command("isp", "redial")
                fresh = wait_until(lambda: next((p for p in access.leases() if p != old), None), 20, "another prefix", every=0.01)
                heard = wait_heard(lan, begun, says(lan_of(fresh), True), "the new prefix is advertised")
                replied = max(at for at, _, data in list(provider.seen) if at <= heard and is_reply(data))
                taken.append((heard - replied) * 1000)
                wait_until(lambda: hosts6.usable(world.lan_a, lan_of(fresh)), 8, "the host's new address", every=0.005)
                preferred.append((time.monotonic() - replied) * 1000)
            old = fresh
    report.add("ipv6.renumber.ms.p99", percentile(taken, 0.99), "ms", 50, "the limit")
    report.add("ipv6.renumber.preferred.ms.p99", percentile(preferred, 0.99), "ms", 2500, "the limit, with the host's own test of it")


LANS, UPLINKS = 64, ("a0", "a1", "a2", "a3")
POOLED = "second@isp-a.example"


def many(report, build, rounds):
    """One of four prefixes comes, on sixty-four LANs: from the server's Reply to the last LAN's advertisement, all of it in the kernel."""
    config = ROUTER + "".join(uplink(name, POOLED, "ipv4 = false\n") for name in UPLINKS)
    config += "".join(f'[lan.n{n}]\ninterface = "n{n}"\naddress = "10.88.{n}.1/24"\ndns = false\n' for n in range(LANS))
    taken = []
    with World("bench64", build, concentrators=("isp-a",), ipv6={"isp-a": {}}) as world:
        farm = world.space("farm")
        for number in range(LANS):
            cable(world.router, f"n{number}", farm, f"n{number}")
        router = Daemon(world, config, dict.fromkeys(UPLINKS, ACCOUNTS["isp"][1]))
        access = world.six.access["isp-a"]
        router.start()
        router.wait_up(*UPLINKS, seconds=30)
        wait_until(lambda: len(access.leases()) == len(UPLINKS), 20, "four prefixes", tell=lambda: str(access.leases()))
        router.wait_settled()
        for _ in range(rounds):
            time.sleep(BREATH)
            access.renumber()
            known = set(access.leases())
            with frames.Watch(world.acs["isp-a"].space, "ppp") as provider, frames.Watch(farm, None, protocol=IPV6) as lans:
                begun = time.monotonic()
                router.command(UPLINKS[0], "redial")
                fresh = wait_until(lambda: next((p for p in access.leases() if p not in known), None), 20, "another prefix", every=0.01)
                last = max(wait_heard(lans, begun, says(lan_of(fresh, n), True), f"the prefix on n{n}") for n in range(LANS))
                router.wait_settled()
                replied = max(at for at, _, data in list(provider.seen) if at <= last and is_reply(data))
                taken.append((last - replied) * 1000)
        router.stop(20)
    report.add("ipv6.reconcile64x4.ms", percentile(taken, 0.5), "ms", 200, "the limit")
    report.note(f"{len(taken)} times: {min(taken):.0f} to {max(taken):.0f} ms from the Reply to the last of {LANS} advertisements")

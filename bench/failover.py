"""A road that says it is gone: from its PADT or the loss of its link to the first packet on the next road."""
import fcntl
import socket
import struct
import time

from bench import entries, worlds
from bench.report import percentile
from bench.streams import Streams
from lab.world import WEB

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
MOVING, STAYING = 9001, 9002
ROAD = {"isp": "198.19.200.1", "office": "198.19.200.2", "third": "198.19.200.3"}


def set_link(space, device, up):
    with space.inside():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        request = struct.pack("16sH14x", device.encode(), 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(sock, SIOCGIFFLAGS, request))[1]
        flags = flags | IFF_UP if up else flags & ~IFF_UP
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH14x", device.encode(), flags))


def config():
    quick = {"retry": '{ min = "100ms", max = "100ms" }'}
    return (worlds.ROUTER + worlds.LAN + worlds.uplink("isp", "wan0", address=f'"{ROAD["isp"]}"', **quick)
            + worlds.uplink("office", "wan1", address=f'"{ROAD["office"]}"', **quick)
            + worlds.uplink("third", "wan1", address=f'"{ROAD["third"]}"', **quick)
            + f'[[policy]]\nproto = "udp"\nport = {STAYING}\nuse = ["third"]\n'
            + '[[policy]]\nuse = ["isp", "office"]\nreturn-after = "0s"\n')


class Course:
    """Takes one road after the other away and gives it back; the stream is always on the other one."""

    def __init__(self, isp, router):
        self.isp, self.router, self.events = isp, router, []

    def padt(self, name):
        sid = self.router.uplink(name)["session"]["id"]
        have = len(self.isp.setups())
        self.events.append(("PADT", time.monotonic() * 1e6))
        self.isp.ac.command(command="kill", sid=sid, how="padt")
        self.isp.wait_setups(have + 1, 20)
        self.wait_back(name)

    def link(self):
        """The session outlives it: its carrier comes back before the grace is over."""
        switch = self.router.world.switch
        self.events.append(("link loss", time.monotonic() * 1e6))
        set_link(switch, "router-wan", up=False)
        self.router.wait_not_up("isp")
        self.router.wait_settled()  # a carrier that comes back before the kernel was told moves nothing
        set_link(switch, "router-wan", up=True)
        self.wait_back("isp")

    def wait_back(self, name):
        self.router.wait_state(name, "up", 20)
        self.router.wait_settled()
        time.sleep(0.05)  # the stream has seen the next road by now, or the figure tells


def explicit(report, build, rounds):
    with worlds.world_of(build, config(), list(ROAD)) as (world, isp, router):
        world.plug(world.router, "wan1", "wan", "router-wan1")
        router.start()
        router.wait_up(*ROAD)
        course = Course(isp, router)
        with Streams(world, [("lan-a", "internet", WEB, MOVING, 0.001), ("lan-a", "internet", WEB, STAYING, 0.001)]) as streams:
            time.sleep(0.3)
            for _ in range(max(1, rounds // 4)):
                course.padt("isp")
                course.padt("office")
                course.link()
                course.padt("office")
            moving, staying = streams.stop()
        router.stop()
    taken = {"PADT": [], "link loss": []}
    for kind, at in course.events:
        change = next((c for c in moving["changes"] if c["at"] > at), None)
        taken[kind].append((change["at"] - at) / 1000 if change else 1e6)
    everything = taken["PADT"] + taken["link loss"]
    report.add("failover.explicit.ms.p99", percentile(everything, 0.99), "ms", 30, "the limit")
    for kind, values in taken.items():
        report.note(f"{kind}: {len(values)} times, median {percentile(values, 0.5):.1f} ms, longest {max(values):.1f} ms")
    report.note(f"the moving stream lost {moving['lost']} of {moving['sent']} packets, {moving['lost'] / len(everything):.1f} a move")
    report.add("failover.others.lost", staying["lost"], "packets", 0, f"{staying['sent']} packets on another uplink")


FLOWS = 100_000


def wait_gone(router, begun, few):
    """Milliseconds until the entries are gone, and the longest that michid's answer took meanwhile."""
    longest = 0
    while entries.entries(router.space) > few:
        if worlds.now() - begun > 20:
            raise RuntimeError(f"{entries.entries(router.space)} conntrack entries are left")
        asked = worlds.now()
        router.request("GET", "/v1/status/third")
        longest = max(longest, worlds.now() - asked)
        time.sleep(0.002)
    return (worlds.now() - begun) * 1000, longest * 1000


def many_flows(report, build, rounds):
    """The same with a hundred thousand entries of the road that is lost, among them the stream's."""
    with worlds.world_of(build, config(), list(ROAD)) as (world, isp, router):
        world.plug(world.router, "wan1", "wan", "router-wan1")
        router.start()
        router.wait_up(*ROAD)
        course = Course(isp, router)
        gone, answers = [], []
        with Streams(world, [("lan-a", "internet", WEB, MOVING, 0.001), ("lan-a", "internet", WEB, STAYING, 0.001)]) as streams:
            time.sleep(0.3)
            for number in range(rounds):
                name = ("isp", "office")[number % 2]
                before = entries.entries(router.space)
                entries.fill(router.space, FLOWS, router.uplink(name)["number"] << 24, "192.168.10.5", WEB, ROAD[name])
                time.sleep(0.1)
                sid = router.uplink(name)["session"]["id"]
                have = len(isp.setups())
                course.events.append(("PADT", time.monotonic() * 1e6))
                begun = worlds.now()
                isp.ac.command(command="kill", sid=sid, how="padt")
                taken, longest = wait_gone(router, begun, before + 1000)
                gone.append(taken)
                answers.append(longest)
                isp.wait_setups(have + 1, 20)
                course.wait_back(name)
            moving, staying = streams.stop()
        router.stop()
    taken = []
    for _, at in course.events:
        change = next((c for c in moving["changes"] if c["at"] > at), None)
        taken.append((change["at"] - at) / 1000 if change else 1e6)
    report.add("failover.flows100k.ms.p99", percentile(taken, 0.99), "ms", 50, "the limit")
    report.add("failover.flows100k.gone.ms", max(gone), "ms", 500, "the limit")
    report.add("failover.flows100k.lost", staying["lost"], "packets", 0, f"{staying['sent']} packets on another uplink")
    report.note(f"{rounds} PADTs: first packet after {percentile(taken, 0.5):.1f} ms (median) to {max(taken):.1f} ms, all entries "
                f"gone after {min(gone):.0f} to {max(gone):.0f} ms, michid answered in at most {max(answers):.1f} ms meanwhile")

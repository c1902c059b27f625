"""TCP through the tun plane against plain veth forwarding, over the same hosts and the same number of hops."""
import json
import os
import subprocess

from bench import worlds
from lab.process import Process, wait_until
from lab.world import LAN, WEB

PORT = 5201
SEGMENT = 1414  # MTU 1454 in both cases
NEAR, FAR = "0", "1"  # cores: the LAN's side with michid, the network's side with the concentrator
PLAIN = "198.18.0."


def pinned(core, argv):
    return ["taskset", "-c", core, *argv]


def iperf(world, seconds, reverse):
    """Megabits a second that arrived."""
    argv = world.lan_a.argv(pinned(NEAR, ["iperf3", "-c", WEB, "-p", str(PORT), "-t", str(seconds), "-O", "0.3", "-M", str(SEGMENT),
                                          "-J", *(["-R"] if reverse else [])]))
    done = subprocess.run(argv, capture_output=True, text=True, timeout=seconds + 20)
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise RuntimeError(f"iperf3: {answer['error']}")
    return answer["end"]["sum_received"]["bits_per_second"] / 1e6


def best(world, rounds, seconds):
    return [max(iperf(world, seconds, reverse) for _ in range(rounds)) for reverse in (False, True)]


def without_offloads(space):
    for device in space.interfaces():
        if device == "lo":
            continue
        space.run("ethtool", "-K", device, "tso", "off", "gso", "off", "gro", "off")
        left = [line for line in space.run("ethtool", "-k", device).splitlines()
                if line.startswith(("tcp-segmentation-offload: on", "generic-segmentation-offload: on", "generic-receive-offload: on"))]
        if left:
            raise RuntimeError(f"{space.role} {device} keeps {left}")


def plain_forwarding(world):
    """The same path with plain Ethernet on the wire instead of sessions."""
    router, ac = world.router, world.space("bench-ac")
    router.ip(f"addr add {PLAIN}2/30 dev wan0", f"route add {WEB}/32 via {PLAIN}1", f"addr add {LAN}1/24 dev lan0")
    ac.ip(f"addr add {PLAIN}1/30 dev wire", f"route add {LAN}0/24 via {PLAIN}2")
    world.internet.ip(f"route add {LAN}0/24 via 10.254.9.1")
    router.set_sysctl("net/ipv4/ip_forward", 1)
    for role in ("lan-a", "router", "switch", "bench-ac", "internet"):
        without_offloads(world.space(role))


def pin_process(process, core):
    for thread in os.listdir(f"/proc/{process.pid}/task"):
        os.sched_setaffinity(int(thread), {int(core)})


def start_server(world):
    log = world.directory / "iperf3.log"
    server = Process(world.internet.argv(pinned(FAR, ["iperf3", "-s", "-p", str(PORT), "-B", WEB, "--forceflush"])), log)
    world.processes.append(server)
    wait_until(lambda: "listening" in server.log_text(), 5, "iperf3 listens")


def tun(report, build, rounds, seconds):
    config = worlds.ROUTER + worlds.LAN + worlds.uplink("isp")
    with worlds.world_of(build, config, ["isp"]) as (world, isp, router):
        start_server(world)
        router.start()
        router.wait_up("isp")
        pin_process(router.process, NEAR)
        pin_process(isp.ac.process, FAR)
        before = isp.ac.counters()
        through = best(world, rounds, seconds)
        after = isp.ac.counters()
        router.stop()
    with worlds.world_of(build, config, ["isp"]) as (world, _, _router):
        start_server(world)
        plain_forwarding(world)
        plain = best(world, rounds, seconds)
    ratios = [michi / veth for michi, veth in zip(through, plain)]
    worse = min(range(2), key=lambda i: ratios[i])
    report.add("tun.tcp.ratio", ratios[worse], "x", 0.55,
               f"plain veth forwarding without offloads, {'down' if worse else 'up'}: {plain[worse]:.0f} Mbit/s",
               at_least=True, measured_against=1)
    for name, michi, veth, ratio in zip(("up", "down"), through, plain, ratios):
        report.note(f"{name}: {michi:.0f} Mbit/s against {veth:.0f}: {ratio:.2f}")
    wrong = after["violations"] - before["violations"]
    if after["rx_packets"] - before["rx_packets"] < 1000:
        raise RuntimeError("hardly any frame reached the concentrator")
    report.add("tun.frames.wrong", wrong, "frames", 0,
               f"{after['rx_packets'] - before['rx_packets']} frames looked at on the far side: length, size, checksum, tag")

"""What `michi why` says of a flow is what the wire shows, flow by flow, whatever is up."""
import random
import socket
import time

from harness import rounds, wait_until
from lab import frames
from lab.world import ADDRESS

DESTINATIONS = ["198.51.100.80", "198.51.100.25", "198.51.100.7", "198.51.100.53", "192.0.2.53", "192.0.2.1", "203.0.113.53",
                "203.0.113.1", "198.18.99.80", "198.18.99.53", "198.18.96.5", "198.18.127.250", "192.168.10.5", "192.168.10.6",
                "192.0.2.194", "10.9.9.2", "10.9.8.1", "10.9.0.1", "10.50.1.1", "8.8.8.8", "203.0.113.200"]
PORTS = [7, 25, 53, 80, 123, 443, 465, 587, 5300, 8080, 33434]
EXITS = {"isp": ("isp-a", "ppp"), "office": ("isp-b", "ppp"), "flets": ("flets", "ppp")}


class Flow:
    def __init__(self, dice, number, sources):
        self.role, self.address, self.bound = dice.choice(sources)
        self.destination = dice.choice(DESTINATIONS)
        self.protocol = dice.choice(["udp", "tcp"])
        self.port, self.source_port = dice.choice(PORTS), 20000 + number
        self.socket, self.refused = None, False

    def __str__(self):
        return f"{self.role}{'@' + self.address if self.bound else ''}:{self.source_port} -> {self.destination}:{self.port}/{self.protocol}"

    def send(self, space):
        kind = socket.SOCK_DGRAM if self.protocol == "udp" else socket.SOCK_STREAM
        with space.inside():
            self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.setblocking(False)
        self.socket.bind((self.address if self.bound else "0.0.0.0", self.source_port))
        try:
            self.socket.connect((self.destination, self.port))
            if kind == socket.SOCK_DGRAM:
                self.socket.send(b"why")
        except BlockingIOError:
            pass
        except OSError:
            self.refused = True

    def key(self):
        return self.destination, 17 if self.protocol == "udp" else 6, self.port, self.source_port


def sources(lab):
    return [("lan-a", "192.168.10.5", False), ("lan-b", "192.168.10.6", False), ("dmz", "192.0.2.194", False),
            ("router", "192.168.10.1", False), ("router", "192.168.10.1", False)] + [
        ("router", ADDRESS[name], True) for name, state in lab.router.states().items() if state == "up"]


def observe(lab, flows):
    """flow key → set of (place, source address) where its first packet was seen."""
    world = lab.world
    watches = {name: frames.Watch(world.space(role), device) for name, (role, device) in EXITS.items()}
    watches["management"] = frames.Watch(world.gateway, "router")
    watches["lan0"] = frames.Watch(lab.router.space, "lan0")
    watches["lan1"] = frames.Watch(lab.router.space, "lan1")
    for flow in flows:
        flow.send(world.space(flow.role))
        time.sleep(0.001)
    time.sleep(0.3)  # the wires run dry; nothing is waited for that could come later
    seen = {}
    for place, watch in watches.items():
        for _, outgoing, data in watch.stop():
            if place in ("lan0", "lan1"):
                if not outgoing:
                    continue
                data = data[14:]
            elif place == "management":
                if outgoing:
                    continue
                data = data[14:]
            elif outgoing:
                continue
            fields = frames.ipv4_fields(data)
            if fields:
                source, destination, protocol, source_port, port = fields
                seen.setdefault((destination, protocol, port, source_port), set()).add((place, source))
    for flow in flows:
        flow.socket.close()
    return seen


def disagreement(lab, flow, seen):
    query = {"proto": flow.protocol, "port": flow.port, "source_port": flow.source_port}
    if flow.role != "router" or flow.bound:
        query["source"] = flow.address
    why = lab.router.why(flow.destination, **query)
    places = {place for place, _ in seen}
    verdict = why["verdict"]
    if verdict == "uplink":
        if places != {why["uplink"]}:
            return f"why says {why['uplink']}, the wire says {places or 'nowhere'}: {why}"
        translated = why.get("translated_source") or flow.address
        if {source for _, source in seen} != {translated}:
            return f"why says source {translated}, the wire {seen}"
        return None
    if verdict == "unreachable":
        return f"why says unreachable, the wire {places}" if places else None
    if verdict == "main":
        return f"why says main, the wire {places}" if places - {"management", "lan0", "lan1"} else None
    if verdict == "published":
        return f"why says published, the wire {places}" if places & set(EXITS) else None
    return f"why says {verdict}, the wire {places}" if places & set(EXITS) else None


def check(lab, dice, count, numbers):
    wrong, verdicts = [], {}
    choice = sources(lab)
    for start in range(0, count, 100):
        flows = [Flow(dice, next(numbers), choice) for _ in range(min(100, count - start))]
        # LAN hosts reach each other, and the router itself, without the router's roads.
        flows = [f for f in flows if not (f.role.startswith("lan") and f.destination.startswith("192.168.10."))
                 and f.destination not in (f.address, "192.0.2.193") and not (f.role == "dmz" and f.destination == "192.0.2.194")]
        seen = observe(lab, flows)
        for flow in flows:
            places = seen.get(flow.key(), set())
            told = disagreement(lab, flow, places)
            verdicts[bool(places)] = verdicts.get(bool(places), 0) + 1
            if told:
                wrong.append(f"{flow}: {told}")
    assert not wrong, f"{len(wrong)} of {sum(verdicts.values())}:\n" + "\n".join(wrong[:12])
    assert verdicts.get(True, 0) > count / 4, verdicts
    return verdicts.get(False, 0)


def test_why_agrees_with_the_wire(lab):
    router = lab.router
    router.wait_up("isp", "office", "flets")
    router.space.ip("route add 10.9.8.0/24 via 10.9.0.1")
    assert router.why("10.9.8.1", source="192.168.10.5")["device"] == "mgmt0"
    assert router.why("8.8.8.8", source="10.9.0.2")["device"] == "mgmt0", "main's default"
    assert router.why("8.8.8.8", source="192.168.10.5")["uplink"] == "isp"
    dice, numbers = random.Random(7), iter(range(40000))
    count = rounds(200, 1000)
    check(lab, dice, count // 2, numbers)
    nowhere = 0
    for name in ("isp", "flets", "office"):
        router.michi("down", name)
        router.wait_state(name, "down")
        router.wait_settled()
        nowhere += check(lab, dice, count // 6, numbers)
        router.michi("up", name)
        router.wait_up(name, seconds=15)
        # Between a flow and its question the choice must not change (return-after).
        wait_until(lambda: router.status()["policies"][-1]["in_use"] == ["isp"], 5, "isp is chosen again")
    assert nowhere > 0, "no flow was unreachable: the question was too easy"

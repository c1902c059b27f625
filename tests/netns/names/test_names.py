"""Names: each network's own go to its resolver through its session; a dead uplink's resolver is out at once."""
import time

from harness import wait_until
from lab import dns, probe
from lab.world import ADDRESS, LAN, RESOLVER, SQUARE, WEB

ROUTER = LAN + "1"


def who(lab):
    """(resolver that answered, address it saw) for a name of the internet."""
    try:
        return tuple(probe.resolve(lab.world.lan_a, ROUTER, f"who.{time.monotonic_ns()}.example", dns.TXT, timeout=0.3)[1][0].split())
    except (probe.NoReply, IndexError):
        return None


def test_every_name_is_asked_of_its_own_network(lab):
    router = lab.router
    router.wait_up("isp", "office", "flets")
    wait_until(lambda: who(lab), 5, "the LAN's resolver answers")
    assert probe.resolve(lab.world.lan_a, ROUTER, "www.example") == (0, [WEB])
    assert probe.resolve(lab.world.lan_a, ROUTER, "square.flets") == (0, [SQUARE])
    assert probe.resolve(lab.world.lan_a, ROUTER, f"who.{time.monotonic_ns()}.flets", dns.TXT)[1] == [f"flets-dns {ADDRESS['flets']}"]
    for name in ("isp-a", "isp-b"):
        lab.ac(name).watch("names", "udp dport 53 @th,192,48 0x067371756172")  # "www" 6 "squar"
    router.michi("down", "flets")
    router.wait_state("flets", "down")
    code, found = probe.resolve(lab.world.lan_a, ROUTER, "www.square.flets")
    assert found == [] and code != 0
    for name in ("isp-a", "isp-b"):
        assert lab.ac(name).seen("names") == 0, "an ISP was asked for a name of the closed network"


def test_a_dead_uplinks_resolver_is_out_at_once(lab):
    router = lab.router
    router.wait_up("isp", "office")
    wait_until(lambda: who(lab), 5, "the LAN's resolver answers")
    router.michi("down", "isp")
    router.wait_state("isp", "down")
    wait_until(lambda: RESOLVER["isp"] not in servers_file(router), 0.5, "the servers file has no resolver of isp")
    wait_until(lambda: who(lab) == ("isp-b", ADDRESS["office"]), 3, "names are asked of isp-b", tell=lambda: str(who(lab)))
    router.michi("up", "isp")
    router.wait_up("isp")
    wait_until(lambda: RESOLVER["isp"] in servers_file(router), 1, "the servers file has it again")


def servers_file(router):
    return "".join(path.read_text() for path in router.run_directory.rglob("*servers*") if path.is_file())

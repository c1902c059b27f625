"""What others break is repaired at once; what others made is not touched."""
import difflib

import pytest
from harness import wait_until
from lab import probe
from lab.world import ADDRESS, ECHO, SQUARE, WEB


DAMAGE = {
    "rule": lambda r: r.space.ip(f"rule del priority {r.michi_rules()[-1].split(':')[0]}"),
    "every-rule": lambda r: r.space.run("sh", "-c", "ip rule flush; ip rule add priority 32766 lookup main; ip rule add priority 32767 lookup default"),
    "route": lambda r: r.space.ip(f"route del default table {table_of(r, 'isp')}", check=False),
    "route-table": lambda r: r.space.ip(f"route flush table {table_of(r, 'isp')}"),
    "closed-route": lambda r: r.space.ip("route flush table 20000"),
    "address": lambda r: r.space.ip(f"addr del {ADDRESS['isp']}/32 dev isp"),
    "lan-address": lambda r: r.space.run("ip", "-4", "addr", "flush", "dev", "lan0"),
    "nft-table": lambda r: r.space.nft("delete table inet michi"),
    "flush-ruleset": lambda r: r.space.nft("flush ruleset"),
    "nft-elements": lambda r: r.space.nft("flush map inet michi source; flush set inet michi own; flush map inet michi known"),
    "link-down": lambda r: r.space.ip("link set isp down"),
    "device-removed": lambda r: r.space.ip("link del isp"),
    "mtu": lambda r: r.space.ip("link set isp mtu 1300"),
    "forwarding": lambda r: r.space.set_sysctl("net/ipv4/ip_forward", 0),
    "reverse-path": lambda r: r.space.set_sysctl("net/ipv4/conf/isp/rp_filter", 1),
    "self-device": lambda r: r.space.ip("link del michi0"),
}


def table_of(router, name):
    words = next(l for l in router.michi_rules() if f"oif {name} " in l + " ").split()
    return words[words.index("lookup") + 1]


def works(lab):
    try:
        return (probe.ask_udp(lab.world.lan_a, ECHO, 7, timeout=0.2)[1] == ADDRESS["isp"]
                and probe.ask_udp(lab.router.space, WEB, 7, timeout=0.2)[1] == ADDRESS["isp"]
                and probe.ask_udp(lab.world.lan_b, SQUARE, 7, timeout=0.2)[1] == ADDRESS["flets"])
    except probe.NoReply:
        return False


OTHERS = "add table ip others; add chain ip others c { type filter hook forward priority 5; }; add rule ip others c counter"


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_is_repaired_and_foreign_things_stay(lab, kind):
    router = lab.router
    router.space.ip("rule add priority 500 from 10.77.0.0/16 lookup 77", "route add 10.78.0.0/16 dev mgmt0 table 77",
                    "route add 10.79.0.0/16 dev mgmt0")
    router.space.nft(OTHERS)
    router.wait_up("isp", "office", "flets")
    wait_until(lambda: works(lab), 3, "everything works")
    told = [w["text"] for w in router.status()["warnings"] if w["code"] == "host.rule-before"]
    assert len(told) == 1 and "priority 500, table 77" in told[0], router.status()["warnings"]
    clean = router.kernel_state()
    session = {n: router.uplink(n)["session"]["id"] for n in ADDRESS}
    DAMAGE[kind](router)
    if kind == "flush-ruleset":
        router.space.nft(OTHERS)
    if kind == "every-rule":
        router.space.ip("rule add priority 500 from 10.77.0.0/16 lookup 77")
    try:
        wait_until(lambda: router.kernel_state() == clean, 3, "the kernel is as before")
    except AssertionError as error:
        difference = difflib.unified_diff(clean.splitlines(), router.kernel_state().splitlines(), "clean", "now", lineterm="", n=0)
        pytest.fail(f"{error}\n" + "\n".join(difference))
    wait_until(lambda: works(lab), 3, "everything works")
    wait_until(lambda: router.space.run("sysctl", "-n", "net.ipv4.ip_forward", "net.ipv4.conf.isp.rp_filter").split() == ["1", "0"], 3,
               "sysctls are as before")
    router.wait_settled()
    kept = [n for n in ADDRESS if (n, kind) != ("isp", "device-removed")]  # a session without its device is dialled anew
    assert all(router.uplink(n)["session"]["id"] == session[n] for n in kept), "the repair cost a session"
    assert any(e["code"] == "kernel.repaired" for e in router.events()), "no event tells of the repair"


def test_the_ethernet_interface_may_go_and_come(lab):
    router, world = lab.router, lab.world
    router.wait_up("isp", "office", "flets")
    router.space.ip("link del wan0")
    for name in ADDRESS:
        router.wait_state(name, "waiting", 5, reason="no-interface")
    world.plug(router.space, "wan0", "wan", "router-wan2")
    router.wait_up("isp", "office", "flets", seconds=20)
    wait_until(lambda: probe.ask_tcp(world.lan_a, WEB, 80)[1] == ADDRESS["isp"], 5, "new flows are back on isp")


def test_a_persistent_vandal_is_named_and_not_fought_for_ever(lab):
    router = lab.router
    router.wait_up("isp", "office", "flets")
    for _ in range(8):
        priority = router.michi_rules()[-1].split(":")[0]
        router.space.ip(f"rule del priority {priority}")
        try:
            wait_until(lambda: any(l.startswith(priority) for l in router.michi_rules()), 0.5, "rule is back")
        except AssertionError:
            break
    event = router.wait_event("kernel.damage", seconds=5)
    assert "rule" in str(event)

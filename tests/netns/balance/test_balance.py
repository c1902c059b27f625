"""Static weights: hosts are spread over the uplinks, and each host stays on its own."""
from lab import probe
from lab.world import ADDRESS, WEB


def spread(lab, count):
    """host address → uplinks its connections took."""
    taken = {}
    names = {address: name for name, address in ADDRESS.items()}
    for number in range(count):
        source = f"192.168.10.{100 + number}"
        for _ in range(3):
            _, seen = probe.ask_tcp(lab.world.lan_a, WEB, 80, source=source)
            taken.setdefault(source, set()).add(names[seen])
    return taken


def test_hosts_are_spread_by_weight_and_stay(lab):
    router, world = lab.router, lab.world
    world.lan_a.ip(*(f"addr add 192.168.10.{100 + n}/24 dev eth0" for n in range(40)))
    router.wait_up("isp", "office")
    taken = spread(lab, 40)
    assert all(len(uplinks) == 1 for uplinks in taken.values()), "a host changed its uplink between connections"
    shares = {name: sum(uplinks == {name} for uplinks in taken.values()) for name in ("isp", "office")}
    assert shares["isp"] > shares["office"] > 0, f"weights 3 and 1 gave {shares}"
    for source in ("192.168.10.100", "192.168.10.101", "192.168.10.102"):
        why = router.why(WEB, source=source, proto="tcp", port=80)
        assert taken[source] <= set(why["candidates"] or [why["uplink"]]), why
    router.michi("down", "isp")
    router.wait_state("isp", "down")
    router.wait_settled()
    assert set().union(*spread(lab, 10).values()) == {"office"}

"""A session with IPv6 gets a prefix from the provider's server: kept, confirmed after every reconnect and restart, never released."""
import pytest
from harness import wait_until

WORLD = {"concentrators": ("isp-a",), "ipv6": {"isp-a": {}}}


def prefixes(lab, state="confirmed"):
    return [one for one in lab.router.uplink("isp").get("prefixes", []) if one["state"] == state]


def wait_prefix(lab, seconds=15):
    def question():
        found = prefixes(lab)
        return found[0]["prefix"] if found else None
    return wait_until(question, seconds, "a confirmed prefix", tell=lambda: str(lab.router.uplink("isp")))


def test_michi_gets_a_prefix_and_the_provider_forwards_it(lab):
    isp = lab.world.six.access["isp-a"]
    prefix = wait_prefix(lab)
    assert prefix.startswith("2001:db8:a1") and prefix.endswith("/56")
    assert isp.wait_lease() == prefix and isp.routes() == [prefix]
    shown = lab.router.uplink("isp")
    assert shown["state"] == "up" and shown["ipv6"]["dns"], shown
    held = shown["prefixes"][0]
    assert 0 < held["preferred_ms"] <= 3600_000 and held["preferred_ms"] < held["valid_ms"] <= 7200_000 and not held["on_link"]
    assert 0 < shown["prefix_renewal_ms"] <= held["preferred_ms"]
    assert "dhcp6 Bound" in shown["protocol_state"]
    assert f"{prefix} confirmed" in lab.router.michi("status", "isp").stdout
    lab.router.wait_event("prefix.delegated", uplink="isp")


def test_the_next_session_confirms_the_prefix_by_rebind(lab):
    isp = lab.world.six.access["isp-a"]
    prefix = wait_prefix(lab)
    lab.ac("isp-a").command(command="kill", how="padt")
    wait_until(lambda: [one["prefix"] for one in prefixes(lab, "remembered")] == [prefix], 5, "the prefix is only remembered",
               tell=lambda: str(lab.router.uplink("isp")), every=0.005)
    assert wait_prefix(lab, 20) == prefix
    assert isp.routes() == [prefix]
    said = isp.messages()
    assert said.get("rebind", 0) >= 1 and said.get("release", 0) == 0, said


def test_a_daemon_killed_and_started_again_keeps_its_prefix_and_takes_no_second_lease(lab):
    isp, router = lab.world.six.access["isp-a"], lab.router
    prefix = wait_prefix(lab)
    for _ in range(2):
        router.crash()
        router.start()
        wait_until(lambda: [one["prefix"] for one in router.uplink("isp").get("prefixes", [])] == [prefix], 2,
                   "it is known from the first moment that the uplink is", every=0.01)
        assert wait_prefix(lab, 20) == prefix
    assert isp.wait_lease() == prefix
    assert len(isp.leases()) == 1, isp.leases()
    assert isp.messages().get("release", 0) == 0, isp.messages()


def test_without_a_server_the_session_is_up_and_says_what_it_waits_for(lab):
    isp, router = lab.world.six.access["isp-a"], lab.router
    wait_prefix(lab)
    isp.silence()
    router.michi("redial", "isp")
    router.wait_event("dhcp6.no-answer", seconds=30, uplink="isp")
    shown = router.uplink("isp")
    assert shown["state"] == "up" and "a DHCPv6 server" in shown["waiting_for"][0], shown
    isp.speak()
    wait_prefix(lab, 60)


@pytest.mark.world(config="""
[uplink.isp]
interface = "wan0"
user = "user@isp-a.example"
mtu = 1454
dhcp6 = { release = true }
""")
def test_release_is_said_before_the_session_ends_where_the_file_wants_it(lab):
    isp = lab.world.six.access["isp-a"]
    wait_prefix(lab)
    lab.router.michi("down", "isp")
    isp.wait_message("release")
    wait_until(lambda: isp.leases() == {}, 5, "the lease is gone", tell=lambda: str(isp.leases()))
    lab.router.wait_state("isp", "down")

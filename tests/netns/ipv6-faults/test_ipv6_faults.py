"""What a scenario can do to an IPv6 line in the lab, seen by foreign clients: each fault does what it says."""
import time

import pytest
from foreign6 import Dhcp6c, Dhcpcd
from harness import wait_until
from lab import hosts6, probe
from lab.ipv6 import ASKER6, WEB6

WORLD = {"start": False, "concentrators": ()}
DELEGATING = pytest.mark.world(ipv6={"ngn": {"kind": "pd"}})
FOREIGN = pytest.mark.world(ipv6={"ngn": {"kind": "ra"}}, laws=False)  # sources that are nobody's any more are sent on purpose
ADVERTISING = pytest.mark.world(ipv6={"ngn": {"kind": "ra"}})
SHORT = pytest.mark.world(ipv6={"ngn": {"kind": "pd", "preferred": 4, "valid": 6, "t1": 2, "t2": 3}})


def ngn_of(lab):
    return lab.world.six.access["ngn"]


def as_host(lab):
    hosts6.accept_advertisements(lab.world.router, "wan0")
    return hosts6.wait_address(lab.world.router, ngn_of(lab).link_prefix, "wan0")


def on_lan(lab, prefix):
    return wait_until(lambda: hosts6.usable(lab.world.router, prefix, "lan0"), 8, f"an address of {prefix} on lan0",
                      tell=lambda: str(hosts6.addresses(lab.world.router, "lan0")))


@FOREIGN
def test_a_renumbered_line_deprecates_the_old_address_and_gives_a_new_one(lab):
    ngn, old = ngn_of(lab), as_host(lab)
    before = ngn.link_prefix
    ngn.renumber()
    new = hosts6.wait_address(lab.world.router, ngn.link_prefix, "wan0")
    hosts6.wait_gone(lab.world.router, before, "wan0")
    assert probe.ask_tcp(lab.world.router, WEB6, 80) == ("web", new.address)
    with pytest.raises(probe.NoReply):
        probe.ask_tcp(lab.world.router, WEB6, 80, source=old.address, timeout=0.4)
    assert ngn.foreign_sources() > 0


@FOREIGN
def test_a_line_renumbered_without_a_word_leaves_the_old_address_preferred_and_dead(lab):
    ngn, old = ngn_of(lab), as_host(lab)
    before = ngn.link_prefix
    ngn.renumber(quiet=True)
    hosts6.wait_address(lab.world.router, ngn.link_prefix, "wan0")
    assert hosts6.usable(lab.world.router, before, "wan0").address == old.address
    with pytest.raises(probe.NoReply):
        probe.ask_tcp(lab.world.router, WEB6, 80, source=old.address, timeout=0.4)


@ADVERTISING
def test_a_withdrawn_prefix_is_deprecated_at_once(lab):
    ngn, held = ngn_of(lab), as_host(lab)
    assert held.preferred > 0
    before = ngn.link_prefix
    ngn.withdraw()
    hosts6.wait_gone(lab.world.router, before, "wan0")


@ADVERTISING
def test_short_lifetimes_run_out_when_the_advertisements_stop(lab):
    ngn = ngn_of(lab)
    as_host(lab)
    ngn.silence()
    ngn.lifetimes(2, 3)
    with pytest.raises(AssertionError):
        wait_until(lambda: hosts6.solicit(lab.world.router, "wan0") or hosts6.addresses(lab.world.router, "wan0")[0].valid < 60,
                   1, "a silent line told something")
    ngn.speak()
    told = lambda: any(h.preferred <= 2 for h in hosts6.addresses(lab.world.router, "wan0"))  # noqa: E731
    wait_until(lambda: hosts6.solicit(lab.world.router, "wan0") or told(), 8, "the short lifetime", every=0.2)
    ngn.silence()
    hosts6.wait_gone(lab.world.router, ngn.link_prefix, "wan0")


@SHORT
def test_a_client_that_dies_loses_its_route_when_the_lease_runs_out(lab):
    ngn, client = ngn_of(lab), Dhcpcd(lab, "wan0", release=False)
    prefix = ngn.wait_lease()
    ngn.wait_message("renew", 1)
    assert ngn.routes() == [prefix]
    client.kill()
    begun = time.monotonic()
    wait_until(lambda: ngn.routes() == [], 8, "the end of the lease")
    assert time.monotonic() - begun > 3


@SHORT
def test_a_delegation_that_changes_reaches_the_client_with_its_next_renew(lab):
    ngn, _ = ngn_of(lab), Dhcpcd(lab, "wan0")
    lab.world.router.set_sysctl("net/ipv6/conf/all/forwarding", 1)
    old = ngn.wait_lease()
    on_lan(lab, old)
    ngn.renumber()
    new = wait_until(lambda: next((p for p in ngn.leases() if p.startswith("3fff:100:11")), None), 10, "a prefix of the other pool",
                     tell=lambda: f"{ngn.leases()} {ngn.messages()}")
    assert ngn.routes() == [new]
    held = on_lan(lab, new)
    wait_until(lambda: hosts6.ping(lab.world.internet, held.address, ASKER6), 5, "the new prefix is reached")
    hosts6.wait_gone(lab.world.router, old, "lan0")


@SHORT
def test_a_withdrawn_delegation_is_answered_with_no_time_left(lab):
    ngn, client = ngn_of(lab), Dhcpcd(lab, "wan0")
    old = ngn.wait_lease()
    on_lan(lab, old)
    ngn.withdraw()
    assert ngn.routes() == []
    ngn.wait_message("renew", 1)
    hosts6.wait_gone(lab.world.router, old, "lan0")
    assert ngn.leases() == {} and client.process.running()


@SHORT
@pytest.mark.parametrize("binding", [False, True])
def test_a_server_without_its_leases_has_no_binding_or_grants_what_it_is_asked(lab, binding):
    ngn, client = ngn_of(lab), Dhcpcd(lab, "wan0")
    ngn.wait_lease()
    client.said("writing lease")
    ngn.forget(binding=binding)
    assert ngn.routes() == []
    requests = ngn.messages()["request"]
    wait_until(ngn.leases, 12, "a lease again", tell=lambda: f"{ngn.messages()} {client.process.log_text()[-800:]}")
    said_so = "NoBinding" in client.process.log_text() or "no known PD leases" in client.process.log_text()
    assert said_so != binding
    if binding:
        assert ngn.messages()["request"] == requests


@DELEGATING
def test_late_answers_come_late_and_lost_messages_are_sent_again(lab):
    ngn = ngn_of(lab)
    ngn.set_delay(0.4)
    begun = time.monotonic()
    client = Dhcp6c(lab, "wan0")
    ngn.wait_message("advertise", 1)
    assert time.monotonic() - begun > 0.4
    ngn.wait_lease()
    assert time.monotonic() - begun > 0.8
    client.kill()
    ngn.set_delay(0)
    seen = ngn.messages()
    ngn.drop(2)
    Dhcp6c(lab, "wan0")
    wait_until(lambda: len(ngn.leases()) == 2, 15, "the second lease", tell=lambda: str(ngn.messages()))
    assert ngn.messages()["solicit"] - seen["solicit"] >= 3


@DELEGATING
def test_a_silent_server_is_heard_again_when_it_speaks(lab):
    ngn = ngn_of(lab)
    ngn.silence()
    Dhcp6c(lab, "wan0")
    ngn.wait_message("solicit", 2)
    assert "advertise" not in ngn.messages() and ngn.leases() == {}
    ngn.speak()
    ngn.wait_lease(15)

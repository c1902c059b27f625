"""What hosts of a LAN hear of prefixes that an earlier life of michi advertised: seen by the kernel's own SLAAC."""
from harness import wait_until
from lab import hosts6
from lab.advertiser import Advertiser, Announced

WORLD = {"start": False, "concentrators": ("isp-a",), "config": """
[uplink.isp]
kind = "pppoe"
interface = "wan0"
user = "user@isp-a.example"
ipv6 = false

[lan.home]
interface = "lan0"
address = "192.168.10.1/24"
"""}

BEFORE = "2001:db8:77:1::/64"


def earlier_life(lab):
    """Hosts hold an address of a prefix; all that michi has of it is a record from before a reboot without a clock."""
    inside = Advertiser(lab.world, lab.world.router, "lan", "lan0", [Announced(BEFORE, 2700, 5400)])
    inside.start()
    inside.wait_ready()
    hosts6.accept_advertisements(lab.world.lan_a)
    held = hosts6.wait_address(lab.world.lan_a, BEFORE)
    inside.process.kill()
    record = lab.router.state_directory / "records/lan.lan0"
    record.parent.mkdir()
    record.write_text(f"at=1000\nboot=another\nwall=1\n{BEFORE}=5400 LAR\n")
    return held, record


def deprecated(lab, address):
    return any(a.address == address and a.deprecated for a in hosts6.addresses(lab.world.lan_a))


def test_a_prefix_of_before_that_nobody_brings_back_is_deprecated_on_the_hosts(lab):
    held, _ = earlier_life(lab)
    lab.router.start()
    wait_until(lambda: deprecated(lab, held.address), 12, "the host begins nothing new with it",
               tell=lambda: str(hosts6.addresses(lab.world.lan_a)))
    wait_until(lambda: not hosts6.default_routers(lab.world.lan_a), 5, "the router is no default router any more")
    assert lab.router.wait_event("lan.prefix-deprecated")["fields"]["prefix"] == BEFORE


def test_a_flush_without_a_daemon_takes_it_back_at_once_and_forgets_it(lab):
    held, record = earlier_life(lab)
    router = lab.router
    router.space.run(lab.world.binary("michid"), "--flush", "--run-dir", str(router.run_directory), "--state-dir",
                     str(router.state_directory))
    wait_until(lambda: deprecated(lab, held.address), 3, "the host begins nothing new with it",
               tell=lambda: str(hosts6.addresses(lab.world.lan_a)))
    assert not record.exists()

"""A public block routed to one uplink's session: its hosts keep their addresses."""
from lab import probe
from lab.world import ADDRESS, ISP_A, WEB


def test_a_host_of_the_block_is_seen_with_its_own_address(lab):
    lab.router.wait_up("isp", "office")
    assert probe.ask_tcp(lab.world.dmz, WEB, 80) == ("web", ISP_A + "194")
    assert probe.ask_udp(lab.world.dmz, WEB, 7) == ("web", ISP_A + "194")
    # Mail of the block does not follow the LAN's policy, and never leaves by a foreign uplink.
    assert probe.greeting(lab.world.dmz, "198.51.100.25") == ISP_A + "194"


def test_the_block_is_unreachable_and_never_leaves_by_another_uplink_while_its_own_is_down(lab):
    router = lab.router
    router.wait_up("isp", "office")
    router.michi("down", "isp")
    router.wait_state("isp", "down")
    assert probe.unreachable(lab.world.dmz, WEB, 7)
    assert probe.ask_tcp(lab.world.lan_a, WEB, 80) == ("web", ADDRESS["office"])
    router.michi("up", "isp")
    router.wait_up("isp")
    assert probe.ask_udp(lab.world.dmz, WEB, 7) == ("web", ISP_A + "194")

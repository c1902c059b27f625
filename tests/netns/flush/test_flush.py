"""`michi flush` takes everything of michi's out of the kernel and leaves what others made."""
from lab import probe
from lab.world import ROUTER_MANAGEMENT

WORLD = {"start": False}


def test_flush_leaves_the_kernel_as_it_was(lab):
    router = lab.router
    router.space.ip("rule add priority 500 from 10.77.0.0/16 lookup 77", "route add 10.78.0.0/16 dev mgmt0 table 77")
    router.space.nft("add table ip others; add chain ip others c { type filter hook forward priority 5; }")
    before = router.kernel_state(), router.devices(), router.space.get_sysctl("net/ipv4/ip_forward")
    router.start()
    router.wait_up("isp", "office", "flets")
    router.michi("flush")
    router.process.wait(8)
    assert router.kernel_state() == before[0]
    assert router.devices() == before[1]
    assert router.space.get_sysctl("net/ipv4/ip_forward") == before[2]
    for ac in lab.world.acs.values():
        assert ac.sessions() == []
    assert probe.ask_tcp(lab.world.management, ROUTER_MANAGEMENT, 22)[0] == "router"

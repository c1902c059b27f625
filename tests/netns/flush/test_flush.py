"""`michi flush` takes everything of michi's out of the kernel and leaves what others made."""
import subprocess

from lab import probe
from lab.world import ROUTER_MANAGEMENT

WORLD = {"start": False}


def test_flush_leaves_the_kernel_as_it_was(lab):
    router = lab.router
    router.space.ip("rule add priority 500 from 10.77.0.0/16 lookup 77", "route add 10.78.0.0/16 dev mgmt0 table 77")
    router.space.nft("add table ip others; add chain ip others c { type filter hook forward priority 5; }")
    before = router.kernel_state(), router.devices(), router.space.get_sysctl("net/ipv4/fwmark_reflect")
    router.start()
    router.wait_up("isp", "office", "flets")
    router.michi("flush")
    assert router.process.wait(8) == 10, "the packaged unit (RestartPreventExitStatus=10) would start it again"
    # The LAN's addresses stay, so that whoever is logged in over the LAN is not cut off.
    router.space.ip("addr del 192.168.10.1/24 dev lan0", "addr del 192.0.2.193/29 dev lan1")
    assert router.kernel_state() == before[0]
    assert router.devices() == before[1]
    assert router.space.get_sysctl("net/ipv4/fwmark_reflect") == before[2]
    for ac in lab.world.acs.values():
        assert ac.sessions() == []
    assert probe.ask_tcp(lab.world.management, ROUTER_MANAGEMENT, 22)[0] == "router"


def test_flush_without_a_daemon_needs_no_raw_sockets_and_makes_no_folder(lab):
    router = lab.router
    before = router.kernel_state(), router.devices()
    router.start()
    router.wait_up("isp", "office", "flets")
    router.crash()
    run, state = lab.world.directory / "other-run", lab.world.directory / "other-state"
    done = subprocess.run(router.space.argv(["setpriv", "--bounding-set", "-net_raw,-sys_admin", "--inh-caps", "-all",
                                             lab.world.binary("michid"), "--flush", "--run-dir", run, "--state-dir", state]),
                          capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stderr
    assert not run.exists() and not state.exists()
    router.space.ip("addr del 192.168.10.1/24 dev lan0", "addr del 192.0.2.193/29 dev lan1")
    assert router.kernel_state() == before[0]
    assert router.devices() == before[1]

"""Two concentrators of one network answer, one of them refuses: the other one is taken."""
from lab import probe
from lab.concentrator import Account
from lab.world import ACCOUNTS, ADDRESS, WEB

WORLD = {"concentrators": ("isp-a", "isp-b"), "start": False}


def test_an_uplink_gets_over_a_refusing_concentrator(lab):
    refusing = lab.world.add("isp-a2", "192.0.2.2", "192.0.2.130-192.0.2.140", ["192.0.2.54"],
                             [Account(*ACCOUNTS["isp"], ADDRESS["isp"])], ["192.0.2.128/26"], None)
    refusing.wait_started()
    refusing.command(command="set", refuse=True)
    lab.router.write_config(lab.file("michi.toml").replace('ac-name = "isp-a"', 'prefer-acs = ["isp-a2", "isp-a"]'))
    lab.router.start()
    lab.router.wait_up("isp", seconds=15)
    assert probe.ask_tcp(lab.world.lan_a, WEB, 80) == ("web", ADDRESS["isp"])
    assert len(lab.ac("isp-a").sessions()) == 1 and refusing.sessions() == []


def test_an_uplink_takes_only_the_named_concentrator(lab):
    lab.router.start()
    lab.router.wait_up("isp", "office", seconds=15)
    assert lab.router.uplink("isp")["session"]["ac_name"] == "isp-a"
    assert lab.router.uplink("office")["session"]["ac_name"] == "isp-b"

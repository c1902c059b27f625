"""The closed network's list of prefixes is a file; when it changes it is read again."""
from harness import wait_until
from lab import probe
from lab.world import ADDRESS, SQUARE

WORLD = {"start": False}


def test_a_changed_routes_file_is_applied_and_no_session_drops(lab):
    router, routes = lab.router, lab.world.directory / "square.routes"
    routes.write_text("# date: 2005-02-01\n198.18.96.0/24\n")
    router.write_config(lab.edit(('routes = ["198.18.96.0/19"]', f'routes-file = "{routes}"')))
    router.start()
    router.wait_up("isp", "office", "flets")
    session = {name: router.uplink(name)["session"]["id"] for name in ADDRESS}
    assert router.why(SQUARE)["uplink"] == "isp"
    routes.write_text("# date: 2024-05-07\n" + "".join(f"198.18.{n}.0/24\n" for n in range(96, 128)))
    wait_until(lambda: router.why(SQUARE)["uplink"] == "flets", 5, "the new list is in force", tell=lambda: str(router.events()[-3:]))
    router.wait_settled()
    assert probe.ask_tcp(lab.world.lan_a, SQUARE, 80) == ("square", ADDRESS["flets"])
    assert {name: router.uplink(name)["session"]["id"] for name in ADDRESS} == session
    assert "2024-05-07" in str(router.status())


def test_ten_thousand_prefixes_are_one_rule(lab):
    router, routes = lab.router, lab.world.directory / "square.routes"
    routes.write_text("".join(f"100.{64 + n // 256}.{n % 256}.0/24\n" for n in range(10000)) + "198.18.96.0/19\n")
    router.write_config(lab.edit(('routes = ["198.18.96.0/19"]', f'routes-file = "{routes}"')))
    router.start()
    router.wait_up("isp", "office", "flets")
    assert probe.ask_udp(lab.world.lan_a, SQUARE, 7) == ("square", ADDRESS["flets"])
    assert len(router.michi_rules()) < 40
    assert router.space.run("ip", "route", "show", "table", "20000").count("\n") >= 10001

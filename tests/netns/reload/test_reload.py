"""Reload changes what changed, refuses what is wrong, and --confirm takes it back."""
import pytest
from lab import probe
from lab.router import CliFailed
from lab.world import ADDRESS, ECHO, MAIL, WEB


def session(router, name):
    return router.uplink(name)["session"]["id"]


def test_a_reload_drops_no_session_that_did_not_change(lab):
    router = lab.router
    router.wait_up("isp", "office", "flets")
    before = {name: session(router, name) for name in ADDRESS}
    stream = probe.Stream(lab.world.lan_a, ECHO, 7)
    router.write_config(lab.edit(("mtu = 1454\ndefault-route", "mtu = 1400\ndefault-route")))
    dry = router.michi("reload", "--dry-run").stdout
    assert "flets" in dry and "office" not in dry, dry
    assert session(router, "flets") == before["flets"], "--dry-run did it"
    mark = router.mark()
    router.michi("reload")
    router.wait_event("reload.applied", after=mark)
    router.wait_event("uplink.up", uplink="flets", after=mark)
    router.wait_up("isp", "office", "flets")
    stream.stop()
    assert {name: session(router, name) for name in ("isp", "office")} == {n: before[n] for n in ("isp", "office")}
    assert stream.lost() == 0, f"{stream.lost()} of {stream.sent} lost"


def test_confirm_rolls_back_unless_confirmed(lab):
    router, world = lab.router, lab.world
    router.wait_up("isp", "office")
    assert probe.greeting(world.lan_a, MAIL) == ADDRESS["office"]
    router.write_config(lab.edit(('use = ["office"]\notherwise = "unreachable"', 'use = ["isp"]')))
    router.michi("reload", "--confirm", "1")
    router.wait_settled()
    assert probe.greeting(world.lan_a, MAIL) == ADDRESS["isp"]
    router.wait_event("reload.rolled-back", seconds=5)
    router.wait_settled()
    assert probe.greeting(world.lan_a, MAIL) == ADDRESS["office"]
    assert router.uplink("isp")["state"] == "up"


@pytest.mark.parametrize("damage", [("mtu = 1454", "mtuu = 1454"), ("mtu = 1454", "mtu = "), ('use = ["office"]', 'use = ["ofice"]')])
def test_a_wrong_file_is_refused_with_its_place_and_changes_nothing(lab, damage):
    router = lab.router
    router.wait_up("isp", "office")
    before = session(router, "isp"), router.kernel_state()
    router.write_config(lab.edit(damage))
    with pytest.raises(CliFailed) as refused:
        router.michi("reload")
    assert refused.value.status == 2
    line = next(n for n, text in enumerate(router.config_path.read_text().splitlines(), 1) if damage[1] in text)
    assert f"michi.toml:{line}:" in refused.value.output
    if damage[1].startswith("mtuu"):
        assert '"mtu"' in refused.value.output, "no suggestion"
    checked = router.michi("check", router.config_path, check=False)
    assert checked.returncode == 2 and f":{line}:" in checked.stdout + checked.stderr
    assert (session(router, "isp"), router.kernel_state()) == before
    assert probe.ask_tcp(lab.world.lan_a, WEB, 80)[1] == ADDRESS["isp"]

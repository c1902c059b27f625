"""A wrong password has one reason and one remedy, and the other uplinks do not notice."""
from harness import wait_until
from lab import probe
from lab.world import ADDRESS, WEB

WORLD = {"secrets": {"isp": "not-this-one", "office": "swordfish", "flets": "guest"}}


def test_a_wrong_password_is_told_and_cured(lab):
    router = lab.router
    router.wait_up("office", "flets")
    wait_until(lambda: router.uplink("isp")["reason"] == "auth-failed", 10, "isp has the reason auth-failed", tell=router.tell)
    isp = router.uplink("isp")
    assert isp["state"] in ("waiting", "failed") and isp["remedy"]
    assert "not-this-one" not in router.log.read_text() + str(router.status()) + str(router.events())
    assert probe.ask_tcp(lab.world.lan_a, WEB, 80)[1] == ADDRESS["office"]
    reasons = {e["fields"].get("reason") for e in router.events() if e.get("uplink") == "isp" and e["code"] == "uplink.failed"}
    assert len(reasons) <= 1, reasons
    router.write_secrets({"isp": "open-sesame", "office": "swordfish", "flets": "guest"})
    router.michi("reload")
    router.wait_up("isp", seconds=15)
    assert "open-sesame" not in router.log.read_text() + str(router.events())

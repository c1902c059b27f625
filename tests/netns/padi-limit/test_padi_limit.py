"""Concentrators that answer one PADI a second per MAC: three sessions on one wire are up within 5 s."""
import time

from lab.concentrator import Account

LIMIT = {"options": ["--padi-per-second-per-mac", "1"]}
WORLD = {"options": {"isp-a": LIMIT, "isp-b": LIMIT, "flets": LIMIT}, "start": False}


def test_three_sessions_come_up_in_five_seconds(lab):
    begun = time.monotonic()
    lab.router.start()
    lab.router.wait_up("isp", "office", "flets", seconds=6)
    assert time.monotonic() - begun <= 5


def test_three_sessions_of_one_concentrator_come_up_in_five_seconds(lab):
    router, ac = lab.router, lab.ac("isp-a")
    ac.kill()
    ac.accounts = [Account("user@isp-a.example", "open-sesame", "192.0.2.10"), Account("two", "two"), Account("three", "three")]
    ac.start()
    for name in ("isp-b", "flets"):
        lab.ac(name).kill()
    router.write_config("".join(f'[uplink.{n}]\nkind = "pppoe"\ninterface = "wan0"\nuser = "{u}"\n' for n, u in
                                (("isp", "user@isp-a.example"), ("two", "two"), ("three", "three"))))
    router.write_secrets({"isp": "open-sesame", "two": "two", "three": "three"})
    begun = time.monotonic()
    router.start()
    router.wait_up("isp", "two", "three", seconds=6)
    assert time.monotonic() - begun <= 5
    assert len(ac.sessions()) == 3

"""Nobody answers: the uplink says so and tries again; when somebody does, it comes up by itself."""
from harness import wait_until
from lab import probe
from lab.world import ADDRESS, WEB

WORLD = {"concentrators": ()}


def test_an_uplink_without_an_answer_waits_and_comes_up_when_there_is_one(lab):
    router = lab.router
    wait_until(lambda: router.uplink("isp")["reason"] == "no-answer", 30, "isp has the reason no-answer", tell=router.tell)
    assert router.uplink("isp")["remedy"] and router.uplink("isp")["next_attempt_ms"] is not None
    ac = lab.world.add_standard("isp-a")
    ac.wait_started()
    router.wait_up("isp", seconds=60)
    assert probe.ask_tcp(lab.world.lan_a, WEB, 80)[1] == ADDRESS["isp"]

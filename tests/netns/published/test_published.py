"""Published services answer on every uplink they are published on, from the address that was asked."""
import pytest
from lab import probe
from lab.world import ADDRESS, ASKER, CLOSED_ASKER


@pytest.mark.parametrize("uplink", ["isp", "office"])
def test_a_lan_server_is_reached_through_each_uplink(lab, uplink):
    lab.router.wait_up("isp", "office")
    assert probe.ask_tcp(lab.world.internet, ADDRESS[uplink], 443, source=ASKER) == ("lan-a", ASKER)


def test_a_plain_udp_server_on_the_router_answers_with_the_address_asked(lab):
    lab.router.wait_up("isp", "office", "flets")
    for uplink in ("isp", "office"):
        assert probe.ask_udp(lab.world.internet, ADDRESS[uplink], 5300, source=ASKER) == ("router", ASKER)
    assert probe.ask_udp(lab.world.square, ADDRESS["flets"], 5300, source=CLOSED_ASKER) == ("router", CLOSED_ASKER)


def test_what_is_not_published_is_refused_on_every_uplink(lab):
    lab.router.wait_up("isp", "office", "flets")
    for uplink in ("isp", "office"):
        for port in (22, 53, 80, 5300):
            assert probe.unreachable(lab.world.internet, ADDRESS[uplink], port, "tcp", timeout=0.2, source=ASKER)
        for port in (7, 53, 67):
            assert probe.unreachable(lab.world.internet, ADDRESS[uplink], port, "udp", timeout=0.2, source=ASKER)
    before = lab.router.status()["firewall"]["refused"]["packets"]
    assert probe.unreachable(lab.world.square, ADDRESS["flets"], 443, "tcp", timeout=0.2)
    assert lab.router.status()["firewall"]["refused"]["packets"] > before
    assert lab.router.status()["firewall"]["leaks"]["packets"] == 0


def test_a_connection_from_outside_survives_a_change_of_the_policy_choice(lab):
    lab.router.wait_up("isp", "office")
    line = probe.Line(lab.world.internet, ADDRESS["office"], 443, source=ASKER)
    assert line.say() == ASKER
    lab.router.michi("down", "isp")
    lab.router.wait_state("isp", "down")
    assert line.say() == ASKER
    lab.router.michi("up", "isp")
    lab.router.wait_up("isp")
    assert line.say() == ASKER
    line.close()


def test_only_allowed_sources_reach_a_restricted_service(lab):
    text = lab.router.config_path.read_text()
    lab.router.write_config(text + '\n[[publish]]\nuplink = "office"\nproto = "tcp"\nport = "8000-8002"\n'
                            f'to = "192.168.10.6:80"\nallow = ["{ASKER}/32"]\n')
    lab.router.michi("reload")
    lab.router.wait_up("isp", "office")
    assert probe.ask_tcp(lab.world.internet, ADDRESS["office"], 8000, source=ASKER) == ("lan-b", ASKER)
    assert probe.unreachable(lab.world.internet, ADDRESS["office"], 8000, "tcp", timeout=0.3, source="198.51.100.80")
    assert probe.unreachable(lab.world.internet, ADDRESS["isp"], 8000, "tcp", timeout=0.3, source=ASKER)

"""A file of passwords that others can read, or that nobody can, is refused with its reason."""
import pytest
from lab.router import CliFailed
from lab.world import ACCOUNTS

WORLD = {"start": False}
WORDS = {name: word for name, (_, word) in ACCOUNTS.items()}


def refused_start(router):
    router.start(wait=False)
    assert router.process.wait(5) == 2, router.log.read_text()
    return router.log.read_text()


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o666])
def test_too_readable_secrets_are_refused(lab, mode):
    lab.router.write_secrets(WORDS, mode)
    text = refused_start(lab.router)
    assert "secrets.toml" in text and ("chmod" in text or "0600" in text), text
    assert "open-sesame" not in text


def test_missing_secrets_leave_the_uplinks_waiting_for_them(lab):
    lab.router.write_secrets({"office": WORDS["office"]})
    lab.router.start()
    lab.router.wait_up("office")
    isp = lab.router.wait_state("isp", "failed", reason="no-secret")
    assert "secrets.toml" in isp["remedy"] + isp["detail"]


def test_a_broken_secrets_file_never_shows_its_text(lab):
    lab.router.secrets_path.write_text('isp = "open-sesame\noffice = swordfish\n')
    text = refused_start(lab.router)
    assert "secrets.toml:" in text
    assert "open-sesame" not in text and "swordfish" not in text


def test_a_reload_with_too_readable_secrets_changes_nothing(lab):
    router = lab.router
    router.start()
    router.wait_up("isp", "office", "flets")
    router.secrets_path.chmod(0o644)
    with pytest.raises(CliFailed) as refused:
        router.michi("reload")
    assert refused.value.status in (1, 2) and "secrets.toml" in refused.value.output
    assert router.uplink("isp")["state"] == "up"

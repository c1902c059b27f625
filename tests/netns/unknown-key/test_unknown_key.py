"""A daemon does not start on a file it does not understand, and says where."""
import pytest

WORLD = {"start": False}


@pytest.mark.parametrize("old, new, words", [
    ("weight", "wieght", ["weight"]),
    ('kind = "pppoe"', 'kind = "pppeo"', ["pppoe"]),
    ('use = ["isp", "office"]', 'use = ["isp", "offic"]', ["office"]),
])
def test_an_unknown_word_is_refused_with_a_suggestion(lab, old, new, words):
    router = lab.router
    text = router.config_path.read_text().replace("mtu = 1454", "mtu = 1454\nweight = 2", 1)
    assert old in text
    router.write_config(text.replace(old, new, 1))
    router.start(wait=False)
    assert router.process.wait(5) == 2
    told = router.log.read_text()
    line = next(n for n, l in enumerate(router.config_path.read_text().splitlines(), 1) if new in l)
    assert f"michi.toml:{line}:" in told, told
    assert all(word in told for word in words), told
    assert router.michi_rules() == []


def test_all_mistakes_are_told_at_once(lab):
    router = lab.router
    router.write_config(lab.edit(("mtu = 1454\ndefault", "mtuu = 1454\ndefault"), ('use = ["office"]', 'use = ["nobody"]')))
    done = router.michi("check", router.config_path, check=False)
    assert done.returncode == 2
    assert "mtuu" in done.stdout + done.stderr and "nobody" in done.stdout + done.stderr

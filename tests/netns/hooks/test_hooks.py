"""Executables in hooks.d hear of every uplink's edges, in order, with the facts; a hanging one has a limit."""
from harness import wait_until
from lab.world import ADDRESS

WORLD = {"start": False}

HOOK = """#!/bin/sh
{ echo "$1 $2 $MICHI_REASON"; env | grep ^MICHI_; cat; echo; } >> %s
"""


def test_hooks_hear_of_up_and_down(lab):
    router, folder = lab.router, lab.world.directory / "hooks.d"
    folder.mkdir()
    told = lab.world.directory / "told"
    told.touch(0o666)
    told.chmod(0o666)
    hook = folder / "10-tell"
    hook.write_text(HOOK % told)
    hook.chmod(0o755)
    router.write_config(router.config_path.read_text() + f'\n[router]\nhooks-dir = "{folder}"\n')
    router.start()
    router.wait_up("isp", "office", "flets")
    wait_until(lambda: "up isp" in told.read_text(), 5, "the hook heard of isp", tell=told.read_text)
    assert ADDRESS["isp"] in told.read_text()
    assert "open-sesame" not in told.read_text()
    router.michi("down", "isp")
    wait_until(lambda: "down isp" in told.read_text(), 5, "the hook heard of isp's end", tell=told.read_text)

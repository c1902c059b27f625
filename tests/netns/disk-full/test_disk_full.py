"""A full disk costs an event, not a line."""
from lab import probe
from lab.world import ADDRESS, WEB

WORLD = {"start": False}


def test_a_full_state_directory_degrades_with_an_event(lab):
    router = lab.router
    small = lab.world.mount_small("small")
    try:
        with open(small / "fill", "wb") as fill:
            while True:
                fill.write(b"x" * 4096)
                fill.flush()
    except OSError:
        pass
    router.state_directory = small
    router.start()
    router.wait_up("isp", "office", "flets")
    router.wait_event("store.write-failed")
    assert probe.ask_tcp(lab.world.lan_a, WEB, 80)[1] == ADDRESS["isp"]
    (small / "fill").unlink()
    router.michi("redial", "isp")
    router.wait_up("isp", seconds=15)


def test_a_full_run_directory_does_not_stop_the_sessions(lab):
    router = lab.router
    small = lab.world.mount_small("small", "16k")
    router.run_directory = small
    router.socket = lab.world.directory / "control.sock"
    (small / "fill").write_bytes(b"")
    try:
        with open(small / "fill", "wb") as fill:
            while True:
                fill.write(b"x" * 1024)
                fill.flush()
    except OSError:
        pass
    router.start()
    router.wait_up("isp", "office", "flets")
    router.wait_event("store.write-failed")

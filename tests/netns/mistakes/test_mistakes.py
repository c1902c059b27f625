"""A mistake on the command line is answered with its cause and with what helps."""
import signal
import subprocess

from lab.process import wait_until

WORLD = {"start": False}


def test_a_reload_without_the_daemons_file_names_it_and_what_to_do(lab):
    router = lab.router
    router.start()
    router.config_path.unlink()
    done = router.michi("reload", check=False)
    told = done.stdout + done.stderr
    assert done.returncode == 2, told
    assert f"read {router.config_path}: No such file" in told, told
    assert "the file michid was started with" in told and "michi reload FILE" in told, told
    assert "--config" not in told, told
    other = router.folder / "other.toml"
    done = router.michi("reload", other, check=False)
    told = done.stdout + done.stderr
    assert done.returncode == 2 and str(other) in told, told
    assert "check the path" in told and "--config" not in told and "put it back" not in told, told
    router.process.signal(signal.SIGHUP)
    wait_until(lambda: "the file michid was started with" in router.log.read_text(), 5, "the log says so on SIGHUP too")


def test_a_start_without_its_file_names_the_option(lab):
    router = lab.router
    router.config_path.unlink()
    router.start(wait=False)
    assert router.process.wait(5) == 2
    assert "--config" in router.log.read_text()


def test_a_wrong_word_for_dnsmasq_is_named_with_those_that_are_right(lab):
    done = subprocess.run([lab.world.binary("michid"), "--dnsmasq", "/usr/bin/dnsmasq"], capture_output=True, text=True, timeout=5)
    assert done.returncode == 2
    assert '"/usr/bin/dnsmasq" is not known' in done.stderr, done.stderr
    for word in ("unit", "child", "off", "michi-dnsmasq.service", "/usr/sbin/dnsmasq"):
        assert word in done.stderr, done.stderr
    assert "Check " not in done.stderr and "->" not in done.stderr, done.stderr

"""Lines that come and go leave nothing behind."""
from harness import rounds, wait_until
from lab import probe
from lab.world import ADDRESS, WEB


def descriptors(router):
    import os
    return len(os.listdir(f"/proc/{router.process.pid}/fd"))


def test_flaps_leave_no_residue(lab):
    router, ac = lab.router, lab.ac("isp-a")
    router.wait_up("isp", "office", "flets")

    def flap(number):
        mark = router.mark()
        if number % 3 == 0:
            router.michi("redial", "isp")
        elif number % 3 == 1:
            ac.command(command="kill", user="user@isp-a.example")
        else:
            router.michi("down", "isp")
            router.wait_state("isp", "down")
            router.michi("up", "isp")
        router.wait_event("uplink.up", uplink="isp", seconds=30, after=mark)
        router.wait_up("isp", seconds=30)
    flap(0)
    before = router.kernel_state(), router.devices(), descriptors(router)
    memory = router.written_kib()
    for number in range(1, rounds(10, 100)):
        flap(number)
        wait_until(lambda: len(ac.sessions()) == 1, 3, "one session at the concentrator", tell=lambda: str(ac.sessions()))
    assert router.kernel_state() == before[0]
    assert router.devices() == before[1]
    assert abs(descriptors(router) - before[2]) <= 1
    assert router.written_kib() < memory + 1024
    wait_until(lambda: probe.ask_tcp(lab.world.lan_a, WEB, 80)[1] == ADDRESS["isp"], 5, "new flows take isp again")

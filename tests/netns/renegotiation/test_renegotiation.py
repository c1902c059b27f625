"""The peer negotiates again in the middle of traffic: device, address and flows stay."""
from harness import wait_until
from lab import probe
from lab.world import ADDRESS, ECHO


def test_a_renegotiation_keeps_device_address_and_flows(lab):
    router = lab.router
    router.wait_up("isp", "office")
    index = router.space.run("cat", "/sys/class/net/isp/ifindex")
    session = router.uplink("isp")["session"]["id"]
    line = probe.Line(lab.world.lan_a, ECHO, 7)
    assert line.say() == ADDRESS["isp"]
    for _ in range(3):
        lab.ac("isp-a").command(command="renegotiate", user="user@isp-a.example")
        assert line.say() == ADDRESS["isp"]
        wait_until(lambda: router.uplink("isp")["state"] == "up", 5, "isp is up", tell=router.tell)
        assert line.say() == ADDRESS["isp"]
    assert router.space.run("cat", "/sys/class/net/isp/ifindex") == index
    assert router.uplink("isp")["session"]["id"] == session
    line.close()

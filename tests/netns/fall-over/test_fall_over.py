"""A dead line's flows move at once, everyone else's are not touched, and it comes back by itself."""
import time

from harness import wait_until
from lab import probe
from lab.world import ADDRESS, ECHO, MAIL, WEB


def moved_after(stream, begun, address, limit):
    wait_until(lambda: stream.first_after(begun, address), limit, f"stream on {address}", every=0.005,
               tell=lambda: f"sent {stream.sent}, last answers {stream.answers[-2:]}")
    return stream.first_after(begun, address) - begun


def test_a_stream_moves_to_the_next_uplink_and_new_flows_return(lab):
    router, world = lab.router, lab.world
    router.wait_up("isp", "office", "flets")
    office = probe.Line(world.lan_a, MAIL, 587)
    assert office.say() == ADDRESS["office"]
    stream = probe.Stream(world.lan_a, ECHO, 7)
    own = probe.Stream(router.space, ECHO, 7, period=0.005)
    steady = probe.Stream(world.lan_b, "198.18.99.80", 7, period=0.005)
    for one in (stream, own):
        wait_until(lambda: one.first_after(0, ADDRESS["isp"]), 3, "stream on isp")

    begun = time.monotonic()
    lab.ac("isp-a").command(command="set", refuse=True)
    lab.ac("isp-a").command(command="kill", user="user@isp-a.example")
    first = moved_after(stream, begun, ADDRESS["office"], 2)
    print(f"forwarded stream on the other uplink after {first * 1000:.1f} ms")
    print(f"the router's own after {moved_after(own, begun, ADDRESS['office'], 2) * 1000:.1f} ms")
    assert first < 0.5
    assert office.say() == ADDRESS["office"]

    lab.ac("isp-a").command(command="set", refuse=False)
    router.michi("redial", "isp")
    router.wait_up("isp", seconds=15)
    wait_until(lambda: probe.ask_tcp(world.lan_a, WEB, 80)[1] == ADDRESS["isp"], 5, "new flows are back on isp")
    assert office.say() == ADDRESS["office"], "the return touched a flow of another uplink"
    for one in (stream, own, steady):
        one.stop()
    assert steady.lost() == 0, f"the closed network's stream lost {steady.lost()} of {steady.sent}"
    office.close()


def test_a_silent_concentrator_is_noticed_by_echo(lab):
    router = lab.router
    router.write_config(lab.edit(("mtu = 1454\n", 'mtu = 1454\necho = { interval = "300ms", failures = 3 }\n')))
    router.michi("reload")
    router.wait_up("isp", "office")
    stream = probe.Stream(lab.world.lan_a, ECHO, 7)
    wait_until(lambda: stream.first_after(0, ADDRESS["isp"]), 3, "stream on isp")
    begun = time.monotonic()
    lab.ac("isp-a").cut()
    moved_after(stream, begun, ADDRESS["office"], 4)
    stream.stop()
    lab.ac("isp-a").mend()
    router.wait_up("isp", seconds=30)


def test_a_lost_carrier_moves_everything_and_its_return_redials(lab):
    router, switch = lab.router, lab.world.switch
    router.wait_up("isp", "office", "flets")
    switch.ip("link set router-wan down")
    for name in ADDRESS:
        router.wait_state(name, "waiting", 3, reason="no-carrier")
    assert probe.unreachable(lab.world.lan_a, WEB, 80, "tcp", timeout=0.3)
    switch.ip("link set router-wan up")
    router.wait_up("isp", "office", "flets", seconds=15)
    wait_until(lambda: probe.ask_tcp(lab.world.lan_a, WEB, 80)[1] == ADDRESS["isp"], 5, "new flows are back on isp")

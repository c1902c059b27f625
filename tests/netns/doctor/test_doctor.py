"""The doctor finds a second DHCP server on a LAN by what it offers, takes no lease from it, and does not mistake michi's own for one."""
import contextlib
import json

from harness import wait_until
from lab.process import Process

WORLD = {"concentrators": ("isp-a",), "secrets": {"isp": "open-sesame"}}
OTHER = "192.168.10.5"


def asked(lab):
    answer = json.loads(lab.router.michi("doctor", "--json", check=False).stdout)
    found = [f for f in answer["findings"] if f["check"] == "lan.dhcp-servers"]
    assert [f["uplink"] for f in found] == ["lan.home"], answer
    return found[0]


@contextlib.contextmanager
def second_server(lab):
    """dnsmasq as it is by default: it looks for three seconds whether anybody has the address before it offers it."""
    leases, log = lab.world.directory / "second.leases", lab.world.directory / "second.log"
    server = Process(lab.world.lan_a.argv([
        "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=eth0", "--user=root", "--log-facility=-",
        "--log-dhcp", "--dhcp-range=192.168.10.200,192.168.10.220,1h", f"--dhcp-leasefile={leases}"]), log)
    lab.world.processes.append(server)
    wait_until(lambda: "DHCP, IP range" in server.log_text() or not server.running(), 5, "the second server", tell=server.log_text)
    assert server.running(), server.log_text()
    yield server
    server.stop()


def test_a_second_dhcp_server_on_the_lan_is_named_and_keeps_its_leases(lab):
    lab.router.wait_up("isp")
    lab.router.wait_settled()
    alone = asked(lab)
    assert alone["verdict"] == "good", alone
    with second_server(lab) as server:
        assert "DHCPDISCOVER" not in server.log_text()
        beside = asked(lab)
        said = server.log_text()
    assert beside["verdict"] == "bad" and beside["remedy"], beside
    assert len(beside["evidence"]) == 1 and beside["evidence"][0].startswith(f"{OTHER} ("), beside
    assert f"router {OTHER}" in beside["evidence"][0], beside
    assert "DHCPDISCOVER" in said and "DHCPREQUEST" not in said, said
    again = asked(lab)
    assert again["verdict"] == "good", again

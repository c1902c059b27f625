"""Services over IPv6 are open at the hosts' addresses of each uplink's prefix, and nowhere else; they follow the prefix, and answers leave
by the road the question came in on. So does a policy that names a prefix."""
import ipaddress

import pytest
from harness import wait_until
from lab import hosts6, probe
from lab.ipv6 import ASKER6, ECHO6, WEB6
from lab.world import ADDRESS, ASKER

SECRETS = {"isp": "open-sesame", "office": "swordfish"}
WORLD = {"concentrators": ("isp-a", "isp-b"), "ipv6": {"isp-a": {}, "isp-b": {}}, "secrets": SECRETS}
AC = {"isp": "isp-a", "office": "isp-b"}
OTHER = {"isp": "office", "office": "isp"}


def in_subnet(prefix, number, identifier):
    return str(ipaddress.ip_address(int(ipaddress.ip_network(prefix).network_address) + (number << 64) + identifier))


class House:
    def __init__(self, lab):
        self.lab, self.router, self.internet = lab, lab.router, lab.world.internet
        # The host's addresses end in ::10 in every prefix, and follow it.
        lab.world.lan_a.run("ip", "token", "set", "::10", "dev", "eth0")
        hosts6.accept_advertisements(lab.world.lan_a)
        self.router.wait_up("isp", "office")
        self.prefix = {name: lab.world.six.access[ac].wait_lease() for name, ac in AC.items()}
        for prefix in self.prefix.values():
            self.wait_host(prefix)

    def wait_host(self, prefix):
        held = hosts6.wait_address(self.lab.world.lan_a, in_subnet(prefix, 0, 0) + "/64", seconds=15)
        assert held.address == in_subnet(prefix, 0, 0x10)

    def host(self, uplink):
        return in_subnet(self.prefix[uplink], 0, 0x10)

    def own(self, uplink):
        return in_subnet(self.prefix[uplink], 0xff, 1)

    def is_closed(self, address, port, kind="tcp", source=ASKER6):
        return probe.unreachable(self.internet, address, port, kind, source=source)

    def why(self, address, port, proto="tcp", source=ASKER6, **more):
        return self.router.why(address, source=source, proto=proto, port=port, **more)


@pytest.mark.parametrize("uplink", ["isp", "office"])
def test_a_lan_host_is_reached_over_each_uplink_and_answers_by_it(lab, uplink):
    house = House(lab)
    for name, ac in AC.items():
        lab.ac(ac).watch("answers", f"ip6 saddr {house.host(uplink)} tcp sport 443", family="ip6")
    assert probe.ask_tcp(house.internet, house.host(uplink), 443, source=ASKER6) == ("lan-a", ASKER6)
    assert lab.ac(AC[uplink]).seen("answers", family="ip6") >= 3
    assert lab.ac(AC[OTHER[uplink]]).seen("answers", family="ip6") == 0, "an answer left by the other uplink"
    why = house.why(house.host(uplink), 443)
    assert (why["verdict"], why["uplink"], why["device"], why["rule"]) == ("published", uplink, "lan0", "publish 1"), why
    # The same line opens IPv4.
    assert probe.ask_tcp(house.internet, ADDRESS[uplink], 443, source=ASKER) == ("lan-a", ASKER)


def test_what_is_not_published_stays_closed_and_why_agrees(lab):
    house = House(lab)
    refused = house.router.status()["firewall"]["refused"]["packets"]
    for uplink in AC:
        for address, port, kind in ((house.host(uplink), 7, "tcp"), (house.host(uplink), 7, "udp"), (house.own(uplink), 443, "tcp"),
                                    (house.own(uplink), 5300, "udp"), (in_subnet(house.prefix[uplink], 0, 1), 53, "udp")):
            assert house.is_closed(address, port, kind), f"{address} port {port}/{kind} answers"
            assert house.why(address, port, kind)["law"] == "default-deny"
    assert house.router.status()["firewall"]["refused"]["packets"] >= refused + 10
    # Published on one of the two, and for one asker.
    assert house.is_closed(house.host("isp"), 80)
    assert house.is_closed(house.host("office"), 80, source=WEB6)
    assert house.why(house.host("office"), 80, source=WEB6)["law"] == "default-deny"
    assert probe.ask_tcp(house.internet, house.host("office"), 80, source=ASKER6) == ("lan-a", ASKER6)
    assert house.why(house.host("office"), 80)["verdict"] == "published"


@pytest.mark.parametrize("uplink", ["isp", "office"])
def test_a_plain_udp_server_on_the_router_answers_with_the_address_asked(lab, uplink):
    house = House(lab)
    lab.ac(AC[OTHER[uplink]]).watch("answers", f"ip6 saddr {house.own(uplink)}", family="ip6")
    assert probe.ask_udp(house.internet, house.own(uplink), 53, source=ASKER6, tries=3) == ("router", ASKER6)
    assert lab.ac(AC[OTHER[uplink]]).seen("answers", family="ip6") == 0
    why = house.why(house.own(uplink), 53, "udp")
    assert (why["verdict"], why["uplink"], why["rule"]) == ("published", uplink, "publish 3"), why


def test_from_inside_the_public_address_is_simply_reached(lab):
    house = House(lab)
    hosts6.accept_advertisements(lab.world.lan_b)
    hosts6.wait_address(lab.world.lan_b, in_subnet(house.prefix["isp"], 0, 0) + "/64", seconds=15)
    for uplink in AC:
        assert probe.ask_tcp(lab.world.lan_b, house.host(uplink), 443)[0] == "lan-a"
    assert house.why(house.host("isp"), 443, source=house.host("office"))["law"] == "1 more specific route"


def test_a_renumbered_prefix_is_open_at_the_new_address_and_closed_at_the_old_one(lab):
    house = House(lab)
    access, old = lab.world.six.access["isp-a"], house.host("isp")
    before = house.prefix["isp"]
    access.renumber()
    house.router.michi("redial", "isp")
    house.prefix["isp"] = wait_until(lambda: next((p for p in access.leases() if p != before), None), 20, "another prefix is delegated")
    house.wait_host(house.prefix["isp"])
    house.router.wait_settled()
    assert probe.ask_tcp(house.internet, house.host("isp"), 443, source=ASKER6) == ("lan-a", ASKER6)
    assert house.is_closed(old, 443)
    members = house.router.space.run("nft", "list", "set", "inet", "michi", "publish-1-v6")
    assert house.host("isp") in members and house.host("office") in members and old not in members, members
    why = house.why(old, 443, **{"in": "isp"})
    assert why["law"] == "default-deny" and any(house.host("isp") in reason for reason in why["reasons"]), why


def test_a_connection_from_outside_survives_a_change_of_the_policy_choice_and_nothing_opens_on_a_lost_uplink(lab):
    house = House(lab)
    line = probe.Line(house.internet, house.host("isp"), 443, source=ASKER6)
    assert line.say() == ASKER6
    house.router.michi("down", "office")
    house.router.wait_state("office", "down")
    house.router.wait_settled()
    assert line.say() == ASKER6
    line.close()
    assert house.router.space.run("nft", "list", "set", "inet", "michi", "publish-2-v6").count("::") == 0
    why = house.why(house.host("office"), 80, **{"in": "office"})
    assert why["law"] == "default-deny" and "publish 2 opens nothing here" in " ".join(why["reasons"]), why


def test_a_policy_by_prefix_holds_its_hosts_to_that_uplink(lab):
    house = House(lab)
    source = house.host("isp")
    assert probe.ask_udp(lab.world.lan_a, ECHO6, 7, source=source, tries=3)[1] == source
    why = house.router.why(ECHO6, source=source)
    assert (why["uplink"], why["law"]) == ("isp", "7 policy 1"), why
    assert house.router.why(ECHO6, source=house.host("office"))["law"] == "7 policy 2"
    house.router.michi("down", "isp")
    house.router.wait_state("isp", "down")
    house.router.wait_settled()
    # Without that line it would be translated by office.
    assert probe.unreachable(lab.world.lan_a, ECHO6, 7, source=source)
    assert house.router.why(ECHO6, source=source, **{"in": "lan0"})["verdict"] == "unreachable"
    assert probe.ask_udp(lab.world.lan_a, ECHO6, 7, source=house.host("office"), tries=3)[1] == house.host("office")


def test_where_hosts_have_no_address_status_says_that_nothing_is_open(lab):
    house = House(lab)
    text = house.router.config_path.read_text()
    house.router.write_config(text + '\n[[publish]]\nuplink = "isp"\nport = 8080\nto6 = "2001:db8:ffff::10"\n')
    house.router.michi("reload")
    house.router.wait_up("isp", "office")
    told = [warning["text"] for warning in house.router.status()["warnings"] if warning["code"] == "publish.closed"]
    assert told == ["publish 4 opens nothing over IPv6 on isp: 2001:db8:ffff::10 is not of a prefix of isp"], told
    wait_until(lambda: "publish 4 opens nothing" in house.router.michi("status").stdout, 3, "michi status says it")

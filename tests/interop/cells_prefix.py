"""A prefix from foreign DHCPv6 servers behind pppd's access concentrator: Kea, and KAME's dhcp6s, which knows its clients by DUID alone."""
import functools
import ipaddress

import judge
from cells import cell
from field import config, field_for, uplink
from lab import hosts6
from lab.process import wait_until

PREFIX = "2001:db8:100::/56"
FAR = "2001:db8:ffff::1"


def confirmed(field):
    prefixes = field.router.uplink("isp").get("prefixes") or []
    return prefixes and prefixes[0]["state"] == "confirmed" and prefixes[0]["prefix"]


def on_the_lan(field, prefix):
    lan = str(next(ipaddress.ip_network(prefix).subnets(new_prefix=64)))
    held = hosts6.wait_address(field.world.lan_a, lan, seconds=20)
    wait_until(lambda: hosts6.ping(field.world.lan_a, FAR, held.address), 10, f"{FAR} answers {held.address}", every=0.2)
    field.say(f"lan-a has {held.address} and is answered")
    return lan


def delegated(build, name, server):
    """Advertise, Reply, the prefix on the LAN; deprecated with the session's end; the same one after a new session."""
    with field_for(name, build) as field:
        field.guest.run("wire && space ac1 && ac ac1 kernel chap-md5 1492")
        hosts6.accept_advertisements(field.world.lan_a)
        mac = field.world.router.run("cat", "/sys/class/net/wan0/address").strip()
        field.start(config(uplink()))
        judge.wait_up(field)
        delegate = f"delegate ac1 {server} 00:03:00:01:{mac}"
        field.guest.run(delegate, 60)
        field.say("the server runs")
        prefix = wait_until(lambda: confirmed(field), 30, "a prefix", tell=field.router.tell)
        assert ipaddress.ip_network(prefix).subnet_of(ipaddress.ip_network("2001:db8:100::/40")), prefix
        lan = on_the_lan(field, prefix)
        field.guest.run("ac_hang_up ac1")
        hosts6.wait_gone(field.world.lan_a, lan, seconds=20)
        field.say("deprecated")
        judge.wait_up(field)
        field.guest.run(delegate, 60)
        wait_until(lambda: confirmed(field) == prefix, 40, "the same prefix", tell=field.router.tell)
        on_the_lan(field, prefix)
        return prefix


for server in ("kea", "wide"):
    cell(f"prefix-{server}", functools.partial(delegated, name=f"prefix-{server}", server=server), limit=180)

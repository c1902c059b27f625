"""Hosts of the LAN that are not ours: dhcpcd, dig and curl before michi's router and its dnsmasq."""
import functools
import os
import re
import signal

from cells import cell
from field import config, field_for, uplink
from lab import probe
from lab.process import Process, wait_until
from lab.world import ADDRESS, WEB

LAN = 'dhcp = { first = "192.168.10.100", last = "192.168.10.199", lease = "2m" }\ndomain = "home.arpa"\n'
ROUTER = "192.168.10.1"
CORE = {"lan-dhcpcd"}
PUBLISH = '[[publish]]\nuplink = ["isp"]\nport = 443\nto = "192.168.10.5:443"\n'


def started(field):
    router = field.start(config(uplink(), lan=LAN) + PUBLISH)
    router.wait_up("isp", seconds=20)
    wait_until(lambda: WEB in probe.resolve(field.world.lan_a, ROUTER, "www.example")[1], 10, "names are answered")
    return router


def dhcpcd(build, name):
    """An address of the range, the router as gateway and resolver, a renewal, a release."""
    with field_for(name, build, kind=None, concentrators=("isp-a",)) as field:
        router, host, folder = started(field), field.world.lan_a, field.world.directory
        host.ip("addr flush dev eth0")
        script, told = folder / "told.sh", folder / "told.log"
        script.write_text(f'#!/bin/sh\necho "== $reason" >>{told}\nenv | grep ^new_ >>{told}\nexit 0\n')
        script.chmod(0o755)
        # Its own /run and leases, so that nothing of the host's is read or written.
        inner = ("mount -t tmpfs run /run && mkdir -p /var/lib/dhcpcd && mount -t tmpfs leases /var/lib/dhcpcd && "
                 f"exec dhcpcd -4 -B -d -f /dev/null -c {script} -h host-a -o domain_name_servers,domain_name,routers,interface_mtu eth0")
        client = Process(host.argv(["unshare", "-m", "sh", "-c", inner]), folder / "dhcpcd.log")
        field.ends.callback(lambda: end(client))
        address = wait_until(lambda: given(host), 30, "dhcpcd has an address", tell=lambda: client.log_text()[-400:])
        assert 100 <= int(address.split(".")[3]) <= 199, f"{address} is not of the range"
        wait_until(lambda: f"default via {ROUTER}" in host.run("ip", "route"), 10, "a default route")
        words = told.read_text()
        assert f"new_domain_name_servers={ROUTER}" in words and "new_domain_name=home.arpa" in words, words
        field.say(f"bound to {address}")
        assert field.world and re.search(r"\bweb\b", host.run("curl", "-sS", "--max-time", "10", f"http://{WEB}/")), "no web"
        client.signal(signal.SIGUSR1)
        wait_until(lambda: "== RENEW" in told.read_text(), 20, "a renewal", tell=lambda: client.log_text()[-400:])
        assert host.run("dig", f"@{ROUTER}", "+short", "+time=2", "host-a.home.arpa").strip() == address, "its name is not known"
        client.signal(signal.SIGALRM)
        wait_until(lambda: not given(host), 20, "the address is given back", tell=lambda: client.log_text()[-400:])
        wait_until(lambda: address not in "".join(path.read_text() for path in router.run_directory.parent.rglob("*lease*")), 10,
                   "dnsmasq has forgotten the lease")
    return f"bound, renewed and released {address}"


def end(process):
    process.stop()
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def given(host):
    found = re.search(r"inet (192\.168\.10\.\d+)/", host.run("ip", "-4", "addr", "show", "dev", "eth0"))
    return found and found[1]


def dig(build, name):
    """Answers over UDP and TCP, with EDNS, no such name, and while the uplink is down at once no long wait."""
    with field_for(name, build, kind=None, concentrators=("isp-a",)) as field:
        started(field)
        host = field.world.lan_a

        def ask(*words):
            return host.run("dig", f"@{ROUTER}", "+time=3", "+tries=2", *words, timeout=30)
        for how in ((), ("+tcp",), ("+dnssec", "+bufsize=1232"), ("+noedns",), ("+cookie",)):
            assert WEB in ask("www.example", "A", "+short", *how), f"no answer with {how}"
        assert "status: NXDOMAIN" in ask("nowhere.example", "A"), "a name that is not there"
        assert "status: NOERROR" in ask("www.example", "AAAA"), "a type that is not there"
        assert ask("-x", ROUTER, "+short") is not None
        assert "ANSWER: 1" in ask("WwW.eXaMpLe", "A"), "capitals"
    return "UDP, TCP, EDNS, DO, cookies, NXDOMAIN"


def curl(build, name):
    """The web by name through the router, a published service from outside, and from inside by its outer address."""
    with field_for(name, build, kind=None, concentrators=("isp-a",)) as field:
        started(field)
        world = field.world
        resolver = world.directory / "resolv.conf"
        resolver.write_text(f"nameserver {ROUTER}\n")

        def get(space, url, *words):
            return space.run("unshare", "-m", "sh", "-c", f'mount --bind {resolver} /etc/resolv.conf && exec curl -sS --max-time 15 "$@"',
                             "curl", *words, url, timeout=30)
        assert get(world.lan_a, "http://www.example/").split() == ["web", ADDRESS["isp"]]
        assert get(world.lan_b, f"http://{ADDRESS['isp']}:443/").split()[0] == "lan-a", "not by the outer address from inside"
        seen = get(world.internet, f"http://{ADDRESS['isp']}:443/").split()
        assert seen[0] == "lan-a" and not seen[1].startswith("192.168."), f"published service: {seen}"
        for _ in range(20):
            get(world.lan_a, "http://www.example/", "-o", "/dev/null")
    return "by name, published, hairpin"


for title, run, tools in (("lan-dhcpcd", dhcpcd, ("dhcpcd", "dig", "curl")), ("lan-dig", dig, ("dig",)), ("lan-curl", curl, ("curl",))):
    cell(title, functools.partial(run, name=title), kind=None, tools=tools, core=title in CORE, limit=120)

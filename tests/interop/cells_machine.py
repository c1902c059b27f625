"""The whole daemon on Debian's 6.1 kernel, in QEMU: rules, routes and nftables there, a LAN, and a foreign access concentrator."""
import functools
import json
import shutil

from cells import cell
from field import HOST_PORT, PASSWORD, SERVER, config, field_for, uplink
from lab.process import wait_until

CORE = {"machine-kernel"}


class Machine:
    """michid in namespace `router` of the guest; answers as lab.router.Router does, as far as it is asked here."""

    def __init__(self, field, text):
        self.guest = field.guest
        for binary in ("michid", "michi"):
            shutil.copy(field.world.binary(binary), self.guest.share)
        (self.guest.share / "michi.toml").write_text(text)
        (self.guest.share / "secrets.toml").write_text(f'isp = "{PASSWORD}"\n')

    def start(self):
        self.guest.run("michid_start", 60)

    def michi(self, *argv, check=True):
        return self.guest.run("michi " + " ".join(argv), 40, check)

    def status(self):
        return json.loads(self.michi("status", "--json"))

    def uplink(self):
        return self.status()["uplinks"][0]

    def wait_up(self, seconds=60):
        def question():
            seen = self.status()
            one = seen["uplinks"][0]
            return one["state"] == "up" and one["ipv4"] and one["ipv6"] and seen["settled"] and \
                json.loads(self.michi("plan", "--json"))["empty"]
        wait_until(question, seconds, "isp up and settled", every=0.2, tell=lambda: self.michi("status"))

    def lost(self):
        return [line for line in self.michi("events", "--json").splitlines() if '"uplink.lost"' in line]


def whole_machine(build, name, mode, auth, mtu):
    text = config(uplink(mtu=mtu, auth=f'["{auth}"]', interface='"eth0"', echo='{ interval = "1s", failures = 4 }')).replace(
        f"192.168.10.5:{HOST_PORT}", "192.168.10.5:7")
    start = f"ac ac1 {mode} {auth} {mtu} && echo_server ac1"
    with field_for(name, build, kind="qemu", on_wire=False) as field:
        guest = field.guest
        guest.run(f"inner_wire && space ac1 && space router && inner_lan && {start} && echo_server lan", 60)
        machine = Machine(field, text)
        before = guest.run("kernel_state router", 30)
        machine.start()
        machine.wait_up()
        field.say("up and settled")
        held(machine)
        reached(field, machine, mtu)
        # Somebody else takes things away: they are put back.
        guest.run("in_space router nft delete table inet michi && within 10 in_space router nft list table inet michi", 30)
        guest.run("in_space router ip rule del priority $(in_space router ip rule | sed -n 's/^\\(20[0-9]*\\):.*/\\1/p' | head -n 1)", 20)
        machine.wait_up()
        held(machine)
        field.say("repaired")
        count = len(machine.lost())
        guest.run("kill -TERM $(pppds ac1)")
        wait_until(lambda: len(machine.lost()) > count, 30, "the end is seen", every=0.2)
        machine.wait_up()
        guest.run("ac_kill ac1", 20)
        wait_until(lambda: len(machine.lost()) > count + 1, 30, "the dead peer is found", every=0.2)
        guest.run(start, 30)
        machine.wait_up()
        reached(field, machine, mtu)
        machine.michi("flush")
        guest.wait("no_ppp ac1", 20, "the other side has no session")
        assert "rcvd [LCP TermReq" in guest.run("cat /tmp/ac1.log"), "no Terminate-Request came"
        guest.run("michid_ended", 30)
        after = guest.run("kernel_state router", 30)
        assert after == before, f"left behind: {[line for line in after.splitlines() if line not in before.splitlines()]}"
        return guest.run("uname -r").strip() + f", mtu {mtu}"


def held(machine):
    """What michi says it holds is in this kernel."""
    guest = machine.guest
    assert "20" in guest.run("in_space router ip rule | grep -E '^20[0-9]{3}:'"), "no rule of michi"
    table = guest.run("in_space router nft list table inet michi")
    assert "chain" in table and "isp" in table, f"the table is not whole: {table[:300]}"
    routes = guest.run("in_space router ip route show table 20001")
    assert "default" in routes and "isp" in routes, f"table 20001: {routes}"


def reached(field, machine, mtu):
    guest, address = machine.guest, machine.uplink()["ipv4"]["address"]
    guest.run(f"in_space lan ping -n -c 3 -i 0.2 -w 10 -M do -s {mtu - 28} {SERVER}")
    guest.run("in_space router ping -n -c 3 -i 0.2 -w 10 fe80::1%isp")
    guest.run(f"send_and_compare lan {SERVER} 200000 30", 40)
    guest.run(f"send_and_compare ac1 {address} 200000 30", 40)
    field.say("ping, ping6, TCP both ways")


for mode, auth, mtu in (("kernel", "chap-md5", 1492), ("user", "mschapv2", 1454)):
    title = f"machine-{mode}"
    cell(title, functools.partial(whole_machine, name=title, mode=mode, auth=auth, mtu=mtu), kind="qemu", core=title in CORE, limit=420)

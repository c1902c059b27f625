"""docs/comparison.md and `comparison[]` of build/interop.json, made of nothing but the record (compare_record.py).

    compare_page.py    says whether the page is that of the record
"""
import json
import sys

import compare_record
from compare_record import ROOT

PAGE = ROOT / "docs/comparison.md"
WANTED_RATIO = 0.1
# Group → how its row begins, what the row is, and the unit with what a second is in it.
TIMED = {
    "setup-kernel": ("setup.kernel_ac", "set-up, server in kernel mode", "ms", 1000),
    "setup-user": ("setup.user_ac", "set-up, server in user mode", "ms", 1000),
    "lost-from-client": ("setup.lost_from_client", "set-up, the client's first LCP frame lost", "ms", 1000),
    "lost-from-server": ("setup.lost_from_server", "set-up, the server's first LCP frame lost", "ms", 1000),
    "dead": ("dead_peer", "a dead peer is noticed (echo every 1 s, 3 failures)", "s", 1),
    "restart": ("killed.old_session_gone", "killed and restarted: the server is rid of the old session", "s", 1),
}
PREFIX = {
    "prefix": ("ipv6.pd_to_lan", "first PADI to the first advertisement with the delegated prefix", "ms", 1000),
    "prefix-lost": ("ipv6.deprecate", "PADT to the first advertisement in which its preferred lifetime is 0", "ms", 1000),
    "prefix-renumbered": ("ipv6.renumber", "DHCPv6 Reply with another prefix to the first advertisement with that one", "ms", 1000),
}
OTHERS = {"pppd": "", "pppd-user": "user_client."}
CLIENTS = {"michi": "michi", "pppd": "pppd, kernel mode", "pppd-user": "pppd, user mode"}
HOUSES = {"michi": "michi", "pppd": "pppd, dhcp6c and radvd"}


def _entry(name, michi, pppd, unit):
    """None: that client never did it."""
    return {"name": name, **{who: None if value is None else float(f"{value:.4g}") for who, value in (("michi", michi), ("pppd", pppd))},
            "unit": unit}


def _middle(figure, factor):
    return figure["median"] * factor if "median" in figure else None


def rows(samples=None):
    """`comparison[]`: one element for each measured figure and each of pppd's two clients."""
    samples = compare_record.load() if samples is None else samples
    found = []
    for group, (name, _, unit, factor) in (TIMED | PREFIX).items():
        if group in samples:
            middle = {who: _middle(seen, factor) for who, seen in samples[group]["figures"].items()}
            found += [_entry(f"{name}.{more}{unit}.p50", middle["michi"], middle[who], unit) for who, more in OTHERS.items() if who in middle]
    if "password" in samples:
        tries = samples["password"]["attempts"]
        found += [_entry(f"wrong_password.{more}attempts_10min", tries["michi"], tries[who], "1") for who, more in OTHERS.items()]
    for count, whole in _sizes(samples):
        for who, more in OTHERS.items():
            if who in whole:
                found.append(_entry(f"memory.{more}{count}_sessions.pss", whole["michi"]["pss_kib"], whole[who]["pss_kib"], "KiB"))
        for who, more in OTHERS.items():
            if who in whole:
                found.append(_entry(f"idle_cpu.{more}{count}_sessions", whole["michi"]["cpu_per_minute"], whole[who]["cpu_per_minute"],
                                    "s/min"))
    return found


def _sizes(samples):
    """(count, client → figures) for each number of sessions that michi has a figure for."""
    whole = samples.get("idle", {}).get("sessions", {})
    return [(count, {who: seen[count] for who, seen in whole.items() if count in seen}) for count in whole.get("michi", {})]


def _number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _table(lines):
    return "\n".join(lines) + "\n"


def _cell(figure, unit, factor, limit):
    never = figure.get("never", 0)
    words = f"never within {limit} s" + (f" in {never} of {figure['runs']} runs" if never < figure["runs"] else "")
    if "median" not in figure:
        return words
    least, most = (_number(figure[name] * factor) for name in ("least", "most"))
    return f"{_number(figure['median'] * factor)} {unit} ({least} to {most})" + (f", {words}" if never else "")


def _timed(samples, groups, clients):
    lines = [f"| median (least to most) | {' | '.join(clients.values())} | runs each | measured |", "|---" * (len(clients) + 3) + "|"]
    for group, (_, words, unit, factor) in groups.items():
        if group in samples:
            one = samples[group]
            cells = [_cell(one["figures"][who], unit, factor, one.get("limit")) for who in clients]
            lines.append(f"| {words} | {' | '.join(cells)} | {one['figures']['michi']['runs']} | {one['date']} |")
    return _table(lines)


def _prefix(samples):
    one = next(samples[group] for group in PREFIX if group in samples)
    return _timed(samples, PREFIX, HOUSES) + f"""
Both have a LAN and use the same Kea {one['kea']}, which is behind a relay agent. In each run a client without a prefix dials, loses its
session by an unannounced PADT, finds no access concentrator for a while, and is then delegated a prefix of another
range. Advertisements are captured at the other end of the LAN. pppd is set up as in
[ipv6-up](../tests/interop/guest/ipv6-up): its ipv6-up starts dhcp6c (Debian's wide-dhcpv6), whose script starts radvd {one['radvd']} with the
prefix of the LAN (`MinRtrAdvInterval 3`, `DeprecatePrefix on`); its ipv6-down ends radvd first. pppd's `holdoff` is 1 s.

pppd's time until its first advertisement consists of the session's set-up (above), up to one second that dhcp6c waits before it asks
(RFC 8415 §18.2.1), and one second in which it collects replies. michi waits for neither, because the link is point-to-point; it asks 20 ms
after the last Configure-Ack of IPV6CP. Before 2026-11-29 it asked at once: the access concentrator's pppd answered no message that came 1 to
2 ms after IPV6CP, and michi repeated it after a second. The third row begins with the Reply.
"""


def _told(value):
    return "never" if value is None else f"{value:g}"


def _verdicts(samples):
    """What the figures say, worse ones first."""
    worse, all_rows = [], rows(samples)
    for row in all_rows:
        if row["pppd"] is not None and (row["michi"] is None or row["michi"] > row["pppd"]):
            worse.append(f"- **michi is worse** in `{row['name']}`: {_told(row['michi'])} against {_told(row['pppd'])} {row['unit']}.")
    lines = worse or ["michi is worse in none of these rows."]
    ratio = next((row["michi"] / row["pppd"] for row in all_rows if row["name"] == "setup.kernel_ac.ms.p50"), None)
    if ratio is not None:
        lines += ["", f"Set-up against a server in kernel mode takes michi {ratio:.3f} of the time of pppd's kernel-mode client; the target is at "
                  f"most {WANTED_RATIO:g}: {'held' if ratio <= WANTED_RATIO else '**not held**'}."]
    return _table(lines)


def _password(one):
    tries, lines = one["attempts"], ["| wrong password, 10 minutes | michi | pppd, kernel mode | pppd, user mode |", "|---|---|---|---|"]
    who = ("michi", "pppd", "pppd-user")
    lines.append("| answers to a challenge | " + " | ".join(str(tries[w]) for w in who) + " |")
    lines.append("| its messages | " + " | ".join("<br>".join(f"`{' '.join(t.split())}`" for t in one["words"][w].splitlines()) for w in who) + " |")
    return _table(lines)


def _idle(samples):
    lines = ["| idle sessions | | michi | pppd, kernel mode | pppd, user mode |", "|---|---|---|---|---|"]
    for key, words, unit in (("pss_kib", "memory (PSS)", "KiB"), ("cpu_per_minute", "processor", "s a minute")):
        for count, whole in _sizes(samples):
            cells = [f"{_number(whole[w][key])} {unit}" if w in whole else "not measured" for w in ("michi", "pppd", "pppd-user")]
            lines.append(f"| {count} | {words} | {' | '.join(cells)} |")
    return _table(lines)


def page(samples):
    newest = max(samples.values(), key=lambda one: one["date"])
    dates = sorted({one["date"] for one in samples.values()})
    parts = [f"""# michi beside pppd

Made by `make comparison` from [comparison.json](comparison.json); each run writes the rows that it measured into that file. Both
clients ran in the same guest, on the same wire, with the same access concentrator, one after the other in each run.

- measured {dates[0] if len(dates) == 1 else dates[0] + ' to ' + dates[-1]}
- guest: QEMU (TCG, one processor), Debian 12, kernel {newest['kernel']}. While the guest works, its clock counts its own
  instructions, one per nanosecond; while it waits, the clock follows the host, whose other work can lengthen a wait a little. The
  figures compare the clients; they are not those of a native machine.
- michi {newest['michi']}; pppd {newest['pppd']}, in kernel mode (`plugin rp-pppoe.so`) and in user mode (`pty "pppoe -I eth0 -T 80"`)
- the access concentrator: pppoe-server 3.15 with pppd {newest['pppd']}, CHAP-MD5, MTU 1492, IPv4 and IPv6; in kernel mode unless said otherwise

A set-up lasts from the first PADI to the last Configure-Ack of IPCP; a dead peer is noticed when the client first sends something other
than echoes. Both are read from one capture at the access concentrator's port. For the rows with a lost frame, nftables drops
exactly one frame on the wire in each run.
"""]
    parts.append(_timed(samples, TIMED, CLIENTS))
    if "restart" in samples:
        parts.append("The client is killed (SIGKILL, all its processes) and started again at once; the access concentrator's own echoes are 5 s apart,\n"
                     "3 failures.\n")
    if any(group in samples for group in PREFIX):
        parts.append(_prefix(samples))
    if "password" in samples:
        parts.append(_password(samples["password"]))
        parts.append("pppd runs with `persist`, `maxfail 0` and its default `holdoff` of 30 s, michi with its default `retry`. The number before each of pppd's\n"
                     f"messages is how often its log has it. Measured {samples['password']['date']}.\n")
    if "idle" in samples:
        parts.append(_idle(samples))
        parts.append("Echoes every 10 s from the client and every 5 s from the access concentrator. Memory and processor time are those of the client's\n"
                     "processes, not of the kernel; one run each, two minutes, after a minute in which router discovery has finished. michi\n"
                     f"has `dhcp6 = {{ prefix = false }}` there, because pppd asks for no prefix either. Measured {samples['idle']['date']}.\n")
    parts.append("## Result\n\n" + _verdicts(samples))
    missing = [name for name in (*TIMED, *PREFIX, "password", "idle") if name not in samples]
    if missing:
        parts.append(f"Not measured in this version of the page: {', '.join(missing)}.\n")
    return "\n".join(parts)


def write():
    samples = compare_record.load()
    if not samples:
        raise SystemExit(f"nothing was measured yet: {compare_record.RECORD} is not there")
    PAGE.write_text(page(samples))
    target = ROOT / "build/interop.json"
    target.parent.mkdir(exist_ok=True)
    whole = json.loads(target.read_text()) if target.exists() else {"cells": []}
    target.write_text(json.dumps(whole | {"comparison": rows(samples)}, indent=1) + "\n")
    print(f"{PAGE.relative_to(ROOT)} and {target.relative_to(ROOT)}: {len(rows(samples))} figures")


if __name__ == "__main__":
    if PAGE.read_text() != page(compare_record.load()):
        sys.exit(f"{PAGE.relative_to(ROOT)} is not the page of {compare_record.RECORD.relative_to(ROOT)}: tests/interop/compare.py --page writes it")

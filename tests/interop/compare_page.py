"""docs/comparison.md and `comparison[]` of build/interop.json, made of nothing but the record (compare_record.py)."""
import json

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
OTHERS = {"pppd": "", "pppd-user": "user_client."}


def _entry(name, michi, pppd, unit):
    return {"name": name, "michi": float(f"{michi:.4g}"), "pppd": float(f"{pppd:.4g}"), "unit": unit}


def rows(samples=None):
    """`comparison[]`: one element for each measured figure and each of pppd's two clients."""
    samples = compare_record.load() if samples is None else samples
    found = []
    for group, (name, _, unit, factor) in TIMED.items():
        if group in samples:
            middle = {who: seen["median"] * factor for who, seen in samples[group]["figures"].items()}
            found += [_entry(f"{name}.{more}{unit}.p50", middle["michi"], middle[who], unit) for who, more in OTHERS.items()]
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


def _cell(figure, unit, factor):
    least, most = (_number(figure[name] * factor) for name in ("least", "most"))
    return f"{_number(figure['median'] * factor)} {unit} ({least} to {most})"


def _timed(samples):
    lines = ["| median (least to most) | michi | pppd, kernel mode | pppd, user mode | runs each | measured |", "|---|---|---|---|---|---|"]
    for group, (_, words, unit, factor) in TIMED.items():
        if group in samples:
            figures = samples[group]["figures"]
            cells = [_cell(figures[who], unit, factor) for who in ("michi", "pppd", "pppd-user")]
            lines.append(f"| {words} | {' | '.join(cells)} | {figures['michi']['runs']} | {samples[group]['date']} |")
    return _table(lines)


def _verdicts(samples):
    """What the figures say, worse ones first."""
    worse, all_rows = [], rows(samples)
    for row in all_rows:
        if row["michi"] > row["pppd"]:
            worse.append(f"- **michi is worse** in `{row['name']}`: {row['michi']:g} against {row['pppd']:g} {row['unit']}.")
    lines = worse or ["michi is worse in none of these rows."]
    ratio = next((row["michi"] / row["pppd"] for row in all_rows if row["name"] == "setup.kernel_ac.ms.p50"), None)
    if ratio is not None:
        lines += ["", f"Set-up before a server in kernel mode takes michi {ratio:.3f} of the time of pppd's kernel-mode client; wanted is at "
                  f"most {WANTED_RATIO:g}: {'held' if ratio <= WANTED_RATIO else '**not held**'}."]
    return _table(lines)


def _password(one):
    tries, lines = one["attempts"], ["| wrong password, 10 minutes | michi | pppd, kernel mode | pppd, user mode |", "|---|---|---|---|"]
    who = ("michi", "pppd", "pppd-user")
    lines.append("| answers to a challenge | " + " | ".join(str(tries[w]) for w in who) + " |")
    lines.append("| what it says | " + " | ".join("<br>".join(f"`{' '.join(t.split())}`" for t in one["words"][w].splitlines()) for w in who) + " |")
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

Made by `make comparison` of [comparison.json](comparison.json), into which each run writes the rows that it measured. Both
clients ran in the same guest, on the same wire, before the same access concentrator, one after the other in each run.

- measured {dates[0] if len(dates) == 1 else dates[0] + ' to ' + dates[-1]}
- guest: QEMU (TCG, one processor), Debian 12, kernel {newest['kernel']}. While it works, its clock counts its own
  instructions, one a nanosecond; while it waits, time is that of the machine beneath, whose other work can lengthen a wait a little. The
  figures compare the clients and are no figures of a native machine.
- michi {newest['michi']}; pppd {newest['pppd']}, in kernel mode (`plugin rp-pppoe.so`) and in user mode (`pty "pppoe -I eth0 -T 80"`)
- the access concentrator: pppoe-server 3.15 with pppd {newest['pppd']}, CHAP-MD5, MTU 1492, IPv4 and IPv6; in kernel mode unless said otherwise

A set-up lasts from the first PADI to the last Configure-Ack of IPCP; a dead peer is noticed when the client first sends something other
than echoes. Both are read from one capture at the access concentrator's port. A lost frame is dropped by nftables on the wire,
exactly one in each run.
"""]
    parts.append(_timed(samples))
    if "restart" in samples:
        parts.append("The client is killed (SIGKILL, all its processes) and started again at once; the access concentrator's own echoes are 5 s apart,\n"
                     "3 failures.\n")
    if "password" in samples:
        parts.append(_password(samples["password"]))
        parts.append("pppd runs with `persist`, `maxfail 0` and its default `holdoff` of 30 s, michi with its default `retry`. The number before pppd's\n"
                     f"words is how often its log has them. Measured {samples['password']['date']}.\n")
    if "idle" in samples:
        parts.append(_idle(samples))
        parts.append("Echoes every 10 s from the client and every 5 s from the access concentrator. Memory and processor time are those of the client's\n"
                     f"processes, not of the kernel; one run each, 60 s. Measured {samples['idle']['date']}.\n")
    parts.append("## What this says\n\n" + _verdicts(samples))
    missing = [name for name in (*TIMED, "password", "idle") if name not in samples]
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

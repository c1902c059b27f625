#!/usr/bin/python3
"""Runs the attacks, several at once in a world and two worlds at a time: `run.py [--build build/gcc] [-j2] [NAME …]`.

A name is an attack or a world. Every attack is a case, and so is every bound of its world. The last line is
`N passed, N failed, N skipped`; build/hostile.json has the figures. MICHI_HOSTILE_SECONDS: how long each goes on (15).
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE))

import catalogue  # noqa: E402

SECONDS = float(os.environ.get("MICHI_HOSTILE_SECONDS", "15"))


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/gcc", help="where michid is; the rest is of build/gcc")
    parser.add_argument("-j", type=int, default=2)
    parser.add_argument("--world", help=argparse.SUPPRESS)  # one world, in this process
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    options.build = pathlib.Path(options.build) if options.build.startswith("/") else ROOT / options.build
    unknown = [name for name in options.names if name not in catalogue.ATTACKS and name not in catalogue.WORLDS]
    if unknown:
        parser.error(f"no {', '.join(unknown)}; worlds: {', '.join(catalogue.WORLDS)}; attacks: {', '.join(catalogue.ATTACKS)}")
    return options


def chosen(names):
    """world → its attacks that are wanted."""
    out = {}
    for world, attacks in catalogue.WORLDS.items():
        wanted = [name for name in attacks if not names or name in names or world in names]
        if wanted:
            out[world] = wanted
    return out


running, lock = {}, threading.Lock()


def run_world(world, names, build):
    begun = time.monotonic()
    child = subprocess.Popen([sys.executable, "-B", str(HERE / "round.py"), "--build", str(build), "--seconds", str(SECONDS), world, *names],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, cwd=ROOT)
    with lock:
        running[child.pid] = child
    try:
        output, words = child.communicate(timeout=SECONDS + 240)
    except subprocess.TimeoutExpired:
        child.send_signal(signal.SIGINT)
        output, words = child.communicate()
        words += "\nno end"
    finally:
        with lock:
            running.pop(child.pid, None)
    try:
        cases = json.loads(output.splitlines()[-1])
    except (ValueError, IndexError):
        cases = [{"name": name, "outcome": "failed", "detail": " ".join(words.split())[-300:]} for name in names]
    return {"world": world, "seconds": round(time.monotonic() - begun, 1), "cases": cases}


def show(result):
    for case in result["cases"]:
        word = {"passed": "ok", "failed": "FAIL", "skipped": "skip"}[case["outcome"]]
        print(f"{word:5}{result['world']:11}{case['name']:17}{case['detail']}")
    print(f"     {result['world']} took {result['seconds']:.0f} s", flush=True)


def show_failed(results):
    """Once more at the end: a long log may have lost them."""
    for result in results:
        for case in result["cases"]:
            if case["outcome"] == "failed":
                print(f"failed: {result['world']} {case['name']}: {case['detail']}")


def main():
    options = parse()
    if os.geteuid() != 0:
        print("skipped: needs root to make network namespaces\n0 passed, 0 failed, 1 skipped")
        sys.exit(1)
    shutil.rmtree(ROOT / "build/hostile", ignore_errors=True)
    todo, results, begun = list(chosen(options.names).items()), [], time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

    def work():
        while True:
            with lock:
                if not todo:
                    return
                world, names = todo.pop(0)
            result = run_world(world, names, options.build)
            with lock:
                results.append(result)
                show(result)
    workers = [threading.Thread(target=work, daemon=True) for _ in range(min(options.j, 2))]
    for worker in workers:
        worker.start()
    try:
        for worker in workers:
            while worker.is_alive():
                worker.join(0.2)
    except (KeyboardInterrupt, SystemExit):
        with lock:
            todo.clear()
            for child in running.values():
                child.send_signal(signal.SIGINT)
        for worker in workers:
            worker.join(15)
    outcomes = [case["outcome"] for result in results for case in result["cases"]]
    counts = {word: outcomes.count(word) for word in ("passed", "failed", "skipped")}
    took = time.monotonic() - begun
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build/hostile.json").write_text(json.dumps(
        {**counts, "seconds": round(took, 1), "each": SECONDS, "build": str(options.build.name), "worlds": results}, indent=1) + "\n")
    show_failed(results)
    print(f"hostile peers took {took:.0f} s, {SECONDS:g} s of attack each")
    print(", ".join(f"{counts[word]} {word}" for word in ("passed", "failed", "skipped")))
    sys.exit(1 if counts["failed"] or not counts["passed"] else 0)


main()

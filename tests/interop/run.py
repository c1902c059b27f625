#!/usr/bin/python3
"""Runs the interop matrix: `run.py [-j2] [--core] [--build build/gcc] [name …]`; a name may end in `*`.

Each cell is a process of its own with a deadline. A table, build/interop.json, and as the last line
`N passed, N failed, N skipped`; an explained cell counts as passed and shows its explanation.
"""
import argparse
import fnmatch
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(HERE)]

import cells  # noqa: E402
import compare_page  # noqa: E402
import root  # noqa: E402
from field import Explained  # noqa: E402

MARK = "interop-result "
running, lock = {}, threading.Lock()


def one(name, build):
    """This process is the cell: the answer is a line on standard output."""
    begun = time.monotonic()
    try:
        result, detail = "ok", cells.every()[name].run(build) or ""
    except Explained as reason:
        result, detail = "explained", str(reason)
    except (Exception, KeyboardInterrupt) as error:
        result, detail = "red", f"{type(error).__name__}: {error}"
        import traceback
        traceback.print_exc()
    print(MARK + json.dumps({"name": name, "result": result, "detail": detail, "seconds": round(time.monotonic() - begun, 1)}), flush=True)
    return 0


def bury(pid):
    """Ends what a cell that was killed has left: processes that have the name of its world in their arguments."""
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and f"lab{pid}x".encode() in pathlib.Path("/proc", entry, "cmdline").read_bytes():
                os.kill(int(entry), signal.SIGKILL)
        except OSError:
            continue


def run(cell, build):
    begun = time.monotonic()
    child = subprocess.Popen([sys.executable, "-B", str(HERE / "run.py"), "--one", cell.name, "--build", str(build)], text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, errors="replace")
    with lock:
        running[child.pid] = child
    late = ""
    try:
        output, _ = child.communicate(timeout=cell.limit)
    except subprocess.TimeoutExpired:
        late = f"no end after {cell.limit} s: "
        child.send_signal(signal.SIGTERM)  # it cleans up behind itself
        try:
            output, _ = child.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            child.kill()
            output, _ = child.communicate()
    with lock:
        running.pop(child.pid, None)
    lines = [line for line in output.splitlines() if line.startswith(MARK)]
    if lines:
        result = json.loads(lines[-1][len(MARK):])
    else:
        bury(child.pid)
        result = {"name": cell.name, "result": "red", "detail": f"no result, status {child.returncode}: {output[-300:]}"}
    if late:
        result["result"], result["detail"] = "red", late + result["detail"]
    result["seconds"] = round(time.monotonic() - begun, 1)
    folder = ROOT / "build/interop" / cell.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "runner.log").write_text(output)
    return result


def obstacles(chosen):
    """Cell → why it cannot run here."""
    if os.geteuid() != 0:
        return {cell.name: "needs root for network namespaces" for cell in chosen}
    found = {}
    for cell in chosen:
        missing = [tool for tool in cell.tools if not shutil.which(tool)]
        if missing:
            found[cell.name] = f"{', '.join(missing)} is not installed (make interop installs it: tools/deps --interop)"
    if any(cell.kind and cell.name not in found for cell in chosen):
        try:
            root.ready()
        except (root.Unavailable, OSError) as reason:
            found |= {cell.name: f"no guest: {reason}" for cell in chosen if cell.kind}
    return found


def show(result):
    words = " ".join(result["detail"].split())
    print(f"{result['result']:10}{result['name']:36}{result.get('seconds', 0):7.1f} s  {words[:400 if result['result'] == 'red' else 240]}", flush=True)


def choose(names, core):
    every = cells.every()
    chosen = [cell for cell in every.values() if (not names or any(fnmatch.fnmatch(cell.name, name) for name in names))]
    unknown = [name for name in names if not fnmatch.filter(every, name)]
    if unknown:
        sys.exit(f"no cell {', '.join(unknown)}; there are: {' '.join(every)}")
    return [cell for cell in chosen if cell.core or not core]


def run_all(todo, build, jobs):
    results = []

    def work():
        while True:
            with lock:
                if not todo:
                    return
                cell = todo.pop(0)
            result = run(cell, build)
            with lock:
                results.append(result)
                show(result)
    workers = [threading.Thread(target=work, daemon=True) for _ in range(max(1, jobs))]
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
                child.send_signal(signal.SIGTERM)
        for worker in workers:
            worker.join(25)
    return results


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-j", type=int, default=2)
    parser.add_argument("--build", default="build/gcc")
    parser.add_argument("--core", action="store_true", help="the subset that every landing runs")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    build = ROOT / options.build
    if options.one:
        return one(options.one, build)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    chosen = choose(options.names, options.core)
    if options.list:
        print("\n".join(f"{cell.name:36}{'core' if cell.core else ''}" for cell in chosen))
        return 0
    begun = time.monotonic()
    why = obstacles(chosen)
    results = [{"name": name, "result": "skipped", "detail": reason} for name, reason in why.items()]
    for result in results:
        show(result)
    results += run_all([cell for cell in chosen if cell.name not in why], build, options.j)
    order = {cell.name: place for place, cell in enumerate(chosen)}
    results.sort(key=lambda result: order[result["name"]])
    (ROOT / "build").mkdir(exist_ok=True)
    (ROOT / "build/interop.json").write_text(json.dumps({"cells": results, "comparison": compare_page.rows()}, indent=1) + "\n")
    outcomes = [result["result"] for result in results]
    failed = outcomes.count("red") + len(chosen) - len(results)
    passed = outcomes.count("ok") + outcomes.count("explained")
    print(f"interop took {time.monotonic() - begun:.0f} s; {outcomes.count('explained')} of the passed are explained")
    print(f"{passed} passed, {failed} failed, {outcomes.count('skipped')} skipped")
    return 1 if failed or not passed else 0


sys.exit(main())

#!/usr/bin/python3
"""Runs the scenarios, several at once: `run.py [-j2] [--build build/gcc] [name …]`.

One line per scenario with its time, a summary `N passed, N failed, N skipped`, build/netns.json.
A scenario is a folder; each test function in it counts.
"""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LIMIT = 3600 if os.environ.get("MICHI_SOAK") else 240
LONG_FIRST = ("why-agrees", "foreign-damage", "crash", "flaps", "ipv6-faults", "boot-order")
running, lock = {}, threading.Lock()


def scenarios(names):
    found = sorted(path.parent.name for path in HERE.glob("*/test_*.py"))
    unknown = [name for name in names if name not in found]
    if unknown:
        sys.exit(f"no scenario {', '.join(unknown)}; there are: {' '.join(found)}")
    found = list(names) or found
    return sorted(found, key=lambda name: (LONG_FIRST.index(name) if name in LONG_FIRST else len(LONG_FIRST), name))


def read_cases(report):
    cases = []
    for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
        outcome, reason = "passed", ""
        for child in case:
            if child.tag in ("failure", "error"):
                outcome, reason = "failed", (child.get("message") or "").splitlines()[:1]
            elif child.tag == "skipped":
                outcome, reason = "skipped", [child.get("message") or "no reason given"]
        cases.append({"name": case.get("name"), "outcome": outcome, "reason": "".join(reason),
                      "seconds": round(float(case.get("time", 0)), 2)})
    return cases


def run(name, build):
    begun = time.monotonic()
    with tempfile.NamedTemporaryFile(suffix=".xml") as report:
        child = subprocess.Popen([sys.executable, "-m", "pytest", "-c", str(HERE / "pytest.ini"), "--rootdir", str(HERE),
                                  f"--junitxml={report.name}", str(HERE / name)], cwd=ROOT, text=True, errors="replace",
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                 env={**os.environ, "MICHI_BUILD": str(build), "PYTHONDONTWRITEBYTECODE": "1"})
        with lock:
            running[child.pid] = child
        try:
            output, _ = child.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGINT)
            try:
                output, _ = child.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                child.kill()
                output, _ = child.communicate()
            output += f"\nno end after {LIMIT} s"
        finally:
            with lock:
                running.pop(child.pid, None)
        try:
            cases = read_cases(report.name)
        except xml.etree.ElementTree.ParseError:
            cases = []
    if child.returncode == 77:
        cases = [{"name": name, "outcome": "skipped", "reason": "needs root", "seconds": 0}]
    elif child.returncode != 0 and not any(case["outcome"] == "failed" for case in cases):
        last = (output.strip().splitlines() or [""])[-1]
        cases.append({"name": name, "outcome": "failed", "reason": f"pytest ended with {child.returncode}: {last}", "seconds": 0})
    return {"scenario": name, "seconds": round(time.monotonic() - begun, 2), "cases": cases, "output": output}


def show(result):
    outcomes = [case["outcome"] for case in result["cases"]]
    word = "FAIL" if "failed" in outcomes else "skip" if set(outcomes) == {"skipped"} else "ok"
    print(f"{word:5}{result['scenario']:32}{outcomes.count('passed'):4} passed{outcomes.count('failed'):4} failed"
          f"{outcomes.count('skipped'):4} skipped {result['seconds']:7.1f} s")
    for case in result["cases"]:
        if case["outcome"] == "skipped":
            print(f"     skipped {case['name']}: {case['reason']}")
    if word == "FAIL":
        print("\n".join("     " + line for line in result["output"].splitlines()[-60:]))
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-j", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--build", default="build/gcc")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    todo = scenarios(options.names)
    build = pathlib.Path(options.build)
    build = build if build.is_absolute() else ROOT / build
    results, begun = [], time.monotonic()

    def work():
        while True:
            with lock:
                if not todo:
                    return
                name = todo.pop(0)
            result = run(name, build)
            with lock:
                results.append(result)
                show(result)
    workers = [threading.Thread(target=work, daemon=True) for _ in range(max(1, options.j))]
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
    (ROOT / "build").mkdir(exist_ok=True)
    for result in results:
        del result["output"]
    (ROOT / "build/netns.json").write_text(json.dumps(
        {**counts, "seconds": round(time.monotonic() - begun, 1), "scenarios": sorted(results, key=lambda r: r["scenario"])}, indent=1))
    print(f"scenarios took {time.monotonic() - begun:.0f} s")
    print(", ".join(f"{counts[word]} {word}" for word in ("passed", "failed", "skipped")))
    sys.exit(1 if counts["failed"] or not counts["passed"] else 0)


main()

#!/usr/bin/python3
"""Runs the tests and ends with one line: N passed, N failed[, N skipped].

    tests/run.py                        everything: the unit tests in each build of UNIT_BUILDS, behaviour, lint
    tests/run.py --unit-only BINARY...  just these unit tests
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET

ROOT = pathlib.Path(__file__).resolve().parent.parent
PYTHON = "/usr/bin/python3"
JOBS = os.cpu_count() or 2

# Units run as shipped and under sanitizers; both compilers must build everything without a warning.
UNIT_BUILDS = (
    ("release", ["CONFIG=release"], {}),
    ("asan", ["CONFIG=asan"], {"ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"}),
)
OTHER_BUILDS = (("clang", ["CC=clang"]), ("debug", ["CONFIG=debug"]))

passed = failed = skipped = 0


def report(name, ok, seconds, text=""):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
    print(f"{'ok  ' if ok else 'FAIL'} {name} ({seconds:.1f} s)", flush=True)
    if not ok:
        print(text[-8000:], flush=True)


def run_unit(binary, env):
    """One cmocka binary: (cases passed, cases failed, cases skipped, output, seconds)."""
    start = time.monotonic()
    try:
        done = subprocess.run(
            [binary], capture_output=True, cwd=ROOT, env={**os.environ, **env}, timeout=900, check=False
        )
        text = (done.stdout + done.stderr).decode(errors="replace")
        status = done.returncode
    except subprocess.TimeoutExpired as error:
        text, status = f"timed out: {error}", 1
    count = {k: sum(map(int, re.findall(rf"\[  {k}\s*\] (\d+) test", text))) for k in ("PASSED", "SKIPPED")}
    bad = len(set(re.findall(r"\[  FAILED  \] (?!\d)(\S+)", text)))
    if status != 0 and bad == 0:
        bad = 1
    return count["PASSED"], bad, count["SKIPPED"], text, time.monotonic() - start


def run_units(label, binaries, env):
    global passed, failed, skipped
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for binary, result in zip(binaries, pool.map(lambda b: run_unit(b, env), binaries)):
            good, bad, left_out, text, seconds = result
            passed, failed, skipped = passed + good, failed + bad, skipped + left_out
            print(f"{'FAIL' if bad else 'ok  '} {label} {os.path.basename(binary)}: {good} ({seconds:.1f} s)", flush=True)
            if bad:
                print(text[-8000:], flush=True)


def make(label, *args):
    start = time.monotonic()
    done = subprocess.run(
        ["make", f"-j{JOBS}", "--no-print-directory", *args],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )
    report(label, done.returncode == 0, time.monotonic() - start, done.stdout.decode(errors="replace"))
    return done.returncode == 0


def unit_names():
    return sorted(path.stem for path in (ROOT / "tests/unit").glob("*_test.c"))


def run_behaviour():
    global passed, failed, skipped
    with tempfile.TemporaryDirectory() as folder:
        xml = pathlib.Path(folder) / "e2e.xml"
        done = subprocess.run(
            [PYTHON, "-m", "pytest", "-q", "-rs", "--durations=8", f"--junit-xml={xml}", "tests/e2e"],
            cwd=ROOT, check=False,
        )
        if not xml.exists():
            report("behaviour tests", False, 0, f"pytest ended with {done.returncode} and no report")
            return
        cases = list(ET.parse(xml).getroot().iter("testcase"))
        bad = sum(1 for c in cases if c.find("failure") is not None or c.find("error") is not None)
        left_out = sum(1 for c in cases if c.find("skipped") is not None)
        passed, failed, skipped = passed + len(cases) - bad - left_out, failed + bad, skipped + left_out


# A week on all venues, and 1,000 unlucky lives, on a virtual clock (tests/sim).
SIMULATIONS = (("week", "7"), ("faults", "1000"))


def run_simulations():
    for args in SIMULATIONS:
        start = time.monotonic()
        done = subprocess.run(
            [ROOT / "build/release/sim", *args], capture_output=True, text=True, timeout=1200, check=False
        )
        print(done.stdout.rstrip())
        report("sim " + " ".join(args), done.returncode == 0, time.monotonic() - start, done.stdout + done.stderr)


def everything():
    for label, args, env in UNIT_BUILDS:
        names = [f"build/{label}/tests/{name}" for name in unit_names()]
        if make(f"build {label}", *args, "all", *names):
            run_units(label, names, env)
    for label, args in OTHER_BUILDS:
        make(f"build {label}", *args, "all")
    make("format, headers and lint", "format-check", "headers-check", "lint")
    if make("build sim", "build/release/sim"):
        run_simulations()
    run_behaviour()


def main():
    if sys.argv[1:2] == ["--unit-only"]:
        run_units("unit", sys.argv[2:], {})
    else:
        everything()
    line = f"{passed} passed, {failed} failed"
    print(line + (f", {skipped} skipped" if skipped else ""), flush=True)
    sys.exit(1 if failed or not passed else 0)


main()

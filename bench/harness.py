"""What all parts of the benchmark share: running commands, medians with their spread, and a part's findings."""

import json
import os
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = Path("build/bench")  # everything runs with the root of the project as its folder, so that commands read short
REPEATS = 5
NOT_THERE = "not there"
BEGUN = time.monotonic()


def shown(command):
    return shlex.join(map(str, command))


class Failed(Exception):
    """A command of the benchmark did not work; the text says which and why, `why` only that."""

    def __init__(self, why, command=None):
        super().__init__(f"'{shown(command)}' {why}" if command else why)
        self.why = why


def say(text):
    print(f"[{time.monotonic() - BEGUN:4.0f} s] {text}", file=sys.stderr, flush=True)


def last_line(text):
    return (text.strip().splitlines() or ["no word on why"])[-1]


def run(command, ok=(0,), **more):
    """Its stdout as text."""
    try:
        done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, cwd=ROOT, **more)
    except OSError as error:
        raise Failed(f"{command[0]}: {error.strerror}") from error
    if done.returncode not in ok:
        raise Failed(f"ended with {done.returncode}: {last_line(done.stderr)}", command)
    return done.stdout


def shell_number(command):
    return int(run(["bash", "-o", "pipefail", "-c", command]))


def measure(command, **more):
    """Wall time, processor time and peak memory of one run, with its stdout."""
    folder = WORK / "measure"
    (ROOT / folder).mkdir(parents=True, exist_ok=True)
    out, stdout, stderr = (folder / name for name in ("out.json", "stdout", "stderr"))
    run([sys.executable, "-I", "-S", "bench/measure.py", out, stdout, stderr, *command], **more)
    result = json.loads((ROOT / out).read_text())
    if result["exit"] != 0:
        raise Failed(f"ended with {result['exit']}: {last_line((ROOT / stderr).read_text())}", command)
    result["stdout"] = (ROOT / stdout).read_text()
    return result


def alternate(contenders, repeats=REPEATS):
    """Runs all contenders in turn, every other round backwards; name -> list of what they gave."""
    results = {name: [] for name in contenders}
    for turn in range(repeats):
        for name in list(contenders)[:: -1 if turn % 2 else 1]:
            results[name].append(contenders[name]())
    return results


class Samples:
    """The values of several runs."""

    def __init__(self, values):
        self.values = list(values)
        self.median = statistics.median(self.values)
        self.low, self.high = min(self.values), max(self.values)

    def per(self, count):
        """As a rate: count by each value."""
        return Samples([count / value for value in self.values])

    def text(self, digits=3):
        if len(self.values) == 1:
            return number(self.median, digits)
        return f"{number(self.median, digits)} ({number(self.low, digits)}–{number(self.high, digits)})"

    def to_json(self):
        return {"median": self.median, "low": self.low, "high": self.high, "values": self.values}


def number(value, digits=3):
    """So many digits, without an exponent: 12,300,000 and 0.0123."""
    if value == 0:
        return "0"
    whole = len(str(int(abs(value))))
    return f"{value:,.{max(0, digits - whole)}f}" if abs(value) >= 1 else f"{value:.{digits}g}"


def tape_bytes(tape):
    return sum(path.stat().st_size for path in (ROOT / tape).iterdir() if path.is_file())


def segments(tape):
    return sorted(path.relative_to(ROOT) for path in (ROOT / tape).glob("*.zst"))


def copy_tape(tape, to):
    """A fresh copy; the sealing of a tape changes it."""
    shutil.rmtree(ROOT / to, ignore_errors=True)
    shutil.copytree(ROOT / tape, ROOT / to)
    return to


def can_seal(binary):
    done = subprocess.run([binary, "tape", "seal", "--help"], capture_output=True, check=False, cwd=ROOT)
    return done.returncode == 0


class Part:
    """What one part found: rows of the summary, tables, pictures, the commands, and the bare figures."""

    def __init__(self, name, title):
        self.found = {
            "name": name,
            "title": title,
            "rows": [],
            "tables": [],
            "pictures": [],
            "commands": [],
            "notes": [],
            "figures": {},
        }

    def row(self, figure, ours, peer="", ratio="", target="", reached=None):
        """One line of the summary; reached: True, False, or None for not measured."""
        self.found["rows"].append(
            {"figure": figure, "ours": ours, "peer": peer, "ratio": ratio, "target": target, "reached": reached}
        )

    def table(self, title, head, rows):
        self.found["tables"].append({"title": title, "head": head, "rows": rows})

    def picture(self, name, title, unit, bars, mark=None):
        """bars: (label, value or None, kind) with kind 'ours', 'peer' or a text that stands in place of the bar."""
        self.found["pictures"].append({"name": name, "title": title, "unit": unit, "bars": bars, "mark": mark})

    def command(self, command):
        text = command if isinstance(command, str) else shown(command)
        if text not in self.found["commands"]:
            self.found["commands"].append(text)

    def note(self, text):
        self.found["notes"].append(text)

    def figure(self, name, value):
        self.found["figures"][name] = value.to_json() if isinstance(value, Samples) else value


def cpu_info():
    text = Path("/proc/cpuinfo").read_text()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
    return found.group(1) if found else os.uname().machine


def caches():
    found = []
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):

        def read(name, index=index):
            return (index / name).read_text().strip()

        kind = {"Data": "d", "Instruction": "i"}.get(read("type"), "")
        found.append(f"L{read('level')}{kind} {read('size').replace('K', ' KiB')}")
    return ", ".join(found) or "unknown"


def first_line(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return NOT_THERE
    return ((done.stdout + done.stderr).strip().splitlines() or [NOT_THERE])[0].strip("* ")


def machine(binary):
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text()).group(1)
    system = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False, cwd=ROOT
    )
    return {
        "processor": f"{cpu_info()}, {os.cpu_count()} cores",
        "caches": caches(),
        "memory": f"{int(memory) / 2**20:.1f} GiB",
        "system": f"{system.group(1) if system else 'Linux'}, Linux {os.uname().release}",
        "compiler": first_line(["gcc", "--version"]),
        "rewick": f"{first_line([str(ROOT / binary), '--version'])}, {commit.stdout.strip() or 'no git'}",
        "zstd": first_line(["zstd", "--version"]),
        "gzip": first_line(["gzip", "--version"]),
        "xz": first_line(["xz", "--version"]),
        "node": first_line(["node", "--version"]),
        "python": first_line(["/usr/bin/python3", "--version"]),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }

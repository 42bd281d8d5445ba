#!/usr/bin/python3
"""The rules of CONTRIBUTING.md that a text search can keep. Prints each breach; exit 1 when there is one."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
breaches = []

SOURCES = sorted(
    path for folder in ("engine", "recorder", "replayer") for path in (ROOT / folder).rglob("*.[ch]")
) + [ROOT / "main.c"]


def breach(path, number, text):
    breaches.append(f"{path.relative_to(ROOT)}:{number}: {text}")


def code_lines(path):
    """Lines without comments and string literals (roughly: enough for whole words)."""
    text = path.read_text()
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    text = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)
    return enumerate(text.split("\n"), 1)


# Calls that have a better form here.
BANNED = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atof|gmtime|localtime|rand|random|system)\s*\(")
# The engine is pure outside its sinks and the seam to the system.
IMPURE = re.compile(
    r"\b(clock_gettime|gettimeofday|time|socket|open|openat|fopen|pthread_create|thrd_create|getrandom|clock_wall_ns|clock_mono_ns)\s*\("
)
SEAM = {"io_posix.c", "clock.c", "clock.h", "log.c", "io.h"}
FLOAT = re.compile(r"\b(float|double)\b")

# Who may include whom: folder -> folders it may use, besides itself.
LAW = {
    "engine/base": [],
    "engine/trade": ["engine/base"],
    "engine/tape": ["engine/base"],
    "engine/venue": ["engine/base", "engine/trade", "engine/tape/record.h"],
    "engine/candle": ["engine/base", "engine/trade", "engine/tape/record.h", "engine/venue/venue.h"],
    "engine": ["engine/"],
    "engine/sink": ["engine/"],
    "recorder": ["engine/"],
    "replayer": ["engine/"],
}


def home(path):
    parts = path.relative_to(ROOT).parts
    if parts[0] == "engine" and len(parts) > 2:
        return "/".join(parts[:2])
    return parts[0]


def check_file(path):
    folder = home(path)
    pure = folder.startswith("engine") and folder != "engine/sink" and path.name not in SEAM
    for number, line in code_lines(path):
        if match := BANNED.search(line):
            breach(path, number, f"'{match.group(1)}' is not used here")
        if pure and (match := IMPURE.search(line)):
            # A table of functions may have a member called open.
            if not re.search(r"(->|\.)\s*" + match.group(1) + r"\s*\(|\(\*" + match.group(1), line):
                breach(path, number, f"the engine is pure: no '{match.group(1)}'")
        if folder.startswith("engine") and (match := FLOAT.search(line)):
            breach(path, number, f"no '{match.group(1)}' in the engine")
    for number, line in enumerate(path.read_text().split("\n"), 1):
        if path.name != "main.c" and (match := re.match(r'#include "((?:engine|recorder|replayer)[^"]*)"', line)):
            target = match.group(1)
            allowed = [folder + "/"] + LAW.get(folder, [])
            if not any(target.startswith(a) for a in allowed):
                breach(path, number, f"{folder} must not include {target}")
        if len(line) > 120:
            breach(path, number, "line over 120 characters")


def check_names():
    seen = {}
    for path in SOURCES:
        if path.name in seen:
            breach(path, 1, f"file name is used by {seen[path.name]} too")
        seen[path.name] = path.relative_to(ROOT)


def check_venues():
    """No venue's name outside its own folder, except in the registry."""
    names = {p.name for p in (ROOT / "engine/venue").iterdir() if p.is_dir()}
    pattern = re.compile(r"\b(" + "|".join(sorted(names)) + r")\b", re.I)
    for path in SOURCES:
        rel = path.relative_to(ROOT).as_posix()
        own = rel.startswith("engine/venue/") or "simulate" in rel or rel == "main.c"
        if own:
            continue
        for number, line in code_lines(path):
            if match := pattern.search(line):
                breach(path, number, f"venue '{match.group(1)}' is named outside its folder")


for source in SOURCES:
    check_file(source)
check_names()
check_venues()
print("\n".join(breaches), end="\n" if breaches else "")
sys.exit(1 if breaches else 0)

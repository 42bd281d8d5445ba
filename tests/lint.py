#!/usr/bin/python3
"""The rules of CONTRIBUTING.md that a text search can keep. Prints each breach; exit 1 when there is one."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
breaches = []


def sources(*folders):
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.[ch]"))


PRODUCT = sources("engine", "recorder", "replayer") + [ROOT / "main.c"]
TESTS = sources("tests", "bench")
TEXTS = sorted(
    path
    for pattern in (
        "tests/**/*.py", "tests/**/*.sh", "bench/*.py", "fixtures/*.sh", ".ci/*", "Makefile", "*.md", "docs/*",
    )
    for path in ROOT.glob(pattern)
    if path.is_file()
)


def breach(path, number, text):
    breaches.append(f"{path.relative_to(ROOT)}:{number}: {text}")


def without_comments(path):
    return re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), path.read_text(), flags=re.S)


def code_lines(path):
    """Lines without comments and string literals (roughly: enough for whole words)."""
    text = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', without_comments(path))
    return enumerate(text.split("\n"), 1)


# Calls that have a better form here.
BANNED = re.compile(
    r"\b(strcpy|strcat|strncat|stpcpy|sprintf|vsprintf|gets|strtok|atoi|atol|atoll|atof|gmtime|localtime|"
    r"ctime|asctime|rand|srand|random|srandom|rand_r|tmpnam|tempnam|mktemp|alloca|system|popen)\s*\("
)
# What no pure code calls: clocks, the network, files, threads, randomness, the environment.
IMPURE = re.compile(
    r"\b(clock_gettime|clock_nanosleep|gettimeofday|time|nanosleep|usleep|sleep|socket|connect|accept|bind|poll|"
    r"open|openat|fopen|mmap|unlink|pthread_create|pthread_mutex_lock|thrd_create|fork|getrandom|arc4random|RAND_bytes|"
    r"getenv|clock_wall_ns|clock_mono_ns|clock_boot_ns|io_read_file|io_posix)\s*\("
)
IMPURE_HEADERS = re.compile(r"#include <((?:sys|netinet|arpa)/.*|(?:unistd|fcntl|pthread|time|poll|netdb)\.h)>")
SEAM = {"io_posix.c", "clock.c", "clock.h", "log.c", "io.h"}
FLOAT = re.compile(r"\b(float|double)\b")

# Who may include whom: folder -> what it may use besides itself. Folders of venues know no other venue.
LAW = {
    "engine/base": [],
    "engine/trade": ["engine/base/"],
    "engine/tape": ["engine/base/"],
    "engine/venue": ["engine/base/", "engine/trade/", "engine/tape/record.h"],
    "engine/identifier": ["engine/base/"],
    "engine/candle": [
        "engine/base/", "engine/trade/", "engine/tape/record.h", "engine/tape/varint.h", "engine/venue/venue.h",
        "engine/venue/instrument.h", "engine/identifier/",
    ],
    "engine/health": [
        "engine/base/", "engine/tape/record.h", "engine/venue/venue.h", "engine/candle/latency.h",
        "engine/candle/clock_offset.h",
    ],
    "engine/compare": ["engine/base/", "engine/trade/", "engine/venue/", "engine/candle/"],
    "engine": [
        "engine/base/", "engine/trade/", "engine/tape/", "engine/venue/", "engine/candle/", "engine/identifier/",
        "engine/health/",
    ],
    "engine/sink": ["engine/"],
    "recorder": ["engine/"],
    "replayer": ["engine/"],
    "tests/sim": ["engine/", "recorder/", "tests/unit/"],
    "bench": ["engine/", "recorder/", "tests/sim/"],
    "tests/unit": ["engine/", "recorder/", "replayer/", "tests/reference_decoder/"],
    "tests/fuzz": ["engine/", "recorder/", "replayer/", "tests/unit/", "tests/reference_decoder/"],
    "tests/reference_decoder": ["engine/"],
}
# The list of venues is the one file that knows them all.
REGISTRY = "engine/venue/venue.c"
# The official list of market identifiers, where a code may begin like a venue's name.
MIC_TABLE = "engine/identifier/mic_table.c"
VENUE_FOLDERS = sorted(path.name for path in (ROOT / "engine/venue").iterdir() if path.is_dir())


def home(path):
    parts = path.relative_to(ROOT).parts
    return "/".join(parts[:2]) if parts[0] in ("engine", "tests") and len(parts) > 2 else parts[0]


def claims_purity(path):
    """Recorder and replayer say "Pure." at the top of a header where a module is."""
    header = path.with_suffix(".h")
    opening = re.match(r"\s*/\*.*?\*/", header.read_text(), flags=re.S) if header.exists() else None
    return bool(opening and re.search(r"\bPure[.;:,]", opening.group()))


def is_pure(path):
    folder = home(path)
    if folder == "engine" or folder.startswith("engine/"):
        return folder != "engine/sink" and path.name not in SEAM
    if folder == "tests/sim":
        return path.stem in ("sim_world", "sim_run")
    return claims_purity(path)


def check_calls(path):
    pure, engine = is_pure(path), home(path).startswith("engine")
    for number, line in code_lines(path):
        if home(path) != "tests/unit" and (match := BANNED.search(line)):
            breach(path, number, f"'{match.group(1)}' is not used here")
        if pure and (match := IMPURE.search(line)):
            # A table of functions may have a member called open.
            if not re.search(r"(->|\.)\s*" + match.group(1) + r"\s*\(|\(\*" + match.group(1), line):
                breach(path, number, f"this file is pure: no '{match.group(1)}'")
        if pure and (match := IMPURE_HEADERS.search(line)):
            breach(path, number, f"this file is pure: no <{match.group(1)}>")
        if engine and (match := FLOAT.search(line)):
            breach(path, number, f"no '{match.group(1)}' in the engine")


def check_include(path, number, target):
    rel, folder = path.relative_to(ROOT).as_posix(), home(path)
    own = target.startswith(folder + "/") if folder != "engine" else target.count("/") == 1
    if not own and not any(target.startswith(allowed) for allowed in LAW.get(folder, [])):
        breach(path, number, f"{folder} must not include {target}")
    venue = re.match(r"engine/venue/([^/]+)/", target)
    if venue and rel != REGISTRY and not rel.startswith(venue.group(0)):
        breach(path, number, f"a venue's own header, {target}, is for its folder only")


def check_lines(path):
    for number, line in enumerate(path.read_text().split("\n"), 1):
        match = re.match(r'\s*#include "((?:engine|recorder|replayer|tests|bench)/[^"]*)"', line)
        if match and path.name != "main.c":
            check_include(path, number, match.group(1))
        elif not match and re.match(r'\s*#include "(?!.*\.pb-c\.h|descriptors\.h)', line):
            breach(path, number, "includes are written from the root")
        if len(line) > 120 and home(path) != "tests/unit":
            breach(path, number, "line over 120 characters")


def check_text(path):
    for number, line in enumerate(path.read_text().split("\n"), 1):
        if path.name != "lint.py" and re.search(r"\b(TODO|FIXME|XXX)\b", line):
            breach(path, number, "a note to oneself; do it or leave it out")
        if line != line.rstrip() and path.suffix != ".md":
            breach(path, number, "blanks at the end of the line")


def check_leftovers():
    for folder in ("engine", "recorder", "replayer", "tests", "bench", "docs", "fixtures", "proto"):
        for path in (ROOT / folder).rglob("*"):
            if path.name.endswith((".orig", ".rej", ".bak", ".swp", "~")):
                breach(path, 1, "a leftover of an editor or a patch")


def check_names():
    seen = {}
    for path in PRODUCT + TESTS:
        if path.name in seen:
            breach(path, 1, f"file name is used by {seen[path.name]} too")
        seen[path.name] = path.relative_to(ROOT)


def check_venues():
    """No venue's name outside its own folder, except in the registry: not in code, and no text that is one."""
    word = re.compile(r"(?<![a-z])(" + "|".join(VENUE_FOLDERS) + r")(?![a-z])", re.I)
    text = re.compile(r'"(' + "|".join(VENUE_FOLDERS) + r')[-_a-z0-9]*"', re.I)
    for path in PRODUCT + sources("bench"):
        rel = path.relative_to(ROOT).as_posix()
        if rel in (REGISTRY, MIC_TABLE) or "simulate" in rel:
            continue
        own = re.match(r"engine/venue/([^/]+)/", rel)
        code = dict(code_lines(path))
        for number, line in enumerate(without_comments(path).split("\n"), 1):
            for match in (word.search(code[number]), text.search(line)):
                if match and not (own and match.group(1).lower() == own.group(1)):
                    breach(path, number, f"venue '{match.group(1)}' is named outside its folder")


for source in PRODUCT + TESTS:
    check_calls(source)
    check_lines(source)
for source in PRODUCT + TESTS + TEXTS:
    check_text(source)
check_leftovers()
check_names()
check_venues()
print("\n".join(breaches), end="\n" if breaches else "")
sys.exit(1 if breaches else 0)

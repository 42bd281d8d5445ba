#!/usr/bin/python3
"""Holds the C engine to the reference, seed by seed.

    tests/reference/differ.py build/rewick SEED [SEED ...]     what differs, or nothing
    tests/reference/differ.py build/rewick SEED --keep FOLDER  leaves the tape there
"""

import argparse
import csv
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import candles
import events


class Differs(Exception):
    pass


def replay(rewick, tape, *options):
    result = subprocess.run([rewick, "replay", tape, "--format", "csv", *options], capture_output=True, text=True,
                            stdin=subprocess.DEVNULL, check=False, timeout=300)
    if result.returncode:
        raise Differs(f"replay {' '.join(options)}: exit {result.returncode}: {result.stderr[-1000:]}")
    rows = list(csv.reader(result.stdout.splitlines()))
    end = rows[0].index("contributions") + 1 if "contributions" in rows[0] else len(rows[0])
    return rows[0][:end], [row[:end] for row in rows[1:]]


def compare(names, expected, found, columns=None):
    """Raises at the first field that differs."""
    columns = columns or names
    for at, (want, got) in enumerate(zip(expected, found)):
        for name, left, right in zip(names, want, got):
            if name in columns and left != right:
                who = ",".join(want[:8])
                raise Differs(f"update {at + 1}: {name}: reference {left!r}, rewick {right!r}\n"
                              f"  reference {who}\n  rewick    {','.join(got[:8])}")
    if len(expected) != len(found):
        at = min(len(expected), len(found))
        rest = (expected + found)[at] if at < len(expected) else found[at]
        raise Differs(f"{len(expected)} updates in the reference, {len(found)} from rewick; the first too many: "
                      f"{','.join((expected[at:] or found[at:])[0][:8])}")


def hold(rewick, world, tape, columns=None):
    """Number of updates that were the same in every field, with forming ones and without; raises Differs."""
    events.write(tape, world)
    engine = candles.Engine(world.config, world.venues)
    expected = [row for event in world.events for row in engine.feed(event)]
    names, found = replay(rewick, tape, "--forming")
    if names != candles.COLUMNS:
        raise Differs(f"columns are {names}")
    compare(names, expected, found, columns)
    state = names.index("state")
    _, found = replay(rewick, tape)  # what is still forming at the end comes behind
    final = [row for row in expected if row[state] != "forming"] + engine.forming()
    # without forming updates a composite that is forming at the end knows only what its members have closed
    compare(names, final, [row for row in found if (row[0], row[state]) != ("composite", "forming")], columns)
    return len(expected)


def check(rewick, seed, folder, columns=None, size=None):
    return hold(rewick, events.world(seed, size), pathlib.Path(folder) / f"tape-{seed}", columns)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("rewick")
    parser.add_argument("seeds", nargs="+", type=int)
    parser.add_argument("--keep")
    parser.add_argument("--columns")
    parser.add_argument("--size", type=int)
    args = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        for seed in args.seeds:
            try:
                count = check(args.rewick, seed, args.keep or scratch,
                              args.columns and args.columns.split(","), args.size)
                print(f"seed {seed}: {count} updates")
            except Differs as difference:
                failed += 1
                print(f"seed {seed}: {difference}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

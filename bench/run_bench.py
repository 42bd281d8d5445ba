#!/usr/bin/python3
"""run_bench: what rewick costs, beside what would be used instead. `make bench` runs it.

    bench/run_bench.py [PART...] [--build DIR] [--copies N] [--captures DIR] [--write]

Without PART all parts of a whole run, after which docs/benchmarks.md and its pictures are written anew; single parts
print what they found and leave the page alone unless --write is given. Every value goes to build/bench/results.json
(single parts: build/bench/PART.json). Exit status: 0, or 1 when a part could not be measured; a target that was missed
is said, not failed.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import corpus
import report
from candle_part import Corpus, measure_candles
from harness import ROOT, WORK, Failed, machine, say
from seal_part import measure_capture, measure_seal
from seek_part import measure_seek
from size_part import measure_size
from tool_part import measure_decode, measure_engine, measure_tape

PARTS = {
    "size": measure_size,
    "candles": measure_candles,
    "decode": measure_decode,
    "tape": measure_tape,
    "seal": measure_seal,
    "capture": measure_capture,
    "seek": measure_seek,
    "engine": measure_engine,
}


class Context:
    """What every part works with."""

    def __init__(self, args):
        self.build = args.build
        self.binary = args.build / "rewick"
        self.copies = args.copies
        self.seek_gb = args.seek_gb
        self.seconds = args.seconds
        self.sources = corpus.sources(self.binary)
        self.made = {}

    def corpus(self, copies):
        """Lines, tape and sealed tape of so many copies, made once in a run."""
        if copies not in self.made:
            self.made[copies] = Corpus(self, copies)
        return self.made[copies]


def measure_part(name, context):
    say(f"part {name}")
    try:
        return PARTS[name](context)
    except Failed as error:
        say(f"{name}: {error}")
        return {"name": name, "title": name.capitalize(), "rows": [], "fault": str(error)}


def corpus_note(context):
    if corpus.have_captures():
        origin = "Frames as an exchange sent them, all channels that were recorded."
    else:
        origin = (
            "There were no recordings: trades are simulated, with book tickers and depth around them in the measure of "
            "real recordings."
        )
    return (
        f"{origin} For long runs they are repeated {context.copies} times, with receive times, exchange times, trade "
        "ids and update ids moved on (`bench/corpus.py`), so that no frame is there twice and trades stay in order and "
        "without holes."
    )


def results_of(names, context):
    load = {
        "load before": f"{os.getloadavg()[0]:.1f} processes; with more than 0.5 the times below are not to be trusted"
    }
    return {
        "machine": machine(context.binary) | load,
        "corpus": [{**source._asdict(), "path": str(source.path)} for source in context.sources],
        "corpus_note": corpus_note(context),
        "parts": [measure_part(name, context) for name in names],
    }


def parse():
    parser = argparse.ArgumentParser(description="what rewick costs, beside its peers")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--build", type=Path, default=Path("build/release"))
    parser.add_argument("--copies", type=int, default=8, help="of the recordings in the long corpus")
    parser.add_argument(
        "--captures", type=Path, help="another folder of recordings; one that is not there: simulated frames"
    )
    parser.add_argument("--seek-gb", type=float, help="gigabytes of frames on the tape of the seek part")
    parser.add_argument("--seconds", type=int, default=10, help="of one capture")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md for single parts too")
    return parser.parse_args()


def main():
    args = parse()
    if args.captures:
        corpus.CAPTURES = args.captures.resolve()
    (ROOT / WORK).mkdir(parents=True, exist_ok=True)
    results = results_of(args.parts or list(PARTS), Context(args))
    name = "results" if not args.parts else "-".join(args.parts)
    (ROOT / WORK / f"{name}.json").write_text(json.dumps(results, indent=1, default=str) + "\n")
    if not args.parts or args.write:
        report.write(results)
        say("written: docs/benchmarks.md, docs/benchmarks/*.svg")
    print(report.terminal(results))
    sys.exit(1 if any("fault" in part for part in results["parts"]) else 0)


if __name__ == "__main__":
    main()

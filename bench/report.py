"""report: what the parts found, as docs/benchmarks.md with its pictures and as text for a terminal."""

from harness import ROOT
from svg import bars

DOCS = ROOT / "docs"
REACHED = {True: "yes", False: "**no**", None: "not measured"}
SUMMARY = ("figure", "rewick", "peer", "ratio", "target", "reached")

INTRO = """# Benchmarks

What rewick costs, beside what would be used instead, on the same frames in one run. `make bench` wrote this page, its
pictures and `build/bench/results.json`, which holds every single value; nothing here is written by hand. It installs
the peers into `build/bench/peers` (npm and pip, pinned by the lock files in `bench/peers`) and takes about ten minutes.
Single parts print what they find and leave this page alone: `make bench-size`, `bench-candle-replay`, `bench-decode`,
`bench-tape`, `bench-seal`, `bench-seek`, `bench-candles`, `bench-capture`.

Values are medians, with the lowest and the highest in brackets. Whatever is compared by time ran in turn with its
peers, every other round backwards. Rewick is timed as a whole process, start and end included; peers time themselves,
from opening the first file to the last candle, so that loading an interpreter and its libraries is not held against
them. Memory is the peak of the process.
"""


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def summary_rows(parts):
    return [
        [
            row["figure"],
            row["ours"],
            row["peer"],
            row["ratio"],
            row["target"],
            REACHED[row["reached"]] if row["target"] else "",
        ]
        for part in parts
        for row in part["rows"]
    ]


def part_text(part):
    text = [f"## {part['title']}\n"]
    if "fault" in part:
        return text[0] + f"\nThis part ended early: {part['fault']}\n"
    text += [note + "\n" for note in part["notes"]]
    for item in part["tables"]:
        text.append((item["title"] + "\n\n" if item["title"] else "") + table(item["head"], item["rows"]))
    text += [f"![{picture['title']}](benchmarks/{picture['name']}.svg)\n" for picture in part["pictures"]]
    if part["commands"]:
        text.append("```text\n" + "\n".join(part["commands"]) + "\n```\n")
    return "\n".join(text)


def page(results):
    text = [
        INTRO,
        "## In short\n",
        table(SUMMARY, summary_rows(results["parts"])),
        "## Where and with what\n",
        table(("", ""), results["machine"].items()),
        table(
            ("frames of", "venue", "frames", "bytes of lines", "sha256 of the lines"),
            [
                [
                    source["origin"],
                    source["venue"],
                    f"{source['frames']:,}",
                    f"{source['size']:,}",
                    f"`{source['sha256'][:16]}…`",
                ]
                for source in results["corpus"]
            ],
        ),
        results["corpus_note"] + "\n",
    ]
    text += [part_text(part) for part in results["parts"]]
    return "\n".join(text)


def write(results, docs=DOCS):
    """The page and its pictures; pictures of earlier runs go."""
    folder = docs / "benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    for part in results["parts"]:
        for picture in part.get("pictures", []):
            drawn = bars(picture["title"], picture["unit"], picture["bars"], picture["mark"])
            (folder / f"{picture['name']}.svg").write_text(drawn)
    (docs / "benchmarks.md").write_text(page(results))


def columns(head, rows):
    cells = [[str(cell).replace("**", "") for cell in row] for row in [head, *rows]]
    widths = [max(len(row[index]) for row in cells) for index in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in cells)


def terminal(results):
    """The same for reading at once."""
    text = ["\n".join(f"{key:10} {value}" for key, value in results["machine"].items())]
    for part in results["parts"]:
        text.append(f"== {part['title']}")
        text += [f"ended early: {part['fault']}"] if "fault" in part else []
        text += ["\n".join("$ " + command for command in part.get("commands", []))]
        text += [
            (item["title"] + "\n" if item["title"] else "") + columns(item["head"], item["rows"])
            for item in part.get("tables", [])
        ]
    text.append("== Targets\n" + columns(SUMMARY, summary_rows(results["parts"])))
    return "\n\n".join(part for part in text if part)

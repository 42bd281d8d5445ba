"""tool_part: benchmarks that are programs of their own, written in C: decoding, the writing of a tape, the engine."""

import re

from harness import NOT_THERE, ROOT, Part, measure, say

DECODE_MAX_NS = 150
DECODE_SLICES = 7
DECODE_VENUES = ("binance", "coinbase", "kraken")
WRITE_MIN = 1_000_000
CANDLE_SLICES = 5

LINE = re.compile(r"^(?P<name>[^\s#].*?)\s+(?P<value>[\d,]*\.?\d+)\s+(?P<unit>[A-Za-z/%]\S*)(?:\s+(?P<rest>.*))?$")


def lines_of(text):
    """`name value unit` of every line that is one, with what follows."""
    found = []
    for line in text.splitlines():
        match = LINE.match(line)
        if match:
            found.append((match["name"], float(match["value"].replace(",", "")), match["unit"], match["rest"] or ""))
    return found


def tool_lines(context, name, arguments=()):
    """None when the program is not there."""
    program = context.build / name
    if not (ROOT / program).is_file():
        return None
    say(f"{name}")
    return lines_of(measure([str(program), *map(str, arguments)])["stdout"])


DECODE_LINE = re.compile(
    r"^(?P<venue>\S+)\s+(?P<channel>\S+(?: \(made\))?)\s+(?P<frames>\d+)\s+(?P<bytes>\d+)\s+(?P<trades>[\d.]+)\s+"
    r"(?P<left>[\d.]+)\s+(?P<ns>[\d.]+)\s+(?P<span>[\d.]+-[\d.]+)\s+(?P<general>[\d.]+)\s+(?P<jansson>[\d.]+)\s+(?P<instructions>\S+)$"
)


def decode_rows(context, part):
    """Every line of the program, for the venues that there are targets for."""
    program = context.build / "decode_bench"
    rows = []
    for venue in DECODE_VENUES:
        command = [program, "--venue", venue, "--slices", DECODE_SLICES]
        part.command(command)
        if (ROOT / program).is_file():
            say(f"decode_bench, {venue}")
            lines = measure(command)["stdout"].splitlines()
            rows += [match.groupdict() for match in map(DECODE_LINE.match, lines) if match]
    return rows


def measure_decode(context):
    part = Part("decode", "Decoding")
    target = f"≤ {DECODE_MAX_NS} ns"
    rows = decode_rows(context, part)
    for venue in DECODE_VENUES:
        row = trade_row(rows, venue)
        if row:
            part.row(
                f"trade frame to trade, {venue}",
                f"{float(row['ns']):.0f} ns",
                f"jansson: {float(row['jansson']):.0f} ns",
                f"{float(row['jansson']) / float(row['ns']):.1f} ×",
                target,
                float(row["ns"]) <= DECODE_MAX_NS,
            )
        else:
            part.row(f"trade frame to trade, {venue}", NOT_THERE, target=target)
    if rows:
        part.note(
            "One frame after the other, all in the cache, on one core: the fast decoder, the general one, and jansson, "
            "which only makes a tree of the text. All three read the same frames; the first two gave the same trades, "
            "member by member, before they were timed."
        )
        part.table(
            "Nanoseconds a frame:",
            [
                "venue",
                "channel",
                "frames",
                "bytes a frame",
                "trades a frame",
                "fast",
                "from–to",
                "general",
                "jansson",
                "instructions",
            ],
            [list(row.values()) for row in rows],
        )
        drawn = [
            row for row in map(lambda venue: trade_row(rows, venue), sorted({row["venue"] for row in rows})) if row
        ]
        part.picture(
            "decode",
            "A trade frame to a trade",
            "ns (shorter is better)",
            [(f"{row['venue']} {row['channel']}", float(row["ns"]), "ours") for row in drawn],
            (DECODE_MAX_NS, f"{DECODE_MAX_NS} ns"),
        )
        part.figure("lines", rows)
    return part.found


def trade_row(rows, venue):
    """The venue's frames that hold one trade each: recorded ones if there are any."""
    one = [row for row in rows if row["venue"] == venue and float(row["trades"]) == 1]
    return min(one, key=lambda row: ("(made)" in row["channel"], -int(row["frames"])), default=None)


def measure_tape(context):
    part = Part("tape", "Writing a tape")
    lines = tool_lines(context, "tape_bench")
    part.command(f"{context.build}/tape_bench")
    rates = [value for name, value, *_ in lines or () if name == "write_frames_per_s"]
    target = f"≥ {WRITE_MIN:,} frames/s"
    if rates:
        part.row(
            "frames in memory to a flushed block, one core",
            f"{rates[0]:,.0f} frames/s",
            target=target,
            reached=rates[0] >= WRITE_MIN,
        )
    else:
        part.row("frames in memory to a flushed block, one core", NOT_THERE, target=target)
    add_lines(part, lines)
    return part.found


def add_lines(part, lines):
    if lines:
        part.table(
            "", ["", "value", "unit", ""], [[name, f"{value:,.10g}", unit, rest] for name, value, unit, rest in lines]
        )
        part.figure("lines", lines)


ENGINE_LINE = re.compile(r"^(\S.*?)\s{2,}([\d.]+)\s+([\d.]+)\s+([\d.]+-[\d.]+)\s+(\S+)\s+([\d.]+)\s+([\d.]+)")


def measure_engine(context):
    part = Part("engine", "The engine alone")
    program = context.build / "candle_bench"
    command = [str(program), "--slices", str(CANDLE_SLICES)]
    part.command(command)
    if not (ROOT / program).is_file():
        part.note(f"`{program}` is {NOT_THERE}.")
        return part.found
    say("candle_bench")
    text = measure(command)["stdout"]
    rows = [list(match.groups()) for match in map(ENGINE_LINE.match, text.splitlines()) if match]
    part.note(
        "From decoded trade to closed candles of 1 s, 1 min and 1 h, on one core: " + text.splitlines()[1].strip() + "."
    )
    part.table(
        "",
        ["case", "million trades/s", "ns a trade", "from–to", "instructions", "allocations a trade", "updates a trade"],
        rows,
    )
    part.picture(
        "engine",
        "Trades through the engine",
        "million trades/s (longer is better)",
        [(row[0], float(row[1]), "ours") for row in rows],
    )
    part.figure("cases", rows)
    return part.found

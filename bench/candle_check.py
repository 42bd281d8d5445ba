"""candle_check: candles of two programs over the same frames, side by side.

Numbers are equal when they are to 1e-9 of their size, as far as a sum of binary floats can be trusted; a program that
gives no count of trades is not asked for it. The last candle of an instrument may be missing: it is forming.
"""

import csv
import io
from datetime import datetime

VALUES = ("open", "high", "low", "close", "volume", "trades")
TOLERANCE = 1e-9


def ours(text):
    """(venue, symbol, minute in ms) -> values, from `rewick replay --format csv`."""
    rows = {}
    for row in csv.DictReader(io.StringIO(text)):
        minute = int(datetime.fromisoformat(row["open_time"].replace("Z", "+00:00")).timestamp() * 1000)
        rows[row["venue"], row["symbol"], minute] = [row[name] for name in VALUES]
    return rows


def theirs(candles):
    return {(venue, symbol, minute): values for venue, symbol, minute, *values in candles}


def same(a, b):
    return abs(float(a) - float(b)) <= TOLERANCE * max(abs(float(a)), abs(float(b)))


def forming(rows):
    """The last minute of each instrument."""
    last = {}
    for venue, symbol, minute in rows:
        last[venue, symbol] = max(minute, last.get((venue, symbol), 0))
    return {(venue, symbol, minute) for (venue, symbol), minute in last.items()}


def compare(our_rows, their_rows):
    """{'compared': candles, 'without_count': bool, 'differences': [text]}"""
    differences = [
        f"{key}: only rewick has it" for key in sorted(our_rows.keys() - their_rows.keys() - forming(our_rows))
    ]
    differences += [f"{key}: rewick lacks it" for key in sorted(their_rows.keys() - our_rows.keys())]
    shared = sorted(our_rows.keys() & their_rows.keys())
    for key in shared:
        for name, mine, other in zip(VALUES, our_rows[key], their_rows[key]):
            if other is not None and not same(mine, other):
                differences.append(f"{key}: {name} is {mine} here and {other} there")
    counted = all(their_rows[key][-1] is not None for key in shared)
    return {"compared": len(shared), "without_count": not counted, "differences": differences}

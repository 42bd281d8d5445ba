"""What every peer in Python needs: frames of VENUE=PATH arguments, and the answer in JSON."""

import json
import sys
import time


def frames(path):
    """(receive ns, frame) of every line, as bytes."""
    with open(path, "rb", buffering=1 << 20) as lines:
        for line in lines:
            receive, _, frame = line.partition(b" ")
            yield receive, frame


def run(version, peer, note=None):
    """peer(venue, path) gives (frames, rows of symbol, minute ms, open, high, low, close, volume, count or None)."""
    begin = time.perf_counter()
    count, candles = 0, []
    for argument in sys.argv[1:]:
        venue, path = argument.split("=", 1)
        seen, rows = peer(venue, path)
        count += seen
        candles += [[venue, *row] for row in rows]
    seconds = time.perf_counter() - begin
    json.dump({"version": version, "frames": count, "seconds": seconds, "candles": candles, "note": note}, sys.stdout)

#!/usr/bin/python3
"""Seeds of fuzz_decode_equal: one folder per venue, from the corpus and from real recordings where they are there.

    capture_seeds.py OUT [CAPTURES]     OUT/okx/..., from tests/fuzz/corpus/decode_equal and ../shared/captures

Of each shape of a frame (members, kinds of values, words) the shortest is taken; each seed is one frame. Seeds of
recordings stay in OUT.
"""

import gzip
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CORPUS = ROOT / "tests/fuzz/corpus/decode_equal"
FRAME_MAX = 1000  # longer ones are slow to decode and say no more
SHAPES_MAX = 120

# Which venue a recording is of, by the beginning of its name.
CRYPTOFEED = {
    "BINANCE_FUTURES": "binance-usdm", "BINANCE_US": "binance-us", "BINANCE": "binance", "BITFINEX": "bitfinex",
    "BITSTAMP": "bitstamp", "COINBASE": "coinbase", "DERIBIT": "deribit", "GEMINI": "gemini", "KRAKEN": "kraken-v1",
    "KUCOIN": "kucoin", "OKX": "okx",
}
HFTBACKTEST = {"spot": "binance", "usdm": "binance-usdm", "coinm": "binance-coinm"}
ODD = {
    ("binance", "Spot"): "binance", ("binance", "LinearSwap"): "binance-usdm", ("binance", "LinearFuture"): "binance-usdm",
    ("binance", "InverseSwap"): "binance-coinm", ("binance", "InverseFuture"): "binance-coinm",
    ("bybit", "LinearSwap"): "bybit-linear", ("bybit", "InverseSwap"): "bybit-inverse",
    ("bybit", "InverseFuture"): "bybit-inverse", ("coinbase_pro", "Spot"): "coinbase", ("kraken", "Spot"): "kraken-v1",
    ("bitstamp", "Spot"): "bitstamp", ("okx", "Spot"): "okx", ("okx", "LinearSwap"): "okx",
    ("okx", "InverseSwap"): "okx", ("okx", "LinearFuture"): "okx", ("okx", "EuropeanOption"): "okx",
    ("kucoin", "Spot"): "kucoin", ("deribit", "LinearSwap"): "deribit", ("deribit", "InverseSwap"): "deribit",
    ("deribit", "InverseFuture"): "deribit", ("deribit", "EuropeanOption"): "deribit", ("bitfinex", "Spot"): "bitfinex",
    ("bitfinex", "LinearSwap"): "bitfinex",
}


def lines_of_zstd(path):
    import zstandard

    with path.open("rb") as file:
        text = zstandard.ZstdDecompressor().stream_reader(file).read().decode()
    return text.splitlines()


def corpus():
    for path in sorted(CORPUS.iterdir()):
        venue, _, frames = path.read_text().partition("\n")
        yield from ((venue, frame) for frame in frames.split("\x1e"))


def cryptofeed(folder):
    """Lines "time: frame"; those of the client begin with its address."""
    for path in sorted(folder.glob("*.ws.*")):
        venue = next((venue for name, venue in CRYPTOFEED.items() if path.name.startswith(name)), None)
        for line in path.read_text(errors="replace").splitlines() if venue else ():
            if match := re.match(r"[0-9.]+: (.*)", line):
                yield venue, match.group(1)


def cryptofeed_v3(folder):
    for name, venues in (("COINBASE", ("coinbase-advanced",)), ("BYBIT", ("bybit-linear", "bybit", "bybit-inverse"))):
        path = folder / f"{name}.jsonl.zst"
        for line in lines_of_zstd(path) if path.exists() else ():
            event = json.loads(line)
            if event["t"] == "recv":
                yield from ((venue, event["data"]) for venue in venues)


def hftbacktest(folder):
    for market, venue in HFTBACKTEST.items():
        for path in sorted((folder / market).glob("*.gz")):
            with gzip.open(path, "rt") as file:
                for number, line in enumerate(file):
                    if number == 20000:
                        break
                    yield venue, line.partition(" ")[2].strip()


def single_frames(captures):
    for line in (captures / "frames-odd.jsonl").read_text().splitlines():
        odd = json.loads(line)
        if venue := ODD.get((odd["exchange"], odd["market_type"])):
            yield venue, odd["raw"]
    yield from (("kraken", line) for line in (captures / "kraken-v2/frames.jsonl").read_text().splitlines())
    for path in (captures / "tardis").glob("coinbase_*"):
        yield from (("coinbase", line.partition(" ")[2]) for line in path.read_text().splitlines())


def shape(value):
    if isinstance(value, dict):
        return tuple((key if len(key) < 24 else "", shape(inner)) for key, inner in value.items())
    if isinstance(value, list):
        return tuple(dict.fromkeys(map(shape, value[:4])))
    if isinstance(value, str):
        return value if re.fullmatch(r"[a-z_]{1,20}", value) else str
    return type(value)


class Seeds:
    def __init__(self):
        self.shapes = {}  # venue -> shape -> input
        self.subscribed = {}  # (venue, number) -> the frame that gave out the number

    def connection(self, venue, frame, value):
        """The frame behind what is needed to understand it: the number of a channel (Bitfinex)."""
        if isinstance(value, dict) and value.get("event") == "subscribed":
            self.subscribed[venue, value.get("chanId")] = frame
        first = value[0] if isinstance(value, list) and value else None
        before = self.subscribed.get((venue, first)) if isinstance(first, int) else None
        return f"{before}\x1e{frame}" if before else frame

    def add(self, venue, frame):
        if not 0 < len(frame) <= FRAME_MAX:
            return
        try:
            value = json.loads(frame)
        except ValueError:
            value = frame
        text = self.connection(venue, frame, value)
        shapes = self.shapes.setdefault(venue, {})
        key = shape(value)
        if (key in shapes or len(shapes) < SHAPES_MAX) and len(text) < len(shapes.get(key, text + "+")):
            shapes[key] = text

    def write(self, out):
        for venue, shapes in self.shapes.items():
            (out / venue).mkdir(parents=True, exist_ok=True)
            for number, text in enumerate(shapes.values()):
                (out / venue / f"seed_{number:03d}").write_bytes(f"{venue}\n{text}".encode())


def main():
    out = pathlib.Path(sys.argv[1])
    captures = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "../shared/captures"
    sources = [corpus()]
    if captures.is_dir():
        sources += [
            single_frames(captures), cryptofeed(captures / "cryptofeed"), cryptofeed_v3(captures / "cryptofeed-v3"),
            hftbacktest(captures / "hftbacktest"),
        ]
    else:
        print(f"no {captures} here: seeds are those of the corpus")
    seeds = Seeds()
    for venue, frame in (pair for source in sources for pair in source):
        seeds.add(venue, frame)
    seeds.write(out)
    print("seeds:", ", ".join(f"{venue} {len(shapes)}" for venue, shapes in sorted(seeds.shapes.items())))


main()

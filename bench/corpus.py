"""corpus: the frames that everything is measured with, as text of `receive-ns frame` lines.

    bench/corpus.py VENUE COPIES            lines of that venue to stdout, the corpus repeated COPIES times
    (from the root of the project; `--rewick FILE` names the program that simulates when there are no captures)

Real recordings when they are there, else trades of `rewick simulate` with book tickers and depth around them in the
measure of those recordings. Repeated means moved on: the receive time, the exchange's times by whole minutes, trade ids
and update ids by their own span, so that trades stay in order and without holes, and no frame is there twice.
"""

import argparse
import gzip
import hashlib
import json
import random
import re
import sys
from collections import namedtuple
from heapq import merge

from harness import ROOT, WORK, run, say

CAPTURES = ROOT / "../shared/captures"
# name, venue, file below the captures
FILES = [
    ("spot-btc", "binance", "hftbacktest/spot/btcusdt_20240808.gz"),
    ("spot-eth", "binance", "hftbacktest/spot/ethusdt_20240808.gz"),
    ("usdm-btc", "binance-usdm", "hftbacktest/usdm/btcusdt_20240808.gz"),
    ("coinm-btc", "binance-coinm", "hftbacktest/coinm/btcusd_perp_20240808.gz"),
]
VENUES = ["binance", "binance-usdm", "binance-coinm"]
SIMULATED_SECONDS = 346
MINUTE_NS = 60_000_000_000

Source = namedtuple("Source", "name venue origin path frames size sha256")
NUMBER = re.compile(rb'"(E|T|t|u|U|pu|lastUpdateId)":(\d+)')


# ---- the sources ---------------------------------------------------------------------------------


def have_captures():
    return all((CAPTURES / path).is_file() for _, _, path in FILES)


def sources(rewick):
    """Every source as a file of lines below build/bench/corpus."""
    folder = ROOT / WORK / "corpus"
    folder.mkdir(parents=True, exist_ok=True)
    real = have_captures()
    found = []
    for index, (name, venue, path) in enumerate(FILES):
        lines = folder / f"{name}{'' if real else '-simulated'}.lines"
        if real:
            keep(lines, gzip.decompress((CAPTURES / path).read_bytes()))
        elif not lines.is_file():
            keep(lines, simulated(rewick, venue, index))
        data = lines.read_bytes()
        origin = path if real else "rewick simulate, book tickers and depth added"
        found.append(
            Source(
                name,
                venue,
                origin,
                lines.relative_to(ROOT),
                data.count(b"\n"),
                len(data),
                hashlib.sha256(data).hexdigest(),
            )
        )
    return found


def keep(path, data):
    """Written only when it is another, since what is made from it goes by its age."""
    if not path.is_file() or path.read_bytes() != data:
        path.write_bytes(data)


# ---- simulated ones ------------------------------------------------------------------------------

# instrument, stream, trades a second, book tickers a trade, depth updates a second, levels of one
SHAPES = [
    ("BTC-USDT", "btcusdt", 28, 2.9, 10, 12),
    ("ETH-USDT", "ethusdt", 18, 3.9, 10, 10),
    ("BTC-USDT-PERP", "btcusdt", 62, 3.1, 19, 30),
    ("BTC-USD-PERP", "btcusd_perp", 7, 8.4, 78, 8),
]
TICKER_LEAD_NS = 20_000_000  # book tickers lie so much before the trade, at most


def simulated(rewick, venue, index):
    instrument, stream, rate, tickers, updates, levels = SHAPES[index]
    tape = WORK / "tapes" / f"simulated-{index}"
    run(["rm", "-rf", tape])
    (ROOT / tape).parent.mkdir(parents=True, exist_ok=True)
    run(
        [
            rewick,
            "simulate",
            "--out",
            tape,
            "--venue",
            venue,
            "--instrument",
            instrument,
            "--channel",
            "trade",
            "--rate",
            rate,
            "--for",
            f"{SIMULATED_SECONDS}s",
            "--start",
            "2024-08-08T23:54:14Z",
            "--faults",
            "none",
            "--seed",
            index + 1,
        ]
    )
    records = map(json.loads, run([rewick, "tape", "cat", tape, "--type", "received"]).splitlines())
    trades = numbered([(record["wall_ns"], record["data"]) for record in records if '@trade"' in record["data"]])
    rng = random.Random(index)
    events = [(wall_ns, "trade", text) for wall_ns, text in trades]
    for wall_ns, _ in trades:
        events += [
            (wall_ns - rng.randrange(TICKER_LEAD_NS), "ticker", None)
            for _ in range(int(rng.expovariate(1 / (tickers + 0.5))))
        ]
    events += [(wall_ns, "depth", None) for wall_ns in range(trades[0][0] + 1, trades[-1][0], 10**9 // updates)]
    book = Book(trades[0][1], stream, levels, rng)
    lines = [(wall_ns, book.line(kind, text)) for wall_ns, kind, text in sorted(events, key=lambda event: event[0])]
    return "".join(f"{wall_ns} {text}\n" for wall_ns, text in lines).encode()


def numbered(trades):
    """As the recordings are: no trade of nothing, none beside the market; numbered on without holes."""
    told = [(wall_ns, text, json.loads(text)["data"]) for wall_ns, text in trades]
    kept = [
        (wall_ns, text)
        for wall_ns, text, trade in told
        if float(trade["q"]) > 0 and trade.get("X", "MARKET") == "MARKET"
    ]
    first = told[0][2]["t"]
    return [(wall_ns, re.sub(r'"t":\d+', f'"t":{first + index}', text)) for index, (wall_ns, text) in enumerate(kept)]


class Book:
    """Frames around the trades: a best bid and ask one tick apart at the last trade's price, levels behind them."""

    def __init__(self, first_trade, stream, levels, rng):
        trade = json.loads(first_trade)["data"]
        self.stream, self.levels, self.rng = stream, levels, rng
        self.symbol, self.spot = trade["s"], "X" not in trade
        self.price_form, self.size_form = (f".{len(trade[key].partition('.')[2])}f" for key in ("p", "q"))
        self.tick, self.lot = (10 ** -len(trade[key].rstrip("0").partition(".")[2]) for key in ("p", "q"))
        self.update, self.trade = 50_000_000_000, trade

    def line(self, kind, text):
        if kind == "trade":
            self.trade = json.loads(text)["data"]
            return text
        return self.ticker() if kind == "ticker" else self.depth()

    def level(self, ticks):
        size = round(self.rng.expovariate(1) / self.lot) * self.lot
        return f"{float(self.trade['p']) + ticks * self.tick:{self.price_form}}", f"{size:{self.size_form}}"

    def ticker(self):
        self.update += self.rng.randrange(1, 20)
        (bid, bid_size), (ask, ask_size) = (
            (self.level(-1), self.level(0)) if self.trade["m"] else (self.level(0), self.level(1))
        )
        kind = "" if self.spot else '"e":"bookTicker",'
        times = "" if self.spot else f',"T":{self.trade["T"]},"E":{self.trade["E"]}'
        return (
            f'{{"stream":"{self.stream}@bookTicker","data":{{{kind}"u":{self.update},"s":"{self.symbol}","b":"{bid}",'
            f'"B":"{bid_size}","a":"{ask}","A":"{ask_size}"{times}}}}}'
        )

    def side(self, sign):
        count = int(self.rng.expovariate(2 / self.levels))
        return ",".join('["%s","%s"]' % self.level(sign * int(self.rng.expovariate(0.01))) for _ in range(count))

    def depth(self):
        before, self.update = self.update, self.update + self.rng.randrange(5, 60)
        times = f'"E":{self.trade["E"]}' + ("" if self.spot else f',"T":{self.trade["T"]}')
        previous = "" if self.spot else f',"pu":{before}'
        return (
            f'{{"stream":"{self.stream}@depth@{"100ms" if self.spot else "0ms"}","data":{{"e":"depthUpdate",{times},'
            f'"s":"{self.symbol}","U":{before + 1},"u":{self.update}{previous},"b":[{self.side(-1)}],'
            f'"a":[{self.side(1)}]}}}}'
        )


# ---- repeated ------------------------------------------------------------------------------------


class Template:
    """A source's lines taken apart once, to be put together with other numbers for each copy."""

    def __init__(self, data):
        self.lines = []
        ids, updates = [], []
        for line in data.splitlines():
            receive, _, frame = line.partition(b" ")
            kinds, values = [], []
            for key, value in NUMBER.findall(frame):
                kinds.append(key)
                values.append(int(value))
            ids += [value for key, value in zip(kinds, values) if key == b"t"]
            updates += [value for key, value in zip(kinds, values) if key in (b"u", b"U", b"lastUpdateId")]
            text = NUMBER.sub(rb'"\1":%d', frame.replace(b"%", b"%%"))
            self.lines.append((int(receive), b"%d " + text + b"\n", kinds, values))
        self.id_span = max(ids) - min(ids) + 1 if ids else 0
        self.update_span = max(updates) - min(updates) + 1 if updates else 0

    def moved(self, copy, shift_ns):
        """(receive ns, line) of every frame of one copy."""
        shift_ms = shift_ns // 1_000_000
        by = {b"E": shift_ms, b"T": shift_ms, b"t": copy * self.id_span}
        update = copy * self.update_span
        for receive, text, kinds, values in self.lines:
            at = receive + shift_ns
            yield at, text % (at, *[value + by.get(kind, update) for kind, value in zip(kinds, values)])


def repeated(datas, copies, begin, period_ns):
    """Lines of one venue from the lines of its recordings; copy c is moved on by begin + c periods."""
    templates = [Template(data) for data in datas]
    for copy in range(copies):
        shift_ns = (begin + copy) * period_ns
        streams = [template.moved(copy, shift_ns) for template in templates]
        for _, line in merge(*streams, key=lambda pair: pair[0]) if len(streams) > 1 else streams[0]:
            yield line


def period_ns(found):
    """Whole minutes that hold every source."""
    times = []
    for source in found:
        with open(ROOT / source.path, "rb") as file:
            numbers = [int(line.split(b" ", 1)[0]) for line in file]
        times += [numbers[0], max(numbers)]
    return ((max(times) - min(times)) // MINUTE_NS + 1) * MINUTE_NS


def venue_lines(found, venue, copies):
    """One venue's share of the corpus of so many copies: the venues lie behind one another in time."""
    of_venue = [(ROOT / source.path).read_bytes() for source in found if source.venue == venue]
    return repeated(of_venue, copies, VENUES.index(venue) * copies, period_ns(found))


def text_files(found, copies):
    """The whole corpus as one file of lines for each venue: [(venue, path, frames, bytes)]."""
    made = []
    for venue in VENUES:
        path = WORK / "corpus" / f"{venue}{'' if have_captures() else '-simulated'}-{copies}.lines"
        of_venue = [ROOT / source.path for source in found if source.venue == venue]
        if not is_newer(ROOT / path, of_venue):
            say(f"corpus: {path}")
            half = (ROOT / path).with_suffix(".half")
            with open(half, "wb", buffering=1 << 20) as out:
                out.writelines(venue_lines(found, venue, copies))
            half.rename(ROOT / path)
        frames = copies * sum(source.frames for source in found if source.venue == venue)
        made.append((venue, path, frames, (ROOT / path).stat().st_size))
    return made


def is_newer(path, than):
    return path.is_file() and all(path.stat().st_mtime_ns > other.stat().st_mtime_ns for other in than)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("venue", choices=VENUES)
    parser.add_argument("copies", type=int)
    parser.add_argument("--rewick", default="build/rewick")
    args = parser.parse_args()
    sys.stdout.buffer.writelines(venue_lines(sources(args.rewick), args.venue, args.copies))


if __name__ == "__main__":
    main()

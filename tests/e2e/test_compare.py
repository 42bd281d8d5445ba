"""`rewick compare` and CompareVenues: venues side by side against the formulas of docs/compare.md, worked out here in
Python; our candles against the venues' own, on a tape whose klines are made here and on real recordings."""

import collections
import csv
import datetime
import io
import json
import math
import random
import re
import signal
import subprocess
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction

import grpc
import pytest

from test_grpc import pb  # noqa: F401  (a fixture)

DEADLINE = 60


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def ns(text):
    whole, _, fraction = text.rstrip("Z").partition(".")
    seconds = datetime.datetime.fromisoformat(whole + "+00:00").timestamp()
    return int(seconds) * 10**9 + int(fraction.ljust(9, "0") or 0)


# ---- the formulas, once more ---------------------------------------------------------------------


def half_even(value, digits):
    """An exact fraction as a decimal text with so many digits behind the point."""
    with localcontext() as context:
        context.prec = 100
        scaled = value * 10**digits
        down = math.floor(scaled)
        rest = scaled - down
        up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and down % 2)
        return f"{(Decimal(down + up)).scaleb(-digits):.{digits}f}"


def spread(close, reference):
    """In 1e-8, half to even."""
    return int(Decimal(half_even((close - reference) / reference, 8)).scaleb(8))


def returns(candles, size_ns):
    """Bar -> return in 1e-9; pauses of at most 60 bars are returns of 0."""
    out, before = {}, None
    for open_ns, close in sorted(candles.items()):
        bar = open_ns // size_ns
        if before is not None:
            pause = bar - before[0] - 1
            for quiet in range(1, min(pause, 60) + 1):
                out[before[0] + quiet] = 0
            if pause <= 60:
                value = Decimal(half_even((close - before[1]) / before[1], 9)).scaleb(9)
                out[bar] = max(-(10**9), min(10**9, int(value)))
        before = (bar, close)
    return out


def lead(x, y):
    """(lead, thousandths, pairs), or None."""
    best = None
    for k in [0] + [sign * n for n in range(1, 11) for sign in (-1, 1)]:
        pairs = [(x[bar], y[bar + k]) for bar in x if bar + k in y]
        n = len(pairs)
        a, b = [p[0] for p in pairs], [p[1] for p in pairs]
        xx = n * sum(v * v for v in a) - sum(a) ** 2
        yy = n * sum(v * v for v in b) - sum(b) ** 2
        xy = n * sum(p * q for p, q in pairs) - sum(a) * sum(b)
        if n < 20 or not xx or not yy:
            continue
        # floor(1000 |xy| / sqrt(xx yy)) without a rounded root
        size = math.isqrt(10**6 * xy * xy // (xx * yy))
        value = size if xy >= 0 else -size
        if best is None or value > best[1]:
            best = (k, value, n)
    return best


class Side:
    """What the table says of one venue, from its candles."""

    def __init__(self, candles, reference, bars):
        self.all = candles  # of the bar, by open time
        self.traded = {t: c for t, c in candles.items() if int(c["trades"])}
        self.reference = reference
        self.bars = bars  # of the short bar: open time -> close

    def volume(self):
        return sum(Fraction(c["volume"]) for c in self.traded.values())

    def vwap(self):
        scale = max(len(c[p].partition(".")[2]) for c in self.traded.values() for p in ("open", "high", "low", "close"))
        return half_even(sum(Fraction(c["quote_volume"]) for c in self.traded.values()) / self.volume(), scale + 4)

    def spreads(self):
        return [
            spread(Fraction(c["close"]), Fraction(self.reference.traded[t]["close"]))
            for t, c in sorted(self.traded.items())
            if t in self.reference.traded
        ]


def expected(rows, bar, lag_bar, lag_ns):
    """venue -> field -> text, for one instrument, from the last revisions of all candles."""
    last = {(r["venue"], r["bar"], ns(r["open_time"])): r for r in rows if r["state"] != "forming"}
    candles, short = collections.defaultdict(dict), collections.defaultdict(dict)
    for (venue, of, open_ns), row in last.items():
        if of == bar:
            candles[venue][open_ns] = row
        elif int(row["trades"]):
            short[venue][open_ns] = Fraction(row["close"])
    traded = [t for of in candles.values() for t, c in of.items() if int(c["trades"])]
    first, end = min(traded), max(traded)
    windows = (end - first) // (ns_of(bar)) + 1
    inside = {v: {t: c for t, c in of.items() if first <= t <= end} for v, of in candles.items()}
    reference = Side(inside["composite"], None, short["composite"])
    out = {}
    total = sum(Side(of, None, None).volume() for v, of in inside.items() if v != "composite")
    for venue, of in inside.items():
        side = Side(of, reference, short[venue])
        row = {
            "windows": str(windows),
            "candles": str(len(side.traded)),
            "trades": str(sum(int(c["trades"]) for c in side.traded.values())),
            "close": side.traded[max(side.traded)]["close"],
            "vwap": side.vwap(),
            "missing": str(sum(int(c["missing"]) for c in of.values())),
            "late": str(sum(int(c["late"]) for c in of.values())),
            "no_data": str(windows - len(of) + sum("no_data" in c["flags"] for c in of.values())),
            "score": half_even(Fraction(sum(int(c["score"]) for c in of.values()), len(of)), 2),
            "volume_share": "", "spread_last_bps": "", "lead_bars": "", "correlation": "",
        }
        ppm = [int(Decimal(c["connected"]).scaleb(6)) for c in of.values() if c["connected"]]
        row["uptime"] = f"{Decimal(sum(ppm) // len(ppm)).scaleb(-6):.6f}"
        if venue != "composite":
            row["volume_share"] = f"{Decimal(math.floor(side.volume() / total * 10**6)).scaleb(-6):.6f}"
            spreads = side.spreads()
            row["spread_last_bps"] = f"{Decimal(spreads[-1]).scaleb(-4):.4f}"
            mean = Decimal(half_even(Fraction(sum(spreads), len(spreads)), 0)).scaleb(-4)
            row["spread_mean_bps"] = f"{mean:.4f}"
            size = Decimal(half_even(Fraction(sum(map(abs, spreads)), len(spreads)), 0)).scaleb(-4)
            row["spread_size_bps"] = f"{size:.4f}"
            found = lead(returns(side.bars, lag_ns), returns(reference.bars, lag_ns))
            if found:
                row["lead_bars"] = str(found[0])
                row["correlation"] = f"{Decimal(found[1]).scaleb(-3):.3f}"
                row["lag_pairs"] = str(found[2])
        out[venue] = row
    return out


def ns_of(bar):
    return int(bar[:-1]) * {"s": 1, "m": 60}[bar[-1]] * 10**9


# ---- venues side by side -------------------------------------------------------------------------

VENUES = ("coinbase", "coinbase-advanced", "kraken")
CONFIG = ("--bar", "1s,10s", "--empty", "carry", "--composite", "*=vwap")


@pytest.fixture(scope="module")
def market(run, tmp_path_factory):
    """A tape on which three venues have BTC-USD."""
    tape = tmp_path_factory.mktemp("compare") / "tape"
    run("simulate", "--out", tape, "--venue", ",".join(VENUES), "--for", "150s", "--seed", 11, "--bar", "10s")
    return tape


@pytest.fixture(scope="module")
def replayed(run, market):
    return [r for r in rows_of(run("replay", market, "--format", "csv", *CONFIG).stdout) if r["instrument"] == "BTC-USD"]


def compare(run, *args, **kwargs):
    return rows_of(run("compare", *args, "--format", "csv", **kwargs).stdout)


def test_the_figures_are_those_of_the_formulas(run, market, replayed):
    rows = compare(run, market, "--instrument", "BTC-USD", "--bar", "10s")
    want = expected(replayed, "10s", "1s", 10**9)
    assert [r["venue"] for r in rows] == [*VENUES, "composite"]
    for row in rows:
        assert row["reference"] == "composite" and row["lag_bar"] == "1s" and row["bar"] == "10s"
        for field, text in want[row["venue"]].items():
            assert row[field] == text, f"{row['venue']} {field}: {row[field]}, not {text}"
    assert any(int(r["missing"]) for r in rows), "the tape misses nothing: useless here"
    assert all(int(r["latency_count"]) for r in rows[:3])
    assert all(int(r["latency_min"]) <= int(r["latency_p50"]) <= int(r["latency_p99"]) <= int(r["latency_max"])
               for r in rows[:3])


def test_all_instruments_of_two_venues_are_compared(run, market):
    rows = compare(run, market, "--bar", "10s")
    assert {r["instrument"] for r in rows} == {"BTC-USD", "ETH-USD"}
    alone = run("compare", market, "--bar", "10s", "--instrument", "BTC-USD,ETH-USD", "--format", "csv").stdout
    assert rows == rows_of(alone)


def test_a_range_is_of_open_times(run, market, replayed):
    first = min(ns(r["open_time"]) for r in replayed if r["bar"] == "10s")
    text = lambda t: datetime.datetime.fromtimestamp(t // 10**9, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    begin, end = first + 30 * 10**9, first + 90 * 10**9
    rows = compare(run, market, "--instrument", "BTC-USD", "--bar", "10s", "--from", text(begin), "--to", text(end))
    inside = [r for r in replayed if begin <= ns(r["open_time"]) < end]
    want = expected(inside, "10s", "1s", 10**9)
    for row in rows:
        assert row["from_time"] == text(begin) and row["to_time"] == text(end)
        for field, value in want[row["venue"]].items():
            assert row[field] == value, f"{row['venue']} {field}"


def test_formats_say_the_same(run, market):
    rows = compare(run, market, "--instrument", "BTC-USD", "--bar", "10s")
    lines = run("compare", market, "--instrument", "BTC-USD", "--bar", "10s", "--format", "ndjson").stdout.splitlines()
    assert len(lines) == len(rows)
    for line, row in zip(lines, rows):
        value = json.loads(line)
        assert list(value) == list(row)
        assert {k: "" if v is None else str(v) for k, v in value.items()} == row
        assert isinstance(value["trades"], int) and isinstance(value["close"], str)
    table = run("compare", market, "--instrument", "BTC-USD", "--bar", "10s").stdout.splitlines()
    assert table[0].startswith("BTC-USD, ") and "against composite" in table[0]
    assert [line.split()[0] for line in table[1:]] == ["venue", *VENUES, "composite"]


def test_several_tapes_are_compared_without_a_composite(run, root):
    tapes = [root / "fixtures" / name / "tape" for name in ("coinbase-matches", "kraken-trade", "binance-trade")]
    rows = compare(run, *tapes, "--bar", "5s")
    assert [(r["instrument"], r["venue"]) for r in rows] == [
        ("BTC-USD", "coinbase"), ("BTC-USD", "kraken"), ("ETH-USD", "coinbase"), ("ETH-USD", "kraken"),
    ]  # fmt: skip
    for name in ("BTC-USD", "ETH-USD"):
        pair = [r for r in rows if r["instrument"] == name]
        largest = max(pair, key=lambda r: Decimal(r["volume"]))
        assert {r["reference"] for r in pair} == {largest["venue"]}
        assert largest["spread_last_bps"] == ""
    # An instrument need not be on all of them, but on one.
    rows = compare(run, *tapes, "--bar", "5s", "--instrument", "BTC-USD,BTC-USDT")
    assert [r["venue"] for r in rows] == ["coinbase", "kraken", "binance"]
    wrong = run("compare", *tapes, "--instrument", "BTC-USD,BTC-XYZ", status=2)
    assert "BTC-XYZ" in wrong.stderr


# ---- a store, and the service --------------------------------------------------------------------


@pytest.fixture(scope="module")
def store(run, market, tmp_path_factory):
    db = tmp_path_factory.mktemp("store") / "candles.db"
    run("replay", market, "--db", db, "--no-candles", *CONFIG)
    return db


def test_a_store_gives_what_its_tape_gives(run, market, store):
    assert compare(run, store, "--bar", "10s") == compare(run, market, "--bar", "10s")


def test_a_store_without_the_short_bar_is_compared_in_the_other(run, market, tmp_path):
    db = tmp_path / "candles.db"
    run("replay", market, "--db", db, "--no-candles", "--bar", "10s")
    rows = compare(run, db, "--bar", "10s")
    assert {r["lag_bar"] for r in rows} == {"10s"}
    assert {r["reference"] for r in rows} <= set(VENUES)  # no composite in there
    wrong = run("compare", db, "--bar", "10s", "--lag-bar", "1s", status=2)
    assert "1s" in wrong.stderr
    wrong = run("compare", db, "--bar", "1h", status=2)
    assert "'1h'" in wrong.stderr
    assert "tape" in run("compare", db, "--klines", status=2).stderr


@pytest.fixture(scope="module")
def stub(rewick, pb, market, tmp_path_factory):  # noqa: F811
    db = tmp_path_factory.mktemp("served") / "candles.db"
    server = subprocess.Popen(
        [rewick, "replay", market, "--db", db, "--no-candles", "--grpc", "127.0.0.1:0", *CONFIG],
        stderr=subprocess.PIPE, text=True,
    )
    port = None
    for line in server.stderr:
        if match := re.search(r"gRPC on 127\.0\.0\.1:(\d+)", line):
            port = match.group(1)
        if "at its end" in line:
            break
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield pb.market_grpc.MarketDataStub(channel)
    server.send_signal(signal.SIGINT)
    server.stderr.read()
    assert server.wait(timeout=DEADLINE) == 0


def test_the_service_says_what_the_command_says(run, pb, stub, store):  # noqa: F811
    rows = compare(run, store, "--bar", "10s")
    answer = stub.CompareVenues(pb.market.CompareVenuesRequest(bar="10s"), timeout=DEADLINE)
    assert [c.instrument for c in answer.comparisons] == ["BTC-USD", "ETH-USD"]
    flat = [(c, v) for c in answer.comparisons for v in c.venues]
    assert len(flat) == len(rows)
    for (comparison, venue), row in zip(flat, rows):
        assert comparison.instrument == row["instrument"] and comparison.reference == row["reference"]
        assert (comparison.bar, comparison.lag_bar) == ("10s", "1s")
        assert (comparison.from_ns, comparison.to_ns) == (ns(row["from_time"]), ns(row["to_time"]))
        for field in ("venue", "symbol", "channel", "close", "vwap", "volume", "score"):
            assert getattr(venue, field) == row[field], field
        for field in ("candles", "trades", "missing", "no_data", "duplicates", "late", "malformed", "dropped"):
            assert getattr(venue, field) == int(row[field]), field
        assert comparison.windows == int(row["windows"])
        assert venue.WhichOneof("optional_share") == (None if row["venue"] == "composite" else "share_ppm")
        assert venue.share_ppm == int(Decimal(row["volume_share"] or 0).scaleb(6))
        assert venue.uptime_ppm == int(Decimal(row["uptime"]).scaleb(6))
        assert venue.HasField("spread") == bool(row["spread_last_bps"])
        assert venue.spread.last_bps == row["spread_last_bps"]
        assert venue.spread.mean_bps == row["spread_mean_bps"]
        assert venue.spread.size_bps == row["spread_size_bps"]
        assert venue.HasField("lead") == bool(row["lead_bars"])
        assert venue.lead.bars == int(row["lead_bars"] or 0)
        assert venue.lead.correlation_permille == int(Decimal(row["correlation"] or 0).scaleb(3))
        assert venue.HasField("latency") == bool(int(row["latency_count"]))
        assert venue.latency.count == int(row["latency_count"])
        assert venue.latency.p99_ns == int(row["latency_p99"] or 0)


def test_the_service_refuses_with_a_reason(pb, stub):  # noqa: F811
    cases = [
        (dict(bar="100t"), grpc.StatusCode.INVALID_ARGUMENT, "bar: '100t'"),
        (dict(bar="10s", lag_bar="x"), grpc.StatusCode.INVALID_ARGUMENT, "lag_bar: "),
        (dict(bar="1h"), grpc.StatusCode.NOT_FOUND, "'1h'"),
    ]
    for request, code, text in cases:
        with pytest.raises(grpc.RpcError) as refused:
            stub.CompareVenues(pb.market.CompareVenuesRequest(**request), timeout=DEADLINE)
        assert refused.value.code() == code and text in refused.value.details()
    nothing = stub.CompareVenues(pb.market.CompareVenuesRequest(bar="10s", instruments=["A-B"]), timeout=DEADLINE)
    assert not nothing.comparisons
    one = stub.CompareVenues(pb.market.CompareVenuesRequest(bar="10s", instruments=["BTC-USD"]), timeout=DEADLINE)
    assert [c.instrument for c in one.comparisons] == ["BTC-USD"]


# ---- our candles against the venue's own ---------------------------------------------------------

T0 = 1_700_000_040_000  # a full minute, in ms
SKEW_NS = 7_000_000


class Book:
    """Trades of four minutes, and the klines that the exchange would make of them."""

    def __init__(self, seed=3):
        chance = random.Random(seed)
        self.trades = []
        time_ms, price = T0 + 500, 50_000
        while time_ms < T0 + 240_000:
            price += chance.randint(-300, 300)
            quantity = Decimal(chance.randint(1, 9999)).scaleb(-5)
            self.trades.append((time_ms, len(self.trades) + 100, Decimal(price).scaleb(-2), quantity, chance.random() < 0.5))
            time_ms += chance.randint(1, 3000)

    def frame(self, trade):
        time_ms, number, price, quantity, maker = trade
        data = {"e": "trade", "E": time_ms + 3, "s": "BTCUSDT", "t": number, "p": str(price), "q": str(quantity),
                "T": time_ms, "m": maker, "M": True}  # fmt: skip
        return (time_ms + 4) * 10**6 + SKEW_NS, {"stream": "btcusdt@trade", "data": data}

    def kline(self, minute, **changes):
        """The closed one of a minute, quote volumes cut to 4 digits."""
        begin = T0 + minute * 60_000
        trades = [t for t in self.trades if begin <= t[0] < begin + 60_000]
        cut = lambda value: str(value.quantize(Decimal("0.0001"), rounding="ROUND_DOWN"))
        bought = [t for t in trades if not t[4]]
        k = {
            "t": begin, "T": begin + 59_999, "s": "BTCUSDT", "i": "1m", "f": trades[0][1], "L": trades[-1][1],
            "o": str(trades[0][2]), "c": str(trades[-1][2]), "h": str(max(t[2] for t in trades)),
            "l": str(min(t[2] for t in trades)), "v": str(sum(t[3] for t in trades)), "n": len(trades), "x": True,
            "q": cut(sum(t[2] * t[3] for t in trades)), "V": str(sum(t[3] for t in bought)),
            "Q": cut(sum(t[2] * t[3] for t in bought)), "B": "0",
        }  # fmt: skip
        k.update(changes)
        event = {"e": "kline", "E": begin + 60_100, "s": "BTCUSDT", "k": k}
        return (begin + 60_101) * 10**6 + SKEW_NS, {"stream": "btcusdt@kline_1m", "data": event}


def tape_of(run, path, frames):
    lines = [f"{at} {json.dumps(frame, separators=(',', ':'))}\n" for at, frame in sorted(frames, key=lambda f: f[0])]
    source = path.with_suffix(".txt")
    source.write_text("".join(lines))
    run("import", "--from", "hftbacktest", "--venue", "binance", source, "--out", path)
    return path


def klines(run, tape, *args, status=0):
    return rows_of(run("compare", tape, "--klines", "--format", "csv", *args, status=status).stdout)


@pytest.fixture()
def book():
    return Book()


def whole(book, **changes):
    """All frames; the kline of minute 1 with changes."""
    frames = [book.frame(t) for t in book.trades]
    return frames + [book.kline(m, **(changes if m == 1 else {})) for m in range(4)]


def test_equal_klines_are_equal_and_cut_ones_say_so(run, book, tmp_path):
    tape = tape_of(run, tmp_path / "tape", whole(book))
    rows = klines(run, tape)
    # The last minute closes for us, too: the kline's own frame moves time behind it.
    assert [r["outcome"] for r in rows] == ["equal"] * 4
    assert all(r["notes"] in ("cut", "forming") and r["differences"] == "" for r in rows)
    assert [r["open_time"] for r in rows] == [f"2023-11-14T22:1{4 + m}:00Z" for m in range(4)]
    assert {(r["venue"], r["instrument"], r["symbol"], r["bar"]) for r in rows} == {
        ("binance", "BTC-USDT", "BTCUSDT", "1m")
    }
    text = run("compare", tape, "--klines").stdout.splitlines()
    assert text[1].split() == ["binance", "BTCUSDT", "1m", "4", "4", *text[1].split()[5:]]
    # Without --klines they are one line.
    assert "4 compared, 4 equal" in run("compare", tape, "--instrument", "BTC-USDT").stdout
    # What was not asked for is not compared.
    assert len(klines(run, tape, "--from", "2023-11-14T22:15:00Z", "--to", "2023-11-14T22:16:00Z")) == 1


@pytest.mark.parametrize(
    "member,value,field",
    [("o", "1.00", "open"), ("h", "99999.00", "high"), ("v", "0.5", "volume"), ("q", "7.0001", "quote_volume"),
     ("V", "0.25", "taker_buy_volume"), ("Q", "7.0001", "taker_buy_quote_volume")],
)  # fmt: skip
def test_a_kline_that_differs_is_told_and_fails(run, book, tmp_path, member, value, field):
    tape = tape_of(run, tmp_path / "tape", whole(book, **{member: value}))
    right = book.kline(1)[1]["data"]["k"][member]
    rows = klines(run, tape, status=1)
    assert [r["outcome"] for r in rows][:3] == ["equal", "differs", "equal"]
    name, ours, theirs = rows[1]["differences"].split(" ")
    assert (name, theirs) == (field, value)
    assert Decimal(ours) == Decimal(right) or ours.startswith(right)  # right is cut
    table = run("compare", tape, "--klines", status=1).stdout
    assert field in table and "not explained" in table


def test_missing_trades_explain(run, book, tmp_path):
    gone = [t for t in book.trades if T0 + 60_000 <= t[0] < T0 + 120_000][7]
    frames = [f for f in whole(book) if f[1]["data"].get("t") != gone[1]]
    rows = klines(run, tape_of(run, tmp_path / "tape", frames))
    assert [(r["outcome"], r["reason"]) for r in rows][:3] == [("equal", ""), ("explained", "missing ids"), ("equal", "")]
    differences = dict(d.split(" ", 1) for d in rows[1]["differences"].split("|"))
    ours, theirs = differences["trades"].split()
    assert int(theirs) - int(ours) == 1


def test_a_late_start_explains(run, book, tmp_path):
    frames = [f for f in whole(book) if f[1]["data"]["e"] == "kline" or f[1]["data"]["T"] >= T0 + 80_000]
    rows = klines(run, tape_of(run, tmp_path / "tape", frames))
    assert [(r["outcome"], r["reason"]) for r in rows][:3] == [
        ("not covered", "no trade of the market before or after"),
        ("explained", "not followed from the start"),
        ("equal", ""),
    ]


def test_what_is_not_final_is_not_compared(run, book, tmp_path):
    frames = [f for f in whole(book) if f[1]["data"]["e"] == "trade"]
    frames.append(book.kline(1, x=False, v="0.00001", n=1))
    rows = klines(run, tape_of(run, tmp_path / "tape", frames))
    assert [(r["outcome"], r["reason"]) for r in rows] == [("not covered", "kline not final")]


# ---- real recordings -----------------------------------------------------------------------------


def recorded(run, captures, tmp_path, venue, name):
    tape = tmp_path / name
    run("import", "--from", "cryptofeed", "--venue", venue, captures / name, "--out", tape)
    rows = klines(run, tape)
    return collections.Counter((r["outcome"], r["reason"]) for r in rows), rows


@pytest.mark.parametrize(
    "venue,name,equal,partial",
    [
        # Of all minutes but the first of each market, which began before the recording, none differs.
        ("binance", "cryptofeed/BINANCE.ws.1.0", 1, 0),
        ("binance", "cryptofeed/BINANCE-20210417.ws.1.0", 2, 0),
        ("binance-us", "cryptofeed/BINANCE_US.ws.1.0", 1, 1),
        ("binance-usdm", "cryptofeed/BINANCE_FUTURES.ws.1.0", 3, 4),
        ("kucoin", "cryptofeed/KUCOIN.ws.1.0", 4, 0),
        ("bybit-linear", "cryptofeed-v3/BYBIT.jsonl.zst", 1, 1),
    ],
)
def test_recorded_klines_agree(run, captures, tmp_path, venue, name, equal, partial):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    outcomes, rows = recorded(run, captures, tmp_path, venue, name)
    assert outcomes.pop(("equal", ""), 0) >= equal
    assert outcomes.pop(("explained", "not followed from the start"), 0) == partial
    for outcome, reason in outcomes:
        assert outcome == "not covered" and reason in ("kline not final", "no trade of the market before or after")


def test_kraken_minutes_of_rest_agree(run, captures, tmp_path):
    """Trades and candles as REST gave them: every one of 220 minutes, those without a trade too."""
    folder, tape = captures / "kraken-rest", tmp_path / "tape"
    base = "https://api.kraken.com/0/public"
    from_http = ("import", "--from", "http", "--venue", "kraken", "--out", tape)
    run(*from_http, "--url", f"{base}/Trades?pair=XBTUSDT", folder / "XBTUSDT-trades.json")
    run(*from_http, "--append", "--url", f"{base}/OHLC?pair=XBTUSDT&interval=1", "--time", "2025-11-11T00:00:00Z",
        folder / "XBTUSDT-ohlc-1m.json")  # fmt: skip
    rows = klines(run, tape)
    assert len(rows) == 220 and {r["outcome"] for r in rows} == {"equal"}
    quiet = sum("quiet" in r["notes"] for r in rows)
    answer = json.loads((folder / "XBTUSDT-ohlc-1m.json").read_text())["result"]["XBTUSDT"]
    assert quiet == sum(row[7] == 0 for row in answer) and 0 < quiet < 220


# ---- wrong usage ---------------------------------------------------------------------------------


def test_wrong_usage_is_told(run, market, store, tmp_path):
    cases = [
        (("compare",), "--help"),
        (("compare", market, "--bar", "100t"), "'--bar 100t'"),
        (("compare", market, "--lag-bar", "5v"), "'--lag-bar 5v'"),
        (("compare", market, "--format", "xml"), "xml"),
        (("compare", market, "--from", "2026-01-02", "--to", "2026-01-01"), "--from"),
        (("compare", market, "--instrument", "BTC-XYZ"), "BTC-XYZ"),
        (("compare", store, market), "alone"),
    ]
    for args, text in cases:
        assert text in run(*args, status=2).stderr, args
    assert "does not exist" in run("compare", tmp_path / "nothing", status=4).stderr


def test_a_damaged_tape_gives_what_is_whole(run, root):
    tape = root / "fixtures" / "bad" / "flipped-bit"
    run("compare", tape, "--bar", "1s", status=3)
    told = run("compare", tape, "--bar", "1s", "--salvage", "--instrument", "BTC-USD", status=3)
    assert "BTC-USD" in told.stdout and "damaged" in told.stderr

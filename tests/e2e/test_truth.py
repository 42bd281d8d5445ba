"""Candles against the exchanges' own, on real recordings. Every number is compared in Python, as text or as an exact
decimal; nothing here was computed by rewick."""

import csv
import decimal
import gzip
import io
import json
import re
import statistics
from decimal import Decimal

import pytest
import zstandard

@pytest.fixture(autouse=True)
def exact_decimals():
    """Enough digits for any product of prices and quantities; what would not fit must not be rounded unseen."""
    with decimal.localcontext() as context:
        context.prec = 60
        context.traps[decimal.Inexact] = True
        yield


MINUTE_MS = 60_000


def candles(run, tape, *options):
    """The rows of `rewick replay --format csv`, as dictionaries of text."""
    return list(csv.DictReader(io.StringIO(run("replay", tape, "--format", "csv", *options).stdout)))


def utc_ms(text):
    """"2024-08-08T23:55:00Z" in ms since 1970; fraction digits are not for open times."""
    import calendar
    import time

    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) * 1000


def cut(value, like):
    """`value` cut (not rounded) to as many fraction digits as the text `like` has."""
    digits = len(like.partition(".")[2])
    with decimal.localcontext() as context:
        context.traps[decimal.Inexact] = False
        return value.quantize(Decimal(1).scaleb(-digits), rounding=decimal.ROUND_DOWN)


# ---- Binance USD-M: trades of a day's last minutes against the exchange's klines ------------------


def test_binance_usdm_minutes_equal_the_exchange_digit_for_digit(run, captures, tmp_path):
    folder = captures / "hftbacktest" / "usdm"
    tape = tmp_path / "tape"
    run("import", "--from", "hftbacktest", "--venue", "binance-usdm", folder / "btcusdt_20240808.gz", "--out", tape)
    columns = "open high low close volume quote_volume trades taker_buy_volume taker_buy_quote_volume".split()
    ours = {utc_ms(row["open_time"]): [row[c] for c in columns] for row in candles(run, tape)}
    theirs = {}
    for row in csv.reader((folder / "BTCUSDT-1m-20240808.klines.csv").open()):
        open_ms, o, h, l, c, v, close_ms, q, n, tv, tq, _ = row
        assert int(close_ms) == int(open_ms) + MINUTE_MS - 1
        theirs[int(open_ms)] = [o, h, l, c, v, q, n, tv, tq]
    # Whole minutes: those between the exchange's first and last word in the recording.
    with gzip.open(folder / "btcusdt_20240808.gz", "rt") as lines:
        events = [int(match.group(1)) for line in lines if (match := re.search(r'"E":(\d+)', line))]
    first, last = min(events), max(events)
    whole = [ms for ms in theirs if ms > first and ms + MINUTE_MS <= last]
    assert len(whole) == 5
    for open_ms in whole:
        assert ours[open_ms] == theirs[open_ms]


# ---- Kraken: REST trades against REST ohlc ---------------------------------------------------------

KRAKEN_URL = "https://api.kraken.com/0/public/Trades?pair=XBTUSDT"


def import_kraken_body(run, body, tape, tmp_path):
    run("import", "--from", "http", "--venue", "kraken", "--url", KRAKEN_URL, body, "--out", tape)


def import_kraken_lines(run, body, tape, tmp_path):
    """The same answer as a cryptofeed recording holds it."""
    lines = [
        {"t": "header", "format": 2, "exchange": "KRAKEN", "config": {"trades": ["BTC-USDT"]}, "recorded": 1762820000.5},
        {"conn": "KRAKEN.http.0", "ts": 1762820036.125, "t": "http", "url": KRAKEN_URL, "data": body.read_text()},
    ]
    packed = tmp_path / "KRAKEN.jsonl.zst"
    packed.write_bytes(zstandard.compress("".join(json.dumps(l) + "\n" for l in lines).encode()))
    run("import", "--from", "cryptofeed", "--venue", "kraken", packed, "--out", tape)


@pytest.mark.parametrize("load", [import_kraken_body, import_kraken_lines])
def test_kraken_minutes_equal_the_exchange(load, run, captures, tmp_path):
    folder = captures / "kraken-rest"
    trades = json.loads((folder / "XBTUSDT-trades.json").read_text(), parse_float=Decimal)["result"]["XBTUSDT"]
    ohlc = json.loads((folder / "XBTUSDT-ohlc-1m.json").read_text())["result"]["XBTUSDT"]
    tape = tmp_path / "tape"
    load(run, folder / "XBTUSDT-trades.json", tape, tmp_path)
    ours = {utc_ms(row["open_time"]) // 1000: row for row in candles(run, tape, "--empty", "carry")}

    first, last = trades[0][2], trades[-1][2]
    compared = empty = 0
    for start, o, h, l, c, vwap, volume, count in ohlc:
        if not (start > first and start + 60 <= last):
            continue
        row = ours[start]
        assert [Decimal(row[k]) for k in ("open", "high", "low", "close", "volume")] == [
            Decimal(x) for x in (o, h, l, c, volume)
        ], row["open_time"]
        assert int(row["trades"]) == count
        compared += 1
        if count == 0:
            empty += 1
            # Nobody was connected, so nobody can say "not connected" either.
            assert (row["flags"], row["connected"], row["score"]) == ("carried", "", "100") and Decimal(vwap) == 0
            continue
        assert (row["flags"], row["backfilled"], row["missing"]) == ("backfilled", row["trades"], "0")
        # Kraken cuts it: of its 143 here, 36 would be one higher if rounded.
        assert cut(Decimal(row["vwap"]), vwap) == Decimal(vwap), row["open_time"]
    assert (compared, empty) == (220, 77)


# ---- Binance: aggregated trades against klines of the same connection --------------------------------


def read_binance(path):
    """aggTrades as {symbol: [(f, l, T)]}, and all 1 m klines, of a cryptofeed text recording."""
    trades, klines = {}, []
    for line in path.read_text().split("\n"):
        match = re.match(r"[0-9.]+: (\{.*)", line)
        frame = json.loads(match.group(1)).get("data", {}) if match else {}
        if frame.get("e") == "aggTrade":
            trades.setdefault(frame["s"], []).append((frame["f"], frame["l"], frame["T"]))
        elif frame.get("e") == "kline" and frame["k"]["i"] == "1m":
            klines.append(frame["k"])
    return trades, klines


def covered(kline, trades):
    """Do whole aggregates make up exactly the kline's ids?"""
    inside = sorted(t for t in trades if kline["f"] <= t[0] and t[1] <= kline["L"])
    if not inside or inside[0][0] != kline["f"] or inside[-1][1] != kline["L"]:
        return False
    return all(a[1] + 1 == b[0] for a, b in zip(inside, inside[1:]))


def assert_equals_kline(row, kline):
    for ours, theirs in (("open", "o"), ("high", "h"), ("low", "l"), ("close", "c"), ("volume", "v"),
                         ("taker_buy_volume", "V")):
        assert Decimal(row[ours]) == Decimal(kline[theirs]), (ours, row, kline)
    assert row["trades"] == kline["n"] == kline["L"] - kline["f"] + 1
    for ours, theirs in (("quote_volume", "q"), ("taker_buy_quote_volume", "Q")):
        assert cut(Decimal(row[ours]), kline[theirs]) == Decimal(kline[theirs]), (ours, row, kline)


@pytest.mark.parametrize(
    "name, venue, whole",  # klines that began after the recording did, so that all their trades are in it
    [
        ("BINANCE-20210417.ws.1.0", "binance", 6),
        ("BINANCE.ws.1.0", "binance", 1),
        ("BINANCE_US.ws.1.0", "binance", 1),
        ("BINANCE_FUTURES.ws.1.0", "binance-usdm", 15),
    ],
)
def test_binance_klines_equal_candles_of_aggregated_trades(name, venue, whole, run, captures, tmp_path):
    path = captures / "cryptofeed" / name
    trades, klines = read_binance(path)
    tape = tmp_path / "tape"
    run("import", "--from", "cryptofeed", "--venue", venue, path, "--out", tape)
    rows = {}
    for line in run("replay", tape, "--forming", "--format", "ndjson").stdout.splitlines():
        row = json.loads(line)
        assert row["channel"] == "aggTrade"
        key = (row["symbol"], utc_ms(row["open_time"]), row["first_trade_id"], row["last_trade_id"])
        rows.setdefault(key, []).append(row)
    matched = 0
    for kline in klines:
        if not covered(kline, trades.get(kline["s"], [])):
            continue
        # All states of the candle with these ids have the same values, forming or closed.
        states = rows[(kline["s"], kline["t"], kline["f"], kline["L"])]
        for row in states:
            assert_equals_kline(row, kline)
        matched += 1
    assert matched == whole


# ---- Bybit and KuCoin: trades against the candles of the same connection ----------------------------


def forming_rows(run, tape):
    """{(symbol, open time in ms, volume): row}: every state of every minute; each trade makes the volume larger."""
    rows = {}
    for line in run("replay", tape, "--bar", "1m", "--forming", "--format", "ndjson").stdout.splitlines():
        row = json.loads(line)
        rows[row["symbol"], utc_ms(row["open_time"]), Decimal(row["volume"])] = row
    return rows


def read_bybit(path):
    """(receive time in s, frame) of what a cryptofeed recording received."""
    text = zstandard.ZstdDecompressor().stream_reader(path.open("rb")).read().decode()
    lines = (json.loads(line) for line in text.splitlines())
    return [(Decimal(str(line["ts"])), json.loads(line["data"])) for line in lines if line["t"] == "recv"]


def test_bybit_klines_equal_candles_of_its_trades(run, captures, tmp_path):
    path = captures / "cryptofeed-v3" / "BYBIT.jsonl.zst"
    run("import", "--from", "cryptofeed", "--venue", "bybit-linear", path, "--out", tmp_path / "tape")
    ours = forming_rows(run, tmp_path / "tape")
    frames = read_bybit(path)
    begin_ms = int(frames[0][0] * 1000)
    klines = [
        (frame["topic"].split(".")[2], kline)
        for _, frame in frames
        if frame.get("topic", "").startswith("kline.1.")
        for kline in frame["data"]
    ]
    closes, compared, same_open, untraded, before = {}, 0, 0, 0, 0
    for symbol, kline in klines:
        if kline["start"] < begin_ms:  # its first trades are not in the recording
            before += 1
            closes[symbol] = Decimal(kline["close"])
            continue
        if Decimal(kline["volume"]) == 0:
            untraded += 1
            continue
        row = ours[symbol, kline["start"], Decimal(kline["volume"])]
        assert Decimal(row["close"]) == Decimal(kline["close"])
        assert Decimal(row["quote_volume"]) == Decimal(kline["turnover"])
        # Bybit opens a minute at the close of the one before, which its first trade need not reach.
        opened = Decimal(kline["open"])
        assert opened == closes[symbol]
        assert Decimal(kline["high"]) == max(Decimal(row["high"]), opened)
        assert Decimal(kline["low"]) == min(Decimal(row["low"]), opened)
        same_open += opened == Decimal(row["open"])
        compared += 1
    # 42 s over one turn of a minute: 10 states of the minute before, 4 of instruments that had not traded in the new
    # one. Of the 61 that are left 42 open at the close before, at a price that was not traded.
    assert (len(klines), compared, same_open, untraded, before) == (75, 61, 19, 4, 10)


def test_kucoin_candles_equal_candles_of_its_matches(run, captures, tmp_path):
    path = captures / "cryptofeed" / "KUCOIN.ws.1.0"
    run("import", "--from", "cryptofeed", "--venue", "kucoin", path, "--out", tmp_path / "tape")
    ours = forming_rows(run, tmp_path / "tape")
    frames = [json.loads(m.group(1)) for m in re.finditer(r"^[0-9.]+: (\{.*)$", path.read_text(), flags=re.M)]
    theirs = [f["data"] for f in frames if f.get("topic", "").startswith("/market/candles:") and "data" in f]
    assert len(theirs) == 6
    compared = 0
    for kline in theirs:
        start, opened, close, high, low, volume, turnover = kline["candles"]
        if Decimal(volume) == 0:  # a minute without a trade, carried flat by KuCoin
            continue
        # Minutes that began before the recording did: the exchange says that nothing was traded before, since the
        # volumes agree.
        row = ours[kline["symbol"], int(start) * 1000, Decimal(volume)]
        for name, value in (("open", opened), ("high", high), ("low", low), ("close", close)):
            assert Decimal(row[name]) == Decimal(value), (name, row, kline)
        assert Decimal(row["quote_volume"]) == Decimal(turnover)
        compared += 1
    assert compared == 5


# ---- the receiver's clock behind the exchange's ------------------------------------------------------

# Columns that speak of the receiver's clock, or of the tape itself.
CLOCK_COLUMNS = ("clock_offset", "tape")


def latencies(path):
    """Receive time minus trade time, in ns, of the trades that count, from a recording of hftbacktest."""
    found = []
    with gzip.open(path, "rt") as lines:
        for line in lines:
            received, _, frame = line.partition(" ")
            if '"e":"trade"' not in frame or ('"X":' in frame and '"X":"MARKET"' not in frame):
                continue
            found.append(int(received) - int(re.search(r'"T":(\d+)', frame).group(1)) * 1_000_000)
    return found


def shift(path, by_ns, to):
    """The same recording with another receive clock."""
    with gzip.open(path, "rt") as lines, gzip.open(to, "wt", compresslevel=1) as out:
        for line in lines:
            received, _, frame = line.partition(" ")
            out.write(f"{int(received) + by_ns} {frame}")


def without_clock(row):
    """The row without what follows from the receiver's clock, and whether the flag says that it is wrong."""
    flags = row["flags"].split("|") if row["flags"] else []
    rest = {
        name: value
        for name, value in row.items()
        if name not in CLOCK_COLUMNS and not name.startswith(("latency_", "emit_"))
    }
    rest["flags"] = [flag for flag in flags if flag != "clock"]
    return rest, "clock" in flags


@pytest.mark.parametrize(
    "venue, name",
    [
        ("binance", "spot/btcusdt_20240808.gz"),
        ("binance", "spot/ethusdt_20240808.gz"),
        ("binance-usdm", "usdm/btcusdt_20240808.gz"),
        ("binance-coinm", "coinm/btcusd_perp_20240808.gz"),
    ],
)
def test_a_receive_clock_that_is_wrong_by_a_second_changes_no_candle(venue, name, run, captures, tmp_path):
    path = captures / "hftbacktest" / name
    raw = latencies(path)
    assert -1_280_000_000 < min(raw) and max(raw) < -1_000_000_000, "the clock of this recording is not behind"
    by_ns = 1_000_000 - min(raw)  # the earliest arrival is then 1 ms behind its sending
    shift(path, by_ns, tmp_path / "shifted.gz")
    rows = {}
    for label, source in (("skewed", path), ("shifted", tmp_path / "shifted.gz")):
        run("import", "--from", "hftbacktest", "--venue", venue, source, "--out", tmp_path / label)
        rows[label] = candles(run, tmp_path / label, "--bar", "1s,1m,1h,500t")
    assert len(rows["skewed"]) == len(rows["shifted"]) > 200
    for skewed, shifted in zip(rows["skewed"], rows["shifted"]):
        (ours, wrong), (theirs, still_wrong) = without_clock(skewed), without_clock(shifted)
        assert ours == theirs
        assert wrong and not still_wrong, skewed["open_time"]
        assert skewed["latency_count"] == shifted["latency_count"]
        for column in ("latency_min", "latency_mean", "latency_max"):
            assert int(shifted[column]) - int(skewed[column]) == by_ns
    median = statistics.median(raw)
    for label, offset in (("skewed", 0), ("shifted", by_ns)):
        last = [row for row in rows[label] if row["bar"] == "1m"][-1]
        assert abs(int(last["clock_offset"]) - (median + offset)) <= 10_000_000

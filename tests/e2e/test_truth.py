"""Candles against the exchanges' own, on real recordings. Every number is compared in Python, as text or as an exact
decimal; nothing here was computed by rewick."""

import csv
import decimal
import gzip
import io
import json
import re
from decimal import Decimal

import pytest
import zstandard

# Enough for any product of prices and quantities; what would not fit must not be rounded unseen.
decimal.getcontext().prec = 60
decimal.getcontext().traps[decimal.Inexact] = True

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
            assert row["flags"] == "carried" and Decimal(vwap) == 0
            continue
        assert row["flags"] == ""
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

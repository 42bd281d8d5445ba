"""rewick simulate: the tapes follow from the seed alone, and their candles are those of the truth beside them.

The candles are built here a second time, naively, from trades.csv: the two programs share nothing but the
definition of a candle.
"""

import collections
import csv
import decimal
import json
import os

import pytest

VENUES = ("binance", "binance-usdm", "binance-coinm", "coinbase", "coinbase-advanced", "kraken")
SECOND = 1_000_000_000
BARS = {"1s": SECOND, "5s": 5 * SECOND, "1m": 60 * SECOND}
decimal.getcontext().prec = 60


def read_truth(folder):
    with open(folder / "trades.csv", newline="") as file:
        return list(csv.DictReader(file))


def naive_candles(trades):
    """{(venue, instrument, bar, open_ns): candle} from the trades that count."""
    windows = collections.defaultdict(list)
    for trade in trades:
        if trade["counted"] == "1":
            for bar, size in BARS.items():
                opened = int(trade["source_ns"]) // size * size
                windows[trade["venue"], trade["instrument"], bar, opened].append(trade)
    candles = {}
    for key, rows in windows.items():
        rows.sort(key=lambda row: (int(row["source_ns"]), int(row["id"])))
        price = [decimal.Decimal(row["price"]) for row in rows]
        size = [decimal.Decimal(row["quantity"]) for row in rows]
        buys = [row["taker"] == "buy" for row in rows]
        candle = {
            "open": price[0],
            "high": max(price),
            "low": min(price),
            "close": price[-1],
            "volume": sum(size),
            "trades": len(rows),
            "taker_buy_volume": sum((s for s, buy in zip(size, buys) if buy), decimal.Decimal()),
        }
        if key[0] != "binance-coinm":  # contracts: price times quantity is no amount of money
            candle["quote_volume"] = sum(p * s for p, s in zip(price, size))
            candle["taker_buy_quote_volume"] = sum(
                (p * s for p, s, buy in zip(price, size, buys) if buy), decimal.Decimal()
            )
        candles[key] = candle
    return candles


def to_ns(text):
    """2026-01-05T12:00:05Z in ns; bars here open on whole seconds."""
    import datetime

    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()) * SECOND


def replayed_candles(run, tape):
    """The last revision of each candle, with the values that naive_candles() has."""
    out = run("replay", tape, "--bar", ",".join(BARS), "--format", "csv").stdout
    last = {}
    for row in csv.DictReader(out.splitlines()):
        key = row["venue"], row["instrument"], row["bar"], to_ns(row["open_time"])
        assert key not in last or int(row["revision"]) > int(last[key]["revision"])
        last[key] = row
    candles = {}
    for key, row in last.items():
        candle = {"trades": int(row["trades"])}
        for name in ("open", "high", "low", "close", "volume", "taker_buy_volume"):
            candle[name] = decimal.Decimal(row[name])
        for name in ("quote_volume", "taker_buy_quote_volume"):
            if row[name]:
                candle[name] = decimal.Decimal(row[name])
        candles[key] = candle
    return candles, last


def simulate(run, folder, *args):
    run("simulate", "--out", folder / "tape", "--truth", folder / "truth", *args)
    return read_truth(folder / "truth")


def assert_equal_candles(got, expected):
    assert got.keys() == expected.keys()
    for key, candle in expected.items():
        assert got[key] == candle, key


@pytest.mark.parametrize("seed", range(1, 1 + int(os.environ.get("REWICK_SEEDS", "12"))))
def test_candles_of_the_tape_are_those_of_the_truth(run, tmp_path, seed):
    faults = ("none", "some", "many")[seed % 3]
    trades = simulate(
        run, tmp_path, "--venue", ",".join(VENUES), "--for", "45s", "--seed", seed, "--faults", faults,
        "--rate", 5 + seed,
    )
    got, _ = replayed_candles(run, tmp_path / "tape")
    expected = naive_candles(trades)
    assert len(expected) > 100
    assert_equal_candles(got, expected)


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("channel", ("trade", "aggTrade"))
def test_each_venue_alone_with_many_faults(run, tmp_path, venue, channel):
    trades = simulate(
        run, tmp_path, "--venue", venue, "--channel", channel, "--for", "3m", "--seed", 99, "--faults",
        "many", "--rate", 20,
    )
    got, last = replayed_candles(run, tmp_path / "tape")
    assert_equal_candles(got, naive_candles(trades))
    # The faults really reach the engine: late trades correct candles that had closed, ids are missing,
    # trades come twice, rows that are no trades of the book stand between the others.
    assert any(int(row["revision"]) > 0 for row in last.values())
    assert sum(int(row["missing"]) for row in last.values()) > 0
    truth = json.loads((tmp_path / "truth" / "truth.json").read_text())["venues"][venue]
    assert truth["outages"] > 0 and truth["changeovers"] > 0 and truth["withheld"] > 0
    assert truth["trades_received_again"] > 0
    if venue == "binance-usdm" and channel == "trade":
        assert truth["off_book"] > 0
    counts = {row["counted"] for row in trades}
    assert counts == {"0", "1"}


def test_without_faults_each_trade_comes_once(run, tmp_path):
    trades = simulate(run, tmp_path, "--for", "1m", "--faults", "none", "--seed", 3)
    truth = json.loads((tmp_path / "truth" / "truth.json").read_text())
    for venue in truth["venues"].values():
        assert venue["withheld"] == venue["late"] == venue["outages"] == venue["changeovers"] == 0
        assert venue["trades_received_again"] == 0
    # What is not counted was traded before the recorder subscribed or is still on its way at the end.
    by_market = collections.defaultdict(str)
    for trade in trades:
        by_market[trade["venue"], trade["instrument"]] += trade["counted"]
    for counted in by_market.values():
        assert "0" not in counted.strip("0") and "1" in counted


def test_ids_are_contiguous_and_times_ascend(run, tmp_path):
    trades = simulate(run, tmp_path, "--venue", ",".join(VENUES), "--for", "30s", "--seed", 5)
    last = {}
    for trade in trades:
        key = trade["venue"], trade["instrument"]
        if key in last:
            assert int(trade["id"]) == int(last[key]["id"]) + 1
            assert int(trade["source_ns"]) >= int(last[key]["source_ns"])
        last[key] = trade
    assert len(last) == 2 * len(VENUES)


def test_same_seed_same_tape_other_seed_another(run, tmp_path):
    def files(name, *args):
        run("simulate", "--out", tmp_path / name, "--for", "20s", "--truth", tmp_path / (name + ".truth"), *args)
        return [p.read_bytes() for folder in (name, name + ".truth") for p in sorted((tmp_path / folder).iterdir())]

    one = files("one", "--seed", 7)
    assert files("two", "--seed", 7) == one
    assert files("three", "--seed", 8) != one


def test_a_venue_is_the_same_alone_and_in_company(run, tmp_path):
    alone = simulate(run, tmp_path / "a", "--venue", "kraken", "--for", "20s") if (tmp_path / "a").mkdir() is None else []
    (tmp_path / "b").mkdir()
    together = simulate(run, tmp_path / "b", "--venue", "binance,kraken", "--for", "20s")
    assert alone == [row for row in together if row["venue"] == "kraken"]


def test_instruments_start_and_bars_as_asked(run, tmp_path):
    trades = simulate(
        run, tmp_path, "--venue", "coinbase,kraken", "--instrument", "SOL-USD,ETH-BTC", "--start",
        "2024-02-29T23:59:50Z", "--for", "20s", "--bar", "1s",
    )
    assert {row["instrument"] for row in trades} == {"SOL-USD", "ETH-BTC"}
    assert all(decimal.Decimal(row["price"]) > 0 for row in trades)
    begin = 1709251190 * SECOND
    assert all(begin - 20 * SECOND < int(row["source_ns"]) < begin + 25 * SECOND for row in trades)
    rows = list(csv.DictReader(run("replay", tmp_path / "tape", "--format", "csv").stdout.splitlines()))
    assert {row["bar"] for row in rows} == {"1s"}
    assert any(row["open_time"] < "2024-03-01" for row in rows)
    assert any(row["open_time"] >= "2024-03-01" for row in rows)


@pytest.mark.parametrize(
    "args, words",
    [
        ([], "--out"),
        (["--out", "t", "--venue", "nasdaq"], "nasdaq"),
        (["--out", "t", "--venue", "kraken-v1"], "cannot be simulated"),
        (["--out", "t", "--venue", "kraken,kraken"], "twice"),
        (["--out", "t", "--instrument", "BTCUSD"], "BTCUSD"),
        (["--out", "t", "--instrument", "USD-USDT"], "USD-USDT"),
        (["--out", "t", "--faults", "few"], "few"),
        (["--out", "t", "--bar", "1m,1m"], "twice"),
        (["--out", "t", "--bar", "soon"], "soon"),
        (["--out", "t", "--for", "0s"], "--for"),
        (["--out", "t", "--rate", "0"], "--rate"),
        (["--out", "t", "more"], "more"),
    ],
)
def test_wrong_calls_say_what_is_wrong(run, tmp_path, args, words):
    result = run("simulate", *args, status=2, cwd=tmp_path)
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "t").exists()


def test_never_writes_into_what_is_there(run, tmp_path):
    (tmp_path / "tape").mkdir()
    result = run("simulate", "--out", tmp_path / "tape", status=2)
    assert "exists already" in result.stderr
    assert list((tmp_path / "tape").iterdir()) == []


def test_tapes_begin_with_the_instrument_lists_that_name_them(run, tmp_path):
    simulate(run, tmp_path, "--seed", "3", "--for", "5s", "--venue", ",".join(VENUES))
    records = [json.loads(line) for line in run("tape", "cat", tmp_path / "tape").stdout.splitlines()]
    lists = [r for r in records if r["type"] == "http"]
    assert {r["venue"] for r in lists} == set(VENUES)
    assert [r["type"] for r in records[: len(lists) + 1]] == ["config"] + ["http"] * len(lists)
    for record in lists:
        head, body = record["data"].split("\n", 1)
        assert json.loads(head)["status"] == 200 and json.loads(body) is not None
    told = run("replay", tmp_path / "tape", "--no-candles", "--verbose").stderr
    assert "no instrument list" not in told
    truth = {(row["venue"], row["instrument"]) for row in read_truth(tmp_path / "truth")}
    out = run("replay", tmp_path / "tape", "--bar", "1m", "--format", "csv").stdout
    assert {(r["venue"], r["instrument"]) for r in csv.DictReader(out.splitlines())} == truth

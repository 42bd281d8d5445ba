"""Quality, latency and refusals of candles through the command line, on small tapes whose every figure is worked out by
hand from docs/candles.md."""

import csv
import io
import json
import sys
from decimal import Decimal

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests" / "reference"))

import tape as tape_writer  # noqa: E402

MS, SECOND = 1_000_000, 1_000_000_000
START = 1_767_614_400 * SECOND  # 2026-01-05T12:00:00Z
LATENCY_MS = 20
URL = "wss://stream.binance.com:9443/stream"


class Tape:
    """Records of one session on binance. Times are ms after START; those of trades are source times."""

    def __init__(self, **config):
        self.records, self.ids, self.step_ms = [], {}, 0
        config = {"bars": ["10s"], "lateness_ns": 500 * MS, "horizon_ns": 600 * SECOND, "empty": "none", **config}
        self.add(tape_writer.CONFIG, 0, json.dumps(config), connection=0)

    def add(self, kind, at_ms, data="", connection=1):
        venue = "" if kind in (tape_writer.CONFIG, tape_writer.TICK) else "binance"
        wall = START + (at_ms + self.step_ms) * MS
        self.records.append(tape_writer.Record(kind, venue, connection, wall, at_ms * MS, data.encode()))

    def open(self, at_ms, connection=1, **members):
        event = {"event": "open", "url": URL, **members}
        self.add(tape_writer.CONNECTION, at_ms, json.dumps(event), connection)

    def close(self, at_ms, connection=1):
        self.add(tape_writer.CONNECTION, at_ms, '{"event":"close","reason":"test"}', connection)

    def tick(self, at_ms):
        self.add(tape_writer.TICK, at_ms, connection=0)

    def trade(self, at_ms, price="100.0", quantity="1.0", symbol="BTCUSDT", skip=0, number=None, connection=1,
              received_ms=None, stamp=None):
        """`skip`: ids left out before it. `stamp`: what the venue writes as its time."""
        if number is None:
            number = self.ids[symbol] = self.ids.get(symbol, 0) + 1 + skip
        stamp = START // MS + at_ms if stamp is None else stamp
        frame = {"e": "trade", "E": stamp, "s": symbol, "t": number, "p": price, "q": quantity, "T": stamp,
                 "m": True, "M": True}
        received_ms = at_ms + LATENCY_MS if received_ms is None else received_ms
        self.add(tape_writer.RECEIVED, received_ms, json.dumps(frame), connection)

    def replay(self, run, folder, *options):
        """The last state of every candle by (symbol, bar, open time in s after START), and what was told on stderr."""
        if not folder.exists():
            tape_writer.write(folder, self.records)
        done = run("replay", folder, "--format", "csv", *options)
        rows = {}
        for row in csv.DictReader(io.StringIO(done.stdout)):
            rows[row["symbol"], row["bar"], seconds(row["open_time"])] = row
        return rows, done.stderr


def seconds(text):
    import calendar
    import time

    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) - START // SECOND


def figures(row, *names):
    return [row[name] for name in names]


# ---- connected, or nothing traded -----------------------------------------------------------------


def test_an_outage_takes_its_share_of_the_window(run, tmp_path):
    tape = Tape(bars=["10s", "1m"])
    tape.open(0)
    tape.trade(1000)  # so the connection is followed from 1000 - 1020 = 20 ms before the window
    tape.trade(4000)
    tape.close(6020)  # market's time: 4000 + 2000 passed = 6000
    tape.open(9020, connection=2)  # 9000: 3 s of outage
    tape.trade(9500, skip=2, connection=2)
    tape.tick(12020)
    rows, _ = tape.replay(run, tmp_path / "tape")
    row = rows["BTCUSDT", "10s", 0]
    assert figures(row, "trades", "missing", "connected", "state") == ["3", "2", "0.700000", "closed"]
    assert row["score"] == "42"  # 100 x 0.7 x 3 / 5
    assert row["flags"] == "partial|disconnected|missing"
    assert row["connections"] == "1|2"
    # The minute is 12 s old: 1 - 3 / 12, and 100 x 0.75 x 3 / 5.
    assert figures(rows["BTCUSDT", "1m", 0], "connected", "score", "state") == ["0.750000", "45", "forming"]


def test_before_the_first_connection_nobody_was_connected(run, tmp_path):
    tape = Tape()
    tape.open(2020)
    tape.trade(3000)  # the connection had followed for 1000 ms
    tape.tick(11000)
    rows, _ = tape.replay(run, tmp_path / "tape")
    assert figures(rows["BTCUSDT", "10s", 0], "connected", "score", "flags") == [
        "0.800000", "80", "partial|disconnected"
    ]


def test_two_connections_are_one_as_long_as_one_of_them_is_there(run, tmp_path):
    tape = Tape()
    tape.open(0)
    tape.open(3000, connection=2)
    tape.trade(1000)
    tape.close(4000)
    tape.trade(9000, connection=2)
    tape.tick(12000)
    rows, _ = tape.replay(run, tmp_path / "tape")
    assert figures(rows["BTCUSDT", "10s", 0], "connected", "score", "flags") == ["1.000000", "100", "partial"]


def test_a_connection_follows_what_was_asked_for_on_it(run, tmp_path):
    tape = Tape()
    tape.open(0, wanted={"trade": ["BTCUSDT"]})
    tape.open(0, connection=2, wanted={"trade": ["ETHUSDT"]})
    tape.trade(1000)
    tape.trade(1000, symbol="ETHUSDT", connection=2)
    tape.close(5020, connection=2)  # ETH's time: 5000; BTC goes on
    tape.trade(9000)
    tape.tick(12020)
    rows, _ = tape.replay(run, tmp_path / "tape")
    assert rows["BTCUSDT", "10s", 0]["connected"] == "1.000000"
    assert figures(rows["ETHUSDT", "10s", 0], "connected", "score") == ["0.500000", "50"]


def test_no_data_and_no_trades_are_told_apart(run, tmp_path):
    tape = Tape(empty="carry")
    tape.open(0)
    tape.trade(1000)
    tape.trade(9500)
    tape.close(12020)  # market's time 9500 + 2500 = 12000
    tape.tick(25020)
    tape.open(32020, connection=2)
    tape.tick(45020)
    tape.tick(55020)
    rows, _ = tape.replay(run, tmp_path / "tape")
    found = [figures(rows["BTCUSDT", "10s", at], "connected", "score", "flags") for at in (10, 20, 30, 40)]
    assert found == [
        ["0.200000", "20", "carried|disconnected"],
        ["0.000000", "0", "carried|disconnected|no_data"],  # nobody can know
        ["0.800000", "80", "carried|disconnected"],
        ["1.000000", "100", "carried"],  # connected, and nothing was traded
    ]
    for at in (10, 20, 30, 40):
        empty = rows["BTCUSDT", "10s", at]
        assert figures(empty, "trades", "close", "latency_count", "clock_offset") == ["0", "100.0", "0", ""]
        assert Decimal(empty["volume"]) == 0


# ---- what a trade shows -----------------------------------------------------------------------------


def test_lost_frames_belong_to_the_window_of_the_next_trade_of_each_market(run, tmp_path):
    tape = Tape(bars=["10s", "1m"])
    tape.open(0)
    tape.trade(1000)
    tape.trade(1000, symbol="ETHUSDT")
    tape.add(tape_writer.RECEIVED, 3000, '{"e":"trade","s":"BTCUSDT"')
    gap = {"reason": "queue full", "count": 5, "frames": 3, "first_wall_ns": START, "last_wall_ns": START}
    tape.add(tape_writer.GAP, 3500, json.dumps(gap), connection=0)
    tape.trade(1000, number=1, received_ms=4000)  # seen before: shows nothing
    tape.trade(11000)
    tape.trade(12000)
    tape.trade(21000, symbol="ETHUSDT")
    tape.tick(35000)
    rows, told = tape.replay(run, tmp_path / "tape")
    lost = lambda symbol, bar, at: figures(rows[symbol, bar, at], "malformed", "dropped", "score")
    assert lost("BTCUSDT", "10s", 0) == ["0", "0", "100"]
    assert lost("BTCUSDT", "10s", 10) == ["1", "3", "96"]
    assert lost("BTCUSDT", "1m", 0) == ["1", "3", "96"]
    assert lost("ETHUSDT", "10s", 0) == ["0", "0", "100"]
    assert lost("ETHUSDT", "10s", 20) == ["1", "3", "96"]
    assert rows["BTCUSDT", "10s", 10]["flags"] == "malformed|dropped"
    assert rows["BTCUSDT", "10s", 0]["duplicates"] == "1"
    assert "1 malformed frame" in told and "5 records lost while recording" in told and "3 dropped frames" in told


def test_lost_frames_cost_no_more_than_20_points(run, tmp_path):
    tape = Tape()
    tape.open(0)
    tape.trade(1000)
    for at in range(2000, 7000, 100):
        tape.add(tape_writer.RECEIVED, at, "{")
    tape.trade(8000)
    tape.tick(11000)
    rows, _ = tape.replay(run, tmp_path / "tape")
    assert figures(rows["BTCUSDT", "10s", 0], "malformed", "score") == ["50", "80"]


# ---- suspect and refused trades -----------------------------------------------------------------------


def suspect_tape():
    """16 trades of 100.0 x 1 in the first window; in the second what is just beyond the limits, then just within."""
    tape = Tape()
    tape.open(0)
    for i in range(16):
        tape.trade(1000 + 100 * i)
    beyond = (("200.1", "1.0"), ("49.9", "1.0"), ("100.0", "1000.1"))
    within = (("200.0", "1.0"), ("50.0", "1.0"), ("100.0", "1000.0"))
    for i, (price, quantity) in enumerate(beyond + within):
        tape.trade(11_000 + 100 * i, price, quantity)
    tape.tick(25_000)
    return tape


def test_suspect_trades_are_flagged_and_count(run, tmp_path):
    rows, told = suspect_tape().replay(run, tmp_path / "tape")
    row = rows["BTCUSDT", "10s", 10]
    assert figures(row, "trades", "high", "low", "volume", "suspect", "score") == [
        "6", "200.1", "49.9", "2004.1", "3", "97"
    ]
    assert row["flags"] == "suspect_price|suspect_size"
    assert figures(rows["BTCUSDT", "10s", 0], "suspect", "score", "flags") == ["0", "100", "partial"]
    assert "2 suspect prices, 1 suspect size" in told and "left out" not in told


def test_suspect_trades_are_left_out_on_request(run, tmp_path):
    rows, told = suspect_tape().replay(run, tmp_path / "tape", "--exclude", "suspect")
    row = rows["BTCUSDT", "10s", 10]
    assert figures(row, "trades", "high", "low", "volume", "missing") == ["3", "200.0", "50.0", "1002.0", "0"]
    assert "2 suspect prices, 1 suspect size, 3 suspect trades left out" in told


def test_a_range_of_less_than_16_trades_suspects_nobody(run, tmp_path):
    tape = Tape()
    tape.open(0)
    for i in range(15):
        tape.trade(1000 + 100 * i)
    tape.trade(11_000, "1000.0", "5000.0")
    tape.tick(25_000)
    rows, _ = tape.replay(run, tmp_path / "tape")
    assert figures(rows["BTCUSDT", "10s", 10], "suspect", "flags") == ["0", ""]


def test_a_market_that_has_moved_is_believed_after_16_trades(run, tmp_path):
    tape = Tape()
    tape.open(0)
    for i in range(16):
        tape.trade(1000 + 100 * i)
    for i in range(20):
        tape.trade(11_000 + 100 * i, "1000.0")
    tape.tick(25_000)
    rows, _ = tape.replay(run, tmp_path / "tape")
    assert figures(rows["BTCUSDT", "10s", 10], "suspect", "score") == ["15", "85"]


def test_a_trade_far_ahead_of_its_market_is_suspect(run, tmp_path):
    tape = Tape(bars=["10s"])
    tape.open(0)
    tape.trade(1000)
    # The market's time is 2000 when it comes: exactly 10 minutes ahead, then a ms more.
    tape.trade(602_000, received_ms=2020)
    tape.trade(602_001 + 600_000, received_ms=2020)
    tape.tick(13_000)
    rows, told = tape.replay(run, tmp_path / "tape")
    assert figures(rows["BTCUSDT", "10s", 600], "suspect", "flags")[0] == "0"
    far = rows["BTCUSDT", "10s", 1200]
    assert far["suspect"] == "1" and "suspect_time" in far["flags"].split("|")
    assert "1 suspect time" in told


def test_trades_are_refused_for_their_time_and_counted(run, tmp_path):
    tape = Tape()
    tape.open(0)
    tape.trade(1000)
    tape.trade(0, stamp=START // SECOND + 2, received_ms=2020)  # s where ms belong: January 1970
    tape.trade(0, stamp=START // MS + 2 * 86_400_000, received_ms=3020)  # the day after tomorrow
    tape.trade(4000)
    tape.tick(13_000)
    rows, told = tape.replay(run, tmp_path / "tape")
    assert list(rows) == [("BTCUSDT", "10s", 0)]
    # Their ids stay missing.
    assert figures(rows["BTCUSDT", "10s", 0], "trades", "missing", "state") == ["2", "2", "closed"]
    assert "1 trade with a time in another unit, 1 trade with an absurd time" in told


def test_trades_without_a_price_or_a_size_are_in_no_candle(run, tmp_path):
    tape = Tape()
    tape.open(0)
    tape.trade(1000)
    tape.trade(2000, price="0.00")
    tape.trade(3000, quantity="0.00000000")
    tape.trade(4000)
    tape.tick(13_000)
    rows, told = tape.replay(run, tmp_path / "tape")
    # They take part in the numbering: nothing is missing.
    assert figures(rows["BTCUSDT", "10s", 0], "trades", "low", "volume", "missing") == ["2", "100.0", "2.0", "0"]
    assert "1 trade without a price above 0, 1 trade without a size above 0" in told


# ---- latency --------------------------------------------------------------------------------------------

LATENCY = ("latency_count", "latency_min", "latency_mean", "latency_p50", "latency_p90", "latency_p99", "latency_max")


def test_latency_is_given_exactly_where_it_is_exact(run, tmp_path):
    tape = Tape()
    tape.open(0)
    # 1, 2, 4 ms, then 100 ms of the last: mean 26.75 ms.
    for at, late in ((1000, 1), (2000, 2), (3000, 4), (4000, 100)):
        tape.trade(at, received_ms=at + late)
    tape.tick(13_000)
    rows, _ = tape.replay(run, tmp_path / "tape")
    row = rows["BTCUSDT", "10s", 0]
    count, low, mean, p50, p90, p99, high = (int(row[name]) for name in LATENCY)
    assert (count, low, mean, high) == (4, 1 * MS, 26_750_000, 100 * MS)
    assert abs(p50 - 2 * MS) <= 2 * MS // 64  # rank ceil(0.5 x 4) = 2
    assert p90 == p99 and abs(p90 - 100 * MS) <= 100 * MS // 64  # rank 4
    assert row["clock_offset"] == str(2 * MS)  # the lower middle one of four
    assert row["flags"] == "partial"
    assert figures(row, "emit_count", "emit_min", "emit_max") == ["", "", ""]


def test_a_trade_that_arrives_before_it_was_sent_shows_that_the_clocks_disagree(run, tmp_path):
    tape = Tape()
    tape.open(0)
    tape.trade(1000)
    tape.trade(11_000, received_ms=10_990)
    tape.trade(21_000)
    tape.tick(35_000)
    rows, _ = tape.replay(run, tmp_path / "tape")
    latency = lambda at: figures(rows["BTCUSDT", "10s", at], "latency_min", "latency_p50", "latency_max", "flags")
    assert latency(0) == ["20000000"] * 3 + ["partial"]
    assert latency(10) == ["-10000000"] * 3 + ["clock"]
    assert latency(20) == ["20000000"] * 3 + [""]


def test_a_step_of_the_recorders_clock_marks_the_window_of_the_next_trade(run, tmp_path):
    def replayed(step_ms, name):
        tape = Tape()
        tape.open(0)
        tape.trade(1000)
        tape.trade(11_000)
        tape.step_ms = step_ms
        tape.trade(21_000)
        tape.trade(31_000)
        tape.tick(45_000)
        return tape.replay(run, tmp_path / name)

    rows, told = replayed(101, "stepped")
    flags = [rows["BTCUSDT", "10s", at]["flags"] for at in (0, 10, 20, 30)]
    assert flags == ["partial", "", "clock", ""]
    assert "1 step of the recorder's clock" in told
    calm, told = replayed(100, "calm")
    assert [calm["BTCUSDT", "10s", at]["flags"] for at in (0, 10, 20, 30)] == ["partial", "", "", ""]
    assert "step" not in told


# ---- bars are the same alone and together -----------------------------------------------------------------


@pytest.mark.parametrize("seed", (3, 8))
def test_longer_bars_are_equal_to_those_that_are_built_alone(run, tmp_path, seed):
    tape = tmp_path / "tape"
    run("simulate", "--out", tape, "--seed", seed, "--for", "100s", "--faults", "many")
    bars = ("1s", "2s", "3s", "6s", "30s", "1m", "90s", "1h", "50t")

    def updates(bar_list):
        rows = list(csv.DictReader(io.StringIO(run(
            "replay", tape, "--bar", bar_list, "--format", "csv", "--empty", "carry", "--forming").stdout)))
        return {bar: [row for row in rows if row["bar"] == bar] for bar in bar_list.split(",")}

    together = updates(",".join(bars))
    assert any(row["state"] == "corrected" for row in together["6s"]), "nothing was corrected: useless here"
    assert any("disconnected" in row["flags"] for row in together["1m"])
    for bar in bars:
        assert together[bar] and updates(bar)[bar] == together[bar], bar

"""The way back from a candle to its frames: what `rewick tape cat TAPE --candle ...` prints, decoded here and compared
with the candle's columns and with the truth beside simulated tapes."""

import csv
import io
import json
import sys
from decimal import Decimal

import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests" / "reference"))

import tape as tape_writer  # noqa: E402
import tape_reader  # noqa: E402

SECOND = 1_000_000_000
START = 1_767_614_400 * SECOND  # 2026-01-05T12:00:00Z


# ---- decoding, by the venues' documents ---------------------------------------------------------


def parse(data):
    return json.loads(data, parse_float=Decimal)


def spot_name(symbol):
    return symbol[:3] + "-" + symbol[3:]


def to_ns(text):
    import datetime

    stamp, _, fraction = text.removesuffix("Z").partition(".")
    whole = datetime.datetime.fromisoformat(stamp + "+00:00")
    return int(whole.timestamp()) * SECOND + int(fraction.ljust(9, "0") or 0)


def binance(frame, futures=False):
    frame = frame.get("data", frame)
    if not isinstance(frame, dict) or frame.get("e") not in ("trade", "aggTrade"):
        return
    first, last = (frame["t"], frame["t"]) if frame["e"] == "trade" else (frame["f"], frame["l"])
    symbol = frame["s"].removesuffix("_PERP")
    yield spot_name(symbol) + ("-PERP" if futures else ""), first, last, frame["T"] * 10**6, frame["p"], frame["q"]


def coinbase(frame):
    if frame.get("type") in ("match", "last_match"):
        number = frame["trade_id"]
        yield frame["product_id"], number, number, to_ns(frame["time"]), frame["price"], frame["size"]


def coinbase_advanced(frame):
    for event in frame.get("events", []) if frame.get("channel") == "market_trades" else []:
        for row in event["trades"]:
            number = int(row["trade_id"])
            yield row["product_id"], number, number, to_ns(row["time"]), row["price"], row["size"]


def kraken(frame):
    for row in frame["data"] if frame.get("channel") == "trade" else []:
        number = row["trade_id"]
        yield row["symbol"].replace("/", "-"), number, number, to_ns(row["timestamp"]), row["price"], row["qty"]


DECODERS = {
    "binance": binance,
    "binance-usdm": lambda frame: binance(frame, futures=True),
    "binance-coinm": lambda frame: binance(frame, futures=True),
    "coinbase": coinbase,
    "coinbase-advanced": coinbase_advanced,
    "kraken": kraken,
}


def rows_of(record):
    """(instrument, first id, last id, time, price, quantity) of each row in a record."""
    if record["type"] != "received":
        return []
    return DECODERS[record["venue"]](parse(record["data"]))


# ---- the two sides ------------------------------------------------------------------------------


def frames_of(run, tape, row, *options):
    done = run("tape", "cat", tape, "--candle", row["venue"], row["instrument"], row["bar"], row["open_time"], *options)
    return [json.loads(line) for line in done.stdout.splitlines()]


def last_states(run, tape, *options):
    """The last state of every candle, forming ones too."""
    rows = csv.DictReader(io.StringIO(run("replay", tape, "--format", "csv", *options).stdout))
    last = {}
    for row in rows:
        last[row["venue"], row["instrument"], row["bar"], row["open_time"]] = row
    return list(last.values())


def counted_ids(truth):
    with open(truth / "trades.csv", newline="") as file:
        return {
            (row["venue"], row["instrument"], int(row["id"])): Decimal(row["quantity"])
            for row in csv.DictReader(file)
            if row["counted"] == "1"
        }


def first_bringers(tape, counted):
    """[(record, rows of it that nobody brought before and that count)]"""
    seen, bringers = set(), []
    for record in map(tape_reader.line, tape_reader.read_tape(tape)):
        new = []
        for row in rows_of(record):
            key = (record["venue"], row[0], row[2])
            if key in counted and key not in seen:
                seen.add(key)
                new.append(row)
        if new:
            bringers.append((record, new))
    assert seen, "nothing counts here: the test would compare nothing"
    return bringers


def check_all(run, tape, truth, bars):
    """Every candle of these bars, each record of it to the byte."""
    bringers = first_bringers(tape, counted_ids(truth))
    checked = 0
    for row in last_states(run, tape, "--bar", ",".join(bars)):
        begin, end = to_ns(row["open_time"]), to_ns(row["close_time"])
        inside = [
            (record, [r for r in rows if r[0] == row["instrument"] and begin <= r[3] < end])
            for record, rows in bringers
            if record["venue"] == row["venue"]
        ]
        expected = [record for record, rows in inside if rows]
        rows = sorted((r for _, rows in inside for r in rows), key=lambda r: (r[3], r[1]))
        assert frames_of(run, tape, row) == expected, row
        assert sum(last - first + 1 for _, first, last, *_ in rows) == int(row["trades"])
        assert sum(Decimal(r[5]) for r in rows) == Decimal(row["volume"])
        assert (rows[0][1], rows[-1][2]) == (int(row["first_trade_id"]), int(row["last_trade_id"]))
        assert (expected[0]["seq"], expected[-1]["seq"]) == (int(row["first_seq"]), int(row["last_seq"]))
        checked += 1
    return checked


FIXTURES = sorted(path.parent for path in (ROOT / "fixtures").glob("*/tape"))


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: path.name)
def test_the_frames_of_every_candle_of_the_fixtures_are_those_that_brought_its_trades(run, fixture):
    assert check_all(run, fixture / "tape", fixture, ["5s", "1m"]) >= 14


def test_the_frames_are_found_among_several_venues_and_many_faults(run, tmp_path):
    run("simulate", "--out", tmp_path / "tape", "--truth", tmp_path, "--seed", 11, "--for", "30s", "--faults", "many",
        "--bar", "3s,1m")
    late = [row for row in last_states(run, tmp_path / "tape") if row["state"] == "corrected"]
    assert late, "no candle was corrected: useless here"
    assert check_all(run, tmp_path / "tape", tmp_path, ["3s", "1m"]) >= 40


# ---- bars that are not of time, composites -------------------------------------------------------


def check_parts(run, tape, bar):
    """Bars in the order of arrival: together their records are all that brought trades of the market."""
    rows = [row for row in last_states(run, tape, "--bar", bar) if row["instrument"] == "BTC-USDT"]
    assert len(rows) >= 4
    counted = [
        r["seq"] for r in (frames_of(run, tape, dict(row, bar="1m")) for row in
                           last_states(run, tape, "--bar", "1m") if row["instrument"] == "BTC-USDT") for r in r
    ]
    parts = [[r["seq"] for r in frames_of(run, tape, row)] for row in rows]
    for row, part in zip(rows, parts):
        assert (part[0], part[-1]) == (int(row["first_seq"]), int(row["last_seq"]))
        assert part == [seq for seq in sorted(counted) if part[0] <= seq <= part[-1]]
    for before, after in zip(parts, parts[1:]):
        assert after[0] >= before[-1]
    assert sorted(set(sum(parts, []))) == sorted(counted)
    return rows, parts


def test_the_frames_of_tick_bars_follow_each_other(run, root):
    tape = root / "fixtures" / "binance-trade" / "tape"  # a trade a frame
    rows, parts = check_parts(run, tape, "17t")
    for row, part in zip(rows, parts):
        assert len(part) == int(row["trades"])
    assert all(len(part) == 17 for part in parts[:-1])
    assert all(before[-1] < after[0] for before, after in zip(parts, parts[1:]))


def test_a_trade_that_was_split_is_among_the_frames_of_all_its_bars(run, root):
    tape = root / "fixtures" / "binance-trade" / "tape"
    records = {r["seq"]: r for r in map(tape_reader.line, tape_reader.read_tape(tape))}
    rows, parts = check_parts(run, tape, "0.3v")
    shared = [before[-1] for before, after in zip(parts, parts[1:]) if before[-1] == after[0]]
    assert shared, "no trade was split: useless here"
    # Where nothing was split at either end, a bar's frames hold its volume exactly.
    for row, part in zip(rows, parts):
        size = sum(Decimal(quantity) for seq in part for *_, quantity in rows_of(records[seq]))
        assert size >= Decimal(row["volume"])
        if part[0] not in shared and part[-1] not in shared:
            assert size == Decimal(row["volume"])


def test_the_frames_of_a_composite_are_those_of_the_members_that_it_used(run, tmp_path):
    tape = tmp_path / "tape"
    run("simulate", "--out", tape, "--venue", "coinbase,kraken", "--instrument", "BTC-USD", "--for", "40s", "--bar", "5s")
    rows = [row for row in last_states(run, tape, "--composite", "BTC-USD=vwap") if row["bar"] == "5s"]
    composites = [row for row in rows if row["venue"] == "composite"]
    assert len(composites) >= 3
    several = 0
    for row in composites:
        used = [part.split()[0] for part in row["contributions"].split("|") if part.split()[2] == "used"]
        members = [r for r in rows if r["venue"] in used and r["open_time"] == row["open_time"]]
        several += len(members) == 2
        expected = sorted((f for r in members for f in frames_of(run, tape, r)), key=lambda f: f["seq"])
        assert frames_of(run, tape, row) == expected and expected
        assert sum(int(r["trades"]) for r in members) == int(row["trades"])
    assert several


# ---- repairs, carried candles, other options ------------------------------------------------------


def trade(number, at_ms, price="100.5", quantity="0.25"):
    return json.dumps(
        {"e": "trade", "E": START // 10**6 + at_ms, "s": "BTCUSDT", "t": number, "p": price, "q": quantity,
         "T": START // 10**6 + at_ms, "m": True, "M": True}
    ).encode()


def write_tape(folder, events, **config):
    """events: (type, ms after START, data); receive times are 10 ms behind."""
    config = {"bars": ["1s", "1m"], "lateness_ns": 500_000_000, "horizon_ns": 600 * SECOND, "empty": "none", **config}
    records = [tape_writer.Record(tape_writer.CONFIG, "", 0, START, 0, json.dumps(config).encode())]
    for kind, at_ms, data in events:
        at = (at_ms + 10) * 10**6
        venue, connection = ("", 0) if kind == tape_writer.TICK else ("binance", int(kind == tape_writer.RECEIVED))
        records.append(tape_writer.Record(kind, venue, connection, START + at, at, data))
    tape_writer.write(folder, records)


def repaired(folder, **config):
    """Ids 1, 2, 4 by WebSocket, 3 by HTTP after the window has closed; 4 comes twice; then 3 s of silence."""
    url = "https://api.binance.com/api/v3/historicalTrades?symbol=BTCUSDT&fromId=3&limit=1"
    body = [{"id": 3, "price": "101.0", "qty": "0.5", "quoteQty": "50.5", "time": START // 10**6 + 700,
             "isBuyerMaker": False, "isBestMatch": True}]
    answer = json.dumps({"method": "GET", "url": url, "status": 200}) + "\n" + json.dumps(body)
    received, tick = tape_writer.RECEIVED, tape_writer.TICK
    write_tape(
        folder,
        [
            (received, 100, trade(1, 100)),
            (received, 500, trade(2, 500)),
            (received, 900, trade(4, 900)),
            (received, 950, trade(4, 900)),
            (received, 1100, trade(5, 1100)),
            (tick, 2000, b""),
            (tape_writer.HTTP, 2100, answer.encode()),
            (tick, 5000, b""),
        ],
        **config,
    )


FIRST = {"venue": "binance", "instrument": "BTC-USDT", "bar": "1s", "open_time": "2026-01-05T12:00:00Z"}


def test_answers_that_repaired_a_candle_are_among_its_frames_and_duplicates_are_not(run, tmp_path):
    repaired(tmp_path / "tape")
    frames = frames_of(run, tmp_path / "tape", FIRST)
    assert [(f["seq"], f["type"]) for f in frames] == [(2, "received"), (3, "received"), (4, "received"), (8, "http")]
    assert '"id": 3' in frames[-1]["data"]
    (row,) = [r for r in last_states(run, tmp_path / "tape", "--bar", "1s") if r["open_time"] == FIRST["open_time"]]
    assert [row[name] for name in ("state", "trades", "volume", "missing", "duplicates", "backfilled")] == [
        "corrected", "4", "1.25", "0", "1", "1"
    ]


def test_the_other_options_choose_among_the_frames(run, tmp_path):
    tape = tmp_path / "tape"
    repaired(tape)
    numbers = lambda *options: [f["seq"] for f in frames_of(run, tape, FIRST, *options)]
    assert numbers("--type", "http") == [8]
    assert numbers("--from-seq", 3, "--to-seq", 4) == [3, 4]
    assert numbers("--venue", "kraken") == []
    assert numbers("--from", "2026-01-05T12:00:00.600Z") == [4, 8]
    assert numbers("--to", "2026-01-05T12:00:00.600Z") == [2, 3]
    address = [FIRST[name] for name in ("venue", "instrument", "bar", "open_time")]
    raw = run("tape", "cat", tape, "--raw", "--to-seq", 3, "--candle", *address).stdout
    assert raw == trade(1, 100).decode() + "\n" + trade(2, 500).decode() + "\n"
    # Any spelling of bar and time.
    run("tape", "cat", tape, "--candle", "binance", "BTC-USDT", "60s", START // SECOND)


def test_a_carried_candle_has_no_frames_and_says_so(run, tmp_path):
    repaired(tmp_path / "tape", empty="carry")
    address = ("binance", "BTC-USDT", "1s", "2026-01-05T12:00:02Z")
    done = run("tape", "cat", tmp_path / "tape", "--candle", *address)
    assert done.stdout == "" and "the candle is carried" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "address, status, text",
    [
        (["binance", "BTC-USDT", "1s", "2026-01-05T12:00:00.5Z"], 1,
         "the nearest open at 2026-01-05T12:00:00Z and 2026-01-05T12:00:01Z"),
        (["binance", "BTC-USDT", "1s", "2030-01-01"], 1, "the nearest opens at 2026-01-05T12:00:01Z"),
        (["binance", "BTC-EUR", "1s", "2026-01-05"], 1, "it has trades of binance BTC-USDT"),
        (["kraken", "BTC-USDT", "1s", "2026-01-05"], 1, "it has trades of binance BTC-USDT"),
        (["nowhere", "BTC-USDT", "1s", "2026-01-05"], 2, "unknown venue 'nowhere'"),
        (["binance", "BTC-USDT", "1x", "2026-01-05"], 2, "'1x'"),
        (["binance", "BTC-USDT", "1s", "yesterday"], 2, "'yesterday'"),
        (["composite", "BTC-USDT", "100t", "2026-01-05"], 2, "composites have no bar '100t'"),
        (["binance", "BTC-USDT", "1s"], 2, "'--candle' needs VENUE INSTRUMENT BAR OPEN_TIME"),
        (["binance", "BTC-USDT", "1s", "2026-01-05", "--follow"], 2, "do not go together"),
    ],
)
def test_a_candle_that_is_not_there_gets_one_line(run, tmp_path, address, status, text):
    repaired(tmp_path / "tape")
    done = run("tape", "cat", tmp_path / "tape", "--candle", *address, status=status)
    assert text in done.stderr and done.stderr.count("\n") == 1 and done.stdout == ""


def test_operands_without_the_option_are_too_many(run, tmp_path):
    repaired(tmp_path / "tape")
    assert "one operand too many: 'binance'" in run("tape", "cat", tmp_path / "tape", "binance", status=2).stderr


def test_the_frames_before_damage_are_given_and_the_damage_told(run, tmp_path, root):
    source = root / "fixtures" / "bad" / "whole" / "tape" / "00000001.rwk.zst"
    whole = [r for r in last_states(run, source.parent) if r["instrument"] == "BTC-USD" and r["bar"] == "1m"][0]
    every = frames_of(run, source.parent, whole)
    bad = root / "fixtures" / "bad" / "flipped-bit"
    address = [whole[name] for name in ("venue", "instrument", "bar", "open_time")]
    done = run("tape", "cat", bad, "--candle", *address, status=3)
    got = [json.loads(line) for line in done.stdout.splitlines()]
    assert 0 < len(got) < len(every) and got == every[: len(got)]
    salvaged = run("tape", "cat", bad, "--salvage", "--candle", *address)
    kept = [json.loads(line) for line in salvaged.stdout.splitlines()]
    assert "records" in salvaged.stderr and len(got) < len(kept) < len(every)

"""The engine against a naive one that was written in Python from docs/candles.md alone (tests/reference).

Each seed is a random market on a random tape. REWICK_TEST_SEEDS=5000 takes more of them, REWICK_TEST_SEEDS=17-17 one;
`tests/reference/differ.py build/rewick 17` shows what differs for a seed.
"""

import concurrent.futures
import csv
import io
import os
import pathlib
import sqlite3
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "reference"))

import candles  # noqa: E402
import differ as reference  # noqa: E402
import events  # noqa: E402
import exact  # noqa: E402
import frames  # noqa: E402
import tape as tape_writer  # noqa: E402
import tape_bytes  # noqa: E402

KEY = ("venue", "instrument", "bar", "open_time")
SEEDS = 1000


def seeds():
    first, _, last = os.environ.get("REWICK_TEST_SEEDS", str(SEEDS)).rpartition("-")
    return range(int(first or 1), int(last) + 1)


def difference(rewick, seed, folder):
    try:
        reference.check(rewick, seed, folder)
        return None
    except reference.Differs as text:
        return f"seed {seed}: {text}\n  again: tests/reference/differ.py {rewick} {seed}"


def test_every_field_of_every_update_is_the_references(rewick, tmp_path):
    """All columns, with forming updates (each trade goes into each bar) and without (longer bars are added up)."""
    with concurrent.futures.ProcessPoolExecutor() as pool:
        found = pool.map(difference, *zip(*((rewick, seed, tmp_path) for seed in seeds())), chunksize=8)
        differences = [text for text in found if text]
    assert not differences, f"{len(differences)} of {len(seeds())} seeds differ\n" + "\n".join(differences[:10])


# ---- the writer of tapes that all this stands on ---------------------------------------------------------------

def test_what_the_reference_writes_is_a_whole_tape(run, tmp_path):
    world = events.world(1)
    events.write(tmp_path / "tape", world)
    run("tape", "verify", tmp_path / "tape")
    read = list(tape_bytes.records(tmp_path / "tape"))
    assert [(r.type, r.venue, r.connection, r.wall_ns, r.mono_ns, r.data) for r in world.records] == [
        (r.type, r.venue, r.connection, r.wall_ns, r.mono_ns, r.data) for r in read]


# ---- revisions and stopping ------------------------------------------------------------------------------------

def dump(database):
    """Every table as rows, but for commit_no, which counts the commits of the runs."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    names = [name for name, in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")] for name in names}
    for position in found["tape_position"]:
        del position["commit_no"]
    return {name: sorted(rows, key=repr) for name, rows in found.items()}


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("seed", (2, 15, 30, 36))
def test_revisions_applied_in_order_end_as_the_table(run, tmp_path, seed):
    world = events.world(seed)
    events.write(tmp_path / "tape", world)
    stream = rows_of(run("replay", tmp_path / "tape", "--forming", "--format", "csv").stdout)
    table = {}
    for update in stream:
        key = tuple(update[name] for name in KEY)
        assert int(update["revision"]) >= int(table.get(key, update)["revision"])
        table[key] = update
    run("replay", tmp_path / "tape", "--no-candles", "--db", tmp_path / "candles.db")
    shown = rows_of(run("candles", "--db", tmp_path / "candles.db", "--format", "csv").stdout)
    stored = {tuple(row[name] for name in KEY): row for row in shown}
    assert stored == {key: row for key, row in table.items() if row["state"] != "forming"} and stored


@pytest.mark.parametrize("seed", (2, 36))
def test_stopping_and_resuming_after_any_record_changes_nothing(run, tmp_path, seed):
    world = events.world(seed, size=60)
    whole = tmp_path / "whole"
    tape_writer.write(whole, world.records, identity=seed)
    run("replay", whole, "--no-candles", "--db", tmp_path / "whole.db")
    expected = dump(tmp_path / "whole.db")
    assert expected["candle"]
    for count in range(1, len(world.records)):
        part, database = tmp_path / f"part-{count}", tmp_path / f"{count}.db"
        tape_writer.write(part, world.records[:count], identity=seed)
        run("replay", part, "--no-candles", "--db", database)
        run("replay", whole, "--no-candles", "--db", database)
        assert dump(database) == expected, f"stopped after record {count} of {len(world.records)}"


# ---- what random markets reach too seldom ----------------------------------------------------------------------

def market(bars, **config):
    """A world of one kraken market with nothing in it yet but the configuration, and that market."""
    world = events.World(1, 1)
    feed = next(feed for feed in frames.FEEDS if feed.venue == "kraken")
    world.books = [events.Book(world.rng, feed, *frames.instrument(feed, "QQA", "USD"), False)]
    world.venues = frames.venues([(book.feed, book.symbol, book.instrument) for book in world.books])
    world.config = candles.Config(bars, **config)
    world.add("config", data=world.config_data())
    return world, world.books[0]


def test_more_empty_windows_than_one_record_carries(rewick, tmp_path):
    """100,000 of 101,000 empty seconds are carried, the newest 65,536 kept: late trades correct those and no others."""
    world, book = market(["1s", "1d"], carry=True, horizon=2 * events.DAY)
    start = world.wall
    for after in (0, 101_000, 101_001, 500, 50_000):
        world.wall, world.mono = max(world.wall, start + after * events.S), world.mono + 1_000_000
        world.add_trades(book.feed, 1, [book.trade(start + after * events.S, world.wire)])
    assert reference.hold(rewick, world, tmp_path / "tape") > 150_000


def test_trades_that_fill_more_bars_than_one_may(rewick, tmp_path):
    """750,000 is 2,500 times the size of the bar: 999 bars are filled, the 1,000th takes the rest."""
    world, book = market(["0.3v", "7n"])
    for size in (1, 2500, 1, 750_000, 299_900, 3):
        world.wall, world.mono = world.wall + events.S, world.mono + events.S
        trade = book.trade(world.wall, world.wire)
        trade.price, trade.quantity = (701, 2), (size, 3)
        world.wire[id(trade)] = "7.01", exact.text((size, 3))
        world.add_trades(book.feed, 1, [trade])
    assert reference.hold(rewick, world, tmp_path / "tape") > 2_000


def test_offset_and_recent_range_over_thousands_of_trades(rewick, tmp_path):
    """Enough for the third level of the remedian (15 x 15 trades of a connection, and more than 31 times that)."""
    world, book = market(["2s", "200t"])
    for _ in range(800):
        passed = world.rng.randint(1, events.S)
        world.wall, world.mono = world.wall + passed, world.mono + passed
        times = sorted(world.wall - int(world.rng.expovariate(1) * events.S // 20) for _ in range(10))
        world.add_trades(book.feed, 1, [book.trade(time, world.wire) for time in times])
    assert reference.hold(rewick, world, tmp_path / "tape") > 1_000

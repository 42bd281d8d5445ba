"""The store and what `rewick candles` shows of it, against what `rewick replay` printed while it filled it."""

import csv
import datetime
import decimal
import fcntl
import io
import json
import sqlite3
import subprocess

import pytest

KEY = ("venue", "instrument", "bar", "open_time")
DECIMALS = ("open", "high", "low", "close", "volume", "quote_volume", "taker_buy_volume",
            "taker_buy_quote_volume", "vwap")
INTEGERS = ("revision", "trades", "first_trade_id", "last_trade_id", "first_seq", "last_seq", "missing",
            "duplicates", "late", "out_of_order", "backfilled", "malformed", "dropped", "suspect", "score",
            "clock_offset",
            *(f"{kind}_{figure}" for kind in ("latency", "emit")
              for figure in ("count", "min", "mean", "p50", "p90", "p99", "max")))
LISTS = ("connections", "flags", "contributions")
# What goes on without an update: the share of a window is that of its part that has passed.
MOVING = ("connected", "score", "flags")


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def key(row):
    return tuple(row[name] for name in KEY)


@pytest.fixture(scope="module")
def filled(run, tmp_path_factory):
    """(tape, database, rows that replay printed while it filled the database)"""
    folder = tmp_path_factory.mktemp("candles")
    tape, db = folder / "tape", folder / "x.db"
    run("simulate", "--out", tape, "--for", "40s", "--seed", 5, "--faults", "many", "--bar", "5s,1m")
    text = run("replay", tape, "--format", "csv", "--db", db).stdout
    return tape, db, rows_of(text)


@pytest.fixture(scope="module")
def printed(filled):
    """What closed and what was corrected, in order."""
    rows = [row for row in filled[2] if row["state"] != "forming"]
    assert any(row["state"] == "corrected" for row in rows), "the tape has no late trades: useless here"
    return rows


def candles(run, filled, *args, **kwargs):
    return run("candles", "--db", filled[1], *args, **kwargs)


def test_csv_is_the_last_revision_of_what_replay_printed(run, filled, printed):
    last = {key(row): row for row in printed}
    rows = rows_of(candles(run, filled, "--format", "csv").stdout)
    assert {key(row): row for row in rows} == last
    assert len(rows) == len(last)


def test_revisions_are_all_that_replay_printed(run, filled, printed):
    rows = rows_of(candles(run, filled, "--format", "csv", "--revisions").stdout)
    order = lambda row: (row["open_time"], row["venue"], row["instrument"], row["close_time"], int(row["revision"]))
    assert rows == sorted(printed, key=order)


def test_forming_candles_are_shown_when_asked_for(run, filled):
    shown = rows_of(candles(run, filled, "--format", "csv", "--forming").stdout)
    forming = [row for row in shown if row["state"] == "forming"]
    left = [row for row in filled[2] if row["state"] == "forming"]
    still = lambda rows: {key(row): {n: v for n, v in row.items() if n not in MOVING} for row in rows}
    assert forming and still(forming) == still(left)


def test_ndjson_has_the_same_values_with_exact_decimals(run, filled):
    rows = rows_of(candles(run, filled, "--format", "csv").stdout)
    objects = [json.loads(line) for line in candles(run, filled, "--format", "ndjson").stdout.splitlines()]
    assert len(objects) == len(rows) > 0
    for row, value in zip(rows, objects):
        assert list(value) == list(row)
        for name, text in row.items():
            if name in INTEGERS:
                assert value[name] == (int(text) if text else None), name
            elif name in LISTS:
                want = text.split("|") if text else [] if name == "flags" else None
                assert value[name] == want, name
            else:
                assert value[name] == (text or None), name


def test_columns_can_be_chosen(run, filled):
    rows = rows_of(candles(run, filled, "--format", "csv").stdout)
    names = ["score", "open_time", "close", "flags"]
    text = candles(run, filled, "--format", "csv", "--columns", ",".join(names)).stdout
    assert text.splitlines()[0] == ",".join(names)
    assert rows_of(text) == [{name: row[name] for name in names} for row in rows]
    lines = candles(run, filled, "--format", "ndjson", "--columns", "close").stdout.splitlines()
    assert [json.loads(line) for line in lines] == [{"close": row["close"]} for row in rows]
    text = run("replay", filled[0], "--format", "csv", "--columns", "trades,vwap").stdout
    assert text.startswith("trades,vwap\n") and text.count("\n") > len(rows) // 2


def test_every_candle_says_where_it_comes_from_and_how_good_it_is(printed):
    for row in printed:
        assert row["tape"] == printed[0]["tape"] and len(row["tape"]) == 32
        assert 0 <= int(row["score"]) <= 100
        assert 0 <= decimal.Decimal(row["connected"]) <= 1
        assert ("missing" in row["flags"].split("|")) == (int(row["missing"]) > 0)
        assert ("disconnected" in row["flags"].split("|")) == (decimal.Decimal(row["connected"]) < 1)
        assert row["connections"] and row["emit_count"] == ""
        if int(row["latency_count"]):
            figures = [int(row[f"latency_{n}"]) for n in ("min", "p50", "p90", "p99", "max")]
            assert figures == sorted(figures)
            assert figures[0] <= int(row["latency_mean"]) <= figures[-1]


def test_table_shows_the_same_numbers(run, filled):
    rows = rows_of(candles(run, filled, "--format", "csv").stdout)
    header, *lines = candles(run, filled).stdout.splitlines()
    assert header.split() == ["time", "(UTC)", "venue", "instrument", "bar", "state", "open", "high", "low",
                              "close", "volume", "trades", "vwap", "score", "p50", "ms", "flags"]
    assert len(lines) == len(rows)
    assert len({len(line[: header.index('flags')].rstrip()) for line in lines}) == 1, "p50 does not line up"
    for row, line in zip(rows, lines):
        day, clock, venue, instrument, bar, state, *numbers = line[: header.index("flags")].split()
        assert row["open_time"].startswith(f"{day}T{clock}")
        assert [venue, instrument, bar, state] == [row[n] for n in ("venue", "instrument", "bar", "state")]
        expected = [row[n] for n in ("open", "high", "low", "close", "volume", "trades", "vwap", "score")]
        *shown, vwap, score, latency = [decimal.Decimal(n) for n in numbers]
        assert shown == [decimal.Decimal(n) for n in expected[:-2]]
        assert abs(vwap - decimal.Decimal(row["vwap"])) <= decimal.Decimal("0.0005")
        assert score == int(row["score"])
        assert abs(latency - decimal.Decimal(row["latency_p50"]) / 10**6) <= decimal.Decimal("0.005")
        assert line[header.index("flags"):] == row["flags"]


def test_filters_take_lists_and_any_spelling_of_a_bar(run, filled, printed):
    last = list({key(row): row for row in printed}.values())
    names = sorted({row["instrument"] for row in last})[:2]
    venues = sorted({row["venue"] for row in last})[:2]
    got = rows_of(candles(run, filled, "--format", "csv", "--instrument", ",".join(names),
                          "--venue", ",".join(venues), "--bar", "60s,5s").stdout)
    want = [row for row in last if row["instrument"] in names and row["venue"] in venues]
    assert sorted(map(key, got)) == sorted(map(key, want)) and want


def test_times_and_limit(run, filled, printed):
    times = sorted({row["open_time"] for row in printed})
    first, last = times[1], times[3]
    got = rows_of(candles(run, filled, "--format", "csv", "--from", first, "--to", last).stdout)
    assert {row["open_time"] for row in got} == set(times[1:3])
    got = rows_of(candles(run, filled, "--format", "csv", "--limit", 3).stdout)
    everything = rows_of(candles(run, filled, "--format", "csv").stdout)
    assert got == everything[:3]


def test_no_match_is_no_fault(run, filled):
    result = candles(run, filled, "--to", "2001-01-01")
    assert result.stdout == "" and result.stderr == "rewick: no candles match\n"


@pytest.mark.parametrize("option, name, text", [
    ("--instrument", "FOO-BAR", "no candles of instrument 'FOO-BAR' in '{db}'; it has "),
    ("--venue", "nowhere", "no candles of venue 'nowhere' in '{db}'; it has "),
    ("--bar", "7m", "no candles of bar '7m' in '{db}'; it has "),
])
def test_unknown_names_say_what_is_there(run, filled, printed, option, name, text):
    column = option[2:]
    known = {row[column] for row in filled[2]}
    result = candles(run, filled, option, f"{sorted(known)[0]},{name}", status=2)
    line = result.stderr.removeprefix("rewick: ").removesuffix("\n")
    start = text.format(db=filled[1])
    assert line.startswith(start) and "\n" not in line
    assert set(line.removeprefix(start).split(", ")) == known


@pytest.mark.parametrize("args, status, text", [
    ((), 2, "no database named; give one with --db FILE"),
    (("--db", "none.db"), 4, "database 'none.db' does not exist"),
    (("--db", "/"), 4, "is a folder"),
    (("--db", "x.db", "--format", "xml"), 2, "unknown format 'xml'; choose table, csv or ndjson"),
    (("--db", "x.db", "--format", "csv", "--columns", "open,clos"), 2, "unknown column 'clos'"),
    (("--db", "x.db", "--format", "csv", "--columns", "open,open"), 2, "column 'open' is named twice"),
    (("--db", "x.db", "--columns", "open"), 2, "a table has its own columns; give --format csv or ndjson too"),
    (("--db", "x.db", "--bar", "1q"), 2, "bar '1q' is not"),
    (("--db", "x.db", "--from", "2024-01-02", "--to", "2024-01-01"), 2, "--from is later than --to"),
    (("--db", "x.db", "--venue", "a,,b"), 2, "empty item"),
])
def test_wrong_calls_are_one_line(run, tmp_path, args, status, text):
    result = run("candles", *args, status=status, cwd=tmp_path)
    assert text in result.stderr and result.stderr.count("\n") == 1
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_database(run, tmp_path):
    path = tmp_path / "x.db"
    path.write_text("no database " * 500)
    for args in (("candles", "--db", path), ):
        result = run(*args, status=3)
        assert "is not a database of rewick" in result.stderr
    assert path.read_text() == "no database " * 500


def test_view_for_people_and_programs(filled, printed):
    """Through Python's own SQLite and the sqlite3 program: numbers and times, equal to the exact ones."""
    last = {key(row): row for row in printed}
    db = sqlite3.connect(f"file:{filled[1]}?mode=ro", uri=True)
    rows = db.execute("SELECT venue, instrument, bar, time, open, close, volume, vwap, trades, connected, score, "
                      "flags, missing, latency_p50_ms FROM ohlcv WHERE state <> 'forming'").fetchall()
    assert len(rows) == len(last)
    for *identity, open_, close, volume, vwap, trades, connected, score, flags, missing, p50_ms in rows:
        row = last[tuple(identity)]
        assert (score, flags, missing) == (int(row["score"]), row["flags"], int(row["missing"]))
        assert connected == float(row["connected"]) and p50_ms == int(row["latency_p50"]) / 1e6
        assert (open_, close, volume) == tuple(float(row[n]) for n in ("open", "close", "volume"))
        assert vwap == float(row["vwap"]) and trades == int(row["trades"])
    columns = [c[1] for c in db.execute("PRAGMA table_info(candle)")]
    assert sorted(columns) == sorted([*filled[2][0], "update_no", "latency_histogram"])
    for open_time, close_time, text in db.execute(
            "SELECT c.open_time, c.close_time, v.time FROM candle c JOIN ohlcv v ON v.venue = c.venue "
            "AND v.instrument = c.instrument AND v.bar = c.bar AND unixepoch(v.time) = c.open_time / 1000000000"):
        when = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
        assert int(when.timestamp()) * 10**9 == open_time < close_time
    db.close()
    shell = subprocess.run(["sqlite3", "-readonly", "-csv", str(filled[1]), "SELECT count(*), max(high) FROM ohlcv"],
                           capture_output=True, text=True, check=True)
    assert shell.stdout.startswith(f"{len(filled[2]) - len(printed) + len(last)},")


def test_the_health_of_venues_and_connections_is_kept(filled):
    db = sqlite3.connect(f"file:{filled[1]}?mode=ro", uri=True)
    rows = db.execute("SELECT time_ns, venue, connection, state, score FROM health ORDER BY 1, 2, 3").fetchall()
    db.close()
    assert {row[1] for row in rows} == {row["venue"] for row in filled[2]}
    assert {state for *_, state, _ in rows} <= {"up", "degraded", "down"}
    assert all(0 <= score <= 100 for *_, score in rows)
    times = sorted({row[0] for row in rows})
    assert len(times) >= 3 and all(later - earlier >= 9 * 10**9 for earlier, later in zip(times, times[1:]))
    assert {row[1] for row in rows if row[2] == 0} == {row[1] for row in rows}, "a venue has no report of its own"


def dump(path):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    tables = [db.execute(f"SELECT * FROM {table}").fetchall() for table in ("candle", "candle_revision", "series")]
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
    return tables


def test_replaying_again_changes_nothing(run, filled):
    before = dump(filled[1])
    run("replay", filled[0], "--no-candles", "--db", filled[1])
    assert dump(filled[1]) == before


def test_replays_of_parts_and_of_the_whole_do_not_hide_each_other(run, filled, tmp_path):
    """Updates are numbered differently when less is fed, so each selection has its own place on the tape."""
    db = tmp_path / "x.db"
    names = sorted({row["instrument"] for row in filled[2]})
    for name in names:
        run("replay", filled[0], "--no-candles", "--db", db, "--instrument", name)
    whole = rows_of(candles(run, filled, "--format", "csv").stdout)
    parts = rows_of(run("candles", "--db", db, "--format", "csv").stdout)
    assert parts == whole
    run("replay", filled[0], "--no-candles", "--db", db)
    assert rows_of(run("candles", "--db", db, "--format", "csv").stdout) == whole


def test_a_store_that_another_process_writes_is_refused(run, filled, tmp_path):
    db = tmp_path / "x.db"
    with open(tmp_path / "x.db-lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = run("replay", filled[0], "--no-candles", "--db", db, status=4)
    assert result.stderr.splitlines()[-1] == (
        f"rewick: database '{db}' is locked by another process that writes to it; stop it or choose another --db")
    run("replay", filled[0], "--no-candles", "--db", db)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.db"], "something was left behind"


@pytest.mark.parametrize("command", ["replay", "candles"])
def test_a_reader_that_goes_away_is_no_fault(rewick, filled, command):
    args = [filled[0], "--forming", "--speed", "max"] if command == "replay" else ["--db", filled[1]]
    process = subprocess.Popen([rewick, command, *map(str, args), "--format", "csv"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    assert process.wait(timeout=60) == 0
    assert "cannot write" not in errors and "pipe" not in errors.lower()


def test_a_full_stdout_is_told(rewick, filled):
    with open("/dev/full", "w") as full:
        result = subprocess.run([rewick, "candles", "--db", str(filled[1])], stdout=full, stderr=subprocess.PIPE,
                                text=True, check=False, timeout=60)
    assert result.returncode == 4
    assert result.stderr == "rewick: cannot write candles: no space left on device\n"


def test_no_colour_and_no_cursor_movement_without_a_terminal(run, filled):
    assert "\x1b" not in candles(run, filled).stdout

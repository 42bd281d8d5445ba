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

import events  # noqa: E402
import differ as reference  # noqa: E402
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
    """Every table as rows, without what belongs to the run."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    names = [name for name, in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in names}


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

"""rewick replay: what comes out of a tape, at which pace, and what is said when something is wrong."""

import contextlib
import csv
import hashlib
import io
import json
import os
import pty
import re
import signal
import socket
import sqlite3
import subprocess
import threading
import time

import pytest

S = 10**9
T0 = 1_700_000_040 * S  # a whole minute: 2023-11-14T22:14:00Z


def trade(number, ns, price="100.00", quantity="1.000", symbol="BTCUSDT"):
    ms = ns // 10**6
    return json.dumps(
        {"e": "trade", "E": ms, "s": symbol, "t": number, "p": price, "q": quantity, "T": ms, "m": False, "M": True}
    )


def steady(count, step_ns=S, start_ns=T0, first=1, symbol="BTCUSDT"):
    """Lines for --from hftbacktest: a trade every `step_ns`, received as it happens, prices going up by 0.01."""
    return [
        f"{start_ns + i * step_ns} "
        + trade(first + i, start_ns + i * step_ns, f"{100 + (first + i) / 100:.2f}", symbol=symbol)
        for i in range(count)
    ]


@pytest.fixture
def tape(run, tmp_path):
    """tape(lines, ...): a tape of binance frames, one file of lines after the other."""

    def make(*files, name="tape", kind="hftbacktest", options=()):
        paths = []
        for i, lines in enumerate(files):
            paths.append(tmp_path / f"{name}.{i}")
            paths[-1].write_text("".join(line + "\n" for line in lines))
        run("import", "--from", kind, "--venue", "binance", *paths, "--out", tmp_path / name, *options)
        return tmp_path / name

    return make


def rows(done):
    return list(csv.DictReader(io.StringIO(done.stdout)))


def digest(done):
    last = done.stdout.splitlines()[-1]
    assert re.fullmatch("candle digest [0-9a-f]{64}", last)
    return last.split()[-1]


# ---- candles -----------------------------------------------------------------------------------------


def test_closed_candles_then_the_forming_one(run, tape):
    done = run("replay", tape(steady(150)), "--format", "csv")
    got = [(r["open_time"], r["state"], r["trades"], r["open"], r["close"], r["volume"]) for r in rows(done)]
    assert got == [
        ("2023-11-14T22:14:00Z", "closed", "60", "100.01", "100.60", "60.000"),
        ("2023-11-14T22:15:00Z", "closed", "60", "100.61", "101.20", "60.000"),
        ("2023-11-14T22:16:00Z", "forming", "30", "101.21", "101.50", "30.000"),
    ]
    assert done.stderr == ""


def test_a_table_for_people(run, tape):
    lines = run("replay", tape(steady(90)), "--digest").stdout.splitlines()
    assert lines[0].split()[:4] == ["time", "(UTC)", "venue", "instrument"]
    assert len(lines) == 4 and "closed" in lines[1] and "forming" in lines[2]
    assert lines[3].startswith("candle digest ")
    assert all("\033" not in line for line in lines)


def test_digest_is_the_hash_of_all_updates_as_csv_rows(run, tape):
    """Of their columns in front of `tape`: what stands behind belongs to the place and the run."""
    path = tape(steady(200) + steady(1, start_ns=T0 + 5 * S, first=900))
    header, *lines = run("replay", path, "--forming", "--format", "csv").stdout.splitlines()
    count = header.split(",").index("tape")
    every = "".join(",".join(line.split(",")[:count]) + "\n" for line in lines)
    assert every.count("\n") > 200 and ",corrected," in every
    expected = hashlib.sha256(every.encode()).hexdigest()
    for options in (["--no-candles"], ["--format", "ndjson"], ["--forming"], []):
        assert digest(run("replay", path, "--digest", *options)) == expected


def test_forming_updates_change_no_other(run, tape):
    """They are made only where somebody wants them."""
    path = tape(steady(200) + steady(1, start_ns=T0 + 5 * S, first=900))
    text = run("replay", path, "--bar", "1s,1m,7t", "--forming", "--format", "csv").stdout
    every = [line for line in text.splitlines() if ",forming," not in line]
    few = [line for line in run("replay", path, "--bar", "1s,1m,7t", "--format", "csv").stdout.splitlines() if ",forming," not in line]
    assert few == every and len(few) > 200


def test_several_bars_at_once(run, tape):
    done = run("replay", tape(steady(130)), "--bar", "1m,30s", "--format", "csv")
    closed = [(r["bar"], r["open_time"][14:19]) for r in rows(done) if r["state"] == "closed"]
    assert sorted(closed) == [("1m", "14:00"), ("1m", "15:00")] + [("30s", t) for t in ("14:00", "14:30", "15:00", "15:30")]


def test_a_late_trade_corrects_within_the_horizon_only(run, tape):
    late = [f"{T0 + 100 * S} {trade(101, T0 + 59 * S, '500.00')}"]
    path = tape(steady(100) + late)
    by_state = [(r["state"], r["revision"], r["high"]) for r in rows(run("replay", path, "--format", "csv"))]
    assert by_state[:2] == [("closed", "0", "100.60"), ("corrected", "1", "500.00")]
    done = run("replay", path, "--format", "csv", "--horizon-ms", "1000")
    assert [r["state"] for r in rows(done)] == ["closed", "forming"]
    assert "1 trade too late for any candle" in done.stderr
    # With patience it is no correction at all.
    done = run("replay", path, "--format", "csv", "--lateness-ms", "60000")
    assert {r["state"] for r in rows(done)} == {"forming"}


def test_empty_windows(run, tape):
    path = tape(steady(1) + steady(1, start_ns=T0 + 200 * S, first=2))
    assert [r["trades"] for r in rows(run("replay", path, "--format", "csv"))] == ["1", "1"]
    carried = rows(run("replay", path, "--format", "csv", "--empty", "carry"))
    assert [r["trades"] for r in carried] == ["1", "0", "0", "1"]
    assert carried[1]["close"] == "100.01" and "carried" in carried[1]["flags"]


# ---- settings of the tape ------------------------------------------------------------------------------


def test_the_tape_says_how_it_was_recorded_and_options_say_otherwise(run, tape):
    header = '{"t":"header","bars":["20s","1m"],"lateness_ms":0,"lateness_ns":2000000000,"empty":"carry"}'
    lines = [header] + [
        json.dumps({"t": "recv", "conn": "c", "ts": (T0 + i * S) // S, "data": trade(i + 1, T0 + i * S)})
        for i in (0, 1, 2, 45, 62)
    ]
    path = tape(lines, kind="cryptofeed")
    recorded = rows(run("replay", path, "--format", "csv"))
    assert {r["bar"] for r in recorded} == {"20s", "1m"}
    assert [r["trades"] for r in recorded if r["bar"] == "20s"] == ["3", "0", "1", "1"]
    # With a lateness of 2 s the trade at 62 s closes what ends at 60 s; the default of 500 ms would, too; 3 s would not.
    assert [r["state"] for r in recorded if r["bar"] == "1m"] == ["closed", "forming"]
    patient = rows(run("replay", path, "--format", "csv", "--bar", "1m", "--lateness-ms", "3000"))
    assert [(r["bar"], r["state"]) for r in patient] == [("1m", "forming"), ("1m", "forming")]
    assert len(rows(run("replay", path, "--format", "csv", "--bar", "20s", "--empty", "none"))) == 3


def test_a_later_session_may_say_it(run, tape):
    """An import that a recording was added to."""
    path = tape(steady(50))
    header = '{"t":"header","bars":["10s"]}'
    frame = json.dumps({"t": "recv", "conn": "c", "ts": T0 // S + 50, "data": trade(51, T0 + 50 * S)})
    tape([header, frame], kind="cryptofeed", options=["--append"])
    assert [r["bar"] for r in rows(run("replay", path, "--format", "csv"))] == ["10s"] * 6


def test_settings_that_are_no_good(run, tape):
    frame = json.dumps({"t": "recv", "conn": "c", "ts": T0 // S, "data": trade(1, T0)})
    path = tape(['{"t":"header","bars":["10x"]}', frame], kind="cryptofeed")
    done = run("replay", path, status=3)
    assert done.stderr.startswith("rewick: the configuration in record 2: ") and done.stderr.count("\n") == 1


# ---- parts of a tape -----------------------------------------------------------------------------------


def test_from_and_to_are_receive_times(run, tape):
    # Received a minute after they happened.
    lines = [f"{T0 + (60 + i) * S} {trade(i + 1, T0 + i * S)}" for i in range(120)]
    path = tape(lines)

    def trades(*options):
        return sum(int(r["trades"]) for r in rows(run("replay", path, "--format", "csv", *options)))

    assert trades() == 120
    assert trades("--from", "2023-11-14T22:15:30Z") == 90
    assert trades("--to", "2023-11-14T22:15:30Z") == 30
    assert trades("--from", "2023-11-14T22:15:10Z", "--to", str(T0 + 80 * S)) == 10
    assert trades("--from", "2023-11-14T22:15:09.000000001Z", "--to", "1700000110") == 0
    done = run("replay", path, "--from", "-1h", "--format", "csv")
    assert rows(done) == []


def test_filters(run, tape):
    path = tape(steady(70), steady(70, symbol="ETHUSDT"))
    both = rows(run("replay", path, "--format", "csv"))
    assert {r["instrument"] for r in both} == {"BTC-USDT", "ETH-USDT"}
    only = rows(run("replay", path, "--format", "csv", "--instrument", "ETH-USDT", "--venue", "binance,kraken", status=2))
    assert only == [r for r in both if r["instrument"] == "ETH-USDT"]
    only = rows(run("replay", path, "--format", "csv", "--instrument", "ETH-USDT"))
    assert only == [r for r in both if r["instrument"] == "ETH-USDT"]


def test_names_that_are_not_on_the_tape(run, tape):
    path = tape(steady(70), steady(70, symbol="ETHUSDT"))
    done = run("replay", path, "--instrument", "FOO-BAR", "--format", "ndjson", status=2)
    assert done.stdout == ""
    assert done.stderr == f"rewick: unknown instrument 'FOO-BAR' on tape '{path}'; it has BTC-USDT, ETH-USDT\n"
    done = run("replay", path, "--instrument", "ETH-USDT,FOO-BAR", "--format", "csv", status=2)
    assert len(rows(done)) == 2
    done = run("replay", path, "--venue", "kraken", "--no-candles", status=2)
    assert done.stderr == f"rewick: no trades of venue 'kraken' on tape '{path}'; it has binance\n"
    done = run("replay", path, "--venue", "krakken", status=2)
    assert "'krakken'" in done.stderr and "kraken" in done.stderr
    # On the tape, but not in the part that was asked for.
    done = run("replay", path, "--instrument", "ETH-USDT", "--to", "2020-01-01", "--no-candles")
    assert "no trades of 'ETH-USDT' between '--from' and '--to'" in done.stderr


# ---- pace ----------------------------------------------------------------------------------------------


def timed(run, *args):
    start = time.monotonic()
    done = run(*args)
    return time.monotonic() - start, done


def test_the_distances_of_the_recording_are_kept(run, tape):
    path = tape(steady(5, step_ns=S // 10) + steady(5, step_ns=S // 10, start_ns=T0 + S, first=6))
    seconds, real = timed(run, "replay", path, "--speed", "1", "--no-candles", "--digest")
    assert 1.4 <= seconds < 20
    seconds, slow = timed(run, "replay", path, "--speed", "0.5", "--no-candles", "--digest")
    assert 2.8 <= seconds < 40
    digests = {digest(run("replay", path, "--speed", s, "--no-candles", "--digest")) for s in ("max", "10", "123.456", "1000000x")}
    assert digests == {digest(real)} == {digest(slow)}


def test_candles_come_while_the_replay_goes_on(rewick, tape):
    path = tape(steady(3, step_ns=S // 1000) + steady(2, start_ns=T0 + 2 * S, first=4) + steady(1, start_ns=T0 + 900 * S, first=6))
    process = subprocess.Popen(
        [rewick, "replay", path, "--bar", "1s", "--speed", "1", "--format", "csv"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    process.stdout.readline()
    row = process.stdout.readline().split(",")
    assert row[5] == "closed" and row[13] == "3"
    # Asked to stop in the long gap, it ends at once, in good order.
    process.send_signal(signal.SIGINT)
    rest, talk = process.communicate(timeout=20)
    assert process.returncode == 0 and talk == ""
    assert [line.split(",")[5] for line in rest.splitlines()][-1] == "forming"


# ---- damage --------------------------------------------------------------------------------------------


def segments(path):
    return sorted(path.glob("*.rwk.zst"))


def block_offsets(data):
    """Where block headers begin: a skippable frame's magic, the length, "RWKB"."""
    return [m.start() for m in re.finditer(rb"\x51\x2a\x4d\x18....RWKB", data, flags=re.S)]


@pytest.fixture
def damaged(tape):
    """A tape of 4000 trades with one bit changed in its second block, and how many records lie before that block."""
    path = tape(steady(8000, step_ns=S // 10))
    (segment,) = segments(path)
    data = bytearray(segment.read_bytes())
    offsets = block_offsets(data)
    assert len(offsets) >= 4
    first_seq = int.from_bytes(data[offsets[1] + 24 : offsets[1] + 32], "little")
    next_seq = int.from_bytes(data[offsets[2] + 24 : offsets[2] + 32], "little")
    data[(offsets[1] + offsets[2]) // 2 + 100] ^= 1
    segment.write_bytes(data)
    return path, first_seq, next_seq


def test_a_damaged_tape_gives_what_is_before_the_damage(run, damaged):
    path, first_seq, _ = damaged
    done = run("replay", path, "--format", "csv", status=3)
    # Record 1 is the configuration; all others are trades.
    assert sum(int(r["trades"]) for r in rows(done)) == first_seq - 2
    assert done.stderr.count("\n") == 1 and segments(path)[0].name in done.stderr


def test_salvage_goes_on_behind_the_damage(run, damaged):
    path, first_seq, next_seq = damaged
    done = run("replay", path, "--format", "csv", "--salvage", status=3)
    assert sum(int(r["trades"]) for r in rows(done) if r["state"] != "corrected") == 8000 - (next_seq - first_seq)
    assert f"records {first_seq} to {next_seq - 1} are missing" in done.stderr
    assert f"{next_seq - first_seq} missing trades" in done.stderr
    assert "is damaged in 1 place; " in done.stderr.splitlines()[-1]


def test_a_torn_tail_is_no_damage(run, tape):
    path = tape(steady(8000, step_ns=S // 10))
    (segment,) = segments(path)
    data = segment.read_bytes()
    last = block_offsets(data)[-1]
    last_seq = int.from_bytes(data[last + 24 : last + 32], "little")
    segment.write_bytes(data[: last + 200])
    done = run("replay", path, "--format", "csv")
    assert sum(int(r["trades"]) for r in rows(done)) == last_seq - 2
    assert "ends inside a block (200 bytes)" in done.stderr
    assert "ends inside a block" in run("replay", path, "--no-candles", "--verbose").stderr


def test_not_a_tape(run, tmp_path):
    done = run("replay", tmp_path / "none", status=4)
    assert done.stderr.count("\n") == 1 and "none" in done.stderr
    (tmp_path / "empty").mkdir()
    done = run("replay", tmp_path / "empty", status=3)
    assert done.stderr.count("\n") == 1 and "empty" in done.stderr


@pytest.mark.parametrize(
    "options, words",
    [
        ("--bar 1x", "1x"), ("--bar 1m,60s", "twice"), ("--bar 1m,,1h", "empty"), ("--speed fast", "fast"),
        ("--speed 0", "'0'"), ("--empty maybe", "maybe"), ("--lateness-ms -1", "-1"), ("--format xml", "xml"),
        ("--from 2024-01-01 --to 2023-01-01", "not before"), ("--from soon", "soon"), ("extra", "extra"),
    ],
)
def test_wrong_calls(options, words, run, tape):
    done = run("replay", tape(steady(1)), *options.split(), status=2)
    assert done.stdout == "" and done.stderr.count("\n") == 1 and words in done.stderr


def test_troubles_are_summed_up_in_one_line(run, tape):
    lines = steady(5) + steady(5, start_ns=T0 + 6 * S, first=8) + [f"{T0 + 20 * S} {{\"e\":\"trade\",\"s\":3}}"]
    path = tape(lines)
    done = run("replay", path, "--no-candles")
    assert done.stderr == "rewick: warning: 1 malformed frame, 2 missing trades (--verbose says more)\n"
    done = run("replay", path, "--no-candles", "--verbose")
    assert re.search(r"warning: binance: .*malformed.*record 12", done.stderr)
    assert re.search(r"^rewick: 12 records, 10 trades, 0 candles in \d+\.\d\d s \(.* records/s\)", done.stderr, flags=re.M)


# ---- sinks and terminals -------------------------------------------------------------------------------


def test_a_store_gets_each_candle_once_however_often_it_is_replayed(run, tape, tmp_path):
    path = tape(steady(200))
    db = tmp_path / "candles.db"
    for _ in range(2):
        run("replay", path, "--db", db, "--no-candles")
        with contextlib.closing(sqlite3.connect(db)) as store:
            got = store.execute("SELECT state, trades FROM candle ORDER BY open_time").fetchall()
        assert got == [("closed", 60), ("closed", 60), ("closed", 60), ("forming", 20)]


def test_grpc_goes_on_when_the_tape_has_ended(rewick, tape):
    process = subprocess.Popen(
        [rewick, "replay", tape(steady(100)), "--grpc", "127.0.0.1:0", "--no-candles", "--digest"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    port = int(re.fullmatch(r"rewick: gRPC on 127\.0\.0\.1:(\d+)\n", process.stderr.readline()).group(1))
    assert process.stderr.readline() == "rewick: the tape is at its end; gRPC goes on until Ctrl-C\n"
    socket.create_connection(("127.0.0.1", port), timeout=10).close()
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    out, talk = process.communicate(timeout=30)
    assert process.returncode == 0 and talk == "" and out.startswith("candle digest ")


def test_a_growing_tape_is_followed(rewick, run, tape):
    path = tape(steady(65))
    args = ["replay", path, "--follow", "--format", "csv", "--forming", "--digest"]
    process = subprocess.Popen([rewick, *args], stdout=subprocess.PIPE, text=True)
    alarm = threading.Timer(60, process.kill)
    alarm.start()
    process.stdout.readline()

    def read_until(start, state, trades):
        for line in process.stdout:
            row = line.split(",")
            if (row[3], row[5], row[13]) == (start, state, trades):
                return
        pytest.fail(f"no {state} candle of {start} with {trades} trades")

    read_until("2023-11-14T22:15:00Z", "forming", "5")
    tape(steady(70, start_ns=T0 + 65 * S, first=66), options=["--append"])
    read_until("2023-11-14T22:15:00Z", "closed", "60")
    read_until("2023-11-14T22:16:00Z", "forming", "15")
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=20)
    alarm.cancel()
    assert process.returncode == 0
    whole = run(*(word for word in args if word != "--follow"))
    assert rest.splitlines()[-1] == whole.stdout.splitlines()[-1]


def test_a_reader_that_went_away_is_no_failure(rewick, tape):
    path = tape(steady(20000, step_ns=S // 10))
    process = subprocess.Popen(
        [rewick, "replay", path, "--bar", "1s", "--format", "csv", "--forming"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert process.stderr.read() == ""


def on_terminal(args, stdout):
    """Runs with stderr (and stdout, when it is None) on a terminal; gives what the terminal got."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(args, stdout=terminal if stdout is None else stdout, stderr=terminal, stdin=subprocess.DEVNULL)
    os.close(terminal)
    got = b""
    while True:
        try:
            data = os.read(controller, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        got += data
    os.close(controller)
    assert process.wait(timeout=60) == 0
    return got.decode()


def test_a_terminal_gets_a_progress_bar_and_a_summary_and_a_pipe_neither(rewick, tape):
    path = tape(steady(3000, step_ns=S // 1000))
    args = [rewick, "replay", str(path), "--speed", "5"]
    shown = on_terminal([*args, "--no-candles"], subprocess.DEVNULL)
    assert re.search(r"\rreplay +\d+% \[#*\.*\]  .* records/s, 0:0\d left\x1b\[K", shown)
    assert re.search(r"\r\x1b\[Krewick: 3001 records, 3000 trades, ", shown)
    # Candles on the same terminal: no bar between them.
    shown = on_terminal(args, None)
    assert "replay" not in shown and "3000 trades" in shown
    done = subprocess.run([*args, "--no-candles"], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == done.stderr == ""


# ---- names ---------------------------------------------------------------------------------------------


def instrument_list(**symbols):
    """Binance's exchangeInfo: instrument_list(FOOBAR=("FOO", "BAR"))."""
    return json.dumps(
        {"symbols": [{"symbol": s, "status": "TRADING", "baseAsset": base, "quoteAsset": quote, "filters": []}
                     for s, (base, quote) in symbols.items()]}
    )


def test_the_list_on_the_tape_names_instruments_from_any_point_on(run, tape, tmp_path):
    (tmp_path / "list.json").write_text(instrument_list(FOOBAR=("FOO", "BAR"), BTCUSDT=("XBT", "TETHER")))
    path = tape(steady(90, symbol="FOOBAR"), steady(90), options=("--instruments", tmp_path / "list.json"))

    def names(*options):
        return {r["instrument"] for r in rows(run("replay", path, "--format", "csv", *options))}

    assert names() == {"FOO-BAR", "XBT-TETHER"}
    assert names("--from", str(T0 + 45 * S)) == {"FOO-BAR", "XBT-TETHER"}
    assert names("--from", str(T0 + 45 * S), "--instrument", "FOO-BAR") == {"FOO-BAR"}
    # The list stands before --from and changes nothing else: the same candles as of a tape that begins there.
    part = tape(steady(90, symbol="FOOBAR")[45:], steady(90)[45:], name="part",
                options=("--instruments", tmp_path / "list.json"))
    values = ("instrument", "open_time", "open", "close", "volume", "trades", "missing", "flags")
    of_part = [[r[v] for v in values] for r in rows(run("replay", part, "--format", "csv"))]
    assert [[r[v] for v in values] for r in rows(run("replay", path, "--format", "csv", "--from", str(T0 + 45 * S)))] == of_part


def test_without_a_list_it_is_said_that_names_are_readings(run, tape, tmp_path):
    told = "binance: no instrument list on this tape; names come from the spelling alone"
    path = tape(steady(5), steady(5, symbol="ETHUSDT"), name="bare")
    assert run("replay", path, "--no-candles", "--verbose").stderr.count(told) == 1
    (tmp_path / "list.json").write_text(instrument_list(BTCUSDT=("BTC", "USDT")))
    path = tape(steady(5), steady(5, symbol="ETHUSDT"), name="listed", options=("--instruments", tmp_path / "list.json"))
    assert told not in run("replay", path, "--no-candles", "--verbose").stderr


def test_a_later_list_renames_nothing(run, tape, tmp_path):
    (tmp_path / "list.json").write_text(instrument_list(BTCUSDT=("XBT", "TETHER")))
    path = tape(steady(70))
    tape(steady(70, start_ns=T0 + 70 * S, first=71), options=("--append", "--instruments", tmp_path / "list.json"))
    assert {r["instrument"] for r in rows(run("replay", path, "--format", "csv"))} == {"BTC-USDT"}
    # Begun behind it, the replay knows it.
    later = run("replay", path, "--format", "csv", "--from", str(T0 + 75 * S))
    assert {r["instrument"] for r in rows(later)} == {"XBT-TETHER"}


def test_what_came_by_http_is_counted_apart(run, tmp_path):
    """Kraken's answer for two trades of which the first is in no frame."""
    answer = {"error": [], "result": {"XBTUSDT": [["100.0", "1.0", 1700000001.5, "b", "l", "", 11],
                                                  ["101.0", "1.0", 1700000002.5, "s", "l", "", 12]], "last": "0"}}
    (tmp_path / "answer.json").write_text(json.dumps(answer))
    run("import", "--from", "http", "--venue", "kraken", "--url", "https://api.kraken.com/0/public/Trades?pair=XBTUSDT",
        tmp_path / "answer.json", "--out", tmp_path / "tape")
    (row,) = rows(run("replay", tmp_path / "tape", "--format", "csv"))
    assert (row["trades"], row["backfilled"]) == ("2", "2")

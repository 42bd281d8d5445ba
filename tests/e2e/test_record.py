"""rewick record over real sockets: what a venue sends is on the tape, whatever goes wrong meanwhile."""

import concurrent.futures
import contextlib
import csv
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import struct
import subprocess
import threading
import time

import pytest

import tape_bytes as tb
from fake_market import Binance
from fake_venue import BINARY, CONTINUATION, PING, TEXT, FakeVenue, frame
from recorder_run import (
    DEADLINE, Recorder, events, gaps, meanwhile, recorder, repeatable, trade_ids, until, until_newest,
)

assert recorder and meanwhile


# ---- help ---------------------------------------------------------------------------------------


def trade(number, time_ms=None):
    """A Binance trade; everything in it follows from its number and time."""
    time_ms = time_ms if time_ms is not None else int(time.time() * 1000)
    price = f"{100 + number % 7}.{number % 100:02}000000"
    data = {"e": "trade", "E": time_ms, "s": "BTCUSDT", "t": number, "p": price}
    data |= {"q": f"0.{number % 1000 + 1:08}", "T": time_ms, "m": number % 2 == 0, "M": True}
    return json.dumps({"stream": "btcusdt@trade", "data": data}, separators=(",", ":")).encode()


def trade_number(data):
    return json.loads(data)["data"]["t"]


def barrier(conn):
    """All that was sent before has been received: frames are handled in order, and a ping is answered."""
    token = struct.pack(">Q", random.getrandbits(64))
    conn.raw(frame(PING, token))
    until(lambda: token in conn.pongs or conn.closed.is_set(), "an answer to a ping")


ACK = b'{"result":null,"id":1}'


def after_subscribing(body):
    """A script that waits for the subscription, accepts it and goes on with body(conn)."""

    def script(conn):
        conn.wait_message()
        conn.text(ACK)
        body(conn)

    return script


def received(recorder):
    return [r.data for r in recorder.records(tb.RECEIVED)]


# ---- frames -------------------------------------------------------------------------------------


def in_pieces(conn, data, rng):
    """The same bytes in writes of random size: frames and their headers are cut anywhere."""
    at = 0
    while at < len(data):
        size = rng.choice([1, 2, 3, 7, 100, 5000, 70000])
        conn.raw(data[at : at + size])
        at += size
        if size < 10:
            time.sleep(0.001)


def test_frames_are_on_the_tape_byte_for_byte(recorder):
    rng = random.Random(1)
    big = rng.randbytes(5_000_000)
    sent = []  # (payload, binary)
    done = threading.Event()

    def body(conn):
        for payload in [b"{}", b"", b"x" * 125, b"y" * 126, b"z" * 65535, b"w" * 65536, b"a\nb\r\n\0c"]:
            conn.text(payload)
            sent.append((payload, False))
        text = "\u20bf\U0001f680 \u00e9".encode()
        conn.text(text)
        sent.append((text, False))
        for payload in [b"", bytes(range(256)), big]:
            conn.binary(payload)
            sent.append((payload, True))
        conn.fragments(TEXT, [b"one ", b"", b"two ", b"three"])
        sent.append((b"one two three", False))
        conn.fragments(BINARY, [big[:1_000_000], b"", big[1_000_000:3_000_000]])
        sent.append((big[:3_000_000], True))
        conn.raw(frame(TEXT, b"be", fin=False) + frame(PING, b"between") + frame(CONTINUATION, b"fore"))
        sent.append((b"before", False))
        payloads = [rng.randbytes(rng.choice([0, 1, 10, 125, 126, 3000, 66000])) for _ in range(40)]
        in_pieces(conn, b"".join(frame(BINARY, p) for p in payloads), rng)
        sent.extend((p, True) for p in payloads)
        barrier(conn)
        done.set()

    with FakeVenue(after_subscribing(body)) as venue:
        rec = recorder(venue, "--no-candles")
        assert done.wait(DEADLINE)
        rec.stop()
        got = rec.records(tb.RECEIVED)
        assert got[0].data == ACK
        assert [(r.data, bool(r.flags & tb.BINARY)) for r in got[1:]] == sent


def test_records_tell_the_whole_story_in_order(recorder):
    done = threading.Event()

    def body(conn):
        for number in range(1, 51):
            conn.text(trade(number, 1_700_000_000_000 + number))
        barrier(conn)
        done.set()

    with FakeVenue(after_subscribing(body)) as venue:
        rec = recorder(venue, "--no-candles", "--bar", "1s,5m", "--lateness-ms", "250")
        assert done.wait(DEADLINE)
        conn = venue.wait_conn(1)
        rec.stop()
        assert conn.target == "/stream"
        assert conn.close_code == 1000  # it says goodbye
        records = rec.records()
        url = venue.url + "/stream"
    assert [r.seq for r in records] == list(range(1, len(records) + 1))
    assert all(a.mono_ns <= b.mono_ns for a, b in zip(records, records[1:]))
    kinds = [r.type for r in records if r.type == tb.CONFIG or r.connection > 0]
    assert kinds == [tb.CONFIG, tb.CONNECTION, tb.SENT] + [tb.RECEIVED] * 51 + [tb.CONNECTION]
    config = json.loads(records[0].data)
    assert config["bars"] == ["1s", "5m"]
    assert config["lateness_ns"] == 250_000_000
    assert config["horizon_ns"] == 600_000_000_000
    assert config["empty"] == "none"
    assert config["venues"] == [
        {
            "venue": "binance",
            "url": url,
            "channels": ["trade"],
            "redundant": 1,
            "instruments": ["BTC-USDT"],
            "symbols": ["BTCUSDT"],
        }
    ]
    assert [e for _, e in events(rec)] == [
        {"event": "open", "url": url, "link": 1, "wanted": {"trade": ["BTCUSDT"]}},
        {"event": "close", "reason": "the recorder stops", "planned": True},
    ]
    sent = [r for r in records if r.type == tb.SENT]
    assert sent[0].data == conn.received[0]
    assert {r.connection for r in records if r.type in (tb.CONNECTION, tb.SENT, tb.RECEIVED)} == {0, 1}
    (clock,) = [json.loads(r.data) for r in records if r.type == tb.CONNECTION and r.connection == 0]
    assert clock["event"] == "clock" and clock["synchronised"] in (True, False)
    frames = [r for r in records if r.type == tb.RECEIVED]
    assert frames[0].source_ns is None  # the answer to a subscription has no time
    assert [r.source_ns for r in frames[1:]] == [
        (1_700_000_000_000 + number) * 1_000_000 for number in range(1, 51)
    ]
    now = time.time_ns()
    assert all(now - 120e9 < r.wall_ns <= now for r in records)


def test_time_passes_on_the_tape_of_a_silent_market(recorder):
    with FakeVenue(after_subscribing(lambda conn: None)) as venue:
        rec = recorder(venue, "--no-candles", "--for", "2s").wait()
    ticks = rec.records(tb.TICK)
    assert 4 <= len(ticks) <= 8  # one in 250 ms, looked at every 50
    assert all(r.data == b"" and r.venue == "" for r in ticks)


def test_many_symbols_are_spread_and_subscriptions_are_paced(recorder):
    names = ",".join(f"A{i}-USDT" for i in range(1300))
    with FakeVenue(lambda conn: None) as venue:
        rec = recorder(venue, "--no-candles", name=f"binance:{names}")
        conns = [venue.wait_conn(1), venue.wait_conn(2)]
        until(lambda: [len(c.received) for c in conns] in ([6, 2], [2, 6]), "all subscriptions")
        rec.stop()
    asked = [p for c in conns for m in c.received for p in json.loads(m)["params"]]
    assert sorted(asked) == sorted(f"a{i}usdt@trade" for i in range(1300))
    for number in (1, 2):
        times = [r.mono_ns for r in rec.records(tb.SENT) if r.connection == number]
        assert all(b - a >= 350_000_000 for a, b in zip(times, times[1:]))  # at most 5 a second


def test_a_message_over_the_limit_is_left_out_and_said(recorder):
    done = threading.Event()

    def body(conn):
        conn.text(b"before")
        conn.binary(bytes(17 * 1024 * 1024))
        conn.text(b"after")
        barrier(conn)
        done.set()

    with FakeVenue(after_subscribing(body)) as venue:
        rec = recorder(venue, "--no-candles")
        assert done.wait(DEADLINE)
        rec.stop()
    kinds = [(r.type, r.data) for r in rec.records() if r.type in (tb.RECEIVED, tb.GAP)]
    assert [k for k, _ in kinds] == [tb.RECEIVED, tb.RECEIVED, tb.GAP, tb.RECEIVED]
    assert [d for k, d in kinds if k == tb.RECEIVED] == [ACK, b"before", b"after"]
    gap = json.loads(kinds[2][1])
    assert gap["count"] == 1 and gap["reason"] == "message too large"
    assert gap["first_wall_ns"] == gap["last_wall_ns"] <= time.time_ns()


# ---- broken connections -------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["close", "fin", "reset", "half frame"])
def test_it_comes_back_after_a_cut(recorder, run, how):
    cuts = 4
    done = threading.Event()

    def body(conn):
        for number in range(conn.number * 100, conn.number * 100 + 100):
            conn.text(trade(number))
        barrier(conn)
        if conn.number > cuts:
            done.set()
        elif how == "close":
            conn.close(1001, b"service restart")
        elif how == "fin":
            conn.fin()
        elif how == "reset":
            conn.reset()
        else:
            conn.raw(frame(TEXT, trade(1))[:40])
            conn.fin()

    with FakeVenue(after_subscribing(body)) as venue:
        rec = recorder(venue, "--no-candles", "--digest")
        assert done.wait(DEADLINE)
        rec.stop()
    records = rec.records()
    assert [r.seq for r in records] == list(range(1, len(records) + 1))
    numbers = [trade_number(r.data) for r in records if r.type == tb.RECEIVED and r.data != ACK]
    assert numbers == list(range(100, 100 * (cuts + 2)))
    assert [e["event"] for _, e in events(rec)] == ["open", "close"] * (cuts + 1)
    assert [r.connection for r in records if r.type == tb.SENT] == list(range(1, cuts + 2))
    assert not rec.records(tb.GAP)
    if how == "close":
        ends = [e for _, e in events(rec)][1:-1:2]
        assert {e["reason"] for e in ends} == {"the venue closed it with code 1001: service restart"}
    digest = rec.stdout.splitlines()[-1]
    assert digest == run("replay", rec.tape, "--no-candles", "--digest").stdout.splitlines()[-1]


def a_stalled_connection_is_noticed_and_one_that_only_pings_is_not(recorder, run):
    """Coinbase: nothing for 10 s is dead. A ping is something."""
    match = b'{"type":"heartbeat","sequence":1,"last_trade_id":1,"product_id":"BTC-USD","time":"2024-01-01T00:00:00.000000Z"}'

    def pinging(conn):
        conn.text(match)
        while not conn.closed.wait(2):
            conn.ping(b"still here")

    def stalling(conn):
        conn.text(match)

    with FakeVenue(pinging) as alive, FakeVenue(stalling) as dead:
        rec = recorder(
            alive,
            *["--no-candles", "--venue", "binance:BTC-USDT", "--venue", "coinbase-advanced:BTC-USD"],
            *["--url", f"coinbase-advanced={dead.url}", "--url", f"binance={alive.url}"],
            name="coinbase:BTC-USD",
        )
        dead.wait_conn(2, timeout=40)
        rec.stop()
    closes = [r for r in rec.records(tb.CONNECTION) if b"nothing came" in r.data]
    assert [r.venue for r in closes] == ["coinbase-advanced"]
    opened = [r for r in rec.records(tb.CONNECTION) if r.venue == "coinbase-advanced"][0]
    assert 9.9e9 < closes[0].mono_ns - opened.mono_ns < 20e9


def test_a_venue_that_cannot_be_reached_is_tried_again_and_the_reason_is_said(recorder):
    with FakeVenue(lambda conn: None) as venue:
        port = venue.port
    rec = recorder(venue, "--no-candles")  # nobody listens there any more
    until(lambda: rec.stderr.count("Connection refused") >= 2, "two refusals")
    done = threading.Event()

    def body(conn):
        conn.text(trade(1))
        barrier(conn)
        done.set()

    with FakeVenue(after_subscribing(body), port=port):
        assert done.wait(DEADLINE)
        rec.stop()
    seen = [e for _, e in events(rec)]
    assert [e["event"] for e in seen[-3:]] == ["error", "open", "close"]
    assert seen[0]["reason"] == "Connection refused"


def test_an_unknown_host_is_said_and_does_not_stop_the_other_venue(recorder):
    done = threading.Event()

    def body(conn):
        conn.text(trade(1))
        barrier(conn)
        done.set()

    with FakeVenue(after_subscribing(body)) as venue:
        rec = recorder(
            venue, "--no-candles", "--venue", "kraken:BTC-USD", "--url", "kraken=ws://no-such-host.invalid"
        )
        assert done.wait(DEADLINE)
        until(lambda: "'no-such-host.invalid' cannot be resolved" in rec.stderr, "the reason")
        rec.stop()


def test_an_http_refusal_says_its_status(recorder):
    answer = b"HTTP/1.1 451 Unavailable For Legal Reasons\r\ncontent-length: 0\r\n\r\n"
    with FakeVenue(lambda conn: None, refuse=answer) as venue:
        rec = recorder(venue, "--no-candles")
        until(lambda: "451" in rec.stderr, "the status")
        rec.stop()
    assert not rec.records(tb.RECEIVED)


# ---- TLS ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """certificates(name, san, days): a self-signed certificate and its key. Negative days: expired."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl command here to make certificates with")
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*words):
        subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)

    def make(name, san=None, days=2):
        pair = folder / f"{name}.pem", folder / f"{name}.key"
        request = folder / f"{name}.request"
        subject = ["-subj", f"/CN={name}", *(["-addext", f"subjectAltName={san}"] if san else [])]
        openssl("req", "-newkey", "rsa:2048", "-nodes", *subject, "-keyout", pair[1], "-out", request)
        openssl(
            "x509", "-req", "-in", request, "-signkey", pair[1], "-days", days, "-copy_extensions", "copy", "-out", pair[0]
        )
        return pair

    return make


def test_tls_with_a_certificate_that_is_trusted(recorder, certificates):
    good = certificates("good", "IP:127.0.0.1")
    done = threading.Event()

    def body(conn):
        conn.text(trade(1))
        barrier(conn)
        done.set()

    with FakeVenue(after_subscribing(body), certificate=good) as venue:
        rec = recorder(venue, "--no-candles", "--ca-file", good[0])
        assert done.wait(DEADLINE)
        rec.stop()
    assert len(received(rec)) == 2


@pytest.mark.parametrize("fault", ["unknown", "other name", "expired", "name in CN only"])
def test_tls_with_a_certificate_that_is_not(recorder, certificates, fault):
    options = {
        "unknown": {"san": "IP:127.0.0.1"},
        "other name": {"san": "DNS:elsewhere.example"},
        "expired": {"san": "IP:127.0.0.1", "days": -1},
        "name in CN only": {},
    }[fault]
    pair = certificates("127.0.0.1" if "CN" in fault else fault.replace(" ", "-"), **options)
    with FakeVenue(lambda conn: conn.text(trade(1)), certificate=pair) as venue:
        trust = [] if fault == "unknown" else ["--ca-file", pair[0]]
        rec = recorder(venue, "--no-candles", *trust)
        until(lambda: "TLS: " in rec.stderr, "the reason")
        rec.stop()
        assert not venue.conns
    assert not rec.records(tb.RECEIVED)
    says = {"unknown": "self-signed", "expired": "expired"}.get(fault, "mismatch")
    assert says in rec.stderr


def test_a_ca_file_that_is_none_is_refused_at_once(run, tmp_path):
    call = ["record", "--out", tmp_path / "tape", "--venue", "binance:BTC-USDT", "--ca-file"]
    assert "none.pem" in run(*call, tmp_path / "none.pem", status=4).stderr
    (tmp_path / "text.pem").write_text("no certificate\n")
    result = run(*call, tmp_path / "text.pem", status=2)
    assert "text.pem" in result.stderr and len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "tape").exists()


# ---- subscriptions ------------------------------------------------------------------------------


def kraken(refused):
    """A Kraken that refuses these symbols."""

    def script(conn):
        request = json.loads(conn.wait_message())
        for symbol in request["params"]["symbol"]:
            answer = {"method": "subscribe", "success": symbol not in refused}
            if symbol in refused:
                answer |= {"error": f"Currency pair not supported {symbol}", "symbol": symbol}
            else:
                answer["result"] = {"channel": "trade", "symbol": symbol, "snapshot": True}
            conn.text(json.dumps(answer).encode())
        while not conn.closed.wait(0.5):
            conn.text(b'{"channel":"heartbeat"}')

    return script


def test_when_all_is_refused_it_ends_and_says_so(recorder):
    with FakeVenue(kraken({"FOO/BAR", "FOO/BAZ"})) as venue:
        rec = recorder(venue, "--no-candles", name="kraken:FOO-BAR,FOO-BAZ").wait(status=2)
    assert "kraken: subscription refused: trade FOO-BAR: Currency pair not supported FOO/BAR" in rec.stderr
    assert "no venue accepted a subscription" in rec.stderr.splitlines()[-1]
    assert tb.is_closed(rec.tape)


def test_when_a_part_is_refused_it_goes_on(recorder):
    with FakeVenue(kraken({"FOO/BAR"})) as venue:
        rec = recorder(venue, "--no-candles", "--for", "4s", name="kraken:BTC-USD,FOO-BAR").wait()
    assert "kraken: subscription refused: trade FOO-BAR: Currency pair not supported FOO/BAR" in rec.stderr


# ---- candles ------------------------------------------------------------------------------------


def steady(pause, count=10**9, start=1):
    """So many numbered trades; `sent` holds the numbers of those handed to the socket."""
    sent = []

    def body(conn):
        for number in range(start + len(sent), start + count):
            conn.text(trade(number))
            sent.append(number)
            if pause:
                time.sleep(pause)

    return body, sent


def digest_line(text):
    lines = [line for line in text.splitlines() if line.startswith("candle digest ")]
    assert len(lines) == 1 and text.splitlines()[-1] == lines[0]
    return lines[0]


def printed(text):
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("candle digest ")))


def test_live_digest_equals_replay_digest(recorder, run):
    body, _ = steady(0.002, 2500)
    with FakeVenue(after_subscribing(body)) as venue:
        rec = recorder(
            venue, "--digest", "--format", "csv", "--forming", "--bar", "1s,2s", "--until-silent", "2s"
        ).wait()
    replay = run("replay", rec.tape, "--digest", "--format", "csv", "--forming")
    assert digest_line(rec.stdout) == digest_line(replay.stdout)
    assert repeatable(rec.stdout) == repeatable(replay.stdout)
    # Receive to emit is measured live, one value per update of a candle; a replay has none.
    live = [row for row in printed(rec.stdout) if row["emit_count"]]
    assert live and all(0 <= int(row["emit_min"]) <= int(row["emit_p50"]) <= int(row["emit_max"]) for row in live)
    assert not any(row["emit_count"] for row in printed(replay.stdout))
    rows = [line.split(",") for line in rec.stdout.splitlines()[1:-1]]
    closed = [r for r in rows if r[2] == "1s" and r[5] == "closed"]
    assert sum(int(r[13]) for r in closed) == 2500  # every trade, once


def test_a_second_run_goes_on_and_both_make_one_digest(recorder, run):
    for first in (1, 1001, 2001):
        body, _ = steady(0.001, 1000, start=first)
        with FakeVenue(after_subscribing(body)) as venue:
            settings = ["--bar", "1s", "--until-silent", "1s", "--segment-bytes", "8192"]
            rec = recorder(venue, "--digest", "--no-candles", *settings).wait()
        replay = run("replay", rec.tape, "--digest", "--no-candles")
        assert digest_line(rec.stdout) == digest_line(replay.stdout)
    records = rec.records()
    assert [r.seq for r in records] == list(range(1, len(records) + 1))
    assert [r.connection for r in rec.records(tb.SENT)] == [1, 2, 3]
    assert len(rec.records(tb.CONFIG)) == 3
    assert len(list(rec.tape.glob("*.rwk.zst"))) > 3  # more than one a run


def test_other_candle_settings_on_the_same_tape_are_refused(recorder):
    with FakeVenue(after_subscribing(lambda conn: None)) as venue:
        recorder(venue, "--no-candles", "--bar", "1s,1m", "--empty", "carry", "--for", "1s").wait()
        before = recorder(venue, "--no-candles", "--for", "1s").wait()  # the tape's own hold
        again = ["--bar", "1s,1m", "--empty", "carry", "--lateness-ms", "500", "--for", "1s"]
        recorder(venue, "--no-candles", *again).wait()
        count = len(before.records())
        for other in (["--bar", "1s"], ["--empty", "none"], ["--lateness-ms", "1"], ["--horizon-ms", "1"]):
            rec = recorder(venue, *other, "--for", "1s").wait(status=2)
            assert len(rec.stderr.splitlines()) == 1
            assert "--bar 1s,1m --lateness-ms 500 --horizon-ms 600000 --empty carry" in rec.stderr
    assert len(before.records()) >= count
    bars = [json.loads(r.data)["bars"] for r in before.records(tb.CONFIG)]
    assert bars == [["1s", "1m"]] * 3


CANDLES = (
    "SELECT venue, instrument, bar, open_time, close_time, state, revision, open, high, low, close, volume,"
    " quote_volume, trades, taker_buy_volume, first_seq, last_seq, missing, duplicates, late, flags"
    " FROM candle ORDER BY venue, instrument, bar, open_time"
)


def candles(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return db.execute(CANDLES).fetchall()


def test_a_slow_reader_of_stdout_does_not_hold_up_capture(recorder, run):
    """More candles than a pipe holds, and nobody reads: frames go on to the tape all the same."""
    total = 4000
    body, sent = steady(0, total)
    reader, writer = os.pipe()
    with FakeVenue(after_subscribing(body)) as venue:
        rec = recorder(venue, "--forming", "--format", "csv", "--digest", "--bar", "1s", stdout=writer)
        os.close(writer)
        until(lambda: len(rec.records(tb.RECEIVED)) == total + 1, "all frames on the tape")
        assert sent[-1] == total
        rec.process.send_signal(signal.SIGINT)
        with os.fdopen(reader) as pipe:
            text = pipe.read()
        rec.wait()
    replay = run("replay", rec.tape, "--forming", "--format", "csv", "--digest").stdout
    assert len(text) > 4 * 65536  # more than the pipe holds
    assert repeatable(text) == repeatable(replay)


def test_a_reader_of_stdout_that_goes_away_does_not_end_capture(recorder):
    body, sent = steady(0.005)
    reader, writer = os.pipe()
    with FakeVenue(after_subscribing(body)) as venue:
        rec = recorder(venue, "--forming", "--format", "csv", "--bar", "1s", stdout=writer)
        os.close(writer)
        until(lambda: len(sent) > 20, "some trades")
        os.close(reader)
        until(lambda: "capture goes on" in rec.stderr, "the warning")
        count = len(sent) + 100
        until(lambda: len(rec.records(tb.RECEIVED)) > count, "more frames")
        rec.stop()
    assert tb.is_closed(rec.tape)


def small_disk(path, size):
    """Mounts a file system of this size, or skips."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system to fill")
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small file system cannot be mounted here")


def test_a_database_that_fails_ends_candles_and_not_capture(recorder, tmp_path, run):
    disk = tmp_path / "disk"
    small_disk(disk, "300k")
    body, sent = steady(0.002)
    try:
        with FakeVenue(after_subscribing(body)) as venue:
            rec = recorder(venue, "--no-candles", "--bar", "1s", "--db", disk / "c.db")
            until(lambda: "candles end here" in rec.stderr, "the disk full of candles")
            count = len(sent) + 500
            until(lambda: len(rec.records(tb.RECEIVED)) > count, "more frames")
            rec.stop(status=4)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
    assert "no space left" in rec.stderr.splitlines()[-1]
    assert tb.is_closed(rec.tape)
    numbers = [trade_number(d) for d in received(rec) if d != ACK]
    assert numbers == list(range(1, len(numbers) + 1))
    run("replay", rec.tape, "--no-candles", "--db", tmp_path / "replayed.db")
    assert len(candles(tmp_path / "replayed.db")) > 0


# ---- the end ------------------------------------------------------------------------------------


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_good_order(recorder, tmp_path, run, sig):
    body, _ = steady(0.001)
    db = tmp_path / "c.db"
    with FakeVenue(after_subscribing(body)) as venue:
        rec = recorder(venue, "--no-candles", "--db", db, "--bar", "1s")
        until(lambda: rec.tape.exists() and len(rec.records(tb.RECEIVED)) > 2500, "some seconds of trades")
        begin = time.monotonic()
        rec.stop(sig)
        assert time.monotonic() - begin < 10
    assert tb.is_closed(rec.tape)
    run("tape", "verify", rec.tape)
    run("replay", rec.tape, "--no-candles", "--db", tmp_path / "replayed.db")
    assert candles(db) == candles(tmp_path / "replayed.db")
    assert len(candles(db)) >= 2


def test_a_second_signal_ends_it_at_once_when_candles_hang(recorder):
    """Nobody reads the pipe on stdout, so candles never end; the tape is whole all the same."""
    body, sent = steady(0, 4000)
    reader, writer = os.pipe()
    with FakeVenue(after_subscribing(body)) as venue:
        rec = recorder(venue, "--forming", "--format", "csv", "--bar", "1s", stdout=writer)
        os.close(writer)
        until(lambda: len(rec.records(tb.RECEIVED)) == 4001, "all frames on the tape")
        rec.process.send_signal(signal.SIGINT)
        until(lambda: "Ctrl-C again" in rec.stderr, "the offer")
        assert rec.process.poll() is None
        rec.stop(status=130)
    os.close(reader)
    assert tb.is_closed(rec.tape)
    assert len(sent) == 4000


def test_a_second_recorder_on_the_tape_is_refused(recorder):
    with FakeVenue(after_subscribing(lambda conn: None)) as venue:
        first = recorder(venue, "--no-candles")
        venue.wait_conn(1)
        second = recorder(venue, "--no-candles").wait(status=4)
        assert str(first.tape) in second.stderr.splitlines()[-1]
        first.stop()


BTC = {"BTCUSDT": ("BTC", "USDT")}


def fill(path, leave=0):
    """Takes the room of a file system, but for so many bytes."""
    with open(path, "wb", buffering=0) as file:
        try:
            while (disk := os.statvfs(path)).f_bavail * disk.f_bsize > leave:
                file.write(bytes(16384))
        except OSError:
            pass


@pytest.mark.parametrize("leave", [0, 600_000])
def test_a_full_disk_is_a_pause_that_costs_nothing(recorder, tmp_path, run, leave):
    """It says once that it waits for room, writes nothing meanwhile, and goes on by itself with what came; whether it
    saw the end coming or ran into it."""
    disk = tmp_path / "disk"
    small_disk(disk, "24m")
    try:
        with Binance(BTC) as venue, venue.pumping(0.01):
            rec = recorder(venue, "--no-candles", "--digest", "--bar", "1s", tape=disk / "tape")
            until_newest(rec, 50)
            fill(disk / "other", leave)
            until(lambda: rec.status()["tape"]["interrupted"], "the pause", recorder=rec)
            until(lambda: rec.status()["tape"]["disk"] == "full", "a look at the disk", recorder=rec)
            assert rec.status()["tape"]["why"]
            run("status", rec.tape, status=1)
            number = venue.next_id["BTCUSDT"] + 100
            until(lambda: venue.next_id["BTCUSDT"] > number, "trades during the pause", recorder=rec)
            assert max(trade_ids(rec)) < number
            (disk / "other").unlink()
            until_newest(rec, number + 100)
            assert rec.status()["tape"]["disk"] != "full"
            rec.stop()
            assert len(venue.conns) == 1
        ids = trade_ids(rec)
        assert ids == list(range(ids[0], ids[-1] + 1))
        assert not gaps(rec)
        assert rec.stderr.count("nothing more is written until there is room") == 1
        assert rec.stderr.count("there is room on the disk again") == 1
        assert leave == 0 or "no space left" not in rec.stderr
        assert rec.stdout == run("replay", rec.tape, "--no-candles", "--digest").stdout
        run("tape", "verify", rec.tape)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_stopping_while_the_disk_is_full_counts_what_is_lost(recorder, tmp_path, run):
    disk = tmp_path / "disk"
    small_disk(disk, "24m")
    try:
        with Binance(BTC) as venue, venue.pumping(0.01):
            rec = recorder(venue, "--no-candles", tape=disk / "tape")
            until_newest(rec, 50)
            fill(disk / "other")
            until(lambda: rec.status()["tape"]["interrupted"], "the pause", recorder=rec)
            number = venue.next_id["BTCUSDT"] + 100
            until(lambda: venue.next_id["BTCUSDT"] > number, "trades during the pause", recorder=rec)
            rec.stop(status=4)
        last = rec.stderr.splitlines()[-1]
        lost = int(re.search(r"\((\d+) had come\)", last)[1])
        there = trade_ids(rec)
        assert there == list(range(there[0], there[-1] + 1))
        assert 50 <= lost and there[-1] + lost >= number - 1
        run("tape", "verify", rec.tape)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


# ---- what is kept -------------------------------------------------------------------------------


def segments(rec):
    return sorted(rec.tape.glob("*.rwk.zst"))


def old_segments_go_and_what_is_left_is_whole(recorder, run):
    """By size and by age, side by side: the recorder looks now and then only."""
    keep = 60_000
    small = ["--no-candles", "--bar", "1s", "--segment-bytes", "8192", "--flush-ms", "20"]
    sized, aged = [*small, "--keep-bytes", keep], [*small, "--keep-age", "2s"]
    with Binance(BTC) as venue, venue.pumping(0.002):
        recs = [recorder(venue, *args, tape=args[-2]) for args in (sized, aged)]
        for rec in recs:
            until(lambda: rec.tape.exists() and segments(rec), "a segment", recorder=rec)
        ends = []
        for rec in recs:
            until(lambda: segments(rec)[0].name > "00000002.rwk.zst", "the first ones gone", 120, rec)
            rec.stop()
            records = rec.records()
            ends.append(records[-1].seq)
            assert records[0].seq > 1
            assert [r.seq for r in records] == list(range(records[0].seq, records[-1].seq + 1))
            run("tape", "verify", rec.tape)
            ids = trade_ids(rec)
            rows = run("replay", rec.tape, "--format", "csv").stdout.splitlines()[1:]
            assert sum(int(row.split(",")[13]) for row in rows) == len(ids)
        assert time.time_ns() - recs[1].records()[0].wall_ns < 60e9
        again = recorder(venue, *sized, tape=recs[0].tape)
        until_newest(again, venue.next_id["BTCUSDT"] + 20)
        again.stop()
    numbers = [r.seq for r in again.records()]
    assert numbers[-1] > ends[0]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    run("tape", "verify", again.tape)


# ---- talk ---------------------------------------------------------------------------------------


def test_every_line_of_the_json_log_is_json(recorder):
    with Binance(BTC) as venue, venue.pumping(0.01):
        rec = recorder(venue, "--no-candles", "--log", "json")
        until_newest(rec, 20)
        venue.conns[0].close(1001, 'quote " backslash \\ and \u20ac'.encode())
        until(lambda: len(venue.conns) == 2, "another connection", recorder=rec)
        until_newest(rec, venue.next_id["BTCUSDT"])
        rec.stop()
    lines = [json.loads(line) for line in rec.stderr.splitlines()]
    assert all(set(line) >= {"time", "level", "text"} for line in lines)
    assert {line["level"] for line in lines} <= {"info", "warning", "error"}
    assert any(line["level"] == "warning" and '" backslash \\ and \u20ac' in line["text"] for line in lines)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", line["time"]) for line in lines)


def test_a_wrong_call_with_a_json_log_is_json_too(run, tmp_path):
    call = ["record", "--log", "json", "--out", tmp_path / "x", "--venue", "binance:A-B", "--channel", "nothing"]
    (line,) = run(*call, status=2).stderr.splitlines()
    assert "nothing" in json.loads(line)["text"] and json.loads(line)["level"] == "error"


def test_warnings_without_end_are_limited(recorder):
    """A venue whose every frame is too large is not a log without end."""
    big = frame(BINARY, bytes(16 * 1024 * 1024 + 1))

    def body(conn):
        for _ in range(60):
            conn.raw(big)
        conn.text(b"after")
        barrier(conn)
        done.set()

    done = threading.Event()
    with FakeVenue(after_subscribing(body)) as venue:
        rec = recorder(venue, "--no-candles")
        assert done.wait(DEADLINE)
        rec.stop()
    assert 1 <= rec.stderr.count("is left out") <= 30
    assert sum(g["count"] for g in gaps(rec, "message too large")) == 60  # each of them is counted


@pytest.mark.parametrize(
    "args, says",
    [
        (["--venue", "binance:BTC-USDT"], "--out"),
        (["--out", "x"], "--venue"),
        (["--out", "x", "--venue", "nyse:BTC-USD"], "binance"),
        (["--out", "x", "--venue", "binance"], "binance:"),
        (["--out", "x", "--venue", "binance:"], "empty instrument"),
        (["--out", "x", "--venue", "binance:BTC-USDT,,A-B"], "empty instrument"),
        (["--out", "x", "--venue", "binance:BTC-USDT,BTC-USDT"], "twice"),
        (["--out", "x", "--venue", "binance:A-B", "--channel", "binance=nothing"], "aggTrade"),
        (["--out", "x", "--venue", "binance:A-B", "--channel", "kraken=trade"], "no --venue names"),
        (["--out", "x", "--venue", "binance:A-B", "--channel", "binance"], "no channel 'binance'"),
        (["--out", "x", "--venue", "binance:A-B", "--channel", "binance=trade,aggTrade"], "both trades"),
        (["--out", "x", "--venue", "binance:A-B", "--channel", "top,,depth"], "empty channel"),
        (["--out", "x", "--venue", "binance:A-B", "--redundant", "5"], "1 to 4"),
        (["--out", "x", "--venue", "binance:A-B", "--redundant", "kraken=2"], "no --venue names"),
        (["--out", "x", "--venue", "binance:A-B", "--rest-url", "binance=ws://a"], "http"),
        (["--out", "x", "--venue", "binance:A-B", "--rest-url", "https://a"], "VENUE=URL"),
        (["--out", "x", "--venue", "binance:A-B", "--instruments", "list.json"], "VENUE=FILE"),
        (["--out", "x", "--venue", "binance:A-B", "--log", "xml"], "text or json"),
        (["--out", "x", "--venue", "binance:A-B", "--keep-age", "soon"], "soon"),
        (["--out", "x", "--venue", "binance:A-B", "--keep-bytes", "0"], "keep-bytes"),
        (["--out", "x", "--venue", "binance:A-B", "--url", "binance=127.0.0.1:1"], "ws://"),
        (["--out", "x", "--venue", "binance:A-B", "--url", "binance=ws://a:99999"], "port"),
        (["--out", "x", "--venue", "binance:A-B", "--empty", "some"], "none or carry"),
        (["--out", "x", "--venue", "binance:A-B", "--bar", "1s,1s"], "twice"),
        (["--out", "x", "--venue", "binance:A-B", "--bar", "7"], "7"),
        (["--out", "x", "--venue", "binance:A-B", "--flush-ms", "0"], "flush-ms"),
    ],
)
def test_a_wrong_call_is_one_line_that_helps(run, tmp_path, args, says):
    result = run("record", *args, status=2, cwd=tmp_path)
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("rewick: ")
    assert says in lines[0]
    assert not (tmp_path / "x").exists()


def test_sigterm_at_any_moment_ends_it_soon_and_whole(recorder, run, tmp_path):
    """While it starts, asks for the list, connects, subscribes, repairs, or is well under way."""
    rng = random.Random(8)
    waits, took = [rng.uniform(0, 0.15) for _ in range(12)] + [rng.uniform(0, 2) for _ in range(8)], []
    with Binance(BTC) as venue, venue.pumping(0.005):
        for number, wait in enumerate(waits):
            rec = recorder(venue, "--no-candles", "--bar", "1s", tape=tmp_path / f"tape{number % 3}")
            time.sleep(wait)
            begin = time.monotonic()
            rec.process.send_signal(signal.SIGTERM)
            rec.process.wait(DEADLINE)
            took.append(time.monotonic() - begin)
            begun = rec.process.returncode != -signal.SIGTERM  # else it died of it before it was a recorder
            assert rec.process.returncode in ((0, 4) if begun else (-signal.SIGTERM,)), rec.stderr
            if begun and rec.tape.exists():
                assert rec.process.returncode == 0 and tb.is_closed(rec.tape), rec.stderr
                run("tape", "verify", rec.tape)
    print(f"SIGTERM to the end: {max(took):.2f} s at most, {sorted(took)[len(took) // 2]:.2f} s median")
    assert max(took) < 20


# ---- kill -9 ------------------------------------------------------------------------------------

KILLS = int(os.environ.get("REWICK_KILLS", "50"))


class Follower:
    """Reads the tape beside the recorder: what it has seen was written, so no kill may take it away."""

    def __init__(self, tape):
        self.tape = tape
        self.last_seq = 0
        self.last_frame = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _look(self):
        if not self.tape.exists():
            return
        for record in tb.records(self.tape):
            self.last_seq = max(self.last_seq, record.seq)
            if record.type == tb.RECEIVED and record.data != ACK:
                self.last_frame = max(self.last_frame, trade_number(record.data))

    def _run(self):
        while not self._stop.is_set():
            self._look()

    def stop(self):
        self._stop.set()
        self._thread.join()


def test_kill_9_loses_nothing_that_was_written(rewick, run, tmp_path):
    """Each round has a new tape: kill at a random moment under load, compare with what the venue sent and with what
    a reader beside it had seen, go on with a second recorder, and compare its database with one made by a replay."""
    rng = random.Random(5)

    def play(number, wait, flush_ms):
        kill_once(rewick, run, tmp_path / str(number), wait, flush_ms)
        shutil.rmtree(tmp_path / str(number))

    waits = [rng.uniform(0.005, 0.1) if n % 3 else rng.uniform(0.1, 0.9) for n in range(KILLS)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(play, range(KILLS), waits, rng.choices([5, 20, 100, 300], k=KILLS)))


def kill_once(rewick, run, folder, wait, flush_ms):
    folder.mkdir()
    db = folder / "c.db"
    args = ["--no-candles", "--bar", "1s", "--db", db, "--flush-ms", flush_ms]
    body, sent = steady(0)
    with FakeVenue(after_subscribing(body)) as venue, Recorder(rewick, folder, venue, *args) as rec:
        follower = Follower(rec.tape)
        until(lambda: len(sent) > 0, "the first trade")
        time.sleep(wait)
        rec.kill()
        follower.stop()
    frames = check_prefix(rec, sent)
    assert len(rec.records()) >= follower.last_seq
    assert frames >= follower.last_frame
    run("tape", "verify", rec.tape)
    go_on_after_kill(rewick, run, folder, args, frames)


def check_prefix(rec, sent):
    """The frames on the tape are the first ones sent, each once; says how many."""
    records = rec.records()
    assert [r.seq for r in records] == list(range(1, len(records) + 1))
    numbers = [trade_number(r.data) for r in records if r.type == tb.RECEIVED and r.data != ACK]
    assert numbers == sent[: len(numbers)] or numbers == [*sent, len(sent) + 1]
    return len(numbers)


def go_on_after_kill(rewick, run, folder, args, frames):
    """The venue goes on where the tape ends; the database of both runs equals that of one replay."""
    body, _ = steady(0, 200, start=frames + 1)
    with FakeVenue(after_subscribing(body)) as venue:
        with Recorder(rewick, folder, venue, *args, "--until-silent", "300ms") as rec:
            rec.wait()
    numbers = [trade_number(r.data) for r in rec.records(tb.RECEIVED) if r.data != ACK]
    assert numbers == list(range(1, frames + 201))
    run("tape", "verify", rec.tape)
    run("replay", rec.tape, "--no-candles", "--db", folder / "replayed.db")
    assert candles(folder / "c.db") == candles(folder / "replayed.db")
    assert sum(row[13] for row in candles(folder / "c.db")) > 0


def test_the_flush_bound_holds(recorder):
    """A frame is on the tape, for everybody to read, soon after it was sent (a generous bound, as machines are busy)."""
    body, sent = steady(0.05)
    with FakeVenue(after_subscribing(body)) as venue:
        rec = recorder(venue, "--no-candles", "--flush-ms", "50", "--sync-ms", "60000")
        for _ in range(10):
            until(lambda: len(sent) > 0, "a trade")
            number = sent[-1]
            begin = time.monotonic()
            until(lambda: any(trade_number(d) == number for d in received(rec) if d != ACK), "it on the tape")
            assert time.monotonic() - begin < 5
        rec.stop()


MEANWHILE = [
    old_segments_go_and_what_is_left_is_whole,
    a_stalled_connection_is_noticed_and_one_that_only_pings_is_not,
]


@pytest.mark.parametrize("body", MEANWHILE)
def test_meanwhile(meanwhile, body):
    meanwhile[body].result()

"""Connections that are cut, stall, lie or are to be replaced: what can be had is not lost, nothing else suffers."""

import json
import os
import random
import struct
import threading
import time

import pytest

import tape_bytes as tb
from fake_market import Binance, Kraken, Trade, dumps
from fake_venue import BINARY, CONTINUATION, PING, TEXT, FakeVenue, frame, reset
from recorder_run import (
    CANDLES,
    answers,
    check_whole,
    closes,
    events,
    gaps,
    missing,
    opened,
    meanwhile,
    recorder,
    trade_ids,
    until,
    until_newest,
)

assert recorder and meanwhile

BTC = {"BTCUSDT": ("BTC", "USDT")}


def latest(venue, symbol="BTCUSDT"):
    return venue.next_id[symbol] - 1


# ---- changeover ---------------------------------------------------------------------------------


def check_changeover(rec, run, venue):
    """Nothing was missing in the streams themselves, so nothing had to be asked for."""
    ids = set(trade_ids(rec, kinds=(tb.RECEIVED,)))
    assert ids == set(range(min(ids), max(ids) + 1))
    check_whole(rec, run, venue)
    assert not answers(rec, "Trades") and not gaps(rec)


def test_a_shutdown_notice_brings_an_overlapping_changeover(recorder, run):
    with Binance(BTC) as venue, venue.pumping(0.01):
        rec = recorder(venue, *CANDLES)
        until_newest(rec, 100)
        venue.shut_down()
        second = venue.wait_conn(2)
        until(venue.conns[0].closed.is_set, "the end of the old connection", recorder=rec)
        overlap = time.monotonic() - second.at
        until_newest(rec, latest(venue) + 50)
        assert len(venue.conns) == 2 and venue.conns[0].close_code == 1000
        rec.stop()
        check_changeover(rec, run, venue)
    assert overlap > 2.5  # both ran side by side
    (_, first), (_, next_one) = [(r, e) for r, e in events(rec) if e["event"] == "open"]
    assert "replaces" not in first and next_one["replaces"] == opened(rec)[0]
    assert next_one["link"] == first["link"]
    assert len(closes(rec, planned=True)) == 1 and not closes(rec, planned=False)
    assert [r.connection for r in rec.records(tb.SENT)] == opened(rec)
    both = [r.connection for r in rec.records(tb.RECEIVED)]
    assert both.count(opened(rec)[0]) > 20 and both.count(opened(rec)[1]) > 20
    assert "changeovers 1" in rec.stderr


def test_a_successor_that_fails_costs_nothing(recorder, run):
    with Binance(BTC) as venue, venue.pumping(0.01):
        venue.on_connect = lambda conn: conn.reset() if conn.number in (2, 3) else None
        rec = recorder(venue, *CANDLES)
        until_newest(rec, 50)
        venue.shut_down()
        until(venue.conns[0].closed.is_set, "the end of the old connection", recorder=rec)
        until_newest(rec, latest(venue) + 50)
        assert len(venue.conns) == 4
        rec.stop()
        check_changeover(rec, run, venue)


def test_the_old_connection_may_end_during_the_changeover(recorder, run):
    with Binance(BTC) as venue, venue.pumping(0.01):
        rec = recorder(venue, *CANDLES)
        until_newest(rec, 50)
        venue.shut_down()
        until(lambda: len(venue.subscribers()) == 2, "the successor", recorder=rec)
        number = latest(venue) + 30
        until_newest(rec, number)
        venue.conns[0].reset()
        until_newest(rec, latest(venue) + 50)
        assert len(venue.conns) == 2
        rec.stop()
        check_changeover(rec, run, venue)


def a_venue_that_always_asks_to_reconnect_is_not_flooded(recorder, run):
    """Every connection is told to go at once: the budget and the waits hold, and the trades come."""
    with Binance(BTC) as venue, venue.pumping(0.01):

        def nag():
            while rec.process.poll() is None:
                venue.shut_down()
                time.sleep(0.2)

        rec = recorder(venue, "--no-candles")
        until_newest(rec, 20)
        threading.Thread(target=nag, daemon=True).start()
        time.sleep(5)
        until_newest(rec, latest(venue))
        rec.stop()
        assert 2 <= len(venue.attempts) <= 8
    assert not missing(rec)


# ---- redundant connections ----------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["fin", "reset", "freeze"])
def test_one_of_two_connections_may_fail(recorder, run, fault):
    with Binance(BTC) as venue, venue.pumping(0.01):
        rec = recorder(venue, *CANDLES, "--redundant", "2")
        until(lambda: len(venue.subscribers()) == 2, "both connections", recorder=rec)
        until_newest(rec, latest(venue) + 100)
        getattr(venue.subscribers()[0], fault)()
        until_newest(rec, latest(venue) + 100)
        if fault != "freeze":
            until(lambda: len(venue.subscribers()) == 2, "the second connection again", recorder=rec)
        until_newest(rec, latest(venue) + 100)
        rec.stop()
        check_changeover(rec, run, venue)
        assert trade_ids(rec).count(latest(venue) // 2) >= 1
    assert len({e["link"] for _, e in events(rec) if e["event"] == "open"}) == 2


def test_what_one_connection_misses_the_other_brings(recorder, run):
    """Each of two connections loses other trades: together they have all."""
    with Binance(BTC) as venue:
        rng = random.Random(9)

        def send(symbol, trade):
            conns = venue.subscribers(symbol)
            for conn in [rng.choice(conns)] if rng.random() < 0.5 else conns:
                conn.text(venue._trade_frame(symbol, [trade]))

        rec = recorder(venue, *CANDLES, "--redundant", "2")
        until(lambda: len(venue.subscribers()) == 2, "both connections", recorder=rec)
        venue._send_trade = send
        with venue.pumping(0.01):
            until_newest(rec, 300)
        venue.publish()
        until_newest(rec, latest(venue))
        rec.stop()
        check_changeover(rec, run, venue)


# ---- silence ------------------------------------------------------------------------------------


def a_peer_that_is_gone_is_noticed_and_its_trades_are_fetched(recorder, run):
    """The cable is cut: no FIN, no data. Kraken beats every second, so ten are enough."""
    with Kraken({"BTC/USD": ("BTC", "USD")}) as venue, venue.pumping(0.02):
        rec = recorder(venue, *CANDLES, name="kraken:BTC-USD")
        until_newest(rec, 50, "BTC/USD")
        venue.conns[0].freeze()
        venue.wait_conn(2)
        until_newest(rec, latest(venue, "BTC/USD") + 1, "BTC/USD")
        until(lambda: not missing(rec, "BTC/USD"), "the missing trades", recorder=rec)
        rec.stop()
        check_whole(rec, run, venue, "BTC/USD", "BTC-USD")
    assert len(closes(rec, planned=False)) <= 1


def what_shows_in_half_a_minute(recorder, run):
    """Three things at once, as each takes that long: Kraken gets the ping that it wants once a minute; a channel that
    goes silent beside a living one is noticed, its connection replaced and its trades fetched; a symbol that was
    acknowledged and never came is warned about."""
    pairs = BTC | {"XRPUSDT": ("XRP", "USDT")}
    with Kraken({"BTC/USD": ("BTC", "USD")}) as other, Binance(pairs) as venue, venue.pumping(0.02):
        venue.silent = {"XRPUSDT"}
        more = ["--venue", "kraken:BTC-USD", "--url", f"kraken={other.url}", "--channel", "binance=top"]
        rec = recorder(venue, *CANDLES, *more, name="binance:BTC-USDT,XRP-USDT")
        until_newest(rec, 200)
        venue.silent = set(pairs)
        number = latest(venue)
        rec.until_says("is to be replaced", 120)
        venue.silent = {"XRPUSDT"}
        until(lambda: venue.conns[0].closed.is_set(), "the changeover", recorder=rec)
        until_newest(rec, latest(venue))
        until(lambda: not missing(rec), "the trades of the silence", recorder=rec)
        until(lambda: other.pings, "a ping", recorder=rec)
        rec.stop()
        assert latest(venue) > number + 100
        assert len(venue.conns) == 2 and len(other.conns) == 1
        check_whole(rec, run, venue)
    reason = next(e["reason"] for _, e in events(rec, "binance") if e["event"] == "close")
    assert "taken over" in reason
    tops = [r for r in rec.records(tb.RECEIVED) if b"@bookTicker" in r.data]
    assert len(tops) > 100
    silent = next(line for line in rec.stderr.splitlines() if "is to be replaced" in line)
    assert "no 'trade' for " in silent and "usually" in silent
    assert any("warning: " in line and "XRP" in line for line in rec.stderr.splitlines())
    sent = [json.loads(r.data) for r in rec.records(tb.SENT) if r.venue == "kraken"]
    assert [m["method"] for m in sent] == ["subscribe", "ping"]
    assert len([r for r in rec.records(tb.RECEIVED) if b'"pong"' in r.data]) == 1


# ---- cut anywhere -------------------------------------------------------------------------------

WHOLE = dumps({"stream": "a0usdt@trade", "data": {"e": "trade", "note": "x" * 90}})


def cutter(offsets, lock):
    """Each handshake gets so many bytes of its answer and a frame, then the end; after the last, all goes well."""

    def upgrade(sock, number, answer):
        data = answer + frame(TEXT, WHOLE)
        with lock:
            cut = offsets.pop() if offsets else None
        if cut is None:
            sock.sendall(data)
            return True
        size, hard = cut
        sock.sendall(data[:size])
        if hard:
            reset(sock)
        return False

    return upgrade


def test_a_cut_at_every_byte_of_the_handshake_and_of_a_frame(recorder, tmp_path):
    """Four recorders with sixteen connections each, so that waits between attempts run side by side."""
    answer_size = 129
    size = answer_size + len(frame(TEXT, WHOLE))
    offsets = [(at, at % 2 == 0) for at in range(size)]
    random.Random(4).shuffle(offsets)
    lock, count = threading.Lock(), len(offsets)
    names = ",".join(f"A{i}-USDT" for i in range(4096))
    venues = [FakeVenue(lambda conn: None, upgrade=cutter(offsets, lock)).__enter__() for _ in range(4)]
    recs = []
    try:
        for number, venue in enumerate(venues):
            settings = {"name": f"binance:{names}", "tape": tmp_path / f"tape{number}"}
            recs.append(recorder(venue, "--no-candles", "--redundant", "4", **settings))
        until(lambda: not offsets, "all cuts", 90)
        for venue in venues:
            until(lambda: len(venue.conns) >= 1, "a connection that stays")
        for rec in recs:
            until(lambda: any(r.data == WHOLE for r in rec.records(tb.RECEIVED)), "a whole frame", 60, rec)
            rec.stop()
    finally:
        for venue in venues:
            venue.__exit__()
    assert sum(len(v.attempts) for v in venues) >= count
    for rec in recs:
        assert {r.data for r in rec.records(tb.RECEIVED)} == {WHOLE}
        ends = [e for _, e in events(rec) if e["event"] != "open"]
        assert ends and all(e["reason"] for e in ends)


# ---- peers that break the protocol --------------------------------------------------------------

VIOLATIONS = {
    "reserved bit 1": b"\xc1\x02{}",
    "reserved bit 2": b"\xa1\x02{}",
    "reserved bit 3": b"\x91\x02{}",
    "opcode 3": b"\x83\x00",
    "opcode 7": b"\x87\x02{}",
    "opcode 11": b"\x8b\x00",
    "opcode 15": b"\x8f\x00",
    "64-bit length with the top bit": b"\x81\x7f" + b"\xff" * 8,
    "continuation of nothing": b"\x80\x02{}",
    "a message within a message": b"\x01\x01{" + b"\x81\x01}",
    "binary within text": b"\x01\x01{" + b"\x82\x01}",
    "ping of 126 bytes": b"\x89\x7e\x00\x7e" + b"x" * 126,
    "ping in pieces": b"\x09\x01x",
    "pong of 126 bytes": b"\x8a\x7e\x00\x7e" + b"x" * 126,
    "pong in pieces": b"\x0a\x01x",
    "close of one byte": b"\x88\x01x",
    "close in pieces": b"\x08\x02\x03\xe8",
    "close of 126 bytes": b"\x88\x7e\x00\x7e\x03\xe8" + b"x" * 124,
    "HTTP once more": b"HTTP/1.1 400 Bad Request\r\n\r\n",
}

# Wrong as well, but what is meant is clear: what came is on the tape, and the connection is worth more than the rule.
BLEMISHES = {
    "64-bit length that fits 16": (b"\x82\x7f" + struct.pack(">Q", 300) + b"x" * 300, b"x" * 300),
    "16-bit length that fits 7": (b"\x82\x7e" + struct.pack(">H", 5) + b"y" * 5, b"y" * 5),
    "text that is no UTF-8": (b"\x81\x02\xc3\x28", b"\xc3\x28"),
    "text that ends in a character": (b"\x81\x01\xe2", b"\xe2"),
    "surrogates": (b"\x81\x03\xed\xa0\x80", b"\xed\xa0\x80"),
}


def test_each_broken_frame_ends_its_own_connection_only(recorder):
    """One fault per connection, after a good frame; on all others, and on the same one later, capture goes on."""
    faults = list(VIOLATIONS.items())
    names = ",".join(f"A{i}-USDT" for i in range(4096))
    heard = {}  # fault -> connection

    def script(conn):
        conn.wait_message()
        conn.text(b'{"before":%d}' % conn.number)
        if conn.number <= len(faults):
            name, bad = faults[conn.number - 1]
            conn.raw(bad)
            heard[name] = conn

    with FakeVenue(script) as venue:
        rec = recorder(venue, "--no-candles", "--redundant", "4", name=f"binance:{names}")
        until(lambda: len(heard) == len(faults), "all faults tried", 90, rec)
        for name, conn in heard.items():
            until(conn.closed.is_set, f"the end of: {name}", 30, rec)
        last = venue.wait_conn(len(faults) + 1)
        until(lambda: last.received, "a subscription", recorder=rec)
        last.text(b'{"after":1}')
        until(lambda: any(r.data == b'{"after":1}' for r in rec.records(tb.RECEIVED)), "a frame after it all", 60, rec)
        rec.stop()
    by_data = {r.data: r.connection for r in rec.records(tb.RECEIVED)}
    ends = {r.connection: e for r, e in events(rec) if e["event"] == "close"}
    for number, (name, _) in enumerate(faults, 1):
        end = ends[by_data[b'{"before":%d}' % number]]
        assert end["reason"] and end["reason"] != "the recorder stops", name
        assert not end.get("planned"), name
    kept = {d for d in by_data if not d.startswith((b'{"before"', b'{"after"'))}
    assert not kept, kept  # nothing of a broken frame is taken for a message


def test_what_can_be_understood_is_kept(recorder):
    with Binance(BTC) as venue:
        rec = recorder(venue, "--no-candles")
        until(lambda: venue.subscribers(), "the subscription", recorder=rec)
        for bad, _ in BLEMISHES.values():
            venue.conns[0].raw(bad)
            venue.publish()
        until_newest(rec, latest(venue))
        rec.stop()
        assert len(venue.conns) == 1
    got = [r.data for r in rec.records(tb.RECEIVED) if b'"e":"trade"' not in r.data]
    assert got[1:] == [data for _, data in BLEMISHES.values()]


def test_nonsense_in_good_frames_is_kept_and_counted(recorder):
    """JSON that is none, of another venue, or absurd: on the tape byte for byte, and the connection stays."""
    nonsense = [
        b"",
        b"{",
        b"\x00\x01",
        b"null",
        b"[[[[[[[[" * 2000,
        b'{"stream":"btcusdt@trade","data":{"e":"trade","t":-1}}',
        b'{"stream":"btcusdt@trade","data":{"E":1,"e":"trade","s":"BTCUSDT","t":1e400,"p":"1","q":"1","T":1,"m":true}}',
        b'{"stream":"btcusdt@trade","data":{"E":1,"e":"trade","s":"BTCUSDT","t":5,"p":"NaN","q":"1","T":1,"m":true}}',
        b'{"stream":"' + b"x" * 100_000 + b'"}',
        b'{"channel":"heartbeat"}',
        b'{"result":null,"id":99999}',
    ]
    with Binance(BTC) as venue, venue.pumping(0.01):
        rec = recorder(venue, *CANDLES)
        until_newest(rec, 20)
        for data in nonsense:
            venue.send_all(data)
        venue.conns[0].binary(bytes(range(256)))
        until_newest(rec, latest(venue) + 20)
        rec.stop()
        assert len(venue.conns) == 1
        texts = [r.data for r in tb.records(rec.tape) if r.type == tb.RECEIVED]
        assert [d for d in texts if d in nonsense] == nonsense
        assert bytes(range(256)) in texts


# ---- floods -------------------------------------------------------------------------------------


def resident(rec):
    with open(f"/proc/{rec.process.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("flood", ["pings", "fragments", "empty frames", "single bytes"])
def test_ten_times_the_flood_takes_no_more_memory(recorder, flood):
    pings = b"".join(frame(PING, b"x" * 125) for _ in range(1000))
    fragments = frame(CONTINUATION, b"y" * 4096, fin=False) * 100
    empties = frame(CONTINUATION, b"", fin=False) * 5000

    def pour(conn, times):
        for _ in range(times):
            if flood == "pings":
                conn.raw(pings)
                conn.pongs.clear()
            elif flood == "single bytes":
                conn.trickle(frame(BINARY, b"z" * 2000))
            else:
                conn.raw(fragments if flood == "fragments" else empties)

    with Binance(BTC) as venue:
        rec = recorder(venue, "--no-candles")
        until(lambda: venue.subscribers(), "the subscription", recorder=rec)
        conn = venue.conns[0]
        if flood in ("fragments", "empty frames"):
            conn.raw(frame(BINARY, b"", fin=False))
        times = {"pings": 60, "fragments": 60, "empty frames": 40, "single bytes": 2}[flood]
        pour(conn, times)
        until(lambda: rec.process.poll() is None, "it running")
        before = resident(rec)
        pour(conn, times * 10)
        if flood in ("fragments", "empty frames"):
            conn.raw(frame(CONTINUATION, b"", fin=True))
        venue.publish()
        until_newest(rec, latest(venue))
        assert resident(rec) < before * 1.2 + 24 * 1024 * 1024
        assert len(venue.conns) == 1
        rec.stop()
    told = [g for g in gaps(rec) if g["reason"] == "message too large"]
    assert len(told) == (flood == "fragments")


def test_a_venue_that_drips_is_heard(recorder):
    """A byte at a time, from the handshake on."""

    def upgrade(sock, number, answer):
        for i in range(len(answer)):
            sock.sendall(answer[i : i + 1])
            time.sleep(0.002)

    with Binance(BTC, upgrade=upgrade) as venue:
        rec = recorder(venue, "--no-candles")
        until(lambda: venue.subscribers(), "the subscription", recorder=rec)
        for number in range(1, 6):
            trade = Trade(number, int(time.time() * 1000))
            venue.conns[0].trickle(frame(TEXT, venue._trade_frame("BTCUSDT", [trade])), 0.002)
        until_newest(rec, 5)
        rec.stop()
    assert trade_ids(rec) == [1, 2, 3, 4, 5]


MEANWHILE = [
    what_shows_in_half_a_minute,
    a_peer_that_is_gone_is_noticed_and_its_trades_are_fetched,
    a_venue_that_always_asks_to_reconnect_is_not_flooded,
]


@pytest.mark.parametrize("body", MEANWHILE)
def test_meanwhile(meanwhile, body):
    meanwhile[body].result()

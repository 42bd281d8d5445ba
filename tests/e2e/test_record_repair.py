"""Trades that the stream did not bring are fetched, are on the tape, and are in the candles; or it is said that not."""

import json
import signal
import time

import pytest

import tape_bytes as tb
from fake_market import Binance, Kraken
from fake_venue import Answer
from recorder_run import (
    CANDLES,
    answers,
    check_candles,
    check_whole,
    closes,
    events,
    gaps,
    missing,
    newest,
    opened,
    meanwhile,
    recorder,
    repeatable,
    trade_ids,
    until,
    until_newest,
    until_whole,
)

assert recorder and meanwhile

BTC = {"BTCUSDT": ("BTC", "USDT")}


def latest(venue, symbol=None):
    return venue.next_id[symbol or next(iter(venue.pairs))] - 1


def catch_up(rec, venue, symbol="BTCUSDT"):
    """What the venue has made up to now is on the tape, by stream or by HTTP."""
    number = latest(venue, symbol)
    until_newest(rec, number, symbol)
    until_whole(rec, symbol)


def test_trades_lost_in_a_reconnect_are_fetched(recorder, run):
    with Binance(BTC) as venue, venue.pumping(0.01):
        rec = recorder(venue, *CANDLES)
        until_newest(rec, 100)
        venue.hold()
        with venue.pumping(0.005):
            for cut in ("fin", "reset", "close"):
                conn = venue.subscribers()[-1]
                getattr(conn, cut)()
                venue.lose(40)
                until(lambda: venue.subscribers(), "another connection")
                until_newest(rec, latest(venue) + 1)
        catch_up(rec, venue)
        rec.stop()
        check_whole(rec, run, venue)
        assert len(opened(rec)) == 4
        asked = answers(rec, "historicalTrades")
        assert asked and all(head["status"] == 200 for head, _ in asked)
        came = set(trade_ids(rec, kinds=(tb.RECEIVED,)))
        assert len(set(range(min(came), max(came) + 1)) - came) >= 3 * 40
        assert len(asked) <= 3  # one for each hole
    assert not gaps(rec)


def test_trades_skipped_in_the_stream_are_fetched(recorder, run):
    """The connection stays; ids are missing in the middle of it, more than one page of an answer."""
    with Binance(BTC, first_id=5_000_000) as venue, venue.pumping(0.01):
        rec = recorder(venue, *CANDLES)
        until_newest(rec, 5_000_100)
        for count in (1, 7, 2300):
            venue.lose(count)
            until_newest(rec, latest(venue) + 1)
        catch_up(rec, venue)
        rec.stop()
        check_whole(rec, run, venue)
    assert len(opened(rec)) == 1
    assert not gaps(rec)


def test_a_repaired_candle_is_corrected_live_and_marked(recorder, run):
    """The window has closed without the trades; they come later and make a revision of it, live and replayed."""
    with Binance(BTC) as venue:
        rec = recorder(venue, *CANDLES, "--lateness-ms", "10")
        until(lambda: venue.subscribers(), "the connection")
        venue.publish(count=10)
        venue.lose(5)
        with venue.pumping(0.02):
            until_newest(rec, 16)
            catch_up(rec, venue)
            number = latest(venue) + 200
            until_newest(rec, number)
        rec.stop()
        check_whole(rec, run, venue)
    assert ",corrected," in rec.stdout
    fetched = [r for r in rec.records(tb.HTTP) if b"historicalTrades" in r.data]
    assert fetched and all(r.venue == "binance" for r in fetched)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_trades_missed_while_no_recorder_ran_are_fetched(recorder, run, end):
    with Binance(BTC) as venue, venue.pumping(0.01):
        for _ in range(2):
            rec = recorder(venue, *CANDLES)
            until_newest(rec, latest(venue) + 50)
            catch_up(rec, venue)
            rec.process.send_signal(end)
            rec.process.wait(60)
            venue.lose(30)
        rec = recorder(venue, *CANDLES)
        until_newest(rec, latest(venue) + 10)
        catch_up(rec, venue)
        rec.stop()
        check_whole_tape(rec, run, venue)
    run("tape", "verify", rec.tape)


def check_whole_tape(rec, run, venue):
    """As check_whole(), for the last of several runs: it went on from what the ones before had made."""
    assert not missing(rec)
    replay = run("replay", rec.tape, "--format", "csv", "--digest").stdout
    assert rec.stdout.splitlines()[-1] == replay.splitlines()[-1]
    ids = set(trade_ids(rec))
    check_candles(replay, "BTC-USDT", [t for t in venue.trades["BTCUSDT"] if t.id in ids])


def kraken_trades_of_a_reconnect_are_fetched_by_time(recorder, run):
    pairs = {"BTC/USD": ("BTC", "USD"), "ETH/USD": ("ETH", "USD")}
    with Kraken(pairs, first_id=900) as venue, venue.pumping(0.01):
        rec = recorder(venue, *CANDLES, name="kraken:BTC-USD,ETH-USD")
        until_newest(rec, 1000, "BTC/USD")
        venue.conns[0].reset()
        venue.lose(20, "BTC/USD")
        until(lambda: len(venue.subscribers("ETH/USD")) == 1 and len(venue.conns) == 2, "another connection")
        for symbol in pairs:
            until_newest(rec, latest(venue, symbol) + 1, symbol)
            catch_up(rec, venue, symbol)
        rec.stop()
        check_whole(rec, run, venue, "BTC/USD", "BTC-USD")
        check_whole(rec, run, venue, "ETH/USD", "ETH-USD")
    assert answers(rec, "pair=XBTUSD")
    times = [r.at for r in venue.requests_for("/Trades")]
    assert all(b - a >= 2.9 for a, b in zip(times, times[1:]))  # the venue's pace: one in three seconds


def a_snapshot_that_closes_the_hole_needs_no_request(recorder, run):
    with Kraken({"BTC/USD": ("BTC", "USD")}) as venue, venue.pumping(0.02):
        rec = recorder(venue, *CANDLES, name="kraken:BTC-USD")
        until(lambda: len(trade_ids(rec, "BTC/USD")) >= 60, "more live trades than a snapshot has", recorder=rec)
        venue.snapshots = 50
        venue.hold()
        venue.conns[0].reset()
        venue.lose(20)
        venue.wait_conn(2)
        with venue.pumping(0.02):
            until_newest(rec, latest(venue) + 150, "BTC/USD")  # three seconds: longer than the grace
        catch_up(rec, venue, "BTC/USD")
        rec.stop()
        check_whole(rec, run, venue, "BTC/USD", "BTC-USD")
    ids = set(trade_ids(rec, "BTC/USD", (tb.RECEIVED,)))
    assert ids == set(range(min(ids), max(ids) + 1))


# ---- HTTP that fails ----------------------------------------------------------------------------


def a_refusal_with_retry_after_is_obeyed(recorder, run):
    with Binance(BTC) as venue, venue.pumping(0.02):
        bans = [Answer(status=s, headers={"Retry-After": w}) for s, w in ((429, "3"), (418, "2"))]
        venue.fail("historicalTrades", *bans)
        rec = recorder(venue, *CANDLES)
        until_newest(rec, 20)
        venue.lose(10)
        until_newest(rec, latest(venue) + 1)
        catch_up(rec, venue)
        rec.stop()
        check_whole(rec, run, venue)
        first, second, third = [r.at for r in venue.requests_for("historicalTrades")][:3]
    assert second - first >= 2.95
    assert third - second >= 1.95


def answers_that_are_none_are_tried_again(recorder, run):
    """An error of the server, a connection that ends, JSON that is none: then the trades, all the same."""
    with Binance(BTC) as venue, venue.pumping(0.02):
        bad = [Answer(status=500), Answer(b"[" * 100, cut=60), Answer(b'[{"id":1,"price":"1.0"')]
        venue.fail("historicalTrades", *bad)
        rec = recorder(venue, *CANDLES)
        until_newest(rec, 20)
        venue.lose(10)
        until_newest(rec, latest(venue) + 1)
        until(lambda: not missing(rec), "the missing trades", 120, rec)
        rec.stop()
        check_whole(rec, run, venue)
        times = [r.at for r in venue.requests_for("historicalTrades")]
    assert len(times) > len(bad)
    assert all(b - a >= 0.3 for a, b in zip(times, times[1:]))  # the venue's pace


def an_endless_answer_is_cut_off(recorder, run):
    with Binance(BTC) as venue, venue.pumping(0.02):
        venue.fail("historicalTrades", Answer(endless=True))
        rec = recorder(venue, *CANDLES)
        until_newest(rec, 20)
        venue.lose(10)
        until_newest(rec, latest(venue) + 1)
        until(lambda: not missing(rec), "the missing trades", 120, rec)
        rec.stop()
        check_whole(rec, run, venue)
    assert max(len(r.data) for r in rec.records(tb.HTTP)) <= 16 * 1024 * 1024


def trades_that_nobody_has_are_told_as_not_repaired(recorder, run):
    with Binance(BTC) as venue, venue.pumping(0.02):
        rec = recorder(venue, *CANDLES)
        until_newest(rec, 20)
        venue.lose(7, secret=True)
        first = latest(venue) - 6
        until_newest(rec, latest(venue) + 1)
        until(lambda: gaps(rec, "not repaired"), "the gap on the tape", 120, rec)
        until_newest(rec, latest(venue) + 20)
        gone = set(range(first, first + 7)) & set(missing(rec))
        rec.stop()
        replay = run("replay", rec.tape, "--format", "csv", "--digest").stdout
        assert repeatable(rec.stdout) == repeatable(replay)
        (gap,) = gaps(rec, "not repaired")
    assert gap["count"] == 0 and gap["symbol"] == "BTCUSDT"
    assert len(gone) >= 6 and missing(rec) == sorted(gone)
    assert "not repaired" in rec.stderr
    known = [int(v) for v in gap.values() if str(v).isdigit()]
    assert min(gone) in known and max(gone) in known  # it names them


def a_hole_that_is_open_at_the_end_is_fetched_by_the_next_run(recorder, run):
    with Binance(BTC) as venue, venue.pumping(0.02):
        venue.fail("historicalTrades", *[Answer(status=503)] * 100)
        rec = recorder(venue, *CANDLES)
        until_newest(rec, 20)
        venue.lose(10)
        until_newest(rec, latest(venue) + 1)
        until(lambda: venue.requests_for("historicalTrades"), "a request", recorder=rec)
        rec.stop()
        assert missing(rec)
        venue.fail_no_more()
        rec = recorder(venue, *CANDLES)
        until_newest(rec, latest(venue) + 1)
        until(lambda: not missing(rec), "the missing trades", 15, rec)
        rec.stop()
        check_whole_tape(rec, run, venue)


def test_trades_sent_twice_are_on_the_tape_and_counted_once(recorder, run):
    with Binance(BTC) as venue:
        rec = recorder(venue, *CANDLES)
        until(lambda: venue.subscribers(), "the connection")
        for number in range(30):
            venue.publish(count=3, twice=number % 3 == 0)
            time.sleep(0.05)
        until_newest(rec, latest(venue))
        rec.stop()
        check_whole(rec, run, venue)
    assert len(trade_ids(rec)) == 90 + 30


def test_a_venue_with_a_wrong_clock_is_repaired_all_the_same(recorder, run):
    """Five minutes ahead: trade times are the venue's, and ids tell what is missing."""
    with Binance(BTC) as venue, venue.pumping(0.01):
        venue.skew_ms = 300_000
        rec = recorder(venue, *CANDLES)
        until_newest(rec, 50)
        venue.subscribers()[0].reset()
        venue.lose(20)
        venue.wait_conn(2)
        until_newest(rec, latest(venue) + 20)
        catch_up(rec, venue)
        rec.stop()
        check_whole(rec, run, venue)
    assert closes(rec, planned=False) and newest(rec) and events(rec)


MEANWHILE = [
    kraken_trades_of_a_reconnect_are_fetched_by_time,
    a_snapshot_that_closes_the_hole_needs_no_request,
    a_refusal_with_retry_after_is_obeyed,
    answers_that_are_none_are_tried_again,
    an_endless_answer_is_cut_off,
    trades_that_nobody_has_are_told_as_not_repaired,
    a_hole_that_is_open_at_the_end_is_fetched_by_the_next_run,
]


@pytest.mark.parametrize("body", MEANWHILE)
def test_meanwhile(meanwhile, body):
    meanwhile[body].result()

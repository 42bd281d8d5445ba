"""`rewick status TAPE`: how a running recorder is."""

import json
import os
import re
import signal
import socket
import stat
import time

from fake_market import Binance, Kraken
from fake_venue import FakeVenue
from recorder_run import gaps, missing, recorder, trade_ids, until, until_newest

assert recorder

BTC = {"BTCUSDT": ("BTC", "USDT")}
SOCKET = "control.sock"


def latest(venue):
    return venue.next_id["BTCUSDT"] - 1


def health(rec, venue="binance"):
    return next(v for v in rec.status()["venues"] if v["venue"] == venue)


def until_health(rec, wanted, venue="binance"):
    until(lambda: health(rec, venue)["health"] == wanted, f"{venue} being {wanted}", 60, rec)


def test_it_says_what_is_recorded(recorder, run):
    with Binance(BTC) as venue, Kraken({"BTC/USD": ("BTC", "USD")}) as other, venue.pumping(0.01):
        more = ["--venue", "kraken:BTC-USD", "--url", f"kraken={other.url}"]
        rec = recorder(venue, "--no-candles", *more, "--flush-ms", "40", "--sync-ms", "500")
        until_newest(rec, 50)
        other.publish()
        until_health(rec, "up")
        until_health(rec, "up", "kraken")
        until(lambda: health(rec, "kraken")["trades"] == 1, "kraken's trade", recorder=rec)
        before = rec.status()
        until_newest(rec, latest(venue) + 50)
        venue.hold()
        until_newest(rec, latest(venue))
        until(lambda: rec.status()["tape"]["durable_seq"] > before["tape"]["next_seq"], "a sync", recorder=rec)
        status = json.loads(run("status", rec.tape, "--format", "json").stdout)
        table = run("status", rec.tape)
        assert table.stderr == ""
        rec.stop()
    tape = status["tape"]
    assert status["pid"] == rec.process.pid
    assert tape["path"] == str(rec.tape) and tape["flush_ms"] == 40 and tape["sync_ms"] == 500
    assert before["tape"]["next_seq"] < tape["durable_seq"] <= tape["written_seq"] < tape["next_seq"]
    assert tape["bytes"] > 0 and tape["interrupted"] is False and tape["why"] == ""
    assert status["network"]["links"] == status["network"]["open"] == 2
    assert status["network"]["lost"] == status["network"]["dropped"] == 0
    binance = next(v for v in status["venues"] if v["venue"] == "binance")
    (connection,) = binance["connections"]
    assert connection["open"] and connection["settled"]
    assert connection["wanted"] == connection["confirmed"] == 1 and connection["refused"] == 0
    assert binance["trades"] == connection["trades"] == len(trade_ids(rec))
    assert binance["malformed"] == binance["reconnects"] == binance["errors"] == 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", binance["last_data"])
    for part in (binance, connection):
        report = part["report"]
        assert (part["health"], part["why"], part["score"]) == ("up", "", report["score"])
        assert report["frames"] >= report["trades"] == binance["trades"]  # all within 10 minutes
        assert 0 <= report["data_age_ms"] < 60_000 and report["frame_age_ms"] <= report["data_age_ms"]
        assert (report["connections"], report["lost"], report["reconnects"], report["missing"]) == (1, 0, 0, 0)
    lines = table.stdout.splitlines()
    assert str(rec.tape) in lines[0] and str(rec.process.pid) in lines[0]
    assert any(re.match(r"binance +up ", line) for line in lines)
    assert any(re.match(r"kraken +up ", line) for line in lines)
    assert "1 of 1 confirmed" in table.stdout
    assert re.search(r"^binance +up .* score \d+", table.stdout, re.M)
    assert re.search(r"^ +\d+ frames/min.*; in 10 min: reconnects 0, failed attempts 0, ", table.stdout, re.M)


def test_down_when_the_venue_is_cut_and_up_when_it_is_back(recorder, run):
    venue = Binance(BTC)
    with venue, venue.pumping(0.01):
        rec = recorder(venue, "--no-candles")
        until_newest(rec, 20)
        until_health(rec, "up")
        run("status", rec.tape)
        number = latest(venue)
    until_health(rec, "down")
    cut = health(rec)
    assert cut["why"] and cut["reconnects"] == 1 and cut["score"] == 0
    assert cut["report"]["health"] == "down" and cut["report"]["reconnects"] == 1
    until(lambda: health(rec)["errors"] >= 1, "a failed attempt", recorder=rec)
    result = run("status", rec.tape, status=1)
    assert re.search(r"^binance +down ", result.stdout, re.M)
    assert "binance is down: " in result.stderr and len(result.stderr.splitlines()) == 1
    assert json.loads(run("status", rec.tape, "--format", "json", status=1).stdout)["venues"]
    with Binance(BTC, port=venue.port, first_id=number + 1) as again, again.pumping(0.01):
        until_newest(rec, number + 30)
        until_health(rec, "degraded")  # for a minute after the loss
        until(lambda: "reconnect" in health(rec)["why"], "the reason", recorder=rec)
        back = health(rec)
        assert 0 < back["score"] < 100 and any(c["health"] == "degraded" for c in back["connections"])
        run("status", rec.tape)
        rec.stop()


def test_a_refused_symbol_and_a_hole_show(recorder, run):
    pairs = {"BTC/USD": ("BTC", "USD"), "ETH/USD": ("ETH", "USD")}
    with Kraken(pairs) as venue, venue.pumping(0.01):
        venue.refused = {"ETH/USD"}
        rec = recorder(venue, "--no-candles", name="kraken:BTC-USD,ETH-USD")
        until_newest(rec, 20, "BTC/USD")
        until(lambda: health(rec, "kraken")["refused"] == 1, "the refusal", 60, rec)
        kraken = health(rec, "kraken")
        assert kraken["health"] == "degraded" and "refused" in kraken["why"]
        assert kraken["report"]["refused"] == 1 and kraken["report"]["why"] == "1 subscription refused (-5)"
        run("status", rec.tape)  # less than all, but not down
        rec.stop()
    with Binance(BTC) as venue, venue.pumping(0.01):
        rec = recorder(venue, "--no-candles", tape=rec.tape.with_name("other"))
        until_newest(rec, 20)
        venue.lose(30)
        until_newest(rec, latest(venue) + 1)
        until(lambda: not missing(rec), "the trades", recorder=rec)
        until(lambda: health(rec)["repair"]["open"] == 0, "the end of the repair", recorder=rec)
        repair = health(rec)["repair"]
        rec.stop()
    assert repair["holes"] == 1 and repair["missing"] >= 30 and repair["fetched"] >= 30
    assert repair["given_up"] == repair["possible"] == 0 and not gaps(rec)


def test_without_a_recorder_it_says_so(recorder, run, tmp_path):
    with FakeVenue(lambda conn: None) as venue:
        rec = recorder(venue, "--no-candles")
        until(lambda: (rec.tape / SOCKET).exists(), "the socket", recorder=rec)
        mode = (rec.tape / SOCKET).lstat().st_mode
        assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600
        rec.stop(signal.SIGTERM)
        assert not (rec.tape / SOCKET).exists()
        result = run("status", rec.tape, status=4)
        assert "no recorder is running" in result.stderr and str(rec.tape) in result.stderr
        rec = recorder(venue, "--no-candles")
        until(lambda: (rec.tape / SOCKET).exists(), "the socket", recorder=rec)
        rec.kill()
        assert (rec.tape / SOCKET).exists()
        assert "no recorder is running" in run("status", rec.tape, status=4).stderr
        run("tape", "verify", rec.tape)
        rec = recorder(venue, "--no-candles")
        venue.wait_conn(3)
        until(lambda: rec.status()["pid"] == rec.process.pid, "the new one's answer", recorder=rec)
        rec.stop()
    assert f"'{tmp_path / 'none'}'" in run("status", tmp_path / "none", status=4).stderr
    assert "--format" in run("status", rec.tape, "--format", "xml", status=2).stderr
    run("status", status=2)


def test_clients_that_do_not_read_harm_nobody(recorder):
    with Binance(BTC) as venue, venue.pumping(0.01):
        rec = recorder(venue, "--no-candles")
        until_newest(rec, 20)
        folder = os.open(rec.tape, os.O_PATH)
        clients = []
        for _ in range(20):
            client = socket.socket(socket.AF_UNIX)
            client.setblocking(False)
            try:
                client.connect(f"/proc/self/fd/{folder}/{SOCKET}")
            except BlockingIOError:
                pass  # its queue is full
            clients.append(client)
        until_newest(rec, latest(venue) + 50)
        until_health(rec, "up")
        begin = time.monotonic()
        rec.stop(signal.SIGTERM)
        assert time.monotonic() - begin < 30
        for client in clients:
            client.close()
        os.close(folder)
    assert not missing(rec)

"""`rewick record --config FILE`: what it may say, what is said when it is wrong, and changing it while it runs."""

import json
import signal
import time

import pytest

import tape_bytes as tb
from fake_market import Binance
from fake_venue import FakeVenue
from recorder_run import Recorder, events, missing, newest, opened, recorder, trade_ids, until, until_newest

assert recorder

PAIRS = {name + "USDT": (name, "USDT") for name in ("BTC", "ETH", "SOL", "XRP")}


def latest(venue, symbol="BTCUSDT"):
    return venue.next_id[symbol] - 1


def config(folder, venue=None, **keys):
    """Writes a configuration and gives its path."""
    path = folder / "rewick.json"
    if venue:
        keys.setdefault("out", str(folder / "tape"))
        keys.setdefault("venues", {"binance": {"instruments": ["BTC-USDT"], "url": venue.url}})
    path.write_text(json.dumps(keys))
    return path


# ---- what it says -------------------------------------------------------------------------------


def test_a_file_says_it_all(recorder, tmp_path, run):
    with Binance(PAIRS) as venue, venue.pumping(0.02):
        path = config(
            tmp_path,
            venue,
            bar=["1s", "5m"],
            lateness_ms=250,
            empty="carry",
            flush_ms=50,
            sync_ms=400,
            no_candles=True,
            digest=True,
            db=str(tmp_path / "c.db"),
            until_silent="30s",
            venues={
                "binance": {
                    "instruments": ["BTC-USDT", "ethusdt".upper()],
                    "channels": ["trades"],
                    "redundant": 2,
                    "url": venue.url,
                    "rest_url": venue.rest_url,
                }
            },
        )
        rec = recorder(None, "--config", path)
        until_newest(rec, 50)
        until_newest(rec, 50, "ETHUSDT")
        until(lambda: len(venue.subscribers()) == 2, "both connections", recorder=rec)
        rec.stop()
    assert "flush 50 ms, sync 400 ms" in rec.stderr
    written = json.loads(rec.records(tb.CONFIG)[0].data)
    assert written["bars"] == ["1s", "5m"] and written["lateness_ns"] == 250_000_000 and written["empty"] == "carry"
    assert written["venues"][0]["redundant"] == 2
    assert written["venues"][0]["instruments"] == ["BTC-USDT", "ETH-USDT"]
    assert rec.stdout == run("replay", rec.tape, "--no-candles", "--digest").stdout
    assert (tmp_path / "c.db").exists()


def test_every_candle_setting_may_stand_in_a_file(recorder, tmp_path):
    with Binance(PAIRS) as venue, venue.pumping(0.02):
        path = config(
            tmp_path,
            venue,
            bar=["100t", "0.50v,1m"],
            horizon_ms=1000,
            exclude="suspect",
            mic="binance=BNCX",
            composite=["btc-usdt=median", "*"],
            same_quote=["USDT=USD", "USDC=USD"],
            composite_venues=3,
            composite_stale_ms=5000,
            composite_score=60,
            composite_outlier_ppm=2000,
            no_candles=True,
        )
        rec = recorder(None, "--config", path)
        until_newest(rec, 10)
        rec.stop()
        written = json.loads(rec.records(tb.CONFIG)[0].data)
        assert written["bars"] == ["1m", "100t", "0.5v"] and written["horizon_ns"] == 1_000_000_000
        assert written["exclude"] == ["suspect"] and written["mics"] == {"binance": "BNCX"}
        assert written["composites"] == {"*": "vwap", "BTC-USDT": "median"}
        assert written["same_quotes"] == {"USDC": "USD", "USDT": "USD"}
        assert written["composite_venues"] == 3 and written["composite_stale_ns"] == 5_000_000_000
        assert written["composite_score"] == 60 and written["composite_outlier_ppm"] == 2000
        # On the tape that is there the same settings hold, and others are refused with these.
        other = recorder(None, "--config", path, "--composite-score", "61").wait(status=2)
    assert (
        "was begun with --bar 1m,100t,0.5v --lateness-ms 500 --horizon-ms 1000 --empty none --exclude suspect"
        " --mic binance=BNCX --composite *=vwap,BTC-USDT=median --same-quote USDC=USD,USDT=USD --composite-venues 3"
        " --composite-stale-ms 5000 --composite-score 60 --composite-outlier-ppm 2000; leave" in other.stderr
    )


def test_a_list_of_names_is_enough_for_a_venue(recorder, tmp_path):
    with Binance(PAIRS) as venue, venue.pumping(0.02):
        path = config(tmp_path, None, out=str(tmp_path / "tape"), venues={"binance": ["BTC-USDT"]}, bar="1s")
        rec = recorder(None, "--config", path, "--url", f"binance={venue.url}", "--no-candles")
        until_newest(rec, 10)
        rec.stop()
    assert json.loads(rec.records(tb.CONFIG)[0].data)["bars"] == ["1s"]


def test_words_go_over_the_file(recorder, tmp_path):
    with Binance(PAIRS) as venue, venue.pumping(0.02):
        path = config(tmp_path, venue, flush_ms=70, sync_ms=900, empty="carry", out=str(tmp_path / "other"))
        words = ["--out", tmp_path / "tape", "--flush-ms", "30", "--empty", "none", "--no-candles"]
        for order in ([*words, "--config", path], [f"--config={path}", *words]):
            rec = recorder(None, *order)
            number = latest(venue) + 10
            until_newest(rec, number)
            rec.stop()
            assert "flush 30 ms, sync 900 ms" in rec.stderr
    assert not (tmp_path / "other").exists()
    assert {json.loads(r.data)["empty"] for r in rec.records(tb.CONFIG)} == {"none"}


GOOD = {"out": "tape", "venues": {"binance": ["BTC-USDT"]}}


def with_venue(**more):
    return GOOD | {"venues": {"binance": {"instruments": ["BTC-USDT"]} | more}}


@pytest.mark.parametrize(
    "text, says",
    [
        ("", ["line 1"]),
        ("{", ["line 1"]),
        ('{"out": "tape",\n "out": "tape"}', ["line 2", "duplicate"]),
        ("[]", ["expected an object"]),
        ('"tape"', ["line 1"]),
        (GOOD | {"venue": ["a"]}, ["venue: unknown key", "venues", "flush_ms"]),
        (GOOD | {"config": "x"}, ["config: unknown key"]),
        (GOOD | {"flush-ms": 3}, ["flush-ms: unknown key", "flush_ms"]),
        (GOOD | {"flush_ms": "100"}, ["flush_ms: expected a whole number", '"100"']),
        (GOOD | {"flush_ms": 1.5}, ["flush_ms: expected a whole number", "1.5"]),
        (GOOD | {"flush_ms": 0}, ["flush_ms: ", "flush-ms"]),
        (GOOD | {"sync_ms": 10**30}, ["line 1"]),
        (GOOD | {"out": 5}, ["out: expected a text", "5"]),
        (GOOD | {"out": ""}, ["out: expected a text"]),
        (GOOD | {"out": None}, ["out: expected a text", "null"]),
        (GOOD | {"bar": 60}, ["bar: expected a text or a list of texts", "60"]),
        (GOOD | {"bar": ["1s", 60]}, ["bar[1]: expected a text", "60"]),
        (GOOD | {"bar": ["7"]}, ["7"]),
        (GOOD | {"empty": "some"}, ["none or carry"]),
        (GOOD | {"exclude": "late"}, ["none or suspect"]),
        (GOOD | {"exclude": ["suspect"]}, ["exclude: expected a text"]),
        (GOOD | {"mic": "binance"}, ["VENUE=MIC"]),
        (GOOD | {"mic": ["binance=XCRY"]}, ["'XCRY'", "ISO 10383 list of 20"]),
        (GOOD | {"mic": {"binance": "BNCX"}}, ["mic: expected a text or a list of texts"]),
        (GOOD | {"mic": ["nyse=XNYS"]}, ["nyse", "binance"]),
        (GOOD | {"composite": "BTC-USDT=best"}, ["best", "vwap, median, mean or consolidated"]),
        (GOOD | {"same_quote": ["USDT"]}, ["USDT=USD"]),
        (GOOD | {"composite_venues": 0}, ["composite_venues: ", "1 to 32"]),
        (GOOD | {"composite_score": 101}, ["composite_score: ", "0 to 100"]),
        (GOOD | {"composite_stale_ms": "1s"}, ["composite_stale_ms: expected a whole number"]),
        (GOOD | {"composite_outlier_ppm": 0}, ["composite_outlier_ppm: ", "1 to 1000000"]),
        (GOOD | {"composites": "*"}, ["composites: unknown key", "same_quote", "columns"]),
        (GOOD | {"no_candles": "yes"}, ["no_candles: expected true or false", '"yes"']),
        (GOOD | {"for": 60}, ["for: expected a duration", '"30s"', "60"]),
        (GOOD | {"for": "soon"}, ["for: ", "soon"]),
        (GOOD | {"log": "xml"}, ["text or json"]),
        ({"out": "tape"}, ["nothing to record"]),
        ({"venues": {"binance": ["BTC-USDT"]}}, ["--out"]),
        (GOOD | {"venues": ["binance"]}, ["venues: expected an object"]),
        (GOOD | {"venues": {}}, ["nothing to record"]),
        (GOOD | {"venues": {"binance": "BTC-USDT"}}, ["venues.binance: expected a list of instruments or an object"]),
        (GOOD | {"venues": {"binance": []}}, ["venues.binance: expected a list of texts"]),
        (GOOD | {"venues": {"binance": {}}}, ["venues.binance.instruments: expected a list of texts", "nothing"]),
        (GOOD | {"venues": {"binance": ["BTC-USDT", 7]}}, ["venues.binance[1]: expected a name", "7"]),
        (GOOD | {"venues": {"binance": ["BTC-USDT,ETH-USDT"]}}, ["venues.binance[0]: expected a name"]),
        (GOOD | {"venues": {"binance": ["BTC-USDT", "BTC-USDT"]}}, ["twice"]),
        (GOOD | {"venues": {"nyse": ["BTC-USDT"]}}, ["nyse", "binance"]),
        (with_venue(redundant=5), ["venues.binance.redundant: expected a number from 1 to 4", "5"]),
        (with_venue(redundant="2"), ["venues.binance.redundant: expected"]),
        (with_venue(channels="top"), ["venues.binance.channels: expected a list of texts"]),
        (with_venue(channels=["nothing"]), ["nothing", "aggTrade"]),
        (with_venue(url=1), ["venues.binance.url: expected a text"]),
        (with_venue(url="http://a"), ["ws://"]),
        (with_venue(symbols=[]), ["venues.binance.symbols: unknown key", "instrument_list"]),
    ],
)
def test_what_is_wrong_is_one_line_with_file_and_path(run, tmp_path, text, says):
    (tmp_path / "rewick.json").write_text(text if isinstance(text, str) else json.dumps(text))
    result = run("record", "--config", "rewick.json", status=2, cwd=tmp_path)
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("rewick: "), lines
    for part in says:
        assert part in lines[0]
    if any(": " in part for part in says):
        assert "rewick.json: " in lines[0]
    assert not (tmp_path / "tape").exists()


def test_a_file_that_is_not_there_is_said(run, tmp_path):
    assert "none.json" in run("record", "--config", tmp_path / "none.json", status=4).stderr
    assert "configuration" in run("record", "--config", tmp_path, status=4).stderr


# ---- changing it --------------------------------------------------------------------------------


def reload(rec):
    before = rec.stderr
    rec.process.send_signal(signal.SIGHUP)
    until(lambda: "onfiguration" in rec.stderr[len(before) :] or "subscriptions changed" in rec.stderr[len(before) :],
          "what became of the new configuration", 60, rec)  # fmt: skip
    return rec.stderr[len(before) :]


def names(tmp_path, venue, *instruments, **more):
    venues = {"binance": {"instruments": list(instruments), "url": venue.url} | more}
    return config(tmp_path, venue, venues=venues, no_candles=True, digest=True, bar="1s")


def test_symbols_come_and_go_and_what_stays_loses_nothing(recorder, tmp_path, run):
    with Binance(PAIRS) as venue, venue.pumping(0.01):
        rec = recorder(None, "--config", names(tmp_path, venue, "BTC-USDT", "ETH-USDT"))
        until_newest(rec, 50)
        until_newest(rec, 50, "ETHUSDT")
        names(tmp_path, venue, "BTC-USDT", "SOL-USDT")
        assert "subscriptions changed" in reload(rec)
        until(lambda: venue.subscribers("SOLUSDT") and not venue.subscribers("ETHUSDT"), "the change", recorder=rec)
        until_newest(rec, latest(venue, "SOLUSDT") + 30, "SOLUSDT")
        gone = newest(rec, "ETHUSDT")
        names(tmp_path, venue, "BTC-USDT", "SOL-USDT", "XRP-USDT")
        assert "subscriptions changed" in reload(rec)
        until_newest(rec, latest(venue, "XRPUSDT") + 30, "XRPUSDT")
        until_newest(rec, latest(venue) + 10)
        assert len(venue.conns) == 1 and len(venue.requests_for("exchangeInfo")) == 1
        rec.stop()
    stays = trade_ids(rec, kinds=(tb.RECEIVED,))
    assert stays == list(range(stays[0], stays[-1] + 1))  # each once, in order
    assert newest(rec, "ETHUSDT") == gone
    for symbol in ("SOLUSDT", "XRPUSDT"):
        assert not missing(rec, symbol)
    assert len(opened(rec)) == 1
    changes = [e for _, e in events(rec) if e["event"] == "change"]
    assert [(c.get("add", {}), c.get("leave", {})) for c in changes] == [
        ({"trade": ["SOLUSDT"]}, {"trade": ["ETHUSDT"]}),
        ({"trade": ["XRPUSDT"]}, {}),
    ]
    replay = run("replay", rec.tape, "--no-candles", "--digest").stdout
    assert rec.stdout == replay


@pytest.mark.parametrize(
    "broken, says",
    [
        ("{", "line 1"),
        ({"venues": {"binance": {"instruments": ["BTC-USDT"], "redundant": 9}}}, "venues.binance.redundant"),
        ({"venues": {"binance": {"instruments": ["BTC-USDT", "BTC-USDX"]}}}, "BTC-USDT"),
        ({"out": "x", "venues": {}}, "nothing to record"),
    ],
)
def test_a_broken_change_is_refused_and_the_old_goes_on(recorder, tmp_path, broken, says):
    with Binance(PAIRS) as venue, venue.pumping(0.01):
        path = names(tmp_path, venue, "BTC-USDT")
        rec = recorder(None, "--config", path)
        until_newest(rec, 20)
        if isinstance(broken, dict):
            for settings in broken["venues"].values():
                settings["url"] = venue.url
            broken = {"out": str(tmp_path / "tape")} | broken
        path.write_text(broken if isinstance(broken, str) else json.dumps(broken))
        said = reload(rec)
        assert "the new configuration is not used" in said and says in said
        assert len(said.splitlines()) == 1
        number = latest(venue) + 50
        until_newest(rec, number)
        rec.stop()
        assert len(venue.conns) == 1
    assert not missing(rec) and len(opened(rec)) == 1
    assert not (tmp_path / "x").exists()


def test_a_venue_can_be_added_and_taken_away(recorder, tmp_path):
    with Binance(PAIRS) as one, Binance(PAIRS) as other, one.pumping(0.01), other.pumping(0.01):
        first = {"binance": {"instruments": ["BTC-USDT"], "url": one.url}}
        second = {"binance-us": {"instruments": ["BTC-USDT"], "url": other.url}}
        path = config(tmp_path, one, venues=first, no_candles=True)
        rec = recorder(None, "--config", path)
        until_newest(rec, 20)
        config(tmp_path, one, venues=first | second, no_candles=True)
        reload(rec)
        until(lambda: any(r.venue == "binance-us" for r in rec.records(tb.RECEIVED)), "the other", recorder=rec)
        config(tmp_path, one, venues=second, no_candles=True)
        reload(rec)
        until(lambda: not one.subscribers(), "the end of the first", recorder=rec)
        time.sleep(0.3)
        assert one.conns[0].close_code == 1000
        rec.stop()
    ends = [e for r, e in events(rec, "binance") if e["event"] == "close"]
    assert [bool(e["planned"]) for e in ends] == [True]


def test_without_a_file_a_hangup_ends_it(rewick, tmp_path):
    with FakeVenue(lambda conn: None) as venue, Recorder(rewick, tmp_path, venue, "--no-candles") as rec:
        venue.wait_conn(1)
        rec.stop(signal.SIGHUP)
    assert tb.is_closed(rec.tape)

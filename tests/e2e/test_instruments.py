"""The venue's instrument list: `rewick instruments`, and what `rewick record` and a replay make of it."""

import csv
import io
import json
import subprocess

import pytest

import tape_bytes as tb
from fake_market import Binance, Kraken, dumps
from fake_venue import Answer
from recorder_run import CANDLES, answers, check_whole, events, recorder, until_newest

assert recorder

PAIRS = {
    "BTCUSDT": ("BTC", "USDT"),
    "BTCUSDC": ("BTC", "USDC"),
    "ETHUSDT": ("ETH", "USDT"),
    "1000SATSUSDT": ("1000SATS", "USDT"),
    "USDTTRY": ("USDT", "TRY"),
}
BTC = {"BTCUSDT": ("BTC", "USDT")}
# A list that no grammar could guess from: the names in it are the venue's word.
ODD = {"AABBCC": ("AAB", "BCC"), "BTCUSDT": ("BTC", "USDT")}


def latest(venue, symbol="BTCUSDT"):
    return venue.next_id[symbol] - 1


# ---- rewick instruments -------------------------------------------------------------------------


@pytest.fixture
def binance():
    with Binance(PAIRS) as venue:
        yield venue


def listed(run, venue, *words, name="binance", status=0):
    return run("instruments", "--venue", name, "--rest-url", venue.rest_url, *words, status=status)


def test_csv_and_ndjson_say_all_of_it(run, binance):
    rows = list(csv.DictReader(io.StringIO(listed(run, binance, "--format", "csv").stdout)))
    assert sorted(r["symbol"] for r in rows) == sorted(PAIRS)
    assert [r["instrument"] for r in rows] == sorted(r["instrument"] for r in rows)
    for row in rows:
        base, quote = PAIRS[row["symbol"]]
        assert row["instrument"] == f"{base}-{quote}" and (row["base"], row["quote"]) == (base, quote)
        assert row["kind"] == "spot" and row["expiry"] == "" and row["trading"] == "true"
        assert float(row["price_tick"]) == 0.01 and float(row["quantity_step"]) == 0.00001
        assert row["volume_unit"] == "base" and row["contract_size"] == ""
    lines = [json.loads(line) for line in listed(run, binance, "--format", "ndjson").stdout.splitlines()]
    for line, row in zip(lines, rows):
        assert {k: "" if v is None else v if isinstance(v, str) else str(v).lower() for k, v in line.items()} == row
    assert lines[0]["trading"] is True and lines[0]["expiry"] is None


def test_the_table_can_be_searched(run, binance):
    everything = listed(run, binance)
    assert len(everything.stdout.splitlines()) == 1 + len(PAIRS)
    assert "5 of 5 instruments of binance" in everything.stderr
    found = listed(run, binance, "--search", "btc").stdout.splitlines()
    assert [line.split()[0] for line in found] == ["instrument", "BTC-USDC", "BTC-USDT"]
    assert len(listed(run, binance, "--search", "usdtt").stdout.splitlines()) == 2  # by symbol
    nothing = listed(run, binance, "--search", "DOGE", status=1)
    assert "no instrument of binance fits 'DOGE'" in nothing.stderr.splitlines()[-1]


def test_those_not_trading_are_left_out_unless_asked_for(run, tmp_path, binance):
    halted = json.loads(binance.exchange_info())
    halted["symbols"][2]["status"] = "BREAK"
    (tmp_path / "list.json").write_bytes(dumps(halted))
    call = ["instruments", "--venue", "binance", "--instruments", tmp_path / "list.json", "--format", "csv"]
    assert "ETH-USDT" not in run(*call).stdout
    row = next(r for r in csv.DictReader(io.StringIO(run(*call, "--all").stdout)) if r["symbol"] == "ETHUSDT")
    assert row["trading"] == "false"
    assert not binance.requests


def test_kraken_lists_its_own_way(run):
    with Kraken({"BTC/USD": ("BTC", "USD")}) as venue:
        rows = list(csv.DictReader(io.StringIO(listed(run, venue, "--format", "csv", name="kraken").stdout)))
    assert [(r["instrument"], r["symbol"]) for r in rows] == [("BTC-USD", "BTC/USD")]
    assert float(rows[0]["price_tick"]) == 0.1


@pytest.mark.parametrize(
    "answer, says",
    [
        (Answer(status=403), "403"),
        (Answer(b"<html>"), "exchangeInfo"),
        (Answer(b'{"symbols":{}}'), "exchangeInfo"),
        (Answer(b'{"symbols":[]}'), "empty"),
        (Answer(b'{"code":-1003,"msg":"Way too much request weight"}'), "Way too much"),
        (Answer(endless=True), "exchangeInfo"),
    ],
)
def test_a_list_that_is_none_is_one_line(rewick, binance, answer, says):
    binance.fail("exchangeInfo", *[answer] * 5)
    call = [rewick, "instruments", "--venue", "binance", "--rest-url", binance.rest_url]
    done = subprocess.run(call, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode in (3, 4) and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and says in done.stderr


def test_what_may_pass_is_asked_for_again(run, binance):
    binance.fail("exchangeInfo", Answer(status=429, headers={"Retry-After": "2"}), Answer(status=502))
    assert "BTC-USDT" in listed(run, binance).stdout
    first, second, third = [r.at for r in binance.requests]
    assert second - first >= 1.95 and third - second >= 0.95


def test_a_connection_that_ends_is_tried_once_more(run, binance):
    binance.fail("exchangeInfo", Answer(cut=30))
    assert "BTC-USDT" in listed(run, binance).stdout
    assert len(binance.requests) == 2


def test_a_wrong_call_helps(run):
    assert "--venue" in run("instruments", status=2).stderr
    assert "binance" in run("instruments", "--venue", "nyse", status=2).stderr
    assert "--format" in run("instruments", "--venue", "binance", "--format", "xml", status=2).stderr


# ---- recording with a list ----------------------------------------------------------------------


def test_the_list_is_on_the_tape_and_names_a_replay(recorder, run, tmp_path):
    with Binance(ODD) as venue, venue.pumping(0.02):
        rec = recorder(venue, *CANDLES, name="binance:AAB-BCC,btc-usdt")
        until_newest(rec, 50, "AABBCC")
        until_newest(rec, 50)
        body = venue.exchange_info()
        rec.stop()
        assert len(venue.requests_for("exchangeInfo")) == 1
        url = f"{venue.rest_url}{venue.requests_for('exchangeInfo')[0].target}"
        check_whole(rec, run, venue, "AABBCC", "AAB-BCC")
        check_whole(rec, run, venue)
    ((head, listed_body),) = answers(rec, "exchangeInfo")
    assert head == {"method": "GET", "url": url, "status": 200}
    assert json.loads(listed_body)["symbols"] == json.loads(body)["symbols"]
    records = [r for r in rec.records() if r.type != tb.TICK]
    assert [r.type for r in records[:3]] == [tb.CONFIG, tb.HTTP, tb.CONNECTION]
    assert records[1].venue == "binance"
    config = json.loads(records[0].data)["venues"][0]
    assert config["instruments"] == ["AAB-BCC", "BTC-USDT"] and config["symbols"] == ["AABBCC", "BTCUSDT"]
    # A part of the tape that holds the list still knows the name; the venue is gone meanwhile.
    rows = csv.DictReader(io.StringIO(run("replay", rec.tape, "--format", "csv").stdout))
    assert {r["instrument"] for r in rows} == {"AAB-BCC", "BTC-USDT"}


def test_the_venues_own_spelling_is_understood(recorder):
    with Binance(ODD) as venue, venue.pumping(0.02):
        rec = recorder(venue, "--no-candles", name="binance:AABBCC")
        until_newest(rec, 10, "AABBCC")
        rec.stop()
    assert json.loads(rec.records(tb.CONFIG)[0].data)["venues"][0]["instruments"] == ["AAB-BCC"]


@pytest.mark.parametrize("name, nearest", [("BTC-USDR", "BTC-USDT"), ("ETH-USTD", "ETH-USDT"), ("BTCUSD", "BTC-USD")])
def test_an_unknown_instrument_names_the_nearest(run, tmp_path, binance, name, nearest):
    call = ["record", "--out", tmp_path / "tape", "--venue", f"binance:BTC-USDT,{name}"]
    result = run(*call, "--url", f"binance={binance.url}", status=2)
    assert len(result.stderr.splitlines()) == 1
    assert f"'{name}'" in result.stderr and nearest in result.stderr
    assert "rewick instruments --venue binance" in result.stderr
    assert not (tmp_path / "tape").exists() and not binance.conns


def test_a_saved_list_takes_the_place_of_asking(recorder, run, tmp_path):
    with Binance(ODD) as venue, venue.pumping(0.02):
        (tmp_path / "list.json").write_bytes(venue.exchange_info())
        saved = ["--instruments", f"binance={tmp_path / 'list.json'}"]
        rec = recorder(venue, *CANDLES, *saved, name="binance:AAB-BCC")
        until_newest(rec, 30, "AABBCC")
        rec.stop()
        assert not venue.requests_for("exchangeInfo")
        check_whole(rec, run, venue, "AABBCC", "AAB-BCC")
    ((_, body),) = answers(rec, "exchangeInfo")
    assert body == (tmp_path / "list.json").read_bytes()


def test_a_saved_list_that_is_none_is_refused(run, tmp_path):
    call = ["record", "--out", tmp_path / "tape", "--venue", "binance:BTC-USDT", "--instruments"]
    (tmp_path / "bad.json").write_text('{"symbols":1}')
    assert "bad.json" in run(*call, f"binance={tmp_path / 'bad.json'}", status=3).stderr
    assert "none.json" in run(*call, f"binance={tmp_path / 'none.json'}", status=4).stderr
    assert not (tmp_path / "tape").exists()


@pytest.mark.parametrize("fault", [Answer(status=404), Answer(status=500), Answer(b"{"), Answer(cut=0)])
def test_without_a_list_recording_goes_on_with_a_warning(recorder, run, fault):
    with Binance(BTC) as venue, venue.pumping(0.01):
        venue.fail("exchangeInfo", *[fault] * 10)
        rec = recorder(venue, *CANDLES)
        until_newest(rec, 50)
        rec.stop()
        check_whole(rec, run, venue)
    warnings = [l for l in rec.stderr.splitlines() if "warning: " in l and "binance" in l]
    assert any("names are not checked" in line for line in warnings)
    assert not answers(rec, "exchangeInfo")


def test_nobody_at_the_other_end_is_no_reason_to_stop(recorder):
    with Binance(BTC) as venue, venue.pumping(0.01):
        rec = recorder(venue, "--no-candles", "--rest-url", "binance=http://127.0.0.1:1")
        until_newest(rec, 20)
        rec.stop()
    assert "names are not checked" in rec.stderr
    assert [e["event"] for _, e in events(rec)] == ["open", "close"]


def test_a_second_run_has_its_own_list(recorder, run):
    """What was listed in between is known, and the replay names both."""
    with Binance(BTC) as venue, venue.pumping(0.02):
        rec = recorder(venue, *CANDLES)
        until_newest(rec, 30)
        rec.stop()
    with Binance(ODD, first_id=500) as venue, venue.pumping(0.02):
        rec = recorder(venue, *CANDLES, name="binance:AAB-BCC")
        until_newest(rec, 530, "AABBCC")
        rec.stop()
    assert len(answers(rec, "exchangeInfo")) == 2
    rows = csv.DictReader(io.StringIO(run("replay", rec.tape, "--format", "csv").stdout))
    assert {r["instrument"] for r in rows} == {"BTC-USDT", "AAB-BCC"}

"""Identifiers of official registries in candles: what the user says of a venue, and what the tables say of assets."""

import csv
import io
import json
import subprocess

import pytest

COLUMNS = ["mic", "operating_mic", "base_currency", "quote_currency", "base_dti", "quote_dti", "cfi"]
BTC, ETH = "4H95J0R2X", "X9J9K872S"


@pytest.fixture(scope="module")
def simulated(rewick, tmp_path_factory):
    """simulated("--mic", "kraken=PGSL"): a tape of three venues."""

    def call(*options):
        path = tmp_path_factory.mktemp("identifiers") / "tape"
        venues = ["--venue", "binance,coinbase,kraken", "--instrument", "BTC-USDT,ETH-EUR", "--for", "10s", "--faults", "none"]
        subprocess.run([rewick, "simulate", "--out", path, *venues, *options], check=True, capture_output=True)
        return path

    return call


@pytest.fixture(scope="module")
def tape(simulated):
    return simulated("--mic", "kraken=PGSL")


def found(run, tape, *options):
    """{(venue, instrument): its identifiers}, which are the same in every candle."""
    text = run("replay", tape, "--format", "csv", *options).stdout
    rows = {}
    for row in csv.DictReader(io.StringIO(text)):
        if row["venue"] != "composite":
            rows.setdefault((row["venue"], row["instrument"]), set()).add(tuple(row[name] for name in COLUMNS))
    assert all(len(values) == 1 for values in rows.values())
    return {key: values.pop() for key, values in rows.items()}


def test_a_candle_says_what_is_known_none_and_unknown(run, tape):
    rows = found(run, tape)
    assert len(rows) == 6
    btc = ("none", "none", BTC, "unknown", "unknown")
    eth = ("none", "EUR", ETH, "none", "unknown")
    for instrument, assets in (("BTC-USDT", btc), ("ETH-EUR", eth)):
        assert rows["kraken", instrument] == ("PGSL", "PGSL", *assets)  # as the tape says
        assert rows["binance", instrument] == ("unknown", "unknown", *assets)  # one of several companies
        assert rows["coinbase", instrument] == ("none", "none", *assets)  # not in the registry


def test_the_users_word_goes_over_the_tapes(run, tape):
    rows = found(run, tape, "--mic", "binance=BNCX,coinbase=PURE")
    assert rows["binance", "BTC-USDT"][:2] == ("BNCX", "BNCX")
    assert rows["coinbase", "BTC-USDT"][:2] == ("PURE", "XCNQ")  # a segment has another operator
    assert rows["kraken", "BTC-USDT"][:2] == ("unknown", "unknown")
    assert {row[:2] for row in found(run, tape, "--mic", "none").values()} == {("unknown", "unknown"), ("none", "none")}


def test_identifiers_are_part_of_the_digest(run, tape):
    digests = {run("replay", tape, "--no-candles", "--digest", *mic).stdout for mic in ([], ["--mic", "kraken=PESL"])}
    assert len(digests) == 2


def test_nothing_new_is_written_unless_it_was_said(run, simulated):
    def members(*options):
        line = run("tape", "cat", simulated(*options)).stdout.splitlines()[0]
        return json.loads(json.loads(line)["data"]).keys()

    usual = ["program", "bars", "lateness_ns", "horizon_ns", "empty"]
    assert list(members()) == usual
    assert list(members("--exclude", "suspect", "--composite", "*")) == [*usual, "exclude", "composites"]


@pytest.mark.parametrize(
    "options, says",
    [
        (["--mic", "kraken=pgsl"], "'pgsl' is no MIC; give four capital letters or digits"),
        (["--mic", "kraken=XCRY"], "MIC 'XCRY' is not in the ISO 10383 list of "),
        (["--mic", "nyse=XNYS"], "unknown venue 'nyse'"),
        (["--mic", "kraken"], "give VENUE=MIC"),
        (["--composite", "BTC-USDT=best"], "give vwap, median, mean or consolidated"),
        (["--same-quote", "USDC=USDT,USDT=USD"], "quote 'USDT' takes others and is taken as another"),
        (["--composite-venues", "33"], "from 1 to 32"),
        (["--exclude", "late"], "none or suspect"),
    ],
)
def test_wrong_words_are_one_line(run, tape, options, says):
    for command in (["replay", tape], ["simulate", "--out", "/nowhere/tape"]):
        result = run(*command, *options, status=2)
        assert result.stdout == "" and len(result.stderr.splitlines()) == 1
        assert says in result.stderr

"""Peers that send much of what is no message: it costs no memory and holds up no message."""

import json
import subprocess
import threading
import time

import pytest

import tape_bytes as tb
from fake_venue import PING, TEXT, frame
from raw_venue import RawVenue
from recorder_run import Recorder, until

PINGS_PER_S = 50_000
SECONDS = 5
RSS_GROWTH_MAX_KIB = 16 * 1024


@pytest.fixture
def start(rewick, tmp_path):
    """start(venue): a recorder of Binance at that address, gone when the test is."""
    symbol = {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT"}
    lists = tmp_path / "instruments.json"
    lists.write_text(json.dumps({"symbols": [symbol]}))
    text = subprocess.run([rewick, "record", "--help"], capture_output=True, text=True, check=True).stdout
    given = ["--instruments", f"binance={lists}"] if "--instruments" in text else []
    running = []

    def run(venue):
        args = ["--out", tmp_path / "tape", "--venue", "binance:BTC-USDT", "--url", f"binance={venue.ws_url}"]
        running.append(Recorder(rewick, tmp_path, None, *args, *given, "--no-candles"))
        running[-1].tape = tmp_path / "tape"
        return running[-1]

    yield run
    for one in running:
        one.__exit__()


def trade(number):
    data = {"e": "trade", "E": int(time.time() * 1000), "s": "BTCUSDT", "t": number, "p": "100.1", "q": "0.5"}
    data |= {"T": data["E"], "m": False, "M": True}
    return json.dumps({"stream": "btcusdt@trade", "data": data}).encode()


def rss_kib(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


def test_a_flood_of_pings_costs_no_memory_and_holds_up_no_message(start):
    sent, flooded = [], threading.Event()
    pings = frame(PING, b"x" * 125) * 500

    def script(peer):
        peer.upgrade()
        peer.recv()  # the subscription
        peer.send(frame(TEXT, b'{"result":null,"id":1}'))
        threading.Thread(target=peer.wait_end, daemon=True).start()  # takes the pongs
        begin = time.monotonic()
        while time.monotonic() < begin + SECONDS:
            sent.append(len(sent) + 1)
            peer.send(pings + frame(TEXT, trade(sent[-1])))
            time.sleep(max(0, begin + len(sent) * 500 / PINGS_PER_S - time.monotonic()))
        flooded.set()
        return True  # stays open

    def recorded(rec):
        frames = [json.loads(r.data) for r in rec.records(tb.RECEIVED)]
        return [f["data"]["t"] for f in frames if "data" in f]

    with RawVenue(script) as venue:
        rec = start(venue)
        until(lambda: len(sent) > 20, "the flood", 30, rec)
        before = rss_kib(rec.process)
        assert flooded.wait(SECONDS + 60)
        assert rss_kib(rec.process) < before + RSS_GROWTH_MAX_KIB
        until(lambda: len(recorded(rec)) == len(sent), "all trades on the tape", 30, rec)
        assert recorded(rec) == sent
        assert len(venue.received) > 100 * len(sent)  # pings are answered
        assert rec.stop().records(tb.GAP) == []

"""A running `rewick record` and the questions that tests ask of its tape; import `recorder`
and `meanwhile` to have them as fixtures."""

import concurrent.futures
import csv
import decimal
import io
import json
import pathlib
import random
import signal
import subprocess
import time

import pytest

import tape_bytes as tb

DEADLINE = 60  # seconds; never reached when all is well


class Recorder:
    """A running `rewick record`. `venue`: whom to record, or a list of (name, venue); None: `args` say it all.
    It does not seal unless asked: tape_bytes, the witness of these tests, reads tapes as they were written."""

    def __init__(self, rewick, folder, venue, *args, name="binance:BTC-USDT", stdout=None, tape=None, seal=False):
        self.rewick = rewick
        self.tape = pathlib.Path(folder) / (tape or "tape")
        self.err_path = pathlib.Path(folder) / f"stderr{random.getrandbits(40):x}"
        self.out_path = self.err_path.with_name("stdout" + self.err_path.name[6:])
        command = [rewick, "record"]
        if venue:
            command += ["--out", self.tape, "--venue", name, "--url", f"{name.split(':')[0]}={venue.url}"]
        if not seal:
            command += ["--no-seal"]
        self._files = [open(self.err_path, "wb"), open(self.out_path, "wb")]
        self.process = subprocess.Popen(
            [str(word) for word in [*command, *args]],
            stdin=subprocess.DEVNULL,
            stdout=stdout if stdout is not None else self._files[1],
            stderr=self._files[0],
        )

    def wait(self, status=0, timeout=DEADLINE):
        code = self.process.wait(timeout)
        assert code == status, f"exit {code}, not {status}: {self.stderr}"
        return self

    def stop(self, sig=signal.SIGINT, status=0):
        self.process.send_signal(sig)
        return self.wait(status)

    def kill(self):
        self.process.kill()
        self.process.wait(DEADLINE)

    @property
    def stderr(self):
        return self.err_path.read_text()

    @property
    def stdout(self):
        return self.out_path.read_text()

    def records(self, kind=None):
        return [r for r in tb.records(self.tape) if kind is None or r.type == kind]

    def until_says(self, text, timeout=DEADLINE):
        until(lambda: text in self.stderr, f"'{text}' on stderr", timeout, self)

    def status(self):
        """What `rewick status` says, whatever its exit status."""
        command = [self.rewick, "status", str(self.tape), "--format", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=DEADLINE)
        assert done.stdout, f"exit {done.returncode}: {done.stderr}"
        return json.loads(done.stdout)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for file in self._files:
            file.close()


@pytest.fixture
def recorder(rewick, tmp_path):
    """recorder(venue, *args): a recorder that is gone when the test is."""
    running = []

    def start(venue, *args, **kwargs):
        running.append(Recorder(rewick, tmp_path, venue, *args, **kwargs))
        return running[-1]

    yield start
    for one in running:
        one.__exit__()


@pytest.fixture(scope="module", autouse=True)
def meanwhile(request, rewick, run, tmp_path_factory):
    """Tests that mostly wait run beside the others of their module, from its beginning: a function body(recorder, run)
    in the list MEANWHILE, and at the module's end

        @pytest.mark.parametrize("body", MEANWHILE)
        def test_meanwhile(meanwhile, body):
            meanwhile[body].result()
    """

    def play(body, folder):
        running = []

        def start(venue, *args, **kwargs):
            running.append(Recorder(rewick, folder, venue, *args, **kwargs))
            return running[-1]

        try:
            body(start, run)
        finally:
            for one in running:
                one.__exit__()

    cases = [i.callspec.params for i in request.session.items if i.module is request.module and hasattr(i, "callspec")]
    wanted = [params["body"] for params in cases if "body" in params]
    folders = [tmp_path_factory.mktemp(body.__name__) for body in wanted]
    with concurrent.futures.ThreadPoolExecutor(max(len(wanted), 1)) as pool:
        yield {body: pool.submit(play, body, folder) for body, folder in zip(wanted, folders)}


def until(condition, what, timeout=DEADLINE, recorder=None):
    """Waits for something to be true; fails when the deadline has passed or the recorder has ended."""
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f"not in {timeout} s: {what}{': ' + recorder.stderr if recorder else ''}"
        assert not recorder or recorder.process.poll() is None, f"ended before: {what}: {recorder.stderr}"
        time.sleep(0.04)


# ---- what is on a tape --------------------------------------------------------------------------


def events(recorder, venue=None):
    """(record, event) of what happened to connections."""
    found = [(r, json.loads(r.data)) for r in recorder.records(tb.CONNECTION)]
    return [(r, e) for r, e in found if r.connection > 0 and venue in (None, r.venue)]


def opened(recorder):
    """Numbers of the connections that opened, in order."""
    return [r.connection for r, e in events(recorder) if e["event"] == "open"]


def closes(recorder, planned):
    """Reasons of connections that closed, planned or not, but for those at the recorder's own end."""
    found = [e for _, e in events(recorder) if e["event"] == "close" and e["reason"] != "the recorder stops"]
    return [e["reason"] for e in found if bool(e.get("planned")) is planned]


def answers(recorder, part=""):
    """(what was asked, body) of the HTTP records whose URL has this part."""
    found = [r.data.split(b"\n", 1) for r in recorder.records(tb.HTTP)]
    return [(head, body) for head, body in ((json.loads(h), b) for h, b in found) if part in head["url"]]


def gaps(recorder, reason=None):
    found = [json.loads(r.data) for r in recorder.records(tb.GAP)]
    return [g for g in found if reason is None or g["reason"] == reason]


def _binance_trades(record, symbol):
    if record.type == tb.RECEIVED:
        if b'"e":"trade","E"' not in record.data or f'"s":"{symbol}"'.encode() not in record.data:
            return []
        return [data["data"]["t"]] if isinstance(data := parsed(record.data), dict) else []
    head, body = record.data.split(b"\n", 1)
    head = json.loads(head)
    if head["status"] != 200 or "rades?" not in head["url"] or f"symbol={symbol}&" not in head["url"]:
        return []
    return [row["id"] for row in parsed(body) or []]


def parsed(data):
    """None when it is no JSON."""
    try:
        return json.loads(data)
    except ValueError:
        return None


def _kraken_trades(record, symbol):
    if record.type == tb.RECEIVED:
        message = json.loads(record.data)
        rows = message["data"] if message.get("channel") == "trade" else []
        return [row["trade_id"] for row in rows if row["symbol"] == symbol]
    head, body = record.data.split(b"\n", 1)
    head = json.loads(head)
    pair = symbol.replace("BTC", "XBT").replace("/", "")
    if head["status"] != 200 or f"/Trades?pair={pair}&" not in head["url"]:
        return []
    rows = next(v for k, v in json.loads(body)["result"].items() if k != "last")
    return [row[6] for row in rows]


def trade_ids(recorder, symbol="BTCUSDT", kinds=(tb.RECEIVED, tb.HTTP)):
    """Ids of the trades on the tape as they came, by stream and by HTTP."""
    read = _kraken_trades if "/" in symbol else _binance_trades
    name = "kraken" if "/" in symbol else "binance"
    return [i for r in tb.records(recorder.tape) if r.type in kinds and r.venue == name for i in read(r, symbol)]


def newest(recorder, symbol="BTCUSDT"):
    return max(trade_ids(recorder, symbol, (tb.RECEIVED,)), default=0)


def until_newest(recorder, number, symbol="BTCUSDT"):
    """Until the trade of this number has come by the stream and is on the tape."""
    until(lambda: newest(recorder, symbol) >= number, f"trade {number} on the tape", DEADLINE, recorder)


def missing(recorder, symbol="BTCUSDT"):
    """Ids between the first and the last on the tape that are not."""
    there = set(trade_ids(recorder, symbol))
    return sorted(set(range(min(there), max(there) + 1)) - there) if there else []


def until_whole(recorder, symbol="BTCUSDT"):
    until(lambda: not missing(recorder, symbol), "the missing trades", DEADLINE, recorder)


# ---- candles ------------------------------------------------------------------------------------


def final_candles(text, instrument):
    """The last row of each candle of one instrument in CSV output, by bar and opening."""
    rows = csv.DictReader(io.StringIO("\n".join(l for l in text.splitlines() if not l.startswith("candle digest"))))
    return {(r["bar"], r["open_time"]): r for r in rows if r["instrument"] == instrument}


def naive_candles(trades, seconds=1):
    """One-second candles from the truth: opening -> what can be compared."""
    out = {}
    for t in sorted(trades, key=lambda t: (t.time_ms, t.id)):
        opening = t.time_ms // (1000 * seconds) * seconds
        price, quantity = decimal.Decimal(t.price), decimal.Decimal(t.quantity)
        candle = out.setdefault(opening, {"open": price, "high": price, "low": price, "volume": 0, "trades": 0})
        candle["high"], candle["low"] = max(candle["high"], price), min(candle["low"], price)
        candle["close"] = price
        candle["volume"] += quantity
        candle["trades"] += 1
    return out


def check_candles(text, instrument, trades):
    """The 1 s candles in CSV output are those of the trades, and know of nothing missing."""
    found = {key[1]: row for key, row in final_candles(text, instrument).items() if key[0] == "1s"}
    truth = naive_candles(trades)
    assert len(found) == len(truth) > 0
    for row, candle in zip((found[k] for k in sorted(found)), (truth[k] for k in sorted(truth))):
        got = {name: decimal.Decimal(row[name]) for name in candle}
        assert got == candle, f"{row['open_time']}: {got}, not {candle}"
        assert row["missing"] == "0", row


def repeatable(text):
    """CSV of candles without the columns that are of the place and the run: those of the digest, and what is no row."""
    header = next(line for line in text.splitlines() if line.startswith("venue,"))
    end = header.split(",").index("tape")
    return [",".join(line.split(",")[:end]) for line in text.splitlines()]


def check_whole(recorder, run, venue, symbol="BTCUSDT", instrument="BTC-USDT"):
    """For a recorder that ran with --bar 1s --format csv --digest and has ended: nothing between the first and the
    last trade is missing, live and replayed candles are the same, and they are those of the venue's truth."""
    assert not missing(recorder, symbol)
    ids = set(trade_ids(recorder, symbol))
    replay = run("replay", recorder.tape, "--format", "csv", "--digest").stdout
    assert repeatable(recorder.stdout) == repeatable(replay)
    check_candles(replay, instrument, [t for t in venue.trades[symbol] if t.id in ids])


CANDLES = ("--bar", "1s", "--format", "csv", "--digest")

"""The gRPC service, seen by a foreign client: Python's grpcio.

Most tests command a server over a made-up market (tests/unit/sink_grpc_test.c with "drive"), because there every
candle says which update made it (`trades`), and disk, engine and clients can be as fast or as slow as the test wants.
"""

import datetime
import importlib
import json
import os
import pathlib
import random
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import types

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool

DEADLINE = 60
CODE = grpc.StatusCode
PROTOS = "/usr/share/grpc-proto"


# ---- stubs, server, client ---------------------------------------------------------------------


@pytest.fixture(scope="session")
def pb(root, tmp_path_factory):
    """The generated modules: pb.market, pb.market_grpc, pb.health, pb.reflection."""
    out = tmp_path_factory.mktemp("stubs")
    subprocess.run(
        [
            "protoc", "--plugin=protoc-gen-grpc=/usr/bin/grpc_python_plugin", f"--python_out={out}", f"--grpc_out={out}",
            f"-I{root / 'proto'}", f"-I{PROTOS}", "rewick/v1/market_data.proto", "grpc/health/v1/health.proto",
            "grpc/reflection/v1alpha/reflection.proto",
        ],
        check=True,
    )  # fmt: skip
    sys.path.insert(0, str(out))
    grpc.__path__.append(str(out / "grpc"))  # "grpc" is a package of its own already
    load = importlib.import_module
    return types.SimpleNamespace(
        path=out,
        market=load("rewick.v1.market_data_pb2"),
        market_grpc=load("rewick.v1.market_data_pb2_grpc"),
        health=load("grpc.health.v1.health_pb2"),
        health_grpc=load("grpc.health.v1.health_pb2_grpc"),
        reflection=load("grpc.reflection.v1alpha.reflection_pb2"),
    )


@pytest.fixture(scope="session")
def driver_binary(root):
    build = pathlib.Path(os.environ.get("REWICK", root / "build" / "rewick")).resolve().parent
    binary = build / "tests" / "sink_grpc_test"
    make = ["make", "--no-print-directory", f"BUILD={build.relative_to(root)}", str(binary.relative_to(root))]
    subprocess.run(make, cwd=root, check=True)
    return binary


class Driver:
    """A server that does what the test says, line by line."""

    def __init__(self, binary, seed):
        self.process = subprocess.Popen(
            [binary, "drive", str(seed)], bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.port = None

    def command(self, line):
        """Sends it; the words of the answers, up to "ok UPDATES"."""
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        answers = []
        while True:
            ready, _, _ = select.select([self.process.stdout], [], [], DEADLINE)
            assert ready, f"no answer to '{line}'"
            answer = self.process.stdout.readline().decode().split(maxsplit=1)
            assert answer, f"server died at '{line}': {self.process.stderr.read().decode()[-4000:]}"
            if answer[0] == "ok":
                self.updates = int(answer[1])
                return answers
            answers.append((answer[0], answer[1].strip()))

    def open(self, address="127.0.0.1:0"):
        (kind, value), = self.command(f"open {address}")
        assert kind == "port", value
        self.port = int(value)
        return self

    def close(self):
        (kind, value), = self.command("close")
        return int(value)

    def count(self):
        self.command("nothing")
        return self.updates

    def wait_for_updates(self, count):
        """Until this many more were made."""
        until = time.monotonic() + 2 * DEADLINE
        start = self.count()
        while self.count() - start < count:
            assert time.monotonic() < until, "the market does not move"
            time.sleep(0.05)

    def flood(self, count, reader):
        """This many updates as fast as the reader takes them: the speed of the machine decides nothing."""
        start = self.count()
        while self.updates - start < count:
            self.command("put 1000")
            wait_until(lambda: reader.code or reader.newest >= self.updates - 10000, "the reader keeps up")
            assert reader.code is None, f"{reader.code}: {reader.details}"

    def rss(self):
        return int(dict(self.command("rss"))["rss"])

    def log(self, tmp_path):
        """Every update: (number, (venue, instrument, bar, open_ns), state, revision)."""
        path = tmp_path / "updates"
        self.command(f"log {path}")
        updates = []
        for line in path.read_text().splitlines():
            number, venue, instrument, bar, open_ns, state, revision = line.split()
            updates.append((int(number), (venue, instrument, bar, int(open_ns)), state, int(revision)))
        return updates

    def channel(self, **options):
        # Without a pool of its own every channel of the process would share one connection.
        list_ = [("grpc.use_local_subchannel_pool", 1), *options.items()]
        return grpc.insecure_channel(f"127.0.0.1:{self.port}", options=list_)

    def finish(self):
        """Ends the process; whatever sanitizers have to say comes out here."""
        if self.process.poll() is None and self.process.stdin:
            self.process.stdin.close()
        try:
            self.process.wait(DEADLINE)
        finally:
            self.process.kill()
        stderr = self.process.stderr.read().decode()
        self.process.stdout.close()
        self.process.stderr.close()
        return self.process.returncode, stderr


@pytest.fixture
def driver(driver_binary):
    server = Driver(driver_binary, seed=7)
    yield server
    status, stderr = server.finish()
    assert status == 0, stderr[-4000:]
    assert "rewick: " not in stderr and "Sanitizer" not in stderr, stderr[-4000:]


class Stream(threading.Thread):
    """Reads StreamCandles until it ends, in a thread."""

    def __init__(self, pb, driver, pause=0, timeout=None, channel=None, **request):
        super().__init__(daemon=True)
        self.pb, self.pause = pb, pause
        lists = {name: request.pop(name, []) for name in ("venues", "instruments", "bars")}
        self.request = pb.market.StreamCandlesRequest(filter=pb.market.CandleFilter(**lists), **request)
        lists["bars"] = ["1m" if bar == "60s" else bar for bar in lists["bars"]]
        self.wanted = types.SimpleNamespace(**{"forming": False, "from_ns": 0, **request}, **lists)
        self.channel = channel or driver.channel()
        self.call = pb.market_grpc.MarketDataStub(self.channel).StreamCandles(self.request, timeout=timeout)
        self.updates = []  # (number, identity, state, revision, number of the update that made it)
        self.messages = 0
        self.newest = 0  # of the updates that made the candles
        self.code = self.details = None
        self.start()

    def run(self):
        states = {1: "forming", 2: "closed", 3: "corrected"}
        try:
            for response in self.call:
                self.messages += 1
                for update in response.updates:
                    candle = update.candle
                    identity = (candle.venue, candle.instrument, candle.bar, candle.open_time_ns)
                    self.updates.append((update.number, identity, states[candle.state], candle.revision, candle.trades))
                    self.newest = max(self.newest, candle.trades)
                if self.pause:
                    time.sleep(self.pause)
            self.code = CODE.OK
        except grpc.RpcError as error:
            self.details = error.details()
            self.code = error.code()

    def opened(self):
        """Waits for the headers: from here on nothing is missed."""
        self.call.initial_metadata()
        return self

    def wants(self, update):
        _, (venue, instrument, bar, open_ns), state, _ = update
        wanted = self.wanted
        return (
            (wanted.forming or state != "forming")
            and open_ns >= wanted.from_ns
            and (not wanted.venues or venue in wanted.venues)
            and (not wanted.instruments or instrument in wanted.instruments)
            and (not wanted.bars or bar in wanted.bars)
        )

    def check_history_then_live(self, log):
        """Until it is so: between two pages of history nothing may come for a while. And then nothing more comes."""
        until = time.monotonic() + DEADLINE
        while True:
            count = len(self.updates)
            try:
                self.is_history_then_live(log)
            except AssertionError:
                if time.monotonic() > until or self.code is not None:
                    raise
            else:
                time.sleep(0.2)
                if count == len(self.updates):
                    return
            time.sleep(0.1)

    def is_history_then_live(self, log):
        """Per candle: what came is an unbroken end of all its updates, whose first may come from the store."""
        wanted, seen = {}, {}
        for update in log:
            if self.wants(update):
                wanted.setdefault(update[1], []).append((update[0], update[2], update[3]))
        live = [number for number, *_ in self.updates if number]
        assert live == sorted(set(live)), "live updates are not in order"
        rows = [identity for number, identity, *_ in self.updates if not number]
        order = [(i[3], i[0], i[1], 1 if i[2] == "1s" else 60) for i in rows]
        assert order == sorted(set(order)), "history is not in order, or has a row twice"
        assert all(number == 0 for number, *_ in self.updates[: len(rows)]), "a row of the store behind a live update"
        for number, identity, state, revision, made_by in self.updates:
            assert number in (0, made_by)
            seen.setdefault(identity, []).append((made_by, state, revision))
        assert set(seen) <= set(wanted), "a candle that was not asked for"
        from_store = set(rows)
        for identity, updates in wanted.items():
            got = seen.get(identity, [])
            complete = identity in from_store and got and updates[-len(got) :] == got
            assert complete or got == updates, f"{identity}: {got} is no unbroken end of {updates}"

    def check_live(self, log, opened_at):
        wanted = [update[0] for update in log if self.wants(update)]
        got = [number for number, *_ in self.updates]
        assert got and wanted[-len(got) :] == got, "not an unbroken end of all updates"
        assert got[0] == next(number for number in wanted if number > opened_at) or got[0] <= opened_at

    def wait_for(self, log):
        """Until the last update that it wants is there, and then nothing more comes."""
        last = max((update[0] for update in log if self.wants(update)), default=0)
        until = time.monotonic() + DEADLINE
        count = -1
        while self.code is None and (self.newest < last or count < len(self.updates)):
            if time.monotonic() > until:
                pytest.fail(f"update {last} did not come")
            count = len(self.updates)
            time.sleep(0.3)
        assert self.code is None, f"{self.code}: {self.details}"

    def ended(self):
        self.join(DEADLINE)
        assert self.code is not None, "the stream did not end"
        return self.code


def wait_until(condition, what):
    until = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < until, f"not in {DEADLINE} s: {what}"
        time.sleep(0.02)


def stub(pb, driver, **options):
    return pb.market_grpc.MarketDataStub(driver.channel(**options))


# A client whose library takes little before the program reads: else megabytes are on their way.
NARROW = {"grpc.http2.bdp_probe": 0}


def failure(call, *args, **kwargs):
    """Code and text with which a call fails."""
    with pytest.raises(grpc.RpcError) as info:
        result = call(*args, timeout=DEADLINE, **kwargs)
        for _ in result:
            pass
    return info.value.code(), info.value.details()


# ---- StreamCandles -----------------------------------------------------------------------------

FILTERS = (
    {},
    {"forming": True},
    {"venues": ["binance"], "forming": True},
    {"instruments": ["ETH-USDT"], "bars": ["1m"]},
    {"bars": ["60s", "1s"]},
    {"venues": ["kraken", "binance"], "instruments": ["BTC-USDT"], "bars": ["1s"], "forming": True},
)


@pytest.mark.parametrize("lag", [0, 500])
def test_history_then_live_has_no_hole_and_no_duplicate(pb, driver, tmp_path, lag):
    """Clients join at random moments while the market runs and the store follows with a lag."""
    dice = random.Random(lag)
    driver.command("fill 15000")
    driver.open()
    driver.command(f"lag {lag}")
    driver.command("rate 4000")
    streams = []
    for index in range(12):
        time.sleep(dice.random() * 0.2)
        streams.append(Stream(pb, driver, history=True, **FILTERS[index % len(FILTERS)]))
    wait_until(lambda: all(s.updates and s.updates[-1][0] for s in streams), "live updates for everybody")
    driver.command("rate 0")
    log = driver.log(tmp_path)
    for stream in streams:
        stream.wait_for(log)
        stream.check_history_then_live(log)
        assert stream.updates[0][0] == 0, "no history"


def test_history_with_a_start_time_leaves_out_older_candles(pb, driver, tmp_path):
    driver.command("fill 20000")
    log = driver.log(tmp_path)
    middle = sorted(update[1][3] for update in log)[len(log) // 2]
    driver.open()
    driver.command("rate 3000")
    stream = Stream(pb, driver, history=True, forming=True, from_ns=middle).opened()
    time.sleep(0.5)
    driver.command("rate 0")
    log = driver.log(tmp_path)
    stream.wait_for(log)
    stream.check_history_then_live(log)


def test_long_history_does_not_fill_the_live_queue(pb, driver, tmp_path):
    """The client takes seconds for the history, and meanwhile more updates pass than its queue could hold."""
    driver.command("fill 60000")
    driver.open()
    stream = Stream(pb, driver, pause=0.5, channel=driver.channel(**NARROW), history=True, forming=True).opened()
    for _ in range(70):
        driver.command("put 1000")
        time.sleep(0.01)
    assert stream.code is None
    stream.pause = 0
    log = driver.log(tmp_path)
    stream.wait_for(log)
    stream.check_history_then_live(log)


def test_history_waits_for_the_store(pb, driver, tmp_path):
    """Joined behind an update that the store does not show yet, history does not begin without it."""
    driver.command("fill 1000")
    driver.open()
    driver.command("manual 1")
    driver.command("put 100")
    stream = Stream(pb, driver, history=True, forming=True).opened()
    time.sleep(0.3)
    assert stream.updates == []
    driver.command("put 100")
    driver.command("commit")
    log = driver.log(tmp_path)
    stream.wait_for(log)
    stream.check_history_then_live(log)


def test_a_store_that_stays_behind_ends_the_stream_honestly(pb, driver):
    driver.command("fill 10")
    driver.open()
    driver.command("manual 1")
    driver.command("put 10")
    stream = Stream(pb, driver, history=True)
    assert stream.ended() == CODE.UNAVAILABLE
    assert "store is too far behind" in stream.details


def test_a_restarted_engine_repeats_nothing_to_a_client_with_history(pb, driver, tmp_path):
    """The store has updates of the run before; the engine makes them again from the start of the tape."""
    driver.command("fill 5000")
    driver.open()
    driver.command("again 2500")
    stream = Stream(pb, driver, history=True, forming=True).opened()
    driver.command("again 5000")
    driver.command("put 300")
    log = driver.log(tmp_path)
    stream.wait_for(log)
    stream.check_history_then_live(log)


def test_live_only(pb, driver, tmp_path):
    driver.command("fill 500")
    driver.open()
    driver.command("rate 3000")
    time.sleep(0.1)
    before = driver.count()
    streams = [Stream(pb, driver, **filter_).opened() for filter_ in FILTERS]
    after = driver.count()
    time.sleep(0.5)
    driver.command("rate 0")
    log = driver.log(tmp_path)
    for stream in streams:
        stream.wait_for(log)
        stream.check_live(log, after)
        assert stream.updates[0][0] > before, "an update from before the call"


def test_updates_share_messages_when_the_client_is_behind(pb, driver, tmp_path):
    driver.open()
    stream = Stream(pb, driver, forming=True).opened()
    driver.command("put 10000")
    log = driver.log(tmp_path)
    stream.wait_for(log)
    assert len(stream.updates) == 10000 and stream.messages < 5000


def test_a_slow_client_is_cut_off_and_costs_nobody_anything(pb, driver, tmp_path):
    driver.open()
    fast = Stream(pb, driver, forming=True).opened()
    call = stub(pb, driver, **NARROW).StreamCandles(pb.market.StreamCandlesRequest(forming=True), timeout=2 * DEADLINE)
    call.initial_metadata()  # and reads nothing
    driver.flood(80000, fast)
    log = driver.log(tmp_path)
    fast.wait_for(log)
    assert [update[0] for update in fast.updates] == [update[0] for update in log]
    numbers = []
    with pytest.raises(grpc.RpcError) as info:
        for response in call:
            numbers += [update.number for update in response.updates]
    assert info.value.code() == CODE.RESOURCE_EXHAUSTED
    assert "client reads too slowly" in info.value.details() and "history" in info.value.details()
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) < len(log), "what it got has a hole"


def test_streams_are_limited_and_their_places_come_back(pb, driver):
    """257 streams: one too many. After a SIGKILL of their process all places are free again."""
    driver.open()
    script = f"""
import sys, grpc
sys.path.insert(0, {str(pb.path)!r})
from rewick.v1 import market_data_pb2 as m, market_data_pb2_grpc as g
stub = g.MarketDataStub(grpc.insecure_channel("127.0.0.1:{driver.port}"))
calls = [stub.StreamCandles(m.StreamCandlesRequest(forming=True)) for _ in range(256)]
for call in calls: call.initial_metadata()
print("open", flush=True)
sys.stdin.read()
"""
    for _ in range(2):
        client = subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert client.stdout.readline() == "open\n"
        driver.command("put 100")
        code, text = failure(stub(pb, driver).StreamCandles, pb.market.StreamCandlesRequest())
        assert code == CODE.RESOURCE_EXHAUSTED and "256 streams" in text
        client.send_signal(signal.SIGKILL)
        client.wait()
        client.stdin.close()
        client.stdout.close()

        def is_free():
            stream = Stream(pb, driver)
            stream.call.add_callback(lambda: None)
            time.sleep(0.05)
            free = stream.code is None
            stream.call.cancel()
            return free

        wait_until(is_free, "a free place")


CLIENT = """
import sys, grpc
sys.path.insert(0, sys.argv[1])
from rewick.v1 import market_data_pb2 as m, market_data_pb2_grpc as g
stub = g.MarketDataStub(grpc.insecure_channel(sys.argv[2]))
call = stub.StreamCandles(m.StreamCandlesRequest(forming=True, history=True))
call.initial_metadata()
print("open", flush=True)
for response in call: pass
"""


@pytest.fixture
def foreign_client(pb, driver):
    clients = []

    def start():
        command = [sys.executable, "-c", CLIENT, str(pb.path), f"127.0.0.1:{driver.port}"]
        client = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        clients.append(client)
        assert client.stdout.readline() == "open\n"
        return client

    yield start
    for client in clients:
        client.kill()
        client.wait()
        client.stdout.close()


def test_killed_clients_leave_nothing_behind(pb, driver, foreign_client, tmp_path):
    driver.command("fill 5000")
    driver.open()
    driver.command("rate 4000")
    stream = Stream(pb, driver, forming=True, history=True).opened()
    for _ in range(8):
        foreign_client().send_signal(signal.SIGKILL)
    driver.command("rate 0")
    log = driver.log(tmp_path)
    stream.wait_for(log)
    stream.check_history_then_live(log)


def test_a_stopped_client_holds_up_neither_others_nor_closing(pb, driver, foreign_client, tmp_path):
    driver.command("fill 5000")
    driver.open()
    stopped = foreign_client()
    stopped.send_signal(signal.SIGSTOP)
    stream = Stream(pb, driver, forming=True, history=True).opened()
    driver.flood(70000, stream)
    log = driver.log(tmp_path)
    stream.wait_for(log)
    stream.check_history_then_live(log)
    assert driver.close() < 8000  # the core alone would take 10 to 20 seconds
    assert stream.ended() == CODE.UNAVAILABLE


def test_deadline_and_cancel_end_a_stream(pb, driver):
    driver.open()
    stream = Stream(pb, driver, timeout=0.3, history=True)
    assert stream.ended() == CODE.DEADLINE_EXCEEDED
    stream = Stream(pb, driver, history=True).opened()
    driver.command("put 100")
    stream.call.cancel()
    assert stream.ended() == CODE.CANCELLED
    driver.command("put 100")


def test_memory_stays_bounded_under_stalled_clients(pb, driver, driver_binary):
    if b"__asan_init" in driver_binary.read_bytes() or b"__tsan_init" in driver_binary.read_bytes():
        pytest.skip("sanitizers keep what was freed")
    driver.command("fill 200000")
    driver.open()
    before = driver.rss()
    calls = []
    for history in (True, False) * 10:
        request = pb.market.StreamCandlesRequest(forming=True, history=history)
        calls.append(stub(pb, driver, **NARROW).StreamCandles(request))
        calls[-1].initial_metadata()
    driver.command("rate 20000")
    highest = 0
    for _ in range(10):
        driver.wait_for_updates(10000)
        highest = max(highest, driver.rss())
    driver.command("rate 0")
    # Live queues share their updates: 8 MiB packed, some more for the events; 10 pages; the market itself.
    assert highest - before < 120 * 1024, f"{highest - before} KiB more"
    for call in calls:
        call.cancel()


# ---- queries -----------------------------------------------------------------------------------


def latest(log, wants):
    """The rows that the store shows: the last state of each candle, in order."""
    rows = {}
    for number, identity, state, revision in log:
        rows[identity] = (number, identity, state, revision)
    key = lambda row: (row[1][3], row[1][0], row[1][1], 1 if row[1][2] == "1s" else 60)  # noqa: E731
    return sorted((row for row in rows.values() if wants(row)), key=key)


def get_all(pb, driver, page_size, **request):
    market, token, candles, pages = stub(pb, driver), "", [], 0
    while True:
        page = market.GetCandles(
            pb.market.GetCandlesRequest(page_size=page_size, page_token=token, **request), timeout=DEADLINE
        )
        assert len(page.candles) <= (page_size or 1000)
        candles += page.candles
        token = page.next_page_token
        pages += 1
        if not token:
            return candles, pages


@pytest.mark.parametrize("page_size", [1, 7, 0, 10000])
def test_pages_are_the_store(pb, driver, tmp_path, page_size):
    driver.command(f"fill {300 if page_size == 1 else 30000}")
    driver.open()
    log = driver.log(tmp_path)
    for forming in (False, True):
        rows = latest(log, lambda row: forming or row[2] != "forming")
        candles, pages = get_all(pb, driver, page_size, forming=forming)
        assert [candle.trades for candle in candles] == [row[0] for row in rows]
        assert pages >= len(rows) // (page_size or 1000)


def test_a_query_of_a_venue_a_bar_and_a_time(pb, driver, tmp_path):
    driver.command("fill 30000")
    driver.open()
    log = driver.log(tmp_path)
    times = sorted(update[1][3] for update in log)
    begin, end = times[len(times) // 3], times[len(times) // 2]
    filter_ = pb.market.CandleFilter(venues=["kraken"], bars=["1s"])
    rows = latest(
        log,
        lambda row: row[1][0] == "kraken" and row[1][2] == "1s" and begin <= row[1][3] < end and row[2] != "forming",
    )
    candles, _ = get_all(pb, driver, 500, filter=filter_, from_ns=begin, to_ns=end)
    assert rows and [candle.trades for candle in candles] == [row[0] for row in rows]


def test_pages_while_the_store_grows_give_no_candle_twice(pb, driver, tmp_path):
    driver.command("fill 20000")
    driver.open()
    before = {update[1] for update in driver.log(tmp_path) if update[2] != "forming"}
    driver.command("rate 20000")
    candles, _ = get_all(pb, driver, 300)
    driver.command("rate 0")
    identities = [(c.venue, c.instrument, c.bar, c.open_time_ns) for c in candles]
    assert len(identities) == len(set(identities))
    assert before <= set(identities), "a candle that was there from the start is missing"


def test_a_candle_in_full(pb, driver):
    driver.command("fill 1")
    driver.open()
    (candle,), _ = get_all(pb, driver, 1, forming=True)
    assert (candle.open, candle.high, candle.low, candle.close) == ("61837.64",) * 4
    assert (candle.volume, candle.quote_volume) == ("0.12345678", "0.0987654321")
    assert candle.close_time_ns - candle.open_time_ns == {"1s": 10**9, "1m": 60 * 10**9}[candle.bar]
    assert candle.first_trade_id.value == 1 and candle.last_trade_id.value == 2
    assert (candle.state, candle.volume_unit) == (pb.market.CANDLE_STATE_FORMING, pb.market.VOLUME_UNIT_BASE)
    assert (candle.channel, candle.symbol, candle.flags[:]) == ("trade", "BTCUSDT", [])


def test_instruments(pb, driver):
    driver.open()
    market = stub(pb, driver)
    everything = {(i.venue, i.instrument, i.symbol) for i in market.ListInstruments(pb.market.ListInstrumentsRequest()).instruments}
    assert everything == {(v, i, "BTCUSDT") for v in ("binance", "kraken") for i in ("BTC-USDT", "ETH-USDT")}
    some = market.ListInstruments(pb.market.ListInstrumentsRequest(venues=["kraken"])).instruments
    assert {i.venue for i in some} == {"kraken"} and len(some) == 2


def test_a_store_that_cannot_be_read_is_unavailable_for_as_long(pb, driver):
    driver.command("fill 100")
    driver.open()
    market = stub(pb, driver)
    driver.command("fail 1")
    for call, request in (
        (market.GetCandles, pb.market.GetCandlesRequest()),
        (market.StreamCandles, pb.market.StreamCandlesRequest(history=True)),
    ):
        assert failure(call, request) == (CODE.UNAVAILABLE, "cannot read database 'fake'")
    driver.command("fail 0")
    assert market.GetCandles(pb.market.GetCandlesRequest(), timeout=DEADLINE).candles


# ---- what is asked wrongly ---------------------------------------------------------------------


def test_wrong_arguments_name_the_field(pb, driver):
    driver.command("fill 3000")
    driver.open()
    market, m = stub(pb, driver), pb.market
    filters = (
        (m.CandleFilter(bars=["1x"]), "filter.bars: "),
        (m.CandleFilter(bars=[""]), "filter.bars: "),
        (m.CandleFilter(venues=["binanse"]), "filter.venues: "),
        (m.CandleFilter(instruments=[""]), "filter.instruments: "),
        (m.CandleFilter(instruments=["A-B"] * 257), "filter.instruments: "),
    )
    for filter_, begin in filters:
        for call, request in (
            (market.StreamCandles, m.StreamCandlesRequest(filter=filter_)),
            (market.GetCandles, m.GetCandlesRequest(filter=filter_)),
        ):
            code, text = failure(call, request)
            assert code == CODE.INVALID_ARGUMENT and text.startswith(begin), text
    code, text = failure(market.GetCandles, m.GetCandlesRequest(page_size=10001))
    assert code == CODE.INVALID_ARGUMENT and text.startswith("page_size: ")


def test_page_tokens_belong_to_their_query(pb, driver):
    driver.command("fill 3000")
    driver.open()
    market, m = stub(pb, driver), pb.market
    token = market.GetCandles(m.GetCandlesRequest(page_size=10), timeout=DEADLINE).next_page_token
    assert token
    other = m.CandleFilter(venues=["kraken"])
    wrong = [
        m.GetCandlesRequest(page_size=10, page_token=token, filter=other),
        m.GetCandlesRequest(page_size=10, page_token=token, from_ns=1),
        m.GetCandlesRequest(page_size=10, page_token=token, forming=True),
        m.GetCandlesRequest(page_token="x"),
        m.GetCandlesRequest(page_token=token + "x"),
        m.GetCandlesRequest(page_token=token[:-1]),
        m.GetCandlesRequest(page_token="9" * 1000),
    ] + [m.GetCandlesRequest(page_token=token[:i] + "~" + token[i + 1 :]) for i in range(len(token))]
    for request in wrong:
        code, text = failure(market.GetCandles, request)
        assert code == CODE.INVALID_ARGUMENT and text.startswith("page_token: "), text
    # Another page size is fine.
    assert market.GetCandles(m.GetCandlesRequest(page_size=20, page_token=token), timeout=DEADLINE).candles


def raw_call(driver, path, request=b""):
    return driver.channel().unary_unary(path)(request, timeout=DEADLINE)


@pytest.mark.parametrize(
    "path", ["/rewick.v1.MarketData/Nothing", "/no.such.Service/Method", "/x", "/rewick.v1.MarketData/" + "N" * 3000]
)
def test_unknown_methods_are_unimplemented(driver, path):
    driver.open()
    with pytest.raises(grpc.RpcError) as info:
        raw_call(driver, path)
    assert info.value.code() == CODE.UNIMPLEMENTED
    assert info.value.details().startswith(f"no method '{path[:200]}")


def test_requests_that_are_no_messages(driver):
    driver.open()
    for method in ("rewick.v1.MarketData/GetCandles", "rewick.v1.MarketData/StreamCandles", "grpc.health.v1.Health/Check"):
        with pytest.raises(grpc.RpcError) as info:
            raw_call(driver, "/" + method, b"\xff\xff\xff")
        assert info.value.code() == CODE.INVALID_ARGUMENT
        with pytest.raises(grpc.RpcError) as info:
            raw_call(driver, "/" + method, b"\x00" * 300000)
        assert info.value.code() == CODE.RESOURCE_EXHAUSTED
        # A call that ends without any message.
        with pytest.raises(grpc.RpcError) as info:
            driver.channel().stream_unary("/" + method)(iter(()), timeout=DEADLINE)
        assert info.value.code() == CODE.INVALID_ARGUMENT


def test_compressed_requests_are_read(pb, driver):
    driver.command("fill 10")
    driver.open()
    request = pb.market.GetCandlesRequest(forming=True, filter=pb.market.CandleFilter(instruments=["BTC-USDT", "ETH-USDT"] * 60))
    page = stub(pb, driver).GetCandles(request, timeout=DEADLINE, compression=grpc.Compression.Gzip)
    assert page.candles


def test_noise_on_the_port_harms_nobody(pb, driver):
    driver.command("fill 100")
    driver.open()
    dice = random.Random(3)
    for size in (0, 1, 24, 1000, 100000):
        with socket.create_connection(("127.0.0.1", driver.port)) as connection:
            try:
                connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + dice.randbytes(size) if size % 2 else dice.randbytes(size))
            except OSError:
                pass  # it may hang up on us
    assert stub(pb, driver).GetCandles(pb.market.GetCandlesRequest(forming=True), timeout=DEADLINE).candles


# ---- health and reflection ---------------------------------------------------------------------


def test_health_check(pb, driver):
    driver.open()
    health = pb.health_grpc.HealthStub(driver.channel())
    for service in ("", "rewick.v1.MarketData"):
        assert health.Check(pb.health.HealthCheckRequest(service=service), timeout=DEADLINE).status == 1
    code, text = failure(health.Check, pb.health.HealthCheckRequest(service="other"))
    assert code == CODE.NOT_FOUND and "other" in text


def test_health_watch_sees_the_end(pb, driver):
    driver.open()
    health = pb.health_grpc.HealthStub(driver.channel())
    known = health.Watch(pb.health.HealthCheckRequest(service="rewick.v1.MarketData"))
    unknown = health.Watch(pb.health.HealthCheckRequest(service="other"))
    assert next(known).status == pb.health.HealthCheckResponse.SERVING
    assert next(unknown).status == pb.health.HealthCheckResponse.SERVICE_UNKNOWN
    driver.close()
    assert next(known).status == pb.health.HealthCheckResponse.NOT_SERVING
    for call in (known, unknown):
        with pytest.raises(grpc.RpcError) as info:
            next(call)
        assert (info.value.code(), info.value.details()) == (CODE.UNAVAILABLE, "server is shutting down")


@pytest.fixture(params=["v1alpha", "v1"])
def reflect(pb, driver, request):
    """Asks reflection one question after another on one stream."""
    driver.open()
    r = pb.reflection
    method = driver.channel().stream_stream(
        f"/grpc.reflection.{request.param}.ServerReflection/ServerReflectionInfo",
        request_serializer=r.ServerReflectionRequest.SerializeToString,
        response_deserializer=r.ServerReflectionResponse.FromString,
    )

    def ask(**question):
        questions = [r.ServerReflectionRequest(host="h", **question)] * 2
        answers = list(method(iter(questions), timeout=DEADLINE))
        assert len(answers) == 2 and answers[0] == answers[1]
        assert answers[0].original_request == questions[0] and answers[0].valid_host == "h"
        return answers[0]

    return ask


def test_reflection_lists_services_that_it_can_describe(reflect):
    services = {service.name for service in reflect(list_services="").list_services_response.service}
    assert {"rewick.v1.MarketData", "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"} <= services
    pool = descriptor_pool.DescriptorPool()
    known = set()

    def add(answer):
        for data in answer.file_descriptor_response.file_descriptor_proto:
            file = descriptor_pb2.FileDescriptorProto.FromString(data)
            if file.name in known:
                continue
            known.add(file.name)
            for name in file.dependency:
                add(reflect(file_by_filename=name))
            pool.Add(file)

    for name in services:
        add(reflect(file_containing_symbol=name))
        assert pool.FindServiceByName(name).methods


def test_reflection_finds_symbols_and_files(pb, reflect):
    file = pb.market.DESCRIPTOR
    symbols = [
        "rewick.v1.Candle", "rewick.v1.Candle.open", "rewick.v1.CandleState", "rewick.v1.CANDLE_STATE_CLOSED",
        "rewick.v1.MarketData.StreamCandles",
    ]  # fmt: skip
    questions = [{"file_containing_symbol": symbol} for symbol in symbols] + [{"file_by_filename": file.name}]
    for question in questions:
        (data,) = reflect(**question).file_descriptor_response.file_descriptor_proto
        found = descriptor_pb2.FileDescriptorProto.FromString(data)
        pool = descriptor_pool.DescriptorPool()
        pool.Add(found)
        candle = pool.FindMessageTypeByName("rewick.v1.Candle")
        expected = pb.market.Candle.DESCRIPTOR
        assert found.name == file.name and list(candle.fields_by_name) == list(expected.fields_by_name)
        assert [f.number for f in candle.fields] == [f.number for f in expected.fields]
    health = reflect(file_containing_symbol="grpc.health.v1.HealthCheckResponse.ServingStatus")
    (data,) = health.file_descriptor_response.file_descriptor_proto
    assert descriptor_pb2.FileDescriptorProto.FromString(data).name == "grpc/health/v1/health.proto"
    health = reflect(file_containing_symbol="grpc.health.v1.HealthCheckResponse.NOT_SERVING")
    assert health.file_descriptor_response.file_descriptor_proto[0] == data


def test_reflection_of_what_is_not_there(reflect):
    for question in (
        {"file_containing_symbol": "rewick.v1.Nothing"},
        {"file_containing_symbol": "rewick.v1"},
        {"file_containing_symbol": "rewick.v1.Candl"},
        {"file_containing_symbol": "rewick.v1.Candle.open.x"},
        {"file_containing_symbol": ""},
        {"file_by_filename": "nothing.proto"},
        {"all_extension_numbers_of_type": "nothing"},
        {"file_containing_extension": {"containing_type": "rewick.v1.Candle", "extension_number": 1}},
    ):
        assert reflect(**question).error_response.error_code == CODE.NOT_FOUND.value[0]
    assert reflect(all_extension_numbers_of_type="rewick.v1.Candle").all_extension_numbers_response.base_type_name
    assert reflect().error_response.error_code == CODE.INVALID_ARGUMENT.value[0]


# ---- opening and closing -----------------------------------------------------------------------


def test_closing_gives_out_the_last_updates_and_says_why(pb, driver, tmp_path):
    driver.command("fill 100")
    driver.open()
    streams = [Stream(pb, driver, forming=True).opened(), Stream(pb, driver, forming=True, history=True).opened()]
    wait_until(lambda: streams[1].updates, "history")
    driver.command("put 3000")
    log = driver.log(tmp_path)
    took_ms = driver.close()
    for stream in streams:
        assert (stream.ended(), stream.details) == (CODE.UNAVAILABLE, "server is shutting down")
        assert stream.updates[-1][0] == log[-1][0]
    assert took_ms < 10000
    assert failure(stub(pb, driver).GetCandles, pb.market.GetCandlesRequest())[0] == CODE.UNAVAILABLE


def test_closing_in_the_middle_of_everything(pb, driver):
    """Histories, queries and live updates are all under way; nothing hangs, everything is answered."""
    driver.command("fill 100000")
    driver.open()
    driver.command("delay 20000")
    driver.command("rate 10000")
    streams = [Stream(pb, driver, forming=True, history=index % 2 == 0) for index in range(20)]
    market = stub(pb, driver)
    queries = [market.GetCandles.future(pb.market.GetCandlesRequest(page_size=10000)) for _ in range(20)]
    time.sleep(0.3)
    assert driver.close() < 20000
    for stream in streams:
        assert stream.ended() == CODE.UNAVAILABLE
    for query in queries:
        assert query.exception(DEADLINE) is None or query.code() == CODE.UNAVAILABLE


def test_a_port_in_use_is_one_line(driver, driver_binary):
    driver.open()
    other = Driver(driver_binary, seed=1)
    ((kind, text),) = other.command(f"open 127.0.0.1:{driver.port}")
    assert kind == "error"
    assert text == f"cannot listen on 127.0.0.1:{driver.port}: address already in use; choose another with --grpc"
    assert other.finish() == (0, ""), "the core talked too"


# ---- the program itself ------------------------------------------------------------------------


FIXTURES = ("binance-trade", "binance-coinm", "coinbase-matches", "kraken-trade")


def fixture_tape(root, name=FIXTURES[0]):
    return root / "fixtures" / name / "tape"


class Replay:
    """`rewick replay TAPE --grpc`, which serves until it is interrupted."""

    def __init__(self, rewick, tape, *args):
        self.process = subprocess.Popen(
            [rewick, "replay", str(tape), "--grpc", "127.0.0.1:0", *args],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.lines = []
        for line in self.process.stderr:
            self.lines.append(line)
            if "gRPC on" in line:
                self.port = int(line.rsplit(":", 1)[1])
                break
        else:
            pytest.fail(f"no port: {''.join(self.lines)}")
        self.pump = threading.Thread(target=lambda: self.lines.extend(self.process.stderr), daemon=True)
        self.pump.start()

    def channel(self, **_):
        return grpc.insecure_channel(f"127.0.0.1:{self.port}")

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(DEADLINE)
        return self.process.returncode


@pytest.fixture
def replay(rewick):
    started = []

    def start(tape, *args):
        started.append(Replay(rewick, tape, *args))
        return started[-1]

    yield start
    for server in started:
        server.process.kill()
        server.process.wait()
        server.pump.join(DEADLINE)
        server.process.stdout.close()
        server.process.stderr.close()


BARS = ("--bar", "1s,1m,100t", "--composite", "*=median")
DECIMALS = (
    "open", "high", "low", "close", "volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume", "vwap",
    "tape",
)  # fmt: skip
PLAIN = (
    "venue", "instrument", "bar", "revision", "trades", "channel", "symbol", "missing", "duplicates", "late",
    "out_of_order", "backfilled", "malformed", "dropped", "suspect",
)  # fmt: skip
IDENTIFIERS = ("mic", "operating_mic", "base_currency", "quote_currency", "base_dti", "quote_dti", "cfi")
FIGURES = ("min", "mean", "p50", "p90", "p99", "max")


def ns_of(text):
    """RFC 3339 as ns since 1970."""
    if text is None:
        return 0
    seconds, _, fraction = text.removesuffix("Z").partition(".")
    when = datetime.datetime.fromisoformat(seconds + "+00:00")
    return int(when.timestamp()) * 10**9 + int(fraction.ljust(9, "0") or 0)


def printed_candles(run, tape):
    """What `replay --format ndjson` says: the last state of every candle that has closed."""
    rows = {}
    for line in run("replay", tape, *BARS, "--format", "ndjson").stdout.splitlines():
        row = json.loads(line)
        if row["state"] == "forming":
            continue
        for name in ("open_time", "close_time", "first_trade_time", "last_trade_time"):
            row[name] = ns_of(row[name])
        for name in ("first_seq", "last_seq"):
            row[name] = row[name] or 0
        rows[row["venue"], row["instrument"], row["bar"], row["open_time"]] = row
    assert rows
    return rows


def latency_of(candle, member, prefix, none):
    metrics = getattr(candle, member) if candle.HasField(member) else None
    row = {f"{prefix}_{name}": getattr(metrics, f"{name}_ns") if metrics else None for name in FIGURES}
    return row | {f"{prefix}_count": metrics.count if metrics else none}


def contribution_text(pb, contribution):
    state = pb.market.ContributionState.Name(contribution.state).removeprefix("CONTRIBUTION_STATE_").lower()
    return " ".join((contribution.venue, contribution.symbol, state, contribution.close, contribution.vwap, contribution.volume))


def streamed_candle(pb, candle):
    """The message as the row that NDJSON prints."""
    optional = lambda name: getattr(candle, name) if candle.HasField(name) else None
    connections = [str(number) for number in candle.connections]
    if candle.connections_more:
        connections[-1] += "+"
    connected = optional("connected_ppm")
    row = {name: getattr(candle, name) or None for name in DECIMALS} | {name: getattr(candle, name) for name in PLAIN}
    row |= {name: getattr(candle.regulatory, name) if candle.HasField("regulatory") else None for name in IDENTIFIERS}
    row |= latency_of(candle, "latency", "latency", 0) | latency_of(candle, "emit_latency", "emit", None)
    row |= {
        "open_time": candle.open_time_ns,
        "close_time": candle.close_time_ns,
        "first_trade_time": candle.first_trade_time_ns,
        "last_trade_time": candle.last_trade_time_ns,
        "first_seq": candle.first_seq,
        "last_seq": candle.last_seq,
        "state": pb.market.CandleState.Name(candle.state).removeprefix("CANDLE_STATE_").lower(),
        "volume_unit": pb.market.VolumeUnit.Name(candle.volume_unit).removeprefix("VOLUME_UNIT_").lower(),
        "connections": connections or None,
        "first_trade_id": candle.first_trade_id.value if candle.HasField("first_trade_id") else None,
        "last_trade_id": candle.last_trade_id.value if candle.HasField("last_trade_id") else None,
        "connected": f"{connected // 10**6}.{connected % 10**6:06}" if connected is not None else None,
        "score": optional("score"),
        "flags": list(candle.flags),
        "clock_offset": optional("clock_offset_ns"),
        "contributions": [contribution_text(pb, c) for c in candle.contributions] or None,
    }
    return (candle.venue, candle.instrument, candle.bar, candle.open_time_ns), row


@pytest.mark.parametrize("speed", ["max", "20"])
@pytest.mark.parametrize("name", FIXTURES)
def test_a_replay_streams_what_it_prints(root, pb, run, replay, name, speed):
    """Candles of `replay --format ndjson` and of the stream are the same in every column, digit for digit."""
    tape = fixture_tape(root, name)
    expected = printed_candles(run, tape)
    server = replay(tape, "--no-candles", *BARS, "--speed", speed)
    market = pb.market_grpc.MarketDataStub(server.channel())
    stream = market.StreamCandles(pb.market.StreamCandlesRequest(history=True), timeout=DEADLINE)
    candles = {}
    for response in stream:
        candles.update(streamed_candle(pb, update.candle) for update in response.updates)
        if candles == expected:
            break
    stream.cancel()
    assert candles == expected

    def is_stored():  # a moment later than it is live
        page = market.GetCandles(pb.market.GetCandlesRequest(page_size=10000), timeout=DEADLINE)
        return dict(streamed_candle(pb, candle) for candle in page.candles) == expected

    wait_until(is_stored, "the same in the store")
    listed = market.ListInstruments(pb.market.ListInstrumentsRequest(), timeout=DEADLINE).instruments
    assert {(i.venue, i.instrument) for i in listed} == {key[:2] for key in expected}
    assert server.stop() == 0


def test_a_port_in_use_stops_the_program(root, rewick, run):
    tape = fixture_tape(root)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("replay", tape, "--grpc", f"127.0.0.1:{port}", status=4)
    assert result.stderr.splitlines() == [
        f"rewick: cannot listen on 127.0.0.1:{port}: address already in use; choose another with --grpc"
    ]


def test_other_interfaces_are_refused(root, run):
    result = run("replay", fixture_tape(root), "--grpc", "0.0.0.0:50051", status=2)
    assert "'0.0.0.0:50051' is not a loopback address" in result.stderr

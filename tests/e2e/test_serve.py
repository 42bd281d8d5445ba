"""rewick serve: what clients get is what is on the tape, byte for byte, in order, and nothing else."""

import contextlib
import csv
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

import pytest
from ws_client import TEXT, Refused, WebSocket

# Fixture, venue, path, the trades of both instruments: how to ask for them.
BINANCE = '{"method":"SUBSCRIBE","params":[%s],"id":1}'
PLAYS = {
    "binance-trade": ("binance", "/stream", BINANCE % '"btcusdt@trade","ethusdt@trade"'),
    "binance-usdm-trade": ("binance-usdm", "/stream", BINANCE % '"btcusdt@trade","ethusdt@trade"'),
    "binance-usdm-aggtrade": (
        "binance-usdm", "/market/stream", BINANCE % '"btcusdt@aggTrade","ethusdt@aggTrade"',
    ),
    "binance-coinm": ("binance-coinm", "/stream", BINANCE % '"btcusd_perp@aggTrade","ethusd_perp@aggTrade"'),
    "coinbase-matches": (
        "coinbase", "/", '{"type":"subscribe","product_ids":["BTC-USD","ETH-USD"],"channels":["matches"]}',
    ),
    "coinbase-advanced": (
        "coinbase-advanced", "/",
        '{"type":"subscribe","product_ids":["BTC-USD","ETH-USD"],"channel":"market_trades"}',
    ),
    "kraken-trade": (
        "kraken", "/v2", '{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD","ETH/USD"]}}',
    ),
}


def describe(frame):
    """(channel, instrument) of a data frame, read from its JSON; None for answers and status messages."""
    m = json.loads(frame)
    if "stream" in m:
        symbol, channel = m["stream"].split("@", 1)
        return channel, symbol
    if m.get("type") in ("match", "last_match"):
        return "matches", m["product_id"]
    if m.get("type") in ("ticker", "heartbeat"):
        return m["type"], m["product_id"]
    if m.get("channel") in ("market_trades", "ticker", "trade"):
        rows = m["data"] if "data" in m else m["events"][0].get("trades") or m["events"][0].get("tickers")
        (name,) = {row.get("product_id") or row["symbol"] for row in rows}
        return m["channel"], name
    if m.get("channel") in ("heartbeat", "heartbeats"):
        return m["channel"], ""
    return None


def frames_of(run, tape, *wanted):
    """Received frames of a tape whose (channel, instrument) is wanted; channel alone: all instruments."""
    out = run("tape", "cat", tape, "--type", "received").stdout
    frames = [json.loads(line)["data"] for line in out.splitlines()]
    found = []
    for frame in frames:
        what = describe(frame)
        if what and (what in wanted or what[0] in wanted):
            found.append(frame)
    return found


@contextlib.contextmanager
def serving(rewick, *args, status=0):
    """Runs `rewick serve` on free ports; gives {venue: url}, .process and .talk (its stderr, at the end)."""
    process = subprocess.Popen(
        [rewick, "serve", "--listen", "127.0.0.1:0", *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, stdin=subprocess.DEVNULL,
    )

    class Urls(dict):
        talk = ""

    urls = Urls()
    urls.process = process
    try:
        # The line that says it is ready comes on stderr, after the addresses.
        first = process.stderr.readline()
        assert "playing" in first, first + process.stderr.read()
        count = len({str(a) for a in args if pathlib.Path(str(a)).is_dir()})
        while len(urls) < count:
            venue, url = process.stdout.readline().split()
            urls[venue] = url
        yield urls
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        out, urls.talk = process.communicate(timeout=20)
    assert process.returncode == status, urls.talk


def answers_and_frames(messages):
    frames = [m for m in messages if describe(m)]
    return [m for m in messages if not describe(m)], frames


def trade_channel(name):
    message = PLAYS[name][2]
    return next(c for c in ("market_trades", "matches", "aggTrade", "trade") if c in message)


@pytest.mark.parametrize("name", PLAYS)
def test_clients_get_the_tapes_frames_and_nothing_else(rewick, root, run, name):
    venue, path, subscribe = PLAYS[name]
    tape = root / "fixtures" / name / "tape"
    expected = frames_of(run, tape, trade_channel(name), *(["heartbeat"] if venue == "kraken" else []))
    assert len(expected) > 80
    with serving(rewick, tape, "--speed", "max", "--at-end", "close") as urls:
        with WebSocket(urls[venue] + path) as ws:
            ws.send(subscribe)
            answers, frames = answers_and_frames(ws.drain(10))
            assert frames == expected
            assert answers
            assert (ws.close_code, ws.close_reason) == (1001, "end of tape")


# What `rewick record` subscribes to; USD-M is recorded from aggTrade only.
@pytest.mark.parametrize("name", [name for name in PLAYS if name != "binance-usdm-trade"])
def test_round_trip_through_a_recorder(rewick, root, run, tmp_path, name):
    venue, _, _ = PLAYS[name]
    tape = root / "fixtures" / name / "tape"
    channel = trade_channel(name)
    instruments = {"binance": "BTC-USDT,ETH-USDT", "binance-usdm": "BTC-USDT-PERP,ETH-USDT-PERP"}.get(
        venue, "BTC-USD-PERP,ETH-USD-PERP" if venue == "binance-coinm" else "BTC-USD,ETH-USD"
    )
    with serving(rewick, tape, "--speed", "20") as urls:
        run(
            "record", "--out", tmp_path / "tape", "--venue", f"{venue}:{instruments}", "--url", f"{venue}={urls[venue]}",
            "--until-silent", "3s", "--for", "60s", "--bar", "5s", "--no-candles",
        )
    assert frames_of(run, tmp_path / "tape", channel) == frames_of(run, tape, channel)
    # And so the values of the candles are the same.
    def candles(path):
        rows = csv.DictReader(run("replay", path, "--bar", "5s", "--format", "csv").stdout.splitlines())
        last = {(row["instrument"], row["open_time"]): row for row in rows}
        return {key: [row[c] for c in ("open", "high", "low", "close", "volume", "trades")] for key, row in last.items()}

    assert candles(tmp_path / "tape") == candles(tape)
    assert len(candles(tape)) >= 14


def test_several_clients_at_once_each_with_its_own_clock_and_wishes(rewick, root, run):
    names = ("binance-trade", "coinbase-matches", "kraken-trade")
    tapes = [root / "fixtures" / name / "tape" for name in names]
    wishes = [
        ("binance", "/stream?streams=btcusdt@trade", None, [("trade", "btcusdt")], 0),
        ("binance", "/stream", BINANCE % '"ethusdt@trade","ethusdt@bookTicker"', [("trade", "ethusdt"), ("bookTicker", "ethusdt")], 0),
        ("coinbase", "/", '{"type":"subscribe","product_ids":["ETH-USD"],"channels":["matches","heartbeat"]}', [("matches", "ETH-USD"), ("heartbeat", "ETH-USD")], 1),
        ("coinbase", "/", '{"type":"subscribe","channels":[{"name":"ticker","product_ids":["BTC-USD"]}]}', [("ticker", "BTC-USD")], 1),
        ("kraken", "/v2", '{"method":"subscribe","params":{"channel":"ticker","symbol":["ETH/USD"]}}', [("ticker", "ETH/USD"), "heartbeat"], 2),
    ]
    got = [None] * len(wishes)

    def play(index, urls):
        venue, path, message, _, _ = wishes[index]
        time.sleep(0.15 * index)
        with WebSocket(urls[venue] + path) as ws:
            if message:
                ws.send(message)
            got[index] = answers_and_frames(ws.drain(15))[1]

    with serving(rewick, *tapes, "--speed", "20", "--at-end", "close") as urls:
        threads = [threading.Thread(target=play, args=(i, urls)) for i in range(len(wishes))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for index, (_, _, _, wanted, tape) in enumerate(wishes):
        expected = frames_of(run, tapes[tape], *wanted)
        assert expected and got[index] == expected, wishes[index]


def test_a_client_may_subscribe_in_several_messages(rewick, root, run):
    tape = root / "fixtures" / "coinbase-advanced" / "tape"
    with serving(rewick, tape, "--speed", "max", "--at-end", "close") as urls:
        with WebSocket(urls["coinbase-advanced"]) as ws:
            for product in ("BTC-USD", "ETH-USD"):
                ws.send(json.dumps({"type": "subscribe", "product_ids": [product], "channel": "market_trades"}))
                time.sleep(0.1)
            ws.send('{"type":"subscribe","product_ids":["BTC-USD"],"channel":"heartbeats"}')
            frames = answers_and_frames(ws.drain(10))[1]
    assert frames == frames_of(run, tape, "market_trades", "heartbeats")


def test_raw_streams_get_the_inner_bytes(rewick, root, run):
    tape = root / "fixtures" / "binance-trade" / "tape"
    inner = [frame[frame.index('"data":') + 7 : -1] for frame in frames_of(run, tape, ("trade", "btcusdt"))]
    with serving(rewick, tape, "--speed", "max", "--at-end", "close") as urls:
        with WebSocket(urls["binance"] + "/ws/btcusdt@trade") as ws:
            assert ws.drain(10) == inner


def test_unsubscribing_ends_the_frames(rewick, root):
    with serving(rewick, root / "fixtures" / "binance-trade" / "tape", "--speed", "10") as urls:
        with WebSocket(urls["binance"] + "/stream") as ws:
            ws.send(BINANCE % '"btcusdt@trade","ethusdt@trade"')
            seen = set()
            while len(seen) < 2:
                what = describe(ws.receive())
                if what:
                    seen.add(what[1])
            ws.send('{"method":"UNSUBSCRIBE","params":["btcusdt@trade"],"id":2}')
            while ws.receive() != '{"result":null,"id":2}':
                pass
            ws.send('{"method":"LIST_SUBSCRIPTIONS","id":3}')
            messages = ws.drain(1.5)
    assert '{"result":["ethusdt@trade"],"id":3}' in messages
    frames = answers_and_frames(messages)[1]
    assert len(frames) > 20 and {describe(frame)[1] for frame in frames} == {"ethusdt"}


def test_frames_keep_their_distances(rewick, root, run):
    tape = root / "fixtures" / "kraken-trade" / "tape"
    with serving(rewick, tape, "--speed", "10", "--at-end", "close") as urls:
        with WebSocket(urls["kraken"] + "/v2") as ws:
            ws.send(PLAYS["kraken-trade"][2])
            times = []
            while (message := ws.receive()) is not None:
                if describe(message):
                    times.append(time.monotonic())
    # 40 s at ten times the speed; a machine that is busy can only make it longer.
    assert 2.5 < times[-1] - times[0] < 60


def test_held_at_the_end(rewick, root, run):
    tape = root / "fixtures" / "kraken-trade" / "tape"
    expected = frames_of(run, tape, ("trade", "BTC/USD"), "heartbeat")
    with serving(rewick, tape, "--speed", "max") as urls:
        with WebSocket(urls["kraken"] + "/v2") as ws:
            ws.send('{"method":"subscribe","params":{"channel":"trade","symbol":["BTC/USD"]}}')
            assert answers_and_frames(ws.drain(2))[1] == expected
            ws.send('{"method":"ping","req_id":42}')
            answer = json.loads(ws.receive())
            assert (answer["method"], answer["req_id"]) == ("pong", 42)
            assert ws.close_code is None


def test_the_server_pings_as_venues_do(rewick, root):
    with serving(rewick, root / "fixtures" / "kraken-trade" / "tape") as urls:
        with WebSocket(urls["kraken"] + "/v2") as ws:
            ws.receive()  # status
            with pytest.raises(TimeoutError):
                ws.receive(timeout=26)
            assert ws.pings == 1


def test_errors_are_the_venues_own(rewick, root):
    tapes = [root / "fixtures" / name / "tape" for name in ("binance-trade", "coinbase-matches", "kraken-trade")]
    with serving(rewick, *tapes) as urls:
        with WebSocket(urls["binance"] + "/ws") as ws:
            ws.send("no json")
            assert json.loads(ws.receive())["code"] == 3
            ws.send('{"method":"SHOUT","id":5}')
            answer = json.loads(ws.receive())
            assert answer["code"] == 2 and answer["id"] == 5
        with WebSocket(urls["coinbase"]) as ws:
            ws.send('{"type":"subscribe","product_ids":["DOGE-USD"],"channels":["matches"]}')
            assert json.loads(ws.receive())["type"] == "error"
        with WebSocket(urls["kraken"] + "/v2") as ws:
            assert json.loads(ws.receive())["channel"] == "status"
            ws.send('{"method":"subscribe","params":{"channel":"trade","symbol":["DOGE/USD"]},"req_id":9}')
            answer = json.loads(ws.receive())
            assert answer["success"] is False and answer["req_id"] == 9
            assert "DOGE/USD" in answer["error"]


def test_unknown_paths_are_not_found(rewick, root):
    with serving(rewick, root / "fixtures" / "binance-trade" / "tape") as urls:
        for path in ("/", "/v2", "/streams", "/stream/x"):
            with pytest.raises(Refused) as refused:
                WebSocket(urls["binance"] + path)
            assert refused.value.status == 404, path
        # Plain HTTP is served nowhere.
        connection = http.client.HTTPConnection(urls["binance"].removeprefix("ws://"), timeout=10)
        connection.request("GET", "/stream")
        assert connection.getresponse().status == 404


def test_messages_in_pieces_and_messages_too_big(rewick, root):
    with serving(rewick, root / "fixtures" / "binance-trade" / "tape") as urls:
        with WebSocket(urls["binance"] + "/ws") as ws:
            ws.send_frame(TEXT, b'{"method":"LIST_', final=False)
            ws.send_frame(0, b'SUBSCRIP', final=False)
            ws.send_frame(0, b'TIONS","id":1}')
            assert ws.receive() == '{"result":[],"id":1}'
            streams = ",".join(f'"s{i}usdt@trade"' for i in range(2000))
            ws.send('{"method":"SUBSCRIBE","params":[%s],"id":2}' % streams)
            assert ws.receive() == '{"result":null,"id":2}'
            with contextlib.suppress(ConnectionError):
                ws.send(" " * 70000)
            assert ws.receive() is None
            assert ws.close_code == 1009


@pytest.fixture(scope="module")
def big_tape(run, tmp_path_factory):
    """60 s with some thousand frames a second."""
    tape = tmp_path_factory.mktemp("serve") / "big"
    run("simulate", "--out", tape, "--venue", "binance", "--rate", 1500, "--for", "60s", "--faults", "none")
    return tape


def peak_bytes(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


def test_a_slow_client_is_cut_off_and_costs_nobody_else_anything(rewick, run, big_tape):
    expected = frames_of(run, big_tape, ("bookTicker", "ethusdt"))
    with serving(rewick, big_tape, "--speed", "20", "--at-end", "close") as urls:
        with WebSocket(urls["binance"] + "/stream?streams=btcusdt@trade/ethusdt@trade") as slow:
            with WebSocket(urls["binance"] + "/stream?streams=ethusdt@bookTicker") as ready:
                assert ready.drain(20) == expected
                assert ready.close_code == 1001
            # What its socket still held comes, then a close, or the end of the connection.
            with contextlib.suppress(EOFError):
                while slow.receive(20) is not None:
                    pass
            assert slow.close_code in (1008, None)
        assert peak_bytes(urls.process.pid) < 96 << 20
    assert "reads too slowly" in urls.talk


def test_at_full_speed_the_tape_waits_for_a_slow_client(rewick, run, big_tape):
    expected = frames_of(run, big_tape, "trade")
    size = sum(map(len, expected))
    assert size > 20 << 20
    with serving(rewick, big_tape, "--speed", "max", "--at-end", "close") as urls:
        with WebSocket(urls["binance"] + "/stream?streams=btcusdt@trade/ethusdt@trade") as ws:
            time.sleep(2)
            assert ws.drain(20) == expected
        # Far less than the tape: frames are streamed. (The address sanitizer has its own needs.)
        assert peak_bytes(urls.process.pid) < (128 if "asan" in os.path.realpath(rewick) else 32) << 20


def test_clients_that_vanish_leave_the_server_well(rewick, root, run):
    tape = root / "fixtures" / "kraken-trade" / "tape"
    with serving(rewick, tape, "--speed", "50", "--at-end", "close") as urls:
        for i in range(40):
            with WebSocket(urls["kraken"] + "/v2") as ws:
                ws.send(PLAYS["kraken-trade"][2])
                if i % 2:
                    ws.receive()
        with WebSocket(urls["kraken"] + "/v2") as ws:
            ws.send(PLAYS["kraken-trade"][2])
            assert answers_and_frames(ws.drain(10))[1] == frames_of(run, tape, "trade", "heartbeat")


@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM))
def test_signals_end_it_in_good_order(rewick, root, number):
    with serving(rewick, root / "fixtures" / "kraken-trade" / "tape") as urls:
        with WebSocket(urls["kraken"] + "/v2") as ws:
            ws.receive()
            urls.process.send_signal(number)
            assert urls.process.wait(10) == 0
            with contextlib.suppress(EOFError):
                assert ws.receive() is None


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def test_ports_follow_one_another_in_the_order_of_the_venues(rewick, root):
    tapes = [root / "fixtures" / name / "tape" for name in ("kraken-trade", "binance-trade", "coinbase-matches")]
    for _ in range(20):  # three free ports in a row
        port = free_port()
        process = subprocess.Popen(
            [rewick, "serve", "--listen", f"127.0.0.1:{port}", *map(str, tapes)], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )
        said = process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=10)
        if "playing" in said:
            break
    assert out == "".join(
        f"{venue} ws://127.0.0.1:{port + i}\n" for i, venue in enumerate(("binance", "coinbase", "kraken"))
    )


def test_port_in_use_is_said(run, root):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        result = run("serve", root / "fixtures" / "kraken-trade" / "tape", "--listen", f"127.0.0.1:{port}", status=4)
    assert result.stderr == (
        f"rewick: cannot listen on 127.0.0.1:{port}: address already in use; choose another with --listen\n"
    )


@pytest.mark.parametrize(
    "args, status, words",
    [
        ([], 2, "TAPE"),
        (["{f}/kraken-trade/tape", "--listen", "0.0.0.0:9101"], 2, "loopback"),
        (["{f}/kraken-trade/tape", "--listen", "here"], 2, "here"),
        (["{f}/kraken-trade/tape", "--speed", "fast"], 2, "fast"),
        (["{f}/kraken-trade/tape", "--at-end", "loop"], 2, "loop"),
        (["{f}/kraken-trade/tape", "{f}/bad/whole/tape"], 2, "two tapes"),
        (["/nowhere/at/all"], 4, "/nowhere/at/all"),
        (["{f}/bad/empty-folder"], 4, "bad/empty-folder"),
        (["{f}/bad/not-a-tape"], 3, "bad/not-a-tape"),
        (["{f}/bad/flipped-bit"], 3, "damaged"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_line(run, root, args, status, words):
    result = run("serve", *[a.format(f=root / "fixtures") for a in args], status=status)
    assert words in result.stderr
    assert result.stderr.count("\n") == 1 and result.stdout == ""


def test_a_torn_tail_is_played_up_to_where_it_is_whole(rewick, root, run):
    whole = frames_of(run, root / "fixtures/bad/whole/tape", "trade")
    with serving(rewick, root / "fixtures/bad/torn-tail", "--speed", "max", "--at-end", "close") as urls:
        with WebSocket(urls["kraken"] + "/v2") as ws:
            ws.send(PLAYS["kraken-trade"][2])
            frames = [f for f in ws.drain(10) if (describe(f) or [""])[0] == "trade"]
    assert 0 < len(frames) < len(whole) and frames == whole[: len(frames)]


def test_a_real_recording_comes_back_byte_for_byte(rewick, run, captures, tmp_path):
    source = captures / "hftbacktest" / "spot" / "btcusdt_20240808.gz"
    run("import", "--from", "hftbacktest", "--venue", "binance", source, "--out", tmp_path / "tape")
    expected = frames_of(run, tmp_path / "tape", "trade", "bookTicker")
    assert len(expected) > 20000
    with serving(rewick, tmp_path / "tape", "--speed", "max", "--at-end", "close") as urls:
        with WebSocket(urls["binance"] + "/stream?streams=btcusdt@trade/btcusdt@bookTicker") as ws:
            assert ws.drain(20) == expected


# ---- plain HTTP ----------------------------------------------------------------------------------------


def get(urls, venue, target, method="GET", body=None, connection=None):
    """Status and JSON of an answer; None where the body is none."""
    own = connection or http.client.HTTPConnection(urls[venue].removeprefix("ws://"), timeout=10)
    own.request(method, target, body=body)
    answer = own.getresponse()
    data = answer.read()
    if connection is None:
        own.close()
    return answer.status, json.loads(data) if answer.getheader("content-type") == "application/json" else None


def symbols_of(answer):
    return {row["symbol"]: (row["baseAsset"], row["quoteAsset"]) for row in answer["symbols"]}


def test_http_gives_the_instrument_list_of_the_tape(rewick, root, run, tmp_path):
    """A name that no spelling gives: only the tape's own list can have said it."""
    listed = {"symbols": [{"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "XYZ", "quoteAsset": "ABC", "filters": []}]}
    (tmp_path / "list.json").write_text(json.dumps(listed))
    (tmp_path / "frames").write_text(
        '1700000000000000000 {"e":"trade","E":1700000000000,"s":"BTCUSDT","t":1,"p":"1.0","q":"1","T":1700000000000,"m":true,"M":true}\n'
    )
    run("import", "--from", "hftbacktest", "--venue", "binance", tmp_path / "frames", "--out", tmp_path / "tape",
        "--instruments", tmp_path / "list.json")
    with serving(rewick, tmp_path / "tape") as urls:
        status, answer = get(urls, "binance", "/api/v3/exchangeInfo")
        assert status == 200 and symbols_of(answer) == {"BTCUSDT": ("XYZ", "ABC")}
    # And of a tape without one what the symbols say.
    run("import", "--from", "hftbacktest", "--venue", "binance", tmp_path / "frames", "--out", tmp_path / "plain")
    with serving(rewick, tmp_path / "plain") as urls:
        status, answer = get(urls, "binance", "/api/v3/exchangeInfo")
        assert status == 200 and symbols_of(answer) == {"BTCUSDT": ("BTC", "USDT")}


def trade_rows(run, tape, symbol):
    """{id: (price, quantity)} of a Binance tape's trades, read from the frames."""
    trades = [json.loads(frame)["data"] for frame in frames_of(run, tape, ("trade", symbol.lower()))]
    return {t["t"]: (float(t["p"]), float(t["q"])) for t in trades}


def test_http_gives_the_trades_up_to_where_clients_are(rewick, root, run):
    tape = root / "fixtures" / "binance-trade" / "tape"
    expected = trade_rows(run, tape, "BTCUSDT")
    assert len(expected) > 200
    with serving(rewick, tape, "--speed", "max") as urls:
        target = "/api/v3/trades?symbol=BTCUSDT&limit=1000"
        assert get(urls, "binance", target) == (200, [])
        with WebSocket(urls["binance"] + "/ws/ethusdt@trade") as ws:
            deadline = time.monotonic() + 20
            seen = 0
            # Whatever the client asked for, time goes on for all instruments.
            while time.monotonic() < deadline and seen < len(expected):
                status, rows = get(urls, "binance", target)
                assert status == 200 and len(rows) >= seen
                seen = len(rows)
        assert [row["id"] for row in rows] == sorted(expected)
        assert {row["id"]: (float(row["price"]), float(row["qty"])) for row in rows} == expected
        newest = get(urls, "binance", "/api/v3/trades?symbol=BTCUSDT&limit=5")[1]
        assert [row["id"] for row in newest] == sorted(expected)[-5:]
        assert get(urls, "binance", "/api/v3/trades?symbol=NONEUSDT")[0] in (200, 400)


def test_http_requests_share_a_connection_and_wrong_ones_are_refused(rewick, root):
    tape = root / "fixtures" / "kraken-trade" / "tape"
    with serving(rewick, tape) as urls:
        connection = http.client.HTTPConnection(urls["kraken"].removeprefix("ws://"), timeout=10)
        for _ in range(3):
            status, answer = get(urls, "kraken", "/0/public/AssetPairs", connection=connection)
            assert status == 200
            assert {pair["wsname"] for pair in answer["result"].values()} == {"XBT/USD", "ETH/USD"}
        connection.close()
        for method, body in (("GET", None), ("POST", None), ("POST", "x" * 1000)):
            assert get(urls, "kraken", "/no/such/path", method, body)[0] == 404
        # More than anybody asks for: cut off, and nothing else happens.
        with contextlib.suppress(OSError, http.client.HTTPException):
            get(urls, "kraken", "/0/public/AssetPairs", "POST", "x" * 10_000_000)
        assert get(urls, "kraken", "/0/public/AssetPairs")[0] == 200


def test_many_http_clients_that_read_nothing_cost_nobody_anything(rewick, root):
    tape = root / "fixtures" / "binance-trade" / "tape"
    with serving(rewick, tape) as urls:
        host, port = urls["binance"].removeprefix("ws://").split(":")
        idle = []
        for _ in range(100):
            idle.append(socket.create_connection((host, int(port)), timeout=10))
            idle[-1].sendall(b"GET /api/v3/exchangeInfo HTTP/1.1\r\nHost: x\r\n\r\n")
        assert get(urls, "binance", "/api/v3/exchangeInfo")[0] == 200
        with WebSocket(urls["binance"] + "/ws/btcusdt@trade") as ws:
            assert describe('{"stream":"btcusdt@trade"}') and ws.receive(10)
        for connection in idle:
            connection.close()

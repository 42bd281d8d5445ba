"""Health over gRPC (rewick.v1.Health), of a replay and of a running recorder, seen by Python's grpcio."""

import importlib
import json
import re
import signal
import subprocess
import sys
import time
import types

import grpc
import pytest
from fake_market import Binance
from recorder_run import recorder, until_newest

assert recorder

DEADLINE = 60
S = 10**9
T0 = 1_700_000_000 * S
CODE = grpc.StatusCode
BTC = {"BTCUSDT": ("BTC", "USDT")}


@pytest.fixture(scope="session")
def pb(root, tmp_path_factory):
    out = tmp_path_factory.mktemp("health_stubs")
    subprocess.run(
        [
            "protoc", "--plugin=protoc-gen-grpc=/usr/bin/grpc_python_plugin", f"--python_out={out}", f"--grpc_out={out}",
            f"-I{root / 'proto'}", "rewick/v1/health.proto", "rewick/v1/market_data.proto",
        ],
        check=True,
    )  # fmt: skip
    # Other tests have made modules of the same package, elsewhere.
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "rewick"}
    sys.path.insert(0, str(out))
    try:
        health = importlib.import_module("rewick.v1.health_pb2")
        stub = importlib.import_module("rewick.v1.health_pb2_grpc")
    finally:
        sys.path.remove(str(out))
        for name in [name for name in sys.modules if name.split(".")[0] == "rewick"]:
            del sys.modules[name]
        sys.modules.update(kept)
    return types.SimpleNamespace(health=health, stub=stub, out=out)


def port_of(line):
    return int(re.fullmatch(r"rewick: gRPC on 127\.0\.0\.1:(\d+)\n", line).group(1))


def frame(number, recv_ns, latency_ms):
    ms = recv_ns // 10**6 - latency_ms
    trade = {
        "e": "trade", "E": ms, "s": "BTCUSDT", "t": number, "p": "100.00", "q": "1.000", "T": ms, "m": False, "M": True,
    }  # fmt: skip
    return f"{recv_ns} {json.dumps(trade)}\n"


@pytest.fixture
def replay(rewick, run, tmp_path):
    """replay(lines): a replay with gRPC that has come to the end of these frames; its port."""
    running = []

    def start(lines):
        (tmp_path / "lines").write_text("".join(lines))
        run("import", "--from", "hftbacktest", "--venue", "binance", tmp_path / "lines", "--out", tmp_path / "tape")
        process = subprocess.Popen(
            [rewick, "replay", tmp_path / "tape", "--grpc", "127.0.0.1:0", "--no-candles"],
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        running.append(process)
        port = port_of(process.stderr.readline())
        while "at its end" not in (line := process.stderr.readline()):
            assert line, "the replay died"
        return port

    yield start
    for process in running:
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE) == 0


def seven_minutes():
    """10 trades a second, 20 ms late; 30 ids are missing at 400 s, and the frame at 300 s is no trade."""
    for i in range(4200):
        recv_ns = T0 + i * S // 10
        if i == 3000:
            yield f'{recv_ns} {{"e":"trade","s":"BTCUSDT","t":"x"}}\n'
        else:
            yield frame(1 + i + (30 if i >= 4000 else 0), recv_ns, 20)


def test_a_replay_reports_what_docs_health_says(replay, pb):
    port = replay(seven_minutes())
    stub = pb.stub.HealthStub(grpc.insecure_channel(f"127.0.0.1:{port}"))
    (venue,) = stub.GetHealth(pb.health.GetHealthRequest(), timeout=DEADLINE).venues
    assert venue.venue == "binance"
    (connection,) = venue.connections
    # The last report is that of 410 s. Minutes 1 to 5 were whole: that makes a usual rate.
    for report in (venue.report, connection.report):
        assert report.state == pb.health.HEALTH_STATE_UP
        assert report.wall_time_ns == T0 + 410 * S
        assert report.frame_age_ns == report.data_age_ns == 0
        assert report.frames_per_min == report.usual_per_min == 600
        assert report.connections_open == 1 and report.connections_lost == 0
        assert (report.reconnects, report.errors, report.refused, report.dropped) == (0, 0, 0, 0)
        # All of it is within 10 minutes; the id of the frame that could not be read is missing, too.
        assert (report.frames, report.trades, report.malformed) == (4101, 4100, 1)
        latency = report.latency
        assert latency.count == 599
        assert {latency.min_ns, latency.mean_ns, latency.p50_ns, latency.p99_ns, latency.max_ns} == {20 * 10**6}
        assert not report.clock_untrusted
    assert (venue.report.missing, connection.report.missing) == (31, 0)
    assert venue.report.score == 100 - 8 - 1  # 31 of 4131 are 7.5, 1 of 4101 is 0.2 in a thousand
    assert venue.report.why == "1 malformed frame (-1), 31 missing trades (-8)"
    assert (connection.report.score, connection.report.why) == (99, "1 malformed frame (-1)")
    assert connection.report.clock_offset_ns == 20 * 10**6 and connection.report.HasField("clock_offset_ns")
    assert not venue.report.HasField("clock_offset_ns") and not venue.report.HasField("silence_limit_ns")
    assert connection.report.silence_limit_ns == 30 * S + 3 * S // 5  # the malformed frame made a gap of 0.2 s


def test_requests_choose_venues_and_bad_ones_are_refused(replay, pb):
    port = replay(frame(1 + i, T0 + i * S, 1) for i in range(30))
    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    stub = pb.stub.HealthStub(channel)
    get = lambda *venues: stub.GetHealth(pb.health.GetHealthRequest(venues=venues), timeout=DEADLINE).venues  # noqa: E731
    assert [venue.venue for venue in get("kraken", "binance")] == ["binance"]
    assert not get("kraken")
    with pytest.raises(grpc.RpcError) as error:
        get(*["x"] * 129)
    assert error.value.code() == CODE.INVALID_ARGUMENT and "128" in error.value.details()
    for method in ("GetHealth", "WatchHealth"):
        call = channel.unary_stream(f"/rewick.v1.Health/{method}")(b"\xff\xff\xff", timeout=DEADLINE)
        with pytest.raises(grpc.RpcError) as error:
            next(call)
        assert error.value.code() == CODE.INVALID_ARGUMENT and f"{method}Request" in error.value.details()
    for venues, wanted in (([], 1), (["binance"], 1), (["kraken"], 0)):
        call = stub.WatchHealth(pb.health.WatchHealthRequest(venues=venues), timeout=DEADLINE)
        assert len(next(call).venues) == wanted
        call.cancel()
    check = channel.unary_unary("/grpc.health.v1.Health/Check")
    assert check(b"\x0a\x10rewick.v1.Health", timeout=DEADLINE) == b"\x08\x01"  # SERVING


def test_more_watchers_than_there_is_room_for(replay, pb):
    port = replay(frame(1 + i, T0 + i * S, 1) for i in range(30))
    channel = grpc.insecure_channel(f"127.0.0.1:{port}")
    stub = pb.stub.HealthStub(channel)
    watch = lambda: stub.WatchHealth(pb.health.WatchHealthRequest(), timeout=DEADLINE)  # noqa: E731
    calls = [watch() for _ in range(256)]
    assert all(len(next(call).venues) == 1 for call in calls)
    with pytest.raises(grpc.RpcError) as error:
        next(watch())
    assert error.value.code() == CODE.RESOURCE_EXHAUSTED
    calls.pop().cancel()
    until = time.monotonic() + DEADLINE
    while True:  # the server hears of the cancelling a little later
        try:
            assert len(next(watch()).venues) == 1
            break
        except grpc.RpcError as still:
            assert still.code() == CODE.RESOURCE_EXHAUSTED and time.monotonic() < until
            time.sleep(0.05)
    for call in calls:
        call.cancel()


def test_a_recorder_tells_of_a_venue_that_goes_down(recorder, pb):
    with Binance(BTC) as venue, venue.pumping(0.01):
        rec = recorder(venue, "--no-candles", "--grpc", "127.0.0.1:0")
        until_newest(rec, 20)
        (line,) = [line for line in rec.stderr.splitlines(keepends=True) if "gRPC on" in line]
        stub = pb.stub.HealthStub(grpc.insecure_channel(f"127.0.0.1:{port_of(line)}"))
        call = stub.WatchHealth(pb.health.WatchHealthRequest(venues=["binance"]), timeout=2 * DEADLINE)
        for message in call:
            if message.venues and message.venues[0].report.state == pb.health.HEALTH_STATE_UP:
                break
        (up,) = message.venues
        assert up.report.score == 100 and up.report.why == "" and up.report.trades > 0
        (connection,) = up.connections
        assert connection.report.state == pb.health.HEALTH_STATE_UP
    for message in call:
        (down,) = message.venues
        if down.report.state == pb.health.HEALTH_STATE_DOWN:
            break
    assert down.report.score == 0 and down.report.why == "no connection is open"
    assert down.report.reconnects == 1 and down.report.connections_lost == 1
    assert down.report.seq > up.report.seq and down.report.wall_time_ns >= up.report.wall_time_ns + 10 * S
    (lost,) = down.connections
    assert lost.connection == connection.connection and lost.report.why == "the connection has ended"
    rec.stop()
    with pytest.raises(grpc.RpcError) as error:
        for message in call:
            assert message.venues[0].report.state == pb.health.HEALTH_STATE_DOWN
    assert error.value.code() == CODE.UNAVAILABLE and "shutting down" in error.value.details()

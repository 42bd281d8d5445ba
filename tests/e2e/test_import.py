"""rewick import: other tools' captures onto a tape, byte for byte, and what is said about the rest."""

import gzip
import json
import os
import pathlib
import re
import subprocess
from decimal import Decimal

import pytest
import tape_bytes
import zstandard
from tape_bytes import CONFIG, CONNECTION, HTTP, RECEIVED, SENT

T0 = 1_700_000_000_000_000_000


# ---- helpers -----------------------------------------------------------------------------------------


def read_tape(folder):
    """The tape's records, read without rewick."""
    records = list(tape_bytes.records(folder))
    assert [r.seq for r in records] == list(range(1, len(records) + 1))
    return records



def trade(number, t_ms, price="100.00", quantity="1.000", maker=False):
    return json.dumps(
        {"e": "trade", "E": t_ms, "s": "BTCUSDT", "t": number, "p": price, "q": quantity, "T": t_ms, "m": maker, "M": True}
    )


def hft(count, start_ns=T0, first=1):
    """Lines `receive_ns frame`, one trade every 10 ms, 5 ms after it happened."""
    return [
        f"{start_ns + i * 10_000_000} {trade(first + i, start_ns // 1_000_000 + i * 10 - 5)}" for i in range(count)
    ]


def text(lines):
    return "".join(line + "\n" for line in lines).encode()


def seconds(ns):
    whole, fraction = divmod(ns, 10**9)
    return f"{whole}.{f'{fraction:09d}'.rstrip('0') or '0'}"


def import_lines(run, tmp_path, kind, lines, *options, venue="binance", name="capture", **kwargs):
    path = tmp_path / name
    path.write_bytes(text(lines) if isinstance(lines, list) else lines)
    done = run("import", "--from", kind, "--venue", venue, path, "--out", tmp_path / "tape", *options, **kwargs)
    return done, path


# ---- formats -----------------------------------------------------------------------------------------


def check_hft(records, lines):
    assert [r.type for r in records] == [CONFIG] + [RECEIVED] * len(lines)
    assert (records[0].wall_ns, records[0].mono_ns) == (records[1].wall_ns, records[1].wall_ns)
    for record, line in zip(records[1:], lines):
        wall, frame = line.split(" ", 1)
        assert (record.wall_ns, record.mono_ns) == (int(wall), int(wall))
        assert record.data == frame.encode()
        assert (record.venue, record.connection, record.flags) == ("binance", 1, 0)
        assert record.source_ns == json.loads(frame)["E"] * 1_000_000


def packings(data):
    half = data.index(b"\n", len(data) // 2) - 7
    yield "plain", data
    yield "gzip", gzip.compress(data)
    yield "zstd", zstandard.compress(data)
    yield "gzip members", gzip.compress(data[:half]) + gzip.compress(data[half:])
    yield "zstd frames", zstandard.compress(data[:half]) + zstandard.compress(data[half:])
    yield "no last line feed", data[:-1]
    yield "empty lines", data.replace(b"\n", b"\n\n") + b"\n\r\n"


@pytest.mark.parametrize("number", range(7))
def test_hftbacktest_in_every_packing(number, run, tmp_path):
    lines = hft(500)
    name, data = list(packings(text(lines)))[number]
    done, _ = import_lines(run, tmp_path, "hftbacktest", data, name=f"{name}.gz")
    check_hft(read_tape(tmp_path / "tape"), lines)
    assert done.stdout == ""
    assert "imported 500 records (500 frames, 500 trades)" in done.stderr


def test_first_record_says_where_it_comes_from(run, tmp_path):
    import_lines(run, tmp_path, "hftbacktest", hft(1), name='odd "name"\t.gz')
    config = json.loads(read_tape(tmp_path / "tape")[0].data)
    version = run("--version").stdout.split()[1]
    assert config == {
        "rewick": version,
        "import": {"from": "hftbacktest", "venue": "binance", "files": ['odd "name"\t.gz']},
    }


def test_cryptofeed_text(run, tmp_path):
    lines = [
        f"wss://x/stream <-> {seconds(T0)}",
        f'wss://x/stream <- {seconds(T0 + 1000)}: {{"method": "SUBSCRIBE"}}',
        f"{seconds(T0 + 2000)}: {trade(1, T0 // 10**6)}",
        f'https://x/api?a="b" -> {seconds(T0 + 2500)}: [1, 2]',
        f"wss://x/stream <-> {seconds(T0 + 3000)}",
        f"{seconds(T0 + 4100)}: not json \\n at all ",
        "",
        "",
    ]
    import_lines(run, tmp_path, "cryptofeed", lines)
    records = read_tape(tmp_path / "tape")
    assert [(r.type, r.connection, r.wall_ns - T0, r.data) for r in records[1:]] == [
        (CONNECTION, 1, 0, b'{"event":"open","url":"wss://x/stream"}'),
        (SENT, 1, 1000, b'{"method": "SUBSCRIBE"}'),
        (RECEIVED, 1, 2000, trade(1, T0 // 10**6).encode()),
        (HTTP, 0, 2500, b'{"method":"GET","url":"https://x/api?a=\\"b\\"","status":200}\n[1, 2]'),
        (CONNECTION, 2, 3000, b'{"event":"open","url":"wss://x/stream"}'),
        (RECEIVED, 2, 4100, b"not json \\n at all "),
    ]
    assert [r.source_ns for r in records[1:]] == [None, None, T0, None, None, None]


def test_cryptofeed_json_lines(run, tmp_path):
    frame = '{"p":"1\\u00e9","q":"\u20ac \U0001f600\\n"}'
    lines = [
        {"t": "header", "format": 2, "exchange": "X", "config": {"trades": ["A-B"]}},
        {"conn": "X.ws.1", "ts": T0 // 10**9 + 0.5, "t": "connect", "addr": "wss://x/\u00e9"},
        {"conn": "X.ws.1", "ts": T0 // 10**9 + 1, "t": "send", "addr": "wss://x", "data": frame},
        {"conn": "X.ws.1", "ts": T0 // 10**9 + 1.25, "t": "recv", "data": frame},
        {"conn": "X.ws.1", "ts": T0 // 10**9 + 1.5, "t": "recv", "b64": "AAEC/w=="},
        {"conn": "X.http.1", "ts": T0 // 10**9 + 2, "t": "http", "url": "https://x", "data": "{}\n", "headers": {"a": 1}},
    ]
    written = [json.dumps(l, ensure_ascii=i % 2 == 0) for i, l in enumerate(lines)]
    import_lines(run, tmp_path, "cryptofeed", zstandard.compress(text(written)))
    records = read_tape(tmp_path / "tape")
    half = 500_000_000
    assert [(r.type, r.connection, r.wall_ns - T0, r.flags, r.data) for r in records[1:]] == [
        (CONFIG, 0, half, 0, written[0].encode()),
        (CONNECTION, 1, half, 0, '{"event":"open","url":"wss://x/\u00e9"}'.encode()),
        (SENT, 1, 2 * half, 0, frame.encode()),
        (RECEIVED, 1, 2 * half + half // 2, 0, frame.encode()),
        (RECEIVED, 1, 3 * half, 1, b"\x00\x01\x02\xff"),
        (HTTP, 0, 4 * half, 0, b'{"method":"GET","url":"https://x","status":200}\n{}\n'),
    ]


def test_tardis(run, tmp_path):
    lines = [
        "2023-11-14T22:13:20.0000001Z a b",
        "2023-11-14T22:13:21Z ",
        "",
        "2023-11-14T22:13:22Z c",
    ]
    import_lines(run, tmp_path, "tardis", lines)
    close = b'{"event":"close","reason":"disconnect marked in the capture"}'
    assert [(r.type, r.connection, r.wall_ns - T0, r.data) for r in read_tape(tmp_path / "tape")[1:]] == [
        (RECEIVED, 1, 100, b"a b"),
        (CONNECTION, 1, 10**9, close),
        (RECEIVED, 2, 2 * 10**9, b"c"),
    ]


def kraken_answer(*times):
    rows = [["100.0", "1.0", Decimal(t), "b", "m", "", 10 + i] for i, t in enumerate(times)]
    body = json.dumps({"error": [], "result": {"XBTUSDT": rows, "last": "1"}}, default=str)
    return re.sub(r'"(\d+\.\d+)", "b"', r'\1, "b"', body).encode()


URL = "https://api.kraken.com/0/public/Trades?pair=XBTUSDT"


def test_http_answer_gets_the_time_of_its_newest_trade(run, tmp_path):
    body = kraken_answer("1700000005.25", "1700000007.5", "1700000006.0")
    import_lines(run, tmp_path, "http", body, "--url", URL, venue="kraken")
    config, answer = read_tape(tmp_path / "tape")
    assert (answer.type, answer.connection, answer.wall_ns) == (HTTP, 0, T0 + 7_500_000_000)
    head, rest = answer.data.split(b"\n", 1)
    assert json.loads(head) == {"method": "GET", "url": URL, "status": 200}
    assert rest == body
    assert config.wall_ns == answer.wall_ns


def test_http_answer_without_trades_needs_a_time(run, tmp_path):
    done, path = import_lines(run, tmp_path, "http", b"{}", "--url", URL, venue="kraken", status=3)
    assert f"{path}:1: no trade with a time in the answer; give the receive time with --time\n" in done.stderr
    assert not (tmp_path / "tape").exists()
    import_lines(run, tmp_path, "http", b"{}", "--url", URL, "--time", "2023-11-14T22:13:20Z", venue="kraken")
    assert [r.wall_ns for r in read_tape(tmp_path / "tape")] == [T0, T0]


def test_frames_take_their_own_times(run, tmp_path):
    ms = T0 // 10**6
    lines = ['{"result":null,"id":1}', trade(1, ms), '{"result":null,"id":2}', trade(2, ms + 5), trade(3, ms + 3)]
    done, path = import_lines(run, tmp_path, "frames", lines, status=3)
    assert f"{path}:1: no time in the frame and none before it; give the receive time with --time\n" in done.stderr
    records = read_tape(tmp_path / "tape")
    assert [(r.wall_ns - T0) // 10**6 for r in records[1:]] == [0, 0, 5, 3]
    # The wall clock may go back, the monotonic one may not.
    assert [(r.mono_ns - T0) // 10**6 for r in records[1:]] == [0, 0, 5, 5]


def test_a_large_frame(run, tmp_path):
    frame = '{"bids":"' + "x" * 6_000_000 + '"}'
    import_lines(run, tmp_path, "hftbacktest", gzip.compress(f"{T0} {frame}\n".encode()))
    assert read_tape(tmp_path / "tape")[1].data == frame.encode()


# ---- several files -----------------------------------------------------------------------------------


def test_files_are_merged_by_receive_time_and_keep_their_order(run, tmp_path):
    a = [f"{T0 + ns} a{i}" for i, ns in enumerate((10, 40, 35, 60))]
    b = [f"{T0 + ns} b{i}" for i, ns in enumerate((20, 40, 50))]
    (tmp_path / "a").write_bytes(text(a))
    (tmp_path / "b").write_bytes(gzip.compress(text(b)))
    run("import", "--from", "hftbacktest", "--venue", "binance", tmp_path / "a", tmp_path / "b", "--out", tmp_path / "tape")
    records = read_tape(tmp_path / "tape")
    # a2 is in front of the others of its time, but behind a1 in its file
    assert [r.data.decode() for r in records[1:]] == ["a0", "b0", "a1", "a2", "b1", "b2", "a3"]
    assert [r.connection for r in records[1:]] == [1, 2, 1, 1, 2, 2, 1]
    assert [r.mono_ns - T0 for r in records[1:]] == [10, 20, 40, 40, 40, 50, 60]
    assert json.loads(records[0].data)["import"]["files"] == ["a", "b"]


def test_appending_goes_on_with_fresh_connections(run, tmp_path):
    lines = hft(3)
    _, path = import_lines(run, tmp_path, "hftbacktest", lines)
    before = {p.name: p.read_bytes() for p in (tmp_path / "tape").iterdir()}
    args = ("import", "--from", "hftbacktest", "--venue", "binance", path, "--out", tmp_path / "tape")
    refused = run(*args, status=2)
    assert refused.stderr.count("\n") == 1 and "exists" in refused.stderr and "--append" in refused.stderr
    assert before == {p.name: p.read_bytes() for p in (tmp_path / "tape").iterdir()}
    run(*args, "--append")
    records = read_tape(tmp_path / "tape")
    assert [r.type for r in records] == [CONFIG, RECEIVED, RECEIVED, RECEIVED] * 2
    assert [r.connection for r in records] == [0, 1, 1, 1, 0, 2, 2, 2]


def test_stdin(rewick, tmp_path):
    lines = hft(20)
    done = subprocess.run(
        [rewick, "import", "--from", "hftbacktest", "--venue", "binance", "-", "--out", tmp_path / "tape"],
        input=gzip.compress(text(lines)), capture_output=True, timeout=60, check=True,
    )
    assert b"imported 20 records" in done.stderr
    check_hft(read_tape(tmp_path / "tape"), lines)


# ---- what cannot be read -----------------------------------------------------------------------------


def test_unreadable_lines_are_named_and_the_rest_is_imported(run, tmp_path):
    lines = hft(5)
    broken = [lines[0], "no time here", lines[1], "", "123 too short", lines[2], lines[3], lines[4]]
    done, path = import_lines(run, tmp_path, "hftbacktest", broken, status=3)
    check_hft(read_tape(tmp_path / "tape"), lines)
    assert done.stderr.splitlines() == [
        f"{path}:2: no receive time in nanoseconds in front",
        f"{path}:5: no receive time in nanoseconds in front",
        f"rewick: imported 5 records (5 frames, 5 trades) into '{tmp_path}/tape'",
        f"rewick: 2 lines could not be read; all others are on tape '{tmp_path}/tape'",
    ]


def test_only_the_first_complaints_are_shown(run, tmp_path):
    done, path = import_lines(run, tmp_path, "hftbacktest", hft(2) + ["bad"] * 1000, status=3)
    complaints = [l for l in done.stderr.splitlines() if l.startswith(f"{path}:")]
    assert len(complaints) == 21 and complaints[19].startswith(f"{path}:22: ")
    assert "1000 lines could not be read" in done.stderr


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_cut_file_is_imported_as_far_as_it_goes(pack, run, tmp_path):
    lines = hft(20000)
    packed = pack(text(lines))
    done, path = import_lines(run, tmp_path, "hftbacktest", packed[: len(packed) * 2 // 3], status=3)
    records = read_tape(tmp_path / "tape")
    assert len(records) > 5000
    check_hft(records, lines[: len(records) - 1])
    # The line that was cut is the one that is complained about.
    assert f"{path}:{len(records)}: the packed data ends too early\n" in done.stderr


def test_nothing_at_all(run, tmp_path):
    for data in (b"", b"\n\n", b"nonsense\n"):
        done, _ = import_lines(run, tmp_path, "hftbacktest", data, status=3)
        assert "nothing in" in done.stderr.splitlines()[-1]
        assert not (tmp_path / "tape").exists()


def test_a_missing_file_is_found_before_anything_is_written(run, tmp_path):
    (tmp_path / "a").write_bytes(text(hft(3)))
    done = run(
        "import", "--from", "hftbacktest", "--venue", "binance", tmp_path / "a", tmp_path / "none", "--out",
        tmp_path / "tape", status=4,
    )
    assert done.stderr == f"rewick: cannot open '{tmp_path}/none': no such file or directory\n"
    assert not (tmp_path / "tape").exists()


def test_a_tape_that_cannot_be_made(run, tmp_path):
    (tmp_path / "a").write_bytes(text(hft(3)))
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file", tmp_path / "no" / "such" / "folder"):
        done = run("import", "--from", "hftbacktest", "--venue", "binance", tmp_path / "a", "--out", out, status=4)
        assert done.stderr.count("\n") == 1 and str(out) in done.stderr
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.parametrize(
    "args, words",
    [
        ("--from csv --venue binance F --out T", ["'csv'", "hftbacktest"]),
        ("--from hftbacktest --venue nowhere F --out T", ["'nowhere'", "binance"]),
        ("--venue binance F --out T", ["'--from' is missing"]),
        ("--from hftbacktest F --out T", ["'--venue' is missing"]),
        ("--from hftbacktest --venue binance F", ["'--out' is missing"]),
        ("--from hftbacktest --venue binance --out T", ["FILE"]),
        ("--from http --venue kraken F --out T", ["--url"]),
        ("--from frames --venue kraken --url https://x F --out T", ["--url"]),
        ("--from frames --venue kraken --time yesterday F --out T", ["yesterday"]),
        ("--from hftbacktest --venue binance - - --out T", ["'-'"]),
    ],
)
def test_wrong_calls(args, words, run, tmp_path):
    (tmp_path / "F").write_bytes(text(hft(1)))
    done = run("import", *args.split(), status=2, cwd=tmp_path)
    assert done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr
    assert not (tmp_path / "T").exists()


# ---- real captures -----------------------------------------------------------------------------------


def test_every_frame_of_the_hftbacktest_captures(run, captures, tmp_path):
    for kind, name, venue in (
        ("spot", "btcusdt", "binance"), ("spot", "ethusdt", "binance"),
        ("usdm", "btcusdt", "binance-usdm"), ("coinm", "btcusd_perp", "binance-coinm"),
    ):
        path = captures / "hftbacktest" / kind / f"{name}_20240808.gz"
        tape = tmp_path / f"{kind}-{name}"
        run("import", "--from", "hftbacktest", "--venue", venue, path, "--out", tape)
        lines = gzip.decompress(path.read_bytes()).split(b"\n")
        assert lines.pop() == b""
        records = read_tape(tape)[1:]
        assert len(records) == len(lines)
        for record, line in zip(records, lines):
            wall, frame = line.split(b" ", 1)
            assert (record.wall_ns, record.data, record.type) == (int(wall), frame, RECEIVED)


def parse_cryptofeed(data):
    """(kind, time text, data) of each line."""
    for line in data.split(b"\n"):
        if match := re.fullmatch(rb"(\S+://\S+) <-> ([0-9.]+)", line):
            yield CONNECTION, match.group(2), b'{"event":"open","url":"' + match.group(1) + b'"}'
        elif match := re.fullmatch(rb"\S+://\S+ <- ([0-9.]+): (.*)", line):
            yield SENT, match.group(1), match.group(2)
        elif match := re.fullmatch(rb"([0-9.]+): (.*)", line):
            yield RECEIVED, match.group(1), match.group(2)
        else:
            assert line == b""


def test_every_line_of_the_cryptofeed_captures(run, captures, tmp_path):
    paths = sorted((captures / "cryptofeed").iterdir())
    assert len(paths) == 15
    for path in paths:
        # Whatever the venue makes of them, the bytes are kept.
        run("import", "--from", "cryptofeed", "--venue", "kraken-v1", path, "--out", tmp_path / path.name)
        expected = [
            (kind, int(Decimal(time.decode()) * 10**9), data) for kind, time, data in parse_cryptofeed(path.read_bytes())
        ]
        assert [(r.type, r.wall_ns, r.data) for r in read_tape(tmp_path / path.name)[1:]] == expected


def test_every_line_of_the_json_lines_captures(run, captures, tmp_path):
    kinds = {"header": CONFIG, "connect": CONNECTION, "send": SENT, "recv": RECEIVED, "http": HTTP}
    for name, venue in (("COINBASE", "coinbase-advanced"), ("BYBIT", "coinbase")):
        path = captures / "cryptofeed-v3" / f"{name}.jsonl.zst"
        run("import", "--from", "cryptofeed", "--venue", venue, path, "--out", tmp_path / name)
        packed = zstandard.ZstdDecompressor().stream_reader(path.read_bytes(), read_across_frames=True).read()
        lines = packed.decode().split("\n")[:-1]
        records = read_tape(tmp_path / name)[1:]
        assert len(records) == len(lines)
        for record, line in zip(records, lines):
            entry = json.loads(line, parse_float=Decimal)
            assert record.type == kinds[entry["t"]]
            assert record.wall_ns == int(entry.get("ts", entry.get("recorded")) * 10**9)
            if record.type in (SENT, RECEIVED):
                assert record.data == entry["data"].encode()
            elif record.type == CONFIG:
                assert record.data == line.encode()
            elif record.type == HTTP:
                assert record.data.split(b"\n", 1)[1] == entry["data"].encode()


def test_the_tardis_and_kraken_captures(run, captures, tmp_path):
    path = captures / "tardis" / "coinbase_zecusdc_20190601.raw"
    done = run("import", "--from", "tardis", "--venue", "coinbase", path, "--out", tmp_path / "tardis")
    assert "(4 frames, 4 trades)" in done.stderr
    lines = path.read_text().splitlines()
    records = read_tape(tmp_path / "tardis")[1:]
    assert [r.data.decode() for r in records] == [line.split(" ", 1)[1] for line in lines]
    assert [r.wall_ns % 10**9 for r in records] == [426_000_000, 399_000_000, 725_000_000, 557_000_000]
    assert [r.source_ns % 10**9 for r in records] == [382_000_000, 354_000_000, 660_000_000, 498_000_000]

    path = captures / "kraken-v2" / "frames.jsonl"
    run("import", "--from", "frames", "--venue", "kraken", "--time", "2026-10-06T17:00:00Z", path, "--out", tmp_path / "v2")
    assert [r.data for r in read_tape(tmp_path / "v2")[1:]] == path.read_bytes().splitlines()


def test_memory_does_not_grow_with_the_file(rewick, tmp_path):
    """300 MB of frames through a pipe, in far less memory."""
    limit_kb = 400_000 if "asan" in os.path.realpath(rewick) else 50_000
    line = f"{T0} {'x' * 1000}\n".encode() * 1000
    process = subprocess.Popen(
        [rewick, "import", "--from", "hftbacktest", "--venue", "binance", "-", "--out", tmp_path / "tape"],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE,
    )
    for _ in range(300):
        process.stdin.write(line)
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    process.stdin.close()
    assert process.wait(timeout=60) == 0, process.stderr.read()
    assert int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) < limit_kb


# ---- instrument lists ----------------------------------------------------------------------------------


LIST = json.dumps(
    {"timezone": "UTC", "symbols": [
        {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT", "filters": []},
    ]}, indent=1,
).encode()


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.ZstdCompressor().compress])
def test_an_instrument_list_goes_before_all_it_names(pack, run, tmp_path):
    path = tmp_path / "list"
    path.write_bytes(pack(LIST))
    lines = hft(3)
    import_lines(run, tmp_path, "hftbacktest", lines, "--instruments", path)
    records = read_tape(tmp_path / "tape")
    assert [r.type for r in records] == [CONFIG, HTTP] + [RECEIVED] * 3
    head, body = records[1].data.split(b"\n", 1)
    assert body == LIST
    head = json.loads(head)
    assert head["status"] == 200 and head["method"] == "GET"
    assert re.fullmatch(r"https://[a-z.0-9]+/api/v3/exchangeInfo(\?.*)?", head["url"])
    assert (records[1].venue, records[1].connection, records[1].wall_ns) == ("binance", 0, T0)


@pytest.mark.parametrize(
    "content, words, status",
    [
        (b'{"symbols":[{"symb', "instrument list '", 3),
        (b"<html>", "instrument list '", 3),
        (b'{"symbols":[]}', "no instrument of binance is in", 3),
        (b"", "is empty", 3),
    ],
)
def test_what_is_no_instrument_list_is_told_before_anything_is_written(content, words, status, run, tmp_path):
    path = tmp_path / "list.json"
    path.write_bytes(content)
    done, _ = import_lines(run, tmp_path, "hftbacktest", hft(3), "--instruments", path, status=status)
    assert words in done.stderr and str(path) in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "tape").exists()


def test_more_pages_than_the_venue_has(run, tmp_path):
    path = tmp_path / "list.json"
    path.write_bytes(LIST)
    done, _ = import_lines(run, tmp_path, "hftbacktest", hft(3), "--instruments", path, "--instruments", path, status=2)
    assert "the instrument list of binance has no more than 1 pages" in done.stderr

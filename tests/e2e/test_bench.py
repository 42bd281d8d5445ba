"""The benchmark's own tools: what they would print and store must be what was measured. Nothing here is timed."""

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as xml
from collections import Counter

import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT / "bench"))
import candle_check  # noqa: E402
import corpus  # noqa: E402
import harness  # noqa: E402
import report  # noqa: E402
import svg  # noqa: E402
import tool_part  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"


# ---- pictures and the page -----------------------------------------------------------------------


def drawn(text):
    """(kind, width) of every bar, and all texts, of a picture."""
    root = xml.fromstring(text)
    return (
        [(bar.get("class"), float(bar.get("width"))) for bar in root.iter(f"{SVG}rect")],
        [item.text for item in root.iter(f"{SVG}text")],
    )


def test_bars_are_as_long_as_their_values():
    rects, texts = drawn(svg.bars("Speed", "frames/s", [("us & them", 40.0, "ours"), ("they", 10.0, "peer")]))
    assert [kind for kind, _ in rects] == ["ours", "peer"]
    assert rects[0][1] == pytest.approx(4 * rects[1][1])
    assert "us & them" in texts and "40" in texts and "10" in texts


def test_a_missing_bar_says_why_and_a_target_has_its_line():
    text = svg.bars("Speed", "ns", [("a", 100.0, "ours"), ("b", None, "not installed: <404>")], (200, "200 ns"))
    rects, texts = drawn(text)
    assert len(rects) == 1 and "not installed: <404>" in texts and "200 ns" in texts
    line = next(xml.fromstring(text).iter(f"{SVG}line"))
    left = float(next(xml.fromstring(text).iter(f"{SVG}rect")).get("x"))
    assert float(line.get("x1")) - left == pytest.approx(2 * rects[0][1])


def test_pictures_have_colours_for_dark_pages():
    assert "prefers-color-scheme:dark" in svg.bars("t", "u", [("a", 1.0, "ours")])


def results_with(part):
    return {
        "machine": {"processor": "some processor", "date": "2026-01-05"},
        "corpus": [
            {"origin": "a.gz", "venue": "binance", "frames": 1234, "size": 56789, "sha256": "0123456789abcdef" * 4}
        ],
        "corpus_note": "Frames as they came.",
        "parts": [
            part.found,
            {"name": "seek", "title": "Seeking", "rows": [], "fault": "'rewick' ended with 4: no disk"},
        ],
    }


def a_part():
    part = harness.Part("size", "Size")
    part.row("size of a tape", "10 MB", "zstd: 9 MB", "1.11 ×", "≤ 1.10 ×", False)
    part.row("memory", "10 MiB", target="≤ 64 MiB", reached=True)
    part.row("sealing", harness.NOT_THERE, target="≥ 20 MB/s")
    part.table("Bytes:", ["", "all"], [["gzip", "7"], ["a|b", "8"]])
    part.picture("size", "Sizes", "MB", [("gzip", 7.0, "peer")])
    part.command(["gzip", "-6", "a b"])
    return part


def test_page_holds_every_finding(tmp_path):
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "gone.svg").write_text("of an earlier run")
    report.write(results_with(a_part()), tmp_path)
    page = (tmp_path / "benchmarks.md").read_text()
    assert "| size of a tape | 10 MB | zstd: 9 MB | 1.11 × | ≤ 1.10 × | **no** |" in page
    assert "| memory | 10 MiB |  |  | ≤ 64 MiB | yes |" in page
    assert "| sealing | not there |  |  | ≥ 20 MB/s | not measured |" in page
    assert "| gzip | 7 |" in page and "a\\|b" in page
    assert "gzip -6 'a b'" in page
    assert "ended early: 'rewick' ended with 4: no disk" in page
    assert "1,234" in page and "0123456789abcdef" in page and "some processor" in page
    pictures = re.findall(r"\]\((benchmarks/[^)]*)\)", page)
    assert pictures == ["benchmarks/size.svg"] and (tmp_path / pictures[0]).is_file()
    assert not (tmp_path / "benchmarks" / "gone.svg").exists()


def test_terminal_shows_the_same():
    text = report.terminal(results_with(a_part()))
    assert re.search(r"^size of a tape +10 MB +zstd: 9 MB +1.11 × +≤ 1.10 × +no$", text, re.M)
    assert "$ gzip -6 'a b'" in text and "no disk" in text


@pytest.mark.parametrize(
    "value, text", [(0.01234, "0.0123"), (1.5, "1.50"), (123.4, "123"), (12345678, "12,345,678"), (0, "0")]
)
def test_numbers_keep_three_digits(value, text):
    assert harness.number(value) == text


def test_samples_give_median_and_spread():
    samples = harness.Samples([3.0, 1.0, 2.0, 9.0, 2.5])
    assert samples.text() == "2.50 (1.00–9.00)"
    assert samples.per(9).text() == "3.60 (1.00–9.00)"


def test_contenders_take_turns():
    order = []
    harness.alternate({name: lambda name=name: order.append(name) for name in "abc"}, 3)
    assert "".join(order) == "abccbaabc"


# ---- running and measuring -----------------------------------------------------------------------


def test_memory_is_the_commands_own():
    small = harness.measure(["true"])
    large = harness.measure([sys.executable, "-c", "x = b'1' * (100 << 20)"])
    assert small["peak_kib"] < 20_000 and large["peak_kib"] > 100_000
    assert small["seconds"] > 0


def test_a_failed_command_says_which_and_why():
    with pytest.raises(harness.Failed, match="'sh -c .*' ended with 3: no luck") as caught:
        harness.measure(["sh", "-c", "echo no luck >&2; exit 3"])
    assert caught.value.why == "ended with 3: no luck"
    with pytest.raises(harness.Failed, match="no-such-program"):
        harness.run(["no-such-program"])


def test_lines_of_tools_are_read():
    assert tool_part.lines_of("write path  1,234,567 frames/s\nhead line\nseal 3.5 MB/s 3.1-3.9\n") == [
        ("write path", 1234567.0, "frames/s", ""),
        ("seal", 3.5, "MB/s", "3.1-3.9"),
    ]


# ---- candles side by side ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def market(run, tmp_path_factory):
    """Our candles of a simulated tape, and those that plain Python makes of its trades."""
    tape = tmp_path_factory.mktemp("bench") / "tape"
    run("simulate", "--out", tape, "--venue", "binance", "--channel", "trade", "--faults", "none", "--for", "3m")
    ours = candle_check.ours(run("replay", tape, "--bar", "1m", "--format", "csv").stdout)
    rows = {}
    for line in run("tape", "cat", tape, "--type", "received").stdout.splitlines():
        trade = json.loads(json.loads(line)["data"]).get("data", {})
        if trade.get("e") == "trade":
            rows.setdefault(("binance", trade["s"], trade["T"] // 60000 * 60000), []).append(trade)
    theirs = [[*key, *values(trades)] for key, trades in rows.items()]
    return ours, theirs


def values(trades):
    trades = sorted(trades, key=lambda trade: (trade["T"], trade["t"]))
    prices = [float(trade["p"]) for trade in trades]
    return prices[0], max(prices), min(prices), prices[-1], sum(float(trade["q"]) for trade in trades), len(trades)


def test_equal_candles_are_equal(market):
    ours, theirs = market
    found = candle_check.compare(ours, candle_check.theirs(theirs))
    assert found == {"compared": len(ours), "without_count": False, "differences": []}
    assert found["compared"] >= 6


@pytest.mark.parametrize("place, name", enumerate(candle_check.VALUES))
def test_a_planted_difference_is_found(market, place, name):
    ours, theirs = market
    planted = [list(row) for row in theirs]
    planted[1][3 + place] *= 1.00001
    differences = candle_check.compare(ours, candle_check.theirs(planted))["differences"]
    assert len(differences) == 1 and f" {name} is " in differences[0] and str(planted[1][2]) in differences[0]


def test_missing_and_added_candles_are_found(market):
    ours, theirs = market
    minutes = sorted({row[2] for row in theirs})
    fewer = [row for row in theirs if row[2] != minutes[0]]
    assert len(candle_check.compare(ours, candle_check.theirs(fewer))["differences"]) == len(theirs) - len(fewer)
    forming = [row for row in theirs if row[2] != minutes[-1]]
    assert candle_check.compare(ours, candle_check.theirs(forming))["differences"] == []
    added = [*theirs, ["binance", "OTHER", minutes[0], 1, 1, 1, 1, 1, 1]]
    assert "rewick lacks it" in candle_check.compare(ours, candle_check.theirs(added))["differences"][0]


def test_no_count_is_no_difference(market):
    ours, theirs = market
    uncounted = [[*row[:-1], None] for row in theirs]
    found = candle_check.compare(ours, candle_check.theirs(uncounted))
    assert found["differences"] == [] and found["without_count"]


# ---- the corpus ----------------------------------------------------------------------------------

LINES = (
    b'1000000000000000000 {"stream":"x@trade","data":{"e":"trade","E":1000000000005,"s":"X","t":7,"p":"1.50",'
    b'"q":"2.0","T":1000000000004,"m":true}}\n'
    b'1000000000000000100 {"stream":"x@bookTicker","data":{"u":70,"s":"X","b":"1.4","B":"5","a":"1.6","A":"100%"}}\n'
    b'1000000000000000200 {"stream":"x@trade","data":{"e":"trade","E":1000000000006,"s":"X","t":8,"p":"1.60",'
    b'"q":"2.0","T":1000000000006,"m":true}}\n'
    b'1000000000000000300 {"stream":"x@depth","data":{"e":"depthUpdate","E":1000000000006,"s":"X","U":71,"u":74,"pu":70}}\n'
)


def test_copies_are_moved_on_without_holes():
    period_ns = corpus.MINUTE_NS
    lines = list(corpus.repeated([LINES], 3, 0, period_ns))
    assert b"".join(lines[:4]) == LINES
    text = b"".join(lines).decode()
    assert [int(number) for number in re.findall(r'"t":(\d+)', text)] == [7, 8, 9, 10, 11, 12]
    assert re.findall(r'"U":(\d+),"u":(\d+),"pu":(\d+)', text) == [
        ("71", "74", "70"),
        ("76", "79", "75"),
        ("81", "84", "80"),
    ]
    times = [int(number) for number in re.findall(r'"T":(\d+)', text)]
    assert times[2] - times[0] == times[4] - times[2] == 60000
    receive = [int(line.split(b" ")[0]) for line in lines]
    assert receive == sorted(receive) and receive[4] - receive[0] == period_ns
    assert text.count('"A":"100%"') == 3


def test_recordings_of_one_venue_are_merged_in_order():
    other = LINES.replace(b'"X"', b'"Y"').replace(b"1000000000000000", b"1000000000000000"[:-1] + b"0")
    lines = list(corpus.repeated([LINES, other], 2, 1, corpus.MINUTE_NS))
    receive = [int(line.split(b" ")[0]) for line in lines]
    assert len(lines) == 16 and receive == sorted(receive)
    assert Counter(line.count(b'"s":"Y"') for line in lines) == {0: 8, 1: 8}


@pytest.fixture(scope="module")
def simulated(rewick):
    return corpus.simulated(rewick, "binance-usdm", 2)


def test_simulated_frames_have_the_shape_of_recorded_ones(simulated):
    frames = [json.loads(line.split(b" ", 1)[1]) for line in simulated.splitlines()]
    kinds = Counter(frame["stream"].split("@")[1] for frame in frames)
    assert set(kinds) == {"trade", "bookTicker", "depth"}
    assert 2 < kinds["bookTicker"] / kinds["trade"] < 4 and kinds["depth"] < kinds["trade"]
    receive = [int(line.split(b" ", 1)[0]) for line in simulated.splitlines()]
    assert receive == sorted(receive)
    ids = [frame["data"]["t"] for frame in frames if frame["stream"].endswith("@trade")]
    assert sorted(ids) == list(range(min(ids), max(ids) + 1))
    updates = [frame["data"]["u"] for frame in frames if "u" in frame["data"]]
    assert updates == sorted(updates)


def test_simulated_frames_are_taken_whole(simulated, run, tmp_path):
    (tmp_path / "lines").write_bytes(simulated)
    said = run(
        "import", "--from", "hftbacktest", "--venue", "binance-usdm", tmp_path / "lines", "--out", tmp_path / "tape"
    ).stderr
    frames = simulated.count(b"\n")
    trades = simulated.count(b'@trade"')
    assert f"({frames} frames, {trades} trades)" in said
    candles = run(
        "replay", tmp_path / "tape", "--bar", "1m", "--format", "csv", "--columns", "missing,malformed"
    ).stdout
    assert set(candles.splitlines()[1:]) == {"0,0"}


# ---- peers and the whole -------------------------------------------------------------------------


def test_peers_are_pinned():
    lock = json.loads((ROOT / "bench/peers/node/package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert {"node_modules/tardis-dev", "node_modules/ccxt"} <= packages.keys()
    for name, package in packages.items():
        assert "integrity" in package and "resolved" not in package, name
    for path in (ROOT / "bench/peers/python").glob("*.txt"):
        for requirement in re.findall(r"^[^#\s].*?(?=^\S|\Z)", path.read_text(), re.M | re.S):
            assert re.match(r"[a-z0-9-]+==[\w.]+", requirement) and "--hash=sha256:" in requirement, requirement


def test_a_part_whose_program_is_not_built_says_so(rewick, tmp_path):
    (tmp_path / "rewick").symlink_to(rewick)
    page = ROOT / "docs/benchmarks.md"
    before = page.read_bytes() if page.exists() else None
    done = subprocess.run(
        [ROOT / "bench/run_bench.py", "tape", "--build", tmp_path, "--captures", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^frames in memory to a flushed block, one core +not there .* not measured$", done.stdout, re.M)
    assert (page.read_bytes() if page.exists() else None) == before
    stored = json.loads((ROOT / "build/bench/tape.json").read_text())
    assert stored["parts"][0]["rows"][0]["reached"] is None and stored["machine"]["processor"]

"""Sealing: another form of the same tape, whenever it is stopped and whoever reads meanwhile."""

import contextlib
import fcntl
import random
import re
import shutil
import signal
import subprocess
import time

import pytest
from conftest import ROOT
from fake_market import Binance
from recorder_run import meanwhile, recorder, until
from test_serve import frames_of, serving

assert recorder and meanwhile

FIXTURES = sorted(f for f in (ROOT / "fixtures").glob("*/tape"))
BTC = {"BTCUSDT": ("BTC", "USDT")}
SEALED_AT = 18  # byte of a segment's header that says it (docs/tape-format.md)


def is_sealed(segment):
    return segment.read_bytes()[SEALED_AT] == 1


def segments(tape):
    return sorted(tape.glob("*.rwk.zst"))


def copy(tape, to):
    shutil.copytree(tape, to)
    return to


def cat(run, tape):
    return run("tape", "cat", tape).stdout


def digest(run, tape):
    return run("replay", tape, "--bar", "1s,5s", "--no-candles", "--digest").stdout.splitlines()[-1]


def check_files(tape):
    for segment in segments(tape):
        subprocess.run(["zstd", "-qt", segment], check=True)
    assert not list(tape.glob("*.seal"))


# ---- the same tape ------------------------------------------------------------------------------


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda tape: tape.parent.name)
def test_a_fixture_reads_the_same_when_it_is_sealed(run, tmp_path, fixture):
    tape = copy(fixture, tmp_path / "tape")
    before = cat(run, tape), digest(run, tape), run("tape", "cat", tape, "--raw").stdout
    told = run("tape", "seal", tape, "--all").stderr
    assert re.fullmatch(r"sealed 1 segment: [\d.]+ kB -> [\d.]+ kB \(\d\.\d\d\)\n", told), told
    assert all(is_sealed(segment) for segment in segments(tape))
    assert (cat(run, tape), digest(run, tape), run("tape", "cat", tape, "--raw").stdout) == before
    assert run("tape", "verify", tape).stdout.startswith("whole: ")
    check_files(tape)
    assert run("tape", "seal", tape, "--all").stderr == "sealed 0 segments, 1 sealed before\n"


@pytest.mark.parametrize(
    "venue, name", [("binance", "spot/btcusdt"), ("binance-usdm", "usdm/btcusdt"), ("binance-coinm", "coinm/btcusd_perp")]
)
def test_a_real_recording_reads_the_same_when_it_is_sealed(run, captures, tmp_path, venue, name):
    tape = tmp_path / "tape"
    run("import", "--from", "hftbacktest", "--venue", venue, captures / "hftbacktest" / f"{name}_20240808.gz", "--out", tape)
    live = sum(segment.stat().st_size for segment in segments(tape))
    before = cat(run, tape), digest(run, tape)
    run("tape", "seal", tape, "--all")
    assert (cat(run, tape), digest(run, tape)) == before
    assert sum(segment.stat().st_size for segment in segments(tape)) < live
    check_files(tape)


def test_every_venue_of_the_captures_reads_the_same(run, captures, tmp_path):
    """Connections, talk and channels of all kinds, whole sessions."""
    names = {"COINBASE": "coinbase", "KRAKEN": "kraken-v1", "BITFINEX": "bitfinex", "DERIBIT": "deribit", "GEMINI": "gemini"}
    sealed = 0
    for name, venue in names.items():
        files = sorted((captures / "cryptofeed").glob(f"{name}.ws.*"))
        tape = tmp_path / venue
        done = run("import", "--from", "cryptofeed", "--venue", venue, *files, "--out", tape)
        before = cat(run, tape), digest(run, tape)
        assert len(before[0]) > 1000, done.stderr
        run("tape", "seal", tape, "--all")
        assert (cat(run, tape), digest(run, tape)) == before, venue
        check_files(tape)
        sealed += 1
    assert sealed == len(names)


# ---- what is said -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def many(run, tmp_path_factory):
    """A tape of many segments, closed, and what is on it."""
    folder = tmp_path_factory.mktemp("many")
    tape, frames = folder / "tape", folder / "frames"
    raw = run("tape", "cat", ROOT / "fixtures" / "binance-trade" / "tape", "--raw", "--type", "received").stdout
    frames.write_text(raw * 4)
    for _ in range(12):
        run(
            "import", "--from", "frames", "--venue", "binance", "--time", "2024-01-01T00:00:00Z", frames, "--out", tape,
            "--append",
        )
    return tape, cat(run, tape)


def test_the_newest_segment_is_left_unless_all_are_wanted(run, many, tmp_path):
    tape = copy(many[0], tmp_path / "tape")
    told = run("tape", "seal", tape).stderr
    assert re.fullmatch(r"sealed 11 segments: [\d.]+ [kM]B -> [\d.]+ [kM]B \(\d\.\d\d\), 1 live segment left\n", told), told
    assert [is_sealed(segment) for segment in segments(tape)] == 11 * [True] + [False]
    told = run("tape", "seal", tape, "--all", "--level", "1").stderr
    assert told.startswith("sealed 1 segment: ") and told.endswith(", 11 sealed before\n"), told
    assert cat(run, tape) == many[1]


def test_it_goes_on_behind_sealed_segments(run, many, root, tmp_path):
    """A tape that is sealed to its end is written on."""
    tape = copy(root / "fixtures" / "binance-trade" / "tape", tmp_path / "tape")
    frames = tmp_path / "frames"
    frames.write_text('{"stream":"btcusdt@trade","data":{}}\n')
    before = cat(run, tape)
    run("tape", "seal", tape, "--all")
    run(
        "import", "--from", "frames", "--venue", "binance", "--time", "2030-01-01T00:00:00Z", frames, "--out", tape,
        "--append",
    )
    after = cat(run, tape)
    assert after.startswith(before) and len(after) > len(before)
    run("tape", "verify", tape)
    assert [is_sealed(segment) for segment in segments(tape)] == [True, False]


def test_faults_are_told_in_one_line(run, root, many, tmp_path):
    damaged = copy(root / "fixtures" / "bad" / "flipped-bit", tmp_path / "damaged")
    before = [segment.read_bytes() for segment in segments(damaged)]
    told = run("tape", "seal", damaged, "--all", status=3).stderr
    assert "is damaged: 00000001.rwk.zst, offset " in told and "'rewick tape repair'" in told
    assert [segment.read_bytes() for segment in segments(damaged)] == before
    assert "does not exist" in run("tape", "seal", tmp_path / "nowhere", status=4).stderr
    assert "--level" in run("tape", "seal", many[0], "--level", "99", status=2).stderr
    tape = copy(many[0], tmp_path / "tape")
    with open(tape / "SEAL", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        told = run("tape", "seal", tape, status=4).stderr
    assert "is being sealed by another process" in told
    assert cat(run, tape) == many[1]


def test_two_at_once_do_no_harm(rewick, run, many, tmp_path):
    tape = copy(many[0], tmp_path / "tape")
    both = [
        subprocess.Popen([rewick, "tape", "seal", tape, "--all"], stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    texts = [process.communicate(timeout=120)[1] for process in both]
    assert sorted(process.returncode for process in both) in ([0, 0], [0, 4]), texts
    for process, text in zip(both, texts):
        assert process.returncode == 0 or "is being sealed by another process" in text
    assert all(is_sealed(segment) for segment in segments(tape))
    assert cat(run, tape) == many[1]


def test_ctrl_c_leaves_whole_segments(rewick, run, many, tmp_path):
    tape = copy(many[0], tmp_path / "tape")
    process = subprocess.Popen([rewick, "tape", "seal", tape, "--level", "19"], stderr=subprocess.PIPE, text=True)
    until(lambda: is_sealed(segments(tape)[0]), "the first sealed segment")
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 0
    assert told.startswith(("stopped; sealed ", "sealed 11 segments"))
    assert cat(run, tape) == many[1]
    check_files(tape)


# ---- killed -------------------------------------------------------------------------------------


def test_killed_at_any_moment_the_tape_is_whole(rewick, run, many, tmp_path):
    rng = random.Random(5)
    tape, kills, longest = copy(many[0], tmp_path / "tape0"), 0, 0.02
    for attempt in range(50):
        process = subprocess.Popen([rewick, "tape", "seal", tape, "--all"], stderr=subprocess.DEVNULL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(rng.uniform(0, longest))
        process.kill()
        kills += process.wait() != 0
        assert run("tape", "verify", tape).stdout.startswith("whole: ")
        assert cat(run, tape) == many[1]
        if all(is_sealed(segment) for segment in segments(tape)):
            shutil.rmtree(tape)
            tape = copy(many[0], tmp_path / f"tape{attempt + 1}")
            longest /= 1.5
        else:
            longest *= 1.2
    assert kills > 25
    run("tape", "seal", tape, "--all")
    assert all(is_sealed(segment) for segment in segments(tape))
    assert cat(run, tape) == many[1]
    check_files(tape)


# ---- while recording ----------------------------------------------------------------------------

SMALL = ["--segment-bytes", "8192", "--flush-ms", "20", "--bar", "1s", "--no-candles", "--digest"]


def sealed_count(tape):
    return sum(is_sealed(segment) for segment in segments(tape) if segment.stat().st_size > SEALED_AT)


def test_a_recorder_seals_what_is_finished(rewick, run, recorder):
    with Binance(BTC) as venue, venue.pumping(0.002):
        rec = recorder(venue, *SMALL, seal=True)
        until(lambda: rec.tape.exists() and sealed_count(rec.tape) >= 3, "sealed segments", recorder=rec)
        told = rec.status()["tape"]
        assert told["segments_sealed"] >= 1 and told["segments_live"] >= 1
        rec.kill()  # whatever it was at
        run("tape", "verify", rec.tape)
        before = cat(run, rec.tape)
        again = recorder(venue, *SMALL, seal=True)
        sealed = sealed_count(rec.tape)
        until(lambda: sealed_count(rec.tape) >= sealed + 3, "more of them", recorder=again)
        text = subprocess.run([rewick, "status", rec.tape], capture_output=True, text=True, check=False).stdout
        assert re.search(r"; disk ok; \d+ segments sealed, \d+ live\n", text), text
        again.stop()
    assert cat(run, rec.tape).startswith(before)
    run("tape", "verify", rec.tape)
    assert re.search(r"tape '.*': \d+ segments sealed, \d+ bytes became \d+\n", again.stderr)
    live = again.stdout.splitlines()[-1]
    assert live.startswith("candle digest ")
    assert run("replay", rec.tape, "--no-candles", "--digest").stdout.splitlines()[-1] == live
    # Nothing of it depends on how it lies on the disk.
    run("tape", "seal", rec.tape, "--all")
    assert run("replay", rec.tape, "--no-candles", "--digest").stdout.splitlines()[-1] == live
    check_files(rec.tape)


def test_asked_not_to_it_seals_nothing(run, recorder):
    with Binance(BTC) as venue, venue.pumping(0.002):
        rec = recorder(venue, *SMALL)
        until(lambda: rec.tape.exists() and len(segments(rec.tape)) >= 6, "segments", recorder=rec)
        assert "segments_sealed" not in rec.status()["tape"]
        rec.stop()
    assert sealed_count(rec.tape) == 0
    again = run("tape", "seal", rec.tape).stderr
    assert again.endswith(", 1 live segment left\n")


def test_what_is_played_into_a_recorder_comes_out_of_its_sealed_tape(rewick, root, run, tmp_path):
    tape = root / "fixtures" / "kraken-trade" / "tape"
    with serving(rewick, tape, "--speed", "20") as urls:
        done = run(
            "record", "--out", tmp_path / "tape", "--venue", "kraken:BTC-USD,ETH-USD", "--url", f"kraken={urls['kraken']}",
            "--until-silent", "3s", "--for", "60s", *SMALL,
        )
    run("tape", "seal", tmp_path / "tape", "--all")
    assert all(is_sealed(segment) for segment in segments(tmp_path / "tape"))
    assert frames_of(run, tmp_path / "tape", "trade") == frames_of(run, tape, "trade")
    replayed = run("replay", tmp_path / "tape", "--no-candles", "--digest").stdout.splitlines()[-1]
    assert replayed == done.stdout.splitlines()[-1]


def test_a_damaged_segment_is_told_once_and_does_not_end_the_recording(run, recorder):
    with Binance(BTC) as venue, venue.pumping(0.002):
        rec = recorder(venue, *SMALL)
        until(lambda: rec.tape.exists() and len(segments(rec.tape)) >= 4, "segments", recorder=rec)
        rec.stop()
        first = segments(rec.tape)[0]
        damaged = bytearray(first.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        first.write_bytes(damaged)
        again = recorder(venue, "--segment-bytes", "8192", "--flush-ms", "20", "--no-candles", seal=True)
        until(lambda: sealed_count(rec.tape) >= 5, "sealed segments", recorder=again)
        time.sleep(2.5)  # several looks
        again.stop(status=3)  # candles cannot be made of it
    assert again.stderr.count("it stays unsealed") == 1
    assert not is_sealed(first) and first.read_bytes() == damaged

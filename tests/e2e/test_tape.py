"""The tape from outside: a second reader and a second writer made from docs/tape-format.md, real zstd, `rewick tape`."""

import json
import re
import shutil
import struct
import subprocess
import threading
import time

import pytest
import tape_reader
import zstandard
from conftest import ROOT

TAPES = sorted({f.parent for f in (ROOT / "fixtures").rglob("*.rwk.zst")})
WHOLE = [t for t in TAPES if "bad" not in t.parts or "whole" in t.parts]
DOC = (ROOT / "docs" / "tape-format.md").read_text()
SEGMENT_NAME = "00000001.rwk.zst"


def names(path):
    return path.relative_to(ROOT / "fixtures").as_posix()


def cat(run, tape, *options, status=0):
    lines = run("tape", "cat", tape, *options, status=status).stdout.split("\n")
    assert lines.pop() == ""
    return [json.loads(line) for line in lines]


def read_elsewhere(tape):
    """The records that the other reader gives out, and whether it then meets damage."""
    records = []
    try:
        for record in tape_reader.read_tape(tape):
            records.append(record)
    except tape_reader.Damaged:
        return records, True
    return records, False


# ---- a writer from the same page ----------------------------------------------------------------


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def zigzag(value):
    value &= 2**64 - 1
    return varint((value << 1 ^ (2**64 - 1 if value >> 63 else 0)) & 2**64 - 1)


def framed(magic, content):
    frame = struct.pack("<II", magic, len(content) + 4) + content
    return frame + struct.pack("<I", tape_reader.crc32c(frame))


class Writer:
    """Makes the bytes of one segment after the other."""

    def __init__(self):
        self.number, self.next, self.chain, self.id = 0, 1, 0, b"sixteen byte id."

    def begin(self, salt):
        self.number, self.salt, self.blocks = self.number + 1, salt, 0
        content = b"RWKTAPE\0" + struct.pack(
            "<HHI16sQQIIq", 1, 0, self.number, self.id, salt, self.next, 1, self.chain, 0
        )
        return self.note(framed(0x184D2A50, content))

    def note(self, header):
        (self.chain,) = struct.unpack("<I", header[-4:])
        return header

    def block(self, records, skip=0):
        first, self.next = self.next + skip, self.next + skip + len(records)
        sources = list(dict.fromkeys((r["venue"], r["connection"]) for r in records))
        table, content = b"", b""
        wall, mono = records[0]["wall_ns"], records[0]["mono_ns"]
        for r in records:
            has_time = r["source_ns"] is not None
            table += bytes([r["type"], r["binary"] | has_time << 7]) + varint(sources.index((r["venue"], r["connection"])))
            table += varint(len(r["data"])) + zigzag(r["wall_ns"] - wall) + zigzag(r["mono_ns"] - mono)
            table += zigzag(r["wall_ns"] - r["source_ns"]) if has_time else b""
            wall, mono = r["wall_ns"], r["mono_ns"]
            content += r["data"] + b"\n"
        frame = zstandard.ZstdCompressor(write_checksum=True).compress(content)
        header = b"RWKB" + struct.pack(
            "<IQQqqIIIIHHI", len(records), self.salt, first, records[0]["wall_ns"], records[0]["mono_ns"], len(frame),
            len(content), tape_reader.crc32c(frame), self.chain, len(sources), skip > 0, len(table),
        )
        header += b"".join(struct.pack("<IB", c, len(v)) + v.encode() for v, c in sources) + table
        self.blocks += 1
        return self.note(framed(0x184D2A51, header)) + frame

    def end(self):
        content = b"RWKE" + struct.pack("<IQQII", 0, self.salt, self.next, self.blocks, self.chain)
        return self.note(framed(0x184D2A52, content))


def record(kind=1, data=b"x", venue="binance", connection=1, wall=10**18, mono=7, source=None, binary=0):
    return {"type": kind, "data": data, "venue": venue, "connection": connection, "wall_ns": wall, "mono_ns": mono,
            "source_ns": source, "binary": binary}


STRANGE = [
    record(1, b"", source=-(2**63) + 1),
    record(1, bytes(range(256)) * 3, binary=1),
    record(2, "µ € 𝄞 \"quoted\" \\ \u2028".encode(), venue="", connection=2**32 - 1),
    record(3, b"\n\n\r\n", wall=2**63 - 1, mono=-(2**63), source=2**63 - 1),
    record(4, b"", wall=-(2**63), mono=2**63 - 1, source=0),
    record(5, b'{"status":200}\nbody\0with\0zeros', venue="a-venue-of-thirty-one-character"),
    record(6, b'{"reason":"test","count":3}'),
    record(7, b"\xff\xfe not utf-8 \xc0\x80"),
]


def write_strange_tape(folder):
    """Two segments: the first ends as a crash leaves it, the second holds a hole that a repair closed."""
    writer = Writer()
    folder.mkdir()
    torn = writer.begin(11) + writer.block(STRANGE[:3]) + writer.block(STRANGE[3:5]) + b"Q*M\x18 not a block"
    (folder / SEGMENT_NAME).write_bytes(torn)
    rest = writer.begin(12) + writer.block(STRANGE[5:6]) + writer.block(STRANGE[6:], skip=2) + writer.end()
    (folder / "00000002.rwk.zst").write_bytes(rest)
    return [dict(r, seq=seq) for seq, r in zip((1, 2, 3, 4, 5, 6, 9, 10), STRANGE)]


def as_written(records):
    return [tape_reader.line(dict(r, type=tape_reader.TYPES[r["type"]], binary=bool(r["binary"]))) for r in records]


# ---- the page, the other reader, the other writer -----------------------------------------------


def example_bytes():
    block = re.search(r"^```hex\n(.*?)^```", DOC, flags=re.S | re.M).group(1)
    return bytes.fromhex("".join(line.split("#")[0] for line in block.splitlines()))


def test_the_example_of_the_page_is_a_tape_and_holds_what_the_page_says(run, tmp_path):
    (tmp_path / SEGMENT_NAME).write_bytes(example_bytes())
    told = re.search(r"^```json\n(.*?)^```", DOC, flags=re.S | re.M).group(1)
    expected = [json.loads(line) for line in told.splitlines()]
    assert len(expected) == 3
    assert [tape_reader.line(r) for r in tape_reader.read_tape(tmp_path)] == expected
    assert run("tape", "cat", tmp_path).stdout == told
    assert "whole: 3 records in 1 segment" in run("tape", "verify", tmp_path).stdout


@pytest.mark.parametrize("tape", TAPES, ids=names)
def test_both_readers_give_the_same_records_and_the_same_verdict(run, tape):
    records, damaged = read_elsewhere(tape)
    assert cat(run, tape, status=3 if damaged else 0) == [tape_reader.line(r) for r in records]
    assert damaged or records


def test_a_tape_written_from_the_page_alone_is_read_exactly(run, tmp_path):
    expected = as_written(write_strange_tape(tmp_path / "tape"))
    assert cat(run, tmp_path / "tape") == expected
    assert [tape_reader.line(r) for r in tape_reader.read_tape(tmp_path / "tape")] == expected
    told = run("tape", "verify", tmp_path / "tape").stdout
    assert "torn tail" in told and "whole: 8 records in 2 segments, numbers 1 to 10, 3 told as lost" in told


def test_a_copy_of_all_records_by_repair_is_read_by_the_other_reader(run, tmp_path):
    expected = as_written(write_strange_tape(tmp_path / "tape"))
    assert "kept 8 records" in run("tape", "repair", tmp_path / "tape", "--out", tmp_path / "copy").stdout
    assert [tape_reader.line(r) for r in tape_reader.read_tape(tmp_path / "copy")] == expected


def test_a_tape_whose_beginning_was_given_up_is_read_by_both(run, tmp_path):
    tape = tmp_path / "tape"
    expected = as_written(write_strange_tape(tape))
    first, second = sorted(tape.glob("*.rwk.zst"))
    (tape / "00000002.first").touch()
    kept = cat(run, tape)
    assert 0 < len(kept) < len(expected) and kept == expected[-len(kept) :]
    assert [tape_reader.line(r) for r in tape_reader.read_tape(tape)] == kept
    first.unlink()  # whether it is still there makes no difference
    assert cat(run, tape) == kept and [tape_reader.line(r) for r in tape_reader.read_tape(tape)] == kept
    (tape / "00000002.first").unlink()  # without the mark its absence is damage
    cat(run, tape, status=3)
    with pytest.raises(tape_reader.Damaged):
        list(tape_reader.read_tape(tape))
    assert second.exists()


# ---- zstd ---------------------------------------------------------------------------------------


def zstd(path, *options, status=0):
    done = subprocess.run(["zstd", "-q", *options, str(path)], capture_output=True, check=False, timeout=60)
    assert done.returncode == status, done.stderr
    return done.stdout


@pytest.mark.parametrize("tape", WHOLE, ids=names)
def test_zstd_reads_every_segment(run, tape):
    printed = b""
    for segment in sorted(tape.glob("*.rwk.zst")):
        zstd(segment, "-t")
        printed += zstd(segment, "-dc")
    assert printed == b"".join(r["data"] + b"\n" for r in tape_reader.read_tape(tape))
    assert run("tape", "cat", tape, "--raw").stdout.encode() == printed


def frame_ends(data):
    """Where the segment header, each block and the end mark end."""
    ends, at = [], 0
    while at < len(data):
        magic, length = struct.unpack_from("<II", data, at)
        if magic == tape_reader.BLOCK:
            length += struct.unpack_from("<I", data, at + 48)[0]
        at += 8 + length
        ends.append(at)
    return ends


def test_zstd_reads_a_growing_segment_up_to_its_last_block(run, tmp_path):
    data = (ROOT / "fixtures/bad/whole/tape" / SEGMENT_NAME).read_bytes()
    records = list(tape_reader.read_tape(ROOT / "fixtures/bad/whole/tape"))
    growing = tmp_path / SEGMENT_NAME
    ends = frame_ends(data)
    assert len(ends) > 5
    for end, following in zip(ends, ends[1:]):
        growing.write_bytes(data[:end])
        zstd(growing, "-t")
        whole = zstd(growing, "-dc")
        assert whole == b"".join(r["data"] + b"\n" for r in records)[: len(whole)]
        assert run("tape", "cat", tmp_path, "--raw").stdout.encode() == whole
        growing.write_bytes(data[: following - 1])
        assert zstd(growing, "-dc", status=1)[: len(whole)] == whole
        assert run("tape", "cat", tmp_path, "--raw").stdout.encode() == whole


# ---- rewick tape --------------------------------------------------------------------------------


def test_info_counts_what_the_other_reader_counts(run):
    tape = ROOT / "fixtures/kraken-trade/tape"
    records = list(tape_reader.read_tape(tape))
    info = json.loads(run("tape", "info", tape, "--format", "json").stdout)
    frames = [r for r in records if r["type"] == "received"]
    assert info["records"] == len(records) and (info["first_seq"], info["last_seq"]) == (1, len(records))
    assert info["first_wall_ns"] == min(r["wall_ns"] for r in records)
    assert info["last_wall_ns"] == max(r["wall_ns"] for r in records)
    assert info["file_bytes"] == sum(f.stat().st_size for f in tape.glob("*.rwk.zst"))
    assert info["data_bytes"] == sum(len(r["data"]) for r in records)
    assert info["closed"] and info["damage_count"] == info["torn_count"] == info["missing_records"] == 0
    (kraken,) = [v for v in info["venues"] if v["venue"] == "kraken"]
    assert kraken["received"] == len(frames) and kraken["frame_bytes"] == sum(len(r["data"]) for r in frames)
    text = run("tape", "info", tape).stdout
    assert f"records     {len(records)}, numbers 1 to {len(records)}" in text and info["id"] in text


def test_cat_selects(run):
    tape = ROOT / "fixtures/kraken-trade/tape"
    everything = cat(run, tape)
    assert cat(run, tape, "--from-seq", 20, "--to-seq", 25) == everything[19:25]
    assert cat(run, tape, "--type", "sent,connection") == [r for r in everything if r["type"] in ("sent", "connection")]
    assert cat(run, tape, "--venue", "kraken") == [r for r in everything if r["venue"] == "kraken"]
    assert cat(run, tape, "--venue", "binance") == []
    start, end = everything[30]["wall_ns"], everything[60]["wall_ns"]
    assert cat(run, tape, "--from", start, "--to", end) == [r for r in everything if start <= r["wall_ns"] < end]


def test_cat_ends_quietly_when_nobody_reads_on(rewick):
    tape = ROOT / "fixtures/binance-trade/tape"
    done = subprocess.run(
        ["bash", "-c", f"'{rewick}' tape cat '{tape}' | head -n 1 | wc -l; echo ${{PIPESTATUS[0]}}"],
        capture_output=True, text=True, timeout=60, check=True,
    )
    assert done.stdout.split() == ["1", "0"] and done.stderr == ""


def test_cat_follows_a_growing_tape(rewick, tmp_path):
    write_strange_tape(tmp_path / "whole")
    growing = tmp_path / "growing"
    growing.mkdir()
    first = (tmp_path / "whole" / SEGMENT_NAME).read_bytes()
    (growing / SEGMENT_NAME).write_bytes(first[:76])
    child = subprocess.Popen(
        [rewick, "tape", "cat", str(growing), "--follow", "--to-seq", "10"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    deadline = threading.Timer(60, child.kill)
    deadline.start()
    try:
        with open(growing / SEGMENT_NAME, "ab", buffering=0) as out:
            for at in range(76, len(first), 40):
                out.write(first[at : at + 40])
                time.sleep(0.02)
        for seq in (1, 2, 3, 4, 5):
            line = child.stdout.readline()
            assert line, child.communicate()
            assert json.loads(line)["seq"] == seq
        shutil.copy(tmp_path / "whole" / "00000002.rwk.zst", growing / "temporary")
        (growing / "temporary").rename(growing / "00000002.rwk.zst")
        assert [json.loads(line)["seq"] for line in child.stdout] == [6, 9, 10]
        assert child.wait(timeout=20) == 0
    finally:
        deadline.cancel()
        child.kill()
        child.wait()


def blocks_of(data):
    """(offset, first number, last number) of each block."""
    return [
        (at, first, first + count - 1)
        for at in [0, *frame_ends(data)[:-1]]
        for magic, count, first in [struct.unpack_from("<I8xI8xQ", data, at)]
        if magic == tape_reader.BLOCK
    ]


def test_verify_names_the_missing_records_exactly(run, tmp_path):
    source = ROOT / "fixtures/bad/whole/tape" / SEGMENT_NAME
    data = bytearray(source.read_bytes())
    blocks = blocks_of(data)
    offset, first, last = blocks[3]
    data[offset + 80] ^= 1
    (tmp_path / SEGMENT_NAME).write_bytes(data)
    done = run("tape", "verify", tmp_path, status=3)
    size = blocks[4][0] - offset
    assert done.stdout == (
        f"{SEGMENT_NAME}: offset {offset}, {size} bytes: block header does not match its checksum; "
        f"records {first} to {last} are missing\n"
    )
    assert f"1 place, {last - first + 1} records missing" in done.stderr and done.stderr.count("\n") == 1
    # cat gives what is whole before; --salvage what is whole behind as well.
    seqs = [r["seq"] for r in cat(run, tmp_path, status=3)]
    assert seqs == list(range(1, first))
    everything = [tape_reader.line(r) for r in tape_reader.read_tape(source.parent)]
    assert cat(run, tmp_path, "--salvage") == [r for r in everything if not first <= r["seq"] <= last]


def test_repair_keeps_the_rest_and_tells_of_the_hole(run, tmp_path):
    source = ROOT / "fixtures/bad/whole/tape" / SEGMENT_NAME
    data = bytearray(source.read_bytes())
    offset, first, last = blocks_of(data)[3]
    data[offset + 80] ^= 1
    damaged, repaired = tmp_path / "damaged", tmp_path / "repaired"
    damaged.mkdir()
    (damaged / SEGMENT_NAME).write_bytes(data)
    run("tape", "repair", damaged, "--out", repaired)
    assert (damaged / SEGMENT_NAME).read_bytes() == data
    run("tape", "verify", repaired)
    records = cat(run, repaired)
    everything = [tape_reader.line(r) for r in tape_reader.read_tape(source.parent)]
    (gap,) = [r for r in records if r["seq"] == last]
    assert gap["type"] == "gap" and json.loads(gap["data"])["count"] == last - first + 1
    assert [r for r in records if r["seq"] != last] == [r for r in everything if not first <= r["seq"] <= last]
    assert [tape_reader.line(r) for r in tape_reader.read_tape(repaired)] == records
    run("tape", "repair", damaged, "--out", repaired, status=2)


def test_a_torn_tail_without_a_known_loss_is_no_damage(run, tmp_path):
    source = ROOT / "fixtures/bad/whole/tape" / SEGMENT_NAME
    data = source.read_bytes()
    offset, first, _ = blocks_of(data)[-1]
    (tmp_path / SEGMENT_NAME).write_bytes(data[: offset + 50])
    told = run("tape", "verify", tmp_path).stdout
    assert "torn tail, the trace of a crash" in told and f"whole: {first - 1} records" in told
    assert len(cat(run, tmp_path)) == first - 1


@pytest.mark.parametrize(
    "arguments, status, text",
    [
        (["cat", "nowhere"], 4, "tape 'nowhere' does not exist; give the folder that 'rewick record --out' made"),
        (["verify", "."], 3, "'.' is not a tape: no segment in it"),
        (["info", "some.txt"], 3, "'some.txt' is not a segment of a tape"),
        (["cat", "--type", "trade", "x"], 2, "unknown record type 'trade'"),
        (["info", "x", "--format", "yaml"], 2, "unknown format 'yaml'"),
        (["repair", "x"], 2, "needs --out NEW"),
        (["repair", "some.txt", "--out", "some.txt"], 2, "'some.txt' exists already"),
    ],
)
def test_wrong_calls_get_one_line(run, tmp_path, arguments, status, text):
    (tmp_path / "some.txt").write_text("hello\n" * 100)
    done = run("tape", *arguments, status=status, cwd=tmp_path)
    assert text in done.stderr and done.stderr.count("\n") == 1 and done.stdout == ""

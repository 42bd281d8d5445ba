#!/usr/bin/python3
"""A reader of tapes that knows nothing but docs/tape-format.md. Strict: records, then the end, a torn tail, or Damaged.

    tests/e2e/tape_reader.py TAPE      prints what `rewick tape cat TAPE` prints
"""

import base64
import json
import pathlib
import re
import struct
import sys

import zstandard

MIB = 1024 * 1024
SEGMENT, BLOCK, END = 0x184D2A50, 0x184D2A51, 0x184D2A52
TYPES = ("unknown", "received", "sent", "connection", "tick", "http", "gap", "config")


class Damaged(Exception):
    """Something other than a torn tail is wrong."""


class Bad(Exception):
    """No whole frame here; whether that is a torn tail or damage depends on what lies behind."""


def make_crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


CRC_TABLE = make_crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283


def check(condition, reason, kind=Bad):
    if not condition:
        raise kind(reason)


def signed(value):
    value &= 2**64 - 1
    return value - 2**64 if value >= 2**63 else value


class Cursor:
    """Takes a record table apart."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def byte(self):
        check(self.at < len(self.data), "record table is too short")
        self.at += 1
        return self.data[self.at - 1]

    def varint(self):
        value = 0
        for place in range(10):
            byte = self.byte()
            value |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                check(value < 2**64, "number is too large")
                return value
        raise Bad("number is too long")

    def zigzag(self):
        value = self.varint()
        return value >> 1 ^ -(value & 1)


def frame_header(data, at, magic, tag, size_max):
    """The bytes of a whole frame header at this place."""
    check(len(data) - at >= 12, "cut off")
    found, length = struct.unpack_from("<II", data, at)
    check(found == magic and data[at + 8 : at + 8 + len(tag)] == tag, "no frame header here")
    check(8 + length <= min(size_max, len(data) - at), "frame header is cut off or too long")
    header = data[at : at + 8 + length]
    check(len(header) >= 16, "frame header is too short")
    check(crc32c(header[:-4]) == struct.unpack("<I", header[-4:])[0], "frame header does not match its CRC")
    return header


class Segment:
    """One file. `records` is filled as far as it is whole; `end` says how it stops, `damage` what is wrong."""

    def __init__(self, data):
        header = frame_header(data, 0, SEGMENT, b"RWKTAPE\0", 4096)
        (version,) = struct.unpack_from("<H", header, 16)
        check(version <= 1, "made by a newer rewick", Damaged)
        check(version == 1 and len(header) == 76, "impossible segment header")
        (self.number, self.id, self.salt, self.first, self.connection, self.chain_before, self.wall, self.chain) = (
            struct.unpack_from("<I16sQQIIqI", header, 20)
        )
        self.data, self.next, self.at, self.blocks = data, self.first, len(header), 0
        self.records, self.end, self.damage = [], "open", None
        try:
            while self.at < len(data) and self.end == "open":
                self.read_frame()
            check(self.at == len(data), "bytes behind the end mark", Damaged)
        except Bad as bad:
            self.end = "torn"
            if self.whole_frame_behind():
                self.damage = bad
        except Damaged as damage:
            self.damage = damage

    def read_frame(self):
        if self.data[self.at : self.at + 4] == struct.pack("<I", END):
            self.read_end()
        else:
            self.read_block()

    def read_end(self):
        header = frame_header(self.data, self.at, END, b"RWKE", 44)
        check(len(header) == 44, "impossible end mark")
        salt, following, blocks, chain, crc = struct.unpack_from("<QQIII", header, 16)
        check((salt, following, blocks, chain) == (self.salt, self.next, self.blocks, self.chain), "misplaced end mark")
        self.at += 44
        self.chain, self.end = crc, "closed"

    def read_block(self):
        header, frame = self.whole_block(self.at)
        count, salt, first, wall, mono, _, content_size, _, chain, source_count, flags, table_size = struct.unpack_from(
            "<IQQqqIIIIHHI", header, 12
        )
        check(salt == self.salt and chain == self.chain, "misplaced block")
        check(first > self.next if flags & 1 else first == self.next, "wrong number")
        check(1 <= count <= 65536 and content_size <= 17 * MIB and 1 <= source_count <= 1024, "over a limit")
        sources, at = [], 72
        for _ in range(source_count):
            connection, length = struct.unpack_from("<IB", header, at)
            sources.append((header[at + 5 : at + 5 + length].decode(), connection))
            at += 5 + length
        check(at + table_size + 4 == len(header), "sources and table do not fill the header")
        content = zstandard.ZstdDecompressor().decompress(frame, max_output_size=content_size)
        check(len(content) == content_size, "wrong length of content")
        self.records += rows(Cursor(header[at:-4]), count, first, wall, mono, sources, content)
        self.chain = struct.unpack("<I", header[-4:])[0]
        self.next = first + count
        self.blocks += 1
        self.at += len(header) + len(frame)

    def whole_block(self, at):
        header = frame_header(self.data, at, BLOCK, b"RWKB", 4 * MIB)
        check(len(header) >= 76, "impossible block header")
        size, crc = struct.unpack_from("<I4xI", header, 48)
        check(0 < size <= min(18 * MIB, len(self.data) - at - len(header)), "zstd frame is cut off")
        frame = self.data[at + len(header) : at + len(header) + size]
        check(crc32c(frame) == crc, "zstd frame does not match its CRC")
        return header, frame

    def whole_frame_behind(self):
        for match in re.finditer(rb"[\x51\x52]\x2a\x4d\x18", self.data[self.at :], flags=re.S):
            at = self.at + match.start()
            try:
                if match.group()[0] == 0x52:
                    header = frame_header(self.data, at, END, b"RWKE", 44)
                else:
                    header, _ = self.whole_block(at)
                if struct.unpack_from("<Q", header, 16)[0] == self.salt:
                    return True
            except Bad:
                pass
        return False


def rows(table, count, first, wall, mono, sources, content):
    at = 0
    for i in range(count):
        kind, flags = table.byte(), table.byte()
        source, length = table.varint(), table.varint()
        wall, mono = signed(wall + table.zigzag()), signed(mono + table.zigzag())
        source_time = signed(wall - table.zigzag()) if flags & 0x80 else None
        check(kind and source < len(sources) and content[at + length : at + length + 1] == b"\n", "wrong row", Damaged)
        venue, connection = sources[source]
        yield {
            "seq": first + i, "type": TYPES[kind] if kind < len(TYPES) else TYPES[0], "venue": venue,
            "connection": connection, "wall_ns": wall, "mono_ns": mono, "source_ns": source_time,
            "binary": bool(flags & 1), "data": content[at : at + length],
        }
        at += length + 1
    check(at == len(content) and table.at == len(table.data), "rows do not fill table and content", Damaged)


def read_tape(path):
    """Yields the records; raises Damaged behind the last good one."""
    names = {f.name: f for f in pathlib.Path(path).iterdir()}
    begin = max([1] + [int(name[:8]) for name in names if re.fullmatch(r"\d{8}\.first", name)])
    files = sorted(f for name, f in names.items() if re.fullmatch(r"\d{8}\.rwk\.zst", name) and int(name[:8]) >= begin)
    check(files, "no segment", Damaged)
    before = None
    for number, file in enumerate(files, begin):
        try:
            segment = Segment(file.read_bytes())
        except Bad as bad:
            raise Damaged(f"{file.name}: {bad}") from bad
        check(segment.number == number == int(file.name[:8]), f"{file.name}: wrong number", Damaged)
        follows = (before.id, before.chain, before.next) if before else (segment.id, 0, 1)
        known = before or begin == 1  # what came before a tape whose beginning was given up is not
        is_next = (segment.id, segment.chain_before, segment.first) == follows
        check(is_next or not known, f"{file.name}: does not follow", Damaged)
        yield from segment.records
        if segment.damage:
            raise Damaged(f"{file.name}: {segment.damage}")
        before = segment


def line(record):
    """As `rewick tape cat` writes it, parsed."""
    record = dict(record)
    data = record.pop("data")
    try:
        record["data"] = data.decode()
    except UnicodeDecodeError:
        record["data_base64"] = base64.b64encode(data).decode()
    return record


if __name__ == "__main__":
    for each in read_tape(sys.argv[1]):
        print(json.dumps(line(each), ensure_ascii=False, separators=(",", ":")))

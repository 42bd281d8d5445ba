"""Reads a tape's records from its bytes, for tests that need a witness besides the program itself.

Reads what is whole and stops at the first thing that is not; it does not judge damage.
"""

import pathlib
import struct
from dataclasses import dataclass

import zstandard

RECEIVED, SENT, CONNECTION, TICK, HTTP, GAP, CONFIG = range(1, 8)
BINARY = 1
SEGMENT_MAGIC, BLOCK_MAGIC, END_MAGIC = 0x184D2A50, 0x184D2A51, 0x184D2A52


@dataclass
class Record:
    seq: int
    type: int
    flags: int
    venue: str
    connection: int
    wall_ns: int
    mono_ns: int
    source_ns: int  # None = none
    data: bytes


class _Varints:
    def __init__(self, data):
        self.data, self.at = data, 0

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def number(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def signed(self):
        value = self.number()
        return (value >> 1) ^ -(value & 1)


    def column(self, count):
        """`count` numbers, see docs/tape-format.md, "Columns"."""
        mode, _ = self.byte(), self.number()
        if mode == 0:
            return [self.signed()] * count if count else []
        unit, numbers, delta = self.number(), [], 0
        for i in range(count):
            number = self.signed()
            if mode == 1:
                number *= unit
            elif i > 0:
                delta = number * unit + (delta if mode == 3 else 0)
                number = numbers[-1] + delta
            numbers.append(number)
        return numbers


def _wrapped(number):
    number &= 2**64 - 1
    return number - 2**64 if number >> 63 else number


def _column_rows(table, count, wall, mono):
    columns = [table.column(count) for _ in range(6)]
    source_times = iter(table.column(sum(flags >> 7 & 1 for flags in columns[1])))
    for kind, flags, source, length, wall_step, mono_step in zip(*columns):
        source_ns = _wrapped(wall + next(source_times)) if flags & 0x80 else None
        yield kind, flags, source, length, _wrapped(wall + wall_step), _wrapped(mono + wall_step + mono_step), source_ns


def _version_1_rows(rows, count, wall, mono):
    for _ in range(count):
        kind, flags, source, length = rows.byte(), rows.byte(), rows.number(), rows.number()
        wall += rows.signed()
        mono += rows.signed()
        yield kind, flags, source, length, wall, mono, wall - rows.signed() if flags & 0x80 else None


def _block(header, payload):
    count, _, seq, wall, mono, _, size = struct.unpack_from("<IQQqqII", header, 12)
    sources_count, block_flags, table_size = struct.unpack_from("<HHI", header, 64)
    at, sources = 72, []
    for _ in range(sources_count):
        connection, length = struct.unpack_from("<IB", header, at)
        sources.append((connection, header[at + 5 : at + 5 + length].decode()))
        at += 5 + length
    table = header[at : at + table_size]
    if block_flags & 6 == 6:
        table = zstandard.ZstdDecompressor().decompress(table)
    read = _column_rows if block_flags & 2 else _version_1_rows
    content = zstandard.ZstdDecompressor().decompress(payload, max_output_size=size)
    offset = 0
    for i, row in enumerate(read(_Varints(table), count, wall, mono)):
        kind, flags, source, length, wall_ns, mono_ns, source_ns = row
        connection, venue = sources[source]
        data = content[offset : offset + length]
        assert content[offset + length] == 0x0A
        offset += length + 1
        yield Record(seq + i, kind, flags & 0x7F, venue, connection, wall_ns, mono_ns, source_ns, data)


def _segment(data):
    at = 0
    while at + 8 <= len(data):
        magic, length = struct.unpack_from("<II", data, at)
        end = at + 8 + length
        if magic not in (SEGMENT_MAGIC, BLOCK_MAGIC, END_MAGIC) or end > len(data):
            return
        if magic == BLOCK_MAGIC:
            size = struct.unpack_from("<I", data, at + 48)[0]
            if end + size > len(data):
                return
            yield from _block(data[at:end], data[end : end + size])
            end += size
        at = end


def records(tape):
    """All whole records of a tape, in order."""
    for path in sorted(pathlib.Path(tape).glob("*.rwk.zst")):
        yield from _segment(path.read_bytes())


def is_closed(tape):
    """The last segment has its end mark."""
    last = sorted(pathlib.Path(tape).glob("*.rwk.zst"))[-1].read_bytes()
    return len(last) >= 44 and struct.unpack_from("<I", last, len(last) - 44)[0] == END_MAGIC

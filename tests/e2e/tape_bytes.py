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


def _block(header, payload):
    count, _, seq, wall, mono, _, size = struct.unpack_from("<IQQqqII", header, 12)
    sources_count, _, table_size = struct.unpack_from("<HHI", header, 64)
    at, sources = 72, []
    for _ in range(sources_count):
        connection, length = struct.unpack_from("<IB", header, at)
        sources.append((connection, header[at + 5 : at + 5 + length].decode()))
        at += 5 + length
    rows = _Varints(header[at : at + table_size])
    content = zstandard.ZstdDecompressor().decompress(payload, max_output_size=size)
    offset = 0
    for i in range(count):
        kind, flags, source, length = rows.byte(), rows.byte(), rows.number(), rows.number()
        wall += rows.signed()
        mono += rows.signed()
        source_ns = wall - rows.signed() if flags & 0x80 else None
        connection, venue = sources[source]
        data = content[offset : offset + length]
        assert content[offset + length] == 0x0A
        offset += length + 1
        yield Record(seq + i, kind, flags & 0x7F, venue, connection, wall, mono, source_ns, data)


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

"""A writer of tapes that knows nothing but docs/tape-format.md: one segment, blocks of a few records, an end mark."""

import pathlib
import struct
import zlib
from dataclasses import dataclass

import zstandard

RECEIVED, SENT, CONNECTION, TICK, HTTP, GAP, CONFIG = range(1, 8)


@dataclass
class Record:
    type: int
    venue: str
    connection: int
    wall_ns: int
    mono_ns: int
    data: bytes = b""


def _table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_TABLE = _table()


def _crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def _varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _zigzag(value):
    value = (value + 2**63) % 2**64 - 2**63  # differences are taken modulo 2^64
    return _varint(value << 1 if value >= 0 else (-value << 1) - 1)


def _closed(header):
    crc = _crc32c(header)
    return header + struct.pack("<I", crc), crc


def _block(records, first_seq, salt, chain):
    sources = []
    table, content = bytearray(), bytearray()
    wall, mono = records[0].wall_ns, records[0].mono_ns
    for record in records:
        source = (record.connection, record.venue)
        if source not in sources:
            sources.append(source)
        table += bytes((record.type, 0)) + _varint(sources.index(source)) + _varint(len(record.data))
        table += _zigzag(record.wall_ns - wall) + _zigzag(record.mono_ns - mono)
        wall, mono = record.wall_ns, record.mono_ns
        content += record.data + b"\n"
    frame = zstandard.ZstdCompressor(level=1, write_checksum=True, write_content_size=True).compress(bytes(content))
    names = b"".join(struct.pack("<IB", number, len(name)) + name.encode() for number, name in sources)
    size = 72 + len(names) + len(table) + 4
    header = struct.pack(
        "<II4sI8sQqqIIIIHHI", 0x184D2A51, size - 8, b"RWKB", len(records), salt, first_seq,
        records[0].wall_ns, records[0].mono_ns, len(frame), len(content), _crc32c(frame), chain,
        len(sources), 0, len(table))
    header, crc = _closed(header + names + bytes(table))
    return header + frame, crc


def write(folder, records, per_block=64, identity=None):
    """Writes the records, numbered from 1, as a tape that was closed in good order; parts of one have its identity."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True)
    (folder / "LOCK").touch()
    body = b"".join(record.data for record in records)
    salt = struct.pack("<II", zlib.crc32(body), len(records)) if identity is None else struct.pack("<Q", identity)
    free = 1
    header = struct.pack("<II8sHHI16s8sQIIq", 0x184D2A50, 68, b"RWKTAPE\0", 1, 0, 1, salt * 2, salt, 1, free, 0,
                         records[0].wall_ns if records else 0)
    out, chain = _closed(header)
    out, blocks = bytearray(out), 0
    for at in range(0, len(records), per_block):
        block, chain = _block(records[at : at + per_block], at + 1, salt, chain)
        out += block
        blocks += 1
    out += _closed(struct.pack("<II4sI8sQII", 0x184D2A52, 36, b"RWKE", 0, salt, len(records) + 1, blocks, chain))[0]
    (folder / "00000001.rwk.zst").write_bytes(out)

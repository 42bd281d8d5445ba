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

import lane_reader

MIB = 1024 * 1024
SEGMENT, BLOCK, END, LANE, INDEX = 0x184D2A50, 0x184D2A51, 0x184D2A52, 0x184D2A53, 0x184D2A54
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
        version, kind = struct.unpack_from("<HH", header, 16)
        check(version <= 2, "made by a newer rewick", Damaged)
        check(version >= 1 and len(header) == 76 and kind <= 1, "impossible segment header")
        (self.number, self.id, self.salt, self.first, self.connection, self.chain_before, self.wall, self.chain) = (
            struct.unpack_from("<I16sQQIIqI", header, 20)
        )
        self.data, self.next, self.at, self.blocks = data, self.first, len(header), 0
        self.records, self.end, self.damage = [], "open", None
        if version > 1 and kind == 1:
            self.read_sealed()
            return
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
        if flags & 2:
            self.records += column_rows(table_bytes(header[at:-4], flags), count, first, wall, mono, sources, content)
        else:
            self.records += rows(Cursor(header[at:-4]), count, first, wall, mono, sources, content)
        self.chain = struct.unpack("<I", header[-4:])[0]
        self.next = first + count
        self.blocks += 1
        self.at += len(header) + len(frame)

    def read_sealed(self):
        """All of a sealed segment, which is whole or damaged."""
        try:
            index_at = self.read_sealed_end()
            chunks = self.read_index(index_at)
            for number, chunk in enumerate(chunks):
                self.read_chunk(number, chunk)
            check(self.at == index_at and self.next == self.following, "blocks and index do not meet")
        except Bad as bad:
            raise Damaged(str(bad)) from bad
        self.end = "closed"

    def read_sealed_end(self):
        at = len(self.data) - 88
        check(at > 0, "no room for an end mark")
        header = frame_header(self.data, at, END, b"RWKF", 88)
        number, salt, self.following, index, self.blocks_expected, chain, first, tape, connection, _, crc = (
            struct.unpack_from("<IQQQIIQ16sIII", header, 12)
        )
        check((number, salt, first, tape) == (self.number, self.salt, self.first, self.id), "another segment's end mark")
        check(crc32c(self.data[:at]) == crc and index < at, "file does not match its CRC")
        self.chain = chain  # what the next segment repeats
        return index

    def read_index(self, at):
        header = frame_header(self.data, at, INDEX, b"RWKI", 28 + 48 * 1048576)
        count, salt = struct.unpack_from("<IQ", header, 12)
        check(salt == self.salt and len(header) == 28 + 48 * count, "impossible index")
        check(at + len(header) == len(self.data) - 88, "index does not end at the end mark")
        return [struct.unpack_from("<QQIHHqqQ", header, 24 + 48 * i) for i in range(count)]

    def read_chunk(self, number, chunk):
        offset, first, count, block_count, kinds, low, high, size = chunk
        check(offset == self.at, "chunk is elsewhere")
        records, walls, found_kinds, found_size = [None] * count, [], 0, 0
        for block in range(block_count):
            lane = self.read_lane(number, first, count, block, block_count)
            for position, record in lane["rows"]:
                check(records[position] is None, "two records with one number")
                records[position] = record
                walls.append(record["wall_ns"])
            found_kinds |= 0x8000 if lane["role"] == 1 else 0
            found_kinds |= 1 << lane["type"]
            found_size += lane["size"]
        check(None not in records, "chunk lacks records")
        check((found_kinds, min(walls), max(walls), found_size) == (kinds, low, high, size), "index tells otherwise")
        self.records += records
        self.next = first + count

    def read_lane(self, number, first, count, block, block_count):
        header = frame_header(self.data, self.at, LANE, b"RWKL", 400)
        (chunk, salt, chunk_first, chunk_count, own, place, blocks, columns_size, columns_content, columns_crc,
         payloads_size, payload_bytes, payloads_crc, kind, role, _, low, high, connection_max, flags,
         venue_size, channel_size, symbol_size) = struct.unpack_from("<IQQIIHHIIIIIIBBHqqIBBBB", header, 12)
        check((chunk, salt, chunk_first, chunk_count, place, blocks) ==
              (number, self.salt, first, count, block, block_count), "misplaced lane")
        check(96 + venue_size + channel_size + symbol_size + 4 == len(header), "names do not fill the header")
        check(first > self.next if flags & 1 else first == self.next, "wrong number")
        venue = header[96 : 96 + venue_size].decode()
        at = self.at + len(header)
        columns = self.zstd_frame(at, columns_size, columns_crc, columns_content)
        payloads = [b""] * own
        if payloads_size:
            payloads = lane_reader.read_payloads(self.zstd_frame(at + columns_size, payloads_size, payloads_crc), own)
        check(sum(map(len, payloads)) == payload_bytes, "wrong number of payload bytes")
        rows = list(lane_rows(columns, own, first, kind, venue, payloads))
        walls = [record["wall_ns"] for _, record in rows]
        check((min(walls), max(walls)) == (low, high), "wrong times in the lane header")
        check(max(record["connection"] for _, record in rows) == connection_max, "wrong connection in the lane header")
        self.at = at + columns_size + payloads_size
        self.blocks += 1
        return {"type": kind, "role": role, "size": payload_bytes, "rows": rows}

    def zstd_frame(self, at, size, crc, content=None):
        frame = self.data[at : at + size]
        check(len(frame) == size and crc32c(frame) == crc, "zstd frame does not match its CRC")
        result = zstandard.ZstdDecompressor().decompress(frame)
        check(content is None or len(result) == content, "wrong length of content")
        return result

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


def make_record(number, kind, flags, venue, connection, wall, mono, source_time, data):
    return {
        "seq": number, "type": TYPES[kind] if kind < len(TYPES) else TYPES[0], "venue": venue,
        "connection": connection, "wall_ns": signed(wall), "mono_ns": signed(mono),
        "source_ns": None if source_time is None else signed(source_time),
        "binary": bool(flags & 1), "data": data,
    }


def table_bytes(table, flags):
    """The columns of a live block's record table."""
    return zstandard.ZstdDecompressor().decompress(table) if flags & 4 else table


def column_rows(table, count, first, wall, mono, sources, content):
    at, columns = 0, []
    for _ in range(6):
        numbers, at = lane_reader.read_column(table, at, count)
        columns.append(numbers)
    timed = sum(flags >> 7 & 1 for flags in columns[1])
    source_times, at = lane_reader.read_column(table, at, timed)
    check(at == len(table), "columns do not fill the table", Damaged)
    times, place = iter(source_times), 0
    for i, (kind, flags, source, length, wall_row, mono_row) in enumerate(zip(*columns)):
        fits = kind and source < len(sources) and content[place + length : place + length + 1] == b"\n"
        check(fits, "wrong row", Damaged)
        venue, connection = sources[source]
        source_time = wall + next(times) if flags & 0x80 else None
        data = content[place : place + length]
        yield make_record(first + i, kind, flags, venue, connection, wall + wall_row, mono + wall_row + mono_row,
                          source_time, data)
        place += length + 1
    check(place == len(content), "rows do not fill the content", Damaged)


def lane_rows(columns, count, first, kind, venue, payloads):
    """(position, record) of each record of a lane block."""
    at, numbers = 0, []
    for _ in range(7):
        column, at = lane_reader.read_column(columns, at, count)
        numbers.append(column)
    check(at == len(columns), "columns do not fill their frame", Damaged)
    for row, data in zip(zip(*numbers), payloads):
        position, wall, mono, connection, flags, source_time, size = row
        check(size == len(data), "payload has another length", Damaged)
        time = source_time if flags & 0x80 else None
        yield position, make_record(first + position, kind, flags, venue, connection, wall, wall + mono, time, data)


def rows(table, count, first, wall, mono, sources, content):
    at = 0
    for i in range(count):
        kind, flags = table.byte(), table.byte()
        source, length = table.varint(), table.varint()
        wall, mono = signed(wall + table.zigzag()), signed(mono + table.zigzag())
        source_time = signed(wall - table.zigzag()) if flags & 0x80 else None
        check(kind and source < len(sources) and content[at + length : at + length + 1] == b"\n", "wrong row", Damaged)
        venue, connection = sources[source]
        yield make_record(first + i, kind, flags, venue, connection, wall, mono, source_time, content[at : at + length])
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

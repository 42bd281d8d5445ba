"""The reader of lane payloads in Python, on bytes written by hand from docs/tape-format.md. tests/unit/lane_codec_test.c
has the same bytes; that whole sealed tapes are read alike is in test_seal.py."""

import lane_reader
import pytest

BY_HAND = (
    b"\x01\x15a= b= t= w= x= y=!<,>"
    # shapes
    + bytes([2, 2, 3, 3, 4, 3, 5, 3, 6, 3, 7, 3, 8, 1, 0, 1, 1, 0, 0, 3, 1, 2, 1, 0])
    # shape of each payload; one repeat column, six of values
    + bytes([1, 4, 1, 0, 2, 0, 1, 6])
    # three repeats
    + bytes([0, 1, 6])
    # numbers of two decimals: delta, unit 5
    + bytes([1, 2, 0, 0, 2, 8, 5, 0xD0, 0x0F, 2, 1, 1, 0x8F, 3])
    # numbers of three decimals, zeros left out but for one decimal: plain, unit 500
    + bytes([1, 3, 1, 1, 0, 1, 4, 0xF4, 3, 6, 8])
    # times: minutes beside the column before, a value later
    + bytes([2, 0, 0, 1, 1, 60, 0xF4, 3, 0, 2, 0xC0, 0x16])
    # words, texts
    + b"\x03\x02\x01\x03\x01\x04\x08updown\x01\x03\x01\x02\x00"
    + b"\x04\x00\x01\x02xy"
    # numbers whose decimals are listed
    + bytes([1, 2, 2, 1, 3, 1, 0, 4, 0, 0, 2, 0xF8, 0x0A])
)
PAYLOADS = [
    b"a=10.00 b=1.5 t=1970-01-02T00:00:00 w=down x=x y=7!",
    b"<10.05,10.00,9.95,>",
    b"a=-0.05 b=2.0 t=1970-01-02T00:03:00 w=up x=y y=7.00!",
]


def test_shaped_payloads():
    assert lane_reader.read_payloads(BY_HAND, 3) == PAYLOADS


def test_plain_payloads():
    assert lane_reader.read_payloads(b"\x00\x01\x04\x01\x04\x00\x02xyz", 3) == [b"xy", b"", b"z"]


@pytest.mark.parametrize(
    "column, numbers",
    [
        ([0, 1, 13], [-7, -7, -7, -7]),
        ([1, 6, 10, 2, 1, 0, 0x80, 1], [10, -10, 0, 640]),
        ([2, 6, 5, 0xC8, 1, 2, 1, 0], [100, 105, 100, 100]),
        ([3, 6, 1, 0xC8, 1, 20, 0, 19], [100, 110, 120, 120]),
    ],
)
def test_columns(column, numbers):
    assert lane_reader.read_column(bytes(column), 0, 4) == (numbers, len(column))
    for size in range(len(column)):
        with pytest.raises(ValueError):
            lane_reader.read_column(bytes(column[:size]), 0, 4)

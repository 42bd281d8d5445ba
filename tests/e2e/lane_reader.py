"""Columns and payloads of lane blocks, read from docs/tape-format.md alone. Raises ValueError where they are none."""

import datetime

MASK = 2**64 - 1
EPOCH = datetime.datetime(1970, 1, 1)


def signed(value):
    value &= MASK
    return value - 2**64 if value >= 2**63 else value


def need(condition, reason):
    if not condition:
        raise ValueError(reason)


def read_varint(data, at):
    value = 0
    for place in range(10):
        need(at < len(data), "cut off")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            need(value <= MASK, "number is too large")
            return value, at
    raise ValueError("number is too long")


def read_zigzag(data, at):
    value, at = read_varint(data, at)
    return value >> 1 ^ -(value & 1), at


def read_column(data, at, count):
    """The numbers of the column at data[at], and where it ends."""
    need(at < len(data), "cut off")
    mode = data[at]
    size, at = read_varint(data, at + 1)
    end = at + size
    need(mode <= 3 and end <= len(data), "no column")
    numbers = []
    if mode == 0:
        if count:
            number, at = read_zigzag(data, at)
            numbers = [signed(number)] * count
    else:
        unit, at = read_varint(data, at)
        need(unit > 0, "no unit")
        number = delta = 0
        for i in range(count):
            value, at = read_zigzag(data, at)
            if mode == 1:
                number = value * unit
            elif i == 0:
                number = value
            elif mode == 2:
                number += value * unit
            else:
                delta += value * unit
                number += delta
            numbers.append(signed(number))
    need(at == end, "column has bytes too many")
    return numbers, at


def read_texts(data, at, lengths):
    texts = []
    for length in lengths:
        need(0 <= length <= len(data) - at, "text is cut off")
        texts.append(data[at : at + length])
        at += length
    return texts, at


def cut(text, decimals, shown):
    """The number without its last decimals, and without a point that nothing follows."""
    text = text[: len(text) - (decimals - shown)] if decimals > shown else text
    return text.rstrip(b".") if shown == 0 else text


def number_text(value, decimals):
    digits = str(abs(value)).rjust(decimals + 1, "0")
    text = digits if decimals == 0 else digits[:-decimals] + "." + digits[-decimals:]
    return (("-" if value < 0 else "") + text).encode()


def time_text(value, decimals):
    seconds, fraction = divmod(value, 10**decimals)
    text = (EPOCH + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return (text + (f".{fraction:0{decimals}d}" if decimals else "")).encode()


class Values:
    """One column of values: `texts` is what is written, `numbers` what other columns refer to."""

    def __init__(self, data, at, count, before):
        kind = data[at]
        need(1 <= kind <= 4, "kind of column is not known")
        self.numbers = None
        if kind <= 2:
            self.at = self.read_numbers(data, at + 1, count, before, kind)
        elif kind == 3:
            words, at = read_varint(data, at + 1)
            lengths, at = read_column(data, at, words)
            texts, at = read_texts(data, at, lengths)
            indices, self.at = read_column(data, at, count)
            self.texts = [texts[i] for i in indices]
        else:
            lengths, at = read_column(data, at + 1, count)
            self.texts, self.at = read_texts(data, at, lengths)

    def read_numbers(self, data, at, count, before, kind):
        decimals, way = data[at], data[at + 1]
        need(decimals <= 18 and way <= 2, "impossible decimals")
        at, least, listed = at + 2, 0, None
        if way == 1:
            least, at = data[at], at + 1
        elif way == 2:
            listed, at = read_column(data, at, count)
        back, at = read_varint(data, at)
        if back == 0:
            self.numbers, at = read_column(data, at, count)
        else:
            self.numbers, at = self.read_beside(data, at, count, before[-back].numbers)
        write = number_text if kind == 1 else time_text
        self.texts = [write(value, decimals) for value in self.numbers]
        if decimals and way == 1:
            for i, text in enumerate(self.texts):
                zeros = len(text) - len(text.rstrip(b"0"))
                self.texts[i] = cut(text, decimals, max(least, decimals - min(zeros, decimals)))
        elif decimals and way == 2:
            self.texts = [cut(text, decimals, shown) for text, shown in zip(self.texts, listed)]
        return at

    @staticmethod
    def read_beside(data, at, count, other):
        lag = data[at]
        unit, at = read_varint(data, at + 1)
        other_unit, at = read_varint(data, at)
        rests, at = read_column(data, at, count)
        numbers = []
        for i, rest in enumerate(rests):
            base = other[i - lag] if i >= lag else 0
            units = abs(base) // other_unit * (1 if base >= 0 else -1)  # toward zero
            numbers.append(signed((rest + units) * unit))
        return numbers, at


def read_shapes(data, at):
    size, at = read_varint(data, at)
    literals, at = data[at : at + size], at + size
    count, at = read_varint(data, at)
    shapes, used = [], 0
    for _ in range(count):
        shape, what = [], None
        while what != 0:
            size, at = read_varint(data, at)
            what, at = read_varint(data, at)
            repeats = None
            if what == 1:
                repeats, at = read_varint(data, at)
            shape.append((literals[used : used + size], what, repeats))
            used += size
        shapes.append(shape)
    return shapes, at


def walk(shape, times, text, value):
    """Carries a shape out: times(column) says how often, text(literal) and value(column) are told the rest."""
    i, begin, left = 0, 0, 0
    while True:
        literal, what, repeats = shape[i]
        text(literal)
        if what == 0:
            return
        if what == 1:
            begin, left = i, times(repeats)
            if left == 0:
                while shape[i][1] != 2:
                    i += 1
        elif what == 2:
            left -= 1
            i = begin if left > 0 else i
        else:
            value(what - 3)
        i += 1


def read_shaped(data, count):
    shapes, at = read_shapes(data, 1)
    shape_of, at = read_column(data, at, count)
    repeats_count, at = read_varint(data, at)
    column_count, at = read_varint(data, at)
    uses = [0] * repeats_count
    for index in shape_of:
        for _, what, column in shapes[index]:
            if what == 1:
                uses[column] += 1
    repeats = []
    for used in uses:
        numbers, at = read_column(data, at, used)
        repeats.append(numbers)

    def carry_out(value, text):
        left = [iter(numbers) for numbers in repeats]
        for index in shape_of:
            walk(shapes[index], lambda column: next(left[column]), text, value)
            yield

    counts = [0] * column_count

    def count_value(column):
        counts[column] += 1

    for _ in carry_out(count_value, lambda literal: None):
        pass
    columns = []
    for used in counts:
        columns.append(Values(data, at, used, columns))
        at = columns[-1].at
    need(at == len(data), "bytes behind the columns")
    values, pieces, payloads = [iter(column.texts) for column in columns], [], []
    for _ in carry_out(lambda column: pieces.append(next(values[column])), pieces.append):
        payloads.append(b"".join(pieces))
        pieces.clear()
    return payloads


def read_payloads(data, count):
    """The payloads that the decompressed zstd frame of a lane block holds."""
    need(data and data[0] <= 1, "form is not known")
    if data[0] == 1:
        return read_shaped(data, count)
    sizes, at = read_column(data, 1, count)
    payloads, at = read_texts(data, at, sizes)
    need(at == len(data), "bytes behind the payloads")
    return payloads

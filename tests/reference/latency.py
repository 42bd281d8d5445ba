"""Latency figures and the clock offset, from docs/candles.md, "Latency"."""


def bucket_middle(value):
    us = abs(value) // 1000
    width = 1 if us < 32 else 2 ** (us.bit_length() - 1 - 5)
    middle = us // width * width * 1000 + width * 500
    return -middle if value < 0 else middle


def figures(values):
    """count, min, mean, p50, p90, p99, max as texts."""
    if not values:
        return ["0"] + [""] * 6
    values = sorted(values)
    low, high = values[0], values[-1]

    def percentile(p):
        rank = -(-p * len(values) // 100)
        return min(max(bucket_middle(values[rank - 1]), low), high)

    mean = sum(values) // len(values)
    return [str(v) for v in (len(values), low, mean, percentile(50), percentile(90), percentile(99), high)]


def median(values):
    return sorted(values)[(len(values) - 1) // 2]


class Remedian:
    def __init__(self):
        self.levels = [[], [], []]

    def add(self, value):
        for level in self.levels[:2]:
            level.append(value)
            if len(level) < 15:
                return
            value = median(level)
            level.clear()
        self.levels[2] = (self.levels[2] + [value])[-31:]

    def estimate(self):
        for level in reversed(self.levels):
            if level:
                return median(level)
        return None

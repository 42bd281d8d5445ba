"""Composites against a model in fractions: every row, from the rows of the members that stand in front of it."""

import csv
import io
import re
from datetime import datetime, timezone
from fractions import Fraction

import pytest

FLAGS = ("partial", "carried", "disconnected", "no_data", "missing", "malformed", "dropped", "backfilled",
         "suspect_time", "suspect_price", "suspect_size", "clock", "overflow", "few_venues")
PRICES = ("open", "high", "low", "close")
VOLUMES = ("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
COUNTS = ("trades", "missing", "duplicates", "late", "out_of_order", "backfilled", "malformed", "dropped", "suspect")
EMPTY = ("connections", "first_trade_id", "last_trade_id", "latency_min", "latency_mean", "latency_p50", "latency_p90",
         "latency_p99", "latency_max", "clock_offset", "mic", "operating_mic", "base_currency", "quote_currency",
         "base_dti", "quote_dti", "cfi")
STALE_NS, SCORE, OUTLIER, VENUES = 1_000_000_000, 60, Fraction(1, 20000), 3


# ---- exact numbers ----

def scale_of(text):
    return len(text.partition(".")[2])


def rounded(value, scale):
    """Half to even, as text with so many decimals."""
    number = round(value * 10**scale)
    digits = str(abs(number)).rjust(scale + 1, "0")
    text = digits if scale == 0 else f"{digits[:-scale]}.{digits[-scale:]}"
    return ("-" if number < 0 else "") + text


def added(texts):
    return rounded(sum(map(Fraction, texts)), max(map(scale_of, texts)))


def ns_of(text):
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z", text)
    second = datetime.fromisoformat(match[1]).replace(tzinfo=timezone.utc)
    return int(second.timestamp()) * 10**9 + int((match[2] or "").ljust(9, "0"))


# ---- the model ----

def middle(values):
    """The lower one of an even number."""
    return sorted(values)[(len(values) - 1) // 2]


def states_of(members):
    newest = max(ns_of(row["last_trade_time"]) for row in members)
    states = []
    for row in members:
        stale = newest - ns_of(row["last_trade_time"]) > STALE_NS
        states.append("stale" if stale else "unhealthy" if int(row["score"]) < SCORE else "used")
    left = [Fraction(row["close"]) for row, state in zip(members, states) if state == "used"]
    if len(left) >= 3:
        median = middle(left)
        for i, row in enumerate(members):
            if states[i] == "used" and abs(Fraction(row["close"]) - median) > median * OUTLIER:
                states[i] = "outlier"
    return states if "used" in states else ["used"] * len(members)


def average(method, used, price):
    prices = [Fraction(row[price]) for row in used]
    if method == "vwap":
        weights = [Fraction(row["volume"]) for row in used]
        return sum(p * w for p, w in zip(prices, weights)) / sum(weights)
    if method == "mean":
        return sum(prices) / len(prices)
    ordered = sorted(prices)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def one_tape(used):
    """Texts as the venues wrote them."""
    longest = lambda texts: max(texts, key=scale_of)
    high = max(Fraction(row["high"]) for row in used)
    low = min(Fraction(row["low"]) for row in used)
    first = min(used, key=lambda row: ns_of(row["first_trade_time"]))
    last = max(reversed(used), key=lambda row: ns_of(row["last_trade_time"]))
    return {
        "open": first["open"],
        "high": longest([row["high"] for row in used if Fraction(row["high"]) == high]),
        "low": longest([row["low"] for row in used if Fraction(row["low"]) == low]),
        "close": last["close"],
    }


def expected(method, members):
    states = states_of(members)
    used = [row for row, state in zip(members, states) if state == "used"]
    scale = max(scale_of(row[price]) for row in used for price in PRICES) + 4
    few = len(used) < VENUES
    flags = {flag for row in used for flag in row["flags"].split("|")} | ({"few_venues"} if few else set())
    connected = [row["connected"] for row in used if row["connected"]]
    out = {name: "" for name in EMPTY}
    if method == "consolidated":
        out |= one_tape(used)
    else:
        out |= {price: rounded(average(method, used, price), scale) for price in PRICES}
    out |= {name: added([row[name] for row in used]) for name in VOLUMES}
    out |= {name: str(sum(int(row[name]) for row in used)) for name in COUNTS}
    out["vwap"] = rounded(Fraction(out["quote_volume"]) / Fraction(out["volume"]), scale)
    out["first_trade_time"] = min((row["first_trade_time"] for row in used), key=ns_of)
    out["last_trade_time"] = max((row["last_trade_time"] for row in used), key=ns_of)
    out["first_seq"] = str(min(int(row["first_seq"]) for row in used))
    out["last_seq"] = str(max(int(row["last_seq"]) for row in used))
    out["connected"] = min(connected, key=Fraction) if connected else ""
    out["score"] = "0" if few else str(min(int(row["score"]) for row in used))
    out["flags"] = "|".join(flag for flag in FLAGS if flag in flags)
    out["latency_count"], out["volume_unit"], out["channel"] = "0", "base", method
    out["contributions"] = "|".join(
        f"{row['venue']} {row['symbol']} {state} {row['close']} {row['vwap']} {row['volume']}"
        for row, state in zip(members, states)
    )
    return out


def window_of(row, instrument):
    return instrument, row["bar"], row["open_time"]


class Model:
    """Takes the rows in order and checks those of composites."""

    def __init__(self, method, name_of):
        self.method, self.name_of = method, name_of
        self.members = {}  # window -> venue and symbol -> newest row
        self.order = {}  # composite -> its members, as the contributions name them
        self.last = {}  # window -> newest row of the composite
        self.changed = set()  # windows that owe an update
        self.seen_states = set()

    def take(self, row):
        window = window_of(row, self.name_of(row["instrument"]))
        closed = window in self.last and self.last[window]["state"] != "forming"
        if int(row["trades"]) > 0 and not (closed and row["state"] == "forming"):
            self.members.setdefault(window, {})[row["venue"], row["symbol"]] = row
            self.changed.add(window)

    def in_order(self, row, members):
        """The members' order is that of their first trades; it must be one order throughout."""
        named = [tuple(part.split(" ")[:2]) for part in row["contributions"].split("|")]
        assert sorted(named) == sorted(members)
        known = self.order.setdefault(row["instrument"], [])
        for i, one in enumerate(named):
            for later in named[i + 1:]:
                assert (later, one) not in known
                known.append((one, later))
        return [members[one] for one in named]

    def check(self, row):
        window = window_of(row, row["instrument"])
        before = self.last.get(window)
        revision = int(row["revision"])
        if row["state"] == "corrected":  # without forming candles of markets that joined behind the others
            self.members[window] = {
                name: member for name, member in self.members[window].items() if member["state"] != "forming"
            }
        members = self.in_order(row, self.members[window])
        if row["state"] == "corrected":
            assert window in self.changed
            assert revision == (int(before["revision"]) + 1 if before else 1)
            assert before is None or before["state"] != "forming"
        else:
            assert revision == 0 and (before is None or before["state"] == "forming")
            assert row["state"] == "closed" or window in self.changed
        if row["state"] == "closed":
            assert all(member["state"] != "forming" for member in members)
        wanted = expected(self.method, members)
        assert row["symbol"] == row["instrument"] and row["close_time"] == members[0]["close_time"]
        assert {name: row[name] for name in wanted} == wanted
        self.changed.discard(window)
        self.last[window] = row
        self.seen_states |= {part.split(" ")[2] for part in row["contributions"].split("|")} | {row["state"]}


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def length_of(bar):
    return int(bar[:-1]) * {"s": 1, "m": 60}[bar[-1]]


def check_order(rows):
    """Bars are in order, and windows by open time."""
    for before, row in zip(rows, rows[1:]):
        if (before["venue"], before["instrument"]) == ("composite", row["instrument"]) and row["venue"] == "composite":
            key = lambda one: (length_of(one["bar"]), one["open_time"])
            assert key(before) < key(row) or row["state"] == "closed"  # closed: by time, of the next record


SETTINGS = ("--bar", "1s,5s", "--format", "csv", "--composite-stale-ms", STALE_NS // 1_000_000,
            "--composite-score", SCORE, "--composite-outlier-ppm", int(OUTLIER * 1_000_000), "--composite-venues", VENUES)


@pytest.fixture(scope="module")
def tape(run, tmp_path_factory):
    """Four venues, one of them quoted in another dollar, with late and lost trades."""
    path = tmp_path_factory.mktemp("composite") / "tape"
    run("simulate", "--out", path, "--venue", "binance,coinbase,coinbase-advanced,kraken", "--for", "60s", "--seed", 3,
        "--faults", "many", "--rate", 4)
    return path


@pytest.mark.parametrize("method", ["vwap", "mean", "median", "consolidated"])
def test_every_row_follows_from_those_of_its_members(run, tape, method):
    rows = rows_of(run("replay", tape, *SETTINGS, "--forming", "--composite", f"*={method}",
                       "--same-quote", "USDT=USD").stdout)
    model = Model(method, lambda name: name.replace("-USDT", "-USD"))
    for row in rows:
        if row["venue"] == "composite":
            model.check(row)
        else:
            model.take(row)
    check_order(rows)
    assert not model.changed, "windows that owe an update"
    assert {window[0] for window in model.last} == {"BTC-USD", "ETH-USD"}
    assert {"used", "stale", "unhealthy", "outlier", "forming", "closed", "corrected"} <= model.seen_states


def test_closed_rows_are_the_same_without_forming_ones(run, tape):
    args = ("replay", tape, *SETTINGS, "--composite", "*", "--same-quote", "USDT=USD")
    with_forming = rows_of(run(*args, "--forming").stdout)
    without = rows_of(run(*args).stdout)
    assert [row for row in without if row["state"] != "forming"] == [
        row for row in with_forming if row["state"] != "forming"
    ]


def test_members_are_the_same_with_and_without(run, tape):
    with_composites = rows_of(run("replay", tape, *SETTINGS, "--composite", "*").stdout)
    without = rows_of(run("replay", tape, "--bar", "1s,5s", "--format", "csv").stdout)
    assert [row for row in with_composites if row["venue"] != "composite"] == without
    assert len(with_composites) > len(without)


def test_quotes_are_different_unless_told(run, tape):
    rows = rows_of(run("replay", tape, *SETTINGS, "--composite", "BTC-USDT=mean,ETH-USD").stdout)
    made = {(row["instrument"], row["channel"]) for row in rows if row["venue"] == "composite"}
    assert made == {("BTC-USDT", "mean"), ("ETH-USD", "vwap")}
    for row in rows:
        if row["venue"] == "composite" and row["instrument"] == "BTC-USDT":
            assert row["contributions"].startswith("binance BTCUSDT ") and "few_venues" in row["flags"]

"""Random markets: a seed becomes a configuration, events for the reference, and the same as records of a tape."""

import json
import random

import exact
import frames
import tape
from candles import Config, Event, Trade
from composite import Rules

S = 1_000_000_000
DAY = 86400 * S
BASES = ("QQA", "QQX", "QQC", "EUR")
QUOTES = ("USD", "USDT", "EUR")
NO_MIC = ("bybit-linear", "bybit-inverse", "kucoin")
METHODS = ("vwap", "median", "mean", "consolidated")
TIME_BARS = ("1s", "2s", "7s", "90s", "1m", "1h", "1d", "1w")


class Book:
    """One market as the venue has it: the walk of its price, its numbering, what was lost on the way."""

    def __init__(self, rng, feed, symbol, instrument, extreme):
        self.rng, self.feed, self.symbol, self.instrument, self.extreme = rng, feed, symbol, instrument, extreme
        self.next_id = rng.choice((1, 1000, 2**32, 10**15, 2**64 - 2000 if extreme else 7))
        self.next_execution = rng.choice((1, 5_000_000))
        self.price_scale = rng.choice((0, 1, 2, 5, 10, 20) if extreme else (1, 2, 2, 4))
        self.quantity_scale = rng.choice((0, 3, 8, 16, 28) if extreme else (0, 2, 3, 8))
        self.price = rng.choice((1, 7, 10**5, 10**9, 10**18) if extreme else (900, 61_800_30, 10**6))
        self.size = rng.choice((1, 10**9, 10**17, 10**27) if extreme else (50, 6000, 10**6))
        self.lost, self.sent, self.lastts = [], [], None

    def number(self, value, scale):
        """(number, text) of value * 10^-scale in one of the ways in which it may be written."""
        text = exact.text((value, scale))
        if self.feed.numbers and self.rng.random() < 0.1:
            text = f"{value}e-{scale}" if scale else f"{value}E0"
        elif scale and self.rng.random() < 0.15:
            shorter = text.rstrip("0").rstrip(".")
            text = shorter if shorter not in ("", "-") else text
        return exact.parse(text), text

    def trade(self, time, wire):
        rng = self.rng
        self.price = max(1, self.price + rng.randint(-1, 1) * max(1, self.price // 1000))
        price = self.price
        size = rng.randint(1, max(1, 2 * self.size))
        chance = rng.random()
        if chance < 0.01:
            price *= rng.choice((2, 3, 100))
        elif chance < 0.02:
            price //= rng.choice((2, 3, 100))
        elif chance < 0.03:
            size *= 2500
        elif chance < 0.035:
            size = 0
        elif chance < 0.04:
            price = 0
        size = min(size, 10**28 - 1)
        price = min(price, 10**28 - 1)
        price, price_text = self.number(price, self.price_scale)
        quantity, quantity_text = self.number(size, self.quantity_scale)
        if self.extreme and size == 0:
            quantity_text = f"0E-{self.quantity_scale}" if self.feed.numbers else quantity_text
            quantity = exact.parse(quantity_text)
        trade = Trade(self.symbol, time, None, price, quantity, rng.choice(("buy", "sell")))
        trade.excluded = self.feed.venue == "binance-usdm" and rng.random() < 0.05
        self.give_id(trade)
        wire[id(trade)] = (price_text, quantity_text)
        return trade

    def give_id(self, trade):
        rng, feed = self.rng, self.feed
        if feed.ids == "none":
            return
        if feed.venue == "okx" and rng.random() < 0.2:
            trade.folded = rng.randint(1, 4)
            self.next_id += trade.folded
        trade.id = self.next_id
        self.next_id += 1 if feed.ids != "ascending" else rng.randint(1, 9)
        trade.first_id, trade.last_id = trade.id - trade.folded, trade.id
        trade.count = trade.folded + 1
        if feed.ids == "opaque":
            trade.id = trade.id % 2**32
            trade.first_id = trade.last_id = hash_of(frames.uuid(trade.id))
        if feed.aggregated:
            trade.aggregated = True
            trade.count = rng.choice((1, 1, 1, 2, 7))
            trade.first_id, trade.last_id = self.next_execution, self.next_execution + trade.count - 1
            self.next_execution += trade.count


def hash_of(text):
    """What stands for an id that is no number: FNV-1a."""
    value = 14695981039346656037
    for byte in text.encode():
        value = (value ^ byte) * 1099511628211 % 2**64
    return value


def copy_of(trade, wire, **changes):
    fields = {name: getattr(trade, name) for name in (
        "symbol", "time", "id", "price", "quantity", "taker", "first_id", "last_id", "count", "folded", "excluded",
        "aggregated")}
    fields.update(changes)
    copy = Trade(**fields)
    wire[id(copy)] = wire[id(trade)]
    wire[("keep", id(copy))] = copy
    return copy


class World:
    def __init__(self, seed, size):
        self.rng = rng = random.Random(seed)
        self.extreme = rng.random() < 0.25
        self.size = size or rng.choice((5, 30, 120, 120, 120, 200))
        self.carry = rng.random() < 0.3
        self.splits_max = rng.choice((1, 5, 20))  # of a usual trade, over how many bars
        if not size and rng.random() < 0.04:
            self.size, self.splits_max = 8, 10**6
        elif not size and rng.random() < 0.03 and not self.carry:
            self.size, self.splits_max = 700, 1
        self.wall = rng.choice((1_704_067_200, 1_723_117_500, 1_719_792_000 - 5, 103_000_000, 7_258_118_400)) * S
        self.wall += rng.randint(-100, 100) * S + rng.randint(0, S - 1)
        self.mono = rng.randint(0, 10**15)
        self.wire, self.events, self.records = {}, [], []
        self.connections = {}  # number -> venue
        self.changeable = set()  # those that said what they want
        self.next_connection = 1
        self.make_markets()
        self.make_config()
        self.pace = rng.choice((S // 50, S // 4, S, 20 * S, 600 * S))
        self.skew = {feed.venue: rng.choice((0, 0, -S, 2 * S)) for feed in frames.FEEDS}

    # -- what there is

    def make_markets(self):
        rng, self.books = self.rng, []
        feeds = rng.sample(frames.FEEDS, rng.randint(1, 5))
        for feed in feeds:
            for base in rng.sample(BASES, rng.randint(1, 2)):
                quote = rng.choice(QUOTES[:2] if base == "EUR" or feed.venue.startswith("binance") else QUOTES)
                quote = "USDT" if feed.venue == "binance" else quote
                symbol, entry = frames.instrument(feed, base, quote, feed.venue in NO_MIC)
                if not any(b.feed.venue == feed.venue and b.symbol == symbol for b in self.books):
                    self.books.append(Book(rng, feed, symbol, entry, self.extreme))
        if rng.random() < 0.6:  # the same market everywhere, so that composites have something to do
            for book in self.books:
                book.price_scale, book.price = self.books[0].price_scale, self.books[0].price
        self.venues = frames.venues([(b.feed, b.symbol, b.instrument) for b in self.books])

    def make_config(self):
        rng = self.rng
        bars = rng.sample(TIME_BARS, rng.randint(1, 5))
        for book in rng.sample(self.books, min(2, len(self.books))):
            size = max(1, book.size * rng.choice((1, 3, 20)) // rng.choice((1, 7)))
            volume = size, book.quantity_scale
            notional = size * book.price, book.quantity_scale + book.price_scale
            bars += [exact.text(b) + u for b, u in ((volume, "v"), (notional, "n"))
                     if rng.random() < 0.6 and fits_bar(exact.text(b)) and fits_sum(b, u, self.books)
                     and self.splits(b, u) <= self.splits_max]
        bars += [f"{n}t" for n in (1, 3, 10) if rng.random() < 0.3]
        self.config = Config(
            tidy(bars), rng.choice((0, S // 2, S // 2, 3 * S, 60 * S)),
            rng.choice((0, S, 30 * S, 600 * S, 600 * S, DAY)), self.carry, rng.random() < 0.3)
        if rng.random() < 0.5:
            names = sorted({book.instrument.name for book in self.books})
            methods = {name: rng.choice(METHODS) for name in names if rng.random() < 0.4}
            methods["*"] = rng.choice(METHODS)
            self.config.composite = Rules(
                methods, rng.choice(({}, {"USDT": "USD"})), rng.choice((S, 60 * S)), rng.choice((0, 50, 90)),
                rng.choice((1, 1000, 10_000)), rng.choice((1, 2, 3)))

    def splits(self, bar, unit):
        """How many bars of that size a usual trade fills, in the market where it fills the most."""
        return max(b.size * (b.price if unit == "n" else 1) * 10 ** bar[1] // (bar[0] * 10 ** (
            b.quantity_scale + (b.price_scale if unit == "n" else 0))) for b in self.books)

    def config_data(self):
        config, rules = self.config, self.config.composite
        said = {"bars": config.bars, "lateness_ns": config.lateness, "horizon_ns": config.horizon,
                "empty": "carry" if config.carry else "none"}
        if config.exclude_suspect:
            said["exclude"] = ["suspect"]
        if rules:
            said |= {"composites": rules.methods, "composite_stale_ns": rules.stale, "composite_score": rules.score,
                     "composite_outlier_ppm": rules.outlier_ppm, "composite_venues": rules.venues}
            if rules.same_quote:
                said["same_quotes"] = rules.same_quote
        return json.dumps(said).encode()

    # -- records

    def add(self, kind, venue="", connection=0, data=None, **members):
        event = Event(kind, venue, connection, self.wall, self.mono, **members)
        self.events.append(event)
        self.records.append(frames.record(event, frames.event_data(event) if data is None else data))

    def add_trades(self, feed, connection, trades, http=False):
        if http:
            for trade in trades:
                trade.backfill = True
            data, kind = feed.answer(trades, self.wire), "http"
        else:
            data, kind = feed.frame(trades, self.wire), "received"
        ordered = trades if len(trades) == 1 else sorted(trades, key=lambda t: (
            t.time, 0 if feed.ids in ("opaque", "none") else t.id))
        self.add(kind, feed.venue, connection, data, trades=ordered, channel=feed.channel)

    def run(self):
        self.add("config", data=self.config_data())
        steps = [(self.step_trades, 60), (self.step_duplicate, 6), (self.step_repair, 6), (self.step_snapshot, 3),
                 (self.step_tick, 6), (self.step_loss, 3), (self.step_connection, 5), (self.step_session, .5),
                 (self.step_refused, 1), (self.step_burst, 1)]
        for _ in range(self.size):
            self.pass_time()
            self.rng.choices([s for s, _ in steps], [w for _, w in steps])[0]()
        self.pass_time()
        self.add("tick")
        return self

    def pass_time(self):
        rng = self.rng
        passed = int(rng.expovariate(1) * self.pace) if rng.random() < 0.9 else 0
        if rng.random() < 0.02:
            passed *= 30
        if rng.random() < 0.01:
            passed += rng.choice((65, 3600, 5 * 3600)) * S
        if self.carry:
            passed = min(passed, 3000 * min(bar_size(b) for b in self.config.bars if bar_size(b)) // 20)
        self.mono += passed
        self.wall += passed
        if rng.random() < 0.01:
            self.wall += rng.choice((-S, -S // 5, S // 20, S // 10 + 1, 3 * S))
        if rng.random() < 0.3:
            self.wall += rng.randint(-1000, 1000)

    # -- what happens

    def connection_of(self, feed):
        """A connection of the venue, opened when there is none."""
        numbers = [c for c, venue in self.connections.items() if venue == feed.venue]
        return self.rng.choice(numbers) if numbers else self.open(feed)

    def open(self, feed):
        rng, number = self.rng, self.next_connection
        self.next_connection += rng.choice((1, 1, 3))
        self.connections[number] = feed.venue
        symbols = [b.symbol for b in self.books if b.feed.venue == feed.venue]
        wanted = rng.choice((None, {feed.channel: symbols}, {feed.channel: symbols[:1]}, {feed.book: symbols}, {}))
        if rng.random() < 0.9:
            if wanted is not None:
                self.changeable.add(number)
            self.add("open", feed.venue, number, wanted=wanted)
        return number

    def source_time(self, book):
        rng, unit = self.rng, book.feed.unit_ns
        delay = int(rng.expovariate(1) * S // 20)
        if rng.random() < 0.15:
            delay = int(rng.expovariate(1) * rng.choice((S, 10 * S, 120 * S, 1200 * S)))
        if self.extreme and not self.carry and rng.random() < 0.01:
            delay = rng.choice((400 * DAY, 30 * DAY, -DAY + S))
        if rng.random() < 0.01:
            delay = -700 * S
        time = self.wall + self.skew[book.feed.venue] - delay
        if book.lastts and rng.random() < 0.15:
            time = book.lastts  # the same instant
        elif rng.random() < 0.05:
            time = time // S * S  # an edge
        elif rng.random() < 0.03:
            time = time // (60 * S) * 60 * S - rng.randint(0, 1)
        oldest = 10**17 if book.feed.venue in ("kucoin", "binance") else 2 * DAY  # or they would read another unit
        time = max(time // unit * unit, oldest)
        book.lastts = time
        return time

    def step_trades(self, count=None):
        book = self.rng.choice(self.books)
        trades = []
        for _ in range(count or (self.rng.choice((1, 1, 2, 5)) if book.feed.batch else 1)):
            trade = book.trade(self.source_time(book), self.wire)
            if self.rng.random() < 0.08:
                book.lost.append(trade)
                if self.rng.random() < 0.02 and book.next_id < 2**63:
                    book.next_id += 2**33  # another numbering
                continue
            book.sent.append(trade)
            trades.append(trade)
        if trades:
            self.rng.shuffle(trades) if self.rng.random() < 0.1 else None
            self.add_trades(book.feed, self.connection_of(book.feed), trades)

    def step_burst(self):
        for _ in range(self.rng.randint(5, 40)):
            self.mono += 1000
            self.wall += 1000
            self.step_trades(1)

    def step_duplicate(self):
        book = self.rng.choice(self.books)
        if book.sent:
            trade = copy_of(self.rng.choice(book.sent[-20:]), self.wire)
            if book.feed.ids != "none" and self.rng.random() < 0.2:
                trade.time = max(2 * DAY, (trade.time + self.rng.randint(-90, 90) * S))
            number = self.open(book.feed) if self.rng.random() < 0.1 else self.connection_of(book.feed)
            self.add_trades(book.feed, number, [trade])

    def step_repair(self):
        book = self.rng.choice(self.books)
        if not book.lost:
            return
        if book.feed.http and self.rng.random() < 0.6:
            count = self.rng.randint(1, 4)
            usable = [t for t in book.lost[:count] if self.can_answer(book, t)]
            again = [copy_of(t, self.wire) for t in book.sent[-1:] if self.can_answer(book, t)]
            trades = [copy_of(t, self.wire) for t in usable] + (again if self.rng.random() < 0.3 else [])
            if trades:
                self.add_trades(book.feed, 0, trades, http=True)
                book.lost = [t for t in book.lost if t not in usable]
        else:
            trade = book.lost.pop(self.rng.randrange(len(book.lost)))
            self.add_trades(book.feed, self.connection_of(book.feed), [trade])

    def can_answer(self, book, trade):
        """REST writes whole milliseconds and says nothing of trades off the book."""
        if book.feed.venue == "kraken":
            return True
        return trade.time % 1_000_000 == 0 and not trade.excluded

    def step_snapshot(self):
        book = self.rng.choice(self.books)
        if not book.feed.snapshots:
            return
        for _ in range(self.rng.choice((0, 0, 2, 4))):
            book.lost.append(book.trade(self.source_time(book), self.wire))
        known = sorted(book.sent + book.lost, key=lambda t: t.id)[-self.rng.randint(1, 12):]
        known = [copy_of(t, self.wire, snapshot=True) for t in known if self.rng.random() < 0.95]
        if known:
            self.add_trades(book.feed, self.connection_of(book.feed), known[::-1])

    def step_tick(self):
        self.add("tick")

    def step_loss(self):
        feed = self.rng.choice(self.books).feed
        if self.rng.random() < 0.5:
            self.add("received", feed.venue, self.connection_of(feed), frames.MALFORMED, malformed=True)
        else:
            self.add("gap", feed.venue, 0, dropped=self.rng.choice((1, 3, 30)))

    def step_connection(self):
        rng, feed = self.rng, self.rng.choice(self.books).feed
        numbers = [c for c, venue in self.connections.items() if venue == feed.venue]
        if not numbers or rng.random() < 0.3:
            self.open(feed)
        elif self.changeable.intersection(numbers) and rng.random() < 0.3:
            symbols = [b.symbol for b in self.books if b.feed.venue == feed.venue]
            key = rng.choice(("add", "leave"))
            number = rng.choice(sorted(self.changeable.intersection(numbers)))
            self.add("change", feed.venue, number, **{key: {feed.channel: symbols[-1:]}})
        else:
            number = rng.choice(numbers)
            del self.connections[number]
            self.add(rng.choice(("close", "error")), feed.venue, number)

    def step_session(self):
        self.wall += self.rng.choice((0, S, 300 * S, -S))
        self.mono = self.rng.randint(0, 10**15)
        self.connections.clear()
        self.add("config", data=self.config_data())

    def step_refused(self):
        """A time in another unit, or absurd."""
        book = self.rng.choice(self.books)
        if book.feed.ids == "none":
            return
        time = self.rng.choice((self.wall // 1000, self.wall + 2 * DAY, self.wall // 10**6))
        if book.feed.venue == "kucoin":  # whose reader tells the unit by the size
            time = self.wall + 2 * DAY
        unit = max(book.feed.unit_ns, 1_000_000)  # a small number would be read as one of ms
        time = max(time // unit * unit, unit)
        self.add_trades(book.feed, self.connection_of(book.feed), [book.trade(time, self.wire)])


def bar_size(text):
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
    return int(text[:-1]) * units[text[-1]] * S if text[-1] in units else 0


def fits_sum(bar, unit, books):
    """Whether bar and trades have their 127 bits and 36 decimals, parts included; the page has no rule for others."""
    decimals = max(b.quantity_scale + (b.price_scale if unit == "n" else 0) for b in books)
    money = max(b.quantity_scale + b.price_scale for b in books)
    return money < 30 and bar[0] * 10 ** max(0, decimals - bar[1]) < 2**126


def fits_bar(text):
    return len(text.replace(".", "").strip("0")) <= 18 and len(text) <= 20 and text.strip("0.") != ""


def tidy(bars):
    """Volume and notional bars without the zeros behind the point; no two equal."""
    found = []
    for text in bars:
        if text[-1] in "vn" and "." in text:
            text = text[:-1].rstrip("0").rstrip(".") + text[-1]
        if text not in found:
            found.append(text)
    return found


def world(seed, size=None):
    return World(seed, size).run()


def write(folder, world_):
    tape.write(folder, world_.records)

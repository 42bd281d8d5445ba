"""A naive engine of candles, written from docs/candles.md alone: slow, and made to be read beside it.

    engine = Engine(config, venues)
    for event in events: rows += engine.feed(event)       # one list of texts per update, COLUMNS in order

Every window keeps its trades, and every update is worked out from all of them.
"""

import datetime
from dataclasses import dataclass, field

import composite
import exact
import ids
import latency

S = 1_000_000_000
DAY = 86400 * S
# Readings of the page, where it leaves a choice or the engine took another one; see what uses them.
EXCLUDED_SHOWS_MISSING = False  # ids that an excluded trade shows missing count in the window that it falls in
EXCLUDED_IS_FLAGGED = False  # a suspect trade that is left out gives its flag too, not only the count

SPLIT_MAX, CARRIED_MAX, OUTAGES_MAX, WINDOWS_MAX = 1000, 100_000, 1024, 65_536

COLUMNS = (
    "venue instrument bar open_time close_time state revision open high low close volume quote_volume trades "
    "taker_buy_volume taker_buy_quote_volume vwap volume_unit channel symbol connections first_trade_id "
    "last_trade_id first_trade_time last_trade_time first_seq last_seq missing duplicates late out_of_order "
    "backfilled malformed dropped suspect connected score flags latency_count latency_min latency_mean latency_p50 "
    "latency_p90 latency_p99 latency_max clock_offset mic operating_mic base_currency quote_currency base_dti "
    "quote_dti cfi contributions").split()

FLAGS = ("partial carried disconnected no_data missing malformed dropped backfilled suspect_time suspect_price "
         "suspect_size clock overflow few_venues").split()


@dataclass
class Trade:
    """What a venue reports; `connection` and what follows it is set by the engine."""
    symbol: str
    time: int
    id: int  # None: the venue has none
    price: tuple
    quantity: tuple
    taker: str  # "buy", "sell", None
    first_id: int = None
    last_id: int = None
    count: int = 1
    folded: int = 0
    snapshot: bool = False
    excluded: bool = False
    aggregated: bool = False
    backfill: bool = False
    repeat: bool = False
    connection: int = 0
    batch: int = 0
    seq: int = 0
    arrival: int = 0
    latency: int = None
    clock_offset: int = None
    out_of_order: bool = False
    missing: int = 0  # that it showed
    malformed: int = 0  # frames lost since the trade before
    dropped: int = 0
    stepped: bool = False
    suspect: tuple = ()


@dataclass
class Event:
    """A record of the tape and what it decodes to."""
    type: str  # config open change close error clock tick gap http received other
    venue: str = ""
    connection: int = 0
    wall: int = 0
    mono: int = 0
    trades: list = field(default_factory=list)  # oldest first
    channel: str = ""
    malformed: bool = False
    wanted: dict = None  # channel -> symbols; None: not said
    add: dict = field(default_factory=dict)
    leave: dict = field(default_factory=dict)
    dropped: int = 0


@dataclass
class Venue:
    ids: str  # contiguous ascending opaque none
    trade_channels: tuple
    instruments: dict  # symbol -> Instrument


@dataclass
class Instrument:
    name: str
    base: str
    quote: str
    unit: str
    identity: tuple  # mic ... cfi


@dataclass
class Config:
    bars: list
    lateness: int = S // 2
    horizon: int = 600 * S
    carry: bool = False
    exclude_suspect: bool = False
    composite: object = None


def time_text(ns):
    whole, fraction = divmod(ns, S)
    base = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=whole)
    for digits in (0, 3, 6, 9):
        if fraction % 10 ** (9 - digits) == 0:
            break
    tail = f".{fraction // 10 ** (9 - digits):0{digits}d}" if digits else ""
    return base.strftime("%Y-%m-%dT%H:%M:%S") + tail + "Z"


# ---- bars ------------------------------------------------------------------------------------------------------

class Bar:
    UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}

    def __init__(self, text):
        self.text, number, unit = text, text[:-1], text[-1]
        # "m" ends minutes; ticks, volumes and notionals end in letters that no time has
        self.kind = {"t": 1, "v": 2, "n": 3}.get(unit, 0)
        self.amount = exact.parse(number)
        self.size = self.amount[0] * self.UNITS[unit] * S if self.kind == 0 else None

    def key(self):
        return self.kind, self.size or 0, self.amount[0] * 10 ** (30 - self.amount[1])

    def open(self, time):
        start = 4 * DAY if self.size == 7 * DAY else 0  # the first Monday
        return start + (time - start) // self.size * self.size


class Window:
    """What one candle is made from, and how far it has got."""

    def __init__(self, open_, close):
        self.open, self.close = open_, close
        self.parts = []  # (trade, quantity, money, whether the trade begins here), in the order of arrival
        self.missing = self.duplicates = self.late = 0
        self.showers = set()  # trades of it that showed what is missing
        self.left_out = []  # suspect trades that are in no candle
        self.revision = 0
        self.given = False  # a candle of it has gone out since it closed
        self.carried = None  # the close that it carries
        self.changed = False


class TimeSeries:
    """The windows of a time bar of a market."""

    def __init__(self, market, bar):
        self.market, self.bar, self.windows = market, bar, {}
        self.pending = set()  # windows that are not closed yet, or changed since
        self.first_open = None  # window of the market's first trade
        self.earliest = None  # of the windows that hold trades
        self.carried_from = None
        self.close_given_up = None
        self.given_up = None  # windows up to here are beyond the horizon because there were too many

    def window(self, time):
        """The window of that time; None when it is beyond the horizon."""
        open_ = self.bar.open(time)
        close = open_ + self.bar.size
        limit = self.market.watermark
        if self.is_closed(close) and limit - close > self.market.engine.config.horizon:
            return None
        if self.given_up is not None and open_ <= self.given_up:
            return None
        self.pending.add(open_)
        return self.windows.setdefault(open_, Window(open_, close))

    def give_up(self):
        """The oldest of too many windows are beyond the horizon from here on."""
        for open_ in sorted(self.windows)[:-WINDOWS_MAX]:
            self.given_up = open_
            window = self.windows[open_]
            self.close_given_up = self.market.ordered(window.parts)[-1][0].price if window.parts else window.carried
            self.pending.discard(open_)
            del self.windows[open_]

    def is_closed(self, close):
        return self.market.watermark is not None and self.market.watermark >= close

    def count(self, trade):
        if self.first_open is None:
            self.first_open = self.bar.open(trade.time)
        window = self.window(trade.time)
        if window is None:
            return []
        window.parts.append((trade, trade.quantity, self.market.money(trade), True))
        self.earliest = window.open if self.earliest is None else min(self.earliest, window.open)
        window.missing += trade.missing
        window.showers.add(id(trade))
        window.late += self.is_closed(window.close)
        window.changed = True
        return []

    def count_duplicate(self, trade):
        window = self.window(trade.time)
        if window and (window.parts or window.carried is not None):
            window.duplicates += 1

    def count_left_out(self, trade, missing):
        window = self.window(trade.time)
        if window and (window.parts or window.carried is not None):
            if EXCLUDED_SHOWS_MISSING:
                window.missing += missing
                window.showers.add(id(trade))
            window.left_out += [trade] if trade.suspect else []

    def repair(self, shower, count):
        window = self.window(shower.time)
        if window and id(shower) in window.showers:
            window.missing -= count
            window.changed = True

    def end_record(self, before):
        """Updates after the watermark moved from `before`."""
        if self.market.watermark is None:
            return []
        if self.market.engine.config.carry and self.first_open is not None:
            self.carry(before)
        updates = [self.step(self.windows[open_], before) for open_ in sorted(self.pending)]
        self.pending = {open_ for open_ in self.pending if not self.is_closed(open_ + self.bar.size)}
        if len(self.windows) > WINDOWS_MAX:
            self.give_up()
        return [update for update in updates if update]

    def forming(self):
        windows = [self.windows[open_] for open_ in sorted(self.pending)]
        return [self.candle(w, "forming") for w in windows if w.parts and not self.is_closed(w.close)]

    def carry(self, before):
        """Makes the empty windows that closed, and gives all carried ones the close before them."""
        size, watermark = self.bar.size, self.market.watermark
        first = self.earliest + size
        if before is not None and first == self.carried_from:
            first = max(first, self.bar.open(before))
        self.carried_from = min(self.carried_from or first, first)
        if self.given_up is not None:
            first = max(first, self.given_up + size)
        empty = [o for o in range(first, self.bar.open(watermark), size)
                 if o not in self.windows or not self.windows[o].parts and self.windows[o].carried is None]
        for open_ in empty[-CARRIED_MAX:]:
            self.windows.setdefault(open_, Window(open_, open_ + size)).carried = exact.ZERO
            self.pending.add(open_)
        if not self.pending:
            return
        close = self.close_given_up
        for open_ in sorted(self.windows):
            window = self.windows[open_]
            if window.parts:
                close, window.carried = self.market.ordered(window.parts)[-1][0].price, None
            elif window.carried is not None and window.carried != close and close is not None:
                window.carried, window.changed = close, True
                self.pending.add(open_)

    def step(self, window, before):
        changed, window.changed = window.changed, False
        if not window.parts and window.carried is None:
            return None
        if not self.is_closed(window.close):
            return self.candle(window, "forming") if changed else None
        if before is None or before < window.close:
            return self.candle(window, "closed")
        if not changed:
            return None
        window.revision += 1
        return self.candle(window, "corrected")

    def candle(self, window, state):
        parts = self.market.ordered(window.parts)
        candle = self.market.candle(self.bar, window.open, window.close, parts, window)
        candle.update(state=state, revision=window.revision, late=window.late)
        partial = self.first_open is None or window.open <= self.first_open
        self.market.judge(candle, parts, partial)
        return candle


class CountSeries:
    """Tick, volume and notional bars."""

    def __init__(self, market, bar):
        self.market, self.bar = market, bar
        self.previous_open = None
        self.first = True
        self.start()

    def start(self):
        self.window = Window(0, 0)
        self.sum = exact.ZERO

    def count_duplicate(self, _trade):
        if self.window.parts:
            self.window.duplicates += 1

    def count_left_out(self, trade, _missing):
        if self.window.parts:
            self.window.left_out += [trade] if trade.suspect else []

    def repair(self, shower, count):
        pass

    def end_record(self, _before):
        changed, self.window.changed = self.window.changed, False
        return [self.candle("forming")] if changed else []

    def count(self, trade):
        market, bar = self.market, self.bar
        quantity, money = trade.quantity, market.money(trade)
        if bar.kind == 3 and market.instrument.unit == "contract":
            return []
        self.window.missing += trade.missing
        if bar.kind == 1:
            return self.put(trade, quantity, money, True, (1, 0), True)
        candles, begins = [], True
        for filled in range(1, SPLIT_MAX + 1):
            amount = quantity if bar.kind == 2 else money
            room = exact.sub(bar.amount, self.sum)
            over = exact.compare(amount, room)
            if over <= 0 or filled == SPLIT_MAX:
                return candles + self.put(trade, quantity, money, begins, amount, over >= 0)
            part_quantity, part_money = self.part(trade, room, quantity, money)
            candles += self.put(trade, part_quantity, part_money, begins, room, True)
            quantity = exact.sub(quantity, part_quantity)
            money = exact.sub(money, part_money) if money is not None else None
            begins = False
        raise AssertionError

    def part(self, trade, room, quantity, money):
        unit = self.market.instrument.unit
        if unit == "quote":
            return room, room
        if self.bar.kind == 2:
            return room, None if unit == "contract" else exact.mul(trade.price, room)
        scale = min(trade.quantity[1] + 8, exact.SCALE_MAX)
        return exact.cut(room, trade.price, scale), room

    def forming(self):
        return [self.candle("forming")] if self.window.parts else []

    def put(self, trade, quantity, money, begins, amount, full):
        self.window.parts.append((trade, quantity, money, begins))
        self.window.changed = True
        self.sum = exact.add(self.sum, amount)
        if self.bar.kind == 1:
            full = self.sum[0] >= self.bar.amount[0]
        return [self.close()] if full else []

    def close(self):
        candle = self.candle("closed")
        self.previous_open, self.first = candle["open_time"], False
        self.start()
        return candle

    def candle(self, state):
        window, parts = self.window, self.window.parts
        window.open = parts[0][0].time
        if self.previous_open is not None:
            window.open = max(window.open, self.previous_open + 1)
        window.close = max(max(p[0].time for p in parts) + 1, window.open + 1)
        candle = self.market.candle(self.bar, window.open, window.close, parts, window)
        candle.update(state=state, revision=0, late=0)
        self.market.judge(candle, parts, self.first)
        return candle


# ---- what is suspect -------------------------------------------------------------------------------------------

class RecentRange:
    BLOCK, ENOUGH, ROW = 128, 16, 16

    def __init__(self):
        self.full, self.filling, self.suspects = [], [], 0

    def reasons(self, trade, ahead):
        """Why the trade is suspect; it is in the range after that if it is not."""
        found, held = ["time"] if ahead else [], self.full + self.filling
        if len(held) >= self.ENOUGH:
            high = max(held, key=lambda t: exact.key(t.price)).price
            low = min(held, key=lambda t: exact.key(t.price)).price
            size = max(exact.key(t.quantity) for t in held)
            price = exact.key(trade.price)
            if price > 2 * exact.key(high) or 2 * price < exact.key(low):
                found.append("price")
            if exact.key(trade.quantity) > 1000 * size:
                found.append("size")
        self.suspects = self.suspects + 1 if found else 0
        if self.suspects == self.ROW:
            self.full, self.filling, self.suspects, found = [], [], 0, []
        if not found:
            self.filling.append(trade)
            if len(self.filling) == self.BLOCK:
                self.full, self.filling = self.filling, []
        return tuple(found)


def is_refused(time, wall):
    """Rules of time that refuse."""
    absurd = time < 0 or time > wall + DAY
    others = [time * 10**3, time * 10**6, time * 10**9, time // 10**3, time // 10**6]
    unit = (absurd or time < 365 * DAY) and any(abs(other - wall) <= DAY for other in others)
    return absurd or unit


# ---- markets ---------------------------------------------------------------------------------------------------

class Market:
    """One venue's instrument."""

    def __init__(self, engine, venue_name, symbol, channel):
        self.engine, self.venue_name, self.symbol, self.channel = engine, venue_name, symbol, channel
        self.venue = engine.venues[venue_name]
        self.instrument = self.venue.instruments[symbol]
        self.aggregated = None
        self.checker = ids.checker(self.venue.ids)
        self.range = RecentRange()
        self.high = self.high_clock = self.watermark = self.newest = None
        self.shown = None  # what the trade before knew to be lost
        self.followers, self.ever_followed, self.outages = set(), False, None
        kinds = (TimeSeries, CountSeries, CountSeries, CountSeries)
        self.series = [kinds[bar.kind](self, bar) for bar in engine.bars]

    def money(self, trade):
        unit = self.instrument.unit
        if unit == "contract":
            return None
        return trade.quantity if unit == "quote" else exact.mul(trade.price, trade.quantity)

    # -- time

    def time(self):
        """The market's time now; None before its first trade."""
        if self.high is None:
            return None
        now = self.high + self.engine.clock - self.high_clock
        return now if self.watermark is None else max(now, self.watermark + self.engine.config.lateness)

    def move(self):
        if self.high is not None:
            self.watermark = self.time() - self.engine.config.lateness

    # -- connections

    def follow(self, connection):
        if not self.followers and self.outages and self.outages[-1][1] is None:
            self.outages[-1][1] = self.time()
        self.followers.add(connection)
        self.ever_followed = True

    def unfollow(self, connection, time):
        if connection not in self.followers:
            return
        self.followers.discard(connection)
        if not self.followers and self.outages is not None:
            self.outages.append([time, None])
            if len(self.outages) > OUTAGES_MAX:
                self.outages[:2] = [[self.outages[0][0], self.outages[1][1]]]

    def begin(self, trade):
        """The first trade that counts."""
        end = None
        if self.followers:
            end = trade.time - (self.engine.clock - min(self.engine.opened[c] for c in self.followers))
        self.outages = [[None, end]]

    def connected_ppm(self, open_, close):
        if not self.ever_followed:
            return None
        end = min(close, self.time())
        if end <= open_:
            return 1_000_000
        out, known = 0, open_  # outages may overlap: the first can end later than the next begins
        for begin, stop in self.outages:
            first = known if begin is None else max(begin, known)
            last = end if stop is None else min(stop, end)
            out += max(0, last - first)
            known = max(known, last)
        return (end - open_ - out) * 1_000_000 // (end - open_)

    # -- trades

    def see(self, trade, event):
        """Takes one decoded trade through the rules; gives the candles that it completes."""
        engine = self.engine
        if is_refused(trade.time, event.wall):
            return []
        if event.type == "received":
            self.follow(event.connection)
        if not trade.backfill and not trade.snapshot:
            engine.offsets.setdefault(event.connection, latency.Remedian()).add(event.wall - trade.time)
        if self.aggregated is None:
            self.aggregated = trade.aggregated
        if self.aggregated != trade.aggregated:
            return []
        verdict, missing, repaired = self.checker.see(trade)
        if repaired:
            for series in self.series:
                series.repair(repaired[1], repaired[0])
        if verdict == ids.DUPLICATE and not trade.snapshot:
            for series in self.series:
                series.count_duplicate(trade)
        if verdict != ids.NEW:
            return []
        bad = trade.excluded or trade.price[0] <= 0 or trade.quantity[0] <= 0
        if not bad:
            live = not trade.backfill and not trade.snapshot
            ahead = live and self.high is not None and trade.time > self.time() + 600 * S
            trade.suspect = self.range.reasons(trade, ahead)
        if bad or (trade.suspect and engine.config.exclude_suspect):
            for series in self.series:
                series.count_left_out(trade, missing)
            return []
        trade.missing = missing
        return self.count(trade, event)

    def count(self, trade, event):
        engine = self.engine
        engine.arrivals += 1
        trade.arrival = engine.arrivals
        if self.high is None:
            self.begin(trade)
            self.shown = engine.losses(self.venue_name)  # before the first trade nothing is known to be lost
        place = self.place(trade)
        trade.out_of_order = self.newest is not None and place < self.newest
        self.newest = place if self.newest is None else max(self.newest, place)
        lost = engine.losses(self.venue_name)
        trade.malformed, trade.dropped = lost[0] - self.shown[0], lost[1] - self.shown[1]
        trade.stepped = lost[2] > self.shown[2]
        self.shown = lost
        if not trade.backfill and not trade.snapshot:
            trade.latency = event.wall - trade.time
            trade.clock_offset = engine.offsets[event.connection].estimate()
        if self.high is None or trade.time > self.high:
            self.high, self.high_clock = trade.time, engine.clock
        candles = []
        for series in self.series:
            candles += series.count(trade)
        return candles

    def place(self, trade):
        """In the order of a window, but for arrival."""
        return trade.time, trade.id if self.venue.ids in ("contiguous", "ascending") else 0

    def ordered(self, parts):
        return sorted(parts, key=lambda p: (self.place(p[0]), p[0].arrival))

    # -- candles

    def candle(self, bar, open_, close, parts, window):
        unit = self.instrument.unit
        candle = {"venue": self.venue_name, "instrument": self.instrument.name, "bar": bar.text, "open_time": open_,
                  "close_time": close, "volume_unit": unit, "channel": self.channel, "symbol": self.symbol,
                  "contributions": None, "identity": self.instrument.identity, "clock_offset": None,
                  "connections": None, "latencies": [], "first_trade_id": None, "last_trade_id": None,
                  "missing": window.missing, "duplicates": window.duplicates, "_parts": len(parts)}
        begun = [p[0] for p in parts if p[3]]
        candle.update(
            trades=sum(t.count for t in begun),
            out_of_order=sum(t.out_of_order for t in begun),
            backfilled=sum(t.count for t in begun if t.backfill),
            malformed=sum(t.malformed for t in begun), dropped=sum(t.dropped for t in begun),
            suspect=sum(bool(t.suspect) for t in begun) + len(window.left_out),
            reasons={r for t in begun + window.left_out * EXCLUDED_IS_FLAGGED for r in t.suspect},
            connected=self.connected_ppm(open_, close))
        self.add_prices(candle, parts, window)
        self.add_volumes(candle, parts)
        if parts:
            self.add_source(candle, [p[0] for p in parts])
            candle["latencies"] = [t.latency for t in begun if t.latency is not None]
            candle["clock_offset"] = parts[-1][0].clock_offset
        else:
            candle.update(first_trade_time=None, last_trade_time=None, first_seq=None, last_seq=None)
        return candle

    def add_prices(self, candle, parts, window):
        if not parts:
            candle.update(open=window.carried, high=window.carried, low=window.carried, close=window.carried)
            candle["price_scale"] = window.carried[1]
            return
        prices = [p[0].price for p in parts]
        candle.update(open=prices[0], close=prices[-1], high=exact.highest(prices), low=exact.lowest(prices),
                      price_scale=max(p[1] for p in prices))

    def add_volumes(self, candle, parts):
        # what others sold adds nothing, with all its digits
        bought = lambda part, number: number if part[0].taker == "buy" else (0, number[1])
        names = ("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
        sums = [exact.total(p[1] for p in parts), None, exact.total(bought(p, p[1]) for p in parts), None]
        if self.instrument.unit != "contract":
            sums[1], sums[3] = exact.total(p[2] for p in parts), exact.total(bought(p, p[2]) for p in parts)
        candle["overflow"] = not all(exact.fits(s) for s in sums if s is not None)
        if candle["overflow"]:
            sums = [None] * 4
        candle.update(zip(names, sums))
        candle["vwap"] = None
        if self.instrument.unit == "base" and parts and not candle["overflow"]:
            candle["vwap"] = exact.divide(sums[1], sums[0], candle["price_scale"] + 4)

    def add_source(self, candle, trades):
        connections = sorted({t.connection for t in trades if not t.backfill})
        if connections:
            candle["connections"] = "|".join(map(str, connections[:4])) + ("+" if len(connections) > 4 else "")
        if trades[0].id is not None:
            candle["first_trade_id"], candle["last_trade_id"] = trades[0].first_id, trades[-1].last_id
        candle.update(first_trade_time=trades[0].time, last_trade_time=trades[-1].time,
                      first_seq=min(t.seq for t in trades), last_seq=max(t.seq for t in trades))

    def judge(self, candle, parts, partial):
        """Flags and score."""
        begun = [p[0] for p in parts if p[3]]
        connected = candle["connected"]
        flags = {name for name in ("missing", "malformed", "dropped", "backfilled") if candle[name]}
        flags |= {"suspect_" + reason for reason in candle["reasons"]}
        for name, on in (("partial", partial), ("carried", not parts), ("overflow", candle["overflow"]),
                         ("disconnected", connected is not None and connected < 1_000_000),
                         ("no_data", not parts and connected == 0),
                         ("clock", any(v < 0 for v in candle["latencies"]) or any(t.stepped for t in begun))):
            if on:
                flags.add(name)
        candle["flags"] = flags
        candle["score"] = score(candle)


def score(candle):
    if candle["overflow"]:
        return 0
    c = 1_000_000 if candle["connected"] is None else candle["connected"]
    t, m = candle["trades"], candle["missing"]
    whole = 100 * c // 1_000_000 if t == 0 else 100 * c * t // (1_000_000 * (t + m))
    return max(0, whole - min(20, candle["malformed"] + candle["dropped"]) - min(20, candle["suspect"]))


# ---- the engine ------------------------------------------------------------------------------------------------

class Engine:
    def __init__(self, config, venues):
        self.config, self.venues = config, venues
        self.bars = sorted((Bar(text) for text in config.bars), key=Bar.key)
        self.markets, self.clock, self.seq, self.arrivals = {}, 0, 0, 0
        self.last = None  # the record before
        self.malformed, self.dropped, self.steps = {}, {}, 0
        self.opened, self.wanted, self.offsets = {}, {}, {}  # per connection
        self.connection_venue = {}
        self.composites = composite.Composites(config.composite, self)

    def losses(self, venue):
        return self.malformed.get(venue, 0), self.dropped.get(venue, 0), self.steps

    def feed(self, event):
        self.seq += 1
        self.tell_time(event)
        candles = []
        if event.type == "config":
            for connection in list(self.opened):
                self.end(connection, before=True)
        elif event.type == "open":
            self.open(event.connection, event.venue, event.wanted)
        elif event.type == "change":
            self.change(event)
        elif event.type in ("close", "error"):
            self.end(event.connection)
        elif event.type == "gap":
            self.dropped[event.venue] = self.dropped.get(event.venue, 0) + event.dropped
        elif event.type in ("received", "http"):
            candles = self.take(event)
        candles += self.end_record()
        return [row(candle) for candle in candles]

    def tell_time(self, event):
        last, self.last = self.last, event
        self.last_times = {m: m.time() for m in self.markets.values()}
        if last is None:
            return
        if event.type == "config":
            self.clock += max(0, event.wall - last.wall)
            return
        self.clock += max(0, event.mono - last.mono)
        if abs((event.wall - last.wall) - (event.mono - last.mono)) > S // 10:
            self.steps += 1

    # -- connections

    def open(self, connection, venue, wanted):
        self.opened[connection] = self.clock
        self.connection_venue[connection] = venue
        symbols = None
        if wanted is not None:
            symbols = self.trade_symbols(venue, wanted)
        self.wanted[connection] = symbols
        for market in self.markets.values():
            if market.venue_name == venue and self.wants(connection, market):
                market.follow(connection)

    def trade_symbols(self, venue, wanted):
        return {s for channel in self.venues[venue].trade_channels for s in wanted.get(channel, ())}

    def wants(self, connection, market):
        wanted = self.wanted[connection]
        return wanted is None or market.symbol in wanted

    def change(self, event):
        connection, venue = event.connection, event.venue
        if connection not in self.opened:
            return
        added, left = self.trade_symbols(venue, event.add), self.trade_symbols(venue, event.leave)
        if self.wanted[connection] is not None:
            self.wanted[connection] = (self.wanted[connection] | added) - left
        for market in self.markets.values():
            if market.venue_name == venue:
                if market.symbol in added:
                    market.follow(connection)
                if market.symbol in left:
                    market.unfollow(connection, market.time())

    def end(self, connection, before=False):
        if connection not in self.opened:
            return
        for market in self.markets.values():
            market.unfollow(connection, self.last_times[market] if before else market.time())
        del self.opened[connection]

    # -- trades

    def take(self, event):
        if event.type == "received" and event.connection not in self.opened:
            self.open(event.connection, event.venue, None)
        if event.malformed:
            self.malformed[event.venue] = self.malformed.get(event.venue, 0) + 1
        candles = []
        for trade in event.trades:
            market = self.market(event.venue, trade.symbol, event.channel)
            trade.seq = self.seq
            trade.connection = event.connection if event.type == "received" else 0
            trade.batch = -self.seq if trade.snapshot or trade.backfill else 0
            candles += market.see(trade, event)
        return candles

    def market(self, venue, symbol, channel):
        key = venue, symbol
        if key not in self.markets:
            market = self.markets[key] = Market(self, venue, symbol, channel)
            for connection in self.opened:
                if self.connection_venue[connection] == venue and self.wants(connection, market):
                    market.follow(connection)
            self.composites.join(market)
        return self.markets[key]

    def end_record(self):
        candles = []
        for market in self.markets.values():
            before = market.watermark
            market.move()
            for series in market.series:
                updates = series.end_record(before)
                for candle in updates:
                    if series.bar.kind == 0:
                        self.composites.take(market, candle)
                candles += updates
        return candles + self.composites.end_record()


    def forming(self):
        """What is still forming, as it would go out now; composites are not made from what nobody asked for."""
        return [row(candle) for market in self.markets.values() for series in market.series
                for candle in series.forming()]


# ---- texts -----------------------------------------------------------------------------------------------------

def row(candle):
    """The candle's columns as texts, "" for no value."""
    texts = []
    for name in COLUMNS[: COLUMNS.index("latency_count")]:
        value = candle[name]
        if value is None:
            texts.append("")
        elif name == "connected":
            texts.append(exact.text((value, 6)))
        elif name == "flags":
            texts.append("|".join(flag for flag in FLAGS if flag in value))
        elif name.endswith("_time"):
            texts.append(time_text(value))
        else:
            texts.append(exact.text(value) if isinstance(value, tuple) else str(value))
    texts += latency.figures(candle["latencies"])
    texts.append("" if candle["clock_offset"] is None else str(candle["clock_offset"]))
    texts += candle["identity"] or [""] * 7
    texts.append(candle["contributions"] or "")
    return texts

"""Composites, from docs/candles.md, "Composites": made from the candles of a composite's members."""

from dataclasses import dataclass, field

import exact

MEMBERS_MAX = 32
PRICES = ("open", "high", "low", "close")
SUMS = ("trades", "missing", "duplicates", "late", "out_of_order", "backfilled", "malformed", "dropped", "suspect")


@dataclass
class Rules:
    methods: dict = field(default_factory=dict)  # instrument or "*" -> method
    same_quote: dict = field(default_factory=dict)
    stale: int = 60_000_000_000
    score: int = 50
    outlier_ppm: int = 10_000
    venues: int = 2


class Composite:
    def __init__(self, owner, instrument, method):
        self.owner, self.instrument, self.method, self.members = owner, instrument, method, []
        self.windows, self.pending = {}, set()  # (bar text, open) -> Window; those to look at
        self.watermark = None  # the lowest of the members'

    def take(self, market, candle):
        """A candle of a member; what is forming does not correct what has closed."""
        key, close = (candle["bar"], candle["open_time"]), candle["close_time"]
        if self.is_closed(close) and (
                candle["state"] == "forming" or self.watermark - close > self.owner.owner.config.horizon):
            return
        window = self.windows.setdefault(key, Window(candle["open_time"], candle["close_time"]))
        window.candles[market] = candle
        window.changed = True
        self.pending.add(key)

    def is_closed(self, close):
        return self.watermark is not None and close <= self.watermark

    def end_record(self, bars):
        before = self.watermark
        members = [m.watermark for m in self.members if m.watermark is not None]
        if members:  # who joins later does not open again what has closed
            self.watermark = min(members) if before is None else max(before, min(members))
        updates = []
        for bar in bars:
            for key in sorted(k for k in self.pending if k[0] == bar.text):
                updates.append(self.step(bar, self.windows[key], before))
        self.pending = {key for key in self.pending if not self.is_closed(self.windows[key].close)}
        return [update for update in updates if update]

    def step(self, bar, window, before):
        changed, window.changed = window.changed, False
        if not self.is_closed(window.close):
            return self.candle(bar, window, "forming") if changed else None
        if before is None or before < window.close:
            return self.candle(bar, window, "closed")
        window.revision += 1
        return self.candle(bar, window, "corrected")

    def candle(self, bar, window, state):
        members = [(m, window.candles[m]) for m in self.members if m in window.candles]
        states = self.states(members)
        used = [c for (_, c), s in zip(members, states) if s == "used"]
        candle = {"venue": "composite", "instrument": self.instrument, "bar": bar.text, "open_time": window.open,
                  "close_time": window.close, "state": state, "revision": window.revision, "volume_unit": "base",
                  "channel": self.method, "symbol": self.instrument, "connections": None, "first_trade_id": None,
                  "last_trade_id": None, "latencies": [], "clock_offset": None, "identity": None}
        for name in SUMS:
            candle[name] = sum(c[name] for c in used)
        candle.update(
            first_trade_time=min(c["first_trade_time"] for c in used),
            last_trade_time=max(c["last_trade_time"] for c in used),
            first_seq=min(c["first_seq"] for c in used), last_seq=max(c["last_seq"] for c in used),
            connected=min((c["connected"] for c in used if c["connected"] is not None), default=None),
            score=min(c["score"] for c in used), flags=set().union(*(c["flags"] for c in used)),
            contributions="|".join(contribution(m, c, s) for (m, c), s in zip(members, states)))
        if len(used) < self.owner.rules.venues:
            candle["flags"].add("few_venues")
            candle["score"] = 0
        self.add_volumes(candle, used)
        self.add_prices(candle, used)
        return candle

    def states(self, members):
        rules = self.owner.rules
        states = ["used"] * len(members)
        newest = max(c["last_trade_time"] for _, c in members)
        for i, (_, c) in enumerate(members):
            if newest - c["last_trade_time"] > rules.stale:
                states[i] = "stale"
            elif c["score"] < rules.score:
                states[i] = "unhealthy"
        closes = sorted((exact.key(c["close"]) for (_, c), s in zip(members, states) if s == "used"))
        if len(closes) >= 3:
            median = closes[(len(closes) - 1) // 2]
            for i, (_, c) in enumerate(members):
                away = abs(exact.key(c["close"]) - median)
                if states[i] == "used" and away * 1_000_000 > rules.outlier_ppm * median:
                    states[i] = "outlier"
        return states if "used" in states else ["used"] * len(members)

    def add_volumes(self, candle, used):
        names = ("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
        sums = dict.fromkeys(names)
        if not any(c["overflow"] for c in used):
            sums = {name: exact.total(c[name] for c in used) for name in names}
            if not all(exact.fits(s) for s in sums.values()):
                sums = dict.fromkeys(names)
        if self.method == "vwap" and not self.weighs(used):  # a sum like the others
            sums = dict.fromkeys(names)
        candle.update(sums)
        candle["overflow"] = sums["volume"] is None
        if candle["overflow"]:
            candle["flags"].add("overflow")
            candle["score"] = 0
        candle["price_scale"] = max(c[name][1] for c in used for name in PRICES)
        candle["vwap"] = None
        if not candle["overflow"]:
            candle["vwap"] = exact.divide(sums["quote_volume"], sums["volume"], candle["price_scale"] + 4)

    def add_prices(self, candle, used):
        if self.method == "consolidated":
            first = min(used, key=lambda c: c["first_trade_time"])  # the earlier member at equal times
            last = max(reversed(used), key=lambda c: c["last_trade_time"])  # the later member
            candle.update(open=first["open"], close=last["close"],
                          high=exact.highest([c["high"] for c in used]),
                          low=exact.lowest([c["low"] for c in used]))
            return
        weighs = self.weighs(used)
        for name in PRICES:
            candle[name] = self.price(used, [c[name] for c in used], candle["price_scale"] + 4, weighs)

    def weighs(self, used):
        """Whether all weighted sums have a value; if not, the members count alike."""
        if any(c["volume"] is None for c in used) or not exact.fits(exact.total(c["volume"] for c in used)):
            return False
        return all(exact.fits(exact.total(exact.mul(c[name], c["volume"]) for c in used)) for name in PRICES)

    def price(self, used, prices, scale, weighs):
        if self.method == "vwap" and weighs:
            weighted = exact.total(exact.mul(p, c["volume"]) for p, c in zip(prices, used))
            return exact.divide(weighted, exact.total(c["volume"] for c in used), scale)
        if self.method == "median":
            prices = sorted(prices, key=exact.key)
            middle = len(prices) // 2
            prices = prices[middle : middle + 1] if len(prices) % 2 else prices[middle - 1 : middle + 1]
        return exact.divide(exact.total(prices), (len(prices), 0), scale)


def contribution(market, candle, state):
    vwap, volume = (exact.text(candle[n] or exact.ZERO) for n in ("vwap", "volume"))
    return " ".join((market.venue_name, market.symbol, state, exact.text(candle["close"]), vwap, volume))


class Window:
    def __init__(self, open_, close):
        self.open, self.close = open_, close
        self.candles = {}  # market -> its candle
        self.revision, self.changed = 0, False


class Composites:
    def __init__(self, rules, owner):
        self.rules, self.owner, self.all, self.of = rules, owner, {}, {}

    def join(self, market):
        rules, instrument = self.rules, market.instrument
        if not rules or not rules.methods or instrument.unit != "base":
            return
        name = instrument.name
        if instrument.quote in rules.same_quote and name.startswith(f"{instrument.base}-{instrument.quote}"):
            rest = name[len(f"{instrument.base}-{instrument.quote}"):]
            name = f"{instrument.base}-{rules.same_quote[instrument.quote]}{rest}"
        method = rules.methods.get(name, rules.methods.get("*"))
        if not method:
            return
        composite = self.all.setdefault(name, Composite(self, name, method))
        if len(composite.members) < MEMBERS_MAX:
            composite.members.append(market)
            self.of[market] = composite

    def take(self, market, candle):
        composite = self.of.get(market)
        if composite and candle["trades"]:
            composite.take(market, candle)

    def end_record(self):
        bars = [bar for bar in self.owner.bars if bar.kind == 0]
        return [update for c in self.all.values() for update in c.end_record(bars)]

"""Trades as the venues write them: what a tape has to hold so that its reader decodes these trades again.

A trade's numbers are kept as the texts that were sent (`price_text`, `quantity_text` in `wire`), since venues differ in
how they write the same value.
"""

import datetime
import json

import tape
from candles import Instrument, Venue

S = 1_000_000_000
UNKNOWN = ("unknown", "unknown", "none", "none", "unknown", "unknown", "unknown")


BOOKS = {"binance": "bookTicker", "binance-usdm": "bookTicker", "binance-coinm": "bookTicker", "kraken": "ticker",
         "kraken-v1": "ticker", "bitstamp": "order_book", "kucoin": "/market/ticker", "okx": "bbo-tbt"}


class Feed:
    """How one venue is spoken. `unit_ns`: the resolution of its times; `batch`: several trades in a frame."""

    def __init__(self, venue, channel, ids, unit_ns, batch=False, unit="base", numbers=False, aggregated=False,
                 http=None, snapshots=False):
        self.venue, self.channel, self.ids, self.unit_ns, self.batch = venue, channel, ids, unit_ns, batch
        self.unit, self.numbers, self.aggregated, self.http = unit, numbers, aggregated, http
        self.snapshots = snapshots
        self.book = BOOKS.get(venue, "orderbook.1")  # a channel without trades

    def frame(self, trades, wire):
        return getattr(self, "_" + self.venue.replace("-", "_"))(trades, wire).encode()

    # one trade each

    def _binance(self, trades, wire):
        (t,), (price, quantity) = trades, wire[id(trades[0])]
        ms = t.time // 1_000_000 if t.time % 1_000_000 == 0 else t.time // 1000
        if t.aggregated:
            body = f'"e":"aggTrade","E":{ms},"s":"{t.symbol}","a":{t.id},"p":"{price}","q":"{quantity}",' \
                   f'"f":{t.first_id},"l":{t.last_id},"T":{ms}'
        else:
            body = f'"e":"trade","E":{ms},"s":"{t.symbol}","t":{t.id},"p":"{price}","q":"{quantity}","T":{ms}'
        mark = ',"X":"NA"' if t.excluded and self.venue != "binance" else ""
        return "{" + body + mark + f',"m":{"false" if t.taker == "buy" else "true"}' + "}"

    _binance_usdm = _binance_coinm = _binance

    def _bitstamp(self, trades, wire):
        (t,), (price, quantity) = trades, wire[id(trades[0])]
        kind = 0 if t.taker == "buy" else 1
        return '{"data":{"id":%d,"amount_str":"%s","price_str":"%s","type":%d,"microtimestamp":"%d"},' \
               '"channel":"live_trades_%s","event":"trade"}' % (t.id, quantity, price, kind, t.time // 1000, t.symbol)

    def _kucoin(self, trades, wire):
        (t,), (price, quantity) = trades, wire[id(trades[0])]
        return '{"type":"message","topic":"/market/match:%s","subject":"trade.l3match","data":{"symbol":"%s",' \
               '"sequence":"%d","side":"%s","size":"%s","price":"%s","time":"%d"}}' % (
                   t.symbol, t.symbol, t.id, t.taker, quantity, price, t.time)

    # several trades each

    def _kraken(self, trades, wire):
        rows = ['{"symbol":"%s","side":"%s","price":%s,"qty":%s,"ord_type":"market","trade_id":%d,"timestamp":"%s"}' % (
            t.symbol, t.taker, *wire[id(t)], t.id, rfc3339(t.time)) for t in trades]
        kind = "snapshot" if trades[0].snapshot else "update"
        return '{"channel":"trade","type":"%s","data":[%s]}' % (kind, ",".join(rows))

    def _kraken_v1(self, trades, wire):
        rows = ['["%s","%s","%d.%09d","%s","l",""]' % (*wire[id(t)], *divmod(t.time, S), t.taker[0]) for t in trades]
        return '[337,[%s],"trade","%s"]' % (",".join(rows), trades[0].symbol)

    def _okx(self, trades, wire):
        rows = ['{"instId":"%s","tradeId":"%d","px":"%s","sz":"%s","side":"%s","ts":"%d","count":"%d"}' % (
            t.symbol, t.id, *wire[id(t)], t.taker, t.time // 1_000_000, t.folded + 1) for t in trades]
        return '{"arg":{"channel":"trades","instId":"%s"},"data":[%s]}' % (trades[0].symbol, ",".join(rows))

    def _bybit_linear(self, trades, wire):
        rows = ['{"T":%d,"s":"%s","S":"%s","v":"%s","p":"%s","L":"PlusTick","i":"%s","BT":false}' % (
            t.time // 1_000_000, t.symbol, t.taker.title(), wire[id(t)][1], wire[id(t)][0], uuid(t.id)) for t in trades]
        return '{"topic":"publicTrade.%s","type":"snapshot","ts":1,"data":[%s]}' % (trades[0].symbol, ",".join(rows))

    _bybit_inverse = _bybit_linear

    # HTTP answers with trades

    def answer(self, trades, wire):
        symbol = trades[0].symbol
        if self.venue == "kraken":
            rows = ['["%s","%s",%d.%09d,"%s","m","",%d]' % (*wire[id(t)], *divmod(t.time, S), t.taker[0], t.id)
                    for t in trades]
            pair = symbol.replace("/", "")
            url = "https://api.kraken.com/0/public/Trades?pair=" + pair
            return http(url, '{"error":[],"result":{"%s":[%s],"last":"1"}}' % (pair, ",".join(rows)))
        if self.aggregated:
            rows = ['{"a":%d,"p":"%s","q":"%s","f":%d,"l":%d,"T":%d,"m":%s}' % (
                t.id, *wire[id(t)], t.first_id, t.last_id, t.time // 1_000_000,
                "false" if t.taker == "buy" else "true") for t in trades]
            return http(f"https://x{self.http}/aggTrades?symbol={symbol}", "[" + ",".join(rows) + "]")
        rows = ['{"id":%d,"price":"%s","qty":"%s","time":%d,"isBuyerMaker":%s}' % (
            t.id, *wire[id(t)], t.time // 1_000_000, "false" if t.taker == "buy" else "true") for t in trades]
        return http(f"https://x{self.http}/historicalTrades?symbol={symbol}", "[" + ",".join(rows) + "]")


def http(url, body):
    return ('{"method":"GET","url":"%s","status":200}\n%s' % (url, body)).encode()


def rfc3339(ns):
    whole, fraction = divmod(ns, S)
    base = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=whole)
    return base.strftime("%Y-%m-%dT%H:%M:%S") + f".{fraction:09d}Z"


def uuid(number):
    return f"{number:08x}-8d1c-5ee4-995d-d79a43f955a6"


FEEDS = (
    Feed("binance", "trade", "contiguous", 1000, http=".binance.com/api/v3"),
    Feed("binance", "aggTrade", "contiguous", 1000, aggregated=True, http=".binance.com/api/v3"),
    Feed("binance-usdm", "trade", "contiguous", 1_000_000, http=".binance.com/fapi/v1"),
    Feed("binance-coinm", "aggTrade", "contiguous", 1_000_000, unit="contract", aggregated=True,
         http=".binance.com/dapi/v1"),
    Feed("kraken", "trade", "contiguous", 1, batch=True, numbers=True, http="kraken", snapshots=True),
    Feed("kraken-v1", "trade", "none", 1, batch=True),
    Feed("okx", "trades", "contiguous", 1_000_000, batch=True),
    Feed("bitstamp", "live_trades", "ascending", 1000),
    Feed("kucoin", "/market/match", "ascending", 1),
    Feed("bybit-linear", "publicTrade", "opaque", 1_000_000, batch=True),
    Feed("bybit-inverse", "publicTrade", "opaque", 1_000_000, batch=True, unit="quote"),
)

TRADE_CHANNELS = {
    "binance": ("trade", "aggTrade"), "binance-usdm": ("aggTrade", "trade"), "binance-coinm": ("aggTrade", "trade"),
    "okx": ("trades", "trades-all"),
}


def symbol_of(venue, base, quote):
    """(symbol, instrument) by the venue's grammar; base and quote are codes that no registry knows, but USD and EUR."""
    spelling = {
        "binance": "{0}{1}", "binance-usdm": "{0}{1}", "binance-coinm": "{0}USD_PERP", "kraken": "{0}/{1}",
        "kraken-v1": "{0}/{1}", "okx": "{0}-{1}", "kucoin": "{0}-{1}", "bybit-linear": "{0}USDT",
        "bybit-inverse": "{0}USD",
    }
    if venue == "bitstamp":  # written without a mark: its own name
        symbol = (base + quote).lower()
        return symbol, symbol, "", ""
    quote = {"binance-coinm": "USD", "bybit-linear": "USDT", "bybit-inverse": "USD"}.get(venue, quote)
    perpetual = venue in ("binance-usdm", "binance-coinm", "bybit-linear", "bybit-inverse")
    name = f"{base}-{quote}" + ("-PERP" if perpetual else "")
    return spelling[venue].format(base, quote), name, base, quote


def currency(code):
    return code if code in ("USD", "EUR") else "none"


def instrument(feed, base, quote, no_mic=False):
    symbol, name, base, quote = symbol_of(feed.venue, base, quote)
    dti = lambda code: "none" if code in ("USD", "EUR") else "unknown"
    known = base != ""
    mic = "none" if no_mic else "unknown"
    return symbol, Instrument(name, base, quote, feed.unit, (
        mic, mic, currency(base) if known else "unknown", currency(quote) if known else "unknown", dti(base),
        dti(quote), "unknown"))


def venues(markets):
    """The engine's view of (feed, symbol, instrument)s."""
    found = {}
    for feed, symbol, entry in markets:
        channels = TRADE_CHANNELS.get(feed.venue, (feed.channel,))
        found.setdefault(feed.venue, Venue(feed.ids, channels, {})).instruments[symbol] = entry
    return found


MALFORMED = b'{"e":"trade","s":'
TYPES = {"config": tape.CONFIG, "tick": tape.TICK, "http": tape.HTTP, "gap": tape.GAP, "received": tape.RECEIVED}


def record(event, data):
    return tape.Record(TYPES.get(event.type, tape.CONNECTION), event.venue, event.connection, event.wall, event.mono,
                       data)


def event_data(event):
    """Of records that hold no trades."""
    if event.type == "open":
        said = {"event": "open", "url": "wss://x"}
        if event.wanted is not None:
            said["wanted"] = event.wanted
        return json.dumps(said).encode()
    if event.type == "change":
        return json.dumps({"event": "change", "add": event.add, "leave": event.leave}).encode()
    if event.type in ("close", "error"):
        return json.dumps({"event": event.type, "reason": "x"}).encode()
    if event.type == "gap":
        return json.dumps({"reason": "capture queue full", "count": event.dropped, "frames": event.dropped,
                           "first_wall_ns": event.wall, "last_wall_ns": event.wall}).encode()
    return b""

"""nautilus_trader: its msgspec schemas of Binance frames, its trade ticks, its aggregator of one-minute bars."""

from decimal import Decimal
from importlib.metadata import version

import msgspec
from nautilus_trader.adapters.binance.spot.schemas.market import BinanceSpotTradeMsg
from nautilus_trader.common.component import TestClock
from nautilus_trader.data.aggregation import TimeBarAggregator
from nautilus_trader.model.data import BarSpecification, BarType
from nautilus_trader.model.enums import AggregationSource, BarAggregation, PriceType
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import CurrencyPair
from nautilus_trader.model.objects import Currency, Price, Quantity

from lines import frames, run

MINUTE_NS = 60_000_000_000


class Stream(msgspec.Struct):
    """The envelope alone, as its client decodes it before it knows what is inside."""

    stream: str | None = None


def make_instrument(symbol, trade):
    """Precision as in the frames of the venue: all its prices have as many digits, and so have quantities."""
    price, size = Price.from_str(trade.p), Quantity.from_str(trade.q)
    return CurrencyPair(
        instrument_id=InstrumentId(Symbol(symbol), Venue("BINANCE")),
        raw_symbol=Symbol(symbol),
        base_currency=Currency.from_str("BTC"),
        quote_currency=Currency.from_str("USDT"),
        price_precision=price.precision,
        size_precision=size.precision,
        price_increment=Price(10**-price.precision, price.precision),
        size_increment=Quantity(10**-size.precision, size.precision),
        ts_event=0,
        ts_init=0,
        maker_fee=Decimal(0),
        taker_fee=Decimal(0),
    )


class Bars:
    """One instrument's aggregator with its clock, which is moved on when the next bar is due."""

    def __init__(self, symbol, first):
        instrument = make_instrument(symbol, first)
        spec = BarSpecification(1, BarAggregation.MINUTE, PriceType.LAST)
        self.id = instrument.id
        self.symbol = symbol
        self.done = []
        self.due_ns = first.T * 1_000_000 // MINUTE_NS * MINUTE_NS
        self.clock = TestClock()
        self.clock.set_time(self.due_ns)
        self.aggregator = TimeBarAggregator(
            instrument,
            BarType(instrument.id, spec, AggregationSource.INTERNAL),
            self.done.append,
            self.clock,
            interval_type="right-open",
            build_with_no_updates=False,
        )

    def add(self, trade):
        tick = trade.parse_to_trade_tick(self.id)
        if tick.ts_event >= self.due_ns:
            for event in self.clock.advance_time(tick.ts_event):
                event.handle()
            self.due_ns = tick.ts_event // MINUTE_NS * MINUTE_NS + MINUTE_NS
        self.aggregator.handle_trade_tick(tick)

    def rows(self):
        for bar in self.done:
            yield (
                self.symbol,
                bar.ts_event // 1_000_000,
                *map(str, (bar.open, bar.high, bar.low, bar.close, bar.volume)),
                None,
            )


def peer(venue, path):
    envelope, message = msgspec.json.Decoder(Stream), msgspec.json.Decoder(BinanceSpotTradeMsg)
    bars, count = {}, 0
    for _, frame in frames(path):
        count += 1
        stream = envelope.decode(frame).stream
        if stream is None or not stream.endswith("@trade"):
            continue
        trade = message.decode(frame).data
        of = bars.get(trade.s)
        if of is None:
            of = bars[trade.s] = Bars(trade.s, trade)
        of.add(trade)
    return count, [row for of in bars.values() for row in of.rows()]


run(version("nautilus_trader"), peer)

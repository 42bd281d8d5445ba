"""cryptofeed: its JSON parser and trade handler of Binance, and the values of its OHLCV aggregate.

Its message handler knows `aggTrade` frames only, and its aggregate cuts windows by the clock on the wall, from
whenever it was made. The nearest that it offers offline, as here: `trade` frames are handed to its trade handler, and
a window of the aggregate ends with the minute of the trades. It asks the network for symbols, so they are given.
"""

import asyncio
from decimal import Decimal
from importlib.metadata import version

from cryptofeed.backends.aggregate import OHLCV
from cryptofeed.defines import TRADES
from cryptofeed.exchanges import Binance, BinanceDelivery, BinanceFutures
from cryptofeed.symbols import Symbols
from yapic import json

from lines import frames, run

EXCHANGES = {"binance": Binance, "binance-usdm": BinanceFutures, "binance-coinm": BinanceDelivery}
SYMBOLS = {
    "binance": {"BTC-USDT": "BTCUSDT", "ETH-USDT": "ETHUSDT"},
    "binance-usdm": {"BTC-USDT-PERP": "BTCUSDT"},
    "binance-coinm": {"BTC-USD-PERP": "BTCUSD_PERP"},
}


class MinuteOHLCV(OHLCV):
    def __init__(self):
        super().__init__(None)
        self.done = []
        self.minute = {}

    async def __call__(self, trade, receipt_timestamp):
        symbol, minute = trade.symbol, int(trade.timestamp // 60) * 60000
        if self.minute.setdefault(symbol, minute) != minute:
            self.end(symbol)
            self.minute[symbol] = minute
        self._agg(symbol, trade.amount, trade.price)

    def end(self, symbol):
        self.done.append((symbol, self.minute[symbol], self.data.pop(symbol)))


async def handle(exchange, path):
    count = 0
    trade = exchange._trade
    for receive, frame in frames(path):
        count += 1
        message = json.loads(frame, parse_float=Decimal)
        data = message.get("data")
        if data is not None and data.get("e") == "trade":
            data["a"] = data["t"]
            await trade(data, int(receive) / 1e9)
    return count


def peer(venue, path):
    kind = EXCHANGES[venue]
    Symbols.set(kind.id, SYMBOLS[venue], {})
    bars = MinuteOHLCV()
    exchange = kind(symbols=list(SYMBOLS[venue]), channels=[TRADES], callbacks={TRADES: bars})
    count = asyncio.run(handle(exchange, path))
    for symbol in list(bars.data):
        bars.end(symbol)
    return count, [
        (SYMBOLS[venue][symbol], minute, *(str(bar[key]) for key in ("open", "high", "low", "close", "volume")), None)
        for symbol, minute, bar in bars.done
    ]


run(version("cryptofeed"), peer, "trade frames by way of its aggTrade handler; windows cut by trade time")

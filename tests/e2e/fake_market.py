"""Exchanges to record from: Binance spot and Kraken v2, as far as a recorder sees them.

Each keeps the truth (every trade that was ever made) and is told by the test what reaches the client:

    with Binance({"BTCUSDT": ("BTC", "USDT")}) as venue, venue.pumping(0.01):
        ...
        venue.lose(50)                      # fifty trades that no connection sees
        venue.fail("historicalTrades", Answer(status=429, headers={"Retry-After": "1"}))
        venue.conns[0].reset()

The truth is shared with nothing of ours: tests compare tapes and candles with `venue.trades`.
"""

import contextlib
import json
import threading
import time
import urllib.parse
from dataclasses import dataclass

from fake_venue import Answer, FakeVenue


@dataclass(frozen=True)
class Trade:
    """Everything but its time follows from its id."""

    id: int
    time_ms: int

    @property
    def price(self):
        return f"{100 + self.id % 7}.{self.id % 100:02}"

    @property
    def quantity(self):
        return f"0.{self.id % 1000 + 1:08}"

    @property
    def sold(self):
        """The taker sold: the buyer was the maker."""
        return self.id % 2 == 0


def dumps(value):
    return json.dumps(value, separators=(",", ":")).encode()


def rfc3339(time_ms):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time_ms // 1000)) + f".{time_ms % 1000:03}000Z"


class Exchange(FakeVenue):
    """What both have in common. `pairs`: {the venue's symbol: (base, quote)}.

    Knobs, to be turned at any time:
        refused     symbols whose subscription is refused
        silent      symbols that are accepted and never sent
        deaf        numbers of connections on which nothing is answered and nothing sent
        skew_ms     how far the venue's clock is ahead
        snapshots   Kraken: how many trades a subscription begins with
        greets      Kraken says its status on connecting
    """

    def __init__(self, pairs, first_id=1, **options):
        super().__init__(self._talk, rest=self._rest, **options)
        self.pairs = pairs
        self.trades = {symbol: [] for symbol in pairs}
        self.next_id = dict.fromkeys(pairs, first_id)
        self.refused, self.silent, self.deaf = set(), set(), set()
        self.skew_ms = 0
        self.snapshots = 0
        self.greets = True
        self.on_connect = None  # callable(conn), before anything is answered
        self.messages = 0  # of clients, all connections
        self.pings = 0  # the venue's own kind of ping, as messages
        self._subscribed = {}  # conn -> set of symbols
        self._faults = []  # (part of the target, answer)
        self._secret = set()  # (symbol, id): HTTP does not tell them either
        self._lock = threading.RLock()
        self._pump = None
        self._pump_stop = threading.Event()

    # ---- making trades

    def publish(self, symbol=None, count=1, lost=False, secret=False, twice=False):
        """The next trades of a symbol; `lost`: no connection gets them; `secret`: HTTP knows nothing of them."""
        symbol = symbol or next(iter(self.pairs))
        with self._lock:
            for _ in range(count):
                now_ms = int(time.time() * 1000) + self.skew_ms
                trade = Trade(self.next_id[symbol], max([now_ms, *(t.time_ms for t in self.trades[symbol][-1:])]))
                self.next_id[symbol] += 1
                self.trades[symbol].append(trade)
                if secret:
                    self._secret.add((symbol, trade.id))
                if not lost:
                    for _ in range(1 + twice):
                        self._send_trade(symbol, trade)
                    self._send_top(symbol, trade)

    def lose(self, count, symbol=None, secret=False):
        self.publish(symbol, count, lost=True, secret=secret)

    @contextlib.contextmanager
    def pumping(self, pause=0.01):
        """Trades of every symbol, all the time."""

        def run():
            while not self._pump_stop.wait(pause):
                for symbol in self.pairs:
                    self.publish(symbol)

        self._pump_stop.clear()
        self._pump = threading.Thread(target=run, daemon=True)
        self._pump.start()
        try:
            yield self
        finally:
            self.hold()

    def hold(self):
        """No more trades."""
        self._pump_stop.set()
        if self._pump:
            self._pump.join()

    def _send_trade(self, symbol, trade):
        if symbol in self.silent:
            return
        for conn, symbols in list(self._subscribed.items()):
            if symbol not in symbols or conn.number in self.deaf or conn.closed.is_set():
                continue
            try:
                conn.text(self._trade_frame(symbol, [trade]))
            except OSError:
                pass

    def _send_top(self, symbol, trade):
        """The best prices after it, where somebody wants them."""

    # ---- connections

    def subscribers(self, symbol=None):
        """Open connections that have subscribed to the symbol."""
        symbol = symbol or next(iter(self.pairs))
        with self._lock:
            return [c for c, symbols in self._subscribed.items() if symbol in symbols and not c.closed.is_set()]

    def send_all(self, payload):
        """The same frame to everybody."""
        with self._lock:
            for conn in list(self._subscribed):
                if not conn.closed.is_set():
                    conn.text(payload)

    def _talk(self, conn):
        if self.on_connect:
            self.on_connect(conn)
        if conn.number not in self.deaf:
            self._greet(conn)
        with self._lock:
            self._subscribed[conn] = set()
        while not conn.closed.is_set():
            data = conn.wait_message(3600)
            self.messages += 1
            if conn.number not in self.deaf:
                self._take(conn, json.loads(data))

    # ---- HTTP

    def fail(self, part, *answers):
        """The next requests whose target has this part get these answers."""
        with self._lock:
            self._faults += [(part, answer) for answer in answers]

    def fail_no_more(self):
        with self._lock:
            self._faults.clear()

    def requests_for(self, part):
        return [r for r in self.requests if part in r.target]

    def _rest(self, request):
        with self._lock:
            for fault in self._faults:
                if fault[0] in request.target:
                    self._faults.remove(fault)
                    return fault[1]
            path, _, query = request.target.partition("?")
            return self._ask(path, dict(urllib.parse.parse_qsl(query)))

    def _known(self, symbol):
        return [t for t in self.trades[symbol] if (symbol, t.id) not in self._secret]


class Binance(Exchange):
    """wss://stream.binance.com/stream and https://api.binance.com."""

    def __init__(self, pairs, **options):
        super().__init__(pairs, **options)
        self._tops = set()  # (conn, symbol)

    def _greet(self, conn):
        pass

    def _send_top(self, symbol, trade):
        data = {"u": trade.id, "s": symbol, "b": trade.price, "B": "1.0", "a": trade.price, "A": "2.0"}
        for conn, wanted in list(self._tops):
            if wanted == symbol and not conn.closed.is_set():
                with contextlib.suppress(OSError):
                    conn.text(dumps({"stream": f"{symbol.lower()}@bookTicker", "data": data}))

    def _trade_frame(self, symbol, trades):
        trade = trades[0]
        data = {"e": "trade", "E": trade.time_ms + 1, "s": symbol, "t": trade.id, "p": trade.price}
        data |= {"q": trade.quantity, "T": trade.time_ms, "m": trade.sold, "M": True}
        return dumps({"stream": f"{symbol.lower()}@trade", "data": data})

    def _take(self, conn, message):
        streams = message["params"]
        symbols = {s.partition("@")[0].upper() for s in streams if s.endswith("@trade")}
        tops = {(conn, s.partition("@")[0].upper()) for s in streams if s.endswith("@bookTicker")}
        with self._lock:
            if symbols & self.refused or not symbols <= set(self.pairs):
                refusal = {"code": 2, "msg": "Invalid request: unknown stream"}
                conn.text(dumps({"error": refusal, "id": message["id"]}))
                return
            if message["method"] == "SUBSCRIBE":
                self._subscribed[conn] |= symbols
                self._tops |= tops
            else:
                self._subscribed[conn] -= symbols
                self._tops -= tops
            conn.text(dumps({"result": None, "id": message["id"]}))

    def shut_down(self):
        """Tells all that they will be cut soon."""
        event = {"e": "serverShutdown", "E": int(time.time() * 1000)}
        self.send_all(dumps({"stream": "!serverShutdown", "data": event}))

    def _instrument(self, symbol):
        base, quote = self.pairs[symbol]
        price = {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000.00", "tickSize": "0.01000000"}
        lot = {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000.0", "stepSize": "0.00001000"}
        return {
            **{"symbol": symbol, "status": "TRADING", "baseAsset": base, "baseAssetPrecision": 8},
            **{"quoteAsset": quote, "quotePrecision": 8, "filters": [price, lot]},
        }

    def exchange_info(self):
        head = {"timezone": "UTC", "serverTime": int(time.time() * 1000), "rateLimits": [], "exchangeFilters": []}
        return dumps(head | {"symbols": [self._instrument(s) for s in self.pairs]})

    def _ask(self, path, query):
        if path == "/api/v3/exchangeInfo":
            return Answer(self.exchange_info())
        if path not in ("/api/v3/historicalTrades", "/api/v3/trades"):
            return Answer(b"<html>not found</html>", status=404)
        if query.get("symbol") not in self.pairs:
            return Answer(b'{"code":-1121,"msg":"Invalid symbol."}', status=400)
        limit = int(query.get("limit", 500))
        known = self._known(query["symbol"])
        if "fromId" in query:
            rows = [t for t in known if t.id >= int(query["fromId"])][:limit]
        else:
            rows = known[-limit:]
        return Answer(dumps([self._row(t) for t in rows]))

    @staticmethod
    def _row(trade):
        row = {"id": trade.id, "price": trade.price, "qty": trade.quantity, "quoteQty": "1.0", "time": trade.time_ms}
        return row | {"isBuyerMaker": trade.sold, "isBestMatch": True}


class Kraken(Exchange):
    """wss://ws.kraken.com/v2 and https://api.kraken.com. Symbols are those of v2: "BTC/USD"."""

    def _greet(self, conn):
        if self.greets:
            data = [{"version": "2.0.9", "system": "online", "api_version": "v2", "connection_id": conn.number}]
            conn.text(dumps({"channel": "status", "type": "update", "data": data}))
        threading.Thread(target=self._beat, args=(conn,), daemon=True).start()

    def _beat(self, conn):
        while not conn.closed.wait(1) and conn.number not in self.deaf:
            if self._subscribed.get(conn):
                with contextlib.suppress(OSError):
                    conn.text(b'{"channel":"heartbeat"}')

    @staticmethod
    def _trade_frame(symbol, trades, kind="update"):
        rows = []
        for t in trades:
            side = "sell" if t.sold else "buy"
            rows.append(
                f'{{"symbol":"{symbol}","side":"{side}","price":{t.price},"qty":{t.quantity},"ord_type":"limit",'
                f'"trade_id":{t.id},"timestamp":"{rfc3339(t.time_ms)}"}}'
            )
        return f'{{"channel":"trade","type":"{kind}","data":[{",".join(rows)}]}}'.encode()

    def _take(self, conn, message):
        if message["method"] == "ping":
            self.pings += 1
            conn.text(dumps({"method": "pong", "req_id": message.get("req_id"), "success": True}))
            return
        params = message["params"]
        for symbol in params["symbol"]:
            self._take_symbol(conn, message, symbol)

    def _take_symbol(self, conn, message, symbol):
        answer = {"method": message["method"], "req_id": message.get("req_id")}
        with self._lock:
            if symbol in self.refused or symbol not in self.pairs:
                refusal = {"error": f"Currency pair not supported {symbol}", "success": False, "symbol": symbol}
                conn.text(dumps(answer | refusal))
                return
            result = {"channel": message["params"]["channel"], "symbol": symbol}
            conn.text(dumps(answer | {"result": result, "success": True}))
            if message["method"] == "unsubscribe":
                self._subscribed[conn].discard(symbol)
                return
            past = self.trades[symbol][-self.snapshots :] if self.snapshots else []
            if past:
                conn.text(self._trade_frame(symbol, past, "snapshot"))
            self._subscribed[conn].add(symbol)

    def _ask(self, path, query):
        if path == "/0/public/AssetPairs":
            return Answer(dumps({"error": [], "result": dict(map(self._pair, self.pairs))}))
        if path != "/0/public/Trades":
            return Answer(b'{"error":["EGeneral:Unknown method"]}')
        symbol = next((s for s in self.pairs if self._altname(s) == query.get("pair")), None)
        if not symbol:
            return Answer(b'{"error":["EQuery:Unknown asset pair"]}')
        since = int(query.get("since", 0))
        rows = [t for t in self._known(symbol) if t.time_ms * 1_000_000 >= since][: int(query.get("count", 1000))]
        last = rows[-1].time_ms * 1_000_000 if rows else since
        rows = ",".join(map(self._row, rows))
        return Answer(f'{{"error":[],"result":{{"{self._altname(symbol)}":[{rows}],"last":"{last}"}}}}'.encode())

    @staticmethod
    def _row(t):
        seconds = f"{t.time_ms // 1000}.{t.time_ms % 1000:03}"
        return f'["{t.price}","{t.quantity}",{seconds},"{"s" if t.sold else "b"}","l","",{t.id}]'

    @staticmethod
    def _altname(symbol):
        return symbol.replace("BTC", "XBT").replace("/", "")

    def _pair(self, symbol):
        base, quote = self.pairs[symbol]
        name = self._altname(symbol)
        pair = {"altname": name, "wsname": symbol.replace("BTC", "XBT"), "base": base, "quote": quote}
        return name, pair | {"pair_decimals": 1, "lot_decimals": 8, "tick_size": "0.1", "status": "online"}

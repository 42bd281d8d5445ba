'use strict'
// tardis-dev: JSON.parse of every frame, its trade mapper, its trade bars of one minute. Its parts are called
// directly: the asynchronous generators that it chains them with would only cost it time.
const { normalizeTrades, computeTradeBars } = require('tardis-dev')
const { version } = require('tardis-dev/package.json')
const { run } = require('./lines')

const EXCHANGES = { binance: 'binance', 'binance-usdm': 'binance-futures', 'binance-coinm': 'binance-delivery' }
const MINUTE_MS = 60000
const row = (bar) => [bar.symbol, bar.timestamp.valueOf() - MINUTE_MS, bar.open, bar.high, bar.low, bar.close,
  bar.volume, bar.trades]

run(version, (venue) => {
  const mapper = normalizeTrades(EXCHANGES[venue], new Date(0))
  const newBars = computeTradeBars({ kind: 'time', interval: MINUTE_MS })
  const bars = new Map()
  const done = []
  return {
    frame(text, receiveMs) {
      const message = JSON.parse(text)
      if (!mapper.canHandle(message)) return
      for (const trade of mapper.map(message, new Date(receiveMs))) {
        let of = bars.get(trade.symbol)
        if (of === undefined) bars.set(trade.symbol, (of = newBars()))
        for (const bar of of.compute(trade)) done.push(bar)
      }
    },
    candles: () => done.map(row), // the last one of each symbol is still forming
  }
})

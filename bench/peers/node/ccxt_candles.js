'use strict'
// ccxt: JSON.parse of every frame, its parseWsTrade for trades, its buildOHLCVC over them.
const ccxt = require('ccxt')
const { run } = require('./lines')

const VENUES = { binance: 'binance', 'binance-usdm': 'binanceusdm', 'binance-coinm': 'binancecoinm' }

run(ccxt.version, (venue) => {
  const exchange = new ccxt.pro[VENUES[venue]]()
  const type = venue === 'binance' ? 'spot' : 'contract'
  const trades = new Map()
  return {
    frame(text) {
      const message = JSON.parse(text)
      if (message.stream === undefined || !message.stream.endsWith('@trade')) return
      const id = message.data.s
      let of = trades.get(id)
      if (of === undefined) {
        of = { market: exchange.safeMarket(id, undefined, undefined, type), trades: [] }
        trades.set(id, of)
      }
      of.trades.push(exchange.parseWsTrade(message.data, of.market))
    },
    candles() {
      const rows = []
      for (const [id, of] of trades)
        for (const candle of exchange.buildOHLCVC(of.trades, '1m', 0, of.trades.length)) rows.push([id, ...candle])
      return rows
    },
  }
})

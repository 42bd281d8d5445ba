'use strict'
// What every peer in Node needs: `receive-ns frame` lines of VENUE=PATH arguments, and the answer in JSON.
const fs = require('fs')

const CHUNK_BYTES = 1 << 20

// Calls handle(frame, receiveMs) for every line; returns the number of lines.
function eachFrame(path, handle) {
  const file = fs.openSync(path, 'r')
  const chunk = Buffer.alloc(CHUNK_BYTES)
  let rest = ''
  let frames = 0
  for (let got; (got = fs.readSync(file, chunk, 0, CHUNK_BYTES, null)) > 0; ) {
    const lines = (rest + chunk.latin1Slice(0, got)).split('\n')
    rest = lines.pop()
    for (const line of lines) {
      const space = line.indexOf(' ')
      handle(line.slice(space + 1), Number(line.slice(0, space - 6)))
      frames++
    }
  }
  fs.closeSync(file)
  return frames
}

// peer(venue) gives {frame(text, receiveMs), candles() -> [[symbol, minuteMs, o, h, l, c, volume, count]]}.
function run(version, peer) {
  const begin = process.hrtime.bigint()
  let frames = 0
  const candles = []
  for (const argument of process.argv.slice(2)) {
    const [venue, path] = argument.split('=')
    const one = peer(venue)
    frames += eachFrame(path, (text, receiveMs) => one.frame(text, receiveMs))
    for (const candle of one.candles()) candles.push([venue, ...candle])
  }
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9
  console.log(JSON.stringify({ version, frames, seconds, candles }))
}

module.exports = { run }

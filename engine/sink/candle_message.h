/*
 * candle_message: a candle as the protobuf message rewick.v1.Candle.
 *
 * Everything here is packed as a *field of its response*: one element of a repeated field. Such
 * strings of bytes may be joined to one response message, because that is what protobuf's
 * concatenation means: packed once, a candle goes to any number of clients, in batches of any size,
 * without copying.
 */
#ifndef REWICK_ENGINE_SINK_CANDLE_MESSAGE_H
#define REWICK_ENGINE_SINK_CANDLE_MESSAGE_H

#include "engine/base/buf.h"
#include "engine/candle/candle.h"

#include <grpc/slice.h>

/* Upper bound of one packed candle, which only a composite with CONTRIBUTIONS_MAX members comes
 * near; others take some 500 bytes. */
#define CANDLE_MESSAGE_BYTES_MAX 16384

/* StreamCandlesResponse.updates: the caller owns the slice. `number` 0 means a row of the store. */
grpc_slice candle_message_update(const struct candle *candle, uint64_t number);
enum err candle_message_append_update(struct buf *out, const struct candle *candle,
                                      uint64_t number) ERR_MUST_CHECK;

/* GetCandlesResponse.candles */
enum err candle_message_append_candle(struct buf *out, const struct candle *candle) ERR_MUST_CHECK;

/* ListInstrumentsResponse.instruments */
enum err candle_message_append_instrument(struct buf *out, const char *venue,
                                          const char *instrument,
                                          const char *symbol) ERR_MUST_CHECK;

/* Copies a name for a protobuf string, which has to be UTF-8 or clients refuse the whole message:
 * in text that is not, every byte above 0x7f becomes '?'. Cut to size - 1 bytes. */
void candle_message_name(char *out, size_t size, const char *name);

#endif

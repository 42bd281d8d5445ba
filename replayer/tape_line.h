/*
 * tape_line: one record as one line of text: NDJSON, or its bytes alone.
 *
 * {"seq":7,"type":"received","venue":"binance","connection":1,"wall_ns":1700000000000000000,
 *  "mono_ns":5000000000,"source_ns":null,"binary":false,"data":"{...}"}
 *
 * Data that is not UTF-8 is given as "data_base64" in place of "data". Times are whole nanoseconds.
 */
#ifndef REWICK_REPLAYER_TAPE_LINE_H
#define REWICK_REPLAYER_TAPE_LINE_H

#include "engine/base/buf.h"
#include "engine/tape/record.h"

/* The longest line: all bytes of the data escaped with six characters, and the members before. */
#define TAPE_LINE_MAX (6 * (size_t)RECORD_DATA_MAX + 1024)

/* Both append to `out`, line feed included. */
enum err tape_line_json(struct buf *out, const struct record *record) ERR_MUST_CHECK;
enum err tape_line_raw(struct buf *out, const struct record *record) ERR_MUST_CHECK;

#endif

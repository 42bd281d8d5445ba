/*
 * outputs: the sinks a command was asked for, behind one engine outlet. `rewick record` and `rewick
 * replay` both use it, so that live and replay offer the same.
 */
#ifndef REWICK_ENGINE_SINK_OUTPUTS_H
#define REWICK_ENGINE_SINK_OUTPUTS_H

#include "engine/base/options.h"
#include "engine/engine.h"
#include "engine/sink/sink.h"

struct outputs;

/* Targets of the options; zero means not asked for. */
struct outputs_options {
    const char *format;  /* --format table|csv|ndjson; NULL = table */
    bool quiet;          /* --no-candles: nothing on stdout but the digest */
    bool forming;        /* --forming */
    const char *db;      /* --db FILE */
    const char *grpc;    /* --grpc HOST:PORT */
    bool digest;         /* --digest: "candle digest HEX" as the last line of stdout */
    const char *columns; /* --columns A,B,C of CSV and NDJSON; NULL = all */
    /* Not an option of its own. What of the tape is fed when it is not all of it (venues,
     * instruments, times), as any text: the store counts updates per tape, configuration and scope.
     * NULL = all of it. */
    const char *scope;
};

/* How many entries outputs_option_table() fills. */
#define OUTPUTS_OPTION_COUNT 7
void outputs_option_table(struct outputs_options *options,
                          struct option table[OUTPUTS_OPTION_COUNT]);

/* Prints "rewick: gRPC on 127.0.0.1:PORT" to stderr. On a terminal the table is in colour and shows
 * forming candles at the bottom. With grpc and without db the store is a temporary file that goes
 * away on closing. */
enum err outputs_open(struct outputs **out, const struct outputs_options *options,
                      const struct engine_config *config, const uint8_t tape_id[16]) ERR_MUST_CHECK;

/* For engine_outlet.forming: does anybody need updates of forming candles? Then all of them count,
 * in their order, to the digest and the store. */
bool outputs_want_forming(const struct outputs *outputs);
/* For engine_outlet.tape: the tape's id, 32 hex digits. */
const char *outputs_tape(const struct outputs *outputs);

/* For engine_outlet.candle with the outputs as arg. The first failure of a sink is kept and comes
 * out of the next outputs_commit(). */
void outputs_candle(const struct candle *candle, void *arg);

/* Does any sink take reports of health? */
bool outputs_want_health(const struct outputs *outputs);
/* For engine_outlet.health with the outputs as arg. Failures are kept, as above. */
void outputs_health(const struct health_report *report, void *arg);

/* After each record or so; cheap when nothing is due. ERR_STOP, without a text: whoever read stdout
 * went away, and neither store nor gRPC is there to go on for. */
enum err outputs_commit(struct outputs *outputs, uint64_t seq, bool final) ERR_MUST_CHECK;

/* Candles still forming, to be shown as the last rows of CSV, NDJSON and table (state forming). Not
 * an update: not in the digest, not to the store. */
void outputs_forming(const struct candle *candle, void *arg);

/* Closes all sinks, prints the digest when asked for (not after a failure). Before engine_free():
 * candles hold the engine's strings. Frees in any case; accepts NULL. */
enum err outputs_close(struct outputs *outputs) ERR_MUST_CHECK;

#endif

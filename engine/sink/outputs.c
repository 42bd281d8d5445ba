#include "engine/sink/outputs.h"

#include "engine/base/log.h"
#include "engine/candle/candle_digest.h"
#include "engine/sink/sink_grpc.h"
#include "engine/sink/sink_sqlite.h"
#include "engine/sink/sink_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SINKS_MAX   3
#define TAPE_ID_MAX 33 /* hex digits and NUL */

struct outputs {
    struct candle_digest *digest;
    bool print_digest;
    bool want_forming;
    char tape[TAPE_ID_MAX];
    uint64_t update;
    /* In the order of opening: the store, who reads it, the text last. Closed the other way round.
     */
    size_t sink_count;
    struct sink *sinks[SINKS_MAX];
    struct sink *text; /* one of them, or NULL */
    char *temporary;   /* folder of a store that is not to stay */
    char *store;
    enum err failed;
    char failure[ERR_TEXT_MAX];
};

void outputs_option_table(struct outputs_options *options,
                          struct option table[OUTPUTS_OPTION_COUNT])
{
    const struct option entries[OUTPUTS_OPTION_COUNT] = {
        {"format", "FORMAT", "candles on stdout as table, csv or ndjson (default table)",
         OPTION_STRING, &options->format, 0, 0},
        {"no-candles", NULL, "no candles on stdout", OPTION_FLAG, &options->quiet, 0, 0},
        {"forming", NULL, "every change of a forming candle too (table: one a second and series)",
         OPTION_FLAG, &options->forming, 0, 0},
        {"db", "FILE", "keep candles in this SQLite file, made when missing (default none)",
         OPTION_STRING, &options->db, 0, 0},
        {"grpc", "HOST:PORT",
         "serve candles by gRPC on this loopback address, port 0 = a free one "
         "(default off)",
         OPTION_STRING, &options->grpc, 0, 0},
        {"digest", NULL, "print 'candle digest HEX' last, a hash over all candle updates",
         OPTION_FLAG, &options->digest, 0, 0},
        {"columns", "NAMES", "only these columns of csv or ndjson, a comma list (default all)",
         OPTION_STRING, &options->columns, 0, 0},
    };
    memcpy(table, entries, sizeof entries);
}

/* ---- opening --------------------------------------------------------------------------------- */

static enum err make_temporary(struct outputs *outputs)
{
    const char *parent = getenv("TMPDIR");
    if (asprintf(&outputs->temporary, "%s/rewick-XXXXXX", parent && parent[0] ? parent : "/tmp") <
        0) {
        outputs->temporary = NULL;
        return err_fail(ERR_NOMEM, "out of memory for a temporary store");
    }
    if (!mkdtemp(outputs->temporary)) {
        enum err err = err_errno("cannot make the temporary store '%s'; give a file with --db",
                                 outputs->temporary);
        free(outputs->temporary);
        outputs->temporary = NULL;
        return err;
    }
    return ERR_OK;
}

static enum err choose_store(struct outputs *outputs, const struct outputs_options *options)
{
    int length;
    if (options->db) {
        length = asprintf(&outputs->store, "%s", options->db);
    } else {
        enum err err = make_temporary(outputs);
        if (err != ERR_OK)
            return err;
        length = asprintf(&outputs->store, "%s/candles.db", outputs->temporary);
    }
    if (length >= 0)
        return ERR_OK;
    outputs->store = NULL;
    return err_fail(ERR_NOMEM, "out of memory for the store's name");
}

static enum err open_store(struct outputs *outputs, const struct outputs_options *options,
                           const struct engine_config *config, const uint8_t tape_id[16])
{
    enum err err = choose_store(outputs, options);
    if (err == ERR_OK)
        err = sink_sqlite_open_with(&outputs->sinks[outputs->sink_count], outputs->store, tape_id,
                                    config, &(struct sink_sqlite_options){.scope = options->scope});
    if (err == ERR_OK)
        outputs->sink_count++;
    return err;
}

static enum err open_grpc(struct outputs *outputs, const char *address)
{
    int port;
    enum err err =
        sink_grpc_open(&outputs->sinks[outputs->sink_count], address, outputs->store, &port);
    if (err != ERR_OK)
        return err;
    outputs->sink_count++;
    const char *colon = strrchr(address, ':');
    log_info("gRPC on %.*s:%d", colon ? (int)(colon - address) : (int)strlen(address), address,
             port);
    return ERR_OK;
}

static enum err open_text(struct outputs *outputs, const struct sink_text_options *text)
{
    enum err err = sink_text_open(&outputs->text, stdout, text);
    if (err == ERR_OK)
        outputs->sinks[outputs->sink_count++] = outputs->text;
    return err;
}

/* What is wrong with the command line shows before anything is opened. */
static enum err read_text_options(struct sink_text_options *out,
                                  const struct outputs_options *options)
{
    *out = (struct sink_text_options){
        .format = TEXT_TABLE, .forming = options->forming, .terminal = text_is_terminal(stdout)};
    enum err err = options->format ? text_format_parse(&out->format, options->format) : ERR_OK;
    if (err == ERR_OK && options->columns)
        err = text_columns_parse(&out->columns, options->columns, out->format);
    return err;
}

/* The block below a table on a terminal shows them whether they are asked for or not. */
static bool needs_forming(const struct outputs_options *options,
                          const struct sink_text_options *text)
{
    bool block = !options->quiet && text->terminal && text->format == TEXT_TABLE;
    return options->digest || options->forming || options->db || options->grpc || block;
}

static enum err open_all(struct outputs *outputs, const struct outputs_options *options,
                         const struct engine_config *config, const uint8_t tape_id[16])
{
    struct sink_text_options text;
    enum err err = read_text_options(&text, options);
    if (err == ERR_OK)
        err = options->digest ? candle_digest_new(&outputs->digest) : ERR_OK;
    if (err == ERR_OK && (options->db || options->grpc))
        err = open_store(outputs, options, config, tape_id);
    if (err == ERR_OK && options->grpc)
        err = open_grpc(outputs, options->grpc);
    if (err == ERR_OK && !options->quiet)
        err = open_text(outputs, &text);
    outputs->want_forming = needs_forming(options, &text);
    for (size_t i = 0; i < 16; i++)
        snprintf(outputs->tape + 2 * i, 3, "%02x", tape_id[i]);
    return err;
}

/* ---- closing --------------------------------------------------------------------------------- */

static void fail(struct outputs *outputs, enum err err)
{
    if (outputs->failed != ERR_OK)
        return;
    outputs->failed = err;
    snprintf(outputs->failure, sizeof outputs->failure, "%s", err_text(err));
}

static enum err failure(const struct outputs *outputs)
{
    if (outputs->failed == ERR_OK || outputs->failed == ERR_STOP)
        return outputs->failed;
    return err_fail(outputs->failed, "%s", outputs->failure);
}

static void remove_temporary(const struct outputs *outputs)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-lock"};
    if (!outputs->temporary)
        return;
    for (size_t i = 0; outputs->store && i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char *path = NULL;
        if (asprintf(&path, "%s%s", outputs->store, suffixes[i]) >= 0) {
            unlink(path);
            free(path);
        }
    }
    rmdir(outputs->temporary);
}

static void print_digest(struct outputs *outputs)
{
    char text[CANDLE_DIGEST_TEXT_MAX];
    enum err err = candle_digest_text(outputs->digest, text);
    if (err != ERR_OK) {
        fail(outputs, err);
        return;
    }
    if (printf("candle digest %s\n", text) >= 0 && fflush(stdout) == 0)
        return;
    fail(outputs, errno == EPIPE ? ERR_STOP : err_errno("cannot write to stdout"));
}

static void release(struct outputs *outputs)
{
    while (outputs->sink_count > 0) {
        struct sink *sink = outputs->sinks[--outputs->sink_count];
        enum err err = sink->close(sink);
        if (err != ERR_OK)
            fail(outputs, err);
    }
    remove_temporary(outputs);
    free(outputs->temporary);
    free(outputs->store);
}

enum err outputs_close(struct outputs *outputs)
{
    if (!outputs)
        return ERR_OK;
    release(outputs);
    if (outputs->print_digest && outputs->failed == ERR_OK)
        print_digest(outputs);
    enum err err = failure(outputs);
    candle_digest_free(outputs->digest);
    free(outputs);
    return err;
}

/* ---- candles --------------------------------------------------------------------------------- */

enum err outputs_open(struct outputs **out, const struct outputs_options *options,
                      const struct engine_config *config, const uint8_t tape_id[16])
{
    *out = NULL;
    struct outputs *outputs = calloc(1, sizeof *outputs);
    if (!outputs)
        return err_fail(ERR_NOMEM, "out of memory for the outputs");
    enum err err = open_all(outputs, options, config, tape_id);
    if (err != ERR_OK) {
        fail(outputs, err);
        return outputs_close(outputs);
    }
    outputs->print_digest = options->digest;
    *out = outputs;
    return ERR_OK;
}

/* A reader of stdout that went away ends the run, unless a store or clients still want the candles.
 */
static void stop_text(struct outputs *outputs)
{
    if (outputs->sink_count == 1) {
        fail(outputs, ERR_STOP);
        return;
    }
    (void)outputs->text->close(outputs->text);
    outputs->text = NULL;
    outputs->sink_count--;
}

static void judge(struct outputs *outputs, const struct sink *sink, enum err err)
{
    if (err == ERR_STOP && sink == outputs->text)
        stop_text(outputs);
    else if (err != ERR_OK)
        fail(outputs, err);
}

bool outputs_want_forming(const struct outputs *outputs)
{
    return outputs->want_forming;
}

const char *outputs_tape(const struct outputs *outputs)
{
    return outputs->tape;
}

void outputs_candle(const struct candle *candle, void *arg)
{
    struct outputs *outputs = arg;
    if (outputs->failed != ERR_OK)
        return;
    outputs->update = candle->update;
    enum err err = outputs->digest ? candle_digest_add(outputs->digest, candle) : ERR_OK;
    if (err != ERR_OK)
        fail(outputs, err);
    for (size_t i = 0; i < outputs->sink_count && outputs->failed == ERR_OK; i++) {
        struct sink *sink = outputs->sinks[i];
        judge(outputs, sink, sink->put(sink, candle));
    }
}

bool outputs_want_health(const struct outputs *outputs)
{
    for (size_t i = 0; i < outputs->sink_count; i++)
        if (outputs->sinks[i]->health)
            return true;
    return false;
}

void outputs_health(const struct health_report *report, void *arg)
{
    struct outputs *outputs = arg;
    for (size_t i = 0; i < outputs->sink_count && outputs->failed == ERR_OK; i++) {
        struct sink *sink = outputs->sinks[i];
        if (sink->health)
            judge(outputs, sink, sink->health(sink, report));
    }
}

enum err outputs_commit(struct outputs *outputs, uint64_t seq, bool final)
{
    for (size_t i = 0; i < outputs->sink_count && outputs->failed == ERR_OK; i++) {
        struct sink *sink = outputs->sinks[i];
        judge(outputs, sink, sink->commit(sink, seq, outputs->update, final));
    }
    return failure(outputs);
}

void outputs_forming(const struct candle *candle, void *arg)
{
    struct outputs *outputs = arg;
    if (!outputs->text || outputs->failed != ERR_OK)
        return;
    struct candle row = *candle;
    row.update = 0;
    judge(outputs, outputs->text, outputs->text->put(outputs->text, &row));
}

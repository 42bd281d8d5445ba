#include "replayer/kline_source.h"

#include "engine/engine_answer.h"

#include <stdlib.h>
#include <string.h>

#define VENUES_MAX 64

/* What is remembered of a venue. */
struct venue_memory {
    const struct venue *venue;
    struct venue_frame frame;    /* of a routed venue */
    struct instrument_list list; /* names for its answers */
};

struct kline_source {
    size_t count;
    struct venue_memory *last; /* looked up last */
    struct venue_memory venues[VENUES_MAX];
    struct venue_kline klines[VENUE_KLINES_MAX];
};

enum err kline_source_new(struct kline_source **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? ERR_OK : err_fail(ERR_NOMEM, "out of memory");
}

void kline_source_free(struct kline_source *source)
{
    if (!source)
        return;
    for (size_t i = 0; i < source->count; i++) {
        venue_frame_release(&source->venues[i].frame);
        instrument_list_release(&source->venues[i].list);
    }
    free(source);
}

/* NULL: an unknown one. */
static struct venue_memory *memory_of(struct kline_source *source, const char *name)
{
    if (source->last && strcmp(source->last->venue->name, name) == 0)
        return source->last;
    for (size_t i = 0; i < source->count; i++)
        if (strcmp(source->venues[i].venue->name, name) == 0)
            return source->last = &source->venues[i];
    const struct venue *venue = venue_find(name);
    if (!venue || source->count == VENUES_MAX)
        return NULL;
    struct venue_memory *memory = &source->venues[source->count++];
    memory->venue = venue;
    venue_frame_init(&memory->frame);
    instrument_list_init(&memory->list);
    return source->last = memory;
}

static enum err read_frame(struct kline_source *source, struct venue_memory *memory,
                           const struct record *record, size_t *out_count)
{
    const struct venue *venue = memory->venue;
    enum err err = ERR_OK;
    if (!venue->klines)
        return ERR_OK;
    if (venue->routed) {
        memory->frame.connection = record->connection;
        err = venue->decode(record->data, record->size, &memory->frame);
    }
    if (err == ERR_OK)
        *out_count = venue->klines(venue->routed ? &memory->frame : NULL, record->data,
                                   record->size, source->klines, VENUE_KLINES_MAX);
    return err;
}

/* A list that cannot be read names nothing; the engine says so. */
static enum err read_answer(struct kline_source *source, struct venue_memory *memory,
                            const struct record *record, size_t *out_count)
{
    const struct venue *venue = memory->venue;
    struct engine_answer answer;
    enum err err = ERR_OK;
    if (!venue->klines_http)
        return ERR_OK;
    if (engine_answer_read(&answer, record) && answer.status == 200) {
        if (engine_answer_is_list(&answer, venue))
            err = venue->rest->decode_list(answer.url, answer.body, answer.size, &memory->list);
        else
            *out_count = venue->klines_http(answer.url, answer.body, answer.size, &memory->list,
                                            source->klines, VENUE_KLINES_MAX);
    }
    engine_answer_release(&answer);
    return err == ERR_NOMEM ? err : ERR_OK;
}

enum err kline_source_take(struct kline_source *source, const struct record *record,
                           kline_source_fn *each, void *arg)
{
    size_t count = 0;
    enum err err = ERR_OK;
    if (record->type != RECORD_RECEIVED && record->type != RECORD_HTTP)
        return ERR_OK;
    struct venue_memory *memory = memory_of(source, record->venue);
    if (!memory)
        return ERR_OK;
    err = record->type == RECORD_HTTP ? read_answer(source, memory, record, &count)
                                      : read_frame(source, memory, record, &count);
    int64_t said_ns = record->type == RECORD_HTTP ? RECORD_NO_TIME : record->source_ns;
    for (size_t i = 0; i < count && err == ERR_OK; i++)
        err = each(memory->venue, &source->klines[i], said_ns, arg);
    return err;
}

#include "engine/decoded.h"

#include "engine/receive_clock.h"
#include "engine/venue/venue.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct decoder {
    const struct venue *venue; /* of the last received frame */
    const char *name;          /* the record's own pointer to its name */
    struct venue_frame frame;
};

enum err decoder_new(struct decoder **out)
{
    struct decoder *decoder = calloc(1, sizeof *decoder);
    if (decoder == NULL)
        return err_fail(ERR_NOMEM, "out of memory for a decoder");
    venue_frame_init(&decoder->frame);
    *out = decoder;
    return ERR_OK;
}

void decoder_free(struct decoder *decoder)
{
    if (decoder == NULL)
        return;
    venue_frame_release(&decoder->frame);
    free(decoder);
}

void decoded_release(struct decoded *decoded)
{
    free(decoded->codes);
    free(decoded->passes);
    free(decoded->frames);
    free(decoded->trades);
    *decoded = (struct decoded){0};
}

/* `array` with room for `count` items of `size` bytes; NULL when there is no memory. */
static void *grown(void *array, size_t *capacity, size_t count, size_t size)
{
    if (count <= *capacity)
        return array;
    size_t wanted = count + count / 2;
    void *larger = realloc(array, wanted * size);
    if (larger != NULL)
        *capacity = wanted;
    return larger;
}

static enum err no_memory(void)
{
    return err_fail(ERR_NOMEM, "out of memory for decoded frames");
}

/* Room for so many records. */
static enum err make_room(struct decoded *out, size_t count)
{
    uint32_t *codes = grown(out->codes, &out->code_capacity, count, sizeof *codes);
    if (codes == NULL)
        return count > 0 ? no_memory() : ERR_OK;
    out->codes = codes;
    struct decoded_pass *passes = grown(out->passes, &out->pass_capacity, count, sizeof *passes);
    if (passes == NULL)
        return no_memory();
    out->passes = passes;
    struct decoded_frame *frames = grown(out->frames, &out->frame_capacity, count, sizeof *frames);
    if (frames == NULL)
        return no_memory();
    out->frames = frames;
    return ERR_OK;
}

static enum err make_room_for_trades(struct decoded *out, size_t count)
{
    struct trade *trades = grown(out->trades, &out->trade_capacity, count, sizeof *trades);
    if (trades == NULL)
        return no_memory();
    out->trades = trades;
    return ERR_OK;
}

/* The decoded's own copy of the name; NULL when there are too many. */
static const char *keep_channel(struct decoded *out, const char *channel)
{
    for (size_t i = 0; i < out->channel_count; i++)
        if (strcmp(out->channels[i], channel) == 0)
            return out->channels[i];
    if (out->channel_count == DECODED_CHANNELS_MAX)
        return NULL;
    char *kept = out->channels[out->channel_count++];
    memcpy(kept, channel, strlen(channel) + 1);
    return kept;
}

static enum err keep_trades(struct decoded *out, const struct venue_frame *frame, uint32_t *code)
{
    const char *channel = keep_channel(out, frame->channel);
    if (channel == NULL || frame->trade_count > DECODED_TRADES_MAX - out->trade_count)
        return ERR_OK;
    size_t count = out->trade_count + frame->trade_count;
    enum err err = make_room_for_trades(out, count);
    if (err != ERR_OK)
        return err;
    memcpy(out->trades + out->trade_count, frame->trades, frame->trade_count * sizeof *out->trades);
    *code = (uint32_t)(DECODED_TRADES + out->frame_count);
    out->frames[out->frame_count++] =
        (struct decoded_frame){channel, out->trade_count, frame->trade_count};
    out->trade_count = count;
    return ERR_OK;
}

static const struct venue *venue_of(struct decoder *decoder, const struct record *record)
{
    if (record->venue == decoder->name)
        return decoder->venue;
    if (decoder->venue == NULL || strcmp(decoder->venue->name, record->venue) != 0)
        decoder->venue = venue_find(record->venue);
    decoder->name = record->venue;
    return decoder->venue;
}

static enum err decode(struct decoded *out, struct decoder *decoder, const struct record *record,
                       uint32_t *code)
{
    const struct venue *venue = venue_of(decoder, record);
    struct venue_frame *frame = &decoder->frame;
    if (venue == NULL || venue->routed)
        return ERR_OK;
    frame->connection = record->connection;
    enum err err = venue->decode(record->data, record->size, frame);
    if (err != ERR_OK)
        return err;
    if (frame->kind == VENUE_DATA)
        *code = DECODED_MARKET;
    return frame->kind == VENUE_TRADES ? keep_trades(out, frame, code) : ERR_OK;
}

static void begin_pass(struct decoded *out, const struct record *record, uint32_t *code)
{
    *code = DECODED_PASS | (uint32_t)out->pass_count;
    out->passes[out->pass_count++] = (struct decoded_pass){
        .count = 1,
        .first_wall_ns = record->wall_ns,
        .first_mono_ns = record->mono_ns,
        .last_wall_ns = record->wall_ns,
        .last_mono_ns = record->mono_ns,
        .mono_max_ns = record->mono_ns,
    };
}

static void extend_pass(struct decoded_pass *pass, const struct record *record)
{
    struct receive_clock clock = {true, pass->mono_max_ns, pass->last_wall_ns, pass->last_mono_ns};
    pass->steps += receive_is_step(&clock, record->wall_ns, record->mono_ns);
    receive_clock_set(&clock, record->wall_ns, record->mono_ns);
    pass->mono_max_ns = clock.mono_ns;
    pass->last_wall_ns = clock.wall_ns;
    pass->last_mono_ns = clock.last_mono_ns;
    pass->count++;
}

/* Market data from record `i` on, all of one venue and connection, that is known to be so. Returns
 * where it ends. */
static size_t extend_unread(struct decoded *out, const struct record *records, size_t i,
                            size_t count, const struct record *last)
{
    struct decoded_pass *pass = &out->passes[out->pass_count - 1];
    for (; i < count && records[i].unread && records[i].type == RECORD_RECEIVED &&
           records[i].connection == last->connection && records[i].venue == last->venue;
         i++) {
        out->codes[i] = DECODED_MARKET;
        extend_pass(pass, &records[i]);
    }
    return i;
}

enum err decoded_fill(struct decoded *out, struct decoder *decoder, const struct record *records,
                      size_t count)
{
    enum err err = make_room(out, count);
    const struct record *last = NULL; /* of the open pass */
    out->pass_count = out->frame_count = out->trade_count = out->channel_count = 0;
    decoder->name = NULL; /* another stretch has other pointers */
    for (size_t i = 0; i < count && err == ERR_OK;) {
        const struct record *record = &records[i];
        uint32_t *code = &out->codes[i++];
        bool received = record->type == RECORD_RECEIVED;
        *code = received && record->unread ? DECODED_MARKET : DECODED_NOT;
        if (received && !record->unread)
            err = decode(out, decoder, record, code);
        if (*code != DECODED_MARKET) {
            last = NULL;
            continue;
        }
        if (last != NULL && record->connection == last->connection && record->venue == last->venue)
            extend_pass(&out->passes[out->pass_count - 1], record);
        else
            begin_pass(out, record, code);
        last = record;
        if (record->unread)
            i = extend_unread(out, records, i, count, last);
    }
    return err;
}

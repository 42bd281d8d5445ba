#include "engine/decoded.h"

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

static enum err make_room(struct decoded *out, size_t codes, size_t frames, size_t trades)
{
    uint32_t *code = grown(out->codes, &out->code_capacity, codes, sizeof *code);
    if (code != NULL)
        out->codes = code;
    struct decoded_frame *frame = grown(out->frames, &out->frame_capacity, frames, sizeof *frame);
    if (frame != NULL)
        out->frames = frame;
    struct trade *trade = grown(out->trades, &out->trade_capacity, trades, sizeof *trade);
    if (trade != NULL)
        out->trades = trade;
    bool fits = (codes == 0 || code != NULL) && (frames == 0 || frame != NULL) &&
                (trades == 0 || trade != NULL);
    return fits ? ERR_OK : err_fail(ERR_NOMEM, "out of memory for decoded frames");
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
    enum err err = make_room(out, 0, out->frame_count + 1, count);
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

enum err decoded_fill(struct decoded *out, struct decoder *decoder, const struct record *records,
                      size_t count)
{
    enum err err = make_room(out, count, 0, 0);
    out->frame_count = out->trade_count = out->channel_count = 0;
    decoder->name = NULL; /* another stretch has other pointers */
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        bool received = records[i].type == RECORD_RECEIVED, unread = records[i].unread;
        out->codes[i] = received && unread ? DECODED_MARKET : DECODED_NOT;
        if (received && !unread)
            err = decode(out, decoder, &records[i], &out->codes[i]);
    }
    return err;
}

#include "engine/decoded.h"

#include "engine/lane_trades.h"
#include "engine/receive_clock.h"
#include "engine/venue/venue.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct decoder {
    const struct venue *venue; /* of the last received frame */
    const char *name;          /* the record's own pointer to its name */
    struct venue_frame frame;
    struct lane_trades *lanes;
};

enum err decoder_new(struct decoder **out)
{
    struct decoder *decoder = calloc(1, sizeof *decoder);
    if (decoder == NULL)
        return err_fail(ERR_NOMEM, "out of memory for a decoder");
    venue_frame_init(&decoder->frame);
    enum err err = lane_trades_new(&decoder->lanes);
    if (err != ERR_OK) {
        decoder_free(decoder);
        return err;
    }
    *out = decoder;
    return ERR_OK;
}

void decoder_free(struct decoder *decoder)
{
    if (decoder == NULL)
        return;
    venue_frame_release(&decoder->frame);
    lane_trades_free(decoder->lanes);
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

static enum err make_room_for_frames(struct decoded *out, size_t count)
{
    struct decoded_frame *frames = grown(out->frames, &out->frame_capacity, count, sizeof *frames);
    if (frames == NULL)
        return count > 0 ? no_memory() : ERR_OK;
    out->frames = frames;
    return ERR_OK;
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
    return make_room_for_frames(out, out->frame_count + count);
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

/* ---- rows ------------------------------------------------------------------------------------ */

void decoded_clear(struct decoded *decoded)
{
    decoded->pass_count = decoded->frame_count = decoded->trade_count = 0;
    decoded->channel_count = 0;
}

/* A row that no form is for. */
static bool take_text(struct decoded *out, struct lane_trades *lanes, const struct lane_row *row)
{
    const struct venue_frame *frame;
    uint32_t code = DECODED_NOT;
    return lane_trades_decode(lanes, row, &frame) == ERR_OK && frame->kind == VENUE_TRADES &&
           keep_trades(out, frame, &code) == ERR_OK && code != DECODED_NOT;
}

/* The last form's channel: seldom another. */
struct kept {
    const struct lane_form_of_trades *form;
    const char *channel;
};

static bool take_row(struct decoded *out, struct lane_trades *lanes, const struct lane_row *row,
                     struct kept *kept)
{
    const struct lane_form_of_trades *form = lane_trades_form(lanes, row);
    if (form == NULL || !lane_form_make(form, row, &out->trades[out->trade_count]))
        return take_text(out, lanes, row);
    if (form != kept->form)
        *kept = (struct kept){form, keep_channel(out, lane_form_channel(form))};
    if (kept->channel == NULL)
        return false;
    out->frames[out->frame_count++] = (struct decoded_frame){kept->channel, out->trade_count++, 1};
    return true;
}

static bool take_rows(struct decoded *out, struct lane_trades *lanes, struct lane_unpacker *rows,
                      size_t count)
{
    struct kept kept = {0};
    struct lane_row row;
    bool fine = true;
    for (size_t i = 0; i < count && fine; i++) {
        lane_rows_next(rows, &row);
        fine = out->trade_count < DECODED_TRADES_MAX &&
               make_room_for_trades(out, out->trade_count + count - i) == ERR_OK &&
               take_row(out, lanes, &row, &kept);
    }
    return fine;
}

uint32_t decoded_take_rows(struct decoded *out, struct decoder *decoder,
                           const struct tape_lane *lane, struct lane_unpacker *rows, size_t count)
{
    const struct venue *venue = venue_find(lane->venue);
    const size_t frames = out->frame_count, trades = out->trade_count;
    if (venue == NULL || venue->routed || lane->type != RECORD_RECEIVED ||
        make_room_for_frames(out, frames + count) != ERR_OK || !lane_rows_begin(rows))
        return 0;
    lane_trades_begin(decoder->lanes, venue, rows);
    if (take_rows(out, decoder->lanes, rows, count))
        return (uint32_t)frames + 1;
    out->frame_count = frames;
    out->trade_count = trades;
    return 0;
}

/* ---- records --------------------------------------------------------------------------------- */

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

/* Market data, as trades are not left unread without a row. */
static inline bool is_unread(const struct record *record)
{
    return record->unread && record->row == 0;
}

/* Market data from record `i` on, all of one venue and connection, that is known to be so. Returns
 * where it ends. */
static size_t extend_unread(struct decoded *out, const struct record *records, size_t i,
                            size_t count, const struct record *last)
{
    struct decoded_pass *pass = &out->passes[out->pass_count - 1];
    for (; i < count && is_unread(&records[i]) && records[i].type == RECORD_RECEIVED &&
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
    decoder->name = NULL;             /* another stretch has other pointers */
    for (size_t i = 0; i < count && err == ERR_OK;) {
        const struct record *record = &records[i];
        uint32_t *code = &out->codes[i++];
        bool received = record->type == RECORD_RECEIVED;
        *code = !received         ? DECODED_NOT
                : record->row > 0 ? DECODED_TRADES + record->row - 1
                : record->unread  ? DECODED_MARKET
                                  : DECODED_NOT;
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
        if (is_unread(record))
            i = extend_unread(out, records, i, count, last);
    }
    return err;
}

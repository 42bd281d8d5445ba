/* venue_sample: what the tests of the venues share. */
#ifndef REWICK_TESTS_UNIT_VENUE_SAMPLE_H
#define REWICK_TESTS_UNIT_VENUE_SAMPLE_H

#include "engine/tape/record.h"
#include "engine/venue/venue.h"
#include "tests/unit/unit.h"

/* Decodes a frame from memory that ends where the frame ends. Release it. */
static inline struct venue_frame sample_decode(const char *venue, const char *text)
{
    struct venue_frame frame;
    size_t size = strlen(text);
    uint8_t *exact = malloc(size + 1);
    memcpy(exact, text, size);
    venue_frame_init(&frame);
    assert_ok(venue_find(venue)->decode(exact, size, &frame));
    free(exact);
    return frame;
}

static inline struct venue_frame sample_http(const char *venue, const char *url, const char *text)
{
    struct venue_frame frame;
    venue_frame_init(&frame);
    assert_ok(
        venue_find(venue)->decode_http(url, (const uint8_t *)text, strlen(text), NULL, &frame));
    return frame;
}

struct sample_trade {
    const char *symbol, *price, *quantity;
    uint64_t id;
    int64_t source_ns;
    enum trade_taker taker;
    uint32_t flags;
};

static inline void assert_sample(const struct trade *trade, const struct sample_trade *expected)
{
    char text[DECIMAL_TEXT_MAX];
    assert_string_equal(trade->symbol, expected->symbol);
    decimal_format(text, trade->price);
    assert_string_equal(text, expected->price);
    decimal_format(text, trade->quantity);
    assert_string_equal(text, expected->quantity);
    assert_true(trade->id == expected->id);
    assert_int_equal(trade->source_ns, expected->source_ns);
    assert_int_equal(trade->taker, expected->taker);
    assert_int_equal(trade->flags, expected->flags);
}

/* The frame is of that kind, channel and symbol. */
static inline void assert_kind(const char *venue, const char *text, enum venue_frame_kind kind,
                               const char *channel, const char *symbol)
{
    struct venue_frame frame = sample_decode(venue, text);
    if (frame.kind != kind || strcmp(frame.channel, channel) != 0 ||
        strcmp(frame.symbol, symbol) != 0) {
        fail_msg("%s: kind %d, channel '%s', symbol '%s', error '%s': %s", venue, frame.kind,
                 frame.channel, frame.symbol, frame.error, text);
    }
    venue_frame_release(&frame);
}

/* Market data whose head says all, with damage where decode() does not look. */
static inline void assert_head(const char *venue, const char *text, const char *channel,
                               const char *symbol, int64_t source_ns)
{
    struct venue_frame frame = sample_decode(venue, text);
    if (frame.kind != VENUE_DATA || strcmp(frame.channel, channel) != 0 ||
        strcmp(frame.symbol, symbol) != 0 || frame.source_ns != source_ns) {
        fail_msg("%s: kind %d, channel '%s', symbol '%s', error '%s': %s", venue, frame.kind,
                 frame.channel, frame.symbol, frame.error, text);
    }
    assert_ok(venue_find(venue)->decode_general((const uint8_t *)text, strlen(text), &frame));
    assert_int_equal(frame.kind, VENUE_MALFORMED);
    venue_frame_release(&frame);
}

/* The frame is malformed, and the reason holds `reason`. */
static inline void assert_malformed(const char *venue, const char *text, const char *reason)
{
    struct venue_frame frame = sample_decode(venue, text);
    if (frame.kind != VENUE_MALFORMED || !strstr(frame.error, reason)) {
        fail_msg("%s: kind %d, error '%s': %s", venue, frame.kind, frame.error, text);
    }
    assert_int_equal(frame.trade_count, 0);
    assert_int_equal(frame.source_ns, RECORD_NO_TIME);
    venue_frame_release(&frame);
}

/* The answer refuses with this text. */
static inline void assert_refusal(const char *venue, const char *text, const char *reason)
{
    struct venue_frame frame = sample_decode(venue, text);
    assert_int_equal(frame.kind, VENUE_ACK);
    assert_string_equal(frame.error, reason);
    venue_frame_release(&frame);
}

/* ---- names ----------------------------------------------------------------------------------- */

static inline void assert_instrument(const char *venue, const char *symbol, const char *instrument)
{
    struct instrument out;
    char name[INSTRUMENT_MAX];
    venue_find(venue)->describe(symbol, &out);
    assert_string_equal(out.name, instrument);
    assert_string_equal(out.symbol, symbol);
    instrument_name(&out, name);
    assert_string_equal(name, instrument);
}

static inline void assert_symbol(const char *venue, const char *instrument, const char *symbol)
{
    char out[SYMBOL_MAX];
    assert_ok(venue_find(venue)->symbol(instrument, out));
    assert_string_equal(out, symbol);
}

/* Both ways. */
static inline void assert_names(const char *venue, const char *instrument, const char *symbol)
{
    assert_instrument(venue, symbol, instrument);
    assert_symbol(venue, instrument, symbol);
}

/* ---- recording ------------------------------------------------------------------------------- */

/* Message `index` of a change is that text; NULL: there is none. */
static inline void assert_change(const char *venue, const struct venue_change *change, size_t index,
                                 const char *expected)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    enum err err = venue_find(venue)->recording->subscribe(change, index, &out);
    if (!expected) {
        assert_int_equal(err, ERR_END);
    } else {
        assert_ok(err);
        assert_ok(buf_terminate(&out));
        assert_string_equal((const char *)out.data, expected);
    }
    buf_release(&out);
}

/* Of subscribing to one symbol; ids begin at 1. */
static inline void assert_subscribe(const char *venue, const char *channel, const char *symbol,
                                    size_t index, const char *expected)
{
    const struct venue_change change = {
        .channel = channel, .symbols = &symbol, .count = 1, .first_id = 1};
    assert_change(venue, &change, index, expected);
}

static inline void assert_unsubscribe(const char *venue, const char *channel, const char *symbol,
                                      size_t index, const char *expected)
{
    const struct venue_change change = {
        .leave = true, .channel = channel, .symbols = &symbol, .count = 1, .first_id = 9};
    assert_change(venue, &change, index, expected);
}

/* ---- playing --------------------------------------------------------------------------------- */

/* A client of a played market with BTC and ETH in it, and what it was sent. */
struct sample_client {
    const struct venue *venue;
    struct venue_subscriptions subs;
    size_t count;
    char replies[8][1024];
};

static inline struct sample_client sample_connect(const char *venue, const char *target)
{
    struct sample_client client = {.venue = venue_find(venue)};
    venue_subscriptions_init(&client.subs);
    assert_ok(client.venue->serving->open(target, &client.subs));
    return client;
}

static inline bool sample_has_symbol(const char *symbol, void *arg)
{
    (void)arg;
    return strncmp(symbol, "BTC", 3) == 0 || strncmp(symbol, "ETH", 3) == 0 ||
           strncmp(symbol, "XBT", 3) == 0;
}

static inline enum err sample_reply(const void *data, size_t size, void *arg)
{
    struct sample_client *client = arg;
    assert_true(client->count < 8 && size < sizeof client->replies[0]);
    memcpy(client->replies[client->count], data, size);
    client->replies[client->count++][size] = '\0';
    return ERR_OK;
}

#define SAMPLE_WALL_NS INT64_C(1695633670428340000) /* 2023-09-25T09:21:10.42834Z */

static inline void sample_request(struct sample_client *client, const char *text)
{
    client->count = 0;
    assert_ok(client->venue->serving->request((const uint8_t *)text, strlen(text), SAMPLE_WALL_NS,
                                              &client->subs, sample_has_symbol, sample_reply,
                                              client));
}

/* One request, one answer. */
static inline void assert_answer(struct sample_client *client, const char *text,
                                 const char *expected)
{
    sample_request(client, text);
    assert_int_equal(client->count, 1);
    assert_string_equal(client->replies[0], expected);
}

/* Would the client be sent this frame? */
static inline bool sample_is_sent(const struct sample_client *client, const char *text)
{
    struct venue_frame frame = sample_decode(client->venue->name, text);
    bool sent = venue_subscriptions_has(&client->subs, frame.channel, frame.symbol);
    venue_frame_release(&frame);
    return sent;
}

#endif

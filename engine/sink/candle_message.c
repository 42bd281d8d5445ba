#include "engine/sink/candle_message.h"

#include "engine/tape/record.h"

#include "rewick/v1/market_data.pb-c.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define FLAG_TEXT_MAX     16
#define NUMBERS           9
#define IDENTIFIERS       7
#define IDENTIFIER_MAX    32
#define TAPE_TEXT_MAX     40
#define WHOLE_NUMBERS_MAX 64 /* of a candle; with tag and length each takes at most 12 bytes */

/* One member of a composite and all it points to. */
struct member {
    Rewick__V1__Contribution message;
    char venue[RECORD_VENUE_MAX], symbol[SYMBOL_MAX];
    char close[DECIMAL_TEXT_MAX], vwap[DECIMAL_TEXT_MAX], volume[DECIMAL_TEXT_MAX];
};

/* The message and all it points to. */
struct scratch {
    Rewick__V1__Candle candle;
    Rewick__V1__TradeId first_id, last_id;
    Rewick__V1__LatencyMetrics latency, emit;
    Rewick__V1__Regulatory regulatory;
    char venue[RECORD_VENUE_MAX], instrument[INSTRUMENT_MAX], channel[CHANNEL_MAX],
        symbol[SYMBOL_MAX];
    char bar[BAR_TEXT_MAX], tape[TAPE_TEXT_MAX];
    char numbers[NUMBERS][CANDLE_SHORT_MAX];
    char identifiers[IDENTIFIERS][IDENTIFIER_MAX];
    char flag_texts[CANDLE_FLAG_COUNT][CANDLE_SHORT_MAX];
    char *flags[CANDLE_FLAG_COUNT];
    uint32_t connections[CANDLE_CONNECTIONS_MAX];
    Rewick__V1__Contribution *contributions[CONTRIBUTIONS_MAX];
    struct member members[CONTRIBUTIONS_MAX];
};

_Static_assert(CANDLE_MESSAGE_BYTES_MAX >
                   CONTRIBUTIONS_MAX * (RECORD_VENUE_MAX + SYMBOL_MAX + 3 * DECIMAL_TEXT_MAX + 20) +
                       NUMBERS * DECIMAL_TEXT_MAX + IDENTIFIERS * IDENTIFIER_MAX +
                       CANDLE_FLAG_COUNT * FLAG_TEXT_MAX + TAPE_TEXT_MAX + RECORD_VENUE_MAX +
                       INSTRUMENT_MAX + CHANNEL_MAX + SYMBOL_MAX + BAR_TEXT_MAX +
                       WHOLE_NUMBERS_MAX * 12,
               "a candle must fit");

void candle_message_name(char *out, size_t size, const char *name)
{
    snprintf(out, size, "%s", name);
    if (buf_is_utf8(out, strlen(out)))
        return;
    for (char *c = out; *c != '\0'; c++)
        if ((unsigned char)*c > 0x7f)
            *c = '?';
}

static void set_names(struct scratch *scratch, const struct candle *candle)
{
    candle_message_name(scratch->venue, sizeof scratch->venue, candle->venue);
    candle_message_name(scratch->instrument, sizeof scratch->instrument, candle->instrument);
    candle_message_name(scratch->channel, sizeof scratch->channel, candle->channel);
    candle_message_name(scratch->symbol, sizeof scratch->symbol, candle->symbol);
    bar_format(scratch->bar, candle->bar);
    scratch->candle.venue = scratch->venue;
    scratch->candle.instrument = scratch->instrument;
    scratch->candle.channel = scratch->channel;
    scratch->candle.symbol = scratch->symbol;
    scratch->candle.bar = scratch->bar;
}

/* Values that mean nothing stay empty: candle_field() knows which. */
static void set_numbers(struct scratch *scratch, const struct candle *candle)
{
    Rewick__V1__Candle *message = &scratch->candle;
    const struct {
        enum candle_column column;
        char **member;
    } list[] = {
        {COLUMN_open, &message->open},
        {COLUMN_high, &message->high},
        {COLUMN_low, &message->low},
        {COLUMN_close, &message->close},
        {COLUMN_volume, &message->volume},
        {COLUMN_quote_volume, &message->quote_volume},
        {COLUMN_taker_buy_volume, &message->taker_buy_volume},
        {COLUMN_taker_buy_quote_volume, &message->taker_buy_quote_volume},
        {COLUMN_vwap, &message->vwap},
    };
    _Static_assert(sizeof list / sizeof list[0] == NUMBERS, "a text for each");
    for (size_t i = 0; i < NUMBERS; i++) {
        char text[CANDLE_FIELD_MAX];
        if (!candle_field(candle, list[i].column, text))
            continue;
        snprintf(scratch->numbers[i], sizeof scratch->numbers[i], "%.*s", CANDLE_SHORT_MAX - 1,
                 text);
        *list[i].member = scratch->numbers[i];
    }
}

static int64_t time_or_zero(int64_t time_ns)
{
    return time_ns == RECORD_NO_TIME ? 0 : time_ns;
}

static void set_source(struct scratch *scratch, const struct candle *candle)
{
    Rewick__V1__Candle *message = &scratch->candle;
    if (candle->has_ids) {
        rewick__v1__trade_id__init(&scratch->first_id);
        rewick__v1__trade_id__init(&scratch->last_id);
        scratch->first_id.value = candle->first_trade_id;
        scratch->last_id.value = candle->last_trade_id;
        message->first_trade_id = &scratch->first_id;
        message->last_trade_id = &scratch->last_id;
    }
    message->first_trade_time_ns = time_or_zero(candle->first_trade_ns);
    message->last_trade_time_ns = time_or_zero(candle->last_trade_ns);
    message->first_seq = candle->first_seq;
    message->last_seq = candle->last_seq;
    memcpy(scratch->connections, candle->connections.ids, sizeof scratch->connections);
    message->n_connections = candle->connections.count;
    message->connections = scratch->connections;
    message->connections_more = candle->connections.more;
    if (candle->tape == NULL)
        return;
    candle_message_name(scratch->tape, sizeof scratch->tape, candle->tape);
    message->tape = scratch->tape;
}

static void set_flags(struct scratch *scratch, uint32_t flags)
{
    Rewick__V1__Candle *message = &scratch->candle;
    message->flags = scratch->flags;
    for (int bit = 0; bit < CANDLE_FLAG_COUNT; bit++) {
        if ((flags >> bit & 1) == 0)
            continue;
        size_t size = candle_flags_format(scratch->flag_texts[bit], UINT32_C(1) << bit);
        assert(size < FLAG_TEXT_MAX);
        scratch->flags[message->n_flags++] = scratch->flag_texts[bit];
    }
}

static void set_quality(struct scratch *scratch, const struct candle *candle)
{
    Rewick__V1__Candle *message = &scratch->candle;
    message->missing = candle->missing;
    message->duplicates = candle->duplicates;
    message->late = candle->late;
    message->out_of_order = candle->out_of_order;
    message->backfilled = candle->backfilled;
    set_flags(scratch, candle->flags);
    if (candle->has_connected) {
        message->optional_connected_case = REWICK__V1__CANDLE__OPTIONAL_CONNECTED_CONNECTED_PPM;
        message->connected_ppm = candle->connected_ppm;
    }
    if (candle->ungraded)
        return;
    message->malformed = candle->malformed;
    message->dropped = candle->dropped;
    message->suspect = candle->suspect;
    message->optional_score_case = REWICK__V1__CANDLE__OPTIONAL_SCORE_SCORE;
    message->score = candle->score;
}

/* NULL where nothing was measured. */
static Rewick__V1__LatencyMetrics *figures_of(Rewick__V1__LatencyMetrics *out,
                                              const struct latency_figures *figures)
{
    if (figures->count == 0)
        return NULL;
    rewick__v1__latency_metrics__init(out);
    out->count = figures->count;
    out->min_ns = figures->min;
    out->mean_ns = figures->mean;
    out->p50_ns = figures->p50;
    out->p90_ns = figures->p90;
    out->p99_ns = figures->p99;
    out->max_ns = figures->max;
    return out;
}

static void set_latency(struct scratch *scratch, const struct candle *candle)
{
    Rewick__V1__Candle *message = &scratch->candle;
    message->latency = figures_of(&scratch->latency, &candle->latency);
    message->emit_latency = figures_of(&scratch->emit, &candle->emit);
    if (!candle->has_clock_offset)
        return;
    message->optional_clock_offset_case = REWICK__V1__CANDLE__OPTIONAL_CLOCK_OFFSET_CLOCK_OFFSET_NS;
    message->clock_offset_ns = candle->clock_offset_ns;
}

static void set_identity(struct scratch *scratch, const struct identity *identity)
{
    if (identity == NULL)
        return;
    Rewick__V1__Regulatory *message = &scratch->regulatory;
    rewick__v1__regulatory__init(message);
    const struct {
        const char *text;
        char **member;
    } list[] = {
        {identity->mic, &message->mic},
        {identity->operating_mic, &message->operating_mic},
        {identity->base_currency, &message->base_currency},
        {identity->quote_currency, &message->quote_currency},
        {identity->base_dti, &message->base_dti},
        {identity->quote_dti, &message->quote_dti},
        {identity->cfi, &message->cfi},
    };
    _Static_assert(sizeof list / sizeof list[0] == IDENTIFIERS, "a text for each");
    for (size_t i = 0; i < IDENTIFIERS; i++) {
        candle_message_name(scratch->identifiers[i], IDENTIFIER_MAX, list[i].text);
        *list[i].member = scratch->identifiers[i];
    }
    scratch->candle.regulatory = message;
}

static Rewick__V1__ContributionState contribution_state_of(enum contribution_state state)
{
    switch (state) {
    case CONTRIBUTION_USED:
        return REWICK__V1__CONTRIBUTION_STATE__CONTRIBUTION_STATE_USED;
    case CONTRIBUTION_STALE:
        return REWICK__V1__CONTRIBUTION_STATE__CONTRIBUTION_STATE_STALE;
    case CONTRIBUTION_UNHEALTHY:
        return REWICK__V1__CONTRIBUTION_STATE__CONTRIBUTION_STATE_UNHEALTHY;
    case CONTRIBUTION_OUTLIER:
        return REWICK__V1__CONTRIBUTION_STATE__CONTRIBUTION_STATE_OUTLIER;
    }
    return REWICK__V1__CONTRIBUTION_STATE__CONTRIBUTION_STATE_UNSPECIFIED;
}

static Rewick__V1__Contribution *member_of(struct member *out,
                                           const struct contribution *contribution)
{
    rewick__v1__contribution__init(&out->message);
    candle_message_name(out->venue, sizeof out->venue, contribution->venue);
    candle_message_name(out->symbol, sizeof out->symbol, contribution->symbol);
    decimal_format(out->close, contribution->close);
    decimal_format(out->vwap, contribution->vwap);
    decimal_format(out->volume, contribution->volume);
    out->message.venue = out->venue;
    out->message.symbol = out->symbol;
    out->message.state = contribution_state_of(contribution->state);
    out->message.close = out->close;
    out->message.vwap = out->vwap;
    out->message.volume = out->volume;
    return &out->message;
}

static void set_contributions(struct scratch *scratch, const struct candle *candle)
{
    assert(candle->contribution_count <= CONTRIBUTIONS_MAX);
    for (size_t i = 0; i < candle->contribution_count; i++)
        scratch->contributions[i] = member_of(&scratch->members[i], &candle->contributions[i]);
    scratch->candle.n_contributions = candle->contribution_count;
    scratch->candle.contributions = scratch->contributions;
}

static Rewick__V1__CandleState state_of(enum candle_state state)
{
    switch (state) {
    case CANDLE_FORMING:
        return REWICK__V1__CANDLE_STATE__CANDLE_STATE_FORMING;
    case CANDLE_CLOSED:
        return REWICK__V1__CANDLE_STATE__CANDLE_STATE_CLOSED;
    case CANDLE_CORRECTED:
        return REWICK__V1__CANDLE_STATE__CANDLE_STATE_CORRECTED;
    }
    return REWICK__V1__CANDLE_STATE__CANDLE_STATE_UNSPECIFIED;
}

static Rewick__V1__VolumeUnit unit_of(enum volume_unit unit)
{
    switch (unit) {
    case VOLUME_BASE:
        return REWICK__V1__VOLUME_UNIT__VOLUME_UNIT_BASE;
    case VOLUME_CONTRACT:
        return REWICK__V1__VOLUME_UNIT__VOLUME_UNIT_CONTRACT;
    case VOLUME_QUOTE:
        return REWICK__V1__VOLUME_UNIT__VOLUME_UNIT_QUOTE;
    }
    return REWICK__V1__VOLUME_UNIT__VOLUME_UNIT_UNSPECIFIED;
}

static void fill(struct scratch *scratch, const struct candle *candle)
{
    Rewick__V1__Candle *message = &scratch->candle;
    rewick__v1__candle__init(message);
    set_names(scratch, candle);
    message->open_time_ns = candle->open_ns;
    message->close_time_ns = candle->close_ns;
    message->state = state_of(candle->state);
    message->revision = candle->revision;
    set_numbers(scratch, candle);
    message->trades = candle->trades;
    message->volume_unit = unit_of(candle->volume_unit);
    set_source(scratch, candle);
    set_quality(scratch, candle);
    set_latency(scratch, candle);
    set_identity(scratch, candle->identity);
    set_contributions(scratch, candle);
}

static enum err append(struct buf *out, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    enum err err = buf_reserve(out, size);
    if (err == ERR_OK)
        out->size += protobuf_c_message_pack(message, out->data + out->size);
    return err;
}

/* A whole StreamCandlesResponse with one update is that update as a field. */
struct update_scratch {
    struct scratch candle;
    Rewick__V1__CandleUpdate update, *list[1];
    Rewick__V1__StreamCandlesResponse response;
};

static const ProtobufCMessage *fill_update(struct update_scratch *scratch,
                                           const struct candle *candle, uint64_t number)
{
    fill(&scratch->candle, candle);
    rewick__v1__candle_update__init(&scratch->update);
    scratch->update.number = number;
    scratch->update.candle = &scratch->candle.candle;
    scratch->list[0] = &scratch->update;
    rewick__v1__stream_candles_response__init(&scratch->response);
    scratch->response.n_updates = 1;
    scratch->response.updates = scratch->list;
    return &scratch->response.base;
}

grpc_slice candle_message_update(const struct candle *candle, uint64_t number)
{
    struct update_scratch scratch;
    const ProtobufCMessage *message = fill_update(&scratch, candle, number);
    grpc_slice slice = grpc_slice_malloc(protobuf_c_message_get_packed_size(message));
    protobuf_c_message_pack(message, GRPC_SLICE_START_PTR(slice));
    return slice;
}

enum err candle_message_append_update(struct buf *out, const struct candle *candle, uint64_t number)
{
    struct update_scratch scratch;
    return append(out, fill_update(&scratch, candle, number));
}

enum err candle_message_append_candle(struct buf *out, const struct candle *candle)
{
    struct scratch scratch;
    fill(&scratch, candle);
    Rewick__V1__Candle *list[1] = {&scratch.candle};
    Rewick__V1__GetCandlesResponse response;
    rewick__v1__get_candles_response__init(&response);
    response.n_candles = 1;
    response.candles = list;
    return append(out, &response.base);
}

enum err candle_message_append_instrument(struct buf *out, const char *venue,
                                          const char *instrument, const char *symbol)
{
    char names[3][INSTRUMENT_MAX];
    candle_message_name(names[0], sizeof names[0], venue);
    candle_message_name(names[1], sizeof names[1], instrument);
    candle_message_name(names[2], sizeof names[2], symbol);
    Rewick__V1__Instrument item, *list[1] = {&item};
    rewick__v1__instrument__init(&item);
    item.venue = names[0];
    item.instrument = names[1];
    item.symbol = names[2];
    Rewick__V1__ListInstrumentsResponse response;
    rewick__v1__list_instruments_response__init(&response);
    response.n_instruments = 1;
    response.instruments = list;
    return append(out, &response.base);
}

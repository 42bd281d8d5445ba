#include "engine/sink/candle_message.h"

#include "engine/tape/record.h"
#include "rewick/v1/market_data.pb-c.h"
#include "tests/unit/candle_sample.h"

static Rewick__V1__StreamCandlesResponse *unpack(const struct buf *buf)
{
    Rewick__V1__StreamCandlesResponse *response =
        rewick__v1__stream_candles_response__unpack(NULL, buf->size, buf->data);
    assert_non_null(response);
    return response;
}

static Rewick__V1__StreamCandlesResponse *there_and_back(const struct candle *candle)
{
    struct buf buf;
    buf_init(&buf, CANDLE_MESSAGE_BYTES_MAX);
    assert_ok(candle_message_append_update(&buf, candle, candle->update));
    Rewick__V1__StreamCandlesResponse *response = unpack(&buf);
    assert_int_equal(response->n_updates, 1);
    assert_int_equal(response->updates[0]->number, candle->update);
    buf_release(&buf);
    return response;
}

static void assert_latency(const Rewick__V1__LatencyMetrics *message,
                           const struct latency_figures *figures)
{
    assert_non_null(message);
    assert_int_equal(message->count, figures->count);
    assert_int_equal(message->min_ns, figures->min);
    assert_int_equal(message->mean_ns, figures->mean);
    assert_int_equal(message->p50_ns, figures->p50);
    assert_int_equal(message->p90_ns, figures->p90);
    assert_int_equal(message->p99_ns, figures->p99);
    assert_int_equal(message->max_ns, figures->max);
}

static void every_field_is_there(void **state)
{
    (void)state;
    struct candle candle = candle_sample(42);
    Rewick__V1__StreamCandlesResponse *response = there_and_back(&candle);
    const Rewick__V1__Candle *c = response->updates[0]->candle;
    assert_string_equal(c->venue, "binance");
    assert_string_equal(c->instrument, "BTC-USDT");
    assert_string_equal(c->bar, "1m");
    assert_int_equal(c->open_time_ns, candle.open_ns);
    assert_int_equal(c->close_time_ns, candle.close_ns);
    assert_int_equal(c->state, REWICK__V1__CANDLE_STATE__CANDLE_STATE_CLOSED);
    assert_int_equal(c->revision, 0);
    assert_string_equal(c->open, "61837.63000000");
    assert_string_equal(c->high, "61850.00000000");
    assert_string_equal(c->low, "61830.10000000");
    assert_string_equal(c->close, "61844.02000000");
    assert_string_equal(c->volume, "12.34567000");
    assert_string_equal(c->quote_volume, "763457.1234567800000000");
    assert_int_equal(c->trades, 1234);
    assert_string_equal(c->taker_buy_volume, "6.10000000");
    assert_string_equal(c->taker_buy_quote_volume, "377200.0000000000000000");
    assert_string_equal(c->vwap, "61840.071234567891");
    assert_int_equal(c->volume_unit, REWICK__V1__VOLUME_UNIT__VOLUME_UNIT_BASE);
    assert_string_equal(c->channel, "trade");
    assert_string_equal(c->symbol, "BTCUSDT");
    assert_int_equal(c->first_trade_id->value, 3700000001);
    assert_int_equal(c->last_trade_id->value, 3700001234);
    assert_int_equal(c->first_trade_time_ns, candle.first_trade_ns);
    assert_int_equal(c->last_trade_time_ns, candle.last_trade_ns);
    assert_int_equal(c->first_seq, 17);
    assert_int_equal(c->last_seq, 1250);
    assert_int_equal(c->missing, 1);
    assert_int_equal(c->duplicates, 2);
    assert_int_equal(c->late, 3);
    assert_int_equal(c->out_of_order, 4);
    assert_int_equal(c->backfilled, 5);
    assert_int_equal(c->n_flags, 1);
    assert_string_equal(c->flags[0], "partial");
    assert_int_equal(c->n_connections, 4);
    assert_int_equal(c->connections[0], 3);
    assert_int_equal(c->connections[3], 12);
    assert_true(c->connections_more);
    assert_string_equal(c->tape, "000102030405060708090a0b0c0d0e0f");
    assert_int_equal(c->malformed, 6);
    assert_int_equal(c->dropped, 7);
    assert_int_equal(c->suspect, 8);
    assert_int_equal(c->optional_connected_case,
                     REWICK__V1__CANDLE__OPTIONAL_CONNECTED_CONNECTED_PPM);
    assert_int_equal(c->connected_ppm, 983333);
    assert_int_equal(c->optional_score_case, REWICK__V1__CANDLE__OPTIONAL_SCORE_SCORE);
    assert_int_equal(c->score, 80);
    assert_latency(c->latency, &candle.latency);
    assert_latency(c->emit_latency, &candle.emit);
    assert_int_equal(c->optional_clock_offset_case,
                     REWICK__V1__CANDLE__OPTIONAL_CLOCK_OFFSET_CLOCK_OFFSET_NS);
    assert_int_equal(c->clock_offset_ns, -1270000000);
    assert_string_equal(c->regulatory->mic, "BNCX");
    assert_string_equal(c->regulatory->operating_mic, "XOFF");
    assert_string_equal(c->regulatory->base_currency, "none");
    assert_string_equal(c->regulatory->quote_currency, "USD");
    assert_string_equal(c->regulatory->base_dti, "4H95J0R2X");
    assert_string_equal(c->regulatory->quote_dti, "none");
    assert_string_equal(c->regulatory->cfi, "unknown");
    assert_int_equal(c->n_contributions, 2);
    const Rewick__V1__Contribution *member = c->contributions[0];
    assert_string_equal(member->venue, "binance");
    assert_string_equal(member->symbol, "BTCUSDT");
    assert_int_equal(member->state, REWICK__V1__CONTRIBUTION_STATE__CONTRIBUTION_STATE_USED);
    assert_string_equal(member->close, "61844.02");
    assert_string_equal(member->vwap, "61840.0712");
    assert_string_equal(member->volume, "12.34567");
    assert_int_equal(c->contributions[1]->state,
                     REWICK__V1__CONTRIBUTION_STATE__CONTRIBUTION_STATE_OUTLIER);
    rewick__v1__stream_candles_response__free_unpacked(response, NULL);
}

static void what_has_no_value_is_empty(void **state)
{
    (void)state;
    struct candle candle = candle_sample(1);
    candle.volume_unit = VOLUME_CONTRACT;
    candle.has_ids = false;
    candle.first_trade_ns = candle.last_trade_ns = RECORD_NO_TIME;
    candle.state = CANDLE_CORRECTED;
    candle.revision = 3;
    candle.flags = CANDLE_PARTIAL | CANDLE_CARRIED;
    Rewick__V1__StreamCandlesResponse *response = there_and_back(&candle);
    const Rewick__V1__Candle *c = response->updates[0]->candle;
    assert_int_equal(c->volume_unit, REWICK__V1__VOLUME_UNIT__VOLUME_UNIT_CONTRACT);
    assert_string_equal(c->quote_volume, "");
    assert_string_equal(c->taker_buy_quote_volume, "");
    assert_string_equal(c->vwap, "");
    assert_string_equal(c->volume, "12.34567000");
    assert_null(c->first_trade_id);
    assert_null(c->last_trade_id);
    assert_int_equal(c->first_trade_time_ns, 0);
    assert_int_equal(c->last_trade_time_ns, 0);
    assert_int_equal(c->state, REWICK__V1__CANDLE_STATE__CANDLE_STATE_CORRECTED);
    assert_int_equal(c->revision, 3);
    assert_int_equal(c->n_flags, 2);
    assert_string_equal(c->flags[1], "carried");
    rewick__v1__stream_candles_response__free_unpacked(response, NULL);
}

static void what_is_not_known_is_absent(void **state)
{
    (void)state;
    struct candle candle = candle_sample(1);
    candle.ungraded = true;
    candle.has_connected = candle.has_clock_offset = false;
    candle.latency.count = candle.emit.count = 0;
    candle.identity = NULL;
    candle.tape = NULL;
    candle.contribution_count = 0;
    candle.connections = (struct candle_connections){0};
    Rewick__V1__StreamCandlesResponse *response = there_and_back(&candle);
    const Rewick__V1__Candle *c = response->updates[0]->candle;
    assert_int_equal(c->optional_connected_case, REWICK__V1__CANDLE__OPTIONAL_CONNECTED__NOT_SET);
    assert_int_equal(c->optional_score_case, REWICK__V1__CANDLE__OPTIONAL_SCORE__NOT_SET);
    assert_int_equal(c->optional_clock_offset_case,
                     REWICK__V1__CANDLE__OPTIONAL_CLOCK_OFFSET__NOT_SET);
    assert_int_equal(c->malformed + c->dropped + c->suspect, 0);
    assert_null(c->latency);
    assert_null(c->emit_latency);
    assert_null(c->regulatory);
    assert_string_equal(c->tape, "");
    assert_int_equal(c->n_contributions, 0);
    assert_int_equal(c->n_connections, 0);
    rewick__v1__stream_candles_response__free_unpacked(response, NULL);
}

/* A share and a score of 0 are values. */
static void zero_is_not_absent(void **state)
{
    (void)state;
    struct candle candle = candle_sample(1);
    candle.connected_ppm = 0;
    candle.score = 0;
    candle.clock_offset_ns = 0;
    candle.flags = (UINT32_C(1) << CANDLE_FLAG_COUNT) - 1;
    Rewick__V1__StreamCandlesResponse *response = there_and_back(&candle);
    const Rewick__V1__Candle *c = response->updates[0]->candle;
    assert_int_equal(c->optional_connected_case,
                     REWICK__V1__CANDLE__OPTIONAL_CONNECTED_CONNECTED_PPM);
    assert_int_equal(c->optional_score_case, REWICK__V1__CANDLE__OPTIONAL_SCORE_SCORE);
    assert_int_equal(c->optional_clock_offset_case,
                     REWICK__V1__CANDLE__OPTIONAL_CLOCK_OFFSET_CLOCK_OFFSET_NS);
    assert_int_equal(c->n_flags, CANDLE_FLAG_COUNT);
    assert_string_equal(c->flags[2], "disconnected");
    assert_string_equal(c->flags[CANDLE_FLAG_COUNT - 1], "few_venues");
    rewick__v1__stream_candles_response__free_unpacked(response, NULL);
}

/* The reason for packing candles as fields: strings of bytes put together are one message. */
static void packed_updates_join_to_one_message(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 100 * CANDLE_MESSAGE_BYTES_MAX);
    for (uint64_t n = 1; n <= 50; n++) {
        struct candle candle = candle_sample(n);
        if (n % 2 == 0) {
            assert_ok(candle_message_append_update(&buf, &candle, n));
            continue;
        }
        grpc_slice slice = candle_message_update(&candle, n);
        assert_ok(buf_append(&buf, GRPC_SLICE_START_PTR(slice), GRPC_SLICE_LENGTH(slice)));
        grpc_slice_unref(slice);
    }
    Rewick__V1__StreamCandlesResponse *response = unpack(&buf);
    assert_int_equal(response->n_updates, 50);
    for (uint64_t n = 1; n <= 50; n++)
        assert_int_equal(response->updates[n - 1]->number, n);
    rewick__v1__stream_candles_response__free_unpacked(response, NULL);
    buf_release(&buf);
}

static void the_largest_candle_is_in_bounds(void **state)
{
    (void)state;
    char name[256];
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    uint128 largest = ~(uint128)0 >> 1;
    struct decimal number = {-(int128)largest, DECIMAL_SCALE_MAX};
    const struct identity identity = {name, name, name, name, name, name, name};
    const struct latency_figures figures = {UINT64_MAX, INT64_MIN, INT64_MIN, INT64_MIN,
                                            INT64_MIN,  INT64_MIN, INT64_MIN};
    struct contribution members[CONTRIBUTIONS_MAX];
    for (size_t i = 0; i < CONTRIBUTIONS_MAX; i++)
        members[i] =
            (struct contribution){name, name, CONTRIBUTION_OUTLIER, number, number, number};
    struct candle candle = {
        .venue = name,
        .instrument = name,
        .channel = name,
        .symbol = name,
        .bar = {BAR_TIME, BAR_SIZE_MAX, 0},
        .open_ns = INT64_MIN,
        .close_ns = INT64_MIN,
        .state = CANDLE_CORRECTED,
        .revision = UINT32_MAX,
        .open = number,
        .high = number,
        .low = number,
        .close = number,
        .volume = number,
        .quote_volume = number,
        .taker_buy_volume = number,
        .taker_buy_quote_volume = number,
        .vwap = number,
        .trades = UINT64_MAX,
        .has_ids = true,
        .first_trade_id = UINT64_MAX,
        .last_trade_id = UINT64_MAX,
        .first_trade_ns = INT64_MIN + 1,
        .last_trade_ns = INT64_MIN + 1,
        .first_seq = UINT64_MAX,
        .last_seq = UINT64_MAX,
        .missing = UINT64_MAX,
        .duplicates = UINT64_MAX,
        .late = UINT64_MAX,
        .out_of_order = UINT64_MAX,
        .backfilled = UINT64_MAX,
        .malformed = UINT64_MAX,
        .dropped = UINT64_MAX,
        .suspect = UINT64_MAX,
        .has_connected = true,
        .connected_ppm = UINT32_MAX,
        .score = UINT8_MAX,
        .flags = UINT32_MAX & ~(uint32_t)CANDLE_OVERFLOW, /* which would leave out the volumes */
        .connections = {{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX}, 4, true},
        .latency = figures,
        .emit = figures,
        .has_clock_offset = true,
        .clock_offset_ns = INT64_MIN,
        .identity = &identity,
        .contribution_count = CONTRIBUTIONS_MAX,
        .contributions = members,
        .tape = name,
    };
    grpc_slice slice = candle_message_update(&candle, UINT64_MAX);
    assert_true(GRPC_SLICE_LENGTH(slice) < CANDLE_MESSAGE_BYTES_MAX);
    assert_true(GRPC_SLICE_LENGTH(slice) >
                CANDLE_MESSAGE_BYTES_MAX / 3); /* no bound from the air */
    grpc_slice_unref(slice);
    struct buf buf;
    buf_init(&buf, 10); /* no room */
    assert_err(ERR_LIMIT, candle_message_append_candle(&buf, &candle));
    assert_int_equal(buf.size, 0);
    buf_release(&buf);
}

/* Clients refuse a message whose strings are not UTF-8: one odd symbol must not cost them the
 * stream. */
static void names_are_always_utf8(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"BTCUSDT", "BTCUSDT"},
        {"\xe5\xb8\x81\xe5\xae\x89", "\xe5\xb8\x81\xe5\xae\x89"},
        {"a\xff"
         "b",
         "a?b"},
        {"\xe5\xb8", "??"},
        {"\xed\xa0\x80", "???"},
        {"", ""},
    };
    char name[SYMBOL_MAX];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        candle_message_name(name, sizeof name, cases[i][0]);
        assert_string_equal(name, cases[i][1]);
    }
    candle_message_name(name, 6, "\xe5\xb8\x81\xe5\xae\x89"); /* cut inside a character */
    assert_true(buf_is_utf8(name, strlen(name)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_there),
        cmocka_unit_test(what_has_no_value_is_empty),
        cmocka_unit_test(what_is_not_known_is_absent),
        cmocka_unit_test(zero_is_not_absent),
        cmocka_unit_test(packed_updates_join_to_one_message),
        cmocka_unit_test(the_largest_candle_is_in_bounds),
        cmocka_unit_test(names_are_always_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

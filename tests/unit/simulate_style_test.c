#include "replayer/simulate_style.h"

#include "tests/unit/unit.h"

static const char *number(int64_t value, int digits, int wire)
{
    static char text[DECIMAL_TEXT_MAX];
    size_t length = simulate_number(text, value, digits, wire);
    assert_int_equal(length, strlen(text));
    return text;
}

static void numbers_are_filled_or_trimmed(void **unused)
{
    (void)unused;
    assert_string_equal(number(6183763, 2, 8), "61837.63000000");
    assert_string_equal(number(6183760, 2, -1), "61837.6");
    assert_string_equal(number(6183700, 2, -1), "61837");
    assert_string_equal(number(6183760, 2, 2), "61837.60");
    assert_string_equal(number(7, 8, -1), "0.00000007");
    assert_string_equal(number(4000, 0, 0), "4000");
    assert_string_equal(number(0, 0, 0), "0");
}

static const char *stamp(int64_t time_ns, int digits)
{
    static char text[TIME_TEXT_MAX];
    size_t length = simulate_time(text, time_ns, digits);
    assert_int_equal(length, strlen(text));
    return text;
}

static void times_have_the_digits_asked_for(void **unused)
{
    (void)unused;
    const int64_t second = INT64_C(1767614400) * NS_PER_S;
    assert_string_equal(stamp(second + 44524 * 10 * NS_PER_US, 6), "2026-01-05T12:00:00.445240Z");
    assert_string_equal(stamp(second + 44524 * 10 * NS_PER_US, -1), "2026-01-05T12:00:00.44524Z");
    assert_string_equal(stamp(second, 6), "2026-01-05T12:00:00.000000Z");
    assert_string_equal(stamp(second, -1), "2026-01-05T12:00:00Z");
    assert_string_equal(stamp(second + 1, 9), "2026-01-05T12:00:00.000000001Z");
    assert_string_equal(stamp(second + 1, 0), "2026-01-05T12:00:00Z");
}

/* A market of the style's venue with one order of several trades. */
static void make_order(const struct simulate_style *style, struct simulate_fair *fair,
                       struct simulate_market *market, struct simulate_frame *frame)
{
    const struct venue *venue = venue_find(style->venue);
    char instrument[INSTRUMENT_MAX], symbol[SYMBOL_MAX];
    snprintf(instrument, sizeof instrument, "%.*s", (int)strcspn(style->instruments, ","),
             style->instruments);
    assert_ok(venue->symbol(instrument, symbol));
    simulate_fair_init(fair, "BTC", 4);
    struct simulate_market_options options = {
        .venue = venue,
        .symbol = symbol,
        .digits = simulate_digits_of("BTC", style->coarse_price, style->coarse_quantity),
        .contract_micros = style->contracts ? 100000000 : 0,
        .precision_ns = style->precision_ns,
        .rate = 10,
        .seed = 4,
    };
    options.digits.tick = style->tick;
    if (style->fine_quantity)
        options.digits.quantity = 8;
    if (style->contracts)
        options.digits.quantity = 0;
    assert_ok(simulate_market_init(market, &options, fair, NULL, INT64_C(1767614400) * NS_PER_S));
    uint64_t first = 0;
    do {
        assert_ok(simulate_market_order(market, &first));
    } while (market->next_id - first < 3);
    *frame =
        (struct simulate_frame){.market = market, .venue_ns = market->next_ns, .combined = true};
    size_t max = style->grouping == GROUP_SINGLE ? 1 : 3;
    for (uint64_t id = first; frame->count < max; id++)
        frame->trades[frame->count++] = simulate_market_trade(market, id);
}

static void expect_trade(const struct simulate_market *market, const struct simulate_trade *made,
                         const struct trade *read, bool snapshot)
{
    struct decimal price = {made->price, (uint8_t)market->options.digits.price};
    struct decimal quantity = {made->quantity, (uint8_t)market->options.digits.quantity};
    assert_string_equal(read->symbol, market->symbol);
    assert_true(read->id == made->id || (read->flags & TRADE_AGGREGATED));
    assert_true(read->first_id == made->id && read->last_id == made->id && read->count == 1);
    assert_true(read->source_ns == made->source_ns);
    assert_int_equal(decimal_compare(read->price, price), 0);
    assert_int_equal(decimal_compare(read->quantity, quantity), 0);
    assert_int_equal(read->taker, made->taker_buy ? TAKER_BUY : TAKER_SELL);
    assert_int_equal((read->flags & TRADE_SNAPSHOT) != 0, snapshot);
}

static void expect_decoded(const struct simulate_style *style, const char *channel, bool snapshot)
{
    const struct venue *venue = venue_find(style->venue);
    struct simulate_fair fair;
    struct simulate_market market;
    struct simulate_frame frame;
    struct venue_frame decoded;
    struct rng rng;
    struct buf out;
    rng_init(&rng, 1, 1);
    make_order(style, &fair, &market, &frame);
    frame.rng = &rng;
    frame.channel = channel;
    frame.snapshot = snapshot;
    buf_init(&out, 1 << 20);
    venue_frame_init(&decoded);
    assert_ok(style->trades(&frame, &out));
    assert_ok(venue->decode(out.data, out.size, &decoded));
    assert_int_equal(decoded.kind, VENUE_TRADES);
    assert_string_equal(decoded.channel, channel);
    assert_int_equal(decoded.trade_count, frame.count);
    for (size_t i = 0; i < frame.count; i++)
        expect_trade(&market, frame.trades[i], &decoded.trades[i], snapshot);
    venue_frame_release(&decoded);
    buf_release(&out);
    simulate_market_release(&market);
}

static void the_venues_decoders_read_back_what_was_traded(void **unused)
{
    (void)unused;
    for (size_t i = 0; simulate_style_at(i); i++) {
        const struct simulate_style *style = simulate_style_at(i);
        const struct venue *venue = venue_find(style->venue);
        expect_decoded(style, venue->recording->channels[0].name, false);
        if (style->snapshot_max > 0)
            expect_decoded(style, venue->recording->channels[0].name, true);
        if (style->off_book_channel)
            expect_decoded(style, style->off_book_channel, false);
    }
}

/* Book and heartbeat frames are what they are taken for: no trades, and of their channel. */
static void other_frames_are_no_trades(void **unused)
{
    (void)unused;
    for (size_t i = 0; simulate_style_at(i); i++) {
        const struct simulate_style *style = simulate_style_at(i);
        struct simulate_fair fair;
        struct simulate_market market;
        struct simulate_frame frame;
        struct venue_frame decoded;
        struct rng rng;
        struct buf out;
        rng_init(&rng, 1, 1);
        make_order(style, &fair, &market, &frame);
        frame.rng = &rng;
        frame.channel = style->book_channel;
        buf_init(&out, 1 << 20);
        venue_frame_init(&decoded);
        assert_ok(style->book(&frame, &out));
        assert_ok(venue_find(style->venue)->decode(out.data, out.size, &decoded));
        assert_int_equal(decoded.kind, VENUE_DATA);
        assert_string_equal(decoded.channel, style->book_channel);
        assert_string_equal(decoded.symbol, market.symbol);
        if (style->heartbeat) {
            buf_clear(&out);
            frame.channel = style->heartbeat_channel;
            assert_ok(style->heartbeat(&frame, &out));
            assert_ok(venue_find(style->venue)->decode(out.data, out.size, &decoded));
            assert_int_equal(decoded.kind, VENUE_HEARTBEAT);
            assert_string_equal(decoded.channel, style->heartbeat_channel);
        }
        venue_frame_release(&decoded);
        buf_release(&out);
        simulate_market_release(&market);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_filled_or_trimmed),
        cmocka_unit_test(times_have_the_digits_asked_for),
        cmocka_unit_test(the_venues_decoders_read_back_what_was_traded),
        cmocka_unit_test(other_frames_are_no_trades),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

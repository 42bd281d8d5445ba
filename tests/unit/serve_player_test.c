#include "replayer/serve_player.h"

#include "tests/unit/unit.h"

static struct venue_frame frame_of(enum venue_frame_kind kind, const char *channel,
                                   const char *symbol)
{
    struct venue_frame frame;
    venue_frame_init(&frame);
    frame.kind = kind;
    snprintf(frame.channel, sizeof frame.channel, "%s", channel);
    snprintf(frame.symbol, sizeof frame.symbol, "%s", symbol);
    return frame;
}

static bool wants(enum venue_frame_kind kind, const char *channel, const char *symbol)
{
    struct venue_subscriptions subs;
    venue_subscriptions_init(&subs);
    assert_ok(venue_subscriptions_add(&subs, "trade", "BTC/USD"));
    assert_ok(venue_subscriptions_add(&subs, "ticker", "ETH/USD"));
    assert_ok(venue_subscriptions_add(&subs, "heartbeat", ""));
    struct venue_frame frame = frame_of(kind, channel, symbol);
    bool wanted = serve_wants(&frame, &subs);
    venue_frame_release(&frame);
    venue_subscriptions_release(&subs);
    return wanted;
}

static void data_and_heartbeats_go_by_channel_and_symbol(void **unused)
{
    (void)unused;
    assert_true(wants(VENUE_DATA, "ticker", "ETH/USD"));
    assert_false(wants(VENUE_DATA, "ticker", "BTC/USD"));
    assert_false(wants(VENUE_DATA, "book", "ETH/USD"));
    assert_true(wants(VENUE_HEARTBEAT, "heartbeat", ""));
    assert_false(wants(VENUE_HEARTBEAT, "heartbeats", ""));
}

static void answers_are_never_replayed(void **unused)
{
    (void)unused;
    assert_false(wants(VENUE_ACK, "trade", "BTC/USD"));
    assert_false(wants(VENUE_STATUS, "trade", "BTC/USD"));
    assert_false(wants(VENUE_MALFORMED, "trade", "BTC/USD"));
    assert_false(wants(VENUE_HEARTBEAT, "", "")); /* a pong */
    assert_false(wants(VENUE_OTHER, "", ""));
}

/* One trade of a wanted symbol is enough, wherever in the frame it stands. */
static void trades_go_by_the_symbols_in_them(void **unused)
{
    (void)unused;
    struct venue_subscriptions subs;
    venue_subscriptions_init(&subs);
    assert_ok(venue_subscriptions_add(&subs, "trade", "BTC/USD"));
    struct venue_frame frame = frame_of(VENUE_TRADES, "trade", "");
    assert_false(serve_wants(&frame, &subs));
    struct trade *trade;
    assert_ok(venue_frame_add(&frame, &trade));
    snprintf(trade->symbol, sizeof trade->symbol, "ETH/USD");
    assert_false(serve_wants(&frame, &subs));
    assert_ok(venue_frame_add(&frame, &trade));
    snprintf(trade->symbol, sizeof trade->symbol, "BTC/USD");
    assert_true(serve_wants(&frame, &subs));
    venue_frame_release(&frame);
    venue_subscriptions_release(&subs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_and_heartbeats_go_by_channel_and_symbol),
        cmocka_unit_test(answers_are_never_replayed),
        cmocka_unit_test(trades_go_by_the_symbols_in_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

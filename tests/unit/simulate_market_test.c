#include "replayer/simulate_market.h"

#include "tests/unit/unit.h"

static struct simulate_fair fair;

static void open_market(struct simulate_market *market, uint64_t seed, bool off_book)
{
    simulate_fair_init(&fair, "BTC", seed);
    struct simulate_market_options options = {
        .venue = venue_find("binance"),
        .symbol = "BTCUSDT",
        .digits = simulate_digits_of("BTC", false, false),
        .precision_ns = NS_PER_MS,
        .skew_ns = 1271 * NS_PER_MS,
        .rate = 20,
        .off_book = off_book,
        .seed = seed,
        .stream = 1,
    };
    assert_ok(simulate_market_init(market, &options, &fair, NULL, 1000 * NS_PER_S));
}

static void trades_are_numbered_stamped_and_positive(void **unused)
{
    (void)unused;
    struct simulate_market market;
    open_market(&market, 1, true);
    uint64_t first, next = market.next_id;
    int64_t last_ns = 0;
    unsigned off_book = 0, zero = 0;
    for (int order = 0; order < 3000; order++) {
        int64_t now_ns = market.next_ns;
        assert_ok(simulate_market_order(&market, &first));
        assert_true(first == next && market.next_id > first);
        assert_true(market.next_id - first <= SIMULATE_FILLS_MAX + 1);
        assert_true(market.next_ns > now_ns);
        for (; next < market.next_id; next++) {
            const struct simulate_trade *trade = simulate_market_trade(&market, next);
            assert_true(trade->id == next && trade->true_ns == now_ns);
            int64_t stamp = now_ns + 1271 * NS_PER_MS;
            assert_true(trade->source_ns == stamp - stamp % NS_PER_MS);
            assert_true(trade->source_ns >= last_ns);
            last_ns = trade->source_ns;
            off_book += trade->off_book != NULL;
            zero += trade->price == 0;
            if (!trade->off_book)
                assert_true(trade->price > 0 && trade->quantity > 0);
        }
        if (order % 50 == 0)
            simulate_fair_step(&fair);
        while (market.next_id - market.oldest_id > 500)
            simulate_market_forget(&market);
    }
    assert_true(off_book > 20 && zero > 5 && zero < off_book);
    /* What was forgotten makes room: the ring does not grow with the run. */
    assert_true(market.capacity <= 1024);
    simulate_market_release(&market);
}

/* Fills of one order at one price share an aggregate; another price or order begins the next. */
static void aggregates_follow_orders_and_prices(void **unused)
{
    (void)unused;
    struct simulate_market market;
    open_market(&market, 2, false);
    uint64_t first, aggregate = market.next_aggregate;
    unsigned joined = 0;
    for (int order = 0; order < 100; order++) {
        assert_ok(simulate_market_order(&market, &first));
        const struct simulate_trade *before = NULL;
        for (uint64_t id = first; id < market.next_id; id++) {
            const struct simulate_trade *trade = simulate_market_trade(&market, id);
            bool same = before && before->price == trade->price;
            aggregate += before && !same;
            joined += same;
            assert_true(trade->aggregate == aggregate);
            before = trade;
        }
        aggregate++;
    }
    assert_true(joined > 10);
    simulate_market_release(&market);
}

static void the_same_seed_makes_the_same_market(void **unused)
{
    (void)unused;
    struct simulate_market a, b;
    uint64_t first;
    open_market(&a, 5, false);
    open_market(&b, 5, false);
    for (int order = 0; order < 200; order++) {
        assert_true(a.next_ns == b.next_ns && a.next_id == b.next_id && a.mid == b.mid);
        assert_ok(simulate_market_order(&a, &first));
        assert_ok(simulate_market_order(&b, &first));
    }
    simulate_market_release(&a);
    simulate_market_release(&b);
}

static bool counts(const struct simulate_market *market, uint64_t id)
{
    return simulate_trade_counts(simulate_market_trade(market, id));
}

/* engine/trade/id_check.h: a snapshot counts only when it repairs. */
static void what_counts(void **unused)
{
    (void)unused;
    struct simulate_market market;
    uint64_t first;
    open_market(&market, 6, false);
    uint64_t id = market.next_id;
    while (market.next_id < id + 10)
        assert_ok(simulate_market_order(&market, &first));
    assert_true(simulate_market_received(&market, id, true)); /* before anything live */
    assert_false(counts(&market, id));
    assert_true(simulate_market_received(&market, id + 3, false));
    assert_true(counts(&market, id + 3));
    assert_false(simulate_market_received(&market, id + 3, false)); /* again */
    assert_true(simulate_market_received(&market, id + 2, true));   /* below the first live one */
    assert_false(counts(&market, id + 2));
    assert_true(simulate_market_received(&market, id + 5, true)); /* repairs */
    assert_true(counts(&market, id + 5));
    assert_false(counts(&market, id + 6)); /* never seen */
    assert_false(simulate_market_received(&market, market.next_id, false));
    assert_null(simulate_market_trade(&market, id - 1));
    simulate_market_trade(&market, id + 7)->off_book = "NA";
    assert_true(simulate_market_received(&market, id + 7, false));
    assert_false(counts(&market, id + 7));
    simulate_market_release(&market);
}

static void fair_prices_stay_in_bounds(void **unused)
{
    (void)unused;
    for (uint64_t seed = 0; seed < 5; seed++) {
        simulate_fair_init(&fair, "ETH", seed);
        int64_t begin = fair.micros;
        for (int step = 0; step < 300000; step++) {
            simulate_fair_step(&fair);
            assert_true(fair.micros > begin / 8 && fair.micros < begin * 8);
        }
        assert_true(fair.micros != begin);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trades_are_numbered_stamped_and_positive),
        cmocka_unit_test(aggregates_follow_orders_and_prices),
        cmocka_unit_test(the_same_seed_makes_the_same_market),
        cmocka_unit_test(what_counts),
        cmocka_unit_test(fair_prices_stay_in_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

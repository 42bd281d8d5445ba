/* plan_keeper: plans follow each other, lists stay; with lists from files, so without a network. */
#include "tests/unit/unit.h"

#include "recorder/plan_keeper.h"

#include <unistd.h>

#define SYMBOL(symbol, base, quote)                                                                \
    "{\"symbol\":\"" symbol "\",\"status\":\"TRADING\",\"baseAsset\":\"" base                      \
    "\",\"quoteAsset\":\"" quote "\",\"filters\":[]}"

static char file[] = "/tmp/rewick-plan-XXXXXX";
static char option[sizeof file + 16];
static struct plan_keeper *keeper;

static int begin(void **state)
{
    static const char list[] =
        "{\"symbols\":[" SYMBOL("ETHBTC", "ETH", "BTC") "," SYMBOL("BTCUSDT", "BTC", "USDT") "]}";
    (void)state;
    memcpy(file + sizeof file - 7, "XXXXXX", 6);
    int fd = mkstemp(file);
    bool good = fd >= 0 && write(fd, list, sizeof list - 1) == (ssize_t)sizeof list - 1;
    close(fd);
    snprintf(option, sizeof option, "binance=%s", file);
    return good && plan_keeper_new(&keeper, NULL) == ERR_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    plan_keeper_free(keeper);
    unlink(file);
    return 0;
}

static enum err make(const char *venue)
{
    struct record_wish_options options = {.venues = {.count = 1, .items = {venue}},
                                          .lists = {.count = 1, .items = {option}}};
    return plan_keeper_make(keeper, &options, -1);
}

static enum err count_answer(const struct venue *venue, const void *data, size_t size, void *arg)
{
    (void)data;
    assert_string_equal(venue->name, "binance");
    assert_true(size > 0);
    ++*(int *)arg;
    return ERR_OK;
}

static void a_list_is_read_once_and_told_once(void **state)
{
    (void)state;
    int answers = 0;
    assert_null(plan_keeper_plan(keeper));
    assert_ok(make("binance:ETH-BTC"));
    const struct record_plan *first = plan_keeper_plan(keeper);
    assert_ok(plan_keeper_answers(keeper, count_answer, &answers));
    assert_int_equal(answers, 1);
    for (int i = 0; i < 100; i++)
        assert_ok(make("binance:ETH-BTC,BTC-USDT"));
    assert_ok(plan_keeper_answers(keeper, count_answer, &answers));
    assert_int_equal(answers, 1);
    const struct record_plan *last = plan_keeper_plan(keeper);
    assert_ptr_not_equal(last, first);
    assert_int_equal(first->venues[0].count, 1);
    assert_int_equal(last->venues[0].count, 2);
    assert_string_equal(last->venues[0].instruments[1].symbol, "BTCUSDT");
    /* A hundred plans take no more memory than one list. */
    assert_ptr_equal(last->venues[0].list.items, first->venues[0].list.items);
}

static void a_wish_that_cannot_be_met_changes_nothing(void **state)
{
    (void)state;
    int answers = 0;
    assert_ok(make("binance:ETH-BTC"));
    assert_ok(plan_keeper_answers(keeper, count_answer, &answers));
    const struct record_plan *plan = plan_keeper_plan(keeper);
    assert_err(ERR_UNKNOWN, make("binance:NONE-SUCH"));
    assert_err(ERR_USAGE, make("nowhere:NONE-SUCH"));
    assert_ptr_equal(plan_keeper_plan(keeper), plan);
    assert_int_equal(plan->venues[0].list.count, 2);
    assert_false(plan_keeper_retry(keeper, PLAN_RETRY_NS, -1)); /* it has its list */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_list_is_read_once_and_told_once, begin, end),
        cmocka_unit_test_setup_teardown(a_wish_that_cannot_be_met_changes_nothing, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "replayer/serve_catalog.h"

#include "engine/base/io.h"
#include "engine/base/log.h"
#include "engine/tape/tape_writer.h"
#include "tests/unit/unit.h"

#include <unistd.h>

/* A tape in a folder of its own; removed by remove_tape(). */
static void make_tape(char path[64], const struct record *records, size_t count)
{
    struct tape_writer *writer;
    snprintf(path, 64, "/tmp/rewick-test-XXXXXX");
    assert_non_null(mkdtemp(path));
    assert_ok(tape_writer_open(&writer, io_posix(), path, &(struct tape_writer_options){0}));
    for (size_t i = 0; i < count; i++) {
        struct record record = records[i];
        record.wall_ns = record.mono_ns = (int64_t)i;
        record.source_ns = RECORD_NO_TIME;
        record.size = strlen((const char *)record.data);
        assert_ok(tape_writer_append(writer, &record));
    }
    assert_ok(tape_writer_close(writer));
}

static void remove_tape(const char *path)
{
    char file[128];
    snprintf(file, sizeof file, "%s/00000001.rwk.zst", path);
    unlink(file);
    snprintf(file, sizeof file, "%s/LOCK", path);
    unlink(file);
    rmdir(path);
}

static struct record received(const char *venue, const char *data)
{
    return (struct record){
        .type = RECORD_RECEIVED, .venue = venue, .data = (const uint8_t *)data, .connection = 1};
}

#define KRAKEN(symbol)                                                                             \
    "{\"channel\":\"trade\",\"type\":\"update\",\"data\":[{\"symbol\":\"" symbol                   \
    "\",\"side\":\"sell\",\"price\":0.5117,\"qty\":40.0,\"ord_type\":\"market\",\"trade_id\":1,"   \
    "\"timestamp\":\"2023-09-25T07:49:37.708706Z\"}]}"
#define BINANCE                                                                                    \
    "{\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"trade\",\"E\":1,\"s\":\"BTCUSDT\",\"t\":1,"   \
    "\"p\":\"1.0\",\"q\":\"2.0\",\"T\":1723161255342,\"m\":true,\"M\":true}}"

static void venues_come_in_their_order_with_their_symbols(void **unused)
{
    (void)unused;
    char path[64];
    const struct record records[] = {
        received("kraken", KRAKEN("ETH/USD")), received("kraken", KRAKEN("BTC/USD")),
        received("binance", BINANCE), received("kraken", KRAKEN("ETH/USD"))};
    make_tape(path, records, 4);
    struct serve_catalog catalog;
    char *tapes[] = {path};
    assert_ok(serve_catalog_read(&catalog, tapes, 1));
    assert_int_equal(catalog.count, 2);
    assert_string_equal(catalog.markets[0].venue->name, "binance");
    assert_string_equal(catalog.markets[1].venue->name, "kraken");
    assert_int_equal(catalog.markets[1].frames, 3);
    assert_int_equal(catalog.markets[1].symbol_count, 2);
    assert_true(serve_market_has(&catalog.markets[1], "BTC/USD"));
    assert_true(serve_market_has(&catalog.markets[1], "ETH/USD"));
    assert_false(serve_market_has(&catalog.markets[1], "BTCUSDT"));
    assert_true(serve_market_has(&catalog.markets[0], "BTCUSDT"));
    serve_catalog_release(&catalog);
    remove_tape(path);
}

static void unknown_venues_are_left_out_and_alone_they_are_an_error(void **unused)
{
    (void)unused;
    char path[64];
    char *tapes[] = {path};
    struct serve_catalog catalog;
    const struct record records[] = {received("moon", "{}"), received("binance", BINANCE)};
    make_tape(path, records, 2);
    assert_ok(serve_catalog_read(&catalog, tapes, 1));
    assert_int_equal(catalog.count, 1);
    serve_catalog_release(&catalog);
    remove_tape(path);

    make_tape(path, records, 1);
    assert_err(ERR_USAGE, serve_catalog_read(&catalog, tapes, 1));
    assert_non_null(strstr(err_text(ERR_USAGE), path));
    serve_catalog_release(&catalog);
    remove_tape(path);
}

static void a_venue_is_on_one_tape_only(void **unused)
{
    (void)unused;
    char one[64], two[64];
    char *tapes[] = {one, two};
    struct serve_catalog catalog;
    const struct record record = received("binance", BINANCE);
    make_tape(one, &record, 1);
    make_tape(two, &record, 1);
    assert_err(ERR_USAGE, serve_catalog_read(&catalog, tapes, 2));
    assert_non_null(strstr(err_text(ERR_USAGE), "'binance' is on two tapes"));
    serve_catalog_release(&catalog);
    remove_tape(one);
    remove_tape(two);
}

static void symbols_are_a_sorted_bounded_set(void **unused)
{
    (void)unused;
    struct serve_market market = {.tape = "x"};
    uint64_t seed = 1;
    for (int i = 0; i < 5000; i++) {
        char symbol[SYMBOL_MAX];
        snprintf(symbol, sizeof symbol, "S%d", (int)unit_below(&seed, 1000));
        assert_ok(serve_market_add(&market, symbol));
        assert_true(serve_market_has(&market, symbol));
    }
    assert_ok(serve_market_add(&market, ""));
    assert_true(market.symbol_count <= 1000);
    for (size_t i = 1; i < market.symbol_count; i++)
        assert_true(strcmp(market.symbols[i - 1], market.symbols[i]) < 0);
    free(market.symbols);
}

int main(void)
{
    log_set_quiet(1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(venues_come_in_their_order_with_their_symbols),
        cmocka_unit_test(unknown_venues_are_left_out_and_alone_they_are_an_error),
        cmocka_unit_test(a_venue_is_on_one_tape_only),
        cmocka_unit_test(symbols_are_a_sorted_bounded_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "engine/sink/descriptor_set.h"

#include "descriptors.h"
#include "tests/unit/unit.h"

static struct span all(void)
{
    return (struct span){descriptors, descriptors_len};
}

static void services_have_their_full_names(void **state)
{
    (void)state;
    bool market_data = false, health = false;
    struct span file = {NULL, 0};
    size_t files = 0;
    while (descriptor_set_next(all(), file, &file)) {
        char name[128];
        files++;
        for (size_t i = 0; descriptor_file_service(file, i, name, sizeof name); i++) {
            market_data = market_data || strcmp(name, "rewick.v1.MarketData") == 0;
            health = health || strcmp(name, "grpc.health.v1.Health") == 0;
        }
        assert_false(descriptor_file_service(file, 0, name, 5)); /* no room */
    }
    assert_true(files >= 3 && market_data && health);
}

static void files_are_found_by_name_and_symbol(void **state)
{
    (void)state;
    struct span file, same;
    assert_true(descriptor_set_file(all(), "rewick/v1/market_data.proto", &file));
    static const char *const symbols[] = {
        "rewick.v1.MarketData",  "rewick.v1.MarketData.GetCandles", "rewick.v1.Candle",
        "rewick.v1.Candle.vwap", "rewick.v1.CandleState",           "rewick.v1.CANDLE_STATE_CLOSED",
    };
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        assert_true(descriptor_set_symbol(all(), symbols[i], &same));
        assert_ptr_equal(same.data, file.data);
    }
    static const char *const nothing[] = {
        "",
        ".",
        "rewick",
        "rewick.v1",
        "rewick.v1.",
        ".rewick.v1.Candle",
        "rewick.v1.Candle.",
        "rewick.v1.Candl",
        "rewick.v1.Candle.vwap.x",
        "Candle",
        "rewick.v1.CandleState.CANDLE_STATE_CLOSED.x",
    };
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++)
        assert_false(descriptor_set_symbol(all(), nothing[i], &same));
    assert_false(descriptor_set_file(all(), "rewick/v1/market_data.prot", &same));
    struct span name;
    assert_false(descriptor_file_dependency(file, 0, &name));
}

static void use(struct span set)
{
    struct span file = {NULL, 0}, found;
    char name[64];
    for (int i = 0; i < 100 && descriptor_set_next(set, file, &file); i++) {
        descriptor_file_service(file, 0, name, sizeof name);
        descriptor_file_dependency(file, 0, &found);
    }
    descriptor_set_symbol(set, "rewick.v1.Candle.vwap", &found);
    descriptor_set_file(set, "rewick/v1/market_data.proto", &found);
}

/* Cut or damaged, nothing is read out of bounds (the copy is exact, so that sanitizers see it). */
static void damage_is_survived(void **state)
{
    (void)state;
    uint64_t random = 1;
    for (size_t size = 0; size < descriptors_len; size += 97) {
        uint8_t *copy = malloc(size + 1);
        memcpy(copy, descriptors, size);
        use((struct span){copy, size});
        for (int i = 0; i < 8 && size > 0; i++)
            copy[unit_below(&random, size)] ^= (uint8_t)(1 + unit_below(&random, 255));
        use((struct span){copy, size});
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(services_have_their_full_names),
        cmocka_unit_test(files_are_found_by_name_and_symbol),
        cmocka_unit_test(damage_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

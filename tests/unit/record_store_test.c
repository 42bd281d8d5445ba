/* record_store: what is not durable is kept, byte for byte, and memory follows what is kept. */
#include "recorder/record_store.h"
#include "tests/unit/unit.h"

static struct record make(uint64_t seq, uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(seq * 31 + i);
    return (struct record){.seq = seq,
                           .type = RECORD_RECEIVED,
                           .venue = "kraken",
                           .wall_ns = (int64_t)seq,
                           .data = data,
                           .size = size};
}

struct expected {
    uint64_t next, last;
    uint8_t *data;
};

static size_t size_of(uint64_t seq)
{
    return (size_t)(seq * 7919 % 3000);
}

static enum err check(struct record *record, void *arg)
{
    struct expected *expected = arg;
    struct record want = make(expected->next, expected->data, size_of(expected->next));
    assert_int_equal(record->seq, want.seq);
    assert_int_equal(record->wall_ns, want.wall_ns);
    assert_string_equal(record->venue, "kraken");
    assert_int_equal(record->size, want.size);
    if (want.size > 0)
        assert_memory_equal(record->data, want.data, want.size);
    expected->next++;
    return ERR_OK;
}

static void records_come_back_from_any_place(void **state)
{
    (void)state;
    struct record_store *store;
    uint8_t data[4096], other[4096];
    assert_ok(record_store_new(&store, 64u << 20));
    assert_int_equal(record_store_first(store), 0);
    uint64_t released = 0;
    for (uint64_t seq = 1; seq <= 5000; seq++) {
        struct record record = make(seq, data, size_of(seq));
        assert_true(record_store_has_room(store, &record));
        assert_ok(record_store_add(store, &record));
        if (seq % 700 == 0) {
            released = seq - 500;
            record_store_release(store, released);
        }
        assert_int_equal(record_store_first(store), released + 1);
        assert_int_equal(record_store_last(store), seq);
    }
    for (uint64_t from = released; from <= 5001; from += 37) {
        struct expected expected = {.next = from > released ? from : released + 1, .data = other};
        assert_ok(record_store_each(store, from, check, &expected));
        assert_int_equal(expected.next, 5001 > from ? 5001 : expected.next);
    }
    record_store_release(store, 5000);
    assert_int_equal(record_store_first(store), 0);
    assert_int_equal(record_store_bytes(store), 0);
    record_store_free(store);
}

static void the_bound_holds_and_an_empty_store_takes_anything(void **state)
{
    (void)state;
    struct record_store *store;
    static uint8_t large[2u << 20];
    assert_ok(record_store_new(&store, 1u << 20));
    struct record record = make(1, large, sizeof large);
    assert_true(record_store_has_room(store, &record));
    assert_ok(record_store_add(store, &record));
    struct record small = {.seq = 2, .type = RECORD_TICK, .venue = ""};
    assert_false(record_store_has_room(store, &small));
    record_store_release(store, 1);
    assert_true(record_store_has_room(store, &small));
    assert_ok(record_store_add(store, &small));
    assert_int_equal(record_store_last(store), 2);
    record_store_free(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_back_from_any_place),
        cmocka_unit_test(the_bound_holds_and_an_empty_store_takes_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

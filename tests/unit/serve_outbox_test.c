#include "replayer/serve_outbox.h"

#include "tests/unit/unit.h"

#include <string.h>

static void expect_first(struct serve_outbox *outbox, const char *text, bool binary)
{
    const uint8_t *data;
    size_t size;
    bool is_binary;
    assert_true(serve_outbox_first(outbox, &data, &size, &is_binary));
    assert_int_equal(size, strlen(text));
    assert_memory_equal(data, text, size);
    assert_int_equal(is_binary, binary);
    serve_outbox_pop(outbox);
}

static void frames_come_out_as_they_went_in(void **unused)
{
    (void)unused;
    struct serve_outbox outbox;
    const uint8_t *data;
    size_t size;
    bool binary;
    serve_outbox_init(&outbox, 1000);
    assert_false(serve_outbox_first(&outbox, &data, &size, &binary));
    assert_int_equal(serve_outbox_push(&outbox, "one", 3, false), ERR_OK);
    assert_int_equal(serve_outbox_push(&outbox, "", 0, true), ERR_OK);
    expect_first(&outbox, "one", false);
    assert_int_equal(serve_outbox_push(&outbox, "three", 5, true), ERR_OK);
    expect_first(&outbox, "", true);
    expect_first(&outbox, "three", true);
    assert_int_equal(serve_outbox_bytes(&outbox), 0);
    serve_outbox_release(&outbox);
}

/* The ceiling is on what waits: however much has passed through, exactly as much fits. */
static void the_ceiling_is_on_what_waits(void **unused)
{
    (void)unused;
    struct serve_outbox outbox;
    serve_outbox_init(&outbox, 100);
    for (int turn = 0; turn < 500; turn++) {
        char text[64];
        memset(text, 'a' + turn % 26, sizeof text);
        size_t size = (size_t)(turn * 7 % 45);
        text[size] = '\0';
        assert_int_equal(serve_outbox_push(&outbox, text, size, false), ERR_OK);
        size_t rest = 100 - serve_outbox_bytes(&outbox);
        char fill[100] = {0};
        memset(fill, '#', rest > 5 ? rest - 5 : 0);
        if (rest >= 5) {
            assert_int_equal(serve_outbox_push(&outbox, fill, rest - 4, false), ERR_LIMIT);
            assert_int_equal(serve_outbox_push(&outbox, fill, rest - 5, false), ERR_OK);
            assert_int_equal(serve_outbox_bytes(&outbox), 100);
        }
        expect_first(&outbox, text, false);
        if (rest >= 5)
            expect_first(&outbox, fill, false);
    }
    assert_int_equal(serve_outbox_push(&outbox, "x", 200, false), ERR_LIMIT);
    assert_true(outbox.bytes.capacity <= 256);
    serve_outbox_release(&outbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_out_as_they_went_in),
        cmocka_unit_test(the_ceiling_is_on_what_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

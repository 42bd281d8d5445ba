/* crc32c: the standard's own check values, and both bodies against a bit-by-bit one. */
#include "tests/unit/unit.h"

#include "engine/base/crc32c.h"

static uint32_t crc32c_bitwise(const uint8_t *data, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? (crc >> 1) ^ 0x82F63B78u : crc >> 1;
    }
    return ~crc;
}

static void gives_the_published_values(void **state)
{
    (void)state;
    uint8_t bytes[32];
    assert_int_equal(crc32c(0, "123456789", 9), 0xE3069283u);
    assert_int_equal(crc32c_table(0, "123456789", 9), 0xE3069283u);
    /* RFC 3720, appendix B.4 */
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(crc32c(0, bytes, sizeof bytes), 0x8A9136AAu);
    memset(bytes, 0xFF, sizeof bytes);
    assert_int_equal(crc32c(0, bytes, sizeof bytes), 0x62A8AB43u);
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    assert_int_equal(crc32c(0, bytes, sizeof bytes), 0x46DD794Eu);
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(31 - i);
    assert_int_equal(crc32c(0, bytes, sizeof bytes), 0x113FDB5Cu);
    assert_int_equal(crc32c(0, bytes, 0), 0);
}

static void both_bodies_equal_a_bitwise_one_at_every_length_and_alignment(void **state)
{
    (void)state;
    uint64_t random = 1;
    uint8_t bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)unit_random(&random);
    for (size_t start = 0; start < 9; start++)
        for (size_t size = 0; start + size <= 100; size++) {
            uint32_t expected = crc32c_bitwise(bytes + start, size);
            assert_int_equal(crc32c(0, bytes + start, size), expected);
            assert_int_equal(crc32c_table(0, bytes + start, size), expected);
        }
}

static void goes_on_over_split_input(void **state)
{
    (void)state;
    uint8_t bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37);
    uint32_t whole = crc32c(0, bytes, sizeof bytes);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        assert_int_equal(crc32c(crc32c(0, bytes, cut), bytes + cut, sizeof bytes - cut), whole);
        assert_int_equal(crc32c_table(crc32c_table(0, bytes, cut), bytes + cut, sizeof bytes - cut),
                         whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_published_values),
        cmocka_unit_test(both_bodies_equal_a_bitwise_one_at_every_length_and_alignment),
        cmocka_unit_test(goes_on_over_split_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

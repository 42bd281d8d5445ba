#include "replayer/import_source.h"
#include "tests/unit/unit.h"

#include <zlib.h>
#include <zstd.h>

#define PACKED_MAX (1u << 20)

struct bytes {
    uint8_t *data;
    size_t size;
};

/* Text of many lines that packs well but not to nothing. */
static struct bytes text_new(size_t size, uint64_t seed)
{
    struct bytes text = {malloc(size), size};
    assert_non_null(text.data);
    for (size_t i = 0; i < size; i++)
        text.data[i] = i % 60 == 59 ? '\n' : (uint8_t)('a' + unit_below(&seed, 20));
    return text;
}

static size_t gzip(uint8_t *out, const void *data, size_t size)
{
    z_stream z = {.next_in = (uint8_t *)(uintptr_t)data, .avail_in = (uInt)size};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = out;
    z.avail_out = PACKED_MAX;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t packed = z.total_out;
    deflateEnd(&z);
    return packed;
}

static size_t zstd(uint8_t *out, const void *data, size_t size)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    size_t packed = ZSTD_compress2(context, out, PACKED_MAX, data, size);
    assert_false(ZSTD_isError(packed));
    ZSTD_freeCCtx(context);
    return packed;
}

/* Reads all of it in steps of `step`; gives how it ended. */
static enum err read_all(const void *packed, size_t size, size_t step, struct bytes *out)
{
    struct import_source *source;
    assert_ok(import_source_open_memory(&source, packed, size));
    *out = (struct bytes){malloc(4u * PACKED_MAX), 0};
    assert_non_null(out->data);
    enum err err = ERR_OK;
    while (err == ERR_OK) {
        size_t got = 0;
        assert_true(out->size + step <= 4u * PACKED_MAX);
        err = import_source_read(source, out->data + out->size, step, &got);
        assert_true(err != ERR_OK || got > 0);
        out->size += got;
    }
    size_t got = 1;
    uint8_t byte;
    assert_err(err, import_source_read(source, &byte, 1, &got));
    assert_int_equal(got, 0);
    import_source_close(source);
    return err;
}

static void assert_reads(const void *packed, size_t size, const struct bytes *first,
                         const struct bytes *second)
{
    static const size_t steps[] = {1, 7, 4096, 1u << 18};
    for (size_t i = 0; i < 4; i++) {
        struct bytes got;
        assert_err(ERR_END, read_all(packed, size, steps[i], &got));
        assert_int_equal(got.size, first->size + (second ? second->size : 0));
        assert_memory_equal(got.data, first->data, first->size);
        if (second)
            assert_memory_equal(got.data + first->size, second->data, second->size);
        free(got.data);
    }
}

static void reads_plain_gzip_and_zstd(void **state)
{
    (void)state;
    uint8_t *packed = malloc(PACKED_MAX);
    static const size_t sizes[] = {0, 1, 3, 100, 300000};
    for (size_t i = 0; i < 5; i++) {
        struct bytes text = text_new(sizes[i], i);
        assert_reads(text.data, text.size, &text, NULL);
        assert_reads(packed, gzip(packed, text.data, text.size), &text, NULL);
        assert_reads(packed, zstd(packed, text.data, text.size), &text, NULL);
        free(text.data);
    }
    free(packed);
}

static void reads_several_members_and_frames(void **state)
{
    (void)state;
    uint8_t *packed = malloc(4 * PACKED_MAX);
    struct bytes a = text_new(200000, 1), b = text_new(70, 2), none = {NULL, 0};
    size_t size = gzip(packed, a.data, a.size);
    size += gzip(packed + size, b.data, b.size);
    assert_reads(packed, size, &a, &b);
    /* tar and tape tools pad with zeros */
    memset(packed + size, 0, 512);
    assert_reads(packed, size + 512, &a, &b);

    static const uint8_t skippable[] = {0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3};
    memcpy(packed, skippable, sizeof skippable);
    assert_reads(packed, sizeof skippable, &none, NULL);
    size = sizeof skippable;
    size += zstd(packed + size, a.data, a.size);
    size += zstd(packed + size, b.data, b.size);
    assert_reads(packed, size, &a, &b);
    free(a.data);
    free(b.data);
    free(packed);
}

/* Every cut of packed data is noticed, and what is given out before is the beginning of the text.
 */
static void notices_every_cut(void **state)
{
    (void)state;
    uint8_t *packed = malloc(PACKED_MAX);
    struct bytes text = text_new(3000, 5), got;
    for (int kind = 0; kind < 2; kind++) {
        size_t size =
            kind ? zstd(packed, text.data, text.size) : gzip(packed, text.data, text.size);
        for (size_t cut = 4; cut < size; cut++) {
            assert_err(ERR_DAMAGED, read_all(packed, cut, 4096, &got));
            assert_non_null(strstr(err_text(ERR_DAMAGED), "too early"));
            assert_true(got.size <= text.size);
            assert_memory_equal(got.data, text.data, got.size);
            free(got.data);
        }
    }
    free(text.data);
    free(packed);
}

/* The checksum at the end catches what the unpacking itself does not; the readable part comes out
 * before. */
static void notices_changed_bits(void **state)
{
    (void)state;
    uint8_t *packed = malloc(PACKED_MAX);
    struct bytes text = text_new(100000, 9), got;
    for (int kind = 0; kind < 2; kind++) {
        size_t size =
            kind ? zstd(packed, text.data, text.size) : gzip(packed, text.data, text.size);
        for (size_t at = 20; at < size; at += size / 50) {
            packed[at] ^= 0x10;
            assert_err(ERR_DAMAGED, read_all(packed, size, 65536, &got));
            packed[at] ^= 0x10;
            free(got.data);
        }
        packed[size - 1] ^= 1;
        assert_err(ERR_DAMAGED, read_all(packed, size, 65536, &got));
        free(got.data);
    }
    free(text.data);
    free(packed);
}

static void notices_what_does_not_belong(void **state)
{
    (void)state;
    uint8_t *packed = malloc(PACKED_MAX);
    struct bytes text = text_new(100, 3), got;
    size_t size = gzip(packed, text.data, text.size);
    memcpy(packed + size, "rest", 4);
    assert_err(ERR_DAMAGED, read_all(packed, size + 4, 4096, &got));
    assert_int_equal(got.size, text.size);
    assert_non_null(strstr(err_text(ERR_DAMAGED), "follows the gzip data"));
    free(got.data);
    size = zstd(packed, text.data, text.size);
    memcpy(packed + size, "something else", 14);
    assert_err(ERR_DAMAGED, read_all(packed, size + 14, 4096, &got));
    assert_int_equal(got.size, text.size);
    free(got.data);
    free(text.data);
    free(packed);
}

static void names_a_missing_file(void **state)
{
    (void)state;
    struct import_source *source;
    assert_err(ERR_MISSING, import_source_open(&source, "no/such/file.gz"));
    assert_non_null(strstr(err_text(ERR_MISSING), "'no/such/file.gz'"));
    assert_null(source);
    /* A folder can be opened and not read. */
    assert_err(ERR_IO, import_source_open(&source, "/"));
    assert_null(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_plain_gzip_and_zstd),
        cmocka_unit_test(reads_several_members_and_frames),
        cmocka_unit_test(notices_every_cut),
        cmocka_unit_test(notices_changed_bits),
        cmocka_unit_test(notices_what_does_not_belong),
        cmocka_unit_test(names_a_missing_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

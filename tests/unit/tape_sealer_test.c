/* tape_sealer: what is finished gets sealed beside the writer, when there is room. */
#include "tests/unit/tape_sample.h"

#include "engine/base/clock.h"
#include "engine/base/time_text.h"
#include "engine/tape/tape_folder.h"
#include "engine/tape/tape_seal.h"
#include "recorder/tape_sealer.h"

#include <dirent.h>
#include <stdatomic.h>
#include <unistd.h>

#define SEGMENT_BYTES 1500
#define DEADLINE_NS   (60 * NS_PER_S)

/* A tape on the real file system: the sealer has a thread of its own. */
struct tape {
    char folder[64], path[96];
    struct tape_writer *writer;
    _Atomic uint64_t free_bytes;
};

static void open_writer(struct tape *tape)
{
    struct tape_writer_options options = unit_options(SEGMENT_BYTES);
    assert_ok(tape_writer_open(&tape->writer, io_posix(), tape->path, &options));
}

static int make_tape(void **state)
{
    static struct tape tape;
    tape = (struct tape){.free_bytes = UINT64_C(1) << 40};
    snprintf(tape.folder, sizeof tape.folder, "%s/rewick-seal-XXXXXX",
             access("/tmp", W_OK) == 0 ? "/tmp" : ".");
    assert_non_null(mkdtemp(tape.folder));
    snprintf(tape.path, sizeof tape.path, "%s/tape", tape.folder);
    *state = &tape;
    return 0;
}

static int remove_tape(void **state)
{
    struct tape *tape = *state;
    tape_writer_abandon(tape->writer);
    DIR *dir = opendir(tape->path);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", tape->path, entry->d_name);
        unlink(path);
    }
    closedir(dir);
    rmdir(tape->path);
    return rmdir(tape->folder);
}

static bool space(void *arg, uint64_t *out_free, uint64_t *out_total)
{
    struct tape *tape = arg;
    *out_free = *out_total = atomic_load(&tape->free_bytes);
    return true;
}

static struct tape_sealer *start(struct tape *tape)
{
    const struct tape_sealer_options options = {
        .io = io_posix(),
        .path = tape->path,
        .segment_bytes = SEGMENT_BYTES,
        .space = space,
        .arg = tape,
    };
    struct tape_sealer *sealer = NULL;
    assert_ok(tape_sealer_start(&sealer, &options));
    return sealer;
}

static uint32_t segment_count(const struct tape *tape)
{
    struct tape_folder folder = {0};
    assert_ok(tape_folder_list(&folder, io_posix(), tape->path, 0));
    uint32_t count = (uint32_t)folder.count;
    tape_folder_release(&folder);
    return count;
}

static bool is_sealed(const struct tape *tape, uint32_t number)
{
    char name[TAPE_NAME_SIZE];
    bool sealed = false;
    tape_segment_name(name, number);
    char *path = tape_path_join(tape->path, name);
    assert_ok(tape_segment_is_sealed(io_posix(), path, &sealed));
    free(path);
    return sealed;
}

/* Until all but the newest are sealed. */
static void wait_for_all(const struct tape *tape, struct tape_sealer *sealer)
{
    const int64_t end_ns = clock_mono_ns() + DEADLINE_NS;
    const uint32_t count = segment_count(tape);
    struct tape_sealer_stats stats = tape_sealer_stats(sealer);
    while (stats.sealed != count - 1 || stats.live != 1) {
        assert_true(clock_mono_ns() < end_ns);
        clock_sleep_until(clock_mono_ns() + 10 * NS_PER_MS);
        stats = tape_sealer_stats(sealer);
    }
    for (uint32_t i = 1; i <= count; i++)
        assert_int_equal(is_sealed(tape, i), i < count);
}

static void what_was_left_and_what_is_finished_later_is_sealed(void **state)
{
    struct tape *tape = *state;
    open_writer(tape);
    unit_append(tape->writer, 100, 5, NULL);
    assert_true(segment_count(tape) >= 3);
    struct tape_sealer *sealer = start(tape);
    wait_for_all(tape, sealer);
    for (int i = 0; i < 2; i++) {
        const uint32_t before = segment_count(tape);
        unit_append(tape->writer, 100, 5, NULL);
        assert_true(segment_count(tape) > before);
        wait_for_all(tape, sealer);
    }
    const struct tape_sealer_stats stats = tape_sealer_stats(sealer);
    assert_int_equal(stats.now, segment_count(tape) - 1);
    assert_true(stats.live_bytes >= (uint64_t)SEGMENT_BYTES * stats.now);
    assert_true(stats.sealed_bytes > 0);
    tape_sealer_stop(sealer);
}

static void without_room_nothing_is_sealed_until_there_is_some(void **state)
{
    struct tape *tape = *state;
    open_writer(tape);
    unit_append(tape->writer, 100, 5, NULL);
    atomic_store(&tape->free_bytes, TAPE_SEALER_RESERVE + SEGMENT_BYTES - 1);
    struct tape_sealer *sealer = start(tape);
    clock_sleep_until(clock_mono_ns() + 2 * TAPE_SEALER_LOOK_NS);
    assert_int_equal(tape_sealer_stats(sealer).now, 0);
    assert_false(is_sealed(tape, 1));
    atomic_store(&tape->free_bytes, TAPE_SEALER_RESERVE + SEGMENT_BYTES);
    wait_for_all(tape, sealer);
    tape_sealer_stop(sealer);
}

/* Stopped wherever it is, the tape is whole and no half of a segment lies about. */
static void it_may_be_stopped_at_any_moment(void **state)
{
    struct tape *tape = *state;
    open_writer(tape);
    unit_append(tape->writer, 400, 5, NULL);
    const uint32_t count = segment_count(tape);
    uint32_t sealed = 0;
    for (int64_t i = 0; sealed < count - 1; i++) {
        struct tape_sealer *sealer = start(tape);
        clock_sleep_until(clock_mono_ns() + i * NS_PER_MS); /* a busy machine needs longer ones */
        tape_sealer_stop(sealer);
        sealed = 0;
        for (uint32_t number = 1; number < count; number++) {
            char name[TAPE_NAME_SIZE];
            sealed += is_sealed(tape, number);
            tape_seal_name(name, number);
            char *path = tape_path_join(tape->path, name);
            assert_int_equal(access(path, F_OK), -1);
            free(path);
        }
        assert_true(i < 500);
    }
    struct tape_reader *reader = NULL;
    const struct tape_reader_options options = {0};
    struct record record;
    assert_ok(tape_reader_open(&reader, io_posix(), tape->path, &options));
    for (uint64_t seq = 1; seq <= 400; seq++) {
        assert_ok(tape_reader_next(reader, &record));
        assert_int_equal(record.seq, seq);
    }
    assert_err(ERR_END, tape_reader_next(reader, &record));
    tape_reader_close(reader);
}

static void nothing_is_stopped_without_harm(void **state)
{
    (void)state;
    tape_sealer_stop(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_tape, remove_tape)
    const struct CMUnitTest tests[] = {
        TEST(what_was_left_and_what_is_finished_later_is_sealed),
        TEST(without_room_nothing_is_sealed_until_there_is_some),
        TEST(it_may_be_stopped_at_any_moment),
        cmocka_unit_test(nothing_is_stopped_without_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

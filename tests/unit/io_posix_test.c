/* io_posix: the promises of io.h on a real file system. */
#include "tests/unit/unit.h"

#include "engine/base/io.h"

#include <sys/stat.h>
#include <unistd.h>

struct folder {
    char path[64];
    char file[96], other[96];
};

static int make_folder(void **state)
{
    static struct folder folder;
    snprintf(folder.path, sizeof folder.path, "%s/rewick-io-XXXXXX",
             access("/tmp", W_OK) == 0 ? "/tmp" : ".");
    assert_non_null(mkdtemp(folder.path));
    snprintf(folder.file, sizeof folder.file, "%s/file", folder.path);
    snprintf(folder.other, sizeof folder.other, "%s/other", folder.path);
    *state = &folder;
    return 0;
}

static int remove_folder(void **state)
{
    struct folder *folder = *state;
    unlink(folder->file);
    unlink(folder->other);
    rmdir(folder->file);
    return rmdir(folder->path);
}

static struct io_file *create(const char *path, const char *text)
{
    const struct io *io = io_posix();
    struct io_file *file = NULL;
    assert_ok(io->open(io->self, &file, path, IO_CREATE));
    assert_ok(io->write(file, text, strlen(text), 0));
    return file;
}

static void what_is_written_is_read_cut_and_sized(void **state)
{
    const struct folder *folder = *state;
    const struct io *io = io_posix();
    struct io_file *file = create(folder->file, "hello tape"), *reader = NULL;
    char data[32];
    size_t got = 0;
    uint64_t size = 0;
    struct stat status;
    assert_ok(io->write(file, "T", 1, 6));
    assert_ok(io->sync(file));
    assert_ok(io->open(io->self, &reader, folder->file, IO_READ));
    assert_ok(io->read(reader, data, sizeof data, 6, &got));
    assert_int_equal(got, 4);
    assert_memory_equal(data, "Tape", 4);
    assert_ok(io->read(reader, data, sizeof data, 100, &got));
    assert_int_equal(got, 0);
    assert_err(ERR_IO, io->read(reader, data, 1, UINT64_MAX, &got));
    assert_ok(io->truncate(file, 5));
    assert_ok(io->size(reader, &size));
    assert_int_equal(size, 5);
    assert_int_equal(stat(folder->file, &status), 0);
    assert_int_equal(status.st_mode & 07, 0);
    io->close(reader);
    io->close(file);
    io->close(NULL);
}

static void nothing_is_written_over(void **state)
{
    const struct folder *folder = *state;
    const struct io *io = io_posix();
    struct io_file *file = create(folder->file, "one"), *again = NULL;
    io->close(create(folder->other, "two"));
    assert_err(ERR_IO, io->open(io->self, &again, folder->file, IO_CREATE));
    assert_err(ERR_IO, io->rename(io->self, folder->other, folder->file));
    assert_ok(io->remove(io->self, folder->file));
    assert_ok(io->rename(io->self, folder->other, folder->file));
    assert_err(ERR_MISSING, io->rename(io->self, folder->other, folder->file));
    assert_err(ERR_MISSING, io->remove(io->self, folder->other));
    assert_ok(io->sync_dir(io->self, folder->path));
    io->close(file);
}

static void a_file_takes_the_place_of_another(void **state)
{
    const struct folder *folder = *state;
    const struct io *io = io_posix();
    struct io_file *old = create(folder->file, "old"), *now = NULL;
    io->close(create(folder->other, "new"));
    assert_ok(io->replace(io->self, folder->other, folder->file));
    assert_err(ERR_MISSING, io->open(io->self, &now, folder->other, IO_READ));
    assert_ok(io->open(io->self, &now, folder->file, IO_READ));
    char data[3];
    size_t got = 0;
    assert_ok(io->read(now, data, sizeof data, 0, &got));
    assert_memory_equal(data, "new", 3);
    /* Who had the old one open keeps it. */
    assert_ok(io->read(old, data, sizeof data, 0, &got));
    assert_memory_equal(data, "old", 3);
    io->close(now);
    io->close(old);
    /* Without another it is a rename. */
    assert_ok(io->replace(io->self, folder->file, folder->other));
    assert_err(ERR_MISSING, io->replace(io->self, folder->file, folder->other));
    assert_non_null(strstr(err_text(ERR_MISSING), "in the place of"));
    assert_ok(io->remove(io->self, folder->other));
}

static void only_regular_files_and_folders_are_taken(void **state)
{
    const struct folder *folder = *state;
    const struct io *io = io_posix();
    struct io_file *file = NULL;
    assert_err(ERR_MISSING, io->open(io->self, &file, folder->file, IO_READ));
    assert_err(ERR_IO, io->open(io->self, &file, folder->path, IO_READ));
    assert_int_equal(mkfifo(folder->file, 0600), 0);
    assert_err(ERR_IO, io->open(io->self, &file, folder->file, IO_READ)); /* and does not hang */
    assert_err(ERR_IO, io->make_dir(io->self, folder->file));
    assert_non_null(strstr(err_text(ERR_IO), "is not a folder"));
    assert_int_equal(unlink(folder->file), 0);
    assert_ok(io->make_dir(io->self, folder->file));
    assert_ok(io->make_dir(io->self, folder->file));
}

static enum err count_name(const char *name, void *arg)
{
    int *count = arg;
    assert_true(name[0] != '.');
    return ++*count == 2 ? ERR_STOP : ERR_OK;
}

static void a_folder_is_listed_until_somebody_says_stop(void **state)
{
    const struct folder *folder = *state;
    const struct io *io = io_posix();
    int count = 0;
    assert_ok(io->list_dir(io->self, folder->path, count_name, &count));
    assert_int_equal(count, 0);
    io->close(create(folder->file, ""));
    io->close(create(folder->other, ""));
    assert_err(ERR_STOP, io->list_dir(io->self, folder->path, count_name, &count));
    assert_err(ERR_IO, io->list_dir(io->self, folder->file, count_name, &count));
    assert_err(ERR_MISSING, io->list_dir(io->self, "/nowhere/at/all", count_name, &count));
}

static void a_lock_is_held_until_it_is_closed(void **state)
{
    const struct folder *folder = *state;
    const struct io *io = io_posix();
    struct io_file *first = NULL, *second = NULL;
    assert_ok(io->lock(io->self, &first, folder->file));
    assert_err(ERR_LOCKED, io->lock(io->self, &second, folder->file));
    io->close(first);
    assert_ok(io->lock(io->self, &second, folder->file));
    io->close(second);
}

static void a_small_file_is_read_whole_or_refused(void **state)
{
    const struct folder *folder = *state;
    char *text = NULL;
    size_t size = 0;
    io_posix()->close(create(folder->file, "12345"));
    assert_ok(io_read_file(folder->file, 5, &text, &size));
    assert_int_equal(size, 5);
    assert_string_equal(text, "12345");
    free(text);
    assert_err(ERR_LIMIT, io_read_file(folder->file, 4, &text, &size));
    assert_err(ERR_MISSING, io_read_file(folder->other, 4, &text, &size));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read_cut_and_sized),
        TEST(nothing_is_written_over),
        TEST(a_file_takes_the_place_of_another),
        TEST(only_regular_files_and_folders_are_taken),
        TEST(a_folder_is_listed_until_somebody_says_stop),
        TEST(a_lock_is_held_until_it_is_closed),
        TEST(a_small_file_is_read_whole_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

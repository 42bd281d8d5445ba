#include "engine/tape/tape_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_DIGITS 8

void tape_segment_name(char name[TAPE_NAME_SIZE], uint32_t number)
{
    snprintf(name, TAPE_NAME_SIZE, "%08u" TAPE_SUFFIX, number);
}

/* The number that `name` begins with when `suffix` follows it and nothing else, else 0. */
static uint32_t parse_name(const char *name, const char *suffix)
{
    uint32_t number = 0;
    for (size_t i = 0; i < NUMBER_DIGITS; i++) {
        if (name[i] < '0' || name[i] > '9')
            return 0;
        number = number * 10 + (uint32_t)(name[i] - '0');
    }
    return strcmp(name + NUMBER_DIGITS, suffix) == 0 ? number : 0;
}

uint32_t tape_segment_number(const char *name)
{
    return parse_name(name, TAPE_SUFFIX);
}

void tape_seal_name(char name[TAPE_NAME_SIZE], uint32_t number)
{
    snprintf(name, TAPE_NAME_SIZE, "%08u" TAPE_SUFFIX TAPE_SEAL_SUFFIX, number);
}

uint32_t tape_seal_number(const char *name)
{
    return parse_name(name, TAPE_SUFFIX TAPE_SEAL_SUFFIX);
}

bool tape_name_is_temporary(const char *name)
{
    return parse_name(name, TAPE_SUFFIX TAPE_TEMP_SUFFIX) != 0;
}

char *tape_path_join(const char *path, const char *name)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    size_t size = length + 1 + strlen(name) + 1;
    char *joined = malloc(size);
    if (joined)
        snprintf(joined, size, "%.*s/%s", (int)length, path, name);
    return joined;
}

struct listing {
    struct tape_folder *folder;
    uint32_t after;
};

static enum err add_number(struct tape_folder *folder, uint32_t number)
{
    if (folder->count == folder->capacity) {
        size_t capacity = folder->capacity ? 2 * folder->capacity : 64;
        uint32_t *numbers = realloc(folder->numbers, capacity * sizeof *numbers);
        if (!numbers)
            return err_fail(ERR_NOMEM, "out of memory for a list of segments");
        folder->numbers = numbers;
        folder->capacity = capacity;
    }
    folder->numbers[folder->count++] = number;
    return ERR_OK;
}

static enum err each_name(const char *name, void *arg)
{
    struct listing *listing = arg;
    uint32_t first = parse_name(name, TAPE_FIRST_SUFFIX);
    if (first > listing->folder->first)
        listing->folder->first = first;
    uint32_t number = tape_segment_number(name);
    return number > listing->after ? add_number(listing->folder, number) : ERR_OK;
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t left, right;
    memcpy(&left, a, sizeof left);
    memcpy(&right, b, sizeof right);
    return left < right ? -1 : left > right;
}

enum err tape_folder_list(struct tape_folder *folder, const struct io *io, const char *path,
                          uint32_t after)
{
    struct listing listing = {folder, after};
    folder->count = 0;
    folder->first = 1;
    enum err err = io->list_dir(io->self, path, each_name, &listing);
    if (err != ERR_OK)
        return err;
    if (folder->count > 1)
        qsort(folder->numbers, folder->count, sizeof *folder->numbers, compare_numbers);
    size_t given_up = 0;
    while (given_up < folder->count && folder->numbers[given_up] < folder->first)
        given_up++;
    folder->count -= given_up;
    if (given_up > 0)
        memmove(folder->numbers, folder->numbers + given_up,
                folder->count * sizeof *folder->numbers);
    return ERR_OK;
}

void tape_folder_release(struct tape_folder *folder)
{
    free(folder->numbers);
    *folder = (struct tape_folder){0};
}

/* ---- giving up the beginning ------------------------------------------------------------------
 */

struct forgetting {
    const struct io *io;
    const char *path;
    uint32_t first;
};

static enum err with_path(const struct forgetting *forgetting, const char *name,
                          enum err (*act)(const struct io *io, const char *path))
{
    char *path = tape_path_join(forgetting->path, name);
    if (!path)
        return err_fail(ERR_NOMEM, "out of memory for a path");
    enum err err = act(forgetting->io, path);
    free(path);
    return err;
}

static enum err remove_file(const struct io *io, const char *path)
{
    return io->remove(io->self, path);
}

static enum err make_file(const struct io *io, const char *path)
{
    struct io_file *file = NULL;
    enum err err = io->open(io->self, &file, path, IO_CREATE);
    io->close(file);
    return err;
}

static enum err remove_older(const char *name, void *arg)
{
    const struct forgetting *forgetting = arg;
    uint32_t number = tape_segment_number(name);
    if (number == 0)
        number = parse_name(name, TAPE_FIRST_SUFFIX);
    if (number == 0)
        number = tape_seal_number(name);
    return number > 0 && number < forgetting->first ? with_path(forgetting, name, remove_file)
                                                    : ERR_OK;
}

/* The mark is on the disk before anything goes. */
static enum err make_mark(const struct forgetting *forgetting)
{
    struct tape_folder folder = {0};
    const struct io *io = forgetting->io;
    enum err err = tape_folder_list(&folder, io, forgetting->path, UINT32_MAX);
    bool there = folder.first >= forgetting->first;
    tape_folder_release(&folder);
    if (err != ERR_OK || there)
        return err;
    char name[TAPE_NAME_SIZE];
    snprintf(name, sizeof name, "%08u" TAPE_FIRST_SUFFIX, forgetting->first);
    err = with_path(forgetting, name, make_file);
    return err == ERR_OK ? io->sync_dir(io->self, forgetting->path) : err;
}

enum err tape_folder_forget(const struct io *io, const char *path, uint32_t first)
{
    struct forgetting forgetting = {io, path, first};
    enum err err = make_mark(&forgetting);
    return err == ERR_OK ? io->list_dir(io->self, path, remove_older, &forgetting) : err;
}

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
    enum err err = io->list_dir(io->self, path, each_name, &listing);
    if (err == ERR_OK && folder->count > 1)
        qsort(folder->numbers, folder->count, sizeof *folder->numbers, compare_numbers);
    return err;
}

void tape_folder_release(struct tape_folder *folder)
{
    free(folder->numbers);
    *folder = (struct tape_folder){0};
}

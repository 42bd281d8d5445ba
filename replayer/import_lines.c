#include "replayer/import_lines.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST (256u * 1024)
#define READ_MIN       (64u * 1024)

struct import_lines {
    struct import_source *source; /* owned */
    uint8_t *data;
    size_t capacity, start, end; /* data[start..end) is not given out yet */
    size_t searched;             /* bytes of it in which there is no line feed */
    uint64_t number;
    bool skipping; /* in a line that is too long */
    bool ended;
};

enum err import_lines_open(struct import_lines **out, struct import_source *source)
{
    *out = NULL;
    struct import_lines *lines = calloc(1, sizeof *lines);
    uint8_t *data = malloc(CAPACITY_FIRST);
    if (!lines || !data) {
        free(lines);
        free(data);
        import_source_close(source);
        return err_fail(ERR_NOMEM, "out of memory");
    }
    lines->source = source;
    lines->data = data;
    lines->capacity = CAPACITY_FIRST;
    *out = lines;
    return ERR_OK;
}

void import_lines_close(struct import_lines *lines)
{
    if (!lines)
        return;
    import_source_close(lines->source);
    free(lines->data);
    free(lines);
}

uint64_t import_lines_number(const struct import_lines *lines)
{
    return lines->number;
}

const struct import_source *import_lines_source(const struct import_lines *lines)
{
    return lines->source;
}

/* Room for at least READ_MIN bytes behind `end`. */
static enum err make_room(struct import_lines *lines)
{
    if (lines->capacity - lines->end >= READ_MIN)
        return ERR_OK;
    if (lines->start > 0) {
        memmove(lines->data, lines->data + lines->start, lines->end - lines->start);
        lines->end -= lines->start;
        lines->start = 0;
    }
    if (lines->capacity - lines->end >= READ_MIN)
        return ERR_OK;
    uint8_t *data = realloc(lines->data, lines->capacity * 2);
    if (!data)
        return err_fail(ERR_NOMEM, "out of memory");
    lines->data = data;
    lines->capacity *= 2;
    return ERR_OK;
}

static enum err read_more(struct import_lines *lines)
{
    enum err err = make_room(lines);
    if (err != ERR_OK)
        return err;
    size_t got = 0;
    err = import_source_read(lines->source, lines->data + lines->end, lines->capacity - lines->end,
                             &got);
    lines->end += got;
    return err;
}

static enum err too_long(struct import_lines *lines)
{
    lines->skipping = false;
    return err_fail(ERR_LIMIT, "longer than %u bytes", IMPORT_LINE_MAX);
}

/* Takes `size` bytes and the line feed (if any) as the next line. */
static enum err take(struct import_lines *lines, size_t size, size_t feed, const uint8_t **out_line,
                     size_t *out_size)
{
    bool fits = !lines->skipping && size <= IMPORT_LINE_MAX;
    *out_line = lines->data + lines->start;
    *out_size = size;
    lines->start += size + feed;
    lines->searched = 0;
    lines->number++;
    return fits ? ERR_OK : too_long(lines);
}

/* The source gave nothing more: `err` says why. What stands behind the last line feed is a line
 * when the file ends there, and a fragment when the packed data broke there. */
static enum err end_lines(struct import_lines *lines, enum err err, const uint8_t **out_line,
                          size_t *out_size)
{
    if (err != ERR_END && err != ERR_DAMAGED)
        return err;
    lines->ended = true;
    size_t left = lines->end - lines->start;
    if (err == ERR_END && (left > 0 || lines->skipping))
        return take(lines, left, 0, out_line, out_size);
    lines->start = lines->end = lines->searched = 0;
    if (err == ERR_DAMAGED)
        lines->number++;
    return err;
}

static void drop_long_line(struct import_lines *lines)
{
    if (lines->searched <= IMPORT_LINE_MAX)
        return;
    lines->skipping = true;
    lines->start = lines->end = lines->searched = 0;
}

enum err import_lines_next(struct import_lines *lines, const uint8_t **out_line, size_t *out_size)
{
    for (;;) {
        const uint8_t *from = lines->data + lines->start;
        size_t left = lines->end - lines->start;
        const uint8_t *feed = memchr(from + lines->searched, '\n', left - lines->searched);
        if (feed)
            return take(lines, (size_t)(feed - from), 1, out_line, out_size);
        lines->searched = left;
        if (lines->ended)
            return ERR_END;
        drop_long_line(lines);
        enum err err = read_more(lines);
        if (err != ERR_OK)
            return end_lines(lines, err, out_line, out_size);
    }
}

enum err import_lines_rest(struct import_lines *lines, const uint8_t **out_data, size_t *out_size)
{
    while (!lines->ended) {
        lines->searched = lines->end - lines->start;
        drop_long_line(lines);
        enum err err = read_more(lines);
        if (err != ERR_OK)
            return end_lines(lines, err, out_data, out_size);
    }
    return ERR_END;
}

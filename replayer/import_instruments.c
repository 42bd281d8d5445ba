#include "replayer/import_instruments.h"

#include "engine/engine_answer.h"
#include "replayer/import_lines.h"

#include <stdio.h>

#define TARGET_MAX 4096

void import_instruments_init(struct import_instruments *instruments)
{
    instruments->page_count = 0;
    instrument_list_init(&instruments->list);
    for (size_t i = 0; i < IMPORT_PAGES_MAX; i++)
        buf_init(&instruments->pages[i], RECORD_DATA_MAX);
}

void import_instruments_release(struct import_instruments *instruments)
{
    instrument_list_release(&instruments->list);
    for (size_t i = 0; i < IMPORT_PAGES_MAX; i++)
        buf_release(&instruments->pages[i]);
    instruments->page_count = 0;
}

static enum err read_file(struct buf *body, const char *path)
{
    struct import_source *source = NULL;
    struct import_lines *lines = NULL;
    const uint8_t *data = NULL;
    size_t size = 0;
    enum err err = import_source_open(&source, path);
    if (err == ERR_OK)
        err = import_lines_open(&lines, source);
    if (err == ERR_OK)
        err = import_lines_rest(lines, &data, &size);
    buf_clear(body);
    if (err == ERR_OK)
        err = buf_append(body, data, size);
    if (err == ERR_END)
        err = err_fail(ERR_DAMAGED, "file '%s' is empty", path);
    import_lines_close(lines);
    return err;
}

/* The address whose answer page `index` is; `body` holds the page before. */
static enum err make_url(const struct venue *venue, size_t index, const struct buf *body, char *url,
                         size_t url_size)
{
    struct buf target;
    buf_init(&target, TARGET_MAX);
    enum err err = venue->rest->list(index, index > 0 ? body->data : NULL, body->size, &target);
    if (err == ERR_END)
        err = err_fail(ERR_USAGE, "the instrument list of %s has no more than %zu pages",
                       venue->name, index);
    if (err == ERR_OK)
        err = buf_terminate(&target);
    if (err == ERR_OK)
        snprintf(url, url_size, "%s%s", venue->rest->url, (const char *)target.data);
    buf_release(&target);
    return err;
}

static enum err take_page(struct import_instruments *instruments, const struct venue *venue,
                          const char *path, struct buf *body)
{
    char url[2 * TARGET_MAX];
    size_t index = instruments->page_count;
    enum err err = make_url(venue, index, body, url, sizeof url);
    if (err == ERR_OK)
        err = read_file(body, path);
    if (err != ERR_OK)
        return err;
    err = venue->rest->decode_list(url, body->data, body->size, &instruments->list);
    if (err == ERR_OK)
        err = engine_answer_write(&instruments->pages[index], url, body->data, body->size);
    if (err != ERR_OK)
        return err_context(err, "instrument list '%s'", path);
    instruments->page_count++;
    return ERR_OK;
}

enum err import_instruments_load(struct import_instruments *instruments, const struct venue *venue,
                                 const char *const *paths, size_t count)
{
    if (count > 0 && !venue->rest)
        return err_fail(ERR_USAGE, "%s has no instrument list", venue->name);
    if (count > IMPORT_PAGES_MAX)
        return err_fail(ERR_USAGE, "more than %d files of instruments", IMPORT_PAGES_MAX);
    struct buf body;
    buf_init(&body, RECORD_DATA_MAX);
    enum err err = ERR_OK;
    for (size_t i = 0; i < count && err == ERR_OK; i++)
        err = take_page(instruments, venue, paths[i], &body);
    if (err == ERR_OK && count > 0 && instruments->list.count == 0)
        err = err_fail(ERR_DAMAGED, "no instrument of %s is in '%s'", venue->name, paths[0]);
    buf_release(&body);
    return err;
}

#include "recorder/record_config.h"

#include "engine/base/time_text.h"
#include "engine/tape/tape_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The settings stand in the first record of a recorded tape; imported ones may have none. */
#define RECORDS_LOOKED_AT 64

static enum err parse_bars(struct engine_config *config, const struct option_list *list)
{
    config->bar_count = 0;
    for (size_t i = 0; i < list->count; i++) {
        char storage[1024];
        const char *items[ENGINE_BARS_MAX];
        size_t count;
        enum err err = options_split(list->items[i], storage, sizeof storage, items,
                                     ENGINE_BARS_MAX - config->bar_count, &count);
        for (size_t k = 0; !err && k < count; k++) {
            struct bar bar;
            err = bar_parse(&bar, items[k]);
            for (size_t j = 0; !err && j < config->bar_count; j++)
                if (bar_equal(config->bars[j], bar))
                    err = err_fail(ERR_USAGE, "--bar '%s' is given twice", items[k]);
            if (!err)
                config->bars[config->bar_count++] = bar;
        }
        if (err)
            return err;
    }
    return ERR_OK;
}

/* Puts the wishes over what `config` has. */
static enum err apply_wish(struct engine_config *config, const struct record_wish *wish)
{
    if (wish->lateness_ms >= 0)
        config->lateness_ns = wish->lateness_ms * NS_PER_MS;
    if (wish->horizon_ms >= 0)
        config->horizon_ns = wish->horizon_ms * NS_PER_MS;
    if (wish->empty && strcmp(wish->empty, "none") == 0)
        config->empty = EMPTY_NONE;
    else if (wish->empty && strcmp(wish->empty, "carry") == 0)
        config->empty = EMPTY_CARRY;
    else if (wish->empty)
        return err_fail(ERR_USAGE, "--empty '%s' is not known; it is none or carry", wish->empty);
    return wish->bars.count > 0 ? parse_bars(config, &wish->bars) : ERR_OK;
}

static enum err read_first_config(struct tape_reader *reader, struct engine_config *config,
                                  bool *out_found)
{
    for (int i = 0; i < RECORDS_LOOKED_AT; i++) {
        struct record record;
        if (tape_reader_next(reader, &record) != ERR_OK)
            return ERR_OK;
        if (record.type == RECORD_CONFIG)
            return engine_config_read(config, record.data, record.size, out_found);
    }
    return ERR_OK;
}

static enum err read_tape(const struct io *io, const char *path, struct engine_config *config,
                          bool *out_found)
{
    struct tape_reader *reader;
    struct tape_reader_options options = {0};
    *out_found = false;
    if (tape_reader_open(&reader, io, path, &options) != ERR_OK)
        return ERR_OK;
    enum err err = read_first_config(reader, config, out_found);
    tape_reader_close(reader);
    return err;
}

/* "--bar 1s,1m --lateness-ms 500 --horizon-ms 600000 --empty none" */
static void describe(char *text, size_t size, const struct engine_config *config)
{
    size_t used = (size_t)snprintf(text, size, "--bar ");
    for (size_t i = 0; i < config->bar_count && used < size; i++) {
        char bar[BAR_TEXT_MAX];
        bar_format(bar, config->bars[i]);
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? "," : "", bar);
    }
    if (used < size)
        snprintf(text + used, size - used,
                 " --lateness-ms %" PRId64 " --horizon-ms %" PRId64 " --empty %s",
                 config->lateness_ns / NS_PER_MS, config->horizon_ns / NS_PER_MS,
                 config->empty == EMPTY_CARRY ? "carry" : "none");
}

enum err record_config_make(struct engine_config *out, const struct record_wish *wish,
                            const struct io *io, const char *path)
{
    bool found;
    engine_config_default(out);
    enum err err = read_tape(io, path, out, &found);
    if (err)
        return err_context(err, "tape '%s'", path);
    struct engine_config tape = *out;
    err = apply_wish(out, wish);
    if (err || !found || engine_config_equal(out, &tape))
        return err;
    char text[ERR_TEXT_MAX / 2];
    describe(text, sizeof text, &tape);
    return err_fail(ERR_USAGE,
                    "tape '%s' was begun with %s; leave these options out or give another --out",
                    path, text);
}

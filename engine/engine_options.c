#include "engine/engine_options.h"

#include "engine/base/time_text.h"
#include "engine/tape/tape_folder.h"
#include "engine/tape/tape_reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BAR_LIST_BYTES    1024
#define RECORDS_LOOKED_AT 64

/* ---- the command line ------------------------------------------------------------------------ */

static enum err add_bars(struct engine_config *config, const char *list)
{
    char storage[BAR_LIST_BYTES];
    const char *items[ENGINE_BARS_MAX];
    size_t count = 0;
    enum err err = options_split(list, storage, sizeof storage, items,
                                 ENGINE_BARS_MAX - config->bar_count, &count);
    for (size_t i = 0; i < count && err == ERR_OK; i++)
        err = bar_parse(&config->bars[config->bar_count++], items[i]);
    return err;
}

static enum err parse_bars(struct engine_config *config, const struct option_list *lists)
{
    enum err err = ERR_OK;
    config->bar_count = 0;
    for (size_t i = 0; i < lists->count && err == ERR_OK; i++)
        err = add_bars(config, lists->items[i]);
    return err;
}

static enum err parse_empty(enum engine_empty *out, const char *text)
{
    if (strcmp(text, "none") != 0 && strcmp(text, "carry") != 0)
        return err_fail(ERR_USAGE, "--empty '%s' is not known; it is none or carry", text);
    *out = text[0] == 'c' ? EMPTY_CARRY : EMPTY_NONE;
    return ERR_OK;
}

enum err engine_options_apply(const struct engine_options *options, struct engine_config *config)
{
    enum err err = ERR_OK;
    if (options->bars.count > 0)
        err = parse_bars(config, &options->bars);
    if (err == ERR_OK && options->empty)
        err = parse_empty(&config->empty, options->empty);
    if (options->lateness_ms >= 0)
        config->lateness_ns = options->lateness_ms * NS_PER_MS;
    if (options->horizon_ms >= 0)
        config->horizon_ns = options->horizon_ms * NS_PER_MS;
    return err == ERR_OK ? engine_config_check(config) : err;
}

/* ---- what the tape says ---------------------------------------------------------------------- */

enum look { LOOK_ON, LOOK_FOUND, LOOK_END };

static enum err read_config(const struct record *record, struct engine_config *config,
                            enum look *out)
{
    bool found = false;
    engine_config_default(config);
    enum err err = engine_config_read(config, record->data, record->size, &found);
    if (found)
        *out = LOOK_FOUND;
    return err == ERR_OK ? ERR_OK
                         : err_context(err, "the configuration in record %" PRIu64, record->seq);
}

static enum err look_at(const struct io *io, const char *path, bool salvage,
                        struct engine_config *config, enum look *out)
{
    struct tape_reader *reader = NULL;
    struct tape_reader_options options = {.salvage = salvage};
    if (tape_reader_open(&reader, io, path, &options) != ERR_OK) {
        *out = LOOK_END;
        return ERR_OK;
    }
    struct record record;
    enum err err = ERR_OK;
    for (int i = 0; i < RECORDS_LOOKED_AT && err == ERR_OK && *out == LOOK_ON; i++) {
        if (tape_reader_next(reader, &record) != ERR_OK)
            break;
        if (record.type == RECORD_CONFIG)
            err = read_config(&record, config, out);
    }
    tape_reader_close(reader);
    return err;
}

enum err engine_options_from_tape(struct engine_config *config, const struct io *io,
                                  const char *path, bool salvage, bool *out_found)
{
    enum look look = LOOK_ON;
    enum err err = look_at(io, path, salvage, config, &look);
    for (uint32_t number = 2; err == ERR_OK && look == LOOK_ON; number++) {
        char name[TAPE_NAME_SIZE];
        tape_segment_name(name, number);
        char *segment = tape_path_join(path, name);
        if (!segment)
            return err_fail(ERR_NOMEM, "out of memory");
        err = look_at(io, segment, salvage, config, &look);
        free(segment);
    }
    *out_found = look == LOOK_FOUND;
    if (!*out_found)
        engine_config_default(config);
    return err;
}

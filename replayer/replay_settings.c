#include "replayer/replay_settings.h"

#include "engine/base/time_text.h"
#include "engine/tape/tape_folder.h"
#include "engine/tape/tape_reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BAR_LIST_MAX      1024
#define RECORDS_LOOKED_AT 64

void replay_settings_options(struct replay_settings *settings,
                             struct option table[REPLAY_OPTION_COUNT])
{
    const struct option own[] = {
        {"bar", "LIST", "bars to build, like 1s,1m,1h (default: as recorded, else 1m)",
         OPTION_STRING, &settings->bars, 0, 0},
        {"lateness-ms", "N",
         "how long a window waits for late trades (default: as recorded, else 500)", OPTION_INTEGER,
         &settings->lateness_ms, 0, ENGINE_LATENESS_MAX_NS / NS_PER_MS},
        {"horizon-ms", "N",
         "how long a closed candle can be corrected (default: as recorded, else 600000)",
         OPTION_INTEGER, &settings->horizon_ms, 0, ENGINE_HORIZON_MAX_NS / NS_PER_MS},
        {"empty", "RULE",
         "windows without trades: none, or carry a flat candle (default: as recorded, else none)",
         OPTION_STRING, &settings->empty, 0, 0},
        {"venue", "LIST", "only these venues (default all)", OPTION_STRING, &settings->venues, 0,
         0},
        {"instrument", "LIST", "only these instruments, like BTC-USDT,ETH-USDT (default all)",
         OPTION_STRING, &settings->instruments, 0, 0},
        {"from", "TIME", "begin with the first record received at TIME or later; -2h is before now",
         OPTION_TIME, &settings->from_ns, 0, 0},
        {"to", "TIME", "end before the first record received at TIME or later", OPTION_TIME,
         &settings->to_ns, 0, 0},
        {"speed", "X",
         "max, or a factor: 1 keeps the distances of the recording, 10 is faster (default max)",
         OPTION_STRING, &settings->speed, 0, 0},
        {"salvage", NULL, "go on behind damage and say what is missing", OPTION_FLAG,
         &settings->salvage, 0, 0},
        {"follow", NULL, "wait for more at the end of a tape that is still being recorded",
         OPTION_FLAG, &settings->follow, 0, 0},
        {"verbose", NULL, "say on stderr what was read and the first of each kind of trouble",
         OPTION_FLAG, &settings->verbose, 0, 0},
    };
    _Static_assert(sizeof own / sizeof own[0] + OUTPUTS_OPTION_COUNT + 1 == REPLAY_OPTION_COUNT,
                   "the table has room for all options and its end");
    *settings = (struct replay_settings){
        .lateness_ms = -1, .horizon_ms = -1, .from_ns = INT64_MIN, .to_ns = INT64_MAX};
    memcpy(table, own, sizeof own);
    struct option *rest = table + sizeof own / sizeof own[0];
    outputs_option_table(&settings->outputs, rest);
    rest[OUTPUTS_OPTION_COUNT] = (struct option){.name = NULL};
}

/* ---- what the options mean ------------------------------------------------------------------ */

static enum err parse_bars(struct engine_config *config, const char *text)
{
    char list[BAR_LIST_MAX];
    const char *items[ENGINE_BARS_MAX];
    size_t count;
    enum err err = options_split(text, list, sizeof list, items, ENGINE_BARS_MAX, &count);
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        err = bar_parse(&config->bars[i], items[i]);
        for (size_t k = 0; k < i && err == ERR_OK; k++)
            if (bar_equal(config->bars[k], config->bars[i]))
                err = err_fail(ERR_USAGE, "bar '%s' is given twice", items[i]);
    }
    config->bar_count = count;
    return err;
}

static enum err parse_empty(enum engine_empty *out, const char *text)
{
    if (strcmp(text, "none") != 0 && strcmp(text, "carry") != 0)
        return err_fail(ERR_USAGE, "'--empty %s' is neither none nor carry", text);
    *out = text[0] == 'c' ? EMPTY_CARRY : EMPTY_NONE;
    return ERR_OK;
}

static enum err parse_filter(struct replay_settings *settings)
{
    struct engine_filter *filter = &settings->filter;
    enum err err = ERR_OK;
    if (settings->venues)
        err = options_split(settings->venues, settings->venue_list, sizeof settings->venue_list,
                            filter->venues, ENGINE_FILTERS_MAX, &filter->venue_count);
    for (size_t i = 0; i < filter->venue_count && err == ERR_OK; i++) {
        const struct venue *venue;
        err = venue_get(&venue, filter->venues[i]);
    }
    if (err == ERR_OK && settings->instruments)
        err = options_split(settings->instruments, settings->instrument_list,
                            sizeof settings->instrument_list, filter->instruments,
                            ENGINE_FILTERS_MAX, &filter->instrument_count);
    return err;
}

/* FNV-1a, so that lists of any length have a place in the scope. */
static uint64_t hash(uint64_t state, const char *text)
{
    for (; text && *text; text++)
        state = (state ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    return (state ^ 0xff) * UINT64_C(0x100000001b3);
}

/* A store tells replays of parts of a tape from those of all of it by this text. */
static void set_scope(struct replay_settings *settings)
{
    if (!settings->venues && !settings->instruments && settings->from_ns == INT64_MIN &&
        settings->to_ns == INT64_MAX && !settings->salvage)
        return;
    uint64_t lists =
        hash(hash(UINT64_C(0xcbf29ce484222325), settings->venues), settings->instruments);
    snprintf(settings->scope, sizeof settings->scope,
             "from %" PRId64 " to %" PRId64 " filter %016" PRIx64 "%s", settings->from_ns,
             settings->to_ns, lists, settings->salvage ? " salvage" : "");
    settings->outputs.scope = settings->scope;
}

/* Options that are there go over what `config` holds. */
static enum err apply(const struct replay_settings *settings, struct engine_config *config)
{
    enum err err = ERR_OK;
    if (settings->bars)
        err = parse_bars(config, settings->bars);
    if (err == ERR_OK && settings->empty)
        err = parse_empty(&config->empty, settings->empty);
    if (settings->lateness_ms >= 0)
        config->lateness_ns = settings->lateness_ms * NS_PER_MS;
    if (settings->horizon_ms >= 0)
        config->horizon_ns = settings->horizon_ms * NS_PER_MS;
    return err;
}

enum err replay_settings_check(struct replay_settings *settings)
{
    engine_config_default(&settings->config);
    enum err err = pacing_parse(&settings->pace, settings->speed ? settings->speed : "max");
    if (err == ERR_OK)
        err = apply(settings, &settings->config);
    if (err == ERR_OK && settings->from_ns >= settings->to_ns)
        err = err_fail(ERR_USAGE, "'--from' is not before '--to'");
    if (err == ERR_OK)
        err = parse_filter(settings);
    if (err == ERR_OK)
        set_scope(settings);
    return err;
}

/* ---- what the tape says --------------------------------------------------------------------- */

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

/* The first configuration with bars among the records that a session begins with. What cannot be
 * read ends the search without a failure: the replay meets it again and reports it. */
static enum err look_at(const char *path, bool salvage, struct engine_config *config,
                        enum look *out)
{
    struct tape_reader *reader = NULL;
    struct tape_reader_options options = {.salvage = salvage};
    if (tape_reader_open(&reader, io_posix(), path, &options) != ERR_OK) {
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

/* A session begins a segment, so that only the first records of each have to be looked at. */
static enum err find_config(const char *tape, bool salvage, struct engine_config *config)
{
    enum look look = LOOK_ON;
    enum err err = look_at(tape, salvage, config, &look);
    for (uint32_t number = 2; err == ERR_OK && look == LOOK_ON; number++) {
        char name[TAPE_NAME_SIZE];
        tape_segment_name(name, number);
        char *path = tape_path_join(tape, name);
        if (!path)
            return err_fail(ERR_NOMEM, "out of memory");
        err = look_at(path, salvage, config, &look);
        free(path);
    }
    if (look != LOOK_FOUND)
        engine_config_default(config);
    return err;
}

enum err replay_settings_configure(struct replay_settings *settings, const char *tape)
{
    enum err err = find_config(tape, settings->salvage, &settings->config);
    return err == ERR_OK ? apply(settings, &settings->config) : err;
}

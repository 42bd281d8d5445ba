#include "replayer/replay_settings.h"

#include "engine/base/time_text.h"
#include "replayer/replay_stream.h"

#include <inttypes.h>
#include <string.h>

void replay_settings_options(struct replay_settings *settings,
                             struct option table[REPLAY_OPTION_COUNT])
{
    const struct option own[] = {
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
        {"threads", "N",
         "read and decode ahead on N threads, this one included (default: one per processor)",
         OPTION_INTEGER, &settings->threads, 1, REPLAY_THREADS_MAX},
        {"verbose", NULL, "say on stderr what was read and the first of each kind of trouble",
         OPTION_FLAG, &settings->verbose, 0, 0},
    };
    _Static_assert(ENGINE_OPTION_COUNT + sizeof own / sizeof own[0] + OUTPUTS_OPTION_COUNT + 1 ==
                       REPLAY_OPTION_COUNT,
                   "the table has room for all options and its end");
    *settings = (struct replay_settings){
        .engine = ENGINE_OPTIONS_NOT_SAID, .from_ns = INT64_MIN, .to_ns = INT64_MAX};
    engine_options_table(&settings->engine, table);
    memcpy(table + ENGINE_OPTION_COUNT, own, sizeof own);
    struct option *rest = table + ENGINE_OPTION_COUNT + sizeof own / sizeof own[0];
    outputs_option_table(&settings->outputs, rest);
    rest[OUTPUTS_OPTION_COUNT] = (struct option){.name = NULL};
}

/* ---- what the options mean ------------------------------------------------------------------ */

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

enum err replay_settings_check(struct replay_settings *settings)
{
    engine_config_default(&settings->config);
    enum err err = pacing_parse(&settings->pace, settings->speed ? settings->speed : "max");
    if (err == ERR_OK)
        err = engine_options_apply(&settings->engine, &settings->config);
    if (err == ERR_OK && settings->from_ns >= settings->to_ns)
        err = err_fail(ERR_USAGE, "'--from' is not before '--to'");
    if (err == ERR_OK)
        err = parse_filter(settings);
    if (err == ERR_OK)
        set_scope(settings);
    return err;
}

enum err replay_settings_configure(struct replay_settings *settings, const char *tape)
{
    bool found;
    enum err err =
        engine_options_from_tape(&settings->config, io_posix(), tape, settings->salvage, &found);
    return err == ERR_OK ? engine_options_apply(&settings->engine, &settings->config) : err;
}

#include "replayer/compare_run.h"

#include "engine/base/time_text.h"
#include "engine/candle/composite.h"
#include "engine/sink/compare_store.h"
#include "replayer/kline_source.h"
#include "replayer/replay_run.h"
#include "replayer/replay_stop.h"

#include <stdlib.h>
#include <string.h>

/* Records before the range that windows of it may need: clocks disagree. */
#define BEFORE_NS    (10 * NS_PER_MIN)
#define NAMES_MAX    256
#define NAMES_BYTES  16384
#define BAR_LIST_MAX (COMPARE_BARS_MAX * BAR_TEXT_MAX)

/* ---- what a tape gives ----------------------------------------------------------------------- */

/* What goes through one replay. */
struct pass {
    struct compare_run *run;
    struct kline_source *source; /* of the tape */
    bool lost_late;
    bool several;      /* tapes: a composite over the venues of one would stand for all */
    size_t name_count; /* instruments asked for */
    const char *names[NAMES_MAX];
    bool seen[NAMES_MAX];
    char storage[NAMES_BYTES];
};

static enum err take_candle(const struct candle *candle, void *arg)
{
    struct pass *pass = arg;
    if (pass->several && strcmp(candle->venue, COMPOSITE_VENUE) == 0)
        return ERR_OK;
    for (size_t i = 0; i < pass->name_count; i++)
        pass->seen[i] = pass->seen[i] || strcmp(pass->names[i], candle->instrument) == 0;
    enum err err = venue_compare_take(pass->run->venues, candle);
    return err == ERR_OK ? kline_compare_candle(pass->run->klines, candle) : err;
}

static enum err take_kline(const struct venue *venue, const struct venue_kline *kline,
                           int64_t said_ns, void *arg)
{
    const struct pass *pass = arg;
    return kline_compare_kline(pass->run->klines, venue->name, kline, said_ns);
}

static enum err take_record(const struct record *record, void *arg)
{
    struct pass *pass = arg;
    return kline_source_take(pass->source, record, take_kline, pass);
}

static void take_end(const struct engine *engine, void *arg)
{
    struct pass *pass = arg;
    pass->lost_late = pass->lost_late || engine_stats(engine)->lost_late > 0;
}

/* ---- bars ------------------------------------------------------------------------------------ */

static size_t add_bar(struct bar *bars, size_t count, struct bar bar)
{
    for (size_t i = 0; i < count; i++)
        if (bar_equal(bars[i], bar))
            return count;
    bars[count] = bar;
    return count + 1;
}

/* The one asked for, and those that venues mostly make their own candles of. */
static size_t kline_bars(struct bar bars[COMPARE_BARS_MAX], const struct compare_wish *wish)
{
    static const int64_t usual[] = {NS_PER_MIN, 5 * NS_PER_MIN};
    size_t count = add_bar(bars, 0, wish->bar);
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        count = add_bar(bars, count, (struct bar){.kind = BAR_TIME, .size = usual[i]});
    return count;
}

static void list_bars(char text[BAR_LIST_MAX], const struct compare_wish *wish)
{
    struct bar bars[COMPARE_BARS_MAX];
    size_t count = add_bar(bars, kline_bars(bars, wish), wish->lag_bar), length = 0;
    for (size_t i = 0; i < count; i++) {
        text[length] = ',';
        length += i > 0;
        bar_format(text + length, bars[i]);
        length += strlen(text + length);
    }
}

/* ---- opening --------------------------------------------------------------------------------- */

static enum err open_venues(struct compare_run *out, const struct compare_wish *wish)
{
    const struct venue_compare_options options = {
        .bar = wish->bar,
        .lag_bar = wish->lag_bar,
        .from_ns = wish->from_ns,
        .to_ns = wish->to_ns,
    };
    return venue_compare_new(&out->venues, &options);
}

static enum err open_klines(struct compare_run *out, const struct compare_wish *wish)
{
    const struct kline_compare_options options = {
        .bars = out->kline_bars,
        .bar_count = kline_bars(out->kline_bars, wish),
        .from_ns = wish->from_ns,
        .to_ns = wish->to_ns,
        .known_only = wish->instruments != NULL,
        .verdict = wish->verdict,
        .arg = wish->arg,
    };
    return kline_compare_new(&out->klines, &options);
}

void compare_run_release(struct compare_run *run)
{
    venue_compare_free(run->venues);
    kline_compare_free(run->klines);
    *run = (struct compare_run){0};
}

/* ---- tapes ----------------------------------------------------------------------------------- */

/* Every window is to have a candle that says whether the venue was connected, and every instrument
 * a composite, unless tape or user say otherwise. */
static void set_engine(struct replay_settings *settings, const struct compare_wish *wish,
                       const char *bars)
{
    settings->engine = wish->engine;
    settings->engine.bars = (struct option_list){.count = 1, .items = {bars}};
    if (!settings->engine.empty)
        settings->engine.empty = "carry";
}

/* The tape's own rules for composites stay. */
static enum err configure(struct replay_settings *settings, const struct compare_wish *wish,
                          const char *tape)
{
    enum err err = replay_settings_check(settings);
    if (err == ERR_OK)
        err = replay_settings_configure(settings, tape);
    if (err != ERR_OK)
        return err;
    struct composite_config *composite = &settings->config.composite;
    if (composite->rule_count == 0 && wish->engine.composites.count == 0) {
        composite->rules[0] = (struct composite_rule){.instrument = "*", .method = COMPOSITE_VWAP};
        composite->rule_count = 1;
    }
    if (wish->from_ns > INT64_MIN + BEFORE_NS)
        settings->from_ns = wish->from_ns - BEFORE_NS;
    /* What comes behind closes the last windows, and corrects them. */
    int64_t behind_ns = settings->config.horizon_ns + settings->config.lateness_ns + BEFORE_NS;
    if (wish->to_ns < INT64_MAX - behind_ns)
        settings->to_ns = wish->to_ns + behind_ns;
    return ERR_OK;
}

static enum err run_tape(struct pass *pass, const struct compare_wish *wish, const char *tape)
{
    char bars[BAR_LIST_MAX];
    const struct replay_tap tap = {take_candle, take_record, take_end, wish->forming, pass};
    struct replay_settings *settings = calloc(1, sizeof *settings);
    struct option table[REPLAY_OPTION_COUNT];
    if (!settings)
        return err_fail(ERR_NOMEM, "out of memory");
    replay_settings_options(settings, table); /* the defaults */
    list_bars(bars, wish);
    set_engine(settings, wish, bars);
    settings->instruments = wish->instruments;
    settings->salvage = wish->salvage;
    settings->outputs.quiet = true;
    settings->tap = &tap;
    enum err err = configure(settings, wish, tape);
    if (err == ERR_OK)
        err = kline_source_new(&pass->source);
    if (err == ERR_OK)
        err = replay_run(settings, tape);
    kline_source_free(pass->source);
    pass->source = NULL;
    free(settings);
    return err;
}

/* Of several tapes each need not have every instrument, but one must. */
static enum err split_names(struct pass *pass, const struct compare_wish *wish)
{
    if (!wish->instruments)
        return ERR_OK;
    return options_split(wish->instruments, pass->storage, sizeof pass->storage, pass->names,
                         NAMES_MAX, &pass->name_count);
}

static enum err check_names(const struct pass *pass)
{
    for (size_t i = 0; i < pass->name_count; i++)
        if (!pass->seen[i])
            return err_fail(ERR_UNKNOWN, "no candles of instrument '%s' on any of the tapes",
                            pass->names[i]);
    return ERR_OK;
}

static enum err run_all(struct pass *pass, const struct compare_wish *wish,
                        const char *const *tapes, size_t count)
{
    bool unknown = false;
    enum err err = split_names(pass, wish);
    for (size_t i = 0; i < count && err == ERR_OK && !replay_stop_asked(); i++) {
        err = run_tape(pass, wish, tapes[i]);
        if (err == ERR_UNKNOWN && count > 1 && pass->name_count > 0) {
            unknown = true;
            err = ERR_OK;
        }
    }
    return err == ERR_OK && unknown ? check_names(pass) : err;
}

enum err compare_run_tapes(struct compare_run *out, const struct compare_wish *wish,
                           const char *const *tapes, size_t count)
{
    *out = (struct compare_run){0};
    struct pass *pass = calloc(1, sizeof *pass);
    enum err err = pass ? open_venues(out, wish) : err_fail(ERR_NOMEM, "out of memory");
    if (err == ERR_OK)
        err = open_klines(out, wish);
    if (err == ERR_OK) {
        pass->run = out;
        pass->several = count > 1;
        err = run_all(pass, wish, tapes, count);
        kline_compare_end(out->klines, pass->lost_late);
    }
    free(pass);
    return err;
}

/* ---- a store --------------------------------------------------------------------------------- */

bool compare_run_is_store(const char *path)
{
    static const char head[] = "SQLite format 3";
    char data[sizeof head] = "";
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(data, 1, sizeof data, file) : 0;
    if (file)
        fclose(file);
    return size == sizeof data && memcmp(data, head, sizeof head) == 0;
}

static bool is_stopped(void *arg)
{
    (void)arg;
    return replay_stop_asked();
}

static enum err read_store(struct compare_run *out, const struct compare_wish *wish,
                           struct candle_store *store)
{
    static char storage[NAMES_BYTES];
    static const char *names[NAMES_MAX];
    struct compare_store_query query = {
        .instruments = names,
        .options = {.bar = wish->bar,
                    .lag_bar = wish->lag_bar,
                    .from_ns = wish->from_ns,
                    .to_ns = wish->to_ns},
        .lag_bar_said = wish->lag_bar_said,
        .stop = is_stopped,
    };
    enum err err = ERR_OK;
    if (wish->instruments)
        err = options_split(wish->instruments, storage, sizeof storage, names, NAMES_MAX,
                            &query.instrument_count);
    return err == ERR_OK ? compare_store_read(&out->venues, store, &query) : err;
}

enum err compare_run_store(struct compare_run *out, const struct compare_wish *wish,
                           const char *path)
{
    struct candle_store *store = NULL;
    *out = (struct compare_run){0};
    enum err err = candle_store_open(&store, path);
    if (err == ERR_OK) {
        err = read_store(out, wish, store);
        if (err == ERR_UNKNOWN || err == ERR_LIMIT)
            err_context(err, "'%s'", path);
    }
    candle_store_close(store);
    return err;
}

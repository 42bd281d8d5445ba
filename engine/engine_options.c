#include "engine/engine_options.h"

#include "engine/base/time_text.h"
#include "engine/engine_config_add.h"
#include "engine/tape/tape_folder.h"
#include "engine/tape/tape_reader.h"
#include "engine/venue/venue_text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LIST_BYTES        8192 /* of one option's value */
#define LIST_ITEMS_MAX    64
#define RECORDS_LOOKED_AT 64
_Static_assert(LIST_ITEMS_MAX >= ENGINE_BARS_MAX && LIST_ITEMS_MAX >= ENGINE_MICS_MAX &&
                   LIST_ITEMS_MAX >= COMPOSITE_RULES_MAX && LIST_ITEMS_MAX >= COMPOSITE_QUOTES_MAX,
               "no list has room for more");

/* ---- the command line ------------------------------------------------------------------------ */

void engine_options_table(struct engine_options *options, struct option table[ENGINE_OPTION_COUNT])
{
    const struct option entries[ENGINE_OPTION_COUNT] = {
        {"bar", "BAR,...",
         "bars to build: 1s, 4h, 1w, 100t (trades), 50v (volume), 1000000n (money) (default: the "
         "tape's, else 1m)",
         OPTION_LIST, &options->bars, 0, 0},
        {"lateness-ms", "N",
         "how long a window waits for late trades (default: the tape's, else 500)", OPTION_INTEGER,
         &options->lateness_ms, 0, ENGINE_LATENESS_MAX_NS / NS_PER_MS},
        {"horizon-ms", "N",
         "how long after closing a late trade corrects a candle (default: the tape's, else 600000)",
         OPTION_INTEGER, &options->horizon_ms, 0, ENGINE_HORIZON_MAX_NS / NS_PER_MS},
        {"empty", "none|carry",
         "windows without trades: no candle, or a flat one at the last close (default: the tape's, "
         "else none)",
         OPTION_STRING, &options->empty, 0, 0},
        {"exclude", "none|suspect",
         "leave trades with a suspect time, price or size out of the candles (default: the tape's, "
         "else none)",
         OPTION_STRING, &options->exclude, 0, 0},
        {"mic", "VENUE=MIC,...",
         "whose book a venue's is, an ISO 10383 code, e.g. kraken=PGSL (default: the tape's)",
         OPTION_LIST, &options->mics, 0, 0},
        {"composite", "INSTRUMENT[=METHOD],...",
         "candles over all venues, '*' for all instruments, by vwap, median, mean or consolidated "
         "(default: the tape's)",
         OPTION_LIST, &options->composites, 0, 0},
        {"same-quote", "FROM=TO,...",
         "in composites markets in FROM belong to those in TO, e.g. USDT=USD (default: the tape's)",
         OPTION_LIST, &options->same_quotes, 0, 0},
        {"composite-venues", "N",
         "a composite of fewer venues is flagged (default: the tape's, else 2)", OPTION_INTEGER,
         &options->composite_venues, 1, CONTRIBUTIONS_MAX},
        {"composite-stale-ms", "N",
         "a venue whose last trade is older than the newest by this is left out (default: the "
         "tape's, else 60000)",
         OPTION_INTEGER, &options->composite_stale_ms, 1, ENGINE_STALE_MAX_NS / NS_PER_MS},
        {"composite-score", "N",
         "a venue with a lower score is left out (default: the tape's, else 50)", OPTION_INTEGER,
         &options->composite_score, 0, 100},
        {"composite-outlier-ppm", "N",
         "a venue farther from the median is left out, in millionths (default: the tape's, else "
         "10000)",
         OPTION_INTEGER, &options->composite_outlier_ppm, 1, ENGINE_OUTLIER_MAX_PPM},
    };
    memcpy(table, entries, sizeof entries);
}

/* Takes one item of a list; `value` is what stands behind its '=', NULL without one. */
typedef enum err add_fn(struct engine_config *config, char *key, char *value);

static enum err add_bar(struct engine_config *config, char *key, char *value)
{
    if (value)
        return err_fail(ERR_USAGE, "'%.40s=%.40s' is no bar; give a list like 1s,1m", key, value);
    assert(config->bar_count < ENGINE_BARS_MAX);
    return bar_parse(&config->bars[config->bar_count++], key);
}

static enum err add_mic(struct engine_config *config, char *key, char *value)
{
    if (!value)
        return err_fail(ERR_USAGE, "--mic '%.40s' names no MIC; give VENUE=MIC", key);
    return engine_config_add_mic(config, key, value);
}

static enum err add_composite(struct engine_config *config, char *key, char *value)
{
    venue_text_upper(key);
    return engine_config_add_composite(config, key,
                                       value ? value : composite_method_name(COMPOSITE_VWAP));
}

static enum err add_quote(struct engine_config *config, char *key, char *value)
{
    if (!value)
        return err_fail(ERR_USAGE, "--same-quote '%.40s' is no pair; give one like USDT=USD", key);
    venue_text_upper(key);
    venue_text_upper(value);
    return engine_config_add_quote(config, key, value);
}

static enum err add_items(struct engine_config *config, const char *list, size_t items_max,
                          add_fn *add)
{
    char storage[LIST_BYTES];
    const char *items[LIST_ITEMS_MAX];
    size_t count = 0;
    enum err err = options_split(list, storage, sizeof storage, items, items_max, &count);
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        char *key = storage + (items[i] - storage);
        char *equals = strchr(key, '=');
        if (equals)
            *equals = '\0';
        err = add(config, key, equals ? equals + 1 : NULL);
    }
    return err;
}

/* What was said replaces the entries that *list_count counts; "none" alone leaves none. */
static enum err apply_list(struct engine_config *config, const struct option_list *lists,
                           size_t *list_count, size_t list_max, add_fn *add)
{
    enum err err = ERR_OK;
    if (lists->count > 0)
        *list_count = 0;
    if (lists->count == 1 && strcmp(lists->items[0], "none") == 0)
        return ERR_OK;
    for (size_t i = 0; i < lists->count && err == ERR_OK; i++)
        err = add_items(config, lists->items[i], list_max - *list_count, add);
    return err;
}

/* The two words an option knows; *out: it was the second. */
static enum err apply_word(bool *out, const char *option, const char *said, const char *second)
{
    if (!said)
        return ERR_OK;
    if (strcmp(said, "none") != 0 && strcmp(said, second) != 0)
        return err_fail(ERR_USAGE, "--%s '%s' is not known; it is none or %s", option, said,
                        second);
    *out = strcmp(said, second) == 0;
    return ERR_OK;
}

static enum err apply_lists(const struct engine_options *options, struct engine_config *config)
{
    struct composite_config *composite = &config->composite;
    enum err err = apply_list(config, &options->bars, &config->bar_count, ENGINE_BARS_MAX, add_bar);
    if (err == ERR_OK)
        err = apply_list(config, &options->mics, &config->mic_count, ENGINE_MICS_MAX, add_mic);
    if (err == ERR_OK)
        err = apply_list(config, &options->composites, &composite->rule_count, COMPOSITE_RULES_MAX,
                         add_composite);
    if (err == ERR_OK)
        err = apply_list(config, &options->same_quotes, &composite->quote_count,
                         COMPOSITE_QUOTES_MAX, add_quote);
    return err;
}

static void apply_numbers(const struct engine_options *options, struct engine_config *config)
{
    struct composite_config *composite = &config->composite;
    if (options->lateness_ms >= 0)
        config->lateness_ns = options->lateness_ms * NS_PER_MS;
    if (options->horizon_ms >= 0)
        config->horizon_ns = options->horizon_ms * NS_PER_MS;
    if (options->composite_stale_ms >= 0)
        composite->stale_ns = options->composite_stale_ms * NS_PER_MS;
    if (options->composite_score >= 0)
        composite->score_min = (uint32_t)options->composite_score;
    if (options->composite_outlier_ppm >= 0)
        composite->outlier_ppm = (uint32_t)options->composite_outlier_ppm;
    if (options->composite_venues >= 0)
        composite->venues_min = (uint32_t)options->composite_venues;
}

enum err engine_options_apply(const struct engine_options *options, struct engine_config *config)
{
    bool carry = config->empty == EMPTY_CARRY;
    enum err err = apply_lists(options, config);
    if (err == ERR_OK)
        err = apply_word(&carry, "empty", options->empty, "carry");
    if (err == ERR_OK)
        err = apply_word(&config->exclude_suspect, "exclude", options->exclude, "suspect");
    if (err != ERR_OK)
        return err;
    config->empty = carry ? EMPTY_CARRY : EMPTY_NONE;
    apply_numbers(options, config);
    return engine_config_check(config);
}

/* ---- and back ----------------------------------------------------------------------------------
 */

/* Item number `index` of an option's list; `value` may be NULL. */
static enum err write_item(struct buf *out, const char *option, size_t index, const char *key,
                           const char *value)
{
    enum err err = index == 0 ? buf_printf(out, " --%s ", option) : buf_append_byte(out, ',');
    return err == ERR_OK ? buf_printf(out, "%s%s%s", key, value ? "=" : "", value ? value : "")
                         : err;
}

static enum err write_lists(const struct engine_config *config, struct buf *out)
{
    const struct composite_config *composite = &config->composite;
    enum err err = ERR_OK;
    for (size_t i = 0; i < config->mic_count && err == ERR_OK; i++)
        err = write_item(out, "mic", i, config->mics[i].venue, config->mics[i].mic);
    for (size_t i = 0; i < composite->rule_count && err == ERR_OK; i++)
        err = write_item(out, "composite", i, composite->rules[i].instrument,
                         composite_method_name(composite->rules[i].method));
    for (size_t i = 0; i < composite->quote_count && err == ERR_OK; i++)
        err = write_item(out, "same-quote", i, composite->quotes[i].from, composite->quotes[i].to);
    return err;
}

static enum err write_number(struct buf *out, const char *option, int64_t value, int64_t usual)
{
    return value == usual ? ERR_OK : buf_printf(out, " --%s %" PRId64, option, value);
}

static enum err write_numbers(const struct composite_config *config, struct buf *out)
{
    struct composite_config usual;
    composite_config_default(&usual);
    enum err err = write_number(out, "composite-venues", config->venues_min, usual.venues_min);
    if (err == ERR_OK)
        err = write_number(out, "composite-stale-ms", config->stale_ns / NS_PER_MS,
                           usual.stale_ns / NS_PER_MS);
    if (err == ERR_OK)
        err = write_number(out, "composite-score", config->score_min, usual.score_min);
    if (err == ERR_OK)
        err = write_number(out, "composite-outlier-ppm", config->outlier_ppm, usual.outlier_ppm);
    return err;
}

enum err engine_options_write(const struct engine_config *config, struct buf *out)
{
    enum err err = buf_append_text(out, "--bar ");
    for (size_t i = 0; i < config->bar_count && err == ERR_OK; i++) {
        char bar[BAR_TEXT_MAX];
        bar_format(bar, config->bars[i]);
        err = buf_printf(out, "%s%s", i ? "," : "", bar);
    }
    if (err == ERR_OK)
        err = buf_printf(out, " --lateness-ms %" PRId64 " --horizon-ms %" PRId64 " --empty %s%s",
                         config->lateness_ns / NS_PER_MS, config->horizon_ns / NS_PER_MS,
                         config->empty == EMPTY_CARRY ? "carry" : "none",
                         config->exclude_suspect ? " --exclude suspect" : "");
    if (err == ERR_OK)
        err = write_lists(config, out);
    return err == ERR_OK ? write_numbers(&config->composite, out) : err;
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

/* The rest may stay unread. */
static bool wants_config(const struct tape_lane *lane, bool before, void *arg)
{
    (void)before, (void)arg;
    return lane->type == RECORD_CONFIG;
}

static enum err look_at(const struct io *io, const char *path, bool salvage,
                        struct engine_config *config, enum look *out)
{
    struct tape_reader *reader = NULL;
    struct tape_reader_options options = {.salvage = salvage, .wants = wants_config};
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

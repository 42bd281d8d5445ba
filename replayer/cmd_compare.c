/* rewick compare: venues side by side; our candles against the venues' own. */
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "replayer/compare_run.h"
#include "replayer/compare_text.h"
#include "replayer/replay_stop.h"
#include "replayer/replayer_commands.h"

#include <string.h>

#define TAPES_MAX 64
#define OWN_COUNT 8
/* All of the engine's but its first, --bar. */
#define OPTION_COUNT (OWN_COUNT + ENGINE_OPTION_COUNT - 1 + 1)

struct compare_command {
    struct compare_wish wish;
    const char *bar, *lag_bar, *format_text;
    enum text_format format;
    bool klines;
};

/* Two defaults are others here. */
static const char *help_of(const struct option *option)
{
    if (strcmp(option->name, "empty") == 0)
        return "windows without trades: no candle, or a flat one that says whether the venue was "
               "connected (default carry)";
    if (strcmp(option->name, "composite") == 0)
        return "candles over all venues, '*' for all instruments, by vwap, median, mean or "
               "consolidated (default: the tape's, else *=vwap)";
    return option->help;
}

static void fill_options(struct compare_command *compare, struct option options[OPTION_COUNT])
{
    struct compare_wish *wish = &compare->wish;
    struct option engine[ENGINE_OPTION_COUNT];
    const struct option own[OWN_COUNT] = {
        {"instrument", "LIST",
         "these instruments, like BTC-USDT,ETH-USDT (default all that two venues have)",
         OPTION_STRING, &wish->instruments, 0, 0},
        {"from", "TIME", "candles that open at this time or later; -2h is before now", OPTION_TIME,
         &wish->from_ns, 0, 0},
        {"to", "TIME", "candles that open before this time", OPTION_TIME, &wish->to_ns, 0, 0},
        {"bar", "BAR", "length of the candles that are compared (default 1m)", OPTION_STRING,
         &compare->bar, 0, 0},
        {"lag-bar", "BAR", "length of those that tell who moves first (default 1s)", OPTION_STRING,
         &compare->lag_bar, 0, 0},
        {"format", "FORMAT", "table, csv or ndjson (default table)", OPTION_STRING,
         &compare->format_text, 0, 0},
        {"klines", NULL,
         "our candles against the venue's own on the tape; exit status 1 when one differs and "
         "nothing explains it",
         OPTION_FLAG, &compare->klines, 0, 0},
        {"salvage", NULL, "go on behind damage of a tape and say what is missing", OPTION_FLAG,
         &wish->salvage, 0, 0},
    };
    memcpy(options, own, sizeof own);
    engine_options_table(&wish->engine, engine);
    for (size_t i = 0; i < ENGINE_OPTION_COUNT; i++)
        engine[i].help = help_of(&engine[i]);
    memcpy(options + OWN_COUNT, engine + 1, (ENGINE_OPTION_COUNT - 1) * sizeof engine[0]);
    options[OPTION_COUNT - 1] = (struct option){.name = NULL};
}

/* ---- what the options mean ------------------------------------------------------------------- */

static enum err parse_bar(struct bar *out, const char *text, const char *option)
{
    enum err err = bar_parse(out, text);
    if (err == ERR_OK && out->kind != BAR_TIME)
        err = err_fail(ERR_USAGE, "'--%s %s' is no length of time; write it like 1m", option, text);
    return err;
}

static enum err check(struct compare_command *compare)
{
    struct compare_wish *wish = &compare->wish;
    wish->lag_bar_said = compare->lag_bar != NULL;
    enum err err = parse_bar(&wish->bar, compare->bar ? compare->bar : "1m", "bar");
    if (err == ERR_OK)
        err = parse_bar(&wish->lag_bar, compare->lag_bar ? compare->lag_bar : "1s", "lag-bar");
    if (err == ERR_OK && compare->format_text)
        err = text_format_parse(&compare->format, compare->format_text);
    if (err == ERR_OK && wish->from_ns >= wish->to_ns)
        err = err_fail(ERR_USAGE, "'--from' is not before '--to'");
    return err;
}

/* ---- running it ------------------------------------------------------------------------------ */

static enum err print_venues(struct compare_command *compare, struct compare_run *run)
{
    char text[256];
    size_t instruments = 0;
    const struct kline_counts *counts = run->klines ? kline_compare_counts(run->klines) : NULL;
    size_t venues_min = compare->wish.instruments ? 1 : 2;
    enum err err = compare_text_venues(run, compare->format, venues_min, &instruments);
    if (err == ERR_OK && instruments == 0)
        log_info("%s", compare->wish.instruments
                           ? "no candles of these instruments are closed in that time"
                           : "no instrument that two venues have; name one with --instrument");
    if (err == ERR_OK && counts && counts->compared + counts->not_covered > 0 &&
        compare->format == TEXT_TABLE) {
        compare_text_counts(text, sizeof text, counts);
        printf("%s%s (--klines shows them)\n", instruments > 0 ? "\n" : "", text);
    }
    return err;
}

/* ERR_CHECK: what differs is not explained. */
static enum err print_klines(struct compare_verdicts *verdicts, const struct compare_run *run)
{
    char text[256];
    enum err err = compare_verdicts_close(verdicts, run->klines);
    if (err != ERR_OK)
        return err;
    const struct kline_counts *counts = kline_compare_counts(run->klines);
    compare_text_counts(text, sizeof text, counts);
    if (counts->compared + counts->not_covered == 0)
        log_info("no klines on the tape; 'rewick record --channel klines' records them");
    else
        log_info("%s", text);
    return counts->differs > 0 ? ERR_CHECK : ERR_OK;
}

/* What a damaged tape still gave is shown; the damage is told all the same. */
static enum err print(struct compare_command *compare, struct compare_run *run,
                      struct compare_verdicts *verdicts, enum err run_err)
{
    char text[ERR_TEXT_MAX];
    bool shows = run_err == ERR_OK || run_err == ERR_DAMAGED;
    snprintf(text, sizeof text, "%s", err_text(run_err));
    enum err err = ERR_OK;
    if (compare->klines)
        err = shows ? print_klines(verdicts, run) : compare_verdicts_close(verdicts, NULL);
    else if (shows)
        err = print_venues(compare, run);
    return run_err == ERR_OK ? err : err_fail(run_err, "%s", text);
}

static enum err run_tapes(struct compare_command *compare, const char *const *tapes, size_t count)
{
    struct compare_run run = {0};
    static struct compare_verdicts verdicts; /* large */
    if (compare->klines) {
        enum err err = compare_verdicts_open(&verdicts, compare->format);
        if (err != ERR_OK)
            return err;
        compare->wish.forming = true;
        compare->wish.verdict = compare_verdicts_add;
        compare->wish.arg = &verdicts;
    }
    enum err err = compare_run_tapes(&run, &compare->wish, tapes, count);
    err = print(compare, &run, &verdicts, err);
    compare_run_release(&run);
    return err;
}

static enum err run_store(struct compare_command *compare, const char *path)
{
    struct compare_run run = {0};
    if (compare->klines)
        return err_fail(ERR_USAGE, "'%s' is a store, which holds no klines; give the tape instead",
                        path);
    enum err err = compare_run_store(&run, &compare->wish, path);
    if (err == ERR_OK)
        err = print_venues(compare, &run);
    compare_run_release(&run);
    return err;
}

static enum err run(const struct command *command, int argc, char **argv)
{
    struct compare_command compare = {
        .wish = {.engine = ENGINE_OPTIONS_NOT_SAID, .from_ns = INT64_MIN, .to_ns = INT64_MAX},
        .format = TEXT_TABLE};
    struct option options[OPTION_COUNT];
    const char *paths[TAPES_MAX];
    int count;
    fill_options(&compare, options);
    enum err err = options_parse(command, options, argc, argv, clock_wall_ns(), &count);
    if (err == ERR_OK)
        err = check(&compare);
    if (err != ERR_OK)
        return err;
    size_t stores = 0;
    for (int i = 0; i < count; i++) {
        paths[i] = argv[i];
        stores += compare_run_is_store(argv[i]);
    }
    replay_stop_install();
    if (stores == 0)
        return run_tapes(&compare, paths, (size_t)count);
    if (count > 1)
        return err_fail(ERR_USAGE, "a store is compared alone; give one store, or tapes");
    return run_store(&compare, argv[0]);
}

const struct command command_compare = {
    .name = "compare",
    .operands = "TAPE... | DB",
    .summary = "venues side by side, or our candles against the venues' own",
    .examples = "rewick compare day --instrument BTC-USDT\n"
                "rewick compare day --bar 1h --lag-bar 1s --format csv > venues.csv\n"
                "rewick compare kraken-day coinbase-day --instrument BTC-USD --from -2h\n"
                "rewick compare candles.db --instrument BTC-USDT\n"
                "rewick compare day --klines",
    .operands_min = 1,
    .operands_max = TAPES_MAX,
    .run = run,
};

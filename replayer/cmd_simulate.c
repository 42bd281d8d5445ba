/* rewick simulate: a tape as a recorder would have made it, from a seed, with the truth beside it.
 */
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/time_text.h"
#include "engine/engine_options.h"
#include "replayer/replayer_commands.h"
#include "replayer/simulate_run.h"

#include <inttypes.h>
#include <string.h>

#define LENGTH_MAX_NS (366 * NS_PER_DAY)
#define RATE_MAX      100000
#define BARS_DEFAULT  "5s,1m"

/* 2026-01-05T12:00:00Z, a Monday noon. */
#define START_DEFAULT_NS (INT64_C(1767614400) * NS_PER_S)

struct settings {
    const char *venues, *instruments;
    struct engine_options engine;
    int64_t seed;
    struct simulate_options options;
};

static struct settings default_settings(void)
{
    return (struct settings){
        .venues = "binance,coinbase,kraken",
        .engine = ENGINE_OPTIONS_NOT_SAID,
        .seed = 1,
        .options =
            {
                .faults = "some",
                .start_ns = START_DEFAULT_NS,
                .length_ns = NS_PER_MIN,
                .rate = 10,
            },
    };
}

static enum err simulate(struct settings *settings)
{
    struct simulate_options *options = &settings->options;
    char venue_storage[512], instrument_storage[2048];
    const char *venues[SIMULATE_VENUES_MAX], *instruments[SIMULATE_INSTRUMENTS_MAX];
    if (settings->engine.bars.count == 0)
        settings->engine.bars = (struct option_list){1, {BARS_DEFAULT}};
    if (!options->tape)
        return err_fail(ERR_USAGE, "'simulate' needs --out TAPE; see 'rewick simulate --help'");
    enum err err = options_split(settings->venues, venue_storage, sizeof venue_storage, venues,
                                 SIMULATE_VENUES_MAX, &options->venue_count);
    if (err == ERR_OK && settings->instruments)
        err = options_split(settings->instruments, instrument_storage, sizeof instrument_storage,
                            instruments, SIMULATE_INSTRUMENTS_MAX, &options->instrument_count);
    engine_config_default(&options->engine);
    if (err == ERR_OK)
        err = engine_options_apply(&settings->engine, &options->engine);
    if (err != ERR_OK)
        return err;
    options->venues = venues;
    options->instruments = instruments;
    options->seed = (uint64_t)settings->seed;
    struct simulate_result result;
    err = simulate_run(options, &result);
    if (err == ERR_OK)
        log_info("%" PRIu64 " records with %" PRIu64 " trades (%" PRIu64 " to be counted) in '%s'",
                 result.records, result.trades, result.counted, options->tape);
    return err;
}

static enum err run_simulate(const struct command *command, int argc, char **argv)
{
    struct settings settings = default_settings();
    struct simulate_options *target = &settings.options;
    const struct option own[] = {
        {"out", "TAPE", "the new tape", OPTION_STRING, &target->tape, 0, 0},
        {"venue", "LIST", "venues to simulate (default binance,coinbase,kraken)", OPTION_STRING,
         &settings.venues, 0, 0},
        {"instrument", "LIST", "instruments of every venue (default two of each)", OPTION_STRING,
         &settings.instruments, 0, 0},
        {"channel", "NAME",
         "trade channel of the venues that have it, like aggTrade (default the usual one)",
         OPTION_STRING, &target->channel, 0, 0},
        {"seed", "N", "another number, another market (default 1)", OPTION_INTEGER, &settings.seed,
         0, INT64_MAX},
        {"for", "TIME", "length of the tape (default 1m)", OPTION_DURATION, &target->length_ns,
         NS_PER_S, LENGTH_MAX_NS},
        {"start", "TIME", "when the recording begins (default 2026-01-05T12:00:00Z)", OPTION_TIME,
         &target->start_ns, 0, 0},
        {"rate", "N", "trades per second and instrument, about (default 10)", OPTION_INTEGER,
         &target->rate, 1, RATE_MAX},
        {"faults", "LEVEL", "reconnects, lost and late trades: none, some or many (default some)",
         OPTION_STRING, &target->faults, 0, 0},
        {"truth", "DIR", "write the exact trades and counts there: trades.csv, truth.json",
         OPTION_STRING, &target->truth, 0, 0},
    };
    struct option options[sizeof own / sizeof own[0] + ENGINE_OPTION_COUNT + 1] = {{0}};
    struct option *engine = options + sizeof own / sizeof own[0];
    memcpy(options, own, sizeof own);
    /* What a replay of the tape takes from it. */
    engine_options_table(&settings.engine, engine);
    engine->help = "bars that a replay of the tape builds (default " BARS_DEFAULT ")";
    int operands;
    enum err err = options_parse(command, options, argc, argv, clock_wall_ns(), &operands);
    if (err == ERR_STOP)
        return ERR_OK;
    return err == ERR_OK ? simulate(&settings) : err;
}

const struct command command_simulate = {
    .name = "simulate",
    .operands = "",
    .summary = "make a tape of simulated venues from a seed, with the exact truth beside it",
    .examples = "rewick simulate --out demo --for 40s\n"
                "rewick simulate --out storm --truth storm.truth --seed 7 --faults many\n"
                "rewick simulate --out futures --venue binance-usdm --channel trade --rate 200\n",
    .operands_min = 0,
    .operands_max = 0,
    .run = run_simulate,
};

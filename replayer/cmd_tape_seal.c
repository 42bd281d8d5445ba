/* rewick tape seal. */
#include "engine/base/clock.h"
#include "engine/lane_rules.h"
#include "engine/tape/tape_seal.h"
#include "replayer/replay_progress.h"
#include "replayer/replay_stop.h"
#include "replayer/replayer_commands.h"
#include "replayer/size_text.h"

#include <inttypes.h>

#define PLURAL(n) ((n) == 1 ? "" : "s")
#define LEVEL_MAX 19

static bool asked_to_stop(void *arg)
{
    (void)arg;
    return replay_stop_asked();
}

static void show_progress(const struct tape_seal_progress *progress, void *arg)
{
    const struct replay_amount amount = {progress->done, progress->total, progress->records};
    replay_progress_show(arg, amount, clock_mono_ns());
}

/* "812.3 MB -> 402.1 MB (0.49)" */
static void print_sizes(const struct tape_seal_result *result)
{
    char live[SIZE_TEXT_MAX], sealed[SIZE_TEXT_MAX];
    const uint64_t hundredths =
        result->live_bytes
            ? (100 * result->sealed_bytes + result->live_bytes / 2) / result->live_bytes
            : 0;
    size_format(live, result->live_bytes);
    size_format(sealed, result->sealed_bytes);
    fprintf(stderr, ": %s -> %s (%" PRIu64 ".%02" PRIu64 ")", live, sealed, hundredths / 100,
            hundredths % 100);
}

static void print_result(const struct tape_seal_result *result, bool stopped)
{
    fprintf(stderr, "%ssealed %" PRIu32 " segment%s", stopped ? "stopped; " : "", result->sealed,
            PLURAL(result->sealed));
    if (result->sealed > 0)
        print_sizes(result);
    if (result->already > 0)
        fprintf(stderr, ", %" PRIu32 " sealed before", result->already);
    if (result->left > 0)
        fprintf(stderr, ", %" PRIu32 " live segment%s left", result->left, PLURAL(result->left));
    fprintf(stderr, "\n");
}

static enum err seal(const char *path, struct tape_seal_options *options)
{
    struct replay_progress progress;
    struct tape_seal_result result;
    struct lane_rules *rules = NULL;
    enum err err = lane_rules_new(&rules);
    if (err != ERR_OK)
        return err;
    replay_stop_install();
    replay_progress_init(&progress, "seal", true, clock_mono_ns());
    options->judge = (struct tape_lane_judge){lane_rules_judge, rules};
    options->stop = asked_to_stop;
    options->progress = show_progress;
    options->arg = &progress;
    err = tape_seal(io_posix(), path, options, &result);
    replay_progress_clear(&progress);
    if (err == ERR_OK || err == ERR_STOP || result.sealed > 0)
        print_result(&result, err == ERR_STOP);
    lane_rules_free(rules);
    return err;
}

static enum err run_seal(const struct command *command, int argc, char **argv)
{
    bool all = false;
    int64_t level = 0;
    const struct option option_table[] = {
        {"all", NULL, "the newest segment too, when its writer has closed it", OPTION_FLAG, &all, 0,
         0},
        {"level", "N", "zstd level, 1 to 19: slower and a little smaller (default 9)",
         OPTION_INTEGER, &level, 1, LEVEL_MAX},
        {0},
    };
    int operands = 0;
    enum err err = options_parse(command, option_table, argc, argv, clock_wall_ns(), &operands);
    if (err != ERR_OK)
        return err;
    struct tape_seal_options options = {.level = (int)level, .with_last = all};
    return seal(argv[0], &options);
}

const struct command command_tape_seal = {
    .name = "tape seal",
    .operands = "TAPE",
    .summary = "rewrite finished segments smaller and faster to read; no record changes",
    .examples = "rewick tape seal my-tape\n"
                "rewick tape seal my-tape --all --level 19\n"
                "nice rewick tape seal my-tape\n",
    .operands_min = 1,
    .operands_max = 1,
    .run = run_seal,
};

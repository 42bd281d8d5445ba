/* rewick replay: tape -> candles. */
#include "engine/base/clock.h"
#include "engine/base/options.h"
#include "replayer/replay_run.h"
#include "replayer/replay_settings.h"
#include "replayer/replay_stop.h"
#include "replayer/replayer_commands.h"

static enum err run_replay(const struct command *command, int argc, char **argv)
{
    static struct replay_settings settings; /* large */
    struct option options[REPLAY_OPTION_COUNT];
    int count;
    replay_settings_options(&settings, options);
    enum err err = options_parse(command, options, argc, argv, clock_wall_ns(), &count);
    if (err == ERR_OK)
        err = replay_settings_check(&settings);
    if (err != ERR_OK)
        return err;
    replay_stop_install();
    err = replay_settings_configure(&settings, argv[0]);
    return err == ERR_OK ? replay_run(&settings, argv[0]) : err;
}

const struct command command_replay = {
    .name = "replay",
    .operands = "TAPE",
    .summary = "tape -> candles, at any speed",
    .examples =
        "rewick replay day\n"
        "rewick replay day --bar 1s,1m --format csv > candles.csv\n"
        "rewick replay day --speed 10 --from 2024-08-08T23:56:00Z --to 2024-08-08T23:58:00Z\n"
        "rewick replay day --no-candles --digest\n"
        "rewick replay day --db candles.db --grpc 127.0.0.1:50051",
    .operands_min = 1,
    .operands_max = 1,
    .run = run_replay,
};

#include "recorder/record_config.h"

#include "engine/base/time_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

enum err record_config_make(struct engine_config *out, const struct engine_options *wish,
                            const struct io *io, const char *path)
{
    bool found;
    enum err err = engine_options_from_tape(out, io, path, false, &found);
    if (err)
        return err_context(err, "tape '%s'", path);
    struct engine_config tape = *out;
    err = engine_options_apply(wish, out);
    if (err || !found || engine_config_equal(out, &tape))
        return err;
    char text[ERR_TEXT_MAX / 2];
    describe(text, sizeof text, &tape);
    return err_fail(ERR_USAGE,
                    "tape '%s' was begun with %s; leave these options out or give another --out",
                    path, text);
}

#include "recorder/record_config.h"

#include "engine/base/buf.h"

#define OPTIONS_BYTES_MAX 65536              /* all lists, each as long as it can be */
#define SHOWN_BYTES_MAX   (ERR_TEXT_MAX / 2) /* what to do comes behind it */

static enum err refuse(const char *path, const struct engine_config *tape)
{
    struct buf text;
    buf_init(&text, OPTIONS_BYTES_MAX);
    enum err err = engine_options_write(tape, &text);
    if (!err)
        err = err_fail(ERR_USAGE,
                       "tape '%s' was begun with %.*s; leave these options out or give another "
                       "--out",
                       path, (int)(text.size < SHOWN_BYTES_MAX ? text.size : SHOWN_BYTES_MAX),
                       (const char *)text.data);
    buf_release(&text);
    return err;
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
    return refuse(path, &tape);
}

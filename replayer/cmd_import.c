/* rewick import: captures of other tools -> tape. */
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/options.h"
#include "engine/venue/venue.h"
#include "replayer/import_file.h"
#include "replayer/import_instruments.h"
#include "replayer/import_tape.h"
#include "replayer/replay_progress.h"
#include "replayer/replayer_commands.h"

#include <inttypes.h>
#include <string.h>

/* All are open at once, to be merged. */
#define FILES_MAX 256

struct import_run {
    const char *from, *venue, *out, *url;
    bool append;
    int64_t time_ns;
    struct option_list lists; /* files of instruments */
    struct import_instruments instruments;

    struct import_settings settings;
    const char *const *paths;
    size_t count;
    struct import_file *files[FILES_MAX];
    struct record heads[FILES_MAX]; /* next record of each; data is NULL behind the last */
    struct import_tape *tape;
    struct replay_progress progress;
    uint64_t records, frames;
};

/* ---- the call ------------------------------------------------------------------------------- */

static enum err check_paths(const struct import_run *run)
{
    size_t stdin_count = 0;
    for (size_t i = 0; i < run->count; i++)
        stdin_count += strcmp(run->paths[i], "-") == 0;
    return stdin_count <= 1 ? ERR_OK : err_fail(ERR_USAGE, "'-' can be given once only");
}

static enum err check_call(struct import_run *run)
{
    if (!run->from || !run->venue || !run->out)
        return err_fail(ERR_USAGE, "'--%s' is missing; see 'rewick import --help'",
                        !run->from    ? "from"
                        : !run->venue ? "venue"
                                      : "out");
    enum err err = import_format_get(&run->settings.format, run->from);
    if (err == ERR_OK)
        err = venue_get(&run->settings.venue, run->venue);
    if (err != ERR_OK)
        return err;
    bool http = run->settings.format == &import_format_http;
    if (http && !run->url)
        return err_fail(ERR_USAGE, "'--from http' needs '--url URL', the address that was asked");
    if (!http && run->url)
        return err_fail(ERR_USAGE, "'--url' belongs to '--from http' only");
    run->settings.url = run->url;
    run->settings.time_ns = run->time_ns;
    run->settings.instruments = &run->instruments.list;
    return check_paths(run);
}

/* ---- reading -------------------------------------------------------------------------------- */

static void complain(const char *text, void *arg)
{
    struct import_run *run = arg;
    replay_progress_clear(&run->progress);
    fprintf(stderr, "%s\n", text);
}

static enum err advance(struct import_run *run, size_t i)
{
    enum err err = import_file_next(run->files[i], &run->heads[i]);
    if (err != ERR_OK)
        run->heads[i].data = NULL;
    return err == ERR_END ? ERR_OK : err;
}

static enum err open_files(struct import_run *run)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < run->count && err == ERR_OK; i++)
        err = import_file_open(&run->files[i], &run->settings, run->paths[i], complain, run);
    for (size_t i = 0; i < run->count && err == ERR_OK; i++)
        err = advance(run, i);
    return err;
}

/* The file whose next record was received first; of equal ones the first named. `count`: none has
 * any. */
static size_t earliest(const struct import_run *run)
{
    size_t best = run->count;
    for (size_t i = 0; i < run->count; i++)
        if (run->heads[i].data &&
            (best == run->count || run->heads[i].wall_ns < run->heads[best].wall_ns))
            best = i;
    return best;
}

static uint64_t sum(const struct import_run *run, uint64_t (*get)(const struct import_file *file))
{
    uint64_t total = 0;
    for (size_t i = 0; i < run->count; i++)
        if (run->files[i])
            total += get(run->files[i]);
    return total;
}

/* ---- writing -------------------------------------------------------------------------------- */

static void show_progress(struct import_run *run)
{
    if (!run->progress.out || run->records % 1024 != 0)
        return;
    struct replay_amount amount = {.records = run->records};
    bool known = true;
    for (size_t i = 0; i < run->count; i++) {
        uint64_t done, total;
        import_file_progress(run->files[i], &done, &total);
        amount.done += done;
        amount.total += total;
        known = known && total > 0;
    }
    if (!known)
        amount.total = 0;
    replay_progress_show(&run->progress, amount, clock_mono_ns());
}

/* The list comes before what it names. */
static enum err append_instruments(struct import_run *run, int64_t wall_ns)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < run->instruments.page_count && err == ERR_OK; i++) {
        struct record record = {.type = RECORD_HTTP,
                                .venue = run->settings.venue->name,
                                .wall_ns = wall_ns,
                                .source_ns = RECORD_NO_TIME,
                                .data = run->instruments.pages[i].data,
                                .size = run->instruments.pages[i].size};
        err = import_tape_append(run->tape, 0, &record);
    }
    return err;
}

static enum err open_tape(struct import_run *run, int64_t wall_ns)
{
    struct import_origin origin = {.format = run->settings.format->name,
                                   .venue = run->settings.venue->name,
                                   .files = run->paths,
                                   .file_count = run->count};
    enum err err = import_tape_open(&run->tape, run->out, &origin, wall_ns);
    return err == ERR_OK ? append_instruments(run, wall_ns) : err;
}

static enum err write_records(struct import_run *run)
{
    enum err err = ERR_OK;
    for (size_t i; err == ERR_OK && (i = earliest(run)) < run->count;) {
        if (!run->tape)
            err = open_tape(run, run->heads[i].wall_ns);
        if (err == ERR_OK)
            err = import_tape_append(run->tape, i, &run->heads[i]);
        if (err != ERR_OK)
            return err;
        run->records++;
        run->frames += run->heads[i].type == RECORD_RECEIVED;
        show_progress(run);
        err = advance(run, i);
    }
    return err;
}

/* Keeps the first failure, with its text. */
static enum err close_all(struct import_run *run, enum err err)
{
    char text[ERR_TEXT_MAX];
    snprintf(text, sizeof text, "%s", err == ERR_OK ? "" : err_text(err));
    enum err close_err = import_tape_close(run->tape);
    if (err != ERR_OK)
        err_fail(err, "%s", text);
    return err != ERR_OK ? err : close_err;
}

static enum err report(const struct import_run *run)
{
    uint64_t unreadable = sum(run, import_file_unreadable);
    if (run->records == 0)
        return err_fail(ERR_DAMAGED,
                        "nothing in '%s' could be imported as %s and nothing was written (%" PRIu64
                        " lines could not be read)",
                        run->paths[0], run->settings.format->name, unreadable);
    log_info("imported %" PRIu64 " records (%" PRIu64 " frames, %" PRIu64 " trades) into '%s'",
             run->records, run->frames, sum(run, import_file_trades), run->out);
    if (unreadable == 0)
        return ERR_OK;
    return err_fail(ERR_DAMAGED, "%" PRIu64 " %s could not be read; all others are on tape '%s'",
                    unreadable, unreadable == 1 ? "line" : "lines", run->out);
}

static enum err import(struct import_run *run)
{
    replay_progress_init(&run->progress, "import", true, clock_mono_ns());
    enum err err = import_tape_check(run->out, run->append);
    if (err == ERR_OK)
        err = import_instruments_load(&run->instruments, run->settings.venue, run->lists.items,
                                      run->lists.count);
    if (err == ERR_OK)
        err = open_files(run);
    if (err == ERR_OK)
        err = write_records(run);
    replay_progress_clear(&run->progress);
    err = close_all(run, err);
    if (err == ERR_OK)
        err = report(run);
    for (size_t i = 0; i < run->count; i++)
        import_file_close(run->files[i]);
    import_instruments_release(&run->instruments);
    return err;
}

static enum err run_import(const struct command *command, int argc, char **argv)
{
    static struct import_run run; /* large */
    run = (struct import_run){.time_ns = RECORD_NO_TIME};
    import_instruments_init(&run.instruments);
    const struct option options[] = {
        {.name = "from",
         .value = "FORMAT",
         .help = "hftbacktest, cryptofeed, tardis, http (an answer) or frames (one a line)",
         .kind = OPTION_STRING,
         .target = &run.from},
        {.name = "venue",
         .value = "VENUE",
         .help = "whose frames they are",
         .kind = OPTION_STRING,
         .target = &run.venue},
        {.name = "out",
         .value = "TAPE",
         .help = "folder to make",
         .kind = OPTION_STRING,
         .target = &run.out},
        {.name = "append",
         .help = "add to TAPE when it exists",
         .kind = OPTION_FLAG,
         .target = &run.append},
        {.name = "url",
         .value = "URL",
         .help = "what was asked, for http",
         .kind = OPTION_STRING,
         .target = &run.url},
        {.name = "time",
         .value = "TIME",
         .help = "receive time for http (default: the newest trade's) and for frames without one",
         .kind = OPTION_TIME,
         .target = &run.time_ns},
        {.name = "instruments",
         .value = "FILE",
         .help = "a saved answer of the venue's instrument list, for the names; may be repeated",
         .kind = OPTION_LIST,
         .target = &run.lists},
        {.name = NULL},
    };
    int count;
    enum err err = options_parse(command, options, argc, argv, clock_wall_ns(), &count);
    if (err != ERR_OK)
        return err;
    run.paths = (const char *const *)argv;
    run.count = (size_t)count;
    err = check_call(&run);
    return err == ERR_OK ? import(&run) : err;
}

const struct command command_import = {
    .name = "import",
    .operands = "FILE...",
    .summary = "captures of other tools -> tape; plain, gzip or zstd, '-' is stdin",
    .examples =
        "rewick import --from hftbacktest --venue binance-usdm btcusdt_20240808.gz --out day\n"
        "rewick import --from cryptofeed --venue coinbase COINBASE.ws.28.0 --out coinbase "
        "--instruments products.json\n"
        "rewick import --from http --venue kraken --url "
        "'https://api.kraken.com/0/public/Trades?pair=XBTUSDT' trades.json --out kraken",
    .operands_min = 1,
    .operands_max = FILES_MAX,
    .run = run_import,
};

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/sink/candle_store.h"
#include "engine/sink/sink_text.h"
#include "replayer/replayer_commands.h"

#include <stdlib.h>
#include <string.h>

#define NAMES_MAX      256   /* in one list of the command line */
#define NAMES_BYTES    16384 /* of one list */
#define KNOWN_TEXT_MAX 400   /* of the names in an error text; more are counted */

/* One comma list of the command line. */
struct name_list {
    const char *text; /* NULL = not given */
    size_t count;
    const char *items[NAMES_MAX];
    char storage[NAMES_BYTES];
};

struct candles_command {
    const char *db, *format, *columns;
    struct name_list venues, instruments, bars;
    struct bar bar_items[NAMES_MAX];
    char bar_texts[NAMES_MAX][BAR_TEXT_MAX]; /* canonical, where bars.items point to */
    int64_t from_ns, to_ns, limit;
    bool forming, revisions;
};

/* ---- names that the store must know ---------------------------------------------------------- */

/* Looks one name up in the store's series, and lists the names that are there for the error text.
 */
struct name_search {
    const char *what, *name;
    bool found;
    struct buf known; /* " BTC-USDT, ETH-USDT," and NUL */
    bool more;
};

static enum err search_name(struct name_search *search, const char *name)
{
    search->found = search->found || strcmp(name, search->name) == 0;
    /* Names come once per series. */
    char quoted[CANDLE_FIELD_MAX + 4];
    snprintf(quoted, sizeof quoted, " %s,", name);
    if (search->known.size > 0 && strstr((const char *)search->known.data, quoted))
        return ERR_OK;
    if (search->known.size + strlen(quoted) > KNOWN_TEXT_MAX) {
        search->more = true;
        return ERR_OK;
    }
    enum err err = buf_append_text(&search->known, quoted);
    return err == ERR_OK ? buf_terminate(&search->known) : err;
}

static enum err search_series(const char *venue, const char *instrument, const char *bar, void *arg)
{
    struct name_search *search = arg;
    const char *name = search->what[0] == 'v' ? venue : search->what[0] == 'i' ? instrument : bar;
    return search_name(search, name);
}

static enum err fail_search(const struct name_search *search, const char *db)
{
    if (search->known.size == 0)
        return err_fail(ERR_UNKNOWN, "no candles of %s '%s' in '%s'; it has none at all",
                        search->what, search->name, db);
    return err_fail(ERR_UNKNOWN, "no candles of %s '%s' in '%s'; it has%.*s%s", search->what,
                    search->name, db, (int)search->known.size - 1, (const char *)search->known.data,
                    search->more ? " and more" : "");
}

static enum err check_names(struct candle_store *store, const char *db, const char *what,
                            const struct name_list *list)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < list->count && err == ERR_OK; i++) {
        struct name_search search = {.what = what, .name = list->items[i]};
        buf_init(&search.known, 2 * KNOWN_TEXT_MAX);
        err = candle_store_series(store, search_series, &search);
        if (err == ERR_OK && !search.found)
            err = fail_search(&search, db);
        buf_release(&search.known);
    }
    return err;
}

/* ---- the command line ------------------------------------------------------------------------ */

static enum err split(struct name_list *list)
{
    if (!list->text)
        return ERR_OK;
    return options_split(list->text, list->storage, sizeof list->storage, list->items, NAMES_MAX,
                         &list->count);
}

/* "60s" finds "1m". */
static enum err parse_bars(struct candles_command *candles)
{
    enum err err = split(&candles->bars);
    for (size_t i = 0; i < candles->bars.count && err == ERR_OK; i++) {
        err = bar_parse(&candles->bar_items[i], candles->bars.items[i]);
        if (err != ERR_OK)
            return err;
        bar_format(candles->bar_texts[i], candles->bar_items[i]);
        candles->bars.items[i] = candles->bar_texts[i];
    }
    return err;
}

static enum err parse(struct candles_command *candles, const struct command *command, int argc,
                      char **argv)
{
    const struct option options[] = {
        {"db", "FILE", "the SQLite file that 'rewick replay --db' or 'rewick record --db' made",
         OPTION_STRING, &candles->db, 0, 0},
        {"venue", "NAMES", "only these venues, a comma list (default all)", OPTION_STRING,
         &candles->venues.text, 0, 0},
        {"instrument", "NAMES", "only these instruments, a comma list (default all)", OPTION_STRING,
         &candles->instruments.text, 0, 0},
        {"bar", "BARS", "only these bars, a comma list like 1m,1h (default all)", OPTION_STRING,
         &candles->bars.text, 0, 0},
        {"from", "TIME", "candles that open at this time or later (default the first)", OPTION_TIME,
         &candles->from_ns, 0, 0},
        {"to", "TIME", "candles that open before this time (default the last)", OPTION_TIME,
         &candles->to_ns, 0, 0},
        {"limit", "N", "at most this many, the first ones (default all)", OPTION_INTEGER,
         &candles->limit, 1, INT64_MAX},
        {"forming", NULL, "candles that are still forming too", OPTION_FLAG, &candles->forming, 0,
         0},
        {"revisions", NULL, "earlier revisions of corrected candles too", OPTION_FLAG,
         &candles->revisions, 0, 0},
        {"format", "FORMAT", "table, csv or ndjson (default table)", OPTION_STRING,
         &candles->format, 0, 0},
        {"columns", "NAMES", "only these columns of csv or ndjson, a comma list (default all)",
         OPTION_STRING, &candles->columns, 0, 0},
        {0},
    };
    int operands;
    enum err err = options_parse(command, options, argc, argv, clock_wall_ns(), &operands);
    if (err == ERR_OK && !candles->db)
        err = err_fail(ERR_USAGE,
                       "no database named; give one with --db FILE, see 'rewick candles --help'");
    if (err == ERR_OK && candles->from_ns > candles->to_ns)
        err = err_fail(ERR_USAGE, "--from is later than --to; swap them");
    if (err == ERR_OK)
        err = split(&candles->venues);
    if (err == ERR_OK)
        err = split(&candles->instruments);
    return err == ERR_OK ? parse_bars(candles) : err;
}

/* ---- the query ------------------------------------------------------------------------------- */

struct listing {
    struct sink *text;
    uint64_t count;
};

static enum err list_candle(const struct candle *candle, void *arg)
{
    struct listing *listing = arg;
    struct candle row = *candle;
    row.update = 0; /* a row, whatever its state */
    listing->count++;
    return listing->text->put(listing->text, &row);
}

static enum err check_all_names(struct candle_store *store, const struct candles_command *candles)
{
    enum err err = check_names(store, candles->db, "venue", &candles->venues);
    if (err == ERR_OK)
        err = check_names(store, candles->db, "instrument", &candles->instruments);
    return err == ERR_OK ? check_names(store, candles->db, "bar", &candles->bars) : err;
}

static enum err list(struct candle_store *store, const struct candles_command *candles,
                     const struct sink_text_options *options)
{
    const struct candle_query query = {
        .venues = candles->venues.items,
        .venue_count = candles->venues.count,
        .instruments = candles->instruments.items,
        .instrument_count = candles->instruments.count,
        .bars = candles->bar_items,
        .bar_count = candles->bars.count,
        .from_ns = candles->from_ns,
        .to_ns = candles->to_ns,
        .forming = candles->forming,
        .revisions = candles->revisions,
        .limit = (uint64_t)candles->limit,
    };
    struct listing listing = {0};
    enum err err = sink_text_open(&listing.text, stdout, options);
    if (err != ERR_OK)
        return err;
    err = candle_store_query(store, &query, list_candle, &listing, NULL);
    /* What was found goes out even when the rest cannot be read; the first failure is the one to
     * tell. */
    char text[ERR_TEXT_MAX];
    snprintf(text, sizeof text, "%s", err_text(err));
    enum err close_err = listing.text->close(listing.text);
    if (err == ERR_OK)
        err = close_err;
    else if (err != ERR_STOP)
        err_fail(err, "%s", text);
    if (err == ERR_OK && listing.count == 0)
        log_info("no candles match");
    return err;
}

static enum err run_parsed(const struct candles_command *candles)
{
    struct sink_text_options options = {.format = TEXT_TABLE, .terminal = text_is_terminal(stdout)};
    struct candle_store *store = NULL;
    enum err err = candles->format ? text_format_parse(&options.format, candles->format) : ERR_OK;
    if (err == ERR_OK && candles->columns)
        err = text_columns_parse(&options.columns, candles->columns, options.format);
    if (err == ERR_OK)
        err = candle_store_open(&store, candles->db);
    if (err == ERR_OK)
        err = check_all_names(store, candles);
    if (err == ERR_OK)
        err = list(store, candles, &options);
    candle_store_close(store);
    return err;
}

static enum err run(const struct command *command, int argc, char **argv)
{
    struct candles_command *candles = calloc(1, sizeof *candles);
    if (!candles)
        return err_fail(ERR_NOMEM, "out of memory");
    candles->from_ns = INT64_MIN;
    candles->to_ns = INT64_MAX;
    enum err err = parse(candles, command, argc, argv);
    if (err == ERR_OK)
        err = run_parsed(candles);
    free(candles);
    return err;
}

const struct command command_candles = {
    .name = "candles",
    .operands = "",
    .summary = "show the candles of a SQLite store, as table, CSV or NDJSON",
    .examples =
        "rewick candles --db candles.db --instrument BTC-USDT --bar 1m --from -2h\n"
        "rewick candles --db candles.db --format csv > candles.csv\n"
        "rewick candles --db candles.db --format csv --columns open_time,close,score,flags\n"
        "rewick candles --db candles.db --venue kraken,coinbase --forming --revisions\n"
        "sqlite3 -box candles.db \"SELECT * FROM ohlcv WHERE bar = '1h' LIMIT 10\"\n",
    .run = run,
};

#include "replayer/compare_text.h"

#include "engine/base/time_text.h"

#include <inttypes.h>
#include <string.h>

#define CELL_MAX        160
#define DIFFERENCES_MAX (KLINE_FIELDS_MAX * (2 * DECIMAL_TEXT_MAX + 32))
#define NOTES_MAX       64
#define PRICE_DIGITS    2 /* of a table: so many decimals at least, */
#define NUMBER_DIGITS   8 /* and at most */

/* ---- venues as CSV and NDJSON ---------------------------------------------------------------- */

struct venue_list {
    struct text_rows rows;
    size_t count; /* instruments */
};

static enum err list_row(struct text_rows *rows, const struct venue_comparison *comparison,
                         const struct compare_row *row)
{
    char texts[COMPARE_COLUMN_COUNT][COMPARE_FIELD_MAX];
    const char *cells[COMPARE_COLUMN_COUNT];
    for (int i = 0; i < COMPARE_COLUMN_COUNT; i++)
        cells[i] =
            compare_field(comparison, row, (enum compare_column)i, texts[i]) ? texts[i] : NULL;
    return text_rows_add(rows, cells);
}

static enum err list_comparison(const struct venue_comparison *comparison, void *arg)
{
    struct venue_list *list = arg;
    enum err err = ERR_OK;
    list->count++;
    for (size_t i = 0; i < comparison->row_count && err == ERR_OK; i++)
        err = list_row(&list->rows, comparison, &comparison->rows[i]);
    return err;
}

static enum err list_venues(struct venue_compare *venues, enum text_format format,
                            size_t venues_min, size_t *out_count)
{
    struct text_column columns[COMPARE_COLUMN_COUNT];
    struct venue_list list = {.count = 0};
    for (int i = 0; i < COMPARE_COLUMN_COUNT; i++)
        columns[i] = (struct text_column){compare_column_name((enum compare_column)i),
                                          compare_column_kind((enum compare_column)i)};
    enum err err = text_rows_open(&list.rows, stdout, format, columns, COMPARE_COLUMN_COUNT);
    if (err == ERR_OK)
        err = venue_compare_each(venues, venues_min, list_comparison, &list);
    enum err close_err = text_rows_close(&list.rows);
    *out_count = list.count;
    return err == ERR_OK ? close_err : err;
}

/* ---- venues as tables ------------------------------------------------------------------------ */

/* As people read it: at most so many decimals. */
static const char *rounded(char text[CELL_MAX], bool there, struct decimal value, uint8_t scale)
{
    struct decimal shown = value, one = {1, 0};
    if (!there)
        return NULL;
    if (value.scale > scale && decimal_div(&shown, value, one, scale) != ERR_OK)
        shown = value;
    decimal_format(text, shown);
    return text;
}

/* Without the zeros at the end, but with `least` decimals where there are as many. */
static struct decimal strip(struct decimal value, uint8_t least)
{
    while (value.scale > least && value.mantissa % 10 == 0) {
        value.mantissa /= 10;
        value.scale--;
    }
    return value;
}

static const char *percent(char text[CELL_MAX], bool there, uint32_t ppm)
{
    return rounded(text, there, (struct decimal){ppm, 4}, 2);
}

static const char *milliseconds(char text[CELL_MAX], const struct compare_row *row, int64_t value)
{
    return rounded(text, row->latency.count > 0, (struct decimal){value, 6}, 2);
}

static const char *number(char text[CELL_MAX], uint64_t value)
{
    snprintf(text, CELL_MAX, "%" PRIu64, value);
    return text;
}

static const char *lead(char text[CELL_MAX], const struct compare_row *row)
{
    if (!row->lag.found)
        return NULL;
    snprintf(text, CELL_MAX, row->lag.lead ? "%+d" : "%d", row->lag.lead);
    return text;
}

static const struct text_column table_columns[] = {
    {"venue", 'T'},      {"close", 'D'},    {"vwap", 'D'},    {"volume", 'D'},  {"share %", 'P'},
    {"spread bps", 'D'}, {"mean bps", 'D'}, {"lead", 'S'},    {"corr", 'D'},    {"p50 ms", 'D'},
    {"p99 ms", 'D'},     {"uptime %", 'P'}, {"missing", 'I'}, {"no data", 'I'}, {"score", 'D'},
};
#define TABLE_COLUMNS (sizeof table_columns / sizeof table_columns[0])

static enum err table_row(struct text_rows *rows, const struct compare_row *row)
{
    char texts[TABLE_COLUMNS][CELL_MAX];
    struct decimal correlation = {row->lag.permille, 3};
    bool traded = row->candles > 0;
    struct decimal close = strip(row->close, PRICE_DIGITS);
    const char *const cells[TABLE_COLUMNS] = {
        row->venue,
        rounded(texts[1], traded, close, NUMBER_DIGITS),
        rounded(texts[2], row->has_vwap, row->vwap, (uint8_t)(close.scale + 2)),
        rounded(texts[3], row->has_volume, strip(row->volume, 0), NUMBER_DIGITS),
        percent(texts[4], row->has_share, row->share_ppm),
        rounded(texts[5], row->has_spread, row->spread_last, 2),
        rounded(texts[6], row->has_spread, row->spread_mean, 2),
        lead(texts[7], row),
        rounded(texts[8], row->lag.found, correlation, 3),
        milliseconds(texts[9], row, row->latency.p50),
        milliseconds(texts[10], row, row->latency.p99),
        percent(texts[11], row->has_uptime, row->uptime_ppm),
        number(texts[12], row->missing),
        number(texts[13], row->no_data),
        rounded(texts[14], row->has_score, row->score, 1),
    };
    return text_rows_add(rows, cells);
}

/* "BTC-USDT, 1m, 2024-08-08T23:55:00Z to ..., 5 windows; against composite, lead in 1s" */
static void print_heading(const struct venue_comparison *comparison, bool first)
{
    char bar[BAR_TEXT_MAX], lag[BAR_TEXT_MAX], from[TIME_TEXT_MAX], to[TIME_TEXT_MAX];
    char name[INSTRUMENT_MAX];
    bar_format(bar, comparison->bar);
    bar_format(lag, comparison->lag_bar);
    time_format(from, comparison->from_ns);
    time_format(to, comparison->to_ns);
    snprintf(name, sizeof name, "%s", comparison->instrument);
    for (char *c = name; *c; c++)
        *c = *c < ' ' || *c > '~' ? '?' : *c;
    printf("%s%s, %s to %s, %" PRIu64 " windows of %s; against %s, lead in %s\n", first ? "" : "\n",
           name, from, to, comparison->windows, bar, comparison->reference, lag);
}

static enum err print_comparison(const struct venue_comparison *comparison, void *arg)
{
    size_t *count = arg;
    struct text_rows rows;
    print_heading(comparison, (*count)++ == 0);
    enum err err = text_rows_open(&rows, stdout, TEXT_TABLE, table_columns, TABLE_COLUMNS);
    for (size_t i = 0; i < comparison->row_count && err == ERR_OK; i++)
        err = table_row(&rows, &comparison->rows[i]);
    enum err close_err = text_rows_close(&rows);
    return err == ERR_OK ? close_err : err;
}

enum err compare_text_venues(struct compare_run *run, enum text_format format, size_t venues_min,
                             size_t *out_count)
{
    *out_count = 0;
    return format == TEXT_TABLE
               ? venue_compare_each(run->venues, venues_min, print_comparison, out_count)
               : list_venues(run->venues, format, venues_min, out_count);
}

/* ---- klines ---------------------------------------------------------------------------------- */

static const struct text_column verdict_columns[] = {
    {"venue", 'T'},  {"instrument", 'T'}, {"symbol", 'T'},
    {"bar", 'T'},    {"open_time", 'T'},  {"outcome", 'T'},
    {"reason", 'T'}, {"notes", 'L'},      {"differences", 'L'},
};
#define VERDICT_COLUMNS (sizeof verdict_columns / sizeof verdict_columns[0])

static const struct text_column difference_columns[] = {
    {"venue", 'T'}, {"symbol", 'T'}, {"bar", 'T'},    {"open time", 'T'},
    {"field", 'T'}, {"ours", 'D'},   {"theirs", 'D'}, {"reason", 'T'},
};
#define DIFFERENCE_COLUMNS (sizeof difference_columns / sizeof difference_columns[0])

enum err compare_verdicts_open(struct compare_verdicts *verdicts, enum text_format format)
{
    *verdicts = (struct compare_verdicts){0};
    return format == TEXT_TABLE
               ? text_rows_open(&verdicts->rows, stdout, format, difference_columns,
                                DIFFERENCE_COLUMNS)
               : text_rows_open(&verdicts->rows, stdout, format, verdict_columns, VERDICT_COLUMNS);
}

static void format_notes(char text[NOTES_MAX], uint32_t notes)
{
    static const char *const words[] = {"cut", "rounded", "quiet", "forming"};
    text[0] = '\0';
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (notes & (1u << i))
            snprintf(text + strlen(text), NOTES_MAX - strlen(text), "%s%s", text[0] ? "|" : "",
                     words[i]);
}

static void format_differences(char text[DIFFERENCES_MAX], const struct kline_verdict *verdict)
{
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < verdict->difference_count; i++) {
        const struct kline_difference *difference = &verdict->differences[i];
        length += (size_t)snprintf(
            text + length, DIFFERENCES_MAX - length, "%s%s %s %s", i ? "|" : "", difference->field,
            difference->ours[0] ? difference->ours : "-", difference->theirs);
    }
}

static enum err list_verdict(struct text_rows *rows, const struct kline_verdict *verdict,
                             const char *bar, const char *open)
{
    char notes[NOTES_MAX], differences[DIFFERENCES_MAX];
    const char *reason = kline_reason_text(verdict->reason);
    format_notes(notes, verdict->notes);
    format_differences(differences, verdict);
    const char *const cells[VERDICT_COLUMNS] = {
        verdict->venue,
        verdict->instrument[0] ? verdict->instrument : NULL,
        verdict->symbol,
        bar,
        open,
        kline_outcome_name(verdict->outcome),
        reason[0] ? reason : NULL,
        notes,
        differences,
    };
    return text_rows_add(rows, cells);
}

static enum err print_differences(struct compare_verdicts *verdicts,
                                  const struct kline_verdict *verdict, const char *bar,
                                  const char *open)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < verdict->difference_count && err == ERR_OK; i++) {
        const struct kline_difference *difference = &verdict->differences[i];
        const char *const cells[DIFFERENCE_COLUMNS] = {
            verdict->venue,
            verdict->symbol,
            bar,
            open,
            difference->field,
            difference->ours,
            difference->theirs,
            verdict->outcome == KLINE_DIFFERS ? "not explained"
                                              : kline_reason_text(verdict->reason),
        };
        if (verdicts->shown++ < COMPARE_DIFFERENCES_SHOWN)
            err = text_rows_add(&verdicts->rows, cells);
    }
    return err;
}

void compare_verdicts_add(const struct kline_verdict *verdict, void *arg)
{
    struct compare_verdicts *verdicts = arg;
    struct bar size = {.kind = BAR_TIME, .size = verdict->size_ns};
    char bar[BAR_TEXT_MAX], open[TIME_TEXT_MAX];
    bar_format(bar, size);
    time_format(open, verdict->open_ns);
    if (verdict->outcome == KLINE_NOT_COVERED)
        verdicts->not_covered[verdict->reason]++;
    if (verdicts->err != ERR_OK)
        return;
    verdicts->err = verdicts->rows.format == TEXT_TABLE
                        ? print_differences(verdicts, verdict, bar, open)
                        : list_verdict(&verdicts->rows, verdict, bar, open);
}

void compare_text_counts(char *text, size_t size, const struct kline_counts *counts)
{
    snprintf(text, size,
             "klines: %" PRIu64 " compared, %" PRIu64 " equal (%" PRIu64
             " with digits cut), %" PRIu64 " explained, %" PRIu64 " not explained; %" PRIu64
             " not covered",
             counts->compared, counts->equal, counts->cut, counts->explained, counts->differs,
             counts->not_covered);
}

static const struct text_column market_columns[] = {
    {"venue", 'T'},           {"symbol", 'T'},        {"bar", 'T'},
    {"klines compared", 'I'}, {"equal", 'I'},         {"cut", 'I'},
    {"explained", 'I'},       {"not explained", 'I'}, {"not covered", 'I'},
};
#define MARKET_COLUMNS (sizeof market_columns / sizeof market_columns[0])

struct market_list {
    struct text_rows rows;
    enum err err;
};

static void print_market(const struct kline_market *market, void *arg)
{
    struct market_list *list = arg;
    const struct kline_counts *counts = &market->counts;
    char bar[BAR_TEXT_MAX], texts[6][CELL_MAX];
    if (counts->compared + counts->not_covered == 0 || list->err != ERR_OK)
        return;
    bar_format(bar, (struct bar){.kind = BAR_TIME, .size = market->size_ns});
    const char *const cells[MARKET_COLUMNS] = {
        market->venue,
        market->symbol,
        bar,
        number(texts[0], counts->compared),
        number(texts[1], counts->equal),
        number(texts[2], counts->cut),
        number(texts[3], counts->explained),
        number(texts[4], counts->differs),
        number(texts[5], counts->not_covered),
    };
    list->err = text_rows_add(&list->rows, cells);
}

static enum err print_markets(const struct kline_compare *klines)
{
    struct market_list list = {.err = ERR_OK};
    list.err = text_rows_open(&list.rows, stdout, TEXT_TABLE, market_columns, MARKET_COLUMNS);
    kline_compare_each_market(klines, print_market, &list);
    enum err close_err = text_rows_close(&list.rows);
    return list.err == ERR_OK ? close_err : list.err;
}

static void print_not_covered(const struct compare_verdicts *verdicts)
{
    for (size_t i = 0; i < sizeof verdicts->not_covered / sizeof verdicts->not_covered[0]; i++)
        if (verdicts->not_covered[i] > 0)
            printf("not covered: %" PRIu64 ", %s\n", verdicts->not_covered[i],
                   kline_reason_text((enum kline_reason)i));
}

enum err compare_verdicts_close(struct compare_verdicts *verdicts,
                                const struct kline_compare *klines)
{
    enum err err = verdicts->err;
    bool table = verdicts->rows.format == TEXT_TABLE;
    if (table && err == ERR_OK && klines) {
        err = print_markets(klines);
        print_not_covered(verdicts);
        if (verdicts->rows.row_count > 0)
            printf("\n");
    }
    enum err close_err = text_rows_close(&verdicts->rows);
    if (table && verdicts->shown > COMPARE_DIFFERENCES_SHOWN)
        printf("... and %" PRIu64 " more; --format csv has all\n",
               verdicts->shown - COMPARE_DIFFERENCES_SHOWN);
    return err == ERR_OK ? close_err : err;
}

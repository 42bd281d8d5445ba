/* rewick instruments: what a venue trades, by its own list. */
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "engine/base/options.h"
#include "engine/base/time_text.h"
#include "recorder/ca_file.h"
#include "recorder/list_fetch.h"
#include "recorder/recorder_commands.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct call {
    const char *venue, *search, *format, *rest_url, *file, *ca_file;
    bool all;
};

static enum err parse(struct call *call, const struct command *command, int argc, char **argv)
{
    struct option table[] = {
        {"venue", "VENUE", "whose instruments", OPTION_STRING, &call->venue, 0, 0},
        {"search", "TEXT", "only those whose name, symbol or assets hold this text", OPTION_STRING,
         &call->search, 0, 0},
        {"all", NULL, "also those that are not open for trading", OPTION_FLAG, &call->all, 0, 0},
        {"format", "table|csv|ndjson", "form of the output (default table)", OPTION_STRING,
         &call->format, 0, 0},
        {"rest-url", "URL", "another host to ask", OPTION_STRING, &call->rest_url, 0, 0},
        {"instruments", "FILE", "read a saved answer of the venue instead of asking it",
         OPTION_STRING, &call->file, 0, 0},
        {"ca-file", "FILE", "trust the certificates in this PEM file instead of the system's",
         OPTION_STRING, &call->ca_file, 0, 0},
        {0},
    };
    int operands;
    enum err err = options_parse(command, table, argc, argv, clock_wall_ns(), &operands);
    if (err)
        return err;
    if (!call->venue)
        return err_fail(ERR_USAGE,
                        "no venue; give --venue VENUE (see 'rewick instruments --help')");
    if (!call->format)
        call->format = "table";
    if (strcmp(call->format, "table") != 0 && strcmp(call->format, "csv") != 0 &&
        strcmp(call->format, "ndjson") != 0)
        return err_fail(ERR_USAGE, "--format '%s' is not possible; give table, csv or ndjson",
                        call->format);
    return ERR_OK;
}

/* ---- choosing ---------------------------------------------------------------------------------
 */

static bool holds(const char *text, const char *part)
{
    return strcasestr(text, part) != NULL;
}

static bool is_chosen(const struct call *call, const struct instrument *item)
{
    if (!item->trading && !call->all)
        return false;
    return !call->search || holds(item->name, call->search) || holds(item->symbol, call->search) ||
           holds(item->base, call->search) || holds(item->quote, call->search);
}

/* ---- writing ----------------------------------------------------------------------------------
 */

#define FIELDS 12
static const char *const names[FIELDS] = {
    "instrument", "symbol",        "kind",        "base",          "quote",          "expiry",
    "price_tick", "quantity_step", "volume_unit", "contract_size", "contract_asset", "trading"};

struct row {
    char text[FIELDS][DECIMAL_TEXT_MAX];
};

static void put_decimal(char text[DECIMAL_TEXT_MAX], struct decimal value)
{
    text[0] = '\0';
    if (!decimal_is_zero(value))
        decimal_format(text, value);
}

static void fill(struct row *row, const struct instrument *item)
{
    const char *const texts[FIELDS] = {item->name,
                                       item->symbol,
                                       instrument_kind_name(item->kind),
                                       item->base,
                                       item->quote,
                                       "",
                                       "",
                                       "",
                                       volume_unit_name(item->volume_unit),
                                       "",
                                       item->contract_asset,
                                       item->trading ? "true" : "false"};
    for (size_t i = 0; i < FIELDS; i++)
        snprintf(row->text[i], sizeof row->text[i], "%s", texts[i]);
    if (item->expiry_ns != 0)
        time_format(row->text[5], item->expiry_ns);
    put_decimal(row->text[6], item->price_tick);
    put_decimal(row->text[7], item->quantity_step);
    put_decimal(row->text[9], item->contract_size);
}

static void print_table(const struct row *row)
{
    printf("%-28s %-24s %-10s %-12s %-12s %-9s\n", row->text[0], row->text[1], row->text[2],
           row->text[6], row->text[7], row->text[8]);
}

static void print_csv(const struct row *row)
{
    for (size_t i = 0; i < FIELDS; i++) {
        bool quote = strpbrk(row->text[i], ",\"\n") != NULL;
        printf("%s%s", i > 0 ? "," : "", quote ? "\"" : "");
        for (const char *p = row->text[i]; *p; p++)
            printf(*p == '"' ? "\"\"" : "%c", *p);
        printf("%s", quote ? "\"" : "");
    }
    putchar('\n');
}

static enum err print_ndjson(const struct row *row)
{
    struct buf out;
    buf_init(&out, 64 * 1024);
    enum err err = ERR_OK;
    for (size_t i = 0; !err && i < FIELDS; i++) {
        err = buf_printf(&out, "%s\"%s\":", i > 0 ? "," : "{", names[i]);
        if (!err && strcmp(names[i], "trading") == 0)
            err = buf_append_text(&out, row->text[i]);
        else if (!err && row->text[i][0] == '\0')
            err = buf_append_text(&out, "null");
        else if (!err)
            err = buf_append_json(&out, row->text[i], strlen(row->text[i]));
    }
    err = err ? err : buf_append_text(&out, "}\n");
    if (!err)
        fwrite(out.data, 1, out.size, stdout);
    buf_release(&out);
    return err;
}

static enum err print_row(const struct call *call, const struct row *row)
{
    if (strcmp(call->format, "csv") == 0)
        print_csv(row);
    else if (strcmp(call->format, "table") == 0)
        print_table(row);
    else
        return print_ndjson(row);
    return ERR_OK;
}

static int by_name(const void *a, const void *b)
{
    const struct instrument *const *left = a, *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

static enum err print_list(const struct call *call, const struct instrument_list *list)
{
    const struct instrument **chosen = calloc(list->count + 1, sizeof(struct instrument *));
    if (!chosen)
        return err_fail(ERR_NOMEM, "out of memory");
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        if (is_chosen(call, &list->items[i]))
            chosen[count++] = &list->items[i];
    qsort(chosen, count, sizeof *chosen, by_name);
    struct row row;
    for (size_t i = 0; i < FIELDS; i++)
        snprintf(row.text[i], sizeof row.text[i], "%s", names[i]);
    enum err err = strcmp(call->format, "ndjson") == 0 ? ERR_OK : print_row(call, &row);
    for (size_t i = 0; !err && i < count; i++) {
        fill(&row, chosen[i]);
        err = print_row(call, &row);
    }
    free(chosen);
    if (!err && fflush(stdout) != 0)
        err = err_errno("cannot write to stdout");
    if (err)
        return err;
    if (count > 0) {
        log_info("%zu of %zu instruments of %s", count, list->count, call->venue);
        return ERR_OK;
    }
    log_error("no instrument of %s fits '%s'", call->venue, call->search ? call->search : "");
    return ERR_CHECK;
}

/* ---- getting ----------------------------------------------------------------------------------
 */

static enum err run_call(const struct call *call)
{
    struct plan_venue venue = {0};
    struct http_session *session = NULL;
    instrument_list_init(&venue.list);
    enum err err = venue_get(&venue.venue, call->venue);
    if (!err && !venue.venue->rest)
        err = err_fail(ERR_USAGE, "%s has no instrument list", call->venue);
    if (!err && call->ca_file)
        err = ca_file_check(call->ca_file);
    if (!err)
        err = ws_url_parse_http(&venue.rest,
                                call->rest_url ? call->rest_url : venue.venue->rest->url);
    if (!err && !call->file)
        err = http_session_open(&session, call->ca_file);
    struct list_fetch fetch = {.session = session, .cancel_fd = -1};
    err = err ? err : list_fetch_get(&fetch, &venue, call->file);
    err = err ? err : print_list(call, &venue.list);
    http_session_close(session);
    instrument_list_release(&venue.list);
    return err;
}

static enum err cmd_instruments(const struct command *command, int argc, char **argv)
{
    struct call call = {0};
    enum err err = parse(&call, command, argc, argv);
    return err ? err : run_call(&call);
}

const struct command command_instruments = {
    .name = "instruments",
    .operands = "",
    .summary = "what a venue trades: names, symbols, kinds, precision",
    .examples = "rewick instruments --venue kraken --search BTC\n"
                "rewick instruments --venue okx --format csv\n"
                "rewick instruments --venue binance --instruments exchangeInfo.json --search DOGE",
    .run = cmd_instruments,
};

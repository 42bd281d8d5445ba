#include "replayer/simulate_truth.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

static enum err open_file(struct simulate_truth *truth, const char *name, FILE **out)
{
    char path[sizeof truth->folder + 32];
    snprintf(path, sizeof path, "%s/%s", truth->folder, name);
    *out = fopen(path, "we");
    return *out ? ERR_OK : err_errno("cannot write '%s'", path);
}

enum err simulate_truth_open(struct simulate_truth *truth, const char *folder)
{
    memset(truth, 0, sizeof *truth);
    if (!folder)
        return ERR_OK;
    if (strlen(folder) >= sizeof truth->folder)
        return err_fail(ERR_USAGE, "the name of the --truth folder is too long");
    memcpy(truth->folder, folder, strlen(folder));
    if (mkdir(folder, 0750) != 0 && errno != EEXIST)
        return err_errno("cannot make the folder '%s'", folder);
    enum err err = open_file(truth, "trades.csv", &truth->trades);
    if (err == ERR_OK &&
        fputs("venue,instrument,id,source_ns,price,quantity,taker,counted\n", truth->trades) < 0)
        err = err_errno("cannot write '%s/trades.csv'", folder);
    return err;
}

enum err simulate_truth_trade(struct simulate_truth *truth, const struct simulate_market *market,
                              const struct simulate_trade *trade)
{
    if (!truth->trades)
        return ERR_OK;
    char price[DECIMAL_TEXT_MAX], quantity[DECIMAL_TEXT_MAX];
    simulate_number(price, trade->price, market->options.digits.price, 0);
    simulate_number(quantity, trade->quantity, market->options.digits.quantity, 0);
    if (fprintf(truth->trades, "%s,%s,%" PRIu64 ",%" PRId64 ",%s,%s,%s,%d\n",
                market->options.venue->name, market->instrument, trade->id, trade->source_ns, price,
                quantity, trade->taker_buy ? "buy" : "sell", simulate_trade_counts(trade)) < 0)
        return err_errno("cannot write '%s/trades.csv'", truth->folder);
    return ERR_OK;
}

static enum err close_file(FILE *file, const char *folder, const char *name)
{
    int bad = ferror(file);
    if (fclose(file) != 0 || bad)
        return err_errno("cannot write '%s/%s'", folder, name);
    return ERR_OK;
}

enum err simulate_truth_finish(struct simulate_truth *truth, const struct buf *json)
{
    if (!truth->trades)
        return ERR_OK;
    enum err err = close_file(truth->trades, truth->folder, "trades.csv");
    truth->trades = NULL;
    FILE *file = NULL;
    if (err == ERR_OK)
        err = open_file(truth, "truth.json", &file);
    if (err != ERR_OK)
        return err;
    fwrite(json->data, 1, json->size, file);
    return close_file(file, truth->folder, "truth.json");
}

void simulate_truth_release(struct simulate_truth *truth)
{
    if (truth->trades)
        fclose(truth->trades);
    truth->trades = NULL;
}

enum err simulate_truth_feed(const struct simulate_feed *feed, struct buf *json)
{
    const struct simulate_counts *counts = &feed->counts;
    enum err err = buf_printf(json, "    \"%s\": {\"channel\": \"%s\", \"instruments\": [",
                              feed->options.venue->name, feed->options.channel);
    for (size_t i = 0; err == ERR_OK && i < feed->options.market_count; i++)
        err = buf_printf(json, "%s\"%s\"", i ? ", " : "", feed->options.markets[i].instrument);
    if (err != ERR_OK)
        return err;
    return buf_printf(json,
                      "],\n      \"clock_skew_ns\": %" PRId64 ", \"latency_ns\": %" PRId64
                      ",\n      \"trades\": %" PRIu64 ", \"off_book\": %" PRIu64
                      ", \"withheld\": %" PRIu64 ", \"late\": %" PRIu64
                      ", \"out_of_order\": %" PRIu64 ",\n      \"trade_frames\": %" PRIu64
                      ", \"trades_received_again\": %" PRIu64 ", \"snapshots\": %" PRIu64
                      ", \"outages\": %" PRIu64 ", \"changeovers\": %" PRIu64 "}",
                      feed->options.skew_ns, feed->latency_ns, counts->trades, counts->off_book,
                      counts->withheld, counts->late, counts->disordered, counts->frames,
                      counts->repeated, counts->snapshots, counts->outages, counts->changeovers);
}

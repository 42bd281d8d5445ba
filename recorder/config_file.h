/*
 * config_file: a JSON file in place of a long command line.
 *
 *     {"out": "/var/lib/rewick/tape", "bar": ["1s", "1m"], "db": "candles.db", "sync_ms": 500,
 *      "venues": {"kraken":  ["BTC-USD", "ETH-USD"],
 *                 "binance": {"instruments": ["BTC-USDT"], "channels": ["trades", "top"],
 *                             "redundant": 2, "url": "wss://...", "rest_url": "https://...",
 *                             "instrument_list": "exchangeInfo.json"}}}
 *
 * A key is an option's name with '_' for '-' and means what the option means: lists take a text or
 * a list of texts, flags true or false, numbers whole numbers, durations texts ("30s"). `venues`
 * stands for --venue, --channel, --url, --rest-url, --instruments and --redundant. What is wrong is
 * said with the path of the key: "rewick.json: venues.binance.redundant: expected a number from 1
 * to 4".
 */
#ifndef REWICK_RECORDER_CONFIG_FILE_H
#define REWICK_RECORDER_CONFIG_FILE_H

#include "engine/base/options.h"
#include "recorder/record_wish.h"

#define CONFIG_FILE_BYTES_MAX (4u * 1024 * 1024)

/* Owns the texts that the targets of the options point to. Zero it before. */
struct config_file {
    size_t count, capacity;
    char **texts;
};

/* Sets the targets of `options`, and `wish` from "venues". ERR_USAGE, ERR_MISSING or ERR_IO with
 * text. `file` is released by the caller in any case, after the last use of a target. */
enum err config_file_apply(struct config_file *file, const char *path,
                           const struct command *command, const struct option *options,
                           struct record_wish_options *wish) ERR_MUST_CHECK;
void config_file_release(struct config_file *file);

/* The value of --config among the words, the last one as with every option, NULL when there is
 * none: it has to be known before the other options, which go over what the file says. */
const char *config_file_named(int argc, char *const *argv);

#endif

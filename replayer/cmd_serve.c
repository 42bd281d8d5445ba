/* rewick serve: tapes as venue-native servers, so that an existing client can connect to
 * the past. */
#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "replayer/replayer_commands.h"
#include "replayer/serve_server.h"

#include <stdio.h>
#include <string.h>

struct settings {
    const char *listen, *speed, *at_end;
};

/* One line per venue, so that scripts can read where it is. */
static enum err print_addresses(const struct serve_server *server,
                                const struct serve_catalog *catalog, struct rpc_address address)
{
    for (size_t i = 0; i < catalog->count; i++) {
        char text[RPC_ADDRESS_TEXT_MAX];
        address.port = serve_server_port(server, i);
        rpc_address_format(text, &address);
        printf("%s ws://%s\n", catalog->markets[i].venue->name, text);
    }
    if (fflush(stdout) != 0)
        return err_errno("cannot write to stdout");
    log_info("playing; Ctrl-C ends it");
    return ERR_OK;
}

static enum err serve(const struct settings *settings, char *const *tapes, size_t tape_count)
{
    struct serve_catalog catalog = {0};
    struct serve_server *server = NULL;
    struct serve_server_options options = {.catalog = &catalog};
    enum err err = rpc_address_parse(&options.address, settings->listen);
    if (err == ERR_OK)
        err = pacing_parse(&options.speed, settings->speed);
    if (err == ERR_OK && strcmp(settings->at_end, "hold") != 0 &&
        strcmp(settings->at_end, "close") != 0)
        err = err_fail(ERR_USAGE, "unknown --at-end '%s'; choose hold or close", settings->at_end);
    options.close_at_end = strcmp(settings->at_end, "close") == 0;
    if (err == ERR_OK)
        err = serve_catalog_read(&catalog, tapes, tape_count);
    if (err == ERR_OK)
        err = serve_server_open(&server, &options);
    if (err == ERR_OK)
        err = print_addresses(server, &catalog, options.address);
    if (err == ERR_OK)
        err = serve_server_run(server);
    serve_server_close(server);
    serve_catalog_release(&catalog);
    return err;
}

static enum err run_serve(const struct command *command, int argc, char **argv)
{
    struct settings settings = {.listen = "127.0.0.1:9101", .speed = "1", .at_end = "hold"};
    const struct option options[] = {
        {"listen", "HOST:PORT",
         "where the first venue listens, the others follow; port 0: free ones (default "
         "127.0.0.1:9101)",
         OPTION_STRING, &settings.listen, 0, 0},
        {"speed", "X", "times faster than recorded, or max (default 1)", OPTION_STRING,
         &settings.speed, 0, 0},
        {"at-end", "HOW", "at the end of the tape: hold the connection or close it (default hold)",
         OPTION_STRING, &settings.at_end, 0, 0},
        {0},
    };
    int operands;
    enum err err = options_parse(command, options, argc, argv, clock_wall_ns(), &operands);
    if (err == ERR_STOP)
        return ERR_OK;
    return err == ERR_OK ? serve(&settings, argv, (size_t)operands) : err;
}

const struct command command_serve = {
    .name = "serve",
    .operands = "TAPE...",
    .summary = "play tapes as venue-native servers on loopback: WebSocket, and HTTP for "
               "instruments and trades",
    .examples = "rewick serve monday\n"
                "rewick serve monday --speed 10 --at-end close\n"
                "rewick serve fixtures/binance-trade/tape fixtures/kraken-trade/tape --listen "
                "127.0.0.1:0\n",
    .operands_min = 1,
    .operands_max = OPTION_LIST_MAX,
    .run = run_serve,
};

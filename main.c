/* rewick: the one binary. Finds the subcommand, runs it, prints the one line of an error. */
#include "engine/base/err.h"
#include "engine/base/log.h"
#include "engine/base/options.h"
#include "recorder/recorder_commands.h"
#include "replayer/replayer_commands.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
    &command_record,      &command_status,    &command_instruments, &command_replay,
    &command_serve,       &command_tape_info, &command_tape_cat,    &command_tape_verify,
    &command_tape_repair, &command_tape_seal, &command_tape_cut,    &command_tape_merge,
    &command_import,      &command_candles,   &command_compare,     &command_simulate,
};

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static void print_usage(FILE *out)
{
    fprintf(out,
            "rewick %s: record, replay and explain exchange market data\n\nusage: rewick COMMAND "
            "[OPTIONS] ...\n\n",
            REWICK_VERSION);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-12s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(out, "\n'rewick COMMAND --help' explains a command and shows examples.\n");
}

/* Words of argv that a command's name takes up when it matches, else 0. */
static int match_command(const char *name, int argc, char **argv)
{
    const char *blank = strchr(name, ' ');
    size_t first = blank ? (size_t)(blank - name) : strlen(name);
    if (argc < 1 || strlen(argv[0]) != first || strncmp(argv[0], name, first) != 0)
        return 0;
    if (!blank)
        return 1;
    return argc >= 2 && strcmp(argv[1], blank + 1) == 0 ? 2 : 0;
}

static enum err run(int argc, char **argv)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        int words = match_command(commands[i]->name, argc, argv);
        if (words > 0)
            return commands[i]->run(commands[i], argc - words, argv + words);
    }
    if (strcmp(argv[0], "tape") == 0)
        return err_fail(
            ERR_USAGE,
            "'tape' needs info, cat, verify, repair, seal, cut or merge; see 'rewick --help'");
    return err_fail(ERR_USAGE, "unknown command '%s'; see 'rewick --help'", argv[0]);
}

int main(int argc, char **argv)
{
    /* A reader that went away shows as a write error, not as a killed process. */
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        print_usage(stderr);
        return err_exit_status(ERR_USAGE);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return 0;
    }
    if (strcmp(argv[1], "--help=words") == 0) {
        for (size_t i = 0; i < COMMAND_COUNT; i++)
            printf("%s\n", commands[i]->name);
        return 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("rewick %s\n", REWICK_VERSION);
        return 0;
    }
    enum err err = run(argc - 1, argv + 1);
    if (fflush(stdout) != 0 && err == ERR_OK)
        err = err_errno("cannot write to stdout");
    if (err_exit_status(err) != 0 && err != ERR_CHECK)
        log_error("%s", err_text(err));
    return err_exit_status(err);
}

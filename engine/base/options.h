/*
 * options: one table per command makes its parsing, its --help, its man page and the shell
 * completion, so that they cannot disagree.
 *
 * Options are long ("--bar 1m", "--bar=1m"); "--" ends them; what is left are the operands. Every
 * command has --help, --help=man (a man page in roff) and --help=words (its options, one a line,
 * for shell completion). A wrong call is ERR_USAGE with one line that names the option and the
 * help.
 */
#ifndef REWICK_ENGINE_BASE_OPTIONS_H
#define REWICK_ENGINE_BASE_OPTIONS_H

#include "engine/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum option_kind {
    OPTION_FLAG,     /* target: bool *, set true */
    OPTION_STRING,   /* target: const char **, borrowed from argv */
    OPTION_LIST,     /* target: struct option_list *; may be given again and again */
    OPTION_INTEGER,  /* target: int64_t *, within min .. max */
    OPTION_DURATION, /* target: int64_t * in ns, "250ms"; within min .. max when max > 0 */
    OPTION_TIME,     /* target: int64_t * in ns, see time_parse_user() */
};

struct option {
    const char *name;  /* without the dashes; NULL ends the table */
    const char *value; /* the value's name in the help ("FILE"), NULL for flags */
    const char *help;  /* one line, no full stop; says the default */
    enum option_kind kind;
    void *target;
    int64_t min, max;
};

#define OPTION_LIST_MAX 256
struct option_list {
    size_t count;
    const char *items[OPTION_LIST_MAX]; /* borrowed from argv */
};

struct command {
    const char *name;     /* "replay", "tape verify" */
    const char *operands; /* "TAPE", "FILE...", "" */
    const char *summary;  /* one line */
    const char *examples; /* lines, each a command; NUL-terminated */
    size_t operands_min, operands_max;
    /* Runs it. argv[0] is the first word after the command's name. */
    enum err (*run)(const struct command *command, int argc, char **argv);
};

/* Parses argv[0..argc). Operands are moved to the front of argv and counted in *out_operands.
 * --help prints the help to stdout and returns ERR_STOP. now_ns is for relative times. */
enum err options_parse(const struct command *command, const struct option *options, int argc,
                       char **argv, int64_t now_ns, int *out_operands) ERR_MUST_CHECK;

void options_print_help(FILE *out, const struct command *command, const struct option *options);

/* Splits "a,b,c" at commas into out (each item copied into `storage`). Empty items are ERR_USAGE.
 */
enum err options_split(const char *text, char *storage, size_t storage_size, const char **out,
                       size_t out_max, size_t *out_count) ERR_MUST_CHECK;

#endif

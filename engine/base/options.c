#include "engine/base/options.h"

#include "engine/base/time_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- help ------------------------------------------------------------------------------------ */

static void print_option(FILE *out, const struct option *option)
{
    char left[64];
    snprintf(left, sizeof left, "--%s%s%s", option->name, option->value ? " " : "",
             option->value ? option->value : "");
    fprintf(out, "  %-26s %s\n", left, option->help);
}

static void print_examples(FILE *out, const char *examples)
{
    fprintf(out, "\nexamples:\n");
    while (*examples) {
        size_t length = strcspn(examples, "\n");
        fprintf(out, "  %.*s\n", (int)length, examples);
        examples += length + (examples[length] == '\n');
    }
}

void options_print_help(FILE *out, const struct command *command, const struct option *options)
{
    fprintf(out, "rewick %s: %s\n\nusage: rewick %s [OPTIONS]%s%s\n\noptions:\n", command->name,
            command->summary, command->name, command->operands[0] ? " " : "", command->operands);
    for (; options->name; options++)
        print_option(out, options);
    print_option(out, &(struct option){.name = "help", .help = "this text"});
    if (command->examples && command->examples[0])
        print_examples(out, command->examples);
}

/* ---- man page and completion ----------------------------------------------------------------- */

/* roff reads a leading dot or quote and every backslash and hyphen in its own way. */
static void print_roff(FILE *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", out);
    for (; *text; text++) {
        if (*text == '-' || *text == '\\')
            fputc('\\', out);
        fputc(*text == '\\' ? 'e' : *text, out);
    }
}

static void print_man_option(FILE *out, const struct option *option)
{
    fprintf(out, ".TP\n.B \\-\\-");
    print_roff(out, option->name);
    if (option->value)
        fprintf(out, " \\fI%s\\fR", option->value);
    fputc('\n', out);
    print_roff(out, option->help);
    fputc('\n', out);
}

static void print_man(FILE *out, const struct command *command, const struct option *options)
{
    fprintf(out, ".TH REWICK 1 \"\" \"rewick %s\" \"rewick manual\"\n.SH NAME\nrewick ",
            REWICK_VERSION);
    print_roff(out, command->name);
    fputs(" \\- ", out);
    print_roff(out, command->summary);
    fprintf(out, "\n.SH SYNOPSIS\n.B rewick %s\n[OPTIONS] %s\n.SH OPTIONS\n", command->name,
            command->operands);
    for (; options->name; options++)
        print_man_option(out, options);
    fputs(
        ".SH EXIT STATUS\n0 fine, 1 a check or comparison failed, 2 wrong usage, 3 input damaged, "
        "4 I/O error.\n.SH EXAMPLES\n.nf\n",
        out);
    for (const char *line = command->examples ? command->examples : ""; *line;) {
        char text[512];
        size_t length = strcspn(line, "\n");
        snprintf(text, sizeof text, "%.*s", (int)length, line);
        print_roff(out, text);
        fputc('\n', out);
        line += length + (line[length] == '\n');
    }
    fputs(".fi\n", out);
}

static void print_words(FILE *out, const struct option *options)
{
    for (; options->name; options++)
        fprintf(out, "--%s\n", options->name);
    fputs("--help\n", out);
}

/* False: `word` asks for no help. */
static bool print_asked_help(const char *word, const struct command *command,
                             const struct option *options)
{
    if (strcmp(word, "--help") == 0)
        options_print_help(stdout, command, options);
    else if (strcmp(word, "--help=man") == 0)
        print_man(stdout, command, options);
    else if (strcmp(word, "--help=words") == 0)
        print_words(stdout, options);
    else
        return false;
    return true;
}

/* ---- parsing --------------------------------------------------------------------------------- */

/* One call of options_parse(). */
struct parse {
    const struct command *command;
    const struct option *options;
    int64_t now_ns;
};

static enum err usage(const struct parse *parse, const char *fault, const char *subject)
{
    return err_fail(ERR_USAGE, "%s '%s'; see 'rewick %s --help'", fault, subject,
                    parse->command->name);
}

static const struct option *find_option(const struct option *options, const char *name,
                                        size_t length)
{
    for (; options->name; options++)
        if (strlen(options->name) == length && memcmp(options->name, name, length) == 0)
            return options;
    return NULL;
}

static enum err set_integer(const struct option *option, const char *value)
{
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || number < option->min || number > option->max)
        return err_fail(ERR_USAGE, "'--%s %s' is not a whole number from %lld to %lld",
                        option->name, value, (long long)option->min, (long long)option->max);
    *(int64_t *)option->target = number;
    return ERR_OK;
}

static enum err set_duration(const struct option *option, const char *value)
{
    int64_t ns;
    enum err err = duration_parse(&ns, value);
    if (err != ERR_OK)
        return err_context(err, "--%s", option->name);
    if (option->max > 0 && (ns < option->min || ns > option->max)) {
        char low[TIME_TEXT_MAX], high[TIME_TEXT_MAX];
        duration_format(low, option->min);
        duration_format(high, option->max);
        return err_fail(ERR_USAGE, "'--%s %s' is not from %s to %s", option->name, value, low,
                        high);
    }
    *(int64_t *)option->target = ns;
    return ERR_OK;
}

static enum err set_list(const struct option *option, const char *value)
{
    struct option_list *list = option->target;
    if (list->count == OPTION_LIST_MAX)
        return err_fail(ERR_USAGE, "'--%s' was given more than %d times", option->name,
                        OPTION_LIST_MAX);
    list->items[list->count++] = value;
    return ERR_OK;
}

static enum err set_value(const struct parse *parse, const struct option *option, const char *value)
{
    enum err err = ERR_OK;
    switch (option->kind) {
    case OPTION_FLAG:
        *(bool *)option->target = true;
        break;
    case OPTION_STRING:
        *(const char **)option->target = value;
        break;
    case OPTION_LIST:
        return set_list(option, value);
    case OPTION_INTEGER:
        return set_integer(option, value);
    case OPTION_DURATION:
        return set_duration(option, value);
    case OPTION_TIME:
        err = time_parse_user(option->target, value, parse->now_ns);
        if (err != ERR_OK)
            return err_context(err, "--%s", option->name);
        break;
    }
    return err;
}

/* argv[*index] starts with "--"; takes the next word too when it is the value. */
static enum err parse_option(const struct parse *parse, int argc, char **argv, int *index)
{
    const char *word = argv[*index] + 2;
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    const struct option *option = find_option(parse->options, word, length);
    if (!option)
        return usage(parse, "unknown option", argv[*index]);
    if (option->kind == OPTION_FLAG) {
        if (equals)
            return usage(parse, "no value belongs to", argv[*index]);
        return set_value(parse, option, NULL);
    }
    if (equals)
        return set_value(parse, option, equals + 1);
    if (*index + 1 >= argc)
        return usage(parse, "a value is missing after", argv[*index]);
    return set_value(parse, option, argv[++*index]);
}

static enum err check_operands(const struct parse *parse, size_t count, char **argv)
{
    const struct command *command = parse->command;
    if (count < command->operands_min)
        return err_fail(ERR_USAGE, "'rewick %s' needs %s; see 'rewick %s --help'", command->name,
                        command->operands, command->name);
    if (count > command->operands_max)
        return usage(parse, "one operand too many:", argv[command->operands_max]);
    return ERR_OK;
}

enum err options_parse(const struct command *command, const struct option *options, int argc,
                       char **argv, int64_t now_ns, int *out_operands)
{
    struct parse parse = {command, options, now_ns};
    int operands = 0;
    bool ended = false;
    for (int i = 0; i < argc; i++) {
        if (!ended && strcmp(argv[i], "--") == 0) {
            ended = true;
        } else if (!ended && print_asked_help(argv[i], command, options)) {
            return ERR_STOP;
        } else if (!ended && strncmp(argv[i], "--", 2) == 0) {
            enum err err = parse_option(&parse, argc, argv, &i);
            if (err != ERR_OK)
                return err;
        } else if (!ended && argv[i][0] == '-' && argv[i][1] != '\0') {
            return usage(&parse, "unknown option", argv[i]);
        } else {
            argv[operands++] = argv[i];
        }
    }
    *out_operands = operands;
    return check_operands(&parse, (size_t)operands, argv);
}

enum err options_split(const char *text, char *storage, size_t storage_size, const char **out,
                       size_t out_max, size_t *out_count)
{
    size_t length = strlen(text);
    if (length + 1 > storage_size)
        return err_fail(ERR_USAGE, "the list '%.40s...' is too long", text);
    memcpy(storage, text, length + 1);
    size_t count = 0;
    for (char *item = storage;; count++) {
        size_t end = strcspn(item, ",");
        bool last = item[end] == '\0';
        item[end] = '\0';
        if (end == 0)
            return err_fail(ERR_USAGE, "the list '%s' has an empty item", text);
        if (count == out_max)
            return err_fail(ERR_USAGE, "the list '%.40s...' has more than %zu items", text,
                            out_max);
        out[count] = item;
        if (last)
            break;
        item += end + 1;
    }
    *out_count = count + 1;
    return ERR_OK;
}

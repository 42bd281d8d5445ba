#include "recorder/config_file.h"

#include "engine/base/buf.h"
#include "engine/base/io.h"

#include <jansson.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_BYTES 256

/* One key being read: for messages, "FILE: a.b[1]". */
struct place {
    struct config_file *file;
    const char *name;
    char path[PATH_MAX_BYTES];
};

static enum err wrong(const struct place *place, const char *expected, const json_t *found)
{
    char *text = found ? json_dumps(found, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    enum err err = err_fail(ERR_USAGE, "%s: %s: expected %s, found %.60s", place->name, place->path,
                            expected, text ? text : "nothing");
    free(text);
    return err;
}

static struct place inside(const struct place *place, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static struct place inside(const struct place *place, const char *format, ...)
{
    struct place inner = *place;
    size_t used = strlen(inner.path);
    va_list args;
    va_start(args, format);
    vsnprintf(inner.path + used, sizeof inner.path - used, format, args);
    va_end(args);
    return inner;
}

static enum err keep(struct config_file *file, char *text, const char **out)
{
    if (file->count == file->capacity) {
        size_t capacity = file->capacity ? file->capacity * 2 : 16;
        char **grown = text ? realloc(file->texts, capacity * sizeof *grown) : NULL;
        if (!grown) {
            free(text);
            return err_fail(ERR_NOMEM, "out of memory for the configuration");
        }
        file->texts = grown;
        file->capacity = capacity;
    }
    if (!text)
        return err_fail(ERR_NOMEM, "out of memory for the configuration");
    file->texts[file->count++] = text;
    *out = text;
    return ERR_OK;
}

/* "--NAME=VALUE", handed to the parser of the command line: one place says what is allowed. */
static enum err set_option(const struct place *place, const struct command *command,
                           const struct option *option, const char *value)
{
    size_t size = strlen(option->name) + strlen(value) + 4;
    char *word = malloc(size);
    const char *kept;
    if (word)
        snprintf(word, size, option->kind == OPTION_FLAG ? "--%s" : "--%s=%s", option->name, value);
    enum err err = keep(place->file, word, &kept);
    if (err)
        return err;
    struct command alone = *command;
    alone.operands_min = 0;
    struct option table[2] = {*option, {0}};
    int operands;
    err = options_parse(&alone, table, 1, &word, 0, &operands);
    return err ? err_context(err, "%s: %s", place->name, place->path) : ERR_OK;
}

/* ---- options -------------------------------------------------------------------------------- */

static enum err set_text(const struct place *place, const struct command *command,
                         const struct option *option, const json_t *value, const char *expected)
{
    if (!json_is_string(value) || json_string_length(value) == 0)
        return wrong(place, expected, value);
    return set_option(place, command, option, json_string_value(value));
}

static enum err set_list(const struct place *place, const struct command *command,
                         const struct option *option, const json_t *value)
{
    if (!json_is_array(value))
        return set_text(place, command, option, value, "a text or a list of texts");
    enum err err = ERR_OK;
    for (size_t i = 0; !err && i < json_array_size(value); i++) {
        struct place item = inside(place, "[%zu]", i);
        err = set_text(&item, command, option, json_array_get(value, i), "a text");
    }
    return err;
}

static enum err set_value(const struct place *place, const struct command *command,
                          const struct option *option, const json_t *value)
{
    char number[32];
    switch (option->kind) {
    case OPTION_FLAG:
        if (!json_is_boolean(value))
            return wrong(place, "true or false", value);
        return json_is_true(value) ? set_option(place, command, option, "") : ERR_OK;
    case OPTION_INTEGER:
        if (!json_is_integer(value))
            return wrong(place, "a whole number", value);
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return set_option(place, command, option, number);
    case OPTION_LIST:
        return set_list(place, command, option, value);
    case OPTION_DURATION:
        return set_text(place, command, option, value, "a duration such as \"30s\"");
    case OPTION_STRING:
    case OPTION_TIME:
        break;
    }
    return set_text(place, command, option, value, "a text");
}

/* ---- venues --------------------------------------------------------------------------------- */

static enum err push(const struct place *place, struct option_list *list, const char *text)
{
    if (list->count == OPTION_LIST_MAX)
        return err_fail(ERR_USAGE, "%s: %s: more than %d venues", place->name, place->path,
                        OPTION_LIST_MAX);
    list->items[list->count++] = text;
    return ERR_OK;
}

/* "VENUE" + separator + "a,b,c". */
static enum err push_names(const struct place *place, struct option_list *list, const char *venue,
                           char separator, const json_t *names)
{
    if (!json_is_array(names) || json_array_size(names) == 0)
        return wrong(place, "a list of texts", names);
    struct buf text;
    buf_init(&text, CONFIG_FILE_BYTES_MAX * 2);
    enum err err = buf_printf(&text, "%s", venue);
    for (size_t i = 0; !err && i < json_array_size(names); i++) {
        const json_t *item = json_array_get(names, i);
        struct place at = inside(place, "[%zu]", i);
        if (!json_is_string(item) || json_string_length(item) == 0 ||
            strchr(json_string_value(item), ','))
            err = wrong(&at, "a name", item);
        else
            err = buf_printf(&text, "%c%s", i == 0 ? separator : ',', json_string_value(item));
    }
    const char *kept = NULL;
    err = err ? err : buf_terminate(&text);
    err = err ? err : keep(place->file, strdup((const char *)text.data), &kept);
    buf_release(&text);
    return err ? err : push(place, list, kept);
}

static enum err push_setting(const struct place *place, struct option_list *list, const char *venue,
                             const char *value)
{
    size_t size = strlen(venue) + strlen(value) + 2;
    char *text = malloc(size);
    const char *kept;
    if (text)
        snprintf(text, size, "%s=%s", venue, value);
    enum err err = keep(place->file, text, &kept);
    return err ? err : push(place, list, kept);
}

static enum err push_text(const struct place *place, struct option_list *list, const char *venue,
                          const json_t *value)
{
    if (!json_is_string(value) || json_string_length(value) == 0)
        return wrong(place, "a text", value);
    return push_setting(place, list, venue, json_string_value(value));
}

static enum err push_redundancy(const struct place *place, struct option_list *list,
                                const char *venue, const json_t *value)
{
    char text[16];
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 1 || number > WISH_REDUNDANT_MAX)
        return wrong(place, "a number from 1 to 4", value);
    snprintf(text, sizeof text, "%d", (int)number);
    return push_setting(place, list, venue, text);
}
_Static_assert(WISH_REDUNDANT_MAX == 4, "the text above says it");

static enum err take_member(const struct place *place, struct record_wish_options *wish,
                            const char *venue, const char *key, const json_t *value)
{
    if (strcmp(key, "instruments") == 0)
        return ERR_OK; /* taken first */
    if (strcmp(key, "channels") == 0)
        return push_names(place, &wish->channels, venue, '=', value);
    if (strcmp(key, "url") == 0)
        return push_text(place, &wish->urls, venue, value);
    if (strcmp(key, "rest_url") == 0)
        return push_text(place, &wish->rest_urls, venue, value);
    if (strcmp(key, "instrument_list") == 0)
        return push_text(place, &wish->lists, venue, value);
    if (strcmp(key, "redundant") == 0)
        return push_redundancy(place, &wish->redundant, venue, value);
    return err_fail(ERR_USAGE,
                    "%s: %s: unknown key; a venue has instruments, channels, redundant, url, "
                    "rest_url and instrument_list",
                    place->name, place->path);
}

static enum err take_venue(const struct place *place, struct record_wish_options *wish,
                           const char *venue, json_t *value)
{
    if (*venue == '\0' || strpbrk(venue, ":=,"))
        return err_fail(ERR_USAGE, "%s: %s: expected the name of a venue as the key", place->name,
                        place->path);
    if (json_is_array(value))
        return push_names(place, &wish->venues, venue, ':', value);
    if (!json_is_object(value))
        return wrong(place, "a list of instruments or an object", value);
    struct place at = inside(place, ".instruments");
    enum err err =
        push_names(&at, &wish->venues, venue, ':', json_object_get(value, "instruments"));
    const char *key;
    json_t *member;
    json_object_foreach(value, key, member)
    {
        at = inside(place, ".%s", key);
        err = err ? err : take_member(&at, wish, venue, key, member);
    }
    return err;
}

static enum err take_venues(const struct place *place, struct record_wish_options *wish,
                            json_t *venues)
{
    if (!json_is_object(venues))
        return wrong(place, "an object with a member per venue", venues);
    enum err err = ERR_OK;
    const char *key;
    json_t *member;
    json_object_foreach(venues, key, member)
    {
        struct place at = inside(place, ".%s", key);
        err = err ? err : take_venue(&at, wish, key, member);
    }
    return err;
}

/* ---- the file ------------------------------------------------------------------------------- */

static bool names_option(const char *key, const char *option)
{
    for (; *key && *option; key++, option++)
        if (*key != (*option == '-' ? '_' : *option))
            return false;
    return *key == *option;
}

/* Options that `venues` stands for, and --config itself, are no keys. */
static bool is_key(const struct option *option)
{
    static const char *const others[] = {"venue",       "channel",   "url",   "rest-url",
                                         "instruments", "redundant", "config"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(option->name, others[i]) == 0)
            return false;
    return true;
}

static enum err unknown_key(const struct place *place, const struct option *options)
{
    char known[ERR_TEXT_MAX - 256] = "venues";
    size_t used = strlen(known);
    for (; options->name; options++) {
        if (!is_key(options))
            continue;
        int size = snprintf(known + used, sizeof known - used, ", %s", options->name);
        if (size < 0 || used + (size_t)size >= sizeof known)
            break;
        for (char *p = known + used + 2; *p; p++)
            *p = *p == '-' ? '_' : *p;
        used += (size_t)size;
    }
    return err_fail(ERR_USAGE, "%s: %s: unknown key; there are %s", place->name, place->path,
                    known);
}

static enum err take_key(const struct place *place, const struct command *command,
                         const struct option *options, struct record_wish_options *wish,
                         const char *key, json_t *value)
{
    if (strcmp(key, "venues") == 0)
        return take_venues(place, wish, value);
    for (const struct option *at = options; at->name; at++)
        if (is_key(at) && names_option(key, at->name))
            return set_value(place, command, at, value);
    return unknown_key(place, options);
}

enum err config_file_apply(struct config_file *file, const char *path,
                           const struct command *command, const struct option *options,
                           struct record_wish_options *wish)
{
    char *text = NULL;
    size_t size = 0;
    enum err err = io_read_file(path, CONFIG_FILE_BYTES_MAX, &text, &size);
    if (err)
        return err_context(err, "cannot read the configuration");
    json_error_t fault;
    json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &fault);
    free(text);
    struct place place = {.file = file, .name = path};
    if (!root)
        return err_fail(ERR_USAGE, "%s: line %d, column %d: %s", path, fault.line, fault.column,
                        fault.text);
    if (!json_is_object(root))
        err = err_fail(ERR_USAGE, "%s: expected an object, {\"out\": ..., \"venues\": ...}", path);
    const char *key;
    json_t *value;
    json_object_foreach(root, key, value)
    {
        struct place at = inside(&place, "%s", key);
        err = err ? err : take_key(&at, command, options, wish, key, value);
    }
    json_decref(root);
    return err;
}

void config_file_release(struct config_file *file)
{
    for (size_t i = 0; i < file->count; i++)
        free(file->texts[i]);
    free(file->texts);
    *file = (struct config_file){0};
}

const char *config_file_named(int argc, char *const *argv)
{
    const char *name = NULL;
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], "--config=", 9) == 0)
            name = argv[i] + 9;
        else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            name = argv[++i];
    }
    return name;
}

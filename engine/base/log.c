#include "engine/base/log.h"

#include "engine/base/buf.h"
#include "engine/base/clock.h"
#include "engine/base/time_text.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES (ERR_TEXT_MAX + 64)
#define KINDS_MAX      128 /* whose lines are counted; a kind beyond takes another's place */

static atomic_int quiet, json;
static atomic_uint limit;

/* ---- the limit --------------------------------------------------------------------------------
 */

struct kind {
    uint64_t key;
    int64_t since_ns;
    unsigned said, left_out;
};

static struct kind kinds[KINDS_MAX];
static pthread_mutex_t kinds_mutex = PTHREAD_MUTEX_INITIALIZER;

/* Lines of one format are of one kind; where the format says nothing, the text's beginning does. */
static uint64_t key_of(const char *format, const char *text)
{
    bool bare = strcmp(format, "%s") == 0;
    uint64_t hash = UINT64_C(14695981039346656037);
    const char *p = bare ? text : format;
    for (int i = 0; p[i] != '\0' && (!bare || i < 40); i++)
        hash = (hash ^ (uint8_t)p[i]) * UINT64_C(1099511628211);
    return hash;
}

/* False: the line is left out. *out_left_out: how many were before it. */
static bool may_say(const char *format, const char *text, unsigned *out_left_out)
{
    unsigned most = atomic_load(&limit);
    *out_left_out = 0;
    if (most == 0)
        return true;
    uint64_t key = key_of(format, text);
    int64_t now_ns = clock_mono_ns();
    pthread_mutex_lock(&kinds_mutex);
    struct kind *kind = &kinds[key % KINDS_MAX];
    if (kind->key != key || now_ns - kind->since_ns >= 60 * NS_PER_S) {
        *out_left_out = kind->key == key ? kind->left_out : 0;
        *kind = (struct kind){.key = key, .since_ns = now_ns};
    }
    bool may = kind->said < most;
    kind->said += may;
    kind->left_out += !may;
    pthread_mutex_unlock(&kinds_mutex);
    return may;
}

/* ---- lines ------------------------------------------------------------------------------------
 */

/* Texts of venues and peers come this way too: one line stays one, and terminals obey nothing. */
static void flatten(char *text)
{
    for (char *p = text; *p; p++)
        *p = (unsigned char)*p < ' ' || *p == 0x7f ? ' ' : *p;
}

static void write_text(const char *level, const char *text, unsigned left_out)
{
    char line[LINE_MAX_BYTES + 96];
    char more[64] = "";
    if (left_out > 0)
        snprintf(more, sizeof more, " (and %u more such lines before)", left_out);
    int size = snprintf(line, sizeof line, "rewick: %s%s%s\n",
                        strcmp(level, "warning") == 0 ? "warning: " : "", text, more);
    fwrite(line, 1, (size_t)size, stderr);
}

/* Names of files, or a cut within a letter, may make it no UTF-8; JSON must be. */
static void make_utf8(char *text)
{
    if (buf_is_utf8(text, strlen(text)))
        return;
    for (char *p = text; *p; p++)
        *p = (unsigned char)*p < 0x80 ? *p : '?';
}

static void write_json(const char *level, const char *text, unsigned left_out)
{
    struct buf line;
    char now[TIME_TEXT_MAX];
    time_format(now, clock_wall_ns());
    buf_init(&line, 16 * 1024);
    enum err err = buf_printf(&line, "{\"time\":\"%s\",\"level\":\"%s\",\"text\":", now, level);
    err = err ? err : buf_append_json(&line, text, strlen(text));
    if (!err && left_out > 0)
        err = buf_printf(&line, ",\"left_out\":%u", left_out);
    err = err ? err : buf_append_text(&line, "}\n");
    if (!err)
        fwrite(line.data, 1, line.size, stderr);
    buf_release(&line);
}

/* One write per line, so that lines of several threads do not mix. */
__attribute__((format(printf, 2, 0))) static void say(const char *level, const char *format,
                                                      va_list args)
{
    char text[LINE_MAX_BYTES];
    unsigned left_out = 0;
    if (vsnprintf(text, sizeof text, format, args) < 0)
        text[0] = '\0';
    if (strcmp(level, "error") != 0 && !may_say(format, text, &left_out))
        return;
    if (!atomic_load(&json)) {
        flatten(text);
        write_text(level, text, left_out);
        return;
    }
    make_utf8(text);
    write_json(level, text, left_out);
}

void log_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say("error", format, args);
    va_end(args);
}

void log_warn(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say("warning", format, args);
    va_end(args);
}

void log_info(const char *format, ...)
{
    if (atomic_load(&quiet))
        return;
    va_list args;
    va_start(args, format);
    say("info", format, args);
    va_end(args);
}

void log_set_quiet(int value)
{
    atomic_store(&quiet, value);
}

void log_set_json(int value)
{
    atomic_store(&json, value);
}

void log_set_limit(unsigned lines_per_minute)
{
    atomic_store(&limit, lines_per_minute);
}

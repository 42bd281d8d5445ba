#include "engine/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char text[ERR_TEXT_MAX];

/* A line feed inside (a file name may hold one) would break "one line per error". */
static void flatten(void)
{
    for (char *c = text; *c; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' ';
}

static void append(const char *more)
{
    size_t used = strlen(text);
    size_t room = sizeof text - 1 - used;
    size_t length = strlen(more);
    if (length > room)
        length = room;
    memcpy(text + used, more, length);
    text[used + length] = '\0';
}

enum err err_fail(enum err code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    flatten();
    return code;
}

static enum err code_of_errno(int number)
{
    switch (number) {
    case ENOSPC:
    case EDQUOT:
        return ERR_NOSPACE;
    case ENOENT:
        return ERR_MISSING;
    case ENOMEM:
        return ERR_NOMEM;
    default:
        return ERR_IO;
    }
}

enum err err_errno(const char *format, ...)
{
    int number = errno;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    /* The reasons of the C library begin with a capital; ours do not. */
    char reason[128];
    snprintf(reason, sizeof reason, "%s", strerror(number));
    if (reason[0] >= 'A' && reason[0] <= 'Z' && reason[1] >= 'a')
        reason[0] = (char)(reason[0] - 'A' + 'a');
    append(": ");
    append(reason);
    flatten();
    return code_of_errno(number);
}

enum err err_context(enum err code, const char *format, ...)
{
    char inner[ERR_TEXT_MAX];
    snprintf(inner, sizeof inner, "%s", err_text(code));
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    append(": ");
    append(inner);
    flatten();
    return code;
}

const char *err_text(enum err code)
{
    if (text[0])
        return text;
    switch (code) {
#define ERR_CASE(name, status, default_text)                                                       \
    case name:                                                                                     \
        return default_text;
        ERR_MAP(ERR_CASE)
#undef ERR_CASE
    }
    return "unknown error";
}

void err_clear(void)
{
    text[0] = '\0';
}

int err_exit_status(enum err code)
{
    switch (code) {
#define ERR_CASE(name, status, default_text)                                                       \
    case name:                                                                                     \
        return status;
        ERR_MAP(ERR_CASE)
#undef ERR_CASE
    }
    return 4;
}

const char *err_name(enum err code)
{
    switch (code) {
#define ERR_CASE(name, status, default_text)                                                       \
    case name:                                                                                     \
        return #name;
        ERR_MAP(ERR_CASE)
#undef ERR_CASE
    }
    return "?";
}

#include "engine/base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

static atomic_int quiet;

/* One write per line, so that lines of several threads do not mix. */
__attribute__((format(printf, 2, 0))) static void line(const char *prefix, const char *format,
                                                       va_list args)
{
    char text[ERR_TEXT_MAX + 64];
    int used = snprintf(text, sizeof text, "rewick: %s", prefix);
    int length = vsnprintf(text + used, sizeof text - (size_t)used - 1, format, args);
    size_t end = length < 0 ? (size_t)used : (size_t)used + (size_t)length;
    if (end > sizeof text - 2)
        end = sizeof text - 2;
    text[end] = '\n';
    fwrite(text, 1, end + 1, stderr);
}

void log_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    line("", format, args);
    va_end(args);
}

void log_warn(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    line("warning: ", format, args);
    va_end(args);
}

void log_info(const char *format, ...)
{
    if (atomic_load(&quiet))
        return;
    va_list args;
    va_start(args, format);
    line("", format, args);
    va_end(args);
}

void log_set_quiet(int value)
{
    atomic_store(&quiet, value);
}

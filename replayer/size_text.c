#include "replayer/size_text.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

void size_format(char text[SIZE_TEXT_MAX], uint64_t bytes)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
    size_t unit = 0;
    if (bytes < 1000) {
        snprintf(text, SIZE_TEXT_MAX, "%" PRIu64 " B", bytes);
        return;
    }
    for (; bytes >= 1000000; unit++)
        bytes /= 1000;
    snprintf(text, SIZE_TEXT_MAX, "%" PRIu64 ".%" PRIu64 " %s", bytes / 1000, bytes % 1000 / 100,
             units[unit]);
}

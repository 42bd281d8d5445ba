/* size_text: numbers of bytes for people. Pure. */
#ifndef REWICK_REPLAYER_SIZE_TEXT_H
#define REWICK_REPLAYER_SIZE_TEXT_H

#include <stdint.h>

#define SIZE_TEXT_MAX 32

/* "999 B", "1.2 kB", "12.3 MB" */
void size_format(char text[SIZE_TEXT_MAX], uint64_t bytes);

#endif

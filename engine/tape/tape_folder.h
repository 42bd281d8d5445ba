/*
 * tape_folder: the names in a tape's folder and which segments are there.
 */
#ifndef REWICK_ENGINE_TAPE_TAPE_FOLDER_H
#define REWICK_ENGINE_TAPE_TAPE_FOLDER_H

#include "engine/base/err.h"
#include "engine/base/io.h"
#include "engine/tape/tape_format.h"

#include <stdbool.h>

#define TAPE_NAME_SIZE   32 /* a segment's name, NUL included */
#define TAPE_TEMP_SUFFIX ".tmp"
#define TAPE_SEAL_SUFFIX                                                                           \
    ".seal" /* a sealed segment that has not taken the live one's place yet                        \
             */
#define TAPE_FIRST_SUFFIX ".first"

/* Numbers of segments, ascending. Plain data; zeroed is empty. */
struct tape_folder {
    uint32_t *numbers; /* owned */
    size_t count, capacity;
    /* The tape begins here: 1, or more when older segments were given up (tape_folder_forget()).
     * What lies before it is no longer part of the tape and not listed. */
    uint32_t first;
};

/* "00000001.rwk.zst" */
void tape_segment_name(char name[TAPE_NAME_SIZE], uint32_t number);
/* The number, or 0 when it is no segment's name. */
uint32_t tape_segment_number(const char *name);
/* Whether a crash left this name: a segment that was not renamed yet. */
bool tape_name_is_temporary(const char *name);
/* "00000001.rwk.zst.seal" */
void tape_seal_name(char name[TAPE_NAME_SIZE], uint32_t number);
/* Its number, or 0 when the name is another. */
uint32_t tape_seal_number(const char *name);

/* "path/name" in memory that the caller frees; NULL when there is none. */
char *tape_path_join(const char *path, const char *name);

/* Fills `folder` with the segments numbered above `after`. ERR_MISSING: no such folder; ERR_IO also
 * when it is not a folder. */
enum err tape_folder_list(struct tape_folder *folder, const struct io *io, const char *path,
                          uint32_t after) ERR_MUST_CHECK;
void tape_folder_release(struct tape_folder *folder);

/* Gives up the segments numbered below `first`, for good: an empty file "00000017.first" says where
 * the tape begins, so that its absent beginning is no damage; then the segments are removed, and
 * what sealing them left. Killed anywhere, calling it again ends it. Beside a writer is fine as
 * long as `first` is not above its segment. */
enum err tape_folder_forget(const struct io *io, const char *path, uint32_t first) ERR_MUST_CHECK;

#endif

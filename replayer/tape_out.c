#include "replayer/tape_out.h"

#include "engine/base/io.h"
#include "engine/lane_rules.h"
#include "engine/tape/tape_folder.h"
#include "engine/tape/tape_seal.h"
#include "engine/tape/tape_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct tape_out {
    char *path, *part;
    struct tape_writer *writer;
    uint64_t count;
};

/* Nothing but what a tape's folder holds. */
static bool is_ours(const char *name)
{
    const char *end = strstr(name, TAPE_SUFFIX);
    return tape_segment_number(name) > 0 || tape_name_is_temporary(name) ||
           strcmp(name, TAPE_LOCK_NAME) == 0 || strcmp(name, TAPE_SEAL_LOCK_NAME) == 0 ||
           (end && strcmp(end, TAPE_SUFFIX TAPE_SEAL_SUFFIX) == 0);
}

static enum err remove_name(const char *name, void *arg)
{
    if (!is_ours(name))
        return ERR_OK;
    char *path = tape_path_join(arg, name);
    if (!path)
        return err_fail(ERR_NOMEM, "out of memory for a path");
    if (unlink(path) != 0)
        err_clear();
    free(path);
    return ERR_OK;
}

static void remove_part(const char *part)
{
    char *folder = strdup(part);
    if (folder && io_posix()->list_dir(NULL, part, remove_name, folder) == ERR_OK)
        rmdir(part);
    free(folder);
    err_clear();
}

static enum err prepare(struct tape_out *out, const char *path)
{
    struct stat status;
    size_t size = strlen(path) + sizeof ".part";
    while (size > sizeof ".part" + 1 && path[size - sizeof ".part" - 1] == '/')
        size--;
    out->path = strdup(path);
    out->part = malloc(size);
    if (!out->path || !out->part)
        return err_fail(ERR_NOMEM, "out of memory for a path");
    snprintf(out->part, size, "%.*s.part", (int)(size - sizeof ".part"), path);
    if (lstat(path, &status) == 0)
        return err_fail(ERR_USAGE, "'%s' exists already; give a new folder", path);
    remove_part(out->part);
    if (lstat(out->part, &status) == 0)
        return err_fail(ERR_USAGE, "'%s' is in the way; move it or give another name", out->part);
    return ERR_OK;
}

static void out_free(struct tape_out *out)
{
    free(out->path);
    free(out->part);
    free(out);
}

enum err tape_out_open(struct tape_out **out, const char *path, const uint8_t id[16],
                       int64_t wall_ns)
{
    uint64_t words[2];
    memcpy(words, id, sizeof words);
    struct tape_writer_options options = {
        .wall_ns = wall_ns,
        .random = {~words[0] ^ (uint64_t)wall_ns, ~words[1], words[0] ^ (words[1] << 1), words[1]},
    };
    struct tape_out *made = calloc(1, sizeof *made);
    if (!made)
        return err_fail(ERR_NOMEM, "out of memory for a tape");
    enum err err = prepare(made, path);
    if (err == ERR_OK)
        err = tape_writer_open(&made->writer, io_posix(), made->part, &options);
    if (err != ERR_OK) {
        out_free(made);
        return err;
    }
    *out = made;
    return ERR_OK;
}

enum err tape_out_append(struct tape_out *out, const struct record *record)
{
    struct record copy = *record;
    out->count++;
    return tape_writer_append(out->writer, &copy);
}

uint64_t tape_out_count(const struct tape_out *out)
{
    return out->count;
}

static enum err seal_part(const struct tape_out *out)
{
    struct lane_rules *rules = NULL;
    struct tape_seal_result result;
    enum err err = lane_rules_new(&rules);
    struct tape_seal_options options = {.judge = {lane_rules_judge, rules}, .with_last = true};
    if (err == ERR_OK)
        err = tape_seal(io_posix(), out->part, &options, &result);
    lane_rules_free(rules);
    return err;
}

enum err tape_out_close(struct tape_out *out, enum err outcome, bool seal)
{
    char text[ERR_TEXT_MAX];
    if (!out)
        return outcome;
    snprintf(text, sizeof text, "%s", outcome == ERR_OK ? "" : err_text(outcome));
    enum err err = outcome;
    if (outcome == ERR_OK)
        err = tape_writer_close(out->writer);
    else
        tape_writer_abandon(out->writer);
    if (err == ERR_OK && seal)
        err = seal_part(out);
    if (err == ERR_OK)
        err = io_posix()->rename(NULL, out->part, out->path);
    if (err != ERR_OK && outcome == ERR_OK)
        snprintf(text, sizeof text, "%s", err_text(err));
    if (err != ERR_OK)
        remove_part(out->part);
    out_free(out);
    return err == ERR_OK ? ERR_OK : err_fail(err, "%s", text);
}

/*
 * Fuzzes the configuration file of `rewick record`: the input is the file. What it says is then
 * turned into a wish and a plan, as the recorder does before it connects.
 *
 * Beyond crashes: what is refused is said in one line.
 */
#include "engine/base/err.h"
#include "recorder/record_call.h"
#include "recorder/record_plan.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[64];

/* A file that is nowhere. */
static void write_file(const uint8_t *data, size_t size)
{
    static int fd = -1;
    if (fd < 0) {
        fd = memfd_create("config", 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        __builtin_trap();
}

static void check_text(enum err err)
{
    const char *text = err_text(err);
    assert(*text && strlen(text) < ERR_TEXT_MAX && !strpbrk(text, "\r\n"));
}

static enum err make(const struct record_call *call, struct record_wish *wish,
                     struct record_plan *plan)
{
    enum err err = record_wish_make(wish, &call->venues);
    err = err ? err : record_plan_make(plan, wish);
    for (size_t i = 0; !err && i < plan->venue_count; i++)
        err = record_plan_resolve(plan, i, wish);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct command command = {.name = "record"};
    static struct record_plan plan;
    static struct record_wish wish;
    struct record_call call;
    char option[] = "--config";
    char *const words[] = {option, path};
    write_file(data, size);
    err_clear();
    enum err err = record_call_parse(&call, &command, 2, words);
    err = err ? err : make(&call, &wish, &plan);
    if (err)
        check_text(err);
    record_plan_release(&plan);
    record_wish_release(&wish);
    record_call_release(&call);
    memset(&plan, 0, sizeof plan);
    memset(&wish, 0, sizeof wish);
    return 0;
}

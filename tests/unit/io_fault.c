#include "tests/unit/io_fault.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 512
#define PATH_MAX_ 160
#define SECTOR    512

struct change {
    bool is_truncate;
    uint64_t offset; /* or the new size */
    size_t size;
    uint8_t *data;
};

struct bytes {
    uint8_t *data;
    size_t size, capacity;
};

/* A file lives under `name`; power loss may put it back under `durable_name`. Empty: no name. A
 * file that took another's place goes back together with it, or neither does. */
struct inode {
    bool used, is_folder, locked;
    size_t replaced; /* index of the other + 1, until the folder is synced; 0: none */
    char name[PATH_MAX_], durable_name[PATH_MAX_];
    struct bytes now, durable;
    struct change *changes; /* since the last sync */
    size_t change_count, change_capacity;
};

struct io_file {
    struct io_fault *fault;
    struct inode *inode;
    bool is_lock, can_write;
};

struct io_fault {
    struct io io;
    struct inode inodes[FILES_MAX];
    uint64_t calls[4];
    enum fault_call armed_call;
    enum fault_kind kind;
    uint64_t countdown;
    bool for_ever, hit;
};

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static void bytes_resize(struct bytes *bytes, size_t size)
{
    if (size > bytes->capacity) {
        bytes->capacity = size > 2 * bytes->capacity ? size : 2 * bytes->capacity;
        bytes->data = must(realloc(bytes->data, bytes->capacity));
    }
    if (size > bytes->size)
        memset(bytes->data + bytes->size, 0, size - bytes->size);
    bytes->size = size;
}

static void bytes_write(struct bytes *bytes, const uint8_t *data, size_t size, uint64_t offset)
{
    if (offset + size > bytes->size)
        bytes_resize(bytes, (size_t)offset + size);
    if (size > 0)
        memcpy(bytes->data + offset, data, size);
}

static void bytes_copy(struct bytes *to, const struct bytes *from)
{
    to->size = 0;
    bytes_resize(to, from->size);
    if (from->size > 0)
        memcpy(to->data, from->data, from->size);
}

static void forget_changes(struct inode *inode)
{
    for (size_t i = 0; i < inode->change_count; i++)
        free(inode->changes[i].data);
    inode->change_count = 0;
}

static void add_change(struct inode *inode, struct change change)
{
    if (inode->change_count == inode->change_capacity) {
        inode->change_capacity = inode->change_capacity ? 2 * inode->change_capacity : 8;
        inode->changes =
            must(realloc(inode->changes, inode->change_capacity * sizeof *inode->changes));
    }
    inode->changes[inode->change_count++] = change;
}

static void wipe(struct inode *inode)
{
    forget_changes(inode);
    free(inode->changes);
    free(inode->now.data);
    free(inode->durable.data);
    *inode = (struct inode){0};
}

static struct inode *find(struct io_fault *fault, const char *path)
{
    for (size_t i = 0; i < FILES_MAX; i++)
        if (fault->inodes[i].used && fault->inodes[i].name[0] &&
            strcmp(fault->inodes[i].name, path) == 0)
            return &fault->inodes[i];
    return NULL;
}

static struct inode *make(struct io_fault *fault, const char *path)
{
    assert(strlen(path) < PATH_MAX_);
    for (size_t i = 0; i < FILES_MAX; i++) {
        struct inode *inode = &fault->inodes[i];
        if (inode->used)
            continue;
        inode->used = true;
        strncpy(inode->name, path, PATH_MAX_ - 1);
        return inode;
    }
    abort();
}

/* ERR_OK when the call may go on. */
static enum err count(struct io_fault *fault, enum fault_call call)
{
    fault->calls[CALL_ANY]++;
    if (call != CALL_ANY)
        fault->calls[call]++;
    if (fault->countdown == 0 || (fault->armed_call != CALL_ANY && fault->armed_call != call))
        return ERR_OK;
    if (fault->countdown > 1) {
        fault->countdown--;
        return ERR_OK;
    }
    fault->hit = true;
    if (!fault->for_ever)
        fault->countdown = 0;
    if (fault->kind == FAULT_IO || (fault->kind == FAULT_SHORT && call != CALL_WRITE))
        return err_fail(ERR_IO, "input/output error (made by a test)");
    return err_fail(ERR_NOSPACE, "no space left (made by a test)");
}

static enum err fault_open(void *self, struct io_file **out, const char *path, enum io_mode mode)
{
    struct io_fault *fault = self;
    enum err err = count(fault, CALL_ANY);
    if (err != ERR_OK)
        return err;
    struct inode *inode = find(fault, path);
    if (mode == IO_READ && !inode)
        return err_fail(ERR_MISSING, "cannot open '%s': no such file", path);
    if (mode == IO_CREATE && inode)
        return err_fail(ERR_IO, "cannot make '%s': it exists", path);
    if (inode && inode->is_folder)
        return err_fail(ERR_IO, "'%s' is a folder", path);
    struct io_file *file = must(calloc(1, sizeof *file));
    *file = (struct io_file){fault, inode ? inode : make(fault, path), false, mode == IO_CREATE};
    *out = file;
    return ERR_OK;
}

static enum err fault_read(struct io_file *file, void *data, size_t size, uint64_t offset,
                           size_t *out_size)
{
    enum err err = count(file->fault, CALL_READ);
    if (err != ERR_OK)
        return err;
    const struct bytes *now = &file->inode->now;
    size_t left = offset < now->size ? now->size - (size_t)offset : 0;
    *out_size = size < left ? size : left;
    if (*out_size > 0)
        memcpy(data, now->data + offset, *out_size);
    return ERR_OK;
}

static void do_write(struct inode *inode, const void *data, size_t size, uint64_t offset)
{
    struct change change = {.offset = offset, .size = size, .data = must(malloc(size + 1))};
    memcpy(change.data, data, size);
    add_change(inode, change);
    bytes_write(&inode->now, data, size, offset);
}

static enum err fault_write(struct io_file *file, const void *data, size_t size, uint64_t offset)
{
    assert(file->can_write);
    enum err err = count(file->fault, CALL_WRITE);
    if (err == ERR_OK)
        do_write(file->inode, data, size, offset);
    else if (file->fault->kind == FAULT_SHORT)
        do_write(file->inode, data, size / 2, offset);
    return err;
}

static enum err fault_truncate(struct io_file *file, uint64_t size)
{
    assert(file->can_write);
    enum err err = count(file->fault, CALL_ANY);
    if (err != ERR_OK)
        return err;
    add_change(file->inode, (struct change){.is_truncate = true, .offset = size});
    bytes_resize(&file->inode->now, (size_t)size);
    return ERR_OK;
}

static enum err fault_sync(struct io_file *file)
{
    enum err err = count(file->fault, CALL_SYNC);
    if (err != ERR_OK)
        return err;
    bytes_copy(&file->inode->durable, &file->inode->now);
    forget_changes(file->inode);
    return ERR_OK;
}

static enum err fault_size(struct io_file *file, uint64_t *out_size)
{
    enum err err = count(file->fault, CALL_ANY);
    if (err == ERR_OK)
        *out_size = file->inode->now.size;
    return err;
}

static void fault_close(struct io_file *file)
{
    if (file && file->is_lock)
        file->inode->locked = false;
    free(file);
}

static enum err fault_rename(void *self, const char *from, const char *to)
{
    enum err err = count(self, CALL_ANY);
    if (err != ERR_OK)
        return err;
    struct inode *inode = find(self, from);
    if (!inode || find(self, to))
        return err_fail(ERR_IO, "cannot rename '%s' to '%s'", from, to);
    memset(inode->name, 0, sizeof inode->name);
    strncpy(inode->name, to, PATH_MAX_ - 1);
    return ERR_OK;
}

static enum err fault_replace(void *self, const char *from, const char *to)
{
    struct io_fault *fault = self;
    enum err err = count(fault, CALL_ANY);
    if (err != ERR_OK)
        return err;
    struct inode *inode = find(fault, from), *old = find(fault, to);
    if (!inode)
        return err_fail(ERR_MISSING, "cannot put '%s' in the place of '%s'", from, to);
    if (old) {
        memset(old->name, 0, sizeof old->name);
        inode->replaced = (size_t)(old - fault->inodes) + 1;
    }
    memset(inode->name, 0, sizeof inode->name);
    strncpy(inode->name, to, PATH_MAX_ - 1);
    return ERR_OK;
}

static enum err fault_remove_file(void *self, const char *path)
{
    enum err err = count(self, CALL_ANY);
    if (err != ERR_OK)
        return err;
    struct inode *inode = find(self, path);
    if (!inode)
        return err_fail(ERR_MISSING, "cannot remove '%s'", path);
    memset(inode->name, 0, sizeof inode->name);
    return ERR_OK;
}

static enum err fault_make_dir(void *self, const char *path)
{
    enum err err = count(self, CALL_ANY);
    if (err != ERR_OK)
        return err;
    struct inode *inode = find(self, path);
    if (inode && !inode->is_folder)
        return err_fail(ERR_IO, "'%s' is not a folder", path);
    if (!inode) {
        inode = make(self, path);
        inode->is_folder = true;
        memcpy(inode->durable_name, inode->name, sizeof inode->name);
    }
    return ERR_OK;
}

/* Whether the inode's name lies directly in the folder; gives the last part. */
static const char *name_within(const char *name, const char *folder)
{
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    if (strncmp(name, folder, length) != 0 || name[length] != '/')
        return NULL;
    return strchr(name + length + 1, '/') ? NULL : name + length + 1;
}

static enum err fault_sync_dir(void *self, const char *path)
{
    struct io_fault *fault = self;
    enum err err = count(fault, CALL_SYNC);
    for (size_t i = 0; i < FILES_MAX && err == ERR_OK; i++) {
        struct inode *inode = &fault->inodes[i];
        if (!inode->used || inode->is_folder)
            continue;
        if (!name_within(inode->name, path) && !name_within(inode->durable_name, path))
            continue;
        memcpy(inode->durable_name, inode->name, sizeof inode->name);
        inode->replaced = 0;
    }
    return err;
}

static enum err fault_list_dir(void *self, const char *path,
                               enum err (*each)(const char *name, void *arg), void *arg)
{
    struct io_fault *fault = self;
    enum err err = count(fault, CALL_ANY);
    if (err != ERR_OK)
        return err;
    const struct inode *folder = find(fault, path);
    if (!folder)
        return err_fail(ERR_MISSING, "cannot open folder '%s'", path);
    if (!folder->is_folder)
        return err_fail(ERR_IO, "'%s' is not a folder", path);
    /* Backwards: callers may count on no order. */
    for (size_t i = FILES_MAX; i-- > 0 && err == ERR_OK;) {
        const char *name = fault->inodes[i].used ? name_within(fault->inodes[i].name, path) : NULL;
        char copy[PATH_MAX_];
        if (!name)
            continue;
        memcpy(copy, name, strlen(name) + 1);
        err = each(copy, arg);
    }
    return err;
}

static enum err fault_lock(void *self, struct io_file **out, const char *path)
{
    struct io_fault *fault = self;
    enum err err = count(fault, CALL_ANY);
    if (err != ERR_OK)
        return err;
    struct inode *inode = find(fault, path);
    if (!inode)
        inode = make(fault, path);
    if (inode->locked)
        return err_fail(ERR_LOCKED, "'%s' is locked", path);
    inode->locked = true;
    struct io_file *file = must(calloc(1, sizeof *file));
    *file = (struct io_file){fault, inode, true, false};
    *out = file;
    return ERR_OK;
}

struct io_fault *io_fault_new(void)
{
    struct io_fault *fault = must(calloc(1, sizeof *fault));
    fault->io = (struct io){
        .self = fault,
        .open = fault_open,
        .read = fault_read,
        .write = fault_write,
        .truncate = fault_truncate,
        .sync = fault_sync,
        .size = fault_size,
        .close = fault_close,
        .rename = fault_rename,
        .replace = fault_replace,
        .remove = fault_remove_file,
        .make_dir = fault_make_dir,
        .sync_dir = fault_sync_dir,
        .list_dir = fault_list_dir,
        .lock = fault_lock,
    };
    return fault;
}

void io_fault_free(struct io_fault *fault)
{
    if (!fault)
        return;
    for (size_t i = 0; i < FILES_MAX; i++)
        wipe(&fault->inodes[i]);
    free(fault);
}

struct io_fault *io_fault_clone(const struct io_fault *fault)
{
    struct io_fault *clone = io_fault_new();
    for (size_t i = 0; i < FILES_MAX; i++) {
        const struct inode *from = &fault->inodes[i];
        struct inode *to = &clone->inodes[i];
        if (!from->used)
            continue;
        to->used = true;
        to->is_folder = from->is_folder;
        to->replaced = from->replaced;
        memcpy(to->name, from->name, sizeof to->name);
        memcpy(to->durable_name, from->durable_name, sizeof to->durable_name);
        bytes_copy(&to->now, &from->now);
        bytes_copy(&to->durable, &from->durable);
        for (size_t j = 0; j < from->change_count; j++) {
            struct change change = from->changes[j];
            if (!change.is_truncate) {
                change.data = must(malloc(change.size + 1));
                memcpy(change.data, from->changes[j].data, change.size);
            }
            add_change(to, change);
        }
    }
    return clone;
}

const struct io *io_fault_io(struct io_fault *fault)
{
    return &fault->io;
}

void io_fault_arm(struct io_fault *fault, enum fault_call call, uint64_t n, enum fault_kind kind,
                  bool for_ever)
{
    fault->armed_call = call;
    fault->countdown = n;
    fault->kind = kind;
    fault->for_ever = for_ever;
    fault->hit = false;
}

bool io_fault_has_hit(const struct io_fault *fault)
{
    return fault->hit;
}

uint64_t io_fault_calls(const struct io_fault *fault, enum fault_call call)
{
    return fault->calls[call];
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* One write that was not synced: kept, lost, torn into sectors of which some arrive, or garbled.
 * The file may have its new length in any case: that is another write to the disk. */
static void survive_write(struct bytes *bytes, const struct change *change, uint64_t *random)
{
    uint64_t fate = next_random(random) % 4;
    if (fate == 0) {
        bytes_write(bytes, change->data, change->size, change->offset);
        return;
    }
    if (next_random(random) % 2 && change->offset + change->size > bytes->size)
        bytes_resize(bytes, (size_t)change->offset + change->size);
    for (size_t at = 0; at < change->size && fate > 1; at += SECTOR) {
        size_t size = change->size - at < SECTOR ? change->size - at : SECTOR;
        if (next_random(random) % 2)
            continue;
        bytes_write(bytes, change->data + at, size, change->offset + at);
        if (fate == 3)
            bytes->data[change->offset + at + next_random(random) % size] ^=
                (uint8_t)(1 + next_random(random) % 255);
    }
}

static void go_back(struct inode *inode)
{
    memcpy(inode->name, inode->durable_name, sizeof inode->name);
}

/* Names come first: those of a file and of one that it replaced are decided together. */
static void survive_names(struct io_fault *fault, uint64_t *random)
{
    bool decided[FILES_MAX] = {false};
    for (size_t i = 0; i < FILES_MAX; i++) {
        struct inode *inode = &fault->inodes[i];
        if (!inode->used || inode->replaced == 0)
            continue;
        struct inode *old = &fault->inodes[inode->replaced - 1];
        decided[i] = decided[inode->replaced - 1] = true;
        if (next_random(random) % 2) {
            go_back(inode);
            go_back(old);
        }
        inode->replaced = 0;
    }
    for (size_t i = 0; i < FILES_MAX; i++) {
        struct inode *inode = &fault->inodes[i];
        if (inode->used && !inode->is_folder && !decided[i] && next_random(random) % 2)
            go_back(inode);
    }
}

static void survive(struct inode *inode, uint64_t *random)
{
    for (size_t i = 0; i < inode->change_count; i++) {
        const struct change *change = &inode->changes[i];
        if (!change->is_truncate)
            survive_write(&inode->durable, change, random);
        else if (next_random(random) % 2)
            bytes_resize(&inode->durable, (size_t)change->offset);
    }
    forget_changes(inode);
    bytes_copy(&inode->now, &inode->durable);
    memcpy(inode->durable_name, inode->name, sizeof inode->name);
    inode->locked = false;
}

void io_fault_crash(struct io_fault *fault, uint64_t seed)
{
    uint64_t random = seed;
    survive_names(fault, &random);
    for (size_t i = 0; i < FILES_MAX; i++) {
        struct inode *inode = &fault->inodes[i];
        if (!inode->used || inode->is_folder)
            continue;
        survive(inode, &random);
        if (!inode->name[0])
            wipe(inode);
    }
    io_fault_arm(fault, CALL_ANY, 0, FAULT_IO, false);
}

uint8_t *io_fault_data(struct io_fault *fault, const char *path, size_t *out_size)
{
    struct inode *inode = find(fault, path);
    if (!inode || inode->is_folder)
        return NULL;
    *out_size = inode->now.size;
    return inode->now.data;
}

void io_fault_put(struct io_fault *fault, const char *path, const void *data, size_t size)
{
    struct inode *inode = find(fault, path);
    if (!inode)
        inode = make(fault, path);
    inode->now.size = 0;
    bytes_write(&inode->now, data, size, 0);
    bytes_copy(&inode->durable, &inode->now);
    forget_changes(inode);
    memcpy(inode->durable_name, inode->name, sizeof inode->name);
}

void io_fault_remove(struct io_fault *fault, const char *path)
{
    struct inode *inode = find(fault, path);
    if (inode)
        wipe(inode);
}

#include "engine/base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct io_file {
    int fd;
    char path[]; /* for the error texts */
};

/* off_t is signed; an offset or size beyond it can only come from a forged file. */
#define OFFSET_MAX ((uint64_t)INT64_MAX)

static enum err make_file(struct io_file **out, int fd, const char *path)
{
    size_t length = strlen(path) + 1;
    struct io_file *file = malloc(sizeof *file + length);
    if (!file) {
        close(fd);
        return err_fail(ERR_NOMEM, "cannot open '%s': out of memory", path);
    }
    file->fd = fd;
    memcpy(file->path, path, length);
    *out = file;
    return ERR_OK;
}

static int open_again(const char *path, int flags, mode_t mode)
{
    int fd;
    do
        fd = open(path, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

static enum err posix_open(void *self, struct io_file **out, const char *path, enum io_mode mode)
{
    (void)self;
    /* O_NONBLOCK: a FIFO in a tape's place must not hang the opener. */
    int flags = mode == IO_READ ? O_RDONLY | O_NONBLOCK : O_RDWR | O_CREAT | O_EXCL;
    int fd = open_again(path, flags, 0640);
    if (fd < 0)
        return err_errno(mode == IO_READ ? "cannot open '%s'" : "cannot make '%s'", path);
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(fd);
        return err_fail(ERR_IO, "'%s' is not a regular file", path);
    }
    return make_file(out, fd, path);
}

static enum err posix_read(struct io_file *file, void *data, size_t size, uint64_t offset,
                           size_t *out_size)
{
    size_t done = 0;
    if (offset > OFFSET_MAX - size)
        return err_fail(ERR_IO, "cannot read '%s': offset too large", file->path);
    while (done < size) {
        ssize_t n = pread(file->fd, (char *)data + done, size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno("cannot read '%s'", file->path);
        if (n == 0)
            break;
        done += (size_t)n;
    }
    *out_size = done;
    return ERR_OK;
}

static enum err posix_write(struct io_file *file, const void *data, size_t size, uint64_t offset)
{
    size_t done = 0;
    if (offset > OFFSET_MAX - size)
        return err_fail(ERR_IO, "cannot write '%s': offset too large", file->path);
    while (done < size) {
        ssize_t n =
            pwrite(file->fd, (const char *)data + done, size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno("cannot write '%s'", file->path);
        if (n == 0)
            return err_fail(ERR_IO, "cannot write '%s': nothing was taken", file->path);
        done += (size_t)n;
    }
    return ERR_OK;
}

static enum err posix_truncate(struct io_file *file, uint64_t size)
{
    int result;
    if (size > OFFSET_MAX)
        return err_fail(ERR_IO, "cannot cut '%s': size too large", file->path);
    do
        result = ftruncate(file->fd, (off_t)size);
    while (result != 0 && errno == EINTR);
    return result == 0 ? ERR_OK : err_errno("cannot cut '%s'", file->path);
}

/* Not retried, even on EINTR: a second call may report success for pages that the first one lost.
 */
static enum err posix_sync(struct io_file *file)
{
    return fdatasync(file->fd) == 0 ? ERR_OK : err_errno("cannot sync '%s'", file->path);
}

static enum err posix_size(struct io_file *file, uint64_t *out_size)
{
    struct stat status;
    if (fstat(file->fd, &status) != 0)
        return err_errno("cannot look at '%s'", file->path);
    *out_size = (uint64_t)status.st_size;
    return ERR_OK;
}

static void posix_close(struct io_file *file)
{
    if (!file)
        return;
    close(file->fd);
    free(file);
}

static enum err posix_rename(void *self, const char *from, const char *to)
{
    (void)self;
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return ERR_OK;
    if (errno != ENOSYS && errno != EINVAL)
        return err_errno("cannot rename '%s' to '%s'", from, to);
    /* File systems without RENAME_NOREPLACE: link() refuses an existing name as well. */
    if (link(from, to) != 0 || unlink(from) != 0)
        return err_errno("cannot rename '%s' to '%s'", from, to);
    return ERR_OK;
}

static enum err posix_replace(void *self, const char *from, const char *to)
{
    (void)self;
    return rename(from, to) == 0 ? ERR_OK
                                 : err_errno("cannot put '%s' in the place of '%s'", from, to);
}

static enum err posix_remove(void *self, const char *path)
{
    (void)self;
    return unlink(path) == 0 ? ERR_OK : err_errno("cannot remove '%s'", path);
}

static enum err posix_make_dir(void *self, const char *path)
{
    (void)self;
    if (mkdir(path, 0750) == 0)
        return ERR_OK;
    if (errno != EEXIST)
        return err_errno("cannot make folder '%s'", path);
    struct stat status;
    if (stat(path, &status) != 0)
        return err_errno("cannot look at '%s'", path);
    return S_ISDIR(status.st_mode) ? ERR_OK : err_fail(ERR_IO, "'%s' is not a folder", path);
}

static enum err posix_sync_dir(void *self, const char *path)
{
    (void)self;
    int fd = open_again(path, O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0)
        return err_errno("cannot open folder '%s'", path);
    enum err err = fsync(fd) == 0 ? ERR_OK : err_errno("cannot sync folder '%s'", path);
    close(fd);
    return err;
}

static enum err posix_list_dir(void *self, const char *path,
                               enum err (*each)(const char *name, void *arg), void *arg)
{
    (void)self;
    DIR *dir = opendir(path);
    if (!dir)
        return err_errno("cannot open folder '%s'", path);
    enum err err = ERR_OK;
    while (err == ERR_OK) {
        errno = 0;
        struct dirent *entry = readdir(dir);
        if (!entry && errno != 0)
            err = err_errno("cannot read folder '%s'", path);
        if (!entry)
            break;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            err = each(entry->d_name, arg);
    }
    closedir(dir);
    return err;
}

static enum err posix_lock(void *self, struct io_file **out, const char *path)
{
    (void)self;
    int fd = open_again(path, O_RDWR | O_CREAT, 0640);
    if (fd < 0)
        return err_errno("cannot open lock '%s'", path);
    int result;
    do
        result = flock(fd, LOCK_EX | LOCK_NB);
    while (result != 0 && errno == EINTR);
    if (result == 0)
        return make_file(out, fd, path);
    enum err err = errno == EWOULDBLOCK
                       ? err_fail(ERR_LOCKED, "'%s' is locked by another process", path)
                       : err_errno("cannot lock '%s'", path);
    close(fd);
    return err;
}

const struct io *io_posix(void)
{
    static const struct io posix = {
        .open = posix_open,
        .read = posix_read,
        .write = posix_write,
        .truncate = posix_truncate,
        .sync = posix_sync,
        .size = posix_size,
        .close = posix_close,
        .rename = posix_rename,
        .replace = posix_replace,
        .remove = posix_remove,
        .make_dir = posix_make_dir,
        .sync_dir = posix_sync_dir,
        .list_dir = posix_list_dir,
        .lock = posix_lock,
    };
    return &posix;
}

enum err io_read_file(const char *path, size_t size_max, char **out, size_t *out_size)
{
    struct io_file *file = NULL;
    uint64_t size = 0;
    char *text = NULL;
    enum err err = posix_open(NULL, &file, path, IO_READ);
    if (err == ERR_OK)
        err = posix_size(file, &size);
    if (err == ERR_OK && size > size_max)
        err = err_fail(ERR_LIMIT, "'%s' is too large: %llu bytes, at most %zu are read", path,
                       (unsigned long long)size, size_max);
    if (err == ERR_OK && !(text = malloc((size_t)size + 1)))
        err = err_fail(ERR_NOMEM, "cannot read '%s': out of memory", path);
    if (err == ERR_OK)
        err = posix_read(file, text, (size_t)size, 0, out_size);
    posix_close(file);
    if (err != ERR_OK) {
        free(text);
        return err;
    }
    text[*out_size] = 0;
    *out = text;
    return ERR_OK;
}

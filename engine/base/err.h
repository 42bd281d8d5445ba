/*
 * err: how functions fail, and how the reason reaches the user.
 *
 * A function that can fail returns `enum err`, ERR_OK (0) on success, and gives its results through
 * out pointers. The layer that meets the fault says what failed with err_fail(); layers above may
 * put what they were doing in front of it with err_context(). The text lives in a fixed buffer per
 * thread, so failing never allocates; the command line prints it once, as one line.
 *
 * Texts: lower case, fault first, the subject in single quotes, then what to do about it:
 *   tape 'x' is not a folder; give the folder that 'rewick record --out' made
 */
#ifndef REWICK_ENGINE_BASE_ERR_H
#define REWICK_ENGINE_BASE_ERR_H

/* name, exit status of the process, text used when nobody said more.
 * Exit statuses: 0 fine, 1 a check or comparison failed, 2 wrong usage, 3 input damaged,
 * 4 I/O error (design of the command line). */
#define ERR_MAP(X)                                                                                 \
    X(ERR_OK, 0, "no error")                                                                       \
    X(ERR_CHECK, 1, "check failed")                                                                \
    X(ERR_USAGE, 2, "wrong usage")                                                                 \
    X(ERR_UNKNOWN, 2, "unknown name")                                                              \
    X(ERR_DAMAGED, 3, "input is damaged")                                                          \
    X(ERR_RANGE, 3, "number out of range")                                                         \
    X(ERR_LIMIT, 3, "limit exceeded")                                                              \
    X(ERR_IO, 4, "i/o error")                                                                      \
    X(ERR_NOSPACE, 4, "no space left on device")                                                   \
    X(ERR_MISSING, 4, "no such file or folder")                                                    \
    X(ERR_LOCKED, 4, "in use by another process")                                                  \
    X(ERR_NOMEM, 4, "out of memory")                                                               \
    X(ERR_NET, 4, "network error")                                                                 \
    X(ERR_END, 0, "end of input") /* not a fault: a reader has nothing more (for now) */           \
    X(ERR_STOP, 0, "stopped")     /* not a fault: the user asked to stop */

enum err {
#define ERR_ENUM(name, status, text) name,
    ERR_MAP(ERR_ENUM)
#undef ERR_ENUM
};

#define ERR_MUST_CHECK __attribute__((warn_unused_result))

/* Longest text kept, NUL included; more is cut. */
#define ERR_TEXT_MAX 1024

/* Sets the thread's text and returns `code`. ERR_END and ERR_STOP need no text. */
enum err err_fail(enum err code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Like err_fail(), with ": strerror(errno)" behind the text. The code is ERR_NOSPACE for ENOSPC and
 * EDQUOT, ERR_MISSING for ENOENT, ERR_NOMEM for ENOMEM, ERR_IO for all others. */
enum err err_errno(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Puts "text: " in front of what is there and returns `code` unchanged. */
enum err err_context(enum err code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The thread's text, or the default text of `code` when none was set. Valid until the next err_*
 * call of this thread. */
const char *err_text(enum err code);

/* Forgets the thread's text. */
void err_clear(void);

int err_exit_status(enum err code);

/* "ERR_USAGE" and so on. */
const char *err_name(enum err code);

#endif

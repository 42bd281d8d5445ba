/*
 * transport_probe: drives net_transport from a test. Commands come on stdin, one a line, events go
 * to stdout:
 *
 *   connect N URL | send N TEXT | close N polite|now REASON | fetch N METHOD BASE TARGET | stats
 *
 *   opened N / message N SIZE CRC32C text|binary / heard N / too-large N / sendable N /
 *   closed N REASON / failed N REASON / answered N STATUS RETRY_AFTER_S SIZE CRC32C REASON
 *   error TEXT / stats MESSAGES BYTES HEARD CPU_US MAX_RSS_KIB
 *
 * With --quiet messages and heard are only counted. It ends when stdin does.
 */
#include "engine/base/clock.h"
#include "engine/base/crc32c.h"
#include "engine/base/time_text.h"
#include "recorder/net_transport.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static struct {
    struct net_transport *net;
    bool quiet, ended;
    uint64_t messages, bytes, heard;
    char line[4096];
    size_t line_size;
} probe;

/* ---- events --------------------------------------------------------------------------------- */

static void on_opened(void *arg, uint32_t connection, struct stamp now)
{
    (void)arg, (void)now;
    printf("opened %u\n", connection);
}

static void on_message(void *arg, uint32_t connection, struct stamp now, const void *data,
                       size_t size, bool binary)
{
    (void)arg, (void)now;
    probe.messages++;
    probe.bytes += size;
    if (!probe.quiet)
        printf("message %u %zu %08x %s\n", connection, size, crc32c(0, data, size),
               binary ? "binary" : "text");
}

static void on_too_large(void *arg, uint32_t connection, struct stamp now)
{
    (void)arg, (void)now;
    printf("too-large %u\n", connection);
}

static void on_heard(void *arg, uint32_t connection, struct stamp now)
{
    (void)arg, (void)now;
    probe.heard++;
    if (!probe.quiet)
        printf("heard %u\n", connection);
}

static void on_sendable(void *arg, uint32_t connection, struct stamp now)
{
    (void)arg, (void)now;
    printf("sendable %u\n", connection);
}

static void on_closed(void *arg, uint32_t connection, struct stamp now, const char *reason)
{
    (void)arg, (void)now;
    printf("closed %u %s\n", connection, reason);
}

static void on_failed(void *arg, uint32_t connection, struct stamp now, const char *reason)
{
    (void)arg, (void)now;
    printf("failed %u %s\n", connection, reason);
}

static void on_answered(void *arg, uint32_t fetch, struct stamp now,
                        const struct fetch_answer *answer)
{
    (void)arg, (void)now;
    printf("answered %u %d %" PRId64 " %zu %08x %s\n", fetch, answer->status,
           answer->retry_after_ns / NS_PER_S, answer->size, crc32c(0, answer->body, answer->size),
           answer->reason);
}

/* ---- commands ------------------------------------------------------------------------------- */

static void report(enum err err)
{
    if (err)
        printf("error %s\n", err_text(err));
}

static void print_stats(void)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    int64_t cpu_us = (use.ru_utime.tv_sec + use.ru_stime.tv_sec) * INT64_C(1000000) +
                     use.ru_utime.tv_usec + use.ru_stime.tv_usec;
    printf("stats %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRId64 " %ld\n", probe.messages,
           probe.bytes, probe.heard, cpu_us, use.ru_maxrss);
}

/* The next word of *rest, which then begins behind it. */
static const char *word(char **rest)
{
    char *found = strsep(rest, " ");
    return found ? found : "";
}

static void command(char *line)
{
    const struct transport *body = net_transport_body(probe.net);
    struct ws_url url;
    const char *verb = word(&line);
    uint32_t number = (uint32_t)strtoul(word(&line), NULL, 10);
    if (strcmp(verb, "connect") == 0) {
        enum err err = ws_url_parse(&url, word(&line), "/");
        report(err ? err : body->connect(body->arg, number, &url));
    } else if (strcmp(verb, "send") == 0) {
        const char *text = line ? line : "";
        report(body->send(body->arg, number, text, strlen(text)));
    } else if (strcmp(verb, "close") == 0) {
        bool polite = strcmp(word(&line), "polite") == 0;
        body->close(body->arg, number, polite ? CLOSE_POLITE : CLOSE_AT_ONCE, line ? line : "");
    } else if (strcmp(verb, "fetch") == 0) {
        const char *method = word(&line);
        enum err err = ws_url_parse_http(&url, word(&line));
        report(err ? err : body->fetch(body->arg, number, method, &url, line ? line : "/"));
    } else if (strcmp(verb, "stats") == 0) {
        print_stats();
    }
}

static void read_commands(void)
{
    struct pollfd fd = {STDIN_FILENO, POLLIN, 0};
    if (poll(&fd, 1, 0) <= 0)
        return;
    size_t room = sizeof probe.line - 1 - probe.line_size;
    ssize_t got = read(STDIN_FILENO, probe.line + probe.line_size, room);
    probe.ended = got <= 0;
    probe.line_size += got > 0 ? (size_t)got : 0;
    for (char *end; (end = memchr(probe.line, '\n', probe.line_size));) {
        *end = '\0';
        size_t used = (size_t)(end - probe.line) + 1;
        command(probe.line);
        memmove(probe.line, probe.line + used, probe.line_size - used);
        probe.line_size -= used;
    }
}

int main(int argc, char **argv)
{
    const char *ca_file = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quiet") == 0)
            probe.quiet = true;
        else
            ca_file = argv[i];
    }
    const struct transport_events events = {
        .opened = on_opened,
        .message = on_message,
        .too_large = on_too_large,
        .heard = on_heard,
        .sendable = on_sendable,
        .closed = on_closed,
        .failed = on_failed,
        .answered = on_answered,
    };
    setvbuf(stdout, NULL, _IOLBF, 0);
    enum err err = net_transport_new(&probe.net, ca_file);
    if (err) {
        printf("error %s\n", err_text(err));
        return err_exit_status(err);
    }
    net_transport_listen(probe.net, &events);
    int64_t look_ns = 0;
    while (!probe.ended) {
        net_transport_service(probe.net, look_ns);
        int64_t now_ns = clock_mono_ns();
        if (now_ns >= look_ns) {
            look_ns = now_ns + 10 * NS_PER_MS;
            read_commands();
        }
    }
    net_transport_free(probe.net);
    return 0;
}

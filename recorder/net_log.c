#include "recorder/net_log.h"

#include <errno.h>
#include <libwebsockets.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local char reason[NET_LOG_TEXT_MAX];
static atomic_int listeners;

/* "lws_client_handshake: got bad HTTP response '404'" -> "got bad HTTP response '404'" */
static void keep_plain(const char *line)
{
    const char *text = line;
    if (strncmp(line, "lws_", 4) == 0 && strstr(line, ": "))
        text = strstr(line, ": ") + 2;
    snprintf(reason, sizeof reason, "%.*s", (int)strcspn(text, "\n"), text);
}

/* "lws_client_connect_3_connect: connect says errno: 101" */
static void keep_system_error(const char *line)
{
    static const char *const forms[] = {" says err ", " says errno: "};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const char *found = strstr(line, forms[i]);
        int code = found ? (int)strtol(found + strlen(forms[i]), NULL, 10) : 0;
        if (code > 0 && code != EINPROGRESS && code != EALREADY)
            snprintf(reason, sizeof reason, "%s", strerror(code));
    }
}

static void emit(int level, const char *line)
{
    if (level & (LLL_ERR | LLL_WARN))
        keep_plain(line);
    else
        keep_system_error(line);
}

static void set_level(bool listening)
{
    lws_set_log_level(LLL_ERR | LLL_WARN | (listening ? LLL_DEBUG : 0), emit);
}

void net_log_install(void)
{
    set_level(atomic_load(&listeners) > 0);
}

void net_log_listen(bool begin)
{
    int before = atomic_fetch_add(&listeners, begin ? 1 : -1);
    if (before == (begin ? 0 : 1))
        set_level(begin);
}

void net_log_clear(void)
{
    reason[0] = '\0';
}

const char *net_log_reason(void)
{
    return reason;
}

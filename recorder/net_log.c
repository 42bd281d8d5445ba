#include "recorder/net_log.h"

#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char reason[NET_LOG_TEXT_MAX];

/* "SSL error: self-signed certificate (preverify_ok=0;err=18;depth=0)" -> "self-signed certificate"
 */
static void keep_tls(const char *text)
{
    snprintf(reason, sizeof reason, "TLS: %.*s", (int)strcspn(text, "(\n"), text);
    for (size_t size = strlen(reason); size > 0 && reason[size - 1] == ' '; size--)
        reason[size - 1] = '\0';
}

/* "lws_client_handshake: got bad HTTP response '404'" -> "got bad HTTP response '404'" */
static void keep_plain(const char *line)
{
    const char *text = line;
    if (strncmp(line, "lws_", 4) == 0 && strstr(line, ": "))
        text = strstr(line, ": ") + 2;
    snprintf(reason, sizeof reason, "%.*s", (int)strcspn(text, "\n"), text);
}

static void emit(int level, const char *line)
{
    static const char tls[] = "SSL error: ", system_error[] = " says err ";
    const char *found;
    if (level & (LLL_ERR | LLL_WARN)) {
        if ((found = strstr(line, tls)))
            keep_tls(found + sizeof tls - 1);
        else
            keep_plain(line);
    } else if ((found = strstr(line, system_error))) {
        snprintf(reason, sizeof reason, "%s",
                 strerror((int)strtol(found + sizeof system_error - 1, NULL, 10)));
    }
}

void net_log_install(void)
{
    lws_set_log_level(LLL_ERR | LLL_WARN, emit);
}

void net_log_listen(bool connecting)
{
    lws_set_log_level(LLL_ERR | LLL_WARN | (connecting ? LLL_DEBUG : 0), emit);
}

void net_log_clear(void)
{
    reason[0] = '\0';
}

const char *net_log_reason(void)
{
    return reason;
}

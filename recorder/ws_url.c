#include "recorder/ws_url.h"

#include <stdio.h>
#include <string.h>

#define URL_HELP "give SCHEME://HOST[:PORT]"

struct scheme {
    const char *plain, *secure, *what;
};

static const struct scheme websocket = {"ws://", "wss://", "WebSocket"};
static const struct scheme http = {"http://", "https://", "HTTP"};

static enum err parse_scheme(struct ws_url *out, const struct scheme *scheme, const char **rest,
                             const char *text)
{
    size_t plain = strlen(scheme->plain), secure = strlen(scheme->secure);
    if (strncmp(text, scheme->plain, plain) == 0) {
        *rest = text + plain;
    } else if (strncmp(text, scheme->secure, secure) == 0) {
        out->tls = true;
        *rest = text + secure;
    } else {
        return err_fail(ERR_USAGE, "url '%s' is no %s address; give %sHOST[:PORT] or %s...", text,
                        scheme->what, scheme->plain, scheme->secure);
    }
    for (const char *p = *rest; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '#')
            return err_fail(ERR_USAGE, "url '%s' holds a character that no url may hold; " URL_HELP,
                            text);
    return ERR_OK;
}

/* In brackets stands an IPv6 address, which has a colon, and nowhere else. */
static bool is_host(const char *host, bool bracketed)
{
    return strpbrk(host, "[]@") == NULL && (strchr(host, ':') != NULL) == bracketed;
}

/* The host ends at the end of the authority, a colon or, in brackets, at the bracket. */
static enum err parse_host(struct ws_url *out, const char **rest, const char *end, const char *text)
{
    const char *start = *rest, *stop;
    bool bracketed = *start == '[';
    if (bracketed) {
        start++;
        stop = memchr(start, ']', (size_t)(end - start));
        *rest = stop ? stop + 1 : end;
    } else {
        stop = memchr(start, ':', (size_t)(end - start));
        stop = stop ? stop : end;
        *rest = stop;
    }
    if (!stop || stop == start || (size_t)(stop - start) >= sizeof out->host ||
        memchr(start, '@', (size_t)(end - start)))
        return err_fail(ERR_USAGE, "url '%s' has no usable host; " URL_HELP, text);
    memcpy(out->host, start, (size_t)(stop - start));
    out->host[stop - start] = '\0';
    if (!is_host(out->host, bracketed))
        return err_fail(ERR_USAGE, "url '%s' has no usable host; " URL_HELP, text);
    return ERR_OK;
}

static enum err parse_port(struct ws_url *out, const char *rest, const char *end, const char *text)
{
    out->port = out->tls ? 443 : 80;
    if (rest == end)
        return ERR_OK;
    int port = 0;
    const char *p = rest + 1;
    for (; p < end && *p >= '0' && *p <= '9' && port <= 65535; p++)
        port = port * 10 + (*p - '0');
    if (*rest != ':' || p != end || p == rest + 1 || port < 1 || port > 65535)
        return err_fail(ERR_USAGE, "url '%s' has no usable port (1 to 65535); " URL_HELP, text);
    out->port = port;
    return ERR_OK;
}

static void format_texts(struct ws_url *url, const struct scheme *scheme)
{
    bool v6 = strchr(url->host, ':') != NULL;
    bool usual = url->port == (url->tls ? 443 : 80);
    char port[16] = "";
    if (!usual)
        snprintf(port, sizeof port, ":%d", url->port);
    snprintf(url->authority, sizeof url->authority, "%s%s%s%s", v6 ? "[" : "", url->host,
             v6 ? "]" : "", port);
    snprintf(url->text, sizeof url->text, "%s%s%s", url->tls ? scheme->secure : scheme->plain,
             url->authority, url->path);
}

static enum err parse_authority(struct ws_url *out, const struct scheme *scheme, const char *text,
                                const char **out_end)
{
    memset(out, 0, sizeof *out);
    const char *rest = text;
    enum err err = parse_scheme(out, scheme, &rest, text);
    if (err)
        return err;
    *out_end = rest + strcspn(rest, "/?");
    err = parse_host(out, &rest, *out_end, text);
    return err ? err : parse_port(out, rest, *out_end, text);
}

enum err ws_url_parse(struct ws_url *out, const char *text, const char *path)
{
    const char *end;
    enum err err = parse_authority(out, &websocket, text, &end);
    if (err)
        return err;
    /* "ws://host" and "ws://host/" both name a host only: the venue's own path is meant. */
    bool bare = end[0] == '\0' || (end[0] == '/' && end[1] == '\0');
    int size = snprintf(out->path, sizeof out->path, "%s%s", bare || *end == '/' ? "" : "/",
                        bare ? path : end);
    if (size < 0 || (size_t)size >= sizeof out->path)
        return err_fail(ERR_USAGE, "url '%s' is too long (path of at most %d bytes)", text,
                        WS_URL_PATH_MAX - 1);
    format_texts(out, &websocket);
    return ERR_OK;
}

enum err ws_url_parse_http(struct ws_url *out, const char *text)
{
    const char *end;
    enum err err = parse_authority(out, &http, text, &end);
    if (err)
        return err;
    if (end[0] != '\0' && end[1] != '\0')
        return err_fail(ERR_USAGE, "url '%s' has a path; give the host only", text);
    format_texts(out, &http);
    return ERR_OK;
}

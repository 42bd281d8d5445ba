/* ws_url: the parts of ws://host[:port][/path] and wss://... Pure, plain data. */
#ifndef REWICK_RECORDER_WS_URL_H
#define REWICK_RECORDER_WS_URL_H

#include "engine/base/err.h"

#include <stdbool.h>

#define WS_URL_HOST_MAX 256
#define WS_URL_PATH_MAX 1024
#define WS_URL_TEXT_MAX (WS_URL_HOST_MAX + WS_URL_PATH_MAX + 64)

struct ws_url {
    bool tls;
    char host[WS_URL_HOST_MAX]; /* without the brackets of an IPv6 address */
    /* For the Host header: with a port only when it is not the scheme's. */
    char authority[WS_URL_HOST_MAX + 32];
    int port;
    char path[WS_URL_PATH_MAX]; /* begins with '/' */
    char text[WS_URL_TEXT_MAX]; /* the whole again */
};

/* `path` is used when the text has none. ERR_USAGE with text. */
enum err ws_url_parse(struct ws_url *out, const char *text, const char *path) ERR_MUST_CHECK;
/* The host of HTTP requests, "https://host[:port]" or "http://...", without a path (path is "").
 * ERR_USAGE with text. */
enum err ws_url_parse_http(struct ws_url *out, const char *text) ERR_MUST_CHECK;

#endif

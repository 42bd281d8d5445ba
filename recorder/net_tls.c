#include "recorder/net_tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As much as a few records: what comes in one burst is fetched with one system call. */
#define READ_AHEAD_BYTES (64u * 1024)

struct net_tls {
    SSL_CTX *context;
    net_tls_find_fn *find;
    void *arg;
};

static bool is_address(const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

/* ---- the verdict ---------------------------------------------------------------------------- */

static int keep_verdict(int ok, X509_STORE_CTX *chain)
{
    (void)chain;
    return ok;
}

static bool expect_host(X509_STORE_CTX *chain, const char *host)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(chain);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (!is_address(host))
        return X509_VERIFY_PARAM_set1_host(param, host, strlen(host)) == 1;
    /* Another name, which libwebsockets may have set, would be accepted as well. */
    return X509_VERIFY_PARAM_set1_host(param, NULL, 0) == 1 &&
           X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
}

static void keep_reason(struct net_tls_peer *peer, X509_STORE_CTX *chain)
{
    int depth = X509_STORE_CTX_get_error_depth(chain);
    const char *text = X509_verify_cert_error_string(X509_STORE_CTX_get_error(chain));
    if (depth == 0)
        snprintf(peer->reason, sizeof peer->reason, "TLS: certificate of '%.64s': %s", peer->host,
                 text);
    else
        snprintf(peer->reason, sizeof peer->reason,
                 "TLS: certificate of '%.64s': %s (%d above it in the chain)", peer->host, text,
                 depth);
}

/* In place of OpenSSL's X509_verify_cert(). libwebsockets' own callback, which would let a
 * certificate from the future pass, is not asked. */
static int verify(X509_STORE_CTX *chain, void *arg)
{
    (void)arg;
    const SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct net_tls_peer *peer = ssl ? SSL_get_app_data(ssl) : NULL;
    X509_STORE_CTX_set_verify_cb(chain, keep_verdict);
    if (!peer || !expect_host(chain, peer->host)) {
        X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
        return 0;
    }
    if (X509_verify_cert(chain) == 1)
        return 1;
    keep_reason(peer, chain);
    return 0;
}

/* ---- the handshake -------------------------------------------------------------------------- */

/* Before the first byte is sent. SNI holds names, never addresses (RFC 6066). */
static void on_start(SSL *ssl)
{
    const struct net_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    struct net_tls_peer *peer = tls->find(tls->arg, ssl);
    SSL_set_app_data(ssl, peer);
    char *name = peer && !is_address(peer->host) ? peer->host : NULL;
    SSL_set_tlsext_host_name(ssl, name);
}

static void on_failure(SSL *ssl)
{
    struct net_tls_peer *peer = SSL_get_app_data(ssl);
    unsigned long code = ERR_peek_error();
    if (!peer || code == 0 || *peer->reason)
        return;
    const char *text = ERR_reason_error_string(code);
    snprintf(peer->reason, sizeof peer->reason, "TLS: %s%s", text ? text : "handshake failed",
             ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER ? " (the answer is no TLS)" : "");
}

static void on_info(const SSL *ssl, int where, int result)
{
    /* OpenSSL hands out its own connection as const. */
    union {
        const SSL *given;
        SSL *own;
    } connection = {.given = ssl};
    if (where & SSL_CB_HANDSHAKE_START)
        on_start(connection.own);
    else if (where == SSL_CB_CONNECT_EXIT && result <= 0)
        on_failure(connection.own);
}

/* ---- the context ---------------------------------------------------------------------------- */

static enum err load_roots(SSL_CTX *context, const char *ca_file)
{
    if (ca_file && SSL_CTX_load_verify_file(context, ca_file) != 1)
        return err_fail(ERR_NET, "the certificates in '%s' cannot be used: %s", ca_file,
                        ERR_reason_error_string(ERR_peek_error()));
    if (!ca_file && SSL_CTX_set_default_verify_paths(context) != 1)
        return err_fail(ERR_NET, "the system's certificates cannot be used; give --ca-file");
    return ERR_OK;
}

static void set_rules(SSL_CTX *context)
{
    SSL_CTX_set_security_level(context, 2);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(context, verify, NULL);
    SSL_CTX_set_info_callback(context, on_info);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, READ_AHEAD_BYTES);
}

static enum err set_up(struct net_tls *tls, const char *ca_file)
{
    tls->context = SSL_CTX_new(TLS_client_method());
    if (!tls->context || SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION) != 1)
        return err_fail(ERR_NET, "cannot set up TLS");
    set_rules(tls->context);
    SSL_CTX_set_app_data(tls->context, tls);
    return load_roots(tls->context, ca_file);
}

enum err net_tls_new(struct net_tls **out, const char *ca_file, net_tls_find_fn *find, void *arg)
{
    struct net_tls *tls = calloc(1, sizeof *tls);
    if (!tls)
        return err_fail(ERR_NOMEM, "out of memory for TLS");
    tls->find = find;
    tls->arg = arg;
    enum err err = set_up(tls, ca_file);
    if (err) {
        net_tls_free(tls);
        return err;
    }
    *out = tls;
    return ERR_OK;
}

void net_tls_free(struct net_tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->context);
    free(tls);
}

SSL_CTX *net_tls_context(struct net_tls *tls)
{
    return tls->context;
}

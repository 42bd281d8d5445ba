/* Names in certificates that a loopback address cannot have; tests/e2e/test_tls.py has the rest. */
#include "recorder/net_tls.h"
#include "tests/unit/unit.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <unistd.h>

static EVP_PKEY *key; /* of everybody */
static X509 *root;
static char root_path[] = "/tmp/rewick-root-XXXXXX";

static X509 *make_certificate(const char *alt_name, bool authority)
{
    X509 *certificate = X509_new();
    X509V3_CTX context;
    assert_non_null(certificate);
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), authority ? 1 : 2);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME *name = X509_get_subject_name(certificate);
    const char *cn = authority ? "root" : "server";
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
    X509_set_issuer_name(certificate, authority ? name : X509_get_subject_name(root));
    X509V3_set_ctx(&context, root, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension =
        authority ? X509V3_EXT_conf_nid(NULL, &context, NID_basic_constraints, "critical,CA:TRUE")
                  : X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, alt_name);
    assert_non_null(extension);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    return certificate;
}

static int set_up(void **state)
{
    (void)state;
    key = EVP_EC_gen("P-256");
    assert_non_null(key);
    root = make_certificate(NULL, true);
    int fd = mkstemp(root_path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, root), 1);
    assert_int_equal(fclose(file), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(root_path);
    X509_free(root);
    EVP_PKEY_free(key);
    return 0;
}

static char sni[300]; /* what the server was asked for; "" = nothing */

static int on_server_name(SSL *ssl, int *alert, void *arg)
{
    (void)alert, (void)arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    snprintf(sni, sizeof sni, "%s", name ? name : "");
    return SSL_TLSEXT_ERR_OK;
}

static struct net_tls_peer *find(void *arg, const SSL *ssl)
{
    (void)ssl;
    return arg;
}

static SSL *make_end(SSL_CTX *context, BIO *bio)
{
    SSL *ssl = SSL_new(context);
    assert_non_null(ssl);
    SSL_set_bio(ssl, bio, bio);
    return ssl;
}

/* A whole handshake in memory; whether the client accepts the server. */
static bool accepts(const char *alt_name, struct net_tls_peer *peer)
{
    struct net_tls *tls;
    SSL_CTX *server_context = SSL_CTX_new(TLS_server_method());
    X509 *certificate = make_certificate(alt_name, false);
    BIO *near, *far;
    assert_int_equal(SSL_CTX_use_certificate(server_context, certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(server_context, key), 1);
    SSL_CTX_set_tlsext_servername_callback(server_context, on_server_name);
    assert_ok(net_tls_new(&tls, root_path, find, peer));
    assert_int_equal(BIO_new_bio_pair(&near, 0, &far, 0), 1);
    SSL *client = make_end(net_tls_context(tls), near), *server = make_end(server_context, far);
    int done = 0;
    sni[0] = '\0';
    for (int i = 0; i < 20 && done != 1; i++) {
        done = SSL_connect(client);
        SSL_accept(server);
    }
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(server_context);
    X509_free(certificate);
    net_tls_free(tls);
    return done == 1;
}

#define LONG_LABEL "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz"
#define LONG_NAME  LONG_LABEL "." LONG_LABEL "." LONG_LABEL ".example.com"

static void names_are_compared_whole_and_label_by_label(void **state)
{
    (void)state;
    static const struct {
        const char *alt_name;
        char host[256];
        bool good;
    } cases[] = {
        {"DNS:ws.example.com", "ws.example.com", true},
        {"DNS:WS.Example.COM", "ws.example.com", true},
        {"DNS:*.example.com", "ws.example.com", true},
        {"DNS:a.example,DNS:*.example.com", "ws.example.com", true},
        {"DNS:" LONG_NAME, LONG_NAME, true}, /* libwebsockets would cut it */
        {"IP:192.0.2.1", "192.0.2.1", true},
        {"IP:2001:db8::1", "2001:db8::1", true}, /* and this at its first colon */
        {"IP:2001:db8::1", "2001:db8:0:0:0:0:0:1", true},
        {"DNS:ws.example.com", "example.com", false},
        {"DNS:ws.example.com", "ws.example.com.evil.test", false},
        {"DNS:ws.example.com", "xws.example.com", false},
        {"DNS:*.example.com", "example.com", false},
        {"DNS:*.example.com", "a.ws.example.com", false},
        {"DNS:*.*.com", "ws.example.com", false},
        {"DNS:ws.*.com", "ws.example.com", false},
        {"DNS:w*.example.com", "ws.example.com", false},
        {"DNS:*s.example.com", "ws.example.com", false},
        {"DNS:*", "ws.example.com", false},
        {"DNS:*.com", "ws.example.com", false},
        {"DNS:server", "ws.example.com", false},
        {"email:ws.example.com", "ws.example.com", false},
        {"URI:wss://ws.example.com", "ws.example.com", false},
        {"IP:192.0.2.1", "192.0.2.2", false},
        {"IP:192.0.2.1", "ws.example.com", false},
        {"DNS:192.0.2.1", "192.0.2.1", false},
        {"IP:2001:db8::1", "2001:db8::2", false},
        {"DNS:[", "2001:db8::1", false}, /* what libwebsockets would ask for */
        {"DNS:" LONG_LABEL "." LONG_LABEL ".a", LONG_NAME, false},
        {"email:a@b.example", "server", false}, /* that is the common name */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char host[256];
        snprintf(host, sizeof host, "%s", cases[i].host);
        struct net_tls_peer peer = {.host = host};
        if (accepts(cases[i].alt_name, &peer) != cases[i].good)
            fail_msg("'%s' for '%s': %s", cases[i].alt_name, host, peer.reason);
        if ((*peer.reason == '\0') != cases[i].good || strchr(peer.reason, '\n'))
            fail_msg("'%s' for '%s': reason '%s'", cases[i].alt_name, host, peer.reason);
    }
}

static void the_server_is_told_names_and_no_addresses(void **state)
{
    (void)state;
    char name[] = "ws.example.com", address[] = "192.0.2.1", long_name[] = LONG_NAME;
    struct net_tls_peer peer = {.host = name};
    assert_true(accepts("DNS:ws.example.com", &peer));
    assert_string_equal(sni, name);
    peer.host = long_name;
    assert_true(accepts("DNS:" LONG_NAME, &peer));
    assert_string_equal(sni, long_name);
    peer.host = address;
    assert_true(accepts("IP:192.0.2.1", &peer));
    assert_string_equal(sni, "");
}

static void a_connection_that_nobody_knows_is_refused(void **state)
{
    (void)state;
    assert_false(accepts("DNS:ws.example.com", NULL));
}

static void roots_that_cannot_be_read_are_an_error(void **state)
{
    (void)state;
    struct net_tls *tls = NULL;
    assert_err(ERR_NET, net_tls_new(&tls, "/nonexistent", find, NULL));
    assert_err(ERR_NET, net_tls_new(&tls, "/dev/null", find, NULL));
    assert_null(tls);
    net_tls_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_compared_whole_and_label_by_label),
        cmocka_unit_test(the_server_is_told_names_and_no_addresses),
        cmocka_unit_test(a_connection_that_nobody_knows_is_refused),
        cmocka_unit_test(roots_that_cannot_be_read_are_an_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

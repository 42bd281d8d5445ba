#include "engine/sink/rpc_address.h"

#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static void loopback_addresses_are_taken(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"127.0.0.1:50051", "127.0.0.1", "127.0.0.1:50051"},
        {"127.8.9.10:0", "127.8.9.10", "127.8.9.10:0"},
        {"localhost:65535", "127.0.0.1", "127.0.0.1:65535"},
        {"[::1]:1", "::1", "[::1]:1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rpc_address address;
        char text[RPC_ADDRESS_TEXT_MAX];
        assert_ok(rpc_address_parse(&address, cases[i][0]));
        assert_string_equal(address.host, cases[i][1]);
        rpc_address_format(text, &address);
        assert_string_equal(text, cases[i][2]);
    }
}

static void all_else_is_wrong_usage(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        ":",
        "50051",
        "127.0.0.1",
        "127.0.0.1:",
        ":50051",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:+1",
        "127.0.0.1: 1",
        "127.0.0.1:1x",
        "127.0.0.1:000001",
        "::1:50051",
        "[::1]",
        "[]:1",
        "[127.0.0.1]:1",
        "[localhost]:1",
        "0.0.0.0:1",
        "10.0.0.1:1",
        "128.0.0.1:1",
        "126.255.255.255:1",
        "[::]:1",
        "[::2]:1",
        "[::ffff:127.0.0.1]:1",
        "[fe80::1]:1",
        "127.1:1",
        "127.0.0.1.example.org:1",
        "localhost.:1",
        "LOCALHOST:1x",
        "127.0.0.1\n:1",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaa:1",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rpc_address address = {"untouched", 7};
        if (rpc_address_parse(&address, cases[i]) != ERR_USAGE)
            fail_msg("'%s' is taken", cases[i]);
        assert_string_equal(address.host, "untouched");
    }
}

static int listen_on_free_port(struct rpc_address *address)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof where;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&where, size), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&where, &size), 0);
    *address = (struct rpc_address){"127.0.0.1", ntohs(where.sin_port)};
    return fd;
}

static void probing_finds_a_port_in_use(void **state)
{
    (void)state;
    struct rpc_address address;
    int fd = listen_on_free_port(&address);
    assert_err(ERR_NET, rpc_address_probe(&address));
    assert_non_null(
        strstr(err_text(ERR_NET), "address already in use; choose another with --grpc"));
    close(fd);
    assert_ok(rpc_address_probe(&address));
}

/* Only what was accepted there counts: not the listener, not the client's end. */
static void accepted_connections_are_found_and_hung_up(void **state)
{
    (void)state;
    struct rpc_address address;
    int listener = listen_on_free_port(&address);
    assert_int_equal(rpc_address_connections(&address, false), 0);
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    where.sin_port = htons(address.port);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&where, sizeof where), 0);
    int accepted = accept(listener, NULL, NULL);
    assert_int_equal(rpc_address_connections(&address, false), 1);
    assert_int_equal(rpc_address_connections(&address, true), 1);
    char byte;
    assert_int_equal(read(client, &byte, 1), 0); /* the end */
    close(accepted);
    assert_int_equal(rpc_address_connections(&address, true), 0);
    close(client);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_addresses_are_taken),
        cmocka_unit_test(all_else_is_wrong_usage),
        cmocka_unit_test(probing_finds_a_port_in_use),
        cmocka_unit_test(accepted_connections_are_found_and_hung_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* status_server: one document for who asks, none without a recorder, and no trouble from clients
 * that do not read. */
#include "recorder/status_server.h"
#include "tests/unit/unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[4096];

static int make_folder(void **state)
{
    (void)state;
    /* Longer than a socket's address may be. */
    char base[] = "/tmp/rewick-status-XXXXXX";
    if (!mkdtemp(base))
        return -1;
    snprintf(folder, sizeof folder, "%s/%0*d", base, 150, 0);
    return mkdir(folder, 0750);
}

static int remove_folder(void **state)
{
    (void)state;
    rmdir(folder);
    *strrchr(folder, '/') = '\0';
    return rmdir(folder);
}

static enum err write_text(struct buf *out, void *arg)
{
    return buf_append_text(out, arg);
}

static void *ask(void *arg)
{
    return (void *)(intptr_t)status_ask(folder, arg);
}

static void who_asks_gets_the_document(void **state)
{
    (void)state;
    struct status_server server;
    struct buf text;
    buf_init(&text, 1u << 20);
    char *large = malloc(300001);
    memset(large, 'x', 300000);
    large[300000] = '\0';
    assert_err(ERR_MISSING, status_ask(folder, &text));
    assert_ok(status_server_open(&server, folder));
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        void *result;
        const char *document = i == 2 ? large : "{\"a\":1}\n";
        buf_clear(&text);
        assert_int_equal(pthread_create(&thread, NULL, ask, &text), 0);
        while (pthread_tryjoin_np(thread, &result) != 0) {
            status_server_answer(&server, write_text, (void *)(uintptr_t)document);
            usleep(5000);
        }
        assert_int_equal((intptr_t)result, ERR_OK);
        assert_int_equal(text.size, strlen(document));
        assert_memory_equal(text.data, document, text.size);
    }
    /* A run before this one may have left its socket behind. */
    close(server.fd);
    server.fd = -1;
    status_server_close(&server);
    assert_err(ERR_MISSING, status_ask(folder, &text));
    assert_ok(status_server_open(&server, folder));
    struct stat info;
    char path[4200];
    snprintf(path, sizeof path, "%s/" STATUS_SOCKET_NAME, folder);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0177, 0);
    status_server_close(&server);
    assert_int_not_equal(stat(path, &info), 0);
    free(large);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(who_asks_gets_the_document)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

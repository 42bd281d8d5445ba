/*
 * The gRPC sink on a made-up market (fake_store.h). Without arguments: what can be tested without a
 * client. With "drive": a server that tests/e2e/test_grpc.py commands line by line, to bring about
 * what a real market would only by chance.
 */
#include "engine/sink/sink_grpc.h"

#include "tests/unit/fake_store.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* ---- driven by the behaviour test ---------------------------------------------------------------
 */

static struct {
    struct sink *sink;
    uint64_t rate;       /* updates a second */
    uint64_t commit_lag; /* the store is this many updates behind */
    bool manual_commit;
    int64_t started_ns;
    uint64_t made;
} drive;

static void put(struct candle candle)
{
    assert_ok(drive.sink->put(drive.sink, &candle));
    assert_ok(drive.sink->commit(drive.sink, candle.update, candle.update, false));
}

static void commit_behind(void)
{
    if (!drive.manual_commit && fake.update_count > drive.commit_lag)
        fake_commit(fake.update_count - drive.commit_lag);
}

/* As many updates as the rate asks for by now; the store follows in steps, as a real one does. */
static void keep_rate(void)
{
    uint64_t due = (uint64_t)((now_ns() - drive.started_ns) / 1000) * drive.rate / 1000000;
    if (drive.made >= due)
        return;
    for (; drive.made < due; drive.made++) {
        put(fake_next());
        if (unit_below(&fake.random, 50) == 0)
            commit_behind();
    }
}

static void write_log(const char *path)
{
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    for (uint64_t n = 1; n <= fake.update_count; n++) {
        struct candle candle = fake_again(n);
        char bar[BAR_TEXT_MAX];
        bar_format(bar, candle.bar);
        fprintf(out, "%llu %s %s %s %lld %s %u\n", (unsigned long long)n, candle.venue,
                candle.instrument, bar, (long long)candle.open_ns, candle_state_name(candle.state),
                candle.revision);
    }
    fclose(out);
}

static void close_sink(void)
{
    int64_t from_ns = now_ns();
    if (drive.sink != NULL)
        assert_ok(drive.sink->close(drive.sink));
    drive.sink = NULL;
    printf("closed %lld\n", (long long)((now_ns() - from_ns) / 1000000));
}

static long resident_kib(void)
{
    FILE *in = fopen("/proc/self/statm", "r");
    long size = 0, resident = 0;
    if (in != NULL && fscanf(in, "%ld %ld", &size, &resident) != 2)
        resident = 0;
    if (in != NULL)
        fclose(in);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static bool command(char *line)
{
    char word[32] = "", argument[512] = "";
    sscanf(line, "%31s %511s", word, argument);
    uint64_t number = strtoull(argument, NULL, 10);
    if (strcmp(word, "open") == 0) { /* ADDRESS */
        int port = 0;
        enum err err = sink_grpc_open(&drive.sink, argument, "fake", &port);
        if (err != ERR_OK)
            printf("error %s\n", err_text(err));
        else
            printf("port %d\n", port);
    } else if (strcmp(word, "fill") == 0) { /* updates of an earlier run, which nobody hears */
        while (fake.update_count < number)
            fake_next();
        fake_commit(fake.update_count);
    } else if (strcmp(word, "again") == 0) { /* a restarted engine comes by what the store has */
        for (uint64_t n = 1; n <= number; n++)
            put(fake_again(n));
    } else if (strcmp(word, "put") == 0) { /* at full speed */
        for (uint64_t i = 0; i < number; i++) {
            put(fake_next());
            if (i % 1000 == 999)
                commit_behind();
        }
        commit_behind();
    } else if (strcmp(word, "rate") == 0) {
        drive.rate = number;
        drive.started_ns = now_ns();
        drive.made = 0;
    } else if (strcmp(word, "lag") == 0) {
        drive.commit_lag = number;
    } else if (strcmp(word, "manual") == 0) { /* commits only with "commit" */
        drive.manual_commit = number != 0;
    } else if (strcmp(word, "commit") == 0) {
        fake_commit(number == 0 ? fake.update_count : number);
    } else if (strcmp(word, "fail") == 0) {
        atomic_store(&fake.reads_fail, (int)number);
    } else if (strcmp(word, "delay") == 0) {
        atomic_store(&fake.read_delay_us, (unsigned)number);
    } else if (strcmp(word, "log") == 0) { /* FILE */
        write_log(argument);
    } else if (strcmp(word, "rss") == 0) {
        printf("rss %ld\n", resident_kib());
    } else if (strcmp(word, "close") == 0) {
        close_sink();
    } else if (strcmp(word, "quit") == 0) {
        return false;
    }
    printf("ok %llu\n", (unsigned long long)fake.update_count);
    fflush(stdout);
    return true;
}

static int run_drive(uint64_t seed)
{
    char line[1024];
    size_t size = 0;
    fake_init(seed);
    drive.started_ns = now_ns();
    fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
    for (bool go_on = true; go_on;) {
        if (drive.sink != NULL)
            keep_rate();
        if (drive.rate == 0 && !drive.manual_commit)
            fake_commit(fake.update_count); /* idle: a store has all before long */
        struct pollfd in = {STDIN_FILENO, POLLIN, 0};
        poll(&in, 1, 2);
        ssize_t got = read(STDIN_FILENO, line + size, sizeof line - size - 1);
        if (got == 0)
            break;
        if (got > 0)
            size += (size_t)got;
        line[size] = '\0';
        char *end;
        while (go_on && (end = strchr(line, '\n')) != NULL) {
            *end = '\0';
            go_on = command(line);
            size -= (size_t)(end + 1 - line);
            memmove(line, end + 1, size + 1);
        }
    }
    if (drive.sink != NULL)
        close_sink();
    fake_release();
    return 0;
}

/* ---- without a client ---------------------------------------------------------------------------
 */

static void opens_on_a_free_port_and_closes(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct sink *sink;
        int port = 0;
        assert_ok(sink_grpc_open(&sink, "127.0.0.1:0", "fake", &port));
        assert_true(port > 0);
        assert_ok(sink->close(sink));
    }
    struct sink *sink;
    assert_ok(sink_grpc_open(&sink, "localhost:0", "fake", NULL));
    assert_ok(sink->close(sink));
}

static void serves_ipv6_loopback(void **state)
{
    (void)state;
    struct sink *sink;
    int port = 0;
    enum err err = sink_grpc_open(&sink, "[::1]:0", "fake", &port);
    if (err == ERR_NET)
        skip(); /* no IPv6 on this machine */
    assert_ok(err);
    assert_true(port > 0);
    assert_ok(sink->close(sink));
}

static void refuses_other_interfaces(void **state)
{
    (void)state;
    static const char *const addresses[] = {"0.0.0.0:50051", "192.168.1.1:50051", "[::]:50051",
                                            "example.org:50051"};
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        struct sink *sink;
        assert_err(ERR_USAGE, sink_grpc_open(&sink, addresses[i], "fake", NULL));
        assert_non_null(strstr(err_text(ERR_USAGE), "is not a loopback address"));
        assert_null(sink);
    }
}

static void names_the_address_that_is_in_use(void **state)
{
    (void)state;
    struct sink *first, *second;
    int port = 0;
    assert_ok(sink_grpc_open(&first, "127.0.0.1:0", "fake", &port));
    char address[64], expected[128];
    snprintf(address, sizeof address, "127.0.0.1:%d", port);
    snprintf(expected, sizeof expected,
             "cannot listen on 127.0.0.1:%d: address already in use; choose another with --grpc",
             port);
    assert_err(ERR_NET, sink_grpc_open(&second, address, "fake", NULL));
    assert_string_equal(err_text(ERR_NET), expected);
    assert_ok(first->close(first));
    /* And it is free again. */
    assert_ok(sink_grpc_open(&second, address, "fake", NULL));
    assert_ok(second->close(second));
}

static void takes_all_descriptors_it_may(void **state)
{
    (void)state;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t hard = limit.rlim_max;
    limit.rlim_cur = hard < 256 ? hard : 256;
    setrlimit(RLIMIT_NOFILE, &limit);
    struct sink *sink;
    assert_ok(sink_grpc_open(&sink, "127.0.0.1:0", "fake", NULL));
    getrlimit(RLIMIT_NOFILE, &limit);
    assert_true(limit.rlim_cur == hard);
    assert_ok(sink->close(sink));
}

static void leaves_signals_to_the_caller(void **state)
{
    (void)state;
    sigset_t before, after;
    sigemptyset(&before);
    sigaddset(&before, SIGUSR1);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    struct sink *sink;
    assert_ok(sink_grpc_open(&sink, "127.0.0.1:0", "fake", NULL));
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_true(sigismember(&after, SIGUSR1) && !sigismember(&after, SIGINT));
    assert_ok(sink->close(sink));
    sigemptyset(&before);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Millions of updates without a client allocate nothing: the resident size stays. */
static void put_without_clients_packs_nothing(void **state)
{
    (void)state;
    fake_init(1);
    struct candle candle = fake_next();
    struct sink *sink;
    assert_ok(sink_grpc_open(&sink, "127.0.0.1:0", "fake", NULL));
    long before = resident_kib();
    for (uint64_t n = 1; n <= 2000000; n++) {
        candle.update = n;
        assert_ok(sink->put(sink, &candle));
    }
    assert_true(resident_kib() - before < 4096);
    assert_ok(sink->close(sink));
    fake_release();
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "drive") == 0)
        return run_drive(argc > 2 ? strtoull(argv[2], NULL, 10) : 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_on_a_free_port_and_closes),
        cmocka_unit_test(serves_ipv6_loopback),
        cmocka_unit_test(refuses_other_interfaces),
        cmocka_unit_test(names_the_address_that_is_in_use),
        cmocka_unit_test(takes_all_descriptors_it_may),
        cmocka_unit_test(leaves_signals_to_the_caller),
        cmocka_unit_test(put_without_clients_packs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

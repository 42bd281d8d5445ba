#include "replayer/replay_stop.h"

#include "engine/base/clock.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t asked;

static void ask(int number)
{
    (void)number;
    asked = 1;
}

void replay_stop_install(void)
{
    struct sigaction action = {.sa_handler = ask, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool replay_stop_asked(void)
{
    return asked != 0;
}

void replay_stop_wait(int64_t mono_ns)
{
    int64_t slice_ns = clock_mono_ns() + REPLAY_STOP_SLICE_NS;
    clock_sleep_until(mono_ns < slice_ns ? mono_ns : slice_ns);
}

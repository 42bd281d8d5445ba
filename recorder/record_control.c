#include "recorder/record_control.h"

#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum err record_control_open(struct record_control *control)
{
    atomic_init(&control->cause, STOP_NONE);
    control->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return control->wake_fd >= 0 ? ERR_OK : err_errno("cannot make an eventfd");
}

void record_control_close(struct record_control *control)
{
    if (control->wake_fd >= 0)
        close(control->wake_fd);
    control->wake_fd = -1;
}

void record_control_stop(struct record_control *control, enum stop_cause cause)
{
    int none = STOP_NONE;
    atomic_compare_exchange_strong(&control->cause, &none, (int)cause);
    uint64_t one = 1;
    /* It can only fail because it is readable already, which is all that is wanted. */
    ssize_t written = write(control->wake_fd, &one, sizeof one);
    (void)written;
}

enum stop_cause record_control_cause(struct record_control *control)
{
    return (enum stop_cause)atomic_load(&control->cause);
}

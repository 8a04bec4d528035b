#include "stop.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stopped_by;
/* The handler writes, a wait reads: so a signal just before the wait is not lost. */
static int news[2] = {-1, -1};

static void on_signal(int number)
{
    const int before = errno;
    stopped_by = number;
    if (write(news[1], "", 1) < 0) { /* it is full, so the wait ends anyway */
    }
    errno = before;
}

void cb_stop_install(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    if (news[0] >= 0 || pipe(news)) return;
    for (int i = 0; i < 2; i++) {
        fcntl(news[i], F_SETFD, FD_CLOEXEC);
        fcntl(news[i], F_SETFL, O_NONBLOCK);
    }
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction old;
        if (sigaction(signals[i], NULL, &old) || old.sa_handler == SIG_IGN) continue;
        sigaction(signals[i], &(struct sigaction){.sa_handler = on_signal, .sa_flags = SA_RESTART | (int)SA_RESETHAND},
                  NULL);
    }
}

int cb_stop_signal(void)
{
    return (int)stopped_by;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

enum cb_waited cb_stop_wait(int fd, double *seconds)
{
    const double end = now() + *seconds;
    struct pollfd files[] = {{.fd = news[0], .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    int ready;
    do {
        *seconds = fmax(0, end - now());
        ready = poll(files, 2, (int)ceil(1e3 * *seconds));
    } while (ready < 0 && errno == EINTR && !stopped_by);
    *seconds = fmax(0, end - now());
    if (stopped_by) return CB_STOPPED;
    return ready > 0 ? CB_READABLE : CB_TIME_OVER;
}

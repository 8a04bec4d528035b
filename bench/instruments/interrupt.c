#include "interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t received;
static volatile pid_t child;
static char message[160];

static void on_signal(int number)
{
    int before = errno;
    if (received) _exit(128 + number);
    received = number;
    if (write(STDERR_FILENO, message, strlen(message)) < 0) errno = before; /* nobody is there to be told */
    if (child) kill(child, number);
    errno = before;
}

void cb_interrupt_install(const char *what)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    snprintf(message, sizeof message, "\ninterrupted: %s; once more ends it at once\n", what);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction action, old;
        if (sigaction(signals[i], NULL, &old) || old.sa_handler == SIG_IGN) continue;
        memset(&action, 0, sizeof action);
        action.sa_handler = on_signal;
        action.sa_flags = SA_RESTART;
        sigaction(signals[i], &action, NULL);
    }
}

int cb_interrupt_signal(void)
{
    return received;
}

void cb_interrupt_forward_to(pid_t pid)
{
    child = pid;
    if (pid && received) kill(pid, received);
}

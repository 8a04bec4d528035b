#include "loop/signals.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t received;

/* Made beforehand: a handler may only write. A progress line of a terminal is ended first. */
static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
enum { SIGNALS = sizeof numbers / sizeof *numbers };
static char texts[SIGNALS][160];

static void on_signal(int number)
{
    if (received) _exit(128 + number);
    received = number;
    for (int i = 0; i < SIGNALS; i++)
        if (numbers[i] == number && write(STDERR_FILENO, texts[i], strlen(texts[i])) < 0) return;
}

void cb_signals_install(const char *program)
{
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    for (int i = 0; i < SIGNALS; i++) {
        struct sigaction inherited;
        snprintf(texts[i], sizeof texts[i], "%s%s: %s: stopping, as soon as the state is saved; once more: at once\n",
                 isatty(STDOUT_FILENO) ? "\n" : "", program, cb_signal_name(numbers[i]));
        if (!sigaction(numbers[i], NULL, &inherited) && inherited.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

int cb_signal_received(void)
{
    return received;
}

const volatile sig_atomic_t *cb_signal_flag(void)
{
    return &received;
}

const char *cb_signal_name(int number)
{
    switch (number) {
    case SIGINT:
        return "SIGINT";
    case SIGTERM:
        return "SIGTERM";
    case SIGHUP:
        return "SIGHUP";
    default:
        return "a signal";
    }
}

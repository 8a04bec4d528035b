#ifndef CB_SIGNALS_H
#define CB_SIGNALS_H

#include <signal.h>

/* SIGINT, SIGTERM and SIGHUP set a flag and say so at once on stderr; a second one ends the process. One that was
 * ignored when the program started stays ignored (nohup). SIGPIPE and SIGXFSZ are ignored, so that a failing write is
 * an error, not a death. program: its name for the message. */
void cb_signals_install(const char *program);
int cb_signal_received(void); /* 0 or the first one's number */
const volatile sig_atomic_t *cb_signal_flag(void);
const char *cb_signal_name(int number); /* "SIGINT" */

#endif

#ifndef CB_SIGNALS_H
#define CB_SIGNALS_H

/* SIGINT and SIGTERM set a flag that the loop reads after each iteration; a second one ends the process at once. SIGPIPE and SIGXFSZ are ignored, so
 * that a failing write is an error, not a death. */
void cb_signals_install(void);
int cb_signal_received(void); /* 0, SIGINT or SIGTERM */

#endif

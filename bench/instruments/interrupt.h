#ifndef CB_INTERRUPT_H
#define CB_INTERRUPT_H

#include <sys/types.h>

/* SIGINT, SIGTERM and SIGHUP: the first asks for an orderly end, a second ends the program. */

/* Those that are ignored already stay so (nohup). what: said at the first, as in "writing what is complete". */
void cb_interrupt_install(const char *what);

int cb_interrupt_signal(void); /* the number of the first; 0: there was none */

/* A child that gets the signals, too; 0: none. */
void cb_interrupt_forward_to(pid_t child);

#endif

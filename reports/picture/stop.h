#ifndef CB_PICTURE_STOP_H
#define CB_PICTURE_STOP_H

/* SIGINT, SIGTERM and SIGHUP ask for an end; a second one of a kind ends the program at once. Those that are ignored
 * stay so (nohup). */
void cb_stop_install(void);
/* The number of the last one; 0: there was none. */
int cb_stop_signal(void);

enum cb_waited { CB_READABLE, CB_TIME_OVER, CB_STOPPED };

/* Waits until fd can be read, or with -1 only for the time or a signal. *seconds: at most; then what is left of them. */
enum cb_waited cb_stop_wait(int fd, double *seconds);

#endif

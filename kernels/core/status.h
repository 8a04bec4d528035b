#ifndef CB_STATUS_H
#define CB_STATUS_H

/* Result of every library function that can fail. Exit codes: CB_BAD_INPUT and CB_UNAVAILABLE 2, the others 1. */
enum cb_status {
    CB_OK = 0,
    CB_BAD_INPUT = 1, /* an argument, option or file content is wrong: the user can mend it */
    CB_NO_MEMORY = 2,
    CB_IO_ERROR = 3,    /* a system call on a file or socket failed */
    CB_UNAVAILABLE = 4, /* this machine or build lacks what was asked for */
    CB_FAILED = 5,      /* what was run failed: a program, a measurement */
};

/* One message for the user: what, where (file, line or byte offset), expected and got, what to do. No trailing
 * newline. */
struct cb_error {
    char text[1024];
};

/* Writes a printf-style message to err (err may be NULL) and returns status, so that a failure is one statement. */
enum cb_status cb_fail(struct cb_error *err, enum cb_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

#ifndef CB_LOST_TIME_H
#define CB_LOST_TIME_H

#include <stdbool.h>
#include <stddef.h>

/* Time that threads of this process lost to others: they were ready to run, and another program had their CPU, or the
 * hypervisor had. Counted since the start of the process (of stolen_s: of the system). */
struct cb_lost_time {
    double waiting_s; /* on run queues, all threads, as /proc/self/task/N/schedstat tells */
    bool waiting_known;
    double switches; /* involuntary context switches, all threads (getrusage) */
    double stolen_s; /* steal of all CPUs of the system (/proc/stat); 0 if it is not told */
    size_t cpus;     /* of the system; at least 1 */
};

/* root: "" for this system; a folder with proc/ in tests. */
void cb_lost_time_read(struct cb_lost_time *lost, const char *root);

/* What was lost between two readings as a share of threads * wall_s (> 0). Steal is taken as spread evenly over the
 * CPUs. Where waiting is not known, an involuntary switch counts as CB_SWITCH_S. */
#define CB_SWITCH_S 0.004 /* about a time slice of Linux */
double cb_lost_share(const struct cb_lost_time *before, const struct cb_lost_time *after, size_t threads,
                     double wall_s);

#endif

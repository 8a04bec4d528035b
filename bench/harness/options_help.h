#ifndef CB_OPTIONS_HELP_H
#define CB_OPTIONS_HELP_H

/* Prints --help and ends the program, as Google Benchmark asks of it. */
void cb_bench_print_usage(void);

#endif

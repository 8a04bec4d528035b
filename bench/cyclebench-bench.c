/* cyclebench bench: times the kernels beside the libraries that people would use instead. */
#include <stdio.h>
#include <stdlib.h>

#include "document.h"
#include "interrupt.h"
#include "runner.h"
#include "standard_files.h"

enum { EXIT_USAGE = 2 };

int main(int argc, char **argv)
{
    cb_open_standard_files();
    struct cb_bench_options o;
    struct cb_error err;
    enum cb_status status = cb_bench_options_parse(&o, argc, argv, &err);
    if (!status) status = cb_document_check("--benchmark_out", o.google.out, &err);
    if (!status) status = cb_document_check("--summary", o.summary, &err);
    if (!status) status = o.ceilings ? cb_bench_ceilings(&o, &err) : cb_bench_run(&o, cb_suites, &err);
    free(o.google.argv);
    int signal = cb_interrupt_signal();
    if (status) fprintf(stderr, "cyclebench bench: %s\n", err.text);
    if (signal) return 128 + signal;
    if (!status) return EXIT_SUCCESS;
    return status == CB_BAD_INPUT || status == CB_UNAVAILABLE ? EXIT_USAGE : EXIT_FAILURE;
}

/* Reading, comparing and printing while the n-th allocation fails, for n in steps: a message and exit status 1, or the
 * whole output; never a crash, and never output with holes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/comparison.h"
#include "../lib/memory.h"
#include "../lib/table.h"

static const char *const paths[] = {"reports/test/runs/second-moved", "reports/test/runs/torn"};

enum { RUNS = sizeof paths / sizeof *paths, ENOUGH = 100000, STEP = 7, NO_FAILURE = -1 };

#ifndef CB_SANITIZED
/* In the place of the C library's, for this program and jansson. A sanitizer has its own. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

static long left = NO_FAILURE; /* allocations until the one that fails */

static bool fails(void)
{
    if (left == NO_FAILURE || left-- > 0) return false;
    left = NO_FAILURE;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    return fails() ? NULL : __libc_realloc(memory, size);
}

/* In a child: the whole job as cyclebench-compare does it. */
static int job(FILE *out, long failing)
{
    cb_report_memory_init();
    left = failing;
    struct cb_report_run runs[RUNS];
    struct cb_report_error err;
    for (size_t i = 0; i < RUNS; i++)
        if (!cb_report_run_read(&runs[i], paths[i], 0, &err)) return 90;
    json_t *comparison = cb_comparison(runs, RUNS, &(struct cb_comparison_options){.target_percent = (double)NAN});
    for (int of_runs = 0; of_runs < 2; of_runs++) {
        json_t *table = cb_table(comparison, of_runs);
        cb_table_print(out, table);
        cb_table_print_markdown(out, table);
        json_decref(table);
        cb_csv_print(out, json_object_get(comparison, of_runs ? "runs" : "groups"));
    }
    int failed = json_dumpf(comparison, out, JSON_INDENT(2));
    bool survived = left == NO_FAILURE && failing != NO_FAILURE;
    left = NO_FAILURE;
    json_decref(comparison);
    for (size_t i = 0; i < RUNS; i++) cb_report_run_free(&runs[i]);
    if (failed || fflush(out) || ferror(out)) return 91;
    return survived ? 92 : 0;
}

/* Runs it with its output in a file and its messages in another; the child's exit status, or -1 after a signal. */
static int run_job(int out, int messages, long failing)
{
    assert_int_equal(ftruncate(out, 0), 0);
    assert_int_equal(ftruncate(messages, 0), 0);
    fflush(stdout);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        lseek(out, 0, SEEK_SET);
        lseek(messages, 0, SEEK_SET);
        dup2(messages, STDERR_FILENO);
        FILE *file = fdopen(out, "w");
        int status = file ? job(file, failing) : 93;
        fflush(NULL);
        _exit(status);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    static char whole[64 << 10], other[64 << 10];
    FILE *out = tmpfile(), *messages = tmpfile();
    assert_non_null(out);
    assert_non_null(messages);
    assert_int_equal(run_job(fileno(out), fileno(messages), NO_FAILURE), 0);
    ssize_t length = pread(fileno(out), whole, sizeof whole, 0);
    assert_true(length > 1000 && length < (ssize_t)sizeof whole);
    long n = 0, refused = 0;
    for (; n < ENOUGH; n += STEP) {
        int status = run_job(fileno(out), fileno(messages), n);
        if (status == 0) break; /* fewer allocations than that */
        bool complete = pread(fileno(out), other, sizeof other, 0) == length && !memcmp(whole, other, (size_t)length);
        if (status == 92 && complete) continue; /* of a buffer that the C library can do without */
        ssize_t said = pread(fileno(messages), other, sizeof other - 1, 0);
        other[said > 0 ? said : 0] = '\0';
        if (status != 1 || !strstr(other, "out of memory"))
            fail_msg("allocation %ld: exit status %d, output %scomplete, message '%s'", n, status, complete ? "" : "in",
                     other);
        refused++;
    }
    assert_true(n < ENOUGH);
    assert_true(refused > 200);
    fclose(out);
    fclose(messages);
}
#else
static void test_failing_allocations(void **state)
{
    (void)state;
    (void)paths;
    print_message("# SKIP test_failing_allocations: [sanitizer] sanitizers have their own malloc\n");
    skip();
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_failing_allocations)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}

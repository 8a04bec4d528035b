/* What counted events mean together, on counts that were made up, and the joules of calls under a made-up RAPL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "derived.h"
#include "joules.h"

static json_t *parse(const char *text)
{
    json_error_t err;
    json_t *json = json_loads(text, 0, &err);
    if (!json) fail_msg("%s", err.text);
    return json;
}

static json_t *derive(const char *counters, double flops, double call_s)
{
    json_t *json = parse(counters), *derived = cb_derived(json, flops, call_s);
    json_decref(json);
    const char *key;
    json_t *value;
    json_object_foreach(derived, key, value)
    {
        char reason[80];
        snprintf(reason, sizeof reason, "%s_reason", key);
        if (!json_is_string(value))
            assert_int_equal(json_is_null(value), json_is_string(json_object_get(derived, reason)));
    }
    return derived;
}

static void assert_value(const json_t *derived, const char *key, double expected)
{
    const double value = json_number_value(json_object_get(derived, key));
    if (!(fabs(value / expected - 1) < 1e-12)) fail_msg("%s: expected %g, got %g", key, expected, value);
}

static void assert_reason(const json_t *derived, const char *key, const char *expected)
{
    char reason[80];
    snprintf(reason, sizeof reason, "%s_reason", key);
    assert_true(json_is_null(json_object_get(derived, key)));
    assert_string_equal(json_string_value(json_object_get(derived, reason)), expected);
}

static void everything_is_counted(void **state)
{
    (void)state;
    json_t *d =
        derive("{\"instructions\": {\"value\": 4000}, \"cycles\": {\"value\": 1600.0}, \"fp_ops\": {\"value\": 8000},"
               " \"branches\": {\"value\": 100}, \"branch_misses\": {\"value\": 2}, \"l1d_misses\": {\"value\": 40},"
               " \"l2_misses\": {\"value\": 20}, \"l3_misses\": {\"value\": 10}, \"PAPI_TLB_DM\": {\"value\": 6},"
               " \"dTLB-load-misses\": {\"value\": 7}, \"iTLB-load-misses\": {\"value\": 8},"
               " \"joules\": {\"value\": 0.5}}",
               6000, 2e-6);
    assert_value(d, "ipc", 2.5);
    assert_value(d, "gflops_counted", 4);
    assert_value(d, "gflops_analytic", 3);
    assert_value(d, "bytes_per_flop", 10. * (double)sysconf(_SC_LEVEL1_DCACHE_LINESIZE) / 8000);
    assert_value(d, "l1d_misses_per_1000_instructions", 10);
    assert_value(d, "l2_misses_per_1000_instructions", 5);
    assert_value(d, "l3_misses_per_1000_instructions", 2.5);
    assert_value(d, "branch_misses_per_1000_instructions", 0.5);
    assert_value(d, "branch_miss_share", 0.02);
    assert_value(d, "dtlb_misses_per_1000_instructions", 1.5); /* PAPI's comes first */
    assert_value(d, "itlb_misses_per_1000_instructions", 2);
    assert_value(d, "joules", 0.5);
    assert_value(d, "watts", 250000);
    json_decref(d);
}

/* Never 0 where nothing is known, nor a division by 0. */
static void what_is_missing_has_its_reason(void **state)
{
    (void)state;
    json_t *d = derive("{\"instructions\": {\"value\": 4000}, \"cycles\": {\"value\": null, \"reason\": \"no PMU\"},"
                       " \"branches\": {\"value\": 0}, \"branch_misses\": {\"value\": 0}}",
                       0, 2e-6);
    assert_reason(d, "ipc", "cycles: no PMU");
    assert_reason(d, "branch_miss_share", "branches is 0");
    assert_reason(d, "dtlb_misses_per_1000_instructions", "PAPI_TLB_DM was not asked for");
    assert_reason(d, "gflops_analytic", "no operations of the shape");
    assert_reason(d, "joules", "joules was not asked for");
    assert_true(json_is_real(json_object_get(d, "branch_misses_per_1000_instructions"))); /* 0 was counted */
    json_decref(d);
    d = derive("{\"fp_ops\": {\"value\": 8}}", 8, NAN);
    assert_reason(d, "gflops_counted", "no seconds of a call");
    json_decref(d);
    d = derive("{\"instructions\": {\"value\": 8}, \"cycles\": {\"value\": 0}}", 8, 1);
    assert_reason(d, "ipc", "cycles is 0");
    json_decref(d);
}

/* --- joules ------------------------------------------------------------------------------------------------------- */

static char root[] = "/tmp/cyclebench-derived-XXXXXX";
static const char *const folders[] = {"", "/sys", "/sys/class", "/sys/class/powercap",
                                      "/sys/class/powercap/intel-rapl:0"};
enum { FOLDERS = sizeof folders / sizeof *folders };

static void put(const char *file, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s%s/%s", root, folders[FOLDERS - 1], file);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static size_t runs;

/* 2.5 joules. */
static void work(void *context)
{
    runs++;
    put("energy_uj", "3500000\n");
    usleep(*(useconds_t *)context);
}

static void joules(void **state)
{
    (void)state;
    useconds_t pause = 30000;
    json_t *nothing = cb_joules_of(root, work, &pause, 5);
    assert_true(json_is_null(json_object_get(nothing, "value")) && runs == 0);
    assert_non_null(strstr(json_string_value(json_object_get(nothing, "reason")), "no RAPL package"));
    json_decref(nothing);
    for (size_t i = 1; i < FOLDERS; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s%s", root, folders[i]);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    put("name", "package-0\n");
    put("max_energy_range_uj", "9000000\n");
    put("energy_uj", "1000000\n");
    json_t *known = cb_joules_of(root, work, &pause, 5);
    assert_true(fabs(json_real_value(json_object_get(known, "value")) - 0.5) < 1e-9 && runs == 1);
    assert_string_equal(json_string_value(json_object_get(known, "source")), "RAPL, all programs on the packages");
    json_decref(known);
    pause = 0;
    put("energy_uj", "1000000\n");
    json_t *brief = cb_joules_of(root, work, &pause, 5);
    assert_true(json_is_null(json_object_get(brief, "value")));
    assert_non_null(strstr(json_string_value(json_object_get(brief, "reason")), "and RAPL needs 20: a longer"));
    json_decref(brief);
}

static int make_root(void **state)
{
    (void)state;
    return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
    (void)state;
    static const char *const files[] = {"name", "max_energy_range_uj", "energy_uj"};
    char path[256];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s%s/%s", root, folders[FOLDERS - 1], files[i]);
        unlink(path);
    }
    for (size_t i = FOLDERS; i-- > 0;) {
        snprintf(path, sizeof path, "%s%s", root, folders[i]);
        rmdir(path);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_counted),
        cmocka_unit_test(what_is_missing_has_its_reason),
        cmocka_unit_test_setup_teardown(joules, make_root, remove_root),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("derived", tests, NULL, NULL);
}

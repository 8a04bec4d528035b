/* Time that others took from this process, and the energy of the packages: read from folders that stand for /proc and
 * /sys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "energy.h"
#include "lost_time.h"

static char root[] = "/tmp/cyclebench-test-XXXXXX";

static void put(const char *path, const char *text)
{
    char command[PATH_MAX + 64], whole[PATH_MAX];
    snprintf(whole, sizeof whole, "%s/%s", root, path);
    snprintf(command, sizeof command, "mkdir -p \"$(dirname '%s')\"", whole);
    assert_int_equal(system(command), 0);
    FILE *file = fopen(whole, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int make_root(void **state)
{
    (void)state;
    strcpy(root + sizeof root - 7, "XXXXXX");
    return mkdtemp(root) ? 0 : 1;
}

static int remove_root(void **state)
{
    (void)state;
    char command[PATH_MAX];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

static void test_waiting_of_all_threads(void **state)
{
    (void)state;
    struct cb_lost_time lost;
    put("proc/self/task/7/schedstat", "900000000 1500000000 12\n");
    put("proc/self/task/8/schedstat", "900000000 250000000 3\n");
    put("proc/stat", "cpu  1 2 3 4 5 6 7 300 0 0\ncpu0 1 2 3 4 5 6 7 300 0 0\n");
    cb_lost_time_read(&lost, root);
    assert_true(lost.waiting_known);
    assert_true(fabs(lost.waiting_s - 1.75) < 1e-9);
    assert_true(fabs(lost.stolen_s - 300.0 / (double)sysconf(_SC_CLK_TCK)) < 1e-9);
    assert_true(lost.cpus >= 1);
}

static void test_a_kernel_that_does_not_tell(void **state)
{
    (void)state;
    struct cb_lost_time lost;
    put("proc/stat", "nothing\n");
    cb_lost_time_read(&lost, root);
    assert_false(lost.waiting_known);
    assert_true(lost.waiting_s == 0 && lost.stolen_s == 0);
}

static void test_this_system_only_counts_up(void **state)
{
    (void)state;
    struct cb_lost_time before, after;
    cb_lost_time_read(&before, "");
    cb_lost_time_read(&after, "");
    assert_true(after.waiting_s >= before.waiting_s && after.switches >= before.switches);
    assert_true(after.stolen_s >= before.stolen_s);
}

static void test_share(void **state)
{
    (void)state;
    struct cb_lost_time before = {.waiting_s = 10, .waiting_known = true, .switches = 5, .stolen_s = 1, .cpus = 4};
    struct cb_lost_time after = before;
    assert_true(cb_lost_share(&before, &after, 2, 0.5) == 0);
    after.waiting_s += 0.02; /* of 2 * 0.5 s */
    assert_true(fabs(cb_lost_share(&before, &after, 2, 0.5) - 0.02) < 1e-12);
    after.stolen_s += 0.04; /* two of four CPUs: half of it is ours */
    assert_true(fabs(cb_lost_share(&before, &after, 2, 0.5) - 0.04) < 1e-12);
    after.switches += 10; /* waiting is known: they are in it */
    assert_true(fabs(cb_lost_share(&before, &after, 2, 0.5) - 0.04) < 1e-12);
    after.waiting_known = false;
    assert_true(fabs(cb_lost_share(&before, &after, 2, 0.5) - (10 * CB_SWITCH_S + 0.02)) < 1e-12);
}

static void test_energy_of_packages(void **state)
{
    (void)state;
    struct cb_energy energy;
    struct cb_energy_reading before, after;
    put("sys/class/powercap/intel-rapl:0/name", "package-0\n");
    put("sys/class/powercap/intel-rapl:0/energy_uj", "1000000\n");
    put("sys/class/powercap/intel-rapl:0/max_energy_range_uj", "9000000\n");
    put("sys/class/powercap/intel-rapl:1/name", "psys\n"); /* all of the board: not added to its packages */
    put("sys/class/powercap/intel-rapl:1/energy_uj", "5\n");
    put("sys/class/powercap/intel-rapl:1/max_energy_range_uj", "9000000\n");
    put("sys/class/powercap/intel-rapl:2/name", "package-1\n");
    put("sys/class/powercap/intel-rapl:2/energy_uj", "8000000\n");
    put("sys/class/powercap/intel-rapl:2/max_energy_range_uj", "9000000\n");
    cb_energy_open(&energy, root);
    assert_int_equal(energy.packages, 2);
    assert_string_equal(energy.reason, "");
    cb_energy_read(&energy, &before);
    put("sys/class/powercap/intel-rapl:0/energy_uj", "3500000\n");
    put("sys/class/powercap/intel-rapl:2/energy_uj", "1000000\n"); /* began anew */
    cb_energy_read(&energy, &after);
    assert_true(fabs(cb_energy_joules(&energy, &before, &after) - (2.5 + 2)) < 1e-9);
    put("sys/class/powercap/intel-rapl:2/energy_uj", "broken\n");
    cb_energy_read(&energy, &after);
    assert_true(isnan(cb_energy_joules(&energy, &before, &after)));
}

static void test_no_energy(void **state)
{
    (void)state;
    struct cb_energy energy;
    struct cb_energy_reading reading;
    cb_energy_open(&energy, root);
    assert_int_equal(energy.packages, 0);
    assert_non_null(strstr(energy.reason, "no RAPL package"));
    cb_energy_read(&energy, &reading);
    assert_true(isnan(cb_energy_joules(&energy, &reading, &reading)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_waiting_of_all_threads, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_a_kernel_that_does_not_tell, make_root, remove_root),
        cmocka_unit_test(test_this_system_only_counts_up),
        cmocka_unit_test(test_share),
        cmocka_unit_test_setup_teardown(test_energy_of_packages, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_no_energy, make_root, remove_root),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("lost_time", tests, NULL, NULL);
}

/* Threads bound here, control groups from files, and the description of this machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <ftw.h>
#include <hwloc.h>
#include <jansson.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cgroup.h"
#include "core/isa.h"
#include "core/team.h"
#include "instruments.h"
#include "placement.h"
#include "sysfile.h"

/* --- binding here --------------------------------------------------------------------------------------------- */

enum { MAX_THREADS = 4096 };

static void forget_the_users_placement(void)
{
    static const char *const variables[] = {"OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY", "KMP_AFFINITY"};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) unsetenv(variables[i]);
}

static size_t cores_here(const char *test)
{
    int cores = hwloc_get_nbobjs_by_type(cb_topology(), HWLOC_OBJ_CORE);
    if (cores > 0 && cores <= MAX_THREADS) return (size_t)cores;
    print_message("# SKIP %s: [cores] hwloc does not know the cores of this machine\n", test);
    skip();
    return 0;
}

static void note_affinity(void *context, size_t thread, void *scratch)
{
    (void)scratch;
    cpu_set_t *sets = context;
    sched_getaffinity(0, sizeof sets[thread], &sets[thread]);
}

/* Each thread of a team of this size has a core to itself, says the kernel. */
static void assert_bound(size_t threads)
{
    struct cb_team *team;
    const char *placement;
    struct cb_error err = {""};
    cpu_set_t *sets = calloc(threads, sizeof *sets);
    if (cb_bind_threads(threads, &placement, &err)) fail_msg("%s", err.text);
    assert_non_null(strstr(placement, "bound to"));
    assert_int_equal(cb_team_create(&team, threads, 0, NULL), CB_OK);
    cb_team_each(team, note_affinity, sets);
    assert_int_equal(cb_check_binding(team, &err), CB_OK);
    json_t *cpus = cb_team_cpus(team);
    assert_int_equal(json_array_size(cpus), threads);
    cb_team_destroy(team);
    for (size_t i = 0; i < threads; i++) {
        hwloc_obj_t core = NULL;
        hwloc_bitmap_t set = hwloc_bitmap_alloc(), told = hwloc_bitmap_alloc();
        for (unsigned cpu = 0; cpu < CPU_SETSIZE; cpu++)
            if (CPU_ISSET(cpu, &sets[i])) hwloc_bitmap_set(set, cpu);
        while ((core = hwloc_get_next_obj_by_type(cb_topology(), HWLOC_OBJ_CORE, core)))
            if (hwloc_bitmap_isequal(core->cpuset, set)) break;
        if (!core) fail_msg("thread %zu of %zu is on no single core", i, threads);
        hwloc_bitmap_list_sscanf(told, json_string_value(json_array_get(cpus, i)));
        assert_true(hwloc_bitmap_isequal(told, set));
        for (size_t j = 0; j < i; j++) assert_false(CPU_EQUAL(&sets[i], &sets[j]));
        hwloc_bitmap_free(set);
        hwloc_bitmap_free(told);
    }
    json_decref(cpus);
    free(sets);
}

static void test_team_is_bound_to_separate_cores(void **state)
{
    (void)state;
    forget_the_users_placement();
    assert_bound(cores_here("test_team_is_bound_to_separate_cores"));
}

/* Each thread of a team that is larger than the machine may run on all of it, also those that are new. */
static void assert_unbound(size_t threads)
{
    struct cb_team *team;
    const char *placement;
    struct cb_error err;
    hwloc_bitmap_t told = hwloc_bitmap_alloc();
    if (cb_bind_threads(threads, &placement, &err)) fail_msg("%s", err.text);
    assert_string_equal(placement, "not bound: more threads than CPUs");
    assert_int_equal(cb_team_create(&team, threads, 0, NULL), CB_OK);
    json_t *cpus = cb_team_cpus(team);
    assert_int_equal(json_array_size(cpus), threads);
    for (size_t i = 0; i < threads; i++) {
        hwloc_bitmap_list_sscanf(told, json_string_value(json_array_get(cpus, i)));
        assert_true(hwloc_bitmap_isequal(told, hwloc_topology_get_topology_cpuset(cb_topology())));
    }
    json_decref(cpus);
    cb_team_destroy(team);
    hwloc_bitmap_free(told);
}

/* libgomp replaces the threads that a smaller team did not need; the new ones inherit the binding of the first. */
static void test_teams_are_bound_again(void **state)
{
    (void)state;
    forget_the_users_placement();
    size_t cores = cores_here("test_teams_are_bound_again"), cpus = cb_plan_max_threads(cb_topology());
    static const size_t sizes[] = {2, 1, 2, 3, 2, 1, 3};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        if (sizes[i] <= cores) assert_bound(sizes[i]);
        if (sizes[i] > cpus) assert_unbound(sizes[i]);
    }
    assert_unbound(cpus + 1);
    assert_bound(1);
}

static void move_away(void *context, size_t thread, void *scratch)
{
    (void)scratch;
    const size_t *which = context;
    hwloc_const_bitmap_t all = hwloc_topology_get_topology_cpuset(cb_topology());
    if (thread == *which) hwloc_set_cpubind(cb_topology(), all, HWLOC_CPUBIND_THREAD);
}

static void test_a_moved_thread_is_an_error(void **state)
{
    (void)state;
    forget_the_users_placement();
    size_t cores = cores_here("test_a_moved_thread_is_an_error");
    if (cores < 2) {
        print_message("# SKIP test_a_moved_thread_is_an_error: [cores] one core\n");
        skip();
    }
    struct cb_team *team;
    struct cb_error err;
    assert_bound(2);
    assert_int_equal(cb_team_create(&team, 2, 0, NULL), CB_OK);
    for (size_t which = 0; which < 2; which++) {
        char text[32];
        cb_team_each(team, move_away, &which);
        assert_int_equal(cb_check_binding(team, &err), CB_UNAVAILABLE);
        snprintf(text, sizeof text, "thread %zu of 2 is not bound", which);
        assert_non_null(strstr(err.text, text));
        assert_int_equal(cb_bind_threads(2, NULL, NULL), CB_OK);
        assert_int_equal(cb_check_binding(team, &err), CB_OK);
    }
    cb_team_destroy(team);
}

static void test_user_placement_is_respected(void **state)
{
    (void)state;
    const char *placement;
    setenv("OMP_PLACES", "cores", 1);
    assert_int_equal(cb_bind_threads(cb_default_threads(NULL), &placement, NULL), CB_OK);
    assert_string_equal(placement, "as OMP_PLACES says");
    unsetenv("OMP_PLACES");
}

static void test_more_threads_than_cpus(void **state)
{
    (void)state;
    struct cb_error err;
    size_t cpus = cb_plan_max_threads(cb_topology());
    assert_true(cpus > 0);
    assert_int_equal(cb_check_threads(cpus, "--threads", false, &err), CB_OK);
    assert_int_equal(cb_check_threads(cpus + 1, "--threads", true, &err), CB_OK);
    assert_int_equal(cb_check_threads(cpus + 1, "--threads", false, &err), CB_BAD_INPUT);
    assert_int_equal(strncmp(err.text, "--threads: ", 11), 0);
    assert_non_null(strstr(err.text, "--oversubscribe"));
}

static void test_default_threads(void **state)
{
    (void)state;
    const char *reason = NULL;
    setenv("OMP_NUM_THREADS", "7", 1);
    unsetenv("OMP_THREAD_LIMIT");
    assert_int_equal(cb_default_threads(&reason), 7);
    assert_string_equal(reason, "OMP_NUM_THREADS");
    unsetenv("OMP_NUM_THREADS");
    assert_true(cb_default_threads(&reason) >= 1);
    assert_non_null(reason);
}

/* --- control groups ------------------------------------------------------------------------------------------- */

static char root[] = "/tmp/cyclebench-test-XXXXXX";

static int make_root(void **state)
{
    (void)state;
    memcpy(root + sizeof root - 7, "XXXXXX", 6);
    return mkdtemp(root) ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static int remove_root(void **state)
{
    (void)state;
    return nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* Writes a file below root, with its folders. */
static void put(const char *path, const char *text)
{
    char name[512];
    snprintf(name, sizeof name, "%s/%s", root, path);
    for (char *slash = name + strlen(root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        assert_true(!mkdir(name, 0777) || errno == EEXIST);
    }
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void test_cgroup_v2(void **state)
{
    (void)state;
    struct cb_cgroup cgroup;
    put("proc/self/cgroup", "0::/system.slice/job.scope\n");
    put("sys/fs/cgroup/system.slice/job.scope/cpu.max", "max 100000\n");
    put("sys/fs/cgroup/system.slice/job.scope/cpu.stat",
        "usage_usec 5\nnr_periods 9\nnr_throttled 4\nthrottled_usec 7\n");
    cb_cgroup_read(&cgroup, root);
    assert_int_equal(cgroup.version, 2);
    assert_true(!(cgroup.cpus > 0));
    assert_int_equal(cgroup.memory_bytes, 0);
    assert_true(cgroup.throttling_known);
    assert_int_equal(cgroup.throttled, 4);

    /* The lowest limit of all levels holds. */
    put("sys/fs/cgroup/system.slice/cpu.max", "150000 100000\n");
    put("sys/fs/cgroup/system.slice/job.scope/cpu.max", "400000 100000\n");
    put("sys/fs/cgroup/system.slice/job.scope/memory.max", "1073741824\n");
    put("sys/fs/cgroup/system.slice/memory.max", "max\n");
    cb_cgroup_read(&cgroup, root);
    assert_true(cgroup.cpus > 1.499 && cgroup.cpus < 1.501);
    assert_int_equal(cgroup.memory_bytes, 1073741824);
}

static void test_cgroup_in_a_container(void **state)
{
    (void)state;
    struct cb_cgroup cgroup;
    /* The path is the host's and not visible; the mount shows the container's own group. */
    put("proc/self/cgroup", "0::/docker/0123\n");
    put("sys/fs/cgroup/cpu.max", "50000 100000\n");
    cb_cgroup_read(&cgroup, root);
    assert_true(cgroup.cpus > 0.499 && cgroup.cpus < 0.501);
}

static void test_cgroup_v1(void **state)
{
    (void)state;
    struct cb_cgroup cgroup;
    put("proc/self/cgroup", "5:memory:/box\n3:cpuset:/\n2:cpu,cpuacct:/box\n");
    put("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "300000\n");
    put("sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n");
    put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
    put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    put("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "9223372036854771712\n");
    cb_cgroup_read(&cgroup, root);
    assert_int_equal(cgroup.version, 1);
    assert_true(cgroup.cpus > 2.999 && cgroup.cpus < 3.001);
    assert_int_equal(cgroup.memory_bytes, 0);
    assert_false(cgroup.throttling_known);
}

static void test_no_cgroup(void **state)
{
    (void)state;
    struct cb_cgroup cgroup;
    cb_cgroup_read(&cgroup, root);
    assert_int_equal(cgroup.version, 0);
    assert_true(!(cgroup.cpus > 0));
    put("proc/self/cgroup", "nonsense\n0:\n::\n");
    put("sys/fs/cgroup/cpu.max", "what ever\n");
    cb_cgroup_read(&cgroup, root);
    assert_true(!(cgroup.cpus > 0));
}

static void test_values_of_files(void **state)
{
    (void)state;
    char value[32], path[512];
    put("file", "MemTotal:       24684112 kB\nMem: 1\nPRETTY_NAME=\"Some Linux 1\"\nempty:\n");
    snprintf(path, sizeof path, "%s/file", root);
    assert_true(cb_sysfile_value(value, sizeof value, path, "Mem"));
    assert_string_equal(value, "1");
    assert_true(cb_sysfile_value(value, sizeof value, path, "PRETTY_NAME"));
    assert_string_equal(value, "Some Linux 1");
    assert_false(cb_sysfile_value(value, sizeof value, path, "absent"));
    assert_false(cb_sysfile_value(value, sizeof value, path, "empty"));
    assert_true(cb_sysfile_line(value, sizeof value, "%s/file", root));
    assert_string_equal(value, "MemTotal:       24684112 kB");
    assert_false(cb_sysfile_line(value, sizeof value, "%s/absent", root));
    assert_string_equal(value, "");
}

/* --- description and warnings --------------------------------------------------------------------------------- */

static void test_machine_is_complete(void **state)
{
    (void)state;
    static const char *const keys[] = {"cpu_model",
                                       "cpu_family",
                                       "cpu_stepping",
                                       "virtual_machine",
                                       "hypervisor",
                                       "isa_available",
                                       "isa_selected",
                                       "cores",
                                       "cpus",
                                       "threads",
                                       "l1d_bytes",
                                       "l2_bytes",
                                       "l3_bytes",
                                       "memory_bytes",
                                       "os",
                                       "kernel",
                                       "governor",
                                       "load_average",
                                       "cpu_quota",
                                       "transparent_huge_pages",
                                       "environment",
                                       "compiler",
                                       "flags",
                                       "commit",
                                       "build_type",
                                       "threads_reason",
                                       "placement",
                                       "thread_cpus",
                                       "clock_source",
                                       "openmp",
                                       "other_running_tasks",
                                       "counters",
                                       "warnings"};
    assert_int_equal(cb_isa_select("scalar", NULL), CB_OK);
    setenv("OMP_DISPLAY_ENV", "false", 1);
    json_t *machine = cb_machine_json(3);
    assert_non_null(machine);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const json_t *value = json_object_get(machine, keys[i]);
        char reason[64];
        snprintf(reason, sizeof reason, "%s_reason", keys[i]);
        if (!value) fail_msg("%s is missing", keys[i]);
        if (json_is_null(value) && !json_is_string(json_object_get(machine, reason)))
            fail_msg("%s: null without reason", keys[i]);
    }
    assert_int_equal(json_integer_value(json_object_get(machine, "threads")), 3);
    assert_string_equal(json_string_value(json_object_get(machine, "isa_selected")), "scalar");
    assert_string_equal(json_string_value(json_object_get(json_object_get(machine, "environment"), "OMP_DISPLAY_ENV")),
                        "false");
    assert_int_equal(json_array_size(json_object_get(machine, "thread_cpus")), 3);
    json_decref(machine);
    assert_non_null(strstr(cb_machine_line(3), "| scalar | 3 threads |"));
}

static size_t warnings_about(json_t *machine, const char *subject)
{
    json_t *warnings = cb_machine_warnings(machine);
    size_t found = 0;
    for (size_t i = 0; i < json_array_size(warnings); i++) {
        const json_t *warning = json_array_get(warnings, i);
        assert_true(json_is_string(json_object_get(warning, "remedy")));
        found += !subject || !strcmp(json_string_value(json_object_get(warning, "subject")), subject);
    }
    json_decref(warnings);
    return found;
}

/* A machine on which nothing disturbs. */
static json_t *quiet_machine(void)
{
    json_t *machine = json_pack(
        "{s:i, s:i, s:i, s:i, s:s, s:b, s:b, s:f, s:n, s:i, s:s, s:[s, s], s:s, s:s, s:s}", "threads", 4, "cores", 4,
        "cpus", 8, "fast_cores", 4, "governor", "performance", "turbo", 0, "virtual_machine", 0, "load_average", 0.1,
        "cpu_quota", "cpu_throttled_periods", 0, "build_type", "optimized", "isa_available", "scalar", "avx2",
        "isa_selected", "avx2", "commit", "0123456789ab", "transparent_huge_pages", "madvise");
    assert_non_null(machine);
    /* Settings that disturb only together with another. */
    json_object_set_new(machine, "numa_balancing", json_integer(1));
    json_object_set_new(machine, "nmi_watchdog", json_integer(1));
    json_object_set_new(machine, "clock_source", json_string("tsc"));
    json_object_set_new(machine, "placement", json_string("one thread bound to each core"));
    json_object_set_new(machine, "environment", json_pack("{s:s}", "OMP_NUM_THREADS", "4"));
    return machine;
}

static void test_warnings(void **state)
{
    (void)state;
    json_t *machine = quiet_machine();
    assert_int_equal(warnings_about(machine, NULL), 0);
    json_object_set_new(machine, "isa_selected", json_string("scalar")); /* by --isa */
    assert_int_equal(warnings_about(machine, NULL), 0);
    json_decref(machine);
    struct {
        const char *key, *subject;
        json_t *value;
    } cases[] = {
        {"threads", "threads", json_integer(5)},
        {"threads", "threads", json_integer(9)},
        {"cpu_quota", "quota", json_real(3.5)},
        {"cpu_throttled_periods", "quota", json_integer(1)},
        {"fast_cores", "cores", json_integer(2)},
        {"placement", "placement", json_string("not bound: the system refused")},
        {"clock_source", "clock source", json_string("hpet")},
        {"other_running_tasks", "load", json_integer(3)},
        {"numa_nodes", "NUMA", json_integer(2)},
        {"counters", "counters", json_pack("{s:s}", "instructions", "PAPI PAPI_TOT_INS")},
        {"governor", "governor", json_string("powersave")},
        {"turbo", "turbo", json_true()},
        {"virtual_machine", "virtual machine", json_true()},
        {"load_average", "load", json_real(3)},
        {"build_type", "build", json_string("sanitizers")},
        {"environment", "instruction set", json_pack("{s:s}", "CYCLEBENCH_ISA", "scalar")},
        {"commit", "commit", json_string("0123456789ab-dirty")},
        {"transparent_huge_pages", "memory", json_string("never")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        machine = quiet_machine();
        json_object_set_new(machine, cases[i].key, cases[i].value);
        if (!strcmp(cases[i].subject, "instruction set")) /* without the variable it is --isa, and no warning */
            json_object_set_new(machine, "isa_selected", json_string("scalar"));
        if (warnings_about(machine, cases[i].subject) != 1 || warnings_about(machine, NULL) != 1)
            fail_msg("%s: expected one warning about %s", cases[i].key, cases[i].subject);
        json_decref(machine);
    }
}

static void test_time_and_memory(void **state)
{
    (void)state;
    double before = cb_now_s();
    size_t bytes = (size_t)64 << 20, peak = cb_peak_memory_bytes();
    volatile char *block = malloc(bytes);
    assert_non_null((void *)block);
    for (size_t i = 0; i < bytes; i += 4096) block[i] = 1;
    assert_true(cb_peak_memory_bytes() >= peak + bytes / 2);
    free((void *)block);
    assert_true(cb_now_s() > before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_and_memory),
        cmocka_unit_test(test_default_threads),
        cmocka_unit_test(test_user_placement_is_respected),
        cmocka_unit_test(test_team_is_bound_to_separate_cores),
        cmocka_unit_test(test_teams_are_bound_again),
        cmocka_unit_test(test_a_moved_thread_is_an_error),
        cmocka_unit_test(test_more_threads_than_cpus),
        cmocka_unit_test_setup_teardown(test_cgroup_v2, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_cgroup_in_a_container, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_cgroup_v1, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_no_cgroup, make_root, remove_root),
        cmocka_unit_test_setup_teardown(test_values_of_files, make_root, remove_root),
        cmocka_unit_test(test_machine_is_complete),
        cmocka_unit_test(test_warnings),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("instruments", tests, NULL, NULL);
}

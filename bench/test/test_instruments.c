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

static void note_affinity(void *context, size_t task, void *scratch)
{
    (void)scratch;
    cpu_set_t *sets = context;
    sched_getaffinity(0, sizeof sets[task], &sets[task]);
}

static void test_team_is_bound_to_separate_cores(void **state)
{
    (void)state;
    unsetenv("OMP_PROC_BIND");
    unsetenv("OMP_PLACES");
    unsetenv("GOMP_CPU_AFFINITY");
    unsetenv("KMP_AFFINITY");
    int cores = hwloc_get_nbobjs_by_type(cb_topology(), HWLOC_OBJ_CORE);
    if (cores < 1 || cores > MAX_THREADS) {
        print_message("# SKIP test_team_is_bound_to_separate_cores: [cores] hwloc does not know the cores of this machine\n");
        skip();
    }
    const char *placement;
    cb_bind_threads((size_t)cores, &placement);
    if (!strcmp(placement, "not bound: the system refused")) {
        print_message("# SKIP test_team_is_bound_to_separate_cores: [cores] the system refuses sched_setaffinity\n");
        skip();
    }
    assert_string_equal(placement, "one thread bound to each core");
    cpu_set_t *sets = calloc((size_t)cores, sizeof *sets);
    struct cb_team *team;
    assert_int_equal(cb_team_create(&team, (size_t)cores, 0, NULL), CB_OK);
    cb_team_run(team, (size_t)cores, note_affinity, sets);
    cb_team_destroy(team);
    for (int i = 0; i < cores; i++) {
        assert_true(CPU_COUNT(&sets[i]) > 0);
        for (int j = 0; j < i; j++) {
            cpu_set_t both;
            CPU_AND(&both, &sets[i], &sets[j]);
            assert_int_equal(CPU_COUNT(&both), 0);
        }
    }
    free(sets);
}

static void test_user_placement_is_respected(void **state)
{
    (void)state;
    const char *placement;
    setenv("OMP_PLACES", "cores", 1);
    cb_bind_threads(cb_default_threads(NULL), &placement);
    assert_string_equal(placement, "as OMP_PLACES says");
    unsetenv("OMP_PLACES");
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
        {"environment", "environment", json_pack("{s:s}", "OPENBLAS_CORETYPE", "Haswell")},
        {"governor", "governor", json_string("powersave")},
        {"turbo", "turbo", json_true()},
        {"virtual_machine", "virtual machine", json_true()},
        {"load_average", "load", json_real(3)},
        {"build_type", "build", json_string("sanitizers")},
        {"isa_selected", "instruction set", json_string("scalar")},
        {"commit", "commit", json_string("0123456789ab-dirty")},
        {"transparent_huge_pages", "memory", json_string("never")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        machine = quiet_machine();
        json_object_set_new(machine, cases[i].key, cases[i].value);
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

/* The planner and the picture on machines that are not here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <hwloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "placement.h"

static hwloc_topology_t synthetic(const char *description)
{
    hwloc_topology_t topology;
    assert_int_equal(hwloc_topology_init(&topology), 0);
    assert_int_equal(hwloc_topology_set_synthetic(topology, description), 0);
    assert_int_equal(hwloc_topology_load(topology), 0);
    return topology;
}

static size_t planned(const char *machine, const char *num_threads, const char *limit, double quota,
                      const char **reason)
{
    hwloc_topology_t topology = synthetic(machine);
    size_t threads = cb_plan_threads(topology, num_threads, limit, quota, reason);
    hwloc_topology_destroy(topology);
    return threads;
}

static void test_one_thread_per_core(void **state)
{
    (void)state;
    const char *reason;
    assert_int_equal(planned("pack:1 core:4 pu:1", NULL, NULL, 0, &reason), 4);
    assert_non_null(strstr(reason, "physical core"));
    assert_int_equal(planned("pack:2 numa:2 l3:2 core:8 pu:2", NULL, NULL, 0, &reason), 64);
    assert_int_equal(planned("pu:6", NULL, NULL, 0, &reason), 6);
    assert_non_null(strstr(reason, "cores are not known"));
    assert_int_equal(cb_plan_threads(NULL, NULL, NULL, 0, &reason), 1);
    assert_non_null(strstr(reason, "not known"));
}

static void test_restricted_machine(void **state)
{
    (void)state;
    hwloc_topology_t topology = synthetic("core:8 pu:2");
    hwloc_bitmap_t allowed = hwloc_bitmap_alloc();
    hwloc_bitmap_list_sscanf(allowed, "0,2-3,9"); /* half of cores 0 and 4, all of core 1 */
    assert_int_equal(hwloc_topology_restrict(topology, allowed, 0), 0);
    const char *reason;
    assert_int_equal(cb_plan_threads(topology, NULL, NULL, 0, &reason), 3);
    hwloc_bitmap_free(allowed);
    hwloc_topology_destroy(topology);
}

static void test_quota_caps(void **state)
{
    (void)state;
    const char *reason;
    static const struct {
        double quota;
        size_t threads;
    } cases[] = {{0.25, 1}, {1, 1}, {1.99, 1}, {2, 2}, {7.5, 7}, {8, 8}, {100, 8}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(planned("core:8 pu:2", NULL, NULL, cases[i].quota, &reason), cases[i].threads);
        assert_int_equal(strstr(reason, "quota") != NULL, cases[i].quota < 8);
    }
}

static void test_environment_wins(void **state)
{
    (void)state;
    const char *reason;
    assert_int_equal(planned("core:8 pu:2", "3", NULL, 2, &reason), 3);
    assert_string_equal(reason, "OMP_NUM_THREADS");
    assert_int_equal(planned("core:8 pu:2", "5,2", NULL, 0, &reason), 5);
    static const char *const useless[] = {"", "0", "-4", "many"};
    for (size_t i = 0; i < sizeof useless / sizeof *useless; i++)
        assert_int_equal(planned("core:8 pu:2", useless[i], NULL, 0, &reason), 8);
    assert_int_equal(planned("core:8 pu:2", NULL, "6", 0, &reason), 6);
    assert_string_equal(reason, "OMP_THREAD_LIMIT");
    assert_int_equal(planned("core:8 pu:2", "12", "20", 0, &reason), 12);
}

enum { MAX_THREADS = 128 };

/* Plans the binding of this many threads; the first CPU of each, or -1 where they are not bound. */
static void first_cpus(hwloc_topology_t topology, size_t threads, int *cpus, const char **placement)
{
    hwloc_const_cpuset_t sets[MAX_THREADS];
    bool bound = cb_plan_binding(topology, threads, 0, sets, placement);
    for (size_t t = 0; t < threads; t++) cpus[t] = bound ? hwloc_bitmap_first(sets[t]) : -1;
}

static void test_binding_of_a_full_machine(void **state)
{
    (void)state;
    hwloc_topology_t topology = synthetic("pack:2 core:4 pu:2");
    hwloc_const_cpuset_t sets[MAX_THREADS];
    const char *placement;
    assert_true(cb_plan_binding(topology, 8, 6, sets, &placement));
    assert_string_equal(placement, "one thread bound to each core");
    for (size_t t = 0; t < 8; t++) assert_int_equal(hwloc_bitmap_weight(sets[t]), 2);
    for (size_t t = 0; t < 8; t++) assert_int_equal(hwloc_bitmap_first(sets[t]), 2 * t);
    assert_true(cb_plan_binding(topology, 16, 6, sets, &placement));
    assert_string_equal(placement, "one thread bound to each CPU");
    for (size_t t = 0; t < 16; t++) assert_int_equal(hwloc_bitmap_weight(sets[t]), 1);
    hwloc_topology_destroy(topology);
    assert_false(cb_plan_binding(NULL, 1, 0, sets, &placement));
    assert_non_null(strstr(placement, "not known"));
}

/* Neighbouring cores from the one that the process runs on; around at the end of the machine. */
static void test_binding_of_a_small_team(void **state)
{
    (void)state;
    hwloc_topology_t topology = synthetic("pack:2 core:4 pu:2");
    hwloc_const_cpuset_t sets[MAX_THREADS];
    const char *placement;
    for (size_t threads = 1; threads < 8; threads++)
        for (int near = -1; near < 16; near++) {
            assert_true(cb_plan_binding(topology, threads, near, sets, &placement));
            assert_string_equal(placement, "each thread bound to a core of its own");
            for (size_t t = 0; t < threads; t++) {
                int core = ((near < 0 ? 0 : near / 2) + (int)t) % 8;
                assert_int_equal(hwloc_bitmap_first(sets[t]), 2 * core);
                assert_int_equal(hwloc_bitmap_weight(sets[t]), 2);
            }
        }
    hwloc_topology_destroy(topology);
}

/* All CPUs for each thread, so that none stays on the core that it inherited. */
static void test_teams_that_fit_nowhere_are_unbound(void **state)
{
    (void)state;
    hwloc_topology_t topology = synthetic("pack:2 core:4 pu:2");
    hwloc_const_cpuset_t sets[MAX_THREADS];
    const char *placement;
    static const size_t unbound[] = {9, 15, 17, 100};
    assert_int_equal(cb_plan_max_threads(topology), 16);
    for (size_t i = 0; i < sizeof unbound / sizeof *unbound; i++) {
        assert_true(cb_plan_binding(topology, unbound[i], 3, sets, &placement));
        assert_int_equal(strncmp(placement, "not bound", 9), 0);
        assert_non_null(strstr(placement, unbound[i] < 16 ? "fewer than CPUs" : "more threads than CPUs"));
        for (size_t t = 0; t < unbound[i]; t++) assert_int_equal(hwloc_bitmap_weight(sets[t]), 16);
    }
    hwloc_topology_destroy(topology);
    assert_int_equal(cb_plan_max_threads(NULL), 0);
}

/* Threads follow the order of the cores, so that neighbours in the team share caches and memory. */
static void test_two_sockets_and_clustered_caches(void **state)
{
    (void)state;
    static const char *const machines[] = {"pack:2 numa:1 core:4 pu:2", "pack:1 l3:4 core:2 pu:2",
                                           "pack:2 l3:2 core:2 pu:2"};
    for (size_t m = 0; m < sizeof machines / sizeof *machines; m++) {
        hwloc_topology_t topology = synthetic(machines[m]);
        const char *reason, *placement;
        int cpus[8];
        assert_int_equal(cb_plan_threads(topology, NULL, NULL, 0, &reason), 8);
        first_cpus(topology, 8, cpus, &placement);
        for (int t = 0; t < 8; t++) assert_int_equal(cpus[t], 2 * t);
        hwloc_topology_destroy(topology);
    }
}

static void test_binding_of_a_restricted_machine(void **state)
{
    (void)state;
    hwloc_topology_t topology = synthetic("core:8 pu:2");
    hwloc_bitmap_t allowed = hwloc_bitmap_alloc();
    hwloc_bitmap_list_sscanf(allowed, "0,2-3,9"); /* half of cores 0 and 4, all of core 1 */
    assert_int_equal(hwloc_topology_restrict(topology, allowed, 0), 0);
    hwloc_const_cpuset_t sets[MAX_THREADS];
    const char *placement;
    assert_true(cb_plan_binding(topology, 3, 0, sets, &placement));
    for (size_t t = 0; t < 3; t++) assert_true(hwloc_bitmap_isincluded(sets[t], allowed));
    hwloc_bitmap_free(allowed);
    hwloc_topology_destroy(topology);
}

/* Cores 0-3 and 4-7 of a machine are of two kinds, told apart by this attribute. */
static hwloc_topology_t two_kinds(const char *attribute, const char *slow, const char *fast)
{
    hwloc_topology_t topology = synthetic("core:8 pu:1");
    const char *const values[] = {slow, fast};
    for (int kind = 0; kind < 2; kind++) {
        char name[32], value[32];
        snprintf(name, sizeof name, "%s", attribute);
        snprintf(value, sizeof value, "%s", values[kind]);
        struct hwloc_info_s info = {name, value};
        hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
        hwloc_bitmap_set_range(cpus, 4 * (unsigned)kind, 4 * kind + 3);
        assert_int_equal(hwloc_cpukinds_register(topology, cpus, kind, 1, &info, 0), 0);
        hwloc_bitmap_free(cpus);
    }
    return topology;
}

static void test_big_and_little_cores(void **state)
{
    (void)state;
    static const char *const attributes[][3] = {{"LinuxCapacity", "446", "1024"},
                                                {"CoreType", "IntelAtom", "IntelCore"}};
    for (size_t i = 0; i < 2; i++) {
        hwloc_topology_t topology = two_kinds(attributes[i][0], attributes[i][1], attributes[i][2]);
        const char *reason, *placement;
        int cpus[8];
        assert_int_equal(cb_plan_cores(topology), 4);
        assert_int_equal(cb_plan_threads(topology, NULL, NULL, 0, &reason), 4);
        assert_non_null(strstr(reason, "fastest kind"));
        first_cpus(topology, 4, cpus, &placement);
        assert_string_equal(placement, "one thread bound to each core of the fastest kind");
        for (int t = 0; t < 4; t++) assert_int_equal(cpus[t], 4 + t);
        assert_int_equal(cb_plan_threads(topology, "8", NULL, 0, &reason), 8); /* the user wins */
        first_cpus(topology, 8, cpus, &placement);
        assert_string_equal(placement, "one thread bound to each core, of all kinds");
        for (int t = 0; t < 8; t++) assert_int_equal(cpus[t], t);

        /* Only little cores are allowed. */
        hwloc_bitmap_t little = hwloc_bitmap_alloc();
        hwloc_bitmap_set_range(little, 0, 3);
        assert_int_equal(hwloc_topology_restrict(topology, little, 0), 0);
        assert_int_equal(cb_plan_threads(topology, NULL, NULL, 0, &reason), 4);
        first_cpus(topology, 4, cpus, &placement);
        for (int t = 0; t < 4; t++) assert_int_equal(cpus[t], t);
        hwloc_bitmap_free(little);
        hwloc_topology_destroy(topology);
    }
}

/* Cores of one make that merely differ in their highest clock. */
static void test_kinds_by_frequency_are_one_kind(void **state)
{
    (void)state;
    hwloc_topology_t topology = two_kinds("FrequencyMaxMHz", "5000", "5100");
    const char *reason;
    assert_int_equal(cb_plan_cores(topology), 8);
    assert_int_equal(cb_plan_threads(topology, NULL, NULL, 0, &reason), 8);
    hwloc_topology_destroy(topology);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_thread_per_core),
        cmocka_unit_test(test_restricted_machine),
        cmocka_unit_test(test_quota_caps),
        cmocka_unit_test(test_environment_wins),
        cmocka_unit_test(test_binding_of_a_full_machine),
        cmocka_unit_test(test_binding_of_a_small_team),
        cmocka_unit_test(test_teams_that_fit_nowhere_are_unbound),
        cmocka_unit_test(test_two_sockets_and_clustered_caches),
        cmocka_unit_test(test_binding_of_a_restricted_machine),
        cmocka_unit_test(test_big_and_little_cores),
        cmocka_unit_test(test_kinds_by_frequency_are_one_kind),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("placement", tests, NULL, NULL);
}

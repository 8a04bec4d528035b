#include "binding.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cgroup.h"
#include "instruments.h"
#include "placement.h"
#include "processor.h"

/* What was decided in this process, for the machine block. */
static struct {
    size_t threads;
    const char *threads_reason, *placement;
} decided;

size_t cb_default_threads(const char **reason)
{
    struct cb_cgroup cgroup;
    cb_cgroup_read(&cgroup, "");
    decided.threads = cb_plan_threads(cb_topology(), getenv("OMP_NUM_THREADS"), getenv("OMP_THREAD_LIMIT"), cgroup.cpus,
                                      &decided.threads_reason);
    if (reason) *reason = decided.threads_reason;
    return decided.threads;
}

/* Kernels take 200 KiB of stack. */
enum { LEAST_STACK_BYTES = 256 << 10, PROBE_STACK_BYTES = 64 << 10 };

static void *pass_gate(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

/* How many of so many threads the system lets this process have at once. An OpenMP runtime ends the program where they
 * are too few. */
static size_t startable(size_t threads)
{
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_attr_t small;
    pthread_t *made = calloc(threads, sizeof *made);
    size_t n = 0;
    if (!made || pthread_attr_init(&small)) {
        free(made);
        return threads; /* the team will tell */
    }
    pthread_attr_setstacksize(&small, PROBE_STACK_BYTES);
    pthread_mutex_lock(&gate);
    while (n + 1 < threads && !pthread_create(&made[n], &small, pass_gate, &gate)) n++;
    pthread_mutex_unlock(&gate);
    for (size_t i = 0; i < n; i++) pthread_join(made[i], NULL);
    pthread_attr_destroy(&small);
    free(made);
    return n + 1;
}

enum cb_status cb_check_threads(size_t threads, const char *said_by, bool oversubscribe, struct cb_error *err)
{
    size_t most = cb_plan_max_threads(cb_topology()), got;
    struct rlimit stack;
    if (most && threads > most && !oversubscribe)
        return cb_fail(err, CB_BAD_INPUT,
                       "%s: %zu threads, but this process may use %zu CPU%s: take at most as many, or add "
                       "--oversubscribe to have them wait for each other",
                       said_by, threads, most, most == 1 ? "" : "s");
    if (!getrlimit(RLIMIT_STACK, &stack) && stack.rlim_cur < LEAST_STACK_BYTES)
        return cb_fail(err, CB_UNAVAILABLE, "the stack may have %zu KiB, kernels need %d: raise `ulimit -s`",
                       (size_t)stack.rlim_cur / 1024, LEAST_STACK_BYTES / 1024);
    if ((got = startable(threads)) < threads)
        return cb_fail(err, CB_UNAVAILABLE,
                       "%s: %zu threads, but the system lets this process start %zu: take fewer, or raise the limit "
                       "(ulimit -u, pids.max of the control group, memory for their stacks)",
                       said_by, threads, got);
    return CB_OK;
}

/* What a thread of a team says of itself. */
struct seat {
    int error; /* errno of binding it */
    size_t stack_bytes;
    hwloc_bitmap_t cpus; /* that the kernel lets it run on; NULL: not known */
};

struct seating {
    hwloc_topology_t topology;
    hwloc_const_cpuset_t *plan; /* one set a thread; NULL: nothing is planned */
    struct seat *seat;
};

static void look_at_seat(void *context, size_t thread, void *scratch)
{
    (void)scratch;
    struct seating *s = context;
    struct seat *seat = &s->seat[thread];
    pthread_attr_t about;
    hwloc_bitmap_free(seat->cpus);
    seat->cpus = s->topology ? hwloc_bitmap_alloc() : NULL;
    if (seat->cpus && hwloc_get_cpubind(s->topology, seat->cpus, HWLOC_CPUBIND_THREAD)) {
        hwloc_bitmap_free(seat->cpus);
        seat->cpus = NULL;
    }
    if (thread == 0 || pthread_getattr_np(pthread_self(), &about)) return; /* the first is cb_check_threads' */
    pthread_attr_getstacksize(&about, &seat->stack_bytes);
    pthread_attr_destroy(&about);
}

static void take_seat(void *context, size_t thread, void *scratch)
{
    struct seating *s = context;
    s->seat[thread].error = 0;
    if (s->plan && hwloc_set_cpubind(s->topology, s->plan[thread], HWLOC_CPUBIND_THREAD)) s->seat[thread].error = errno;
    look_at_seat(context, thread, scratch);
}

static void leave_seats(struct seating *s, size_t threads)
{
    for (size_t t = 0; s->seat && t < threads; t++) hwloc_bitmap_free(s->seat[t].cpus);
    free(s->seat);
    free(s->plan);
}

/* A text for the log if the user has placed the threads; NULL if that is left to us. */
static const char *user_placement(void)
{
    static const char *const variables[][2] = {{"OMP_PROC_BIND", "as OMP_PROC_BIND says"},
                                               {"OMP_PLACES", "as OMP_PLACES says"},
                                               {"GOMP_CPU_AFFINITY", "as GOMP_CPU_AFFINITY says"},
                                               {"KMP_AFFINITY", "as KMP_AFFINITY says"}};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        if (getenv(variables[i][0])) return variables[i][1];
    return NULL;
}

/* The CPU on which this process was found first: small teams of all sizes start there. */
static int first_cpu(void)
{
    static int cpu = -1;
    if (cpu < 0) cpu = sched_getcpu();
    return cpu;
}

static enum cb_status plan_seats(struct seating *s, size_t threads, const char **placement, struct cb_error *err)
{
    *s = (struct seating){.topology = cb_topology(), .seat = calloc(threads, sizeof *s->seat)};
    *placement = user_placement();
    if (!*placement) s->plan = calloc(threads, sizeof *s->plan);
    if (!s->seat || (!*placement && !s->plan))
        return cb_fail(err, CB_NO_MEMORY, "out of memory to bind %zu threads", threads);
    if (!*placement && !cb_plan_binding(s->topology, threads, first_cpu(), s->plan, placement)) {
        free(s->plan);
        s->plan = NULL;
    }
    return CB_OK;
}

/* What the kernel says against what was planned. */
static enum cb_status compare_seats(const struct seating *s, size_t threads, struct cb_error *err)
{
    enum cb_status status = CB_OK;
    for (size_t t = 0; t < threads && !status; t++) {
        const struct seat *seat = &s->seat[t];
        if (seat->stack_bytes && seat->stack_bytes < LEAST_STACK_BYTES)
            return cb_fail(err, CB_UNAVAILABLE, "thread %zu has %zu KiB of stack, kernels need %d: raise OMP_STACKSIZE",
                           t, seat->stack_bytes / 1024, LEAST_STACK_BYTES / 1024);
        if (!s->plan || (!seat->error && seat->cpus && hwloc_bitmap_isequal(seat->cpus, s->plan[t]))) continue;
        char *planned = NULL, *found = NULL;
        hwloc_bitmap_list_asprintf(&planned, s->plan[t]);
        if (seat->cpus) hwloc_bitmap_list_asprintf(&found, seat->cpus);
        status = cb_fail(err, CB_UNAVAILABLE,
                         "thread %zu of %zu is not bound: planned for CPU %s, the kernel has it on %s%s%s; "
                         "OMP_PROC_BIND=false leaves all threads to the scheduler",
                         t, threads, planned ? planned : "?", found ? found : "CPUs that it does not tell",
                         seat->error ? ": " : "", seat->error ? strerror(seat->error) : "");
        free(planned);
        free(found);
    }
    return status;
}

static enum cb_status seat_team(struct cb_team *team, cb_task_fn *fn, const char **placement, struct cb_error *err)
{
    struct seating seating;
    size_t threads = cb_team_threads(team);
    enum cb_status status = plan_seats(&seating, threads, placement, err);
    if (!status) {
        cb_team_each(team, fn, &seating);
        status = compare_seats(&seating, threads, err);
    }
    leave_seats(&seating, threads);
    return status;
}

enum cb_status cb_bind_threads(size_t threads, const char **placement, struct cb_error *err)
{
    /* OpenMP runtimes keep the threads of this team for the teams of its size that follow. */
    struct cb_team *team;
    decided.placement = "not bound: there is no team of this size";
    enum cb_status status = cb_team_create(&team, threads, 0, err);
    if (!status) status = seat_team(team, take_seat, &decided.placement, err);
    if (status == CB_UNAVAILABLE && team) decided.placement = "not bound: the system refused";
    cb_team_destroy(team);
    if (placement) *placement = decided.placement;
    return status;
}

enum cb_status cb_check_binding(struct cb_team *team, struct cb_error *err)
{
    const char *placement;
    return seat_team(team, look_at_seat, &placement, err);
}

json_t *cb_team_cpus(struct cb_team *team)
{
    size_t threads = cb_team_threads(team);
    struct seating seating = {.topology = cb_topology(), .seat = calloc(threads, sizeof *seating.seat)};
    json_t *cpus = seating.seat ? json_array() : NULL;
    if (cpus) cb_team_each(team, look_at_seat, &seating);
    for (size_t t = 0; cpus && t < threads; t++) {
        char *list = NULL;
        if (seating.seat[t].cpus) hwloc_bitmap_list_asprintf(&list, seating.seat[t].cpus);
        if (!list || json_array_append_new(cpus, json_string(list))) {
            json_decref(cpus);
            cpus = NULL;
        }
        free(list);
    }
    leave_seats(&seating, threads);
    return cpus;
}

/* --- the machine block ---------------------------------------------------------------------------------------- */

/* Teams of other sizes may have run since the program bound its threads, so they are bound anew; what the user's
 * settings did is shown as it is. */
static json_t *thread_cpus(size_t threads)
{
    struct cb_team *team = NULL;
    json_t *cpus = NULL;
    if (decided.placement) cb_bind_threads(threads, NULL, NULL);
    if (!cb_team_create(&team, threads, 0, NULL)) cpus = cb_team_cpus(team);
    cb_team_destroy(team);
    return cpus;
}

void cb_binding_describe(json_t *machine, size_t threads)
{
    json_object_set_new(machine, "threads", json_integer((json_int_t)threads));
    bool ours = decided.threads_reason && decided.threads == threads;
    json_object_set_new(machine, "threads_reason", json_string(ours ? decided.threads_reason : "as asked for"));
    json_t *cpus = thread_cpus(threads);
    cb_describe_text(machine, "placement", decided.placement, "this program leaves its threads to the runtime");
    json_object_set_new(machine, "thread_cpus", cpus ? cpus : json_null());
    if (!cpus) json_object_set_new(machine, "thread_cpus_reason", json_string("the system does not tell"));
}

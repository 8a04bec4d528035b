/* count-marked ISA [--step LIMIT]: the program that `cyclebench count` has counted. Runs every case of the ISA once to
 * warm up and once between the marks of exact_marks.h. Writes a line "#", compiler, C library; then a line for each
 * case: name, the ISA that provides it, its count ("-": counted by the tool that runs this program), and the reason
 * where it was not run. Tabs separate. Exit status: 3 where this CPU, not this build, lacks the ISA. */
#include <gnu/libc-version.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ops.h"
#include "compiler.h"
#include "counted.h"
#include "exact.h"
#include "standard_files.h"

struct call {
    const struct cb_kernel *kernel;
    const struct cb_implementation *implementation;
    void *work;
    enum cb_status status;
    struct cb_error err;
};

static void run(void *context)
{
    struct call *call = context;
    call->status = call->kernel->run(call->work, call->implementation, &call->err);
}

struct counting {
    const struct cb_counted *counted;
    uint64_t step_limit; /* 0: another program counts */
};

static enum cb_status make_ready(struct call *call, const struct cb_case *the_case, struct cb_team **team,
                                 struct cb_error *err)
{
    const struct cb_kernel *k = call->kernel;
    size_t scratch_bytes = k->scratch_bytes ? k->scratch_bytes(the_case->shape) : 0;
    enum cb_status status = cb_team_create(team, 1, scratch_bytes, err);
    if (!status) status = k->setup(&call->work, the_case, *team, err);
    cb_use_isa(call->implementation->isa);
    if (!status) status = k->prepare(call->work, call->implementation, err);
    if (status) return status;
    run(call); /* first uses: lazy binding, allocation */
    if (call->status) *err = call->err;
    return call->status;
}

/* The network's passes are the operations once more, and a step is all of them: too long for single steps. */
static const char *not_stepped(const char *name)
{
    bool whole = !strncmp(name, "step/", 5) || strstr(name, "/block") || strstr(name, "_fused/");
    return whole ? "single steps take too long: its operations are counted one by one" : NULL;
}

static void count_one(void *context, const struct cb_case *the_case, const struct cb_implementation *implementation)
{
    const struct counting *counting = context;
    char name[CB_COUNTED_NAME];
    struct call call = {.kernel = the_case->kernel, .implementation = implementation};
    struct cb_team *team = NULL;
    struct cb_error err;
    cb_counted_name(counting->counted, the_case, implementation, name);
    printf("%s\t%s\t", name, cb_isa_name(cb_counted_provider(implementation->isa, the_case, implementation)));
    if (counting->step_limit && not_stepped(name)) {
        printf("\t%s\n", not_stepped(name));
    } else if (make_ready(&call, the_case, &team, &err)) {
        printf("\t%s\n", err.text);
    } else if (counting->step_limit) {
        struct cb_count count;
        cb_count_by_step(&count, run, &call, counting->step_limit);
        if (count.known)
            printf("%" PRIu64 "\t\n", count.value);
        else
            printf("\t%s\n", count.reason);
    } else {
        cb_counted_work(run, &call);
        printf("-\t\n");
    }
    fflush(stdout); /* a copy of this process is stepped */
    if (call.work) the_case->kernel->release(call.work);
    cb_team_destroy(team);
}

static enum cb_isa isa_of(const char *name)
{
    enum cb_isa isa = CB_ISA_SCALAR;
    while (isa < CB_ISA_COUNT && strcmp(name, cb_isa_name(isa))) isa++;
    return isa;
}

int main(int argc, char **argv)
{
    cb_open_standard_files();
    bool stepped = argc == 4 && !strcmp(argv[2], "--step");
    uint64_t limit = stepped ? strtoull(argv[3], NULL, 10) : 0;
    enum cb_isa isa = argc == 2 || limit ? isa_of(argv[1]) : CB_ISA_COUNT;
    if (isa == CB_ISA_COUNT) {
        fprintf(stderr, "usage: count-marked ISA [--step LIMIT]; ISA is one of %s\n", cb_isa_names());
        return 2;
    }
    struct cb_counted counted;
    struct cb_error err;
    enum cb_status status = cb_counted_make(&counted, isa, &err);
    if (status) {
        fprintf(stderr, "count-marked: %s\n", err.text);
        return status == CB_UNAVAILABLE && cb_ops_of(isa) ? 3 : 1;
    }
    printf("#\t%s\tglibc %s\n", CB_COUNT_COMPILER, gnu_get_libc_version());
    cb_counted_visit(&counted, count_one, &(struct counting){&counted, limit});
    cb_counted_free(&counted);
    return fflush(stdout) || ferror(stdout) ? 1 : 0;
}

#if !defined(__x86_64__)
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exact_step.h"

#if defined(__aarch64__)
static bool program_counter(pid_t child, uintptr_t *pc)
{
    struct user_regs_struct registers;
    struct iovec part = {&registers, sizeof registers};
    if (ptrace(PTRACE_GETREGSET, child, (void *)NT_PRSTATUS, &part)) return false;
    *pc = registers.pc;
    return true;
}
#else
static bool program_counter(pid_t child, uintptr_t *pc)
{
    (void)child, (void)pc;
    errno = ENOSYS;
    return false;
}
#endif

enum { EXIT_NO_PTRACE = 77 };

/* The copy of this process. */
static void be_stepped(cb_work_fn *work, void *context)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL)) _exit(EXIT_NO_PTRACE);
    raise(SIGSTOP);
    cb_counted_work(work, context);
    _exit(0);
}

/* Waits for the child's next stop. False: it is gone (*child is 0 then), and count says how. */
static bool wait_for_stop(struct cb_count *count, pid_t *child, int *status)
{
    while (waitpid(*child, status, 0) < 0) {
        if (errno == EINTR) continue;
        cb_count_missing(count, "single-step: waitpid: %s", strerror(errno));
        *child = 0;
        return false;
    }
    if (WIFSTOPPED(*status)) return true;
    *child = 0;
    if (WIFSIGNALED(*status))
        cb_count_missing(count, "single-step: the work was ended by signal %d (%s)", WTERMSIG(*status),
                         strsignal(WTERMSIG(*status)));
    else if (WEXITSTATUS(*status) == EXIT_NO_PTRACE)
        cb_count_missing(count, "single-step: the kernel forbids ptrace (a container's seccomp profile, or "
                                "kernel.yama.ptrace_scope)");
    else
        cb_count_missing(count, "single-step: the work ended the process with status %d", WEXITSTATUS(*status));
    return false;
}

/* Steps from mark to mark. True: count holds the number of instructions between. */
static bool step_through(struct cb_count *count, pid_t *child, uint64_t limit, struct cb_code_range vdso)
{
    uint64_t steps = 0;
    uintptr_t pc = 0, last = 0;
    bool inside = false;
    int status, deliver = 0;
    if (!wait_for_stop(count, child, &status)) return false;
    ptrace(PTRACE_SETOPTIONS, *child, NULL, (void *)PTRACE_O_EXITKILL);
    while (steps <= limit) {
        if (ptrace(PTRACE_SINGLESTEP, *child, NULL, (void *)(intptr_t)deliver)) {
            cb_count_missing(count, "single-step: ptrace: %s", strerror(errno));
            return false;
        }
        if (!wait_for_stop(count, child, &status)) return false;
        deliver = WSTOPSIG(status) == SIGTRAP ? 0 : WSTOPSIG(status);
        if (deliver) continue; /* a signal, not a step */
        if (!program_counter(*child, &pc)) {
            cb_count_missing(count, "single-step: the program counter cannot be read: %s", strerror(errno));
            return false;
        }
        if (!inside) {
            inside = pc == (uintptr_t)cb_counted_begin;
            last = pc;
            continue;
        }
        /* The instruction at `last` was executed; a repeated string instruction stops after each repetition. */
        steps += pc != last && (last < vdso.first || last >= vdso.end);
        last = pc;
        if (pc == (uintptr_t)cb_counted_end) break;
    }
    return cb_step_result(count, steps, limit);
}

bool cb_step_marked(struct cb_count *count, cb_work_fn *work, void *context, uint64_t limit, struct cb_code_range vdso)
{
    pid_t child = fork();
    if (child < 0) {
        cb_count_missing(count, "single-step: fork: %s", strerror(errno));
        return false;
    }
    if (child == 0) be_stepped(work, context);
    bool counted = step_through(count, &child, limit, vdso);
    if (!child) return counted;
    kill(child, SIGKILL); /* counted or not, it has no more to do */
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
    return counted;
}
#endif

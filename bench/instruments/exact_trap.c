#if defined(__x86_64__)
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "exact_step.h"

enum { TRAP_FLAG = 0x100, FRAME_BYTES = 1 << 16, EXIT_NO_HANDLER = 77 };

/* In memory that the copy of the process shares with this one. */
struct stepping {
    uint64_t steps, limit;
    uintptr_t last;
    struct cb_code_range vdso;
    bool inside, done;
};
static struct stepping *stepping;

/* After each instruction, with the flag off: program counter and flags are those that execution goes on with. */
static void on_trap(int signal, siginfo_t *info, void *machine)
{
    (void)signal, (void)info;
    greg_t *registers = ((ucontext_t *)machine)->uc_mcontext.gregs;
    struct stepping *s = stepping;
    uintptr_t pc = (uintptr_t)registers[REG_RIP];
    if (!s->inside) {
        s->inside = pc == (uintptr_t)cb_counted_begin;
        s->last = pc;
        return;
    }
    /* The instruction at `last` was executed; a repeated string instruction stops after each repetition. */
    s->steps += pc != s->last && (s->last < s->vdso.first || s->last >= s->vdso.end);
    s->last = pc;
    s->done = pc == (uintptr_t)cb_counted_end;
    if (s->done || s->steps > s->limit) {
        registers[REG_EFL] &= ~TRAP_FLAG;
        _exit(0);
    }
}

/* The copy of this process. The handler has a stack of its own: the work's may be nearly full. */
static void step_myself(cb_work_fn *work, void *context)
{
    size_t bytes = FRAME_BYTES + getauxval(AT_MINSIGSTKSZ);
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const stack_t stack = {.ss_sp = memory, .ss_size = bytes};
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    if (memory == MAP_FAILED || sigaltstack(&stack, NULL) || sigaction(SIGTRAP, &action, NULL)) _exit(EXIT_NO_HANDLER);
    sigset_t trap;
    sigemptyset(&trap);
    sigaddset(&trap, SIGTRAP);
    sigprocmask(SIG_UNBLOCK, &trap, NULL);
    __asm__ volatile("lea -128(%%rsp), %%rsp\n\t" /* below what the compiler keeps beneath the stack pointer */
                     "pushfq\n\t"
                     "orq %0, (%%rsp)\n\t"
                     "popfq\n\t"
                     "lea 128(%%rsp), %%rsp"
                     :
                     : "i"(TRAP_FLAG)
                     : "cc", "memory");
    cb_counted_work(work, context);
    _exit(EXIT_NO_HANDLER); /* the flag did nothing, or the work has cleared it */
}

/* True: the copy counted up to the end, or gave up at the limit. */
static bool wait_for_copy(struct cb_count *count, pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) {
            cb_count_missing(count, "single-step: waitpid: %s", strerror(errno));
            return false;
        }
    if (WIFSIGNALED(status))
        cb_count_missing(count, "single-step: the work was ended by signal %d (%s)", WTERMSIG(status),
                         strsignal(WTERMSIG(status)));
    else if (stepping->done || stepping->steps > stepping->limit)
        return true;
    else if (WEXITSTATUS(status) == EXIT_NO_HANDLER)
        cb_count_missing(count, "single-step: this processor or emulator does not trap after each instruction");
    else
        cb_count_missing(count, "single-step: the work ended the process with status %d", WEXITSTATUS(status));
    return false;
}

bool cb_step_marked(struct cb_count *count, cb_work_fn *work, void *context, uint64_t limit, struct cb_code_range vdso)
{
    stepping = mmap(NULL, sizeof *stepping, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (stepping == MAP_FAILED) {
        cb_count_missing(count, "single-step: mmap: %s", strerror(errno));
        return false;
    }
    *stepping = (struct stepping){.limit = limit, .vdso = vdso};
    bool known = false;
    pid_t child = fork();
    if (child < 0) cb_count_missing(count, "single-step: fork: %s", strerror(errno));
    if (child == 0) step_myself(work, context);
    if (child > 0 && wait_for_copy(count, child)) known = cb_step_result(count, stepping->steps, limit);
    munmap(stepping, sizeof *stepping);
    return known;
}
#endif

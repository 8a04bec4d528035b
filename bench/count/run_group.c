#include "run_group.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compiler.h"
#include "interrupt.h"
#include "json_text.h"
#include "sysfile.h"

/* Some 20 microseconds an instruction. */
static const char step_limit[] = "400000";

/* Scalar code of two architectures has two baselines. */
#if defined(__aarch64__)
#define ARCHITECTURE "-aarch64"
#else
#define ARCHITECTURE ""
#endif

enum { MAX_ARGUMENTS = 12, EXIT_NO_ISA = 3, EXIT_NO_TOOL = 126 };

/* glibc picks memcpy and memset by CPU and maker (SSSE3 on AMD alone), and a stepped `rep stosb` stops at each byte. */
static char tunables[] = "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-AVX2,-SSSE3,-ERMS,-FSRM,"
                         "-AVX_Fast_Unaligned_Load:glibc.cpu.x86_rep_movsb_threshold=1073741824:"
                         "glibc.cpu.x86_rep_stosb_threshold=1073741824";

struct command {
    const char *argv[MAX_ARGUMENTS];
    char program[PATH_MAX], option[PATH_MAX + 64], plugin[2 * PATH_MAX];
};

static void make_command(struct command *c, const struct cb_group_run *run, const char *folder)
{
    const struct cb_group *g = &run->group;
    snprintf(c->program, sizeof c->program, "%s/count-marked", folder);
    if (!strcmp(g->source, "callgrind")) {
        snprintf(c->option, sizeof c->option, "--callgrind-out-file=%s/count", run->folder);
        const char *const argv[] = {"valgrind",
                                    "--tool=callgrind",
                                    "-q",
                                    "--collect-atstart=no",
                                    "--toggle-collect=cb_counted_work",
                                    "--dump-after=cb_counted_work",
                                    c->option,
                                    c->program,
                                    g->isa,
                                    NULL};
        memcpy(c->argv, argv, sizeof argv);
    } else if (!strcmp(g->source, "qemu")) {
        snprintf(c->program, sizeof c->program, "%s/aarch64/count-marked", folder);
        snprintf(c->plugin, sizeof c->plugin, "%s/qemu-count.so,out=%s/count", folder, run->folder);
        const char *const argv[] = {"qemu-aarch64", "-plugin", c->plugin, c->program, g->isa, NULL};
        memcpy(c->argv, argv, sizeof argv);
    } else {
        const char *const argv[] = {c->program, g->isa, "--step", step_limit, NULL};
        memcpy(c->argv, argv, sizeof argv);
    }
}

/* In the child. */
static void become(const struct cb_group_run *run, const struct command *c)
{
    char path[PATH_MAX + 8], out[160], threads[] = "OMP_NUM_THREADS=1";
    const char *search = getenv("PATH");
    snprintf(path, sizeof path, "PATH=%s", search ? search : "/usr/bin:/bin");
    snprintf(out, sizeof out, "%s/lines", run->folder);
    int lines = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    snprintf(out, sizeof out, "%s/messages", run->folder);
    int messages = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (lines < 0 || messages < 0 || dup2(lines, STDOUT_FILENO) < 0 || dup2(messages, STDERR_FILENO) < 0) _exit(1);
    personality(ADDR_NO_RANDOMIZE); /* a container may forbid it: addresses are not counted */
    char *environment[] = {path, tunables, threads, NULL};
    execvpe(c->argv[0], (char *const *)(const void *)c->argv, environment);
    dprintf(STDERR_FILENO, "%s: %s (packages valgrind, qemu-user)\n", c->argv[0], strerror(errno));
    _exit(EXIT_NO_TOOL);
}

void cb_group_start(struct cb_group_run *run, const struct cb_group *group, const char *folder)
{
    *run = (struct cb_group_run){.group = *group};
    struct command command;
    snprintf(run->folder, sizeof run->folder, "%s/cyclebench-count-XXXXXX", P_tmpdir);
    if (!mkdtemp(run->folder)) {
        snprintf(run->reason, sizeof run->reason, "%s: %s", run->folder, strerror(errno));
        run->folder[0] = '\0';
        return;
    }
    make_command(&command, run, folder);
    if (access(command.program, X_OK)) {
        snprintf(run->reason, sizeof run->reason, "%.300s is not there%s", command.program,
                 strcmp(group->source, "qemu") ? "" : ": make neon-tests");
        run->not_built = !strcmp(group->source, "qemu");
        return;
    }
    run->process = fork();
    if (run->process < 0) {
        snprintf(run->reason, sizeof run->reason, "fork: %s", strerror(errno));
        run->process = 0;
    } else if (run->process == 0) {
        become(run, &command);
    }
}

/* The last line that it said on standard error. */
static void last_message(char *text, size_t bytes, const struct cb_group_run *run)
{
    char path[160], line[400];
    snprintf(path, sizeof path, "%s/messages", run->folder);
    FILE *file = fopen(path, "re");
    text[0] = '\0';
    while (file && fgets(line, sizeof line, file)) snprintf(text, bytes, "%.*s", (int)strcspn(line, "\n"), line);
    if (file) fclose(file);
}

/* False: run->reason says why. */
static bool wait_for(struct cb_group_run *run)
{
    int status;
    char message[320];
    cb_interrupt_forward_to(run->process);
    while (waitpid(run->process, &status, 0) < 0)
        if (errno != EINTR) {
            snprintf(run->reason, sizeof run->reason, "waitpid: %s", strerror(errno));
            return false;
        }
    cb_interrupt_forward_to(0);
    run->process = 0;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
    last_message(message, sizeof message, run);
    run->machine_lacks =
        WIFEXITED(status) && (WEXITSTATUS(status) == EXIT_NO_TOOL || WEXITSTATUS(status) == EXIT_NO_ISA);
    if (WIFSIGNALED(status))
        snprintf(run->reason, sizeof run->reason, "ended by signal %d: %s", WTERMSIG(status), message);
    else if (run->machine_lacks)
        snprintf(run->reason, sizeof run->reason, "%s", message);
    else
        snprintf(run->reason, sizeof run->reason, "ended with status %d: %s", WEXITSTATUS(status), message);
    return false;
}

/* The count of case `index`, counted from 0, as the tool wrote it; 0: there is none. */
static json_int_t tool_count(const struct cb_group_run *run, size_t index)
{
    char path[192], value[64], line[256];
    if (!strcmp(run->group.source, "callgrind")) { /* a file a case, from 1 */
        snprintf(path, sizeof path, "%s/count.%zu", run->folder, index + 1);
        return cb_sysfile_value(value, sizeof value, path, "totals") ? strtoll(value, NULL, 10) : 0;
    }
    snprintf(path, sizeof path, "%s/count", run->folder); /* a line a case */
    FILE *file = fopen(path, "re");
    json_int_t count = 0;
    for (size_t i = 0; file && i <= index && fgets(line, sizeof line, file); i++)
        count = i == index && !strncmp(line, "instructions: ", 14) ? strtoll(line + 14, NULL, 10) : 0;
    if (file) fclose(file);
    return count;
}

static void read_head(json_t *group, char *line)
{
    char *rest = line + 2, *compiler = strsep(&rest, "\t");
    if (!rest) return;
    rest[strcspn(rest, "\n")] = '\0';
    if (!json_object_get(group, "compiler")) json_object_set_new(group, "compiler", json_string(compiler));
    json_object_set_new(group, "libc", json_string(rest));
}

/* name, ISA, count, reason; split by tabs. */
static json_t *read_case(const struct cb_group_run *run, char *line, size_t *counted)
{
    char *rest = line, *name = strsep(&rest, "\t"), *isa = strsep(&rest, "\t"), *text = strsep(&rest, "\t");
    if (!text || !rest) return NULL;
    json_int_t count = *text == '-' ? tool_count(run, (*counted)++) : strtoll(text, NULL, 10);
    json_t *one = json_pack("{s:s, s:s}", "name", name, "isa", isa);
    json_object_set_new(one, "count", count > 0 ? json_integer(count) : json_null());
    if (count <= 0) {
        rest[strcspn(rest, "\n")] = '\0';
        json_object_set_new(one, "reason", json_string(*rest ? rest : "the tool has no count of it"));
    }
    return one;
}

static void read_lines(json_t *group, json_t *cases, const struct cb_group_run *run)
{
    char path[160], *line = NULL;
    size_t room = 0, counted = 0;
    snprintf(path, sizeof path, "%s/lines", run->folder);
    FILE *file = fopen(path, "re");
    while (file && getline(&line, &room, file) > 0)
        if (!strncmp(line, "#\t", 2))
            read_head(group, line);
        else
            json_array_append_new(cases, read_case(run, line, &counted));
    free(line);
    if (file) fclose(file);
}

static void remove_files(const struct cb_group_run *run)
{
    DIR *dir = *run->folder ? opendir(run->folder) : NULL;
    if (!dir) return;
    for (struct dirent *entry; (entry = readdir(dir));) unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    rmdir(run->folder);
}

json_t *cb_group_finish(struct cb_group_run *run)
{
    json_t *cases = json_array();
    json_t *group = json_pack("{s:s, s:s, s:o}", "source", run->group.source, "isa", run->group.isa, "cases", cases);
    /* A native count-marked is of this build; the cross compiler is known when the emulated one has run. */
    if (strcmp(run->group.source, "qemu"))
        json_object_set_new(group, "compiler", json_string(CB_COUNT_COMPILER ARCHITECTURE));
    if (run->process && wait_for(run)) read_lines(group, cases, run);
    if (!*run->reason && !json_object_get(group, "libc")) {
        snprintf(run->reason, sizeof run->reason, "count-marked is of another build: make it anew");
        json_array_clear(cases);
    }
    if (!json_array_size(cases) && !*run->reason) snprintf(run->reason, sizeof run->reason, "it counted nothing");
    if (*run->reason) {
        json_object_set_new(group, "reason", cb_json_text(run->reason));
        json_object_set_new(group, "machine_lacks", json_boolean(run->machine_lacks));
        json_object_set_new(group, "not_built", json_boolean(run->not_built));
    }
    remove_files(run);
    return group;
}

/* A plugin for qemu-user (7.0 or later): counts the instructions between cb_counted_begin and cb_counted_end of the
 * emulated program, by the names in its symbol table, and writes "instructions: N" for each time to the file that its
 * option out= names. Debian's qemu-user takes plugins (qemu-user-static does not) but ships no header for them: these are the
 * declarations of version 1 of the interface that are used here. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block);
typedef void on_execution(unsigned cpu, void *data);
typedef void on_exit(qemu_plugin_id_t id, void *data);
enum { QEMU_PLUGIN_CB_NO_REGS = 0 };
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, on_translation *call);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, on_execution *call, int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, on_execution *call, int flags, void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, on_exit *call, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t i);
const char *qemu_plugin_insn_symbol(const struct qemu_plugin_insn *insn);

/* What qemu looks for. */
extern int qemu_plugin_version;
int qemu_plugin_version = 1;
int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

static bool inside;
static uint64_t instructions;
static FILE *out;

static void begin(unsigned cpu, void *data)
{
    (void)cpu, (void)data;
    inside = true;
    instructions = 0;
}

static void end(unsigned cpu, void *data)
{
    (void)cpu, (void)data;
    if (inside) fprintf(out, "instructions: %" PRIu64 "\n", instructions);
    inside = false;
}

static void count_block(unsigned cpu, void *data)
{
    (void)cpu;
    if (inside) instructions += (uintptr_t)data;
}

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    size_t n = qemu_plugin_tb_n_insns(block);
    qemu_plugin_register_vcpu_tb_exec_cb(block, count_block, QEMU_PLUGIN_CB_NO_REGS, (void *)n);
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
        const char *symbol = qemu_plugin_insn_symbol(insn);
        if (!symbol) continue;
        if (!strcmp(symbol, "cb_counted_begin"))
            qemu_plugin_register_vcpu_insn_exec_cb(insn, begin, QEMU_PLUGIN_CB_NO_REGS, NULL);
        if (!strcmp(symbol, "cb_counted_end"))
            qemu_plugin_register_vcpu_insn_exec_cb(insn, end, QEMU_PLUGIN_CB_NO_REGS, NULL);
    }
}

static void report(qemu_plugin_id_t id, void *data)
{
    (void)id, (void)data;
    fclose(out);
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
    (void)info;
    if (argc != 1 || strncmp(argv[0], "out=", 4)) {
        fprintf(stderr, "qemu-count: expected the option out=FILE\n");
        return -1;
    }
    out = fopen(argv[0] + 4, "w");
    if (!out) {
        fprintf(stderr, "qemu-count: %s cannot be written\n", argv[0] + 4);
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    qemu_plugin_register_atexit_cb(id, report, NULL);
    return 0;
}

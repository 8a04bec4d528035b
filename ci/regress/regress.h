#ifndef CB_REGRESS_H
#define CB_REGRESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"

/* The parts of `cyclebench regress`. What a build is worth is a list of cases: */

enum rg_kind {
    RG_COUNT,       /* instructions, exact: a limit that is hard */
    RG_FINGERPRINT, /* of a short training: equal, or not */
    RG_MEMORY,      /* peak bytes of it */
    RG_SIZE,        /* bytes of a program */
    RG_TIME,        /* ns of a call */
    RG_EVENT,       /* of the CPU, in a call */
};

enum rg_verdict {
    RG_SAME,        /* within its limit */
    RG_IMPROVED,    /* below it */
    RG_NEW,         /* only in HEAD */
    RG_NOT_COUNTED, /* on either side, with the reason */
    RG_NOTED,       /* worse than a limit that is soft */
    RG_REGRESSED,   /* worse than its limit */
    RG_SKIPPED,     /* BASE has it, HEAD does not run it any more */
    RG_VANISHED,    /* BASE has it, HEAD does not know it: gone, or renamed */
    RG_FELL_BACK,   /* another ISA's code runs in HEAD */
    RG_VERDICTS
};
extern const char *const rg_verdict_names[RG_VERDICTS];
bool rg_verdict_is_hard(enum rg_verdict verdict); /* it fails */

struct rg_case {
    enum rg_kind kind;
    const char *name, *source;         /* "callgrind-avx2-gcc-12.2.0" */
    double base, head;                 /* NaN: missing */
    const char *base_text, *head_text; /* of a fingerprint, or the ISA that provides a count; NULL: not told */
    const char *reason;                /* why one is missing; NULL: none is */
    double limit_percent;
    bool hard;
    bool by_chance; /* the sides differ by no more than rounds of one of them do */
    enum rg_verdict verdict;
};

struct rg_result {
    struct rg_case *cases;
    size_t n, room;
    char **notes; /* what is not gated, and why */
    size_t n_notes;
    size_t gated;            /* cases with a hard limit that were compared */
    const char *base, *head; /* what is compared, for the reports */
    const char *commit;      /* of HEAD */
    bool too_noisy;          /* for a verdict on time */
    const char *verdict;     /* pass, regression, error, too_noisy */
};

/* Adds a case with copies of the strings, which may be NULL, and its verdict. */
void rg_add(struct rg_result *result, const struct rg_case *one);
void rg_note(struct rg_result *result, const char *format, ...) __attribute__((format(printf, 2, 3)));
void rg_free(struct rg_result *result);
double rg_change_percent(const struct rg_case *one); /* NaN where a side is missing */
size_t rg_count(const struct rg_result *result, enum rg_verdict verdict);

/* --- sides --- */

/* What `cyclebench count` of a build says, or a file that it wrote with --json. New reference. CB_BAD_INPUT: it is
 * neither; CB_FAILED: the build's program fails. */
enum cb_status rg_count_side(json_t **counts, const char *path, struct cb_error *err);

/* Runs a program; its standard output in *out, which the caller frees. False: *status is its exit status, or -1. */
bool rg_run(const char *const argv[], char **out, int *status);

/* The limit of a count where the baseline says nothing else. */
extern const double rg_count_limit_percent; /* 0.5 */

/* A group's name, as in its baseline's file: "callgrind-avx2-gcc-12.2.0". */
enum { RG_GROUP_NAME = 128 };
void rg_group_name(char name[RG_GROUP_NAME], const json_t *group);
/* Two groups: objects of "groups" in what `cyclebench count` writes. base's cases may have "limit_percent". head may be
 * NULL, or be a group with a reason and no cases. */
void rg_compare_group(struct rg_result *result, const json_t *base, const json_t *head);
/* Two builds. */
void rg_compare_counts(struct rg_result *result, const json_t *base, const json_t *head);

/* --- baselines: a file <source>-<isa>-<compiler>.tsv for each group --- */

/* path: a folder of them, or one. Each group of head is compared with its file; one that is missing is a note. A
 * malformed file is CB_BAD_INPUT with line and column. */
enum cb_status rg_compare_baseline(struct rg_result *result, const char *path, const json_t *head,
                                   struct cb_error *err);
/* Writes them anew; lines that change get the reason, the others keep theirs, and so do limits. */
enum cb_status rg_update_baseline(const char *path, const json_t *head, const char *because, struct cb_error *err);

/* --- training, sizes --- */

/* Fingerprint and peak memory of a short training by each, and the sizes of their programs. */
void rg_compare_builds(struct rg_result *result, const char *base, const char *head, bool with_training);

/* Time of the cases of cyclebench bench that match the filter, with a control. Sets too_noisy. gates: hard limits. */
void rg_compare_times(struct rg_result *result, const char *base, const char *head, const char *filter, bool gates);

/* Events of the CPU in a call of the cases of cyclebench bench that match the filter. Soft limits. What the CPU does not
 * count is a note with the reason. */
void rg_compare_events(struct rg_result *result, const char *base, const char *head, const char *filter);

/* --- reports --- */

enum cb_status rg_write_reports(const struct rg_result *result, const char *folder, struct cb_error *err);
enum cb_status rg_append_history(const struct rg_result *result, const char *path, struct cb_error *err);
json_t *rg_json(const struct rg_result *result);   /* new reference */
char *rg_markdown(const struct rg_result *result); /* the caller frees it */
void rg_print(const struct rg_result *result);

#endif

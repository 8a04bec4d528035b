#ifndef CB_REGRESS_H
#define CB_REGRESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

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
    const char *base_text, *head_text; /* of a fingerprint; NULL: missing */
    const char *reason;                /* of the verdict, or why a side is missing; NULL: none is needed */
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

/* What a kind's numbers are, for people; their unit; Bencher's name of it. */
struct rg_kind_names {
    const char *metric, *unit, *measure;
};
extern const struct rg_kind_names rg_kinds[];

/* Adds a case with copies of the strings, which may be NULL; its verdict is found unless it is given. */
void rg_add(struct rg_result *result, const struct rg_case *one);
void rg_note(struct rg_result *result, const char *format, ...) __attribute__((format(printf, 2, 3)));
void rg_free(struct rg_result *result);
double rg_change_percent(const struct rg_case *one); /* NaN where a side is missing, infinite where BASE is 0 */
size_t rg_count(const struct rg_result *result, enum rg_verdict verdict);
size_t rg_failed(const struct rg_result *result); /* cases whose verdict is hard */

/* The limit of a count where the baseline says nothing else, and that of what is soft. */
extern const double rg_count_limit_percent, rg_soft_limit_percent;

/* --- sides --- */

/* What `cyclebench count` of a build says, or a file that it wrote with --json. New reference. CB_BAD_INPUT: it is
 * neither; CB_FAILED: the build's program fails. */
enum cb_status rg_count_side(json_t **counts, const char *path, struct cb_error *err);

/* Runs a program that writes JSON to RG_RESULT_FILE. New reference; NULL: it wrote none. *status: its exit status, 128 +
 * the number of the signal that ended it, or -1. A signal that we get ends it, too. */
#define RG_RESULT_FILE "/dev/fd/3"
json_t *rg_run(const char *const argv[], int *status);

bool rg_is_folder(const char *path);
const char *rg_text(const json_t *object, const char *key); /* "": there is none */

/* A group's name, as in its baseline's file: "callgrind-avx2-gcc-12.2.0". */
enum { RG_GROUP_NAME = 128 };
void rg_group_name(char name[RG_GROUP_NAME], const json_t *group);
const json_t *rg_find_group(const json_t *counts, const json_t *like); /* of its source and ISA; NULL: none */
const json_t *rg_find_case(const json_t *group, const char *name);
bool rg_is_counted(const json_t *one);

/* Two groups: objects of "groups" in what `cyclebench count` writes. base's cases may have "limit_percent". head may be
 * NULL, or be a group with a reason and no cases. What cannot be compared is a note that begins with `what`. */
void rg_compare_group(struct rg_result *result, const char *what, const json_t *base, const json_t *head);
/* Two builds. */
void rg_compare_counts(struct rg_result *result, const json_t *base, const json_t *head);

/* --- baselines: a file <source>-<isa>-<compiler>.tsv for each group --- */

/* path: a folder of them, or one. Each group of head is compared with its file; one that is missing is a note. A
 * malformed file is CB_BAD_INPUT with line and column. */
enum cb_status rg_compare_baseline(struct rg_result *result, const char *path, const json_t *head,
                                   struct cb_error *err);
/* Writes those of the groups that HEAD counted; lines that change get the reason, the others keep theirs, and so do
 * limits. Prints a line a group. */
enum cb_status rg_update_baseline(const char *path, const json_t *head, const char *because, struct cb_error *err);

/* A file: as a group whose cases have "limit_percent" and "because". *group NULL and CB_OK: there is none. */
enum cb_status rg_read_baseline(json_t **group, const char *path, struct cb_error *err);
/* Its text; old may be NULL. The caller frees it. NULL: no memory. */
char *rg_baseline_text(const json_t *group, const json_t *old, const char *because);

/* --- two builds: base and head are folders --- */

/* Bits and peak memory of a short training by each. */
void rg_compare_training(struct rg_result *result, const char *base, const char *head);
/* The sizes of their programs. */
void rg_compare_sizes(struct rg_result *result, const char *base, const char *head);

/* Time of the cases of cyclebench bench that match the filter, with a control. Sets too_noisy. gates: hard limits, and
 * then what cannot be compared is CB_FAILED, else a note. */
enum cb_status rg_compare_times(struct rg_result *result, const char *base, const char *head, const char *filter,
                                bool gates, struct cb_error *err);

/* Events of the CPU in a call of the cases of cyclebench bench that match the filter. Soft limits. What the CPU does not
 * count is a note with the reason. */
void rg_compare_events(struct rg_result *result, const char *base, const char *head, const char *filter);

/* --- reports --- */

/* Makes the folder, and says whether a line can be appended to the history: before anything takes long. NULL: none. */
enum cb_status rg_check_outputs(const char *folder, const char *history, struct cb_error *err);
enum cb_status rg_write_reports(const struct rg_result *result, const char *folder, struct cb_error *err);
enum cb_status rg_append_history(const struct rg_result *result, const char *path, struct cb_error *err);
enum cb_status rg_check_history(const char *path, struct cb_error *err);
void rg_now(char text[32]); /* UTC, as in "2026-01-31T12:00:00Z" */

char *rg_markdown(const struct rg_result *result); /* the caller frees it; NULL: no memory */
void rg_print(const struct rg_result *result);
void rg_number_text(char *text, size_t bytes, const struct rg_case *one, bool of_head);

/* Of one format each, to a stream. */
bool rg_write_json(FILE *out, const struct rg_result *result); /* false: no memory */
void rg_write_junit(FILE *out, const struct rg_result *result);
bool rg_write_smaller_is_better(FILE *out, const struct rg_result *result);
bool rg_write_bencher(FILE *out, const struct rg_result *result);
void rg_write_otava(FILE *out, const struct rg_result *result);
bool rg_has_number(const struct rg_case *one); /* of HEAD */

#endif

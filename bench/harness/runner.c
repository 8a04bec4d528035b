#include "runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench.h"
#include "cgroup.h"
#include "console.h"
#include "document.h"
#include "instruments.h"
#include "environment.h"
#include "interrupt.h"
#include "libraries.h"
#include "perf.h"
#include "progress.h"
#include "rows.h"
#include "teams.h"

struct runner {
    const struct cb_bench_options *o;
    struct cb_availability available;
    struct cb_ceilings ceilings[CB_MAX_TEAMS]; /* of o->threads */
    const char *placement;                     /* of the largest team */
    json_t *teams, *machine;                   /* the machine before the first case */
    struct cb_results results;
    struct cb_session session; /* of the case that is under way */
    json_t **rows;             /* of its implementations; NULL: none */
    struct cb_sample *samples;
    bool headed;                 /* the table's head is printed */
    size_t *matched;             /* rows of each case that the filter leaves */
    size_t all, finished, begun; /* rows: in all, of the cases before this, of this */
    double start_s, pause_s;
    uint64_t throttled_before;
};

static size_t most_threads(const struct cb_bench_options *o)
{
    size_t most = 0;
    for (size_t i = 0; i < o->n_threads; i++)
        if (o->threads[i] > most) most = o->threads[i];
    return most;
}

static void find_available(struct runner *r)
{
    for (size_t i = 0; i < r->o->n_isas; i++) r->available.isa[r->available.n_isas++] = r->o->isa[i];
    cb_use_isa(r->available.isa[r->available.n_isas - 1]); /* what the machine block calls selected */
    r->available.best = cb_isa_best();
    for (size_t i = 0; r->o->peers && cb_peers[i]; i++) {
        const struct cb_kernel_choice *choice = cb_library_choice(cb_peers[i]);
        if (choice ? choice->ready : cb_peers[i]->own_process) r->available.peer[r->available.n_peers++] = cb_peers[i];
    }
}

/* --- one case --- */

static void refuse(struct runner *r, size_t index)
{
    const struct cb_implementation *e = &r->session.the_case->implementation[index];
    bool wrong = r->session.of[index].state != CB_SKIPPED;
    const char *why = r->session.of[index].why.text;
    cb_results_refuse(&r->results, r->session.the_case, index, wrong, why);
    if (r->o->format == CB_FORMAT_CONSOLE) cb_console_refusal(e, wrong ? "ERROR" : "skipped", why);
    if (!wrong && r->o->format > CB_FORMAT_JSON)
        fprintf(stderr, "# skipped: %s/%s: %s\n", r->session.the_case->name, e->name, why);
    if (wrong) fprintf(stderr, "cyclebench bench: %s/%s: %s\n", r->session.the_case->name, e->name, why);
}

static void print_repetitions(const struct runner *r, const struct cb_implementation *e, const json_t *rows)
{
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row)
    {
        char label[32];
        if (json_object_get(row, "aggregate_name")) continue;
        snprintf(label, sizeof label, "#%zu", i + 1);
        cb_console_row(e, label, row, r->o->google.time_unit);
    }
}

/* In as many calls as a repetition had. */
static json_t *count_events(struct runner *r, size_t index)
{
    json_int_t calls = json_integer_value(json_object_get(json_array_get(r->rows[index], 0), "iterations"));
    return cb_perf_count(&r->session, index, calls > 0 ? (size_t)calls : 1, cb_sample_median(&r->samples[index]));
}

/* What is not timed: memory, events, where the time goes. */
static json_t *look_closer(struct runner *r, size_t index)
{
    const struct cb_implementation *e = &r->session.the_case->implementation[index];
    const struct cb_kernel *kernel = r->session.the_case->kernel;
    json_t *found = r->o->perf ? count_events(r, index) : json_object();
    cb_use_isa(e->isa);
    if (kernel->memory_bytes) {
        double bytes = kernel->memory_bytes(r->session.work, e);
        json_object_set_new(found, "peak_memory_bytes", bytes > 0 ? json_real(bytes) : json_null());
        if (!(bytes > 0))
            json_object_set_new(found, "peak_memory_bytes_reason", json_string("the system does not tell"));
    }
    if (kernel->profile && r->o->profile) {
        json_t *profile = kernel->profile(r->session.work, e, r->o->google.repetitions);
        json_object_set_new(found, "profile", profile);
        if (json_is_null(profile)) json_object_set_new(found, "profile_reason", json_string("of our kernels alone"));
    }
    return found;
}

static enum cb_status take_result(struct runner *r, size_t index, struct cb_error *err)
{
    const struct cb_implementation *e = &r->session.the_case->implementation[index];
    if (r->session.of[index].state != CB_READY) {
        refuse(r, index);
        return CB_OK;
    }
    enum cb_status status = cb_results_sample(&r->samples[index], r->rows[index], err);
    if (status) return status;
    json_t *found = look_closer(r, index);
    const json_t *row = cb_results_add(&r->results, &r->session, index, r->rows[index], found);
    json_decref(found);
    if (r->o->format != CB_FORMAT_CONSOLE) return CB_OK;
    if (r->o->google.all_rows) print_repetitions(r, e, r->rows[index]);
    cb_console_row(e, NULL, row, r->o->google.time_unit);
    if (e->cost.images > 0) cb_console_step(row);
    if (json_is_object(json_object_get(row, "profile"))) cb_console_profile(json_object_get(row, "profile"), row);
    if (r->o->perf) cb_console_counters(json_object_get(row, "counters"));
    if (r->o->perf) cb_console_derived(json_object_get(row, "derived"), r->o->group, r->o->n_groups);
    return CB_OK;
}

/* Whose version it is that ours is compared with, and whether it runs what this CPU could. */
static void describe_library(const struct runner *r, struct cb_comparison *comparison, const struct cb_peer *peer)
{
    const struct cb_kernel_choice *choice = cb_library_choice(peer);
    const struct cb_kernel *kernel = r->session.the_case->kernel;
    const struct cb_implementation *first = comparison->theirs[0];
    if (!choice) {
        comparison->version = kernel->library_version ? kernel->library_version(r->session.work, first) : NULL;
        return;
    }
    comparison->version = choice->about.version;
    if (cb_kernels_below(&choice->about, r->available.best, cb_cost_format(&first->cost)))
        comparison->kernels = choice->about.kernels;
}

static void compare(struct runner *r)
{
    for (size_t i = 0; i < r->available.n_peers; i++) {
        struct cb_comparison comparison;
        const struct cb_peer *peer = r->available.peer[i];
        if (!cb_compare(&comparison, r->session.the_case, peer, r->samples)) continue;
        describe_library(r, &comparison, peer);
        cb_results_add_comparison(&r->results, r->session.the_case, peer, &comparison);
        if (r->o->format == CB_FORMAT_CONSOLE) cb_console_comparison(peer->name, &comparison);
    }
}

/* In the order of the implementations: the cases ended in a random one. */
static enum cb_status take_results(struct runner *r, struct cb_error *err)
{
    enum cb_status status = CB_OK;
    const bool console = r->o->format == CB_FORMAT_CONSOLE;
    if (console && !r->headed) cb_console_head();
    if (console) cb_console_case(r->session.the_case);
    r->headed = true;
    for (size_t i = 0; i < r->session.the_case->n_implementations && !status; i++)
        if (r->rows[i]) status = take_result(r, i, err);
    if (!status) compare(r);
    return status;
}

static void forget_case(struct runner *r, size_t n)
{
    cb_session_end(&r->session);
    for (size_t i = 0; i < n && r->rows && r->samples; i++) {
        json_decref(r->rows[i]);
        free(r->samples[i].seconds);
    }
    free(r->rows);
    free(r->samples);
    r->rows = NULL;
    r->samples = NULL;
}

static void show_progress(struct runner *r)
{
    char text[96];
    r->begun++;
    cb_progress_text(text, sizeof text, "case", r->finished + r->begun, r->all, r->finished, cb_now_s() - r->start_s);
    cb_progress_show(text);
}

static void measure(void *context, size_t index, struct cb_state *state)
{
    struct runner *r = context;
    if (cb_interrupt_signal()) {
        cb_state_fail(state, "interrupted");
        return;
    }
    if (r->session.of[index].state == CB_NEW) show_progress(r);
    cb_session_measure(&r->session, index, state);
}

static void keep_rows(void *context, size_t index, json_t *rows)
{
    struct runner *r = context;
    r->rows[index] = json_incref(rows);
}

static struct cb_ceilings *ceilings_of(struct runner *r, size_t threads)
{
    size_t i = 0;
    while (r->o->threads[i] != threads) i++;
    return &r->ceilings[i];
}

/* A case's implementations, as Google Benchmark takes them: its "cases". */
struct named {
    char (*text)[160];
    const char **names;
    struct cb_gbench_cases cases;
};

static void forget_names(struct named *named)
{
    free(named->text);
    free(named->names);
}

static enum cb_status name_implementations(struct named *named, struct runner *r, const struct cb_case *c,
                                           struct cb_error *err)
{
    size_t n = c->n_implementations;
    *named = (struct named){.text = calloc(n + 1, sizeof *named->text), .names = calloc(n + 1, sizeof *named->names)};
    if (!named->text || !named->names) {
        forget_names(named);
        return cb_fail(err, CB_NO_MEMORY, "out of memory for the names of %s", c->name);
    }
    for (size_t i = 0; i < n; i++) {
        snprintf(named->text[i], sizeof named->text[i], "%s/%s", c->name, c->implementation[i].name);
        named->names[i] = named->text[i];
    }
    named->cases = (struct cb_gbench_cases){.names = named->names,
                                            .n = n,
                                            .iterations = r->o->iterations,
                                            .measure = measure,
                                            .report = keep_rows,
                                            .context = r};
    return CB_OK;
}

static enum cb_status begin_case(struct runner *r, const struct cb_case *c, struct cb_error *err)
{
    r->rows = calloc(c->n_implementations + 1, sizeof *r->rows);
    r->samples = calloc(c->n_implementations + 1, sizeof *r->samples);
    if (!r->rows || !r->samples) return cb_fail(err, CB_NO_MEMORY, "out of memory for the results of %s", c->name);
    return cb_session_begin(&r->session, c, ceilings_of(r, c->threads), r->available.best, r->pause_s, err);
}

/* What was measured of a case that was interrupted is not complete, and dropped. */
static enum cb_status run_case(struct runner *r, const struct cb_case *c, struct cb_error *err)
{
    struct named named;
    size_t matched = 0;
    enum cb_status status = name_implementations(&named, r, c, err);
    if (status) return status;
    status = begin_case(r, c, err);
    if (!status) status = cb_gbench_run(&named.cases, &matched, err);
    cb_progress_clear();
    if (!status && matched && !r->o->google.list && !cb_interrupt_signal()) status = take_results(r, err);
    forget_case(r, c->n_implementations);
    forget_names(&named);
    return status;
}

/* --- all of them --- */

static enum cb_status nothing_matched(const struct runner *r, struct cb_error *err)
{
    char missing[256] = "";
    size_t i, used = 0;
    const json_t *library;
    json_t *libraries = cb_libraries_json();
    json_array_foreach(libraries, i, library)
    {
        if (json_is_string(json_object_get(library, "about")) || used >= sizeof missing) continue;
        used += (size_t)snprintf(missing + used, sizeof missing - used, "%s%s",
                                 used ? ", " : "; not here: ", json_string_value(json_object_get(library, "name")));
    }
    json_decref(libraries);
    const char *filter = r->o->google.filter;
    return cb_fail(
        err, CB_BAD_INPUT,
        "no case matches '%.300s'; --benchmark_list_tests lists those of these --isa, --threads and --cache%s",
        filter ? filter : "", missing);
}

static enum cb_status run_all(struct runner *r, const struct cb_cases *cases, struct cb_error *err)
{
    enum cb_status status = CB_OK;
    size_t threads = most_threads(r->o);
    r->start_s = cb_now_s();
    if (r->o->cold && !r->o->google.list) r->pause_s = cb_gbench_pause_s();
    for (size_t i = 0; i < cases->n && !status && !cb_interrupt_signal(); i++) {
        if (!r->matched[i]) continue;
        if (r->o->peers && cases->of[i].threads != threads) {
            threads = cases->of[i].threads;
            status = cb_libraries_use_threads(threads, err);
        }
        if (!status) status = run_case(r, &cases->of[i], err);
        if (!cb_interrupt_signal()) r->finished += r->matched[i];
        r->begun = 0;
    }
    return status;
}

static enum cb_status count_rows(struct runner *r, const struct cb_cases *cases, struct cb_error *err)
{
    enum cb_status status = CB_OK;
    r->matched = calloc(cases->n + 1, sizeof *r->matched);
    if (!r->matched) return cb_fail(err, CB_NO_MEMORY, "out of memory for %zu cases", cases->n);
    for (size_t i = 0; i < cases->n && !status; i++) {
        struct named named;
        status = name_implementations(&named, r, &cases->of[i], err);
        if (status) break;
        status = cb_gbench_count(&named.cases, &r->matched[i], err);
        forget_names(&named);
        r->all += r->matched[i];
    }
    if (!status && r->all == 0) status = nothing_matched(r, err);
    return status;
}

/* --shape: a line that is not in a file. */
static enum cb_status read_line(struct cb_shapes *shapes, const char *text, const struct cb_shape_form *const *forms,
                                size_t n_forms, struct cb_error *err)
{
    char line[1024];
    if ((size_t)snprintf(line, sizeof line, "%s\n", text) >= sizeof line || strchr(text, '\n'))
        return cb_fail(err, CB_BAD_INPUT, "--shape: expected one line, got '%.64s...'", text);
    return cb_shapes_parse(shapes, line, strlen(line), "--shape", forms, n_forms, err);
}

static enum cb_status read_shapes(struct cb_shapes *shapes, const char *path, const struct cb_shape_form *const *forms,
                                  size_t n_forms, struct cb_error *err)
{
    struct stat there;
    bool folder = !stat(path, &there) && S_ISDIR(there.st_mode);
    return folder ? cb_shapes_read_folder(shapes, path, forms, n_forms, err)
                  : cb_shapes_read(shapes, path, forms, n_forms, err);
}

static enum cb_status make_cases(struct runner *r, const struct cb_kernel *const *suites, struct cb_shapes *shapes,
                                 struct cb_cases *cases, struct cb_error *err)
{
    const struct cb_shape_form *forms[CB_MAX_FORMS];
    size_t n_forms = cb_forms_of(suites, forms);
    bool chosen = r->o->n_shapes || r->o->n_lines;
    enum cb_status status = chosen ? CB_OK : cb_shapes_read_all(shapes, forms, n_forms, err);
    for (size_t i = 0; i < r->o->n_lines && !status; i++)
        status = read_line(shapes, r->o->line[i], forms, n_forms, err);
    for (size_t i = 0; i < r->o->n_shapes && !status; i++)
        status = read_shapes(shapes, r->o->shapes[i], forms, n_forms, err);
    if (!status && r->o->batch) status = cb_shapes_override(shapes, "batch", r->o->batch, err);
    if (status) return status;
    const struct cb_case_choice choice = {.available = &r->available,
                                          .threads = r->o->threads,
                                          .n_threads = r->o->n_threads,
                                          .warm = r->o->warm,
                                          .cold = r->o->cold};
    return cb_cases_make(cases, suites, shapes, &choice, err);
}

static void print_expected(const struct runner *r, FILE *out)
{
    char least[32];
    const struct cb_google_flags *flags = &r->o->google;
    cb_duration_text(least, sizeof least, cb_expected_s(r->all, flags->repetitions, flags->min_time_s));
    fprintf(out, "# %zu case%s", r->all, r->all == 1 ? "" : "s");
    if (r->o->iterations)
        fprintf(out, ", %zu repetitions of %zu calls\n", flags->repetitions, r->o->iterations);
    else
        fprintf(out, ": at least %s; %zu repetitions of %g s, each longer where a call is\n", least, flags->repetitions,
                flags->min_time_s);
}

static void print_head(const struct runner *r)
{
    FILE *out = r->o->format == CB_FORMAT_CONSOLE ? stdout : stderr;
    size_t threads = most_threads(r->o);
    fprintf(out, "# %s\n", cb_machine_line(threads));
    cb_teams_print(r->teams, out);
    if (r->o->peers) {
        json_t *environment = cb_peers_environment();
        cb_libraries_print(out);
        cb_peers_print_environment(environment, out);
        json_decref(environment);
    }
    cb_document_print_warnings(r->machine, out);
    if (r->o->perf) cb_perf_print_missing(out);
    print_expected(r, out);
    if (out == stdout)
        fprintf(out, "# Medians of the repetitions. A case's full name: the line above it, '/', its first column.\n");
    cb_flush_output();
}

/* --- results --- */

static json_t *measured_ceilings(const struct runner *r)
{
    json_t *all = json_array();
    for (size_t i = 0; i < r->o->n_threads; i++)
        if (r->ceilings[i].threads) json_array_append_new(all, cb_ceilings_json(&r->ceilings[i]));
    return all;
}

static json_t *throttled(const struct runner *r)
{
    struct cb_cgroup now;
    cb_cgroup_read(&now, "");
    return now.throttling_known ? json_integer((json_int_t)(now.throttled - r->throttled_before)) : json_null();
}

static json_t *document(const struct runner *r)
{
    json_t *root = cb_document(json_incref(r->machine), json_incref(r->results.benchmarks));
    if (!root) return NULL;
    json_object_set(root, "contests", r->results.contests);
    json_object_set(root, "teams", r->teams);
    json_object_set_new(root, "ceilings", measured_ceilings(r));
    json_object_set_new(root, "peers", cb_libraries_json());
    json_object_set_new(root, "peers_environment", cb_peers_environment());
    json_object_set(root, "skipped", r->results.skipped);
    json_object_set(root, "errors", r->results.errors);
    json_object_set_new(root, "cpu_throttled_periods_of_the_run", throttled(r));
    json_object_set_new(root, "timer_pause_seconds", r->pause_s > 0 ? json_real(r->pause_s) : json_null());
    if (!(r->pause_s > 0)) json_object_set_new(root, "timer_pause_seconds_reason", json_string("no cold cases"));
    json_object_set_new(root, "interrupted", json_boolean(cb_interrupt_signal()));
    return root;
}

static enum cb_status write_results(const struct runner *r, struct cb_error *err)
{
    enum cb_status status = CB_OK;
    json_t *root = document(r), *summary = NULL;
    if (r->o->summary) summary = cb_document(json_incref(r->machine), json_incref(r->results.summary));
    if (summary) json_object_set_new(summary, "interrupted", json_boolean(cb_interrupt_signal()));
    if (!root || (r->o->summary && !summary)) status = cb_fail(err, CB_NO_MEMORY, "out of memory for the results");
    if (!status && r->o->google.out) status = cb_save_json(r->o->google.out, root, err);
    if (!status && r->o->summary) status = cb_save_json(r->o->summary, summary, err);
    if (!status && r->o->format == CB_FORMAT_CSV) cb_rows_print_csv(r->results.summary, r->results.contests, stdout);
    if (!status && r->o->format == CB_FORMAT_MARKDOWN)
        cb_rows_print_markdown(r->results.summary, r->results.contests, r->o->google.time_unit, stdout);
    if (!status && r->o->format == CB_FORMAT_JSON) { /* a failure is cb_finish_output's to tell */
        json_dumpf(root, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(root);
    json_decref(summary);
    return status ? status : cb_finish_output(err);
}

/* What remains to be said when everything was written. */
static enum cb_status conclude(const struct runner *r, struct cb_error *err)
{
    size_t wrong = json_array_size(r->results.errors), skipped = json_array_size(r->results.skipped);
    if (cb_interrupt_signal())
        return cb_fail(err, CB_FAILED, "interrupted after %zu of %zu cases; these are complete", r->finished, r->all);
    if (wrong)
        return cb_fail(err, CB_FAILED, "%zu case%s failed, as told above; %zu measured", wrong, wrong == 1 ? "" : "s",
                       r->results.cases);
    if (r->results.cases == 0)
        return cb_fail(err, CB_FAILED, "nothing was measured: %zu case%s skipped, as told above", skipped,
                       skipped == 1 ? "" : "s");
    return CB_OK;
}

enum cb_status cb_bench_run(const struct cb_bench_options *o, const struct cb_kernel *const *suites,
                            struct cb_error *err)
{
    static struct runner r;
    struct cb_shapes shapes = {0};
    struct cb_cases cases = {0};
    struct cb_cgroup cgroup;
    r = (struct runner){.o = o};
    enum cb_status status = cb_results_create(&r.results, o->google.aggregates_only, err);
    if (status) return status;
    cb_cgroup_read(&cgroup, "");
    r.throttled_before = cgroup.throttled;
    if (o->peers) cb_libraries_start(most_threads(o), cb_isa_best());
    status = cb_teams_bind(o->threads, o->n_threads, &r.teams, &r.placement, err);
    find_available(&r);
    r.machine = cb_document_machine(most_threads(o), o->threads_reason, r.placement);
    if (!status) status = make_cases(&r, suites, &shapes, &cases, err);
    if (!status) status = count_rows(&r, &cases, err);
    if (!status && !o->google.list) cb_interrupt_install("writing what is complete");
    if (!status && !o->google.list && o->format != CB_FORMAT_JSON) print_head(&r);
    if (!status) status = run_all(&r, &cases, err);
    if (!status) status = o->google.list ? cb_finish_output(err) : write_results(&r, err);
    if (!status && !o->google.list) status = conclude(&r, err);
    free(r.matched);
    cb_cases_free(&cases);
    cb_shapes_free(&shapes);
    json_decref(r.teams);
    json_decref(r.machine);
    cb_results_free(&r.results);
    return status;
}

/* --- ceilings alone --- */

static enum cb_status measure_ceilings(struct runner *r, size_t i, struct cb_error *err)
{
    struct cb_team *team;
    enum cb_status status = cb_bind_threads(r->o->threads[i], NULL, err);
    if (!status) status = cb_team_create(&team, r->o->threads[i], 0, err);
    if (status) return status;
    cb_ceilings_begin(&r->ceilings[i], r->available.best, r->o->threads[i]);
    for (enum cb_memory_level level = CB_LEVEL_L1; level < CB_LEVELS && !status; level++)
        status = cb_ceilings_measure(&r->ceilings[i], level, team, err);
    for (enum cb_isa isa = CB_ISA_SCALAR; isa < CB_ISA_COUNT && !status; isa++) {
        if (!cb_isa_available(isa)) continue;
        cb_ceilings_peak(&r->ceilings[i], CB_F32, isa, team);
        cb_ceilings_peak(&r->ceilings[i], CB_BF16, isa, team);
    }
    cb_team_destroy(team);
    return status;
}

enum cb_status cb_bench_ceilings(const struct cb_bench_options *o, struct cb_error *err)
{
    static struct runner r;
    r = (struct runner){.o = o};
    find_available(&r);
    enum cb_status status = cb_results_create(&r.results, false, err);
    if (status) return status;
    status = cb_teams_bind(o->threads, o->n_threads, &r.teams, &r.placement, err);
    r.machine = cb_document_machine(most_threads(o), o->threads_reason, r.placement);
    if (!status && o->format == CB_FORMAT_CONSOLE) {
        printf("# %s\n", cb_machine_line(most_threads(o)));
        cb_teams_print(r.teams, stdout);
    }
    cb_interrupt_install("writing what is complete");
    for (size_t i = 0; i < o->n_threads && !status && !cb_interrupt_signal(); i++) {
        status = measure_ceilings(&r, i, err);
        if (!status && o->format == CB_FORMAT_CONSOLE) cb_ceilings_print(&r.ceilings[i]);
    }
    if (!status) status = write_results(&r, err);
    json_decref(r.teams);
    json_decref(r.machine);
    cb_results_free(&r.results);
    return status;
}

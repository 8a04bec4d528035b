#include "notes.h"

#include <math.h>
#include <string.h>

#include "../lib/identity.h"
#include "../lib/text.h"
#include "../lib/values.h"

/* Takes the sentence, which may hold what the record holds. */
static void note(json_t *sentence)
{
    fputs("cyclebench export: note: ", stderr);
    cb_text_print(stderr, json_string_value(sentence), 0);
    fputc('\n', stderr);
    json_decref(sentence);
}

static void note_images(const struct cb_report_run *run)
{
    const char *set = json_string_value(cb_member(run->header, "evaluated_on"));
    if (run->format == 1) note(cb_sentence("a record of format 1: its images and start weights are not known"));
    if (cb_is_synthetic(run)) note(cb_sentence("accuracies are on synthetic images, not CIFAR-10"));
    if (strcmp(set, "test")) note(cb_sentence("accuracies are on the set %s, not on the test set", set));
}

static void note_start(const struct cb_report_run *run)
{
    const json_t *init = cb_member(run->header, "init_weights");
    const char *name = json_string_value(json_object_get(init, "name"));
    if (json_is_object(init))
        note(cb_sentence("not trained from scratch: it starts from the weights of %s",
                         name ? name : "a file whose name is not known"));
}

static void note_times(const struct cb_report_run *run)
{
    const char *disturbed = cb_disturbed(run);
    if (disturbed) note(cb_sentence("times were disturbed: %s", disturbed));
    if (run->times_resumed)
        note(cb_sentence("resumed %zu time%s: times are of the run's own clock, which stood still between sessions",
                         run->times_resumed, run->times_resumed > 1 ? "s" : ""));
    if (isnan(run->killed_seconds))
        note(cb_sentence("what kills cost is not recorded, and is in none of these times"));
    else if (run->killed_seconds > 0)
        note(cb_sentence("kills cost at least %.1f s more, which are in none of these times", run->killed_seconds));
}

void cb_export_print_notes(const struct cb_report_run *run, bool wants_iterations)
{
    if (run->torn) note(cb_sentence("the record's last line was cut off and is left out"));
    if (!run->end) note(cb_sentence("the run has not ended, or was killed"));
    note_images(run);
    note_start(run);
    note_times(run);
    if (wants_iterations && !run->iteration_count)
        note(cb_sentence("no lr and momentum: the run was not trained with run.log_iterations = true"));
}

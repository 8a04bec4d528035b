#include "document.h"

#include <stdio.h>

#include "gbench.h"
#include "instruments.h"

json_t *cb_document_machine(size_t threads, const char *threads_reason, const char *placement)
{
    json_t *block = cb_machine_json(threads);
    if (!block) return NULL;
    json_object_set_new(block, "threads_reason", json_string(threads_reason ? threads_reason : "--threads"));
    json_object_set_new(block, "placement", json_string(placement));
    json_object_set_new(block, "warnings", cb_machine_warnings(block));
    return block;
}

json_t *cb_document(json_t *machine, json_t *rows)
{
    return json_pack("{s:o, s:o, s:o}", "machine", machine, "context", cb_gbench_context(), "benchmarks", rows);
}

void cb_document_print_warnings(const json_t *machine, FILE *out)
{
    size_t i;
    const json_t *warning;
    json_array_foreach(json_object_get(machine, "warnings"), i, warning)
        fprintf(out, "# warning: %s: %s\n", json_string_value(json_object_get(warning, "subject")),
                json_string_value(json_object_get(warning, "finding")));
}

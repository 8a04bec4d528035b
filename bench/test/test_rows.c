/* The rows of a run as CSV and Markdown: made-up rows with everything that a name could hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "rows.h"

static json_t *read(const char *text)
{
    json_error_t err;
    json_t *json = json_loads(text, 0, &err);
    if (!json) fail_msg("%s", err.text);
    return json;
}

/* Two parts of one library are the baseline together; another case has the same implementations. */
static const char summary_text[] =
    "[{\"name\": \"a|b/avx2/real_time\", \"contest\": \"a|b\", \"implementation\": \"avx2\", \"library\": "
    "\"cyclebench\","
    "  \"isa\": \"avx2\", \"verified\": true, \"iterations\": 7, \"real_time\": 1500.25, \"time_unit\": \"us\","
    "  \"real_time_cv\": 0.0125, \"FLOPS\": 4.25e10, \"bytes_per_second\": 5e9, \"share_of_peak\": 0.5,"
    "  \"share_of_ceiling\": 0.25, \"bound\": \"memory\", \"ceiling_level\": \"L2\","
    "  \"counters\": {\"instructions\": {\"value\": 12}, \"cycles\": {\"value\": null}}},"
    " {\"name\": \"a|b/x \\\"1\\\", dx/real_time\", \"contest\": \"a|b\", \"implementation\": \"x \\\"1\\\", dx\","
    "  \"library\": \"x\", \"isa\": null, \"real_time\": 2, \"time_unit\": \"ms\", \"counters\": {\"loads\": "
    "{\"value\": 0.5}}},"
    " {\"name\": \"a|b/dw\", \"contest\": \"a|b\", \"implementation\": \"dw\", \"library\": \"x\", \"real_time\": "
    "null},"
    " {\"name\": \"a|b/slow\", \"contest\": \"a|b\", \"implementation\": \"slow\", \"library\": \"x\"},"
    " {\"name\": \"c\\u001b[31m\\n/dw\", \"contest\": \"c\\u001b[31m\\n\", \"implementation\": \"dw\", \"library\": "
    "\"x\"}]";
static const char contests_text[] =
    "[{\"name\": \"a|b\", \"ours\": \"avx2\", \"library\": \"x\", \"fastest\": [\"x \\\"1\\\", dx\", \"dw\"],"
    "  \"ratio\": 1.5, \"ratio_low\": 1.25, \"ratio_high\": 1.75, \"library_version\": \"1, 2\"},"
    " {\"name\": \"a|b\", \"ours\": \"avx2\", \"library\": \"y\", \"fastest\": [\"slow\"], \"ratio\": 9}]";

static char *printed(bool markdown)
{
    char *text;
    size_t bytes;
    json_t *summary = read(summary_text), *contests = read(contests_text);
    FILE *out = open_memstream(&text, &bytes);
    assert_non_null(out);
    if (markdown)
        cb_rows_print_markdown(summary, contests, NULL, out);
    else
        cb_rows_print_csv(summary, contests, out);
    assert_int_equal(fclose(out), 0);
    json_decref(summary);
    json_decref(contests);
    return text;
}

static void csv(void **state)
{
    (void)state;
    char *text = printed(false);
    assert_string_equal(
        text, "name,kernel,contest,implementation,library,isa,team_threads,cache,verified,iterations,repetitions,"
              "real_time,cpu_time,time_unit,real_time_cv,flops,bytes,FLOPS,bytes_per_second,peak_of,share_of_peak,"
              "share_of_ceiling,bound,ceiling_level,images_per_second,peak_memory_bytes,speed_up,speed_up_low,"
              "speed_up_high,speed_up_of,library_version,instructions,cycles,loads\n"
              "a|b/avx2/real_time,,a|b,avx2,cyclebench,avx2,,,true,7,,1500.25,,us,0.012500000000000001,,,42500000000,"
              "5000000000,,0.5,0.25,memory,L2,,,,,,,,12,,\n"
              "\"a|b/x \"\"1\"\", dx/real_time\",,a|b,\"x \"\"1\"\", dx\",x,,,,,,,2,,ms,,,,,,,,,,,,,1.5,1.25,1.75,avx2,"
              "\"1, 2\",,,0.5\n"
              "a|b/dw,,a|b,dw,x,,,,,,,,,,,,,,,,,,,,,,1.5,1.25,1.75,avx2,\"1, 2\",,,\n"
              "a|b/slow,,a|b,slow,x,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n"
              "c?[31m?/dw,,c?[31m?,dw,x,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\n");
    free(text);
}

static void markdown(void **state)
{
    (void)state;
    char *text = printed(true);
    assert_string_equal(
        text, "| case | implementation | time | cv | GFLOP/s | GB/s | share of peak | share of roofline | bound | our "
              "speed-up |\n|---|---|--:|--:|--:|--:|--:|--:|---|---|\n"
              "| a\\|b | avx2 | 1.500 ms | 1.2 % | 42.5 | 5.0 | 50.0 % | 25.0 % | L2 | |\n"
              "| a\\|b | x \"1\", dx | 2.000 ms | - | - | - | - | - | - | 1.50 (1.25 to 1.75) by avx2 |\n"
              "| a\\|b | dw | - | - | - | - | - | - | - | 1.50 (1.25 to 1.75) by avx2 |\n"
              "| a\\|b | slow | - | - | - | - | - | - | - | |\n"
              "| c?\\[31m? | dw | - | - | - | - | - | - | - | |\n");
    free(text);
}

static void a_markdown_cell_makes_no_link(void **state)
{
    (void)state;
    char *text;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    assert_non_null(out);
    cb_markdown_cell(out, "a: //b. http://c.d www.e.f (WWW.g ww.h @i j@k.l [m](n)");
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, "a: //b. http\\://c.d www\\.e.f (WWW\\.g ww.h @<!-- -->i j@<!-- -->k.l \\[m\\](n)");
    free(text);
}

/* As CSV readers expect it, and as the reports of runs write theirs. */
static void csv_fields_are_quoted_where_they_must_be(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"plain", "plain"}, {"", ""},       {"a,b", "\"a,b\""}, {"\"", "\"\"\"\""},
                                           {" b", "\" b\""},   {"a b", "a b"}, {"a\nb", "a?b"},    {"\033[1m", "?[1m"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text;
        size_t bytes;
        FILE *out = open_memstream(&text, &bytes);
        cb_csv_cell(out, cases[i][0], i % 2);
        assert_int_equal(fclose(out), 0);
        assert_string_equal(text + !(i % 2), cases[i][1]);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv),
        cmocka_unit_test(markdown),
        cmocka_unit_test(a_markdown_cell_makes_no_link),
        cmocka_unit_test(csv_fields_are_quoted_where_they_must_be),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}

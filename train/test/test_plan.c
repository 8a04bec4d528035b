/* Plans of a sweep: which runs a grid has, what they are called, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sweep/plan.h"

static struct cb_plan parsed(const char *text)
{
    struct cb_plan plan;
    struct cb_error err;
    if (cb_plan_parse(&plan, text, strlen(text), "plan.ini", &err) != CB_OK) fail_msg("%s", err.text);
    return plan;
}

static void refused(const char *text, const char *message)
{
    struct cb_plan plan;
    struct cb_error err;
    if (cb_plan_parse(&plan, text, strlen(text), "plan.ini", &err) != CB_BAD_INPUT) fail_msg("accepted: %s", text);
    if (!strstr(err.text, message)) fail_msg("\"%s\" does not say \"%s\"", err.text, message);
    assert_true(!plan.runs && !plan.count);
}

static void test_a_grid_is_crossed(void **state)
{
    (void)state;
    struct cb_plan plan = parsed("[a]\nrecipes = 1cycle-70, step-64k-b\nseeds = 2, 3\nvariant = bf16-all\n"
                                 "numerics.version = bf16-all\noptimizer.weight_decay = 1e-3 | 1e-4\nstop_after = 5\n"
                                 "[b]\nrecipes = smoke\ndata.augment = flip | flip, crop, zero | none\n");
    static const char *const names[] = {
        "1cycle-70-bf16-all-weight_decay-1e-3-s2",
        "1cycle-70-bf16-all-weight_decay-1e-3-s3",
        "1cycle-70-bf16-all-weight_decay-1e-4-s2",
        "1cycle-70-bf16-all-weight_decay-1e-4-s3",
        "step-64k-b-bf16-all-weight_decay-1e-3-s2",
        "step-64k-b-bf16-all-weight_decay-1e-3-s3",
        "step-64k-b-bf16-all-weight_decay-1e-4-s2",
        "step-64k-b-bf16-all-weight_decay-1e-4-s3",
        "smoke-flip-s1",
        "smoke-flip__crop__zero-s1",
        "smoke-none-s1",
    };
    assert_int_equal(plan.count, sizeof names / sizeof *names);
    for (size_t i = 0; i < plan.count; i++) assert_string_equal(plan.runs[i].name, names[i]);
    const struct cb_plan_run *run = &plan.runs[5];
    assert_string_equal(run->recipe_name, "step-64k-b");
    assert_string_equal(run->stop_after, "5");
    assert_true(run->recipe.run.seed == 3 && run->recipe.optimizer.weight_decay == 1e-3 &&
                run->recipe.network.numerics == CB_BF16_ALL && run->recipe.schedule.iterations == 64000);
    assert_int_equal(run->override_count, 3);
    assert_string_equal(run->overrides[2], "run.seed=3");
    assert_string_equal(plan.runs[9].overrides[0], "data.augment=flip, crop, zero");
    assert_true(plan.runs[9].recipe.data.augmentation.crop && !*plan.runs[9].stop_after);
    cb_plan_free(&plan);
}

static void test_the_shipped_plans(void **state)
{
    (void)state;
    char(*names)[CB_RECIPE_NAME];
    size_t count;
    struct cb_error err;
    assert_int_equal(cb_shelf_list(&cb_plan_shelf, &names, &count, &err), CB_OK);
    assert_true(count >= 2);
    for (size_t i = 0; i < count; i++) {
        struct cb_plan plan;
        char description[CB_DESCRIPTION_BYTES];
        if (cb_plan_read(&plan, names[i], &err) != CB_OK) fail_msg("%s", err.text);
        assert_int_equal(cb_shelf_describe(&cb_plan_shelf, description, names[i], &err), CB_OK);
        assert_true(*description);
        cb_plan_free(&plan);
    }
    free(names);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    refused("", "a plan of no runs");
    refused("recipes = smoke\n", "plan.ini:1: recipes stands before the first section");
    refused("[a]\nseeds = 1\n", "plan.ini:2: [a]: recipes is missing");
    refused("[a]\nrecipes = no-such\n", "plan.ini:2: [a]: no recipe \"no-such\"");
    refused("[a]\nrecipes = smoke\nseed = 1\n", "plan.ini:3: unknown key seed");
    refused("[a]\nrecipes = smoke\ndata.bach = 1\n", "plan.ini:3: [a]: --set data.bach=1: unknown key data.bach");
    refused("[a]\nrecipes = smoke\nrun.seed = 1\n", "plan.ini:3: run.seed: expected `seeds");
    refused("[a]\nrecipes = smoke\n\ndata.batch = 8, 16\n", "plan.ini:4: [a]: --set data.batch=8, 16");
    refused("[a]\nrecipes = smoke\n\ndata.batch = 8, 16\n", "several values are separated by |");
    refused("[a]\nrecipes = smoke\ndata.batch = 8 |\n", "plan.ini:3: data.batch: an empty value");
    refused("[a]\nrecipes = smoke,, smoke\n", "[a]: recipes: an empty value");
    refused("[a]\nrecipes =\n", "plan.ini:2: recipes: expected 1 to");
    refused("[a]\nrecipes = smoke\nseeds = 1, x\n", "run.seed");
    refused("[a]\nrecipes = smoke\nseeds = 1, 1\n", "two runs are called smoke-s1");
    refused("[a]\nrecipes = smoke\n[b]\nrecipes = smoke\n", "plan.ini:4: [b]: two runs are called smoke-s1");
    refused("[a]\nrecipes = smoke\nrecipes = smoke\n", "plan.ini:3: recipes is given twice in [a]");
    refused("[a]\nrecipes = smoke\ndata.batch = 8\ndata.batch = 9\n", "plan.ini:4: data.batch is given twice in [a]");
    refused("[a]\nrecipes = smoke\nstop_after = -1\n", "stop_after: expected a whole number");
    refused("[a]\nrecipes = smoke\nstop_after = soon\n", "stop_after: expected a whole number");
    refused("[a]\nrecipes\n", "plan.ini:2: expected `key = value`");
    char text[512] = "[a]\nrecipes = smoke\nvariant = x\nseeds = 1", many[600];
    for (int i = 2; i <= 32; i++) sprintf(text + strlen(text), ",%d", i);
    snprintf(many, sizeof many, "%s\ndata.batch = 1|2|3|4|5|6|7|8\noptimizer.momentum = 0.1|0.2|0.3|0.4\n", text);
    refused(many, "plan.ini:2: [a] brings the plan to more than 1000 runs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_grid_is_crossed),
        cmocka_unit_test(test_the_shipped_plans),
        cmocka_unit_test(test_what_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}

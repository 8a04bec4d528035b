/* Recipes: the files of train/recipes say what the sources say, text and struct are two forms of the same, and every
 * wrong input is refused with file, line, key and what is allowed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recipes/recipe.h"
#include "temp.h"

static const char good[] = "[data]\n"           /* 1 */
                           "augment = none\n"   /* 2 */
                           "batch = 128\n"      /* 3 */
                           "[network]\n"        /* 4 */
                           "depth = 20\n"       /* 5 */
                           "shortcut = A\n"     /* 6 */
                           "init = he_fan_in\n" /* 7 */
                           "[schedule]\n"       /* 8 */
                           "kind = constant\n"  /* 9 */
                           "lr = 0.1\n"         /* 10 */
                           "epochs = 2\n" /* 11 */;

static struct cb_recipe parsed(const char *text)
{
    struct cb_recipe recipe;
    struct cb_error err;
    if (cb_recipe_parse(&recipe, text, strlen(text), "t.ini", NULL, 0, &err)) fail_msg("%s", err.text);
    return recipe;
}

/* good + extra + overrides must fail with a message that holds every part. */
static void refused(const char *text, const char *override, const char *const parts[])
{
    struct cb_recipe recipe;
    struct cb_error err = {""};
    const enum cb_status status =
        cb_recipe_parse(&recipe, text, strlen(text), "t.ini", &override, override ? 1 : 0, &err);
    if (status != CB_BAD_INPUT) fail_msg("accepted: %s with %s", text, override ? override : "no override");
    for (; *parts; parts++)
        if (!strstr(err.text, *parts)) fail_msg("\"%s\" does not say \"%s\"", err.text, *parts);
}
#define REFUSED(extra, ...) refused(extra, NULL, (const char *const[]){__VA_ARGS__, NULL})
#define REFUSED_SET(override, ...) refused(good, override, (const char *const[]){__VA_ARGS__, NULL})

/* The good text with one line replaced. */
static const char *with(const char *line, const char *replacement)
{
    static char text[2048];
    const char *at = strstr(good, line);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, replacement, at + strlen(line));
    return text;
}

/* --- the files ---------------------------------------------------------------------------------------------------- */

static struct cb_recipe recipe_file(const char *name, size_t images)
{
    struct cb_recipe recipe;
    struct cb_error err;
    if (cb_recipe_read(&recipe, name, NULL, 0, &err) || cb_recipe_resolve(&recipe, images, &err))
        fail_msg("%s: %s", name, err.text);
    assert_string_equal(recipe.name, name);
    return recipe;
}

static void test_notebook_recipes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double epochs, lr_max, div, final_percent, momentum_max, momentum_min;
        size_t iterations;
    } rows[] = {
        {"1cycle-95", 95, 0.8, 10, 13.68, 0.95, 0.85, 9310},
        {"1cycle-95-long-anneal", 95, 0.8, 10, 50, 0.95, 0.85, 9310},
        {"1cycle-50", 50, 3, 20, 10, 0.95, 0.85, 4900},
        {"1cycle-70", 70, 3, 20, 10, 0.95, 0.85, 6860},
        {"1cycle-95-constant-momentum", 95, 0.8, 10, 13.68, 0.9, 0.9, 9310},
        {"1cycle-50-constant-momentum", 50, 3, 20, 10, 0.9, 0.9, 4900},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct cb_recipe r = recipe_file(rows[i].name, 50000);
        assert_int_equal(r.schedule.kind, CB_ONE_CYCLE);
        assert_true(r.epochs == rows[i].epochs && r.schedule.iterations == rows[i].iterations);
        assert_true(r.schedule.lr_max == rows[i].lr_max && r.schedule.div == rows[i].div);
        assert_true(r.schedule.final_percent == rows[i].final_percent);
        assert_true(r.schedule.momentum_max == rows[i].momentum_max && r.schedule.momentum_min == rows[i].momentum_min);
        assert_true(r.data.batch == 512 && r.data.shuffle && r.data.holdout == 0);
        assert_true(r.data.augmentation.flip && r.data.augmentation.crop && r.data.augmentation.pad == CB_PAD_REFLECT);
        assert_true(r.data.mean[0] == 0.4914 && r.data.mean[1] == 0.48216 && r.data.mean[2] == 0.44653);
        assert_true(r.data.std[0] == 0.24703 && r.data.std[1] == 0.24349 && r.data.std[2] == 0.26159);
        assert_true(r.network.depth == 56 && r.network.shortcut == 'B' && r.network.init == CB_INIT_TORCH03);
        assert_true(r.optimizer.weight_decay == 1e-4 && !r.optimizer.nesterov && r.run.target == 93);
    }
}

static void check_step_64k(const struct cb_recipe *r)
{
    assert_int_equal(r->schedule.kind, CB_STEP);
    assert_true(r->schedule.iterations == 64000 && r->schedule.lr == 0.1 && r->schedule.gamma == 0.1);
    assert_true(r->schedule.milestones.count == 2 && r->schedule.milestones.at[0] == 32000 &&
                r->schedule.milestones.at[1] == 48000);
    assert_true(r->data.batch == 128 && r->schedule.momentum == 0.9 && r->optimizer.weight_decay == 1e-4);
    assert_true(r->network.depth == 56 && r->data.augmentation.flip && r->data.augmentation.crop);
}

static void test_step_recipes(void **state)
{
    (void)state;
    const struct cb_recipe he = recipe_file("step-64k", 50000), ours = recipe_file("step-64k-b", 50000);
    check_step_64k(&he);
    check_step_64k(&ours);
    assert_true(he.network.shortcut == 'A' && he.network.init == CB_INIT_HE_FAN_OUT &&
                he.data.augmentation.pad == CB_PAD_ZERO);

    /* step-64k-b and 1cycle-95 differ in the schedule only; batch and momentum belong to it. */
    struct cb_recipe one_cycle = recipe_file("1cycle-95", 50000), b = ours;
    b.data.batch = one_cycle.data.batch;
    assert_memory_equal(&b.data, &one_cycle.data, sizeof b.data);
    assert_memory_equal(&b.network, &one_cycle.network, sizeof b.network);
    assert_true(b.optimizer.weight_decay == one_cycle.optimizer.weight_decay);

    /* step-16k-b512 sees as many images in as many steps of the rate, in batches of 1cycle-95. */
    const struct cb_recipe same_batch = recipe_file("step-16k-b512", 50000);
    assert_memory_equal(&same_batch.data, &one_cycle.data, sizeof same_batch.data);
    assert_memory_equal(&same_batch.network, &one_cycle.network, sizeof same_batch.network);
    assert_memory_equal(&same_batch.run, &one_cycle.run, sizeof same_batch.run);
    assert_true(same_batch.optimizer.weight_decay == one_cycle.optimizer.weight_decay);
    const struct cb_schedule *small = &ours.schedule, *large = &same_batch.schedule;
    const size_t times = same_batch.data.batch / ours.data.batch;
    assert_true(times == 4 && large->lr == (double)times * small->lr && large->gamma == small->gamma);
    assert_true(times * large->iterations == small->iterations && large->milestones.count == small->milestones.count);
    for (size_t i = 0; i < small->milestones.count; i++)
        assert_int_equal(times * large->milestones.at[i], small->milestones.at[i]);
}

static void test_demo_recipes(void **state)
{
    (void)state;
    const struct cb_recipe a = recipe_file("demo-1cycle", 50000), b = recipe_file("demo-step", 50000);
    assert_true(a.run.target == b.run.target);
    assert_memory_equal(&a.data, &b.data, sizeof a.data);
    assert_memory_equal(&a.network, &b.network, sizeof a.network);
    assert_int_equal(b.schedule.milestones.at[0], b.schedule.iterations / 2);
    assert_int_equal(b.schedule.milestones.at[1], b.schedule.iterations * 3 / 4);
    assert_int_equal(recipe_file("smoke", 10000).network.depth, 20);
}

static void test_finding(void **state)
{
    (void)state;
    struct cb_recipe recipe;
    struct cb_error err;
    assert_int_equal(cb_recipe_read(&recipe, "no-such", NULL, 0, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "1cycle-70, "));
    assert_non_null(strstr(err.text, "step-64k"));
    assert_int_equal(cb_recipe_read(&recipe, "./1cycle-70", NULL, 0, &err), CB_BAD_INPUT); /* a path, not a name */
    assert_non_null(strstr(err.text, "./1cycle-70"));
    assert_int_equal(cb_recipe_read(&recipe, "missing.ini", NULL, 0, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "missing.ini"));
}

/* --- text and struct ---------------------------------------------------------------------------------------------- */

static void round_trip(const struct cb_recipe *recipe)
{
    char *text = cb_recipe_text(recipe);
    assert_non_null(text);
    const struct cb_recipe again = parsed(text);
    char *text_again = cb_recipe_text(&again);
    assert_string_equal(text, text_again);
    /* Before it is resolved a recipe in epochs has no iterations. */
    struct cb_recipe a = *recipe, b = again;
    memset(a.name, 0, sizeof a.name);
    memset(b.name, 0, sizeof b.name);
    if (a.epochs > 0) a.schedule.iterations = b.schedule.iterations = 0;
    assert_memory_equal(&a, &b, sizeof a);
    free(text);
    free(text_again);
}

static void test_round_trip(void **state)
{
    (void)state;
    static const char *const names[] = {"1cycle-95",
                                        "1cycle-95-long-anneal",
                                        "1cycle-50",
                                        "1cycle-70",
                                        "1cycle-95-constant-momentum",
                                        "1cycle-50-constant-momentum",
                                        "step-64k",
                                        "step-64k-b",
                                        "step-16k-b512",
                                        "demo-1cycle",
                                        "smoke"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct cb_recipe recipe = recipe_file(names[i], 50000);
        round_trip(&recipe);
    }
    static const char *const schedules[] = {
        "kind = cosine\nlr = 0.1\nlr_end = 0\niterations = 100\n",
        "kind = range_test\nlr_start = 1e-5\nlr_end = 10\nlinear = false\niterations = 98\n",
        "kind = step\nlr = 0.123456789012345678\nmilestones = 50%, 62.5%\ngamma = 0.31622776601683794\nepochs = 0.1\n",
        "kind = step\nlr = 1e-300\nmilestones = 3\niterations = 64000\n",
    };
    char text[1024];
    for (size_t i = 0; i < sizeof schedules / sizeof *schedules; i++) {
        snprintf(text, sizeof text, "%.*s%s[run]\nseed = 18446744073709551615\n", (int)(strstr(good, "kind") - good),
                 good, schedules[i]);
        const struct cb_recipe recipe = parsed(text);
        round_trip(&recipe);
        assert_true(recipe.run.seed == UINT64_MAX);
    }
}

static void test_defaults_and_forms(void **state)
{
    (void)state;
    struct cb_recipe r = parsed(good);
    assert_string_equal(r.data.train_files,
                        "data_batch_1.bin,data_batch_2.bin,data_batch_3.bin,data_batch_4.bin,data_batch_5.bin");
    assert_true(r.data.shuffle && r.optimizer.momentum == 0.9 && r.schedule.momentum == 0.9 && r.run.eval_every == 1);
    assert_int_equal(r.network.numerics, CB_FP32_WINOGRAD);
    assert_string_equal(r.data.augment, "none");
    assert_true(!r.data.augmentation.flip && !r.data.augmentation.crop);
    /* Blanks, comments, CR LF, a byte order mark and indented keys are fine. */
    r = parsed("\xef\xbb\xbf; c\r\n[data]\r\n  augment = crop,zero , flip ; c\r\nbatch=1\r\ntrain_files = a.bin , "
               "b.bin\r\n[network]\r\n"
               "depth: 110\nshortcut = B\ninit = torch03\n# c\n\n[schedule]\nkind = constant\nlr = 5e-2\nepochs = 0.5");
    assert_string_equal(r.data.augment, "flip, crop, zero");
    assert_int_equal(r.data.augmentation.pad, CB_PAD_ZERO);
    assert_string_equal(r.data.train_files, "a.bin,b.bin");
    /* The recipe's name, which names a run directory. */
    static const char *const names[][2] = {
        {"t.ini", "t"}, {"a/b.c.ini", "b.c"}, {"a/plain", "plain"}, {"...ini", "_."}, {"a/\xff\x1b.ini", "??"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct cb_recipe named;
        assert_int_equal(cb_recipe_parse(&named, good, strlen(good), names[i][0], NULL, 0, NULL), CB_OK);
        assert_string_equal(named.name, names[i][1]);
    }
    /* One name that is the beginning of another is not the same file. */
    const char *prefix = "data.train_files=ab,a,abc-1_2";
    struct cb_recipe other;
    assert_int_equal(cb_recipe_parse(&other, good, strlen(good), "t.ini", &prefix, 1, NULL), CB_OK);
    assert_true(r.network.depth == 110 && r.schedule.lr == 0.05 && r.epochs == 0.5);
    assert_int_equal(cb_recipe_resolve(&r, 7, NULL), CB_OK);
    assert_int_equal(r.schedule.iterations, 4); /* ceil(3.5) */
}

static void sha256_of(const struct cb_recipe *recipe, char hex[CB_SHA256_HEX])
{
    assert_int_equal(cb_recipe_sha256(recipe, hex, NULL), CB_OK);
}

/* A file with a base is the recipe that it would be in full. */
static void test_bases(void **state)
{
    struct cb_recipe r =
        parsed("base = 1cycle-95\n[schedule]\nepochs = 50\nlr_max = 3\ndiv = 20\nfinal_percent = 10\n");
    const struct cb_recipe full = recipe_file("1cycle-50", 50000);
    char a[CB_SHA256_HEX], b[CB_SHA256_HEX];
    sha256_of(&r, a);
    sha256_of(&full, b);
    assert_string_equal(a, b);
    round_trip(&r);
    /* Another kind and another length drop the base's; a base may have a base. */
    r = parsed("; c\nbase = 1cycle-50\n[schedule]\nkind = constant\nlr = 0.1\niterations = 7\n");
    assert_true(r.schedule.kind == CB_CONSTANT && r.schedule.lr_max == 0 && r.epochs == 0 && r.data.batch == 512);
    REFUSED("base = nowhere\n", "t.ini:1", "no recipe \"nowhere\"");
    REFUSED("base = no/such.ini\n", "t.ini:1", "no/such.ini");
    REFUSED("base = 1cycle-95\nbase = 1cycle-50\n", "t.ini:2", "base is given twice");
    REFUSED("[data]\nbase = 1cycle-95\n", "t.ini:2", "unknown key data.base");
    REFUSED("base = 1cycle-95\n[schedule]\nlr = 1\n", "t.ini:3", "schedule.lr is not used by", "one_cycle");
    REFUSED("base = 1cycle-95\n[data]\nbatch = 0\n", "t.ini:3", "data.batch");

    char text[1200];
    const char *path = in_folder(state, "bad.ini");
    assert_int_equal(put_file(path, "base = 1cycle-95\n[data]\nbatch = 0\n", 34), 0);
    snprintf(text, sizeof text, "base = %s\n", path);
    REFUSED(text, "bad.ini:3", "data.batch is \"0\""); /* where it stands */
    path = in_folder(state, "loop.ini");
    snprintf(text, sizeof text, "base = %s\n", path);
    assert_int_equal(put_file(path, text, strlen(text)), 0);
    REFUSED(text, "loop.ini:1", "more than 8 bases");
}

static void test_list(void **state)
{
    (void)state;
    char(*names)[CB_RECIPE_NAME], description[CB_DESCRIPTION_BYTES];
    size_t count;
    assert_int_equal(cb_recipe_list(&names, &count, NULL), CB_OK);
    assert_true(count >= 11);
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || strcmp(names[i - 1], names[i]) < 0);
        assert_int_equal(cb_recipe_describe(description, names[i], NULL), CB_OK);
        if (strlen(description) < 20) fail_msg("%s.ini: the first line is no `; %s: description`", names[i], names[i]);
    }
    free(names);
}

static void test_data_sets(void **state)
{
    (void)state;
    struct cb_recipe r = parsed(with("batch = 128", "batch = 128\nset = cifar100"));
    assert_string_equal(r.data.train_files, "train.bin");
    assert_true(r.data.mean[0] == 0.50708 && r.data.std[2] == 0.27615);
    assert_int_equal(cb_recipe_network(&r).classes, 100);
    round_trip(&r);
    r = parsed(good);
    assert_int_equal(cb_recipe_network(&r).classes, 10);
    REFUSED(with("batch = 128", "batch = 128\nset = cifar"), "t.ini:4", "cifar10 | cifar100");
    REFUSED(with("batch = 128", "batch = 128\nset = cifar100\ntrain_files = test.bin"), "not the test file");
}

static void test_resolve(void **state)
{
    (void)state;
    struct cb_error err;
    struct cb_recipe r = recipe_file("1cycle-70", 45000);
    assert_int_equal(r.schedule.iterations, 70 * 88);
    assert_int_equal(cb_recipe_resolve(&r, 0, &err), CB_BAD_INPUT);
    r = parsed(good);
    assert_int_equal(cb_recipe_resolve(&r, 129, NULL), CB_OK);
    assert_int_equal(r.schedule.iterations, 4);
    r = parsed(with("kind = constant\nlr = 0.1\nepochs = 2\n",
                    "kind = step\nlr = 0.1\nepochs = 3\nmilestones = 10, 50%, 75%\n"));
    assert_int_equal(cb_recipe_resolve(&r, 128 * 7, NULL),
                     CB_BAD_INPUT); /* 10 is half of 21 iterations: not ascending */
    assert_int_equal(cb_recipe_resolve(&r, 128 * 391, NULL), CB_OK);
    assert_true(r.schedule.milestones.at[0] == 10 && r.schedule.milestones.at[1] == 586 &&
                r.schedule.milestones.at[2] == 879);
}

static void test_json_and_keys(void **state)
{
    (void)state;
    const struct cb_recipe r = recipe_file("1cycle-70", 50000);
    json_t *json = cb_recipe_json(&r);
    assert_non_null(json);
    assert_true(json_is_true(json_object_get(json_object_get(json, "data"), "shuffle")));
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "data"), "batch")), 512);
    assert_string_equal(json_string_value(json_object_get(json_object_get(json, "schedule"), "kind")), "one_cycle");
    assert_true(json_real_value(json_object_get(json_object_get(json, "schedule"), "epochs")) == 70);
    assert_null(json_object_get(json_object_get(json, "schedule"), "milestones"));
    json_decref(json);
    /* Every key of the complete recipe is explained. */
    size_t explained = 0;
    char *text = cb_recipe_text(&r), section[32] = "", name[32], line[80];
    for (char *at = text; (at = strchr(at, '\n'));) {
        at++;
        sscanf(at, "[%31[a-z]]", section);
        if (sscanf(at, "%31[a-z_] =", name) != 1) continue;
        snprintf(line, sizeof line, "%s.%s: ", section, name);
        if (!strstr(cb_recipe_keys(), line)) fail_msg("%s is not in the list of keys", line);
        explained++;
    }
    assert_true(explained > 20);
    free(text);
}

/* --- refusals ----------------------------------------------------------------------------------------------------- */

static void test_unknown(void **state)
{
    (void)state;
    REFUSED(with("batch = 128", "bacth = 128"), "t.ini:3", "data.bacth", "did you mean data.batch?");
    REFUSED(with("batch = 128", "colour = 128"), "t.ini:3", "data.colour");
    REFUSED(with("[network]", "[netwrok]"), "t.ini:5", "netwrok.depth", "network.depth");
    REFUSED(with("[network]", "[weather]"), "t.ini:5", "section [weather]", "expected data, network");
    REFUSED("batch = 3\n", "t.ini:1", "batch");
    REFUSED(with("batch = 128", "batch"), "t.ini:3", "key = value");
    REFUSED(with("[network]", "[network"), "t.ini:4", "[section]");
    REFUSED(
        with("batch = 128",
             "; "
             "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
             "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"),
        "t.ini:3", "longer than");
    REFUSED_SET("data.bach=3", "--set data.bach=3", "data.batch");
    REFUSED_SET("data.batch", "--set data.batch", "section.key=value");
    REFUSED_SET("batch=3.5", "--set batch=3.5", "section.key=value");

    struct cb_recipe recipe;
    struct cb_error err;
    assert_int_equal(cb_recipe_parse(&recipe, "[data]\nbat\0ch = 1\n", 18, "t.ini", NULL, 0, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "t.ini:2"));
}

static void test_wrong_values(void **state)
{
    (void)state;
    static const struct {
        const char *line, *allowed;
    } rows[] = {
        {"batch = 0", "an integer 1 .. 1024"},
        {"batch = 1025", "1024"},
        {"batch = -1", "integer"},
        {"batch = 12.5", "integer"},
        {"batch = many", "integer"},
        {"batch =", "integer"},
        {"batch = 99999999999999999999", ""},
        {"batch = 0x10", "integer"},
        {"batch = 128\nshuffle = yes", "true | false"},
        {"batch = 128\nmean = 0.1, 0.2", "three numbers"},
        {"batch = 128\nmean = 0.1, 0.2, 0.3, 0.4", "three numbers"},
        {"batch = 128\nstd = 0.1, 0, 0.3", "1e-06 .. 1"},
        {"batch = 128\nstd = 0.1, 1e-320, 0.3", "1e-06 .. 1"},
        {"batch = 128\nholdout = -5", "integer"},
        {"batch = 128\ntrain_files = a.bin,,b.bin", "file names"},
        {"batch = 128\ntrain_files = ../a.bin", "file names"},
        {"batch = 128\ntrain_files =", "file names"},
        {"batch = 128\ntrain_files = a b.bin", "file names"},
        {"batch = 128\ntrain_files = a\"b.bin", "file names"},
        {"batch = 128\ntrain_files = a#b.bin", "file names"},
        {"batch = 128\ntrain_files = a;b.bin", "file names"},
        {"batch = 128\ntrain_files = a\x1b.bin", "file names"},
        {"batch = 128\ntrain_files = \xc3\xa4.bin", "file names"},
        {"batch = 128\ntrain_files = a.bin, test_batch.bin", "not the test file"},
        {"batch = 128\ntrain_files = a.bin, b.bin, a.bin", "different file names"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        REFUSED(with("batch = 128", rows[i].line), "t.ini:", "data.", "expected", rows[i].allowed);

    static const char *const augments[] = {
        "crop", "reflect", "flip, zero", "crop, reflect, zero", "flip, flip", "rotate", "none, flip", "", "flip,"};
    for (size_t i = 0; i < sizeof augments / sizeof *augments; i++) {
        char line[64];
        snprintf(line, sizeof line, "augment = %s", augments[i]);
        REFUSED(with("augment = none", line), "t.ini:2", "data.augment", "reflect, zero");
    }
    REFUSED(with("depth = 20", "depth = 21"), "t.ini:5", "network.depth", "20 | 32 | 44 | 56 | 110");
    REFUSED(with("shortcut = A", "shortcut = C"), "t.ini:6", "A | B");
    REFUSED(with("init = he_fan_in", "init = zeros"), "t.ini:7", "he_fan_in | he_fan_out | torch03");
    REFUSED(with("kind = constant", "kind = 1cycle"), "t.ini:9", "one_cycle | step | constant | cosine | range_test");
    REFUSED(with("lr = 0.1", "lr = 0"), "t.ini:10", "> 0");
    REFUSED(with("lr = 0.1", "lr = nan"), "t.ini:10", "a number");
    REFUSED(with("lr = 0.1", "lr = 1e999"), "t.ini:10", "a number");
    REFUSED(with("lr = 0.1", "lr = 0.1 0.2"), "t.ini:10", "a number");
    REFUSED(with("epochs = 2", "epochs = 0"), "t.ini:11", "> 0");
    REFUSED(with("epochs = 2", "iterations = 0"), "t.ini:11", "1 .. 1000000000");
    REFUSED(with("epochs = 2", "epochs = 2\n[numerics]\nversion = fp8"), "t.ini:13", "fp32-direct | fp32-winograd");
    REFUSED(with("epochs = 2", "epochs = 2\n[run]\nseed = -1"), "t.ini:13", "run.seed");
    REFUSED(with("epochs = 2", "epochs = 2\n[run]\ntarget = 101"), "t.ini:13", "0 .. 100");
    REFUSED(with("epochs = 2", "epochs = 2\n[optimizer]\nmomentum = 1"), "t.ini:13", "< 1");
    static const char *const milestones[] = {"20, 10", "10, 10", "0", "1.5", "120%", "10%%", "1,2,3,4,5,6,7,8,9", ""};
    for (size_t i = 0; i < sizeof milestones / sizeof *milestones; i++) {
        char lines[128];
        snprintf(lines, sizeof lines, "kind = step\nlr = 0.1\niterations = 99\nmilestones = %s\n", milestones[i]);
        REFUSED(with("kind = constant\nlr = 0.1\nepochs = 2\n", lines), "t.ini", "schedule.milestones", "ascending");
    }
    REFUSED_SET("data.batch=abc", "--set data.batch=abc", "\"abc\"", "integer");
}

static void test_wrong_combinations(void **state)
{
    (void)state;
    REFUSED(with("batch = 128", "batch = 128\nbatch = 64"), "t.ini:4", "data.batch", "twice", "line 3");
    REFUSED(with("epochs = 2", "epochs = 2\niterations = 5"), "t.ini:12", "both");
    REFUSED(with("epochs = 2\n", ""), "t.ini", "schedule.epochs or schedule.iterations is missing");
    REFUSED(with("kind = constant\n", ""), "schedule.kind is missing");
    REFUSED(with("batch = 128\n", ""), "data.batch is missing");
    REFUSED(with("lr = 0.1\n", ""), "schedule.lr is missing");
    REFUSED(with("lr = 0.1", "lr = 0.1\nlr_max = 1"), "t.ini:11", "schedule.lr_max", "constant");
    REFUSED(with("kind = constant\nlr = 0.1",
                 "kind = one_cycle\nlr_max = 1\ndiv = 10\nfinal_percent = 10\nmomentum_max = 0.9\nmomentum_min = 0.8\n"
                 "[optimizer]\nmomentum = 0.9\n[schedule]"),
            "t.ini:16", "optimizer.momentum", "one_cycle");
    REFUSED(with("kind = constant\nlr = 0.1\nepochs = 2",
                 "kind = one_cycle\nlr_max = 1\ndiv = 10\nfinal_percent = 10\nmomentum_max = 0.8\n"
                 "momentum_min = 0.9\niterations = 99"),
            "t.ini", "momentum_min");
    REFUSED_SET("schedule.gamma=0.5", "--set schedule.gamma=0.5", "not used by schedule.kind = constant");
    REFUSED_SET("schedule.kind=step", "schedule.milestones is missing");
}

static void test_overrides(void **state)
{
    (void)state;
    struct cb_recipe r;
    const char *twice[] = {"data.batch=64", "data.batch=32"}, *both[] = {"schedule.epochs=1", "schedule.iterations=1"};
    struct cb_error err;
    assert_int_equal(cb_recipe_parse(&r, good, strlen(good), "t.ini", twice, 2, &err), CB_BAD_INPUT);
    assert_int_equal(cb_recipe_parse(&r, good, strlen(good), "t.ini", both, 2, &err), CB_BAD_INPUT);
    assert_int_equal(cb_recipe_parse(&r, good, strlen(good), "t.ini", twice, 1, &err), CB_OK);
    assert_int_equal(r.data.batch, 64);
    /* One length replaces the other; another kind drops what only the file's kind used. */
    const char *iterations[] = {"schedule.iterations=20"},
               *kind[] = {"schedule.kind=constant", "schedule.lr=0.5", "schedule.iterations=7"};
    assert_int_equal(cb_recipe_read(&r, "1cycle-70", iterations, 1, &err), CB_OK);
    assert_true(r.epochs == 0 && r.schedule.iterations == 20);
    assert_int_equal(cb_recipe_read(&r, "1cycle-70", kind, 3, &err), CB_OK);
    assert_true(r.schedule.kind == CB_CONSTANT && r.schedule.lr == 0.5 && r.schedule.momentum == 0.9 &&
                r.schedule.lr_max == 0);
    round_trip(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notebook_recipes),
        cmocka_unit_test(test_step_recipes),
        cmocka_unit_test(test_demo_recipes),
        cmocka_unit_test(test_finding),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_defaults_and_forms),
        cmocka_unit_test_setup_teardown(test_bases, make_temp_folder, remove_temp_folder),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_data_sets),
        cmocka_unit_test(test_resolve),
        cmocka_unit_test(test_json_and_keys),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_wrong_values),
        cmocka_unit_test(test_wrong_combinations),
        cmocka_unit_test(test_overrides),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("recipe", tests, NULL, NULL);
}

/* The reader of shape files: what it takes, where it says that something is wrong, and that no input breaks it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "shapes.h"

static const char *kind_word(size_t i)
{
    static const char *const words[] = {"plain", "3x3"};
    return i < 2 ? words[i] : NULL;
}

static const char *side_word(size_t i)
{
    static const char *const words[] = {"left", "right"};
    return i < 2 ? words[i] : NULL;
}

static const char *check_box(const struct cb_shape *s)
{
    return cb_shape_value(s, "w") == cb_shape_value(s, "h") ? "a square is no box" : NULL;
}

static const struct cb_shape_key box_keys[] = {
    {.name = "kind", .word = kind_word},
    {.name = "w", .min = 1, .max = 100, .step = 1},
    {.name = "h", .min = 16, .max = 64, .step = 16},
    {.name = "side", .word = side_word, .optional = true, .if_missing = 1},
};
static const struct cb_shape_key batch_keys[] = {{.name = "batch", .min = 1, .max = SIZE_MAX, .step = 1}};
static const struct cb_shape_form box = {"box", box_keys, 4, check_box}, row = {"row", batch_keys, 1, NULL};
static const struct cb_shape_form *const forms[] = {&box, &row};

static struct cb_shapes shapes;
static struct cb_error err;

static enum cb_status parse(const char *text)
{
    err.text[0] = '\0';
    return cb_shapes_parse(&shapes, text, strlen(text), "f.txt", forms, 2, &err);
}

static int no_shapes(void **state)
{
    (void)state;
    cb_shapes_free(&shapes);
    return 0;
}

static void test_shapes_are_read(void **state)
{
    (void)state;
    assert_int_equal(parse("# all\n\n  box h=32 kind=3x3\tw=7 # seven\r\nrow batch=128\n"), CB_OK);
    assert_int_equal(shapes.n, 2);
    assert_ptr_equal(shapes.shape[0].form, &box);
    assert_int_equal(cb_shape_value(&shapes.shape[0], "kind"), 1);
    assert_int_equal(cb_shape_value(&shapes.shape[0], "w"), 7);
    assert_int_equal(cb_shape_value(&shapes.shape[0], "h"), 32);
    assert_int_equal(cb_shape_value(&shapes.shape[0], "side"), 1); /* optional */
    assert_int_equal(cb_shape_value(&shapes.shape[1], "batch"), 128);
    assert_int_equal(parse("box h=32 kind=3x3 w=7 side=left\n"), CB_OK);
    assert_int_equal(cb_shape_value(&shapes.shape[2], "side"), 0);
    assert_int_equal(parse("row batch=1#\n"), CB_OK);
    assert_int_equal(shapes.n, 4);
}

static void test_names(void **state)
{
    (void)state;
    char name[64], small[8];
    assert_int_equal(parse("box h=32 kind=3x3 w=7\n"), CB_OK);
    cb_shape_name(&shapes.shape[0], name, sizeof name);
    assert_string_equal(name, "3x3/w:7/h:32/right");
    cb_shape_name(&shapes.shape[0], small, sizeof small);
    assert_string_equal(small, "3x3/w:7");
}

/* Each text with where and what is said of it. */
static void test_errors_name_line_and_column(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "f.txt: no shape in this file"},
        {"# only words\n", "f.txt: no shape in this file"},
        {"box kind=3x3 w=7 h=32", "f.txt:1:22: the last line has no end: is the file truncated?"},
        {"row batch=1\n# cut", "f.txt:2:6: the last line has no end"},
        {"circle r=1\n", "f.txt:1:1: unknown form 'circle'; expected one of box, row"},
        {"\n  rows batch=1\n", "f.txt:2:3: unknown form 'rows'"},
        {"row\n", "f.txt:1:4: row lacks batch="},
        {"box kind=3x3 h=16\n", "f.txt:1:18: box lacks w="},
        {"row batch=1 batch=2\n", "f.txt:1:13: batch stands twice"},
        {"row batch=1 size=2\n", "f.txt:1:13: row has no key 'size'; its keys are batch"},
        {"row batch\n", "f.txt:1:5: expected key=value, got 'batch'"},
        {"row =1\n", "f.txt:1:5: row has no key ''"},
        {"row batch=\n", "f.txt:1:11: batch: expected 1 to"},
        {"row batch=-1\n", "f.txt:1:11: batch: expected 1 to"},
        {"row batch=1e3\n", "got '1e3'"},
        {"row batch=0\n", "f.txt:1:11: batch: expected 1 to"},
        {"row batch=99999999999999999999999999\n", "got '99999999999999999999999999'"},
        {"box kind=3x3 w=101 h=16\n", "f.txt:1:16: w: expected 1 to 100, got '101'"},
        {"box kind=3x3 w=18446744073709551617 h=16\n", "w: expected 1 to 100, got '18446744073709551617'"},
        {"box kind=3x3 w=1 h=24\n", "f.txt:1:20: h: expected 16 to 64, a multiple of 16, got '24'"},
        {"box kind=5x5 w=1 h=16\n", "f.txt:1:10: kind: expected one of plain, 3x3, got '5x5'"},
        {"box kind=3 w=1 h=16\n", "kind: expected one of plain, 3x3, got '3'"},
        {"row batch=1\nbox kind=3x3 w=16 h=16\n", "f.txt:2:1: a square is no box"},
        {"row batch=1\nrow batch=1\n", "f.txt:2:1: this shape stands twice"},
        {"row batch=1;\n", "f.txt:1:12: unexpected character 0x3b"},
        {"row \"batch\"=1\n", "f.txt:1:5: unexpected character 0x22"},
        {"r\xc3\xb6w batch=1\n", "f.txt:1:2: unexpected character 0xc3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(parse(cases[i].text), CB_BAD_INPUT);
        if (!strstr(err.text, cases[i].says)) fail_msg("expected '%s', got '%s'", cases[i].says, err.text);
        assert_int_equal(shapes.n, 0);
    }
}

static void test_a_zero_byte_is_told(void **state)
{
    (void)state;
    static const char text[] = "row batch=1\0\n";
    assert_int_equal(cb_shapes_parse(&shapes, text, sizeof text - 1, "f.txt", forms, 2, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "f.txt:1:12: unexpected character 0x00"));
}

static void test_an_error_leaves_what_was_there(void **state)
{
    (void)state;
    assert_int_equal(parse("row batch=1\n"), CB_OK);
    assert_int_equal(parse("row batch=2\nrow batch=x\n"), CB_BAD_INPUT);
    assert_int_equal(shapes.n, 1);
    assert_int_equal(parse("row batch=1\n"), CB_BAD_INPUT); /* in another file, all the same */
}

/* Every truncation is an error, unless it is at the end of a line: then it is a shorter file. */
static void test_truncation(void **state)
{
    (void)state;
    static const char text[] = "# shapes\nbox kind=3x3 w=17 h=16\n\nrow batch=128 # many\nrow batch=12\n";
    for (size_t len = 0; len < sizeof text; len++) {
        char *copy = malloc(len + 1); /* of this very length, for the sanitizers */
        assert_non_null(copy);
        memcpy(copy, text, len);
        enum cb_status status = cb_shapes_parse(&shapes, copy, len, "f.txt", forms, 2, &err);
        int whole_lines = len > 0 && text[len - 1] == '\n';
        assert_int_equal(status, whole_lines && len > strlen("# shapes\n") ? CB_OK : CB_BAD_INPUT);
        assert_true(status == CB_OK || !strncmp(err.text, "f.txt:", 6));
        free(copy);
        cb_shapes_free(&shapes);
    }
}

/* Bytes drawn from what files are made of, so that many are nearly right. */
static void test_fuzz(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "box", "row", " ", "kind=", "3x3", "plain", "w=", "h=", "batch=", "16", "32", "1",    "0",
        "\n",  "\n",  "#", "=",     "-",   "99999", "\t", " ",  "\r",     "x",  ".",  "\xff", "row batch=3\n"};
    enum { PIECES = sizeof pieces / sizeof *pieces, FILES = 20000 };
    size_t good = 0;
    for (uint32_t file = 0; file < FILES; file++) {
        char text[512];
        size_t len = 0;
        uint32_t bits[4];
        cb_random_bits(1, CB_RANDOM_SYNTHETIC, file, 0, bits);
        for (uint32_t i = 1; i <= bits[0] % 40; i++) {
            uint32_t draw[4];
            cb_random_bits(1, CB_RANDOM_SYNTHETIC, file, i, draw);
            const char *piece = pieces[draw[0] % PIECES];
            memcpy(text + len, piece, strlen(piece));
            len += strlen(piece);
            if (draw[1] % 50 == 0) text[len++] = (char)draw[2];
        }
        char *copy = malloc(len + 1);
        assert_non_null(copy);
        memcpy(copy, text, len);
        enum cb_status status = cb_shapes_parse(&shapes, copy, len, "f.txt", forms, 2, &err);
        assert_true(status == CB_OK ? shapes.n > 0 : status == CB_BAD_INPUT && shapes.n == 0);
        good += status == CB_OK;
        free(copy);
        cb_shapes_free(&shapes);
    }
    assert_true(good > 0); /* or the loop shows nothing */
}

static void test_too_many_shapes(void **state)
{
    (void)state;
    char *text = malloc((CB_MAX_SHAPES + 1) * 20);
    size_t len = 0;
    assert_non_null(text);
    for (int i = 0; i <= CB_MAX_SHAPES; i++) len += (size_t)sprintf(text + len, "row batch=%d\n", i + 1);
    assert_int_equal(cb_shapes_parse(&shapes, text, len, "f.txt", forms, 2, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "f.txt:4097:1: more than 4096 shapes"));
    free(text);
}

static void test_override(void **state)
{
    (void)state;
    assert_int_equal(parse("row batch=1\nbox kind=3x3 w=7 h=32\nrow batch=2\n"), CB_OK);
    assert_int_equal(cb_shapes_override(&shapes, "batch", 5, &err), CB_OK);
    assert_int_equal(shapes.n, 2); /* the rows are the same now */
    assert_int_equal(shapes.shape[0].value[0], 5);
    assert_int_equal(cb_shapes_override(&shapes, "batch", 0, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "--batch: row takes 1 to"));
}

static void test_a_missing_file_is_told(void **state)
{
    (void)state;
    assert_int_equal(cb_shapes_read(&shapes, "/nonexistent/f.txt", forms, 2, &err), CB_BAD_INPUT);
    assert_non_null(strstr(err.text, "/nonexistent/f.txt: cannot read shapes: No such file"));
    assert_int_equal(cb_shapes_read(&shapes, "/", forms, 2, &err), CB_BAD_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_shapes_are_read, no_shapes),
        cmocka_unit_test_teardown(test_names, no_shapes),
        cmocka_unit_test_teardown(test_errors_name_line_and_column, no_shapes),
        cmocka_unit_test_teardown(test_a_zero_byte_is_told, no_shapes),
        cmocka_unit_test_teardown(test_an_error_leaves_what_was_there, no_shapes),
        cmocka_unit_test_teardown(test_truncation, no_shapes),
        cmocka_unit_test_teardown(test_fuzz, no_shapes),
        cmocka_unit_test_teardown(test_too_many_shapes, no_shapes),
        cmocka_unit_test_teardown(test_override, no_shapes),
        cmocka_unit_test_teardown(test_a_missing_file_is_told, no_shapes),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("shapes", tests, NULL, NULL);
}

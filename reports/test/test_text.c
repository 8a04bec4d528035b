/* Text that others wrote: what is not UTF-8 is replaced, what could drive a terminal is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "../lib/text.h"

#define FFFD "\xef\xbf\xbd"

static void test_repaired(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"plain", "plain"},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\xff\xfe", FFFD FFFD},
        {"a\x80z", "a" FFFD "z"},
        {"\xc3", FFFD},                            /* cut off */
        {"\xe2\x82z", FFFD FFFD "z"},              /* cut off, then more */
        {"\xc0\xaf", FFFD FFFD},                   /* overlong */
        {"\xe0\x80\xaf", FFFD FFFD FFFD},          /* overlong */
        {"\xed\xa0\x80", FFFD FFFD FFFD},          /* a surrogate */
        {"\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD}, /* beyond U+10FFFF */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = cb_text_repaired(cases[i][0], strlen(cases[i][0]));
        assert_string_equal(text, cases[i][1]);
        free(text);
    }
}

/* JSON must take every text that comes out, or a report would have holes. */
static void test_any_bytes_become_json(void **state)
{
    (void)state;
    uint32_t random = 1;
    for (int round = 0; round < 20000; round++) {
        char bytes[6];
        for (size_t i = 0; i < sizeof bytes; i++) {
            random = random * 1664525 + 1013904223;
            bytes[i] = (char)(random >> 24 | 1); /* no end of the string */
        }
        char *text = cb_text_repaired(bytes, sizeof bytes);
        json_t *value = json_string(text);
        assert_non_null(value);
        json_decref(value);
        free(text);
    }
}

static void test_printed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t width;
        const char *printed;
    } cases[] = {
        {"abc", 5, "abc  "},
        {"abc", 2, "abc"},
        {"\xc3\xa9", 3, "\xc3\xa9  "},
        {"\x1b[31m", 0, "\\u001b[31m"},
        {"a\nb\r\t\x7f", 0, "a\\u000ab\\u000d\\u0009\\u007f"},
        {"\xc2\x9b"
         "2J",
         0, "\\u009b2J"},
        {"\xe2\x80\xae"
         "x",
         8, "\\u202ex "},
        {"\x9b", 2, FFFD " "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *printed = NULL;
        size_t length = 0;
        FILE *out = open_memstream(&printed, &length);
        assert_non_null(out);
        cb_text_print(out, cases[i].text, cases[i].width);
        assert_int_equal(fclose(out), 0);
        assert_string_equal(printed, cases[i].printed);
        free(printed);
    }
    assert_int_equal(cb_text_width("\x1b\xc3\xa9\xff"), 8);
}

static void test_fit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t width, bytes;
    } cases[] = {
        {"", 5, 0},
        {"abc", 3, 3},
        {"abcdef", 4, 4},                  /* nowhere to break */
        {"a bcdefgh", 8, 8},               /* a blank in the first half is no good end */
        {"1cycle-70 bf16-all", 16, 10},    /* a blank rather than a hyphen */
        {"1cycle-70-bf16-all-s1", 16, 15}, /* or else the last sign */
        {"milestones,later", 12, 11},
        {"\xc3\xa9\xc3\xa9\xc3\xa9", 2, 4}, /* characters, not bytes */
        {"\x1b[2J", 7, 2},                  /* as they are printed */
        {"\x1b[2J", 3, 1},                  /* at least one */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(cb_text_fit(cases[i].text, cases[i].width), cases[i].bytes);
}

static void test_markdown(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"plain, 1.5 (a: b) // c.", "plain, 1.5 (a: b) // c."},
        {"[a](b) | <i> `x` *y* _z_", "\\[a\\](b) \\| \\<i\\> \\`x\\` \\*y\\* \\_z\\_"},
        {"http://evil.example https://a ftp://b", "http\\://evil.example https\\://a ftp\\://b"},
        {"www.evil.example (WWW.a", "www\\.evil.example (WWW\\.a"},
        {".www ww.a www", ".www ww.a www"},
        {"@name a@evil.example", "@<!-- -->name a@<!-- -->evil.example"},
        {"16@32 a@b-c, a@b", "16@32 a@b-c, a@b"}, /* neither address nor mention */
        {"@@@@", "@<!-- -->@<!-- -->@<!-- -->@<!-- -->"},
        {"\x1b[31m", "\\u001b\\[31m"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *printed = NULL;
        size_t length = 0;
        FILE *out = open_memstream(&printed, &length);
        assert_non_null(out);
        cb_markdown_print(out, cases[i][0]);
        assert_int_equal(fclose(out), 0);
        assert_string_equal(printed, cases[i][1]);
        free(printed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repaired), cmocka_unit_test(test_any_bytes_become_json),
        cmocka_unit_test(test_printed),  cmocka_unit_test(test_fit),
        cmocka_unit_test(test_markdown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}

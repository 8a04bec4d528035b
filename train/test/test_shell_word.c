/* Paths in commands that are printed: as they look, and as bash reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/printable.h"
#include "loop/shell_word.h"

static void words(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"runs/1cycle-70_s1.x", "runs/1cycle-70_s1.x"},
        {"", "''"},
        {"a b", "'a b'"},
        {"~/$HOME*", "'~/$HOME*'"},
        {"it's", "'it'\\''s'"},
        {"\xc3\xa9t\xc3\xa9", "'\xc3\xa9t\xc3\xa9'"},
        {"-rf", "./-rf"},
        {"--data x", "'./--data x'"},
        {"a\x1b[31mb\nc'\\d", "$'a\\033[31mb\\012c\\'\\\\d'"},
        {"-\t", "$'./-\\011'"},
        {"\xff\xc3\xa9", "$'\\377\\303\\251'"},
    };
    char word[CB_SHELL_WORD_BYTES];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(cb_shell_word(word, cases[i][0]), cases[i][1]);
}

/* What bash makes of the word. */
static size_t read_by_bash(const char *word, char *text, size_t bytes)
{
    static char script[CB_SHELL_WORD_BYTES + 32];
    snprintf(script, sizeof script, "printf %%s %s", word);
    setenv("SCRIPT", script, 1);
    FILE *bash = popen("exec bash -c \"$SCRIPT\"", "r");
    assert_non_null(bash);
    const size_t got = fread(text, 1, bytes, bash);
    assert_int_equal(pclose(bash), 0);
    return got;
}

static void bash_reads_the_path(void **state)
{
    (void)state;
    char word[CB_SHELL_WORD_BYTES], printable[CB_SHELL_WORD_BYTES], path[512], text[600];
    for (int first = 1; first < 256; first += 51) {
        /* Every byte in five orders. */
        for (int i = 0; i < 255; i++) path[i] = (char)((first + i - 1) % 255 + 1);
        path[255] = '\0';
        assert_int_equal(read_by_bash(cb_shell_word(word, path), text, sizeof text), 255);
        assert_memory_equal(text, path, 255);
        assert_string_equal(cb_printable(printable, sizeof printable, word), word);
    }
    static char longest[2 * PATH_MAX];
    memset(longest, '\'', sizeof longest - 1);
    assert_true(strlen(cb_shell_word(word, longest)) < sizeof word);
    memset(longest, '\x1b', sizeof longest - 1);
    longest[0] = '-';
    assert_true(strlen(cb_shell_word(word, longest)) < sizeof word);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(words), cmocka_unit_test(bash_reads_the_path)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("shell_word", tests, NULL, NULL);
}

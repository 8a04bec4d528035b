#include "program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

int cb_program_fail(const char *program, const struct cb_report_error *error)
{
    fprintf(stderr, "%s: ", program);
    cb_text_print(stderr, error->text, 0);
    fputc('\n', stderr);
    return error->exit_status;
}

int cb_program_finish(const char *program)
{
    bool failed = ferror(stdout);
    if (!fflush(stdout) && !failed) return EXIT_SUCCESS;
    fprintf(stderr, "%s: standard output: cannot be written%s%s\n", program, failed ? "" : ": ",
            failed ? "" : strerror(errno));
    return EXIT_FAILURE;
}

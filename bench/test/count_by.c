/* Counts a program's instructions: `count_by callgrind PROGRAM...` or `count_by qemu EMULATOR PLUGIN PROGRAM...`. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "exact.h"

int main(int argc, char **argv)
{
    struct cb_count count;
    if (argc > 2 && !strcmp(argv[1], "callgrind")) {
        cb_count_by_callgrind(&count, (const char *const *)(argv + 2));
    } else if (argc > 4 && !strcmp(argv[1], "qemu")) {
        cb_count_by_qemu(&count, argv[2], argv[3], (const char *const *)(argv + 4));
    } else {
        fprintf(stderr, "usage: count_by callgrind PROGRAM... | qemu EMULATOR PLUGIN PROGRAM...\n");
        return 2;
    }
    if (!count.known) {
        printf("unknown: %s\n", count.reason);
        return 1;
    }
    printf("%" PRIu64 " %s\n", count.value, count.source);
    return 0;
}

#ifndef CB_FIND_H
#define CB_FIND_H

#include <limits.h>
#include <stdbool.h>

/* The path of something that comes with the program: in_tree is where it is in the source tree, installed where it is
 * below share/cyclebench. Looked for from the folder of the running program: a build in the tree (build/, build/clang/,
 * build/test/wrong-peer/), then an installation (bin/, libexec/cyclebench/); then from the current folder, for a
 * build outside of the tree. The first that fits. */
bool cb_find_beside_program(char path[PATH_MAX], const char *in_tree, const char *installed,
                            bool (*fits)(const char *path));

#endif

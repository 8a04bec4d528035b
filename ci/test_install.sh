#!/bin/bash
# make install: what was installed finds its programs and recipes without the source tree, others can build against the kernels, and
# make uninstall takes all of it away.
set -u
cd "$(dirname "$0")/.." || exit 1
. ci/tap.sh
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cyclebench=$work/usr/bin/cyclebench

elsewhere() { (cd "$work" && env -u CYCLEBENCH_RECIPES -u CYCLEBENCH_RUNS -u CYCLEBENCH_FINGERPRINTS "$@"); }

make_target() { make --no-print-directory BUILD="${CYCLEBENCH_BUILD:-build}" DESTDIR="$work" PREFIX=/usr "$1"; }

# C = A B by the installed library: prints the last number of C.
user_of_the_kernels() {
	cat >"$work/product.c" <<-'END'
		#include <stdio.h>
		#include <stdlib.h>
		#include "kernels.h"
		int main(void)
		{
		    static float a[6] = {1, 2, 3, 4, 5, 6}, b[6] = {1, 2, 3, 4, 5, 6}, c[4];
		    struct cb_gemm g = {.m = 2, .n = 2, .k = 3, .a = a, .b = b, .c = c, .lda = 3, .ldb = 2, .ldc = 2};
		    struct cb_cache_sizes caches = {0};
		    struct cb_team *team;
		    struct cb_error err;
		    if (cb_isa_select(NULL, &err) || cb_team_create(&team, 2, 0, &err)) return puts(err.text), 1;
		    void *workspace = aligned_alloc(64, (cb_gemm_workspace_bytes(&g, &caches, 2) + 63) / 64 * 64);
		    if (!workspace || cb_gemm(team, &g, &caches, workspace, &err)) return 1;
		    printf("%g by %s\n", (double)c[3], cb_isa_name(cb_isa_selected()));
		    free(workspace);
		    cb_team_destroy(team);
		}
	END
	local flags
	flags=$(PKG_CONFIG_PATH=$work/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$work pkg-config --cflags --libs cyclebench-kernels) || return
	# shellcheck disable=SC2086 # a list of options
	"${CC:-gcc}" -o "$work/product" "$work/product.c" $flags && CYCLEBENCH_ISA=scalar "$work/product"
}

# completes WORDS...: what is offered for the last of them.
completes() {
	bash -c '. "$0/share/bash-completion/completions/cyclebench"; PATH=$0/bin:$PATH; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _cyclebench; printf "%s\n" "${COMPREPLY[@]}"' "$work/usr" "$@"
}

check 'make install' make_target install
check 'only the command is on the PATH' [ "$(ls "$work/usr/bin")" = cyclebench ]
check 'the command finds its programs' says '^  model ' elsewhere "$cyclebench" info
check 'every program is installed' says '^train$' bash -c "'$cyclebench' --help | awk '/^  train/ { print \$1 }'"
check 'the trainer finds the recipes' says '1cycle-70.*step-64k' elsewhere "$cyclebench" train no-such-recipe
check 'lr-find finds its finders' says '^F0 ' elsewhere "$cyclebench" lr-find --list
check 'the benchmarks find their shapes' says '^conv/fwd/stem/' elsewhere "$cyclebench" bench --benchmark_list_tests
check 'a comparison finds the numbers of the notebook' says "^notebook's training +E3b +-\$" elsewhere \
	"$cyclebench" compare "$PWD"/reports/results/runs/{1cycle-70,step-64k-b}-bf16-all-s1-zen5 --with-notebook
check 'the score finds records and fingerprints' says '^smoke bf16-all: no projection: no run of this recipe' elsewhere "$cyclebench" score smoke --seconds 0.1 --threads 1
check 'make help lists the targets' says '^  make check ' make --no-print-directory help
if command -v pkg-config >/dev/null; then
	check 'a program is built with the installed kernels and multiplies' says '^64 by scalar$' user_of_the_kernels
else
	skip 'a program is built with the installed kernels and multiplies' '[tools] no pkg-config'
fi
if command -v help2man >/dev/null; then
	check 'each program has a manual page' [ "$(cd "$work/usr/libexec/cyclebench" && ls -d cyclebench-*)" = "$(cd "$work/usr/share/man/man1" && ls | sed -n 's/^\(cyclebench-.*\)\.1$/\1/p')" ]
	check 'with a summary and the options' says '^\\fB\\-\\-threads' cat "$work/usr/share/man/man1/cyclebench-train.1"
else
	skip 'each program has a manual page' '[tools] no help2man'
fi
check 'verbs are completed' says '^compare$' completes cyclebench com
check 'recipes are completed' says '^1cycle-70$' completes cyclebench score 1
check 'options are completed' says '^--resume$' completes cyclebench train --re
check 'formats of export are completed' says '^mllog$' completes cyclebench export --format m
check 'recipes and finders are completed' says '^F1$' completes cyclebench lr-find F
echo theirs >"$work/usr/lib/theirs.a"
check 'make uninstall' make_target uninstall
check 'takes away what was installed, and nothing else' [ "$(find "$work/usr" -type f)" = "$work/usr/lib/theirs.a" ]
finish

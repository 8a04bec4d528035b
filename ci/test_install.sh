#!/bin/bash
# make install: what was installed finds its programs and recipes without the source tree.
set -u
cd "$(dirname "$0")/.." || exit 1
. ci/tap.sh
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cyclebench=$work/usr/bin/cyclebench

elsewhere() { (cd "$work" && env -u CYCLEBENCH_RECIPES "$@"); }

check 'make install' make --no-print-directory BUILD="${CYCLEBENCH_BUILD:-build}" DESTDIR="$work" PREFIX=/usr install
check 'only the command is on the PATH' [ "$(ls "$work/usr/bin")" = cyclebench ]
check 'the command finds its programs' says '^  model ' elsewhere "$cyclebench" info
check 'every program is installed' says '^train$' bash -c "'$cyclebench' --help | awk '/^  train/ { print \$1 }'"
check 'the trainer finds the recipes' says '1cycle-70.*step-64k' elsewhere "$cyclebench" train no-such-recipe
check 'the benchmarks find their shapes' says '^conv/fwd/stem/' elsewhere "$cyclebench" bench --benchmark_list_tests
check 'make help lists the targets' says '^  make check ' make --no-print-directory help
finish

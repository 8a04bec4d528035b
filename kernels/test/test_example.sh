#!/bin/bash
# The program of kernels/call-our-kernels.md compiles, and computes the same on every instruction set that is here.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
build=${CYCLEBENCH_BUILD:-build}
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

sed -n '/^```c$/,/^```$/{/^```/!p}' kernels/call-our-kernels.md >"$folder/example.c"
compile() {
	"${CC:-gcc}" -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -fopenmp -Ikernels "$folder/example.c" "$build/libkernels.a" -lm -o "$folder/example"
}
if nm "$build/libkernels.a" 2>/dev/null | grep -q __asan_; then
	skip 'the example compiles' '[sanitizer] the library needs its runtime'
else
	check 'the example compiles' compile
	check 'it multiplies' says '^[a-z0-9]+: c\[0\] = 64$' "$folder/example"
	check 'it does so on the scalar reference' says '^scalar: c\[0\] = 64$' env CYCLEBENCH_ISA=scalar "$folder/example"
	check 'it refuses an unknown instruction set' ends_saying 1 "unknown instruction set 'none'" env CYCLEBENCH_ISA=none "$folder/example"
fi
finish

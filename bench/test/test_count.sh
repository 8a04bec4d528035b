#!/bin/bash
# cyclebench count: repeatable to the last instruction, every operation of the kernels counted, reasons where nothing is.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
build=${CYCLEBENCH_BUILD:-build}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
count() { "$build/cyclebench" count "$@"; }

# repeats ISA: two runs with other environments, arguments' addresses and folders count the same.
repeats() {
	count --isa "$1" --json "$work/$1.json" >"$work/$1.a" && MORE=$(head -c 3001 /dev/zero | tr '\0' x) CYCLEBENCH_ISA=scalar count --isa "$1" >"$work/$1.b" &&
		cmp "$work/$1.a" "$work/$1.b" && [ "$(wc -l <"$work/$1.a")" -gt 20 ]
}

# everything_counted: each operation of kernels/*/*.inc has a case with a count, by its own filter.
operations() {
	"${CC:-gcc}" -E -P -x c -Ikernels '-DCB_OP(name,type,...)=@name __VA_ARGS__@' -DCB_OP_BF16=CB_OP kernels/core/ops.inc |
		tr '@' '\n' | sed -nE 's/^[a-z0-9_]+ "(.*)"$/\1/p'
}
everything_counted() {
	local filter missing=0
	# The names have no threads, caches and ISA; the filters may ask for what is behind an algorithm or a format.
	awk -F'\t' '$3 != "-" { print $4 "/t:1/warm/" $4 ":" $2 }' "$1" >"$work/names"
	while read -r filter; do
		grep -qE "^$filter" "$work/names" || { echo "nothing counts $filter"; missing=1; }
	done < <(operations)
	[ "$(operations | wc -l)" -ge 30 ] && [ $missing -eq 0 ]
}

if ! command -v valgrind >/dev/null; then
	skip 'callgrind' '[tools] no valgrind (package valgrind)'
else
	check 'scalar: repeatable to the last instruction' repeats scalar
	check 'every operation of the kernels is counted' everything_counted "$work/scalar.a"
	check 'the whole step is counted' grep -qP '^callgrind\tscalar\t[0-9]+\tstep/resnet6/fp32-winograd$' "$work/scalar.a"
	check 'JSON: a group with source, ISA, compiler, C library' jq -e '.groups | length == 1 and (.[0] | .source == "callgrind" and .isa == "scalar" and
	  (.compiler | test("^(gcc|clang)-[0-9.]+$")) and (.libc | test("^glibc "))  and (.cases | all(.count > 0 and .isa == "scalar")))' "$work/scalar.json"
	check 'no valgrind: a reason, and nothing counted' ends_saying 1 'valgrind: No such file or directory' env PATH=/nowhere "$build/cyclebench" count --isa scalar
fi
if grep -qw avx512_bf16 /proc/cpuinfo; then
	check 'AVX-512 with bf16, by single steps: repeatable' repeats avx512bf16
	check 'what is not stepped has its reason' grep -qP '\t-\tstep/resnet6/bf16-all: single steps take too long' "$work/avx512bf16.a"
else
	skip 'AVX-512 with bf16' '[avx512bf16] this CPU does not have it'
fi
if ! qemu-aarch64 -help 2>/dev/null | grep -q -- -plugin; then
	skip 'NEON' '[tools] no emulator that takes plugins (package qemu-user of Debian 12)'
elif [ ! -x "$build/aarch64/count-marked" ]; then
	skip 'NEON' '[neon] no program for aarch64 was built (make neon-tests)'
else
	check 'NEON under qemu: repeatable' repeats neon
	check 'NEON: the whole step is counted' grep -qP '^qemu\tneon\t[0-9]+\tstep/resnet6/bf16-all$' "$work/neon.a"
fi
# interrupted: a signal ends the program, what it runs, and its files.
interrupted() {
	local pid children folder
	"$build/cyclebench-count" --isa scalar >/dev/null &
	pid=$!
	sleep 1
	children=$(pgrep -P $pid) && folder=$(tr '\0' '\n' <"/proc/$children/cmdline" | sed -n 's/^--callgrind-out-file=\(.*\)\/count$/\1/p')
	[ -d "$folder" ] || echo "no folder '$folder' of a child '$children'"
	kill $pid
	wait $pid
	[ $? -eq 143 ] && [ -n "$folder" ] && [ ! -e "$folder" ] && ! kill -0 "$children" 2>/dev/null
}
! command -v valgrind >/dev/null || check 'a signal ends it, what it runs, and its files' interrupted
check 'an unknown instruction set' ends_saying 2 "unknown instruction set 'mmx'" count --isa avx2,mmx
check 'an argument too many' ends_saying 2 "unexpected argument 'x'" count x
check 'a file that cannot be written' exits_with 1 count --isa scalar --json /nowhere/counts.json
check '--help' says '^Usage: cyclebench count' count --help
finish

#!/bin/bash
# Every operation of kernels/*/*.inc has a benchmark, whose filter its row gives, or a reason why not.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
build=${CYCLEBENCH_BUILD:-build}
unset CYCLEBENCH_ISA

operations() {
	"${CC:-gcc}" -E -P -x c -Ikernels '-DCB_OP(name,type,...)=@name __VA_ARGS__@' -DCB_OP_BF16=CB_OP kernels/core/ops.inc |
		tr '@' '\n' | grep -E '^[a-z0-9_]+ '
}
# All instruction sets: scalar has every operation.
cases=$("$build/cyclebench" bench --no-peers --isa all --benchmark_list_tests) || exit 1

# is_benched BENCHMARK: the third column of a row.
is_benched() {
	local filter
	if [[ $1 == 'CB_NOT_BENCHED("'?*'")' ]]; then return 0; fi
	filter=${1#\"} filter=${filter%\"}
	[ "$1" = "\"$filter\"" ] && [ -n "$filter" ] && grep -qE "^$filter" <<<"$cases"
}

count=0
while read -r name benchmark; do
	check "$name: $benchmark" is_benched "$benchmark"
	count=$((count + 1))
done < <(operations)
check 'the lists are read' [ "$count" -ge 30 ]
check 'an operation without a benchmark is told' exits_with 1 is_benched '"none/of/these"'
check 'a reason that is empty is told' exits_with 1 is_benched 'CB_NOT_BENCHED("")'
finish

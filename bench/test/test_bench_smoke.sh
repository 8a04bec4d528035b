#!/bin/bash
# cyclebench bench without peers: a case of every family from end to end, in one run, so that the sanitized build can run it too.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
export OMP_WAIT_POLICY=passive
build=${CYCLEBENCH_BUILD:-build}
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
unset CYCLEBENCH_ISA

cases_run() {
	"$build/cyclebench-bench" --no-peers --threads 1 --batch 1 --benchmark_min_time=0 --benchmark_repetitions=1 --benchmark_out="$folder/out.json" \
		--benchmark_filter='^(conv/fwd/3x3/c:16/k:16/hw:32/batch:1/fp32|gemm/m:64/n:64/k:64/f32|bn/apply/c:64/hw:8/batch:1/f32|augment/reflect/batch:1)/'
}
# has_row KERNEL: the JSON holds a row of it.
has_row() {
	python3 -c '
import json, sys
assert any(b["kernel"] == sys.argv[2] and b["real_time"] > 0 for b in json.load(open(sys.argv[1]))["benchmarks"])' "$folder/out.json" "$1"
}

check 'cases run' cases_run
for kernel in conv/fwd gemm bn/apply augment; do
	check "a row of $kernel" has_row $kernel
done
finish

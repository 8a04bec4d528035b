#!/bin/bash
# cyclebench bench without peers: a case of every family from end to end, in seconds, so that the sanitized build can run it too.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
export OMP_WAIT_POLICY=passive
build=${CYCLEBENCH_BUILD:-build}
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
unset CYCLEBENCH_ISA

# case_runs FILTER: cases are run, and the JSON holds them.
case_runs() {
	"$build/test/without-peers/cyclebench-bench" --threads 1 --batch 1 --benchmark_min_time=0 --benchmark_repetitions=1 --benchmark_filter="$1" \
		--benchmark_out="$folder/out.json" && grep -q '"real_time"' "$folder/out.json"
}

check 'a convolution' case_runs '^conv/fwd/3x3/c:16/k:16/hw:32/batch:1/fp32/'
check 'a product' case_runs '^gemm/square/m:64/n:64/k:64/f32/'
check 'batch norm' case_runs '^bn/apply/c:64/hw:8/batch:1/f32/'
check 'augmentation' case_runs '^augment/reflect/batch:1/'
finish

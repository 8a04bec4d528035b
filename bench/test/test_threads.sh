#!/bin/bash
# Threads are what --threads says, on the CPUs that the results name, or the program says why not.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
export OMP_WAIT_POLICY=passive
unset CYCLEBENCH_ISA OMP_NUM_THREADS OMP_THREAD_LIMIT OMP_PROC_BIND OMP_PLACES OMP_DYNAMIC GOMP_CPU_AFFINITY KMP_AFFINITY
build=${CYCLEBENCH_BUILD:-build}
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

bench() { "$build/cyclebench" bench --no-peers --isa scalar --batch 2 --iterations 1 --benchmark_filter='^pool/.*f32' "$@"; }
list=(--benchmark_list_tests --benchmark_filter=pool)
list() { bench "${list[@]}" "$@"; }
head=(--no-peers --iterations 1 --batch 2 --benchmark_filter=pool/fwd/c:64.*f32) # the head of a table, and one short case
cpus=$("$build/cyclebench" info --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["cpus"])')
too_many="--threads: $((cpus + 1)) threads, but this process may use $cpus CPU"

# --- more than there are CPUs ---

check 'bench refuses more threads than CPUs' ends_saying 2 "^cyclebench bench: $too_many" list --threads $((cpus + 1))
check 'bench refuses them in a list' ends_saying 2 "^cyclebench bench: $too_many" list --threads 1,$((cpus + 1))
check 'bench takes them with --oversubscribe' exits_with 0 list --threads $((cpus + 1)) --oversubscribe
check 'OMP_NUM_THREADS is no exception' ends_saying 2 "^cyclebench bench: OMP_NUM_THREADS: $((cpus + 1)) threads" env OMP_NUM_THREADS=$((cpus + 1)) "$build/cyclebench" bench "${list[@]}"
check 'train refuses them' ends_saying 2 "$too_many" "$build/cyclebench" train smoke --run "$folder/run" --threads $((cpus + 1))
check 'eval refuses them' ends_saying 2 "$too_many" "$build/cyclebench" eval "$folder/none" --threads $((cpus + 1))

# --- fewer than asked, no room ---

check 'OMP_THREAD_LIMIT below --threads is an error' ends_saying 2 'asked for 2, the OpenMP runtime gives 1.*OMP_THREAD_LIMIT' env OMP_THREAD_LIMIT=1 "$build/cyclebench" bench --no-peers --threads 2 --oversubscribe "${list[@]}"
check 'so it is for train' ends_saying 2 'asked for 2, the OpenMP runtime gives 1' env OMP_THREAD_LIMIT=1 "$build/cyclebench" train smoke --run "$folder/run" --threads 2 --oversubscribe
check 'OMP_DYNAMIC does not shrink a team' exits_with 0 env OMP_DYNAMIC=true "$build/cyclebench" bench --no-peers --threads $((cpus * 4)) --oversubscribe "${list[@]}"
check 'a main stack that is too small' ends_saying 2 'the stack may have 160 KiB, kernels need 256: raise .ulimit -s' bash -c "ulimit -s 160; exec '$build/cyclebench-bench' ${list[*]}"
check 'stacks of the others that are too small' ends_saying 2 'thread 1 has [0-9]+ KiB of stack.*OMP_STACKSIZE' env OMP_STACKSIZE=64k "$build/cyclebench-bench" --no-peers --threads 2 --oversubscribe "${list[@]}"
if [ "$(id -u)" = 0 ] && cp "$build/cyclebench-bench" "$folder/" && chmod 755 "$folder" "$folder/cyclebench-bench"; then
	limited='import os, resource, sys
os.setgid(65534); os.setuid(65533)
resource.setrlimit(resource.RLIMIT_NPROC, (3, 3))
os.execv(sys.argv[1], sys.argv[1:])'
	check 'a limit on processes is told' ends_saying 2 '8 threads, but the system lets this process start [123]: .*ulimit -u' python3 -c "$limited" "$folder/cyclebench-bench" --threads 8 --oversubscribe "${list[@]}"
else
	skip 'a limit on processes is told' 'needs root, to be another user'
fi

# --- the CPUs of each team ---

each_team_has_its_cpus() {
	bench --threads 1,2,1,2 --benchmark_out="$folder/out.json" >"$folder/head" || { cat "$folder/head"; return 1; }
	grep '^# threads' "$folder/head"
	grep -qE '^# threads: 1 on CPU [0-9]+: ' "$folder/head" && grep -qE '^# threads: 2 on CPU [0-9]+, [0-9]+: ' "$folder/head" || return
	python3 - "$folder/out.json" <<-'END'
		import json, sys
		r = json.load(open(sys.argv[1]))
		one, two = r["teams"]
		assert (one["threads"], two["threads"]) == (1, 2), r["teams"]
		for team in r["teams"]: assert team["placement"].find("bound to") > 0, team
		cpus = {1: one["thread_cpus"], 2: two["thread_cpus"]}
		assert len(set(cpus[2])) == 2 and len(cpus[1]) == 1 and cpus[1][0] in cpus[2], cpus
		assert all("," not in c and "-" not in c for c in cpus[2]) or r["machine"]["cpus"] > r["machine"]["cores"], cpus
		rows = [b for b in r["benchmarks"] if b["run_type"] == "iteration"]
		order = [b["team_threads"] for b in rows]
		assert order.count(1) and order.count(2) and 1 in order[order.index(2):], order # back and forth
		for b in rows: assert b["thread_cpus"] == cpus[b["team_threads"]], b
		assert r["machine"]["thread_cpus"] == cpus[2], r["machine"]["thread_cpus"]
	END
}
if [ "$cpus" -ge 2 ]; then
	check '--threads 1,2,1,2: each team on CPUs of its own' each_team_has_its_cpus
	check 'the CPUs of a process that taskset limits' says '^# threads: 1 on CPU 1: ' taskset -c 1 "$build/cyclebench-bench" "${head[@]}"
	check 'the placement of the user stands' says '^# threads: 1 on CPU [0-9]+-[-0-9,]+: as OMP_PROC_BIND says' env OMP_PROC_BIND=false "$build/cyclebench-bench" "${head[@]}" --threads 1
else
	skip '--threads 1,2,1,2: each team on CPUs of its own' 'one CPU'
fi
check 'a chosen instruction set is no warning' bash -c "! '$build/cyclebench-bench' ${head[*]} --threads 1 --isa scalar | grep 'warning: instruction set'"
if [ "$(uname -m)" = x86_64 ]; then
	check 'one of the environment is' says 'warning: instruction set: CYCLEBENCH_ISA selects scalar although' env CYCLEBENCH_ISA=scalar "$build/cyclebench-bench" "${head[@]}" --threads 1
fi

finish

#!/bin/bash
# cyclebench info as a user runs it.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
info() { "${CYCLEBENCH_BUILD:-build}/cyclebench" info "$@"; }

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# One object: the machine block, which is complete, and the ways to count exactly.
json_is_whole() {
	info --json | python3 -c '
import json, sys
machine = json.load(sys.stdin)
for key in ("cpu_model", "isa_available", "isa_selected", "threads", "threads_reason", "placement", "thread_cpus", "counters", "exact_counts", "event_names", "event_groups", "warnings", "commit"):
    assert key in machine, key
for part in (machine, machine["counters"], machine["exact_counts"], machine["event_names"], machine["event_groups"]):
    for key, value in part.items():
        assert value is not None or part.get(key + "_reason"), key + " is null without a reason"
assert len(machine["thread_cpus"]) == machine["threads"]
assert machine["counters"]["page_faults"] == "getrusage"
names = machine["event_names"]
assert set(machine["event_groups"]) >= {"cache", "branch", "flops", "tlb", "energy"}
assert "page-faults" in names["perf"] or names["perf_missing"]["page-faults"]
assert len(names["papi_presets"]) + sum(names["papi_presets_missing"].values()) > 50
assert machine["isa_selected"] in machine["isa_available"]
for warning in machine["warnings"]:
    assert warning["finding"] and warning["remedy"]
'
}

one_cpu() {
	local cpu
	cpu=$(taskset -cp $$ | sed 's/.*: //; s/[,-].*//')
	taskset -c "$cpu" "${CYCLEBENCH_BUILD:-build}/cyclebench" info
}

# Each "not counted" is followed by its reason.
reasons_follow() { info | awk '/^  not counted:/ { wanted = 1; next } wanted && !/^    because [^ ]/ { bad = 1 } { wanted = 0 } END { exit bad }'; }

# As nobody, from a folder that everybody can read.
unprivileged() {
	mkdir -p "$work/bin" && cp "${CYCLEBENCH_BUILD:-build}"/cyclebench "${CYCLEBENCH_BUILD:-build}"/cyclebench-info "$work/bin/" && chmod -R a+rX "$work"
	setpriv --reuid=65534 --regid=65534 --clear-groups "$work/bin/cyclebench" info
}

# With its threads placed by the runtime, which binds the first thread before main.
placed_by_the_user() { env OMP_PROC_BIND=true OMP_NUM_THREADS=2 "${CYCLEBENCH_BUILD:-build}/cyclebench" info; }
all_cores_with_proc_bind() {
	local with without
	without=$(info --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["threads"])')
	with=$(env OMP_PROC_BIND=true "${CYCLEBENCH_BUILD:-build}/cyclebench" info --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["threads"])')
	[ "$with" = "$without" ] || { echo "OMP_PROC_BIND=true: $with threads; without: $without"; return 1; }
}

check 'info succeeds' info
check 'text names the processor' says '^  model  +[^ -]' info
check 'text gives the reason of the thread count' says '^  because ' info
check '--json is one whole object' json_is_whole
check 'CYCLEBENCH_ISA selects' says '^  selected +scalar$' env CYCLEBENCH_ISA=scalar "${CYCLEBENCH_BUILD:-build}/cyclebench" info
check 'a lower instruction set is warned about' says 'CYCLEBENCH_ISA selects scalar although' env CYCLEBENCH_ISA=scalar "${CYCLEBENCH_BUILD:-build}/cyclebench" info
check 'an unknown instruction set is refused' exits_with 2 env CYCLEBENCH_ISA=mmx "${CYCLEBENCH_BUILD:-build}/cyclebench" info
check 'OMP_NUM_THREADS wins' says '^  default +3$' env OMP_NUM_THREADS=3 "${CYCLEBENCH_BUILD:-build}/cyclebench" info
check 'OMP_NUM_THREADS is listed' says '^  OMP_NUM_THREADS +3$' env OMP_NUM_THREADS=3 "${CYCLEBENCH_BUILD:-build}/cyclebench" info
if command -v taskset >/dev/null; then
	check 'the affinity mask limits the threads' says '^  default +1$' one_cpu
else
	skip 'the affinity mask limits the threads' 'no taskset (package util-linux)'
fi
check 'text says what is counted' says '^  page_faults +getrusage$' info
check 'text says what is not counted and why' reasons_follow
check 'text says which events can be chosen' says '^  perf  +[^ ]' info
check 'text says which groups work, or why not' says '^  energy  +(joules$|- \([^ ])' info
check 'OMP_PROC_BIND: placement is left to the user' says '^  placement +as OMP_PROC_BIND says$' placed_by_the_user
check 'OMP_PROC_BIND does not change the number of threads' all_cores_with_proc_bind
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	check 'an unprivileged user gets it too' says '^  page_faults +getrusage$' unprivileged
fi
check 'an unknown option is refused' exits_with 2 info --verbose
check 'an argument is refused' says "unexpected argument 'now'" info now
check '--help succeeds' exits_with 0 info --help
check '--help on a full disk is an error' exits_with 1 bash -c "\"${CYCLEBENCH_BUILD:-build}/cyclebench\" info --help >/dev/full"
check 'a full disk is an error' exits_with 1 bash -c "\"${CYCLEBENCH_BUILD:-build}/cyclebench\" info >/dev/full"
finish

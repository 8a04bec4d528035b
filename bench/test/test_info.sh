#!/bin/bash
# cyclebench info as a user runs it.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
info() { "${CYCLEBENCH_BUILD:-build}/cyclebench" info "$@"; }

# One object; the machine block with the three additions of info.
json_is_whole() {
	info --json | python3 -c '
import json, sys
machine = json.load(sys.stdin)
for key in ("cpu_model", "isa_available", "isa_selected", "threads", "threads_reason", "placement", "warnings", "commit"):
    assert key in machine, key
for key, value in machine.items():
    assert value is not None or machine.get(key + "_reason"), key + " is null without a reason"
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

check 'info succeeds' info
check 'text names the processor' says '^  model  +[^ -]' info
check 'text gives the reason of the thread count' says '^  because ' info
check '--json is one whole object' json_is_whole
check 'CYCLEBENCH_ISA selects' says '^  selected +scalar$' env CYCLEBENCH_ISA=scalar "${CYCLEBENCH_BUILD:-build}/cyclebench" info
check 'a lower instruction set is warned about' says 'scalar is selected although' env CYCLEBENCH_ISA=scalar "${CYCLEBENCH_BUILD:-build}/cyclebench" info
check 'an unknown instruction set is refused' exits_with 2 env CYCLEBENCH_ISA=mmx "${CYCLEBENCH_BUILD:-build}/cyclebench" info
check 'OMP_NUM_THREADS wins' says '^  default +3$' env OMP_NUM_THREADS=3 "${CYCLEBENCH_BUILD:-build}/cyclebench" info
check 'OMP_NUM_THREADS is listed' says '^  OMP_NUM_THREADS +3$' env OMP_NUM_THREADS=3 "${CYCLEBENCH_BUILD:-build}/cyclebench" info
if command -v taskset >/dev/null; then
	check 'the affinity mask limits the threads' says '^  default +1$' one_cpu
else
	skip 'the affinity mask limits the threads' 'no taskset (package util-linux)'
fi
check 'an unknown option is refused' exits_with 2 info --verbose
check 'an argument is refused' says "unexpected argument 'now'" info now
check '--help succeeds' exits_with 0 info --help
check 'a full disk is an error' exits_with 1 bash -c "\"${CYCLEBENCH_BUILD:-build}/cyclebench\" info >/dev/full"
finish

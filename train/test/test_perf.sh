#!/bin/bash
# cyclebench train --perf as a user runs it: numbers or reasons, the same training, sessions, the target.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
cyclebench=${CYCLEBENCH_BUILD:-build}/cyclebench
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
"$cyclebench" data synth --data "$work/data" --images 125 >/dev/null || exit 1
tiny=(train smoke --data "$work/data" --set data.batch=25 --set schedule.iterations=10 --threads 1)

# trained DIR: the record but for times, the program and the counts.
trained() {
	grep -hE '"type": *"(iteration|epoch|end)"' "$1/run.jsonl" | python3 -c '
import json, sys
for line in map(json.loads, sys.stdin):
    for key in "perf", "seconds", "seconds_total", "seconds_to_target", "images_per_second", "peak_memory_bytes", "resumed", "killed_seconds_at_least":
        line.pop(key, None)
    print(json.dumps(line))'
}
same_training() { diff <(trained "$1") <(trained "$2") && [ "$(trained "$1" | wc -l)" -eq 13 ]; }
# holds DIR PYTHON: an expression about end, the last line, and perf, its member.
holds() {
	tail -n 1 "$1/run.jsonl" | python3 -c '
import json, sys
end = json.load(sys.stdin)
perf = end.get("perf")
kernel = "cpu_ns page_faults context_switches".split()
hardware = "instructions cycles fp_ops branches branch_misses l1d_misses l2_misses l3_misses".split()
def told(count):  # a number, or null with the reason
    return count["value"] >= 0 if count["value"] is not None else len(count["reason"]) > 10 and count["source"] == "unavailable"
holds = eval("(" + sys.argv[1] + ")")
if not holds:
    print(json.dumps(perf, indent=1)[:4000])
sys.exit(not holds)' "$2"
}

check 'a run without --perf' says 'completed after 10' "$cyclebench" "${tiny[@]}" --run "$work/plain" --target 0
check 'has no counts in its record' holds "$work/plain" 'perf is None'
check 'a run with --perf says a few lines about it' says '^perf of the run, 10 iterations and 2 evaluations: .*cpu_ns [0-9.e+]+, .*flops [0-9.e+]+ \(analytic\)$' \
	"$cyclebench" "${tiny[@]}" --run "$work/perf" --target 0 --perf
check 'trains the same: losses, weights, fingerprint' same_training "$work/plain" "$work/perf"
check 'every event is a number, or null with the reason' holds "$work/perf" 'all(told(perf["run"][e]) for e in hardware + ["joules"])'
check 'the kernel counts in all iterations and evaluations' holds "$work/perf" \
	'all(perf["run"][e]["counted_iterations"] == 10 and perf["run"][e]["counted_evaluations"] == 2 for e in kernel) and perf["run"]["cpu_ns"]["value"] > 1e6'
check 'up to the target: less' holds "$work/perf" \
	'perf["to_target"]["iterations"] == 5 and perf["to_target"]["evaluations"] == 1 and 0 < perf["to_target"]["cpu_ns"]["value"] < perf["run"]["cpu_ns"]["value"]'
check 'analytic operations: half of them up to the target' holds "$work/perf" \
	'perf["run"]["flops"]["value"] == 2 * perf["to_target"]["flops"]["value"] == sum(r.get("flops", 0) for r in perf["layers"]["rows"])'
check 'a thread' holds "$work/perf" '[t["cpu_ns"] for t in perf["run"]["threads"]] == [perf["run"]["cpu_ns"]["value"]]'
check 'the second iteration by kind of layer' holds "$work/perf" \
	'perf["layers"]["sampled_iterations"] == perf["layers"]["counted_iterations"]["cpu_ns"] == 1 and
	 all(r["cpu_ns_scaled"] == 10 * r["cpu_ns"] for r in perf["layers"]["rows"]) and
	 sum(r["cpu_ns"] > 0 for r in perf["layers"]["rows"]) > 10'
check 'instructions of a step: a number or why not' holds "$work/perf" 'told(perf["instructions_per_step"])'
check 'compare reads such a record' says 'same training bit for bit .*: plain, perf' "$cyclebench" compare "$work/plain" "$work/perf"

"$cyclebench" "${tiny[@]}" --run "$work/parts" --target 0 --perf --max-iterations 6 >/dev/null
check 'stopped: the counts so far' holds "$work/parts" 'perf["run"]["iterations"] == 6 and end["status"] == "interrupted"'
check 'resumed: the counts of this session' says '^perf of this session, 4 iterations and 1 evaluations: ' \
	"$cyclebench" train --resume "$work/parts" --data "$work/data" --threads 1 --perf
check 'and none of the run, with the reason' holds "$work/parts" \
	'perf["run"] is None and perf["to_target"] is None and "resumed after iteration 6" in perf["run_reason"] and
	 perf["session"]["iterations"] == 4 and perf["first_iteration"] == 6'
check 'and the same training' same_training "$work/plain" "$work/parts"
finish

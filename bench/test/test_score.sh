#!/bin/bash
# cyclebench score as a user runs it, with a recipe that is small enough to be quick.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
export OMP_WAIT_POLICY=passive
unset CYCLEBENCH_ISA CYCLEBENCH_RUNS CYCLEBENCH_RECIPES CYCLEBENCH_FINGERPRINTS
cyclebench=${CYCLEBENCH_BUILD:-build}/cyclebench
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

score() { "$cyclebench" score "$@"; }
# The small recipe, which has two iterations to time, with the records and fingerprints of this test.
tiny() { env CYCLEBENCH_RUNS="$work/runs" CYCLEBENCH_FINGERPRINTS="${prints:-$work/right.txt}" "$cyclebench" score "$work/tiny.ini" --seconds 0.1 --threads 1 "$@"; }

printf 'base = smoke\n[data]\nbatch = 4\n[run]\nlog_iterations = false\ntarget = 90\n' >"$work/tiny.ini"

# runs EPOCHS...: records of tiny.ini on "official" images, in which seed N reaches 90 % with the N-th number of epochs; 0: never.
"$cyclebench" data synth --data "$work/data" --images 20 >/dev/null || exit 1
"$cyclebench" train "$work/tiny.ini" --data "$work/data" --run "$work/real" --max-iterations 1 --quiet || exit 1
runs() {
	rm -rf "$work/runs"
	python3 - "$work" "$@" <<'END'
import json, os, sys
work = sys.argv[1]
real = [json.loads(line) for line in open(f"{work}/real/run.jsonl")]
for seed, reached in enumerate(map(int, sys.argv[2:]), 1):
    header, end = dict(real[0]), dict(real[-1])
    header["data_kind"] = "official"
    header["recipe_text"] = header["recipe_text"].replace("seed = 1\n", f"seed = {seed}\n")
    end["status"], end["seconds"] = "completed", 5
    lines = [header]
    for epoch in range(1, 6):
        lines.append({"type": "epoch", "epoch": epoch, "iteration": 2500 * epoch, "train_loss": 1, "train_loss_smoothed": 1, "train_accuracy_percent": 1,
                      "eval_loss": 1, "eval_accuracy_percent": 91 if epoch == reached else 40, "seconds": 1, "seconds_total": epoch, "images_per_second": 1,
                      "loss_fingerprint": end["loss_fingerprint"]})
    os.makedirs(f"{work}/runs/tiny-s{seed}")
    with open(f"{work}/runs/tiny-s{seed}/run.jsonl", "w") as file:
        for line in lines + [end]:
            print(json.dumps(line), file=file)
END
}
zeros=$(printf '%064d' 0)
printf 'tiny fp32-winograd 3 %s\ntiny bf16-all 3 %s\n' "$zeros" "$zeros" >"$work/wrong.txt"

# Fingerprints of three iterations each, for the planted file says three.
fingerprints() { env CYCLEBENCH_FINGERPRINTS="$work/wrong.txt" "$cyclebench" score "$work/tiny.ini" --fingerprints "$@" 2>/dev/null; }
fingerprints >"$work/right.txt" || exit 1
runs 2 4

same_fingerprints() { diff <(fingerprints "$@") "$work/right.txt"; }

# The chain of the losses that `cyclebench train` writes, on the images of `cyclebench data synth`.
fingerprint_of_train() {
	rm -rf "$work/data" "$work/train"
	"$cyclebench" data synth --data "$work/data" >/dev/null &&
		"$cyclebench" train "$work/tiny.ini" --data "$work/data" --run "$work/train" --max-iterations 3 --quiet &&
		grep -q "$(awk '/fp32/ { print $4 }' "$work/right.txt")" "$work/train/run.jsonl"
}

# checked_json PYTHON: of the score in $work/out.json, as s; p are its projections.
checked_json() { python3 -c "
import json, sys
s = json.load(open('$work/out.json'))
p = s['projections']
$1"; }
json() { tiny --json >"$work/out.json"; }

whole() {
	json && checked_json '
def complete(part):
    for key, value in part.items():
        assert value is not None or part.get(key + "_reason"), key + " is null without a reason"
complete(s)
assert s["machine"]["cpu_model"] and s["target_percent"] == 90 and s["rounds"] >= 2
assert [(q["recipe"], q["numerics"]) for q in p] == [("tiny", "fp32-winograd"), ("tiny", "bf16-all")]
for q in p:
    complete(q)
    assert q["fingerprint_matches"] is True and q["epochs_from"] == "fp32-winograd"
    assert [(e["seed"], e["epoch"]) for e in q["epochs_to_target"]] == [(1, 2), (2, 4)] and q["seeds_not_reached"] == []
    expected = 3 * (2500 * q["step_s"] + q["evaluation_s"])
    assert abs(q["seconds_to_target"] / expected - 1) < 1e-9, (q["seconds_to_target"], expected)
    low, high = q["interval"]
    step, evaluation = q["step_interval_s"], q["evaluation_interval_s"]
    assert abs(low / (2 * (2500 * step[0] + evaluation[0])) - 1) < 1e-9 and abs(high / (4 * (2500 * step[1] + evaluation[1])) - 1) < 1e-9
    assert step[0] <= q["step_s"] <= step[1] and abs(q["images_per_second"] * q["step_s"] - 4) < 1e-9
    assert 0 < q["share_of_peak"] < 4 and q["visits"] == s["rounds"]
    assert abs(q["step_flops"] / (4 * 3 * 2 * 40.5e6) - 1) < 0.05, q["step_flops"]
assert s["summary"].startswith("On this machine tiny would reach 90 % in about ")'
}

# A planted fingerprint is refused: no projection, expected and got are told.
refused() {
	local status
	prints=$work/wrong.txt tiny --json >"$work/out.json" 2>"$work/err"
	status=$?
	[ $status -eq 1 ] && grep -q 'does not compute the same training' "$work/err" && grep -q "expected $zeros" "$work/err" &&
		grep -q "got      $(awk '/bf16/ { print $4 }' "$work/right.txt")" "$work/err" && checked_json '
for q in p:
    assert q["fingerprint_matches"] is False and q["seconds_to_target"] is None and q["seconds_to_target_reason"] and q["step_s"] is None
assert s["summary"] is None and s["summary_reason"]' || { echo "exit $status"; cat "$work/err"; return 1; }
}

never_reached() {
	runs 0 0 && json && checked_json '
for q in p:
    assert q["seconds_to_target"] is None and q["seconds_to_target_reason"] == "none of the 2 recorded seeds reached 90 %" and q["interval"] is None
    assert [e["seed"] for e in q["seeds_not_reached"]] == [1, 2] and q["step_s"] > 0
assert s["summary"] is None'
}

partly_reached() {
	runs 0 3 && json && checked_json '
for q in p:
    assert [e["seed"] for e in q["seeds_not_reached"]] == [1] and [e["epoch"] for e in q["epochs_to_target"]] == [3] and q["seconds_to_target"] > 0'
}

not_recorded() {
	env CYCLEBENCH_FINGERPRINTS="$work/right.txt" "$cyclebench" score "$work/tiny.ini" --seconds 0.1 --threads 1 --json >"$work/out.json" && checked_json '
for q in p:
    assert q["seconds_to_target"] is None and "no run of this recipe" in q["seconds_to_target_reason"] and q["epochs_from"] is None and q["fingerprint_matches"] is True'
}

not_shipped() {
	env CYCLEBENCH_RUNS="$work/runs" "$cyclebench" score "$work/tiny.ini" --seconds 0.1 --threads 1 --json >"$work/out.json" && checked_json '
for q in p: assert q["fingerprint_matches"] is None and q["fingerprint_matches_reason"] and q["fingerprint"]["expected"] is None and q["seconds_to_target"] > 0'
}

# On a CPU that another program keeps busy every visit is disturbed.
disturbed() {
	local cpu status busy
	cpu=$(taskset -cp $$ | sed 's/.*: //; s/[,-].*//')
	taskset -c "$cpu" bash -c 'while :; do :; done' &
	busy=$!
	(taskset -cp "$cpu" $BASHPID >/dev/null && tiny --json >"$work/out.json" 2>"$work/err")
	status=$?
	kill $busy
	wait $busy 2>/dev/null
	[ $status -eq 0 ] && grep -q 'other programs disturb the measurement' "$work/err" && checked_json '
assert s["disturbed"] is True and "other programs disturbed the measurement" in s["summary"]
for q in p: assert q["disturbed"] is True and q["lost_share"] > 0.1, q["lost_share"]'
}

# `timeout`, as a program in the background of a script ignores SIGINT.
interrupted() {
	timeout --foreground --preserve-status -s INT 1 env CYCLEBENCH_RUNS="$work/runs" CYCLEBENCH_FINGERPRINTS="$work/right.txt" "$cyclebench" score 1cycle-70 --out "$work/interrupted.json"
	local status=$?
	[ $status -eq 130 ] && [ ! -e "$work/interrupted.json" ] || { echo "exit $status"; return 1; }
}

saved() {
	mkdir -p "$work/scores" && tiny --out "$work/scores" && [ "$(find "$work/scores" -name '*-threads.json' | wc -l)" = 1 ] &&
		tiny --out "$work/scores/second.json" >/dev/null && [ "$(find "$work/scores" -type f | wc -l)" = 2 ]
}

# The headline recipes compute here what is shipped.
headline() { diff <(score --fingerprints) <(grep -v '^#' bench/score/fingerprints.txt); }

check '--help' says '^usage: cyclebench score ' score --help
check 'an unknown option: exit 2' exits_with 2 score --fast
check 'an unknown recipe: exit 2' ends_saying 2 'no recipe "no-such"' score no-such
check 'a recipe twice: exit 2' ends_saying 2 'given twice' score smoke "$(pwd)/train/recipes/smoke.ini"
check 'a target of 0: exit 2' ends_saying 2 '--target: expected a number above 0' score --target 0
check 'seconds that are no number: exit 2' ends_saying 2 '--seconds: expected' score --seconds soon
check 'an unknown instruction set: exit 2' exits_with 2 score --isa mmx
check '--table and --json: exit 2' ends_saying 2 'table alone' score --table --json
printf 'base = smoke\n[data]\nset = cifar100\ntrain_files = train.bin\n' >"$work/hundred.ini"
check 'a recipe of another data set: exit 2' ends_saying 2 'data.set is cifar100' score "$work/hundred.ini"
check 'no runs where CYCLEBENCH_RUNS leads: exit 2' ends_saying 2 'CYCLEBENCH_RUNS is .*: no run directories' env CYCLEBENCH_RUNS="$work/data" "$cyclebench" score smoke
printf 'tiny bf16-all 3\n' >"$work/broken.txt"
check 'a broken file of fingerprints: exit 2' ends_saying 2 'broken.txt:1: expected' env CYCLEBENCH_FINGERPRINTS="$work/broken.txt" "$cyclebench" score smoke
printf 'tiny bf16-all 3 %s\n' "$zeros" | sed 's/tiny/long/; s/ 3 / 17 /' >"$work/many.txt"
printf 'base = %s\n[schedule]\niterations = 16\n' "$work/tiny.ini" >"$work/long.ini"
check 'more iterations than the recipe has: exit 2' ends_saying 2 '17 iterations of whole batches' env CYCLEBENCH_FINGERPRINTS="$work/many.txt" "$cyclebench" score "$work/long.ini"

check 'a whole score, from the records of two seeds' whole
check 'as text' says '^tiny +fp32-winograd .* 2, 4 \(seeds 1, 2\) ' tiny
check 'epochs of another version are named' says '^tiny +bf16-all .* 2, 4 \(seeds 1, 2, fp32-winograd\) ' tiny
check 'the last line is the sentence' says '^On this machine tiny would reach 90 % in about .*\(projection with (fp32-winograd|bf16-all), from the epochs of tiny seed 1, 2' tiny
check '--target' says 'would reach 40 % in about' tiny --target 40
check 'energy or the reason why there is none' says '^(No energy: |tiny fp32-winograd: about [0-9]+ kJ)' tiny
check 'fingerprints match, it says' says '^Fingerprints: 2 of 2 ' tiny
check 'a planted fingerprint is refused' refused
check 'runs that did not reach the target: null with the reason' never_reached
check 'one of two seeds reached it' partly_reached
check 'a recipe without a record: null with the reason' not_recorded
check 'a recipe without a shipped fingerprint: not checked, it says' not_shipped
runs 2 4
if command -v taskset >/dev/null; then
	check 'a busy CPU is noticed' disturbed
else
	skip 'a busy CPU is noticed' '[tools] no taskset (package util-linux)'
fi
check 'SIGINT: exit 130, and nothing is written' interrupted
check '--out names the file after the machine, and replaces it' saved
check '--table: a row a machine and version, for Markdown' says '^\| .* \| bf16-all +\| [0-9]+ +\| [0-9]+ % .* (s|min) \([0-9.]+ (s|min) to [0-9.]+ ' score --table "$work/scores"
check '--table: a column a recipe' says '^\| CPU .* \| tiny to 90 % +\|$' score --table "$work/scores"
check '--table: no scores: exit 2' ends_saying 2 'no scores' score --table "$work/data"
echo '{}' >"$work/scores/other.json"
check '--table: a file that is no score: exit 2' ends_saying 2 'other.json: expected a file of cyclebench score' score --table "$work/scores"
check '--out into a folder that is not there: exit 1' ends_saying 1 'cannot be written' tiny --out "$work/nowhere/score.json"
check 'a full disk: exit 1' exits_with 1 bash -c "CYCLEBENCH_FINGERPRINTS='$work/right.txt' '$cyclebench' score '$work/tiny.ini' --seconds 0.1 --json >/dev/full"

if [ "${CYCLEBENCH_TEST_QUICK:-0}" = 0 ]; then
	check '`cyclebench train` ends with the same fingerprint' fingerprint_of_train
	for isa in $("$cyclebench" info --json | python3 -c 'import json, sys; print(*json.load(sys.stdin)["isa_available"])'); do
		check "the same fingerprints with $isa, one thread" same_fingerprints --isa "$isa" --threads 1
	done
	check 'the same fingerprints with two threads' same_fingerprints --threads 2 --oversubscribe
	check 'the headline recipes compute what is shipped' headline
fi
finish

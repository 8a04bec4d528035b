#!/bin/bash
# cyclebench lr-find as a user runs it: curves, files, the same bits with any threads, bad input, signals.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
build=${CYCLEBENCH_BUILD:-build}
cyclebench=$build/cyclebench
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
"$cyclebench" data synth --data "$work/data" --images 125 >/dev/null || exit 1
find=("$cyclebench" lr-find smoke --data "$work/data" --iterations 24 --threads 1)

# get FILE EXPRESSION: a value of the JSON object d.
get() { python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$@"; }
# holds FILE EXPRESSION: for check.
holds() { [ "$(get "$@")" = True ] || { echo "not so: $2"; head -c 2000 "$1"; return 1; }; }

check '--list: a line for each finder' says '^F1 +the notebook.s lr_find2' "$cyclebench" lr-find --list
check 'and no other' [ "$("$cyclebench" lr-find --list | wc -l)" = "$(find train/finders -name '*.ini' | wc -l)" ]
check '--list with more' ends_saying 2 'expected it alone' "$cyclebench" lr-find --list F0
check 'no recipe' ends_saying 2 'expected one RECIPE or FINDER, got none' "$cyclebench" lr-find
check 'an unknown name' ends_saying 2 'no finder or recipe "F9"' "$cyclebench" lr-find F9
check 'a wrong rate' ends_saying 2 '^cyclebench lr-find: --to: expected a learning rate' "${find[@]}" --to fast
check 'a range that falls' ends_saying 2 'expected a rate above --from = 1,' "${find[@]}" --from 1 --to 0.1
check 'too few iterations' ends_saying 2 'expected a whole number from 20' "${find[@]}" --iterations 5
check 'the schedule is not to be set' ends_saying 2 'the finder itself sets the schedule' "${find[@]}" --set schedule.epochs=2
check 'a wrong value' ends_saying 2 'data.batch is "many"' "${find[@]}" --vary data.batch=16,many
check 'is told before any training' [ -z "$("${find[@]}" --vary data.batch=16,many 2>/dev/null)" ]
check 'a key that is unknown' ends_saying 2 'did you mean data.batch' "${find[@]}" --vary data.bach=16
check 'data that is not there' ends_saying 2 'no-such-folder' "${find[@]}" --data "$work/no-such-folder"
check 'a finder is found by name: what is wrong with it is told' ends_saying 2 'expected a rate above --from = 0.01, got 0.001' "$cyclebench" lr-find F3 --to 0.001

check 'a search, written' exits_with 0 "${find[@]}" --from 0.001 --to 2 --validate --vary run.seed=1,2 --out "$work/out"
expected=$'curve.csv\nfinder.json'
! command -v gnuplot >/dev/null || expected+=$'\nlr-find.svg'
check 'the three files, and no other' [ "$(ls "$work/out")" = "$expected" ]
check 'finder.json: two curves, of other weights' holds "$work/out/finder.json" \
	'[c["curve"] for c in d["curves"]] == ["run.seed=1", "run.seed=2"] and d["curves"][0]["points"] != d["curves"][1]["points"]'
check 'machine, recipe and data are in it' holds "$work/out/finder.json" \
	'all("kind = range_test" in c["recipe_text"] and c["data_kind"] == "synthetic" and c["validated_on"] == "test" for c in d["curves"]) and "compiler" in d["machine"]'
check 'rates by equal factors, the loss smoothed' holds "$work/out/finder.json" 'all(
	abs(p["lr"] / (0.001 * 2000 ** (p["iteration"] / 24)) - 1) < 1e-6 and
	abs(p["smoothed_loss"] - sum(0.98 ** (k - j) * c["points"][j]["loss"] for j in range(k + 1)) / sum(0.98 ** j for j in range(k + 1))) < 1e-6
	for c in d["curves"] for k, p in enumerate(c["points"]))'
check 'the curve after the other begins from fresh weights' bash -c "'${find[0]}' lr-find smoke --data '$work/data' --iterations 24 --threads 1 --from 0.001 --to 2 --validate --set run.seed=2 --json >'$work/second.json'"
check 'and is what it is alone' [ "$(get "$work/second.json" 'd["curves"][0]["points"]')" = "$(get "$work/out/finder.json" 'd["curves"][1]["points"]')" ]
check 'curve.csv: a line for each point' [ "$(wc -l <"$work/out/curve.csv")" = "$(get "$work/out/finder.json" '1 + sum(len(c["points"]) for c in d["curves"])')" ]
check 'results are not overwritten' ends_saying 2 'already holds' "${find[@]}" --out "$work/out"
if command -v gnuplot >/dev/null; then
	check 'lr-find.svg has a label for each curve' [ "$(grep -oE '>seed=[12]' "$work/out/lr-find.svg" | sort -u | wc -l)" = 2 ]
	check 'without gnuplot: how to get it, and the rest' ends_saying 0 'apt install gnuplot-nox' \
		env PATH="$work/empty:$(dirname "$(command -v rm)" | sed "s|.*|$work/bin|")" "${find[@]}" --out "$work/plain"
	check 'the rest is there' [ "$(ls "$work/plain")" = "$(printf '%s\n' curve.csv finder.json)" ]
else
	skip 'lr-find.svg' '[tools] no gnuplot'
fi

# A training with the finder's recipe sees the same losses, and evaluates on the same hold-out, one batch, every four iterations.
"${find[@]}" --from 0.001 --to 0.1 --validate --set data.batch=25 --set data.holdout=25 --set run.log_iterations=true --json >"$work/held.json"
get "$work/held.json" 'd["curves"][0]["recipe_text"]' >"$work/recipe.ini"
check 'its recipe is a training' exits_with 0 "$cyclebench" train "$work/recipe.ini" --data "$work/data" --run "$work/run" --threads 1
values() { grep "\"type\": *\"$1\"" "$work/run/run.jsonl" | sed "s/.*\"$2\": *\([^,]*\),.*/\1/" | xargs; }
check 'with the same losses: a validation moves nothing' [ "$(values iteration loss)" = \
	"$(get "$work/held.json" '" ".join("%.9g" % p["loss"] for p in d["curves"][0]["points"])')" ]
check 'and the same evaluations: a validation is one' [ "$(values epoch eval_loss)" = \
	"$(get "$work/held.json" '" ".join("%.9g" % p["validation_loss"] for p in d["curves"][0]["points"][3::4])')" ]

"${find[@]}" --from 0.001 --to 2 --json >"$work/1.json"
"${find[@]}" --from 0.001 --to 2 --json --threads 2 --oversubscribe >"$work/2.json"
check '--json: the same points with 1 and 2 threads' [ "$(get "$work/1.json" 'd["curves"]')" = "$(get "$work/2.json" 'd["curves"]')" ]
check 'fresh weights, without validation as with it' [ "$(get "$work/1.json" '[p["loss"] for p in d["curves"][0]["points"]]')" = \
	"$(get "$work/out/finder.json" '[p["loss"] for p in d["curves"][0]["points"]]')" ]
check '--linear: equal steps from 0' says '^ +1 +0 ' "${find[@]}" --linear
check 'the rule is printed' says '^rule: .*Smith' "${find[@]}" --linear
check 'a hold-out validates where the recipe has one' says 'validated on a batch of the 25 holdout images' "${find[@]}" --validate --set data.holdout=25
"${find[@]}" --from 1e-15 --to 1e-12 --validate --set data.batch=25 --set data.holdout=40 --json >"$work/two.json"
check 'it validates on one batch after the other, 25 and 15 images in turn: the loss goes up and down' holds "$work/two.json" \
	'(lambda v: all((v[k + 1] - v[k]) * (v[k + 2] - v[k + 1]) < 0 for k in range(8, 22)))([p["validation_loss"] for p in d["curves"][0]["points"]])'
check 'weight decays: which one is advised, or why none' says '^weight decay: ' "${find[@]}" --vary optimizer.weight_decay=0.01,0.0001
check 'a curve that diverges at once' ends_saying 1 'smoke: the smoothed loss diverges at once.*begin lower' "${find[@]}" --from 1000 --to 1000000
"${find[@]}" --from 1000 --to 1000000 --json >"$work/diverged.json" 2>/dev/null
check 'no suggestion, and why' holds "$work/diverged.json" \
	'd["curves"][0]["suggested_max"] is None and "diverges" in d["curves"][0]["suggested_max_reason"] and d["curves"][0]["stopped_at_lr"] >= 1000'

# bash starts background jobs with SIGINT ignored.
env --default-signal=INT "${find[@]}" --iterations 100000 --out "$work/signal" >"$work/log" 2>&1 &
for _ in $(seq 200); do grep -qs '^iteration' "$work/log" && break; sleep 0.05; done
kill -INT $!
wait $!
check 'SIGINT: exit 130' [ $? = 130 ]
check 'and nothing was written' [ -z "$(ls "$work/signal")" ]
finish

#!/bin/bash
# cyclebench compare of runs that differ in the seed: what is one column, and its statistics. After a wanted change of the output:
# reports/test/test_compare_groups.sh --update, and read the difference.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
root=$PWD
compare=$(realpath "${CYCLEBENCH_BUILD:-build}")/cyclebench-compare
cd reports/test/runs || exit 1
export LC_ALL=C.UTF-8
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
update=${1-}
one=(second-1cycle second-1cycle-s2 second-1cycle-s3)
step=(second-step second-step-s2 second-step-s3)

# golden NAME ARGUMENTS...: output of compare.
golden() {
	local name=$1
	shift
	"$compare" "$@" >"$work/$name" 2>&1
	[ "$update" != --update ] || cp "$work/$name" "../expected/$name"
	diff -u "../expected/$name" "$work/$name"
}

# holds EXPRESSION ARGUMENTS...: true of d, the comparison, g, its groups, and near(x, y).
holds() {
	local expression=$1
	shift
	"$compare" "$@" --json >"$work/json" || [ $? -eq 3 ] || return
	python3 - "$work/json" "$expression" <<-'END'
		import json, sys
		d = json.load(open(sys.argv[1]))
		g = d["groups"]
		near = lambda x, y: abs(x - y) <= 1e-6 * abs(y)
		if not eval(sys.argv[2]):
		    print("not so: " + sys.argv[2])
		    print(json.dumps(g, indent=1)[:6000], json.dumps(d["pairs"], indent=1)[:2000], d["warnings"])
		    sys.exit(1)
	END
}

# copy RUN NAME SED_ARGUMENTS...: a changed copy of a record, $work/NAME.
copy() {
	local from=$1 name=$2
	shift 2
	mkdir -p "$work/$name"
	sed -E "$@" "$from/run.jsonl" >"$work/$name/run.jsonl"
	! cmp -s "$from/run.jsonl" "$work/$name/run.jsonl" || echo "not ok - the change of $name changed nothing"
}

# seed RUN NAME SEED [SED_ARGUMENTS...]: a copy with another seed and other bits.
seed() {
	local from=$1 name=$2 number=$3
	shift 3
	copy "$from" "$name" -e "1s/\"seed\":\"[0-9]+\"/\"seed\":\"$number\"/" -e "s/\"loss_fingerprint\":\"..../\"loss_fingerprint\":\"0$((1000 - number))/" "$@"
}

check 'a column a recipe' golden groups.txt "${one[@]}" second-1cycle-s2-zen2 "${step[@]}"
check 'as Markdown' golden groups.md "${one[@]}" second-1cycle-s2-zen2 "${step[@]}" --markdown
check 'as CSV' golden groups.csv "${one[@]}" second-1cycle-s2-zen2 "${step[@]}" --csv
check 'as JSON' golden groups.json "${one[@]}" second-1cycle-s2-zen2 "${step[@]}" --json
check 'a column a run, when asked' says '^ +second-1cycle +second-1cycle-s2 +second-1cycle-s3 ' "$compare" "${one[@]}" second-step --runs

# --- labels ---
mixed=("${one[@]:0:2}" "${step[@]:0:2}" one-cycle diverged)
check 'a record without the keys of newer ones is called older' holds '[x["label"] for x in g] == ["demo-1cycle", "demo-step", "demo-1cycle (older record)", "hot"]' "${mixed[@]}"
check 'and the sentence can be read' says '^70 % was reached by demo-1cycle \(older record\) after 100.5 s [^=]*, demo-step after [^=]*; not by hot\.$' "$compare" "${mixed[@]}"
copy second-1cycle no-holdout '1s/"holdout":0,//'
copy second-1cycle-s2 no-nesterov '1s/,"nesterov":false//'
copy second-1cycle-s3 no-nesterov-64 '1s/,"nesterov":false//; 1s/"batch":128/"batch":64/'
check 'labels are distinct, whatever keys records lack' holds '[x["label"] for x in g] == ["demo-1cycle data.batch=" + x for x in ("128 (older record)", "128 (older record) (2)", "64 (older record)", "128")]' \
	"$work/no-holdout" "$work/no-nesterov" "$work/no-nesterov-64" second-1cycle
copy second-1cycle holdout '1s/"holdout":0,/"holdout":5,/'
check 'what a record lacks is not in its label, where others differ in it' holds '[x["label"] for x in g] == ["demo-1cycle" + x for x in (" data.holdout=0", " (older record)", " data.holdout=5")]' \
	second-1cycle "$work/no-holdout" "$work/holdout"
copy second-1cycle other-kind '1s/"one_cycle","epochs":[0-9.]+,"lr_max":3.0/"constant","epochs":3.0,"lr":3.0/'
check 'another kind of schedule has other keys, and is not older' holds '[x["label"] for x in g] == ["demo-1cycle schedule.kind=" + x for x in ("one_cycle", "constant")]' second-1cycle "$work/other-kind"

# --- accuracy ---
check 'three seeds: mean, sd, least, most' holds '[g[0][k + "_accuracy_percent"] for k in ("n", "mean", "sd", "min", "max")] == [3, 78.5, 1, 77.5, 79.5]' "${one[@]}"
# 2.919985580 is the 95 % quantile of two degrees of freedom.
check 'and the lower bound of the mean' holds 'near(g[0]["lower_bound_accuracy_percent"], 78.5 - 2.919985580 / 3 ** 0.5)' "${one[@]}"
check 'seeds and runs' holds 'len(g) == 1 and g[0]["seeds"] == ["1", "2", "3"] and len(g[0]["runs"]) == 3 and g[0]["reached"] == g[0]["n"] == 3' "${one[@]}"
seed second-1cycle s10 10
check 'seeds are in their order' holds 'g[0]["seeds"] == ["1", "2", "3", "10"]' "$work/s10" second-1cycle-s3 second-1cycle-s2 second-1cycle
check 'the same training on another machine counts once' holds 'len(g[0]["runs"]) == 4 and g[0]["n"] == 3 and g[0]["sd_accuracy_percent"] == 1' "${one[@]}" second-1cycle-s2-zen2
check 'one seed has no spread, which is said' holds \
	'g[0]["sd_accuracy_percent"] is None and g[0]["lower_bound_accuracy_percent"] is None and "spread" in g[0]["sd_accuracy_percent_reason"]' second-1cycle "${step[@]}"
copy second-1cycle-s2 other-bits -e '4s/"loss_fingerprint":"./"loss_fingerprint":"_/; 5s/"loss_fingerprint":"./"loss_fingerprint":"_/; s/"_/"0/'
check 'one seed with other bits: two trainings, with a warning' holds \
	'g[0]["n"] == 4 and any("other-bits: one recipe and seed, but not the same bits" in w for w in d["warnings"])' "${one[@]}" "$work/other-bits"

# --- what is not a whole training ---
check 'ended at the target: in the times, not in the accuracy' holds '[g[1][k] for k in ("n", "reached", "undecided", "n_accuracy_percent", "n_epochs_to_target", "n_seconds_to_target")] == [3, 2, 1, 1, 2, 2]' "${one[@]}" "${step[@]}"
check 'which is said' says 'accuracies without second-step-s2 \(it ended after the target: .*\), second-step-s3 \(interrupted\)' "$compare" "${one[@]}" "${step[@]}"
seed second-1cycle early 4 -e '5s/"completed"/"target_reached"/'
check 'even if its record has an accuracy' holds 'g[0]["n"] == 4 and g[0]["n_accuracy_percent"] == 3 and g[0]["n_seconds_to_target"] == 4' "${one[@]}" "$work/early"
copy second-step-s3 diverged 's/"status":"interrupted"/"status":"diverged"/'
check 'diverged: the target is missed' holds '[g[1][k] for k in ("n", "reached", "missed", "undecided")] == [3, 2, 1, 0]' second-1cycle second-step second-step-s2 "$work/diverged"
copy second-step-s3 running '$d'
check 'still running: undecided' holds '[g[1][k] for k in ("n", "reached", "missed", "undecided")] == [3, 2, 0, 1]' second-1cycle second-step second-step-s2 "$work/running"
copy second-1cycle-s3 cut-short '4,$d'
check 'a run and the beginning of the same are one training' holds 'g[0]["n"] == 3 and g[0]["undecided"] == 0' "${one[@]}" "$work/cut-short"
check 'missed by a whole training' holds '[g[0][k] for k in ("n", "reached", "missed")] == [3, 1, 2] and g[0]["mean_epochs_to_target"] == 3' "${one[@]}" --target 79
check 'never reached is null with its reason' holds \
	'g[0]["reached"] == 0 and g[0]["mean_seconds_to_target"] is None and g[0]["mean_seconds_to_target_reason"] == "not reached"' "${one[@]}" --target 90

# --- times ---
check 'mean and sd of the times' holds 'near(g[0]["mean_seconds_to_target"], 118) and near(g[0]["sd_seconds_to_target"], 817.75 ** 0.5)' "${one[@]}" second-1cycle-s2-zen2
check 'those of another machine take no part, which is said' holds \
	'g[0]["n_seconds_to_target"] == 3 and g[0]["times_left_out"] == ["second-1cycle-s2-zen2 (on another machine or with other threads)"]' "${one[@]}" second-1cycle-s2-zen2
zen2='1s/"cpu_family":26/"cpu_family":23/; 1s/"isa_selected":"avx512"/"isa_selected":"avx2"/'
seed second-1cycle s4-zen2 4 -e "$zen2" -e 's/"seconds_total":100.5/"seconds_total":140.5/'
seed second-1cycle s5-zen2 5 -e "$zen2" -e 's/"seconds_total":100.5/"seconds_total":144.5/'
check 'the machine of most runs' holds 'g[0]["mean_seconds_to_target"] == 142.5 and g[0]["times_of"]["isa"] == "avx2"' second-1cycle "$work/s4-zen2" "$work/s5-zen2"
check 'but rather one that other columns have, too' holds \
	'g[0]["mean_seconds_to_target"] == 100.5 and g[0]["n"] == 3 and g[0]["times_of"]["isa"] == "avx512" and near(g[0]["speedup_to_target"], 151.5 / 100.5)' \
	"$work/s4-zen2" "$work/s5-zen2" second-1cycle second-step
check 'no speed-up between machines' holds \
	'len(g) == 2 and all(x["speedup_to_target"] is None and "machine" in x["speedup_to_target_reason"] for x in g + d["pairs"])' "$work/s4-zen2" "$work/s5-zen2" second-step
for other in 'threads 1s/"threads":2,"iter/"threads":1,"iter/' 'isa 1s/"isa_selected":"avx512"/"isa_selected":"avx2"/' 'caches 1s/"l3_bytes":33554432/"l3_bytes":1048576/'; do
	seed second-1cycle "other-${other%% *}" 7 -e "${other#* }"
	check "times of other ${other%% *} are not averaged" holds 'g[0]["n_seconds_to_target"] == 3 and g[0]["n"] == 4' "${one[@]}" "$work/other-${other%% *}"
done
for line in 1 5; do
	seed second-1cycle "disturbed-$line" 6 -e "${line}s/\"type\"/\"disturbed\":\"builds beside it\",\"type\"/"
	check "a disturbed run has an accuracy and no time (line $line)" holds \
		'g[0]["n_accuracy_percent"] == 4 and g[0]["n_seconds_to_target"] == 3 and "disturbed: builds beside it" in g[0]["times_left_out"][0]' "${one[@]}" "$work/disturbed-$line"
done
seed second-1cycle resumed 8 -e '5s/"resumed":0/"resumed":1/'
check 'nor has a resumed one' holds 'g[0]["n_seconds_to_target"] == 3 and g[0]["n_accuracy_percent"] == 4 and "resumed" in g[0]["times_left_out"][0]' "${one[@]}" "$work/resumed"
check 'unless asked for: at least' holds 'g[0]["n_seconds_to_target"] == 4 and g[0]["times_are_at_least"]' "${one[@]}" "$work/resumed" --with-resumed
seed second-moved moved 9
check 'but never one that went on elsewhere' holds 'g[0]["n_seconds_to_target"] == 3 and g[0]["n"] == 4' "${one[@]}" "$work/moved" --with-resumed

# --- what is one column ---
seed second-1cycle checkpoints 4 -e '1s/"checkpoint_every":0/"checkpoint_every":50/; 1s/"target":70.0/"target":60.0/; 1s/"epochs":3.0/"epochs":3/'
check 'what changes no bit does not part' holds 'len(g) == 1 and g[0]["n"] == 4' "${one[@]}" "$work/checkpoints"
seed second-1cycle with-set 4 -e '1s/"data":\{"train/"data":{"set":"cifar10","train/'
check 'nor does a key that older records lack' holds 'len(g) == 1 and g[0]["n"] == 4' "${one[@]}" "$work/with-set"
seed second-1cycle other-rate 4 -e '1s/"lr_max":3.0/"lr_max":2.0/'
check 'another value parts, and is in the name' holds '[x["label"] for x in g] == ["demo-1cycle schedule.lr_max=3", "demo-1cycle schedule.lr_max=2"]' "${one[@]}" "$work/other-rate"
check 'and is a row' says '^schedule.lr_max +3 +2$' "$compare" "${one[@]}" "$work/other-rate"
check 'what is equal is one line' says 'equal in all: .*data.batch' bash -c "'$compare' ${one[*]} '$work/other-rate' | tr -d '\n'"
seed second-1cycle other-numerics 4 -e '1s/fp32-direct/bf16-all/'
check 'another numerics version is another column, which is said' holds \
	'[x["n"] for x in g] == [3, 1] and g[1]["label"] == "demo-1cycle bf16-all" and any("two columns, not one, because the numerics version differs" in w for w in d["warnings"])' "${one[@]}" "$work/other-numerics"
seed second-1cycle other-images 4 -e '1s/"train_sha256":"./"train_sha256":"0/'
check 'other images are another column, which is said' holds \
	'[x["n"] for x in g] == [3, 1] and any("two columns, not one, because the training images differ" in w for w in d["warnings"])' "${one[@]}" "$work/other-images"
seed second-1cycle other-test 4 -e '1s/"eval_sha256":"./"eval_sha256":"0/'
check 'as are other evaluated images' holds \
	'[x["n"] for x in g] == [3, 1] and any("because the evaluated images differ" in w for w in d["warnings"]) and d["pairs"][0]["mean_accuracy_difference_percent"] is None' "${one[@]}" "$work/other-test"
check 'other start weights are another column' holds 'len(g) == 2 and any("because the start weights differ" in w for w in d["warnings"])' second-1cycle second-1cycle-s2 second-init
check 'two columns of one recipe have two names' holds 'len({x["label"] for x in g}) == 2' "${one[@]}" "$work/other-images"

# Format 1 does not know its images.
first='1s/"format":2/"format":1/; s/"eval_(accuracy|loss)/"test_\1/g; s/final_eval/final_test/g; s/"(train|eval)_sha256":"[0-9a-f]*",//g; 2,4s/,"loss_fingerprint":"[0-9a-f]*"//'
seed second-1cycle old 5 -e "$first"
check 'a record of format 1 joins the column that it may belong to, which is said' holds \
	'[x["n"] for x in g] == [4] and any("records of format 1 do not say that their images" in w for w in d["warnings"])' "$work/old" "${one[@]}"
check 'but not one of two' holds '[x["n"] for x in g] == [1, 3, 1]' "$work/old" "${one[@]}" "$work/other-images"

# --- pairs ---
check 'seeds pair' holds '[d["pairs"][0][k] for k in ("seeds", "n_accuracy_difference_percent", "mean_accuracy_difference_percent")] == [["1", "2", "3"], 1, 8]' "${one[@]}" "${step[@]}"
check 'differences, seed by seed' holds \
	'near(d["pairs"][0]["mean_seconds_difference"], -24.75) and near(d["pairs"][0]["sd_seconds_difference"], 26.25 * 2 ** 0.5) and d["pairs"][0]["mean_epochs_difference"] == -0.5' "${one[@]}" "${step[@]}"
check 'no seed in both: null with a reason' holds \
	'd["pairs"][0]["mean_accuracy_difference_percent"] is None and "no seed" in d["pairs"][0]["mean_accuracy_difference_percent_reason"]' second-1cycle-s2 second-1cycle-s3 second-step
check 'a speed-up and between what single runs put it' holds \
	'near(d["pairs"][0]["speedup_to_target"], 126.25 / 118) and near(d["pairs"][0]["min_speedup_to_target"], 101 / 151) and near(d["pairs"][0]["max_speedup_to_target"], 151.5 / 100.5)' "${one[@]}" "${step[@]}"
check 'each two columns are a pair' holds 'len(g) == 3 and [p["groups"] for p in d["pairs"]] == [[g[a]["label"], g[b]["label"]] for a, b in ((0, 1), (0, 2), (1, 2))]' \
	"${one[@]}" "${step[@]}" "$work/other-rate"

# --- the sentence ---
check 'two columns in a sentence' says \
	'^demo-1cycle reached 70 % in 3 of 3 runs after 118.0 s on average \(sd 28.60 s\), demo-step in 2 of 3 \(1 not finished\) after 126.2 s on average \(sd 35.71 s\): 1.07 times as fast \(0.67 to 1.51 between single runs\)\.$' \
	"$compare" "${one[@]}" "${step[@]}"
check 'the sooner one stands first' says '^demo-1cycle reached .*, demo-step in .*: 1.07 times as fast \(0.67 to 1.51' "$compare" "${step[@]}" "${one[@]}"
check 'long times are in minutes' says '^1cycle-70 reached 93 % in 1 of 1 run after 28.9 min, step-64k-b in 1 of 1 after 40.6 min: 1.40 times as fast\.$' \
	"$compare" "$root"/reports/results/runs/{1cycle-70-bf16-all-s1-zen*,step-64k-b-bf16-all-s1-zen5}
check 'only one reached it' says '^demo-1cycle reached 79 % in 1 of 3 runs after 151.0 s, demo-step in 0 of 3 \(2 not finished\)\.$' "$compare" "${step[@]}" "${one[@]}" --target 79
check 'two runs keep their sentence' says '^second-1cycle reached 70 % after 100.5 s, second-step after 151.5 s: 1.51 times as fast\.$' "$compare" second-1cycle second-step
check 'a sentence for one column, too' holds 'd["summary"].startswith("70 % was reached by demo-1cycle after ")' "${one[@]}"

# --- the notebook: what it printed at its end, at best, and the first epochs at 92 and 93 % ---
published=$root/reports/results/runs/1cycle-70-bf16-all-s1-zen5
while read -r experiment epochs rate div final high low accuracy best best_epoch first_92 first_93 train_loss eval_loss; do
	copy "$published" "$experiment" "1s/\"schedule\":\{[^}]*\}/\"schedule\":{\"kind\":\"one_cycle\",\"epochs\":$epochs,\"lr_max\":$rate,\"div\":$div,\"final_percent\":$final,\"momentum_max\":$high,\"momentum_min\":$low }/"
	check "beside $experiment stands what the notebook printed" holds \
		"list(g[0]['notebook'].values())[:1] + [g[0]['notebook'][k] for k in ('epochs', 'final_accuracy_percent', 'best_accuracy_percent', 'best_accuracy_epoch', 'epochs_to_92_percent', 'epochs_to_target', 'final_train_loss', 'final_eval_loss')] == ['$experiment', $epochs, $accuracy, $best, $best_epoch, $first_92, $first_93, $train_loss, $eval_loss]" \
		"$work/$experiment" second-step --with-notebook --target 93
done <<'END'
E1 95 0.8 10 13.68 0.95 0.85 93.53 93.62 94 84 90 0.009377 0.269109
E2 95 0.8 10 50 0.95 0.85 92.58 92.65 87 81 None 0.004675 0.353984
E3a 50 3 20 10 0.95 0.85 92.31 92.31 50 48 None 0.088213 0.242479
E3b 70 3.0 20 10 0.95 0.85 93.08 93.08 70 67 70 0.05552 0.235621
E4a 95 0.8 10 13.68 0.9 0.9 93.39 93.39 95 82 87 0.009161 0.291407
E4b 50 3 20 10 0.9 0.9 92.25 92.31 48 48 None 0.08244 0.245451
END
check 'another run has none, which is said' holds 'g[1]["notebook"] is None and "no such training" in g[1]["notebook_reason"]' "$published" second-step --with-notebook
check 'and without the option there is none' holds '"notebook" not in g[0]' "$published" second-step
check 'it stands in the table' says '^  notebook +93.08 % +-$' "$compare" "$published"/../1cycle-70-bf16-all-s1-zen{4,5} second-step --with-notebook
check 'beside runs, too' says "^notebook's training +E3b +-\$" "$compare" "$published" second-step --with-notebook
mkdir -p "$work/tree/build" "$work/tree/reports"
cp "$compare" "$work/tree/build/"
cp -r "$root/reports/notebook" "$work/tree/reports/"
beside() { (cd "$work" && "$work/tree/build/cyclebench-compare" "$root/reports/test/runs/second-1cycle" "$root/reports/test/runs/second-step" --with-notebook); }
check 'its tables are found beside the program' exits_with 0 beside
sed -i '300s/\t[0-9]*\t/\t7\t/' "$work/tree/reports/notebook/epochs.tsv"
check 'a row that is missing there is an error with its line' ends_saying 1 'notebook/epochs.tsv:300: expected the next epoch' beside
sed -i 's/val_loss/loss/' "$work/tree/reports/notebook/epochs.tsv"
check 'as are other columns' ends_saying 1 'notebook/epochs.tsv:1: not the columns' beside
rm "$work/tree/reports/notebook/epochs.tsv"
check 'and no tables' ends_saying 1 'no folder notebook/ with epochs.tsv beside the program' beside

# --- forms ---
# widest COLUMNS ARGUMENTS...: no line of the table itself is longer.
widest() {
	local columns=$1
	shift
	"$compare" "$@" | awk -v most="$columns" '/^  equal in all/ { exit } NR > 1 && length($0) > most { print; long = 1 } END { exit long }'
}
check 'four columns fit into 100 characters' widest 100 "${one[@]}" second-step --runs
check 'and four groups' widest 100 "${one[@]}" "${step[@]}" "$work/other-rate" "$work/other-numerics"
check 'more are further blocks' widest 100 "$root"/reports/results/runs/*/ --runs --with-notebook
check 'wrapped names are whole' bash -c "'$compare' '$root'/reports/results/runs/{1cycle-70,demo,step}*/ --runs | awk 'NR == 3 { first = substr(\$0, 24, 18) } NR == 4 { second = substr(\$0, 24, 18); gsub(/ /, \"\", first); gsub(/ /, \"\", second); exit first second != \"1cycle-70-bf16-all-s1-zen2\" }'"
check 'one form at a time' ends_saying 2 'expected one of --markdown, --csv and --json' "$compare" second-1cycle second-step --json --csv
for form in markdown csv; do
	check "--$form on a full disk is an error" exits_with 1 bash -c "'$compare' second-1cycle second-step --$form >/dev/full"
	check "no control character by --$form" bash -c "'$compare' second-hostile second-1cycle --$form >'$work/output' && ! LC_ALL=C grep -anP '[\\x00-\\x09\\x0b-\\x1f]|\\xc2[\\x80-\\x9f]' '$work/output'"
done
copy second-1cycle 'a|b<i>[x](y)"q,' '1s/2026/2027/'
check 'Markdown of a name is text' says '^\|  \| a\\\|b\\<i\\>\\\[x\\\]\(y\)"q, \| second-step \|$' "$compare" "$work/a|b<i>[x](y)\"q," second-step --markdown
check 'a name is one field' says '^"a\|b<i>\[x\]\(y\)""q,",' "$compare" "$work/a|b<i>[x](y)\"q," second-step --csv
finish

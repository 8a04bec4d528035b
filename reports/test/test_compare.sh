#!/bin/bash
# cyclebench compare on stored runs (runs/), against stored output (expected/). After a wanted change of the output:
# reports/test/test_compare.sh --update, and read the difference.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
compare=$(realpath "${CYCLEBENCH_BUILD:-build}")/cyclebench-compare
cd reports/test/runs || exit 1
export LC_ALL=C.UTF-8
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
update=${1-}

# golden NAME STATUS ARGUMENTS...: output and exit status of compare.
golden() {
	local name=$1 expected_status=$2 status
	shift 2
	"$compare" "$@" >"$work/$name" 2>&1
	status=$?
	[ "$update" != --update ] || cp "$work/$name" "../expected/$name"
	diff -u "../expected/$name" "$work/$name" && [ $status -eq "$expected_status" ]
}

# broken_in RUN SED_SCRIPT PATTERN: a copy of a good record, changed, is refused with exit status 2 and this message.
broken_in() {
	mkdir -p "$work/broken"
	sed -E "$2" "$1/run.jsonl" >"$work/broken/run.jsonl"
	if cmp -s "$1/run.jsonl" "$work/broken/run.jsonl"; then
		echo "the change changed nothing"
		return 1
	fi
	ends_saying 2 "$3" "$compare" step "$work/broken"
}
broken() { broken_in one-cycle "$@"; }
broken_2() { broken_in second-moved "$@"; }

# copy RUN NAME SED_ARGUMENTS...: a changed copy of a record, $work/NAME.
copy() {
	local from=$1 name=$2
	shift 2
	mkdir -p "$work/$name"
	sed -E "$@" "$from/run.jsonl" >"$work/$name/run.jsonl"
}

# lacks PATTERN COMMAND...: COMMAND succeeds and no line of its output matches.
lacks() {
	local pattern=$1 output
	shift
	output=$("$@" 2>&1) || { echo "exit status $?"; echo "$output"; return 1; }
	! grep -aE -- "$pattern" <<<"$output"
}

# harmless COMMAND...: it succeeds and prints nothing but text: no control character, nothing that is not UTF-8. DEL begins nothing.
harmless() {
	"$@" >"$work/output" || return
	! LC_ALL=C grep -anP '[\x00-\x09\x0b-\x1f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]' "$work/output" &&
		iconv -f UTF-8 -t UTF-8 "$work/output" >/dev/null
}

check 'two completed runs' golden two.txt 0 one-cycle step
check 'JSON' golden two.json 0 one-cycle step --json
check 'ci/demo reads lines of it: each time is of one run' bash -c "'$compare' one-cycle step --json |
	awk '\$1 == \"\\\"seconds\\\":\" { a++ } \$1 == \"\\\"seconds_to_target\\\":\" { b++ } \$1 == \"\\\"target_percent\\\":\" { c++ } END { exit !(a == 2 && b == 2 && c == 1) }'"
check 'another target' golden target-50.txt 0 --target 50 step one-cycle
check 'a target that no run reached: exit 3' golden missed.txt 3 --target 93 one-cycle step
check 'not reached is null in JSON' golden missed.json 3 --target 93 one-cycle step --json
check 'interrupted, resumed, diverged, torn runs' golden troubled.txt 0 --runs one-cycle one-cycle-again diverged torn interrupted
check 'the same in JSON' golden troubled.json 0 one-cycle one-cycle-again diverged torn interrupted --json
check 'no run reached the recipe'\''s own target: exit 0' exits_with 0 "$compare" diverged torn
check 'run.jsonl itself, trailing slash' exits_with 0 "$compare" one-cycle/run.jsonl step/
mkdir -p "$work/one-cycle"
cp step/run.jsonl "$work/one-cycle/"
check 'two folders of one name are called by their paths' says "^ +one-cycle/run.jsonl +$work/one-cycle/run.jsonl\$" "$compare" one-cycle "$work/one-cycle"

check 'one run is too few' exits_with 2 "$compare" one-cycle
check 'no run at all' says 'two runs or more, got 0' "$compare"
check 'a missing run' says '^cyclebench compare: no/run.jsonl: No such file' "$compare" one-cycle no/run.jsonl
check 'a missing run: exit 2' exits_with 2 "$compare" one-cycle "$work/no"
check 'a folder without a record' says 'run.jsonl: No such file .* expected the directory of a run' "$compare" one-cycle ../runs
for target in 0 -3 101 ninety 93% nan ''; do
	check "--target '$target' is refused" exits_with 2 "$compare" one-cycle step --target "$target"
done
check 'an unknown option' exits_with 2 "$compare" one-cycle step --xml
check '--help succeeds' exits_with 0 "$compare" --help
check 'a full disk is an error' exits_with 1 bash -c "'$compare' one-cycle step >/dev/full"

check 'broken JSON: file and line' broken '2s/,/,,/' 'broken/run.jsonl:2: not a JSON object'
check 'a line without type' broken '3s/"type": "epoch", //' 'run.jsonl:3: .*"type"'
check 'an unknown type' broken '3s/"epoch"/"era"/' 'run.jsonl:3: unknown type "era"'
check 'no header' broken '1d' 'run.jsonl:1: expected the header'
check 'two headers' broken '1{p}' 'run.jsonl:2: a second line'
check 'a newer format' broken '1s/"format": 1/"format": 3/' 'run.jsonl:1: header: format 3; this program reads formats 1 to 2'
check 'a header without schedule' broken '1s/"schedule"/"timetable"/' 'run.jsonl:1: header: .*schedule'
check 'an epoch without accuracy' broken '3s/"test_accuracy_percent": 71.25, //' 'run.jsonl:3: key "test_accuracy_percent".*got nothing'
check 'a text for a number' broken '3s/71.25/"71.25"/' 'run.jsonl:3: key "test_accuracy_percent".*another type'
check 'a duplicate key' broken '2s/"type"/"epoch": 1, "type"/' 'run.jsonl:2: .*duplicate'
check 'an epoch twice' broken '3{p}' 'run.jsonl:4: epoch 2 .* follows epoch 2'
check 'a line after the end' broken '5{p}' 'run.jsonl:6: a line after the end'
check 'an unknown status' broken '5s/"completed"/"fine"/' 'run.jsonl:5: end: "status"'
check 'an empty record' broken '1,$d' 'no complete header'

# --- format 2 ---
check 'an unknown kind of data' broken_2 '1s/"official"/"officious"/' 'run.jsonl:1: header: "data_kind" must be'
check 'no hash of the images' broken_2 '1s/"eval_sha256"/"x"/' 'run.jsonl:1: key "eval_sha256": expected a SHA-256'
check 'a hash that is none' broken_2 '1s/"train_sha256":"./"train_sha256":"G/' 'run.jsonl:1: key "train_sha256"'
check 'no word about start weights' broken_2 '1s/"init_weights":null,//' 'run.jsonl:1: header: "init_weights"'
check 'the accuracy of format 1' broken_2 '2s/eval_acc/test_acc/' 'run.jsonl:2: key "eval_accuracy_percent".*got nothing'
check 'an epoch without a fingerprint' broken_2 '2s/"loss_fingerprint"/"x"/' 'run.jsonl:2: key "loss_fingerprint"'
check 'a resume without its loss of time' broken_2 '3s/killed_seconds_at_least/x/' 'run.jsonl:3: key "killed_seconds_at_least"'
check 'a resume without a machine' broken_2 '3s/"machine"/"x"/' 'run.jsonl:3: resume: "machine"'
check 'an end without its loss of time' broken_2 '7s/killed_seconds_at_least/x/' 'run.jsonl:7: key "killed_seconds_at_least"'
copy second-step unknown-keys '1s/"type"/"new":{"a":[1]},"type"/; 2s/"type"/"new":null,"type"/'
check 'unknown keys are let be' exits_with 0 "$compare" second-1cycle "$work/unknown-keys"

check 'two runs of format 2: the last line says it all' golden second-two.txt 0 second-1cycle second-step
check 'the last line is the sentence' bash -c "'$compare' second-1cycle second-step | tail -n 1 |
	grep -x 'second-1cycle reached 70 % after 100.5 s, second-step after 151.5 s: 1.51 times as fast.'"
check 'resumed elsewhere, synthetic, from weights, other caches' golden second.txt 0 --runs \
	second-1cycle second-moved second-synthetic second-init second-parted second-stopped
check 'the same in JSON' golden second.json 0 second-1cycle second-moved second-synthetic second-init second-parted second-stopped --json
check 'resumed runs in a speed-up, when asked' golden with-resumed.txt 0 --with-resumed second-moved second-step
check 'not asked, they take no part' says '^second-moved reached 70 % after at least 131.0 s, .* no speed-up, because a run was resumed' \
	"$compare" second-moved second-step
check 'one reached the target' says '^step reached 70 % after 151.5 s, interrupted has not reached it so far \(at best 50.00 %\)\.$' \
	"$compare" step interrupted
check 'none reached the target' says '^neither one-cycle nor step reached 93 %\.$' "$compare" one-cycle step --target 93
check 'no sentence for three runs' lacks 'times as fast' "$compare" one-cycle step second-step

# --- counts of train --perf ---
counted='"perf":{"to_target":{"instructions":{"value":10,"value_scaled":123456789012},"cycles":{"value":null,"reason":"no PMU"},"cpu_ns":{"value_scaled":5},"joules":{"value":7.5}}}'
copy second-1cycle counted '$s/"type"/'"$counted"',"type"/'
copy second-1cycle counted-session '$s/"type"/"perf":{"to_target":null,"to_target_reason":"resumed after iteration 6"},"type"/'
check 'instructions to the target, as scaled to the whole run' says '^instructions to target +1\.235e\+11 +-$' "$compare" --runs "$work/counted" second-step
check 'joules to the target' says '^joules to target +7\.5 +-$' "$compare" --runs "$work/counted" second-step
check 'why there are no cycles' says '^ *- counted: no cycles to target: no PMU$' "$compare" --runs "$work/counted" second-step
check 'what nobody counted is no row' lacks '^cycles to target' "$compare" --runs "$work/counted" second-step
check 'a session is no run' says '^ *- counted-session: no instructions to target, .*: resumed after iteration 6$' "$compare" --runs "$work/counted-session" second-step
check 'counted to another target' says 'it was counted to 70 %, the target of its recipe' "$compare" --runs --target 60 "$work/counted" second-step
check 'in JSON' bash -c "'$compare' --json '$work/counted' second-step | grep -q '\"instructions_to_target\": *1.23456789'"
check 'a record without counts has no such keys' lacks 'instructions_to_target' "$compare" --json second-1cycle second-step

# --- images ---
check 'equal hashes, other path: the same data' lacks '! data' "$compare" second-1cycle "$work/unknown-keys"
copy second-step other-path '1s/"cifar-10-batches-bin"/"elsewhere"/'
check 'the path is not the data' lacks '! data' "$compare" second-1cycle "$work/other-path"
copy second-step other-data '1s/"eval_sha256":"."/"eval_sha256":"/; 1s/"train_sha256":"./"train_sha256":"0/'
check 'one path, other hash: other data' says '! data: the training images differ' "$compare" second-1cycle "$work/other-data"
copy second-step other-test '1s/"eval_sha256":"./"eval_sha256":"0/'
check 'another evaluation set' says '! data: the evaluated images differ' "$compare" second-1cycle "$work/other-test"
check 'then there is no speed-up to the target' says 'no speed-up to the target: the runs were evaluated on different images' \
	"$compare" second-1cycle "$work/other-test"
check 'format 1 does not know' says '! data: records of format 1 hold no hashes' "$compare" one-cycle step
copy one-cycle same-losses '1s/CIFAR-10 \(folder\)/elsewhere/'
check 'equal fingerprints prove equal data' lacks '! data' "$compare" one-cycle "$work/same-losses"

# --- bits ---
copy second-1cycle other-first '2s/"loss_fingerprint":"./"loss_fingerprint":"0/; 3s/"loss_fingerprint":"./"loss_fingerprint":"0/; 4,5s/"loss_fingerprint":"./"loss_fingerprint":"0/'
check 'equal recipes, other bits from the start' says 'second-1cycle, other-first: different bits from epoch 1 on, although' \
	"$compare" second-1cycle "$work/other-first"
copy second-1cycle too-short '2,$d'
check 'no epoch to compare by' says 'second-1cycle, too-short: equal recipes, but no epoch in common' "$compare" second-1cycle "$work/too-short"
check 'two recipes say nothing about bits' lacks 'bits|losses' "$compare" second-1cycle second-step
published=../../results/runs/1cycle-70-bf16-all-s1-zen5
copy $published first-epochs '14,$d'
check 'the first epochs of a published run' says \
	'equal losses to 9 digits as far as both go: epoch 12 of 70 \(no fingerprints of epochs in these records\)' \
	"$compare" $published "$work/first-epochs"
copy $published other-fifth '6s/"train_loss":([0-9.]*)[0-9],/"train_loss":\11,/; 14,$d'
check 'another fifth epoch' says 'equal losses to 9 digits up to epoch 4 of 70, then they differ' "$compare" $published "$work/other-fifth"
copy second-1cycle reported '1s/"official"/"other"/'
check 'images that are not the official ones' says '! reported: not the official CIFAR-10 images' "$compare" second-1cycle "$work/reported"

# --- published records ---
check 'the published records are read' ends_saying 0 'same training bit for bit .*1cycle-70-bf16-all-s1-zen2, 1cycle-70-bf16-all-s1-zen4' \
	"$compare" ../../results/runs/*/
check 'their machines are told apart' says '! machine: times are of different machines' "$compare" ../../results/runs/*/
check 'their data do not differ' lacks 'data differ|images differ' "$compare" ../../results/runs/*/

# --- strings of others ---
check 'control characters are shown' golden hostile.txt 0 second-hostile second-1cycle
check 'no byte of them reaches the terminal' harmless "$compare" second-hostile second-1cycle
check 'nor as JSON' harmless "$compare" second-hostile second-1cycle --json
copy step bad-error '3s/"epoch",/"ep\\u001b[31moch",/'
check 'nor in an error' says 'unknown type "ep.u001b\[31moch"' "$compare" step "$work/bad-error"
copy step $'\xff\xfe' ''
check 'a name that is not UTF-8' says $'^ +step +\uFFFD\uFFFD$' "$compare" step "$work/"$'\xff\xfe'
check 'such a name and JSON' says '"run": "\\uFFFD\\uFFFD"' "$compare" step "$work/"$'\xff\xfe' --json
copy step $'a\x1b[2Jz' ''
check 'an escape sequence in a name' harmless "$compare" step "$work/"$'a\x1b[2Jz'

# --- files and output ---
mkfifo "$work/fifo"
check 'a FIFO is refused, not waited for' ends_saying 2 'fifo: a pipe, device or folder; expected a regular file' \
	timeout 20 "$compare" step "$work/fifo"
check 'a pipe on standard input' ends_saying 2 '/dev/stdin: a pipe, device' bash -c "cat step/run.jsonl | '$compare' one-cycle /dev/stdin"
check 'a file on standard input' exits_with 0 bash -c "'$compare' one-cycle /dev/stdin <step/run.jsonl"
mkdir "$work/folder" "$work/folder/run.jsonl"
check 'a folder named run.jsonl' ends_saying 2 'run.jsonl: a pipe, device or folder' "$compare" step "$work/folder"
check 'JSON on a full disk is an error' ends_saying 1 'cannot be written' bash -c "'$compare' one-cycle step --json >/dev/full"
check '--help on a full disk is an error' exits_with 1 bash -c "'$compare' --help >/dev/full"
check 'a closed output is an error' exits_with 1 bash -c "'$compare' one-cycle step >&-"
mkdir "$work/large"
truncate -s 1G "$work/large/run.jsonl"
name='no memory is an error that says so'
if (ulimit -v 400000 && "$compare" --help) >/dev/null 2>&1; then
	check "$name" ends_saying 1 'out of memory' bash -c "ulimit -v 400000; '$compare' step $work/large"
else
	skip "$name" 'sanitizers reserve more address space than that'
fi
if [ "$(id -u)" -eq 0 ]; then
	skip 'a file without permission' 'root may read everything'
else
	copy step secret ''
	chmod 000 "$work/secret/run.jsonl"
	check 'a file without permission' ends_saying 1 'Permission denied' "$compare" step "$work/secret"
fi
finish

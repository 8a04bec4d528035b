#!/bin/bash
# cyclebench compare on stored runs (runs/), against stored output (expected/). After a wanted change of the output:
# reports/test/test_compare.sh --update, and read the difference.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
compare=$(realpath "${CYCLEBENCH_BUILD:-build}")/cyclebench-compare
cd reports/test/runs || exit 1
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

# broken SED_SCRIPT PATTERN: a copy of a good record, changed, is refused with exit status 2 and this message.
broken() {
	mkdir -p "$work/broken"
	sed -E "$1" one-cycle/run.jsonl >"$work/broken/run.jsonl"
	if cmp -s one-cycle/run.jsonl "$work/broken/run.jsonl"; then
		echo "the change changed nothing"
		return 1
	fi
	exits_with 2 "$compare" step "$work/broken" && says "$2" "$compare" step "$work/broken"
}

check 'two completed runs' golden two.txt 0 one-cycle step
check 'JSON' golden two.json 0 one-cycle step --json
check 'another target' golden target-50.txt 0 --target 50 step one-cycle
check 'a target that no run reached: exit 3' golden missed.txt 3 --target 93 one-cycle step
check 'not reached is null in JSON' golden missed.json 3 --target 93 one-cycle step --json
check 'interrupted, resumed, diverged, torn runs' golden troubled.txt 0 one-cycle one-cycle-again diverged torn interrupted
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
check 'an unknown option' exits_with 2 "$compare" one-cycle step --csv
check '--help succeeds' exits_with 0 "$compare" --help
check 'a full disk is an error' exits_with 1 bash -c "'$compare' one-cycle step >/dev/full"

check 'broken JSON: file and line' broken '2s/,/,,/' 'broken/run.jsonl:2: not a JSON object'
check 'a line without type' broken '3s/"type": "epoch", //' 'run.jsonl:3: .*"type"'
check 'an unknown type' broken '3s/"epoch"/"era"/' 'run.jsonl:3: unknown type "era"'
check 'no header' broken '1d' 'run.jsonl:1: expected the header'
check 'two headers' broken '1{p}' 'run.jsonl:2: a second line'
check 'a newer format' broken '1s/"format": 1/"format": 2/' 'run.jsonl:1: header: format 2'
check 'a header without schedule' broken '1s/"schedule"/"timetable"/' 'run.jsonl:1: header: .*schedule'
check 'an epoch without accuracy' broken '3s/"test_accuracy_percent": 71.25, //' 'run.jsonl:3: key "test_accuracy_percent".*got nothing'
check 'a text for a number' broken '3s/71.25/"71.25"/' 'run.jsonl:3: key "test_accuracy_percent".*another type'
check 'a duplicate key' broken '2s/"type"/"epoch": 1, "type"/' 'run.jsonl:2: .*duplicate'
check 'an epoch twice' broken '3{p}' 'run.jsonl:4: epoch 2 .* follows epoch 2'
check 'a line after the end' broken '5{p}' 'run.jsonl:6: a line after the end'
check 'an unknown status' broken '5s/"completed"/"fine"/' 'run.jsonl:5: end: "status"'
check 'an empty record' broken '1,$d' 'no complete header'
finish

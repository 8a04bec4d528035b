#!/bin/bash
# RESULTS.md, its pictures and the README's answer are what `make results` writes.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
export LC_ALL=C.UTF-8
if ! command -v gnuplot >/dev/null; then
	skip 'the written results are fresh' '[tools] no gnuplot here'
	finish
fi
said=$(reports/update-results --check 2>&1)
status=$?
if [ $status = 3 ]; then
	skip 'the pictures are fresh' "[tools] $said"
else
	check 'the written results are fresh' exits_with 0 sh -c 'echo "$1"; exit "$2"' - "$said" $status
fi
check 'the README shows pictures that are there' sh -c '
	grep -oE "(src=\"|\]\()[^\")]*\.(svg|png)" README.md | sed "s/.*[\"(]//" | while read -r picture; do [ -s "$picture" ] || { echo "no $picture"; exit 1; }; done'
check 'another option is refused, and nothing is written' exits_with 2 reports/update-results --chekc

# In a copy: what is changed is found.
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
CYCLEBENCH_BUILD=$(realpath "${CYCLEBENCH_BUILD:-build}")
export CYCLEBENCH_BUILD
# changed COMMAND...: in a copy of what is written and what it is made from, the command is run first.
changed() {
	rm -rf "$work/copy" "$work/before"
	mkdir -p "$work/copy/reports"
	cp -r README.md "$work/copy/"
	cp -r reports/RESULTS.md reports/update-results reports/results reports/notebook reports/pictures "$work/copy/reports/"
	cp -r "$work/copy" "$work/before"
	(cd "$work/copy" && "$@") || return 1
	! diff -rq "$work/before" "$work/copy" >/dev/null || { echo 'nothing was changed'; return 1; }
}
stale() { # SED FILE
	changed sed -i "$1" "$2" || return 1
	exits_with 1 "$work/copy/reports/update-results" --check
}
check 'a changed number in RESULTS.md is found' stale 's/28\.9/27.9/' reports/RESULTS.md
check 'so is one in the answer of the README' stale '/^| 1cycle-70/s/28\.9/27.9/' README.md
check 'and in the line of its demo' stale 's/after 46\.7 s/after 45.7 s/' README.md
check 'and a record without its rows' stale '0,/"eval_accuracy_percent":[0-9.]*/s//"eval_accuracy_percent":99.9/' reports/results/runs/demo-1cycle-s1-zen5/run.jsonl
for end in begin end; do
	check "a README without the line that says where the answer has its $end" stale "/^<!-- results: $end/d" README.md
done
if [ $status = 3 ]; then
	skip 'a changed picture is found' '[tools] drawn by another gnuplot'
else
	check 'a changed number in a picture is found' stale 's/28\.9 min/27.9 min/' reports/pictures/accuracy.svg
	check 'a picture of another gnuplot is not said to be fresh' eval '
		changed sed -i "s/Produced by GNUPLOT/& 99/;s/28\.9 min/27.9 min/" reports/pictures/accuracy.svg &&
		exits_with 3 "$work/copy/reports/update-results" --check'
fi
check 'a picture too many is found' eval 'changed cp reports/pictures/accuracy.svg reports/pictures/old.svg && exits_with 1 "$work/copy/reports/update-results" --check'
check 'and one too few' eval 'changed rm reports/pictures/accuracy.svg && exits_with 1 "$work/copy/reports/update-results" --check'
check 'writing mends all of it' eval '
	changed cp reports/pictures/accuracy.svg reports/pictures/old.svg &&
	"$work/copy/reports/update-results" && exits_with 0 "$work/copy/reports/update-results" --check && [ ! -e "$work/copy/reports/pictures/old.svg" ]'
finish

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
check 'the written results are fresh' reports/update-results --check

# In a copy: what is changed is found.
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export CYCLEBENCH_BUILD=$PWD/${CYCLEBENCH_BUILD:-build}
[[ $CYCLEBENCH_BUILD != *//* ]] || CYCLEBENCH_BUILD=${CYCLEBENCH_BUILD#*//}
stale() { # SED FILE
	rm -rf "$work/copy"
	mkdir -p "$work/copy/reports"
	cp -r README.md "$work/copy/"
	cp -r reports/RESULTS.md reports/update-results reports/results reports/pictures "$work/copy/reports/"
	sed -i "$1" "$work/copy/$2" && ! cmp -s "$2" "$work/copy/$2" || { echo 'nothing was changed'; return 1; }
	exits_with 1 "$work/copy/reports/update-results" --check
}
check 'a changed number in RESULTS.md is found' stale 's/28\.9/27.9/' reports/RESULTS.md
check 'so is one in the README' stale 's/28\.9/27.9/' README.md
check 'and a record without its rows' stale '0,/"eval_accuracy_percent":[0-9.]*/s//"eval_accuracy_percent":99.9/' reports/results/runs/demo-1cycle-s1-zen5/run.jsonl
finish

#!/bin/bash
# Counts of other projects' programs, as action.yml takes them.
set -u
cd "$(dirname "$0")/.." || exit 1
. ci/tap.sh
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
echo '{"context": {}, "benchmarks": [{"name": "a/1", "run_name": "a/1", "run_type": "iteration", "INSTRUCTIONS": 120.0},
 {"name": "a/1", "run_name": "a/1", "run_type": "iteration", "INSTRUCTIONS": 100.4}, {"name": "a/1_mean", "run_name": "a/1", "run_type": "aggregate", "INSTRUCTIONS": 5},
 {"name": "b", "run_type": "iteration", "real_time": 5}]}' >"$work/google"
check 'Google Benchmark: the least of the repetitions, and a reason where there is none' eval 'ci/counts-of google-benchmark "$work/google" |
  jq -e ".groups[0].cases | length == 2 and .[0].count == 100 and .[1].count == null and .[1].reason != null"'
echo '{"benchmarks": [{"name": "b", "real_time": 5}]}' >"$work/google"
check 'Google Benchmark without counters' ends_saying 2 'no counter INSTRUCTIONS' ci/counts-of google-benchmark "$work/google"
check 'no file' ends_saying 2 'not there' ci/counts-of google-benchmark "$work/nothing"
if command -v valgrind >/dev/null; then
	check 'a program by callgrind' eval 'ci/counts-of programs "t=/bin/true --version" | jq -e ".groups[0].cases[0] | .name == \"t\" and .count > 10000"'
	check 'a program that fails' ends_saying 1 "f: '/bin/false' failed" ci/counts-of programs f=/bin/false
else
	skip 'a program by callgrind' '[tools] no valgrind (package valgrind)'
fi
check 'no name' ends_saying 2 'expected NAME=COMMAND' ci/counts-of programs /bin/true
check 'wrong usage' ends_saying 2 '^ci/counts-of: usage' ci/counts-of
check 'a job that is not there' ends_saying 2 '^Usage: ci/job' ci/job dance
finish

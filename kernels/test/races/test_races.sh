#!/bin/bash
# ThreadSanitizer and archer at work: a planted race is found, and what only OpenMP's barriers order is no race.
# Usage: kernels/test/races/test_races.sh BUILD, a build with TSAN=1. ci/run-tests sets OMP_TOOL_LIBRARIES and TSAN_OPTIONS.
set -u
cd "$(dirname "$0")/../../.." || exit 1
races=${1:?the folder of a build with TSAN=1}/races
. ci/tap.sh
without_archer() { OMP_TOOL_LIBRARIES='' OMP_TOOL=disabled TSAN_OPTIONS='' "$races" clean; }

check 'a planted race is found' says 'WARNING: ThreadSanitizer: data race' "$races" racy
check 'and ends with a failure' exits_with 66 "$races" racy
check 'what barriers order is no race' exits_with 0 "$races" clean
check 'without archer it would be one' says 'WARNING: ThreadSanitizer: data race' without_archer
finish

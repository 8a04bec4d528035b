#!/bin/bash
# The project guards itself: no operation of this build takes more instructions than the baselines say.
set -u
cd "$(dirname "$0")/.." || exit 1
. ci/tap.sh
build=${CYCLEBENCH_BUILD:-build}
output=$("$build/cyclebench" regress "$build" --baseline ci/baselines --out "$build/regress" 2>&1)
status=$?
# Debian 12's compiler has baselines: that one of them is gone must not go unnoticed.
check 'no baseline of gcc 12.2.0 is missing' exits_with 1 grep 'gcc-12.2.0.tsv: there is no baseline' <<<"$output"
if [ $status -eq 2 ] && grep -qE 'there is no baseline|not gated, as it was counted with' <<<"$output"; then
	skip 'instruction counts' "[baseline] none for this compiler, or another C library: $(head -n 1 <<<"$output")"
else
	sed 's/^/# /' <<<"$output"
	check 'no case takes more instructions than its baseline' [ $status -eq 0 ]
fi
finish

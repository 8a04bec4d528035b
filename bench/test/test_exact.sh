#!/bin/bash
# Exact instruction counts of whole programs: the same at every repetition, and linear in the work.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
build=${CYCLEBENCH_BUILD:-build}
count_by=$build/count_by

# linear COMMAND...: the counts of 10, 20 and 30 rounds differ by as much, at least 20 instructions a round, and repeat.
linear() {
	local ten twenty thirty again
	ten=$("$@" 10) && twenty=$("$@" 20) && thirty=$("$@" 30) && again=$("$@" 30) || { echo "$ten $twenty $thirty $again"; return 1; }
	ten=${ten%% *} twenty=${twenty%% *} thirty=${thirty%% *} again=${again%% *}
	echo "$ten $twenty $thirty $again"
	[ "$again" = "$thirty" ] && [ $((thirty - twenty)) -eq $((twenty - ten)) ] && [ $((twenty - ten)) -ge 200 ]
}

if command -v valgrind >/dev/null; then
	check 'callgrind: linear and repeatable' linear "$count_by" callgrind "$build/count_loop"
	check 'callgrind names itself' says '^[0-9]+ callgrind$' "$count_by" callgrind "$build/count_loop" 10
	check 'callgrind: a program that fails' says '^unknown: valgrind: .*count_loop ended with status 2$' "$count_by" callgrind "$build/count_loop"
	check 'callgrind: a program without the mark' says '^unknown: callgrind: the program did not reach cb_counted_work$' "$count_by" callgrind true
else
	skip 'callgrind' 'no valgrind (package valgrind)'
fi
check 'no callgrind: the reason and the remedy' says '^unknown: valgrind: No such file.*apt install valgrind' env PATH=/nowhere "$count_by" callgrind "$build/count_loop" 10

neon=$build/aarch64/count_loop
if ! qemu-aarch64 -help 2>/dev/null | grep -q -- -plugin; then
	skip 'qemu-user' '[tools] no emulator that takes plugins (package qemu-user of Debian 12)'
elif [ ! -x "$neon" ]; then
	skip 'qemu-user' 'no program for aarch64 was built (make neon-tests)'
else
	check 'qemu-user: linear and repeatable' linear "$count_by" qemu qemu-aarch64 "$build/qemu-count.so" "$neon"
	check 'qemu-user names the emulator' says '^[0-9]+ qemu-aarch64$' "$count_by" qemu qemu-aarch64 "$build/qemu-count.so" "$neon" 10
	check 'qemu-user: a program that fails' says '^unknown: qemu-aarch64: .*ended with status 2$' "$count_by" qemu qemu-aarch64 "$build/qemu-count.so" "$neon"
	check 'qemu-user: no plugin' says '^unknown: qemu-aarch64: ' "$count_by" qemu qemu-aarch64 ./no-such-plugin.so "$neon" 10
fi
finish

#!/usr/bin/env bash
# What cyclebench train shows on a terminal: a pseudo terminal in the place of its standard output.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
cyclebench=$(realpath "${CYCLEBENCH_BUILD:-build}")/cyclebench
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
"$cyclebench" data synth --data "$work/data" --images 125 >/dev/null || exit 1

# on_terminal COLUMNS ARGUMENT...: standard output of train, as a terminal so wide gets it. NARROWER: resized to it at the first line;
# HIDDEN: standard error, too, and from the first line on this folder has another name.
on_terminal() {
	python3 - "$@" <<-'END'
		import fcntl, os, pty, struct, subprocess, sys, termios
		terminal, side = pty.openpty()
		def resize(columns): fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
		resize(int(sys.argv[1]))
		hidden = os.environ.get("HIDDEN")
		child = subprocess.Popen(sys.argv[2:], stdout=side, stderr=side if hidden else subprocess.DEVNULL)
		narrower = os.environ.get("NARROWER")
		if not narrower: os.close(side)
		while True:
		    try: got = os.read(terminal, 65536)
		    except OSError: break
		    if not got: break
		    sys.stdout.buffer.write(got)
		    if hidden and b"epoch 1 of" in got: os.rename(hidden, hidden + ".hidden"); hidden = None
		    if narrower and b"epoch 2 of" in got: resize(int(narrower)); os.close(side); narrower = None
		sys.exit(child.wait())
	END
}
tiny=("$cyclebench" train smoke --data "$work/data" --set data.batch=25 --set schedule.iterations=15 --target 0)
train() { # COLUMNS: to $work/shown
	rm -rf "$work/run"
	on_terminal "$1" "${tiny[@]}" --run "${RUN:-$work/run}" >"$work/shown"
}
# live: what was written over, a line each, as it was sent; columns: the widest of them, without escape sequences.
live() { tr '\r' '\n' <"$work/shown" | grep -a $'\033\[K$' | sed $'s/\033\[K$//' | grep -a .; }
plain() { live | sed $'s/\033\[[0-9;]*m//g'; }
widest() { [ "$(plain | awk '{ if (length > w) w = length } END { print w + 0 }')" -le "$1" ]; }
grep_plain() { plain | grep -qE -- "$1" || { plain | head -5; return 1; }; }
unset NO_COLOR
export TERM=xterm

check 'on a terminal the run completes' train 200
number='[0-9.e-]+'
check 'a line of all fields, written over' grep_plain \
	"^epoch 2 of 3  loss $number  rate $number  [0-9]+ images/s  (under a minute|[0-9]+ min) left  best [0-9.]+ %$"
check 'before the first evaluation there is no best accuracy' grep_plain '^epoch 1 of 3  loss .* left$'
check 'it says when it evaluates' grep_plain "^epoch 3 of 3  evaluating  loss $number .* left  best [0-9.]+ %$"
paces() { plain | grep "^epoch $1 of 3 " | grep -o '[0-9]* images/s' | sort -u | grep -c .; }
check 'the first iterations of an epoch leave the pace as it was' [ "$(paces 2)" = 1 ]
check 'with colours' grep -qa $'\033\\[1mepoch 1 of 3\033\\[0m' "$work/shown"
check 'green once the target is reached' grep -qa $'\033\\[32mbest' "$work/shown"
check 'each epoch keeps its line' test "$(tr '\r' '\n' <"$work/shown" | grep -ac 'epoch   [123]  train loss')" = 3
check 'the target is told once, where it is first reached' \
	test "$(tr '\r' '\n' <"$work/shown" | grep -acE 'target reached: test accuracy [0-9.]+ % in epoch 1 is the first at 0 %, after [0-9.]+ s')" = 1

for columns in 80 40 20; do
	train $columns
	check "$columns columns are not exceeded" widest $((columns - 1))
	check "and used" grep_plain '^epoch 2 of 3'
	[ $columns != 80 ] || check 'nor by the lines that stay' bash -c "tr -d '\r' <'$work/shown' | sed 's/.*\x1b\[K//' | grep -a '^epoch   \|^target' | awk '{ n++; if (length > 79) exit 1 } END { exit n != 4 }'"
done
NARROWER=30 train 200
check 'a terminal that is made narrower gets narrower lines' bash -c "$(declare -f live plain); work='$work'; plain | tail -1 | awk '{ exit length > 29 }'"
check 'after wider ones' bash -c "$(declare -f live plain); work='$work'; plain | head -1 | awk '{ exit length <= 29 }'"

NO_COLOR=1 train 200
check 'NO_COLOR: the line without colours' bash -c "grep -qa $'\r''epoch 2 of 3  loss' '$work/shown' && ! grep -qa $'\033''\[[0-9]*m' '$work/shown'"
NO_COLOR='' train 200
check 'NO_COLOR that is empty asks for nothing' grep -qa $'\033\\[1m' "$work/shown"
for term in dumb ''; do
	TERM=$term train 200
	check "TERM='$term': line by line, no escape sequence" bash -c "! grep -qa $'\033' '$work/shown' && grep -qa '^epoch   3' '$work/shown'"
done
rm -rf "$work/run"
"${tiny[@]}" --run "$work/run" >"$work/shown"
check 'no terminal: line by line, nothing is written over' bash -c "! grep -qa $'[\033\r]' '$work/shown' && grep -q '^epoch   3' '$work/shown'"
check 'and the target is told' grep -q '^target reached: ' "$work/shown"

# A warning comes between two states of the line that is written over.
rm -rf "$work/run"
HIDDEN=$work/run on_terminal 80 "$cyclebench" train smoke --data "$work/data" --set run.checkpoint_every=3 --run "$work/run" >"$work/shown"
apart() { # more than nine warnings, none behind what was there before
	tr '\r' '\n' <"$work/shown" | grep -a 'warning: ' >"$work/warnings"
	[ "$(grep -c 'next checkpoint is tried again' "$work/warnings")" -gt 9 ] && ! grep -vaE $'^(\033\\[K)?cyclebench train: warning: ' "$work/warnings"
}
check 'a warning has a line of its own' apart
rm -rf "$work/run.hidden"

# A second session knows the best accuracy of the first.
rm -rf "$work/run"
"${tiny[@]}" --run "$work/run" --max-iterations 7 >/dev/null
on_terminal 200 "$cyclebench" train --resume "$work/run" --data "$work/data" >"$work/shown"
check 'resumed, the best accuracy is known from the start' bash -c "$(declare -f live plain); work='$work'; plain | head -1 | grep -qE '^epoch 2 of 3  loss .* best [0-9.]+ %$'"

# Names with escape sequences.
evil=$work/$'a\033[31mb\ac'
cp train/recipes/smoke.ini "$work/"$'x\033[31my.ini'
on_terminal 200 "$cyclebench" train "$work/"$'x\033[31my.ini' --data "$work/data" --set data.batch=25 --run "$evil" --max-iterations 2 >"$work/shown" 2>"$work/errors"
on_terminal 200 "$cyclebench" train --resume "$evil" --data "$work/data" --max-iterations 2 >>"$work/shown"
"$cyclebench" train --resume "$evil" --data "$work/data" --max-iterations 3 >>"$work/shown" 2>&1
"$cyclebench" train --resume "$evil" --data "$work/data" >>"$work/shown" 2>&1
"$cyclebench" train --resume "$evil" --data "$work/data" >>"$work/shown" 2>&1
check 'the names were printed' bash -c "grep -qaF \"continue it with: cyclebench train --resume \\$'\" '$work/shown' && grep -qaF '/a\\033[31mb\\007c' '$work/shown' && grep -qa 'recipe x?\[31my' '$work/shown' && grep -qa 'c: already completed' '$work/shown'"
check 'their escape sequences do not reach the terminal' bash -c "! LC_ALL=C grep -qaP '\x1b\[31m|\x07' '$work/shown'"
finish

#!/bin/bash
# reports/plot-runs: what it draws of which records, and that a record's name is only ever a name.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
plot=$PWD/reports/plot-runs
cd reports/test/runs || exit 1
export LC_ALL=C.UTF-8
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# no_gnuplot ARGUMENTS...: plot-runs where only the other programs that it needs can be found.
no_gnuplot() {
	mkdir -p "$work/bin"
	ln -sf "$(command -v tr)" "$work/bin/tr"
	PATH=$work/bin /bin/bash "$plot" "$@"
}

# draws PATTERN RUNS...: the picture is SVG and has a line that matches; the messages are in $work/messages.
draws() {
	local pattern=$1
	shift
	"$plot" "$@" >"$work/picture.svg" 2>"$work/messages" || { cat "$work/messages"; return 1; }
	grep -q '</svg>' "$work/picture.svg" || { echo 'no whole SVG'; return 1; }
	! LC_ALL=C grep -anP '[\x00-\x08\x0b-\x1f\x7f]' "$work/picture.svg" || return
	grep -qE -- "$pattern" "$work/picture.svg" || { echo "no line matches: $pattern"; grep '<text' "$work/picture.svg"; return 1; }
}
# curves COUNT: of the last picture
curves() { [ "$(grep -c 'gnuplot_plot_' "$work/picture.svg")" -ge "$1" ]; }

named() { # NAME: draws a record in a folder of that name, which must not run code
	mkdir -p "$work/$1" && cp step/run.jsonl "$work/$1/" && (cd "$work" && "$plot" "$work/$1" >picture.svg) && [ ! -e "$work/pwned" ]
}

check '--help succeeds' ends_saying 0 'Exit status' "$plot" --help
check 'no run' exits_with 2 "$plot"
check 'an unknown option' ends_saying 2 'unknown option --png' "$plot" --png step
check 'gnuplot is named where it is missing' ends_saying 1 'gnuplot is missing: apt install gnuplot-nox' no_gnuplot step
if ! command -v gnuplot >/dev/null; then
	skip 'pictures' 'no gnuplot here'
	finish
fi

check 'both formats' draws '<text>test accuracy, %</text>' step second-1cycle
check 'two curves' curves 2
check 'the path of a run.jsonl, called by its folder' draws '<text>second-step</text>' second-step/run.jsonl
check 'called by its folder, also from inside' bash -c "cd step && '$plot' run.jsonl | grep -F '<text>step</text>'"
check 'a hold-out is called so' draws '<text>synthetic hold-out accuracy, %</text>' second-synthetic
check 'different images: beside each name' draws '<text>second-synthetic \(synthetic hold-out\)</text>' step second-synthetic
check 'then the axis says nothing of them' grep -qF '<text>accuracy, %</text>' "$work/picture.svg"
check 'a target is a line with its number' draws '<text>70 %</text>' --target 70 step second-1cycle
check 'a target that is no number' ends_saying 2 "expected a percentage, as in 93, got 'high'" "$plot" --target high step
check 'a short run is drawn over seconds' draws '<text>seconds since' step
check 'a long one over minutes' draws '<text>minutes since' ../../results/runs/1cycle-70-bf16-all-s1-zen5
mkdir "$work/begun"
head -n 1 step/run.jsonl >"$work/begun/run.jsonl"
check 'a run without an epoch is left out' draws '<text>step</text>' "$work/begun" step
check 'with a word' grep -q "left out: no evaluated epoch in $work/begun/run.jsonl" "$work/messages"
check 'nothing but such runs' ends_saying 2 'no run has an evaluated epoch' "$plot" "$work/begun"
check 'a missing run' ends_saying 2 'no/run.jsonl: cannot be read|no: cannot be read' "$plot" step no
check 'a file that is no record' ends_saying 2 'plot-runs: expected the header of a run' "$plot" "$plot"
check 'a full disk is an error' exits_with 1 bash -c "'$plot' step >/dev/full"

check 'code in a name' named "x'.system('touch pwned').'"
check 'code in another' named 'x".system("touch pwned")."'
check 'backquotes, variables' named "\`touch pwned\`\$(touch pwned)"
check 'a name with a quote is shown' draws "<text>it's_1 &lt;a&gt;|<text>it's_1 &lt;a>" "$(mkdir -p "$work/it's_1 <a>" && cp step/run.jsonl "$work/it's_1 <a>/" && echo "$work/it's_1 <a>")"
check 'line ends and escapes' named $'a\nplot sin(x)\x1b[31m'
check 'not UTF-8' named $'a\xff\xfez'
check 'then the picture is UTF-8' iconv -f UTF-8 -t UTF-8 -o /dev/null "$work/picture.svg"
finish

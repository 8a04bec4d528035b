#!/bin/bash
# The cyclebench command: finds its programs, and says so where it does not.
set -u
cd "$(dirname "$0")/.." || exit 1
. ci/tap.sh
build=$(realpath "${CYCLEBENCH_BUILD:-build}")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# A program that shows how it was called.
program() {
	mkdir -p "$(dirname "$1")"
	printf '#!/bin/bash\necho "%s: $# arguments: $*"\nexit 42\n' "$2" >"$1"
	chmod +x "$1"
}
mkdir -p "$work/bin" "$work/libexec/cyclebench"
cp "$build/cyclebench" "$work/bin/"
program "$work/bin/cyclebench-here" beside
program "$work/libexec/cyclebench/cyclebench-there" libexec
program "$work/own/cyclebench-mine" own
program "$work/own/cyclebench-here" overridden
printf 'not a program\n' >"$work/bin/cyclebench-broken"
chmod +x "$work/bin/cyclebench-broken"
: >"$work/bin/cyclebench-notes.txt"
cyclebench=$work/bin/cyclebench

check 'no verb: usage, exit 2' exits_with 2 "$cyclebench"
check '--help lists the programs' says '^  there' "$cyclebench" --help
check '--help succeeds' exits_with 0 "$cyclebench" --help
check '--version names version and commit' says '^cyclebench [0-9]+\.[0-9]+\.[0-9]+ \(([0-9a-f]{12}(-dirty)?|unknown), .+\)$' "$cyclebench" --version
check 'a program beside the command' says '^beside: 2 arguments: --a b c$' "$cyclebench" here --a 'b c'
check 'its exit status is passed on' exits_with 42 "$cyclebench" here
check 'a program in ../libexec/cyclebench' says '^libexec: 0 arguments' "$cyclebench" there
check 'CYCLEBENCH_EXEC_PATH adds programs' says '^own' env CYCLEBENCH_EXEC_PATH="$work/own" "$cyclebench" mine
check 'CYCLEBENCH_EXEC_PATH comes first' says '^overridden' env CYCLEBENCH_EXEC_PATH="$work/own" "$cyclebench" here
check 'found through a symbolic link' bash -c "ln -s '$cyclebench' '$work/link' && '$work/link' here | grep -q ^beside"
check 'help VERB asks the program' says '^beside: 1 arguments: --help' "$cyclebench" help here
check 'unknown verb: exit 2' exits_with 2 "$cyclebench" nowhere
check 'unknown verb: the nearest' says "^Did you mean 'there'\?" "$cyclebench" thare
check 'unknown verb: nothing is near' bash -c "! '$cyclebench' xyzzy 2>&1 | grep -q 'Did you mean'"
check 'unknown verb: the list' says '^  here' "$cyclebench" nowhere
check 'a path is no verb' exits_with 2 "$cyclebench" ../bin/cyclebench-here
names=$(sed -n 's/^CB_ISA([A-Z0-9]*, \([a-z0-9]*\),.*/\1/p' kernels/isas.def | paste -sd, | sed 's/,/, /g')
for help in "$build/cyclebench --help" "$build/cyclebench-info --help" "$build/cyclebench-bench --help" "$build/cyclebench-train --help" "$build/cyclebench-eval --help" "$build/cyclebench-lr-find --help" "$build/cyclebench-score --help"; do
	# shellcheck disable=SC2086 # a program and its argument
	check "${help#"$build/"} names the instruction sets of kernels/isas.def" says "scalar, $names" $help
done
# help_is_lost PROGRAM: on a full device.
full=$(full_device "$work")
help_is_lost() { "$1" --help >"$full"; }
for program in "$build"/cyclebench "$build"/cyclebench-*[a-z]; do
	[[ $program == *.* || ! -x $program ]] ||
		check "${program#"$build/"} --help: output that is lost is an error" ends_saying 1 'standard output: cannot be written' help_is_lost "$program"
done
check 'an unknown option: exit 2' exits_with 2 "$cyclebench" --verbose
check 'files that are no programs are not listed' bash -c "! '$cyclebench' --help | grep -q notes"
check 'a program that cannot be run: exit 1' exits_with 1 "$cyclebench" broken
check 'a program that cannot be run is named' says 'cyclebench-broken: ' "$cyclebench" broken
finish

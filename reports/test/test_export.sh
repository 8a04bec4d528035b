#!/bin/bash
# cyclebench export on stored runs, against stored output (expected/export/) and a reader that knows only the formats (read_export.py).
# After a wanted change of the output: reports/test/test_export.sh --update, and read the difference.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
export_=$(realpath "${CYCLEBENCH_BUILD:-build}")/cyclebench-export
cd reports/test/runs || exit 1
export LC_ALL=C.UTF-8
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
update=${1-}
formats='mllog dawnbench dawnbench-json tensorboard csv csv-iterations wandb-jsonl'

# read_back FORMAT RUN: what the reader finds in the export.
read_back() {
	"$export_" "$2" --format "$1" -o "$work/read" 2>/dev/null && python3 ../read_export.py "$1" "$work/read"
}

# golden FORMAT: the export of one run, byte by byte, and what the reader finds in it.
golden() {
	"$export_" second-logged --format "$1" >"$work/golden" 2>/dev/null || return
	python3 ../read_export.py "$1" "$work/golden" >"$work/golden.read" || return
	if [ "$update" = --update ]; then
		cp "$work/golden" "../expected/export/$1"
		cp "$work/golden.read" "../expected/export/$1.read"
	fi
	cmp "../expected/export/$1" "$work/golden" && diff -u "../expected/export/$1.read" "$work/golden.read"
}

# copy RUN NAME SED_ARGUMENTS...: a changed copy of a record, $work/NAME.
copy() {
	local from=$1 name=$2
	shift 2
	mkdir -p "$work/$name"
	sed -E "$@" "$from/run.jsonl" >"$work/$name/run.jsonl"
	cmp -s "$from/run.jsonl" "$work/$name/run.jsonl" && echo "copy $name: the change changed nothing" >&2
}

# logs PATTERN RUN: one line of the MLPerf log, as it is read, matches.
logs() { says "$1" read_back mllog "$2"; }
logs_no() { read_back mllog "$2" >"$work/log" && ! grep -E -- "$1" "$work/log"; }

# published FORMAT: the reader finds something in the export of each recorded run.
published() {
	local run
	for run in ../../results/runs/*/; do
		read_back "$1" "$run" | grep -q . || { echo "nothing is read of $run"; return 1; }
	done
}

for format in $formats; do
	check "$format, and its reader" golden "$format"
done
for format in mllog dawnbench dawnbench-json tensorboard csv wandb-jsonl; do
	check "$format of the published runs is read" published "$format"
done

# --- TensorBoard ---
check 'TensorBoard and W&B have the same values' bash -c "diff '../expected/export/tensorboard.read' '../expected/export/wandb-jsonl.read'"
check 'the reader refuses a file with any byte damaged' python3 - ../expected/export/tensorboard <<'END'
import runpy, sys
reader = runpy.run_path("../read_export.py")
whole = open(sys.argv[1], "rb").read()
assert len(list(reader["records"](whole))) == 10
for at in range(len(whole)):
    damaged = bytearray(whole)
    damaged[at] ^= 1 << at % 8
    try:
        list(reader["records"](bytes(damaged)))
    except AssertionError:
        continue
    sys.exit(f"not noticed: byte {at}")
END
check 'without iteration lines it is said that there is no rate' says 'no lr and momentum: .*run.log_iterations' "$export_" step --format tensorboard -o "$work/t"
check 'of a run without them epochs are there' says '^782 .* eval/accuracy_percent 71.25$' read_back tensorboard one-cycle
if command -v script >/dev/null; then
	check 'nothing binary for a terminal' ends_saying 2 'tensorboard is binary, .*terminal' script -qec "'$export_' step --format tensorboard" /dev/null
else
	skip 'nothing binary for a terminal' '[tools] no script (Debian package bsdutils)'
fi

# --- MLPerf ---
check 'success, at the first epoch at the target' logs "^1767323145500 run_stop None .*'epoch_num': 2, 'status': 'success'" second-1cycle
check 'what follows is not in the log' logs_no "epoch_num': 3" second-1cycle
copy second-step missed '1s/"target":70.0/"target":99.0/'
check 'aborted: the target was missed' logs "^1767323196500 run_stop None .*'aborted'" "$work/missed"
check 'aborted: it diverged' logs "run_stop None .*'aborted'" second-hostile
copy second-logged killed '$d; /"epoch":3,/d'
check 'a killed run has no run_stop' logs_no run_stop "$work/killed"
check 'evaluation begins when the images are trained' logs "^1767323047500 eval_start None .*'epoch_num': 1" second-logged
check 'that is not known of an epoch in two sessions' logs_no "eval_start None .*'epoch_num': 3" second-logged
copy second-logged no-seconds '/"epoch":1,/s/"seconds":2.5/"seconds":null/'
check 'nor of one without its seconds' logs_no "eval_start None .*'epoch_num': 1" "$work/no-seconds"
check 'an epoch without evaluation has none' logs_no "eval_accuracy .*'epoch_num': 2" second-logged
check 'a record of format 1 does not know its images' logs_no 'train_samples|eval_start' one-cycle
copy second-1cycle no-start '1s/"started":"[^"]*"/"started":null/'
for format in mllog tensorboard wandb-jsonl; do
	check "$format needs the time of the start" ends_saying 2 "no-start/run.jsonl:1: key \"started\": .*$format needs it" "$export_" "$work/no-start" --format "$format"
done
check 'csv does not' exits_with 0 "$export_" "$work/no-start" --format csv
copy second-1cycle late '1s/"started":"[^"]*"/"started":"2026-01-02 03:04"/'
check 'nor is a time of another form read' ends_saying 2 'expected a time such as .*got 2026-01-02 03:04' "$export_" "$work/late" --format mllog

# --- DAWNBench ---
check 'held-out images are no test set' ends_saying 2 'evaluated on holdout; DAWNBench wants .*test set' "$export_" second-synthetic --format dawnbench
copy second-synthetic synthetic '1s/"holdout"/"test"/'
check 'synthetic images are not CIFAR-10' ends_saying 2 'images are synthetic; DAWNBench wants' "$export_" "$work/synthetic" --format dawnbench-json
copy second-logged cifar100 '1s/"train_files":/"set":"cifar100",&/'
copy second-logged cifar10 '1s/"train_files":/"set":"cifar10",&/'
for format in dawnbench dawnbench-json; do
	check "$format: the official CIFAR-100 is not CIFAR-10" ends_saying 2 'cifar100/run.jsonl:1: trained on cifar100; DAWNBench.*CIFAR-10' "$export_" "$work/cifar100" --format $format
	check "$format: CIFAR-10 by its name" read_back $format "$work/cifar10"
	check "$format: a start from other weights" ends_saying 2 'starts from other weights .*from scratch' "$export_" second-init --format $format
done
copy second-logged disturbed '1s/"data_kind"/"disturbed":"a neighbour\\u001b[2J",&/'
check 'what disturbed the times is in the description' says '"disturbed": "a neighbour' "$export_" "$work/disturbed" --format dawnbench-json

# --- what a reader of an export would not see ---
noted() { says "^cyclebench export: note: $1" "$export_" "$2" --format mllog; }
check 'synthetic images' noted 'accuracies are on synthetic images' second-synthetic
check 'held-out images' noted 'accuracies are on the set holdout, not on the test set' second-synthetic
check 'images that a record of format 1 does not know' noted 'a record of format 1: its images and start weights are not known' step
check 'other start weights' noted 'not trained from scratch: .* weights of resnet20.safetensors$' second-init
check 'what disturbed the times, escaped' noted 'times were disturbed: a neighbour\\u001b\[2J' "$work/disturbed"
check 'what kills cost' noted 'kills cost at least 1.5 s more' second-logged
check 'that it is not known' noted 'what kills cost is not recorded' one-cycle-again
check 'of a fair run nothing is noted' bash -c "[ -z \"\$('$export_' second-1cycle --format mllog 2>&1 >/dev/null)\" ]"

# --- strings of others ---
hostile=$'a"b,c\n\x1b[2J\t\xff'
copy second-logged "$hostile" '1s/"name":"resnet20"/"name":"res\\"n,e\\nt\\u001b[31m"/'
for format in $formats; do
	check "$format with a name that is anything" read_back "$format" "$work/$hostile"
	check "$format has no control character of it" bash -c "[ $format = tensorboard ] || ! LC_ALL=C grep -anP '[\\x00-\\x08\\x0b-\\x1f\\xff]' '$work/read'"
done
check 'CSV: one field, quoted, escaped' says '^"a""b,c\\u000a\\u001b\[2J\\u0009.",1,3,3,2.5,' "$export_" "$work/$hostile" --format csv
check 'MLPerf: escaped' says '"submission_benchmark", "value": "res\\"n,e\\nt\\u001[bB]\[31m"' "$export_" "$work/$hostile" --format mllog

# --- what the run is called ---
named() { says "^$1,1,3," env -C "$2" "$export_" "$3" --format csv; }
check 'a folder' named second-logged . second-logged/
check '.: by the folder' named second-logged second-logged .
check 'run.jsonl: by its folder' named second-logged second-logged run.jsonl
check '/. behind its name' named second-logged . second-logged/.
mkdir -p "$work/plain/below"
cp second-logged/run.jsonl "$work/plain/"
check '.. from below' named plain "$work/plain/below" ..
cp second-logged/run.jsonl "$work/plain/other.jsonl"
check 'a record of another name: by that' named other.jsonl "$work/plain" other.jsonl

# --- bad input ---
check 'an unknown format' ends_saying 2 "unknown format 'tensorbord'; expected mllog, .* or wandb-jsonl" "$export_" step --format tensorbord
check 'the nearest' says "^Did you mean 'tensorboard'\?" "$export_" step --format tensorbord
check 'nothing is near' bash -c "! '$export_' step --format xyzzy 2>&1 | grep 'Did you mean'"
check 'an escape sequence as format' says 'unknown format .\\u001b\[31m' "$export_" step --format $'\x1b[31m'
check 'no format' ends_saying 2 'expected --format FORMAT' "$export_" step
check 'no run' ends_saying 2 'expected one run, got 0' "$export_" --format csv
check 'two runs' ends_saying 2 'expected one run, got 2' "$export_" step one-cycle --format csv
check 'an unknown option' exits_with 2 "$export_" step --format csv --xml
check 'a missing run' ends_saying 2 '^cyclebench export: .*no/run.jsonl: No such file' "$export_" "$work/no/run.jsonl" --format csv
copy second-logged broken '4s/,/,,/'
check 'a broken record: file and line' ends_saying 2 'broken/run.jsonl:4: not a JSON object' "$export_" "$work/broken" --format csv
copy second-logged twice '3{p}'
check 'an iteration twice' ends_saying 2 'twice/run.jsonl:4: iteration 1 follows iteration 1' "$export_" "$work/twice" --format csv
check 'iterations of a run that has none' ends_saying 2 'no iteration lines; .*run.log_iterations = true' "$export_" step --format csv-iterations
check 'a torn record is exported, and said' ends_saying 0 "note: the record's last line was cut off" "$export_" torn --format csv
check 'a resumed run is said' says 'note: resumed 1 time: times are of' "$export_" second-logged --format csv

# --- output ---
check '--help succeeds' exits_with 0 "$export_" --help
check '-o - is the standard output' bash -c "'$export_' step --format csv -o - | cmp - <('$export_' step --format csv)"
echo old >"$work/file"
check 'a file is replaced' bash -c "'$export_' step --format csv -o '$work/file' && cmp '$work/file' <('$export_' step --format csv)"
ln -s file "$work/link"
echo old >"$work/file"
check "a link's target is replaced" bash -c "'$export_' step --format csv -o '$work/link' && [ -L '$work/link' ] && grep -q ^step, '$work/file'"
for mode in 600 444 664; do
	chmod $mode "$work/file"
	check "its mode stays: $mode" bash -c "umask 022; '$export_' step --format csv -o '$work/file' && [ \"\$(stat -c %a '$work/file')\" = $mode ]"
done
check 'a new file has the mode that is usual' bash -c "umask 027; '$export_' step --format csv -o '$work/new' && [ \"\$(stat -c %a '$work/new')\" = 640 ]"
longest=$(printf '%0255d' 0)
check 'a name as long as names can be' "$export_" step --format csv -o "$work/$longest"
check 'in this folder' env -C "$work" "$export_" plain --format csv -o "$longest"
chmod 644 "$work/file"
echo old >"$work/file"
check 'what cannot be exported leaves the file' bash -c "! '$export_' step --format csv-iterations -o '$work/file' && [ \"\$(cat '$work/file')\" = old ]"
check 'a missing folder' ends_saying 1 'none/x: cannot be written: No such file' "$export_" step --format csv -o "$work/none/x"
long_path=$work/$(printf '%01200d' 0)
check 'the reason is told however long a path is' ends_saying 1 "^cyclebench export: $work/0+\[...\]0+: cannot be written: File name too long$" "$export_" step --format csv -o "$long_path"
check 'as of a run' ends_saying 2 'File name too long$|; expected the directory of a run .*run.jsonl$' "$export_" "$long_path" --format csv
mkdir "$work/folder"
check 'a folder' ends_saying 1 'folder: cannot be written: Is a directory' "$export_" step --format csv -o "$work/folder"
full=$(full_device "$work")
check 'a full device' ends_saying 1 'full: cannot be written: No space left' "$export_" step --format csv -o "$full"
check 'is not replaced by a file' [ -c "$full" ]
check 'no room for the file: the old one stays' bash -c "ulimit -f 0; trap '' XFSZ; ! '$export_' step --format csv -o '$work/file' && [ \"\$(cat '$work/file')\" = old ]"
check 'nothing is left over' bash -c "! ls -A '$work' | grep tmp"
mkfifo "$work/fifo"
check 'a FIFO without a reader is refused, not waited for' ends_saying 1 'fifo: cannot be written' timeout 20 "$export_" step --format csv -o "$work/fifo"
check 'a full standard output' ends_saying 1 'standard output: cannot be written' bash -c "'$export_' step --format csv >/dev/full"
check 'a closed one' exits_with 1 bash -c "'$export_' step --format csv >&-"
mkdir "$work/own"
cp step/run.jsonl "$work/own/"
check "a run's record is not overwritten" ends_saying 2 "own record" "$export_" "$work/own" --format csv -o "$work/own/run.jsonl"
check 'and is still there' cmp step/run.jsonl "$work/own/run.jsonl"
finish

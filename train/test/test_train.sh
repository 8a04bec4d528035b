#!/usr/bin/env bash
# cyclebench train and eval as a user runs them: exit codes, files, same bits, kill and resume, divergence, full disk.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${CYCLEBENCH_BUILD:-build}
cyclebench=$build/cyclebench
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
number=0
pass() { number=$((number + 1)); echo "ok $number - $1"; }
fail() { number=$((number + 1)); echo "not ok $number - $1"; [ -f "$work/log" ] && tail -5 "$work/log" | sed 's/^/# /'; }
skip() { number=$((number + 1)); echo "ok $number - $1 # SKIP $2"; }
check() { if [ "$2" = 0 ]; then pass "$1"; else fail "$1"; fi; }
# expect_exit NAME CODE PATTERN command...: the exit code, and a line of stderr+stdout that matches
expect_exit() {
    local name=$1 code=$2 pattern=$3
    shift 3
    "$@" > "$work/log" 2>&1
    local got=$?
    if [ $got = "$code" ] && grep -qE -- "$pattern" "$work/log"; then pass "$name"; else
        echo "# exit $got, expected $code and /$pattern/"
        fail "$name"
    fi
}
value() { grep -o "\"$2\": *[^,}]*" "$1/run.jsonl" | tail -1 | sed 's/^[^:]*: *//; s/"//g'; }

# Data: a small synthetic set always; real CIFAR-10 where it is at hand.
"$cyclebench" data synth --data "$work/data" --images 125 > "$work/log" 2>&1 || { fail "make the synthetic set"; exit 1; }
data=$work/data
tiny=(train smoke --data "$data" --set data.batch=25 --set schedule.iterations=30 --set run.log_iterations=true)

expect_exit "no recipe: usage" 2 'usage: cyclebench train' "$cyclebench" train
expect_exit "unknown recipe names those there are" 2 '1cycle-70' "$cyclebench" train no-such-recipe --data "$data" --run "$work/x"
expect_exit "unknown key" 2 'data\.bach' "$cyclebench" train smoke --data "$data" --run "$work/x" --set data.bach=3
expect_exit "value out of range" 2 'data\.batch' "$cyclebench" train smoke --data "$data" --run "$work/x" --set data.batch=2000
expect_exit "unknown instruction set" 2 'expected one of' "$cyclebench" train smoke --data "$data" --run "$work/x" --isa mmx
expect_exit "missing data" 2 'no-such-folder' "$cyclebench" train smoke --data "$work/no-such-folder" --run "$work/x"
expect_exit "bad thread count" 2 'expected a whole number' "$cyclebench" train smoke --data "$data" --run "$work/x" --threads 0
[ ! -e "$work/x" ]; check "a refused command leaves no run directory" $?

expect_exit "a small run completes" 0 'completed after' "$cyclebench" "${tiny[@]}" --run "$work/straight"
for file in recipe.ini run.jsonl last.safetensors final.safetensors; do
    [ -s "$work/straight/$file" ]; check "the run directory holds $file" $?
done
expect_exit "a second run does not overwrite the first" 2 'already holds a run' "$cyclebench" "${tiny[@]}" --run "$work/straight"
expect_exit "the written recipe is re-runnable" 0 'completed' "$cyclebench" train "$work/straight/recipe.ini" --data "$data" --run "$work/again"
[ "$(value "$work/straight" weights_sha256)" = "$(value "$work/again" weights_sha256)" ]; check "and gives the same weights" $?
[ "$(value "$work/straight" loss_fingerprint)" = "$(value "$work/again" loss_fingerprint)" ]; check "and the same losses" $?
expect_exit "the final checkpoint evaluates to the logged accuracy" 0 \
    "\"accuracy_percent\": $(grep '"type": *"epoch"' "$work/straight/run.jsonl" | tail -1 | grep -o '"test_accuracy_percent": *[0-9.]*' | grep -o '[0-9.]*$' | cut -c1-7)" \
    "$cyclebench" eval "$work/straight/final.safetensors" --data "$data" --json
expect_exit "so does the resume file" 0 \
    "\"accuracy_percent\": $(grep '"type": *"epoch"' "$work/straight/run.jsonl" | tail -1 | grep -o '"test_accuracy_percent": *[0-9.]*' | grep -o '[0-9.]*$' | cut -c1-7)" \
    "$cyclebench" eval "$work/straight/last.safetensors" --data "$data" --json

# The same bits on every instruction set: test_pins.
# The quick part, for builds in which a training takes long.
[ -z "${CYCLEBENCH_TEST_QUICK:-}" ] || { echo "1..$number"; exit; }

# Kill -9 at several moments, resume, compare with the run that was never killed.
long=("${tiny[@]}" --set run.checkpoint_every=3)
"$cyclebench" "${long[@]}" --run "$work/whole" > "$work/log" 2>&1
iterations() { grep -s '"type": *"iteration"' "$1/run.jsonl" | wc -l; }
for moment in 5 12 18 25; do
    killed=$work/killed-$moment
    "$cyclebench" "${long[@]}" --run "$killed" > /dev/null 2>&1 &
    pid=$!
    while [ "$(iterations "$killed")" -lt $moment ] && kill -0 $pid 2> /dev/null; do sleep 0.01; done
    kill -9 $pid 2> /dev/null
    wait $pid 2> /dev/null
    [ $? = 137 ]; check "kill -9 in iteration $moment or soon after" $?
    "$cyclebench" "${long[@]}" --run "$killed" --resume > "$work/log" 2>&1
    [ "$(value "$killed" weights_sha256)" = "$(value "$work/whole" weights_sha256)" ] &&
        [ "$(value "$killed" loss_fingerprint)" = "$(value "$work/whole" loss_fingerprint)" ] &&
        [ "$(iterations "$killed")" = "$(iterations "$work/whole")" ]
    check "then --resume: same weights, losses and log" $?
done
for signal in INT:130 TERM:143; do
    dir=$work/signal-${signal%:*}
    # bash starts background jobs with SIGINT ignored; python-free way to undo it: a subshell with job control
    ( set -m; "$cyclebench" "${long[@]}" --run "$dir" > "$work/log" 2>&1 & echo $! > "$work/pid"; wait $!; echo $? > "$work/code" )&
    for _ in $(seq 100); do grep -qs '"type": *"iteration"' "$dir/run.jsonl" && break; sleep 0.05; done
    kill -"${signal%:*}" "$(cat "$work/pid")" 2> /dev/null
    wait
    code=$(cat "$work/code")
    [ "$code" = "${signal#*:}" ]; check "SIG${signal%:*} ends with ${signal#*:} (got $code)" $?
    [ "$(value "$dir" status)" = interrupted ]; check "SIG${signal%:*}: the record says interrupted" $?
    "$cyclebench" "${long[@]}" --run "$dir" --resume > "$work/log" 2>&1
    [ "$(value "$dir" weights_sha256)" = "$(value "$work/whole" weights_sha256)" ]; check "SIG${signal%:*}, then --resume: same weights" $?
done
"$cyclebench" "${tiny[@]}" --run "$work/stopped" --max-iterations 4 > "$work/log" 2>&1
expect_exit "--max-iterations, then --resume with other thread count" 0 'completed' "$cyclebench" "${tiny[@]}" --run "$work/stopped" --resume --threads 1
[ "$(value "$work/stopped" weights_sha256)" = "$(value "$work/straight" weights_sha256)" ]; check "gives the same weights" $?
expect_exit "resuming with another recipe is refused" 2 'another recipe' "$cyclebench" "${tiny[@]}" --run "$work/stopped" --resume --set run.seed=9

# Divergence: status, iteration, last good checkpoint.
expect_exit "divergence ends with exit 1" 1 'diverged' "$cyclebench" "${tiny[@]}" --run "$work/diverged" --set schedule.kind=constant --set schedule.lr=1000 --set optimizer.weight_decay=0.1
[ "$(value "$work/diverged" status)" = diverged ]; check "the record says diverged" $?
grep -q 'loss.* iteration [0-9]' "$work/diverged/run.jsonl"; check "and names the iteration" $?
"$cyclebench" eval "$work/diverged/last.safetensors" --data "$data" > "$work/log" 2>&1; check "the last good checkpoint is readable" $?

# Broken checkpoints are refused, with the reason, and nothing is lost.
head -c 100000 "$work/straight/final.safetensors" > "$work/short.safetensors"
expect_exit "a truncated checkpoint is refused with an offset" 2 'byte|offset' "$cyclebench" eval "$work/short.safetensors" --data "$data"
head -c 5000 /dev/urandom > "$work/noise.safetensors"
expect_exit "a foreign file is refused" 2 'noise.safetensors' "$cyclebench" eval "$work/noise.safetensors" --data "$data"
cp -r "$work/stopped" "$work/torn"
head -c 200000 "$work/stopped/last.safetensors" > "$work/torn/last.safetensors"
expect_exit "a truncated resume file is refused" 2 'last.safetensors' "$cyclebench" "${tiny[@]}" --run "$work/torn" --resume
[ "$(stat -c %s "$work/torn/last.safetensors")" = 200000 ]; check "and left as it was" $?

# A file size limit stands in for a full disk: the checkpoint fails loudly, the old one stays.
( ulimit -f 500; exec "$cyclebench" "${tiny[@]}" --run "$work/full" ) > "$work/log" 2>&1
code=$?
[ $code = 1 ] && grep -q 'last.safetensors' "$work/log" && [ -z "$(ls "$work/full" | grep -v -E '^(lock|recipe.ini|run.jsonl)$')" ]
check "a checkpoint that cannot be written: exit 1, a message, no half-written file" $?

# Two processes in one directory.
"$cyclebench" "${tiny[@]}" --run "$work/busy" > /dev/null 2>&1 &
for _ in $(seq 100); do [ -f "$work/busy/run.jsonl" ] && break; sleep 0.05; done
expect_exit "a run directory in use is refused" 2 'in use|already holds' "$cyclebench" "${tiny[@]}" --run "$work/busy" --resume
wait

# PyTorch's published ResNet-20. The scalar reference needs minutes for 10,000 images; its bits are compared above, so it runs on demand:
# CYCLEBENCH_PRETRAINED_ISAS="scalar avx2 avx512".
if [ -f ../shared/pretrained/resnet20.safetensors ] && [ -f ../shared/data/cifar-10-binary.tar.gz ]; then
    for isa in ${CYCLEBENCH_PRETRAINED_ISAS:-avx2 avx512}; do
        CYCLEBENCH_ISA=$isa "$cyclebench" eval ../shared/pretrained/resnet20.safetensors --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --json > "$work/log" 2>&1
        code=$?
        if [ $code = 2 ] && grep -q 'this machine or build has no' "$work/log"; then skip "pretrained ResNet-20 on $isa" "[$isa] no $isa here"; continue; fi
        grep -q '"correct": 9173' "$work/log"; check "pretrained ResNet-20: 9173 of 10000 on $isa" $?
    done
else
    skip "pretrained ResNet-20: 9173 of 10000" "[pretrained] no ../shared/pretrained or no CIFAR-10"
fi
echo "1..$number" # only who comes to the end has a plan

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
expect_exit "--list: a line for each recipe" 0 '^1cycle-70 +as 1cycle-50 in 70 epochs' "$cyclebench" train --list
[ "$(wc -l < "$work/log")" = "$(find train/recipes -name '*.ini' | wc -l)" ] && ! grep -q ' here: ' "$work/log"; check "--list: and nothing is timed unasked" $?
mkdir "$work/recipes" && cp train/recipes/smoke.ini "$work/recipes"
expect_exit "--list --time: how long each takes here" 0 '(under a minute|[0-9]+ min) here: 60 iterations of 32 images at [0-9.e-]+ s \(measured: [0-9.e-]+, [0-9.e-]+, [0-9.e-]+\), [0-9]+ evaluations? at [0-9.e-]+ s' \
    env CYCLEBENCH_RECIPES="$work/recipes" "$cyclebench" train --list --time --threads 1
expect_exit "--list with a recipe" 2 'expected --list alone' "$cyclebench" train smoke --list
expect_exit "--time without --list" 2 'expected --list alone' "$cyclebench" train smoke --time
expect_exit "--dry-run: the plan" 0 '125 images, batch 32, 60 iterations \(15 epochs of 4\); evaluated on 125 test images' "$cyclebench" train smoke --data "$data" --run "$work/x" --dry-run
grep -q '^lr_max = 0.2$' "$work/log" && grep -q 'memory planned: ' "$work/log" && grep -q "run directory: $work/x" "$work/log" && grep -q 'nothing was done' "$work/log"
check "--dry-run: with recipe, memory and run directory" $?
expect_exit "--dry-run: without data, as if the official files were here" 0 '50000 images, batch 512, 6860 iterations \(70 epochs of 98\); evaluated on 10000 test images' \
    env -u CYCLEBENCH_DATA XDG_CACHE_HOME="$work/nowhere" "$cyclebench" train 1cycle-70 --run "$work/x" --dry-run
grep -q 'data: CIFAR-10 is not found (assumed official)' "$work/log"; check "--dry-run: and says so" $?
expect_exit "--dry-run: a bad recipe is one" 2 'data.batch' "$cyclebench" train smoke --data "$data" --set data.batch=0 --dry-run
[ ! -e "$work/x" ]; check "a refused command, a list or a plan leaves no run directory" $?

expect_exit "a small run completes" 0 'completed after' "$cyclebench" "${tiny[@]}" --run "$work/straight"
for file in recipe.ini run.jsonl last.safetensors final.safetensors; do
    [ -s "$work/straight/$file" ]; check "the run directory holds $file" $?
done
# The printed command goes on with the run, whatever its name.
odd=$'- it\'s\n$(x)\xff' here=$(realpath "$cyclebench")
( cd "$work" && "$here" "${tiny[@]}" --run "$odd" --max-iterations 1 > log 2>&1 )
[[ $(sed -n 's/^continue it with: //p' "$work/log") =~ ^cyclebench( train --resume .*)$ ]]
( cd "$work" && eval "'$here'${BASH_REMATCH[1]} --data '$data' --max-iterations 2" > log 2>&1 && grep -q 'resumed after 1 iteration' log )
check "the command that is printed to go on can be pasted" $?

# What is printed is lost: the training goes on, and says so at its end.
lost() { # NAME; the caller redirects the output
    "$cyclebench" "${tiny[@]}" --run "$work/$1" 2> "$work/log"
    local code=$?
    cmp -s "$work/$1/final.safetensors" "$work/straight/final.safetensors" && [ "$(value "$work/$1" status)" = completed ] && [ $code = 1 ] &&
        [ "$(grep -c . "$work/log")" = 1 ] && grep -q '^cyclebench train: standard output: cannot be written: ' "$work/log"
}
lost lost-full > /dev/full; check "output to a full device: all is trained and kept, exit 1 and a line" $?
lost lost-closed >&-; check "closed output: the same" $?
"$cyclebench" "${tiny[@]}" --run "$work/lost-quiet" --quiet > /dev/full 2> "$work/log" && ! [ -s "$work/log" ]; check "--quiet prints nothing that could be lost" $?
"$cyclebench" train --list > /dev/full 2> "$work/log"
[ $? = 1 ] && [ "$(grep -c 'standard output: cannot be written' "$work/log")" = 1 ]; check "--list: output that is lost is told once" $?
expect_exit "--dry-run: says that the run directory is taken" 0 'already holds a run' "$cyclebench" "${tiny[@]}" --run "$work/straight" --dry-run
expect_exit "a second run does not overwrite the first" 2 'already holds a run' "$cyclebench" "${tiny[@]}" --run "$work/straight"
expect_exit "the written recipe is re-runnable" 0 'completed' "$cyclebench" train "$work/straight/recipe.ini" --data "$data" --run "$work/again"
[ "$(value "$work/straight" weights_sha256)" = "$(value "$work/again" weights_sha256)" ]; check "and gives the same weights" $?
[ "$(value "$work/straight" loss_fingerprint)" = "$(value "$work/again" loss_fingerprint)" ]; check "and the same losses" $?
expect_exit "the final checkpoint evaluates to the logged accuracy" 0 \
    "\"accuracy_percent\": $(grep '"type": *"epoch"' "$work/straight/run.jsonl" | tail -1 | grep -o '"eval_accuracy_percent": *[0-9.]*' | grep -o '[0-9.]*$' | cut -c1-7)" \
    "$cyclebench" eval "$work/straight/final.safetensors" --data "$data" --json
expect_exit "so does the resume file" 0 \
    "\"accuracy_percent\": $(grep '"type": *"epoch"' "$work/straight/run.jsonl" | tail -1 | grep -o '"eval_accuracy_percent": *[0-9.]*' | grep -o '[0-9.]*$' | cut -c1-7)" \
    "$cyclebench" eval "$work/straight/last.safetensors" --data "$data" --json

# The same bits on every instruction set: test_pins.
# The quick part, for builds in which a training takes long.
[ -z "${CYCLEBENCH_TEST_QUICK:-}" ] || { echo "1..$number"; exit; }

# A run's log without what depends on time: iterations, epochs, end.
untimed() {
    grep -hE '"type": *"(iteration|epoch|end)"' "$1/run.jsonl" |
        sed -E 's/"(seconds|seconds_total|images_per_second|resumed|killed_seconds_at_least|peak_memory_bytes)": *[^,}]*,?//g'
}
same_run() { # the weights, losses and log of the run that was never killed, and no left-over file
    [ "$(value "$1" weights_sha256)" = "$(value "$2" weights_sha256)" ] && [ -n "$(value "$1" weights_sha256)" ] &&
        [ "$(untimed "$1")" = "$(untimed "$2")" ] &&
        [ "$(ls "$1")" = "$(printf '%s\n' final.safetensors last.safetensors lock recipe.ini run.jsonl)" ]
}
# Kill -9 at random moments from the first instruction on, started or resumed again until the run ends.
# CYCLEBENCH_KILLS=200 for a long test.
long=("${tiny[@]}" --set run.checkpoint_every=3)
"$cyclebench" "${long[@]}" --run "$work/whole" > "$work/log" 2>&1
kills=${CYCLEBENCH_KILLS:-12} chain=0 killed=0 unlike=0 dead=0
RANDOM=7
while [ $killed -lt "$kills" ] && [ $dead = 0 ]; do
    chain=$((chain + 1)) dir=$work/chain-$chain tries=0
    while :; do
        tries=$((tries + 1))
        if [ -s "$dir/run.jsonl" ] || { [ -s "$dir/recipe.ini" ] && [ $((tries % 2)) = 0 ]; }; then
            command=(train --resume "$dir" --data "$data")
        else
            command=("${long[@]}" --run "$dir")
        fi
        "$cyclebench" "${command[@]}" > "$work/log" 2>&1 &
        pid=$!
        # Half of the kills come early, where directories and files are made.
        [ $killed -lt "$kills" ] && { sleep "0.$(printf %03d $((RANDOM % (RANDOM % 2 ? 60 : 500))))"; kill -9 $pid 2> /dev/null; }
        wait $pid 2> /dev/null
        code=$?
        [ $code = 0 ] && break
        if [ $code != 137 ]; then dead=1; sed 's/^/# /' "$work/log"; break; fi
        killed=$((killed + 1))
    done
    same_run "$dir" "$work/whole" || { unlike=$((unlike + 1)); diff <(untimed "$dir") <(untimed "$work/whole") | head -5 | sed 's/^/# /'; }
    rm -rf "$dir"
done
echo "# $killed kills in $chain runs"
[ $dead = 0 ]; check "killed at any moment, a run can be started again or resumed" $?
[ $unlike = 0 ]; check "and ends with the weights, losses and log of the run that was never killed" $?

# Every state that a kill between two writes leaves.
begun=$work/begun
"$cyclebench" "${tiny[@]}" --run "$begun" --max-iterations 4 > "$work/log" 2>&1
for left in "lock" "lock recipe.ini" "lock last.safetensors" "lock last.safetensors recipe.ini"; do
    for how in again resume; do
        dir="$work/state-${left// /-}-$how"
        mkdir "$dir" && : > "$dir/lock"
        "$cyclebench" "${tiny[@]}" --run "$work/zero" > /dev/null 2>&1 --max-iterations 1
        case $left in *recipe.ini*) cp "$begun/recipe.ini" "$dir/" ;; esac
        # previous.safetensors of a run stopped after one iteration is the state before the first.
        case $left in *last*) cp "$work/zero/previous.safetensors" "$dir/last.safetensors" ;; esac
        if [ $how = again ]; then command=("${tiny[@]}" --run "$dir"); else command=("${tiny[@]}" --run "$dir" --resume); fi
        "$cyclebench" "${command[@]}" > "$work/log" 2>&1 && same_run "$dir" "$work/straight"
        check "a directory that holds only $left: $how" $?
        rm -rf "$work/zero"
    done
done

# --resume RUN_DIR is enough; a completed run is left alone; other data, another recipe, other weights are refused.
expect_exit "--resume RUN_DIR goes on" 0 'resumed after 4 iterations' "$cyclebench" train --resume "$begun" --data "$data"
same_run "$begun" "$work/straight"; check "with the same weights, losses and log" $?
grep -q '"name": *"smoke"' "$begun/run.jsonl"; check "and the recipe's name" $?
sum() { (cd "$1" && sha256sum -- *); }
before=$(sum "$begun")
expect_exit "--resume of a completed run: already completed" 0 'already completed' "$cyclebench" train --resume "$begun" --data "$data"
[ "$(sum "$begun")" = "$before" ]; check "and no byte changed" $?
"$cyclebench" "${tiny[@]}" --run "$work/other" --max-iterations 4 > "$work/log" 2>&1
expect_exit "--max-iterations of what is done already" 0 'nothing to do' "$cyclebench" train --resume "$work/other" --data "$data" --max-iterations 3
expect_exit "--stop-after: ends after the first epoch at the target" 0 'target_reached after 10 iterations, .*--stop-after 1: epoch 1 was the first at 0 %' \
    "$cyclebench" "${tiny[@]}" --run "$work/reached" --target 0 --stop-after 1
expect_exit "--stop-after: and once more, nothing is to do" 0 'already at iteration 10, past the target; nothing to do' \
    "$cyclebench" train --resume "$work/reached" --data "$data" --stop-after 1
expect_exit "--stop-after: a later end goes on" 0 'target_reached after 15 iterations' "$cyclebench" train --resume "$work/reached" --data "$data" --stop-after 2
expect_exit "--stop-after: without it the run goes on to its end" 0 'completed after 30 iterations' "$cyclebench" train --resume "$work/reached" --data "$data"
[ "$(value "$work/reached" loss_fingerprint)" = "$(value "$work/straight" loss_fingerprint)" ]; check "--stop-after: with the losses of a run that was not stopped" $?
expect_exit "--stop-after: no number of epochs" 2 "expected a whole number from 0 to 100000, got 'soon'" "$cyclebench" "${tiny[@]}" --run "$work/x" --stop-after soon
expect_exit "--target: no percentage" 2 'run.target' "$cyclebench" "${tiny[@]}" --run "$work/x" --target high
"$cyclebench" data synth --data "$work/other-data" --images 120 > /dev/null 2>&1
before=$(sum "$work/other")
expect_exit "--resume with other data is refused" 2 'other training images' "$cyclebench" train --resume "$work/other" --data "$work/other-data"
expect_exit "--resume with --init is refused" 2 'expected one of them' "$cyclebench" train --resume "$work/other" --data "$data" --init "$work/straight/final.safetensors"
[ "$(sum "$work/other")" = "$before" ]; check "and no byte changed" $?
expect_exit "--resume of a completed run with another recipe is refused" 2 'completed run of another recipe' "$cyclebench" "${tiny[@]}" --run "$begun" --resume --set run.seed=9
mkdir "$work/log-only" && cp "$work/other/recipe.ini" "$work/other/run.jsonl" "$work/log-only/" && : > "$work/log-only/lock"
before=$(sum "$work/log-only")
expect_exit "--resume of a log without its checkpoints is refused" 2 'its checkpoints are not' "$cyclebench" train --resume "$work/log-only" --data "$data"
[ "$(sum "$work/log-only")" = "$before" ]; check "and no byte changed" $?
expect_exit "--resume of a folder without a run" 2 'there is no run in' "$cyclebench" train --resume "$work/data" --data "$data"
expect_exit "--init" 0 'stopped by --max-iterations' "$cyclebench" "${tiny[@]}" --run "$work/init" --init "$work/straight/final.safetensors" --max-iterations 2
grep -q "\"init_weights\":{\"name\":\"$work/straight/final.safetensors\",\"weights_sha256\":\"$(value "$work/straight" weights_sha256)\"}" "$work/init/run.jsonl"
check "is in the record with the weights' hash" $?

# What identifies the data: SHA-256 of labels, then pixels; the last images are held out and not trained on.
"$cyclebench" "${tiny[@]}" --run "$work/holdout" --set data.holdout=25 --max-iterations 2 > "$work/log" 2>&1
expected=$(python3 - "$data/cifar-10-batches-bin" << 'PY'
import hashlib, sys
images = open(sys.argv[1] + "/data_batch_1.bin", "rb").read()
records = [images[i:i + 3073] for i in range(0, len(images), 3073)]
for part in (records[:100], records[100:]):
    print(hashlib.sha256(b"".join(r[:1] for r in part) + b"".join(r[1:] for r in part)).hexdigest())
PY
)
[ "$(printf '%s\n' "$(value "$work/holdout" train_sha256)" "$(value "$work/holdout" eval_sha256)")" = "$expected" ]
check "train_sha256 and eval_sha256 are those of the images before and in the hold-out" $?
grep -q '"evaluated_on":"holdout".*"train_images":100,"eval_images":25' "$work/holdout/run.jsonl"; check "the record says how many" $?
"$cyclebench" "${tiny[@]}" --run "$work/init-he" --init "$work/straight/final.safetensors" --set network.init=he_fan_in --max-iterations 1 > "$work/log" 2>&1
"$cyclebench" "${tiny[@]}" --run "$work/init-torch" --init "$work/straight/final.safetensors" --set network.init=torch03 --max-iterations 1 > "$work/log" 2>&1
[ -n "$(value "$work/init-he" loss_fingerprint)" ] && [ "$(value "$work/init-he" loss_fingerprint)" = "$(value "$work/init-torch" loss_fingerprint)" ]
check "with --init the recipe's own initialisation does not matter" $?

# A good checkpoint is never made unusable by what lies beside it.
for damage in none garbage middle short; do
    dir=$work/log-$damage
    "$cyclebench" "${tiny[@]}" --run "$dir" --max-iterations 13 > "$work/log" 2>&1
    case $damage in
    none) rm "$dir/run.jsonl" ;;
    garbage) head -c 3000 /dev/zero > "$dir/run.jsonl" ;;
    middle) sed -i '5s/.*/\x00\x00/' "$dir/run.jsonl" ;;
    short) head -n 3 "$dir/run.jsonl" > "$dir/x" && mv "$dir/x" "$dir/run.jsonl" ;;
    esac
    expect_exit "resumed with a log that is damaged: $damage" 0 'completed' "$cyclebench" train --resume "$dir" --data "$data"
    [ "$(value "$dir" weights_sha256)" = "$(value "$work/straight" weights_sha256)" ] && "$cyclebench" compare "$dir" "$work/straight" > "$work/log" 2>&1 &&
        { [ $damage = none ] || [ -e "$dir/run.jsonl.damaged" ]; }
    check "same weights, the old log set aside, compare reads the new one" $?
done
cp -r "$work/other" "$work/last-damaged"
printf 'x' | dd of="$work/last-damaged/last.safetensors" bs=1 seek=500000 conv=notrunc 2> /dev/null
expect_exit "a damaged last.safetensors: the one before is taken" 0 'goes on from previous.safetensors' "$cyclebench" train --resume "$work/last-damaged" --data "$data"
[ "$(value "$work/last-damaged" weights_sha256)" = "$(value "$work/straight" weights_sha256)" ]; check "with the same weights at the end" $?
: > "$work/last-damaged/last.safetensors.0123456789abcdef.tmp"

for signal in INT:130 TERM:143 HUP:129; do
    dir=$work/signal-${signal%:*}
    # bash starts background jobs with SIGINT ignored; python-free way to undo it: a subshell with job control
    ( set -m; "$cyclebench" "${long[@]}" --run "$dir" > "$work/log" 2>&1 & echo $! > "$work/pid"; wait $!; echo $? > "$work/code" )&
    for _ in $(seq 100); do grep -qs '"type": *"iteration"' "$dir/run.jsonl" && break; sleep 0.05; done
    kill -"${signal%:*}" "$(cat "$work/pid")" 2> /dev/null
    wait
    code=$(cat "$work/code")
    [ "$code" = "${signal#*:}" ]; check "SIG${signal%:*} ends with ${signal#*:} (got $code)" $?
    [ "$(value "$dir" status)" = interrupted ]; check "SIG${signal%:*}: the record says interrupted" $?
    grep -q "SIG${signal%:*}: stopping" "$work/log"; check "SIG${signal%:*} is answered in words" $?
    "$cyclebench" "${long[@]}" --run "$dir" --resume > "$work/log" 2>&1
    same_run "$dir" "$work/whole"; check "SIG${signal%:*}, then --resume: same weights, losses and log" $?
done
( trap '' HUP; exec "$cyclebench" "${tiny[@]}" --run "$work/nohup" ) > "$work/log" 2>&1 &
for _ in $(seq 100); do grep -qs '"type": *"iteration"' "$work/nohup/run.jsonl" && break; sleep 0.05; done
kill -HUP $! 2> /dev/null
wait $!
[ $? = 0 ]; check "a SIGHUP that was ignored at the start stays ignored (nohup)" $?
"$cyclebench" "${tiny[@]}" --run "$work/stopped" --max-iterations 4 > "$work/log" 2>&1
expect_exit "--max-iterations, then --resume with other thread count" 0 'completed' "$cyclebench" "${tiny[@]}" --run "$work/stopped" --resume --threads 1
[ "$(value "$work/stopped" weights_sha256)" = "$(value "$work/straight" weights_sha256)" ]; check "gives the same weights" $?
expect_exit "resuming with another recipe is refused" 2 'another recipe' "$cyclebench" "${tiny[@]}" --run "$work/other" --resume --set run.seed=9

# Divergence: status, iteration, last good checkpoint.
expect_exit "divergence ends with exit 1" 1 'diverged' "$cyclebench" "${tiny[@]}" --run "$work/diverged" --set schedule.kind=constant --set schedule.lr=1000 --set optimizer.weight_decay=0.1
[ "$(value "$work/diverged" status)" = diverged ]; check "the record says diverged" $?
grep -q 'after iteration [0-9]' "$work/diverged/run.jsonl"; check "and names the iteration" $?
"$cyclebench" eval "$work/diverged/last.safetensors" --data "$data" > "$work/log" 2>&1; check "the last good checkpoint is readable" $?

# Broken checkpoints are refused, with the reason, and nothing is lost.
head -c 100000 "$work/straight/final.safetensors" > "$work/short.safetensors"
expect_exit "a truncated checkpoint is refused with an offset" 2 'byte|offset' "$cyclebench" eval "$work/short.safetensors" --data "$data"
head -c 5000 /dev/urandom > "$work/noise.safetensors"
expect_exit "a foreign file is refused" 2 'noise.safetensors' "$cyclebench" eval "$work/noise.safetensors" --data "$data"
cp -r "$work/other" "$work/torn"
rm "$work/torn/previous.safetensors"
head -c 200000 "$work/other/last.safetensors" > "$work/torn/last.safetensors"
expect_exit "a truncated resume file without one before it is refused" 2 'last.safetensors' "$cyclebench" "${tiny[@]}" --run "$work/torn" --resume
[ "$(stat -c %s "$work/torn/last.safetensors")" = 200000 ]; check "and left as it was" $?

# A file size limit stands in for a full disk: before the first checkpoint nothing has begun, later the training goes on without.
( ulimit -f 500; exec "$cyclebench" "${tiny[@]}" --run "$work/full" ) > "$work/log" 2>&1
code=$?
[ $code = 1 ] && grep -q 'last.safetensors' "$work/log" && [ "$(ls "$work/full")" = lock ]
check "a first checkpoint that cannot be written: exit 1, a message, no half-written file" $?
expect_exit "with room again the run starts" 0 'completed' "$cyclebench" "${tiny[@]}" --run "$work/full"
for when in periodic last; do
    dir=$work/full-$when
    "$cyclebench" "${long[@]}" --run "$dir" > "$work/log" 2>&1 &
    pid=$!
    for _ in $(seq 200); do grep -qs '"type": *"iteration"' "$dir/run.jsonl" && break; sleep 0.02; done
    prlimit --pid $pid --fsize=600000:unlimited 2> /dev/null
    [ $when = last ] || { sleep 0.3; prlimit --pid $pid --fsize=unlimited:unlimited 2> /dev/null; }
    wait $pid
    code=$?
    if [ $when = last ]; then
        [ $code = 1 ] && grep -q 'training goes on, the next checkpoint is tried again' "$work/log" && [ "$(value "$dir" status)" = interrupted ]
        check "checkpoints fail to the end: each is warned about, the run fails at its last" $?
        "$cyclebench" train --resume "$dir" --data "$data" > "$work/log" 2>&1
    fi
    same_run "$dir" "$work/whole"; check "a full disk ($when): in the end the same weights, losses and log" $?
done

# Two processes in one directory.
"$cyclebench" "${tiny[@]}" --run "$work/busy" > /dev/null 2>&1 &
for _ in $(seq 100); do [ -f "$work/busy/run.jsonl" ] && break; sleep 0.05; done
expect_exit "a run directory in use is refused" 2 'in use|already holds' "$cyclebench" "${tiny[@]}" --run "$work/busy" --resume
wait

# PyTorch's published ResNet-20. The scalar reference needs minutes for 10,000 images; its bits are compared above, so it runs on demand:
# CYCLEBENCH_PRETRAINED_ISAS="scalar avx2 avx512".
if [ -f ../shared/pretrained/resnet20.safetensors ] && [ -n "${CYCLEBENCH_DATA-}" ]; then
    for isa in ${CYCLEBENCH_PRETRAINED_ISAS:-avx2 avx512}; do
        CYCLEBENCH_ISA=$isa "$cyclebench" eval ../shared/pretrained/resnet20.safetensors --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --json > "$work/log" 2>&1
        code=$?
        if [ $code = 2 ] && grep -q 'this machine or build has no' "$work/log"; then skip "pretrained ResNet-20 on $isa" "[$isa] no $isa here"; continue; fi
        grep -q '"correct": 9173' "$work/log"; check "pretrained ResNet-20: 9173 of 10000 on $isa" $?
    done
else
    skip "pretrained ResNet-20: 9173 of 10000" "[pretrained] no ../shared/pretrained, or CYCLEBENCH_DATA is not set"
fi
echo "1..$number" # only who comes to the end has a plan

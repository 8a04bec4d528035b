#!/usr/bin/env bash
# cyclebench sweep as a user runs it: a plan is trained, killed at any moment and repeated; what is finished is kept.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
cyclebench=${CYCLEBENCH_BUILD:-build}/cyclebench
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
"$cyclebench" data synth --data "$work/data" --images 125 > /dev/null 2>&1
cat > "$work/plan.ini" <<'PLAN'
; plan: four runs of seconds
[a]
recipes = smoke
seeds = 1, 2
optimizer.weight_decay = 1e-3 | 1e-4
data.batch = 25
schedule.iterations = 10
PLAN
sweep() { "$cyclebench" sweep "$@" --data "$work/data" --threads 1; }
first=smoke-weight_decay-1e-3-s1 last=smoke-weight_decay-1e-4-s2
sums() { (cd "$1" && find . -type f ! -name lock -exec sha256sum {} + | sort -k 2); }
# What a run computed; its seconds differ each time.
results() { for run in "$1"/*/; do basename "$run"; grep -oE '"(status|loss_fingerprint|weights_sha256)":"[^"]*"' "$run/run.jsonl"; done; }

check 'the shipped plans are listed' ends_saying 0 '^headline +1cycle against the step schedule' "$cyclebench" sweep --list
check 'a dry run says what is to train' ends_saying 0 "^$last +10 +under a minute +to train" sweep "$work/plan.ini" --out "$work/whole" --dry-run
check 'and makes nothing' [ ! -e "$work/whole" ]
check 'the plan is trained' ends_saying 0 '^4 of 4 runs are finished in ' sweep "$work/plan.ini" --out "$work/whole"
check 'a folder a run' [ "$(ls "$work/whole" | tr '\n' ' ')" = "$first smoke-weight_decay-1e-3-s2 smoke-weight_decay-1e-4-s1 $last " ]
check 'with the settings of the plan' grep -qx 'weight_decay = 0.001' "$work/whole/$first/recipe.ini"
check 'they can be compared' ends_saying 0 'weight_decay' "$cyclebench" compare "$work"/whole/*/
before=$(sums "$work/whole")
check 'repeated, all are kept' ends_saying 0 "^run 4 of 4: $last: finished .completed." sweep "$work/plan.ini" --out "$work/whole"
check 'and no byte is changed' [ "$(sums "$work/whole")" = "$before" ]
check 'a dry run says that they are finished' ends_saying 0 '^4 runs, 4 finished; under a minute' sweep "$work/plan.ini" --out "$work/whole" --dry-run
check 'output that is lost is an error' ends_saying 1 '^cyclebench sweep: standard output: cannot be written: ' bash -c "'$cyclebench' sweep '$work/plan.ini' --out '$work/whole' > /dev/full"
check '--quiet says nothing' [ -z "$(sweep "$work/plan.ini" --out "$work/whole" --quiet 2>&1)" ]

# Killed and interrupted again and again, it ends with the same runs.
RANDOM=5 tries=0
while [ $tries -lt 40 ]; do
	tries=$((tries + 1))
	"$cyclebench" sweep "$work/plan.ini" --out "$work/parts" --data "$work/data" --threads 1 > "$work/log" 2>&1 &
	pid=$!
	[ $tries -le 6 ] && { sleep "$((RANDOM % 2)).$((2 + RANDOM % 8))"; kill "-$([ $((tries % 2)) = 0 ] && echo TERM || echo KILL)" $pid 2> /dev/null; }
	wait $pid 2> /dev/null
	code=$?
	[ $code = 0 ] && break
	# The run of a sweep that was killed ends by itself, with its checkpoint.
	for lock in "$work"/parts/*/lock; do [ ! -e "$lock" ] || flock -w 10 "$lock" true; done
	case $code in 143 | 137) ;; *) sed 's/^/# /' "$work/log"; break ;; esac
done
check "killed and interrupted, then repeated ($tries times), it ends" [ $code = 0 ]
check 'with the same runs to the last bit' [ "$(results "$work/parts")" = "$(results "$work/whole")" ]

# A signal to the sweep alone reaches the run, which saves its state.
sed 's/= 10$/= 4000/' "$work/plan.ini" > "$work/long.ini"
"$cyclebench" sweep "$work/long.ini" --out "$work/long" --data "$work/data" --threads 1 > "$work/log" 2>&1 &
pid=$!
for _ in $(seq 400); do grep -qs '"type":"epoch"' "$work/long/$first/run.jsonl" && break; sleep 0.05; done
check 'a second sweep passes over the run that another is at' ends_saying 0 "^$first .*another process is at it" sweep "$work/long.ini" --out "$work/long" --dry-run
kill -TERM $pid
for _ in $(seq 200); do kill -0 $pid 2> /dev/null || break; sleep 0.05; done
kill -KILL $pid 2> /dev/null
wait $pid 2> /dev/null
check 'SIGTERM ends it with 143' [ $? = 143 ]
check 'and the run with its state' grep -q '"status":"interrupted","reason":"SIGTERM"' "$work/long/$first/run.jsonl"
check 'which a dry run knows' ends_saying 0 "^$first .*to resume at [1-9]" sweep "$work/long.ini" --out "$work/long" --dry-run

printf '[a]\nrecipes = smoke\ndata.batch = 25\nschedule.kind = constant\nschedule.lr = 1000\noptimizer.weight_decay = 0.1\n' > "$work/wild.ini"
check 'a run that diverges is a result' ends_saying 0 '^1 of 1 runs are finished' sweep "$work/wild.ini" --out "$work/wild"
check 'and is not trained again' ends_saying 0 'smoke-s1: finished .diverged.' sweep "$work/wild.ini" --out "$work/wild"
printf '[a]\nrecipes = smoke\ndata.batch = 25\nrun.target = 0\nstop_after = 1\n' > "$work/target.ini"
check 'stop_after ends a run' ends_saying 0 'target_reached after 10 iterations' sweep "$work/target.ini" --out "$work/target"
check 'and it is finished' ends_saying 0 'smoke-s1: finished .target_reached.' sweep "$work/target.ini" --out "$work/target"

# --- bad input ---
sed 's/= 25$/= 20/' "$work/plan.ini" > "$work/other.ini"
check 'a folder with another recipe is refused' ends_saying 2 'holds a run of another recipe .`batch = 25`, the plan has `batch = 20`' sweep "$work/other.ini" --out "$work/whole"
check 'and no byte is changed' [ "$(sums "$work/whole")" = "$before" ]
check 'no plan' ends_saying 2 'expected one PLAN' "$cyclebench" sweep
check 'an unknown plan' ends_saying 2 'no plan "no-such"; there are headline, notebook' "$cyclebench" sweep no-such
printf '[a]\nrecipes = smoke\nseeds = 1\ndata.batch = 0\n' > "$work/bad.ini"
check 'a bad value has file and line' ends_saying 2 'bad.ini:4: .a.: --set data.batch=0' sweep "$work/bad.ini" --out "$work/x"
check 'missing data end it' ends_saying 2 'the sweep stops' "$cyclebench" sweep "$work/plan.ini" --out "$work/x" --data "$work/nowhere" --threads 1
check 'a bad number of threads' ends_saying 2 'expected a whole number' "$cyclebench" sweep "$work/plan.ini" --out "$work/y" --threads 0
check 'makes no folder' [ ! -e "$work/y" ]
finish

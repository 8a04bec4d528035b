#!/bin/bash
# ci/demo with a cyclebench that takes notes and shows a comparison of two runs that never were.
set -u
cd "$(dirname "$0")/.." || exit 1
. ci/tap.sh
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/ci" "$work/build/demo/step" "$work/build/synthetic" "$work/runs/demo-step"
cp ci/demo "$work/ci/"
cyclebench=$work/build/cyclebench

# stand_in VERIFY_STATUS [TRAIN_STATUS [COMPARE_STATUS]]
stand_in() {
	cat >"$cyclebench" <<TXT
#!/bin/bash
echo "\$*" >>$work/notes
case \$1-\$2 in
data-verify) echo "verified"; exit $1 ;;
train-*) exit ${2-0} ;;
compare-*) if [ \$2 = --json ]; then cat $work/json; fi; exit ${3-0} ;;
esac
TXT
	chmod +x "$cyclebench"
	: >"$work/notes"
}
# comparison TARGET SECONDS_1CYCLE TO_TARGET_1CYCLE SECONDS_STEP TO_TARGET_STEP: as compare --json writes it
comparison() {
	cat >"$work/json" <<TXT
{
  "target_percent": $1,
  "runs": [
    {
      "seconds": $2,
      "seconds_to_target": $3,
      "speedup_to_target": 1.50746269
    },
    {
      "seconds": $4,
      "seconds_to_target": $5,
      "speedup_to_target": 1.0
    }
  ],
  "warnings": []
}
TXT
}
demo() { "$work/ci/demo" "$cyclebench"; }
noted() { diff - "$work/notes" <<<"$1"; }
# ends_with LINE: the very last line that demo prints
ends_with() {
	local last
	last=$(demo 2>/dev/null | tail -n 1)
	[ "$last" = "$1" ] || { echo "the last line: $last"; return 1; }
}

comparison 70.0 110.0 100.5 160.0 150.75
stand_in 0
check 'with CIFAR-10' demo
check 'with CIFAR-10: two trainings, one comparison' noted 'data verify
train demo-1cycle --run build/demo/1cycle
train demo-step --run build/demo/step
compare build/demo/1cycle build/demo/step
compare --json build/demo/1cycle build/demo/step'
check 'the last demo is removed' [ ! -e "$work/build/demo/step" ]
check 'nothing else is removed' [ -d "$work/runs/demo-step" -a -d "$work/build/synthetic" ]
check 'both reached it' ends_with '1cycle reached 70 % after 100.5 s, the step schedule after 150.8 s: 1.50 times as fast.'
comparison 70.5 110.0 150.75 160.0 100.5
check 'the step schedule was sooner' ends_with \
	'The step schedule reached 70.5 % after 100.5 s, 1cycle after 150.8 s: here the step schedule was 1.50 times as fast.'
comparison 70.0 110.0 99.5 160.0 100.0
check 'numbers are compared, not words' ends_with '1cycle reached 70 % after 99.5 s, the step schedule after 100.0 s: 1.01 times as fast.'
comparison 70.0 110.0 100.5 160.0 null
check 'only 1cycle reached it' ends_with '1cycle reached 70 % after 100.5 s, the step schedule not in its 160.0 s.'
comparison 70.0 110.0 null 160.0 150.75
check 'only the step schedule reached it' ends_with 'The step schedule reached 70 % after 150.8 s, 1cycle not in its 110.0 s.'
comparison 70.0 110.0 null 160.0 null
check 'neither reached it' ends_with 'Neither schedule reached 70 %: 1cycle not in 110.0 s, the step schedule not in 160.0 s.'
echo '{}' >"$work/json"
check 'a comparison without times: no sentence' ends_saying 1 'does not hold' demo
comparison 70.0 110.0 100.5 160.0 150.75

stand_in 4
check 'without CIFAR-10: it is said' says 'runs on the built-in synthetic set' demo
stand_in 4
check 'without CIFAR-10: said again after the table, and the command' says '^This was .* not CIFAR-10.*build/cyclebench data fetch$' demo
stand_in 4
check 'without CIFAR-10: the sentence is the last line' ends_with \
	'1cycle reached 70 % after 100.5 s, the step schedule after 150.8 s: 1.50 times as fast.'
check 'without CIFAR-10: the synthetic set' noted 'data verify
data synth --data build/demo/synthetic
train demo-1cycle --run build/demo/1cycle --data build/demo/synthetic
train demo-step --run build/demo/step --data build/demo/synthetic
compare build/demo/1cycle build/demo/step
compare --json build/demo/1cycle build/demo/step'

for status in 1 2; do
	stand_in $status
	check "broken data: exit $status" ends_saying $status '^verified$' demo
	check "broken data: nothing is trained" noted 'data verify'
done

stand_in 0 130
check 'a stopped training stops the demo' exits_with 130 demo
check 'a stopped training: no second' bash -c "! grep -q 'demo-step' '$work/notes'"
stand_in 0 0 1
check 'a comparison that fails' exits_with 1 demo
finish

#!/bin/bash
# ci/demo with a cyclebench that only takes notes.
set -u
cd "$(dirname "$0")/.." || exit 1
. ci/tap.sh
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/ci" "$work/build"
cp ci/demo "$work/ci/"
cyclebench=$work/build/cyclebench

# stand_in VERIFY_STATUS [TRAIN_STATUS]
stand_in() {
	cat >"$cyclebench" <<TXT
#!/bin/bash
echo "\$*" >>$work/notes
case \$1-\$2 in
data-verify) echo "verified"; exit $1 ;;
train-*) exit ${2-0} ;;
compare-*) exit 5 ;;
esac
TXT
	chmod +x "$cyclebench"
	: >"$work/notes"
}
demo() { "$work/ci/demo" "$cyclebench"; }
noted() { diff - "$work/notes" <<<"$1"; }

training='train demo-1cycle --run runs/demo-1cycle
train demo-step --run runs/demo-step
compare runs/demo-1cycle runs/demo-step'

stand_in 0
mkdir -p "$work/runs/demo-step" "$work/runs/mine"
: >"$work/runs/demo-step/run.jsonl"
check 'with CIFAR-10: the status of compare' exits_with 5 demo
check 'with CIFAR-10: two trainings, one comparison' noted "data verify
$training"
check 'an old demo run is removed' [ ! -e "$work/runs/demo-step" ]
check 'other runs are left' [ -d "$work/runs/mine" ]

stand_in 1
check 'without CIFAR-10: it is said' says 'runs on the built-in synthetic set' demo
check 'without CIFAR-10: how to fetch it is said' says 'build/cyclebench data fetch' demo
stand_in 1
check 'without CIFAR-10: goes on' exits_with 5 demo
check 'without CIFAR-10: the synthetic set' noted 'data verify
data synth --data build/synthetic
train demo-1cycle --run runs/demo-1cycle --data build/synthetic
train demo-step --run runs/demo-step --data build/synthetic
compare runs/demo-1cycle runs/demo-step'

stand_in 2
check 'broken data: exit 2' exits_with 2 demo
check 'broken data: what verify said' says '^verified$' demo
check 'broken data: no training' says '^data verify$' cat "$work/notes"
check 'broken data: nothing else' bash -c "! grep -qE 'train|synth' '$work/notes'"

stand_in 0 130
check 'a stopped training stops the demo' exits_with 130 demo
check 'a stopped training: no second' bash -c "! grep -q 'demo-step' '$work/notes'"
finish

#!/bin/bash
# The pins of pins.txt by `cyclebench train`, and on NEON under qemu. test_pins.c checks them on the instruction sets of this machine.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
build=${CYCLEBENCH_BUILD:-build}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# As in pinned_steps.c.
declare -A settings=(
	[A-he]='20 data.batch=8 network.shortcut=A network.init=he_fan_in data.augment=flip,crop,zero optimizer.nesterov=true schedule.lr=0.05 optimizer.weight_decay=5e-4'
	[B-torch03]='20 data.batch=8 network.shortcut=B network.init=torch03 data.augment=flip,crop,reflect optimizer.nesterov=false schedule.lr=0.1 optimizer.weight_decay=1e-4'
	[B-wide]='100 data.batch=100 network.shortcut=B network.init=he_fan_out data.augment=flip,crop,reflect optimizer.nesterov=false schedule.lr=0.1 optimizer.weight_decay=1e-4'
)

# trained VERSION SETTING STEPS FINGERPRINT WEIGHTS
trained() {
	local run=$work/$1-$2 images keys key options=()
	read -r images keys <<<"${settings[$2]}"
	[ -d "$work/$images" ] || "$build/test/test_pins" --data "$work/$images" "$images" || return
	for key in $keys numerics.version="$1" schedule.iterations="$3" schedule.kind=constant optimizer.momentum=0.9 run.seed=1; do
		options+=(--set "$key")
	done
	"$build/cyclebench" train smoke --data "$work/$images" --run "$run" "${options[@]}" || return
	grep -q "\"loss_fingerprint\": *\"$4\"" "$run/run.jsonl" && grep -q "\"weights_sha256\": *\"$5\"" "$run/run.jsonl"
}

while read -r version setting steps fingerprint weights; do
	[[ $version = \#* ]] || check "cyclebench train, $version $setting" trained "$version" "$setting" "$steps" "$fingerprint" "$weights"
done <train/test/pins.txt

on_neon() { "$build/test/test_pins" --by "qemu-aarch64-static $build/aarch64/train_steps" neon; }
if [ "$(uname -m)" != aarch64 ]; then
	if [ -x "$build/aarch64/train_steps" ] && command -v qemu-aarch64-static >/dev/null; then
		check 'pins on NEON under qemu' on_neon
	else
		skip 'pins on NEON under qemu' '[neon] no aarch64 build or no qemu-aarch64-static'
	fi
fi
finish

#!/bin/bash
# bench_step as a user runs it: options, results, and a peer that fails in every way.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
export OMP_WAIT_POLICY=passive
build=${CYCLEBENCH_BUILD:-build}
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

step() { "$build/bench_step" --depth 20 --batch 2 --repetitions 2 --threads 1 "$@"; }

# A peer in the shell: answers $1 to each step.
peer() {
	cat >"$folder/$1.sh" <<-END
		echo 'ready {"torch": "fake"}'
		while read -r request; do
			case \$request in
			step) $2 ;;
			memory) echo 1000000 ;;
			esac
		done
	END
	step --python /bin/sh --peer "$folder/$1.sh" --json "$folder/$1.json"
}

# Every number is there and positive; the ratio is that of the medians.
step_json_is_whole() {
	peer whole 'echo 0.5' >/dev/null && python3 - "$folder/whole.json" <<-'END'
		import json, sys
		r = json.load(open(sys.argv[1]))
		assert r["machine"]["cpu_model"] is not None or r["machine"]["cpu_model_reason"]
		for side in r["cyclebench"], r["pytorch"]:
		    assert side["seconds"] > 0 and side["gflops"] > 0 and side["peak_memory_bytes"] > 0 and len(side["seconds_sorted"]) == 2
		assert r["pytorch"]["seconds"] == 0.5 and r["pytorch"]["about"] == {"torch": "fake"}
		assert abs(r["ratio"] * r["cyclebench"]["seconds"] - 0.5) < 1e-9
		assert abs(r["cyclebench"]["images_per_second"] * r["cyclebench"]["seconds"] - 2) < 1e-9
		flops = sum(row["flops_per_step"] for row in r["profile"])
		step_flops = r["cyclebench"]["gflops"] * r["cyclebench"]["seconds"] * 1e9
		assert 0.95 < flops / step_flops <= 1, (flops, step_flops) # all but the head, and dX of the stem
	END
}

# A peer whose interpreter is there, but not PyTorch: the script itself says what to install.
without_torch() { step --python "$folder/python3" 2>&1; }
printf '#!/bin/sh\nexec python3 -c "%s" "$@"\n' \
	"import sys, runpy; sys.modules['torch'] = None; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')" >"$folder/python3"
chmod +x "$folder/python3"

check 'bench_step prints both sides and the ratio' says '^ratio +[0-9.]+ +[0-9.]+$' peer both 'echo 0.25'
check 'bench_step prints where the time goes' says '^conv 3x3 F4 64>64@8 bwd +[0-9.]+ ' peer both 'echo 0.25'
check 'bench_step prints what augmentation costs' says '^augmenting the batch.* [0-9.]+ ms, [0-9.]+% of a step$' peer both 'echo 0.25'
check 'bench_step takes a numerics version' says '^conv 3x3 64>64@8 bwd +[0-9.]+ ' step --no-torch --numerics fp32-direct
check 'a numerics version that does not exist is refused' says "expected one of fp32-direct, fp32-winograd, bf16-backward, bf16-storage, bf16-all, got 'fp8'" step --no-torch --numerics fp8
check 'bench_step --json is whole' step_json_is_whole
check 'without PyTorch the step is still measured' says '^cyclebench +[0-9.]+' without_torch
check 'without PyTorch it says what to install' says 'apt install python3-torch' without_torch
check 'a missing interpreter is told' says 'going on without PyTorch: /nonexistent: cannot be started' step --python /nonexistent
check 'a peer that does not greet is told' says "going on without PyTorch.*'ready'" step --python /bin/echo
check 'a peer that dies in the middle is a failure' exits_with 1 peer dies 'exit 0'
check 'a peer that answers nonsense is a failure' says "expected a number, got 'soon'" peer nonsense 'echo soon'
check '--no-torch starts nothing' exits_with 0 step --no-torch --python /nonexistent
check 'a depth that is no CIFAR ResNet is refused' exits_with 2 step --no-torch --depth 21
check 'a batch of nothing is refused' exits_with 2 step --no-torch --batch 0
check 'results that cannot be written are a failure' exits_with 1 step --no-torch --json "$folder/missing/step.json"
finish

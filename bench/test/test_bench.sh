#!/bin/bash
# The benchmark programs as a user runs them: options, results, and a peer that fails in every way.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
export OMP_WAIT_POLICY=passive
build=${CYCLEBENCH_BUILD:-build}
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT

step() { "$build/bench_step" --depth 20 --batch 2 --repetitions 2 --threads 1 "$@"; }
gemm() { "$build/bench_gemm" --repetitions 1 --threads 1 --batch 1 "$@"; }
conv() { "$build/bench_conv" --repetitions 1 --threads 1 --batch 2 "$@"; }
bare_conv() { "$build/test/without-peers/bench_conv" --repetitions 1 --threads 1 --batch 1 --shape stem "$@"; }
bare_gemm() { "$build/test/without-peers/bench_gemm" --repetitions 1 --threads 1 --case 'square 16' "$@"; }

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

gemm_json_is_whole() {
	gemm --case 'square 256' --json "$folder/gemm.json" >/dev/null && python3 - "$folder/gemm.json" <<-'END'
		import json, sys
		r = json.load(open(sys.argv[1]))
		(case,) = r["cases"]
		assert case["name"] == "square 256" and case["flops"] == 2 * 256**3
		assert 0 < case["gflops"] <= case["gflops_best"]
		assert case["peak_gflops"] > 0 if case["peak_gflops"] is not None else case["peak_gflops_reason"]
		here = {p["name"]: p["about"] is not None for p in r["peers"]}
		assert list(here) == ["OpenBLAS", "BLIS", "LIBXSMM", "oneDNN"]
		rates = []
		for p in case["peers"]:
		    if p["gflops"] is None:
		        assert p["gflops_reason"] and (not here[p["name"]] or p["name"] == "LIBXSMM")
		    else:
		        assert here[p["name"]] and 0 < p["gflops"] <= p["gflops_best"] and 0 <= p["difference"] < 1e-4
		        rates.append(p["gflops"])
		if rates: assert abs(case["ratio"] * max(rates) / case["gflops"] - 1) < 1e-9
		else: assert case["ratio"] is None and case["ratio_reason"]
		assert r["environment"]["OMP_WAIT_POLICY"] == "passive"
	END
}

# Fused passes have no peer; the ratio of the others is that of the fastest algorithms.
conv_json_is_whole() {
	conv --shape '3x3: 16' --json "$folder/conv.json" >/dev/null && python3 - "$folder/conv.json" <<-'END'
		import json, sys
		r = json.load(open(sys.argv[1]))
		assert [c["pass"] for c in r["cases"]] == ["forward", "fused-forward", "backward", "fused-backward"]
		(peer,) = r["peers"]
		for c in r["cases"]:
		    assert c["flops"] == 2 * 2 * 16 * 16 * 9 * 32 * 32 * (1 + c["pass"].endswith("backward"))
		    assert abs(c["gflops"] * c["seconds"] * 1e9 / c["flops"] - 1) < 1e-9 and c["fma_peak_gflops"] > 0
		    if c["pass"].startswith("fused") or peer["about"] is None:
		        assert c["ratio"] is None and c["ratio_reason"] and not c["peers"]
		        continue
		    timed = [p for p in c["peers"] if p["seconds"] is not None]
		    assert all(p["implementation"] and 0 <= p["difference"] < 1e-3 for p in timed)
		    assert all(p["seconds_reason"] for p in c["peers"] if p["seconds"] is None)
		    passes = {p["pass"] for p in timed}
		    assert passes == ({"backward data", "backward weights"} if c["pass"] == "backward" else {"forward"})
		    best = sum(min(p["seconds"] for p in timed if p["pass"] == name) for name in passes)
		    assert abs(c["ratio"] * c["seconds"] / best - 1) < 1e-9
	END
}

bare_json_gives_reasons() {
	bare_conv --json "$folder/bare.json" >/dev/null && python3 - "$folder/bare.json" <<-'END'
		import json, sys
		r = json.load(open(sys.argv[1]))
		assert r["peers"] == [{"name": "oneDNN", "about": None, "about_reason": "not built in (libdnnl-dev 2 missing when built)"}]
		assert all(c["ratio"] is None and c["ratio_reason"] for c in r["cases"]) and r["geometric_mean_ratios"] == {}
	END
}

# bench_gemm with a library of the name libopenblas.so.0 whose sgemm does nothing.
wrong_openblas() {
	mkdir -p "$folder/wrong"
	"${CC:-gcc}" -shared -fPIC -x c -o "$folder/wrong/libopenblas.so.0" - <<-'END' || return
		void cblas_sgemm(void) {}
		void openblas_set_num_threads(int n) { (void)n; }
		int openblas_get_num_threads(void) { return 1; }
		char *openblas_get_config(void) { return "wrong"; }
		char *openblas_get_corename(void) { return "wrong"; }
	END
	LD_LIBRARY_PATH=$folder/wrong bare_gemm
}
no_openblas() {
	mkdir -p "$folder/empty" && : >"$folder/empty/libopenblas.so.0"
	LD_LIBRARY_PATH=$folder/empty bare_gemm
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
check 'bench_gemm prints the share of the peak' says '^square 256 +[0-9.]+ +[0-9.]+ +[0-9.]+% ' gemm --case 'square 256'
check 'bench_gemm times im2col' says '^im2col 16>16 @32 +[0-9.]+ +[0-9.]+ +[0-9.]+% ' gemm --case 'im2col 16'
check 'bench_gemm --json is whole' gemm_json_is_whole
check 'bench_gemm refuses a case that does not exist' exits_with 2 gemm --case cube
check 'bench_gemm refuses an instruction set that does not exist' exits_with 2 gemm --isa mmx
check 'bench_gemm says what libraries are not built in' says '^# BLIS: not built in \(libblis-dev missing when built\)$' bare_gemm
check 'bench_gemm goes on without them' exits_with 0 bare_gemm
check 'bench_gemm says that OpenBLAS is not here' says '^# OpenBLAS: not found \(.*libopenblas.so.0' no_openblas
check 'bench_gemm goes on without OpenBLAS' exits_with 0 no_openblas
check 'bench_gemm tells a wrong result of a library' says 'square 16: the result of OpenBLAS differs from ours' wrong_openblas
check 'a wrong result is a failure' exits_with 1 wrong_openblas
check 'bench_gemm --no-peers asks no library' says '^square 16 .*% +- +- +- +- +-$' gemm --case 'square 16' --no-peers
check 'bench_conv prints the share of the peak' says '^stem: 3->16 @32 +fused-forward .*% ' conv --shape stem
check 'bench_conv says which oneDNN, or that there is none' says '^# oneDNN: ([0-9.]+, .*threads: 1|not built in \(libdnnl-dev 2 .*)$' conv --shape stem
check 'bench_conv says what is not built in' says '^# oneDNN: not built in \(libdnnl-dev 2 missing when built\)$' bare_conv
check 'bench_conv goes on without it' says '^stem: 3->16 @32 +forward .*% .* - +-$' bare_conv
check 'bench_conv --json gives reasons without peers' bare_json_gives_reasons
check 'bench_conv --json is whole' conv_json_is_whole
check 'bench_conv measures every shape' exits_with 0 conv --pass backward
check 'bench_conv times the Winograd convolutions' says '^F4: 16->16 @32 +backward +[0-9.]+' conv --shape F4 --pass backward
check 'bench_conv refuses a shape that does not exist' exits_with 2 conv --shape 5x5
check 'bench_conv refuses a pass that does not exist' exits_with 2 conv --pass sideways
check 'bench_conv refuses a batch that is no number' exits_with 2 conv --batch 1e3
check 'bench_conv refuses an option that does not exist' exits_with 2 conv --fast
check 'bench_conv refuses an argument' exits_with 2 conv fast
check 'results of bench_conv that cannot be written are a failure' exits_with 1 conv --shape stem --json "$folder/missing/conv.json"
check 'a full disk is a failure' exits_with 1 bash -c "\"$build/bench_gemm\" --repetitions 1 --case 'head' >/dev/full"
finish

#!/bin/bash
# cyclebench bench as a user runs it: cases, results, and every way in which it refuses.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
export OMP_WAIT_POLICY=passive
build=${CYCLEBENCH_BUILD:-build}
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
unset CYCLEBENCH_ISA OPENBLAS_CORETYPE BLIS_ARCH_TYPE LIBXSMM_TARGET ONEDNN_MAX_CPU_ISA DNNL_MAX_CPU_ISA

bench() { "$build/cyclebench" bench --threads 1 "$@"; }
# As short as can be.
quick() { bench --batch 2 --benchmark_min_time=0 --benchmark_repetitions=1 "$@"; }
wrong() { "$build/test/wrong-kernels/cyclebench-bench" --threads 1 --shapes "$folder/add.txt" --benchmark_min_time=0.001 "$@"; }
# Without any library: files of their names that cannot be loaded.
mkdir "$folder/none"
for file in libdnnl.so{,.2,.3,.3.6} libopenblas.so.0 libblis.so.4; do : >"$folder/none/$file"; done
bare() { LD_LIBRARY_PATH=$folder/none "$build/cyclebench-bench" --threads 1 --batch 1 --benchmark_min_time=0 "$@"; }
echo 'add n=1000' >"$folder/add.txt"

# python FILE: its JSON is r; NaN and Infinity are refused.
python() {
	python3 -c '
import json, sys
def refuse(word): raise ValueError(word + " is not JSON")
r = json.load(open(sys.argv[1]), parse_constant=refuse)
'"$(cat)" "$@"
}

# --- cases ---

# Two kernels of ours, and what does not run: the speed-ups of made-up rows are in test_rows.
csv_on_stdout() {
	quick --no-peers --isa scalar --benchmark_repetitions=2 --benchmark_filter='pool/fwd/c:64.*f32|bn/apply/c:16.*f32' --format csv \
		--summary "$folder/summary.json" >"$folder/out.csv" 2>"$folder/notes" || { cat "$folder/notes"; return 1; }
	python "$folder/summary.json" "$folder/out.csv" <<-'END'
		import csv
		rows = list(csv.DictReader(open(sys.argv[2], newline="")))
		assert len(rows) == len(r["benchmarks"]) == 2 and len({len(row) for row in rows}) == 1
		for row, b in zip(rows, r["benchmarks"]):
		    assert None not in row and None not in row.values()
		    for key in ("name", "contest", "implementation", "library", "isa", "time_unit", "bound"): assert row[key] == b[key], key
		    for key in ("real_time", "cpu_time", "real_time_cv", "FLOPS", "share_of_peak", "share_of_ceiling", "flops"):
		        assert float(row[key]) == b[key], key
		    assert int(row["iterations"]) == b["iterations"] and row["verified"] == "true" and row["speed_up"] == ""
	END
}
markdown_on_stdout() {
	quick --no-peers --isa scalar --benchmark_filter='pool/fwd/c:64.*f32|bn/apply/c:16.*f32' --format markdown >"$folder/out.md" 2>"$folder/notes" ||
		{ cat "$folder/notes"; return 1; }
	[ "$(wc -l <"$folder/out.md")" = 4 ] && ! grep -vE '^\|.*\|$' "$folder/out.md" && [ "$(awk -F '|' '{ print NF }' "$folder/out.md" | sort -u)" = 12 ]
}

lists() { says "$1" bench --isa scalar --benchmark_list_tests; }
no_name_twice() {
	bench --isa all --threads 1,3 --oversubscribe --cache both --benchmark_list_tests >"$folder/list" || return
	[ "$(wc -l <"$folder/list")" -gt 300 ] && [ -z "$(sort "$folder/list" | uniq -d)" ]
}

check 'the command finds it' says '^Usage: cyclebench bench' "$build/cyclebench" bench --help
check '--help succeeds' exits_with 0 bench --help
check 'lists convolutions by algorithm' lists '^conv/fwd/3x3/c:16/k:16/hw:32/batch:128/fp32/t:1/warm/winograd:scalar/process_time/real_time$'
check 'lists im2col' lists '/im2col:scalar/'
check 'lists the first convolution of a block' lists '^conv/block1_bwd/3x3s2/c:16/k:32/hw:32/batch:128/fp32/t:1/warm/direct:scalar/'
check 'lists the second convolution of a block' lists '^conv/block2_fwd/3x3/c:16/k:16/hw:32/batch:128/bf16-all/t:1/warm/winograd:scalar/'
check 'lists the stem and the shortcut' lists '^conv/bwd_fused/1x1s2/c:16/k:32/hw:32/batch:128/fp32/t:1/warm/direct:scalar/'
check 'no pass stands where the network has none' bash -c "! '$build/cyclebench' bench --isa scalar --benchmark_list_tests | grep -E '^conv/(block2_.../(stem|1x1s2|3x3s2)|block1_.../(stem|1x1s2)|..._fused/3x3)'"
check 'lists products' lists '^gemm/m:4096/n:4096/k:4096/f32/t:1/warm/scalar/'
check 'lists products of bf16' lists '^gemm/m:1024/n:1024/k:1024/bf16/t:1/warm/scalar/'
check 'lists the bf16 convolutions where they differ' lists '^conv/block2_bwd/3x3/c:16/k:16/hw:32/batch:128/bf16-backward/t:1/warm/winograd:scalar/'
check 'no convolution stands there twice under two names' bash -c "! '$build/cyclebench' bench --isa scalar --benchmark_list_tests | grep -qE '^conv/(fwd.*bf16-backward|bwd.*bf16-all)'"
check 'lists batch norm' lists '^bn/bwd_apply/c:64/hw:8/batch:128/bf16/t:1/warm/scalar/'
check 'lists augmentation' lists '^augment/reflect/batch:128/t:1/warm/scalar/'
check 'lists training steps' lists '^step/56/B/fp32-winograd/batch:512/t:1/warm/scalar/'
check 'no name stands twice' no_name_twice

# --- a run and its files ---

run_is_whole() {
	quick --isa all --benchmark_repetitions=3 --benchmark_filter='bn/apply/c:16.*/f32' --benchmark_out="$folder/bn.json" \
		--summary "$folder/bn-summary.json" --benchmark_context=who=me >/dev/null || return
	python "$folder/bn.json" "$folder/bn-summary.json" <<-'END'
		assert list(r)[:3] == ["machine", "context", "benchmarks"]
		assert r["context"]["who"] == "me" and r["context"]["caches"] is not None and r["context"]["num_cpus"] > 0
		m = r["machine"]
		for key in ("cpu_model", "threads_reason", "placement", "warnings", "commit"): assert key in m, key
		isas = set(m["isa_available"]) - ({"avx512bf16"} if "avx512" in m["isa_available"] else set())
		assert {b["isa"] for b in r["benchmarks"]} == isas
		assert [b["repetition_index"] for b in r["benchmarks"] if b["isa"] == "scalar" and b["run_type"] == "iteration"] == [0, 1, 2]
		assert {b["aggregate_name"] for b in r["benchmarks"] if b["run_type"] == "aggregate"} == {"mean", "median", "stddev", "cv"}
		for b in r["benchmarks"]:
		    for key, value in b.items(): assert value is not None or b[key + "_reason"], (b["name"], key)
		    if b["run_type"] == "aggregate" and b["aggregate_name"] in ("stddev", "cv"): continue
		    assert b["time_unit"] == "ns" and b["real_time"] > 0 and b["verified"] is True and b["library"] == "cyclebench"
		    assert b["flops"] == 3 * 2 * 16 * 32 * 32 and b["bytes"] == 2 * 4 * 2 * 16 * 32 * 32
		    assert b["team_threads"] == 1 and b["cache"] == "warm" and b["ceiling_isa"] == b["isa"]
		    assert b["shape"] == {"c": 16, "hw": 32, "batch": 2, "numerics": "f32"}
		    assert b["share_of_ceiling"] > 0 and b["share_of_peak"] > 0 and b["peak_of"] == "f32" and b["bound"] in ("memory", "compute")
		    if b["run_type"] == "iteration":
		        assert abs(b["FLOPS"] * b["real_time"] * 1e-9 / b["flops"] - 1) < 1e-6
		        assert abs(b["bytes_per_second"] * b["real_time"] * 1e-9 / b["bytes"] - 1) < 1e-6
		(c,) = r["ceilings"]
		assert c["threads"] == 1 and set(c["fma_peak_FLOPS"]) == isas and c["bf16_peak_FLOPS"] == {}
		for level in c["bandwidth_bytes_per_second"].values(): assert level["read"] or level["reason"]
		assert {p["name"] for p in r["peers"]} == {"oneDNN", "OpenBLAS", "BLIS", "LIBXSMM"} and r["interrupted"] is False
		assert all(p["about"] or p["about_reason"] for p in r["peers"]) and "library_build_type" not in r["context"]
		assert all(p["version"] and p["kernels"] and p["below_this_cpu"] in (True, False) for p in r["peers"] if p["about"])
		assert r["errors"] == [] and r["skipped"] == []

		s = json.load(open(sys.argv[2]), parse_constant=refuse)
		assert len(s["benchmarks"]) == len(isas) and s["machine"]["cpu_model"] == m["cpu_model"]
		for b in s["benchmarks"]:
		    (median,) = [x for x in r["benchmarks"] if x["run_name"] == b["name"] and x.get("aggregate_name") == "median"]
		    assert b["run_type"] == "iteration" and b["real_time"] == median["real_time"] and "aggregate_name" not in b
	END
}
fits() {
	quick --isa all --batch 1 --cache both --iterations 1 --benchmark_filter='conv/bwd_fused/1x1s2|conv/block._bwd/3x3/c:64.*/bf16-backward|augment|pool|gemm.*k:32/' >"$folder/table" || return
	[ "$(wc -l <"$folder/table")" -gt 60 ] && awk 'length > 120 && !/^#/ { print; bad = 1 } END { exit bad }' "$folder/table"
}
json_on_stdout() {
	quick --no-peers --benchmark_filter=pool/fwd --benchmark_format=json >"$folder/stdout.json" || return
	python "$folder/stdout.json" <<<'
assert r["benchmarks"] and r["peers"] == []'
}
peers_are_compared() {
	quick --benchmark_repetitions=5 --benchmark_filter='gemm/m:64/n:64/k:64/|conv/bwd/3x3/c:16' --benchmark_out="$folder/peers.json" >/dev/null || return
	python "$folder/peers.json" <<-'END'
		here = {p["name"] for p in r["peers"] if p["about"]}
		compared = {(c["name"].split("/")[0], c["library"]): c for c in r["contests"]}
		for library in here: assert ("gemm", library) in compared, library
		if "oneDNN" in here: assert len(compared["conv", "oneDNN"]["fastest"]) == 2 # dX and dW
		for c in compared.values(): assert 0 < c["ratio_low"] <= c["ratio"] <= c["ratio_high"]
		versions = {p["name"]: p["version"] for p in r["peers"] if p["about"]}
		for c in r["contests"]: assert c["library_version"] == versions[c["library"]] and c["library_below_this_cpu"] in (True, False)
		for s in r["skipped"]: assert s["name"] and s["reason"]
	END
}
bf16_is_whole() {
	quick --isa all --batch 1 --benchmark_filter='conv/(fwd|bwd)/(3x3|3x3s2|1x1s2|stem)/.*/bf16|gemm/.*k:256/bf16|(bn|pool)/.*/bf16' --benchmark_out="$folder/bf16.json" >/dev/null || return
	python "$folder/bf16.json" <<-'END'
		ours = [b for b in r["benchmarks"] if b["library"] == "cyclebench"]
		assert {b["isa"] for b in ours} == set(r["machine"]["isa_available"])
		assert {list(b["shape"].values())[-1] for b in ours} == {"bf16", "bf16-backward", "bf16-storage", "bf16-all"}
		for b in ours:
		    products = b["kernel"] == "gemm" or b["shape"].get("kind") == "3x3" and not (b["kernel"] == "conv/fwd" and b["shape"]["numerics"] == "bf16-storage")
		    assert b["peak_of"] == ("bf16" if products else "f32") and b["least_flops_bf16"] == (b["least_flops"] if products else 0), b["name"]
		assert {b["kernel"] for b in ours} > {"bn/stats", "bn/apply_residual", "pool/bwd"}
		(gemm,) = {b["bytes"] for b in ours if b["kernel"] == "gemm"}
		assert gemm == 256 * 256 * (2 + 2 + 4)
		for s in r["skipped"]: assert "oneDNN" in s["name"] and s["reason"]
	END
}
# A library of the name libopenblas.so.0 whose sgemm does nothing, and one that cannot be loaded.
bare_gemm() {
	LD_LIBRARY_PATH=$folder/$1:$folder/none "$build/cyclebench-bench" --threads 1 --benchmark_min_time=0 --shape 'gemm m=16 n=16 k=16' \
		--benchmark_filter='(scalar|avx|neon|OpenBLAS)' "${@:2}"
}
mkdir "$folder/wrong" "$folder/empty" "$folder/old" "$folder/deaf" "$folder/broken"
"${CC:-gcc}" -shared -fPIC -x c -o "$folder/wrong/libopenblas.so.0" - <<-'END'
	void cblas_sgemm(void) {}
	void openblas_set_num_threads(int n) { (void)n; }
	int openblas_get_num_threads(void) { return 1; }
	char *openblas_get_config(void) { return "wrong"; }
	char *openblas_get_corename(void) { return "wrong"; }
END
# One that takes a new CPU for a Prescott, one that does not mend that when it is told, one that computes wrongly then.
for kind in old deaf broken; do
	"${CC:-gcc}" -shared -fPIC -D"kind_$kind" -x c -o "$folder/$kind/libopenblas.so.0" - <<-'END'
		#include <stdlib.h>
		static const char *told;
		__attribute__((constructor)) static void begin(void) { told = getenv("OPENBLAS_CORETYPE"); }
		void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,
			float beta, float *c, int ldc)
		{
			for (int i = 0; i < m; i++)
				for (int j = 0; j < n; j++) {
					float sum = 0;
		#ifdef kind_broken
					sum = told != 0;
		#endif
					for (int p = 0; p < k; p++) sum += a[i * lda + p] * b[p * ldb + j];
					c[i * ldc + j] = sum;
				}
		}
		void openblas_set_num_threads(int n) { (void)n; }
		int openblas_get_num_threads(void) { return 1; }
		char *openblas_get_config(void) { return "OpenBLAS 9.8.7 DYNAMIC"; }
		#ifdef kind_deaf
		char *openblas_get_corename(void) { return "Prescott"; }
		#else
		char *openblas_get_corename(void) { return told ? (char *)told : "Prescott"; }
		#endif
	END
done
kernels_are_chosen() {
	bare_gemm "$1" --benchmark_out="$folder/chosen.json" >"$folder/chosen" || return
	python "$folder/chosen.json" <<<'
(p,) = [p for p in r["peers"] if p["name"] == "OpenBLAS"]
(c,) = r["contests"]
assert p["version"] == c["library_version"] == "9.8.7"
assert "OPENBLAS_CORETYPE" not in r["peers_environment"] and "OPENBLAS_CORETYPE" not in r["machine"]["environment"]
assert '"$2"
}
fixed_iterations() {
	quick --iterations 3 --benchmark_filter=pool/bwd --benchmark_out="$folder/fixed.json" >/dev/null || return
	python "$folder/fixed.json" <<<'
assert r["benchmarks"] and all(b["iterations"] == 3 and "/iterations:3/" in b["name"] for b in r["benchmarks"])'
}
both_caches() {
	quick --isa scalar --iterations 2 --cache both --perf --shape 'sgd len=3000000' --benchmark_out="$folder/cold.json" >/dev/null || return
	python "$folder/cold.json" <<<'
cold, warm = sorted(r["benchmarks"], key=lambda b: b["cache"])
assert (cold["cache"], warm["cache"]) == ("cold", "warm") and cold["ceiling_level"] == "DRAM" and r["timer_pause_seconds"] > 0'
}
too_short_for_cold() {
	quick --no-peers --isa scalar --cache both --benchmark_filter='gemm/m:16/n:16/.*f32' --benchmark_out="$folder/tiny.json" >/dev/null || return
	python "$folder/tiny.json" <<<'
assert [b["cache"] for b in r["benchmarks"]] == ["warm"]
(s,) = r["skipped"]
assert "/cold/" in s["name"] and s["reason"].startswith("too short to be timed cold")'
}
aggregates_only() {
	quick --benchmark_repetitions=2 --benchmark_report_aggregates_only --benchmark_filter=pool/fwd --benchmark_out="$folder/a.json" >/dev/null || return
	python "$folder/a.json" <<<'
assert r["benchmarks"] and all(b["run_type"] == "aggregate" for b in r["benchmarks"])'
}
echo 'step depth=20 shortcut=A numerics=fp32-winograd batch=2' >"$folder/step.txt"

check 'results are whole' run_is_whole
check 'the table fits 120 columns' fits
quick --isa scalar --no-peers --benchmark_filter='pool/fwd.*f32' --benchmark_time_unit=s >"$folder/short"
check 'a row of the table' says '^  scalar +[0-9.]+ [mun]?s +[0-9.]+ [mun]?s +[0-9]+ .*% +[0-9.]+% +(compute|L1|L2|L3|DRAM)$' cat "$folder/table"
check 'what may disturb is told' says '^# warning: instruction set: CYCLEBENCH_ISA selects scalar although' env CYCLEBENCH_ISA=scalar "$build/cyclebench" bench --threads 1 --no-peers --iterations 1 --benchmark_filter='pool/fwd.*f32'
check 'so is how many cases there are, and the least time' says '^# 1 case: at least 0 s; 1 repetitions of 0 s' cat "$folder/short"
check '--benchmark_time_unit=s: a short time has digits' says '^  scalar +([1-9][0-9.]*e-[0-9]+|[0-9]\.0*[1-9][0-9]*) s' cat "$folder/short"
check '--benchmark_format=json prints one document' json_on_stdout
check '--format csv: the rows of the JSON, read by another' csv_on_stdout
check '--format markdown: a table, its columns' markdown_on_stdout
check '--format: what else is said on standard error' says '^# 2 cases: ' cat "$folder/notes"
check 'BENCHMARK_FORMAT of the environment counts' says '^  "context": ' env BENCHMARK_FORMAT=json "$build/cyclebench" bench --batch 1 --threads 1 --iterations 1 --benchmark_filter=pool/fwd
check 'libraries are compared with ours' peers_are_compared
check 'bf16 rows are whole' bf16_is_whole
check 'a wrong result of a library is told, and an error' ends_saying 1 'OpenBLAS: wrong result, not timed: C\[0\]\[0\] is -?nan' bare_gemm wrong
check 'a library that cannot be loaded is told' says '^# OpenBLAS: not found \(.*libopenblas.so.0' bare_gemm empty
check 'a ratio is printed with version and interval' says '^  speed-up over OpenBLAS [0-9.]+: [0-9.]+ \[[0-9.]+ to [0-9.]+\].*, baseline OpenBLAS$|^# OpenBLAS: not found' bench --benchmark_min_time=0.001 --shape 'gemm m=64 n=64 k=64'
if "$build/cyclebench" info --json | grep -qE '"(avx2|avx512)"'; then
	check 'a library that does not know this CPU is told its kernels' kernels_are_chosen old 'p["chosen_by"] == "cyclebench" and p["own_choice"] == "Prescott" and p["setting"] == "OPENBLAS_CORETYPE=" + p["kernels"] and not p["below_this_cpu"] and not c["library_below_this_cpu"]'
	check 'the head says so' says '^# OpenBLAS: kernels chosen here by OPENBLAS_CORETYPE=[A-Za-z]+, in the place of its own choice, Prescott$' cat "$folder/chosen"
	check 'where it still takes old ones they are marked' kernels_are_chosen deaf 'p["chosen_by"] == "library" and p["below_this_cpu"] and "it still takes Prescott" in p["remedy"] and c["library_below_this_cpu"] and c["library_kernels"] == "Prescott"'
	check 'in the ratio, too' says '^  speed-up over OpenBLAS 9\.8\.7: .* \(its Prescott kernels: below this CPU.s\)' cat "$folder/chosen"
	check 'the remedy stands once in the head' [ "$(grep -c '^# warning: OpenBLAS: its Prescott kernels are below' "$folder/chosen")" = 1 ]
	check 'kernels that compute wrongly are not taken' kernels_are_chosen broken 'p["chosen_by"] == "library" and p["below_this_cpu"] and "they compute wrongly" in p["remedy"] and c["library_kernels"] == "Prescott"'
	check 'those of the user stay, and are told' says '^# warning: OpenBLAS: its Penryn kernels are below this CPU.s\. unset OPENBLAS_CORETYPE, or set it to ' env OPENBLAS_CORETYPE=Penryn LD_LIBRARY_PATH="$folder/old:$folder/none" "$build/cyclebench-bench" --threads 1 --iterations 1 --benchmark_repetitions=1 --shape 'gemm m=16 n=16 k=16'
else
	skip 'a library that does not know this CPU is told its kernels' 'no instruction set here beyond the least'
fi
check 'LIBXSMM with one thread is not set against more' says 'LIBXSMM +skipped: it has 1 thread here: compare it with --threads 1|^# LIBXSMM: not built in' quick --threads 2 --benchmark_filter='gemm/m:16/n:16/.*/f32/.*(LIBXSMM|avx)'
check '--benchmark_display_aggregates_only=false prints the repetitions' says '^  scalar #2 ' quick --isa scalar --benchmark_repetitions=2 --benchmark_display_aggregates_only=false --benchmark_filter=pool/fwd
check '--benchmark_report_aggregates_only' aggregates_only
check '--iterations fixes the number of calls' fixed_iterations
check 'cold cases beside warm ones' both_caches
check 'cold cases too short for the timer are refused' too_short_for_cold
check 'several numbers of threads' says '^pool/fwd/c:64/hw:8/batch:2/f32/t:3/warm$' quick --threads 1,3 --oversubscribe --benchmark_filter=pool/fwd
step() { CYCLEBENCH_PYTHON=$1 quick --shapes "$folder/step.txt" --benchmark_filter="$2" "${@:3}"; }
# A Python whose PyTorch answers from the shell.
cat >"$folder/python" <<'END'
#!/bin/sh
echo 'ready {"torch": "fake"}'
while read -r request; do
	case $request in
	memory) echo 123000000 ;;
	step*) echo 0.5 ;;
	esac
done
END
printf '#!/bin/sh\necho "ready {}"\nread -r request\necho 0.5\n' >"$folder/dying-python"
printf '#!/bin/sh\necho hello\n' >"$folder/rude-python"
printf '#!/bin/sh\necho "no torch here" >&2\n' >"$folder/no-python"
printf '#!/bin/sh\necho ready now\nread -r request\necho soon\n' >"$folder/odd-python"
chmod +x "$folder"/*python
torch_row_is_whole() {
	step "$folder/python" PyTorch --benchmark_out="$folder/torch.json" >/dev/null || return
	python "$folder/torch.json" <<<'
(b,) = r["benchmarks"]
assert b["label"] == "{\"torch\": \"fake\"}" and b["verified"] is False and b["verified_reason"]
assert b["cpu_time"] is None and b["cpu_time_reason"] == "another process" and b["real_time"] > 0
assert b["peak_memory_bytes"] == 123e6 and abs(b["images_per_second"] * b["real_time"] * 1e-9 - 2) < 1e-6'
}
check 'a training step is timed' says '^step/20/A/fp32-winograd/batch:2/t:1/warm$' quick --no-peers --shapes "$folder/step.txt"
check 'PyTorch takes part' torch_row_is_whole
# Every number is there; the operations add up to the flops of a step, but for the head and dX of the stem.
profile_is_whole() {
	step "$folder/python" . --isa scalar --profile --benchmark_out="$folder/profile.json" >"$folder/profile" || return
	python "$folder/profile.json" <<-'END'
		ours, torch = sorted(r["benchmarks"], key=lambda b: b["library"] != "cyclebench")
		assert torch["profile"] is None and torch["profile_reason"]
		p = ours["profile"]
		flops = sum(o["flops"] for o in p["operations"])
		assert 0.95 < flops / ours["flops"] <= 1, flops / ours["flops"]
		assert all(o["name"] and o["seconds"] >= 0 and o["calls"] > 0 for o in p["operations"])
		assert p["parallel_regions"] > 50 and 0 <= p["waiting_share"] < 1 and p["augmentation_seconds"] > 0
		assert 1e6 < ours["peak_memory_bytes"] < 1e9 and ours["images_per_second"] > 0 and ours["share_of_peak"] > 0
		assert {"shape": {"depth": "20", "shortcut": "A", "numerics": "fp32-winograd", "batch": 2}}["shape"] == ours["shape"]
		(c,) = r["contests"]
		assert c["library"] == "PyTorch" and c["library_version"] == "fake" and c["ratio"] > 0
	END
}
check '--profile: where the time of a step goes' profile_is_whole
profile_says() { says "$1" cat "$folder/profile"; }
check 'operation by operation' profile_says '^      conv 3x3 F4 64>64@8 bwd +[0-9.]+ +[0-9.]+% +[0-9.]+ +[0-9.]+% +[0-9]+$'
check 'how long threads wait' profile_says '^      threads: [0-9]+ parallel regions; [0-9.]+% of their time in them waiting'
check 'what augmentation costs' profile_says '^      augmenting the batch.*: [0-9.]+ ms$'
check 'images a second and memory' profile_says '^      [0-9.]+ images/s, peak memory [0-9]+ MB$'
check 'the step of another numerics version' says '^step/20/B/fp32-direct/batch:2/t:1/warm$' quick --no-peers --isa scalar --shape 'step depth=20 numerics=fp32-direct batch=2'
check 'a PyTorch that dies in the middle is an error' ends_saying 1 'ended without an answer' step "$folder/dying-python" .
check 'a PyTorch that does not greet is told' says "PyTorch +skipped: PyTorch's side: expected 'ready', got 'hello'" step "$folder/rude-python" .
check 'a missing interpreter is told' says 'PyTorch +skipped: /nonexistent: cannot be started' step /nonexistent .
check 'it is compared with ours' says '^  speed-up over PyTorch fake: [0-9.]+: scalar, baseline PyTorch$' step "$folder/python" . --isa scalar
check 'without PyTorch the reason is told, and the step is timed' ends_saying 0 '^  PyTorch +skipped: .*no-python ended without an answer' step "$folder/no-python" .
check 'a PyTorch that answers nonsense is an error' exits_with 1 step "$folder/odd-python" .
check 'CYCLEBENCH_ISA chooses' says '/scalar/process_time' env CYCLEBENCH_ISA=scalar "$build/cyclebench" bench --benchmark_list_tests
check 'CYCLEBENCH_ISA excludes' bash -c "! CYCLEBENCH_ISA=scalar '$build/cyclebench' bench --benchmark_list_tests | grep -q avx"

# --- events ---

# Instructions of one call: exact and the same in both runs, or null with a reason; never 0 for what is missing.
perf_is_whole() {
	for i in 1 2; do
		quick --perf --isa scalar,$best --benchmark_filter='gemm/m:16/n:16/.*/f32|pool/fwd.*/f32' --benchmark_out="$folder/perf$i.json" --summary "$folder/perf-summary.json" >"$folder/perf" || return
	done
	python "$folder/perf1.json" "$folder/perf2.json" "$folder/perf-summary.json" <<-'END'
		other, summary = (json.load(open(f), parse_constant=refuse)["benchmarks"] for f in sys.argv[2:])
		events = ["instructions", "cycles", "fp_ops", "branches", "branch_misses", "l1d_misses", "l2_misses", "l3_misses", "cpu_ns", "page_faults", "context_switches", "migrations", "joules"]
		for rows in r["benchmarks"], other, summary:
		    for b in rows:
		        assert list(b["counters"]) == events, list(b["counters"])
		        for event, count in b["counters"].items():
		            if count["value"] is None: assert count["source"] == "unavailable" and count["reason"] and event not in b, event
		            else: assert count["source"] != "unavailable" and count["exact"] in (True, False) and b[event] == count["value"], event
		        assert b["counters"]["page_faults"]["value"] is not None or b["library"] != "cyclebench"
		def exact(rows): return {b["name"]: b["instructions"] for b in rows if b["counters"]["instructions"].get("exact")}
		assert exact(r["benchmarks"]) == exact(other)
		for name, n in exact(other).items():
		    if "gemm" in name: assert 16**3 * 2 / 16 / 2 < n < 16**3 * 40, (name, n) # an fma is at most 16 wide; packing, too
		ours = [b for b in other if b["library"] == "cyclebench"]
		assert ours and (exact(ours) or all(b["counters"]["instructions"].get("reason") or b["instructions"] > 0 for b in ours))
	END
}
best=$("$build/cyclebench" info --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["isa_available"][-1])')
check '--perf counts, or says why not' perf_is_whole
check '--perf prints what it counted' says '^      a call: .*page_faults [0-9]' cat "$folder/perf"
# Events of one's choice: each has a value, which the CSV has too, or a reason; so has what they mean together.
events_are_whole() {
	quick --no-peers --isa scalar --iterations 20 --benchmark_filter='pool/fwd/c:64.*f32' --events PAPI_TLB_DM,page-faults,task-clock,dTLB-load-misses \
		--group branch --format csv --summary "$folder/events.json" >"$folder/events.csv" 2>"$folder/notes" || { cat "$folder/notes"; return 1; }
	python "$folder/events.json" "$folder/events.csv" <<-'END'
		import csv
		[b], [row] = r["benchmarks"], csv.DictReader(open(sys.argv[2], newline=""))
		chosen = list(b["counters"])[12:-1]
		assert chosen == ["PAPI_TLB_DM", "page-faults", "task-clock", "dTLB-load-misses"], chosen
		for event, count in b["counters"].items():
		    if count["value"] is None: assert count["reason"] and event not in b and row[event] == "", event
		    else: assert float(row[event]) == count["value"] == b[event], event
		    if event in chosen: assert r["machine"]["counters"].get(event + ("_proof" if count["value"] is not None else "_reason")), event
		assert {"ipc", "branch_miss_share", "gflops_analytic", "joules", "watts"} < set(b["derived"])
		for key, value in b["derived"].items():
		    if key.endswith("_reason"): continue
		    assert (value is None) == (key + "_reason" in b["derived"]), key
		    if key != "joules": assert row[key] == "" if value is None else float(row[key]) == value, key
		assert b["counters"]["task-clock"]["value"] is None or b["task-clock"] > 0
		if b["derived"]["ipc"] is not None: assert abs(b["derived"]["ipc"] / (b["instructions"] / b["cycles"]) - 1) < 1e-9
	END
}
check '--events and --group: counted, or why not' events_are_whole
what_is_missing_is_told() {
	python "$folder/events.json" "$folder/notes" <<<'
notes = open(sys.argv[2]).read()
for event, count in r["benchmarks"][0]["counters"].items():
    if event + "_reason" in r["machine"]["counters"]: assert any(line.startswith("# not counted: ") and event in line for line in notes.splitlines()), event'
}
check 'what is not counted is told once, with its reason' what_is_missing_is_told
check '--group energy prints joules, or why not' says '^      (derived: joules [0-9]|no joules: joules: .)' quick --no-peers --isa scalar --benchmark_filter='pool/fwd/c:64.*f32' --group energy
check 'an event of no such name' ends_saying 2 "^cyclebench bench: --events: no event is called 'PAPI_TLB_DN'; did you mean PAPI_TLB_DM\\?" bench --events page-faults,PAPI_TLB_DN
check 'no event' ends_saying 2 '^cyclebench bench: --events: expected names of events' bench --events ''
check 'a group of no such name' ends_saying 2 "got 'caches'; did you mean cache\\?" bench --group caches
check '--perf of a cold case' grep -q 'flushing the caches would be counted' "$folder/cold.json"

# --- ceilings ---

bench --ceilings --threads 1,2 --oversubscribe --benchmark_out="$folder/ceilings.json" >"$folder/ceilings"
ceilings_are_whole() {
	python "$folder/ceilings.json" <<<'
assert [c["threads"] for c in r["ceilings"]] == [1, 2]
for c in r["ceilings"]:
    assert set(c["fma_peak_FLOPS"]) == set(c["bf16_peak_FLOPS"]) == set(r["machine"]["isa_available"])
    for level in c["bandwidth_bytes_per_second"].values():
        assert level.get("reason") or all(level[s] > 0 for s in ("read", "copy", "triad"))'
}
check '--ceilings prints peaks' says '^  FMA peak, fp32, scalar +[0-9.]+ GFLOP/s; dot products of bf16 +[0-9.]+$' cat "$folder/ceilings"
check '--ceilings --benchmark_out is whole' ceilings_are_whole

# --- a wrong kernel ---

wrong --benchmark_out="$folder/wrong.json" --summary "$folder/wrong-summary.json" >"$folder/wrong.txt" 2>&1
wrong_status=$?
wrong_says() { says "$1" cat "$folder/wrong.txt"; }
wrong_has_no_row() {
	python "$folder/wrong.json" "$folder/wrong-summary.json" <<-'END'
		assert {b["name"].split("/")[4].split(":")[0] for b in r["benchmarks"]} == {"right"}
		assert sorted(e["name"].split("/")[4].split(":")[0] for e in r["errors"]) == ["breaks", "breaks_later", "off_by_one", "too_short"]
		assert [s["reason"] for s in r["skipped"]] == ["not offered for this shape"]
		assert len(json.load(open(sys.argv[2]))["benchmarks"]) == 1
	END
}
check 'a wrong kernel is an error' [ $wrong_status -eq 1 ]
check 'the first wrong number is told' wrong_says 'add/n:1000/t:1/warm/off_by_one:[a-z0-9]+: wrong result, not timed: y\[500\] is 2, the scalar reference computes 1'
check 'what a kernel does not write is found' wrong_says 'too_short.*y\[999\] is -?nan, the scalar'
check 'a kernel that breaks while it is timed is an error' wrong_says 'breaks_later.*it broke in the third call'
check 'how many failed is told' wrong_says '^cyclebench bench: 4 cases failed, as told above; 1 measured$'
check 'wrong kernels get no row, right ones do' wrong_has_no_row
check 'the right one alone is no error' exits_with 0 wrong --benchmark_filter=right
check 'what is not offered is skipped, with the reason' wrong_says '^  absent:[a-z0-9]+ +skipped: not offered for this shape$'
check 'nothing but skipped cases is an error' exits_with 1 wrong --benchmark_filter=absent

# --- shapes that only some take, and a wrong library ---

echo 'conv kind=3x3 c=16 k=16 hw=10 batch=1 numerics=fp32' >"$folder/hw10.txt"
{
	echo 'conv kind=3x3 c=16 k=16 hw=8 batch=1 numerics=fp32'
	echo 'conv kind=3x3 c=64 k=64 hw=8 batch=1 numerics=bf16-all'
	echo 'conv kind=3x3 c=64 k=64 hw=8 batch=1 numerics=bf16-storage'
} >"$folder/peer.txt"
"$build/test/wrong-peer/cyclebench-bench" --threads 1 --shapes "$folder/peer.txt" --isa scalar --benchmark_min_time=0 --benchmark_repetitions=1 \
	--benchmark_filter='conv/(fwd|bwd)/.*(First|Second)' --benchmark_out="$folder/peer.json" >"$folder/peer-out.txt" 2>&1
wrong_peer_status=$?
lost_taps_are_found() {
	python "$folder/peer.json" <<-'END'
		def names(rows, way): return sorted(b["name"].split("/t:")[0] + b["name"].split(way)[1].split("/")[0] for b in rows if way in b["name"])
		right, wrong = names(r["benchmarks"], "First:right"), names(r["errors"], "First:loses_tap")
		assert right == wrong and len(right) == 7, (right, wrong)
		assert not names(r["benchmarks"], "First:loses_tap") and not names(r["errors"], "First:right")
		assert names(r["benchmarks"], "Second:right") == right
	END
}
check 'Winograd is skipped where the direct convolution is timed' ends_saying 0 '^  winograd:[a-z0-9]+ +skipped: convolution \(Winograd\): width: expected a multiple of 4, got 10$' quick --shapes "$folder/hw10.txt"
check 'a library that loses a tap of one channel is an error' [ $wrong_peer_status -eq 1 ]
check 'its difference is told' says 'First:loses_tap: wrong result, not timed: differs from ours by .* of the largest value, at most 1e-01 expected, and in one channel by' cat "$folder/peer-out.txt"
check 'it gets no row, one that is right does' lost_taps_are_found

# --- bad input ---

nothing_left() { [ -z "$(find "$folder" -newer "$folder/mark" -type f ! -name mark)" ] || { ls -l "$folder"; return 1; }; }
malformed() { printf "$1" >"$folder/shapes.txt" && bench --shapes "$folder/shapes.txt" --benchmark_list_tests; }
other_isa=neon
[ "$(uname -m)" != aarch64 ] || other_isa=avx2
full_stdout() { quick --no-peers --benchmark_filter=pool/fwd.*f32 >/dev/full; }
full_list() { bench --benchmark_list_tests >/dev/full; }
old_file_stays() {
	echo old >"$folder/old.json"
	quick --benchmark_filter=nosuch --benchmark_out="$folder/old.json" >/dev/null 2>&1
	[ "$(cat "$folder/old.json")" = old ] && [ "$(echo "$folder"/old.json*)" = "$folder/old.json" ]
}

check 'a filter without a match is an error: before the head' [ "$(bench --no-peers --benchmark_filter=nosuch 2>&1 | wc -l)" = 1 ]
check 'it says what to do' ends_saying 2 "^cyclebench bench: no case matches 'nosuch'; --benchmark_list_tests lists those" bench --benchmark_filter=nosuch
check 'so it is when listing' exits_with 2 bench --benchmark_filter=nosuch --benchmark_list_tests
check 'a filter that is no expression is an error' ends_saying 2 "^cyclebench bench: --benchmark_filter: Could not compile" bench --no-peers --benchmark_filter='(('
check 'a malformed shape: line and column' says 'shapes.txt:2:17: c: expected 3 to 1024, got .2.$' malformed 'sgd len=5\nconv kind=3x3 c=2 k=16 hw=8 batch=1\n'
check 'a shape on the command line' says '^gemm/m:5/n:6/k:7/bf16/' bench --shape 'gemm m=5 n=6 k=7 numerics=bf16' --benchmark_list_tests
check 'it is malformed: where' ends_saying 2 '^cyclebench bench: --shape:1:16: k: expected 1 to 65536, got .0.$' bench --shape 'gemm m=5 n=6 k=0'
check 'two lines are not one' ends_saying 2 '^cyclebench bench: --shape: expected one line' bench --shape $'sgd len=5\nsgd len=6'
check 'a numerics version that does not exist' says 'numerics: expected one of fp32-direct, fp32-winograd, bf16-backward, bf16-storage, bf16-all, got .fp8.' bench --shape 'step depth=56 numerics=fp8 batch=2'
check 'a depth that is no CIFAR ResNet' exits_with 2 bench --shape 'step depth=21 batch=2'
check 'a malformed shape: status 2' exits_with 2 malformed 'conv kind=3x3\n'
check 'values that do not go together' says 'shapes.txt:1:1: convolution \(3x3, stride 2\): width: expected a multiple of 2, got 7$' malformed 'conv kind=3x3s2 c=16 k=16 hw=7 batch=1 numerics=fp32\n'
check 'a numerics version that the kind does not have' says 'shapes.txt:1:1: numerics of kind=3x3 alone' malformed 'conv kind=stem c=3 k=16 hw=8 batch=1 numerics=bf16-all\n'
check 'a shape that the kernels of bf16 do not take' ends_saying 2 'shapes.txt:2:1: convolution \(Winograd\): width: expected a multiple of 8, got 10$' malformed 'sgd len=5\nconv kind=3x3 c=16 k=16 hw=10 batch=1 numerics=bf16-storage\n'
check 'channels that the kernels do not take' ends_saying 2 'shapes.txt:1:1: convolution \(3x3\): input channels: expected a multiple of 16, got 24$' malformed 'conv kind=3x3 c=24 k=16 hw=8 batch=1 numerics=fp32\n'
check 'a truncated shape file' says 'shapes.txt:1:8: the last line has no end' malformed 'sgd len'
check 'a shape file that is not there' says '/nonexistent: cannot read shapes: No such file' bench --shapes /nonexistent
check 'a folder of shapes that is empty' exits_with 2 env CYCLEBENCH_SHAPES=/nonexistent "$build/cyclebench" bench --benchmark_list_tests
check 'an instruction set that the machine lacks' says "^cyclebench bench: --isa: this machine or build has no $other_isa; available: scalar" bench --isa "$other_isa"
check 'its status is 2' exits_with 2 bench --isa "$other_isa"
check 'one of the environment that the machine lacks' exits_with 2 env CYCLEBENCH_ISA="$other_isa" "$build/cyclebench" bench --benchmark_list_tests
check 'an instruction set that does not exist' says "unknown instruction set 'mmx'" bench --isa scalar,mmx
check 'an empty list of instruction sets' exits_with 2 bench --isa ''
check 'an unknown option' says "^cyclebench bench: unknown option '--fast'; --help" bench --fast
check 'an unknown flag of the library' exits_with 2 bench --benchmark_no_such_flag
check 'a missing value' says "^cyclebench bench: no value after '--batch'" bench --batch
check 'an argument' says "unexpected argument 'conv'" bench conv
check 'a context is taken without a word' bash -c "! '$build/cyclebench' bench --no-peers --threads 1 --iterations 1 --benchmark_filter='pool/fwd.*f32' --benchmark_context=who=me 2>&1 | grep 'Failed to add'"
check '--format of no such form' ends_saying 2 "^cyclebench bench: --format: expected csv or markdown, got 'xml'; " bench --format xml
for other in --benchmark_format=json --benchmark_display_aggregates_only=false --ceilings; do
	check "--format with $other" ends_saying 2 "--format prints the medians of cases: leave out $other" bench --format csv $other
done
check 'a format that does not exist' exits_with 2 bench --benchmark_format=xml
check 'a colour' ends_saying 2 '^cyclebench bench: --benchmark_color: expected auto or false' bench --benchmark_color=true
check 'a number of calls where seconds stand' ends_saying 2 '; --iterations N fixes the number of calls$' bench --benchmark_min_time=5x
check 'a folder of shapes' exits_with 0 bench --no-peers --shapes bench/suites --benchmark_list_tests
check 'a folder without shapes' ends_saying 2 'no shapes \(\*\.txt\) in this folder$' bench --no-peers --shapes "$folder/empty" --benchmark_list_tests
check 'a product of any size' says '^gemm/m:100/n:37/k:53/f32/' malformed 'gemm m=100 n=37 k=53\n'
check 'a unit of time that does not exist' exits_with 2 bench --benchmark_time_unit=hours
check 'no repetition' exits_with 2 bench --benchmark_repetitions=0
check 'threads that are no number' says "^cyclebench bench: --threads: expected 1 to 4096, got 'x'" bench --threads 1,x
check 'a batch beyond what a kernel takes' says '^cyclebench bench: --batch: step takes 1 to 1024, got 2048$' bench --batch 2048 --benchmark_list_tests
check 'a state of the caches that does not exist' exits_with 2 bench --cache tepid
: >"$folder/mark"
full=$(full_device "$folder")
check 'a full disk' ends_saying 1 '^cyclebench bench: .*/full: cannot write the results: No space left on device$' quick --no-peers --benchmark_filter=pool/fwd.*f32 --benchmark_out="$full"
check 'a device is not replaced by a file' [ -c "$full" ]
check 'a full disk for the summary' exits_with 1 quick --no-peers --benchmark_filter=pool/fwd.*f32 --summary "$full"
check 'standard output on a full disk' ends_saying 1 '^cyclebench bench: standard output: cannot be written: No space left on device$' full_stdout
check '--help on a full disk' exits_with 1 bash -c "'$build/cyclebench' bench --help >/dev/full"
check 'the list on a full disk' exits_with 1 full_list
link_stays() {
	echo old >"$folder/target.json"
	ln -s target.json "$folder/link.json"
	quick --no-peers --iterations 1 --benchmark_filter='pool/fwd.*f32' --benchmark_out="$folder/link.json" >/dev/null || return
	[ -L "$folder/link.json" ] && grep -q '"interrupted": false' "$folder/target.json" && rm "$folder/target.json" "$folder/link.json"
}
check 'a link stays, its file is replaced' link_stays
check 'a folder that is not there is told before anything is measured' says '^cyclebench bench: --benchmark_out: .*/missing/x.json: cannot be written: No such file' bench --benchmark_out="$folder/missing/x.json"
check 'a folder in the place of the file' says '^cyclebench bench: --summary: .* is a folder$' bench --summary "$folder"
check 'nothing was left behind' nothing_left
check 'after a failure the old file is as it was' old_file_stays

# --- interrupted ---

# When two cases are in the table; a terminal is given as standard error, to see what is shown there.
interrupted() {
	rm -f "$folder/part.json"
	python3 - "$build/cyclebench" bench --no-peers --threads 1 --isa scalar --batch 1 --benchmark_min_time=0.2 --benchmark_repetitions=2 \
		--benchmark_filter='pool|bn/' --benchmark_out="$folder/part.json" >"$folder/part" 2>&1 <<-'END'
		import os, pty, signal, subprocess, sys
		terminal, side = pty.openpty()
		child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=side, text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
		os.close(side)
		cases = 0
		for line in child.stdout:
		    print(line, end="")
		    cases += line.startswith(("pool/", "bn/"))
		    if cases == 2: break
		child.send_signal(signal.SIGINT)
		for line in child.stdout: print(line, end="")
		status = child.wait(100)
		try: print(os.read(terminal, 65536).decode())
		except OSError: pass
		sys.exit(status if status >= 0 else 99)
	END
	[ $? -eq 130 ] || { cat "$folder/part"; return 1; }
	python "$folder/part.json" <<<'
names = {b["run_name"] for b in r["benchmarks"]}
assert r["interrupted"] is True and 2 <= len(names) < 12, names
assert all(len([b for b in r["benchmarks"] if b["run_name"] == n and b["run_type"] == "iteration"]) == 2 for n in names)'
}
check 'interrupted: complete cases are written, status 130' interrupted
check 'the terminal said how far it is' says 'case 2 of [0-9]+, about [0-9]+ (s|min) left' cat "$folder/part"
check 'and that it was interrupted' says 'cyclebench bench: interrupted after [0-9]+ of [0-9]+ cases; these are complete' cat "$folder/part"

# At four moments of a case's repetitions: its file is written, or the case was done. --foreground: one signal, not two.
interrupted_between_repetitions() {
	local delay status interrupted=0
	for delay in 0.6 0.9 1.2 1.5; do
		rm -f "$folder/part.json"
		timeout --foreground --signal=TERM --preserve-status $delay "$build/cyclebench" bench --no-peers --threads 1 --isa scalar --batch 1 --benchmark_min_time=0.1 \
			--benchmark_repetitions=20 --benchmark_filter='pool/fwd' --benchmark_out="$folder/part.json" 2>&1
		status=$?
		[ $status -eq 143 ] && interrupted=1
		[ $status -eq 143 ] || [ $status -eq 0 ] || { echo "status $status after $delay s"; return 1; }
		[ -s "$folder/part.json" ] || { echo "no file after $delay s"; return 1; }
	done
	[ $interrupted = 1 ]
}
check 'interrupted between repetitions: a file is written, status 143' interrupted_between_repetitions

# --- without libraries ---

check 'a library that is not here is named' says '^# BLIS: not found \(.*libblis.so.4.*; libblis-dev has it\)$' bare --benchmark_filter=pool/fwd
check 'it goes on without' exits_with 0 bare --benchmark_filter='conv/fwd/stem|gemm/m:16/n:16/'
check 'a filter that only it would match' says "no case matches 'oneDNN'.*not here: oneDNN" bare --benchmark_filter=oneDNN
check '--no-peers asks no library' bash -c "! '$build/cyclebench' bench --threads 1 --no-peers --benchmark_list_tests | grep -qE 'oneDNN|OpenBLAS|BLIS|LIBXSMM|PyTorch'"
finish

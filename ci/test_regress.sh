#!/bin/bash
# cyclebench regress on counts that are written here: every verdict, every file, and input that is malformed.
set -u
cd "$(dirname "$0")/.." || exit 1
. ci/tap.sh
build=${CYCLEBENCH_BUILD:-build}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# counts FILE ISA_OF_B COUNT_OF_C CASE...: of one source; a case is name=count, or name=reason where it is not counted.
counts() {
	local file=$1 sep='' one name value
	shift
	{
		printf '{"version": "1", "commit": "c0ffee", "compiler": "gcc 12", "groups": [{"source": "callgrind", "isa": "avx2", "compiler": "gcc-12.2.0",\n'
		printf '"libc": "glibc 2.36", "cases": ['
		for one in "$@"; do
			name=${one%%=*} value=${one#*=}
			if [[ $value =~ ^[0-9]+(@.*)?$ ]]; then
				local isa=avx2
				[[ $value != *@* ]] || isa=${value#*@}
				printf '%s{"name": "%s", "isa": "%s", "count": %s}' "$sep" "$name" "$isa" "${value%@*}"
			else
				printf '%s{"name": "%s", "isa": "avx2", "count": null, "reason": "%s"}' "$sep" "$name" "$value"
			fi
			sep=$',\n'
		done
		printf ']}]}\n'
	} >"$file"
}
regress() { "$build/cyclebench" regress "$@"; }
verdict_of() { jq -r --arg name "$1" '.cases[] | select(.name == $name) | .verdict' "$work/out/regress.json"; }
# verdict EXPECTED CASE: in the last report.
with_group() { jq "$2" "$work/$1"; } # FILE FILTER: a change of it
verdict() { [ "$(verdict_of "$2")" = "$1" ] || { verdict_of "$2"; return 1; }; }

counts "$work/base" a=100000 b=1000 gone=50 skipped=70 fell=4000 never='too long' shrinks=1000
check 'a build against itself passes' ends_saying 0 '^verdict: pass$' regress "$work/base" "$work/base"

counts "$work/head" a=100500 b=1006 skipped='not built' fell=4000@scalar never='too long' shrinks=900 added=3
check 'a regression has status 3' ends_saying 3 '^verdict: regression$' regress "$work/base" "$work/head" --out "$work/out"
check 'growth of 0.5 % is within the limit' verdict same a
check 'growth of 0.6 % is not' verdict regressed b
check 'a case that vanished' verdict vanished gone
check 'a case that is not run any more' verdict skipped skipped
check "a case that runs another instruction set's code, with the same count" verdict 'fell back' fell
check 'a case that was never counted is no regression' verdict 'not counted' never
check 'an improvement' verdict improved shrinks
check 'a new case' verdict new added

check 'JSON: the names that others rely on' jq -e '.verdict == "regression" and (.cases | all(has("name") and has("source") and has("base") and
  has("head") and has("change_percent") and has("verdict")))' "$work/out/regress.json"
check 'JSON: what is missing is null with a reason' jq -e '.cases[] | select(.name == "never") | .base == null and .base_reason == "too long"' "$work/out/regress.json"
check 'Markdown: the verdict first' [ "$(head -n 1 "$work/out/regress.md")" = '## cyclebench regress: regression' ]
check 'Markdown: what is worse in the first table' [ "$(sed -n '/^|---/,/^$/p' "$work/out/regress.md" | sed -n 2,5p | grep -cE '^\| (vanished|regressed|skipped|fell back) ')" -eq 4 ]
check 'JUnit: four failures' grep -q 'failures="4" errors="0" skipped="1"' "$work/out/regress.xml"
check 'github-action-benchmark: customSmallerIsBetter' jq -e 'length == 5 and all(has("name") and has("unit") and has("value"))' "$work/out/github-action-benchmark.json"
check 'Bencher: a measure a name' jq -e '.["callgrind-avx2-gcc-12.2.0/b"].instructions.value == 1006' "$work/out/bencher.json"
check 'Otava: as many titles as values' [ "$(awk -F, '{ print NF }' "$work/out/otava.csv" | sort -u | wc -l)" -eq 1 ]
if command -v python3 >/dev/null; then
	check 'JUnit is XML' python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$work/out/regress.xml"
fi

many=()
for i in $(seq 3000); do many+=("operation/with/quite/a/long/name/of/a/shape/c:16/k:16/hw:8/batch:2/number:$i=$i"); done
counts "$work/many" "${many[@]}"
check 'Markdown stays below 200 KiB, and says so' ends_saying 0 'rows are left out; regress.json has them' eval 'regress "$work/many" "$work/many" --out "$work/out" && cat "$work/out/regress.md"'
check 'so small it is' [ "$(stat -c %s "$work/out/regress.md")" -lt 204800 ]

# What fails and what is noted comes before what is the same.
with_group base '.groups[0].cases[1].limit_percent = 50' >"$work/wide"
counts "$work/better" a=100000 b=1400 gone=50 skipped=70 fell=4000 never='too long' shrinks=900
check 'a case within a wide limit does not hide an improvement' ends_saying 0 '^improved .* shrinks$' \
	regress "$work/wide" "$work/better"
with_group base '.groups[0].cases |= map(if .name == "fell" then .isa = "scalar" else . end)' >"$work/by-scalar"
counts "$work/better" a=100000 b=1000 gone=50 skipped=70 fell=1000 never='too long' shrinks=1000
check "the instruction set's own code at last is no fallback" ends_saying 0 '^improved .* fell$' regress "$work/by-scalar" "$work/better"
with_group base '.groups[0].cases[1].count = 0' >"$work/zero"
check 'from 0' ends_saying 3 '^regressed +from 0 .* b$' regress "$work/zero" "$work/base" --out "$work/out"
check 'from 0: no percentage, with the reason' jq -e '.cases[] | select(.name == "b") | .change_percent == null and .change_percent_reason == "BASE is 0"' "$work/out/regress.json"
with_group base '.groups[0].cases[1].name = "a"' >"$work/twice"
check 'two cases of one name are refused' ends_saying 2 'has the case a twice' regress "$work/base" "$work/twice"
with_group base '.groups[0] += {cases: [], reason: "no valgrind", machine_lacks: true}' >"$work/lacking"
check 'what this machine cannot count is said, not gated' ends_saying 2 'callgrind-avx2-gcc-12.2.0: not gated, as this machine cannot' regress "$work/base" "$work/lacking"
with_group base '.groups[0] += {cases: [], reason: "aarch64/count-marked is not there", not_built: true}' >"$work/unbuilt"
check 'what HEAD has not built is a regression' ends_saying 3 '^skipped .*count-marked is not there' regress "$work/base" "$work/unbuilt"
with_group base '.groups[0].libc = "glibc 2.41"' >"$work/other"
check 'two C libraries are not compared' ends_saying 2 'counted with glibc 2.36, and here is glibc 2.41' regress "$work/base" "$work/other"
with_group base '.groups = [] | .only_isa = "scalar"' >"$work/other"
check 'what the user left out is not missed' ends_saying 2 'HEAD was counted with --isa scalar' regress "$work/base" "$work/other"
check 'JUnit: an error where nothing could be gated' eval 'regress "$work/base" "$work/other" --out "$work/out"; grep -q "errors=\"1\"" "$work/out/regress.xml" && grep -q "<error " "$work/out/regress.xml"'
cp "$work/base" "$work/"$'\xff'
check 'a path that is not UTF-8' eval 'regress "$work/base" "$work/"$'"'\\xff'"' --out "$work/out" && jq -e ".verdict == \"pass\"" "$work/out/regress.json"'

# Baselines.
mkdir "$work/baselines"
file=$work/baselines/callgrind-avx2-gcc-12.2.0.tsv
check 'no baseline: said, and nothing is gated' ends_saying 2 'there is no baseline' regress "$work/base" --baseline "$work/baselines"
check '--update wants the reason' ends_saying 2 '--because' regress "$work/base" --baseline "$work/baselines" --update
check '--update writes it' exits_with 0 regress "$work/base" --baseline "$work/baselines" --update --because 'first'
check 'what is not counted is not in it' exits_with 1 grep -q never "$file"
check 'its own counts pass' ends_saying 0 '^verdict: pass$' regress "$work/base" --baseline "$work/baselines"
check 'one file as the baseline' exits_with 0 regress "$work/base" --baseline "$file"
check 'a regression against it' ends_saying 3 'regressed .* b$' regress "$work/head" --baseline "$work/baselines"
check 'a fallback against it' ends_saying 3 '^fell back .* fell: code of scalar, was avx2$' regress "$work/head" --baseline "$work/baselines"
sed -i 's/^\(b\t1000\t\)0.5/\12/' "$file"
counts "$work/head" a=100000 b=1006 gone=50 skipped=70 fell=4000 shrinks=1000
check 'a limit of its own' exits_with 0 regress "$work/head" --baseline "$work/baselines"
check '--update keeps reason and limit of what did not change' exits_with 0 regress "$work/head" --baseline "$work/baselines" --update --because 'second'
check 'and takes the reason for what did' eval 'grep -qE "^b.1006.2.second$" "$file" && grep -qE "^a.100000.0.5.first$" "$file"'
sed 's/glibc 2.36/glibc 2.41/' "$work/base" >"$work/other"
check 'another C library: said, not gated' ends_saying 2 'counted with glibc 2.36, and here is glibc 2.41' regress "$work/other" --baseline "$work/baselines"
sed 's/gcc-12.2.0/gcc-14.2.0/' "$work/base" >"$work/other"
check 'another compiler has another file' ends_saying 2 'callgrind-avx2-gcc-14.2.0.tsv: there is no baseline' regress "$work/other" --baseline "$work/baselines"
with_group base '.groups[0] += {cases: [], reason: "ended with signal 4"}' >"$work/other"
check 'a build whose counting breaks down' ends_saying 3 '^skipped .*signal 4' regress "$work/other" --baseline "$work/baselines"
echo '{"groups": [{"source": "callgrind", "isa": "avx2", "cases": [], "reason": "no valgrind", "machine_lacks": true}]}' >"$work/other"
with_group base '.groups[0] += {cases: [], reason: "it counted nothing"}' >"$work/none"
check 'a build that counts nothing any more' ends_saying 3 '^skipped .*it counted nothing' regress "$work/none" --baseline "$work/baselines"
with_group none 'del(.groups[0].compiler)' >"$work/none2"
check 'also where it does not tell its compiler' ends_saying 3 '^skipped .*it counted nothing' regress "$work/none2" --baseline "$work/baselines"
cp "$file" "$work/kept"
check '--update with nothing to write' ends_saying 2 'HEAD counted nothing' regress "$work/none" --baseline "$work/baselines" --update --because 'none'
check 'leaves all as it is' cmp -s "$file" "$work/kept"
check 'a machine without the tool: nothing is gated' ends_saying 2 'no valgrind' regress "$work/other" --baseline "$work/baselines"

sed 's/"isa": "avx2", "compiler"/"isa": "scalar", "compiler"/' "$work/base" >"$work/other"
check 'a baseline whose instruction set is not counted any more' ends_saying 3 '^vanished .* callgrind-avx2-gcc-12.2.0  a:' regress "$work/other" --baseline "$work/baselines"
sed -i 's/{"version"/{"only_isa": "scalar", "version"/' "$work/other"
check 'but not where the user counted some only' ends_saying 2 'there is no baseline' regress "$work/other" --baseline "$work/baselines"

# malformed SED PATTERN: the file, changed so, is refused with this message.
malformed() {
	sed "$1" "$file" >"$work/broken.tsv"
	ends_saying 2 "broken.tsv:$2" regress "$work/base" --baseline "$work/broken.tsv"
}
check 'malformed: no number' malformed 's/^a\t100000/a\tmany/' '7:3: expected a count'
check 'malformed: a negative number' malformed 's/^a\t100000/a\t-1/' '7:3: expected a count'
check 'malformed: a limit above 100' malformed 's/^a\t100000\t0.5/a\t100000\t500/' '7:10: expected 0 to 100 percent'
check 'malformed: no limit' malformed 's/^a\t100000\t0.5/a\t100000\t/' '7:10: expected 0 to 100 percent'
check 'malformed: no reason' malformed 's/\tfirst$//' '7:.*the reason'
check 'malformed: a name twice' malformed '$s/^.*$/a\t100000\t0.5\tagain/' '12:1: expected a name that no line above has'
check 'malformed: no titles' malformed '6d' '6:1: expected the titles'
check 'malformed: no compiler' malformed '/^# compiler/d' "1:1: expected a line '# compiler'"
head -c -3 "$file" >"$work/broken.tsv"
check 'malformed: cut off' ends_saying 2 'broken.tsv:12:.*cut off' regress "$work/base" --baseline "$work/broken.tsv"
cp "$file" "$work/kept"
cp "$work/broken.tsv" "$file"
check 'a malformed baseline is not overwritten' exits_with 2 regress "$work/head" --baseline "$work/baselines" --update --because 'third'
check 'it is as it was' cmp -s "$file" "$work/broken.tsv"
cp "$work/kept" "$file"
with_group base '.groups += [.groups[0] | .source = "single-step"]' >"$work/two-groups"
check 'nor is a sound one beside it' eval 'cp "$work/broken.tsv" "$work/baselines/single-step-avx2-gcc-12.2.0.tsv"; exits_with 2 regress "$work/two-groups" --baseline "$work/baselines" --update --because "third" && cmp -s "$file" "$work/kept"'
rm "$work/baselines/single-step-avx2-gcc-12.2.0.tsv"
counts "$work/head" a=100000 b=1000 gone=50 skipped=70 fell=4000@scalar shrinks=1000
check '--update accepts a fallback' exits_with 0 regress "$work/head" --baseline "$work/baselines" --update --because 'meant so'
check 'and keeps who provides it' grep -qE '^fell.4000.0.5.meant so.scalar$' "$file"
check 'after which it passes' exits_with 0 regress "$work/head" --baseline "$work/baselines"
mkdir "$work/others"
long=$(printf 'x%.0s' {1..300})
printf '{"benchmarks": [{"name": "%s", "INSTRUCTIONS": 50}]}' "$long" >"$work/google"
ci/counts-of google-benchmark "$work/google" >"$work/google-counts"
check 'counts of other programs as a baseline' eval 'regress "$work/google-counts" --baseline "$work/others" --update --because first && regress "$work/google-counts" --baseline "$work/others"'
with_group google-counts '.groups[0].source = "callgrind"' >"$work/program-counts"
check 'two sources of them in a folder' eval 'regress "$work/program-counts" --baseline "$work/others" --update --because first && regress "$work/google-counts" --baseline "$work/others"'

# Other bad input.
echo '{"groups": ' >"$work/broken"
check 'malformed counts: line and column' ends_saying 2 'broken:[0-9]+:[0-9]+: ' regress "$work/broken" "$work/base"
echo '{"benchmarks": []}' >"$work/broken"
check 'a file of something else' ends_saying 2 'no "groups"' regress "$work/broken" "$work/base"
check 'a folder without a build' ends_saying 2 'no cyclebench-count' regress "$work" "$work/base"
mkdir "$work/failing"
printf '#!/bin/bash\nexit 1\n' >"$work/failing/cyclebench-count"
chmod +x "$work/failing/cyclebench-count"
check 'a build whose program fails' ends_saying 1 'exit status 1' regress "$work/failing" "$work/base"
echo '{"verdict": "pass"}' >"$work/out/regress.json"
check 'an error replaces the reports of an earlier run' eval 'exits_with 1 regress "$work/failing" "$work/base" --out "$work/out"; jq -e ".verdict == \"error\" and (.notes | length) == 1" "$work/out/regress.json"'
check '--out in a file: before anything is counted' ends_saying 2 '^cyclebench regress: --out: .*is no folder' regress "$work/failing" "$work/base" --out "$work/base"
check 'nothing there' ends_saying 2 'No such file' regress "$work/nothing" "$work/base"
check 'one side only' ends_saying 2 'expected BASE and HEAD' regress "$work/base"
check '--help' says '^Usage: cyclebench regress BASE HEAD' regress --help

# History.
counts "$work/other-head" a=100000 b=1006
check 'history: a line a run' eval 'regress "$work/base" "$work/base" --history "$work/history"; exits_with 3 regress "$work/base" "$work/other-head" --history "$work/history"'
check 'history: all numbers of HEAD' jq -es 'length == 2 and .[1].cases[1].value == 1006 and all(.history == 1 and .commit == "c0ffee" and has("time"))' "$work/history"
printf '{"cut' >>"$work/history"
cp "$work/history" "$work/kept"
check 'history: nothing is appended to a line that was cut off' ends_saying 2 'cut off' regress "$work/base" "$work/base" --history "$work/history"
check 'history: it is as it was' cmp -s "$work/history" "$work/kept"

# Two builds: stand-ins for their programs. build FOLDER COUNTS FINGERPRINT PEAK_BYTES.
build_of() {
	mkdir -p "$work/$1"
	printf '#!/bin/bash\ncp "%s" "$2"\n' "$work/$2" >"$work/$1/cyclebench-count"
	printf '#!/bin/bash\nmkdir -p "$3"\n' >"$work/$1/cyclebench-data"
	cat >"$work/$1/cyclebench-train" <<-END
		#!/bin/bash
		mkdir -p "\$5"
		printf '{"recipe": {"numerics": {"version": "%s"}}}\\n{"loss_fingerprint": "$3", "peak_memory_bytes": $4}\\n' "${6:-fp32}" >"\$5/run.jsonl"
	END
	# Against itself: the spread is \$NOISE. Against another: slower by \$SLOWER.
	cat >"$work/$1/cyclebench-ab" <<-'END'
		#!/bin/bash
		verdict='no difference found' new=1.0 low=$(awk "BEGIN { print 1 - $NOISE }") high=$(awk "BEGIN { print 1 + $NOISE }")
		[ "$1" = "$2" ] || { new=$SLOWER verdict=slower; }
		printf '{"cases": [{"name": "x", "verdict": "%s", "old_median_seconds": 1.0, "new_median_seconds": %s, "ratio_low": %s, "ratio_high": %s}]}\n' \
			"$verdict" "$new" "$low" "$high" >"$6"
		[ -z "${ARGUMENTS:-}" ] || printf '%s\n' "${@:8}" >"$ARGUMENTS"
		[ "$verdict" != slower ] || exit 3
	END
	# CYCLES of a call, one word a round, repeated.
	cat >"$work/$1/cyclebench-bench" <<-END
		#!/bin/bash
		[ -z "\${ARGUMENTS:-}" ] || printf '%s\n' "\$@" >"\$ARGUMENTS"
		cycles=($5)
		round=\$(cat "$work/$1/round" 2>/dev/null || echo 0)
		echo \$((round + 1)) >"$work/$1/round"
		for option; do [[ \$option != --benchmark_out=* ]] || out=\${option#*=}; done
		printf '{"benchmarks": [{"name": "x", "counters": {"cycles": {"value": %s}, "cpu_ns": {"value": %s}, "fp_ops": {"value": null, "reason": "no PMU"}}}]}\n' \
			"\${cycles[round % \${#cycles[@]}]}" "\$round" >"\$out"
	END
	chmod +x "$work/$1/"cyclebench-*
}
build_of one base f00 1000 '1000 1001 1002 1003 1050'
build_of two base f00 1010 '1100 1101 1051 1103 1104'
build_of three base ba4 1100 '1100 1101 1049 1103 1104'
build_of four base f00 1000 '1009 1009 1009 1009 1009'
build_of five base f00 1000 null
head -c 5000 /dev/zero >"$work/one/libkernels.a"
head -c 5200 /dev/zero >"$work/two/libkernels.a"
check 'two builds with the same bits' ends_saying 0 '^verdict: pass$' regress "$work/one" "$work/two" --out "$work/out"
check 'a program that grew by 4 % is noted' verdict noted libkernels.a
check 'memory that grew by 1 % is not' verdict same smoke/peak_memory
check 'other bits are a regression' ends_saying 3 '^regressed .* smoke: other bits' regress "$work/one" "$work/three"
check 'memory that grew by 10 % is noted' ends_saying 3 '^noted .* smoke/peak_memory' regress "$work/one" "$work/three"
build_of six base ba4 1000 '1000' fp32b
check 'other bits by another numerics version are noted' ends_saying 0 '^noted .* smoke: another numerics version$' regress "$work/one" "$work/six"
printf '#!/bin/bash\nexit 1\n' >"$work/six/cyclebench-data"
check 'a build that makes no images' ends_saying 3 "^skipped .* smoke: HEAD's cyclebench-data makes no images" regress "$work/one" "$work/six"
timed() { NOISE=$1 SLOWER=$2 regress "$work/one" "$work/two" --no-training --time x "${@:3}"; }
check 'time: 10 % slower is noted, no failure' ends_saying 0 '^noted .* \+10.00 %.* time  x$' timed 0.01 1.1
check 'time: it fails where the user wants' ends_saying 3 '^regressed .* time  x$' timed 0.01 1.1 --time-gates
check 'time: 1 % does not count' ends_saying 0 '^verdict: pass$' timed 0.01 1.01 --time-gates
check 'time: the control is told' ends_saying 0 'BASE against itself: 0 of 1 cases called different' timed 0.01 1.1
check 'time: too noisy for a verdict' ends_saying 0 '^verdict: too_noisy$' timed 0.05 1.1 --time-gates
events() { regress "$work/one" "$work/$1" --no-training --events x "${@:2}"; }
check 'events: 10 % more cycles are noted, no failure' ends_saying 0 '^noted +.9.88 % +1002 +1101  events  x/cycles$' events two --out "$work/out"
check 'events: in the JSON' jq -e '.cases[] | select(.name == "x/cycles") | .metric == "events in a call" and .limit_percent == 2 and .hard == false' "$work/out/regress.json"
check 'events: what the system counts is not compared' exits_with 1 grep -q cpu_ns "$work/out/regress.json"
check 'events: what overlaps may be chance' ends_saying 0 ' 0 noted' events three
check 'events: 1 % does not count' ends_saying 0 ' 0 noted' events four
check 'events: what the CPU does not count is said once, with the reason' ends_saying 0 '^# events: fp_ops: no PMU$' events two
check 'events: not a number in HEAD' ends_saying 0 '^# events: cycles: not counted$' events five
printf '#!/bin/bash\nexit 2\n' >"$work/five/cyclebench-bench"
check 'events: a build that cannot' ends_saying 0 "^# events: not compared: HEAD's cyclebench-bench ended with status 2$" events five
check '--events of a baseline' ends_saying 2 'compare two builds' regress "$work/one" --baseline "$work/baselines" --events x

# The stand-ins take any option, so the real programs say whether they know them.
knows() { mapfile -t words <"$work/words" && "$build/cyclebench-bench" "${words[@]}" --benchmark_list_tests; }
check 'bench knows the options of --time' eval 'ARGUMENTS=$work/words timed 0.01 1.0 && sed -i "s/=x$/=sgd/" "$work/words" && says sgd/len knows'
check 'and those of --events' eval 'ARGUMENTS=$work/words events two && sed -i "s/=x$/=sgd/;/benchmark_out/d" "$work/words" && says sgd/len knows'
check '--time of files' ends_saying 2 'expected two folders' regress "$work/base" "$work/base" --time x
printf '#!/bin/bash\nexit 1\n' >"$work/two/cyclebench-ab"
check 'time that cannot be compared is said' ends_saying 0 'time: not compared: cyclebench ab ended with status 1' timed 0.01 1.1
check 'and an error where it gates' ends_saying 1 '^cyclebench regress: --time: not compared' timed 0.01 1.1 --time-gates

printf '#!/bin/bash\nexec sleep 60\n' >"$work/failing/cyclebench-count"
interrupted() {
	local start=$SECONDS status
	"$build/cyclebench-regress" "$work/failing" "$work/base" &
	sleep 0.5
	kill "$!"
	wait "$!"
	status=$?
	[ $((SECONDS - start)) -lt 30 ] || echo "after $((SECONDS - start)) s"
	[ $((SECONDS - start)) -lt 30 ] && [ $status -eq 143 ]
}
check 'a signal ends it at once, and what it runs' interrupted

check '--time-gates without cases' ends_saying 2 'of which cases' regress "$work/one" "$work/two" --time-gates
finish

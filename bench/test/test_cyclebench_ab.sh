#!/bin/bash
# cyclebench ab as a user runs it: programs with known times, and every way in which they and it can fail.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
build=${CYCLEBENCH_BUILD:-build}
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
unset CYCLEBENCH_ISA CYCLEBENCH_EXEC_PATH

ab() { "$build/cyclebench" ab "$@"; }

# fake NAME [CASE:NANOSECONDS...]: a cyclebench-bench in a folder NAME with these times, and 0 to 9 thousandths more from run to run.
# Asked for its cases it names them. Else it notes in calls.log how it was called. What standard input holds goes before its results: bash, with $run counted from 0.
fake() {
	local name=$1 program=$folder/$1/cyclebench-bench
	shift
	mkdir -p "$folder/$name"
	cat >"$program" <<-END
		#!/bin/bash
		case " \$* " in *" --benchmark_list_tests "*)
			for case in ${*:-one:1}; do echo "k/t:1/\${case%:*}/process_time/real_time"; done
			exit ;;
		esac
		echo "$name" "\$*" >>"$folder/calls.log"
		echo "a table that nobody reads"
		for file; do :; done
		read -r run 2>/dev/null <"$folder/$name/run" || run=0
		echo \$((run + 1)) >"$folder/$name/run"
		cases=($*)
		$(cat)
		{
			printf '{"machine": {"commit": "commit of $name", "threads": 2}, "benchmarks": ['
			for case in "\${cases[@]}"; do
				name=\${case%:*} base=\${case##*:}
				thousandths=\$((base * (1000 + (run * 7 + \${#name}) % 10)))
				printf '%s{"name": "k/t:1/%s/process_time/real_time", "contest": "k/t:1", "real_time": %d.%03d, "time_unit": "ns"}' \
					"\$comma" "\$name" "\$((thousandths / 1000))" "\$((thousandths % 1000))"
				comma=,
			done
			echo ']}'
		} >"\$file"
	END
	chmod +x "$program"
}
forget() { rm -f "$folder"/*/run "$folder/calls.log"; }
# fresh OLD NEW OPTION...: of fakes, from their first run on.
fresh() {
	forget
	ab "$folder/$1" "$folder/$2" "${@:3}"
}
# once OLD NEW OPTION...: the same; asked again it shows what it said then, with the same status.
once() {
	local said=$folder/said/${*//\//-} status
	mkdir -p "$folder/said"
	if [ ! -e "$said" ]; then
		fresh "$@" >"$said" 2>&1
		echo $? >"$said.status"
	fi
	cat "$said"
	read -r status <"$said.status"
	return "$status"
}
# json: the file of the last comparison is r.
json() {
	python3 -c '
import json, sys
def refuse(word): raise ValueError(word + " is not JSON")
r = json.load(open(sys.argv[1]), parse_constant=refuse)
cases = {c["name"].split("/")[2]: c for c in r["cases"]}
'"$(cat)" "$folder/ab.json"
}

fake base one:1000 two:2000 three:3000000 </dev/null
fake same one:1000 two:2000 three:3000000 </dev/null
fake slow one:1000 two:2200 three:3000000 </dev/null
fake fast one:1000 two:2000 three:2700000 </dev/null

# --- verdicts ---

no_word_on_intervals() { ! once base slow | grep 'interval without 1'; }

check 'the command finds it' says '^Usage: cyclebench ab OLD NEW' ab --help
check '--help succeeds' exits_with 0 ab --help
check 'equal builds: status 0' exits_with 0 once base same
check 'equal builds: no difference' says '^3 cases compared: 0 faster, 0 slower, 3 no difference found$' once base same
check 'a build and itself' says '^3 cases compared: 0 faster, 0 slower, 3 no difference found$' once base base
check 'a case is 10 % slower: status 3' exits_with 3 once base slow
check 'which one' says '^  two +2.00[0-9] us +2.2[0-9]+ us +0\.909  \[0\.90[0-9]\.\.0\.9[0-9]+\]  slower$' once base slow
check 'and how many' says '^3 cases compared: 0 faster, 1 slower, 2 no difference found$' once base slow
check 'verdicts that agree with the intervals need no word on them' no_word_on_intervals
check 'a case is faster: status 0' exits_with 0 once base fast
check 'it says faster' says '^  three +3.01[0-9]? ms +2.7[0-9]+ ms +1\.111  .*  faster$' once base fast
check 'the geometric mean' says '^Geometric mean of old/new: 1.036$' once base fast
first_line() { once base same | grep -m 1 '^#'; }
check 'the machine stands at the head' says '^# .+ \| [a-z0-9]+ \| 2 threads \| ' first_line
check 'so do the builds' says '^# new: .*/slow/cyclebench-bench: commit commit of slow, unknown$' once base slow
fake many a:1 b:1 c:1 d:1 e:1 f:1 g:1 </dev/null
fake many-slow a:2 b:2 c:2 d:2 e:2 f:2 g:2 </dev/null
too_few() {
	forget
	ab "$folder/many" "$folder/many-slow" --rounds 5
	[ $? -eq 2 ] && [ ! -e "$folder/calls.log" ]
}
check 'too few rounds for a difference among so many cases: status 2, before anything is run' too_few
check 'it is said, and what it takes' says '^cyclebench ab: --rounds: 5 are too few to find a difference among 7 cases: it takes 6, or fewer cases' once many many-slow --rounds 5
check 'how long it takes at least is said before' says '^7 cases, 6 rounds of both builds: at least 17 s$' once many many-slow --rounds 6
check 'and by the options of the programs' says '^7 cases, 6 rounds of both builds: at least 13 min$' once many many-slow --rounds 6 -- --benchmark_repetitions=8 --benchmark_min_time=1s
check 'with as many rounds as it takes all are' says '^7 cases compared: 0 faster, 7 slower, 0' once many many-slow --rounds 6

# --- the file ---

json_is_whole() {
	fresh base slow --rounds 8 --seed 3 --json "$folder/ab.json" -- --threads 2 >/dev/null
	[ $? -eq 3 ] || return
	json <<-'END'
		assert list(r)[:3] == ["machine", "old", "new"] and r["machine"]["cpu_model"] and r["machine"]["warnings"] is not None
		assert r["old"]["path"].endswith("/base/cyclebench-bench") and r["new"]["commit"] == "commit of slow"
		assert r["options"] == ["--threads", "2"] and r["rounds"] == r["rounds_planned"] == 8 and r["interrupted"] is False and r["seed"] == 3 and len(r["first_of_round"]) == 8
		assert list(cases) == ["one", "two", "three"]
		for c in r["cases"]:
		    for side in "old", "new":
		        assert len(c[side + "_seconds"]) == 8 and min(c[side + "_seconds"]) <= c[side + "_median_seconds"] <= max(c[side + "_seconds"])
		    assert abs(c["ratio"] * c["new_median_seconds"] / c["old_median_seconds"] - 1) < 1e-9
		    assert c["ratio_low"] <= c["ratio"] <= c["ratio_high"] and 0 < c["p"] <= c["adjusted_p"] <= 1
		assert cases["two"]["verdict"] == "slower" and cases["two"]["share_of_pairs_with_new_faster"] == 0
		assert [round(s * 1e9) for s in cases["two"]["old_seconds"][:3]] == [2006, 2000, 2014]
		assert r["counts"] == {"no difference found": 2, "faster": 0, "slower": 1, "not compared": 0} and r["compared"] == 3
		for part in [r, r["machine"], r["old"], r["new"]] + r["cases"]:
		    for key, value in part.items(): assert value is not None or part[key + "_reason"], key
	END
}
order_is_recorded() {
	fresh base same --json "$folder/ab.json" >/dev/null || return
	{
		echo "calls = open('$folder/calls.log').read().split('\n')[:-1]"
		cat <<-'END'
			sides = [{"base": "old", "same": "new"}[c.split()[0]] for c in calls]
			assert len(sides) == 20 and all(a != b for a, b in zip(sides[::2], sides[1::2])), sides
			assert sides[::2] == r["first_of_round"] and sides[::2].count("old") == 5
			assert sides[::2] != ["old", "new"] * 5 and sides[::2] != ["new", "old"] * 5
		END
	} | json
}
orders() { for seed in "$@"; do fresh base same --seed "$seed" >/dev/null && cut -d ' ' -f 1 "$folder/calls.log" | md5sum; done | sort -u | wc -l; }
same_seed() { [ "$(orders 5 5)" = 1 ]; }
other_seed() { [ "$(orders 1 2 3)" -gt 1 ]; }

check 'the file is whole' json_is_whole
check 'the order is random, recorded, and fair' order_is_recorded
check 'a seed gives its order' same_seed
check 'another seed gives another' other_seed

# --- how programs are run ---

noted() {
	local pattern=$1
	shift
	forget
	"$@" >/dev/null && grep -qE -- "$pattern" "$folder/calls.log" || { cat "$folder/calls.log"; return 1; }
}
fake command one:1000 <<<'echo "path <$CYCLEBENCH_EXEC_PATH> cpus $(sed -n "s/^Cpus_allowed_list:\t//p" /proc/self/status)" >>'"'$folder/calls.log'"
mv "$folder/command/cyclebench-bench" "$folder/command/cyclebench"
cpus=$(sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status)
table_fits() {
	local long
	long=conv/$(printf 'x%.0s' {1..90})
	fake wide "$long:123456789" one:99999 </dev/null
	fake wider "$long:1234" one:1 </dev/null
	fresh wide wider >"$folder/table"
	[ $? -eq 0 ] && grep -q "$long" "$folder/table" && awk 'length > 120 && !/^#/ { print; bad = 1 } END { exit bad }' "$folder/table"
}

check 'options are passed on' noted '^base --no-peers --benchmark_repetitions=3 --batch 2 -- x --summary /dev/fd/3$' ab "$folder/base" "$folder/same" -- --batch 2 -- x
check 'cyclebench is told bench' noted '^command bench --no-peers ' ab "$folder/command/cyclebench" "$folder/same"
check 'no other bench takes the place of both' noted '^path <> ' env CYCLEBENCH_EXEC_PATH="$folder" "$build/cyclebench-ab" "$folder/command/cyclebench" "$folder/same"
check 'they may run where it may' noted "cpus $cpus\$" env OMP_PROC_BIND=true "$build/cyclebench" ab "$folder/command/cyclebench" "$folder/same"
no_table_of_theirs() { ! once base same | grep nobody; }
check 'their tables are not shown' no_table_of_theirs
check 'the table fits 120 columns' table_fits

# --- cases that are not on both sides ---

fake more one:1000 two:2000 three:3000000 four:4 </dev/null
fake others five:5 </dev/null
fake sometimes one:1000 two:2000 <<<'[ "$run" = 2 ] || cases+=(three:3000000)'
one_side_in_json() {
	fresh base more --json "$folder/ab.json" >/dev/null || return
	json <<-'END'
		four = cases["four"]
		assert four["verdict"] == "not compared" and four["old_seconds"] == [] and len(four["new_seconds"]) == 10
		assert four["old_median_seconds"] is None and four["old_median_seconds_reason"] == "not measured"
		assert four["ratio"] is None and four["ratio_reason"] and four["adjusted_p"] is None and four["adjusted_p_reason"]
		assert r["compared"] == 3 and r["counts"]["not compared"] == 1
	END
}
check 'a case of the new build only is listed' says '^  four +- +4.0[0-9]* ns  not compared: old 0, new 10 of 10 rounds$' once base more
check 'a case of the old build only is listed' says '^  four +4.0[0-9]* ns +-  not compared: old 10, new 0 of 10 rounds$' once more base
check 'it is counted apart' says '^3 cases compared: 0 faster, 0 slower, 3 no difference found; 1 not compared$' once base more
check 'the others are compared: status 0' exits_with 0 once base more
check 'in the file it is null with a reason' one_side_in_json
check 'a case that is missing in a round is not compared' says '^  three .* not compared: old 10, new 9 of 10 rounds$' once base sometimes
check 'nor is one that the old build lacks in a round' says '^  three .* not compared: old 9, new 10 of 10 rounds$' once sometimes base
check 'no case in common: status 1' exits_with 1 once base others
check 'no case in common is said' says '^cyclebench ab: no case is on both sides$' once base others
fake never one:1 <<<'cases=(nine:1)'
check 'no case that both measured: status 1' ends_saying 1 '^cyclebench ab: no case was measured in all rounds on both sides$' once base never

# --- programs that fail ---

fake fails one:1 <<<'[ "$run" = 1 ] && echo "fake: the disk burns" >&2 && exit 7'
fake killed one:1 <<<'kill -9 $$'
fake broken one:1 <<<'echo "{\"benchmarks\": [" >"$file"; exit'
fake noise one:1 <<<'head -c 100000 /dev/zero | tr "\\0" x >"$file"; exit'
fake silent one:1 <<<'exit'
fake empty </dev/null
fake timeless one:0 </dev/null
fake twice one:1 one:1 </dev/null
printf '#!/nonexistent/shell\n' >"$folder/no-shell"
chmod +x "$folder/no-shell"
: >"$folder/plain"

check 'a program that fails: status 1' exits_with 1 once base fails
check 'which one, when and how' says '^cyclebench ab: new: .*/fails/cyclebench-bench: round 2: failed with exit status 7; what it said is above$' once base fails
check 'what it said is shown' says '^fake: the disk burns$' once base fails
check 'the old one likewise' says '^cyclebench ab: old: .*/fails/' once fails base
check 'a program that is killed' says '/killed/cyclebench-bench: round 1: was ended by signal 9 \(Killed\)$' once base killed
check 'malformed results: status 1' exits_with 1 once base broken
check 'malformed results: where' says '/broken/cyclebench-bench: round 1: its results are not JSON: line 2, column 0: ' once base broken
check 'results that are no JSON at all' says '/noise/cyclebench-bench: round 1: its results are not JSON: line 1' once base noise
check 'no results' says '/silent/cyclebench-bench: round 1: wrote no results' once base silent
check 'results without a case' says '/empty/cyclebench-bench: round 1: its results have no "benchmarks"$' once base empty
check 'a case without a time' says '/timeless/.*: its result for k/t:1/one/.* has no real_time above 0' once base timeless
check 'a case that is there twice' says '/twice/.*: its results have k/t:1/one/process_time/real_time twice$' once base twice
check 'a program that cannot be started: status 1' exits_with 1 ab "$folder/no-shell" "$folder/base"
check 'it is said' says '^cyclebench ab: (old|new): .*/no-shell: the list of its cases: cannot be started: No such file' ab "$folder/no-shell" "$folder/no-shell"

# --- interrupted ---

# interrupt SIGNAL FAKE: when the fake waits. Sent to ab alone: it ends its child.
interrupt() {
	forget
	rm -f "$folder/ab.json"
	python3 - "$1" "$build/cyclebench" ab "$folder/$2" "$folder/base" --json "$folder/ab.json" >"$folder/interrupted" 2>&1 <<-'END'
		import signal, subprocess, sys, time
		child = subprocess.Popen(sys.argv[2:], preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
		waits = sys.argv[4] + "/waits"
		import os
		for _ in range(600):
		    if os.path.exists(waits) or child.poll() is not None: break
		    time.sleep(0.1)
		child.send_signal(getattr(signal, sys.argv[1]))
		status = child.wait(60)
		sys.exit(status if status >= 0 else 99)
	END
}
fake waits one:1000 two:2000 three:3000000 <<<'[ "$run" != 5 ] || { touch "$(dirname "$0")/waits"; exec sleep 600; }'
interrupted_rounds() {
	interrupt SIGTERM waits
	[ $? -eq 143 ] || return
	json <<-'END'
		assert r["interrupted"] is True and r["rounds"] == 5 and r["rounds_planned"] == 10 and len(r["first_of_round"]) == 5
		assert r["compared"] == 3 and all(len(c[side + "_seconds"]) == 5 for c in r["cases"] for side in ("old", "new"))
	END
}
fake waits-soon one:1 two:1 three:1 <<<'[ "$run" != 1 ] || { touch "$(dirname "$0")/waits"; exec sleep 600; }'
one_round() {
	interrupt SIGINT waits-soon
	[ $? -eq 130 ] || return
	json <<-'END'
		assert r["interrupted"] is True and r["rounds"] == 1 and r["compared"] == 0
		assert all(c["verdict"] == "not compared" and c["ratio_reason"] == "too few rounds were complete" for c in r["cases"])
	END
}
check 'interrupted: what the complete rounds show is written, status 143' interrupted_rounds
check 'interrupted: it is said' says '^# Interrupted: 5 of 10 rounds were complete\.$' cat "$folder/interrupted"
check 'after one round: its samples, nothing is compared, status 130' one_round

# --- output that cannot be written ---

old_file_stays() {
	echo old >"$folder/kept.json"
	fresh base fails --json "$folder/kept.json" >/dev/null 2>&1
	[ "$(cat "$folder/kept.json")" = old ] && [ "$(echo "$folder"/kept.json*)" = "$folder/kept.json" ]
}
full_stdout() { fresh base same >/dev/full; }
nothing_measured() {
	forget
	ab "$folder/base" "$folder/same" --json "$folder/missing/x.json"
	[ ! -e "$folder/calls.log" ]
}
full=$(full_device "$folder")
check 'a full disk: status 1' exits_with 1 fresh base same --json "$full"
check 'a full disk is said' says '^cyclebench ab: .*/full: cannot write the results: No space left on device$' fresh base same --json "$full"
check 'a device is not replaced by a file' [ -c "$full" ]
check 'standard output on a full disk' ends_saying 1 '^cyclebench ab: standard output: cannot be written: No space left on device$' full_stdout
check '--help on a full disk' exits_with 1 bash -c "'$build/cyclebench' ab --help >/dev/full"
check 'a folder that is not there' says '^cyclebench ab: --json: .*/missing/x.json: cannot be written: No such file' fresh base same --json "$folder/missing/x.json"
check 'it is told before anything is run' nothing_measured
check 'after a failure the old file is as it was' old_file_stays

# --- wrong usage ---

check 'no programs' says '^cyclebench ab: expected two programs to compare, got 0' ab
check 'one program: status 2' exits_with 2 ab "$folder/base"
check 'three programs' exits_with 2 ab "$folder/base" "$folder/same" "$folder/slow"
check 'a program that is not there: status 2' exits_with 2 ab "$folder/base" "$folder/nowhere"
check 'a program that is not there' says '^cyclebench ab: .*/nowhere: no program: expected' ab "$folder/base" "$folder/nowhere"
check 'a folder without one' says "^cyclebench ab: $folder/cyclebench-bench: no program" ab "$folder" "$folder/base"
check 'a file that is no program' exits_with 2 ab "$folder/plain" "$folder/base"
check 'too few rounds: status 2' exits_with 2 ab "$folder/base" "$folder/same" --rounds 4
check 'too few rounds' says '^cyclebench ab: --rounds: expected 5 or more, got 4' ab "$folder/base" "$folder/same" --rounds 4
check 'too many rounds' says "^cyclebench ab: --rounds: expected 1 to 40, got '41'" ab "$folder/base" "$folder/same" --rounds 41
check 'rounds that are no number' exits_with 2 ab "$folder/base" "$folder/same" --rounds ten
check 'a missing value' says "^cyclebench ab: no value after '--seed'" ab "$folder/base" "$folder/same" --seed
check 'an option of bench before --' says "^cyclebench ab: unknown option '--threads'; .* those of bench stand behind --" ab "$folder/base" "$folder/same" --threads 1

# --- the real one ---

# Chance may find a difference.
real() {
	ab "$build" "$build/cyclebench" --rounds 5 --json "$folder/ab.json" -- --threads 1 --isa scalar --batch 1 --benchmark_min_time=0 --benchmark_repetitions=1 --benchmark_filter='pool.*/f32' >"$folder/real"
	[ $? -eq 0 ] || [ $? -eq 3 ] || return
	json <<-'END'
		assert r["compared"] == len(r["cases"]) == sum(r["counts"].values()) > 1
		assert r["old"]["commit"] == r["new"]["commit"] == r["machine"]["commit"]
		assert all(r[side]["threads"] == 1 and r[side]["isa_selected"] == "scalar" for side in ("old", "new"))
		assert all(len(set(c["old_seconds"])) > 1 for c in r["cases"])
	END
}
check 'a build compared with itself' real
check 'its table names all cases' says '^pool/bwd/c:64/hw:8/batch:1/f32/t:1/warm$' cat "$folder/real"
finish

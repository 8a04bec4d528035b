#!/bin/bash
# What a report answers: whose times are set beside each other, what unfinished and foreign runs are called, and of how many a mean is.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
root=$PWD
programs=$(realpath "${CYCLEBENCH_BUILD:-build}")
runs=$root/reports/test/runs
export LC_ALL=C.UTF-8
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

# variant NAME SOURCE PYTHON: a copy of a record, changed by statements about header, epochs (a list) and end (or None).
variant() {
	mkdir -p "$1"
	python3 - "$runs/$2/run.jsonl" "$1/run.jsonl" "$3" <<-'END'
		import json, sys
		lines = [json.loads(line) for line in open(sys.argv[1])]
		state = {"header": lines[0], "epochs": [l for l in lines if l["type"] == "epoch"],
		         "end": lines[-1] if lines[-1]["type"] == "end" else None}
		exec(sys.argv[3], state)
		kept = [state["header"]] + state["epochs"] + ([state["end"]] if state["end"] else [])
		open(sys.argv[2], "w").writelines(json.dumps(line) + "\n" for line in kept)
	END
}

# text PATH...: a report of these, as Markdown without its escapes.
text() {
	rm -rf out
	"$programs/cyclebench-report" "$@" --out out >/dev/null || return 1
	python3 -c 'import re, sys, html; print(html.unescape(re.sub(r"\\([\\`*_\[\]<>#|~&])", r"\1", open("out/report.md").read())))'
}
# never PATTERN PATH...: no line of the report matches.
never() {
	local pattern=$1
	shift
	text "$@" >answer || return 1
	! grep -nE -- "$pattern" answer
}
# drawn NAME PATTERN PATH...: the picture of that name has such a text.
drawn() {
	local name=$1 pattern=$2
	shift 2
	"$programs/cyclebench-plot" "$@" --picture "$name" -o picture.svg && grep -E -- "$pattern" picture.svg
}
zen2='header["machine"]["cpu_family"] = 23'

# --- whose times ---------------------------------------------------------------------------------------------------
check 'two schedules of one machine' says '^demo-1cycle reached 70 % in 1 of 1 run after 100\.5 s, demo-step in 1 of 1 after [0-9.]+ s: [0-9.]+ times as fast\.' \
	text "$runs/second-1cycle" "$runs/second-step"
variant elsewhere second-step "$zen2"
check 'of two machines: no speed-up' says 'no speed-up, because their times are of different machines' text "$runs/second-1cycle" elsewhere
check 'nor a word of one' never 'times as fast' "$runs/second-1cycle" elsewhere
variant disturbed second-step 'header["disturbed"] = "a build ran beside it"'
check 'a disturbed run has no time' says 'demo-step in 1 of 1, none with a time: no speed-up' text "$runs/second-1cycle" disturbed
check 'and the conditions say why' says '\| no: a build ran beside it \|' text "$runs/second-1cycle" disturbed

# Three seeds and both schedules on one machine; one seed of each on another, whose times are others.
for seed in 1 2 3; do variant "cycle-$seed" second-1cycle "header['recipe']['run']['seed'] = '$seed'; epochs[1]['loss_fingerprint'] = '$seed' * 64"; done
variant cycle-elsewhere second-1cycle "$zen2; header['recipe']['run']['seed'] = '4'; epochs[1]['seconds_total'] = 1009.5; epochs[2]['seconds_total'] = 1500; end['seconds'] = 1510"
check 'a machine of one seed has no part in the times' says '^demo-1cycle reached 70 % in 4 of 4 runs after 100\.5 s on average \(sd 0\.00 s, time of 3\)' \
	text cycle-1 cycle-2 cycle-3 cycle-elsewhere "$runs/second-step"
check 'the table has the same time, and of how many' says '\| 1\.7 \(of 3\) \|' text cycle-1 cycle-2 cycle-3 cycle-elsewhere "$runs/second-step"
check 'the conditions say so' says '^\| cycle-elsewhere .*no: those of its recipe are of another machine' text cycle-1 cycle-2 cycle-3 cycle-elsewhere
variant resumed second-1cycle 'end["resumed"] = 1'
check 'a resumed run: no advice that only compare can follow' says '\| no: resumed \|' text resumed

# --- of how many ---------------------------------------------------------------------------------------------------
check 'equal values have a spread' says '\| 2 to 2 \|' text cycle-1 cycle-2 cycle-3
variant begun second-1cycle 'header["recipe"]["run"]["seed"] = "9"; epochs.clear(); end = None'
check 'a run that has just begun is not a miss' says '^70 % was reached by demo-1cycle .*\(1 of 2 runs' text cycle-1 begun
check 'but not finished' says '\| 1 \(1 not finished\) \| 2 \|' text cycle-1 begun
check 'and a mean says of how many it is' says '\| 78\.50 \(of 1\) \|' text cycle-1 begun
check 'nor is it a miss alone' says '^None reached 70 %: demo-1cycle \(not finished\)\.' text begun
variant killed second-1cycle 'del epochs[1:]; end = None'
check 'how far a run is' says '^killed so far: epoch 1, iteration 391 of 1173, at best 45\.50 %\.$' text killed
check 'the mean of the others is drawn' drawn accuracy '>demo-1cycle<' cycle-1 cycle-2 begun
check 'so are the losses, though it stands first' drawn train-loss-1 '>demo-1cycle<' begun cycle-1
variant diverged second-1cycle 'header["recipe"]["run"]["seed"] = "8"; del epochs[1:]; end["status"] = "diverged"; end["iterations"] = 391; end["seconds"] = epochs[0]["seconds_total"]'
# The name stands as high as the line's end, in pixels from the top.
height_of_name() {
	drawn accuracy . "$@" >/dev/null
	grep -B2 '>demo-1cycle<' picture.svg | grep -o 'translate([^)]*)' | tail -1 | sed 's/.*,//;s/[.)].*//'
}
check 'a diverged one is a miss, and does not cut the mean off' [ "$(height_of_name cycle-1 cycle-2 diverged)" -lt 250 ]
check 'a name stands at the end of its line' [ "$(height_of_name killed)" -gt 300 ]
check 'iterations of a training whose first run was killed' says '\| 2\.0 \| 782 \|' text killed "$runs/second-1cycle"

counted='end["perf"] = {"to_target": {"instructions": {"value": 1e12}, "joules": {"value": 1000}}}'
variant counted second-1cycle "$counted"
variant counted-elsewhere second-1cycle "$zen2; ${counted/1e12/3e12}"
check 'counts are those of the runs whose times count' says '\| 1e\+12 \| 1000 \|' text counted-elsewhere counted "$runs/second-step"

# --- other images, few epochs, many recipes -------------------------------------------------------------------------
held='header["evaluated_on"] = "holdout"; header["recipe"]["data"]["holdout"] = 5000'
variant held second-1cycle "$held"
check 'held-out images are no test images' says '^## ResNet-20 on CIFAR-10 to 70 % \(held-out images\)' text held
check 'they are an experiment of their own' says '^## ResNet-20 on CIFAR-10 to 70 %$' text held "$runs/second-1cycle"
check 'not in pictures, either' drawn accuracy 'held-out accuracy over' held
check 'nor of losses' drawn test-loss-1 'Loss on held-out images' held
variant foreign second-1cycle 'header["data_kind"] = "other"'
check "images of one's own are not CIFAR-10" says "^## ResNet-20 on images of one's own to 70 %" text foreign
check 'nor beside it' says '^## ResNet-20 on CIFAR-10' text foreign "$runs/second-1cycle"
variant short second-1cycle 'del epochs[1:]; end = None'
check 'one epoch is a dot' drawn accuracy "href='#[a-z-]*gpPt6'" short
for i in $(seq 16); do variant "many-$i" second-step "header['name'] = 'recipe-$i'; header['recipe']['schedule']['lr_max'] = $i"; done
check 'a picture of some recipes says so' says '^The picture has the first 12 of 16 recipes\.' text many-*
check 'and one sentence has them all' says '^70 % was reached by .*recipe-1 .*recipe-16' text many-*

variant quoted second-1cycle 'header["name"] = "\x27\x27a\x27 \x60echo run\x60 \\ \x22$HOME"'
check 'a name of quotes, a backslash and a command is drawn as it is' drawn accuracy ">''a' \`echo run\` \\\\ (\"|&quot;)\\\$HOME<" quoted

no_empty_section() {
	text "$root/reports/results/runs/demo-1cycle-s1-zen5" >answer && python3 -c 'import re, sys; sys.exit(re.search("\n## .*\n\n(## .*|$)", open("answer").read()) is not None)'
}
check 'no section without pictures is an empty one' no_empty_section

# --- scores --------------------------------------------------------------------------------------------------------
score=$(find "$root/reports/results/scores" -name '*.json' | sort | head -1)
changed_score() { # JQ
	jq "$1" "$score" >score.json
}
changed_score '.projections[0].fingerprint_matches = null | .projections[0].fingerprint_matches_reason = "no fingerprint of this recipe is shipped"'
check 'bits that nothing is known of are not OTHERS' says 'no fingerprint of this recipe is shipped' text score.json
check 'OTHERS are others' never OTHERS score.json
changed_score '.projections[].share_of_peak = null | .projections[].share_of_peak_reason = "no peak" | del(.machine.threads)'
check 'a share that is not known has its reason' says 'of peak, % \(no peak\)' text score.json
check 'nor is a number of threads made up' never '0 threads' score.json
finish

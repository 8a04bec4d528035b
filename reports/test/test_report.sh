#!/bin/bash
# cyclebench report and plot: what the page says of which files, that names are only names, and bad input.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
root=$PWD
programs=$(realpath "${CYCLEBENCH_BUILD:-build}")
report=$programs/cyclebench-report plot=$programs/cyclebench-plot
runs=$root/reports/test/runs results=$root/reports/results
export LC_ALL=C.UTF-8
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
out=$work/out

# page PATH...: a report of these, in $out.
page() {
	rm -rf "$out"
	"$report" "$@" --out "$out"
}

# shown PATTERN: both forms of the last page have it. In HTML characters may be written as numbers, in Markdown with a backslash.
shown() {
	python3 - "$out" "$1" <<-'END'
		import html, re, sys
		page = html.unescape(open(sys.argv[1] + "/index.html").read())
		twin = re.sub(r"\\([\\`*_\[\]<>#|~&])", r"\1", open(sys.argv[1] + "/report.md").read())
		for name, text in (("index.html", page), ("report.md", twin)):
		    if not re.search(sys.argv[2], text):
		        sys.exit("no place in %s matches: %s\n%s" % (name, sys.argv[2], text[:3000]))
	END
}
not_shown() { ! shown "$1" >/dev/null; }

# says_on PATTERN PATH...: a report of the paths, and what it shows.
says_on() {
	local pattern=$1
	shift
	page "$@" >"$work/messages" 2>&1 || { cat "$work/messages"; return 1; }
	shown "$pattern"
}

# well_formed: the page's tags match, no id stands twice, nothing is loaded, and each SVG is XML.
well_formed() {
	python3 - "$out/index.html" <<-'END'
		import re, sys
		from html.parser import HTMLParser
		from xml.etree import ElementTree
		text = open(sys.argv[1]).read()
		class Page(HTMLParser):
		    void = {"meta", "link", "br", "img"}
		    open_tags, ids, faults = [], set(), []
		    def handle_starttag(self, tag, attributes):
		        a = dict(attributes)
		        if "id" in a:
		            if a["id"] in self.ids: self.faults.append("id twice: " + a["id"])
		            self.ids.add(a["id"])
		        for key in ("src", "href", "xlink:href", "action"):
		            if key in a and not a[key].startswith(("#", "data:,")): self.faults.append(key + " leads away: " + a[key])
		        if tag not in self.void: self.open_tags.append(tag)
		    def handle_startendtag(self, tag, attributes):
		        self.handle_starttag(tag, attributes)
		        if tag not in self.void: self.open_tags.pop()
		    def handle_endtag(self, tag):
		        if not self.open_tags or self.open_tags.pop() != tag: self.faults.append("tag does not match: " + tag)
		page = Page()
		page.feed(text)
		for reference in re.findall(r"href='#([^']*)'", text):
		    if reference not in page.ids: page.faults.append("no such id: " + reference)
		for svg in re.findall(r"<svg.*?</svg>", text, re.S): ElementTree.fromstring(svg)
		if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text): page.faults.append("a control character")
		if page.open_tags: page.faults.append("left open: %s" % page.open_tags)
		sys.exit("\n".join(page.faults[:20]) or 0)
	END
}

# literal_twin: outside of code the Markdown has no markup of others. In a line that begins with a tag a backslash escapes nothing.
literal_twin() {
	python3 - "$out/report.md" <<-'END'
		import re, sys
		fence, faults = None, []
		for number, line in enumerate(open(sys.argv[1]), 1):
		    if fence or re.match("```", line):
		        fence = (None if line == fence else fence) if fence else line
		        continue
		    own = re.sub("</?(details|summary)>", "", line)
		    if re.search("<" if line.startswith("<") else r"(?<!\\)(\\\\)*[<`]", own): faults.append("%d: %s" % (number, line))
		sys.exit("".join(faults) or 0)
	END
}

# damaged NAME LINE SED: a copy of a record with a changed line.
damaged() {
	mkdir -p "$work/$1"
	sed -E "$2$3" "$runs/second-1cycle/run.jsonl" >"$work/$1/run.jsonl"
}

# gnuplot_that SCRIPT COMMAND...: COMMAND with this shell script as gnuplot.
gnuplot_that() {
	local folder
	folder=$(mktemp -d -p "$work") && printf '#!/bin/sh\n%s\n' "$1" >"$folder/gnuplot" && chmod +x "$folder/gnuplot"
	shift
	PATH=$folder:$PATH "$@"
}
# Its half a minute passes beside the other tests.
gnuplot_that 'cat >/dev/null; exec >&-; sleep 300' "$report" "$runs/step" "$results/finders" --out hung-page >hung-messages 2>&1 &
hung=$!

# --- what is shown -------------------------------------------------------------------------------------------------
check '--help succeeds' ends_saying 0 'Exit status' "$report" --help
check 'one run' says_on '70 % was reached by .*1 of 1 run' "$runs/second-1cycle"
check 'is well formed' well_formed
check 'an interrupted one' says_on 'interrupted' "$runs/interrupted"
check 'one that still runs, whose last line is cut off' says_on 'was killed or is still running' "$runs/torn"
check 'two schedules are set beside each other' says_on 'times as fast|no speed-up, because' "$runs"/second-1cycle* "$runs"/second-step*
check 'seeds are one column' shown 'second-1cycle'
check 'runs on synthetic images are apart' says_on 'on synthetic images to' "$runs/second-synthetic" "$runs/second-1cycle"
check 'all results' page "$results"
check 'are well formed' well_formed
check 'with the answer' shown '1cycle-70[a-z0-9 -]* reached 93 %.*times as fast'
check 'a missed target is said' shown '1cycle-70 bf16-all missed 93 % in [0-9]+ of [0-9]+ runs'
check 'the machine of the times is said' shown 'AMD EPYC \(family 26, model 2, stepping 1\), avx512bf16, 2 threads'
check 'in which batch and schedule are told apart' shown 'differ in their batch, too'
check 'with finders' shown 'largest weight decay that still allows a high rate'
check 'with scores' shown 'On this machine 1cycle'
check 'with the notebook' shown '93\.08'
check 'with machine, compiler and commit' shown 'gcc \(Debian 12\.2\.0'
check 'with the recipe to repeat it' shown '\[schedule\]'
check 'a line a line' grep -Pzq '<pre><code>([^<]*\n){9}' "$out/index.html"
check 'also in Markdown' grep -Pzq '(?s)```\n([^`]*\n){9}' "$out/report.md"
check 'a missing value has its reason' shown 'instructions to it, joules to it \(not counted \(train --perf\)\)'
check 'no run of another network is mixed in' not_shown '1cycle-70.*demo-step.*times as fast'
check 'a target of its own' says_on 'ResNet-56 on CIFAR-10 to 90 %' "$results/runs" --target 90
check 'another network stays apart' shown 'ResNet-20 on CIFAR-10 to 90 %'

# --- bench results ---------------------------------------------------------------------------------------------------
cat >bench.json <<'END'
{"machine": {"cpu_model": "X", "threads": 2, "warnings": [{"subject": "load", "finding": "load average 9", "remedy": "wait"}]},
 "benchmarks": [
  {"name": "gemm/m:1/n:2/k:3/f32/ours", "run_name": "gemm/m:1/n:2/k:3/f32/t:2/warm/avx2/real_time", "run_type": "aggregate", "aggregate_name": "median",
   "contest": "gemm/m:1/n:2/k:3/f32/t:2/warm", "library": "cyclebench", "real_time": 2000, "time_unit": "ns", "flops": 12000, "least_flops": 3000, "bytes": 4800, "FLOPS": 6e9,
   "arithmetic_intensity": 0.625, "share_of_peak": 0.5, "share_of_ceiling": 0.75, "bound": "compute",
   "profile": {"operations": [{"name": "conv a", "seconds": 0.003, "flops": 3e9, "calls": 2}, {"name": "norm <b>", "seconds": 0.001, "flops": 0, "calls": 1}],
    "parallel_regions": 4, "waiting_share": 0.25, "augmentation_seconds": 0.002}},
  {"name": "gemm/m:1/n:2/k:3/f32/peer", "run_name": "gemm/m:1/n:2/k:3/f32/t:2/warm/Peer/real_time", "run_type": "aggregate", "aggregate_name": "median",
   "contest": "gemm/m:1/n:2/k:3/f32/t:2/warm", "library": "Peer", "real_time": 1500, "time_unit": "ns", "flops": 12000, "least_flops": 12000, "bytes": 4800, "FLOPS": 8e9,
   "arithmetic_intensity": 2.5, "share_of_peak": 0.6, "share_of_ceiling": 0.9, "bound": "compute"},
  {"name": "cut", "run_name": "cut", "run_type": "iteration", "repetitions": 5, "repetition_index": 0, "contest": "cut", "library": "cyclebench", "real_time": 7000, "time_unit": "ns"},
  {"name": "cut", "run_name": "cut", "run_type": "iteration", "repetitions": 5, "repetition_index": 1, "contest": "cut", "library": "cyclebench", "real_time": 3000, "time_unit": "ns"},
  {"name": "cut", "run_name": "cut", "run_type": "iteration", "repetitions": 5, "repetition_index": 2, "contest": "cut", "library": "cyclebench", "real_time": 5000, "time_unit": "ns"}],
 "interrupted": true,
 "errors": [{"name": "gemm/m:1/bad", "message": "element 3 is 0, expected 1"}], "skipped": [{"name": "gemm/m:1/xsmm", "reason": "it has 1 thread here"}],
 "contests": [{"name": "gemm/m:1/n:2/k:3/f32/t:2/warm", "ours": "avx2", "library": "Peer", "fastest": ["Peer"], "ratio": 0.75, "ratio_low": 0.7, "ratio_high": 0.8,
   "library_version": "1.2", "library_below_this_cpu": false}],
 "ceilings": [{"threads": 2, "fma_peak_FLOPS": {"avx2": 1.2e10}, "bf16_peak_FLOPS": {}, "bandwidth_bytes_per_second": {"L1": {"read": 1e11}, "DRAM": {"read": null}}}]}
END
check 'a result of bench alone' says_on 'Of 1 comparisons with libraries ours is faster in 0 and slower in 1' bench.json
check 'is well formed' well_formed
check 'a miss is marked' grep -q '<strong>0.75</strong>' "$out/index.html"
check 'rates and shares' shown 'gemm/m:1/n:2/k:3/f32/t:2/warm.*avx2(.|\n)*6\.0(.|\n)*50\.0(.|\n)*75\.0'
check 'where the time of a step goes' shown 'conv a(.|\n)*3\.00(.|\n)*75\.0'
check 'threads that wait' shown '25\.0 % of their time threads wait'
check 'a kernel that was wrong' shown 'Wrong, and not timed: gemm/m:1/bad: element 3 is 0, expected 1'
check 'what was skipped' shown '1 skipped(.|\n)*gemm/m:1/xsmm(.|\n)*it has 1 thread here'
check 'repetitions without a median: the middle one' shown '(?s)cut.{1,40}5(\.0+)?[^0-9.]'
check 'once' bash -c '[ "$(grep -c "^| cut " "$0/report.md")" -eq 1 ]' "$out"
check 'why single cells are empty, below the table' shown '-: GFLOP/s \(no arithmetic that counts\); of peak, %, of roof, % \(no ceiling for it\)'
check 'what a share above 100 % is' shown 'may exceed 100 %'
check 'what disturbed it' shown 'load average 9'
check 'a name with markup in a profile' shown 'norm <b>'
sed 's|gemm/|<img src=x onerror=alert(1)>*/|g' bench.json >evil.json
check 'and in a title' says_on 'img src=x onerror=alert' evil.json
check 'is no markup' well_formed
check 'nor in Markdown' literal_twin

# --- a history -------------------------------------------------------------------------------------------------------
python3 - >history.jsonl <<-'END'
	import json
	for run in range(20):
	    cases = [{"name": "conv <x>", "source": "callgrind", "unit": "instructions", "value": 1000 if run < 12 else 1100},
	             {"name": "fresh", "source": "callgrind", "unit": "instructions", "value": 0 if run < 15 else 7},
	             {"name": "steady", "source": "callgrind", "unit": "instructions", "value": 5},
	             {"name": "noise", "source": "memory", "unit": "bytes", "value": 100 + run * 7 % 5},
	             {"name": "memory", "source": "memory", "unit": "bytes", "value": (100 if run < 8 else 200) + run * 7 % 5}]
	    print(json.dumps({"history": 1, "time": "2026-01-%02dT00:00:00Z" % (run + 1), "commit": "c%02d" % run, "verdict": "pass", "cases": cases}, separators=(",", ":")))
END
check 'a history' says_on '3 of its 5 cases changed' history.jsonl
check 'is well formed' well_formed
check 'a count that changed: commit, before, after' shown 'conv <x>(.|\n)*c12(.|\n)*1000(.|\n)*1100(.|\n)*\+10\.00'
check 'one that was 0' grep -q '| fresh | callgrind | c15 | .* | 0 | 7 | instructions | \*\*from 0\*\* |' "$out/report.md"
check 'memory that changed, beyond its noise' shown 'memory(.|\n)*c08(.|\n)*\+'
check 'noise is no change' bash -c '! grep -q "noise" "$0/report.md"' "$out"
sed -i '5s/"cases"/"case/' history.jsonl
check 'a damaged line of it is named' says_on 'history.jsonl:5: not a JSON object' history.jsonl
check 'and the rest used' shown 'the last 19 of 19 runs(.|\n)*3 of its 5 cases changed'

# --- names and damage ------------------------------------------------------------------------------------------------
hostile=$'<img src=x onerror=alert(1)> & \'q\' "d" _u_ `b` $(c) \e[31m|\n#h'
mkdir -p "$hostile" && sed "1s/\"name\":\"[^\"]*\"/\"name\":\"<b>\& 'n' _u_ \\\\u001b[31m \\\\n ]](x)\"/" "$runs/second-1cycle/run.jsonl" >"$hostile/run.jsonl"
check 'a hostile name' page "$hostile"
check 'makes no markup' well_formed
check 'nor in Markdown' literal_twin
check 'is shown as it is' shown '<img src=x onerror=alert\(1\)> & '\''q'\'' "d" _u_ `b` \$\(c\) \\+u001b'
check 'also that of the recipe' shown "<b>& 'n' _u_ "
mkdir "$hostile/cut" && sed 2s/epoch/epo/ "$hostile/run.jsonl" >"$hostile/cut/run.jsonl"
hostile_messages() { "$plot" "$hostile/cut" "$hostile/none" -o x.svg 2>&1 | tee messages | { [ "$(grep -cF '\u001b')" -eq 2 ] && ! LC_ALL=C grep -qP "[\x00-\x08\x0b-\x1f\x7f]" messages; }; }
check 'and nothing reaches the terminal' hostile_messages
damaged broken 4 's/"epoch",/"epo,/'
check 'a damaged line is named' says_on 'broken/run.jsonl:4: ' broken
check 'and the rest is used' shown 'of 1 run'
damaged order 4 's/"epoch":[0-9]+/"epoch":1/'
check 'also by plot' ends_saying 0 'left out: .*broken/run.jsonl:4: ' "$plot" broken --list
check 'so is an epoch out of order' says_on 'order/run.jsonl:4: ' order
damaged headless 1 's/header/heade/'
check 'a record without a header is refused' ends_saying 2 'headless/run.jsonl:1: ' "$report" headless --out "$out"
check 'in a folder it is named, and the others are used' bash -c 'mkdir -p many && cp -r headless broken many/'
check 'so' says_on 'many/headless/run.jsonl:1: ' many
mkdir -p links && cp -r "$runs/second-1cycle" links/ && ln -s .. links/up
mkdir -p pipes && cp -r "$runs/second-1cycle" pipes/ && mkfifo pipes/history.jsonl pipes/x.json
check 'a FIFO is not waited for' timeout 20 "$report" pipes --out "$out"
check 'and named' shown 'pipes/history.jsonl: expected a regular file(.|\n)*pipes/x.json: expected a regular file'
check 'also by plot' ends_saying 0 'left out: .*pipes/history.jsonl: expected a regular file' "$plot" pipes --list
deep=deep/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17
mkdir -p $deep && cp -r "$runs/second-1cycle" deep/ && cp -r "$runs/second-step" $deep/
check 'folders that are too deep are named' says_on "${deep}: more than 16 folders deep" deep
check 'a link that leads back is not followed' says_on 'of 1 run' links
check 'nor shown' not_shown 'links/up'

sed -E 's/("(train_loss|train_loss_smoothed|eval_loss)"):[0-9.e+-]+/\1:0/g' "$runs/second-1cycle/run.jsonl" | (mkdir -p zero && cat >zero/run.jsonl)
check 'losses that a logarithmic axis cannot show' says_on 'A picture is missing: Training loss: no value is above 0' zero
mkdir -p moved && cp "$report" moved/
check 'a program without the tables of the notebook' moved/cyclebench-report "$runs/second-1cycle" --out "$out"
check 'says so' shown 'The notebook(.|\n)*Its tables cannot be read, so nothing of it stands beside the runs: '

# --- bad input -------------------------------------------------------------------------------------------------------
check 'no argument: what to do' ends_saying 2 'expected runs, results or folders.*cyclebench train' "$report" --out "$out"
check 'no --out' ends_saying 2 'expected --out DIR' "$report" "$runs/step"
mkdir -p empty
check 'an empty folder: what to do' ends_saying 2 'nothing to report: .*cyclebench train' "$report" empty --out "$out"
check 'nothing there' ends_saying 2 'absent' "$report" absent --out "$out"
echo '{"a": 1}' >other.json
echo '{"benchmarks": [' >cut.json
check 'a JSON file of something else' ends_saying 2 'other.json: expected a run.jsonl' "$report" other.json --out "$out"
check 'a file that is cut off: line and column' ends_saying 2 'cut.json:[0-9]+: not a JSON object: .*column' "$report" cut.json --out "$out"
cp bench.json bench.out
check 'a result that is not named *.json' ends_saying 2 'expected a run.jsonl; a result of bench.* must be named' "$report" bench.out --out "$out"
check 'a target that is none' ends_saying 2 "got 'x'" "$report" "$runs/step" --out "$out" --target x
check 'a given text does not reach the terminal raw' bash -c 'for option in --target --watch; do "$0" "$1" --out x "$option="$'"'\e[31m'"' 2>&1; done | { ! grep $'"'\e'"'; }' "$report" "$runs/step"
check 'nor from plot' bash -c '"$0" "$1" -o x.svg --target $'"'\e[31m'"' 2>&1 | { ! grep $'"'\e'"'; }' "$plot" "$runs/step"
check 'an interval that is none' ends_saying 2 'expected 1 to 3600 seconds' "$report" "$runs/step" --out "$out" --watch=0
touch file
check 'an output folder that is a file' ends_saying 1 'file: cannot be made a folder' "$report" "$runs/step" --out file
if [ "$(id -u)" -eq 0 ]; then
	skip 'an output folder without write permission' '[user] root may write anywhere'
else
	mkdir -p closed && chmod a-w closed
	check 'an output folder without write permission' ends_saying 1 'closed/.*cannot be written' "$report" "$runs/step" --out closed
fi
# on_full_device: no half page, no file beside it, a message.
on_full_device() {
	mkdir -p full
	ln -sf "$(full_device "$work")" full/index.html
	! "$report" "$runs/step" --out full 2>messages || return
	grep -q 'cannot be written' messages && ! compgen -G 'full/*tmp'
}
check 'a full disk leaves no half page' on_full_device
old=$(cat "$out/index.html" 2>/dev/null | sha256sum)
check 'a wrong report leaves the old page' bash -c '! "$0" absent --out "$1" 2>/dev/null' "$report" "$out"
check 'as it was' [ "$(sha256sum <"$out/index.html")" = "$old" ]

# watched: the page follows a run from before its first line, over a fault, until the program is told to stop.
watched() {
	rm -rf "$out" going
	"$report" going --out "$out" --watch=1 2>watch-messages &
	local pid=$! status
	for ((i = 0; i < 100; i++)); do [ -s watch-messages ] && break; sleep 0.2; done
	sleep 1.5
	mkdir going && head -n 3 "$runs/second-1cycle/run.jsonl" >going/run.jsonl
	for ((i = 0; i < 100; i++)); do [ -e "$out/index.html" ] && break; sleep 0.2; done
	grep -q '>Written [0-9-]* [0-9:]* UTC' "$out/index.html" || { echo 'the page does not say when it was written'; kill $pid; return 1; }
	grep -q 'http-equiv="refresh" content="1"' "$out/index.html" || { echo 'the page does not reload itself'; kill $pid; return 1; }
	cp "$runs/second-1cycle/run.jsonl" going/run.jsonl
	for ((i = 0; i < 100; i++)); do grep -q completed "$out/index.html" && break; sleep 0.2; done
	grep -q completed "$out/index.html" || { echo 'the page does not follow the run'; kill $pid; return 1; }
	kill -TERM $pid
	wait $pid
	status=$?
	[ $status -eq 143 ] || { echo "exit status $status"; return 1; }
	[ "$(wc -l <watch-messages)" -eq 1 ] || { echo 'not one message:'; cat watch-messages; return 1; }
}
check '--watch' watched
check '--watch into a file' ends_saying 1 'file: cannot be made a folder' "$report" "$runs/step" --out file --watch
check 'a standard output that is full' ends_saying 1 'standard output: cannot be written' bash -c '"$0" --help >"$1"' "$report" "$(full_device "$work")"

# --- many ------------------------------------------------------------------------------------------------------------
# thousand: 1,000 runs of 1,000 recipes; CPU seconds, not those on the wall, which depend on the machine's other work.
thousand() {
	python3 - "$runs/second-1cycle/run.jsonl" <<-'END'
		import os, sys
		lines = open(sys.argv[1]).read()
		head, rest = lines.split("\n", 1)
		for i in range(1000):
		    os.makedirs("thousand/r%04d" % i)
		    with open("thousand/r%04d/run.jsonl" % i, "w") as out: out.write(head.replace('"weight_decay":', '"weight_decay":%d' % (i + 1), 1) + "\n" + rest)
	END
	python3 - "$report" <<-'END'
		import resource, subprocess, sys
		subprocess.run([sys.argv[1], "thousand", "--out", "thousand-page"], check=True, stdout=subprocess.DEVNULL)
		used = resource.getrusage(resource.RUSAGE_CHILDREN)
		print("%.1f CPU seconds, %.0f MB" % (used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3))
		sys.exit(used.ru_maxrss > 200e3 or used.ru_utime + used.ru_stime > 10)
	END
}
if [ -n "${CYCLEBENCH_TEST_QUICK-}" ]; then
	skip '1,000 runs' '[other] a slow build'
else
	check '1,000 runs' thousand
fi

# --- pictures --------------------------------------------------------------------------------------------------------
no_gnuplot() { PATH=$work/nothing "$@"; }
check 'without gnuplot there is a report' no_gnuplot "$report" "$runs/second-1cycle" --out "$out"
check 'that says how to get pictures' shown 'apt install gnuplot-nox'
check 'and plot says it' ends_saying 1 'gnuplot is missing; .*apt install gnuplot-nox' no_gnuplot "$plot" "$runs/second-1cycle" -o a.svg
check 'plot --help succeeds' ends_saying 0 'Exit status' "$plot" --help
check 'plot --list' ends_saying 0 '^accuracy$' "$plot" "$results" --list
check 'plot without a file name' ends_saying 2 'expected -o' "$plot" "$runs/step"
check 'another format' ends_saying 2 'ends in .svg or .png' "$plot" "$runs/step" -o a.gif
check 'a picture that is not there' ends_saying 2 "no picture is named 'x'" "$plot" "$runs/step" -o a.svg --picture x
check 'a gnuplot that draws nothing is said to' ends_saying 1 "expected an SVG with a title, got 'hello" gnuplot_that 'echo hello' "$plot" "$runs/step" -o fake.svg
check 'also for a PNG' ends_saying 1 "expected a PNG, got 'hello" gnuplot_that 'echo hello' "$plot" "$runs/step" -o fake.png
check 'and no file is there' bash -c '! compgen -G "fake.*"'
check 'a page is made without its pictures' gnuplot_that 'printf "hello \377"' "$report" "$runs/step" --out "$out"
check 'and says why' shown "A picture is missing: gnuplot: expected an SVG with a title, got 'hello "
# stopped SIGNAL: while a picture is drawn, SIGINT to all processes of a terminal; the program ends at once, and leaves the page that is there.
stopped() {
	local folder=$work/slow-$1 before
	page "$runs/step" && before=$(sha256sum <"$out/index.html") && mkdir -p "$folder" || return
	printf '#!/bin/sh\necho $$ >%s/pid\nsleep 50\n' "$folder" >"$folder/gnuplot" && chmod +x "$folder/gnuplot"
	python3 - "$folder" "$1" "$report" "$runs/step" --out "$out" <<-'END' || return
		import os, signal, subprocess, sys, time
		folder, number = sys.argv[1], getattr(signal, sys.argv[2])
		os.environ["PATH"] = folder + ":" + os.environ["PATH"]
		child = subprocess.Popen(sys.argv[3:], start_new_session=True)
		while not os.path.exists(folder + "/pid") or not open(folder + "/pid").read(): time.sleep(0.05)
		os.killpg(child.pid, number) if number == signal.SIGINT else os.kill(child.pid, number)
		try:
		    child.wait(15)
		except subprocess.TimeoutExpired:
		    os.killpg(child.pid, signal.SIGKILL)
		if child.returncode != 128 + number: sys.exit("exit status %s" % child.returncode)
	END
	[ "$(sha256sum <"$out/index.html")" = "$before" ] || { echo 'the page is another'; return 1; }
	! pgrep -r R,S,D -g "$(cat "$folder/pid")" || { echo 'gnuplot is left over'; return 1; }
}
check 'Ctrl-C while it draws' stopped SIGINT
check 'and SIGTERM' stopped SIGTERM
check 'a gnuplot that fails: its reason' ends_saying 1 'gnuplot failed: line 0: no font' gnuplot_that 'printf "plot x\n     ^\n  line 0: no font\n\n" >&2; exit 3' "$plot" "$runs/step" -o fake.svg
if ! command -v gnuplot >/dev/null; then
	skip 'pictures' '[tools] no gnuplot here'
else
	mkdir -p begun && head -n 1 "$runs/second-1cycle/run.jsonl" >begun/run.jsonl
	check 'nothing to draw' ends_saying 2 'nothing to draw' "$plot" begun -o a.svg
	check 'a parent that ignores its children' bash -c 'trap "" CHLD; exec "$0" "$@"' "$plot" "$runs/step" -o chld.svg
	check 'an SVG' "$plot" "$runs/second-1cycle" "$runs/second-step" -o a.svg
	check 'with both curves, the level and dark colours' bash -c 'grep -q "data-series=\"demo-1cycle\"" a.svg && grep -q "data-series=\"demo-step\"" a.svg && grep -q prefers-color-scheme a.svg && grep -q " %</text>" a.svg'
	check 'a PNG' bash -c '"$0" "$1" -o a.png && head -c 4 a.png | grep -q PNG' "$plot" "$runs/second-1cycle"
	command="a'.system(\"touch ran\").'b\" \`touch ran\`"
	mkdir -p "$command" && NAME=$command$'\n!touch ran' python3 -c 'import json, os, sys; head = json.loads(sys.stdin.readline()); head["name"] = os.environ["NAME"]; print(json.dumps(head)); sys.stdout.write(sys.stdin.read())' <"$runs/second-1cycle/run.jsonl" >"$command/run.jsonl"
	check 'a name that is a command of gnuplot' "$plot" "$command" -o ran.svg
	check 'is not run' [ ! -e ran ]
	check 'a hostile name draws' bash -c '"$0" "$1" -o h.svg && python3 -c "import xml.etree.ElementTree as e; e.parse(\"h.svg\")"' "$plot" "$hostile"
	named='id="a" url(#b) rgb(1, 2)'
	mkdir -p named && { NAME=$named$'\u202e\ufffe' python3 -c 'import json, os, sys; head = json.loads(sys.stdin.readline()); head["name"] = os.environ["NAME"]; print(json.dumps(head, ensure_ascii=False)); sys.stdout.write(sys.stdin.read())'; } <"$runs/second-1cycle/run.jsonl" >named/run.jsonl
	check 'a name is drawn as it is' "$plot" named -o n.svg
	check 'wherever it stands' python3 -c 'import sys, xml.etree.ElementTree as e; texts = [t.text for t in e.parse("n.svg").iter()]; sys.exit(0 if texts.count(sys.argv[1] + r"\u202e\ufffe") == 3 else repr(texts))' "$named"
	check 'an output that cannot be written' ends_saying 1 'cannot be written' "$plot" "$runs/second-1cycle" -o absent/a.svg
	check '--pictures' bash -c '"$0" "$1" --out "$2" --pictures && grep -q "(pictures/accuracy.svg)" "$2/report.md" && [ -s "$2/pictures/accuracy.svg" ]' "$report" "$runs/second-1cycle" "$out"
	check 'the roofline of a result of bench' bash -c '"$0" bench.json -o r.svg --picture roofline-1 && grep -q "L1: 100 GB/s" r.svg' "$plot"
	# Winograd's fewer flops must not move its dot away from the library's.
	check 'one case stands at one x' bash -c '[ "$(grep -o "gpPt6. transform=.translate([0-9.]*" r.svg | sort | uniq -c | grep -c " 2 ")" -eq 1 ]'
	check 'what its lines are' bash -c '"$0" bench.json --out "$1" && grep -q "Lines: the bandwidth" "$1/index.html"' "$report" "$out"
	sed 's/"ceilings": .*/"ceilings": []}/' bench.json >low.json
	check 'no lines, no word of them' bash -c '"$0" low.json --out "$1" && grep -q "No ceilings were measured" "$1/index.html" && ! grep -q "Lines: " "$1/index.html"' "$report" "$out"
fi

wait $hung
hung_status=$?
hung_page() {
	[ $hung_status -eq 0 ] && grep -q 'gnuplot: no picture after 30 s' hung-page/report.md && grep -q 'took too long for an earlier one' hung-page/report.md
}
check 'a gnuplot that does not end' hung_page
finish

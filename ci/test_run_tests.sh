#!/bin/bash
# ci/run-tests on test programs that pass, fail, skip, crash, hang and lie.
set -u
cd "$(dirname "$0")/.." || exit 1
. ci/tap.sh
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# tree: an empty project with stand-ins for the cross compiler and the emulator.
tree() {
	rm -rf "${work:?}/tree" "${work:?}/bin"
	mkdir -p "$work/tree/ci" "$work/tree/build/test" "$work/bin"
	cp ci/run-tests "$work/tree/ci/"
	printf 'all neon-tests tests thread-tests:\n\t@true\n' >"$work/tree/Makefile"
	printf '#!/bin/bash\nexec "$@"\n' >"$work/bin/qemu-aarch64-static"
	printf '#!/bin/bash\n' >"$work/bin/aarch64-linux-gnu-gcc"
	printf '#!/bin/bash\necho x86_64\n' >"$work/bin/uname"
	chmod +x "$work/bin/"*
}

# program PATH LINES...: a test program of these shell lines, and a source of it.
program() {
	local path=$work/tree/$1
	mkdir -p "$work/tree/kernels/test"
	touch "$work/tree/kernels/test/${1##*/}.c"
	shift
	mkdir -p "$(dirname "$path")"
	printf '%s\n' '#!/bin/bash' "$@" >"$path"
	[[ $* = *1..* ]] || echo "echo 1..$(grep -oE '(not )?ok [0-9]+' <<<"$*" | wc -l)" >>"$path"
	chmod +x "$path"
}

run_tests() { PATH=$work/bin:$PATH CYCLEBENCH_TEST_TIMEOUT=2 "$work/tree/ci/run-tests" "$@"; }

# counts STATUS LAST_LINE [ARGUMENTS...]
counts() {
	local expected_status=$1 expected=$2 output status
	shift 2
	output=$(run_tests "$@" 2>&1)
	status=$?
	[ "$(tail -n 1 <<<"$output")" = "$expected" ] && [ $status -eq "$expected_status" ] && return
	echo "exit status $status, expected $expected_status and: $expected"
	echo "$output"
	return 1
}

tree
check 'no test at all fails' counts 1 '0 passed, 0 failed'
program build/test/test_good 'echo 1..2; echo "ok 1 - a"; echo "ok 2 - b"'
check 'passing tests' counts 0 '2 passed, 0 failed'
program train/test/test_shell.sh 'echo "ok 1 - built in $CYCLEBENCH_BUILD"; [ "$CYCLEBENCH_BUILD" = build ]'
check 'program tests are run with the build folder' counts 0 '3 passed, 0 failed'
program build/aarch64/test/test_neon 'echo "ok 1 - neon"'
check 'NEON tests are run' counts 0 '4 passed, 0 failed'
check 'NEON tests are named' says '^ok   neon/test_neon ' run_tests

program build/test/test_skip 'echo "ok 1 - c # SKIP no such CPU"; echo "ok 2 - d"'
check 'skips are counted' counts 0 '5 passed, 0 failed, 1 skipped'
check 'skips are told with their reason' says '^    c # SKIP no such CPU$' run_tests
program build/test/test_skip 'echo "# SKIP test_c: no such file"; echo "not ok 1 # SKIP test_c"; echo "ok 2 - d"'
check 'cmocka skips are counted once' counts 0 '5 passed, 0 failed, 1 skipped'
check 'cmocka skips are told with their reason' says '^    SKIP test_c: no such file$' run_tests

tree
program build/test/test_bad 'echo "ok 1 - a"; echo "not ok 2 - b"; echo "# b went wrong"; exit 1'
check 'a failing test' counts 1 '1 passed, 1 failed'
check 'its output is shown' says 'b went wrong' run_tests
check 'its program is named at the end' says '^failed: test_bad$' run_tests
program build/test/test_bad 'echo "ok 1 - a"; echo "not ok 2 - b"; exit 0'
check 'a failing test whose program exits 0' counts 1 '1 passed, 1 failed'
program build/test/test_bad 'echo "ok 1 - a"; exit 3'
check 'exit status without a "not ok"' counts 1 '1 passed, 1 failed'
check 'exit status is told' says 'exit status 3' run_tests
program build/test/test_bad 'echo "ok 1 - a"; kill -SEGV $$'
check 'a crash' counts 1 '1 passed, 1 failed'
check 'a crash is told' says 'killed by signal 11' run_tests
program build/test/test_bad 'echo "ok 1 - a"; exec sleep 60'
check 'a hang' counts 1 '1 passed, 1 failed'
check 'a hang is told' says 'ended after 2 s' run_tests
program build/test/test_bad 'echo "1..3"; echo "ok 1 - a"'
check 'fewer tests than planned' counts 1 '1 passed, 1 failed'
check 'fewer tests than planned is told' says 'planned 3 tests, reported 1' run_tests
program build/test/test_bad 'echo "ok 1 - a"; exit # no plan of 1..1'
check 'a test that ends without its plan' counts 1 '1 passed, 1 failed'
check 'a test that ends without its plan is told' says 'ended without its plan' run_tests
program build/test/test_bad 'echo hello'
check 'a program without tests' counts 1 '0 passed, 1 failed'
check 'a program without tests is told' says 'ran no test' run_tests
program build/test/test_bad 'echo "1..1"; echo "ok 1 - a"; echo "ok 2 - b"'
check 'more tests than planned' counts 1 '2 passed, 1 failed'
program build/test/test_good 'echo "ok 1 - a"'
rm "$work/tree/kernels/test/test_bad.c"
check 'a test without a source is not run' counts 0 '1 passed, 0 failed'
check 'a test without a source is told' says 'test_bad has no source any more: not run' run_tests

tree
program build/test/test_skip 'echo "ok 1 - c # SKIP [avx512] no such CPU"; echo "ok 2 - d # SKIP without a word"' 'echo "ok 3 - e"'
program build/test/test_cmocka 'echo "# SKIP test_c: [golden] no such file"; echo "not ok 1 # SKIP test_c"; echo "not ok 2 # SKIP test_d"; echo "ok 3 - d"'
check 'what was skipped is named in a word each' says '^skipped: golden other avx512$' run_tests
check 'the count is the last line all the same' counts 0 '2 passed, 0 failed, 4 skipped'
requires() { local -x CYCLEBENCH_REQUIRE=$1; shift; "$@"; }
check 'a required word: its skips fail' requires 'avx512 golden' counts 1 '2 passed, 2 failed, 2 skipped'
check 'they are told' requires avx512 says 'skipped, but required.*: avx512$' run_tests
check 'and their program is named' requires avx512 says '^failed: test_skip$' run_tests
check 'another word: they do not' requires 'neon cifar10' counts 0 '2 passed, 0 failed, 4 skipped'
check 'an unknown word: exit 2' requires 'avx51' exits_with 2 run_tests
check 'an unknown word is told with those there are' requires 'avx51' says "unknown word 'avx51'; expected some of: .*avx512bf16 neon golden cifar10" run_tests
program build/test/test_skip 'echo "ok 1 - c # SKIP [avx5l2] no such CPU"; echo "ok 2 - d"'
check 'a skip with a word that run-tests does not know fails' counts 1 '2 passed, 1 failed, 2 skipped'
tree
program build/test/test_good 'echo "ok 1 - a"'
export CYCLEBENCH_ARCHER=/nonexistent/libarcher.so
check 'ThreadSanitizer that cannot be had is a skip' counts 0 '1 passed, 0 failed, 1 skipped' build thread
check 'it is told' says '^    tests under ThreadSanitizer # SKIP \[thread\] no clang' run_tests build thread
check 'unless it is required' requires thread counts 1 '1 passed, 1 failed' build thread

tree
program build/test/test_good 'echo "ok 1 - a"'
program build/clang/test/test_good 'echo "ok 1 - a in $CYCLEBENCH_BUILD"'
program build/sanitize/test/test_good 'echo "ok 1 - a"; echo "ok 2 - b"'
check 'variants are run when asked for' counts 0 '4 passed, 0 failed' build clang sanitize
check 'variants are not run by default' counts 0 '1 passed, 0 failed'
program build/sanitize/test/test_bad 'echo "ok 1 - a"; exec sleep 60'
program build/sanitize/test/test_worse 'echo "not ok 1 - b"; exit 1'
check 'what fails in a variant' counts 1 '5 passed, 2 failed' build clang sanitize
check 'what fails in a variant is named' says '^failed: sanitize/test_bad sanitize/test_worse$' run_tests build clang sanitize
program train/test/test_train.sh 'echo "ok 1 - $CYCLEBENCH_BUILD ${CYCLEBENCH_TEST_QUICK:-whole}"'
rm -f "$work/tree/build/sanitize/test/test_bad" "$work/tree/build/sanitize/test/test_worse"
runs_quickly() { run_tests build sanitize >"$work/log"; [ "$(grep -h ok "$work/tree/build/test-logs/"*train-test-test_train.log)" = "ok 1 - build/sanitize 1
ok 1 - build whole" ] || { cat "$work/log" "$work/tree/build/test-logs/"*train*.log; false; }; }
check 'program tests are run in the sanitized build too, quickly' runs_quickly
rm "$work/tree/train/test/test_train.sh"
check 'an unknown variant: exit 2' exits_with 2 run_tests build msvc
printf 'all neon-tests tests:\n\techo "x.c:1: error: no"; false\n' >"$work/tree/Makefile"
check 'a build that fails' counts 1 '1 passed, 3 failed' build clang sanitize
check 'a build that fails shows its errors' says 'x.c:1: error' run_tests
finish

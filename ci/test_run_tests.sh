#!/bin/bash
# ci/run-tests on test programs that pass, fail, skip, crash, hang and lie.
set -u
cd "$(dirname "$0")/.." || exit 1
. ci/tap.sh
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# tree: an empty project with stand-ins for the cross compiler and the emulator.
tree() {
	rm -rf "$work/tree" "$work/bin"
	mkdir -p "$work/tree/ci" "$work/tree/build/test" "$work/bin"
	cp ci/run-tests "$work/tree/ci/"
	printf 'neon-tests tests:\n\t@true\n' >"$work/tree/Makefile"
	printf '#!/bin/bash\nexec "$@"\n' >"$work/bin/qemu-aarch64-static"
	printf '#!/bin/bash\n' >"$work/bin/aarch64-linux-gnu-gcc"
	printf '#!/bin/bash\necho x86_64\n' >"$work/bin/uname"
	chmod +x "$work/bin/"*
}

# program PATH LINES...: a test program of these shell lines.
program() {
	local path=$work/tree/$1
	shift
	mkdir -p "$(dirname "$path")"
	printf '%s\n' '#!/bin/bash' "$@" >"$path"
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
program build/test/test_bad 'echo hello'
check 'a program without tests' counts 1 '0 passed, 1 failed'
check 'a program without tests is told' says 'ran no test' run_tests

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
check 'an unknown variant: exit 2' exits_with 2 run_tests build msvc
printf 'neon-tests tests:\n\techo "x.c:1: error: no"; false\n' >"$work/tree/Makefile"
check 'a build that fails' counts 1 '1 passed, 3 failed' build clang sanitize
check 'a build that fails shows its errors' says 'x.c:1: error' run_tests
finish

#!/bin/bash
# ci/setup on machines of stand-ins: compilers that know only some headers, and a package manager that only takes notes.
set -u
cd "$(dirname "$0")/.." || exit 1
. ci/tap.sh
setup=$PWD/ci/setup
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
notes=$work/notes
mkdir -p "$work/Random123"
: >"$work/Random123/philox.h"

tool() {
	printf '#!/bin/sh\n%s\n' "$2" >"$work/bin/$1"
	chmod +x "$work/bin/$1"
}

# A compiler fails where it is told to include a header that is not in the list; a link with OpenMP includes omp.h.
compiler() {
	tool "$1" "while [ \$# -gt 0 ]; do if [ \"\$1\" = -include ]; then grep -qx \"\$2\" $work/headers || exit 1; fi; shift; done"
}

build='stdio.h benchmark/benchmark.h hwloc.h papi.h jansson.h ini.h curl/curl.h archive.h openssl/evp.h'
tests='stdarg.h stddef.h setjmp.h stdint.h cmocka.h omp.h'
programs='make clang python3 valgrind jq help2man pkg-config shellcheck clang-format qemu-aarch64-static qemu-aarch64'

# machine USER_ID HEADER...: a PATH with the programs and with apt, and the headers that compilers find.
machine() {
	local program
	rm -rf "${work:?}/bin" "$notes"
	mkdir "$work/bin"
	for program in sh env uname grep; do ln -s "$(command -v $program)" "$work/bin/$program"; done
	for program in $programs; do tool "$program" ''; done
	for program in gcc g++ clang aarch64-linux-gnu-gcc; do compiler $program; done
	tool id "echo $1"
	tool apt-get "echo \"apt-get \$* (\$DEBIAN_FRONTEND)\" >>$notes; case \$1 in install) echo jansson.h >>$work/headers ;; esac"
	shift
	printf '%s\n' "$@" >"$work/headers"
	: >"$notes"
}

run_setup() { PATH=$work/bin RANDOM123=$work/Random123 CC='' CXX='' CPPFLAGS='' "$setup" "$@"; }
noted() { says "$1" cat "$notes"; }
nothing_noted() { [ ! -s "$notes" ] || { cat "$notes"; return 1; }; }
nothing_said() {
	local output
	output=$("$@" 2>&1)
	[ -z "$output" ] || { echo "$output"; return 1; }
}

# shellcheck disable=SC2086 # lists of words, here and below
machine 1000 $build $tests
check 'complete: nothing to do, no root' run_setup
check 'complete: nothing is said' nothing_said run_setup
check 'complete: --check' run_setup --check
check 'complete: nothing is run' nothing_noted
rm "$work/bin/apt-get"
check 'complete: a system without apt will do' run_setup --check

machine 0 $build
check '--build-only asks for nothing of the tests' run_setup --build-only
check '--check asks for them' ends_saying 2 "^Missing: cmocka.h, clang's omp.h and libomp\$" run_setup --check
check 'nothing is run' nothing_noted

machine 0 ${build/jansson.h/} $tests
check '--check: exit 2' exits_with 2 run_setup --check
check '--check: what is missing' says '^Missing: jansson.h$' run_setup --check
check '--check: what to do' says 'make setup .*apt-get install --no-install-recommends libjansson-dev\)$' run_setup --check
check '--check: nothing is run as root' nothing_noted
check 'the command is shown before' says '^Installing it now: apt-get update && apt-get install' run_setup
machine 0 ${build/jansson.h/} $tests
check 'one is missing: success' run_setup
check 'the lists are updated' noted '^apt-get update .*\(noninteractive\)$'
check 'only it is installed' noted '^apt-get install .*-y .*--no-install-recommends libjansson-dev \(noninteractive\)$'

machine 0 ${build/papi.h/} $tests
check 'installed, but not to be found: exit 1' ends_saying 1 'yet there is no papi.h$' run_setup

machine 0 $build $tests
rm "$work/bin/valgrind"
check 'a program is missing' ends_saying 2 '^Missing: valgrind$' run_setup --check
rm "$work/Random123/philox.h"
check 'Random123 is missing' ends_saying 2 'librandom123-dev valgrind' run_setup --check
: >"$work/Random123/philox.h"

machine 1000 ${build/jansson.h/} $tests
check 'no root and no sudo: exit 1' exits_with 1 run_setup
check 'no root and no sudo: the command is shown' says 'apt-get update && apt-get install .*libjansson-dev' run_setup
check 'no root and no sudo: nothing is run' nothing_noted
tool sudo "echo sudo >>$notes; exec \"\$@\""
check 'sudo where root is needed' run_setup
check 'sudo runs apt-get' noted '^sudo$'

machine 0 ${build/jansson.h/} $tests
tool apt-get 'exit 100'
check 'a failing installation: exit 1' ends_saying 1 'could not install: libjansson-dev' run_setup
rm "$work/bin/apt-get"
check 'no apt: exit 2 and what is needed' ends_saying 2 'Debian packages hold: libjansson-dev$' run_setup
check 'an unknown option: exit 2' exits_with 2 run_setup --everything
finish

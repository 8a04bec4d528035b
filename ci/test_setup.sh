#!/bin/bash
# ci/setup against a package manager that only takes notes.
set -u
cd "$(dirname "$0")/.." || exit 1
. ci/tap.sh
setup=$PWD/ci/setup
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
notes=$work/notes

tool() {
	printf '#!/bin/sh\n%s\n' "$2" >"$work/bin/$1"
	chmod +x "$work/bin/$1"
}

# machine USER_ID INSTALLED...: a PATH with the stand-ins.
machine() {
	local id=$1
	shift
	rm -rf "$work/bin" "$notes"
	mkdir "$work/bin"
	for program in sh env tr cat uname; do ln -s "$(command -v $program)" "$work/bin/$program"; done
	printf '%s\n' "$@" >"$work/installed"
	tool id "echo $id"
	tool dpkg-query "for p; do :; done; while read -r line; do if [ \"\$line\" = \"\$p\" ]; then echo installed; exit 0; fi; done <$work/installed; exit 1"
	tool apt-get "echo \"apt-get \$* (\$DEBIAN_FRONTEND)\" >>$notes"
	: >"$notes"
}

run_setup() { PATH=$work/bin "$setup" "$@"; }
noted() { says "$1" cat "$notes"; }
nothing_noted() { [ ! -s "$notes" ] || { cat "$notes"; return 1; }; }

build='gcc g++ make libc6-dev libbenchmark-dev libhwloc-dev libpapi-dev libjansson-dev libinih-dev libcurl4-openssl-dev libarchive-dev libssl-dev librandom123-dev ca-certificates'
tests='libcmocka-dev clang libomp-dev python3 valgrind'
[ "$(uname -m)" = aarch64 ] || tests="$tests gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static qemu-user"

# shellcheck disable=SC2086 # lists of words, here and below
machine 1000 $build $tests
check 'complete: nothing to do, no root' run_setup
check 'complete: nothing is run' nothing_noted
check 'complete: nothing is said' bash -c "[ -z \"\$(PATH='$work/bin' '$setup')\" ]"

machine 0 $build
check '--build-only asks for no test package' run_setup --build-only
check '--build-only: nothing is run' nothing_noted

machine 0 ${build/libcurl4-openssl-dev/libcurl4-gnutls-dev}
check 'another curl package will do' run_setup --build-only
check 'it is left alone' nothing_noted

machine 0 ${build/libjansson-dev/} $tests
check 'one is missing: it is named' says '^Missing packages: libjansson-dev$' run_setup
check 'the command is shown before' says '^Installing them now: apt-get update && apt-get install' run_setup
machine 0 ${build/libjansson-dev/} $tests
check 'one is missing: success' run_setup
check 'the lists are updated' noted '^apt-get update .*\(noninteractive\)$'
check 'only it is installed' noted '^apt-get install .*-y .*--no-install-recommends libjansson-dev \(noninteractive\)$'

machine 1000 $build
check 'no root and no sudo: exit 1' exits_with 1 run_setup
check 'no root and no sudo: the command is shown' says 'apt-get update && apt-get install .*libcmocka-dev' run_setup
check 'no root and no sudo: nothing is run' nothing_noted
tool sudo "echo sudo >>$notes; exec \"\$@\""
check 'sudo where root is needed' run_setup
check 'sudo runs apt-get' noted '^sudo$'

machine 0 $build
tool apt-get 'exit 100'
check 'a failing installation: exit 1' exits_with 1 run_setup
check 'a failing installation is told' says 'could not install: libcmocka-dev' run_setup

machine 0 $build
rm "$work/bin/apt-get"
check 'no apt: exit 2' exits_with 2 run_setup
check 'no apt: what is needed' says 'libhwloc-dev .*libcmocka-dev' run_setup
check 'an unknown option: exit 2' exits_with 2 run_setup --everything
finish

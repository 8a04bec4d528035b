#!/bin/bash
# The gates hold for this tree, and each of them closes: violations are planted in a copy.
set -u
cd "$(dirname "$0")/.." || exit 1
. ci/tap.sh
build=$(realpath "${CYCLEBENCH_BUILD:-build}")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
copy=$work/tree
compiler=${CC:-gcc}

# The gates on the tree itself.
while read -r line; do
	case $line in
	'ok '* | 'not ok '*)
		tap_count=$((tap_count + 1))
		case $line in not*) tap_failed=$((tap_failed + 1)) ;; esac
		echo "$line" | sed -E "s/(ok) [0-9]+/\1 $tap_count/"
		;;
	*) echo "$line" ;;
	esac
done < <(ci/gates "$build")

# A copy of the sources, with a small libkernels of its own.
fresh_copy() {
	rm -rf "$copy"
	mkdir -p "$copy/build/generated"
	tar -cf - --exclude=./build --exclude=./runs --exclude=./.git . | tar -xf - -C "$copy"
	ln -s "$(realpath -m /usr/include/Random123)" "$copy/build/generated/Random123"
	cp "$build/generated/build_info.h" "$copy/build/generated/"
	library good 'int cb_good(int); int cb_good(int x) { return x + 1; }'
}

# library NAME SOURCE [FLAGS...]: libkernels.a of the copy with one object NAME.o.
library() {
	local name=$1 source=$2
	shift 2
	rm -f "$copy/build/libkernels.a"
	echo "$source" | "$compiler" -O2 "$@" -x c -c -o "$work/$name.o" - && ar rcs "$copy/build/libkernels.a" "$work/$name.o"
}

# closes GATE FINDING: the gate whose name matches is broken in the copy, and the finding is told.
closes() {
	local output status
	output=$("$copy/ci/gates" build "$1")
	status=$?
	[ $status -eq 1 ] && grep -q '^not ok 1 - ' <<<"$output" && grep -qE -- "$2" <<<"$output" && return
	echo "exit status $status, expected 1 and: $2"
	echo "$output"
	return 1
}

# plant FILE TEXT: appends a line.
plant() {
	mkdir -p "$(dirname "$copy/$1")"
	printf '%s\n' "$2" >>"$copy/$1"
}

fresh_copy
check 'a clean copy passes' exits_with 0 "$copy/ci/gates" build 'direction|nothing but|OpenMP|cb_|leaks'

plant kernels/core/isa.c '#include "instruments.h"'
check 'kernels must not include instruments' closes 'direction' 'kernels/core/isa.c:[0-9]+ includes "instruments.h"'
fresh_copy
plant bench/instruments/usage.c '#include "model/model.h"'
check 'instruments must not include train' closes 'direction' 'bench/instruments/usage.c:[0-9]+'
fresh_copy
plant reports/lib/table.c '#include "core/status.h"'
check 'reports must not include kernels' closes 'direction' 'reports/lib/table.c:[0-9]+'
fresh_copy
plant bench/score/records.c '#include "../../reports/lib/table.h"'
check 'the score must not include more of reports than the reader of records' closes 'direction' 'bench/score/records.c:[0-9]+'
fresh_copy
plant kernels/ref/conv.c '#include "vec/vec.h"'
check 'the reference must not include the vector vocabulary' closes 'direction' 'kernels/ref/conv.c:[0-9]+'
fresh_copy
plant train/schedule/schedule.c '  #  include "nowhere.h"'
check 'an include of nothing is told' closes 'direction' 'nowhere.h" \(unresolved\)'
fresh_copy
plant kernels/core/math.c '#include <jansson.h>'
check 'kernels must not need a library' closes 'nothing but libc' 'kernels/core/math.c:[0-9]+'
fresh_copy
plant train/schedule/schedule.c '#pragma omp parallel'
check 'OpenMP outside the team' closes 'uses OpenMP' 'train/schedule/schedule.c:[0-9]+'
fresh_copy
plant kernels/norm/norm.h 'size_t cb_needs_more(struct cb_nowhere value, FILE *file);'
check 'a header that does not compile alone' closes 'header compiles alone' 'kernels/norm/norm.h does not compile alone'
if command -v g++ >/dev/null; then
	fresh_copy
	sed -i 's/^enum cb_status cb_fail/int cb_planted(int class);\n&/' "$copy/kernels/core/status.h"
	check 'a header that is not C++' closes 'C\+\+17' 'kernels/kernels.h does not compile alone'
fi
fresh_copy
plant ci/planted.sh '#!/bin/bash'
plant ci/planted.sh 'if true; then'
check 'a shell script that does not parse' closes 'scripts parse' 'planted.sh'
if command -v shellcheck >/dev/null; then
	fresh_copy
	plant ci/planted.sh '#!/bin/bash'
	plant ci/planted.sh 'cd /nowhere'
	check 'a shell script with a warning' closes 'shellcheck' 'planted.sh:2:.*SC2164'
fi
if clang-format --version 2>/dev/null | grep -q ' version 14\.'; then
	fresh_copy
	plant kernels/core/math.c 'int  planted;'
	check 'a C file that is not formatted' closes 'formatted' 'kernels/core/math.c:[0-9]+:[0-9]+ is not as'
fi
fresh_copy
plant reports/README.md "see /wor""k/somewhere"
check 'a path of a developer machine' closes 'developer machine' 'reports/README.md'

fresh_copy
library symbols 'int helper(int); int helper(int x) { return x; }'
check 'a symbol without the prefix' closes 'begins with cb_' 'helper'
rm "$copy/build/libkernels.a"
check 'a missing library' closes 'libkernels.a is there' missing
if [ "$(uname -m)" = x86_64 ]; then
	add='void cb_add(float *a); void cb_add(float *a) { for (int i = 0; i < 64; i++) a[i] += 1; }'
	library core "$add" -O3 -mavx2
	check 'AVX code in a plain object' closes 'leaks' 'core.o: .*cb_add.* holds AVX code'
	library norm_avx2 "$add" -O3 -mavx512f -mprefer-vector-width=512
	check 'AVX-512 code in an AVX2 object' closes 'leaks' 'norm_avx2.o: .* holds AVX-512 code'
	library norm_avx2 "$add" -O3 -mavx2
	check 'AVX code in an AVX2 object is right' exits_with 0 "$copy/ci/gates" build leaks
	library norm_avx512 "$add" -O3 -mavx512f -mprefer-vector-width=512
	check 'AVX-512 code in an AVX-512 object is right' exits_with 0 "$copy/ci/gates" build leaks
fi
finish

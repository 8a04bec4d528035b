# shellcheck shell=bash
# Sourced by shell tests (bash): check runs a command and prints its TAP line; finish ends the script.
tap_count=0 tap_failed=0

# The system's Python: where a version manager stands before it in PATH, each call takes half a second longer.
if [ -x /usr/bin/python3 ]; then python3() { /usr/bin/python3 "$@"; }; fi

# check NAME COMMAND...: passes if COMMAND succeeds; shows its output if not.
check() {
	local name=$1 output
	shift
	tap_count=$((tap_count + 1))
	if output=$("$@" 2>&1); then
		echo "ok $tap_count - $name"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $name"
		printf '%s\n' "$output" | sed 's/^/#   /'
	fi
}

skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# exits_with STATUS COMMAND...: for check; shows what COMMAND printed if its status is another.
exits_with() {
	local expected=$1 status
	shift
	"$@"
	status=$?
	[ $status -eq "$expected" ] || { echo "exit status $status, expected $expected"; return 1; }
}

# says PATTERN COMMAND...: for check; COMMAND's output, whatever its status, has a line that matches the extended regular expression.
says() {
	local pattern=$1 output
	shift
	output=$("$@" 2>&1)
	grep -qE -- "$pattern" <<<"$output" || { echo "no line matches: $pattern"; echo "$output"; return 1; }
}

# ends_saying STATUS PATTERN COMMAND...: for check; both of the above in one run.
ends_saying() {
	local expected=$1 pattern=$2 output status
	shift 2
	output=$("$@" 2>&1)
	status=$?
	[ $status -eq "$expected" ] || { echo "exit status $status, expected $expected"; echo "$output"; return 1; }
	grep -qE -- "$pattern" <<<"$output" || { echo "no line matches: $pattern"; echo "$output"; return 1; }
}

# full_device FOLDER: the name of a device without room, a new one in FOLDER where the rights are there: of root's tests a broken program
# that replaces files would take the system's away.
full_device() {
	if mknod "$1/full" c 1 7 2>/dev/null && LC_ALL=C bash -c "echo >'$1/full'" 2>&1 | grep -q 'No space left'; then
		echo "$1/full"
	else
		echo /dev/full
	fi
}

finish() {
	echo "1..$tap_count"
	exit $((tap_failed > 0))
}

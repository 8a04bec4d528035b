#!/bin/bash
# A report in a browser (Debian packages chromium, chromium-driver, python3-selenium) and before an HTML checker (tidy), where they are.
set -u
cd "$(dirname "$0")/../.." || exit 1
. ci/tap.sh
report=$(realpath "${CYCLEBENCH_BUILD:-build}")/cyclebench-report
python=${PYTHON3:-/usr/bin/python3}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
"$report" reports/results reports/test/runs/second-1cycle --out "$work" >/dev/null || exit 1

# in_browser PAGE: what is wrong with it there.
in_browser() { "$python" reports/test/drive_page.py "$1"; }
# caught SED PATTERN: the page changed so is refused with such a line.
caught() {
	sed -E "$1" "$work/index.html" >"$work/wrong.html"
	! cmp -s "$work/index.html" "$work/wrong.html" || { echo 'nothing was changed'; return 1; }
	ends_saying 1 "$2" in_browser "$work/wrong.html"
}

in_browser "$work/index.html" >"$work/faults" 2>&1
status=$?
no_fault() { cat "$work/faults"; [ "$status" -eq 0 ]; }
case $status in
3) skip 'in a browser' '[tools] no chromium with chromedriver and selenium here' ;;
*)
	check 'console, network, width, colours, sorting, series' no_fault
	check 'an error of the script is caught' caught 's|^</script>|nothing.there();</script>|' 'console: .*nothing is not defined'
	check 'a request to the network is caught' caught 's|<main>|<main><img alt="" src="http://127.0.0.1:9/x.png">|' 'asked the network for http://127.0.0.1:9/x.png'
	check 'a page that is too wide is caught' caught 's|<main>|<main><p style="width:900px;max-width:none">x</p>|' 'scrolls sideways'
	check 'tables that do not sort are caught' caught 's|x.number - y.number|0|' 'table 0, column'
	;;
esac
if command -v tidy >/dev/null; then
	check 'HTML without an error or a warning' tidy -quiet -errors "$work/index.html"
	sed 's|</table>||' "$work/index.html" >"$work/wrong.html"
	check 'a missing tag is caught' exits_with 1 tidy -quiet -errors "$work/wrong.html"
else
	skip 'HTML' '[tools] no tidy here'
fi
finish

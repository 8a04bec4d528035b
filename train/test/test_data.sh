#!/usr/bin/env bash
# cyclebench data as a user runs it: synth, verify, fetch from a local HTTP server that breaks off, forgets ranges or serves wrong files.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${CYCLEBENCH_BUILD:-build}
cyclebench=$build/cyclebench
work=$(mktemp -d) || exit 1
server=
trap '[ -n "$server" ] && kill "$server" 2> /dev/null; rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache
real=${CYCLEBENCH_DATA:-}
unset CYCLEBENCH_DATA http_proxy HTTP_PROXY all_proxy ALL_PROXY
export no_proxy=127.0.0.1
archive=cifar-10-binary.tar.gz
batches=cifar-10-batches-bin
number=0
pass() { number=$((number + 1)); echo "ok $number - $1"; }
fail() { number=$((number + 1)); echo "not ok $number - $1"; [ -f "$work/log" ] && tail -5 "$work/log" | sed 's/^/# /'; }
skip() { number=$((number + 1)); echo "ok $number - $1 # SKIP $2"; }
check() { if [ "$2" = 0 ]; then pass "$1"; else fail "$1"; fi; }
# expect_exit NAME CODE PATTERN command...: the exit code, and a line of stderr+stdout that matches
expect_exit() {
    local name=$1 code=$2 pattern=$3 got
    shift 3
    "$@" > "$work/log" 2>&1
    got=$?
    if [ $got = "$code" ] && grep -qE -- "$pattern" "$work/log"; then pass "$name"; else
        echo "# exit $got, expected $code and /$pattern/"
        fail "$name"
    fi
}
is_empty() { [ ! -d "$1" ] || [ -z "$(find "$1" -type f)" ]; }

# --- usage ---
expect_exit "help" 0 'cyclebench data verify' "$cyclebench" data --help
expect_exit "help of a verb" 0 'cyclebench data verify' "$cyclebench" data fetch --help
expect_exit "no verb" 2 'usage: cyclebench data' "$cyclebench" data
expect_exit "unknown verb" 2 'fetsch' "$cyclebench" data fetsch
expect_exit "unknown option" 2 '--unknown is unknown' "$cyclebench" data verify --unknown
expect_exit "superfluous argument" 2 'unexpected argument x' "$cyclebench" data verify x
expect_exit "an option of another verb" 2 'only fetch knows --mirror' "$cyclebench" data verify --mirror http://x/
expect_exit "a mirror that is no address" 2 'needs an address' "$cyclebench" data fetch --mirror /tmp/x
expect_exit "unknown set" 2 'expected cifar10 or cifar100' "$cyclebench" data verify --set cifar
expect_exit "synth has one set" 2 'knows no --set' "$cyclebench" data synth --set cifar100 --data "$work/x"
expect_exit "synth needs a folder" 2 '--data DIR is needed' "$cyclebench" data synth
for images in 0 -1 100001 1e3 10x ''; do
    expect_exit "synth --images '$images'" 2 'expected a whole number from 1 to 100000' "$cyclebench" data synth --data "$work/x" --images "$images"
done
[ ! -e "$work/x" ]; check "refused commands leave nothing behind" $?

# --- synth ---
expect_exit "synth" 0 '6 files of 100 images' "$cyclebench" data synth --data "$work/synth" --images 100
sizes=$(cd "$work/synth/$batches" && stat -c '%n %s' * | tr '\n' ' ')
[ "$sizes" = "batches.meta.txt 120 data_batch_1.bin 307300 data_batch_2.bin 307300 data_batch_3.bin 307300 data_batch_4.bin 307300 data_batch_5.bin 307300 test_batch.bin 307300 " ]
check "synth writes the seven files in CIFAR-10's format" $?
[ "$(head -n 2 "$work/synth/$batches/batches.meta.txt" | tr '\n' ' ')" = "synthetic 0 synthetic 1 " ]; check "with the names of the classes" $?
[ "$(cat "$work/synth/$batches/"*.bin | sha256sum | cut -c 1-64)" = d98a64c1e55cd66867df96502695a2d47ca10409f2ba470654d8c0a05830ec21 ]
check "the same bytes on every machine" $?
before=$(stat -c '%n %Y %i' "$work/synth/$batches/"*)
expect_exit "synth again: nothing to do" 0 '6 files of 100 images' "$cyclebench" data synth --data "$work/synth" --images 100
expect_exit "other data is not overwritten" 2 'data_batch_1.bin: holds other data' "$cyclebench" data synth --data "$work/synth" --images 50
[ "$before" = "$(stat -c '%n %Y %i' "$work/synth/$batches/"*)" ]; check "and the files are untouched" $?
expect_exit "synth below a file" 1 'cannot be made' "$cyclebench" data synth --data "$work/log/x" --images 10
if [ -w /dev/full ] && [ "$(id -u)" != 0 ]; then
    mkdir "$work/read-only" && chmod 555 "$work/read-only"
    expect_exit "synth into a read-only folder" 1 'cannot be made' "$cyclebench" data synth --data "$work/read-only" --images 10
else
    skip "synth into a read-only folder" "[user] root may write everywhere"
fi

# --- verify ---
expect_exit "verify: nothing found says how to fetch" 4 'cyclebench data fetch' env -C "$work" "$(realpath "$cyclebench")" data verify
mkdir -p "$work/looped/cyclebench" && ln -s $batches "$work/looped/cyclebench/$batches"
expect_exit "verify: what cannot be examined is not missing" 1 'cannot be examined' env XDG_CACHE_HOME="$work/looped" "$cyclebench" data verify
expect_exit "verify: a given folder without data" 2 'No such file' "$cyclebench" data verify --data "$work/nowhere"
expect_exit "verify: wrong lengths" 2 'data_batch_5.bin: wrong length: expected 30730000 bytes, got 307300' "$cyclebench" data verify --data "$work/synth"
rm "$work/synth/$batches/data_batch_3.bin"
expect_exit "verify: a missing file" 2 'data_batch_3.bin: missing' "$cyclebench" data verify --data "$work/synth/$batches"
head -c 30730000 /dev/zero > "$work/synth/$batches/data_batch_3.bin"
expect_exit "verify: a wrong SHA-256" 2 'data_batch_3.bin: wrong SHA-256: expected bbe8' "$cyclebench" data verify --data "$work/synth"
rm "$work/synth/$batches/data_batch_3.bin"
tar -C "$work/synth" -czf "$work/synth.tar.gz" "$batches"
expect_exit "verify: an archive" 2 'test_batch.bin: wrong length: expected 30730000 bytes, got 307300' "$cyclebench" data verify --data "$work/synth.tar.gz"
grep -q 'data_batch_3.bin: missing' "$work/log"; check "verify: what an archive lacks" $?
head -c 100000 "$work/synth.tar.gz" > "$work/cut.tar.gz"
expect_exit "verify: a truncated archive" 2 'cut.tar.gz: cannot be read .* truncated' "$cyclebench" data verify --data "$work/cut.tar.gz"
echo 'no archive at all' > "$work/text.tar.gz"
expect_exit "verify: no archive" 2 'text.tar.gz: cannot be read' "$cyclebench" data verify --data "$work/text.tar.gz"
: > "$work/empty.tar.gz"
expect_exit "verify: an empty archive" 2 'empty.tar.gz: cannot be read' "$cyclebench" data verify --data "$work/empty.tar.gz"

# One flipped bit: libarchive would not notice.
cp "$work/synth.tar.gz" "$work/hurt.tar.gz"
byte=$(od -An -tu1 -j200000 -N1 "$work/hurt.tar.gz")
printf "\\x$(printf %02x $((byte ^ 1)))" | dd of="$work/hurt.tar.gz" bs=1 seek=200000 conv=notrunc status=none
expect_exit "verify: a damaged archive" 2 'hurt.tar.gz: (damaged: its gzip checksum|cannot be read)' "$cyclebench" data verify --data "$work/hurt.tar.gz"
# A hash that libcrypto cannot compute is an error, not an empty text.
printf 'openssl_conf = a\n[a]\nproviders = b\n[b]\nnull = c\n[c]\nactivate = 1\n' > "$work/no-sha.cnf"
head -c 30730000 /dev/zero > "$work/synth/$batches/data_batch_3.bin"
expect_exit "verify: without SHA-256" 1 'libcrypto could not compute' env OPENSSL_CONF="$work/no-sha.cnf" "$cyclebench" data verify --data "$work/synth"
rm "$work/synth/$batches/data_batch_3.bin"

# --- CIFAR-100, on made-up files of its format: 40 and 20 records of two labels and 3,072 pixels ---
hundred=$work/hundred/cifar-100-binary
mkdir -p "$hundred"
for file in train:40 test:20; do
    for i in $(seq "${file#*:}"); do
        # shellcheck disable=SC2059 # the labels, in octal
        printf "\\$(printf %03o $((i % 20)))\\$(printf %03o $((99 - i)))"
        head -c 3072 /dev/urandom
    done > "$hundred/${file%:*}.bin"
done
expect_exit "verify --set cifar100: wrong lengths" 2 'train.bin: wrong length: expected 153700000 bytes, got 122960' "$cyclebench" data verify --set cifar100 --data "$work/hundred"
expect_exit "verify: CIFAR-100 is no CIFAR-10" 2 'no CIFAR-10 in' "$cyclebench" data verify --data "$work/hundred"
expect_exit "verify --set cifar100: nothing found says how to fetch" 4 'fetch --set cifar100' env -C "$work" "$(realpath "$cyclebench")" data verify --set cifar100
tar -C "$work/hundred" -czf "$work/hundred.tar.gz" cifar-100-binary
expect_exit "fetch --set cifar100: a wrong file" 1 'train.bin has 122960 bytes, expected 153700000' "$cyclebench" data fetch --set cifar100 --data "$work/refused" --mirror "file://$work/hundred.tar.gz"
is_empty "$work/refused"; check "fetch --set cifar100: nothing is kept" $?
expect_exit "train on CIFAR-100" 0 'completed after 3 iterations' "$cyclebench" train smoke --set data.set=cifar100 --set data.train_files=train.bin \
    --data "$work/hundred" --run "$work/hundred-run" --threads 1 --set schedule.iterations=3
grep -q '"eval_images": *20' "$work/hundred-run/run.jsonl" && grep -q '"set": *"cifar100"' "$work/hundred-run/run.jsonl"; check "train on CIFAR-100: the record says so" $?
expect_exit "eval on CIFAR-100" 0 'of 20 correct' "$cyclebench" eval "$work/hundred-run" --data "$work/hundred" --threads 1

# --- output that is lost, descriptors that are closed ---
if [ -w /dev/full ]; then
    for command in "verify --data $work/synth" "synth --data $work/lost --images 1" "--help"; do
        # shellcheck disable=SC2086 # words are meant
        "$cyclebench" data $command > /dev/full 2> "$work/log"
        [ $? = 1 ] && grep -q 'standard output: cannot be written' "$work/log"; check "data ${command%% *}: output that is lost is an error" $?
    done
fi
"$cyclebench" data synth --data "$work/few" --images 4 > "$work/log" 2>&1
"$cyclebench" train smoke --data "$work/few" --run "$work/closed" --threads 1 --max-iterations 1 --set data.batch=2 <&- >&- 2>&-
[ "$(head -c 1 "$work/closed/run.jsonl")" = '{' ] && ! grep -q images "$work/closed/lock"
check "train: what is printed to a closed descriptor goes into no file" $?
expect_exit "train: test_batch.bin is not trained on" 2 'expected different file names .* not the test file' \
    "$cyclebench" train smoke --data "$work/few" --run "$work/on-test" --set data.train_files=test_batch.bin

# --- fetch: wrong content is reported and nothing is kept ---
fetch_refused() { # NAME PATTERN ARCHIVE
    expect_exit "fetch: $1" 1 "$2" "$cyclebench" data fetch --data "$work/refused" --mirror "file://$3"
    is_empty "$work/refused"; check "fetch: $1: nothing is kept" $?
}
fetch_refused "a file of the wrong length" 'data_batch_1.bin has 307300 bytes, expected 30730000' "$work/synth.tar.gz"
head -c 30730000 /dev/zero > "$work/synth/$batches/data_batch_1.bin"
cp "$work/synth/$batches/data_batch_1.bin" "$work/synth/$batches/data_batch_3.bin"
tar -C "$work/synth" -czf "$work/wrong.tar.gz" "$batches"
tar -C "$work/synth" -czf "$work/lacking.tar.gz" "$batches/test_batch.bin"
fetch_refused "a file is missing" 'data_batch_1.bin is missing in the archive' "$work/lacking.tar.gz"
fetch_refused "a wrong SHA-256" 'data_batch_1.bin has the wrong SHA-256: expected cee9' "$work/wrong.tar.gz"
fetch_refused "a truncated archive" 'truncated' "$work/cut.tar.gz"
tar -P -C "$work/synth" -czf "$work/evil.tar.gz" --transform 's,^,../../,' "$batches/test_batch.bin"
fetch_refused "a path that leaves the folder" 'refused: member "../../' "$work/evil.tar.gz"
ln -s /etc/passwd "$work/test_batch.bin"
tar -C "$work" -czf "$work/link.tar.gz" test_batch.bin
fetch_refused "a link" 'is a link or device' "$work/link.tar.gz"
fetch_refused "no such file" 'nothing was kept' "$work/nowhere.tar.gz"
expect_exit "fetch: an address of no known kind" 2 'nothing was kept' "$cyclebench" data fetch --data "$work/refused" --mirror "gopherus://host/x"
expect_exit "fetch: a protocol that is not HTTP" 2 'nothing was kept' "$cyclebench" data fetch --data "$work/refused" --mirror "ftp://127.0.0.1:1/x"
expect_exit "fetch: nobody listens" 1 'nothing was kept' "$cyclebench" data fetch --data "$work/refused" --mirror "http://127.0.0.1:1/$archive"

# --- fetch over HTTP ---
cat > "$work/server.py" << 'PYTHON'
# GET /MODE/FILE serves FILE. Modes by number of requests so far: drop (the first two break off), norange (the first breaks off, no
# ranges), file (redirects to a file), huge (announces 500 MB), changed (the first breaks off, every answer has another ETag), slow (the first drips). Prints a line for each request.
import http.server, os, sys, time
seen = {}
class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args): pass
    def do_GET(self):
        mode, name = self.path.strip('/').split('/')
        turn = seen[mode] = seen.get(mode, 0) + 1
        wanted, condition = self.headers.get('Range'), self.headers.get('If-Range')
        print(mode, wanted, condition, flush=True)
        if mode == 'file': self.send_response(302); self.send_header('Location', 'file://' + os.path.abspath(name)); self.end_headers(); return
        if mode == 'huge': self.send_response(200); self.send_header('Content-Length', '500000000'); self.end_headers(); self.wfile.write(b'x'); return
        if not os.path.exists(name): return self.send_error(404)
        data = open(name, 'rb').read()
        etag = '"%d"' % (turn if mode == 'changed' else 7)
        start = int(wanted[6:].rstrip('-')) if wanted and mode != 'norange' and condition in (None, etag) else 0
        if start >= len(data) and start:
            self.send_response(416); self.send_header('Content-Range', 'bytes */%d' % len(data)); self.end_headers(); return
        self.send_response(206 if start else 200)
        if start: self.send_header('Content-Range', 'bytes %d-%d/%d' % (start, len(data) - 1, len(data)))
        self.send_header('Content-Length', len(data) - start); self.send_header('ETag', etag); self.end_headers()
        if mode.startswith('drop') and turn <= 2 or mode in ('norange', 'changed') and turn == 1:
            self.wfile.write(data[start:start + (len(data) - start) // 3]); return self.connection.close()
        if mode.startswith('slow') and turn == 1:
            for at in range(start, len(data), 20000): self.wfile.write(data[at:at + 20000]); time.sleep(0.1)
        else: self.wfile.write(data[start:])
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
open('port', 'w').write('%d\n' % server.server_port)
server.serve_forever()
PYTHON
if command -v python3 > /dev/null; then
    (cd "$work" && exec python3 server.py > requests 2> server.log) &
    server=$!
    for _ in $(seq 100); do [ -s "$work/port" ] && break; sleep 0.1; done
    url=http://127.0.0.1:$(cat "$work/port")
    size=$(stat -c %s "$work/synth.tar.gz")
    requests() { grep "^$1 " "$work/requests"; }
    # The archive's files are too small, so each fetch ends with that message: proof that it arrived whole.
    expect_exit "fetch: goes on after two breaks" 1 'has 307300 bytes, expected' "$cyclebench" data fetch --data "$work/http" --mirror "$url/drop/synth.tar.gz"
    third=$((size / 3)) rest=$(((size - size / 3) / 3))
    [ "$(requests drop)" = "drop None None
drop bytes=$third- \"7\"
drop bytes=$((third + rest))- \"7\"" ]
    check "fetch: asks for the missing range of the same file" $?
    expect_exit "fetch: from a server without ranges" 1 'has 307300 bytes, expected' "$cyclebench" data fetch --data "$work/http" --mirror "$url/norange/synth.tar.gz"
    [ "$(requests norange | wc -l)" = 2 ]; check "fetch: in two requests" $?
    expect_exit "fetch: a file that changed starts anew" 1 'has 307300 bytes, expected' "$cyclebench" data fetch --data "$work/http" --mirror "$url/changed/synth.tar.gz"
    [ "$(requests changed)" = "changed None None
changed bytes=$third- \"1\"" ]; check "fetch: which the server tells from If-Range" $?
    expect_exit "fetch: 404" 1 '404.*nothing was kept' "$cyclebench" data fetch --data "$work/http" --mirror "$url/plain/nowhere"
    is_empty "$work/http"; check "fetch: nothing is kept of any of these" $?

    expect_exit "fetch: no redirection leads to a file" 1 'nothing was kept' "$cyclebench" data fetch --data "$work/http" --mirror "$url/file/synth.tar.gz"
    expect_exit "fetch: a file that is too large" 1 'larger than the archive can be; nothing was kept' "$cyclebench" data fetch --data "$work/http" --mirror "$url/huge/x"
    is_empty "$work/http"; check "fetch: nothing is kept of these, either" $?

    # An unfinished download from before: complete, half, and from another address.
    part=$work/http/$archive.part
    mkdir -p "$work/http"
    cp "$work/synth.tar.gz" "$part" && printf '%s\n"7"\n' "$url/plain/synth.tar.gz" > "$part.source"
    expect_exit "fetch: what was complete is not fetched again" 1 'has 307300 bytes, expected' "$cyclebench" data fetch --data "$work/http" --mirror "$url/plain/synth.tar.gz"
    [ "$(requests plain | tail -1)" = "plain bytes=$size- \"7\"" ]; check "fetch: the server is asked once" $?
    head -c 5000 "$work/synth.tar.gz" > "$part" && printf 'file://%s\n\n' "$work/synth.tar.gz" > "$part.source"
    expect_exit "fetch: goes on with a file" 1 'has 307300 bytes, expected' "$cyclebench" data fetch --data "$work/http" --mirror "file://$work/synth.tar.gz"
    head -c 5000 /dev/urandom > "$part" && printf 'http://elsewhere/x\n\n' > "$part.source"
    expect_exit "fetch: does not mix two addresses" 1 'has 307300 bytes, expected' "$cyclebench" data fetch --data "$work/http" --mirror "file://$work/synth.tar.gz"

    for signal in INT TERM; do
        [ $signal = INT ] && code=130 || code=143
        # Without --foreground a SIGCONT follows, which undoes the SIGSTOP of LeakSanitizer: that would wait for ever.
        expect_exit "fetch: SIG$signal stops it, what came is kept" $code 'stopped; [1-9][0-9]* bytes are kept' \
            timeout --foreground -s $signal --preserve-status 1 "$cyclebench" data fetch --data "$work/stopped" --mirror "$url/slow$signal/synth.tar.gz"
        expect_exit "fetch: and the same command goes on" 1 'has 307300 bytes, expected' "$cyclebench" data fetch --data "$work/stopped" --mirror "$url/slow$signal/synth.tar.gz"
        requests slow$signal | tail -1 | grep -qE 'bytes=[1-9][0-9]*- "7"'; check "fetch: from where it ended" $?
    done
    "$cyclebench" data fetch --data "$work/locked" --mirror "$url/slow/synth.tar.gz" 2> "$work/log" &
    first=$!
    sleep 1
    expect_exit "fetch: two at once in one folder are refused" 1 'another fetch is at work' "$cyclebench" data fetch --data "$work/locked" --mirror "$url/plain/synth.tar.gz"
    kill $first && wait $first

    if [ -f "$real/$archive" ]; then
        ln -s "$(realpath "$real/$archive")" "$work/real.tar.gz"
        expect_exit "fetch: CIFAR-10 into the cache folder, with two breaks" 0 'all 6 files verified' "$cyclebench" data fetch --mirror "$url/drop-real/real.tar.gz"
        [ "$(requests drop-real | wc -l)" = 3 ]; check "fetch: in three requests" $?
        [ "$(cd "$work/cache/cyclebench" && find . -type f | wc -l)" = 6 ]; check "fetch: leaves the six files and nothing else" $?
        expect_exit "verify: finds them there, all official" 0 'test_batch.bin: ok' env -C "$work" "$(realpath "$cyclebench")" data verify
        [ "$(grep -c ': ok$' "$work/log")" = 6 ]; check "verify: six times ok" $?
        expect_exit "fetch: again: nothing to do" 0 'CIFAR-10 is complete' "$cyclebench" data fetch --mirror "http://127.0.0.1:1/"
    else
        skip "fetch: CIFAR-10 with two breaks" "[cifar10] CYCLEBENCH_DATA leads to no $archive"
    fi
else
    skip "fetch over HTTP" "[tools] no python3 for the local server"
fi
echo "1..$number"

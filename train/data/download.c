#include "data/download.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "files/files.h"

enum {
    MAX_IDLE_ATTEMPTS = 3,    /* attempts in a row that bring no byte */
    MAX_ATTEMPTS = 50,        /* in all: a server that breaks off after each byte is not worth more */
    LOW_SPEED_BYTES_S = 2000, /* the official server gives 55,000 and more when it is throttled */
    LOW_SPEED_SECONDS = 30,
    CONNECT_SECONDS = 20,
    MAX_REDIRECTS = 5,
    VALIDATOR_BYTES = 256,
};

struct transfer {
    const struct cb_download *request;
    CURL *curl;
    int fd;
    curl_off_t from;                 /* bytes that were there when this attempt began */
    curl_off_t size;                 /* bytes of the file now */
    curl_off_t range_start, total;   /* from Content-Range; -1 if not given */
    char validator[VALIDATOR_BYTES]; /* of the answer that is being read */
    char known[VALIDATOR_BYTES];     /* of the bytes that are there */
    int failed_errno;                /* of a local write */
    const char *refused;             /* why we ended the transfer ourselves */
    double shown_s, began_s;
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int stopped(const struct transfer *transfer)
{
    return transfer->request->stop && *transfer->request->stop;
}

/* --- what is remembered beside the file: URL and validator, one a line --- */
static int source_path(const char *path, char out[PATH_MAX])
{
    return snprintf(out, PATH_MAX, "%s.source", path) < PATH_MAX;
}

static void read_source(const char *path, char *url, size_t url_bytes, char *validator, size_t validator_bytes)
{
    char name[PATH_MAX];
    struct cb_bytes text = {0};
    url[0] = validator[0] = '\0';
    if (!source_path(path, name) || cb_read_file(&text, name, 8192, NULL) != CB_OK) return;
    const char *end = memchr(text.data, '\n', text.len);
    if (end) {
        size_t first = (size_t)(end - (const char *)text.data), second = text.len - first - 1;
        const char *rest = end + 1;
        if (second > 0 && rest[second - 1] == '\n') second--;
        if (first < url_bytes && second < validator_bytes) {
            snprintf(url, url_bytes, "%.*s", (int)first, (const char *)text.data);
            snprintf(validator, validator_bytes, "%.*s", (int)second, rest);
        }
    }
    free(text.data);
}

static enum cb_status write_source(const struct transfer *transfer)
{
    char name[PATH_MAX], text[8192];
    int len = snprintf(text, sizeof text, "%s\n%s\n", transfer->request->url, transfer->validator);
    if (len >= (int)sizeof text || !source_path(transfer->request->path, name)) {
        errno = ENAMETOOLONG;
        return CB_BAD_INPUT;
    }
    return cb_write_file(name, &(struct cb_bytes){(uint8_t *)text, (size_t)len}, 1, NULL);
}

void cb_download_origin(const char *path, char *url, size_t bytes)
{
    char validator[VALIDATOR_BYTES];
    read_source(path, url, bytes, validator, sizeof validator);
}

void cb_download_discard(const char *path)
{
    char name[PATH_MAX];
    unlink(path);
    if (source_path(path, name)) unlink(name);
}

/* --- libcurl's callbacks --- */
static int header_value(const char *line, size_t len, const char *name, char *value, size_t bytes)
{
    size_t skip = strlen(name);
    if (len <= skip || strncasecmp(line, name, skip) != 0) return 0;
    while (skip < len && (line[skip] == ' ' || line[skip] == '\t')) skip++;
    while (len > skip && (line[len - 1] == '\r' || line[len - 1] == '\n' || line[len - 1] == ' ')) len--;
    if (len - skip >= bytes) return 0;
    memcpy(value, line + skip, len - skip);
    value[len - skip] = '\0';
    return 1;
}

static size_t on_header(char *line, size_t size, size_t count, void *data)
{
    struct transfer *transfer = data;
    size_t len = size * count;
    char value[VALIDATOR_BYTES];
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) { /* a new answer: after a redirect only the last one counts */
        transfer->validator[0] = '\0';
        transfer->range_start = transfer->total = -1;
    } else if (header_value(line, len, "ETag:", value, sizeof value)) {
        /* If-Range needs a strong validator (RFC 9110, 13.1.5). */
        if (strncmp(value, "W/", 2) != 0) snprintf(transfer->validator, sizeof transfer->validator, "%s", value);
    } else if (header_value(line, len, "Last-Modified:", value, sizeof value)) {
        if (!transfer->validator[0]) snprintf(transfer->validator, sizeof transfer->validator, "%s", value);
    } else if (header_value(line, len, "Content-Range:", value, sizeof value)) {
        int64_t start, end, total;
        if (sscanf(value, "bytes %" SCNd64 "-%" SCNd64 "/%" SCNd64, &start, &end, &total) >= 2)
            transfer->range_start = start;
        else if (sscanf(value, "bytes */%" SCNd64, &total) == 1)
            transfer->total = total;
    }
    return len;
}

/* First bytes of an answer: are they the rest of the file, or the file from its beginning? */
static int begin_body(struct transfer *transfer)
{
    long code = 0;
    curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &code);
    if (code == 206 && transfer->range_start != transfer->from) {
        transfer->refused = "the server sent another range than was asked for";
        return 0;
    }
    if (code == 200 && transfer->size > 0) { /* no ranges there, or the file has changed */
        if (ftruncate(transfer->fd, 0) != 0) {
            transfer->failed_errno = errno;
            return 0;
        }
        transfer->size = transfer->from = 0;
    }
    if (transfer->size == 0 && write_source(transfer) != CB_OK) {
        transfer->failed_errno = errno;
        return 0;
    }
    return 1;
}

/* Nothing of it is kept: going on from there would end the same way. */
static void refuse_too_large(struct transfer *transfer)
{
    transfer->refused = "the file is larger than the archive can be";
    if (ftruncate(transfer->fd, 0) != 0) transfer->failed_errno = errno;
    transfer->size = 0;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *data)
{
    struct transfer *transfer = data;
    size_t len = size * count;
    if (transfer->size == transfer->from && !begin_body(transfer)) return 0;
    if ((size_t)transfer->size + len > transfer->request->max_bytes) {
        refuse_too_large(transfer);
        return 0;
    }
    for (size_t done = 0; done < len;) {
        ssize_t put = pwrite(transfer->fd, bytes + done, len - done, (off_t)transfer->size);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) {
            transfer->failed_errno = errno;
            return 0;
        }
        done += (size_t)put;
        transfer->size += put;
    }
    return len;
}

static void show(struct transfer *transfer, curl_off_t left_from_server, int last)
{
    FILE *log = transfer->request->log;
    double now = now_s();
    if (!log || !isatty(fileno(log)) || (!last && now - transfer->shown_s < 0.2)) return;
    transfer->shown_s = now;
    double rate = (double)(transfer->size - transfer->from) / (now - transfer->began_s + 1e-3);
    double have = (double)transfer->size, total = (double)transfer->from + (double)left_from_server;
    fprintf(log, "\r\033[K  %.1f", have / 1e6);
    if (left_from_server > 0) fprintf(log, " / %.1f", total / 1e6);
    fprintf(log, " MB, %.2f MB/s", rate / 1e6);
    if (left_from_server > 0) fprintf(log, ", %.0f %%", 100.0 * have / total);
    if (left_from_server > 0 && rate > 0.0) fprintf(log, ", %.0f s left", (total - have) / rate);
    if (last) fputc('\n', log);
    fflush(log);
}

static int on_progress(void *data, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    (void)now, (void)up_total, (void)up_now;
    struct transfer *transfer = data;
    if (transfer->size > transfer->from) show(transfer, total, 0);
    return stopped(transfer);
}

/* --- one attempt, and the loop around it --- */
static void set_options(struct transfer *transfer, char *curl_text)
{
    CURL *curl = transfer->curl;
    curl_easy_setopt(curl, CURLOPT_URL, transfer->request->url);
    /* A file is taken only from the user's own address, and no redirection leads from https to less. */
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https,file");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR,
                     strncasecmp(transfer->request->url, "https:", 6) == 0 ? "https" : "http,https");
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)transfer->request->max_bytes);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "cyclebench");
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, curl_text);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)LOW_SPEED_BYTES_S);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)LOW_SPEED_SECONDS);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
}

/* Asks for what is missing. CURLOPT_RESUME_FROM would make curl fail where the server answers with the whole file; a
 * plain range leaves that decision to begin_body. */
static CURLcode attempt(struct transfer *transfer)
{
    char range[32], condition[VALIDATOR_BYTES + 16];
    struct curl_slist *headers = NULL;
    transfer->from = transfer->size;
    transfer->range_start = transfer->total = -1;
    transfer->began_s = now_s();
    snprintf(range, sizeof range, "%" CURL_FORMAT_CURL_OFF_T "-", transfer->from);
    curl_easy_setopt(transfer->curl, CURLOPT_RANGE, transfer->from > 0 ? range : NULL);
    if (transfer->from > 0 && transfer->known[0]) {
        snprintf(condition, sizeof condition, "If-Range: %s", transfer->known);
        headers = curl_slist_append(NULL, condition);
        if (!headers) return CURLE_OUT_OF_MEMORY;
    }
    curl_easy_setopt(transfer->curl, CURLOPT_HTTPHEADER, headers);
    CURLcode code = curl_easy_perform(transfer->curl);
    curl_easy_setopt(transfer->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    if (transfer->size > transfer->from) {
        show(transfer, 0, 1);
        snprintf(transfer->known, sizeof transfer->known, "%s", transfer->validator);
    }
    return code;
}

static int is_break(CURLcode code)
{
    return code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR ||
           code == CURLE_GOT_NOTHING || code == CURLE_OPERATION_TIMEDOUT || code == CURLE_HTTP2 ||
           code == CURLE_HTTP2_STREAM;
}

/* HTTP 416 "range not satisfiable": the file was complete already, or it is not what the server has now. */
static int is_past_end(const struct transfer *transfer, CURLcode code)
{
    long http = 0;
    curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &http);
    return transfer->from > 0 &&
           ((code == CURLE_HTTP_RETURNED_ERROR && http == 416) || code == CURLE_BAD_DOWNLOAD_RESUME);
}

static enum cb_status explain(const struct transfer *transfer, CURLcode code, const char *curl_text,
                              struct cb_error *err)
{
    const struct cb_download *request = transfer->request;
    if (stopped(transfer))
        return cb_fail(err, CB_IO_ERROR, "%.300s: stopped at byte %lld", request->url, (long long)transfer->size);
    if (transfer->failed_errno)
        return cb_fail(err, CB_IO_ERROR, "%.300s: cannot be written: %s", request->path,
                       strerror(transfer->failed_errno));
    if (transfer->refused) return cb_fail(err, CB_IO_ERROR, "%.300s: %s", request->url, transfer->refused);
    long redirections = 0;
    curl_easy_getinfo(transfer->curl, CURLINFO_REDIRECT_COUNT, &redirections);
    int address = !redirections && (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL);
    return cb_fail(err, address ? CB_BAD_INPUT : CB_IO_ERROR, "%.300s: %.300s (%lld bytes are there)", request->url,
                   curl_text[0] ? curl_text : curl_easy_strerror(code), (long long)transfer->size);
}

static enum cb_status run_attempts(struct transfer *transfer, char *curl_text, struct cb_error *err)
{
    FILE *log = transfer->request->log;
    for (unsigned idle = 0, attempts = 1;; attempts++) {
        curl_text[0] = '\0';
        CURLcode code = attempt(transfer);
        if (code == CURLE_OK) return CB_OK;
        if (code == CURLE_FILESIZE_EXCEEDED) refuse_too_large(transfer);
        if (is_past_end(transfer, code)) {
            if (transfer->total == transfer->size) return CB_OK;
            if (ftruncate(transfer->fd, 0) != 0) transfer->failed_errno = errno;
            transfer->size = 0;
        } else if (!is_break(code)) {
            return explain(transfer, code, curl_text, err);
        }
        idle = transfer->size > transfer->from ? 0 : idle + 1;
        if (stopped(transfer) || transfer->failed_errno || idle == MAX_IDLE_ATTEMPTS || attempts == MAX_ATTEMPTS)
            return explain(transfer, code, curl_text, err);
        if (log)
            fprintf(log, "  broken at byte %lld (%s), going on\n", (long long)transfer->size,
                    curl_text[0] ? curl_text : curl_easy_strerror(code));
        sleep(1u + idle);
    }
}

enum cb_status cb_download(const struct cb_download *download, struct cb_error *err)
{
    struct transfer transfer = {.request = download, .fd = -1};
    char curl_text[CURL_ERROR_SIZE] = "", url[4096];
    transfer.fd = open(download->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (transfer.fd < 0)
        return cb_fail(err, CB_IO_ERROR, "%.600s: cannot be created: %s", download->path, strerror(errno));
    read_source(download->path, url, sizeof url, transfer.known, sizeof transfer.known);
    struct stat info;
    enum cb_status status = CB_OK;
    if (strcmp(url, download->url) == 0 && fstat(transfer.fd, &info) == 0)
        transfer.size = info.st_size;
    else if (ftruncate(transfer.fd, 0) != 0)
        status = cb_fail(err, CB_IO_ERROR, "%.600s: cannot be emptied: %s", download->path, strerror(errno));
    transfer.curl = status == CB_OK ? curl_easy_init() : NULL;
    if (transfer.curl) {
        set_options(&transfer, curl_text);
        status = run_attempts(&transfer, curl_text, err);
        curl_easy_cleanup(transfer.curl);
    } else if (status == CB_OK) {
        status = cb_fail(err, CB_NO_MEMORY, "libcurl could not be started");
    }
    if (close(transfer.fd) != 0 && status == CB_OK)
        status = cb_fail(err, CB_IO_ERROR, "%.600s: cannot be written: %s", download->path, strerror(errno));
    return status;
}

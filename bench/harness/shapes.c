#include "shapes.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t max_file_bytes = 1 << 20;

struct reader {
    const char *file, *text;
    size_t len, at, line, line_start;
    struct cb_error *err;
};

struct token {
    size_t at, len;
};

static enum cb_status complain(const struct reader *r, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum cb_status complain(const struct reader *r, size_t at, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return cb_fail(r->err, CB_BAD_INPUT, "%s:%zu:%zu: %s", r->file, r->line, at - r->line_start + 1, text);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool in_token(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.' || c == '=';
}

/* The next word of the line; its length is 0 at the end of the line, which is not passed. */
static enum cb_status next_token(struct reader *r, struct token *token)
{
    while (r->at < r->len && is_blank(r->text[r->at])) r->at++;
    if (r->at < r->len && r->text[r->at] == '#')
        while (r->at < r->len && r->text[r->at] != '\n') r->at++;
    *token = (struct token){r->at, 0};
    while (r->at < r->len && in_token(r->text[r->at])) r->at++;
    token->len = r->at - token->at;
    if (r->at == r->len) return complain(r, r->at, "the last line has no end: is the file truncated?");
    char c = r->text[r->at];
    if (is_blank(c) || c == '\n' || c == '#') return CB_OK;
    return complain(r, r->at,
                    "unexpected character 0x%02x; expected a form and key=value pairs, as in: conv kind=3x3 c=16",
                    (unsigned char)c);
}

static bool equals(const struct reader *r, struct token token, const char *word)
{
    return strlen(word) == token.len && !memcmp(r->text + token.at, word, token.len);
}

/* For messages: at most 32 bytes of a token. */
static int shown(struct token token)
{
    return token.len < 32 ? (int)token.len : 32;
}

static void list_words(char *list, size_t bytes, const char *(*word)(size_t))
{
    size_t used = 0;
    list[0] = '\0';
    for (size_t i = 0; word(i) && used < bytes; i++)
        used += (size_t)snprintf(list + used, bytes - used, "%s%s", i ? ", " : "", word(i));
}

static enum cb_status read_word(struct reader *r, struct token token, const struct cb_shape_key *key, size_t *value)
{
    for (size_t i = 0; key->word(i); i++)
        if (equals(r, token, key->word(i))) {
            *value = i;
            return CB_OK;
        }
    char list[256];
    list_words(list, sizeof list, key->word);
    return complain(r, token.at, "%s: expected one of %s, got '%.*s'", key->name, list, shown(token),
                    r->text + token.at);
}

/* Digits alone, and not too many. */
static bool parse_number(const char *text, size_t len, size_t *value)
{
    *value = 0;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        size_t digit = (size_t)(text[i] - '0');
        if (*value > (SIZE_MAX - digit) / 10) return false;
        *value = *value * 10 + digit;
    }
    return len > 0;
}

static bool in_range(const struct cb_shape_key *key, size_t value)
{
    return value >= key->min && value <= key->max && value % key->step == 0;
}

static void describe_range(const struct cb_shape_key *key, char *text, size_t bytes)
{
    int n = snprintf(text, bytes, "%zu to %zu", key->min, key->max);
    if (key->step > 1) snprintf(text + n, bytes - (size_t)n, ", a multiple of %zu", key->step);
}

static enum cb_status read_number(struct reader *r, struct token token, const struct cb_shape_key *key, size_t *value)
{
    if (parse_number(r->text + token.at, token.len, value) && in_range(key, *value)) return CB_OK;
    char range[96];
    describe_range(key, range, sizeof range);
    return complain(r, token.at, "%s: expected %s, got '%.*s'", key->name, range, shown(token), r->text + token.at);
}

static void list_keys(const struct cb_shape_form *form, char *list, size_t bytes)
{
    size_t used = 0;
    for (size_t i = 0; i < form->n_keys && used < bytes; i++)
        used += (size_t)snprintf(list + used, bytes - used, "%s%s", i ? ", " : "", form->keys[i].name);
}

static enum cb_status find_key(struct reader *r, struct token name, const struct cb_shape_form *form, size_t *index)
{
    for (*index = 0; *index < form->n_keys; ++*index)
        if (equals(r, name, form->keys[*index].name)) return CB_OK;
    char list[128];
    list_keys(form, list, sizeof list);
    return complain(r, name.at, "%s has no key '%.*s'; its keys are %s", form->name, shown(name), r->text + name.at,
                    list);
}

static enum cb_status read_pair(struct reader *r, struct token pair, struct cb_shape *shape, bool *set)
{
    const char *equals_sign = memchr(r->text + pair.at, '=', pair.len);
    if (!equals_sign) return complain(r, pair.at, "expected key=value, got '%.*s'", shown(pair), r->text + pair.at);
    struct token name = {pair.at, (size_t)(equals_sign - r->text) - pair.at};
    struct token value = {name.at + name.len + 1, pair.len - name.len - 1};
    size_t index;
    enum cb_status status = find_key(r, name, shape->form, &index);
    if (status) return status;
    const struct cb_shape_key *key = &shape->form->keys[index];
    if (set[index]) return complain(r, name.at, "%s stands twice", key->name);
    set[index] = true;
    return key->word ? read_word(r, value, key, &shape->value[index])
                     : read_number(r, value, key, &shape->value[index]);
}

static enum cb_status find_form(struct reader *r, struct token name, const struct cb_shape_form *const *forms,
                                size_t n_forms, const struct cb_shape_form **form)
{
    char list[256] = "";
    size_t used = 0;
    for (size_t i = 0; i < n_forms; i++) {
        *form = forms[i];
        if (equals(r, name, forms[i]->name)) return CB_OK;
        if (used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", forms[i]->name);
    }
    return complain(r, name.at, "unknown form '%.*s'; expected one of %s", shown(name), r->text + name.at, list);
}

/* The rest of a line that begins with the form's name. */
static enum cb_status read_shape(struct reader *r, struct token name, const struct cb_shape_form *const *forms,
                                 size_t n_forms, struct cb_shape *shape)
{
    bool set[CB_SHAPE_KEYS] = {false};
    *shape = (struct cb_shape){0};
    struct token token;
    enum cb_status status = find_form(r, name, forms, n_forms, &shape->form);
    if (!status) status = next_token(r, &token);
    while (!status && token.len) {
        status = read_pair(r, token, shape, set);
        if (!status) status = next_token(r, &token);
    }
    for (size_t i = 0; !status && i < shape->form->n_keys; i++) {
        const struct cb_shape_key *key = &shape->form->keys[i];
        if (set[i]) continue;
        if (!key->optional) status = complain(r, r->at, "%s lacks %s=", shape->form->name, key->name);
        shape->value[i] = key->if_missing;
    }
    const char *wrong = !status && shape->form->check ? shape->form->check(shape) : NULL;
    return wrong ? complain(r, name.at, "%s", wrong) : status;
}

static bool contains(const struct cb_shape *shapes, size_t n, const struct cb_shape *shape)
{
    for (size_t i = 0; i < n; i++)
        if (shapes[i].form == shape->form && !memcmp(shapes[i].value, shape->value, sizeof shape->value)) return true;
    return false;
}

static enum cb_status append(struct cb_shapes *shapes, const struct cb_shape *shape, const struct reader *r)
{
    if (contains(shapes->shape, shapes->n, shape)) return complain(r, r->line_start, "this shape stands twice");
    if (shapes->n == CB_MAX_SHAPES) return complain(r, r->line_start, "more than %d shapes", CB_MAX_SHAPES);
    /* Grown whenever the count reaches a power of two. */
    if ((shapes->n & (shapes->n - 1)) == 0) {
        size_t room = shapes->n ? 2 * shapes->n : 1;
        struct cb_shape *more = realloc(shapes->shape, room * sizeof *more);
        if (!more) return cb_fail(r->err, CB_NO_MEMORY, "%s: out of memory for %zu shapes", r->file, room);
        shapes->shape = more;
    }
    shapes->shape[shapes->n++] = *shape;
    return CB_OK;
}

enum cb_status cb_shapes_parse(struct cb_shapes *shapes, const char *text, size_t len, const char *file,
                               const struct cb_shape_form *const *forms, size_t n_forms, struct cb_error *err)
{
    struct reader r = {.file = file, .text = text, .len = len, .line = 1, .err = err};
    size_t before = shapes->n;
    enum cb_status status = CB_OK;
    while (r.at < len && !status) {
        struct token token;
        struct cb_shape shape;
        status = next_token(&r, &token);
        if (!status && token.len) {
            status = read_shape(&r, token, forms, n_forms, &shape);
            if (!status) status = append(shapes, &shape, &r);
        }
        r.at++; /* the end of the line, or behind what was wrong */
        r.line++;
        r.line_start = r.at;
    }
    if (!status && shapes->n == before)
        status =
            cb_fail(err, CB_BAD_INPUT, "%s: no shape in this file; expected lines like: %s ...", file, forms[0]->name);
    if (status) shapes->n = before;
    return status;
}

enum cb_status cb_shapes_read(struct cb_shapes *shapes, const char *path, const struct cb_shape_form *const *forms,
                              size_t n_forms, struct cb_error *err)
{
    FILE *file = fopen(path, "r");
    if (!file) return cb_fail(err, CB_BAD_INPUT, "%s: cannot read shapes: %s", path, strerror(errno));
    char *text = malloc(max_file_bytes + 1);
    size_t len = text ? fread(text, 1, max_file_bytes + 1, file) : 0;
    enum cb_status status = CB_OK;
    if (!text)
        status = cb_fail(err, CB_NO_MEMORY, "%s: out of memory for the file", path);
    else if (ferror(file))
        status = cb_fail(err, CB_BAD_INPUT, "%s: cannot read shapes: %s", path, strerror(errno));
    else if (len > max_file_bytes)
        status = cb_fail(err, CB_BAD_INPUT, "%s: expected a file of shapes of at most %zu bytes, this one is longer",
                         path, max_file_bytes);
    else
        status = cb_shapes_parse(shapes, text, len, path, forms, n_forms, err);
    fclose(file);
    free(text);
    return status;
}

void cb_shapes_free(struct cb_shapes *shapes)
{
    free(shapes->shape);
    *shapes = (struct cb_shapes){0};
}

static size_t index_of(const struct cb_shape *shape, const char *key)
{
    size_t i = 0;
    while (i < shape->form->n_keys && strcmp(shape->form->keys[i].name, key)) i++;
    return i;
}

size_t cb_shape_value(const struct cb_shape *shape, const char *key)
{
    size_t i = index_of(shape, key);
    assert(i < shape->form->n_keys);
    return shape->value[i];
}

void cb_shape_name(const struct cb_shape *shape, char *name, size_t bytes)
{
    size_t used = 0;
    name[0] = '\0';
    for (size_t i = 0; i < shape->form->n_keys && used < bytes; i++) {
        const struct cb_shape_key *key = &shape->form->keys[i];
        const char *slash = i ? "/" : "";
        int n = key->word ? snprintf(name + used, bytes - used, "%s%s", slash, key->word(shape->value[i]))
                          : snprintf(name + used, bytes - used, "%s%s:%zu", slash, key->name, shape->value[i]);
        used += (size_t)n;
    }
}

static enum cb_status override(struct cb_shape *shape, const char *key, size_t value, struct cb_error *err)
{
    size_t i = index_of(shape, key);
    if (i == shape->form->n_keys) return CB_OK;
    if (!in_range(&shape->form->keys[i], value)) {
        char range[96];
        describe_range(&shape->form->keys[i], range, sizeof range);
        return cb_fail(err, CB_BAD_INPUT, "--%s: %s takes %s, got %zu", key, shape->form->name, range, value);
    }
    shape->value[i] = value;
    return CB_OK;
}

enum cb_status cb_shapes_override(struct cb_shapes *shapes, const char *key, size_t value, struct cb_error *err)
{
    size_t kept = 0;
    for (size_t i = 0; i < shapes->n; i++) {
        enum cb_status status = override(&shapes->shape[i], key, value, err);
        if (status) return status;
        if (!contains(shapes->shape, kept, &shapes->shape[i])) shapes->shape[kept++] = shapes->shape[i];
    }
    shapes->n = kept;
    return CB_OK;
}

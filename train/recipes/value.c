#include "recipes/keys.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A line of the INI file, key included, must stay below inih's limit of 200. */
enum { MAX_FILES_TEXT = 160 };

/* --- pieces ------------------------------------------------------------------------------------------------------- */

static int in_bounds(const struct recipe_key *key, double x)
{
    const int above = key->bounds[0] == '[' ? x >= key->min : x > key->min;
    const int below = key->bounds[1] == ']' ? x <= key->max : x < key->max;
    return above && below;
}

/* Digits only: strtoull would take signs and spaces. */
static int parse_u64(const char *text, uint64_t *out)
{
    if (!*text || text[strspn(text, "0123456789")]) return 0;
    errno = 0;
    *out = strtoull(text, NULL, 10);
    return errno == 0;
}

/* Decimal notation only: strtod would take "nan", "inf" and hexadecimal. */
static int parse_real(const char *text, double *out)
{
    char *end;
    if (!*text || text[strspn(text, "+-.0123456789eE")]) return 0;
    *out = strtod(text, &end);
    return end != text && !*end && isfinite(*out);
}

/* The fewest digits that give the same bits back. */
static void format_real(double x, char text[32])
{
    for (int digits = DBL_DIG; digits <= DBL_DECIMAL_DIG; digits++) {
        snprintf(text, 32, "%.*g", digits, x);
        if (strtod(text, NULL) == x) return;
    }
}

/* The next item of a comma-separated list, without the spaces around it: 1, 0 at the end, -1 if it is empty or too
 * long. */
static int next_item(const char **list, char *item, size_t bytes)
{
    const char *p = *list;
    if (!p) return 0;
    const char *comma = strchr(p, ',');
    const char *end = comma ? comma : p + strlen(p);
    *list = comma ? comma + 1 : NULL;
    while (p < end && isspace((unsigned char)*p)) p++;
    while (p < end && isspace((unsigned char)end[-1])) end--;
    const size_t len = (size_t)(end - p);
    if (len == 0 || len >= bytes) return -1;
    memcpy(item, p, len);
    item[len] = '\0';
    return 1;
}

/* --- lists -------------------------------------------------------------------------------------------------------- */

static int store_triple(double triple[3], const struct recipe_key *key, const char *text)
{
    double x[3];
    char item[64];
    for (int c = 0; c < 3; c++)
        if (next_item(&text, item, sizeof item) != 1 || !parse_real(item, &x[c]) || !in_bounds(key, x[c])) return 0;
    if (text) return 0;
    memcpy(triple, x, sizeof x);
    return 1;
}

/* Whether item is among the names of a list without spaces. */
static int is_listed(const char *list, const char *item)
{
    const size_t len = strlen(item);
    for (const char *at = list; *at; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == len && !memcmp(at, item, len)) return 1;
    return 0;
}

/* Kept without spaces, so that readers split at commas. Names only: the files lie in the data folder, and recipe.ini
 * must read back. Training on the test set, or twice on one file, is no training of this recipe. */
static int store_files(struct cb_recipe *recipe, const char *text)
{
    char kept[MAX_FILES_TEXT + 1] = "", item[MAX_FILES_TEXT];
    size_t len = 0;
    int more;
    while ((more = next_item(&text, item, sizeof item)) == 1) {
        for (const char *c = item; *c; c++)
            if (!isalnum((unsigned char)*c) && !strchr("._-", *c)) return 0;
        if (len + strlen(item) + 1 > MAX_FILES_TEXT || is_listed(kept, item) ||
            !strcmp(item, cb_dataset_test_file(&cb_datasets[recipe->data.set])))
            return 0;
        len += (size_t)snprintf(kept + len, sizeof kept - len, "%s%s", len ? "," : "", item);
    }
    if (more < 0) return 0;
    memset(recipe->data.train_files, 0, sizeof recipe->data.train_files);
    strcpy(recipe->data.train_files, kept);
    return 1;
}

static int store_augment(struct cb_recipe *recipe, const char *text)
{
    int flip = 0, crop = 0, reflect = 0, zero = 0, more;
    char item[16];
    if (strcmp(text, "none")) {
        while ((more = next_item(&text, item, sizeof item)) == 1) {
            int *flag = !strcmp(item, "flip")      ? &flip
                        : !strcmp(item, "crop")    ? &crop
                        : !strcmp(item, "reflect") ? &reflect
                        : !strcmp(item, "zero")    ? &zero
                                                   : NULL;
            if (!flag || *flag) return 0;
            *flag = 1;
        }
        /* A crop needs to know what lies beyond the edge, and only a crop does. */
        if (more < 0 || reflect + zero != crop) return 0;
    }
    recipe->data.augmentation = (struct cb_augmentation){flip, crop, zero ? CB_PAD_ZERO : CB_PAD_REFLECT};
    const char *pad = zero ? "crop, zero" : "crop, reflect";
    snprintf(recipe->data.augment, sizeof recipe->data.augment, "%s%s%s",
             flip   ? "flip"
             : crop ? ""
                    : "none",
             flip && crop ? ", " : "", crop ? pad : "");
    return 1;
}

static int store_milestones(struct cb_milestones *milestones, const char *text)
{
    struct cb_milestones m = {0};
    char item[32];
    int more;
    while ((more = next_item(&text, item, sizeof item)) == 1) {
        if (m.count == CB_MAX_MILESTONES) return 0;
        char *sign = strchr(item, '%');
        double *percent = &m.percent[m.count];
        uint64_t iteration = 0;
        if (sign) {
            if (sign[1]) return 0;
            *sign = '\0';
            if (!parse_real(item, percent) || !(*percent > 0 && *percent < 100)) return 0;
        } else if (!parse_u64(item, &iteration) || iteration < 1 || iteration > 1000000000) {
            return 0;
        }
        m.at[m.count++] = (size_t)iteration;
    }
    if (more < 0) return 0;
    memcpy(milestones, &m, sizeof m);
    return 1;
}

static void format_milestones(const struct cb_milestones *m, char *text, size_t bytes)
{
    size_t len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < m->count; i++) {
        char number[32];
        if (m->percent[i] > 0)
            format_real(m->percent[i], number);
        else
            snprintf(number, sizeof number, "%zu", m->at[i]);
        len += (size_t)snprintf(text + len, bytes - len, "%s%s%s", i ? ", " : "", number, m->percent[i] > 0 ? "%" : "");
    }
}

/* --- one value ---------------------------------------------------------------------------------------------------- */

static int store_word(int *value, const struct recipe_key *key, const char *text)
{
    int found;
    const char *word;
    for (size_t i = 0; (word = key->word(i, &found)); i++) {
        if (strcmp(word, text)) continue;
        *value = found;
        return 1;
    }
    return 0;
}

static const char *word_of(const struct recipe_key *key, int value)
{
    int found;
    const char *word;
    for (size_t i = 0; (word = key->word(i, &found)); i++)
        if (found == value) return word;
    return "";
}

int cb_recipe_store(struct cb_recipe *recipe, const struct recipe_key *key, const char *text)
{
    char *at = (char *)recipe + key->offset;
    uint64_t whole;
    double real;
    switch (key->type) {
    case KEY_BOOL: {
        const int yes = !strcmp(text, "true");
        if (!yes && strcmp(text, "false")) return 0;
        memcpy(at, &yes, sizeof yes);
        return 1;
    }
    case KEY_SIZE: {
        if (!parse_u64(text, &whole) || !in_bounds(key, (double)whole)) return 0;
        const size_t size = (size_t)whole;
        memcpy(at, &size, sizeof size);
        return 1;
    }
    case KEY_U64:
        if (!parse_u64(text, &whole)) return 0;
        memcpy(at, &whole, sizeof whole);
        return 1;
    case KEY_REAL:
        if (!parse_real(text, &real) || !in_bounds(key, real)) return 0;
        memcpy(at, &real, sizeof real);
        return 1;
    case KEY_TRIPLE:
        return store_triple((double *)(void *)at, key, text);
    case KEY_WORD:
        return store_word((int *)(void *)at, key, text);
    case KEY_FILES:
        return store_files(recipe, text);
    case KEY_AUGMENT:
        return store_augment(recipe, text);
    case KEY_MILESTONES:
        return store_milestones((struct cb_milestones *)(void *)at, text);
    }
    return 0;
}

void cb_recipe_format(const struct cb_recipe *recipe, const struct recipe_key *key, char text[RECIPE_VALUE_BYTES])
{
    const char *at = (const char *)recipe + key->offset;
    char numbers[3][32];
    int word;
    size_t size;
    uint64_t whole;
    double triple[3];
    switch (key->type) {
    case KEY_BOOL:
        memcpy(&word, at, sizeof word);
        strcpy(text, word ? "true" : "false");
        break;
    case KEY_SIZE:
        memcpy(&size, at, sizeof size);
        snprintf(text, RECIPE_VALUE_BYTES, "%zu", size);
        break;
    case KEY_U64:
        memcpy(&whole, at, sizeof whole);
        snprintf(text, RECIPE_VALUE_BYTES, "%llu", (unsigned long long)whole);
        break;
    case KEY_REAL:
        memcpy(triple, at, sizeof triple[0]);
        format_real(triple[0], text);
        break;
    case KEY_TRIPLE:
        memcpy(triple, at, sizeof triple);
        for (int c = 0; c < 3; c++) format_real(triple[c], numbers[c]);
        snprintf(text, RECIPE_VALUE_BYTES, "%s, %s, %s", numbers[0], numbers[1], numbers[2]);
        break;
    case KEY_WORD:
        memcpy(&word, at, sizeof word);
        strcpy(text, word_of(key, word));
        break;
    case KEY_FILES:
        snprintf(text, RECIPE_VALUE_BYTES, "%s", at);
        break;
    case KEY_AUGMENT:
        snprintf(text, RECIPE_VALUE_BYTES, "%s", recipe->data.augment);
        break;
    case KEY_MILESTONES:
        format_milestones((const struct cb_milestones *)(const void *)at, text, RECIPE_VALUE_BYTES);
        break;
    }
}

static void allowed_words(const struct recipe_key *key, char text[RECIPE_ALLOWED_BYTES])
{
    size_t len = 0;
    int value;
    const char *word;
    for (size_t i = 0; (word = key->word(i, &value)); i++)
        len += (size_t)snprintf(text + len, RECIPE_ALLOWED_BYTES - len, "%s%s", i ? " | " : "", word);
}

void cb_recipe_allowed(const struct recipe_key *key, char text[RECIPE_ALLOWED_BYTES])
{
    if (key->type == KEY_WORD) {
        allowed_words(key, text);
        return;
    }
    char range[96] = "";
    if (key->bounds && key->min == key->max)
        range[0] = '\0';
    else if (key->bounds && !strcmp(key->bounds, "[]"))
        snprintf(range, sizeof range, " %.10g .. %.10g", key->min, key->max);
    else if (key->bounds)
        snprintf(range, sizeof range, " %s %.10g, %s %.10g", key->bounds[0] == '[' ? ">=" : ">", key->min,
                 key->bounds[1] == ']' ? "<=" : "<", key->max);
    static const char *const kinds[] = {
        [KEY_BOOL] = "true | false",
        [KEY_SIZE] = "an integer",
        [KEY_U64] = "an integer 0 .. 2^64-1",
        [KEY_REAL] = "a number",
        [KEY_TRIPLE] = "three numbers a, b, c, each",
        [KEY_FILES] = "different file names of letters, digits, . _ and -, separated by commas; not the test file",
        [KEY_AUGMENT] = "none, or a list of flip, crop and with crop one of reflect, zero",
        [KEY_MILESTONES] = "up to 8 ascending iterations >= 1 or shares like 50%, separated by commas",
    };
    snprintf(text, RECIPE_ALLOWED_BYTES, "%s%s", kinds[key->type], range);
}

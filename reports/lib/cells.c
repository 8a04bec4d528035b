#include "cells.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "values.h"

const char *cb_string_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static const char *at_least(const json_t *column)
{
    return json_is_true(json_object_get(column, "times_are_at_least")) ? "at least " : "";
}

static json_t *seconds_cell(const json_t *column, double x, const char *n)
{
    if (x >= 3600) return cb_sentence("%s%.0f s (%.2f h)%s", at_least(column), x, x / 3600, n);
    return cb_sentence("%s%.1f s%s", at_least(column), x, n);
}

static const char *synthetic(const json_t *column)
{
    return json_object_get(column, "accuracies_are_of") ? " synthetic" : "";
}

static json_t *best_cell(const json_t *column, const char *key, double x)
{
    const json_t *of = strncmp(key, "notebook.", 9) ? column : json_object_get(column, "notebook");
    const json_t *epoch = json_object_get(of, "best_accuracy_epoch");
    if (!json_is_integer(epoch)) return cb_sentence("%.2f %%%s", x, synthetic(column));
    return cb_sentence("%.2f %%%s (epoch %lld)", x, synthetic(column), (long long)json_integer_value(epoch));
}

/* A record of format 1 tells only the path. */
static json_t *data_cell(const json_t *column)
{
    const char *kind = cb_string_of(column, "data_kind"), *path = cb_string_of(column, "data");
    if (*kind) return cb_sentence("%s %.12s", kind, cb_string_of(column, "train_sha256"));
    return cb_sentence("%s%sno hash", path, *path ? ", " : "");
}

/* A resumed run may have others, which the warnings name. */
static json_t *with_sessions(const json_t *column, const char *key)
{
    const json_t *sessions = json_object_get(column, "resumed_sessions"), *first = cb_member(column, key);
    json_t *cell = cb_value_text(first);
    for (size_t i = 0; i < json_array_size(sessions); i++) {
        const json_t *now = json_object_get(json_array_get(sessions, i), key);
        if (!now || json_is_null(now) || json_equal(now, first)) continue;
        json_t *longer = cb_sentence("%s, then others", json_string_value(cell));
        json_decref(cell);
        return longer;
    }
    return cell;
}

static json_t *speedup_cell(const json_t *column, const char *key, double x)
{
    char least[64], most[64];
    snprintf(least, sizeof least, "min_%s", key);
    snprintf(most, sizeof most, "max_%s", key);
    const json_t *min = json_object_get(column, least), *max = json_object_get(column, most);
    if (!json_is_number(min) || !json_is_number(max)) return cb_sentence("%.2fx", x);
    return cb_sentence("%.2fx (%.2f to %.2f)", x, json_number_value(min), json_number_value(max));
}

/* Of how many trainings the statistics of a group are. */
static long long count_of(const json_t *column, const char *of)
{
    char key[64];
    snprintf(key, sizeof key, "n_%s", of);
    return (long long)json_integer_value(json_object_get(column, key));
}

/* " (n 2)" behind a mean that is not of all trainings, or of all that reached the target. */
static const char *fewer(char text[32], const json_t *column, const char *key)
{
    bool to_target = strstr(key, "_to_target");
    const json_t *all = json_object_get(column, to_target ? "reached" : "n");
    text[0] = '\0';
    if (strncmp(key, "mean_", 5) || !json_is_integer(all)) return text;
    long long n = count_of(column, key + 5);
    if (n < json_integer_value(all)) snprintf(text, 32, " (n %lld)", n);
    return text;
}

static json_t *range_cell(const json_t *column, const struct cb_row *row)
{
    char key[64];
    snprintf(key, sizeof key, "min_%s", row->key);
    const json_t *min = json_object_get(column, key);
    snprintf(key, sizeof key, "max_%s", row->key);
    const json_t *max = json_object_get(column, key);
    double least = json_number_value(min), most = json_number_value(max);
    if (!json_is_number(min) || !json_is_number(max) || count_of(column, row->key) < 2) return cb_sentence("-");
    if (row->kind == CB_RANGE_PERCENT) return cb_sentence("%.2f to %.2f %%", least, most);
    if (row->kind == CB_RANGE_SECONDS) return cb_sentence("%.1f to %.1f s", least, most);
    return cb_sentence("%.0f to %.0f", least, most);
}

static json_t *difference_cell(const json_t *value, enum cb_cell kind)
{
    double mean = json_number_value(json_object_get(value, "mean"));
    const json_t *sd = json_object_get(value, "sd");
    long long n = json_integer_value(json_object_get(value, "n"));
    const char *unit = kind == CB_DIFFERENCE_SECONDS ? " s" : "";
    int digits = kind == CB_DIFFERENCE_PERCENT ? 2 : 1;
    if (!json_is_number(sd)) return cb_sentence("%+.*f%s (n %lld)", digits, mean, unit, n);
    return cb_sentence("%+.*f%s (sd %.*f, n %lld)", digits, mean, unit, digits, json_number_value(sd), n);
}

static json_t *reached_cell(const json_t *column)
{
    long long undecided = json_integer_value(json_object_get(column, "undecided"));
    json_t *cell = cb_sentence("%lld of %lld", (long long)json_integer_value(json_object_get(column, "reached")),
                               (long long)json_integer_value(json_object_get(column, "n")));
    if (!undecided) return cell;
    json_t *longer = cb_sentence("%s, %lld not finished", json_string_value(cell), undecided);
    json_decref(cell);
    return longer;
}

json_t *cb_cell(const json_t *column, const struct cb_row *row)
{
    const json_t *value = cb_member(column, row->key);
    double x = json_number_value(value);
    char n[32];
    switch (row->kind) { /* of what is not one value */
    case CB_RANGE_PERCENT:
    case CB_RANGE_SECONDS:
    case CB_RANGE_EPOCHS:
        return range_cell(column, row);
    case CB_REACHED:
        return reached_cell(column);
    case CB_DATA:
        return data_cell(column);
    default:
        break;
    }
    /* The one "-" that says something about the run rather than about the record. */
    if (!strcmp(row->key, "epochs_to_target") &&
        !strcmp(cb_string_of(column, "seconds_to_target_reason"), "not reached"))
        return cb_sentence("not reached");
    if (!value || json_is_null(value)) return cb_sentence("-");
    switch (row->kind) {
    case CB_SECONDS:
        return seconds_cell(column, x, fewer(n, column, row->key));
    case CB_SPREAD_SECONDS:
        return cb_sentence("%.1f s", x);
    case CB_RATE:
        return cb_sentence("%.1f", x);
    case CB_AMOUNT:
        return cb_sentence("%.4g", x);
    case CB_EPOCHS:
        return cb_sentence("%.*f", x > floor(x), x);
    case CB_PERCENT:
        return cb_sentence("%.2f %%%s%s", x, synthetic(column), fewer(n, column, row->key));
    case CB_BEST:
        return best_cell(column, row->key, x);
    case CB_POINTS:
        return cb_sentence("%.2f points", x);
    case CB_LOSS:
        return cb_sentence("%.4f", x);
    case CB_SPEEDUP:
        return speedup_cell(column, row->key, x);
    case CB_DIFFERENCE_PERCENT:
    case CB_DIFFERENCE_SECONDS:
    case CB_DIFFERENCE_EPOCHS:
        return difference_cell(value, row->kind);
    case CB_JOINED:
        return cb_joined(value);
    case CB_MEBIBYTES:
        return cb_sentence("%.0f MiB", x / (1 << 20));
    case CB_WEIGHTS:
        return cb_sentence("%s %.12s", cb_string_of(value, "name"), cb_string_of(value, "weights_sha256"));
    default:
        return with_sessions(column, row->key);
    }
}

const char *cb_reason(const json_t *column, const struct cb_row *row)
{
    char key[64];
    snprintf(key, sizeof key, "%s_reason", row->key);
    const char *reason = json_string_value(cb_member(column, key));
    return reason && json_is_null(cb_member(column, row->key)) && strcmp(reason, "not reached") ? reason : "";
}

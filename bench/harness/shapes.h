#ifndef CB_SHAPES_H
#define CB_SHAPES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/status.h"

/* Shapes are data: text files with one shape a line, a form and a value for each of its keys in any order:
 *
 *     conv kind=3x3 c=16 k=16 hw=32 batch=128    # comment
 */

/* A key takes a number (min <= value <= max, a multiple of step), or a word: then its place in the list counts. */
struct cb_shape_key {
    const char *name;
    size_t min, max, step;
    const char *(*word)(size_t index); /* NULL: a number. Returns NULL behind the last word */
    bool optional;                     /* a line may leave it out: then it has this value */
    size_t if_missing;
};

struct cb_shape;

struct cb_shape_form {
    const char *name;
    const struct cb_shape_key *keys;
    size_t n_keys;                                      /* at most CB_SHAPE_KEYS */
    const char *(*check)(const struct cb_shape *shape); /* what is wrong with these values together; NULL: nothing */
};

enum { CB_SHAPE_KEYS = 8, CB_MAX_SHAPES = 4096 };

struct cb_shape {
    const struct cb_shape_form *form;
    size_t value[CB_SHAPE_KEYS]; /* of form->keys */
};

struct cb_shapes {
    struct cb_shape *shape;
    size_t n;
};

/* Appends the shapes of a text. A file without any shape, an unknown form or key, a key that is missing or there twice,
 * a value out of range, a shape that is there already and a last line without its end (a truncated file) are
 * CB_BAD_INPUT with "file:line:column:". After an error shapes is as before. */
enum cb_status cb_shapes_parse(struct cb_shapes *shapes, const char *text, size_t len, const char *file,
                               const struct cb_shape_form *const *forms, size_t n_forms, struct cb_error *err);
enum cb_status cb_shapes_read(struct cb_shapes *shapes, const char *path, const struct cb_shape_form *const *forms,
                              size_t n_forms, struct cb_error *err);
/* The files *.txt of a folder, sorted by name. */
enum cb_status cb_shapes_read_folder(struct cb_shapes *shapes, const char *folder,
                                     const struct cb_shape_form *const *forms, size_t n_forms, struct cb_error *err);
/* Those that come with the program; see find.h for where they are looked for. */
enum cb_status cb_shapes_read_all(struct cb_shapes *shapes, const struct cb_shape_form *const *forms, size_t n_forms,
                                  struct cb_error *err);
void cb_shapes_free(struct cb_shapes *shapes); /* accepts empty */

/* The value of a key, which the form must have. */
size_t cb_shape_value(const struct cb_shape *shape, const char *key);
/* "c:16/k:16/hw:32": the values as they stand in a case's name; words without their key. */
void cb_shape_name(const struct cb_shape *shape, char *name, size_t bytes);
/* Sets the key, from the option of its name, in all shapes that have it; of shapes that become equal the first stays.
 */
enum cb_status cb_shapes_override(struct cb_shapes *shapes, const char *key, size_t value, struct cb_error *err);

#endif

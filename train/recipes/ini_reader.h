#ifndef CB_INI_READER_H
#define CB_INI_READER_H

#include <stddef.h>

#include "core/status.h"

/* Strict reading of INI text: what inih would pass over or take for something else is refused. */
struct cb_ini_key {
    const char *file; /* as given, for messages */
    int line;
    const char *section, *name, *value; /* section: "" before the first one */
};

/* Takes one key. Another status than CB_OK, with its message in err, ends the reading. */
typedef enum cb_status cb_ini_handler(void *context, const struct cb_ini_key *key, struct cb_error *err);

/* Calls the handler for each key of the text, in order. Errors: those of the handler; a line that is no key, section or
 * comment, that is longer than 197 characters or that holds a zero byte, each with file and line. */
enum cb_status cb_ini_read(const char *text, size_t len, const char *file, cb_ini_handler *handler, void *context,
                           struct cb_error *err);

#endif

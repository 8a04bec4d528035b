#include "counter_papi.h"

#include <papi.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

/* PAPI keeps some of these in an int: a pthread_t would not do. */
static unsigned long thread_id(void)
{
    return (unsigned long)gettid();
}

/* PAPI 7.0 crashes in its next look-up of a name when the thread that initialised it was unregistered. */
static pid_t first_thread;

/* Every event that is asked for here is of PAPI's perf_event, which turns itself off where libpfm does not know the
 * CPU: raw codes and the kernel's own events are then unknown as well. */
static const char *events_off(void)
{
    static char problem[224];
    int id = PAPI_get_component_index("perf_event");
    if (id < 0) return "this PAPI library was built without perf_event";
    const PAPI_component_info_t *component = PAPI_get_component_info(id);
    if (!component->disabled) return NULL;
    snprintf(problem, sizeof problem,
             "its perf_event turned itself off (%.99s); if libpfm does not know this CPU, a newer PAPI may",
             component->disabled_reason);
    return problem;
}

static const char *initialise(void)
{
    first_thread = gettid();
    int version = PAPI_library_init(PAPI_VER_CURRENT);
    if (version > 0 && version != PAPI_VER_CURRENT)
        return "the PAPI library is of another version than the one that cyclebench was built with";
    if (version < 0) return PAPI_strerror(version);
    int error = PAPI_thread_init(thread_id);
    return error == PAPI_OK ? events_off() : PAPI_strerror(error);
}

const char *cb_papi_ready(void)
{
    static bool tried;
    static const char *problem;
    if (!tried) {
        tried = true;
        problem = initialise();
    }
    return problem;
}

size_t cb_papi_presets(const char **names, size_t max)
{
    static char text[PAPI_MAX_PRESET_EVENTS][PAPI_MIN_STR_LEN];
    static size_t n;
    cb_papi_ready();
    int code = (int)PAPI_PRESET_MASK, error = n ? PAPI_ENOEVNT : PAPI_enum_event(&code, PAPI_ENUM_FIRST);
    for (; error == PAPI_OK && n < PAPI_MAX_PRESET_EVENTS; error = PAPI_enum_event(&code, PAPI_ENUM_EVENTS)) {
        char name[PAPI_MAX_STR_LEN];
        if (PAPI_event_code_to_name(code, name) == PAPI_OK) snprintf(text[n++], sizeof text[0], "%.63s", name);
    }
    const size_t given = n < max ? n : max;
    for (size_t i = 0; i < given; i++) names[i] = text[i];
    return given;
}

int cb_papi_code(const char *name, int *code)
{
    return PAPI_event_name_to_code(name, code);
}

static int discard(struct cb_papi_set *set)
{
    PAPI_cleanup_eventset(set->id);
    int error = PAPI_destroy_eventset(&set->id);
    if (gettid() != first_thread) PAPI_unregister_thread();
    return error;
}

int cb_papi_start(struct cb_papi_set *set, const int *codes, size_t n)
{
    set->id = PAPI_NULL;
    int error = PAPI_register_thread();
    if (error == PAPI_OK) error = PAPI_create_eventset(&set->id);
    for (size_t i = 0; error == PAPI_OK && i < n; i++) error = PAPI_add_event(set->id, codes[i]);
    if (error == PAPI_OK) error = PAPI_start(set->id);
    if (error != PAPI_OK) discard(set);
    return error;
}

int cb_papi_stop(struct cb_papi_set *set, long long *values)
{
    int error = PAPI_stop(set->id, values);
    int discarded = discard(set);
    return error == PAPI_OK ? discarded : error;
}

const char *cb_papi_error(int error)
{
    return PAPI_strerror(error);
}

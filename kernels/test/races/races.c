/* races racy|clean: two threads of a team add to one number, with or without a race, for ThreadSanitizer. What happens
 * before and after a team's run is ordered by OpenMP's barriers alone: `clean` is only clean to who sees them. */
#include <stdio.h>
#include <string.h>

#include "core/team.h"

enum { TASKS = 2, ROUNDS = 100 };

struct sums {
    long part[TASKS], shared;
    int racy;
};

static void add(void *context, size_t task, void *scratch)
{
    (void)scratch;
    struct sums *s = context;
    for (int i = 0; i < ROUNDS; i++) {
        s->part[task]++;
        if (s->racy) s->shared++;
    }
}

static void move(void *context, size_t task, void *scratch)
{
    (void)scratch;
    struct sums *s = context;
    s->part[TASKS - 1 - task]++; /* what the other thread wrote, in a run of its own */
}

int main(int argc, char **argv)
{
    if (argc != 2 || (strcmp(argv[1], "racy") && strcmp(argv[1], "clean"))) {
        fprintf(stderr, "usage: races racy|clean\n");
        return 2;
    }
    struct sums s = {.racy = !strcmp(argv[1], "racy")};
    struct cb_team *team;
    struct cb_error err;
    if (cb_team_create(&team, TASKS, 64, &err) != CB_OK) {
        fprintf(stderr, "races: %s\n", err.text);
        return 1;
    }
    for (int i = 0; i < ROUNDS; i++) {
        cb_team_run(team, TASKS, add, &s);
        cb_team_run(team, TASKS, move, &s);
    }
    printf("%ld\n", s.part[0] + s.part[1]);
    cb_team_destroy(team);
    return 0;
}

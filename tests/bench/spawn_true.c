// The peer of a runbook of programs: starts `true` a number of times and waits for each.
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

extern char **environ;

int main(int count, char **arguments) {
    const int programs = count > 1 ? atoi(arguments[1]) : 100;
    char *const argv[] = {"true", NULL};
    for (int i = 0; i < programs; ++i) {
        pid_t child = 0;
        int status = 0;
        if (posix_spawn(&child, "/bin/true", NULL, NULL, argv, environ) != 0 ||
            waitpid(child, &status, 0) != child || status != 0) {
            fprintf(stderr, "spawn_true: program %d did not end well\n", i);
            return 1;
        }
    }
    return 0;
}

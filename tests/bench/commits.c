// The peer of the journal: SQLite's own commits, one row each, as durable as the journal's. Prints
// how many seconds they took, without the making of the file.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sqlite3.h>

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void stop(sqlite3 *file) {
    fprintf(stderr, "commits: %s\n", sqlite3_errmsg(file));
    exit(1);
}

static void execute(sqlite3 *file, const char *sql) {
    if (sqlite3_exec(file, sql, NULL, NULL, NULL) != SQLITE_OK) stop(file);
}

int main(int count, char **arguments) {
    if (count != 3) {
        fprintf(stderr, "usage: commits FILE COUNT\n");
        return 2;
    }
    const int commits = atoi(arguments[2]);
    // About what an intent with its arguments takes in the journal.
    char body[400];
    memset(body, 'b', sizeof body);
    sqlite3 *file = NULL;
    if (sqlite3_open(arguments[1], &file) != SQLITE_OK) stop(file);
    execute(file, "pragma journal_mode=wal");
    execute(file, "pragma synchronous=full");
    execute(file, "pragma wal_autocheckpoint=0");
    execute(file, "create table record(pos integer primary key, body text)");
    sqlite3_stmt *insert = NULL;
    if (sqlite3_prepare_v2(file, "insert into record(body) values(?)", -1, &insert, NULL) !=
        SQLITE_OK)
        stop(file);
    const double began_s = now_s();
    for (int i = 0; i < commits; ++i) {
        sqlite3_bind_text(insert, 1, body, sizeof body, SQLITE_STATIC);
        if (sqlite3_step(insert) != SQLITE_DONE) stop(file);
        sqlite3_reset(insert);
    }
    printf("%.6f\n", now_s() - began_s);
    sqlite3_finalize(insert);
    sqlite3_close(file);
    return 0;
}

// The peer of a storage folder without a journal: writes, flushes and renames files of one folder,
// then flushes the folder. Prints how many seconds that took.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void stop(const char *doing) {
    perror(doing);
    exit(1);
}

static void write_durably(const char *folder, int folder_fd, int number) {
    static const char body[] = "The body of one small object, as a runbook would put it.";
    char temporary[4096];
    char path[4096];
    snprintf(temporary, sizeof temporary, "%s/.%d", folder, number);
    snprintf(path, sizeof path, "%s/%d", folder, number);
    const int file = open(temporary, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) stop("open");
    if (write(file, body, sizeof body) != (ssize_t)sizeof body) stop("write");
    if (fsync(file) != 0) stop("fsync");
    close(file);
    if (rename(temporary, path) != 0) stop("rename");
    if (fsync(folder_fd) != 0) stop("fsync of the folder");
}

int main(int count, char **arguments) {
    if (count != 3) {
        fprintf(stderr, "usage: durable_files FOLDER COUNT\n");
        return 2;
    }
    const int files = atoi(arguments[2]);
    const int folder_fd = open(arguments[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0) stop("open");
    const double began_s = now_s();
    for (int i = 0; i < files; ++i) write_durably(arguments[1], folder_fd, i);
    printf("%.6f\n", now_s() - began_s);
    return 0;
}

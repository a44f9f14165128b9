// perilune-worker: executes scripts for the host it was started by, confined to one socket.
#include <unistd.h>

#include "interpreter/lua/worker/program.h"

int main(int count, char** arguments) {
    // Without destructors and exit handlers: nothing here outlives the process.
    ::_exit(perilune::worker::run_program(count, arguments));
}

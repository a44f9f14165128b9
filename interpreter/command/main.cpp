// The program: a recovery tool's own failures are told plainly, with exit code 70.
#include <csignal>
#include <exception>

#include <sys/prctl.h>
#include <sys/resource.h>

#include "interpreter/command/command.h"
#include "interpreter/command/output.h"

int main(int argc, char** argv) {
    // Secrets are opened in this process: no core file, and no other process may read its memory.
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0);
    ::signal(SIGPIPE, SIG_IGN);
    try {
        return perilune::run_command_line(argc, argv);
    } catch (const std::exception& thrown) {
        perilune::say(std::string("This is a bug in Perilune: ") + thrown.what() +
                      ". The run, if any, is in its journal; see perilune runs.");
        return perilune::exit_bug;
    }
}

// perilune-supervisor: the part of Perilune that goes on when the host has ended.
#include <cstdio>
#include <string_view>

#include "bindings/deploy/supervisor/host_keeper.h"
#include "bindings/deploy/supervisor/keeper.h"
#include "bindings/deploy/supervisor/serve.h"

namespace {

int usage() {
    std::fputs(
        "perilune-supervisor is started by perilune, not by hand.\n"
        "  perilune-supervisor keep FOLDER           keeps one program (lock: descriptor 3)\n"
        "  perilune-supervisor run FOLDER LOG        runs a host's programs (host: descriptor 3)\n"
        "  perilune-supervisor serve SOCKET FOLDER   supervises one deploy target\n",
        stderr);
    return 2;
}

}  // namespace

int main(int count, char** arguments) {
    const std::string_view command = count > 1 ? arguments[1] : "";
    if (command == "keep" && count == 3) return perilune::keep_program(arguments[2]);
    if (command == "run" && count == 4) return perilune::keep_for_host(arguments[2], arguments[3]);
    if (command == "serve" && count == 4) return perilune::serve_target(arguments[2], arguments[3]);
    return usage();
}

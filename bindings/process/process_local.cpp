// The driver `local` of process: programs of this machine, each run under a keeper.
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <unistd.h>

#include "bindings/process/local_programs.h"
#include "bindings/process/process.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/findings.h"

namespace perilune {

namespace {

constexpr Setting settings[] = {
    {.name = "programs",
     .type = Type::map,
     .doc = "The programs by name, each a map: `path` (absolute); `arguments` (\"any\", or a list "
            "of rules, of which each argument must fit one: an exact text, or /pattern/, a POSIX "
            "extended regular expression for the whole argument; without it no arguments are "
            "allowed); `effect` (observe or change, the default); `environment` (map of names to "
            "texts or secrets); `variables` (names that a runbook may set itself); `folder` "
            "(where it starts); `input` (true where it may be given input); `output_max` (a "
            "size); `expect_exit` (further exit codes that are a success). A program gets "
            "PATH=/usr/bin:/bin, LANG=C.UTF-8 and what is declared, nothing of the host's; "
            "also no HOME: declare one where the program needs it.",
     .may_be_secret = true},
};

constexpr std::string_view operations[] = {"inspect", "status", "output", "wait_ended",
                                           "run",     "start",  "stop"};

Result<Value> examine(const LocalPrograms& local, const Call& call) {
    Findings found(call);
    for (const auto& [name, program] : local.declared) {
        if (::access(program.path.c_str(), X_OK) == 0)
            found.well(name + " is " + program.path);
        else
            found.problem(name + ": " + program.path + ": " + std::strerror(errno),
                          "Install it, or correct its path.");
    }
    return found.value();
}

Result<Driver> make(const Settings& given, Services& services) {
    auto declared = read_declared(given.values["programs"], given.folder);
    if (!declared) return declared.error();
    const std::shared_ptr<LocalPrograms> local(new LocalPrograms{
        services.loop, given.target, services.program_folder + "/perilune-supervisor",
        std::filesystem::absolute(services.state_folder).string() + "/process",
        std::move(*declared)});
    local->keeper = std::make_shared<KeeperLink>(services.loop, local->supervisor,
                                                 local->runs_folder(), to_hex(random_bytes(8)));
    Driver driver;
    driver.state = local;
    driver.examine = [local](Call& call) {
        return off_loop<Result<Value>>(local->loop,
                                       [local, &call] { return examine(*local, call); });
    };
    driver.operations.emplace("inspect", inspect_handler(local));
    driver.operations.emplace("status", status_handler(local));
    driver.operations.emplace("output", output_handler(local));
    driver.operations.emplace("wait_ended", wait_ended_handler(local));
    driver.operations.emplace("run", run_handler(local));
    driver.operations.emplace("start", start_handler(local));
    driver.operations.emplace("stop", stop_handler(local));
    return driver;
}

}  // namespace

const DriverKind process_local_kind = {
    .family = "process",
    .name = "local",
    .doc =
        "Programs of the machine on which the host runs. A small process that outlives the host "
        "starts them and writes down how they end, so that a run that is resumed learns it.",
    .settings = settings,
    .operations = operations,
    .make = make,
    .doctor_checks = "that every declared program is there and may be executed",
    .doctor_cannot = "what the programs do when they are executed",
};

}  // namespace perilune

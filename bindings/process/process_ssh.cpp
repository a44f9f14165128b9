// The driver `ssh` of process: programs of another host, over the stock ssh program.
#include "bindings/process/process.h"
#include "bindings/process/ssh_programs.h"
#include "interpreter/base/findings.h"
#include "interpreter/base/shell_words.h"

namespace perilune {

namespace {

constexpr Setting settings[] = {
    {.name = "host",
     .doc = "The host, as ssh is told it: a name, an address, or an alias of "
            "ssh's configuration.",
     .identity = true},
    {.name = "user",
     .doc = "Whom to log in as. Left out: what ssh's configuration says.",
     .need = Need::optional,
     .identity = true},
    {.name = "port",
     .type = Type::integer,
     .doc = "The port of sshd. Left out: what ssh's configuration says, else 22.",
     .need = Need::optional,
     .identity = true},
    ssh_settings::identity,
    ssh_settings::known_hosts,
    ssh_settings::jump,
    ssh_settings::config,
    ssh_settings::connect_within,
    {.name = "state_folder",
     .doc = "The folder on the host in which runs are written down (0700, removed after 90 days), "
            "relative to where a login starts.",
     .need = Need::optional,
     .fallback = ".local/state/perilune/process",
     .identity = true},
    {.name = "programs",
     .type = Type::map,
     .doc = "The host's programs by name, each a map as the driver local has it: `path`, "
            "`arguments`, `effect`, `environment`, `variables`, `folder` (relative to where a "
            "login starts), `input`, `output_max`, `expect_exit`. Names of variables are letters, "
            "digits and _.",
     .may_be_secret = true},
};

constexpr std::string_view operations[] = {"inspect", "status", "output", "wait_ended",
                                           "run",     "start",  "stop"};

// Which declared programs are not there; nothing is started.
Awaitable<Result<Value>> examine(SharedSsh programs, Call& call) {
    Findings found(call);
    std::string commands = "missing=\n";
    for (const auto& [name, program] : programs->declared)
        commands += "[ -x " + quote_word(program.path) + " ] || missing=\"$missing \"" +
                    quote_word(program.path) + "\n";
    const SshAnswer answer = co_await ask_over_ssh(
        programs, call, commands + "reply64 missing \"$missing\"", call.deadline_s, 64 << 10);
    const std::string host = programs->line.host.show();
    if (!answer.ok) {
        const std::string& code = answer.error.code;
        if (code == "permission_denied" || code == "unknown_host_key" || code == "host_key_changed")
            found.refused(answer.error.message);
        else
            found.problem(answer.error.message);
    } else if (answer["missing"].empty()) {
        found.well(host + " lets us in and has every declared program");
    } else {
        found.problem(
            host + " lets us in, and has no program that can be executed at" + answer["missing"],
            "Install it there, or correct its path.");
    }
    co_return found.value();
}

Result<Driver> make(const Settings& given, Services& services) {
    auto declared = read_declared(given.values["programs"], "");
    if (!declared) return declared.error();
    auto host = read_ssh_host(given);
    if (!host) return host.error();
    std::string folder = given.values["state_folder"].text();
    if (folder.empty()) folder = ".local/state/perilune/process";
    const SharedSsh programs(
        new SshPrograms{{services.loop, std::move(*host), SshConnections::of(services.loop)},
                        given.target,
                        std::move(folder),
                        std::move(*declared)});
    Driver driver;
    driver.state = std::const_pointer_cast<SshPrograms>(programs);
    driver.examine = [programs](Call& call) { return examine(programs, call); };
    driver.operations.emplace("inspect", ssh_inspect_handler(programs));
    driver.operations.emplace("status", ssh_status_handler(programs));
    driver.operations.emplace("output", ssh_output_handler(programs));
    driver.operations.emplace("wait_ended", ssh_wait_ended_handler(programs));
    driver.operations.emplace("run", ssh_run_handler(programs));
    driver.operations.emplace("start", ssh_start_handler(programs));
    driver.operations.emplace("stop", ssh_stop_handler(programs));
    return driver;
}

}  // namespace

const DriverKind process_ssh_kind = {
    .family = "process",
    .name = "ssh",
    .doc =
        "Programs of another host, over the ssh program that is installed here, with the user's "
        "configuration, agent and jump hosts. The host needs sshd, a POSIX shell and coreutils. A "
        "small keeper there outlives the session and writes down how a program ends, so that a "
        "session that is lost is in doubt for no longer than it takes to look.",
    .settings = settings,
    .operations = operations,
    .make = make,
    .doctor_checks =
        "the ssh program, the host, its key and the login; that every declared program "
        "is there",
    .doctor_cannot = "what the programs do when they are executed",
};

}  // namespace perilune

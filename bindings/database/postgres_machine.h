// The machine of a PostgreSQL server, reached over ssh: fence by "stop".
#pragma once

#include <string>
#include <vector>

#include "bindings/database/postgres_target.h"
#include "interpreter/base/ssh_talk.h"

namespace perilune {

// How the machine stops and starts its server: by the unit, or where there is none by pg_ctl.
struct PostgresMachine {
    SshLine line;
    std::string unit;
    std::vector<std::string> systemctl;
    std::string data;
    std::vector<std::string> pg_ctl;
};
using PostgresMachinePointer = std::shared_ptr<const PostgresMachine>;

inline constexpr std::string_view postgres_machine_doc =
    "The server's machine, for fence by \"stop\": a map of `host` with `user`, `port`, `identity`, "
    "`known_hosts`, `jump`, `config` and `connect_within` as the driver ssh of process has them, "
    "and `service`, its systemd unit (`systemctl`: how the login executes that, such as [\"sudo\", "
    "\"-n\", \"systemctl\"]), or else `data`, its data folder there (`pg_ctl`: the same of that).";

// Reads the setting `machine`; null where there is none.
Result<PostgresMachinePointer> read_postgres_machine(const Settings& given, Services& services);

// Whether the machine says that its server is stopped.
Awaitable<Result<bool>> machine_is_stopped(PostgresMachinePointer machine, Call& call);
// Stops or starts the server and waits until the machine says that it is done.
Awaitable<Status> stop_by_machine(PostgresMachinePointer machine, Call& call);
Awaitable<Status> start_by_machine(PostgresMachinePointer machine, Call& call);

// Lets fence and unfence, which are there already, stop and start the server.
void add_postgres_stop(Operations& operations, const PostgresTargetPointer& target,
                       const PostgresMachinePointer& machine);

}  // namespace perilune

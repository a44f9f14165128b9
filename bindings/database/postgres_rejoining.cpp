#include "bindings/database/postgres_rejoining.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <fcntl.h>

#include "bindings/database/postgres_configuration.h"

namespace perilune {

namespace {

namespace fs = std::filesystem;

Error file_error(const LocalServer& server, const std::string& what, const std::string& why) {
    return fail("file_failed", "Rejoining " + server.target + ": " + what + ": " + why + ".");
}

// How the replica logs in, as primary_conninfo takes it.
std::string connection_string(const NewPrimary& primary) {
    ConnectionParameters parameters = primary.address.parameters;
    for (const char* other :
         {"dbname", "target_session_attrs", "application_name", "client_encoding", "options"})
        parameters.erase(other);
    parameters["host"] = primary.endpoint.host;
    parameters["port"] = primary.endpoint.port;
    parameters.erase("hostaddr");
    std::string text;
    for (const auto& [keyword, value] : parameters)
        text += (text.empty() ? "" : " ") + keyword + "=" + quote_setting(value, '\\');
    return text;
}

Status write_following(const LocalServer& server, const NewPrimary& primary) {
    const auto written = write_own_settings(
        server, {{"primary_conninfo", connection_string(primary)}, {"primary_slot_name", ""}});
    if (!written) return written;
    return write_signal(server, "standby.signal");
}

Status rewind(const LocalServer& server, const NewPrimary& primary, const StreamWatch& watch) {
    watch.tell("winding back to " + primary.target);
    std::vector<std::string> command = {"pg_rewind", "-D", server.data, "--source-server",
                                        "dbname=" + primary.address.database()};
    if (!server.config_file.empty()) command.push_back("--config-file=" + server.config_file);
    const auto done =
        run_beside(server, command, watch, login_of(primary.address, primary.endpoint));
    if (!done) return done.error();
    return Done{};
}

Status copy_anew(const LocalServer& server, const NewPrimary& primary, const StreamWatch& watch) {
    watch.tell("copying all of " + primary.target);
    std::error_code code;
    if (!fs::is_empty(server.data + "/pg_tblspc", code) || code)
        return file_error(server, "Copying " + primary.target + " anew",
                          "it has tablespaces, whose places on this machine only a person knows; "
                          "make it anew by pg_basebackup with --tablespace-mapping");
    const std::string copy = server.beside("copy");
    fs::remove_all(copy, code);
    // The folder in which it is made need not be the server's user's to write to.
    fs::create_directory(copy, code);
    fs::permissions(copy, fs::perms::owner_all, code);
    auto done = give_to_owner(server, copy);
    if (!done) return done;
    const auto copied =
        run_beside(server, {"pg_basebackup", "-D", copy, "-c", "fast", "-X", "stream"}, watch,
                   login_of(primary.address, primary.endpoint));
    if (!copied) {
        fs::remove_all(copy, code);
        return copied.error();
    }
    if (::renameat2(AT_FDCWD, copy.c_str(), AT_FDCWD, server.data.c_str(), RENAME_EXCHANGE) != 0)
        return file_error(server, "Putting the copy " + copy + " in the place of " + server.data,
                          std::strerror(errno));
    done = sync_folder(fs::path(server.data).parent_path());
    fs::remove_all(copy, code);
    return done;
}

}  // namespace

Status make_replica_of(const LocalServer& server, const NewPrimary& primary,
                       const StreamWatch& watch) {
    Status done = keep_configuration(server);
    if (done) done = stop_server(server, watch);
    if (!done) return done;
    Status rewound = fail("not_allowed", "The login of " + primary.target + " may not checkpoint.");
    if (primary.can_rewind) rewound = rewind(server, primary, watch);
    if (const auto stopped = watch.stopped()) return *stopped;
    if (!rewound) done = copy_anew(server, primary, watch);
    if (!done) {
        Error error = done.error();
        error.message +=
            " Before that, winding it back was not possible: " + rewound.error().message;
        return error;
    }
    done = put_configuration_back(server);
    if (done) done = write_following(server, primary);
    if (done) done = start_server(server, watch);
    return done;
}

}  // namespace perilune

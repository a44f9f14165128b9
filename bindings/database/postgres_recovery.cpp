#include "bindings/database/postgres_recovery.h"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <fcntl.h>

#include "bindings/database/postgres_configuration.h"
#include "interpreter/base/json.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

namespace fs = std::filesystem;

constexpr const char* marker_name = "/perilune_restored";
constexpr std::size_t words_max = 2000;

Error file_error(const ServerRecovery& recovery, const std::string& what, const std::string& why) {
    return fail("file_failed",
                "Restoring " + recovery.server.target + ": " + what + ": " + why + ".");
}

Status write_marker_in(const LocalServer& server, const std::string& folder, const Value& said) {
    const std::string path = folder + marker_name;
    const auto written = write_file_durably(path, to_canonical_json(said), 0600);
    if (!written) return written;
    return give_to_owner(server, path);
}

bool is_in_place(const ServerRecovery& recovery) {
    return read_restored(recovery.server)["key"].text() == recovery.key;
}

// A copy, for the base backup is needed again for the next restore.
Status copy_base(const ServerRecovery& recovery, const StreamWatch& watch) {
    watch.tell("copying the base backup " + recovery.base);
    std::error_code code;
    fs::remove_all(recovery.incoming, code);
    fs::copy(recovery.base, recovery.incoming,
             fs::copy_options::recursive | fs::copy_options::copy_symlinks, code);
    if (code) return file_error(recovery, "Copying " + recovery.base, code.message());
    fs::permissions(recovery.incoming, fs::perms::owner_all, code);
    const auto given = give_to_owner(recovery.server, recovery.incoming);
    if (!given) return given;
    if (!fs::is_empty(recovery.incoming + "/pg_tblspc", code) || code)
        return file_error(recovery, "Using " + recovery.base,
                          "it has tablespaces, whose places only a person knows");
    const auto checked =
        run_beside(recovery.server, {"pg_verifybackup", "-n", recovery.incoming}, watch);
    if (!checked)
        return fail("damaged", "Restoring " + recovery.server.target +
                                   " (nothing was changed): " + checked.error().message);
    return Done{};
}

Status exchange(const ServerRecovery& recovery) {
    if (::renameat2(AT_FDCWD, recovery.incoming.c_str(), AT_FDCWD, recovery.server.data.c_str(),
                    RENAME_EXCHANGE) != 0)
        return file_error(recovery,
                          "Exchanging " + recovery.incoming + " and " + recovery.server.data,
                          std::strerror(errno));
    return sync_folder(fs::path(recovery.server.data).parent_path());
}

// The server has a shell execute it, with % for what it fills in.
bool is_plain(const std::string& path) {
    return path.find_first_of("\"'\\$`%\n") == std::string::npos;
}

// The abbreviation Z is not known yet when the server reads its configuration.
std::string exact_time(double at_s) {
    const double whole = std::floor(at_s);
    char fraction[20] = {};
    std::snprintf(fraction, sizeof fraction, ".%06d+00", static_cast<int>((at_s - whole) * 1e6));
    std::string text = show_time(whole);
    return text.replace(text.size() - 1, 1, fraction);
}

// Along the history that the server was on: the archive may know others, of earlier restores. What
// was not archived yet is still in the folder that was kept.
Status write_recovery(const ServerRecovery& recovery, const StreamWatch& watch) {
    LocalServer before = recovery.server;
    before.data = recovery.kept;
    auto control = read_control(before, watch);
    if (!control) return control.error();
    const std::string fetch = "cp \"" + recovery.archive + "/%f\" \"%p\" 2>/dev/null || cp \"" +
                              recovery.kept + "/pg_wal/%f\" \"%p\" 2>/dev/null";
    const auto written = write_own_settings(
        recovery.server,
        {{"restore_command", fetch},
         {"recovery_target_time", exact_time(recovery.at_s)},
         {"recovery_target_timeline", (*control)["Latest checkpoint's TimeLineID"]},
         {"recovery_target_action", "promote"}});
    if (!written) return written;
    return write_signal(recovery.server, "recovery.signal");
}

Status bring_in(const ServerRecovery& recovery, const StreamWatch& watch) {
    Status done = Done{};
    if (!recovery.base.empty()) done = copy_base(recovery, watch);
    if (done) done = keep_configuration(recovery.server);
    const Value said = Value().set("key", recovery.key).set("kept", recovery.kept);
    if (done) done = write_marker_in(recovery.server, recovery.incoming, said);
    if (done) done = stop_server(recovery.server, watch);
    if (done) done = exchange(recovery);
    return done;
}

}  // namespace

Value read_restored(const LocalServer& server) {
    const auto text = read_file(server.data + marker_name);
    if (!text) return Value(Map{});
    const auto said = from_canonical_json(*text);
    return said ? *said : Value(Map{});
}

Status write_restored(const LocalServer& server, const Value& said) {
    return write_marker_in(server, server.data, said);
}

Status take_place(ServerRecovery& recovery, const StreamWatch& watch) {
    if (!recovery.base.empty() && !(is_plain(recovery.archive) && is_plain(recovery.kept)))
        return fail("bad_setting", "Restoring " + recovery.server.target +
                                       ": the folders `archive` and `data` must have names that a "
                                       "shell takes as they are.");
    if (!is_in_place(recovery)) {
        const auto brought = bring_in(recovery, watch);
        if (!brought) return brought;
    }
    Value said = read_restored(recovery.server);
    recovery.kept = said["kept"].text();
    std::error_code code;
    if (fs::exists(recovery.incoming, code) && !fs::exists(recovery.kept, code))
        fs::rename(recovery.incoming, recovery.kept, code);
    if (code) return file_error(recovery, "Keeping " + recovery.kept, code.message());
    if (!said.has("armed")) {
        Status done = put_configuration_back(recovery.server);
        if (done && !recovery.base.empty()) done = write_recovery(recovery, watch);
        if (done) done = write_restored(recovery.server, said.set("armed", true));
        if (!done) return done;
    }
    watch.tell("starting the server");
    return start_server(recovery.server, watch);
}

Result<bool> put_back(const ServerRecovery& recovery, const StreamWatch& watch) {
    if (!is_in_place(recovery)) return false;
    Status done = stop_server(recovery.server, watch);
    std::error_code code;
    ServerRecovery back = recovery;
    back.incoming = fs::exists(recovery.kept, code) ? recovery.kept : recovery.incoming;
    if (done) done = exchange(back);
    if (!done) return done.error();
    // A folder that an earlier restore kept goes back to its name; a copy of a base is no loss.
    if (recovery.base.empty()) {
        fs::rename(back.incoming, recovery.incoming, code);
    } else {
        fs::remove_all(back.incoming, code);
    }
    forget_configuration(recovery.server);
    done = start_server(recovery.server, watch);
    if (!done) return done.error();
    return true;
}

std::string last_start_words(const LocalServer& server) {
    const auto said = read_file(server.data + "/perilune_start.log");
    if (!said) return {};
    return said->substr(said->size() - std::min(said->size(), words_max));
}

}  // namespace perilune

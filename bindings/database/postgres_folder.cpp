#include "bindings/database/postgres_folder.h"

#include <filesystem>

#include "bindings/database/backup_files.h"
#include "bindings/database/scratch_folder.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

// pg_dump and pg_restore write and read files, and so would outlive a host that was killed.
constexpr const char* guard = "/usr/bin/setpriv";
constexpr double told_every_s = 1;

std::vector<std::string> guarded(std::vector<std::string> command) {
    command.insert(command.begin(), {guard, "--pdeathsig", "TERM", "--"});
    return command;
}

Status execute(const std::vector<std::string>& command, std::vector<std::string> environment,
               const TakeBytes& take, const StreamWatch& watch) {
    auto started = PipedProgram::start(guarded(command), std::move(environment), take, watch);
    if (!started) return started.error();
    return (*started)->finish();
}

Status ignore(std::string_view) { return Done{}; }

double bytes_in(const std::string& folder) {
    double bytes = 0;
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(folder, code)) {
        const auto size = entry.file_size(code);
        if (!code) bytes += static_cast<double>(size);
    }
    return bytes;
}

// Tells, as often as it is asked whether to stop, how much is in a folder by now.
StreamWatch watch_folder(const StreamWatch& watch, const std::string& folder) {
    return {.stopped =
                [=, next_s = 0.0]() mutable {
                    if (boot_now_s() >= next_s) {
                        watch.tell("dumped " + show_size(bytes_in(folder)));
                        next_s = boot_now_s() + told_every_s;
                    }
                    return watch.stopped();
                },
            .tell = watch.tell};
}

// A scratch folder with the files of a dump; those that are damaged fail checks.
Result<std::unique_ptr<ScratchFolder>> bring(const DumpTools& tools, const Shelf& shelf,
                                             const BackupEntry& entry, const StreamWatch& watch,
                                             List& checks) {
    if (const auto room = require_room_for(tools, entry); !room) return room.error();
    auto scratch = ScratchFolder::make(tools.scratch);
    if (!scratch) return scratch.error();
    const auto fetched = fetch_files(shelf, entry, (*scratch)->path(), tools.jobs, watch, checks);
    if (!fetched) return fetched.error();
    return scratch;
}

}  // namespace

Status write_folder(const DumpSource& source, const std::string& snapshot,
                    const std::string& folder, const StreamWatch& watch) {
    const auto program = find_postgres_program(source.tools.programs, "pg_dump");
    if (!program) return program.error();
    return execute({*program, "--format=directory", "--jobs=" + std::to_string(source.tools.jobs),
                    "--compress=0", "--no-password", "--snapshot=" + snapshot, "--file=" + folder},
                   login_of(source.address, source.endpoint), ignore, watch_folder(watch, folder));
}

Status load_folder(const DumpSource& source, const Shelf& shelf, const BackupEntry& entry,
                   Owners owners, const StreamWatch& watch, List& checks) {
    const auto program = find_postgres_program(source.tools.programs, "pg_restore");
    if (!program) return program.error();
    const auto scratch = bring(source.tools, shelf, entry, watch, checks);
    if (!scratch) return scratch.error();
    if (!all_passed(checks)) return Done{};
    auto command = loading_arguments("directory", owners);
    command.insert(command.begin(), *program);
    command.push_back("--jobs=" + std::to_string(source.tools.jobs));
    command.push_back((*scratch)->path());
    const auto ended = execute(command, login_of(source.address, source.endpoint), ignore, watch);
    return append_program_check("loading", ended, checks);
}

Status check_folder(const DumpTools& tools, const Shelf& shelf, const BackupEntry& entry,
                    DumpRows& rows, const StreamWatch& watch, List& checks) {
    const auto program = find_postgres_program(tools.programs, "pg_restore");
    if (!program) return program.error();
    const auto scratch = bring(tools, shelf, entry, watch, checks);
    if (!scratch) return scratch.error();
    if (!all_passed(checks)) return Done{};
    const TakeBytes count = [&rows](std::string_view sql) {
        rows.add(sql);
        return Status(Done{});
    };
    const auto ended = execute({*program, "--format=directory", "--file=-", (*scratch)->path()},
                               {"LC_ALL=C", "PATH=/usr/bin:/bin"}, count, watch);
    return append_program_check("structure", ended, checks);
}

Status require_room_for(const DumpTools& tools, const BackupEntry& entry) {
    if (!entry.manifest.is_folder()) return Done{};
    return require_room(tools.scratch, entry.manifest.database_bytes,
                        "Reading the backup " + entry.id);
}

}  // namespace perilune

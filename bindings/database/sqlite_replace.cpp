#include "bindings/database/sqlite_replace.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "bindings/database/sqlite_pages.h"
#include "bindings/database/sqlite_previous.h"
#include "bindings/database/sqlite_tables.h"
#include "interpreter/base/files.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr int attempts_max = 5;
constexpr const char* part_ending = ".part";

Error file_error(const Work& work, const std::string& doing) {
    return fail("file_failed", doing + " of " + work.target.target + " (" + work.target.path +
                                   "): " + std::strerror(errno) + ".");
}

std::string folder_of(const Work& work) {
    return std::filesystem::path(work.target.path).parent_path().string();
}

// A copy gets its name only once it is whole and flushed.
Status name_copy(const Work& work, const std::string& path) {
    const Descriptor file(::open((path + part_ending).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.open() || ::fsync(file.get()) != 0) return file_error(work, "Flushing the copy");
    if (::rename((path + part_ending).c_str(), path.c_str()) != 0)
        return file_error(work, "Keeping the previous file");
    return sync_folder(folder_of(work));
}

// Copies what SQLite reads, log included, while `others` are kept from writing.
Status copy_by_reading(Work& work, const std::string& path) {
    auto from = work.open(Access::read);
    if (!from) return from.error();
    auto to = work.open_file(path, Access::create);
    if (!to) return to.error();
    if (const auto copied = copy_database(**from, **to, [](double, double) {}); !copied)
        return copied;
    return write_versions(**to, FileVersions{});
}

// With a log, pages can only be replaced by pages of the same size. Leaves the log where nobody
// else is connected; SQLite refuses that while somebody is.
Status match_page_size(Work& work, SqliteConnection& from, SqliteConnection& to, bool& left_log) {
    const auto versions = read_versions(to);
    if (!versions) return versions.error();
    const auto wanted = from.first("pragma page_size");
    const auto found = to.first("pragma page_size");
    if (!wanted || !found) return wanted ? found.error() : wanted.error();
    if (!versions->uses_log() || *wanted == *found) return Done{};
    const auto mode = to.first("pragma journal_mode = delete");
    left_log = mode && mode->text() == "delete";
    if (left_log) return Done{};
    return fail("database_busy",
                "Restoring " + work.target.target +
                    ": the backup has pages of another size, so nobody may be connected "
                    "meanwhile. Stop what has " +
                    work.target.path +
                    " open, then try again. "
                    "Nothing was changed.",
                Retry::safe);
}

Status replace_in_place(Work& work, const Replacement& replacement) {
    auto from = work.open_file(replacement.file, Access::read);
    if (!from) return from.error();
    auto to = work.open(Access::write);
    if (!to) return to.error();
    bool left_log = false;
    if (const auto matched = match_page_size(work, **from, **to, left_log); !matched)
        return matched;
    const auto versions = read_versions(**to);
    if (!versions) return versions.error();
    const auto keep_previous = [&]() -> Status {
        if (replacement.previous.empty()) return Done{};
        const std::string part = replacement.previous + part_ending;
        remove_copy(part);
        // With a rollback journal readers are kept away by now, and the file is all there is.
        const auto copied =
            versions->uses_log() ? copy_by_reading(work, part) : copy_bytes(**to, part);
        if (!copied) return copied;
        return name_copy(work, replacement.previous);
    };
    const auto replaced =
        replace_database(**from, **to, keep_previous, [&](double done, double all) {
            work.call.tell("replaced " + show_size(done) + " of " + show_size(all));
        });
    if (left_log) (*to)->execute("pragma journal_mode = wal");
    return replaced;
}

// Moves what belongs to the old file out of the way of the new one, or removes it.
Status move_companions(const Work& work, const std::string& previous) {
    for (const char* ending : {"-wal", "-journal", "-shm"}) {
        const std::string found = work.target.path + ending;
        const bool keep = !previous.empty() && std::string_view(ending) != "-shm";
        const int result =
            keep ? ::rename(found.c_str(), (previous + ending).c_str()) : ::unlink(found.c_str());
        if (result != 0 && errno != ENOENT) return file_error(work, "Moving the journal");
    }
    return sync_folder(folder_of(work));
}

// Gives the prepared file its last form, and flushes it.
Status prepare_file(Work& work, const std::string& path, FileVersions versions) {
    {
        auto opened = work.open_file(path, Access::write);
        if (!opened) return opened.error();
        if (const auto written = write_versions(**opened, versions); !written) return written;
    }
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.open() || ::fsync(file.get()) != 0) return file_error(work, "Flushing the new file");
    return Done{};
}

// True: it is in place. False: somebody made the file meanwhile.
Result<bool> put_in_missing_place(Work& work, const Replacement& replacement) {
    const int version = replacement.uses_log ? 2 : 1;
    const auto prepared = prepare_file(work, replacement.file, FileVersions{version, version});
    if (!prepared) return prepared.error();
    if (const auto moved = move_companions(work, replacement.previous); !moved)
        return moved.error();
    if (::renameat2(AT_FDCWD, replacement.file.c_str(), AT_FDCWD, work.target.path.c_str(),
                    RENAME_NOREPLACE) != 0) {
        if (errno == EEXIST) return false;
        return file_error(work, "Putting the new file in place");
    }
    if (const auto synced = sync_folder(folder_of(work)); !synced) return synced.error();
    return true;
}

Status replace_by_rename(Work& work, const Replacement& replacement, Condition condition) {
    auto old = work.open(Access::write);
    if (!old) return old.error();
    const auto lock = ExclusiveLock::take(**old);
    if (!lock) return lock.error();
    FileVersions versions{replacement.uses_log ? 2 : 1, replacement.uses_log ? 2 : 1};
    const auto found = read_versions(**old);
    // A fence stays: what was fenced must not become writable by being restored.
    if (found && condition == Condition::usable) versions = *found;
    const auto prepared = prepare_file(work, replacement.file, versions);
    if (!prepared) return prepared;
    if (!replacement.previous.empty()) {
        const std::string part = replacement.previous + part_ending;
        if (const auto copied = copy_bytes(**old, part); !copied) return copied;
        if (const auto named = name_copy(work, replacement.previous); !named) return named;
    }
    if (condition == Condition::unusable)
        if (const auto destroyed = destroy_header(**old); !destroyed) return destroyed;
    if (const auto moved = move_companions(work, replacement.previous); !moved) return moved;
    if (::rename(replacement.file.c_str(), work.target.path.c_str()) != 0)
        return file_error(work, "Putting the new file in place");
    return sync_folder(folder_of(work));
}

}  // namespace

Result<Condition> condition_of(Work& work) {
    auto opened = work.open(Access::write);
    if (!opened && opened.error().code == "not_found") return Condition::missing;
    if (!opened) return opened.error();
    const auto read = (*opened)->first("select count(*) from sqlite_schema");
    if (read) return Condition::usable;
    if (read.error().code == "damaged") return Condition::unusable;
    return read.error();
}

Result<Value> content_state(Work& work) {
    Value state;
    auto opened = work.open(Access::read);
    if (!opened && opened.error().code == "not_found") return state.set("absent", true);
    if (!opened) return opened.error();
    const auto digest = digest_content(**opened);
    if (digest) return state.set("content", *digest);
    if (digest.error().code == "damaged") return state.set("unreadable", true);
    return digest.error();
}

Status replace_target(Work& work, const Replacement& replacement) {
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
        const auto condition = condition_of(work);
        if (!condition) return condition.error();
        if (*condition == Condition::missing) {
            const auto put = put_in_missing_place(work, replacement);
            if (!put) return put.error();
            if (*put) return Done{};
            continue;
        }
        bool fenced = false;
        if (*condition == Condition::usable) {
            auto opened = work.open(Access::read);
            if (!opened) return opened.error();
            const auto versions = read_versions(**opened);
            if (!versions) return versions.error();
            fenced = versions->fenced();
        }
        if (fenced || *condition == Condition::unusable)
            return replace_by_rename(work, replacement, *condition);
        return replace_in_place(work, replacement);
    }
    return fail("database_busy",
                "Replacing " + work.target.target +
                    ": others make and remove its file again and again. Nothing was replaced.",
                Retry::safe);
}

Status remove_target(Work& work) {
    auto opened = work.open(Access::write);
    if (!opened && opened.error().code == "not_found") return move_companions(work, "");
    if (!opened) return opened.error();
    const auto lock = ExclusiveLock::take(**opened);
    if (!lock) return lock.error();
    // Who still has it open meets garbage, and writes nothing to a file that nobody sees.
    if (const auto destroyed = destroy_header(**opened); !destroyed) return destroyed;
    if (::unlink(work.target.path.c_str()) != 0) return file_error(work, "Removing the file");
    return move_companions(work, "");
}

}  // namespace perilune

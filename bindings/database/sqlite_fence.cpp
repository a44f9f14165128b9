// Fencing a SQLite database: fence and unfence.
//
// The fence is the write version in the file's header: SQLite itself, in whatever process and under
// whatever user, treats a file with a higher write version than it knows as read-only (File Format,
// 1.3.3). It needs no trigger and no permission bits (root passes those), survives a restart, and
// goes with the file. A connection that met the fence stays read-only until it is opened again:
// what had the database open when it was fenced must reconnect after unfence.
#include <filesystem>
#include <fstream>

#include "bindings/database/sqlite_pages.h"
#include "bindings/database/sqlite_target.h"

namespace perilune {

namespace {

constexpr double again_s = 0.02;

Result<FileVersions> versions_of(Work& work) {
    auto opened = work.open(Access::read);
    if (!opened) return opened.error();
    return read_versions(**opened);
}

Value state_of(const FileVersions& versions) {
    Value state;
    return state.set("how", versions.fenced() ? "read_only" : "none");
}

double log_bytes(const Work& work) {
    std::error_code code;
    const auto size = std::filesystem::file_size(work.target.path + "-wal", code);
    return code ? 0 : static_cast<double>(size);
}

// Whether a crashed writer left a journal by which the file must be rolled back before it is used.
// One that was ended but is kept (journal_mode = persist) begins with a zero.
bool has_hot_journal(const Work& work) {
    std::ifstream journal(work.target.path + "-journal", std::ios::binary);
    return journal.get() > 0;
}

// With a rollback journal: nobody is in a transaction while the header changes.
Status set_versions_alone(Work& work, SqliteConnection& connection, FileVersions versions) {
    for (;;) {
        // Reading rolls back what a crashed writer left.
        const auto read = connection.first("select count(*) from sqlite_schema");
        if (!read) return read.error();
        const auto lock = ExclusiveLock::take(connection);
        if (!lock) return lock.error();
        if (!has_hot_journal(work)) return write_versions(connection, versions);
        if (const auto stopped = work.stopped("Fencing")) return *stopped;
    }
}

// One try with a write-ahead log, beside others who are connected. The log is emptied into the file
// and the header changed while we hold the right to write; emptying the log once more makes
// everybody read the header anew. True: done and proved; false: somebody wrote in between.
Result<bool> try_fence_with_log(Work& work, FileVersions fenced) {
    auto opened = work.open(Access::write);
    if (!opened) return opened.error();
    SqliteConnection& connection = **opened;
    const auto first = connection.first("pragma wal_checkpoint(truncate)");
    if (!first) return first.error();
    if (first->number() != 0) return false;
    const auto begun = connection.execute("begin immediate");
    if (!begun && begun.error().code != "read_only") return begun.error();
    // Where the header is so already, from the try before, we have no right to write to it.
    if (begun && !connection.is_read_only()) {
        const bool empty = log_bytes(work) == 0;
        const auto written = empty ? write_versions(connection, fenced) : Status(Done{});
        connection.execute("rollback");
        if (!written) return written.error();
        if (!empty) return false;
    } else if (begun) {
        connection.execute("rollback");
    }
    const auto second = connection.first("pragma wal_checkpoint(truncate)");
    if (!second) return second.error();
    const auto found = read_versions(connection);
    if (!found) return found.error();
    return second->number() == 0 && found->fenced() && log_bytes(work) == 0;
}

Status fence_with_log(Work& work, FileVersions open, FileVersions fenced) {
    for (;;) {
        const auto done = try_fence_with_log(work, fenced);
        if (done && *done) return Done{};
        if (!done && done.error().code != "database_busy") return done.error();
        if (const auto stopped = work.stopped("Fencing")) {
            // Half a fence would stop some and not others: it goes again.
            auto opened = work.open(Access::write);
            if (opened) write_versions(**opened, open);
            return fail("fence_failed",
                        "Fencing " + work.target.target + " (" + work.target.path +
                            ") did not end in time: others read or write without a pause. It is "
                            "not fenced. Stop them, or give it a longer `timeout`.",
                        Retry::safe);
        }
        work.pause(again_s);
    }
}

// Tries to write as anybody would.
Status see_write_fail(Work& work) {
    auto opened = work.open(Access::write);
    if (!opened) return opened.error();
    const auto written =
        (*opened)->execute("begin immediate; create table perilune_fence_probe (x)");
    if ((*opened)->in_transaction()) (*opened)->execute("rollback");
    if (!written && written.error().code == "read_only") return Done{};
    return fail("fence_failed",
                "Fencing " + work.target.target + ": a write did not fail as it must. " +
                    (written ? "It succeeded, and was rolled back." : written.error().message));
}

Result<Before> before_fence(Work& work) {
    const std::string how = work.argument("how").text();
    if (how != "read_only")
        return fail(
            "not_supported",
            "Fencing " + work.target.target + " by \"" + how +
                "\" is not possible: a SQLite file has no server. Use how = \"read_only\".");
    const auto versions = versions_of(work);
    if (!versions) return versions.error();
    Before before;
    before.state = state_of(*versions);
    before.already_so = versions->fenced();
    before.result.set("how", "read_only").set("changed", false);
    before.plan = "every write fails";
    return before;
}

Outcome act_fence(Work& work, const Value& before) {
    const auto lock = work.lock_writers();
    if (!lock) return Outcome::failed(lock.error());
    const auto versions = versions_of(work);
    if (!versions) return Outcome::failed(versions.error());
    const FileVersions fenced{fence_version, versions->read};
    Status done = Done{};
    if (!versions->fenced() && versions->uses_log()) {
        done = fence_with_log(work, *versions, fenced);
    } else if (!versions->fenced()) {
        auto opened = work.open(Access::write);
        done = opened ? set_versions_alone(work, **opened, fenced) : Status(opened.error());
    }
    if (done) done = see_write_fail(work);
    if (!done) return Outcome::failed(done.error());
    Value result;
    result.set("how", "read_only").set("changed", before["how"].text() == "none");
    return Outcome::done(std::move(result), state_of(fenced));
}

Result<Before> before_unfence(Work& work) {
    const auto versions = versions_of(work);
    if (!versions) return versions.error();
    Before before;
    before.state = state_of(*versions);
    before.already_so = !versions->fenced();
    before.result.set("changed", false);
    before.plan = "writes succeed again";
    return before;
}

Outcome act_unfence(Work& work, const Value& before) {
    const auto lock = work.lock_writers();
    if (!lock) return Outcome::failed(lock.error());
    const auto versions = versions_of(work);
    if (!versions) return Outcome::failed(versions.error());
    const FileVersions open{versions->read, versions->read};
    if (versions->fenced()) {
        auto opened = work.open(Access::write);
        if (!opened) return Outcome::failed(opened.error());
        // With a log, a fenced file has an empty one and nobody can write to it: no lock is needed,
        // and readers need not go away.
        const auto done = versions->uses_log() ? write_versions(**opened, open)
                                               : set_versions_alone(work, **opened, open);
        if (!done) return Outcome::failed(done.error());
    }
    Value result;
    result.set("changed", before["how"].text() != "none");
    if (before["how"].text() != "none") result.set("how_before", before["how"]);
    return Outcome::done(std::move(result), state_of(open));
}

}  // namespace

void add_sqlite_fence(Operations& operations, const std::shared_ptr<SqliteTarget>& target) {
    operations["fence"] = change_sqlite(
        target, before_fence, act_fence, {}, [](const Call&, const Value&, const Value&) {
            return std::optional<Restore>(Restore{"unfence", Value(Map{})});
        });
    operations["unfence"] =
        change_sqlite(target, before_unfence, act_unfence, {},
                      [](const Call&, const Value& before, const Value&) {
                          Value arguments;
                          arguments.set("how", before["how"]);
                          return std::optional<Restore>(Restore{"fence", arguments});
                      });
}

}  // namespace perilune

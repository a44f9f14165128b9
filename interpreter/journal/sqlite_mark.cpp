// How a state folder's database is known again: its mark read, judged, made and kept up.
#include <sys/stat.h>
#include <unistd.h>

#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "interpreter/base/units.h"
#include "interpreter/journal/sqlite_file.h"

namespace perilune {

namespace {

constexpr std::size_t id_bytes = 16;

std::int64_t inode_of(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? static_cast<std::int64_t>(info.st_ino) : 0;
}

}  // namespace

std::int64_t SqliteFile::newest_position() {
    Statement& row = statement("select coalesce(max(pos), 0) from record");
    const std::int64_t position = row.step() ? row.integer(0) : 0;
    row.reset();
    return position;
}

// Under the folder's lock. A database without a mark gets one; what is refused is only read.
Status SqliteFile::know_again(const StateFound& before) {
    const std::string path = folder_ + "/state.db";
    StateFound found = before;
    found.inode_now = inode_of(path);
    found.position = newest_position();
    Statement& rows = statement("select key, value from meta where key in ('id', 'inode')");
    while (rows.step()) {
        if (rows.text(0) == "id") found.id = rows.text(1);
        if (rows.text(0) == "inode") found.inode = rows.integer(1);
    }
    rows.reset();
    const auto mark = read_state_mark(folder_);
    refusal_ = judge_state(folder_, found, mark);
    if (refusal_) return Done{};
    if (found.id.empty() || !mark || mark->id != found.id) return make_mark({});
    mark_.open(folder_, mark->position);
    return Done{};
}

// The database first, and into its file, not only into the log: where the log is lost, the file
// still says that it is no new one. A crash before the mark is written leaves an empty database
// without one, which gets it the next time.
Status SqliteFile::make_mark(const std::optional<Adoption>& adoption) {
    const StateMark mark{.id = to_hex(random_bytes(id_bytes)), .position = newest_position()};
    const auto set = [&](const std::string& key, const auto& value) {
        statement("insert or replace into meta values(?, ?)").bind(key).bind(value).step();
    };
    if (!execute("begin immediate")) return error("Beginning to write");
    set("id", mark.id);
    set("inode", inode_of(folder_ + "/state.db"));
    if (adoption) {
        Value told;
        told.set("who", adoption->who).set("reason", adoption->reason);
        told.set("found", refusal_->detail);
        set("adopted " + show_time(adoption->at), to_canonical_json(told));
    }
    if (failed() || !execute("commit")) {
        const Error problem = error("Making the state folder's mark");
        execute("rollback");
        return problem;
    }
    checkpoint();
    if (const auto written = write_state_mark(folder_, mark); !written) return written.error();
    mark_.open(folder_, mark.position);
    return Done{};
}

Result<std::string> SqliteFile::adopt(const Adoption& adoption) {
    const FolderLock held(lock_.get());
    if (!refusal_) return std::string();
    const std::string found = refusal_->detail.text();
    failure_ = 0;
    if (const auto made = make_mark(adoption); !made) return made.error();
    refusal_.reset();
    return found;
}

}  // namespace perilune

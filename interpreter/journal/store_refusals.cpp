#include "interpreter/journal/store_refusals.h"

#include <algorithm>

#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::size_t run_id_bytes_max = 200;

std::string executed_by_nobody(const std::string& state) {
    if (state == "running") return "its host died";
    if (state == "waits") return "waits for a person";
    return (state == "ended" ? "has " : "is ") + state;
}

}  // namespace

Status check_run_id(const std::string& id) {
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    };
    if (!id.empty() && id.size() <= run_id_bytes_max && id[0] != '-' && id[0] != '.' &&
        std::all_of(id.begin(), id.end(), fits))
        return Done{};
    return fail("bad_argument",
                "A run's id has 1 to 200 letters, digits, \"-\", \"_\" and \".\", and begins with "
                "none of \"-\" and \".\".");
}

std::string since_text(const RunRow& row, const HostRow* host) {
    const std::string who =
        host ? "is executed by " + host->name + ", process " + std::to_string(host->pid)
             : executed_by_nobody(row.state);
    return "at " + show_time(row.created) + " and " + who;
}

Error run_exists(const std::string& id, const std::string& since) {
    return fail("run_exists", "A run with the id " + id + " exists already: it was begun " + since +
                                  ". Watch it with: perilune watch " + id);
}

Error lock_held(const std::string& name, const std::string& holder, const std::string& since) {
    Error error = fail("locked",
                       "The lock " + name + " is held by the run " + holder + ", begun " + since +
                           ". What it needs to end: perilune status " + holder +
                           ". What ends it as it stands: perilune cancel " + holder,
                       Retry::safe);
    error.detail = holder;
    return error;
}

}  // namespace perilune

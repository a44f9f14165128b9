// test --from-run: a run's journal written as a test of the library.
#include <filesystem>

#include "bindings/table.h"
#include "interpreter/base/files.h"
#include "interpreter/base/suggest.h"
#include "interpreter/command/find_run.h"
#include "interpreter/command/known_drivers.h"
#include "interpreter/command/output.h"
#include "interpreter/command/session.h"
#include "interpreter/command/stored_runs.h"
#include "interpreter/command/test.h"
#include "interpreter/library/source_text.h"
#include "interpreter/report/recorded_test.h"

namespace perilune {

namespace {

// The run's own records, then those of every run below it.
Status add_records(Store& store, const std::string& run, std::vector<Records>& all) {
    auto records = Records::of(store, run);
    if (!records) return records.error();
    all.push_back(std::move(*records));
    const auto children = store.children(run);
    if (!children) return children.error();
    for (const auto& child : *children)
        if (const auto added = add_records(store, child.id, all); !added) return added;
    return Done{};
}

bool is_change(const std::string& target, const std::string& operation) {
    const Family* family = find_family(target.substr(0, target.find('/')));
    const Operation* row = family ? family->operation(operation) : nullptr;
    return row && row->effect == Effect::change;
}

Status check_state(const RunRow& row) {
    if (row.state == "ended" || row.state == "waits") return Done{};
    return fail("bad_argument", "The run " + row.id + " is " + row.state +
                                    ": only one that has ended, or waits for people, can become "
                                    "a test. See: perilune status " +
                                    row.id);
}

Status check_free(const std::string& path) {
    std::error_code problem;
    if (!std::filesystem::exists(path, problem)) return Done{};
    return fail("bad_argument", "There is " + path +
                                    " already; it may have been changed since. Move it away, or "
                                    "say another with --output FILE.");
}

}  // namespace

int execute_test_from_run(const Invocation& invocation) {
    Invocation named = invocation;
    named.values["RUN"] = {invocation.get("--from-run")};
    auto run = read_run(named);
    if (!run) return report_error(invocation, run.error());
    if (const auto rests = check_state(run->row); !rests)
        return report_error(invocation, rests.error());
    const Value begin = run->records.front();
    const auto library = open_library(invocation.get("--library", begin["folder"].text()));
    if (!library) return report_error(invocation, library.error());
    auto environment = load_environment(*library, begin["environment"].text(),
                                        known_drivers(helper_program("perilune-worker")));
    if (!environment) return report_error(invocation, environment.error());
    report::RunToTest told;
    told.row = run->row;
    told.is_change = is_change;
    told.person_of = [&](const std::string& role) {
        const auto& rules = environment->policy.approvals;
        const auto rule = rules.find(role);
        return rule != rules.end() && !rule->second.from.empty() ? rule->second.from.front()
                                                                 : std::string("someone");
    };
    if (const auto added = add_records(*run->store, run->row.id, told.runs); !added)
        return report_error(invocation, added.error());
    const std::string path =
        invocation.get("--output", library->folder + "/" + report::recorded_test_path(run->row.id));
    if (const auto free = check_free(path); !free) return report_error(invocation, free.error());
    const auto made = report::recorded_test(told);
    if (made.text.size() > source_bytes_max)
        return report_error(
            invocation,
            fail("bad_argument", "The run " + run->row.id +
                                     " was told so much that its test would be larger than the "
                                     "1 MiB that a file of a library may have."));
    const std::string folder = std::filesystem::path(path).parent_path().string();
    if (!folder.empty())
        if (const auto there = make_folders(folder, 0755); !there)
            return report_error(invocation, there.error());
    if (const auto written = write_file_durably(path, made.text); !written)
        return report_error(invocation, written.error());
    if (invocation.json()) {
        List doubts;
        for (const auto& doubt : made.doubts) doubts.emplace_back(doubt);
        put_json(Value().set("file", path).set("run", run->row.id).set("doubts", doubts));
        return exit_done;
    }
    put(path + "\n");
    for (const auto& doubt : made.doubts) say("It may not pass as it is, since " + doubt + ".");
    say("Written from the run " + run->row.id + ". Execute it with: perilune test " +
        std::filesystem::path(path).stem().string());
    return exit_done;
}

}  // namespace perilune

// perilune export and import: runs as plain files, for auditors and for other state folders.
#include <filesystem>

#include "interpreter/archive/archive.h"
#include "interpreter/base/files.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/minisign.h"
#include "interpreter/base/units.h"
#include "interpreter/command/find_run.h"
#include "interpreter/command/learning.h"
#include "interpreter/command/output.h"
#include "interpreter/command/signing.h"
#include "interpreter/command/stored_runs.h"
#include "interpreter/report/report_html.h"
#include "interpreter/report/report_markdown.h"

namespace perilune {

namespace {

constexpr std::size_t all_runs = 100000;

// The run that is named and those below it, or all that were begun in the period.
Result<std::vector<RunRow>> chosen_runs(const Invocation& invocation, Store& store) {
    if (invocation.has("RUN")) return find_tree(store, invocation.get("RUN"));
    double since = 0;
    double to = wall_now_s() + 1;
    for (const auto& [name, moment] : {std::pair{"--since", &since}, std::pair{"--to", &to}}) {
        if (!invocation.has(name)) continue;
        const auto read = parse_time(invocation.get(name));
        if (!read) return read.error();
        *moment = *read;
    }
    auto all = store.runs(all_runs);
    if (!all) return all.error();
    std::vector<RunRow> rows;
    for (auto& row : *all)
        if (row.created >= since && row.created < to) rows.push_back(std::move(row));
    return rows;
}

Status write_run(Store& store, const RunRow& row, const std::string& folder) {
    const auto records = Records::of(store, row.id);
    if (!records) return records.error();
    const auto timeline = timeline_of(row, *records);
    const RunReports reports{.html = report::report_html(timeline, row),
                             .markdown = report::report_markdown(timeline, row)};
    return archive_run(store, row, reports, folder);
}

Status sign_checkpoint(const Invocation& invocation, const std::string& text,
                       const std::string& path) {
    const auto key = open_signing_key(invocation);
    if (!key) return key.error();
    const auto signature = sign_text(*key, text, "exported at " + show_time(wall_now_s()));
    if (!signature) return signature.error();
    return write_file_durably(path + ".minisig", *signature);
}

}  // namespace

int execute_export(const Invocation& invocation) {
    if (!invocation.has("--output"))
        return report_error(invocation, fail("bad_argument", "Say where to: --output FOLDER."));
    const std::string folder = invocation.get("--output");
    if (std::filesystem::exists(folder) && !std::filesystem::is_empty(folder))
        return report_error(invocation,
                            fail("bad_argument", folder + " is not empty; nothing was written."));
    const auto store = open_store(invocation);
    if (!store) return report_error(invocation, store.error());
    const auto rows = chosen_runs(invocation, **store);
    if (!rows) return report_error(invocation, rows.error());
    if (rows->empty())
        return report_error(invocation, fail("bad_argument", "There is no run to be exported."));
    if (const auto made = make_folders(folder); !made)
        return report_error(invocation, made.error());
    Checkpoint checkpoint;
    checkpoint.at = wall_now_s();
    std::size_t open = 0;
    for (const auto& row : *rows) {
        if (const auto written = write_run(**store, row, folder); !written)
            return report_error(invocation, written.error());
        checkpoint.runs[row.id] = {.seq = row.seq, .hash = row.head};
        if (row.state != "ended") ++open;
    }
    const auto text = archive_whole(checkpoint, folder);
    if (!text) return report_error(invocation, text.error());
    if (invocation.has("--key"))
        if (const auto signed_by = sign_checkpoint(invocation, *text, folder + "/checkpoint");
            !signed_by)
            return report_error(invocation, signed_by.error());
    if (invocation.json())
        put_json(Value()
                     .set("folder", folder)
                     .set("runs", static_cast<double>(rows->size()))
                     .set("open", static_cast<double>(open)));
    say(std::to_string(rows->size()) + " runs are in " + folder + "." +
        (open > 0 ? " " + std::to_string(open) + " of them had not ended: import refuses those."
                  : ""));
    return exit_done;
}

int execute_import(const Invocation& invocation) {
    const std::string folder = invocation.get("FOLDER");
    if (invocation.has("--public-key"))
        if (const auto checked = check_signed_file(invocation, folder + "/checkpoint"); !checked)
            return report_error(invocation, checked.error());
    const auto ids = archived_runs(folder);
    if (!ids) return report_error(invocation, ids.error());
    const auto store = open_store(invocation);
    if (!store) return report_error(invocation, store.error());
    std::size_t added = 0;
    std::size_t there = 0;
    List refused;
    for (const auto& id : *ids) {
        const auto restored = restore_run(**store, folder, id);
        if (restored) {
            ++added;
        } else if (restored.error().code == "run_exists") {
            ++there;
        } else {
            refused.push_back(Value().set("run", id).set("why", restored.error().message));
            say(id + ": " + restored.error().message);
        }
    }
    if (invocation.json())
        put_json(Value()
                     .set("imported", static_cast<double>(added))
                     .set("known", static_cast<double>(there))
                     .set("refused", refused));
    say(std::to_string(added) + " runs imported, " + std::to_string(there) +
        " were there already, " + std::to_string(refused.size()) + " refused.");
    return refused.empty() ? exit_done : exit_failed;
}

}  // namespace perilune

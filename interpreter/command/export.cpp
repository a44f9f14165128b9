// perilune export and import: runs as plain files, for auditors and for other state folders.
#include <filesystem>

#include "interpreter/archive/archive.h"
#include "interpreter/base/files.h"
#include "interpreter/base/json.h"
#include "interpreter/base/loop.h"
#include "interpreter/base/minisign.h"
#include "interpreter/base/units.h"
#include "interpreter/command/find_run.h"
#include "interpreter/command/law.h"
#include "interpreter/command/learning.h"
#include "interpreter/command/output.h"
#include "interpreter/command/session.h"
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

// As ssh-keygen -Y verify takes them: see the README.txt of an export.
std::map<std::string, std::string> signed_files(const std::vector<SignedText>& texts) {
    std::map<std::string, std::string> files;
    for (const auto& given : texts) {
        const std::string name = std::to_string(given.seq) + "-" + given.what;
        files[name + ".txt"] = given.text;
        files[name + ".txt.sig"] = given.signature;
        files[name + ".allowed_signers"] = given.allowed_signers;
    }
    return files;
}

Status write_run(Store& store, const FindLaw& find_law, const RunRow& row,
                 const std::string& folder) {
    const auto records = Records::of(store, row.id);
    if (!records) return records.error();
    const auto timeline = timeline_of(row, *records);
    const auto checked = check_signed_records(*records, find_law);
    if (!checked.problem.empty())
        return fail("journal_broken", "The journal of " + row.id + " does not hold: " +
                                          checked.problem + " See: perilune verify " + row.id);
    const RunReports reports{.html = report::report_html(timeline, row),
                             .markdown = report::report_markdown(timeline, row),
                             .signed_files = signed_files(checked.texts)};
    return archive_run(store, row, reports, folder);
}

// The signatures in what is imported, by the code that comes with it.
Status check_archived(const std::vector<RecordRow>& rows, const std::map<std::string, Files>& code,
                      const KnownDrivers& drivers) {
    std::vector<Value> records;
    for (const auto& row : rows) {
        auto record = from_canonical_json(row.body);
        if (!record) return record.error();
        records.push_back(std::move(*record));
    }
    const auto find_law = [&](const std::string& digest, const std::string& environment) {
        const auto found = code.find(digest);
        if (found != code.end()) return law_of_texts(found->second, environment, drivers);
        return Result<Law>(fail("bad_archive", "The code " + digest + " is not there."));
    };
    const auto checked = check_signed_records(records, find_law);
    if (checked.problem.empty()) return Done{};
    return fail("bad_signature", checked.problem);
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
    const KnownDrivers drivers = host_setup(invocation).known_drivers;
    const FindLaw find_law = law_in_store(**store, drivers);
    for (const auto& row : *rows) {
        if (const auto written = write_run(**store, find_law, row, folder); !written)
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
    const auto check = [drivers = host_setup(invocation).known_drivers](const auto& rows,
                                                                        const auto& code) {
        return check_archived(rows, code, drivers);
    };
    for (const auto& id : *ids) {
        const auto restored = restore_run(**store, folder, id, check);
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

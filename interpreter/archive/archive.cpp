#include "interpreter/archive/archive.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "interpreter/base/digest.h"
#include "interpreter/base/files.h"
#include "interpreter/base/json.h"
#include "interpreter/journal/chain.h"
#include "interpreter/journal/store_refusals.h"
#include "interpreter/library/bundle.h"

namespace perilune {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t journal_bytes_max = std::size_t{4} << 30;

constexpr const char* readme = R"(Runs of Perilune, exported.

runs/ID/journal.jsonl holds a run's records, one a line, in order. The hash of a record is the
SHA-256 of the hash before it (32 bytes; none before the first) and of the line's bytes without
its line end. The last one must be the one that "checkpoint" names for the run, with as many
records. code/DIGEST/ holds the texts that runs were executed from.

runs/ID/signed/, where there is one, holds what people signed with their SSH keys. Of each text
the last two lines name the person and the time; "code sha256" is the folder below code/ in which
people.yaml has the keys, and NAME.allowed_signers has the same keys for OpenSSH's own program:

  ssh-keygen -Y verify -f NAME.allowed_signers -I PERSON -n perilune -s NAME.txt.sig <NAME.txt

(Of a key that has expired since, add -O verify-time=TIME, written 20260301020000Z.)

perilune import FOLDER checks all this and puts the runs into another state folder. Where
checkpoint.minisig is, minisign -V -p KEY.pub -m checkpoint says who signed it.
)";

std::string run_folder(const std::string& folder, const std::string& id) {
    return folder + "/runs/" + id;
}

// Digests of the code a run was begun with and of what replaced it.
Result<std::set<std::string>> code_of(const RunRow& row, const std::vector<RecordRow>& records) {
    std::set<std::string> digests = {row.bundle};
    for (const auto& record : records) {
        const auto read = from_canonical_json(record.body);
        if (!read) return read.error();
        if ((*read)["kind"].text() == "code") digests.insert((*read)["bundle"].text());
    }
    return digests;
}

// A path of a bundle is below the library's folder, whatever a store says.
bool is_below(const std::string& path) {
    const fs::path given(path);
    return !path.empty() && given.is_relative() &&
           std::none_of(given.begin(), given.end(), [](const auto& part) { return part == ".."; });
}

Status write_code(Store& store, const std::string& digest, const std::string& folder) {
    const std::string into = folder + "/code/" + digest;
    if (fs::exists(into)) return Done{};
    const auto files = store.bundle(digest);
    if (!files) return files.error();
    if (bundle_digest(*files) != digest)
        return fail("journal_broken", "The code " + digest + " is not as it was kept.");
    for (const auto& [path, text] : *files) {
        if (!is_below(path)) return fail("journal_broken", "The code has the path " + path + ".");
        const fs::path file = fs::path(into) / path;
        if (const auto made = make_folders(file.parent_path().string()); !made) return made;
        if (const auto written = write_file_durably(file.string(), text); !written) return written;
    }
    return Done{};
}

Result<Files> read_code(const std::string& folder, const std::string& digest) {
    const fs::path from = fs::path(folder) / "code" / digest;
    Files files;
    std::error_code failed;
    for (fs::recursive_directory_iterator at(from, failed), end; !failed && at != end;
         at.increment(failed)) {
        if (!at->is_regular_file()) continue;
        auto text = read_file(at->path().string());
        if (!text) return text.error();
        files[at->path().lexically_relative(from).string()] = std::move(*text);
    }
    if (failed) return fail("bad_archive", from.string() + ": " + failed.message() + ".");
    if (bundle_digest(files) != digest)
        return fail("bad_archive", from.string() + " is not the code that its name says.");
    return files;
}

Value value_of(const RunRow& row) {
    Value told;
    told.set("id", row.id).set("runbook", row.runbook).set("environment", row.environment);
    told.set("parent", row.parent).set("bundle", row.bundle).set("state", row.state);
    told.set("outcome", row.outcome).set("reason", row.reason).set("created", row.created);
    return told.set("epoch", row.epoch).set("records", row.seq).set("head", to_hex(row.head));
}

Result<RunRow> read_row(const std::string& folder, const std::string& id) {
    const std::string path = run_folder(folder, id) + "/run.json";
    const auto text = read_file(path);
    if (!text) return text.error();
    const auto told = from_json(*text);
    if (!told) return fail("bad_archive", path + ": " + told.error().message);
    RunRow row;
    row.id = (*told)["id"].text();
    row.runbook = (*told)["runbook"].text();
    row.environment = (*told)["environment"].text();
    row.parent = (*told)["parent"].text();
    row.bundle = (*told)["bundle"].text();
    row.state = (*told)["state"].text();
    row.outcome = (*told)["outcome"].text();
    row.reason = (*told)["reason"].text();
    row.created = (*told)["created"].number();
    row.epoch = (*told)["epoch"].integer();
    row.seq = (*told)["records"].integer();
    row.head = from_hex((*told)["head"].text());
    if (row.id != id || !check_run_id(id))
        return fail("bad_archive", path + " is of another run, " + row.id + ".");
    return row;
}

// The records with their hashes, made anew from their lines.
Result<std::vector<RecordRow>> read_journal(const std::string& folder, const RunRow& row) {
    const std::string path = run_folder(folder, row.id) + "/journal.jsonl";
    const auto text = read_file(path, journal_bytes_max);
    if (!text) return text.error();
    std::vector<RecordRow> records;
    std::string head;
    for (std::size_t at = 0; at < text->size();) {
        const auto end = std::min(text->find('\n', at), text->size());
        RecordRow record;
        record.body = text->substr(at, end - at);
        head = record.hash = record_hash(head, record.body);
        records.push_back(std::move(record));
        at = end + 1;
    }
    if (const std::string broken = verify_chain(records, row.head, row.seq); !broken.empty())
        return fail("bad_archive", path + ": " + broken + ".");
    return records;
}

}  // namespace

Status archive_run(Store& store, const RunRow& row, const RunReports& reports,
                   const std::string& folder) {
    auto records = store.records(row.id);
    if (!records) return records.error();
    // A run that goes on may have got more records since its row was read.
    if (static_cast<std::int64_t>(records->size()) > row.seq)
        records->resize(static_cast<std::size_t>(row.seq));
    if (const std::string broken = verify_chain(*records, row.head, row.seq); !broken.empty())
        return fail("journal_broken", "The journal of " + row.id + " does not hold: " + broken +
                                          ". See: perilune verify " + row.id);
    const auto code = code_of(row, *records);
    if (!code) return code.error();
    for (const auto& digest : *code)
        if (const auto written = write_code(store, digest, folder); !written) return written;
    const std::string into = run_folder(folder, row.id);
    if (const auto made = make_folders(into); !made) return made;
    std::string lines;
    for (const auto& record : *records) lines += record.body + "\n";
    const std::string told = to_json(value_of(row)) + "\n";
    const std::pair<const char*, const std::string&> files[] = {
        {"/journal.jsonl", lines},
        {"/run.json", told},
        {"/report.html", reports.html},
        {"/report.md", reports.markdown},
    };
    for (const auto& [name, text] : files)
        if (const auto written = write_file_durably(into + name, text); !written) return written;
    if (reports.signed_files.empty()) return Done{};
    if (const auto made = make_folders(into + "/signed"); !made) return made;
    for (const auto& [name, text] : reports.signed_files)
        if (const auto written = write_file_durably(into + "/signed/" + name, text); !written)
            return written;
    return Done{};
}

Result<std::string> archive_whole(const Checkpoint& checkpoint, const std::string& folder) {
    std::string text = checkpoint_text(checkpoint);
    if (const auto written = write_file_durably(folder + "/README.txt", readme); !written)
        return written.error();
    if (const auto written = write_file_durably(folder + "/checkpoint", text); !written)
        return written.error();
    return text;
}

Result<std::vector<std::string>> archived_runs(const std::string& folder) {
    const auto text = read_file(folder + "/checkpoint");
    if (!text) return fail("bad_archive", folder + " is no export: " + text.error().message);
    const auto checkpoint = read_checkpoint(*text);
    if (!checkpoint)
        return fail("bad_archive", folder + "/checkpoint: " + checkpoint.error().message);
    std::vector<std::string> ids;
    for (const auto& [id, head] : checkpoint->runs) {
        const auto row = read_row(folder, id);
        if (!row) return row.error();
        if (row->head != head.hash || row->seq != head.seq)
            return fail("bad_archive", "The run " + id + " is not as the checkpoint has it.");
        ids.push_back(id);
    }
    // A child's id begins with its parent's.
    std::stable_sort(ids.begin(), ids.end(), [](const auto& one, const auto& other) {
        return std::count(one.begin(), one.end(), '.') <
               std::count(other.begin(), other.end(), '.');
    });
    return ids;
}

Status restore_run(Store& store, const std::string& folder, const std::string& id,
                   const CheckArchived& check) {
    auto row = read_row(folder, id);
    if (!row) return row.error();
    if (row->state != "ended")
        return fail("not_ended", "The run " + id +
                                     " had not ended when it was exported: it may go "
                                     "on where it was. Export it again when it has ended.");
    const auto records = read_journal(folder, *row);
    if (!records) return records.error();
    const auto code = code_of(*row, *records);
    if (!code) return code.error();
    std::map<std::string, Files> texts;
    for (const auto& digest : *code) {
        auto files = read_code(folder, digest);
        if (!files) return files.error();
        texts[digest] = std::move(*files);
    }
    if (const auto checked = check(*records, texts); !checked) return checked;
    Batch made;
    for (auto& [digest, files] : texts)
        made.bundles.push_back({.digest = digest, .files = std::move(files)});
    for (const auto& record : *records)
        made.records.push_back({.run = id, .body = record.body, .hash = record.hash});
    // The store sets outcome and reason only of a run that it has.
    made.runs.push_back({.row = *row, .bundle = {}, .locks = {}});
    Batch::Update end;
    end.epoch = row->epoch;
    end.known_head = end.head = row->head;
    end.seq = row->seq;
    end.state = row->state;
    end.outcome = row->outcome;
    end.reason = row->reason;
    end.release = true;
    made.updates[id] = std::move(end);
    const auto committed = store.commit(made);
    if (!committed) return committed.error();
    if (!committed->empty()) return fail("bug", "The run " + id + " could not be completed.");
    return Done{};
}

}  // namespace perilune

// The records of a run, one a line, as a store or an export that somebody changed may hold them:
// read, added up, shown to people, and imported.
#include <algorithm>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "interpreter/archive/archive.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "interpreter/journal/chain.h"
#include "interpreter/journal/store_memory.h"
#include "interpreter/library/bundle.h"
#include "interpreter/report/report_html.h"
#include "interpreter/report/report_markdown.h"
#include "interpreter/report/report_text.h"
#include "interpreter/report/status.h"
#include "interpreter/run/signed_records.h"
#include "tests/fuzz/property.h"

namespace perilune::fuzz {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t records_max = 48;
const std::string run_id = "RUN1";

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty() && lines.size() < records_max) {
        const auto end = std::min(text.find('\n'), text.size());
        if (end > 0) lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

void check_canonical(const std::string& line, const Value& value) {
    const std::string written = to_canonical_json(value);
    const auto again = from_canonical_json(written);
    require(again.ok() && *again == value, "A record is read as it was written.", written);
    require(to_canonical_json(*again) == written, "One value has one form.", written);
    if (const auto plain = from_json(line))
        require(is_utf8(to_json(*plain)), "JSON for other programs is UTF-8.", line);
}

bool disturbs(std::string_view text) {
    return std::ranges::any_of(
        text, [](char c) { return (c >= 0 && c < ' ' && c != '\n' && c != '\t') || c == '\x7f'; });
}

// What people are shown of such records.
void show(const std::vector<Value>& values, const RunRow& row) {
    const Records records(values);
    const auto timeline = report::build_timeline(records);
    const std::string text = report::report_text(timeline, row);
    require(!disturbs(text), "What is printed disturbs no terminal.", text);
    const std::string page = report::report_html(timeline, row);
    require(page.find("<script") == std::string::npos && page.find("<img") == std::string::npos &&
                !disturbs(page),
            "A report runs and fetches nothing.");
    require(!disturbs(report::report_markdown(timeline, row)),
            "What is written disturbs no terminal.");
    for (const auto& line : report::status_lines(timeline, row))
        require(!disturbs(line), "A status line disturbs no terminal.", line);
    report::show_value(timeline, row);
    const auto no_law = [](const std::string&, const std::string&) {
        return Result<Law>(fail("bad_archive", "There is no code."));
    };
    check_signed_records(records, no_law);
}

void write(const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
}

// An export whose hashes hold, made by whoever wrote these lines.
void import(const std::vector<RecordRow>& records, const Value& begin) {
    if (records.empty()) return;
    static const fs::path folder = [] {
        const fs::path made = fs::temp_directory_path() / ("fuzz-" + std::to_string(::getpid()));
        fs::create_directories(made / "runs" / run_id);
        return made;
    }();
    const Files files = {{"runbooks/a.lua", "return 1"}};
    const std::string digest = bundle_digest(files);
    fs::create_directories(folder / "code" / digest / "runbooks");
    write(folder / "code" / digest / "runbooks" / "a.lua", "return 1");
    const std::string& head = records.back().hash;
    Value row = begin["row"];
    row.set("id", run_id).set("bundle", digest).set("head", to_hex(head));
    row.set("records", static_cast<double>(records.size()));
    if (!row.has("state")) row.set("state", "ended");
    std::string lines;
    for (const auto& record : records) lines += record.body + "\n";
    write(folder / "runs" / run_id / "journal.jsonl", lines);
    write(folder / "runs" / run_id / "run.json", to_json(row));
    Checkpoint checkpoint;
    checkpoint.runs[run_id] = {.seq = static_cast<std::int64_t>(records.size()), .hash = head};
    write(folder / "checkpoint", checkpoint_text(checkpoint));
    const auto ids = archived_runs(folder.string());
    require(ids.ok() && ids->size() == 1, "An export tells which runs it has.",
            ids.ok() ? "" : ids.error().message);
    const auto state = std::make_shared<MemoryState>();
    const auto store = open_memory_store(state);
    const auto well = [](const auto&, const auto&) { return Status(Done{}); };
    const auto restored = restore_run(*store, folder.string(), run_id, well);
    if (!restored) {
        require(state->runs.empty(), "What is refused leaves nothing behind.",
                restored.error().message);
        return;
    }
    const auto held = store->records(run_id);
    require(held.ok() && held->size() == records.size(), "An import has all records.");
    require(restore_run(*store, folder.string(), run_id, well).error().code == "run_exists",
            "A run is imported once.");
    require(verify_chain(*held, head, static_cast<std::int64_t>(held->size())).empty(),
            "An import's chain holds.");
    require(state->runs.front().row.owner.empty(), "Nobody executes what was imported.");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::vector<Value> values;
    std::vector<RecordRow> records;
    std::string head;
    for (auto& line : lines_of(text_of(data, std::min<std::size_t>(size, 8192)))) {
        auto value = from_canonical_json(line);
        head = record_hash(head, line);
        records.push_back({.body = line, .hash = head});
        if (!value) continue;
        check_canonical(line, *value);
        values.push_back(std::move(*value));
    }
    if (const auto checkpoint = read_checkpoint(text_of(data, size)))
        require(read_checkpoint(checkpoint_text(*checkpoint)).ok(), "A checkpoint is read again.");
    // Files are slow: of all inputs an eighth is imported.
    if (size % 8 == 0) import(records, values.empty() ? Value() : values.front());
    if (values.empty()) return 0;
    RunRow row;
    row.id = run_id;
    row.state = "waits";
    show(values, row);
    return 0;
}

}  // namespace perilune::fuzz

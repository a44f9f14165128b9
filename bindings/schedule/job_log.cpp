#include "bindings/schedule/job_log.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

#include "interpreter/base/files.h"
#include "interpreter/base/json.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr std::size_t log_bytes_max = 256 << 20;

bool read_time(const Value& line, std::string_view field, double& time) {
    const Value& value = line[field];
    if (value.is_number()) {
        time = value.number();
        return true;
    }
    const auto parsed = parse_time(value.text());
    if (parsed) time = *parsed;
    return parsed.ok();
}

bool read_line(std::string_view text, JobRun& run) {
    const auto line = from_json(text);
    if (!line || !line->is_map() || !(*line)["job"].is_text()) return false;
    run.job = (*line)["job"].text();
    run.state = (*line)["state"].text();
    run.key = (*line)["key"].text();
    if (!read_time(*line, "started_at", run.started_at)) return false;
    run.for_at = run.started_at;
    if (line->has("for_at") && !read_time(*line, "for_at", run.for_at)) return false;
    double ended_at = 0;
    if (read_time(*line, "ended_at", ended_at)) run.ended_at = ended_at;
    return run.state == "running" || run.state == "succeeded" || run.state == "failed" ||
           run.state == "not_started";
}

void add_run(std::vector<JobRun>& runs, const JobRun& run) {
    const auto same = std::find_if(runs.rbegin(), runs.rend(), [&](const JobRun& other) {
        return other.job == run.job && other.started_at == run.started_at;
    });
    if (same == runs.rend()) {
        runs.push_back(run);
        return;
    }
    const std::string key = same->key.empty() ? run.key : same->key;
    const double for_at = run.for_at == run.started_at ? same->for_at : run.for_at;
    *same = run;
    same->key = key;
    same->for_at = for_at;
}

}  // namespace

Value to_value(const JobRun& run) {
    Value made;
    made.set("job", run.job).set("for_at", run.for_at).set("started_at", run.started_at);
    if (run.ended_at) made.set("ended_at", *run.ended_at);
    return made.set("state", run.state);
}

Result<std::vector<JobRun>> read_job_log(const std::string& path) {
    std::vector<JobRun> runs;
    if (!std::filesystem::exists(path)) return runs;
    const auto bytes = read_file(path, log_bytes_max);
    if (!bytes) return bytes.error();
    std::string_view rest = *bytes;
    for (int number = 1; !rest.empty(); ++number) {
        const auto end = rest.find('\n');
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        JobRun run;
        if (read_line(line, run)) {
            add_run(runs, run);
        } else if (end != std::string_view::npos) {
            return fail("bad_log", path + ":" + std::to_string(number) +
                                       ": the line is no run of a job: it needs job, started_at "
                                       "and a state of running, succeeded or failed, as JSON.");
        }
    }
    std::erase_if(runs, [](const JobRun& run) { return run.state == "not_started"; });
    std::stable_sort(runs.begin(), runs.end(), [](const JobRun& left, const JobRun& right) {
        return left.started_at < right.started_at;
    });
    return runs;
}

Status add_to_job_log(const std::string& path, const JobRun& run) {
    Value line = to_value(run);
    if (!run.key.empty()) line.set("key", run.key);
    const std::string text = to_json(line) + "\n";
    const auto failure = [&](const char* doing) {
        return fail("file_failed", std::string(doing) + " the log of runs " + path + ": " +
                                       std::strerror(errno) + ".");
    };
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
    if (!file.open()) return failure("Opening");
    if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        return failure("Writing");
    if (::fsync(file.get()) != 0) return failure("Flushing");
    const auto folder = std::filesystem::path(path).parent_path();
    return sync_folder(folder.empty() ? "." : folder.string());
}

}  // namespace perilune

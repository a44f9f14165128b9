// What the crontab driver changes: pauses and jobs, under the lock of the file.
#include "bindings/schedule/crontab.h"
#include "bindings/schedule/job_change.h"
#include "interpreter/base/locked_file.h"

namespace perilune {

namespace {

// The file's text as a change would leave it.
std::string edited(const CrontabText& text, const Call& call, const JobChange& change) {
    if (call.operation == "pause")
        return text.paused(change.switched, call.arguments["reason"].text());
    if (call.operation == "resume") return text.resumed(change.switched);
    if (change.put) return text.with(*change.put);
    if (change.removed) return text.without(*change.removed);
    return text.text();
}

std::vector<JobRun> known_runs(const Crontab& crontab) {
    const auto runs = crontab.runs();
    return runs ? *runs : std::vector<JobRun>{};
}

Result<Before> read_before(const Crontab& crontab, const Call& call) {
    const auto text = crontab.load();
    if (!text) return text.error();
    const auto change = job_change_of(crontab.whose(), text->jobs(), call);
    if (!change) return change.error();
    return before_job_change(call, *change, known_runs(crontab));
}

Outcome act(const Crontab& crontab, const Call& call, const Value& before) {
    const auto lock = FileLock::take(crontab.path + ".lock", call.deadline_s);
    if (!lock) return Outcome::failed(lock.error());
    const auto text = crontab.load();
    if (!text) return Outcome::failed(text.error());
    const auto change = job_change_of(crontab.whose(), text->jobs(), call, &before);
    if (!change) return Outcome::failed(change.error());
    const std::string wanted = edited(*text, call, *change);
    if (wanted != text->text()) {
        const auto replaced = replace_file_durably(crontab.path, wanted);
        if (!replaced && replaced.error().retry == Retry::unknown)
            return Outcome::unknown(replaced.error());
        if (!replaced) return Outcome::failed(replaced.error());
    }
    return job_change_done(call, before, *change, known_runs(crontab));
}

}  // namespace

void add_crontab_changes(Driver& driver, const CrontabPointer& crontab) {
    const auto add = [&](const char* name, auto restore) {
        driver.operations[name] = change_blocking(
            crontab->loop, [crontab](Call& call) { return read_before(*crontab, call); },
            [crontab](Call& call, const Value& before) { return act(*crontab, call, before); }, {},
            restore);
    };
    add("pause", restore_pauses);
    add("resume", restore_pauses);
    add("upsert", restore_job);
    add("delete", restore_job);
}

}  // namespace perilune

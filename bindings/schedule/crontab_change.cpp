// What the crontab driver changes: pauses and jobs, under the lock of the file.
#include <algorithm>

#include "bindings/schedule/cron.h"
#include "bindings/schedule/crontab.h"
#include "interpreter/base/locked_file.h"

namespace perilune {

namespace {

// The file's text as an operation would leave it, with the states before and after. The states name
// only what the operation changes, so that undoing "all" concerns no other job.
struct Edit {
    std::string text;
    Value before;
    Value after;
    std::vector<std::string> unchanged;  // Of pause and resume: the jobs that were so already.
};

Value pause_states(const std::vector<std::string>& names, const char* state) {
    Value states = Map{};
    for (const auto& name : names) states.set(name, state);
    Value made;
    return made.set("jobs", std::move(states));
}

Value job_state(const std::string& name, const CronJob* job) {
    Value made;
    made.set("job", name);
    if (!job) return made;
    made.set("cron", job->cron).set("time_zone", job->time_zone);
    made.set("destination", job->destination);
    return made.set("state", job->paused ? "paused" : "active");
}

List names_of(const Value& state) {
    List names;
    for (const auto& [name, one] : state["jobs"].map()) names.emplace_back(name);
    return names;
}

// `recorded` is what `before` found, where the pause is made: a job that came since is left alone,
// for no undo would know of it.
Result<Edit> edit_pauses(const Crontab& crontab, const CrontabText& text, const Call& call,
                         const Value* recorded) {
    auto names = named_jobs(crontab, text, call);
    if (!names) return names.error();
    const bool pause = call.operation == "pause";
    Edit edit;
    std::vector<std::string> changed;
    for (const auto& name : *names) {
        const bool already = text.find(name)->paused == pause;
        if (already) edit.unchanged.push_back(name);
        if (!already && (!recorded || (*recorded)["jobs"].has(name))) changed.push_back(name);
    }
    edit.text =
        pause ? text.paused(changed, call.arguments["reason"].text()) : text.resumed(changed);
    edit.before = pause_states(changed, pause ? "active" : "paused");
    edit.after = pause_states(changed, pause ? "paused" : "active");
    return edit;
}

Result<Edit> edit_upsert(const CrontabText& text, const Call& call) {
    CronJob job{.name = call.arguments["job"].text(),
                .cron = call.arguments["cron"].text(),
                .time_zone = call.arguments["time_zone"].text(),
                .destination = call.arguments["destination"].text()};
    if (const auto cron = CronExpression::parse(job.cron); !cron) return cron.error();
    if (const auto zone = TimeZone::find(job.time_zone); !zone) return zone.error();
    const CronJob* old = text.find(job.name);
    const std::string& state = call.arguments["state"].text();
    job.paused = state.empty() ? old && old->paused : state == "paused";
    Edit edit;
    edit.text = old && *old == job ? text.text() : text.with(job);
    edit.before = job_state(job.name, old);
    edit.after = job_state(job.name, &job);
    return edit;
}

Result<Edit> plan_edit(const Crontab& crontab, const CrontabText& text, const Call& call,
                       const Value* recorded = nullptr) {
    if (call.operation == "pause" || call.operation == "resume")
        return edit_pauses(crontab, text, call, recorded);
    if (call.operation == "upsert") return edit_upsert(text, call);
    const std::string& name = call.arguments["job"].text();
    const CronJob* old = text.find(name);
    Edit edit;
    edit.text = old ? text.without(name) : text.text();
    edit.before = job_state(name, old);
    edit.after = job_state(name, nullptr);
    return edit;
}

// The result, from the state recorded before: repeated after a crash it is the same.
Value result_of(const Crontab& crontab, const Call& call, const Value& before, const Edit& edit) {
    Value result;
    if (call.operation == "pause" || call.operation == "resume") {
        List names = names_of(before);
        result.set("changed", !names.empty());
        if (call.operation == "resume") return result.set("resumed", std::move(names));
        List others;
        for (const auto& name : edit.unchanged)
            if (!before["jobs"].has(name)) others.emplace_back(name);
        return result.set("paused", std::move(names)).set("paused_before", std::move(others));
    }
    if (call.operation == "upsert") {
        const auto runs = crontab.runs();
        const CronJob job{.name = call.arguments["job"].text(),
                          .cron = edit.after["cron"].text(),
                          .time_zone = edit.after["time_zone"].text(),
                          .destination = edit.after["destination"].text(),
                          .paused = edit.after["state"].text() == "paused"};
        result = job_value(job, runs ? *runs : std::vector<JobRun>{}, wall_now_s());
    }
    return result.set("changed", !(before == edit.after));
}

Result<Before> read_before(const Crontab& crontab, const Call& call) {
    const auto text = crontab.load();
    if (!text) return text.error();
    const auto edit = plan_edit(crontab, *text, call);
    if (!edit) return edit.error();
    Before found;
    found.state = edit->before;
    found.already_so = edit->before == edit->after;
    if (found.already_so) found.result = result_of(crontab, call, edit->before, *edit);
    const bool existed = edit->before.has("cron");
    if (call.operation == "upsert") found.sign = existed ? '~' : '+';
    if (call.operation == "delete") found.sign = '-';
    for (const auto& name : names_of(edit->before))
        found.plan += (found.plan.empty() ? call.operation + " " : ", ") + name.text();
    if (call.operation == "upsert")
        found.plan = call.arguments["job"].text() + ": " +
                     (existed ? edit->before["cron"].text() : "none") + " → " +
                     edit->after["cron"].text();
    return found;
}

Outcome act(const Crontab& crontab, const Call& call, const Value& before) {
    const auto lock = FileLock::take(crontab.path + ".lock", call.deadline_s);
    if (!lock) return Outcome::failed(lock.error());
    const auto text = crontab.load();
    if (!text) return Outcome::failed(text.error());
    const auto edit = plan_edit(crontab, *text, call, &before);
    if (!edit) return Outcome::failed(edit.error());
    if (edit->text != text->text()) {
        const auto replaced = replace_file_durably(crontab.path, edit->text);
        if (!replaced && replaced.error().retry == Retry::unknown)
            return Outcome::unknown(replaced.error());
        if (!replaced) return Outcome::failed(replaced.error());
    }
    Value after = edit->after;
    if (call.operation == "pause" || call.operation == "resume") {
        // On a repeat what was to change may be so already: the recorded names are what changed.
        std::vector<std::string> names;
        for (const auto& name : names_of(before)) names.push_back(name.text());
        after = pause_states(names, call.operation == "pause" ? "paused" : "active");
    }
    return Outcome::done(result_of(crontab, call, before, *edit), std::move(after));
}

std::optional<Restore> restore_pauses(const Call& call, const Value& before, const Value&) {
    List names = names_of(before);
    if (names.empty()) return std::nullopt;
    Value arguments;
    arguments.set("jobs", std::move(names));
    return Restore{call.operation == "pause" ? "resume" : "pause", arguments};
}

std::optional<Restore> restore_job(const Call& call, const Value& before, const Value& result) {
    if (result["changed"].is_boolean() && !result["changed"].boolean()) return std::nullopt;
    if (before.has("cron")) return Restore{"upsert", before};
    if (call.operation == "delete") return std::nullopt;
    Value arguments;
    return Restore{"delete", arguments.set("job", before["job"])};
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

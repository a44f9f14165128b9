// The jobs of a simulated scheduler: what it tells of them, and how they begin.
#include "bindings/schedule/simulated_scheduler.h"

#include <algorithm>
#include <cmath>

#include "bindings/schedule/cron.h"
#include "bindings/schedule/schedule.h"
#include "interpreter/base/simulated_handlers.h"

namespace perilune {

namespace {

constexpr double look_every_s = 1;
constexpr double late_s_max = 60;              // A run this late still counts for its time.
constexpr std::size_t begins_max = 1'000'000;  // Of one job, between two looks.

Error not_reached(const std::string& target) {
    return fail("connection_refused", target + " refuses the connection.", Retry::safe);
}

std::unique_ptr<SimulatedTarget> make(const Settings& settings, SimulatedWorld& world) {
    return std::make_unique<SimulatedScheduler>(settings, world);
}

}  // namespace

SimulatedScheduler::SimulatedScheduler(const Settings& settings, SimulatedWorld& world)
    : target_(settings.target),
      world_(world),
      time_zone_(settings.values.has("time_zone") ? settings.values["time_zone"].text() : "UTC"),
      settled_at_(wall_now_s()) {}

SimulatedScheduler::Conduct& SimulatedScheduler::conduct_of(const std::string& job) {
    // What holds for all jobs is kept under no name.
    return conducts_.try_emplace(job, conducts_[""]).first->second;
}

void SimulatedScheduler::begin(const std::string& job, double for_at, double at,
                               const std::string& key) {
    const auto own = conducts_.find(job);
    const Conduct conduct = own == conducts_.end() ? conducts_[""] : own->second;
    Run run;
    run.begun = {.job = job, .for_at = for_at, .started_at = at, .state = "running", .key = key};
    run.ends_at = at + conduct.takes_s;
    run.fails = conduct.fails_ratio > 0 && world_.chance() < conduct.fails_ratio;
    runs_.push_back(std::move(run));
}

void SimulatedScheduler::settle() {
    const double now = wall_now_s();
    const auto from = static_cast<UnixSeconds>(std::floor(settled_at_)) + 1;
    const auto to = static_cast<UnixSeconds>(std::floor(now)) + 1;
    settled_at_ = std::max(settled_at_, now);
    if (stopped_ || from >= to) return;
    for (const auto& job : jobs_) {
        const auto cron = CronExpression::parse(job.cron);
        const auto zone = TimeZone::find(job.time_zone);
        if (job.paused || !cron || !zone) continue;
        for (const auto due : cron->between(from, to, *zone, begins_max))
            begin(job.name, static_cast<double>(due), static_cast<double>(due), "");
    }
    std::ranges::stable_sort(runs_, {}, [](const Run& run) { return run.begun.started_at; });
}

std::vector<JobRun> SimulatedScheduler::runs() const {
    std::vector<JobRun> shown;
    for (const auto& run : runs_) {
        shown.push_back(run.begun);
        if (run.ends_at > wall_now_s()) continue;
        shown.back().ended_at = run.ends_at;
        shown.back().state = run.fails ? "failed" : "succeeded";
    }
    return shown;
}

Result<Value> SimulatedScheduler::list(Call&) {
    settle();
    if (!reachable_) return not_reached(target_);
    return job_list(jobs_, runs());
}

Result<Value> SimulatedScheduler::get(Call& call) {
    settle();
    if (!reachable_) return not_reached(target_);
    const CronJob* job = find_job(jobs_, call.arguments["job"].text());
    return job ? job_value(*job, runs(), wall_now_s()) : Value();
}

Result<Value> SimulatedScheduler::list_runs(Call& call) {
    settle();
    if (!reachable_) return not_reached(target_);
    return run_list(runs(), call);
}

Result<Value> SimulatedScheduler::missed(Call& call) {
    settle();
    if (!reachable_) return not_reached(target_);
    const std::string& name = call.arguments["job"].text();
    const CronJob* job = find_job(jobs_, name);
    if (!job) return no_such_job(target_, jobs_, name);
    return missed_times(*job, runs(), call, late_s_max);
}

Awaitable<Result<Value>> SimulatedScheduler::wait_idle(SimulatedScheduler* scheduler, Loop* loop,
                                                       Call* call) {
    const double until_s =
        std::min(call->deadline_s, boot_now_s() + call->arguments["within"].number());
    for (;;) {
        scheduler->settle();
        if (!scheduler->reachable_) co_return not_reached(scheduler->target_);
        const auto names = named_jobs(scheduler->target_, scheduler->jobs_, *call);
        if (!names) co_return names.error();
        const Idleness found = idleness_of(scheduler->jobs_, *names, scheduler->runs());
        if (found.busy.empty()) co_return Value(found.jobs);
        if (boot_now_s() >= until_s || call->cancel->asked())
            co_return fail("timed_out",
                           "Jobs of " + scheduler->target_ + " still run: " + found.busy +
                               ". Wait longer, or end them where they run.",
                           Retry::safe);
        co_await wait_until(*loop, std::min(until_s, boot_now_s() + look_every_s));
    }
}

Result<Before> SimulatedScheduler::before(Call& call) {
    settle();
    if (!reachable_) return not_reached(target_);
    const auto change = job_change_of(target_, jobs_, call);
    if (!change) return change.error();
    return before_job_change(call, *change, runs());
}

void SimulatedScheduler::take(const Call& call, const JobChange& change) {
    for (auto& job : jobs_) {
        if (std::ranges::find(change.switched, job.name) == change.switched.end()) continue;
        job.paused = call.operation == "pause";
        reasons_.erase(job.name);
        if (job.paused && call.arguments.has("reason"))
            reasons_[job.name] = call.arguments["reason"].text();
    }
    if (change.put) {
        std::erase_if(jobs_, [&](const CronJob& job) { return job.name == change.put->name; });
        jobs_.push_back(*change.put);
        if (!change.put->paused) reasons_.erase(change.put->name);
    }
    if (change.removed) {
        std::erase_if(jobs_, [&](const CronJob& job) { return job.name == *change.removed; });
        reasons_.erase(*change.removed);
    }
}

Outcome SimulatedScheduler::act(Call& call, const Value& before) {
    settle();
    if (!call.may_act())
        return Outcome::not_sent(fail("not_sent", "This host may have lost the run."));
    if (!reachable_) return Outcome::not_sent(not_reached(target_));
    const auto change = job_change_of(target_, jobs_, call, &before);
    if (!change) return Outcome::failed(change.error());
    take(call, *change);
    return job_change_done(call, before, *change, runs());
}

Result<Before> SimulatedScheduler::before_run_now(Call& call) {
    settle();
    if (!reachable_) return not_reached(target_);
    const std::string& job = call.arguments["job"].text();
    if (!find_job(jobs_, job)) return no_such_job(target_, jobs_, job);
    const auto known = runs();
    return before_run(find_run(known, call));
}

// A run begun once goes on whatever becomes of its call; the same key finds it again.
Awaitable<Outcome> SimulatedScheduler::run_now(SimulatedScheduler* scheduler, Loop* loop,
                                               Call* call) {
    for (bool begun = false;;) {
        scheduler->settle();
        if (!call->may_act() || !scheduler->reachable_) {
            const Error lost = not_reached(scheduler->target_);
            if (!begun) co_return Outcome::not_sent(lost);
            co_return Outcome::unknown(lost);
        }
        const auto known = scheduler->runs();
        const JobRun* run = find_run(known, *call);
        const std::string& job = call->arguments["job"].text();
        const std::string what = "The job " + job + " of " + scheduler->target_;
        if (!run && !find_job(scheduler->jobs_, job))
            co_return Outcome::failed(no_such_job(scheduler->target_, scheduler->jobs_, job));
        if (run && run->state != "running")
            co_return Outcome::done(run_result(*run, run->key == call->key), to_value(*run));
        if (run && run->key != call->key)
            co_return Outcome::failed(fail("still_running",
                                           what + " runs. Wait until it has ended; it is executed "
                                                  "once for each for_at.",
                                           Retry::safe));
        if (!run) {
            const double at = std::floor(wall_now_s() * 1000) / 1000;
            const Value& for_at = call->arguments["for_at"];
            scheduler->begin(job, for_at.is_number() ? for_at.number() : at, at, call->key);
        }
        begun = true;
        if (boot_now_s() >= call->deadline_s || call->cancel->asked())
            co_return Outcome::unknown(
                fail("timed_out", what + " goes on, but the call has ended.", Retry::unknown));
        co_await wait_until(*loop, std::min(call->deadline_s, boot_now_s() + look_every_s));
    }
}

Sighting SimulatedScheduler::look_run(Call& call) {
    settle();
    if (!reachable_) return {.evidence = target_ + " does not answer."};
    const auto known = runs();
    const JobRun* run = find_run(known, call);
    if (!run || run->key != call.key)
        return {.kind = Sighting::Kind::did_not, .evidence = target_ + " has no run of this call."};
    if (run->state == "running") return {.evidence = "The run of this call goes on."};
    return {.kind = Sighting::Kind::happened,
            .value = run_result(*run, true),
            .after = to_value(*run),
            .evidence = "The run of this call has ended."};
}

Driver SimulatedScheduler::make_driver(Services& services) {
    Driver driver;
    using Observe = Result<Value> (SimulatedScheduler::*)(Call&);
    const std::pair<const char*, Observe> observes[] = {{"list", &SimulatedScheduler::list},
                                                        {"get", &SimulatedScheduler::get},
                                                        {"runs", &SimulatedScheduler::list_runs},
                                                        {"missed", &SimulatedScheduler::missed}};
    for (const auto& [name, asked] : observes)
        driver.operations[name] =
            observe_at_once([this, asked](Call& call) { return (this->*asked)(call); });
    driver.operations["wait_idle"].observe = [this, loop = &services.loop](Call& call) {
        return wait_idle(this, loop, &call);
    };
    const auto add_change = [&](const char* name, auto restore) {
        driver.operations[name] = change_at_once(
            [this](Call& call) { return before(call); },
            [this](Call& call, const Value& found) { return act(call, found); }, {}, restore);
    };
    add_change("pause", restore_pauses);
    add_change("resume", restore_pauses);
    add_change("upsert", restore_job);
    add_change("delete", restore_job);
    Handler& handler = driver.operations["run_now"];
    handler = change_at_once([this](Call& call) { return before_run_now(call); }, {},
                             [this](Call& call, const Value&) { return look_run(call); });
    handler.act = [this, loop = &services.loop](Call& call, const Value&) {
        return run_now(this, loop, &call);
    };
    return driver;
}

extern constinit const SimulatedKind simulated_schedule = {.family = "schedule", .make = make};

}  // namespace perilune

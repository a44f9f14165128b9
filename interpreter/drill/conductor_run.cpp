// The drilled run itself: executed as in an incident, its host killed, guarded, and seen to serve.
#include <csignal>

#include "interpreter/base/json.h"
#include "interpreter/drill/conductor.h"
#include "interpreter/library/problems.h"
#include "interpreter/run/records.h"

namespace perilune {

namespace {

constexpr double look_every_s = 0.02;
constexpr double well_after_s = 2;       // How long it must have served to be called recovered.
constexpr double settle_within_s = 30;   // How long is waited for that once the run has ended.
constexpr double cancel_within_s = 120;  // What a run may take to end once it is cancelled.

}  // namespace

Awaitable<Value> Conductor::parameters() {
    if (!plan_.has_parameters) co_return Value(Map{});
    if (!co_await part("parameters")) co_return Value();
    const auto records = Records::of(host_.store(), "parameters");
    if (!records || records->empty()) co_return Value();
    Value value;
    records->each([&](const Value& record) {
        if (record["kind"].text() == "end") value = record["value"];
    });
    co_return value;
}

void Conductor::guard(Steersman& steersman) {
    if (conducted_.interrupted) return steersman.cancel(conducted_.run, "somebody ended the drill");
    const double now = wall_now_s();
    const double lasted = now - conducted_.disaster_at;
    if (plan_.guard_within_s > 0 && lasted > plan_.guard_within_s) {
        steersman.cancel(conducted_.run, "it takes longer than the drill's guard allows");
    }
    if (plan_.guard_outage_s > 0 && lasted > plan_.guard_outage_s && prober_.good_since() == 0) {
        steersman.cancel(conducted_.run, "the outage is longer than the drill's guard allows");
    }
}

// Whether a run has come to its end, and to this one.
bool Conductor::has_ended(const std::string& run, std::string_view outcome) {
    const auto row = host_.store().run(run);
    return row && *row && (*row)->state == "ended" &&
           (outcome.empty() || (*row)->outcome == outcome);
}

Awaitable<bool> Conductor::execute(Value given) {
    conducted_.run = "run";
    conducted_.noticed_at = wall_now_s();
    auto arguments = run_arguments(plan_.runbook, conducted_.run);
    arguments.insert(arguments.end(), {"--outage-began", exact_time(conducted_.disaster_at)});
    for (const auto& [name, value] : given.map())
        arguments.push_back(name + "=" + (value.is_text() ? value.text() : to_json(value)));
    auto running = start_host(host_.loop(), options_.program, arguments);
    Steersman steersman(host_.store(), plan_, options_.tell);
    bool killed = false;
    double cancelled_until = 0;
    while (true) {
        co_await wait(look_every_s);
        if (running->ended && killed && !has_ended(conducted_.run)) {
            killed = false;
            options_.tell("Another host goes on with the run");
            running =
                start_host(host_.loop(), options_.program,
                           {"resume", conducted_.run, "--state", options_.state_folder, "--json"});
            continue;
        }
        if (running->ended) break;
        steersman.look(conducted_.run);
        guard(steersman);
        if (options_.kill_at_step > 0 && conducted_.killed_at == 0 && running->pid > 0 &&
            steersman.steps_begun() >= options_.kill_at_step) {
            conducted_.killed_at = wall_now_s();
            conducted_.killed_in = steersman.newest_step();
            options_.tell("kill -9 of the host, in the step " + in_quotes(conducted_.killed_in));
            ::kill(running->pid, SIGKILL);
            killed = true;
        }
        if (!steersman.surprises().empty() && cancelled_until == 0)
            cancelled_until = boot_now_s() + cancel_within_s;
        if (cancelled_until > 0 && boot_now_s() > cancelled_until) ::kill(running->pid, SIGKILL);
    }
    for (const auto& surprise : steersman.surprises()) deviate(surprise);
    if (options_.kill_at_step > 0 && conducted_.killed_at == 0)
        deviate("The host was to be killed, but the run ended before its step " +
                std::to_string(options_.kill_at_step) + ".");
    conducted_.answers = steersman.given();
    PartEnd& end = conducted_.parts["run"];
    end.run = conducted_.run;
    end.done = ended_well(*running) ||
               has_ended(conducted_.run, "done");  // A host may die once all is done.
    if (!end.done) {
        end.problem = problem_of(*running);
        deviate("The runbook " + plan_.runbook + " did not end well (exit code " +
                std::to_string(running->end.exit_code) + "): " + end.problem);
    }
    co_return end.done;
}

// What comes after the run's end belongs to the outage too: caches that still lead elsewhere.
Awaitable<bool> Conductor::settle() {
    const double until = boot_now_s() + settle_within_s;
    while (boot_now_s() < until && !conducted_.interrupted) {
        const double since = prober_.good_since();
        if (since > 0 && wall_now_s() > since + well_after_s) co_return true;
        co_await wait(look_every_s);
    }
    if (!conducted_.interrupted)
        deviate("The service does not serve steadily after the runbook has ended.");
    co_return false;
}

}  // namespace perilune

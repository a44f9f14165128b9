#include "interpreter/command/plan_session.h"

#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "interpreter/command/output.h"
#include "interpreter/command/session.h"
#include "interpreter/library/parameters.h"
#include "interpreter/run/planner.h"

namespace perilune {

namespace {

class PlanSession final : public Watcher {
public:
    explicit PlanSession(const Invocation& invocation)
        : invocation_(invocation), host_(host_setup(invocation), *this) {}

    Result<Plan> make() {
        const auto library = library_of(invocation_);
        if (!library) return library.error();
        if (!invocation_.has("--environment"))
            return fail("bad_argument",
                        "Say which environment the plan is for: --environment NAME.");
        if (const auto opened = host_.open(); !opened) return opened.error();
        host_.loop().post([this, &library] {
            host_.prepare(
                *library, invocation_.get("--environment"), invocation_.get("RUNBOOK"),
                [this](Result<Prepared> made) { prepared(std::move(made)); }, true);
        });
        return until_made();
    }

    Result<Plan> make_rest(const std::string& run) {
        if (const auto opened = host_.open(); !opened) return opened.error();
        auto row = host_.store().run(run);
        if (!row) return row.error();
        const auto records = Records::of(host_.store(), run);
        if (!records) return records.error();
        RunState state;
        records->each([&](const Value& record) { state.apply(record); });
        if (!state.end.is_nil() || !state.stop.is_nil() || state.undoing)
            return fail("ended", "The run " + run +
                                     " has been stopped or has ended; there is no rest to plan. "
                                     "See: perilune status " +
                                     run);
        host_.loop().post([this, row = **row, records = *records] {
            host_.prepare_rest(row, records, [this, records](Result<Prepared> made) {
                if (!made) return finish(made.error());
                plan(*made, {.begin = records.front(), .records = records});
            });
        });
        return until_made();
    }

    void on_record(const std::string&, const RunState&, const Value&) override {}
    void on_progress(const std::string&, const EventId&, const std::string&) override {}
    void on_rest(const std::string&, Rest, const std::string&) override {}
    void on_trouble(const std::string& problem) override { say(problem); }

private:
    Result<Plan> until_made() {
        host_.loop().run();
        return std::move(*result_);
    }

    void finish(Result<Plan> result) {
        result_.emplace(std::move(result));
        host_.loop().stop();
    }

    void prepared(Result<Prepared> made) {
        if (!made) return finish(made.error());
        auto declared = read_declarations(made->facts["parameters"]);
        if (!declared) return finish(declared.error());
        const auto& defaults = made->environment.parameters;
        const auto found = defaults.find(made->runbook);
        auto params = read_parameters(*declared, invocation_.all("PARAMETERS"),
                                      found == defaults.end() ? Map() : found->second);
        if (!params) return finish(params.error());
        Value begin;
        begin.set("runbook", made->runbook).set("params", Value(*params));
        begin.set("environment", made->environment.name).set("time", wall_now_s());
        // Who executes the plan, when and as which run is not known yet.
        begin.set("run", Unknown{"run.id"}).set("who", Unknown{"run.started_by"});
        begin.set("started_at", Unknown{"run.started_at"});
        plan(*made, {.begin = begin});
    }

    void plan(const Prepared& made, PlanSubject subject) {
        Value fixed;  // Rule 10.3: what the digest covers beside the plan itself.
        fixed.set("bundle", made.bundle.digest).set("environment", made.environment.name);
        fixed.set("runbook", made.runbook).set("params", subject.begin["params"]);
        fixed.set("targets", made.facts["targets"]).set("run", subject.begin["run"]);
        planner_ = std::make_unique<Planner>(
            host_, host_.prepared_run(), std::move(subject),
            [this, fixed, objectives = made.facts["objectives"]](Plan plan) {
                Value all = fixed;
                plan.bundle = fixed["bundle"].text();
                plan.runbook = fixed["runbook"].text();
                plan.objectives = objectives;
                plan.digest = sha256(to_canonical_json(all.set("plan", plan.covered())));
                finish(std::move(plan));
            });
        planner_->start();
    }

    const Invocation& invocation_;
    Host host_;
    std::unique_ptr<Planner> planner_;
    std::optional<Result<Plan>> result_;
};

}  // namespace

Result<Plan> make_plan(const Invocation& invocation) { return PlanSession(invocation).make(); }

Result<Plan> make_plan_of_rest(const Invocation& invocation, const std::string& run) {
    return PlanSession(invocation).make_rest(run);
}

}  // namespace perilune

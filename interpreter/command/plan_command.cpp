#include "interpreter/command/plan_command.h"

#include <algorithm>

#include "interpreter/base/digest.h"
#include "interpreter/base/files.h"
#include "interpreter/base/json.h"
#include "interpreter/command/output.h"
#include "interpreter/command/session.h"
#include "interpreter/library/parameters.h"

namespace perilune {

namespace {

// A host that plans and then stops.
class PlanSession final : public Watcher {
public:
    explicit PlanSession(const Invocation& invocation)
        : invocation_(invocation), host_(host_setup(invocation), *this) {}

    Result<Plan> make() {
        const auto library = library_of(invocation_);
        if (!library) return library.error();
        if (!invocation_.has("--environment"))
            return fail("bad_argument",
                        "Say which environment the plan is for: --environment "
                        "NAME.");
        if (const auto opened = host_.open(); !opened) return opened.error();
        host_.loop().post([this, &library] {
            host_.prepare(
                *library, invocation_.get("--environment"), invocation_.get("RUNBOOK"),
                [this](Result<Prepared> made) { prepared(std::move(made)); }, true);
        });
        host_.loop().run();
        return std::move(*result_);
    }

    void on_record(const std::string&, const RunState&, const Value&) override {}
    void on_progress(const std::string&, const EventId&, const std::string&) override {}
    void on_rest(const std::string&, Rest, const std::string&) override {}
    void on_trouble(const std::string& problem) override { say(problem); }

private:
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
        Value fixed;  // Rule 10.3: what the digest covers beside the changes.
        fixed.set("bundle", made->bundle.digest).set("environment", made->environment.name);
        fixed.set("runbook", made->runbook).set("params", Value(*params));
        fixed.set("targets", made->facts["targets"]);
        planner_ = std::make_unique<Planner>(
            host_, host_.prepared_run(), Value(*params), [this, fixed](Plan plan) {
                Value covered = plan.to_value();
                for (const auto* field : {"digest", "problems"}) covered.set(field, {});
                Value all = fixed;
                plan.digest = sha256(to_canonical_json(all.set("plan", covered)));
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

int execute_plan(const Invocation& invocation) {
    auto plan = make_plan(invocation);
    if (!plan) return report_error(invocation, plan.error());
    const std::string body = to_canonical_json(plan->to_value());
    auto store = Store::open(state_folder(invocation));
    if (!store) return report_error(invocation, store.error());
    if (const auto kept = (*store)->keep_plan(plan->digest, body); !kept)
        return report_error(invocation, kept.error());
    if (invocation.has("--out"))
        if (const auto written = write_file_durably(invocation.get("--out"), body + "\n"); !written)
            return report_error(invocation, written.error());
    if (invocation.json()) {
        put_json(plan->to_value());
    } else {
        put(visible(plan->to_text()));
        std::string again = "perilune run " + invocation.get("RUNBOOK") + " --environment " +
                            invocation.get("--environment");
        for (const auto& parameter : invocation.all("PARAMETERS")) again += " " + parameter;
        say("Execute exactly this: " + again + " --plan " + to_hex(plan->digest).substr(0, 16));
    }
    return plan->problems.empty() ? exit_done : exit_failed;
}

Result<Value> read_plan(const Invocation& invocation) {
    const std::string named = invocation.get("--plan");
    if (named.find('/') != std::string::npos || named.ends_with(".json")) {
        const auto text = read_file(named);
        if (!text) return text.error();
        return from_canonical_json(*text);
    }
    auto store = Store::open(state_folder(invocation));
    if (!store) return store.error();
    auto kept = (*store)->plan(named);
    if (!kept) return kept.error();
    if (!*kept)
        return fail("plan_stale", "There is no plan " + named +
                                      " in the state folder. Make one "
                                      "with: perilune plan");
    return from_canonical_json(**kept);
}

std::string plan_differences(const Value& kept, const Plan& now) {
    const Value fresh = now.to_value();
    if (kept["digest"] == fresh["digest"]) return {};
    std::string text;
    const auto lines = [](const Value& plan) {
        std::vector<std::string> all;
        for (const auto& change : plan["changes"].list())
            all.push_back(change["sign"].text() + " " + change["path"].text() + ": " +
                          change["target"].text() + ":" + change["operation"].text() + " " +
                          to_json(change["args"]));
        return all;
    };
    const auto before = lines(kept);
    const auto after = lines(fresh);
    for (const auto& line : before)
        if (std::find(after.begin(), after.end(), line) == after.end())
            text += "  no longer:  " + line + "\n";
    for (const auto& line : after)
        if (std::find(before.begin(), before.end(), line) == before.end())
            text += "  now:        " + line + "\n";
    if (text.empty()) text = "  the code, the environment, the parameters or the targets differ\n";
    return text;
}

}  // namespace perilune

#include "interpreter/simulator/questions.h"

#include <map>

#include "bindings/table.h"

namespace perilune {

namespace {

Value names_of(const std::vector<std::string_view>& names) {
    Value set{Map{}};
    for (const auto name : names) set.set(name, true);
    return set;
}

// What a test may ask a target for: its controls, its family's operations, the fields it shows.
Value facts_of(const std::string& target, SimulatedTarget& simulated) {
    Value operations{Map{}};
    Value fields{Map{}};
    if (const Family* family = find_family(target.substr(0, target.find('/')))) {
        for (const auto& row : family->operations) operations.set(row.name, true);
        // What is not so now, such as an application's version, is nil and no mistake.
        for (const auto& record : family->records)
            for (const auto& field : record.fields)
                if (!field.name.empty()) fields.set(field.name, true);
    }
    const Value seen = simulated.look();
    for (const auto& [name, value] : seen.map()) fields.set(name, true);
    return Value()
        .set("controls", names_of(simulated.controls()))
        .set("operations", operations)
        .set("fields", fields);
}

// What a target, by any of its names, is said to use: a set of targets by their own names.
Value uses_of(Rehearsal& in, const std::string& target) {
    Value used{Map{}};
    for (const auto& [name, settings] : in.environment().targets) {
        if (in.world().own_name(name) != target) continue;
        for (const auto& one : settings.uses) used.set(in.world().own_name(one), true);
    }
    return used;
}

Result<RunOptions> read_options(const Value& asked) {
    const Value& given = asked["options"];
    RunOptions options;
    options.params = asked["parameters"];
    options.answers = given["answers"].map();
    if (given.has("who")) options.who = given["who"].text();
    options.outage_began_at = given["outage_began"].number();
    options.dies_at_commit = static_cast<int>(given["dies_at_commit"].integer());
    options.overtaken_at_commit = static_cast<int>(given["overtaken_at_commit"].integer());
    options.id = given["id"].text();
    if (given.has("within")) options.within_s = given["within"].number();
    if (options.who.find('@') == std::string::npos) options.who += "@simulation";
    return options;
}

Result<SimulatedFault> read_fault(const Value& given) {
    using Kind = SimulatedFault::Kind;
    SimulatedFault fault;
    bool known = false;
    for (const auto& [name, kind] :
         {std::pair{"before", Kind::before}, std::pair{"dropped", Kind::dropped},
          std::pair{"after", Kind::after}, std::pair{"failed", Kind::failed},
          std::pair{"throttled", Kind::throttled}, std::pair{"late", Kind::late},
          std::pair{"meanwhile", Kind::meanwhile}}) {
        if (given["how"].text() != name) continue;
        if (kind == Kind::meanwhile && !given.has("body")) continue;
        fault.kind = kind;
        known = true;
    }
    if (!known)
        return fail(
            "bad_argument",
            "how is one of before, dropped, after, failed, throttled and late, but it is \"" +
                given["how"].text() + "\".");
    fault.target = given["target"].text();
    fault.operation = given["operation"].text();
    fault.skip = static_cast<int>(given["skip"].integer());
    if (given.has("times")) fault.times = static_cast<int>(given["times"].integer());
    fault.body = static_cast<int>(given["body"].integer());
    fault.late_s = given.has("late") ? given["late"].number() : 60;
    fault.error = fail(given.has("code") ? given["code"].text() : "refused",
                       given.has("message") ? given["message"].text()
                                            : fault.target + " refuses it: the test says so.");
    return fault;
}

Value effect_value(const SimulatedAct& act) {
    const Family* family = find_family(act.target.substr(0, act.target.find('/')));
    const Operation* row = family ? family->operation(act.operation) : nullptr;
    return Value()
        .set("at", act.at)
        .set("target", act.target)
        .set("operation", act.operation)
        .set("arguments", act.arguments)
        .set("key", act.key)
        .set("epoch", static_cast<double>(act.epoch))
        .set("recovery", row ? to_text(row->recovery) : "")
        .set("outcome", act.outcome)
        .set("happened", act.happened);
}

List effects_of(const SimulatedWorld& world) {
    List told;
    for (const auto& act : world.acts()) told.push_back(effect_value(act));
    return told;
}

// The same for comparing: arguments with secrets by their names.
List changes_of(const SimulatedWorld& world) {
    List told = effects_of(world);
    for (auto& effect : told) effect.set("arguments", with_secrets_named(effect["arguments"]));
    return told;
}

// How often each operation was called: list of { name, change, times }, in the order of first use.
List calls_of(const SimulatedWorld& world) {
    List told;
    std::map<std::string, std::size_t> places;
    for (const auto& call : world.calls()) {
        const std::string name = call.target + ":" + call.operation;
        const auto [place, added] = places.emplace(name, told.size());
        if (added)
            told.push_back(Value().set("name", name).set("change", call.change).set("times", 0));
        Value& one = told[place->second];
        one.set("times", one["times"].number() + 1);
    }
    return told;
}

}  // namespace

Value Questions::answer(const Value& asked) {
    auto answered = answer_to(asked["kind"].text(), asked);
    if (!answered) return Value().set("error", answered.error().to_value());
    return Value().set("value", *answered);
}

Result<Value> Questions::answer_to(const std::string& kind, const Value& asked) {
    if (kind == "forget") {
        worlds_.clear();
        return Value();
    }
    if (kind == "world") return make_world(asked);
    const auto index = static_cast<std::size_t>(asked["world"].integer());
    if (index < 1 || index > worlds_.size())
        return fail("no_world",
                    "This world is of another test. Make one in the test itself, or in "
                    "before_each.");
    Rehearsal& in = *worlds_[index - 1];
    in.use();
    if (kind == "run" || kind == "resume" || kind == "steer") return execute(kind, in, asked);
    if (kind == "call" || kind == "control" || kind == "look") return ask_target(kind, in, asked);
    if (kind == "prepared") {
        in.prepared();
        return Value();
    }
    if (kind == "now") return Value(in.now());
    if (kind == "passed") return Value(in.passed_s());
    if (kind == "effects") return Value(effects_of(in.world()));
    if (kind == "changes") return Value(changes_of(in.world()));
    if (kind == "calls") return Value(calls_of(in.world()));
    if (kind == "questions") return Value(in.questions_asked());
    if (kind == "may_use") return Value(in.usable_targets());
    if (kind == "story") return Value(in.stories());
    if (kind == "advance") {
        in.advance(asked["seconds"].number());
        return Value();
    }
    if (kind == "fault") {
        auto fault = read_fault(asked["fault"]);
        if (!fault) return fault.error();
        in.world().add_fault(std::move(*fault));
        return Value();
    }
    return fail("bug", "A test asked for " + kind + ", which the simulator does not know.");
}

Result<Value> Questions::make_world(const Value& asked) {
    const double seed = asked.has("seed") ? asked["seed"].number() : 1;
    RehearsalSetup setup = setup_(static_cast<std::uint64_t>(seed));
    if (asked.has("at")) setup.starts_at = asked["at"].number();
    setup.recorded = asked["recorded"];
    auto made = Rehearsal::make(std::move(setup), asked["environment"].text());
    if (!made) return made.error();
    worlds_.push_back(std::move(*made));
    worlds_.back()->world().on_act = [this](const SimulatedAct& act) {
        if (on_event) on_event(Value().set("effect", effect_value(act)));
    };
    worlds_.back()->world().on_meanwhile = [this](int body, const Call& call) {
        const Value told = Value()
                               .set("target", call.target)
                               .set("operation", call.operation)
                               .set("arguments", call.arguments);
        if (on_event) on_event(Value().set("meanwhile", body).set("call", told));
    };
    Value targets{Map{}};
    const SimulatedWorld& world = worlds_.back()->world();
    for (const auto& [name, target] : world.targets())
        targets.set(name, facts_of(name, *target).set("uses", uses_of(*worlds_.back(), name)));
    for (const auto& [name, own] : world.other_names())
        targets.set(name, facts_of(name, *world.find(own)).set("same_as", own));
    return Value()
        .set("id", static_cast<double>(worlds_.size()))
        .set("targets", std::move(targets));
}

Result<Value> Questions::execute(const std::string& kind, Rehearsal& in, const Value& asked) {
    auto options = read_options(asked);
    if (!options) return options.error();
    if (kind == "run") return in.run(asked["runbook"].text(), *options);
    if (kind == "resume") return in.resume(asked["run"].text(), *options);
    return in.steer(asked["run"].text(), asked["command"].text(), asked["body"], *options);
}

Result<Value> Questions::ask_target(const std::string& kind, Rehearsal& in, const Value& asked) {
    const std::string& target = asked["target"].text();
    SimulatedTarget* found = in.world().find(target);
    if (!found) return fail("no_target", "This world has no target " + target + ".");
    if (kind == "look") return found->look();
    if (kind == "control") return found->control(asked["name"].text(), asked["arguments"]);
    return in.call(target, asked["name"].text(), asked["arguments"]);
}

}  // namespace perilune

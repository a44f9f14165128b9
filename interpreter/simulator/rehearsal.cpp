#include "interpreter/simulator/rehearsal.h"

#include <algorithm>
#include <set>

#include "bindings/secrets/provider.h"
#include "bindings/table.h"
#include "interpreter/base/json.h"
#include "interpreter/base/units.h"
#include "interpreter/report/closing.h"
#include "interpreter/report/history.h"
#include "interpreter/simulator/script_worker.h"
#include "interpreter/simulator/stand_ins.h"
#include "interpreter/simulator/visit.h"

namespace perilune {

namespace {

constexpr double boot_starts_at_s = 1000;
constexpr std::size_t detail_bytes_max = 200;
constexpr std::size_t story_lines_half = 30;  // Shown of a run's beginning, and of its end.

// At most so many bytes of a text, on one line, and no character cut in two.
std::string cut_text(std::string text, std::size_t bytes_max) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    if (text.size() <= bytes_max) return text;
    while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xc0) == 0x80)
        --bytes_max;
    return text.substr(0, bytes_max) + "…";
}

// What a run asks: list of { what, name, role, detail } of questions, failures and doubts.
List asked_of(const RunState& state) {
    List asked;
    for (const auto& [id, question] : state.questions) {
        const Value& args = question.record["args"];
        asked.push_back(Value()
                            .set("what", args["what"])
                            .set("name", question.record["name"])
                            .set("role", args["role"])
                            .set("detail", args["detail"]));
    }
    for (const auto& [id, failure] : state.failures)
        asked.push_back(Value()
                            .set("what", "failure")
                            .set("name", failure["name"])
                            .set("detail", failure["args"]["error"]["message"]));
    for (const auto& [id, intent] : state.intents)
        if (intent.in_doubt)
            asked.push_back(Value()
                                .set("what", "doubt")
                                .set("name", intent.record["target"].text() + ":" +
                                                 intent.record["operation"].text()));
    return asked;
}

// "  10:00:05 ✓ Release it (5.7 s)", with what belongs under it.
std::string told_line(const report::HistoryLine& line) {
    std::string text = "  " + show_time(line.at).substr(11, 8) + " ";
    text +=
        std::string(static_cast<std::size_t>(2 * line.depth), ' ') + line.mark + " " + line.text;
    if (line.took_s >= 0.001) text += " (" + show_duration(line.took_s) + ")";
    text += "\n";
    for (const auto& detail : line.details) {
        const std::string shown = cut_text(detail.text, detail_bytes_max);
        text += std::string(static_cast<std::size_t>(13 + 2 * line.depth), ' ') +
                (detail.label.empty() ? "" : detail.label + ": ") + shown + "\n";
    }
    return text;
}

}  // namespace

Rehearsal::Rehearsal(RehearsalSetup setup)
    : setup_(std::move(setup)),
      clock_{.boot_s = boot_starts_at_s, .wall_s = setup_.starts_at},
      world_(setup_.seed) {
    use_clock(&clock_);
    if (!setup_.recorded.is_nil()) world_.answer_as_recorded(setup_.recorded, setup_.starts_at);
}

Rehearsal::~Rehearsal() { use_clock(nullptr); }

Result<std::unique_ptr<Rehearsal>> Rehearsal::make(RehearsalSetup setup,
                                                   const std::string& environment) {
    auto read = load_environment(setup.library, environment, setup.known_drivers);
    if (!read) return read.error();
    std::unique_ptr<Rehearsal> made(new Rehearsal(std::move(setup)));
    made->environment_name_ = environment;
    made->environment_ = std::move(*read);
    if (const auto added = made->add_targets(); !added) return added.error();
    return made;
}

Status Rehearsal::add_targets() {
    world_.files = setup_.files;
    stand_in_for_services(environment_);
    for (const auto& [name, target] : environment_.targets) {
        const std::string_view family = target.driver->family;
        const SimulatedKind* kind = find_simulated(family);
        if (!kind)
            return fail("not_simulated", "The family " + std::string(family) +
                                             " cannot be simulated, so " + name + " cannot be.");
        const auto same = environment_.targets.find(target.same_as);
        if (same != environment_.targets.end() && same->second.driver->family == family) {
            world_.add_name(name, same->first);
        } else {
            world_.add(name, kind->make(target.settings, world_));
        }
    }
    return Done{};
}

HostSetup Rehearsal::host_setup(VirtualLoop*& loop) {
    HostSetup setup;
    setup.world.real = false;
    setup.world.polls_inbox = false;
    setup.world.host_id = "simulated-" + std::to_string(++hosts_);
    setup.world.boot_id = "simulated";
    setup.world.make_loop = [this, &loop]() -> std::unique_ptr<Loop> {
        if (loop) return share_loop(*loop);
        auto made = make_virtual_loop(clock_);
        loop = made.get();
        return made;
    };
    setup.world.open_store = [this](const std::string&) -> Result<std::unique_ptr<Store>> {
        return open_memory_store(state_);
    };
    setup.world.start_worker = [this](Loop& on, const WorkerLimits& limits, Worker::OnMessage said,
                                      Worker::OnEnd ended) {
        return start_script_worker(on, limits, setup_.hits, std::move(said), std::move(ended));
    };
    setup.world.make_driver = [this](const TargetSettings& target, Services& services) {
        return world_.driver_of(target.settings.target, services);
    };
    setup.worker_memory_bytes = setup_.script_memory_bytes;
    setup.families = all_families();
    setup.known_drivers = setup_.known_drivers;
    setup.secrets = [](const SecretsSettings&, Loop&) -> Result<FetchSecret> {
        return FetchSecret([](const std::string& name, const std::string&) {
            return Result<std::string>("simulated value of " + name);
        });
    };
    // Rule 12.4 holds here too: a handle that a simulated store gave is opened by that store.
    setup.secrets_of_driver = [](const DriverKind&, const Driver& driver) -> FetchSecret {
        if (!driver.state) return nullptr;
        return [kept = std::shared_ptr<SecretProvider>(driver.state, provider_of(driver))](
                   const std::string& name, const std::string& version) {
            return kept->fetch(name, version);
        };
    };
    return setup;
}

Result<Value> Rehearsal::run(const std::string& runbook, const RunOptions& options) {
    Visit visit(*this, options);
    const std::string made = "run-" + std::to_string(++runs_);
    const std::string id = options.id.empty() ? made : options.id;
    if (const auto began = visit.start(setup_.library, environment_name_, runbook, id); !began)
        return began.error();
    return tell(visit);
}

Result<Value> Rehearsal::resume(const std::string& run, const RunOptions& options) {
    Visit visit(*this, options);
    if (const auto began = visit.resume(run, nullptr); !began) return began.error();
    return tell(visit);
}

Result<Value> Rehearsal::steer(const std::string& run, const std::string& kind, const Value& body,
                               const RunOptions& options) {
    InboxRow row;
    row.id = "command-" + std::to_string(state_->inbox.size() + 1);
    row.run = run;
    row.kind = kind;
    row.body = to_canonical_json(body);
    row.who = options.who;
    row.at = now();
    Visit visit(*this, options);
    if (const auto began = visit.resume(run, &row); !began) return began.error();
    for (const auto& taken : state_->inbox)
        if (taken.id == row.id && !taken.reply.empty()) return fail("not_taken", taken.reply);
    return tell(visit);
}

Result<Value> Rehearsal::tell(Visit& visit) {
    Value told = outcome_of(visit.run());
    if (visit.died()) told.set("outcome", "died");
    return told;
}

Result<Value> Rehearsal::call(const std::string& target, const std::string& operation,
                              const Value& arguments) {
    return call_once(world_, clock_, target, operation, arguments);
}

void Rehearsal::advance(double seconds) { clock_.advance_to(clock_.boot_s + seconds); }

Value Rehearsal::outcome_of(const std::string& run) {
    const auto store = open_memory_store(state_);
    const auto row = store->run(run);
    const auto records = Records::of(*store, run);
    if (!row || !*row || !records || records->empty()) return Value();
    RunState state;
    double ended_at = 0;
    List logged;
    records->each([&](const Value& record) {
        state.apply(record);
        if (record["kind"].text() == "log") logged.push_back(record["text"]);
        if (record["kind"].text() == "end" && ended_at <= 0) ended_at = record["time"].number();
    });
    Value told = report::closing_value(state, **row);
    if (!told.has("outcome")) told.set("outcome", (*row)->state);
    told.set("id", run).set("runbook", (*row)->runbook).set("value", state.end["value"]);
    told.set("took_s", (ended_at > 0 ? ended_at : state.time) - state.begin["time"].number());
    told.set("asks", asked_of(state)).set("commits", state_->commits);
    told.set("log", std::move(logged));
    List steps;
    for (const auto& [id, scope] : state.scopes)
        if (scope.what == "step")
            steps.push_back(Value()
                                .set("name", scope.name)
                                .set("path", scope.path)
                                .set("outcome", scope.open ? "open" : scope.outcome)
                                .set("attempt", static_cast<double>(scope.attempt))
                                .set("began_at", scope.opened_at)
                                .set("took_s", scope.open ? 0 : scope.closed_at - scope.opened_at)
                                .set("order", static_cast<double>(scope.opened_seq)));
    std::sort(steps.begin(), steps.end(), [](const Value& one, const Value& other) {
        return one["order"].number() < other["order"].number();
    });
    return told.set("steps", std::move(steps));
}

List Rehearsal::questions_asked() const {
    List names;
    const auto store = open_memory_store(state_);
    for (std::size_t i = first_run_; i < state_->runs.size(); ++i) {
        const auto records = Records::of(*store, state_->runs[i].row.id);
        if (!records) continue;
        records->each([&](const Value& record) {
            if (record["kind"].text() == "question" && record["args"]["what"].text() != "signal" &&
                std::find(names.begin(), names.end(), record["name"]) == names.end())
                names.push_back(record["name"]);
        });
    }
    return names;
}

List Rehearsal::usable_targets() const {
    std::set<std::string> names;
    const auto store = open_memory_store(state_);
    for (std::size_t i = first_run_; i < state_->runs.size(); ++i) {
        const auto records = Records::of(*store, state_->runs[i].row.id);
        if (!records || records->empty()) continue;
        const Value begin = records->front();
        for (const auto& [name, changes] : begin["facts"]["targets"].map()) names.insert(name);
    }
    return List(names.begin(), names.end());
}

std::string Rehearsal::stories() {
    const auto store = open_memory_store(state_);
    std::string all;
    for (std::size_t i = first_run_; i < state_->runs.size(); ++i) {
        const RunRow& row = state_->runs[i].row;
        const auto records = Records::of(*store, row.id);
        if (!row.parent.empty() || !records || records->empty()) continue;
        const report::Timeline timeline = report::build_timeline(*records, now());
        all += row.runbook + " (" + row.id +
               "): " + report::closing_value(timeline.state, row)["sentence"].text() + "\n";
        const auto lines = report::history_of(timeline);
        for (std::size_t at = 0; at < lines.size(); ++at) {
            const bool left_out = at >= story_lines_half && at + story_lines_half < lines.size();
            if (!left_out) all += told_line(lines[at]);
            if (left_out && at == story_lines_half)
                all += "  … " + std::to_string(lines.size() - 2 * story_lines_half) +
                       " lines are left out\n";
        }
    }
    return all;
}

void Rehearsal::prepared() {
    world_.forget_calls();
    state_->commits = 0;
    first_run_ = state_->runs.size();
}

}  // namespace perilune

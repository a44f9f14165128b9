// The run engine alone: a clock that the test sets, a journal in memory, and a worker and drivers
// that say what the test makes them say.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "interpreter/run/engine.h"

namespace perilune::test {

inline constexpr Operation rig_operations[] = {
    {.name = "read", .doc = "Reads."},
    {.name = "await",
     .doc = "Waits.",
     .parameters = {{{.name = "within", .type = Type::duration, .doc = "How long."}}}},
    {.name = "again",
     .effect = Effect::change,
     .recovery = Recovery::repeat,
     .undo = "no",
     .doc = "Repeats.",
     .parameters = {{{.name = "name", .doc = "What."}}},
     .resource = "name"},
    {.name = "keyed",
     .effect = Effect::change,
     .recovery = Recovery::key,
     .undo = "no",
     .doc = "Has a key.",
     .parameters = {{{.name = "name", .doc = "What."}}},
     .resource = "name"},
    {.name = "sought",
     .effect = Effect::change,
     .recovery = Recovery::look,
     .undo = "no",
     .doc = "Is looked for.",
     .parameters = {{{.name = "name", .doc = "What."}}},
     .resource = "name"},
};

inline const Family rig_family = {
    .name = "rig", .doc = "For tests.", .operations = rig_operations, .records = {}};

class FakePort final : public EnginePort {
public:
    double wall = 1000000;
    double boot = 5000;
    std::string boot_name = "boot one";
    bool acts = true;           // What may_act says.
    bool commits_wait = false;  // Effects wait for `commit`.
    std::vector<Value> records;
    std::vector<Value> told;
    std::vector<CallRequest> calls;
    std::map<std::string, double> armed;
    std::vector<std::function<void()>> effects;
    std::vector<std::pair<Rest, std::string>> rests;
    int restarts = 0;
    std::size_t unread = 0;  // What the worker has not read of what it was told.
    int records_before = 0;  // Records that the run is said to have already.
    std::optional<Restore> restore;  // Of whatever was changed.

    void commit() {
        for (auto& effect : std::exchange(effects, {})) effect();
    }
    int count(const std::string& kind) const {
        int found = 0;
        for (const auto& record : records) found += record["kind"].text() == kind;
        return found;
    }
    Value last(const std::string& kind) const {
        for (auto record = records.rbegin(); record != records.rend(); ++record)
            if ((*record)["kind"].text() == kind) return *record;
        return {};
    }
    // Whether a message with this first word, and for deliveries this strand and number, was told.
    int deliveries(const std::string& strand, int n) const {
        int found = 0;
        for (const auto& message : told) {
            const List& parts = message.list();
            found += parts[0].text() == "deliver" && parts[2].text() == strand &&
                     parts[3].integer() == n;
        }
        return found;
    }

    double wall_now() override { return wall; }
    double boot_now() override { return boot; }
    std::string boot_id() override { return boot_name; }
    Value append(Value record) override {
        record.set("seq", records_before + static_cast<int>(records.size()) + 1)
            .set("time", wall)
            .set("epoch", 1);
        records.push_back(record);
        return record;
    }
    void after_commit(std::function<void()> effect) override {
        if (commits_wait) return effects.push_back(std::move(effect));
        effect();
    }
    bool may_act() override { return acts; }
    std::int64_t tell_worker(Value message) override {
        told.push_back(std::move(message));
        return static_cast<std::int64_t>(told.size());
    }
    Value record_at(std::int64_t seq) override {
        return records[static_cast<std::size_t>(seq) - 1];
    }
    void restart_worker() override {
        ++restarts;
        told.clear();
    }
    void start_call(CallRequest request) override { calls.push_back(std::move(request)); }
    void cancel_call(const EventId&) override {}
    std::optional<Restore> restore_of(const Call&, const Value&, const Value& result) override {
        if (!result["changed"].boolean()) return std::nullopt;
        return restore;
    }
    std::string lacks(const std::string&, const std::string&) override { return {}; }
    bool acts_in_host(const std::string&) override { return false; }
    void arm(const std::string& timer, double boot_at_s) override { armed[timer] = boot_at_s; }
    void disarm(const std::string& timer) override { armed.erase(timer); }
    void start_child(const EventId&, const std::string&, const std::string&,
                     const Value&) override {}
    void stop_child(const std::string&, const std::string&) override {}
    void undo_child(const std::string&) override {}
    bool child_busy(const std::string&) override { return true; }
    std::size_t unread_bytes() override { return unread; }
    void after_inbox(std::function<void()> done) override { done(); }
    std::string child_id(const EventId& id) override { return id.key(); }
    std::string may_answer(const Value&, const std::vector<Value>&, const Command&) override {
        return {};
    }
    std::int64_t approvals_needed(const Value& question) override {
        return question["args"]["count"].integer();
    }
    void rested(Rest rest, const std::string& reason) override { rests.emplace_back(rest, reason); }
    void notice(const EventId&, const std::string&) override {}
};

inline const Family* find_rig_family(std::string_view name) {
    return name == "rig" ? &rig_family : nullptr;
}

inline Value timer_data(double seconds, const std::string& why = "sleep") {
    return Value().set("seconds", seconds).set("why", why);
}

// An engine over a port of its own; `again` is the engine of the next process of the same run.
class EngineRig {
public:
    explicit EngineRig(FakePort& port) : port_(port), engine_(port, find_rig_family) {}

    Engine& engine() { return engine_; }

    void begin() {
        Value record;
        Value changes = List{"again", "keyed", "sought"};
        Value targets;
        targets.set("rig/x", changes);
        Value facts;
        facts.set("targets", targets).set("on_failure", "ask");
        record.set("kind", "begin").set("run", "r").set("facts", facts);
        record.set("params", Value(Map{}));
        engine_.start_recorded(port_.append(record));
        idle();
        quiet();
    }
    // A strand that waits for ever, so that the run never rests for want of anything to do.
    void idle() { event("/idle", 1, "timer", "idle", timer_data(1e9)); }

    void load() {
        engine_.load(port_.records);
        port_.told.clear();
        replay(port_.records);
    }
    void replay(const std::vector<Value>& records) {
        engine_.replay(records);
        idle();
    }

    void event(const std::string& strand, int n, const std::string& kind, const std::string& name,
               Value data = Value(Map{}), const std::string& scope = "",
               const std::string& target = "") {
        engine_.on_message({"event", strand, n, scope, kind, name, target, std::move(data), ""});
    }
    void operation(int n, const std::string& name, const std::string& what,
                   const std::string& scope = "") {
        Value data;
        data.as_map();
        if (!what.empty()) data.set("name", what);
        event("/", n, "operation", name, data, scope, "rig/x");
    }
    void quiet() { engine_.on_message({"quiet", static_cast<int>(port_.told.size())}); }

    // Answers the call that was made last.
    void found(Value state = Value(Map{})) {
        CallAnswer answer = last_answer();
        Before before;
        before.state = std::move(state);
        answer.before.emplace(std::move(before));
        engine_.on_answer(std::move(answer));
    }
    void acted(Outcome outcome) {
        CallAnswer answer = last_answer();
        answer.outcome.emplace(std::move(outcome));
        engine_.on_answer(std::move(answer));
    }
    void saw(Sighting sighting) {
        CallAnswer answer = last_answer();
        answer.sighting.emplace(std::move(sighting));
        engine_.on_answer(std::move(answer));
    }
    void observed(Result<Value> value) {
        CallAnswer answer = last_answer();
        answer.observed.emplace(std::move(value));
        engine_.on_answer(std::move(answer));
    }
    // Lets the named timer fire, with the clocks at its time.
    void fire(const std::string& timer) {
        port_.wall += port_.armed[timer] - port_.boot;
        port_.boot = port_.armed[timer];
        port_.armed.erase(timer);
        engine_.on_timer(timer);
    }

private:
    CallAnswer last_answer() const {
        CallAnswer answer;
        answer.id = port_.calls.back().id;
        answer.number = port_.calls.back().number;
        return answer;
    }

    FakePort& port_;
    Engine engine_;
};

}  // namespace perilune::test

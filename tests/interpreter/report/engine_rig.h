// The run engine with a worker and a world made by the test, so that its own records are read.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "interpreter/run/engine.h"
#include "tests/interpreter/report/journal.h"

namespace perilune::report_test {

inline const std::vector<Operation>& lamp_rows() {
    static const std::vector<Operation> rows = [] {
        std::vector<Operation> made(2);
        made[0].name = "get";
        made[0].doc = "Reads it.";
        made[1].name = "set";
        made[1].effect = Effect::change;
        made[1].recovery = Recovery::ask;
        made[1].undo = "by set";
        made[1].doc = "Sets it.";
        made[1].parameters[0] = {.name = "to", .type = Type::text, .doc = "What it shall be."};
        return made;
    }();
    return rows;
}

// Everything is durable at once; drivers answer when the test says so.
class EngineRig final : public EnginePort {
public:
    EngineRig()
        : engine_(*this,
                  [this](std::string_view name) { return name == lamp_.name ? &lamp_ : nullptr; }) {
    }

    Engine& engine() { return engine_; }

    void begin(Value begin) { engine_.start_recorded(append(std::move(begin))); }
    // The worker has worked everything it was told, and waits.
    void quiet() { tell(List{"quiet", told_}); }
    void tell(List message) { engine_.on_message(message); }
    void event(std::int64_t n, const char* scope, const char* kind, const char* name,
               const char* target, Value data) {
        data.as_map();
        tell(List{"event", "/", n, scope, kind, name, target, data, "runbooks/lamp.lua:7"});
    }
    void command(const char* kind, Value body) {
        Command made;
        made.id = "c-" + std::to_string(++commands_);
        made.kind = kind;
        made.who = "ada@bastion";
        made.body = std::move(body);
        refused = engine_.on_command(made);
    }
    CallAnswer answer() const {
        CallAnswer made;
        made.id = last.id;
        made.number = last.number;
        return made;
    }
    void found(Value state) {
        CallAnswer made = answer();
        Before before;
        before.state = std::move(state);
        made.before = Result<Before>(before);
        engine_.on_answer(made);
    }
    void acted(Outcome outcome) {
        CallAnswer made = answer();
        made.outcome = std::move(outcome);
        engine_.on_answer(made);
    }

    double wall_now() override { return now; }
    double boot_now() override { return now - Journal::first_s + 100; }
    std::string boot_id() override { return "boot"; }
    Value append(Value record) override {
        record.set("seq", static_cast<std::int64_t>(records.size()) + 1).set("time", now);
        records.push_back(record.set("epoch", 1));
        return records.back();
    }
    void after_commit(std::function<void()> effect) override { effect(); }
    bool may_act() override { return true; }
    std::int64_t tell_worker(Value) override { return ++told_; }
    Value record_at(std::int64_t seq) override {
        return records.at(static_cast<std::size_t>(seq) - 1);
    }
    void restart_worker() override {}
    void start_call(CallRequest request) override { last = std::move(request); }
    void cancel_call(const EventId&) override {}
    std::optional<Restore> restore_of(const Call& call, const Value& before,
                                      const Value&) override {
        Restore restore;
        restore.operation = call.operation;
        restore.arguments = table({{"to", before["is"]}});
        return restore;
    }
    std::string lacks(const std::string&, const std::string&) override { return {}; }
    bool acts_in_host(const std::string&) override { return false; }
    void arm(const std::string&, double) override {}
    void disarm(const std::string&) override {}
    void start_child(const EventId&, const std::string&, const std::string&,
                     const Value&) override {}
    void stop_child(const std::string&, const std::string&) override {}
    void undo_child(const std::string&) override {}
    bool child_busy(const std::string&) override { return true; }
    std::size_t unread_bytes() override { return 0; }
    void after_inbox(std::function<void()> done) override { done(); }
    std::string child_id(const EventId&) override { return "child"; }
    std::string may_answer(const Value&, const std::vector<Value>&, const Command&) override {
        return {};
    }
    std::int64_t approvals_needed(const Value& question) override {
        return question["args"]["count"].integer();
    }
    void rested(Rest, const std::string&) override {}
    void notice(const EventId&, const std::string&) override {}

    double now = Journal::first_s;
    std::vector<Value> records;
    CallRequest last;
    std::string refused;

private:
    Family lamp_{.name = "lamp", .doc = "A lamp.", .operations = lamp_rows(), .records = {}};
    Engine engine_;
    std::int64_t told_ = 0;
    int commands_ = 0;
};

}  // namespace perilune::report_test

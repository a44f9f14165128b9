// What the host does with the messages of a worker that has been taken over: lists are what it
// says, objects what happens in the world meanwhile. A line each, in canonical JSON.
#include <algorithm>
#include <set>

#include "interpreter/base/json.h"
#include "interpreter/run/records.h"
#include "tests/fuzz/property.h"
#include "tests/interpreter/run/engine_rig.h"

namespace perilune::fuzz {

namespace {

constexpr std::size_t lines_max = 48;
constexpr std::size_t replays_max = 6;

// The run declares rig/x with the changes "again" and "keyed", and not "sought".
Value begin_record() {
    Value targets;
    targets.set("rig/x", List{"again", "keyed"});
    Value facts;
    facts.set("targets", targets).set("on_failure", "ask");
    Value record;
    record.set("kind", "begin").set("run", "r").set("facts", facts);
    return record.set("params", Value(Map{}));
}

bool is_change(const std::string& operation) {
    return operation == "again" || operation == "keyed";
}

class Play {
public:
    Play() : engine_(port_, test::find_rig_family) {
        engine_.start_recorded(port_.append(begin_record()));
    }

    void take(const Value& line) {
        if (line.is_list()) {
            // A host kills the worker of a run that rests for good.
            if (!over_) engine_.on_message(line.list());
        } else {
            happen(line);
        }
        restart();
        check_calls();
        for (const auto& [rest, reason] : port_.rests)
            over_ |= rest != Rest::waits && rest != Rest::paused;
    }

    // What was recorded is all that a later host has of this run.
    void check_resumable() {
        test::FakePort later;
        later.records = port_.records;
        Engine engine(later, test::find_rig_family);
        engine.load(port_.records);
        const RunState& now = engine_.state();
        const RunState& read = engine.state();
        require(read.seq == now.seq && read.changes.size() == now.changes.size() &&
                    read.scopes.size() == now.scopes.size() &&
                    read.intents.size() == now.intents.size() &&
                    read.questions.size() == now.questions.size() &&
                    read.end.is_nil() == now.end.is_nil(),
                "A run that is loaded stands where the one that wrote its records stood.");
        for (const auto& record : port_.records) {
            const auto again = from_canonical_json(to_canonical_json(record));
            require(again.ok() && *again == record, "A record is read as it was written.",
                    to_canonical_json(record));
        }
        engine.waiting();
        require(later.calls.empty(), "Loading a run calls nothing.");
    }

private:
    void happen(const Value& what) {
        const std::string& kind = what["do"].text();
        if (kind == "answer") answer(what);
        if (kind == "fire") fire(what["which"].integer());
        if (kind == "death") engine_.on_worker_death("it was killed");
        if (kind == "pause") engine_.pause();
        if (kind == "live" && engine_.replaying() && engine_.replayed()) engine_.go_live();
        if (kind == "child") engine_.on_child_end(what["run"].text(), what["outcome"]);
        if (kind == "undone") engine_.on_child_undone(what["run"].text(), what["why"].text());
        if (kind != "command") return;
        Command command{.id = "c" + std::to_string(++commands_),
                        .kind = what["kind"].text(),
                        .who = "somebody",
                        .body = what["body"],
                        .at = port_.wall};
        command.body.as_map();
        engine_.on_command(command);
    }

    void answer(const Value& what) {
        if (port_.calls.empty()) return;
        const auto which = static_cast<std::size_t>(what["which"].integer());
        const CallRequest call = port_.calls[which % port_.calls.size()];
        CallAnswer given;
        given.id = call.id;
        given.number = call.number;
        const std::string& how = what["how"].text();
        const Error error = fail(how == "timed_out" ? "timed_out" : "lost", "It failed.",
                                 how == "unknown" ? Retry::unknown
                                 : how == "never" ? Retry::never
                                                  : Retry::safe);
        const bool well = how.empty();
        if (call.phase == Phase::observe)
            given.observed = well ? Result<Value>(what["value"]) : Result<Value>(error);
        if (call.phase == Phase::before) {
            Before before;
            before.state = what["value"];
            before.already_so = what["so"].boolean();
            given.before = well ? Result<Before>(before) : Result<Before>(error);
        }
        if (call.phase == Phase::act) {
            given.outcome = how == "unknown" ? Outcome::unknown(error)
                            : how == "never" ? Outcome::failed(error)
                                             : Outcome::not_sent(error, 1);
            if (well) given.outcome = Outcome::done(Value().set("changed", true), what["value"]);
        }
        if (call.phase == Phase::look)
            given.sighting = Sighting{.kind = how == "unknown" ? Sighting::Kind::cannot_tell
                                              : well           ? Sighting::Kind::happened
                                                               : Sighting::Kind::did_not,
                                      .settled = how == "never"};
        engine_.on_answer(std::move(given));
    }

    void fire(std::int64_t which) {
        if (port_.armed.empty()) return;
        auto armed = port_.armed.begin();
        std::advance(armed, static_cast<std::size_t>(which) % port_.armed.size());
        const auto [timer, at] = *armed;
        port_.wall += std::clamp(at - port_.boot, 0.0, 1e6);
        port_.boot = std::clamp(at, port_.boot, port_.boot + 1e6);
        port_.armed.erase(armed);
        engine_.on_timer(timer);
    }

    void restart() {
        while (restarts_ < port_.restarts && restarts_ < static_cast<int>(replays_max)) {
            ++restarts_;
            engine_.replay(port_.records);
        }
    }

    void check_calls() {
        for (; checked_ < port_.calls.size(); ++checked_) {
            const CallRequest& made = port_.calls[checked_];
            const Call& call = made.call;
            require(call.target == "rig/x", "Only declared targets are called.", call.target);
            const bool change = made.phase != Phase::observe;
            require(is_change(call.operation) == change && call.operation != "sought",
                    "Only declared changes are made.", call.operation);
            if (made.phase != Phase::act) continue;
            const Value* intent = nullptr;
            for (const auto& record : port_.records)
                if (record["kind"].text() == "intent" && EventId::from(record) == made.id)
                    intent = &record;
            require(intent, "Nothing is changed before its intent is recorded.");
            require((*intent)["args"] == call.arguments && (*intent)["key"].text() == call.key,
                    "What is done is what the intent says.");
        }
    }

    test::FakePort port_;
    Engine engine_;
    std::size_t checked_ = 0;
    int restarts_ = 0;
    int commands_ = 0;
    bool over_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::string_view rest = text_of(data, size);
    Play play;
    for (std::size_t i = 0; i < lines_max && !rest.empty(); ++i) {
        const auto end = std::min(rest.find('\n'), rest.size());
        if (const auto line = from_canonical_json(rest.substr(0, end))) play.take(*line);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    play.check_resumable();
    return 0;
}

}  // namespace perilune::fuzz

// Drives one driver as a run would: arguments checked, `before`, `act`, and undo that looks first.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "interpreter/base/digest.h"
#include "interpreter/base/driver.h"
#include "interpreter/base/json.h"
#include "interpreter/base/standing.h"
#include "tests/support/loop_rig.h"

namespace perilune::test {

// The last change a rig made, as a journal would have it.
struct MadeChange {
    Call call;
    Before before;
    Outcome outcome;
};

class CallRig {
public:
    CallRig(LoopRig& loop, const Family& family, Driver driver, std::string target)
        : loop_(loop), family_(family), driver_(std::move(driver)), target_(std::move(target)) {}

    bool has(std::string_view operation) const { return driver_.operations.contains(operation); }
    MadeChange& last() { return last_; }
    Driver& driver() { return driver_; }

    // Secret handles opened by name.
    std::map<std::string, std::string> secrets;
    double timeout_s = 20;

    // Calls an operation from start to end. A change that is already so gives its result; one that
    // fails, or whose outcome is unknown, gives the error.
    Result<Value> call(const std::string& operation, Value arguments = Map{}) {
        auto made = make_call(operation, std::move(arguments));
        if (!made) return made.error();
        const Handler& handler = driver_.operations.find(operation)->second;
        if (handler.observe) return loop_.await(handler.observe(*made));
        auto before = loop_.await(handler.before(*made));
        if (!before) return before.error();
        last_ = {.call = *made, .before = *before, .outcome = {}};
        if (before->already_so) {
            last_.outcome = Outcome::done(before->result, before->state);
            return before->result;
        }
        return act_again();
    }

    // Acts with the recorded `before`, as recovery does after a crash.
    Result<Value> act_again() {
        const Handler& handler = driver_.operations.find(last_.call.operation)->second;
        last_.call.deadline_s = boot_now_s() + timeout_s;
        last_.outcome = loop_.await(handler.act(last_.call, last_.before.state));
        if (last_.outcome.kind == Outcome::Kind::done) return last_.outcome.value;
        return last_.outcome.error;
    }

    // What `before` finds for a call, without acting.
    Result<Before> look_before(const std::string& operation, Value arguments) {
        auto made = make_call(operation, std::move(arguments));
        if (!made) return made.error();
        return loop_.await(driver_.operations.find(operation)->second.before(*made));
    }

    // Takes the last change back. Fails where there is nothing to take back, or where the world is
    // not as the change left it.
    Result<Value> undo() {
        const MadeChange made = last_;
        const Handler& handler = driver_.operations.find(made.call.operation)->second;
        if (!handler.restore) return fail("no_undo", made.call.operation + " is not undone.");
        const auto restore = handler.restore(made.call, made.before.state, made.outcome.value);
        if (!restore) return fail("nothing_to_undo", made.call.operation + " changed nothing.");
        const auto today = look_before(made.call.operation, made.call.arguments);
        if (!today) return today.error();
        const Standing standing = standing_of(made.before.state, made.outcome.after, today->state);
        if (standing == Standing::before) return fail("as_before", "Nothing is to be taken back.");
        if (standing == Standing::other) {
            const auto seen = look_before(restore->operation, restore->arguments);
            if (!seen || !(seen->state == made.outcome.after))
                return fail("conflict", "The world is not as " + made.call.operation +
                                            " left it: " + to_json(today->state));
        }
        return call(restore->operation, restore->arguments);
    }

private:
    Result<Call> make_call(const std::string& operation, Value arguments) {
        const Operation* row = family_.operation(operation);
        if (!row || !has(operation)) return fail("lacking", "There is no " + operation + " here.");
        auto checked = check_arguments(family_, *row, arguments.as_map());
        if (!checked) return checked.error();
        Call made;
        made.operation = operation;
        made.target = target_;
        made.arguments = std::move(*checked);
        if (row->effect == Effect::change) made.key = to_hex(random_bytes(8));
        made.deadline_s = boot_now_s() + timeout_s;
        made.open_secret = [this](const Value& value) { return open(value); };
        return made;
    }

    Result<std::string> open(const Value& value) {
        if (!value.is_secret()) return value.text();
        std::string opened;
        for (const auto& piece : value.secret()->pieces) {
            const auto found = secrets.find(piece.name);
            if (!piece.name.empty() && found == secrets.end())
                return fail("missing_secret", "The test has no such secret.");
            const std::string text = piece.name.empty() ? piece.text : found->second;
            const std::string quoted = to_json(Value(text));
            opened += piece.encoding == "json" ? quoted.substr(1, quoted.size() - 2) : text;
        }
        return opened;
    }

    LoopRig& loop_;
    const Family& family_;
    Driver driver_;
    std::string target_;
    MadeChange last_;
};

inline Value named(const char* field, Value value) { return Value().set(field, std::move(value)); }

inline Value done(CallRig& rig, const std::string& operation, Value arguments = Map{}) {
    auto result = rig.call(operation, std::move(arguments));
    REQUIRE_MESSAGE(result.ok(), operation << ": " << result.error().message);
    return *result;
}

inline void refused(CallRig& rig, const std::string& operation, Value arguments,
                    const std::string& code) {
    const auto result = rig.call(operation, std::move(arguments));
    REQUIRE_FALSE(result.ok());
    CHECK_MESSAGE(result.error().code == code, result.error().message);
}

}  // namespace perilune::test

// Drives one driver in a test the way the run engine does: check, before, act, look, restore.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>

#include <unistd.h>

#include <doctest/doctest.h>

#include "interpreter/base/digest.h"
#include "interpreter/base/driver.h"
#include "tests/support/simulated_stage.h"
#include "tests/support/temporary_folder.h"

// A namespace of its own, so that a program may also link another family's rig.
namespace perilune::test::calls {

// Where the built programs are: PERILUNE_BIN, else the folder of this test program.
inline std::string program_folder() {
    if (const char* named = std::getenv("PERILUNE_BIN")) return named;
    return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

inline Value list_of(std::initializer_list<Value> values) { return Value(List(values)); }

struct Changed {
    Outcome outcome;
    Before before;
    std::string key;
    bool ok() const { return outcome.kind == Outcome::Kind::done; }
    const Value& value() const { return outcome.value; }
    const std::string& code() const { return outcome.error.code; }
};

class DriverRig {
public:
    using Make = std::function<Result<Driver>(Services& services)>;

    DriverRig(const Family& family, const std::string& target, const Make& make,
              const std::string& state_folder, std::unique_ptr<Loop> loop = Loop::make())
        : family_(family), target_(target), loop_(std::move(loop)) {
        Services services{.loop = *loop_,
                          .state_folder = state_folder,
                          .program_folder = program_folder(),
                          .open_secret = open_secret,
                          .keep_secret = [](const std::string& name, const std::string& value) {
                              kept()[name] = value;
                              return make_secret(name, "(host)");
                          }};
        auto made = make(services);
        if (!made) throw std::runtime_error(made.error().message);
        driver_ = std::move(*made);
    }

    DriverRig(const Family& family, const DriverKind& kind, const std::string& target,
              Value settings, const std::string& state_folder)
        : DriverRig(
              family, target,
              [&](Services& services) {
                  return kind.make({target, std::move(settings), state_folder}, services);
              },
              state_folder) {}

    // A target of a simulated world, as a new host would act on it.
    DriverRig(const Family& family, SimulatedStage& stage, const std::string& target)
        : DriverRig(
              family, target,
              [&](Services& services) { return stage.world.driver_of(target, services); }, "",
              stage.make_loop()) {
        guard_s_ = 1e6;
    }

    // What drivers gave to keep, and what tests give, by the secret's name.
    static std::map<std::string, std::string>& kept() {
        static std::map<std::string, std::string> all;
        return all;
    }

    // A rig's secrets open to what is kept of them, else to their own name in capitals.
    static Result<std::string> open_secret(const Value& value) {
        if (!value.is_secret()) return value.text();
        std::string opened;
        for (const auto& piece : value.secret()->pieces) {
            std::string text = piece.text + piece.name;
            for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
            const auto given = kept().find(piece.name);
            if (piece.name.empty()) text = piece.text;
            opened += given == kept().end() ? text : given->second;
        }
        return opened;
    }

    Loop& loop() { return *loop_; }
    bool has(std::string_view operation) const { return driver_.operations.contains(operation); }

    Result<Value> observe(const std::string& operation, Value arguments = {}) {
        auto call = make_call(operation, std::move(arguments));
        if (!call) return call.error();
        return await(handler(operation).observe(*call));
    }

    Result<Before> before(const std::string& operation, Value arguments) {
        auto call = make_call(operation, std::move(arguments));
        if (!call) return call.error();
        return await(handler(operation).before(*call));
    }

    Changed change(const std::string& operation, Value arguments = {}, std::string key = {}) {
        Changed made;
        made.key = key.empty() ? to_hex(random_bytes(16)) : key;
        auto call = make_call(operation, std::move(arguments));
        if (!call) {
            made.outcome = Outcome::failed(call.error());
            return made;
        }
        call->key = made.key;
        auto before = await(handler(operation).before(*call));
        if (!before) {
            made.outcome = Outcome::failed(before.error());
            return made;
        }
        made.before = *before;
        made.outcome = made.before.already_so ? Outcome::done(made.before.result)
                                              : act(*call, made.before.state);
        return made;
    }

    // Acts again on an intent, as recovery does, without asking `before`.
    Outcome act_again(const std::string& operation, Value arguments, const Changed& first) {
        auto call = make_call(operation, std::move(arguments));
        REQUIRE(call.ok());
        call->key = first.key;
        return act(*call, first.before.state);
    }

    Sighting look(const std::string& operation, Value arguments, const std::string& key,
                  const Value& before, double within_s = 30) {
        auto call = make_call(operation, std::move(arguments));
        REQUIRE(call.ok());
        call->key = key;
        call->intent_at_s = wall_now_s();
        call->sent_at_s = wall_now_s();
        call->deadline_s = boot_now_s() + within_s;
        return await(handler(operation).look(*call, before));
    }

    // The call that takes a change back, and its outcome; nothing where there is none.
    std::optional<Changed> undo(const std::string& operation, Value arguments,
                                const Changed& made) {
        auto call = make_call(operation, std::move(arguments));
        REQUIRE(call.ok());
        const auto& restore = handler(operation).restore;
        if (!restore) return std::nullopt;
        const auto back = restore(*call, made.before.state, made.outcome.value);
        if (!back) return std::nullopt;
        const auto now = before(back->operation, back->arguments);
        REQUIRE_MESSAGE(now.ok(), (now.ok() ? "" : now.error().message));
        // Undo looks first: the world must be as the operation left it.
        CHECK(now->state == made.outcome.after);
        return change(back->operation, back->arguments);
    }

    // What the provider behind a deploy driver can do: serve a release that is returned to under
    // its own id, tell which intent made a release, tell whether a release has today's variables.
    bool keeps_ids = true;
    bool keeps_keys = true;
    bool knows_variables = true;

    std::vector<std::string> told;  // What calls said while they went on.
    std::function<void(const std::string&)> on_tell;
    std::shared_ptr<Cancel> cancel = std::make_shared<Cancel>();  // Of the next calls.

    template <class T>
    T await(Awaitable<T> task) {
        std::optional<T> ended;
        const auto guard = loop_->start_timer(boot_now_s() + guard_s_, [this] { loop_->stop(); });
        loop_->post([&] {
            start_task(std::move(task), [&](T value) {
                ended.emplace(std::move(value));
                loop_->stop();
            });
        });
        loop_->run();
        loop_->cancel(guard);
        if (!ended) throw std::runtime_error("a call did not end in time");
        return std::move(*ended);
    }

    Result<Call> make_call(const std::string& name, Value arguments) {
        const Operation* operation = family_.operation(name);
        REQUIRE_MESSAGE(operation, name);
        auto checked = check_arguments(family_, *operation, arguments.map());
        if (!checked) return checked.error();
        Call call;
        call.operation = name;
        call.target = target_;
        const double timeout_s =
            checked->contains("timeout") ? checked->at("timeout").number() : operation->timeout_s;
        call.arguments = std::move(*checked);
        call.deadline_s = boot_now_s() + timeout_s;
        call.cancel = cancel;
        call.open_secret = open_secret;
        call.tell = [this](std::string line) {
            told.push_back(line);
            if (on_tell) on_tell(line);
        };
        return call;
    }

    Outcome act(Call& call, const Value& before) {
        return await(handler(call.operation).act(call, before));
    }

    // Acts on several calls at once; their outcomes in their order.
    std::vector<Outcome> act_on_all(std::vector<Result<Call>>& calls, const Value& before) {
        std::vector<Outcome> outcomes(calls.size());
        std::size_t left = calls.size();
        const auto guard = loop_->start_timer(boot_now_s() + guard_s_, [this] { loop_->stop(); });
        for (std::size_t i = 0; i < calls.size(); ++i)
            loop_->post([&, i] {
                start_task(handler(calls[i]->operation).act(*calls[i], before),
                           [&, i](Outcome outcome) {
                               outcomes[i] = std::move(outcome);
                               if (--left == 0) loop_->stop();
                           });
            });
        loop_->run();
        loop_->cancel(guard);
        if (left > 0) throw std::runtime_error("calls did not end in time");
        return outcomes;
    }

private:
    const Handler& handler(const std::string& operation) const {
        const auto found = driver_.operations.find(operation);
        REQUIRE_MESSAGE(found != driver_.operations.end(), operation);
        return found->second;
    }

    const Family& family_;
    std::string target_;
    double guard_s_ = 120;  // The longest a call may take.
    std::unique_ptr<Loop> loop_;
    Driver driver_;
};

}  // namespace perilune::test::calls

namespace perilune::test {
using namespace calls;
}

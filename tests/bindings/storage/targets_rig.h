// Calls drivers of several targets as the host does: arguments checked, before, act, look and undo.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>

#include <unistd.h>

#include "interpreter/base/digest.h"
#include "interpreter/base/driver.h"
#include "tests/support/temporary_folder.h"

namespace perilune::test {

// One change as the journal would hold it.
struct Change {
    Call call;
    Value before;  // Before::state.
    bool already_so = false;
    Result<Value> result = Value();
    Value after;
    bool left_some = false;

    bool ok() const { return result.ok(); }
    const Value& value() const { return result.value(); }
    std::string code() const { return result.ok() ? "" : result.error().code; }
    std::string message() const { return result.ok() ? "" : result.error().message; }
};

class TargetsRig {
public:
    explicit TargetsRig(std::string folder = {}, std::unique_ptr<Loop> loop = Loop::make(),
                        std::shared_ptr<void> keeps = nullptr)
        : keeps_(std::move(keeps)),
          folder_(std::move(folder)),
          loop_(std::move(loop)),
          services_{.loop = *loop_} {
        services_.driver_of = [this](const std::string& target) {
            const auto found = drivers_.find(target);
            return found == drivers_.end() ? nullptr : &found->second.driver;
        };
        services_.open_secret = [](const Value& value) -> Result<std::string> {
            return value.text();
        };
    }
    TargetsRig(const TargetsRig&) = delete;
    TargetsRig& operator=(const TargetsRig&) = delete;

    Services& services() { return services_; }

    // Makes a driver from its kind, with its settings' defaults filled in.
    void add(const std::string& target, const Family& family, const DriverKind& kind,
             const Map& values) {
        Settings settings{.target = target, .values = Value(values), .folder = folder_};
        for (const auto& setting : kind.settings) {
            Value given = settings.values[setting.name];
            if (given.is_nil() && setting.fallback.empty()) continue;
            if (given.is_nil() && setting.type == Type::boolean) given = setting.fallback == "true";
            if (given.is_nil() && setting.type == Type::integer)
                given = std::strtod(std::string(setting.fallback).c_str(), nullptr);
            if (given.is_nil()) given = Value(setting.fallback);
            if (!given.is_secret()) given = convert(setting.type, given, setting.name).value();
            settings.values.set(setting.name, given);
        }
        auto made = kind.make(settings, services_);
        if (!made.ok()) throw std::runtime_error(made.error().message);
        add(target, family, std::move(*made));
    }
    void add(const std::string& target, const Family& family, Driver driver) {
        drivers_.insert_or_assign(target, Entry{&family, std::move(driver)});
    }

    Driver& driver(const std::string& target) { return drivers_.at(target).driver; }
    bool has(const std::string& target, const std::string& operation) {
        return driver(target).operations.contains(operation);
    }

    Result<Value> observe(const std::string& target, const std::string& operation,
                          const Map& arguments = {}) {
        auto call = make_call(target, operation, arguments);
        if (!call.ok()) return call.error();
        return await(handler(target, operation).observe(*call));
    }

    Change change(const std::string& target, const std::string& operation,
                  const Map& arguments = {}, double within_s = 120) {
        Change change;
        auto call = make_call(target, operation, arguments);
        if (!call.ok()) {
            change.result = call.error();
            return change;
        }
        change.call = *call;
        change.call.deadline_s = boot_now_s() + within_s;
        change.call.key = to_hex(random_bytes(16));
        const Handler& handled = handler(target, operation);
        auto before = await(handled.before(change.call));
        if (!before.ok()) {
            change.result = before.error();
            return change;
        }
        change.before = before->state;
        change.already_so = before->already_so;
        change.result = before->result;
        change.after = before->state;
        if (!before->already_so) act(change);
        return change;
    }

    // Acts (again) with the recorded call, parts and state, as recovery does.
    void act(Change& change) {
        const Handler& handled = handler(change.call.target, change.call.operation);
        Map parts = change.call.parts;
        change.call.keep_part = [&](std::string name, Value value, std::function<void()> durable) {
            parts.insert_or_assign(name, std::move(value));
            kept_parts += 1;
            loop_->post(std::move(durable));
        };
        const Outcome outcome = await(handled.act(change.call, change.before));
        change.call.keep_part = nullptr;
        change.call.parts = std::move(parts);
        change.after = outcome.after;
        change.left_some = outcome.left_some;
        if (outcome.kind == Outcome::Kind::done) {
            change.result = outcome.value;
        } else {
            change.result = outcome.error;
        }
    }

    Sighting look(const Change& change) {
        Call call = change.call;
        return await(handler(call.target, call.operation).look(call, change.before));
    }

    std::optional<Restore> reversal(const Change& change) {
        const Handler& handled = handler(change.call.target, change.call.operation);
        if (!handled.restore) return std::nullopt;
        return handled.restore(change.call, change.before, change.value());
    }

    // Takes a change back, unless the world is no longer as the change left it: `undo_conflict`.
    Change undo(const Change& change) {
        Change undone;
        const auto restore = reversal(change);
        if (!restore) {
            undone.result = fail("not_undoable", "There is nothing that takes it back.");
            return undone;
        }
        const std::string& target = change.call.target;
        auto call = make_call(target, restore->operation, restore->arguments.map());
        if (!call.ok()) {
            undone.result = call.error();
            return undone;
        }
        const auto now = await(handler(target, restore->operation).before(*call));
        if (!now.ok()) {
            undone.result = now.error();
            return undone;
        }
        if (!(now->state == change.after)) {
            undone.result = fail("undo_conflict", "The world changed since.");
            return undone;
        }
        return this->change(target, restore->operation, restore->arguments.map());
    }

    // Until the wall clock has passed a moment.
    void wait_for_wall_clock(double at_s) {
        const double left_s = at_s - wall_now_s();
        await(wait(boot_now_s() + left_s));
    }

    std::size_t kept_parts = 0;  // By all acts.

    template <class T>
    T await(Awaitable<T> task) {
        std::optional<T> ended;
        const Loop::Id guard = loop_->start_timer(boot_now_s() + 300, [this] { loop_->stop(); });
        loop_->post([&] {
            start_task(std::move(task), [&](T value) {
                ended.emplace(std::move(value));
                loop_->stop();
            });
        });
        loop_->run();
        loop_->cancel(guard);
        if (!ended) throw std::runtime_error("the operation did not end within five minutes");
        return std::move(*ended);
    }

    Result<Call> make_call(const std::string& target, const std::string& operation,
                           const Map& arguments) {
        const Family& family = *drivers_.at(target).family;
        const Operation* row = family.operation(operation);
        if (!row) return fail("no_such_operation", operation);
        auto checked = check_arguments(family, *row, arguments);
        if (!checked.ok()) return checked.error();
        Call call;
        call.operation = operation;
        call.target = target;
        call.arguments = Value(std::move(*checked));
        call.deadline_s = boot_now_s() + 120;
        call.open_secret = services_.open_secret;
        return call;
    }

private:
    struct Entry {
        const Family* family;
        Driver driver;
    };

    Awaitable<bool> wait(double at_s) {
        co_await wait_until(*loop_, at_s);
        co_return true;
    }

    Handler& handler(const std::string& target, const std::string& operation) {
        return driver(target).operations.at(operation);
    }

    std::shared_ptr<void> keeps_;  // What must outlive the loop.
    std::string folder_;
    std::unique_ptr<Loop> loop_;
    Services services_;
    std::map<std::string, Entry> drivers_;
};

}  // namespace perilune::test

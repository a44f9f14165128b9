// What targets answered in a run, given again: at the same times, in the same order, whatever a
// simulated target would say. Tests that are written from a run's journal are made with it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "interpreter/base/driver.h"

namespace perilune {

// Secrets as text, by their names alone: a test's file holds no handles.
Value with_secrets_named(const Value& value);

// One answer is a map. Of all: `arguments`, and `at`, in seconds since the world began. Of an
// observe: `value` or `error`, and `times`, how often it was said. Of a change: `before`, `sign`,
// `value`, `after`, `error`, `left`, `outcome`; `so` where it was already so, `unread` where its
// `before` failed with `error`; `tries`: what became of those before the last, each "lost" or
// "not_sent"; `found` where its answer was lost and it was found by looking; `doubt` where looking
// did not help; `undone`: { operation, arguments, how } of the call that took it back.
class RecordedAnswers {
public:
    // `given` is by "dns/site:get", a list each.
    RecordedAnswers(const Value& given, double starts_at);

    // A handler that answers what is recorded; what is not is left to `base`.
    Handler wrap(Loop& loop, const std::string& name, Handler base);

private:
    struct Told {
        Value entry;
        bool used = false;
        std::int64_t times = 1;  // How often it is still to be given.
        std::size_t tries = 0;
    };
    using ToldPtr = std::shared_ptr<Told>;
    struct Wrapped;

    ToldPtr next(const std::string& name, const Value& arguments) const;
    ToldPtr last(const std::string& name, const Value& arguments) const;
    ToldPtr acted(const std::string& name, const Call& call);
    double boot_at(const Value& entry) const;
    static Awaitable<Result<Value>> observe(std::shared_ptr<Wrapped> wrapped, Call& call);
    static Awaitable<Result<Before>> before(std::shared_ptr<Wrapped> wrapped, Call& call);
    static Awaitable<Outcome> act(std::shared_ptr<Wrapped> wrapped, Call& call, Value before);
    static Awaitable<Sighting> look(std::shared_ptr<Wrapped> wrapped, Call& call, Value before);
    std::optional<Restore> restore(const std::string& name, const Call& call, const Value& before,
                                   const Value& result, bool& known);

    std::map<std::string, std::vector<ToldPtr>> told_;  // By call and arguments.
    std::map<std::string, ToldPtr> by_key_;   // By the intent's key: all its tries are one.
    std::map<std::string, ToldPtr> undoing_;  // Looked at before they are undone, by call.
    double starts_at_;
};

}  // namespace perilune

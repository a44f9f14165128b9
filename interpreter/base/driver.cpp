#include "interpreter/base/driver.h"

namespace perilune {

void Cancel::ask() {
    if (asked_.exchange(true)) return;
    if (auto callback = std::exchange(callback_, nullptr)) callback();
}

void Cancel::on_ask(std::function<void()> callback) {
    if (asked_) {
        callback();
    } else {
        callback_ = std::move(callback);
    }
}

Result<Driver> make_driver(const DriverKind& kind, const Settings& settings, Services& services) {
    return kind.script ? kind.script->make(settings, services) : kind.make(settings, services);
}

Outcome Outcome::done(Value value, Value after) {
    Outcome made;
    made.value = std::move(value);
    made.after = std::move(after);
    return made;
}

Outcome Outcome::failed(Error error) {
    Outcome made;
    made.kind = Kind::failed;
    made.error = std::move(error);
    return made;
}

Outcome Outcome::unknown(Error error) {
    Outcome made = failed(std::move(error));
    made.kind = Kind::unknown;
    return made;
}

Outcome Outcome::not_sent(Error error, double retry_after_s) {
    Outcome made = failed(std::move(error));
    made.kind = Kind::not_sent;
    made.retry_after_s = retry_after_s;
    return made;
}

Handler observe_blocking(Loop& loop, std::function<Result<Value>(Call&)> observe) {
    Handler made;
    made.observe = [&loop, observe = std::move(observe)](Call& call) {
        return off_loop<Result<Value>>(loop, [&observe, &call] { return observe(call); });
    };
    return made;
}

Handler change_blocking(
    Loop& loop, std::function<Result<Before>(Call&)> before,
    std::function<Outcome(Call&, const Value&)> act,
    std::function<Sighting(Call&, const Value&)> look,
    std::function<std::optional<Restore>(const Call&, const Value&, const Value&)> restore) {
    Handler made;
    made.before = [&loop, before = std::move(before)](Call& call) {
        return off_loop<Result<Before>>(loop, [&before, &call] { return before(call); });
    };
    made.act = [&loop, act = std::move(act)](Call& call, const Value& found) {
        return off_loop<Outcome>(loop, [&act, &call, &found] { return act(call, found); });
    };
    if (look) {
        made.look = [&loop, look = std::move(look)](Call& call, const Value& found) {
            return off_loop<Sighting>(loop, [&look, &call, &found] { return look(call, found); });
        };
    }
    made.restore = std::move(restore);
    return made;
}

}  // namespace perilune

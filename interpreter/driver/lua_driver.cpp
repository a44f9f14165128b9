// The handlers of a Lua driver: a call each way, and what its end proves about the world.
#include "interpreter/driver/lua_driver.h"

#include <algorithm>

#include "interpreter/base/files.h"
#include "interpreter/base/http_verdict.h"
#include "interpreter/driver/lua_call.h"

namespace perilune {

namespace {

using LuaDriverPointer = std::shared_ptr<LuaDriver>;

Value given_to(const Call& call) {
    Value given;
    given.set("arguments", call.arguments).set("target", call.target).set("key", call.key);
    return given;
}

Value given_to_change(const Call& call, const Value& before) {
    Value given = given_to(call);
    given.set("before", before).set("intent_at", call.intent_at_s).set("sent_at", call.sent_at_s);
    Value parts{Map{}};
    for (const auto& [name, value] : call.parts) parts.set(name, value);
    return given.set("parts", std::move(parts));
}

const Value& nth(const List& list, std::size_t index) {
    static const Value nothing;
    return index < list.size() ? list[index] : nothing;
}

Awaitable<CallEnd> perform(LuaDriverPointer driver, Call* call, std::string_view phase, Value given,
                           MayChange may_change) {
    const auto made = std::make_shared<LuaCall>(driver, *call, may_change);
    auto performing = made->perform(phase, std::move(given));
    co_await performing;
    co_return std::move(made->end());
}

Awaitable<Result<Value>> observe(LuaDriverPointer driver, Call* call) {
    auto performing = perform(driver, call, "observe", given_to(*call), MayChange::no);
    const CallEnd end = co_await performing;
    if (end.error) co_return *end.error;
    co_return nth(end.results, 0);
}

Awaitable<Result<Before>> before(LuaDriverPointer driver, Call* call) {
    auto performing = perform(driver, call, "before", given_to(*call), MayChange::no);
    const CallEnd end = co_await performing;
    if (end.error) co_return *end.error;
    const Value& told = nth(end.results, 0);
    Before found;
    found.state = told["state"];
    found.already_so = told["already_so"].boolean();
    found.result = told["result"];
    if (found.already_so && !found.result.has("changed")) found.result.set("changed", false);
    if (told["sign"].text().size() == 1) found.sign = told["sign"].text()[0];
    found.plan = told["plan"].text();
    co_return found;
}

// What the end of an `act` proves; rules 4.4, 4.6, 13.3.
Outcome outcome_of(CallEnd end) {
    if (!end.error) {
        Value value = nth(end.results, 0);
        if (!value.has("changed")) value.set("changed", true);
        return Outcome::done(std::move(value), nth(end.results, 1));
    }
    Error error = std::move(*end.error);
    if (end.maybe || error.retry == Retry::unknown || (end.died && end.loose)) {
        error.retry = Retry::unknown;
        return Outcome::unknown(std::move(error));
    }
    // A request in no part was executed: another try would send it again.
    if (error.retry == Retry::safe && end.loose) error.retry = Retry::never;
    Outcome outcome = end.died ? Outcome::failed(std::move(error)) : failed_outcome(error);
    outcome.left_some = end.changed;
    return outcome;
}

Awaitable<Outcome> act(LuaDriverPointer driver, Call* call, MayChange may_change,
                       const Value* found) {
    auto performing = perform(driver, call, "act", given_to_change(*call, *found), may_change);
    CallEnd end = co_await performing;
    co_return outcome_of(std::move(end));
}

Awaitable<Sighting> look(LuaDriverPointer driver, Call* call, const Value* found) {
    auto performing = perform(driver, call, "look", given_to_change(*call, *found), MayChange::no);
    const CallEnd end = co_await performing;
    Sighting seen;
    const std::string& kind = nth(end.results, 0).text();
    if (end.error) {
        seen.evidence = end.error->message;
    } else if (kind == "happened") {
        seen.kind = Sighting::Kind::happened;
        seen.value = nth(end.results, 1);
        if (!seen.value.has("changed")) seen.value.set("changed", true);
        seen.after = nth(end.results, 2);
    } else {
        if (kind == "did_not") seen.kind = Sighting::Kind::did_not;
        seen.evidence = nth(end.results, 1).text();
    }
    co_return seen;
}

Awaitable<Result<Value>> read_function(LuaDriverPointer driver, Call* call, std::string name,
                                       Value argument) {
    Value given = given_to(*call);
    given.set("function", name).set("argument", std::move(argument));
    auto performing = perform(driver, call, "read", std::move(given), MayChange::no);
    const CallEnd end = co_await performing;
    if (end.error) co_return *end.error;
    co_return nth(end.results, 0);
}

Awaitable<Result<Value>> examine(LuaDriverPointer driver, Call* call) {
    Value given = given_to(*call);
    given.set("doctor", true);
    auto performing = perform(driver, call, "read", std::move(given), MayChange::no);
    const CallEnd end = co_await performing;
    if (end.error) co_return *end.error;
    co_return nth(end.results, 0);
}

Awaitable<Outcome> change_function(LuaDriverPointer driver, Call* call, std::string name,
                                   Value argument) {
    Value given = given_to_change(*call, Value());
    given.set("function", name).set("argument", std::move(argument));
    auto performing = perform(driver, call, "change", std::move(given), MayChange::again);
    CallEnd end = co_await performing;
    co_return outcome_of(std::move(end));
}

Handler handler_of(const LuaDriverPointer& driver, const Operation& row, const Value& has) {
    Handler handler;
    if (has.has("observe"))
        handler.observe = [driver](Call& call) { return observe(driver, &call); };
    if (has.has("before")) handler.before = [driver](Call& call) { return before(driver, &call); };
    // Under one key a second sending is the same change to the provider; of others the file may say
    // that it is.
    const bool again =
        row.recovery == Recovery::repeat || row.recovery == Recovery::key || has.has("repeatable");
    const MayChange may = again ? MayChange::again : MayChange::once;
    if (has.has("act"))
        handler.act = [driver, may](Call& call, const Value& found) {
            return act(driver, &call, may, &found);
        };
    if (has.has("look"))
        handler.look = [driver](Call& call, const Value& found) {
            return look(driver, &call, &found);
        };
    return handler;
}

// The file's functions, for the family's own rules.
Remote remote_of(const LuaDriverPointer& driver, const Value& declared) {
    Remote remote;
    remote.read = [driver](Call& call, std::string name, Value argument) {
        return read_function(driver, &call, std::move(name), std::move(argument));
    };
    remote.change = [driver](Call& call, std::string name, Value argument) {
        return change_function(driver, &call, std::move(name), std::move(argument));
    };
    remote.has = [functions = declared["functions"]](std::string_view name) {
        return functions.has(name);
    };
    remote.offers = [features = declared["features"].list()](std::string_view name) {
        return std::ranges::find(features, Value(name)) != features.end();
    };
    return remote;
}

std::shared_ptr<LuaDriver> driver_of(const LuaDriverSetup& setup, const LuaDriverKind& kind,
                                     const Settings& settings, Services& services) {
    DriverReach reach;
    reach.settings = settings.values;
    for (const auto& host : kind.declared["hosts"].list()) reach.hosts.push_back(host.text());
    if (const auto& path = settings.values["certificate_authority"].text(); !path.empty())
        reach.certificate_authority = path_below(settings.folder, path);
    const Value& limits = kind.declared["limits"];
    return std::make_shared<LuaDriver>(
        services, setup.worker_program, kind.script, std::move(reach),
        static_cast<int>(limits["at_once"].integer()), limits["a_second"].number());
}

}  // namespace

const FamilyRules* LuaDriverSetup::rules_of(std::string_view family) const {
    for (const auto* known : rules)
        if (known->family == family) return known;
    return nullptr;
}

Result<Driver> make_lua_driver(const LuaDriverSetup& setup, const LuaDriverKind& kind,
                               const Family& family, const Settings& settings, Services& services) {
    const auto driver = driver_of(setup, kind, settings, services);
    Driver made;
    made.state = driver;
    if (kind.declared.has("doctor"))
        made.examine = [driver](Call& call) { return examine(driver, &call); };
    Remote remote = remote_of(driver, kind.declared);
    remote.elsewhere = [&setup, &kind, settings](Services& others) {
        return remote_of(driver_of(setup, kind, settings, others), kind.declared);
    };
    if (const auto* rules = setup.rules_of(family.name))
        rules->add(made, remote, settings, services);
    for (const auto& [name, has] : kind.declared["operations"].map()) {
        Handler& handler = made.operations[name] = handler_of(driver, *family.operation(name), has);
        if (!has.has("restore")) continue;
        handler.restore = [program = setup.worker_program, &kind, values = settings.values](
                              const Call& call, const Value& found,
                              const Value& result) -> std::optional<Restore> {
            auto told = ask_restore(program, kind.script, values, call, found, result);
            if (!told) throw std::runtime_error(told.error().message);
            return *told;
        };
    }
    return made;
}

}  // namespace perilune

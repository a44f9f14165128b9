// The driver of the counting family: it acts, counts, and goes wrong as its folder says.
#include <chrono>
#include <cmath>
#include <csignal>
#include <thread>

#include <unistd.h>

#include "interpreter/base/files.h"
#include "interpreter/base/sync_point.h"
#include "tests/crash/counting.h"
#include "tests/crash/counting_store.h"

namespace perilune {

namespace {

using Kept = std::shared_ptr<CountingStore>;

constexpr Setting settings_table[] = {
    {.name = "folder", .doc = "Where acts are counted.", .identity = true},
};

constexpr std::string_view operation_names[] = {"sample", "count", "again", "keyed", "looked",
                                                "left",   "asked", "set",   "unset"};

Result<Value> sample(Call& call) {
    const std::string& name = call.arguments["name"].text();
    if (name == "false") return Value(false);
    if (name == "empty text") return Value("");
    if (name == "empty table") return Value(Map{});
    if (name == "large number") return Value(std::pow(2.0, 53));
    if (name == "negative zero") return Value(-0.0);
    if (name == "infinity") return Value(INFINITY);
    if (name == "bytes") return Value(std::string("\xff\x00\xfe\x80", 4));
    if (name == "mebibyte") return Value(std::string((1 << 20) - 64, 'x'));
    if (name == "error") return fail("sampled", "The text of the sampled error.");
    return Value();
}

Result<Value> count(const Kept& kept, Call& call) {
    int found = 0;
    for (const auto& act : kept->acts())
        if (act.name == call.arguments["name"].text()) ++found;
    return Value(found);
}

bool has_key(const Kept& kept, const std::string& key) {
    for (const auto& act : kept->acts())
        if (act.key == key) return true;
    return false;
}

Value result_of(const Call& call) {
    return Value().set("changed", true).set("name", call.arguments["name"]);
}

Value state_of(const std::optional<std::string>& value) {
    Value state;
    if (value) return state.set("body", *value);
    return state.set("absent", true);
}

Result<Before> before(const Kept& kept, Call& call) {
    Before found;
    found.state = state_of(kept->value(call.arguments["name"].text()));
    return found;
}

Outcome act(const Kept& kept, Call& call) {
    const std::string& name = call.arguments["name"].text();
    const std::string fault = kept->take_fault(name);
    if (fault == "fail") return Outcome::failed(fail("told_to", "It was told to fail."));
    if (fault == "slow") std::this_thread::sleep_for(std::chrono::milliseconds(500));
    sync_point("before act");
    // A provider that knows the key gives the answer of the first time and does nothing.
    if (call.operation != "keyed" || !has_key(kept, call.key))
        kept->commit(call.operation, name, call.key);
    Value after;
    if (call.operation == "set" || call.operation == "unset") {
        std::optional<std::string> body;
        if (call.operation == "set") body = call.arguments["body"].text();
        kept->keep(name, body);
        after = state_of(body);
    }
    sync_point("after act");
    if (fault == "die") ::kill(::getpid(), SIGKILL);
    if (fault == "drop")
        return Outcome::unknown(fail("lost", "The answer was lost.", Retry::unknown));
    return Outcome::done(result_of(call), after);
}

Sighting look(const Kept& kept, Call& call) {
    Sighting seen;
    if (has_key(kept, call.key)) {
        seen.kind = Sighting::Kind::happened;
        seen.value = result_of(call);
    } else {
        seen.kind = Sighting::Kind::did_not;
    }
    return seen;
}

std::optional<Restore> restore(const Call& call, const Value& found, const Value&) {
    Restore made;
    made.operation = found.has("absent") ? "unset" : "set";
    made.arguments.set("name", call.arguments["name"]);
    if (!found.has("absent")) made.arguments.set("body", found["body"]);
    return made;
}

Result<Driver> make(const Settings& settings, Services& services) {
    const std::string folder = path_below(settings.folder, settings.values["folder"].text());
    if (const auto made = make_folders(folder, 0700); !made) return made.error();
    const auto kept = std::make_shared<CountingStore>(folder);
    Loop& loop = services.loop;
    Driver driver;
    driver.state = kept;
    driver.operations["sample"] = observe_blocking(loop, sample);
    driver.operations["count"] =
        observe_blocking(loop, [kept](Call& call) { return count(kept, call); });
    for (const auto name : operation_names) {
        if (driver.operations.contains(name)) continue;
        driver.operations[std::string(name)] = change_blocking(
            loop, [kept](Call& call) { return before(kept, call); },
            [kept](Call& call, const Value&) { return act(kept, call); },
            [kept](Call& call, const Value&) { return look(kept, call); });
    }
    driver.operations["set"].restore = restore;
    driver.operations["unset"].restore = restore;
    return driver;
}

}  // namespace

extern constinit const DriverKind counting_kind = {
    .family = "counting",
    .name = "folder",
    .doc = "Counts acts in a file.",
    .settings = settings_table,
    .operations = operation_names,
    .make = make,
};

}  // namespace perilune

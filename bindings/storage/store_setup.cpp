// Setting a place up: create_bucket, set_versioning and abort_uploads.
#include "bindings/storage/store_handlers.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

Value exists_state(const ObjectStore& store) { return Value().set("exists", store.exists()); }

Result<Before> before_create(const ObjectStore& store, Call&) {
    Before before;
    before.state = exists_state(store);
    before.already_so = store.exists();
    before.result.set("changed", false);
    before.sign = '+';
    return before;
}

Outcome act_create(const ObjectStore& store, Call&, const Value& before) {
    if (const auto made = store.create(); !made) return Outcome::failed(made.error());
    return Outcome::done(Value().set("changed", !before["exists"].boolean()), exists_state(store));
}

Value show_versioning(const StoreSettings& settings) {
    Value shown;
    shown.set("state", settings.versioned ? "on" : "off");
    if (settings.keep_old_for_s > 0) shown.set("keep_old_for_s", settings.keep_old_for_s);
    return shown;
}

StoreSettings wanted_versioning(const Call& call) {
    return {.versioned = call.arguments["state"].text() == "on",
            .keep_old_for_s = call.arguments["keep_old_for"].number()};
}

Result<Before> before_versioning(const ObjectStore& store, Call& call) {
    const auto settings = store.settings();
    if (!settings) return settings.error();
    Before before;
    before.state = show_versioning(*settings);
    before.already_so = *settings == wanted_versioning(call);
    before.plan = before.state["state"].text() + " → " + call.arguments["state"].text();
    if (before.already_so)
        before.result.set("before", before.state).set("after", before.state).set("changed", false);
    return before;
}

Outcome act_versioning(const ObjectStore& store, Call& call, const Value& before) {
    const StoreSettings wanted = wanted_versioning(call);
    if (const auto set = store.set_settings(wanted, call.deadline_s); !set)
        return Outcome::failed(set.error());
    const Value after = show_versioning(wanted);
    Value result;
    result.set("before", before).set("after", after).set("changed", !(before == after));
    return Outcome::done(std::move(result), after);
}

std::optional<Restore> restore_versioning(const Call&, const Value& before, const Value&) {
    Value arguments;
    arguments.set("state", before["state"]).set("keep_old_for", before["keep_old_for_s"]);
    return Restore{"set_versioning", arguments};
}

Result<Before> before_abort(const ObjectStore& store, Call& call) {
    const auto found = store.sweep(call.arguments["older_than"].number(), Sweep::count);
    if (!found) return found.error();
    Before before;
    before.state.set("uploads", *found);
    before.already_so = *found == 0;
    before.result.set("uploads", 0).set("changed", false);
    before.sign = '-';
    return before;
}

Outcome act_abort(const ObjectStore& store, Call& call, const Value& before) {
    const auto removed = store.sweep(call.arguments["older_than"].number(), Sweep::remove);
    if (!removed) return Outcome::failed(removed.error());
    // After a crash a part is gone already: what was found at first is what this call removed.
    Value result;
    result.set("uploads", std::max(*removed, before["uploads"].number())).set("changed", true);
    return Outcome::done(std::move(result), Value().set("uploads", 0));
}

}  // namespace

void add_store_setup(Operations& operations, const std::shared_ptr<StorePlace>& place) {
    operations["create_bucket"] = change_of_store(place, before_create, act_create);
    operations["set_versioning"] =
        change_of_store(place, before_versioning, act_versioning, restore_versioning);
    operations["abort_uploads"] = change_of_store(place, before_abort, act_abort);
}

}  // namespace perilune

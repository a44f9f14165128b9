// What the file_store driver changes: versions and their stages, under the lock of the store.
#include <algorithm>

#include "bindings/secrets/secret_values.h"
#include "bindings/secrets/secrets_file.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

constexpr std::size_t rotated_bytes = 32;

// The secret as undo compares it: the stages of its versions. What is retired or deleted is as if
// it were not there, for taking back a new version can only retire it.
Value state_of(const std::string& name, const std::optional<StoredSecret>& secret) {
    Value state;
    state.set("name", name);
    if (!secret || secret->deleted) return state;
    Value stages = Map{};
    for (const auto& version : secret->versions)
        if (version.stage != "retired") stages.set(version.version, version.stage);
    return stages.map().empty() ? state : state.set("stages", std::move(stages));
}

bool adds_version(const Call& call) {
    return call.operation == "put" || call.operation == "generate" || call.operation == "rotate";
}

// The stage of the version that a call adds or moves.
std::string stage_of(const Call& call) {
    return call.operation == "rotate" ? "current" : call.arguments["stage"].text();
}

std::string current_of(const Value& state) {
    for (const auto& [version, stage] : state["stages"].map())
        if (stage.text() == "current") return version;
    return "";
}

Error not_found(const SecretStore& store, const Call& call) {
    const std::string& version = call.arguments["version"].text();
    return fail("not_found", call.operation + " on " + store.target() + ": there is no secret " +
                                 call.arguments["name"].text() +
                                 (version.empty() ? "" : " with a version " + version) + ".");
}

Value changed_version(const StoredSecret& secret, const StoredVersion& version, bool changed) {
    return version_value(secret, version).set("changed", changed);
}

// One change: alters the secret where it has to, and gives the result.
struct Change {
    std::optional<StoredSecret> secret;
    Value result;
    bool changed = false;
    bool adds = false;  // put and generate save by themselves, with the value.
};

Result<Change> stage_change(const SecretStore& store, const Call& call, StoredSecret secret) {
    StoredVersion* version = secret.find(call.arguments["version"].text());
    if (!version || secret.deleted) return not_found(store, call);
    const Value before = state_of(secret.name, secret);
    const bool retire = call.operation == "retire";
    const std::string stage = retire ? "retired" : stage_of(call);
    Change change;
    if (retire && version->stage == "current")
        return fail("in_use", "Version " + version->version + " of " + secret.name + " of " +
                                  store.target() +
                                  " is the current one and cannot be retired. "
                                  "Make another one current first.");
    change.changed = version->stage != stage;
    if (stage == "current") {
        if (change.changed)
            secret.set_current(version->version, call.arguments["old_stage"].text());
    } else {
        version->stage = stage;
    }
    if (retire) {
        change.result = changed_version(secret, *version, change.changed);
    } else {
        const std::string old = current_of(before);
        const std::string now = current_of(state_of(secret.name, secret));
        change.result.set("changed", change.changed);
        if (!old.empty()) change.result.set("before", old);
        if (!now.empty()) change.result.set("after", now);
    }
    change.secret = std::move(secret);
    return change;
}

Result<Change> deletion_change(const SecretStore& store, const Call& call,
                               std::optional<StoredSecret> secret) {
    Change change;
    const bool undelete = call.operation == "undelete";
    if (!secret && undelete) return not_found(store, call);
    change.changed = secret && secret->deleted == undelete;
    if (change.changed) secret->deleted = !undelete;
    if (undelete) change.result = info_value(*secret, wall_now_s());
    change.result.set("changed", change.changed);
    change.secret = std::move(secret);
    return change;
}

// What put and generate would add is not known without doing it: only that they add.
Result<Change> addition(SecretStore& store, const Call& call, std::optional<StoredSecret> secret) {
    Change change;
    change.secret = secret ? *secret : StoredSecret{.name = call.arguments["name"].text()};
    change.changed = true;
    change.adds = true;
    const bool replaces = call.operation == "put" && call.arguments["stage"].text() == "current";
    const bool live = secret && !secret->deleted && secret->current();
    if (!replaces || !live || secret->with_key(call.key)) return change;
    auto wanted = call.open_secret(call.arguments["value"]);
    if (!wanted) return wanted.error();
    auto held = store.fetch(secret->name, "");
    if (!held) return held.error();
    if (*wanted == *held) {
        change.changed = false;
        change.result = changed_version(*secret, *secret->current(), false);
    }
    wipe(*wanted);
    wipe(*held);
    return change;
}

Result<Change> plan_change(SecretStore& store, const Call& call,
                           std::optional<StoredSecret> secret) {
    if (call.operation == "rotate" && (!secret || secret->deleted)) return not_found(store, call);
    if (adds_version(call)) return addition(store, call, std::move(secret));
    if (call.operation == "delete" || call.operation == "undelete")
        return deletion_change(store, call, std::move(secret));
    if (!secret) return not_found(store, call);
    return stage_change(store, call, std::move(*secret));
}

Result<Before> read_before(SecretStore& store, const Call& call) {
    const std::string& name = call.arguments["name"].text();
    const auto secret = store.load(name);
    if (!secret) return secret.error();
    const auto change = plan_change(store, call, *secret);
    if (!change) return change.error();
    Before found;
    found.state = state_of(name, *secret);
    found.already_so = !change->changed;
    found.result = change->result;
    found.sign = change->adds ? '+' : call.operation == "delete" ? '-' : '~';
    return found;
}

Result<std::string> new_value(const SecretStore& store, const Call& call) {
    if (call.operation == "rotate") return store.make_value("random", rotated_bytes);
    if (call.operation == "generate")
        return store.make_value(call.arguments["kind"].text(),
                                static_cast<std::size_t>(call.arguments["length"].integer()));
    auto value = call.open_secret(call.arguments["value"]);
    if (value && value->empty())
        return fail("bad_argument", "The value for " + call.arguments["name"].text() +
                                        " is empty; an empty secret protects nothing.");
    return value;
}

// Adds the version, unless this very call has added it before a crash.
Result<Value> add_version(const SecretStore& store, const Call& call, StoredSecret& secret) {
    if (const StoredVersion* own = secret.with_key(call.key))
        return changed_version(secret, *own, true);
    auto value = new_value(store, call);
    if (!value) return value.error();
    if (secret.deleted) secret.set_current("", "previous");
    secret.deleted = false;
    const auto version = store.add(secret, *value, stage_of(call), call.key);
    wipe(*value);
    if (!version) return version.error();
    return changed_version(secret, *secret.find(*version), true);
}

Outcome act(SecretStore& store, const Call& call, const Value& before) {
    const auto lock = store.lock(call.deadline_s);
    if (!lock) return Outcome::failed(lock.error());
    const std::string& name = call.arguments["name"].text();
    const auto secret = store.load(name);
    if (!secret) return Outcome::failed(secret.error());
    auto change = plan_change(store, call, *secret);
    if (!change) return Outcome::failed(change.error());
    if (change->adds && change->changed) {
        auto added = add_version(store, call, *change->secret);
        if (!added) return Outcome::failed(added.error());
        return Outcome::done(*added, state_of(name, change->secret));
    }
    if (change->changed)
        if (const auto saved = store.save(*change->secret); !saved)
            return Outcome::failed(saved.error());
    const Value after = state_of(name, change->secret);
    // A repeat finds the world as asked, but it was this call that made it so.
    change->result.set("changed", change->changed || !(before == after));
    if (call.operation == "set_current") {
        const std::string old = current_of(before);
        change->result.set("before", old.empty() ? Value() : Value(old));
    }
    return Outcome::done(change->result, after);
}

// Whether a version carries the call's key.
Sighting look(const SecretStore& store, const Call& call) {
    Sighting sighting;
    const std::string& name = call.arguments["name"].text();
    const auto secret = store.load(name);
    if (!secret) {
        sighting.evidence = secret.error().message;
        return sighting;
    }
    const StoredVersion* own = *secret ? (*secret)->with_key(call.key) : nullptr;
    sighting.kind = own ? Sighting::Kind::happened : Sighting::Kind::did_not;
    sighting.evidence = own ? "Version " + own->version + " carries this intent's key."
                            : "No version of " + name + " carries this intent's key.";
    if (!own) return sighting;
    sighting.value = changed_version(**secret, *own, true);
    sighting.after = state_of(name, *secret);
    return sighting;
}

std::optional<Restore> restore(const Call& call, const Value& before, const Value& result) {
    if (result["changed"].is_boolean() && !result["changed"].boolean()) return std::nullopt;
    Value named;
    named.set("name", before["name"]);
    const std::string& done = call.operation;
    if (done == "delete") return Restore{"undelete", named};
    if (done == "undelete") return Restore{"delete", named};
    const bool adds = adds_version(call);
    const Value version = adds ? result["version"] : call.arguments["version"];
    if (version.is_nil()) return std::nullopt;
    const bool made_current = done != "retire" && stage_of(call) == "current";
    const std::string old_current = current_of(before);
    const Value& old_stage = before["stages"][version.text()];
    const std::string back = old_stage.is_nil() ? "retired" : old_stage.text();
    if (made_current && !old_current.empty())
        return Restore{"set_current", named.set("version", old_current).set("old_stage", back)};
    if (adds && !before.has("stages")) return Restore{"delete", named};
    if (adds && !made_current) return Restore{"retire", named.set("version", version)};
    // No version was current: this one goes back to the stage it had, a new one to previous.
    const std::string stage = back == "retired" ? "previous" : back;
    return Restore{"set_current", named.set("version", version).set("stage", stage)};
}

Handler change_of(Loop& loop, const SecretStorePointer& store) {
    return change_blocking(
        loop, [store](Call& call) { return read_before(*store, call); },
        [store](Call& call, const Value& before) { return act(*store, call, before); }, {},
        restore);
}

}  // namespace

void add_secret_changes(Driver& driver, Loop& loop, const SecretStorePointer& store) {
    for (const auto* name : {"put", "generate", "set_current", "retire", "delete", "undelete"})
        driver.operations[name] = change_of(loop, store);
}

void add_secret_rotation(Driver& driver, Loop& loop, const SecretStorePointer& store) {
    Handler& rotate = driver.operations["rotate"] = change_of(loop, store);
    const auto seen = [store](Call& call, const Value&) { return look(*store, call); };
    rotate.look = change_blocking(loop, {}, {}, seen).look;
}

}  // namespace perilune

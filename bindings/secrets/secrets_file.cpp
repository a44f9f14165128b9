// The file_store driver: its settings, how one is made, and what it reads.
#include "bindings/secrets/secrets_file.h"

#include <algorithm>

#include "bindings/secrets/secrets.h"
#include "interpreter/base/files.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

constexpr Setting settings[] = {
    {.name = "folder",
     .doc = "The folder of the store, made with mode 0700 where it is not there.",
     .identity = true},
};

constexpr std::string_view store_operations[] = {"describe",    "list",   "read",     "versions",
                                                 "due",         "put",    "generate", "retire",
                                                 "set_current", "delete", "undelete"};

Result<Value> describe(SecretStore& store, const Call& call) {
    const auto secret = store.load(call.arguments["name"].text());
    if (!secret) return secret.error();
    if (!*secret || (*secret)->deleted) return Value();
    return info_value(**secret, wall_now_s());
}

Result<Value> list_secrets(SecretStore& store, const Call& call) {
    const auto all = store.load_all();
    if (!all) return all.error();
    List listed;
    for (const auto& secret : *all)
        if (secret.name.starts_with(call.arguments["prefix"].text()))
            listed.push_back(info_value(secret, wall_now_s()));
    return Value(std::move(listed));
}

Result<Value> read_secret(SecretStore& store, const Call& call) {
    const std::string& name = call.arguments["name"].text();
    const std::string& version = call.arguments["version"].text();
    auto secret = store.load(name);
    if (!secret) return secret.error();
    if (!*secret || (*secret)->deleted) return Value();
    const StoredVersion* found = version.empty() ? (*secret)->current() : (*secret)->find(version);
    if (!found || found->stage == "retired") return Value();
    return secret_handle(name, store.target(), version);
}

Result<Value> list_versions(SecretStore& store, const Call& call) {
    const auto secret = store.load(call.arguments["name"].text());
    if (!secret) return secret.error();
    List listed;
    if (*secret && !(*secret)->deleted)
        for (auto version = (*secret)->versions.rbegin(); version != (*secret)->versions.rend();
             ++version)
            listed.push_back(version_value(**secret, *version));
    return Value(std::move(listed));
}

// The age the rule for a name allows: that of the longest prefix.
std::optional<double> allowed_age_s(const Value& rules, const std::string& name) {
    std::optional<double> allowed_s;
    std::size_t longest = 0;
    for (const auto& rule : rules.list()) {
        const std::string& prefix = rule["prefix"].text();
        if (!name.starts_with(prefix) || (allowed_s && prefix.size() < longest)) continue;
        longest = prefix.size();
        allowed_s = rule["older_than"].number();
    }
    return allowed_s;
}

Result<Value> due(SecretStore& store, const Call& call) {
    const auto all = store.load_all();
    if (!all) return all.error();
    List overdue;
    for (const auto& secret : *all) {
        const auto allowed_s = allowed_age_s(call.arguments["rules"], secret.name);
        Value info = info_value(secret, wall_now_s());
        const double overdue_s = info["age_s"].number() - allowed_s.value_or(0);
        if (allowed_s && info.has("age_s") && overdue_s > 0)
            overdue.push_back(info.set("overdue_s", overdue_s));
    }
    std::stable_sort(overdue.begin(), overdue.end(), [](const Value& left, const Value& right) {
        return left["overdue_s"].number() > right["overdue_s"].number();
    });
    return Value(std::move(overdue));
}

Result<Driver> make_file_store(const Settings& given, Services& services) {
    const std::string folder = path_below(given.folder, given.values["folder"].text());
    const auto store = std::make_shared<FolderSecretStore>(folder, given.target);
    Driver driver;
    add_secret_observes(driver, services.loop, store);
    add_secret_changes(driver, services.loop, store);
    driver.state = std::shared_ptr<SecretProvider>(store);
    return driver;
}

}  // namespace

Value info_value(const StoredSecret& secret, double now) {
    Value info;
    info.set("name", secret.name).set("changed_at", secret.changed_at);
    if (const StoredVersion* current = secret.current())
        info.set("version", current->version)
            .set("age_s", std::max(0.0, now - current->created_at));
    return info;
}

Value version_value(const StoredSecret& secret, const StoredVersion& version) {
    Value made;
    made.set("name", secret.name).set("version", version.version).set("stage", version.stage);
    return made.set("created_at", version.created_at);
}

Value secret_handle(const std::string& name, const std::string& target,
                    const std::string& version) {
    SecretTemplate handle = *make_secret(name, target).secret();
    handle.pieces[0].version = version;
    return Value(std::make_shared<const SecretTemplate>(std::move(handle)));
}

void add_secret_observes(Driver& driver, Loop& loop, const SecretStorePointer& store) {
    using Observe = Result<Value> (*)(SecretStore&, const Call&);
    const auto add = [&](const char* name, Observe observe) {
        driver.operations[name] =
            observe_blocking(loop, [store, observe](Call& call) { return observe(*store, call); });
    };
    add("describe", describe);
    add("list", list_secrets);
    add("read", read_secret);
    add("versions", list_versions);
    add("due", due);
}

const DriverKind secrets_file_kind = {
    .family = "secrets",
    .name = "file_store",
    .doc =
        "Secrets in a folder of this host that only its owner may enter, one file a version. "
        "What is deleted or retired is kept on the disk until somebody removes it there.",
    .settings = settings,
    .operations = store_operations,
    .make = make_file_store,
    .acts_in_host = true,
    .doctor_checks = "the folder (list)",
};

}  // namespace perilune

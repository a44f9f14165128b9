// The simulated target of secrets: the handlers of a store over one in memory, whose values no test
// sees but by their handles.
#include <algorithm>
#include <array>

#include "bindings/secrets/secret_values.h"
#include "bindings/secrets/secrets.h"
#include "bindings/secrets/secrets_file.h"

namespace perilune {

namespace {

constexpr std::string_view hexadecimal = "0123456789abcdef";
constexpr std::string_view password_signs =
    "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789-_.~";

// Its changes come one by one, on the loop of the simulated world.
class MemorySecretStore final : public SecretStore {
public:
    MemorySecretStore(const std::string& target, SimulatedWorld& world)
        : SecretStore(target), world_(world) {}

    Result<std::shared_ptr<void>> lock(double) const override {
        if (sealed_) return sealed();
        return std::shared_ptr<void>();
    }

    Result<std::optional<StoredSecret>> load(const std::string& name) const override {
        if (sealed_) return sealed();
        const auto found = secrets_.find(name);
        if (found == secrets_.end()) return std::optional<StoredSecret>();
        return std::optional(found->second);
    }

    Result<std::vector<StoredSecret>> load_all() const override {
        if (sealed_) return sealed();
        std::vector<StoredSecret> all;
        for (const auto& [name, secret] : secrets_)
            if (!secret.deleted) all.push_back(secret);
        return all;
    }

    Result<std::string> add(StoredSecret& secret, const std::string& value,
                            const std::string& stage, const std::string& key) const override {
        const std::string version = std::to_string(secret.versions.size() + 1);
        values_[secret.name + "\n" + version] = value;
        secret.versions.push_back(
            {.version = version, .stage = "pending", .created_at = wall_now_s(), .key = key});
        if (stage == "current") secret.set_current(version, "previous");
        if (const auto saved = save(secret); !saved) return saved.error();
        return version;
    }

    Status save(const StoredSecret& secret) const override {
        StoredSecret stamped = secret;
        stamped.changed_at = wall_now_s();
        secrets_.insert_or_assign(secret.name, std::move(stamped));
        return Done{};
    }

    // Of the world's chance: the same seed makes the same values. Keys are keys in form only.
    Result<std::string> make_value(const std::string& kind, std::size_t length) const override {
        if (kind == "random") return draw(hexadecimal, length * 2);
        if (kind == "password") return draw(password_signs, length);
        return "-----BEGIN PRIVATE KEY-----\n" + draw(password_signs, 64) +
               "\n-----END PRIVATE KEY-----\n";
    }

    Result<std::string> fetch(const std::string& name, const std::string& version) override {
        if (sealed_) return sealed();
        const auto found = secrets_.find(name);
        if (found == secrets_.end() || found->second.deleted)
            return fail("missing_secret",
                        "There is no secret " + name + " in the store of " + target() + ".");
        StoredSecret& secret = found->second;
        const StoredVersion* held = version.empty() ? secret.current() : secret.find(version);
        if (!held || held->stage == "retired")
            return fail("missing_secret", "The secret " + name + " in the store of " + target() +
                                              " has no such version in use.");
        ++opened_[name];
        return values_.at(name + "\n" + held->version);
    }

    Value look() const;
    Status put(const Value& arguments);
    Status make_older(const Value& arguments);
    Status forget(const Value& arguments);
    void seal(bool sealed) { sealed_ = sealed; }

private:
    Error sealed() const {
        return fail("store_sealed", "The store of " + target() + " is sealed.", Retry::safe);
    }
    std::string draw(std::string_view signs, std::size_t count) const {
        std::string drawn;
        while (drawn.size() < count)
            drawn += signs[static_cast<std::size_t>(world_.chance() *
                                                    static_cast<double>(signs.size()))];
        return drawn;
    }
    Error missing(const Value& arguments) const {
        return fail("not_found", "There is no secret " + arguments["name"].text() + ".");
    }

    SimulatedWorld& world_;
    bool sealed_ = false;
    mutable std::map<std::string, StoredSecret> secrets_;
    mutable std::map<std::string, std::string> values_;  // By name and version.
    std::map<std::string, double> opened_;               // How often each was opened.
};

Value MemorySecretStore::look() const {
    Value all, opened;
    all.as_map();
    opened.as_map();
    for (const auto& [name, secret] : secrets_) {
        Value stages, one = info_value(secret, wall_now_s());
        stages.as_map();
        for (const auto& version : secret.versions) stages.set(version.version, version.stage);
        all.set(name,
                one.set("name", Value()).set("deleted", secret.deleted).set("stages", stages));
    }
    for (const auto& [name, count] : opened_) opened.set(name, count);
    return Value().set("secrets", all).set("opened", opened).set("sealed", sealed_);
}

// Somebody else puts a value there.
Status MemorySecretStore::put(const Value& arguments) {
    const std::string& name = arguments["name"].text();
    if (name.empty() || !arguments["value"].is_text())
        return fail("bad_argument", "put needs a name, and a value that is text.");
    const auto found = secrets_.find(name);
    StoredSecret secret = found == secrets_.end() ? StoredSecret{.name = name} : found->second;
    if (secret.deleted) secret.set_current("", "previous");
    secret.deleted = false;
    const std::string stage =
        arguments.has("stage") ? arguments["stage"].text() : std::string("current");
    const auto added = add(secret, arguments["value"].text(), stage, "");
    return added ? Status(Done{}) : Status(added.error());
}

Status MemorySecretStore::make_older(const Value& arguments) {
    const auto found = secrets_.find(arguments["name"].text());
    if (found == secrets_.end()) return missing(arguments);
    for (auto& version : found->second.versions) version.created_at -= arguments["by_s"].number();
    found->second.changed_at -= arguments["by_s"].number();
    return Done{};
}

// The store has lost it for good.
Status MemorySecretStore::forget(const Value& arguments) {
    const std::string& name = arguments["name"].text();
    if (secrets_.erase(name) == 0) return missing(arguments);
    std::erase_if(values_, [&](const auto& held) { return held.first.starts_with(name + "\n"); });
    return Done{};
}

class SimulatedSecrets final : public SimulatedTarget {
public:
    SimulatedSecrets(const Settings& settings, SimulatedWorld& world)
        : store_(std::make_shared<MemorySecretStore>(settings.target, world)) {}

    Driver make_driver(Services& services) override {
        Driver driver;
        add_secret_observes(driver, services.loop, store_);
        add_secret_changes(driver, services.loop, store_);
        add_secret_rotation(driver, services.loop, store_);
        driver.state = std::shared_ptr<SecretProvider>(store_);
        return driver;
    }

    Value look() override { return store_->look(); }

    std::vector<std::string_view> controls() const override {
        return {"put", "make_older", "forget", "seal", "unseal"};
    }

    Result<Value> control(std::string_view name, const Value& arguments) override {
        Status done = Done{};
        if (name == "put")
            done = store_->put(arguments);
        else if (name == "make_older")
            done = store_->make_older(arguments);
        else if (name == "forget")
            done = store_->forget(arguments);
        else if (name == "seal" || name == "unseal")
            store_->seal(name == "seal");
        else
            return unknown_control(name, controls());
        if (!done) return done.error();
        return look();
    }

private:
    std::shared_ptr<MemorySecretStore> store_;
};

std::unique_ptr<SimulatedTarget> make(const Settings& settings, SimulatedWorld& world) {
    return std::make_unique<SimulatedSecrets>(settings, world);
}

}  // namespace

const SimulatedKind simulated_secrets = {.family = "secrets", .make = make};

}  // namespace perilune

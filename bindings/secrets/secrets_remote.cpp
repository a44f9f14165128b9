// Secret stores behind a provider's API: what opens the handles that their `read` gives.
//
// A provider's file has the function `value { name, version? }`, which gives a handle to the value
// as the provider's answer held it, or nil. Its operations are its own.
#include <map>
#include <mutex>

#include "bindings/secrets/provider.h"
#include "bindings/secrets/secrets.h"
#include "interpreter/base/http_client.h"

namespace perilune {

namespace {

constexpr double fetch_within_s = 30;

// Asks on a loop of its own, so that whoever needs a value may block, the host's loop included.
class RemoteSecrets final : public SecretProvider {
public:
    // Of the Remote it keeps no more than this: handles are opened for as long as the host has
    // anything to open, and the driver's own process ends before.
    RemoteSecrets(const Remote& remote, std::string target, const Services& services)
        : elsewhere_(remote.elsewhere),
          target_(std::move(target)),
          open_secret_(services.open_secret),
          keep_secret_(services.keep_secret) {}

    Result<std::string> fetch(const std::string& name, const std::string& version) override {
        const std::lock_guard guard(mutex_);
        if (fetching_)
            return fail("missing_secret", "The credentials of " + target_ +
                                              " would have to be fetched from itself. Take them "
                                              "from another provider.");
        fetching_ = true;
        auto value = ask(name, version);
        fetching_ = false;
        return value;
    }

private:
    Result<std::string> ask(const std::string& name, const std::string& version) {
        const auto loop = Loop::make();
        const auto http = HttpClient::make(*loop);
        std::map<std::string, std::string> kept;  // What the answer held, by its handle's name.
        Services services{.loop = *loop};
        services.http = http.get();
        services.open_secret = open_secret_;
        // The host keeps them too: it opens a token for the next request, and masks what it knows.
        services.keep_secret = [&](const std::string& handle, const std::string& value) {
            kept[handle] = value;
            return keep_secret_ ? keep_secret_(handle, value) : make_secret(handle, "(fetched)");
        };
        Call call;
        call.operation = "read";
        call.target = target_;
        call.deadline_s = boot_now_s() + fetch_within_s;
        call.open_secret = open_secret_;
        const Remote remote = elsewhere_(services);
        Value asked;
        asked.set("name", name).set("version", version.empty() ? Value() : Value(version));
        Result<Value> told = fail("missing_secret", "");
        loop->post([&] {
            start_task(remote.read(call, "value", asked), [&](Result<Value> answer) {
                told = std::move(answer);
                loop->stop();
            });
        });
        loop->run();
        if (!told) return told.error();
        if (told->is_secret())
            if (const auto found = kept.find(told->secret()->pieces[0].name); found != kept.end())
                return found->second;
        return fail("missing_secret", "There is no secret " + name + " in " + target_ +
                                          (version.empty() ? "" : " with a version " + version) +
                                          ".");
    }

    std::function<Remote(Services&)> elsewhere_;
    std::string target_;
    std::function<Result<std::string>(const Value&)> open_secret_;
    std::function<Value(const std::string&, const std::string&)> keep_secret_;
    std::recursive_mutex mutex_;
    bool fetching_ = false;
};

void add_provider(Driver& driver, const Remote& remote, const Settings& settings,
                  Services& services) {
    // The handlers keep the driver itself alive.
    driver.state = std::shared_ptr<SecretProvider>(
        std::make_shared<RemoteSecrets>(remote, settings.target, services));
}

constexpr std::string_view functions[] = {"value"};

}  // namespace

constinit const FamilyRules secrets_rules = {.family = "secrets",
                                             .functions = functions,
                                             .operations = {},
                                             .features = {},
                                             .add = add_provider};

}  // namespace perilune

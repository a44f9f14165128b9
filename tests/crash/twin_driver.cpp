// Drivers named `twin` for the families of the design page's runbook: each change is counted, and
// each observe answers as after a failover that went well.
#include "bindings/database/database.h"
#include "bindings/deploy/deploy.h"
#include "bindings/dns/dns.h"
#include "interpreter/base/files.h"
#include "interpreter/base/sync_point.h"
#include "tests/crash/counting_store.h"
#include "tests/crash/twin.h"

namespace perilune {

namespace {

using Kept = std::shared_ptr<CountingStore>;

constexpr double replayed_at = 1767225540;  // A minute before 2026.

constexpr Setting settings_table[] = {
    {.name = "folder", .doc = "Where changes are counted.", .identity = true},
};

constexpr std::string_view database_names[] = {"lag", "wait_writable", "fence", "promote"};
constexpr std::string_view deploy_names[] = {"wait_healthy", "endpoint", "scale"};
constexpr std::string_view dns_names[] = {"resolves", "upsert"};

Result<Value> observe(const Kept& kept, Call& call) {
    if (call.operation == "lag") return Value().set("replayed_at", replayed_at);
    if (call.operation == "endpoint") return Value("web-dr.example.");
    if (call.operation == "resolves") return Value(kept->value("upsert").has_value());
    return Value(Map{});
}

Outcome act(const Kept& kept, Call& call) {
    const std::string fault = kept->take_fault(call.operation);
    if (fault == "fail")
        return Outcome::failed(fail("unreachable", call.target + " could not be reached."));
    sync_point("before act");
    kept->commit(call.operation, call.target, call.key);
    kept->keep(call.operation, call.target);
    sync_point("after act");
    return Outcome::done(Value().set("changed", true));
}

Result<Driver> make(const Settings& settings, Services& services) {
    const std::string folder = path_below(settings.folder, settings.values["folder"].text());
    if (const auto made = make_folders(folder, 0700); !made) return made.error();
    const auto kept = std::make_shared<CountingStore>(folder);
    Driver driver;
    driver.state = kept;
    for (const auto name : {"lag", "wait_writable", "wait_healthy", "endpoint", "resolves"})
        driver.operations[name] =
            observe_blocking(services.loop, [kept](Call& call) { return observe(kept, call); });
    for (const auto name : {"fence", "promote", "scale", "upsert"})
        driver.operations[name] = change_blocking(
            services.loop, [](Call&) { return Before(); },
            [kept](Call& call, const Value&) { return act(kept, call); },
            [kept](Call& call, const Value&) {
                Sighting seen;
                seen.kind = Sighting::Kind::did_not;
                for (const auto& done : kept->acts())
                    if (done.key == call.key) seen.kind = Sighting::Kind::happened;
                seen.value.set("changed", true);
                return seen;
            });
    return driver;
}

constexpr DriverKind twin(std::string_view family, std::span<const std::string_view> names) {
    return {.family = family,
            .name = "twin",
            .doc = "Counts changes.",
            .settings = settings_table,
            .operations = names,
            .make = make};
}

}  // namespace

extern constinit const DriverKind database_twin_kind = twin("database", database_names);
extern constinit const DriverKind deploy_twin_kind = twin("deploy", deploy_names);
extern constinit const DriverKind dns_twin_kind = twin("dns", dns_names);

}  // namespace perilune

// The simulated target of deploy: what tests see of it, and do to it from outside.
#include <cmath>

#include "bindings/deploy/deploy.h"
#include "bindings/deploy/simulated_deploy.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/simulated_service.h"

namespace perilune {

namespace {

class SimulatedDeploy final : public SimulatedTarget, public SimulatedService {
public:
    explicit SimulatedDeploy(const Settings& settings) : app_(settings) {}

    Driver make_driver(Services& services) override {
        Driver driver;
        add_simulated_observes(driver.operations, app_);
        add_simulated_waits(driver.operations, app_, services.loop);
        add_simulated_releases(driver.operations, app_);
        add_simulated_promotions(driver.operations, app_, services.loop);
        add_simulated_controls(driver.operations, app_, services.loop);
        add_simulated_environment(driver.operations, app_);
        add_simulated_network(driver.operations, app_);
        return driver;
    }

    Value look() override;
    Result<Value> control(std::string_view name, const Value& arguments) override;
    std::vector<std::string_view> controls() const override {
        std::vector<std::string_view> names;
        for (const auto& [name, function] : table()) names.push_back(name);
        return names;
    }
    ServiceSight meet(double chance) override;

private:
    using Control = Status (*)(SimulatedApp&, SimulatedSlot&, const Value&);
    static const std::map<std::string_view, Control>& table();

    SimulatedApp app_;
};

Value names_of(const auto& map) {
    List names;
    for (const auto& [name, held] : map) names.emplace_back(name);
    return Value(std::move(names));
}

Value SimulatedDeploy::look() {
    app_.settle();
    const SimulatedSlot* most = &app_.slots.front();
    List releases;
    Value slots, traffic;
    traffic.as_map();
    for (const auto& slot : app_.slots) {
        if (slot.percent > most->percent) most = &slot;
        for (const auto& release : slot.state.releases)
            releases.push_back(app_.release(slot, release));
        if (!app_.has_slots()) continue;
        slots.set(slot.name, app_.app(slot));
        traffic.set(slot.name, slot.percent);
    }
    Value seen = app_.app(*most);
    seen.set("traffic", traffic).set("slots", slots).set("releases", std::move(releases));
    seen.set("env", names_of(app_.variables)).set("artifacts", names_of(app_.artifacts));
    seen.set("rules", app_.rules).set("autoscaling", app_.scaling.on ? "on" : "off");
    if (!app_.maintenance.maintenance_message.empty())
        seen.set("maintenance_message", app_.maintenance.maintenance_message);
    return seen.set("memory_bytes", app_.scaling.memory_bytes).set("cpus", app_.scaling.cpus);
}

ServiceSight SimulatedDeploy::meet(double chance) {
    app_.settle();
    const SimulatedSlot& slot = app_.slot_at(chance);
    ServiceSight sight;
    const Value app = app_.app(slot);
    sight.about = Value(Map());
    for (const char* name : {"version", "release_id"}) sight.about.set(name, app[name]);
    if (app_.has_slots()) sight.about.set("slot", slot.name);
    if (!slot.state.running || app_.rules != everybody()) return sight;
    sight.kind = app["instances_healthy"].number() > 0 ? ServiceSight::Kind::serves
                                                       : ServiceSight::Kind::unhealthy;
    if (!app_.maintenance.maintenance) return sight;
    sight.kind = ServiceSight::Kind::maintenance;
    sight.about.set("message", app_.maintenance.maintenance_message);
    return sight;
}

Status wrong(const std::string& message) { return fail("bad_argument", message); }

Status put_artifact(SimulatedApp& app, SimulatedSlot&, const Value& arguments) {
    const std::string& version = arguments["version"].text();
    if (version.empty()) return wrong("put_artifact needs a version.");
    const std::string content = arguments.has("content") ? arguments["content"].text() : version;
    SimulatedArtifact& artifact = app.artifacts[version];
    artifact.digest = to_hex(sha256(content));
    artifact.size_bytes = arguments.has("size_bytes") ? arguments["size_bytes"].number() : 1 << 20;
    artifact.built_at = wall_now_s();
    artifact.broken = arguments["broken"].boolean();
    return Done{};
}

Status set_broken(SimulatedApp& app, const Value& arguments, bool broken) {
    const auto found = app.artifacts.find(arguments["version"].text());
    if (found == app.artifacts.end())
        return fail("not_found", "There is no artifact " + arguments["version"].text() +
                                     ": give it with put_artifact first.");
    found->second.broken = broken;
    return Done{};
}

Status serve(SimulatedApp& app, SimulatedSlot& slot, const Value& arguments) {
    if (!app.artifacts.contains(arguments["version"].text()))
        if (const auto put = put_artifact(app, slot, arguments); !put) return put;
    if (arguments.has("instances"))
        slot.state.instances = static_cast<int>(arguments["instances"].integer());
    app.serve_at_once(slot, arguments["version"].text());
    return Done{};
}

// How long instances take to become healthy, or that those that run are not.
Status set_health(SimulatedApp& app, SimulatedSlot& slot, const Value& arguments) {
    if (arguments.has("after_s")) app.healthy_after_s = arguments["after_s"].number();
    if (arguments["healthy"].is_boolean()) slot.unhealthy = !arguments["healthy"].boolean();
    return Done{};
}

Status set_demand(SimulatedApp& app, SimulatedSlot& slot, const Value& arguments) {
    if (!app.scaling.on) return Done{};
    const auto wanted = static_cast<int>(arguments["instances"].integer());
    app.scale(slot, std::clamp(wanted, app.scaling.instances_min, app.scaling.instances_max));
    return Done{};
}

Status write_log(SimulatedApp& app, SimulatedSlot& slot, const Value& arguments) {
    const std::string source =
        arguments.has("source") ? arguments["source"].text() : std::string("instance 1");
    app.log(slot, wall_now_s(), arguments["text"].text(), source);
    return Done{};
}

const std::map<std::string_view, SimulatedDeploy::Control>& SimulatedDeploy::table() {
    static const std::map<std::string_view, Control> controls = {
        {"put_artifact", put_artifact},
        {"break_version", [](SimulatedApp& app, SimulatedSlot&,
                             const Value& arguments) { return set_broken(app, arguments, true); }},
        {"mend_version", [](SimulatedApp& app, SimulatedSlot&,
                            const Value& arguments) { return set_broken(app, arguments, false); }},
        {"serve", serve},
        {"fail",
         [](SimulatedApp& app, SimulatedSlot& slot, const Value& arguments) -> Status {
             const bool some = arguments.has("instances");
             app.fail(slot, some ? static_cast<int>(arguments["instances"].integer()) : -1);
             return Done{};
         }},
        {"recover",
         [](SimulatedApp& app, SimulatedSlot& slot, const Value&) -> Status {
             app.recover(slot);
             return Done{};
         }},
        {"set_health", set_health},
        {"set_capacity",
         [](SimulatedApp& app, SimulatedSlot&, const Value& arguments) -> Status {
             const bool some = arguments.has("instances");
             app.set_capacity(some ? static_cast<int>(arguments["instances"].integer()) : -1);
             return Done{};
         }},
        {"set_demand", set_demand},
        {"land_rollback_on",
         [](SimulatedApp&, SimulatedSlot& slot, const Value& arguments) -> Status {
             slot.lands_on = arguments["version"].text();
             return Done{};
         }},
        {"set_draining",
         [](SimulatedApp& app, SimulatedSlot&, const Value& arguments) -> Status {
             app.drains_within_s = arguments["within_s"].number();
             return Done{};
         }},
        {"log", write_log},
    };
    return controls;
}

Result<Value> SimulatedDeploy::control(std::string_view name, const Value& arguments) {
    const auto found = table().find(name);
    if (found == table().end()) return unknown_control(name, controls());
    app_.settle();
    // Without a slot, all that has slots is meant: a place fails as a whole.
    for (auto& slot : app_.slots) {
        if (arguments.has("slot") && slot.name != arguments["slot"].text()) continue;
        const auto done = found->second(app_, slot, arguments);
        if (!done) return done.error();
    }
    if (arguments.has("slot"))
        if (const auto slot = app_.slot_named(arguments["slot"].text()); !slot) return slot.error();
    return look();
}

std::unique_ptr<SimulatedTarget> make(const Settings& settings, SimulatedWorld&) {
    return std::make_unique<SimulatedDeploy>(settings);
}

}  // namespace

const SimulatedKind simulated_deploy = {.family = "deploy", .make = make};

}  // namespace perilune

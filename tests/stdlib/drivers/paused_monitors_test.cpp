// The drivers for Better Stack's monitors and heartbeats and for UptimeRobot's monitors against
// their doubles.
#include <algorithm>

#include <doctest/doctest.h>

#include "bindings/metrics/metrics.h"
#include "interpreter/base/json.h"
#include "tests/interpreter/driver/lua_rig.h"
#include "tests/support/metrics_conformance.h"
#include "tests/support/record_conformance.h"

namespace perilune::test {

namespace {

// How a provider shows what it watches, and what pauses one.
struct Provider {
    std::string name, key, watches, method, path;
    std::function<Value(int id, const std::string& name, const std::string& state)> monitor;
    Value refusal;
};

const Provider betterstack = {
    .name = "betterstack",
    .key = "token",
    .watches = "monitors",
    .method = "PATCH",
    .path = "/monitors/",
    .monitor =
        [](int id, const std::string& name, const std::string& state) {
            const std::string status = state == "firing" ? "down" : state == "ok" ? "up" : state;
            return fields("id", std::to_string(id), "type", "monitor", "attributes",
                          fields("pronounceable_name", name, "url", "https://x.example", "status",
                                 status, "paused", status == "paused"));
        },
    .refusal = fields("errors", fields("paused", List{"Not like this"}))};

const Provider heartbeats = {
    .name = "betterstack",
    .key = "token",
    .watches = "heartbeats",
    .method = "PATCH",
    .path = "/heartbeats/",
    .monitor =
        [](int id, const std::string& name, const std::string& state) {
            const std::string status = state == "firing" ? "down" : state == "ok" ? "up" : state;
            return fields("id", std::to_string(id), "type", "heartbeat", "attributes",
                          fields("name", name, "url", "https://x.example/canary-of-the-address",
                                 "status", status, "paused", status == "paused"));
        },
    .refusal = betterstack.refusal};

const Provider uptimerobot = {
    .name = "uptimerobot",
    .key = "api_key",
    .watches = "monitors",
    .method = "POST",
    .path = "/editMonitor$",
    .monitor =
        [](int id, const std::string& name, const std::string& state) {
            const int status = state == "firing" ? 9 : state == "ok" ? 2 : 0;
            return fields("id", 777000000 + id, "friendly_name", name, "status", status);
        },
    .refusal = fields("error", fields("message", "Not like this"))};

struct Place {
    explicit Place(const Provider& of)
        : provider(of),
          double_(of.name),
          rig(metrics_family, builtin_kind("metrics", of.name), "metrics/site") {
        rig.secrets = {{"KEY", Double::token}, {"BEAT", Double::token}};
        Value settings = fields("url", double_.url(), of.key, make_secret("KEY"));
        if (of.name == "betterstack")
            settings.set("heartbeats", fields("nightly", make_secret("BEAT")))
                .set("watches", of.watches);
        REQUIRE(rig.make(settings).ok());
        set_monitors({{"errors", "ok"}});
    }
    void set_monitors(const std::vector<std::pair<std::string, std::string>>& all) {
        List monitors;
        for (const auto& [name, state] : all)
            monitors.push_back(
                provider.monitor(static_cast<int>(monitors.size()) + 1, name, state));
        double_.set_state(fields(provider.watches, monitors));
    }
    List paused() const {
        List found;
        const Value state = double_.state();
        for (const auto& one : state[provider.watches].list()) {
            if (provider.name == "uptimerobot" && one["status"].integer() == 0)
                found.push_back(one["friendly_name"]);
            if (one["attributes"]["status"].is_text() &&
                one["attributes"]["status"].text() == "paused")
                found.push_back(
                    one["attributes"]
                       [one["type"].text() == "heartbeat" ? "name" : "pronounceable_name"]);
        }
        return found;
    }

    const Provider& provider;
    Double double_;
    DriverRig rig;
};

Value silence(const List& monitors) {
    return fields("monitors", monitors, "during", "10m", "reason", "the failover");
}

}  // namespace

TEST_CASE("places_that_pause_monitors_conform_to_the_metrics_family") {
    if (!has_doubles()) return;
    for (const auto* provider : {&betterstack, &heartbeats, &uptimerobot}) {
        CAPTURE(provider->name);
        CAPTURE(provider->watches);
        check_metrics_conformance([provider] {
            const auto place = std::make_shared<Place>(*provider);
            return MetricsSubject{.rig = {place, &place->rig},
                                  .set_alarm =
                                      [place](const std::string& state) {
                                          place->set_monitors({{"errors", state}});
                                      },
                                  .place = place};
        });
        check_silence_conformance([provider] {
            const auto place = std::make_shared<Place>(*provider);
            return ChangeSubject{
                .rig = {place, &place->rig},
                .faults = &place->double_,
                .operation = "silence",
                .arguments = silence({"errors"}),
                .method = provider->method,
                .path = provider->path,
                .refusal = provider->refusal,
                .made = [place] { return static_cast<int>(place->paused().size()); },
                .place = place};
        });
    }
}

TEST_CASE("a_pause_ends_only_what_it_paused_itself_on_every_page") {
    if (!has_doubles()) return;
    for (const auto* provider : {&betterstack, &heartbeats, &uptimerobot}) {
        CAPTURE(provider->name);
        CAPTURE(provider->watches);
        Place place(*provider);
        std::vector<std::pair<std::string, std::string>> all = {{"web-1", "ok"},
                                                                {"web-2", "paused"}};
        for (int i = 0; i < 60; ++i) all.emplace_back("other-" + std::to_string(i), "ok");
        all.emplace_back("web-3", "firing");
        place.set_monitors(all);
        const Changed made = place.rig.change("silence", silence({"web-*"}));
        REQUIRE_MESSAGE(made.done(), made.error().message);
        CHECK(place.paused().size() == 3);
        CHECK(from_json(made.outcome.value["silence_id"].text())->list().size() == 2);
        CHECK(place.rig.change("silence", silence({"web-*"})).before.already_so);
        REQUIRE(place.rig.undo("silence", silence({"web-*"}), made).done());
        CHECK(place.paused() == List{"web-2"});
        CHECK(place.rig.change("silence", silence({"mail"})).error().code == "not_found");
        CHECK(place.rig.change("silence", silence({})).error().code == "bad_argument");
    }
}

TEST_CASE("a_beat_says_how_the_job_went_and_shows_no_token") {
    if (!has_doubles()) return;
    Place place(betterstack);
    const auto beat = [&](const std::string& name, const std::string& state) {
        return place.rig.change("beat", fields("heartbeat", name, "state", state));
    };
    const Changed well = beat("nightly", "ok");
    REQUIRE_MESSAGE(well.done(), well.error().message);
    REQUIRE(beat("nightly", "failed").done());
    CHECK(place.double_.state()["beats"] == Value(List{"ok", "failed"}));
    CHECK(beat("weekly", "ok").error().code == "unknown_heartbeat");
    place.double_.fault({.method = "POST", .path = "/heartbeat/"});
    CHECK(beat("nightly", "ok").kind() == "unknown");
    place.double_.fault(throttled("POST", "/heartbeat/"));
    CHECK(beat("nightly", "ok").kind() == "not_sent");
    place.rig.secrets["BEAT"] = "canary-of-the-heartbeat";
    const Changed refused = beat("nightly", "ok");
    CHECK(refused.kind() == "failed");
    CHECK(refused.error().code == "not_found");
    CHECK(to_json(refused.error().to_value()).find("canary") == std::string::npos);
}

TEST_CASE("a_heartbeat_that_was_never_heard_is_unknown_and_its_address_is_shown_to_nobody") {
    if (!has_doubles()) return;
    Place place(heartbeats);
    place.set_monitors({{"payouts", "pending"}, {"reminders", "firing"}, {"cleanup", "paused"}});
    const auto alarms = place.rig.observe("alarms", fields());
    REQUIRE_MESSAGE(alarms.ok(), (alarms.ok() ? "" : alarms.error().message));
    const auto alarm = [](const std::string& name, const std::string& state) {
        return fields("name", name, "state", state);
    };
    CHECK(*alarms == Value(List{alarm("cleanup", "unknown"), alarm("payouts", "unknown"),
                                alarm("reminders", "firing")}));
    const Changed made = place.rig.change("silence", silence({"reminders"}));
    REQUIRE_MESSAGE(made.done(), made.error().message);
    for (const auto& told : {*alarms, made.before.state, made.outcome.value, made.outcome.after})
        CHECK(to_json(told).find("canary") == std::string::npos);
    const auto kept = place.rig.secrets;
    CHECK(std::ranges::any_of(
        kept, [](const auto& secret) { return secret.second.ends_with("canary-of-the-address"); }));
}

TEST_CASE("what_uptimerobot_refuses_inside_a_good_answer_is_seen") {
    if (!has_doubles()) return;
    Place place(uptimerobot);
    place.double_.fault({.kind = Fault::Kind::answer,
                         .path = "/editMonitor$",
                         .status = 200,
                         .body = fields("stat", "fail", "error",
                                        fields("type", "x", "message", "Not on this plan"))});
    const Changed refused = place.rig.change("silence", silence({"errors"}));
    CHECK(refused.kind() == "failed");
    CHECK(refused.error().message.find("Not on this plan") != std::string::npos);
    CHECK(place.paused().empty());
}

}  // namespace perilune::test

// Simulated sites: the family's suite, an app behind a site, and answers told beforehand.
#include <doctest/doctest.h>

#include "bindings/http/http.h"
#include "interpreter/base/simulated_service.h"
#include "tests/support/http_conformance.h"

namespace perilune::test {

namespace {

const std::string shop = "http/shop";

Value told(const Reply& reply) {
    Value headers;
    headers.as_map();
    for (const auto& [name, value] : reply.headers) headers.set(name, value);
    return fields("path", "*", "status", reply.status, "body", reply.body, "headers", headers);
}

// A target that serves as it is told.
class Service final : public SimulatedTarget, public SimulatedService {
public:
    Driver make_driver(Services&) override { return {}; }
    Value look() override { return {}; }
    Result<Value> control(std::string_view name, const Value&) override {
        return unknown_control(name, {});
    }
    std::vector<std::string_view> controls() const override { return {}; }
    ServiceSight meet(double) override { return sight; }

    ServiceSight sight{.kind = ServiceSight::Kind::serves, .about = Value().set("version", "v1")};
};

struct Site : SimulatedStage {
    explicit Site(Value settings = {}) { add(simulated_http, shop, std::move(settings)); }
    Service& add_app(const std::string& target = "deploy/web") {
        auto made = std::make_unique<Service>();
        Service& service = *made;
        world.add(target, std::move(made));
        return service;
    }
    DriverRig host() { return {http_family, *this, shop}; }
    Value tell(std::string_view name, const Value& arguments = {}) {
        return control(shop, name, arguments);
    }
    double count(const std::string& path) { return look(shop)["requests"][path].number(); }
};

}  // namespace

TEST_CASE("the_simulated_site_conforms_to_the_http_family") {
    check_http_conformance([] {
        const auto site = std::make_shared<Site>();
        const auto rig = std::make_shared<DriverRig>(http_family, *site, shop);
        return HttpSubject{
            .rig = rig,
            .reply = [site](const Reply& reply) { site->tell("answer", told(reply)); },
            .count =
                [site] {
                    const double all = site->look(shop)["count"].number();
                    return static_cast<std::size_t>(all);
                },
            .service = site};
    });
}

TEST_CASE("a_site_answers_as_the_app_behind_it_is") {
    Site site;
    Service& app = site.add_app();
    DriverRig rig = site.host();
    const Value health = fields("path", "/health");
    const auto got = rig.observe("get", health);
    REQUIRE(got.ok());
    CHECK((*got)["json"]["version"].text() == "v1");
    app.sight.kind = ServiceSight::Kind::maintenance;
    CHECK(rig.observe("get", health).error().detail["json"]["status"].text() == "maintenance");
    app.sight.kind = ServiceSight::Kind::unhealthy;
    CHECK(rig.observe("get", health).error().detail["status"].number() == 503);
    CHECK(rig.change("post", fields("path", "/orders")).kind() == "unknown");
    app.sight.kind = ServiceSight::Kind::refused;
    CHECK(rig.observe("get", health).error().code == "refused");
    CHECK(rig.change("post", fields("path", "/orders")).kind() == "not_sent");
    CHECK(site.count("/health") == 3);
    CHECK(site.count("/orders") == 1);
    CHECK_FALSE(site.look(shop)["executed"].has("POST /orders"));
}

TEST_CASE("a_wait_goes_on_until_the_app_behind_is_well") {
    Site site;
    Service& app = site.add_app();
    DriverRig rig = site.host();
    rig.timeout_s = 3600;
    app.sight.kind = ServiceSight::Kind::unhealthy;
    rig.loop().start_timer(boot_now_s() + 100,
                           [&] { app.sight.kind = ServiceSight::Kind::serves; });
    const double began_s = boot_now_s();
    const Value call = fields("path", "/health", "every", 10, "times", 3, "within", "10m");
    REQUIRE(rig.observe("wait_ok", call).ok());
    CHECK(boot_now_s() - began_s >= 120);
    CHECK(site.count("/health") == 13);
    app.sight.kind = ServiceSight::Kind::refused;
    CHECK(rig.observe("wait_ok", call).error().code == "timed_out");
}

TEST_CASE("which_app_stands_behind_is_told_where_there_are_several") {
    Site site;
    site.add_app("deploy/web").sight.about.set("version", "west");
    site.add_app("deploy/web-dr").sight.about.set("version", "east");
    DriverRig rig = site.host();
    const auto version = [&] {
        return (*rig.observe("get", fields("path", "/")))["json"]["version"].text();
    };
    CHECK(version().empty());
    site.tell("behind", fields("deploy", "web"));
    CHECK(version() == "west");
    site.tell("behind", fields("target", "deploy/web-dr"));
    CHECK(version() == "east");
    const auto wrong = site.world.find(shop)->control("behind", fields("deploy", "none"));
    CHECK(wrong.error().code == "no_target");
}

TEST_CASE("answers_are_given_in_their_order_as_often_as_told_and_late") {
    Site site;
    DriverRig rig = site.host();
    site.tell("answer", fields("path", "/jobs", "status", 202, "times", 1));
    site.tell("answer", fields("path", "/jobs", "json", fields("state", "done"), "after_s", 5));
    site.tell("answer", fields("path", "/api/*", "status", 404));
    CHECK((*rig.observe("get", fields("path", "/jobs")))["status"].number() == 202);
    const double began_s = boot_now_s();
    const auto late = rig.observe("get", fields("path", "/jobs", "query", fields("id", "7")));
    REQUIRE(late.ok());
    CHECK((*late)["json"]["state"].text() == "done");
    CHECK(boot_now_s() - began_s >= 5);
    CHECK(rig.observe("check", fields("path", "/jobs", "latency_max", "1s")).error().code ==
          "check_failed");
    CHECK(rig.observe("get", fields("path", "/api/x")).error().detail["status"].number() == 404);
    CHECK(rig.observe("get", fields("path", "/else")).ok());
    site.tell("answer", fields("path", "/slow", "after_s", 3600));
    CHECK(rig.observe("get", fields("path", "/slow")).error().code == "timed_out");
    CHECK(rig.change("put", fields("path", "/slow")).kind() == "unknown");
    site.tell("forget");
    CHECK(rig.observe("get", fields("path", "/slow")).ok());
}

TEST_CASE("a_request_with_a_key_takes_effect_once") {
    Site site;
    DriverRig rig = site.host();
    site.tell("answer", fields("path", "/orders", "fails", "connection_lost", "times", 1));
    const Value order =
        fields("path", "/orders", "json", fields("n", 1), "key_header", "Idempotency-Key");
    CHECK(rig.change("post", order, "one").kind() == "unknown");
    CHECK(rig.change("post", order, "one").done());
    CHECK(site.look(shop)["executed"]["POST /orders"].number() == 1);
    CHECK(rig.change("post", order, "two").done());
    CHECK(site.look(shop)["executed"]["POST /orders"].number() == 2);
    CHECK(site.count("/orders") == 3);
}

TEST_CASE("an_answer_that_fails_says_how") {
    Site site;
    SimulatedTarget* const shown = site.world.find(shop);
    REQUIRE(shown != nullptr);
    const auto told = shown->control("answer", fields("path", "/orders", "fails", true));
    CHECK(told.error().code == "bad_argument");
}

TEST_CASE("a_certificate_of_yesterday_or_of_another_name_is_refused") {
    Site site(fields("url", "https://shop.example/api"));
    DriverRig rig = site.host();
    const auto shown = rig.observe("certificate", Value(Map{}));
    REQUIRE(shown.ok());
    CHECK((*shown)["names"].list()[0].text() == "shop.example");
    CHECK((*shown)["ends_at"].number() > wall_now_s());
    REQUIRE(rig.observe("get", fields("path", "/a")).ok());
    CHECK(site.count("/a") == 1);
    const List wild = {Value("*.example")};
    site.tell("certificate", fields("names", wild));
    CHECK(rig.observe("get", fields("path", "/a")).ok());
    const List other = {Value("other.example")};
    site.tell("certificate", fields("names", other));
    CHECK(rig.observe("get", fields("path", "/a")).error().code == "tls_failed");
    const List right = {Value("shop.example")};
    site.tell("certificate", fields("names", right, "ends_at", wall_now_s() + 10));
    CHECK(rig.observe("get", fields("path", "/a")).ok());
    site.pass(11);
    CHECK(rig.observe("certificate", Value(Map{})).error().code == "tls_failed");
}

TEST_CASE("a_load_is_measured_on_the_virtual_clock") {
    Site site;
    DriverRig rig = site.host();
    rig.timeout_s = 3600;
    site.tell("latency", fields("seconds", 0.5));
    const Value call = fields("path", "/", "rate_per_s", 10, "during", "60s");
    const Changed made = rig.change("load", call);
    REQUIRE(made.done());
    CHECK(made.outcome.value["requests"].number() == 600);
    CHECK(made.outcome.value["p95_s"].number() == doctest::Approx(0.5).epsilon(0.01));
    site.tell("answer", fields("status", 500));
    CHECK(rig.change("load", call).error().code == "too_many_errors");
}

TEST_CASE("settings_that_the_real_driver_refuses_are_refused") {
    Site site(fields("url", "ftp://shop.example"));
    DriverRig rig = site.host();
    CHECK(rig.observe("get", fields("path", "/")).error().code == "bad_setting");
    CHECK(rig.change("post", fields("path", "/")).kind() == "refused bad_setting");
}

}  // namespace perilune::test

// Environments that are right: what is read, and as what.
#include <doctest/doctest.h>

#include "interpreter/library/bundle.h"
#include "interpreter/library/environment.h"
#include "tests/interpreter/library/temporary_library.h"

using namespace perilune;

namespace {

constexpr std::string_view whole = R"(kind: production
targets:
  dns/site:          { driver: route53, zone: Z0123456789, credentials: aws }
  database/primary:  { driver: postgres, url: "secret:PRIMARY_URL" }
  database/standby:
    driver: postgres
    url: "secret:STANDBY_URL"
    port: 5432
    pooled: yes
    cache: 64MiB
    since: 2026-03-01T02:00:00Z
    schemas: [public, 007]
    uses: [database/primary]
    disposable: yes
  notify/oncall:     { driver: pagerduty, routing_key: "secret:PAGERDUTY_KEY" }
credentials:
  aws: { access_key_id: "secret:AWS_ACCESS_KEY_ID", secret: "secret:AWS_SECRET", account: 0123 }
secrets: { provider: file, folder: /run/credentials/perilune }
policy:
  approvals: { incident-commander: { from: [sre-lead, cto], count: 2, not_starter: yes } }
  plan: required
  runbooks:
    region_outage: { plan: off }
parameters:
  region-outage: { outage_began: 2026-03-01T02:00:00Z, release: 1.10, sites: [a, b] }
state: "secret:STATE_URL"
starts:
  db/restore-all: { cron: "0 3 * * *", time_zone: Europe/Berlin, parameters: { release: 1.10 } }
  region-outage:
    - { webhook: region-down, key: "secret:HOOK_KEY" }
)";

Environment loaded(const TemporaryLibrary& folder, std::string_view text) {
    auto environment = load_text(folder, text);
    INFO(refusal(environment));
    REQUIRE(environment.ok());
    return std::move(*environment);
}

}  // namespace

TEST_CASE("reads_a_whole_environment") {
    const TemporaryLibrary folder;
    const auto environment = loaded(folder, whole);
    CHECK(environment.name == "production");
    CHECK(environment.kind == EnvironmentKind::production);
    CHECK(environment.files == std::vector<std::string>{"environments/production.yaml"});
    REQUIRE(environment.targets.size() == 4);
    const auto& site = environment.targets.at("dns/site");
    CHECK(site.driver == &route53_kind);
    CHECK(site.settings.target == "dns/site");
    CHECK(site.settings.folder == std::filesystem::canonical(folder.path()).string());
    CHECK(show(site.place) == "environments/production.yaml:3:3");
    CHECK(site.settings.values["zone"] == Value("Z0123456789"));
    CHECK(site.settings.values["ttl"] == Value(300));
    CHECK(site.settings.values["credentials"]["access_key_id"] == make_secret("AWS_ACCESS_KEY_ID"));
    CHECK(site.settings.values["credentials"]["account"] == Value("0123"));
    CHECK_FALSE(site.settings.values.has("driver"));
    CHECK_FALSE(site.settings.values.has("policy"));
    const auto& oncall = environment.targets.at("notify/oncall");
    CHECK(oncall.settings.values["routing_key"] == make_secret("PAGERDUTY_KEY"));
    CHECK(environment.warnings.empty());
}

TEST_CASE("turns_settings_into_the_types_of_the_drivers_table") {
    const TemporaryLibrary folder;
    const auto environment = loaded(folder, whole);
    const auto& standby = environment.targets.at("database/standby");
    const Value& values = standby.settings.values;
    CHECK(values["url"] == make_secret("STANDBY_URL"));
    CHECK(values["port"] == Value(5432));
    CHECK(values["pooled"] == Value(true));
    CHECK(values["cache"] == Value(67108864));
    CHECK(values["since"] == Value(1772330400));
    CHECK(values["schemas"] == Value(List{"public", "007"}));
    CHECK(standby.uses == std::vector<std::string>{"database/primary"});
    CHECK(standby.disposable);
    CHECK(values["disposable"] == Value(true));
    CHECK_FALSE(values.has("uses"));
    CHECK_FALSE(standby.needs_services);
}

TEST_CASE("reads_policy_parameters_state_secrets_and_starts") {
    const TemporaryLibrary folder;
    const auto environment = loaded(folder, whole);
    const auto& rule = environment.policy.approvals.at("incident-commander");
    CHECK(rule.from == std::vector<std::string>{"sre-lead", "cto"});
    CHECK(rule.count == 2);
    CHECK(rule.not_starter);
    CHECK(environment.policy.plan_for("db/restore-all") == PlanRule::required);
    CHECK(environment.policy.plan_for("region_outage") == PlanRule::off);
    CHECK(environment.policy.break_glass_for("region-outage"));
    const Map& defaults = environment.parameters.at("region-outage");
    CHECK(defaults.at("release") == Value("1.10"));
    CHECK(defaults.at("sites") == Value(List{"a", "b"}));
    CHECK(environment.state == make_secret("STATE_URL"));
    CHECK(environment.secrets.provider == "file");
    CHECK(environment.secrets.kind == &file_kind);
    CHECK(environment.secrets.settings.values["folder"] == Value("/run/credentials/perilune"));
    const auto& nightly = environment.starts.at("db/restore-all").at(0);
    CHECK(nightly.cron == "0 3 * * *");
    CHECK(nightly.time_zone == "Europe/Berlin");
    CHECK(nightly.parameters.at("release") == Value("1.10"));
    const auto& hook = environment.starts.at("region-outage").at(0);
    CHECK(hook.webhook == "region-down");
    CHECK(hook.key == make_secret("HOOK_KEY"));
}

TEST_CASE("reads_yes_as_text_where_the_setting_is_text") {
    const TemporaryLibrary folder;
    const auto environment = loaded(
        folder, "kind: drill\ntargets:\n  dns/site: { driver: route53, zone: yes, ttl: 1h30m }\n");
    CHECK(environment.kind == EnvironmentKind::drill);
    CHECK(environment.targets.at("dns/site").settings.values["zone"] == Value("yes"));
    CHECK(environment.targets.at("dns/site").settings.values["ttl"] == Value(5400));
}

TEST_CASE("gives_policy_its_defaults_where_there_is_none") {
    const TemporaryLibrary folder;
    const auto environment =
        loaded(folder, "kind: staging\ntargets:\n  dns/site: { driver: route53, zone: Z }\n");
    CHECK(environment.policy.plan == PlanRule::shown);
    CHECK(environment.policy.break_glass);
    CHECK(environment.policy.approvals.empty());
    CHECK(environment.state.is_nil());
}

TEST_CASE("gives_a_target_that_is_the_same_as_another_its_driver_and_settings") {
    const TemporaryLibrary folder;
    const auto environment =
        loaded(folder,
               "kind: staging\ntargets:\n"
               "  database/reports: { same_as: database/main }\n"
               "  database/audit: { same_as: database/reports, uses: database/main }\n"
               "  database/main: { driver: postgres, url: u, disposable: true }\n"
               "  dns/site: { driver: route53, zone: Z, same_as: database/main }\n");
    const auto& audit = environment.targets.at("database/audit");
    CHECK(audit.same_as == "database/main");
    CHECK(audit.driver == &postgres_kind);
    CHECK(audit.settings.values["url"] == Value("u"));
    CHECK(audit.settings.target == "database/audit");
    CHECK(audit.disposable);
    CHECK(environment.targets.at("dns/site").driver == &route53_kind);
}

TEST_CASE("opens_secrets_inside_lists_and_maps_only_where_they_may_be") {
    const TemporaryLibrary folder;
    const auto environment =
        loaded(folder,
               "kind: staging\ntargets:\n  dns/site:\n    driver: route53\n    zone: Z\n"
               "    headers: { authorization: \"secret:TOKEN\", retries: 3, x: [a, true] }\n");
    const Value& headers = environment.targets.at("dns/site").settings.values["headers"];
    CHECK(headers["authorization"] == make_secret("TOKEN"));
    CHECK(headers["retries"] == Value(3));
    CHECK(headers["x"] == Value(List{"a", true}));
}

TEST_CASE("warns_of_what_is_allowed_and_yet_unwise") {
    const TemporaryLibrary folder;
    const auto environment =
        loaded(folder,
               "kind: staging\ntargets:\n  dns/site: { driver: route53, zone: \"${ZONE}\" }\n"
               "credentials:\n  aws: { access_key_id: AKIA, secret_access_key: hunter2 }\n");
    REQUIRE(environment.warnings.size() == 3);
    CHECK(environment.warnings[0] ==
          "environments/production.yaml:5:50: secret_access_key of the credentials aws is written "
          "out. Put it into the secrets provider and write \"secret:NAME\".");
    CHECK(holds(environment.warnings[1],
                "production.yaml:3:38: zone of dns/site is kept as "
                "written: environment variables are not read."));
    CHECK(
        holds(environment.warnings[2], "production.yaml:5:3: No target uses the credentials aws."));
}

TEST_CASE("reads_the_same_environment_from_the_texts_of_a_run") {
    const TemporaryLibrary folder;
    folder.write("environments/base.yaml", "targets:\n  dns/site: { driver: route53, zone: A }\n");
    folder.write("environments/production.yaml", "kind: production\nextends: base.yaml\n");
    const auto library = open_library(folder.path());
    REQUIRE(library.ok());
    const auto before = load_environment(*library, "production", test_drivers());
    REQUIRE(before.ok());
    CHECK(before->files ==
          std::vector<std::string>{"environments/production.yaml", "environments/base.yaml"});
    const auto bundle = load_bundle(*library, before->files);
    REQUIRE(bundle.ok());
    folder.write("environments/base.yaml", "targets:\n  dns/site: { driver: route53, zone: B }\n");
    const auto carried = library_from_texts(bundle->files, library->folder);
    REQUIRE(carried.ok());
    const auto after = load_environment(*carried, "production", test_drivers());
    REQUIRE(after.ok());
    CHECK(after->targets.at("dns/site").settings.values["zone"] == Value("A"));
}

TEST_CASE("keeps_secrets_settings_unchecked_where_no_table_is_known") {
    const TemporaryLibrary folder;
    folder.write("environments/drill.yaml",
                 "kind: drill\nsecrets: { provider: vault, retries: 3 }\n"
                 "targets:\n  dns/site: { driver: route53, zone: Z }\n");
    const auto library = open_library(folder.path());
    REQUIRE(library.ok());
    KnownDrivers drivers = test_drivers();
    drivers.find_secrets = {};
    const auto environment = load_environment(*library, "drill", drivers);
    REQUIRE(environment.ok());
    CHECK(environment->secrets.provider == "vault");
    CHECK(environment->secrets.settings.values["retries"] == Value(3));
    CHECK_FALSE(environment->secrets.settings.values.has("provider"));
}

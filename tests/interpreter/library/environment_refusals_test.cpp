// Environments that are wrong: every refusal with its file, line and column.
#include <algorithm>

#include <doctest/doctest.h>

#include "interpreter/library/environment.h"
#include "tests/interpreter/library/temporary_library.h"

using namespace perilune;

namespace {

const std::string file = "environments/production.yaml";

std::string refused(std::string_view text) {
    const TemporaryLibrary folder;
    return refusal(load_text(folder, text));
}

// The refusal of one target, which stands in line 3 from column 3 on.
std::string refused_target(std::string_view line) {
    return refused("kind: drill\ntargets:\n  " + std::string(line) + "\n");
}

}  // namespace

TEST_CASE("refuses_a_missing_or_wrong_kind_and_missing_targets") {
    CHECK(refused("") == file +
                             ":1:1: An environment needs \"kind\". Add one of \"production\", "
                             "\"staging\", \"drill\" or \"development\".\n" +
                             file +
                             ":1:1: An environment needs \"targets\". Add them, such as "
                             "dns/site: { driver: … }.");
    CHECK(holds(refused("kind: prod\ntargets: {}\n"),
                file + ":1:7: kind must be \"production\", \"staging\", \"drill\" or "
                       "\"development\", but it is \"prod\"."));
    CHECK(holds(refused("kind: stagign\ntargets: {}\n"), "Did you mean \"staging\"?"));
    CHECK(holds(refused("kind: [a]\n"), file + ":1:7: kind must be"));
    CHECK(holds(refused("- a\n"), file + ":1:1: An environment is a map with \"kind\" and "
                                         "\"targets\", but this file holds a list."));
    CHECK(holds(refused("kind: drill\ntargets: [a]\n"),
                file + ":2:10: targets must be a map of names to values, but it is a list."));
}

TEST_CASE("refuses_unknown_keys_with_a_suggestion") {
    CHECK(holds(refused("kind: drill\nsecret: { provider: file }\n"),
                file + ":2:1: An environment has no key \"secret\". Did you mean \"secrets\"?"));
    CHECK(refused_target("dns/site: { driver: route53, zone: Z, tll: 5m }") ==
          file + ":3:41: dns/site (route53) has no key \"tll\". Did you mean \"ttl\"?");
    CHECK(holds(refused_target("dns/site: { driver: route53, zone: Z, flavour: x }"),
                file + ":3:41: dns/site (route53) has no key \"flavour\". It may have "));
}

TEST_CASE("refuses_a_key_that_stands_twice") {
    CHECK(refused_target("dns/site: { driver: route53, zone: Z, zone: Y }") ==
          file +
              ":3:41: The key \"zone\" stands here a second time; the first is at line 3. Remove "
              "one of them.");
}

TEST_CASE("refuses_wrong_target_names_and_drivers") {
    CHECK(holds(refused_target("site: { driver: route53 }"),
                file + ":3:3: \"site\" is no target. Write FAMILY/NAME in lower-case letters"));
    CHECK(holds(refused_target("dns/Site: { driver: route53 }"), "\"dns/Site\" is no target."));
    CHECK(holds(refused_target("dns/a/b: { driver: route53 }"), "\"dns/a/b\" is no target."));
    CHECK(refused_target("dns/site: { driver: route35, zone: Z }") ==
          file +
              ":3:23: dns/site names the driver \"route35\", which the family \"dns\" has not. "
              "Did you mean \"route53\"? There are \"route53\".");
    CHECK(refused_target("dsn/site: { driver: route53 }") ==
          file +
              ":3:23: dsn/site names the driver \"route53\", which the family \"dsn\" has not. "
              "Check the target's family and the driver's name.");
    CHECK(refused_target("dns/site: { zone: Z }") ==
          file +
              ":3:13: dns/site needs \"driver\", or \"same_as\" another target. Add it. There are "
              "\"route53\".");
    CHECK(holds(refused_target("dns/site:"), file + ":3:3: dns/site needs \"driver\""));
    CHECK(holds(refused_target("dns/site: route53"),
                file + ":3:13: The target dns/site must be a map of names to values, but it is "
                       "\"route53\"."));
}

TEST_CASE("refuses_missing_settings_and_settings_without_a_value") {
    CHECK(refused_target("dns/site: { driver: route53 }") ==
          file + ":3:13: dns/site (route53) needs \"zone\" (text): The hosted zone's id. Add it.");
    CHECK(refused_target("dns/site: { driver: route53, zone: }") ==
          file + ":3:32: zone of dns/site has no value. Write one, or remove the key.");
}

TEST_CASE("refuses_settings_of_the_wrong_type") {
    const auto wrong = [](std::string_view setting) {
        return refused_target("database/main: { driver: postgres, url: u, " + std::string(setting) +
                              " }");
    };
    const std::string at = file + ":3:";
    CHECK(wrong("port: \"5432\"") ==
          at + "52: port of database/main must be a whole number, but it is \"5432\". Remove "
               "the quotes, or correct it.");
    CHECK(wrong("port: 1.5") == at + "52: port of database/main must be a whole number, but it is "
                                     "1.5. Correct it.");
    CHECK(wrong("pooled: \"yes\"") ==
          at + "54: pooled of database/main must be true or false, but it is \"yes\". Remove "
               "the quotes, or correct it.");
    CHECK(
        wrong("pooled: maybe") ==
        at + "54: pooled of database/main must be true or false, but it is \"maybe\". Correct it.");
    CHECK(wrong("cache: 5 apples") ==
          at + "53: cache of database/main: \"5 apples\" is no size; write \"512\", \"64KiB\", "
               "\"10MiB\" or \"1GiB\".");
    CHECK(holds(wrong("since: yesterday"), at + "53: since of database/main: \"yesterday\" is no "
                                                "time; write it as RFC 3339"));
    CHECK(wrong("schemas: public") == at + "55: schemas of database/main must be a list, such as "
                                           "[ONE, TWO], but it is \"public\".");
    CHECK(wrong("schemas: { a: b }") ==
          at + "55: schemas of database/main must be a list, but it is map. Correct it.");
    CHECK(wrong("schemas: [a, ]") == "accepted");
    CHECK(wrong("schemas: [a, ~]") ==
          at + "59: each of schemas of database/main has no value. Write one.");
    CHECK(refused_target("database/main: { driver: postgres, url: [u] }") ==
          at + "43: url of database/main must be text, but it is list. Correct it.");
    CHECK(refused_target("dns/site: { driver: route53, zone: Z, policy: wieghted }") ==
          at + "49: policy of dns/site must be \"simple\", \"weighted\" or \"latency\", but it is "
               "\"wieghted\". Did you mean \"weighted\"?");
}

TEST_CASE("refuses_a_duration_without_a_unit") {
    CHECK(refused_target("dns/site: { driver: route53, zone: Z, ttl: 300 }") ==
          file +
              ":3:46: ttl of dns/site: \"300\" is no duration; write \"200ms\", \"30s\", \"5m\", "
              "\"4h\", \"90d\" or \"1h30m\".");
}

TEST_CASE("refuses_secrets_where_they_would_be_shown_and_values_where_secrets_belong") {
    CHECK(refused_target("dns/site: { driver: route53, zone: \"secret:ZONE\" }") ==
          file +
              ":3:38: zone of dns/site may not be a secret: it is shown in plans and kept in the "
              "journal. Write the value itself.");
    CHECK(refused_target("database/main: { driver: postgres, url: u, schemas: [\"secret:A\"] }") ==
          file +
              ":3:56: each of schemas of database/main may not be a secret: it is shown in plans "
              "and kept in the journal. Write the value itself.");
    const std::string written = refused_target(
        "notify/oncall: { driver: pagerduty, routing_key: "
        "hunter2 }");
    CHECK(written == file +
                         ":3:52: routing_key of notify/oncall is a secret, so its value may not "
                         "stand in this file. Put it into the secrets provider and write "
                         "\"secret:NAME\" here (Of the integration.).");
    CHECK_FALSE(holds(written, "hunter2"));
    CHECK(
        holds(refused_target("database/main: { driver: postgres, url: \"secret:A B\" }"),
              file + ":3:43: url of database/main names the secret \"A B\"; a name has 1 to 200"));
    CHECK(holds(refused_target("database/main: { driver: postgres, url: \"secret:\" }"),
                "names the secret \"\""));
}

TEST_CASE("refuses_targets_that_refer_to_what_is_not_there") {
    const std::string more = "\n  database/main: { driver: postgres, url: u }";
    CHECK(refused_target("dns/site: { driver: route53, zone: Z, uses: [database/mian] }" + more) ==
          file +
              ":3:48: dns/site uses \"database/mian\", which this environment has not. Did you "
              "mean \"database/main\"? Correct the name, or add the target.");
    CHECK(refused_target("dns/site: { driver: route53, zone: Z, uses: dns/site }") ==
          file + ":3:47: dns/site is said to use itself. Remove it.");
    CHECK(refused_target("dns/site: { same_as: database/mian }" + more) ==
          file +
              ":3:24: dns/site is said to be the same as \"database/mian\", which this "
              "environment has not. Did you mean \"database/main\"? Correct the name, or add the "
              "target.");
    CHECK(holds(refused_target("dns/site: { same_as: database/main }" + more),
                file + ":3:3: dns/site has no driver of its own and cannot take that of "
                       "database/main, which is of another family."));
    CHECK(holds(refused_target("dns/a: { same_as: dns/b }\n  dns/b: { same_as: dns/a }"),
                file + ":3:3: dns/a is the same as itself, by way of dns/a."));
    CHECK(holds(refused_target("dns/a: { same_as: dns/b, zone: Z }\n  dns/b: { driver: route53, "
                               "zone: Z }"),
                file + ":3:28: dns/a (without a driver of its own) has no key \"zone\"."));
    CHECK(refused_target("database/main: { driver: postgres, url: u, backups: storage/b }") ==
          file +
              ":3:55: backups of database/main names the target \"storage/b\", which this "
              "environment has not. Add it under \"targets\".");
    CHECK(refused_target("dns/site: { driver: route53, zone: Z, disposable: \"yes\" }") ==
          file +
              ":3:53: disposable of dns/site must be yes or no, without quotes, but it is "
              "\"yes\". Correct it.");
}

TEST_CASE("refuses_wrong_credentials") {
    CHECK(
        refused("kind: drill\ntargets:\n  dns/site: { driver: route53, zone: Z, credentials: asw }"
                "\ncredentials:\n  aws: { key: \"secret:K\" }\n") ==
        file +
            ":3:54: credentials of dns/site names \"asw\", which is not among the "
            "environment's credentials. Did you mean \"aws\"? There are \"aws\".");
    CHECK(refused_target("dns/site: { driver: route53, zone: Z, credentials: aws }") ==
          file +
              ":3:54: credentials of dns/site names \"aws\", which is not among the "
              "environment's credentials. Add it under \"credentials\".");
    CHECK(holds(refused_target("database/main: { driver: postgres, url: u, credentials: aws }"),
                file + ":3:46: database/main (postgres) has no key \"credentials\"."));
    CHECK(holds(refused("kind: drill\ncredentials:\n  aws: AKIA\n"),
                file + ":3:8: The credentials aws must be a map of names to values"));
}

TEST_CASE("refuses_wrong_secrets_state_and_parameters") {
    const std::string rest = "targets:\n  dns/site: { driver: route53, zone: Z }\n";
    CHECK(holds(refused("kind: drill\nsecrets: { folder: /x }\n" + rest),
                file + ":2:10: secrets needs \"provider\". Add it"));
    CHECK(holds(refused("kind: drill\nsecrets: { provider: flie }\n" + rest),
                file + ":2:22: secrets.provider is \"flie\", which is none."));
    CHECK(holds(refused("kind: drill\nsecrets: { provider: file, path: /x }\n" + rest),
                file + ":2:28: secrets (file) has no key \"path\"."));
    CHECK(holds(refused("kind: drill\nsecrets: { provider: file, folder: \"secret:X\" }\n" + rest),
                file + ":2:36: folder of secrets may not be a secret"));
    CHECK(holds(refused("kind: drill\nstate: [a]\n" + rest),
                file + ":2:8: state must be text, but it is a list."));
    CHECK(holds(refused("kind: drill\nparameters:\n  region-outtage: { a: 1 }\n" + rest),
                file + ":3:3: parameters names the runbook \"region-outtage\", which this library "
                       "has not. Did you mean \"region-outage\"? Correct or remove it."));
    CHECK(holds(refused("kind: drill\nparameters:\n  region-outage: { a: \"secret:A\" }\n" + rest),
                file + ":3:23: parameters.region-outage.a may not be a secret"));
    CHECK(holds(refused("kind: drill\nparameters:\n  region-outage: { a: { b: c } }\n" + rest),
                file + ":3:23: parameters.region-outage.a must be text, but it is a map."));
    CHECK(holds(
        refused("kind: drill\nparameters:\n  region-outage: { a: [\"{services.b.port}\"] }\n" +
                rest),
        file +
            ":3:24: parameters.region-outage.a refers to a service, whose facts are known only "));
}

TEST_CASE("reports_all_problems_of_a_file_at_once") {
    const TemporaryLibrary folder;
    const auto environment = load_text(
        folder,
        "kind: prod\ntargets:\n  dns/site: { driver: route53, ttl: 5 }\n  dns/b: { driver: x }\n");
    REQUIRE_FALSE(environment.ok());
    CHECK(environment.error().code == "bad_file");
    CHECK(environment.error().retry == Retry::never);
    CHECK(environment.error().detail.list().size() == 4);
    CHECK(std::count(environment.error().message.begin(), environment.error().message.end(),
                     '\n') == 3);
}

// Policy: what is refused, and who may approve.
#include <sys/stat.h>

#include <doctest/doctest.h>

#include "interpreter/library/people.h"
#include "tests/interpreter/library/temporary_library.h"

using namespace perilune;

namespace {

const std::string file = "environments/production.yaml";

std::string with_policy(std::string_view policy) {
    return "kind: staging\ntargets:\n  dns/site: { driver: route53, zone: Z }\npolicy:\n" +
           std::string(policy);
}

std::string refused(std::string_view policy) {
    const TemporaryLibrary folder;
    return refusal(load_text(folder, with_policy(policy)));
}

People team() {
    auto people = People::parse(
        "people:\n  anna: { name: Anna Berg, roles: [sre-lead] }\n"
        "  ben: { roles: [sre-lead, cto] }\n"
        "  carl: { roles: developer }\n  robot: { owner: anna, roles: [sre-lead] }\n",
        "people.yaml");
    INFO(refusal(people));
    REQUIRE(people.ok());
    return std::move(*people);
}

std::string refused_people(std::string_view text) {
    return refusal(People::parse(text, "people.yaml"));
}

}  // namespace

TEST_CASE("refuses_wrong_policy_with_place_and_suggestion") {
    CHECK(refused("  aprovals: {}\n") ==
          file + ":5:3: policy has no key \"aprovals\". Did you mean \"approvals\"?");
    CHECK(refused("  plan: maybe\n") ==
          file +
              ":5:9: policy.plan must be \"required\", \"shown\" or \"off\", but it is "
              "\"maybe\". Correct it.");
    CHECK(refused("  break_glass: never\n") ==
          file +
              ":5:16: policy.break_glass must be yes or no, without quotes, but it is \"never\". "
              "Correct it.");
    CHECK(refused("  approvals:\n    lead: { form: [a] }\n") ==
          file + ":6:13: policy.approvals.lead has no key \"form\". Did you mean \"from\"?\n" +
              file +
              ":6:5: policy.approvals.lead names nobody in \"from\", so nobody could approve. Name "
              "roles or people there.");
    CHECK(refused("  approvals:\n    lead:\n") ==
          file + ":6:5: policy.approvals.lead is empty. Write { from: [ROLE], count: 1 }.");
    CHECK(holds(refused("  approvals:\n    lead: { from: [] }\n"), "names nobody in \"from\""));
    for (const char* count : {"0", "-1", "1.5", "\"2\"", "many", "1001", "99999999999"}) {
        CAPTURE(count);
        CHECK(holds(
            refused("  approvals:\n    lead: { from: [a], count: " + std::string(count) + " }\n"),
            file + ":6:31: policy.approvals.lead.count must be a whole number from 1 to "
                   "1000"));
    }
    CHECK(refused("  runbooks:\n    region-outtage: { plan: off }\n") ==
          file +
              ":6:5: policy.runbooks names the runbook \"region-outtage\", which this library "
              "has not. Did you mean \"region-outage\"? Correct or remove it.");
    CHECK(holds(refused("  runbooks:\n    region-outage: { approvals: {} }\n"),
                file + ":6:22: policy.runbooks.region-outage has no key \"approvals\"."));
    CHECK(holds(refused("  runbooks:\n    region-outage: off\n"),
                file + ":6:20: policy.runbooks.region-outage must be a map"));
}

TEST_CASE("forbids_break_glass_where_policy_says_so") {
    const TemporaryLibrary folder;
    const auto environment = load_text(
        folder,
        with_policy("  break_glass: no\n  runbooks: { region-outage: { break_glass: yes } }\n"));
    REQUIRE(environment.ok());
    CHECK_FALSE(environment->policy.break_glass_for("db/restore-all"));
    CHECK(environment->policy.break_glass_for("region-outage"));
}

TEST_CASE("refuses_a_world_writable_file_that_holds_policy_and_warns_of_another") {
    const TemporaryLibrary folder;
    REQUIRE(load_text(folder, with_policy("  plan: off\n")).ok());
    REQUIRE(::chmod(folder.path(file).c_str(), 0666) == 0);
    CHECK(refusal(load_text(folder, with_policy("  plan: off\n"))) ==
          file +
              ": Anybody on this machine may change it, and policy depends on it. Take that right "
              "away: chmod o-w environments/production.yaml.");
    const auto plain =
        load_text(folder, "kind: staging\ntargets:\n  dns/site: { driver: route53, zone: Z }\n");
    REQUIRE(plain.ok());
    REQUIRE(plain->warnings.size() == 1);
    CHECK(holds(plain->warnings[0], file + ": Anybody on this machine may change it."));
}

TEST_CASE("refuses_a_world_writable_file_that_another_with_policy_rests_on") {
    const TemporaryLibrary folder;
    folder.write("environments/base.yaml", "targets:\n  dns/site: { driver: route53, zone: Z }\n");
    REQUIRE(::chmod(folder.path("environments/base.yaml").c_str(), 0666) == 0);
    CHECK(holds(
        refusal(load_text(folder, "kind: drill\nextends: base.yaml\npolicy: { plan: off }\n")),
        "environments/base.yaml: Anybody on this machine may change it, and policy"));
}

TEST_CASE("lets_only_those_approve_whom_the_rule_names") {
    const People people = team();
    const ApprovalRule rule = {.from = {"sre-lead", "carl"}, .count = 1, .not_starter = true};
    CHECK(people.may_approve(rule, "ben", "anna").ok());
    CHECK(people.may_approve(rule, "carl", "anna").ok());
    CHECK(people.may_approve(rule, "Ben", "anna").ok());
    CHECK(refusal(people.may_approve({.from = {"cto"}}, "carl", "anna")) ==
          "\"carl\" has none of the roles \"cto\". Ask \"ben\".");
    CHECK(refusal(people.may_approve(rule, "dora", "anna")) ==
          "\"dora\" is not among the people of this team. Ask \"ben\" or \"carl\".");
}

TEST_CASE("keeps_who_started_a_run_from_approving_it_under_any_name") {
    const People people = team();
    const ApprovalRule rule = {.from = {"sre-lead"}, .count = 1, .not_starter = true};
    CHECK(holds(refusal(people.may_approve(rule, "anna", "anna")), "started the run"));
    CHECK(holds(refusal(people.may_approve(rule, "ANNA", "anna")), "started the run"));
    CHECK(holds(refusal(people.may_approve(rule, "anna", "robot")), "started the run"));
    CHECK(holds(refusal(people.may_approve(rule, "robot", "anna")), "is a service account"));
    CHECK(holds(refusal(people.may_approve(rule, "robot", "ben")), "is a service account"));
    const ApprovalRule lenient = {.from = {"sre-lead"}};
    CHECK(people.may_approve(lenient, "anna", "anna").ok());
    CHECK_FALSE(people.may_approve(lenient, "anna", "anna", true).ok());
}

TEST_CASE("tells_before_a_run_who_could_approve") {
    const People people = team();
    const ApprovalRule rule = {.from = {"sre-lead"}, .count = 2, .not_starter = true};
    CHECK(people.eligible(rule, "carl") == std::vector<std::string>{"anna", "ben"});
    CHECK(people.eligible(rule, "robot") == std::vector<std::string>{"ben"});
    CHECK(people.eligible({.from = {"nobody"}}, "carl").empty());
    CHECK(holds(refusal(people.may_approve({.from = {"nobody"}}, "carl", "anna")),
                "Nobody else may either: give somebody the role."));
}

TEST_CASE("refuses_wrong_people_files") {
    CHECK(refused_people("team: {}\n") ==
          "people.yaml:1:1: The file has no \"people\". Add people: "
          "{ ID: { name: …, roles: […] } }.");
    CHECK(holds(refused_people("people:\n  Anna: {}\n"),
                "people.yaml:2:3: \"Anna\" is no id: it may only have lower-case"));
    CHECK(refused_people("people:\n  anna: { role: x }\n") ==
          "people.yaml:2:11: people.anna has no key \"role\". Did you mean \"roles\"?");
    CHECK(
        holds(refused_people("people:\n  anna: {}\n  robot: { owner: ana }\n"),
              "people.yaml:3:3: people.robot is owned by \"ana\", who is not among the people. Did "
              "you mean \"anna\"?"));
    CHECK(holds(refused_people("people:\n  a: { owner: b }\n  b: { owner: a }\n"),
                "people.yaml:2:3: people.a is owned by \"b\", which is a service account."));
    const TemporaryFolder folder;
    folder.write("people.yaml", "people: { anna: { roles: [cto] } }\n");
    CHECK(People::load(folder.path("people.yaml"), "people.yaml")->has_role("anna", "cto"));
    REQUIRE(::chmod(folder.path("people.yaml").c_str(), 0646) == 0);
    CHECK(holds(refusal(People::load(folder.path("people.yaml"), "people.yaml")),
                "people.yaml: Anybody on this machine may change it"));
}

// What a doctor is told of targets by REST drivers: wrong tokens, missing rights, and what nobody
// can ask beforehand.
#include <doctest/doctest.h>

#include "bindings/dns/dns.h"
#include "bindings/metrics/metrics.h"
#include "bindings/process/process.h"
#include "tests/stdlib/drivers/notify_double.h"
#include "tests/stdlib/drivers/told_to_doctor.h"

namespace perilune::test {

namespace {

struct Examined {
    Examined(const char* with, const Family& family, const char* driver, Value settings)
        : double_(with), rig(family, builtin_kind(std::string(family.name), driver), "a/target") {
        rig.secrets["KEY"] = Double::token;
        settings.set("url", double_.url()).set("token", make_secret("KEY"));
        const auto made = rig.make(settings);
        REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
    }
    // With a token that is none: what is told holds nothing of it.
    std::vector<std::string> wrongly() {
        rig.secrets["KEY"] = "canary-that-is-no-token";
        auto lines = rig.examine();
        CHECK_FALSE(told(lines, "canary"));
        CHECK(double_.changes() == 0);
        return lines;
    }
    Double double_;
    DriverRig rig;
};

const Value repository = fields("repository", "shop/web");
const Value workflow = fields("restore", fields("workflow", "restore.yml", "effect", "change"));

}  // namespace

TEST_CASE("a_doctor_of_cloudflare_names_a_token_that_is_over_and_one_that_may_not_edit") {
    if (!has_doubles()) return;
    Examined zone("cloudflare", dns_family, "cloudflare", fields("zone", "example.org"));
    zone.double_.forgive();  // The document that is kept has neither permissions nor refusals.
    const auto may = [&](const List& permissions) {
        const Value id = zone.double_.state()["zones"].list().at(0)["id"];
        zone.double_.set_state(fields(
            "zones", List{fields("id", id, "name", "example.org", "permissions", permissions)}));
    };
    CHECK(told(zone.rig.examine(), "ok the token is active until 2030-01-01T00:00:00Z"));
    CHECK(told(zone.rig.examine(), "unchecked whether the token may edit records"));
    may({"#dns_records:read", "#dns_records:edit"});
    CHECK(told(zone.rig.examine(), "ok the token may edit the records of example.org"));
    may({"#dns_records:read"});
    CHECK(
        told(zone.rig.examine(), "credentials the token may not edit the records of example.org"));
    CHECK(told(zone.rig.examine(List{}), "note the token may not edit"));
    zone.double_.set_state(fields("token", "expired"));
    CHECK(told(zone.rig.examine(), "credentials the token is expired"));
    CHECK(told(zone.wrongly(), "credentials permissions: "));
}

TEST_CASE("a_doctor_of_github_names_a_wrong_token_its_scopes_and_a_workflow_that_is_not_there") {
    if (!has_doubles()) return;
    Examined records("github", metrics_family, "github", repository);
    CHECK(told(records.rig.examine(), "unchecked what the token may"));
    records.double_.set_state(fields("scopes", "gist, read:org"));
    CHECK(told(records.rig.examine(), "credentials the token has the scopes \"gist, read:org\""));
    records.double_.set_state(fields("scopes", "gist, repo_deployment"));
    CHECK(told(records.rig.examine(), "ok the token has the scope repo_deployment"));
    CHECK(told(records.wrongly(), "credentials GitHub does not know the token"));
    Value two = workflow;
    two.set("other", fields("workflow", "none.yml", "effect", "change"));
    Examined programs("github", process_family, "github", Value(repository).set("programs", two));
    const auto lines = programs.rig.examine();
    CHECK(told(lines, "ok restore is the workflow restore.yml"));
    CHECK(told(lines, "problem the workflow none.yml: "));
    CHECK(told(programs.wrongly(), "credentials GitHub does not know the token"));
}

TEST_CASE("a_doctor_of_gitlab_names_a_wrong_token_and_one_without_the_scope") {
    if (!has_doubles()) return;
    Examined records("gitlab", metrics_family, "gitlab", fields("project", "shop/web"));
    CHECK(told(records.rig.examine(), "ok the token has the scope api until 2030-01-01"));
    records.double_.set_state(fields("scopes", List{"read_api"}));
    CHECK(
        told(records.rig.examine(), "credentials the token has the scopes \"read_api\", not api"));
    CHECK(told(records.wrongly(), "credentials GitLab does not know the token"));
}

TEST_CASE("a_doctor_of_notifiers_asks_what_can_be_asked_without_posting_and_says_what_cannot") {
    if (!has_doubles()) return;
    Examined account("x", notify_family, "x", fields());
    CHECK(told(account.rig.examine(), "ok the token is one of the account shop"));
    CHECK(told(account.rig.examine(), "unchecked whether the token has the scope tweet.write"));
    account.double_.set_state(fields("may_not_read_users", true));
    CHECK(told(account.rig.examine(), "unchecked whose token it is"));
    CHECK(told(account.wrongly(), "credentials X does not know the token"));
    Examined novu("novu", notify_family, "novu", fields("workflow", "incident", "to", List{"ops"}));
    CHECK(told(novu.rig.examine(), "ok the key is one of the environment Production"));
    CHECK(told(novu.wrongly(), "credentials the secret key: "));
    NotifyDouble slack("slack", "slack", "notify/team", fields());
    CHECK(told(slack.rig->examine(), "unchecked whether the webhook is one that Slack knows"));
    CHECK(slack.double_->count() == 0);
    NotifyDouble pager("pagerduty", "pagerduty", "notify/oncall",
                       fields("routing_key", make_secret("KEY")));
    CHECK(told(pager.rig->examine(), "unchecked whether the routing key is one of a service"));
    CHECK(pager.double_->count() == 0);
}

}  // namespace perilune::test

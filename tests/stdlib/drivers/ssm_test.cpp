// The driver for SSM Parameter Store against moto, read back with boto3.
#include <doctest/doctest.h>

#include "tests/stdlib/drivers/aws_secrets_rig.h"

namespace perilune::test {

namespace {

struct Store : AwsSecrets {
    Store() : AwsSecrets("ssm", fields("prefix", "/shop/")) {}
    Value boto(const std::string& name) const {
        return aws.boto("ssm", "get_parameter",
                        fields("Name", name, "WithDecryption", true))["Parameter"];
    }
    List boto_history(const std::string& name) const {
        return aws
            .boto("ssm", "get_parameter_history",
                  fields("Name", name, "WithDecryption", true))["Parameters"]
            .list();
    }
};

const std::string put_path = "ssm/PutParameter";

}  // namespace

TEST_CASE("ssm_conforms_to_the_secrets_family") {
    if (!has_aws()) return;
    Store store;
    SUBCASE("versions") { check_secret_versions(*store.rig); }
    SUBCASE("undo") { check_secret_undo(*store.rig); }
    SUBCASE("endings") { check_secret_endings(*store.rig); }
}

TEST_CASE("boto3_reads_what_the_ssm_driver_has_put") {
    if (!has_aws()) return;
    Store store;
    put(*store.rig, "db/main", "hunter2\n\"quoted\" \xC3\xA9");
    CHECK(store.boto("/shop/db/main")["Value"].text() == "hunter2\n\"quoted\" \xC3\xA9");
    CHECK(store.boto("/shop/db/main")["Type"].text() == "SecureString");
    put(*store.rig, "db/main", "hunter3");
    CHECK(store.boto("/shop/db/main")["Version"].number() == 2);
    CHECK(done(*store.rig, "delete", named("name", "db/main"))["changed"].boolean());
    CHECK(store.aws.boto("ssm", "describe_parameters")["Parameters"].list().empty());
}

TEST_CASE("an_older_value_of_ssm_becomes_a_new_version_with_a_label_that_says_so") {
    if (!has_aws()) return;
    Store store;
    const Value first = put(*store.rig, "a", "one");
    put(*store.rig, "a", "two");
    const Value moved =
        done(*store.rig, "set_current", named("name", "a").set("version", first["version"]));
    CHECK(moved["before"].text() == "2");
    CHECK(moved["after"].text() == "3");
    const List history = store.boto_history("/shop/a");
    REQUIRE(history.size() == 3);
    CHECK(history[2]["Value"].text() == "one");
    CHECK(history[2]["Labels"] == Value(List{"perilune-restores-1"}));
    const auto again = store.rig->act_again();
    REQUIRE(again.ok());
    CHECK(store.boto_history("/shop/a").size() == 3);
    undone(*store.rig);
    CHECK(opened(*store.rig, "a") == "two");
    refused(*store.rig, "set_current", named("name", "a").set("version", "9"), "not_found");
}

TEST_CASE("a_lost_answer_of_ssm_adds_no_second_version") {
    if (!has_aws()) return;
    Store store;
    put(*store.rig, "a", "one");
    store.aws->fault({.kind = Fault::Kind::lose, .path = put_path});
    store.rig->secrets["HANDED"] = "two";
    const auto lost =
        store.rig->call("put", named("name", "a").set("value", make_secret("HANDED")));
    REQUIRE_FALSE(lost.ok());
    CHECK(store.outcome() == Outcome::Kind::unknown);
    const auto again = store.rig->act_again();
    REQUIRE_MESSAGE(again.ok(), (again.ok() ? "" : again.error().message));
    CHECK((*again)["version"].text() == "2");
    CHECK((*again)["changed"].boolean());
    CHECK(store.boto_history("/shop/a").size() == 2);
    undone(*store.rig);
    CHECK(opened(*store.rig, "a") == "one");
}

TEST_CASE("other_changes_of_ssm_are_done_again_after_a_lost_answer") {
    if (!has_aws()) return;
    Store store;
    const Value first = put(*store.rig, "a", "one");
    put(*store.rig, "a", "two");
    const auto lose = [&](const std::string& path, const std::string& operation, Value arguments) {
        store.aws->fault({.kind = Fault::Kind::lose, .path = path});
        CHECK_FALSE(store.rig->call(operation, std::move(arguments)).ok());
        CHECK(store.outcome() == Outcome::Kind::unknown);
        const auto again = store.rig->act_again();
        REQUIRE_MESSAGE(again.ok(), (again.ok() ? "" : again.error().message));
        CHECK((*again)["changed"].boolean());
    };
    lose(put_path, "set_current", named("name", "a").set("version", first["version"]));
    CHECK(store.boto_history("/shop/a").size() == 3);
    CHECK(opened(*store.rig, "a") == "one");
    lose("LabelParameterVersion", "set_current", named("name", "a").set("version", "2"));
    CHECK(store.boto_history("/shop/a").size() == 4);
    lose("DeleteParameter", "delete", named("name", "a"));
    CHECK(opened(*store.rig, "a") == "none");
}

TEST_CASE("ssm_s_refusals_prove_that_nothing_was_put") {
    if (!has_aws()) return;
    Store store;
    store.rig->secrets["HANDED"] = "canary-of-the-value";
    const Value wanted = named("name", "a").set("value", make_secret("HANDED"));
    store.aws->fault(aws_throttled(put_path));
    auto result = store.rig->call("put", wanted);
    REQUIRE_FALSE(result.ok());
    CHECK(store.outcome() == Outcome::Kind::not_sent);
    store.aws->fault({.kind = Fault::Kind::answer,
                      .path = put_path,
                      .status = 400,
                      .body = fields("__type", "ParameterMaxVersionLimitExceeded", "message",
                                     "Too many versions.")});
    result = store.rig->call("put", wanted);
    CHECK(store.outcome() == Outcome::Kind::failed);
    CHECK(result.error().message ==
          "secrets/app: AWS answered PutParameter of ssm with 400, "
          "ParameterMaxVersionLimitExceeded: Too many versions.");
    store.rig->secrets["KEY"] = "canary-of-the-key";
    result = store.rig->call("put", wanted);
    CHECK(result.error().code == "credentials_refused");
    CHECK(to_json(result.error().to_value()).find("canary") == std::string::npos);
    CHECK(store.aws->changes() == 0);
}

TEST_CASE("a_parameter_in_clear_is_no_place_for_a_secret") {
    if (!has_aws()) return;
    Store store;
    store.aws.boto("ssm", "put_parameter",
                   fields("Name", "/shop/a", "Value", "plain", "Type", "String"));
    store.rig->secrets["HANDED"] = "two";
    refused(*store.rig, "put", named("name", "a").set("value", make_secret("HANDED")),
            "unsafe_secret");
    CHECK(store.boto("/shop/a")["Value"].text() == "plain");
    CHECK(done(*store.rig, "describe", named("name", "a"))["version"].text() == "1");
}

TEST_CASE("ssm_lists_every_page_below_its_prefix_and_what_is_due") {
    if (!has_aws()) return;
    Store store;
    const auto boto_put = [&](const std::string& name) {
        store.aws.boto("ssm", "put_parameter",
                       fields("Name", name, "Value", "one", "Type", "SecureString"));
    };
    for (int i = 0; i < 53; ++i) boto_put("/shop/db/" + std::to_string(100 + i));
    boto_put("/shop/web");
    boto_put("/other/web");
    CHECK(done(*store.rig, "list").list().size() == 54);
    CHECK(done(*store.rig, "list", named("prefix", "db/")).list().size() == 53);
    CHECK(done(*store.rig, "list", named("prefix", "web")).list()[0]["name"].text() == "web");
    const List rules = {named("prefix", "").set("older_than", "30d"),
                        named("prefix", "web").set("older_than", 0)};
    const Value due = done(*store.rig, "due", named("rules", rules));
    REQUIRE(due.list().size() == 1);
    CHECK(due.list()[0]["name"].text() == "web");
    CHECK(due.list()[0]["overdue_s"].number() > 0);
}

TEST_CASE("the_credentials_of_a_store_cannot_come_from_itself") {
    if (!has_aws()) return;
    Store store;
    put(*store.rig, "a", "one");
    SecretProvider* const provider = provider_of(store.rig->driver());
    CHECK(*provider->fetch("a", "") == "one");
    CHECK(provider->fetch("none", "").error().code == "missing_secret");
    store.open_first = [provider](const Value&) { return provider->fetch("a", ""); };
    const auto circle = provider->fetch("a", "");
    REQUIRE_FALSE(circle.ok());
    CHECK(circle.error().message.find("would have to be fetched from itself") != std::string::npos);
}

}  // namespace perilune::test

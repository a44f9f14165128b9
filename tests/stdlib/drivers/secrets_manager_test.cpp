// The driver for AWS Secrets Manager against moto, read back with boto3.
#include <doctest/doctest.h>

#include "tests/stdlib/drivers/aws_secrets_rig.h"

namespace perilune::test {

namespace {

struct Store : AwsSecrets {
    Store() : AwsSecrets("secrets_manager", fields("prefix", "shop/", "keep_days", 7)) {}
    Value boto(const std::string& operation, const std::string& name,
               Value more = Value(Map{})) const {
        return aws.boto("secretsmanager", operation, more.set("SecretId", name));
    }
    Result<Value> put_two(const std::string& stage = "current") {
        rig->secrets["HANDED"] = "two";
        return rig->call(
            "put", named("name", "a").set("value", make_secret("HANDED")).set("stage", stage));
    }
};

}  // namespace

TEST_CASE("secrets_manager_conforms_to_the_secrets_family") {
    if (!has_aws()) return;
    Store store;
    SUBCASE("versions") { check_secret_versions(*store.rig); }
    SUBCASE("undo") { check_secret_undo(*store.rig); }
    SUBCASE("endings") { check_secret_endings(*store.rig); }
}

TEST_CASE("boto3_reads_what_the_secrets_manager_driver_has_put") {
    if (!has_aws()) return;
    Store store;
    put(*store.rig, "a", "hunter2 \"quoted\"");
    CHECK(store.boto("get_secret_value", "shop/a")["SecretString"].text() == "hunter2 \"quoted\"");
    const Value second = *store.put_two();
    CHECK(store.boto("get_secret_value", "shop/a")["VersionId"] == second["version"]);
    CHECK(store
              .boto("get_secret_value", "shop/a",
                    fields("VersionStage", "AWSPREVIOUS"))["SecretString"]
              .text() == "hunter2 \"quoted\"");
    const Value gone = done(*store.rig, "delete", named("name", "a"));
    CHECK(gone["kept_until_at"].number() > wall_now_s() + 6.5 * 86400);
    CHECK(store.boto("describe_secret", "shop/a").has("DeletedDate"));
}

TEST_CASE("old_and_new_values_are_valid_side_by_side_until_the_switch") {
    if (!has_aws()) return;
    Store store;
    const Value first = put(*store.rig, "a", "one");
    const Value pending = *store.put_two("pending");
    CHECK(pending["stage"].text() == "pending");
    CHECK(opened(*store.rig, "a") == "one");
    CHECK(opened(*store.rig, "a", pending["version"].text()) == "two");
    const Value moved =
        done(*store.rig, "set_current", named("name", "a").set("version", pending["version"]));
    CHECK(moved["before"] == first["version"]);
    CHECK(moved["after"] == pending["version"]);
    CHECK(opened(*store.rig, "a") == "two");
    CHECK(opened(*store.rig, "a", first["version"].text()) == "one");
    undone(*store.rig);
    CHECK(opened(*store.rig, "a") == "one");
    const Value stages = store.boto("describe_secret", "shop/a")["VersionIdsToStages"];
    CHECK(stages[first["version"].text()] == Value(List{"AWSCURRENT"}));
    CHECK(stages[pending["version"].text()].list().at(0).text() == "AWSPENDING");
}

TEST_CASE("the_intent_s_key_is_the_version_so_a_lost_answer_adds_none") {
    if (!has_aws()) return;
    Store store;
    put(*store.rig, "a", "one");
    store.aws->fault({.kind = Fault::Kind::lose, .path = "PutSecretValue"});
    REQUIRE_FALSE(store.put_two().ok());
    CHECK(store.outcome() == Outcome::Kind::unknown);
    const auto again = store.rig->act_again();
    REQUIRE_MESSAGE(again.ok(), (again.ok() ? "" : again.error().message));
    CHECK((*again)["version"].text().starts_with(store.rig->last().call.key));
    CHECK(store.boto("describe_secret", "shop/a")["VersionIdsToStages"].map().size() == 2);
    CHECK(opened(*store.rig, "a") == "two");
    // The same of a secret that is made by the put.
    store.aws->fault({.kind = Fault::Kind::lose, .path = "CreateSecret"});
    store.rig->secrets["HANDED"] = "new";
    REQUIRE_FALSE(
        store.rig->call("put", named("name", "b").set("value", make_secret("HANDED"))).ok());
    REQUIRE(store.rig->act_again().ok());
    CHECK(store.boto("describe_secret", "shop/b")["VersionIdsToStages"].map().size() == 1);
    CHECK(opened(*store.rig, "b") == "new");
}

TEST_CASE("other_changes_of_secrets_manager_are_done_again_after_a_lost_answer") {
    if (!has_aws()) return;
    Store store;
    const Value first = put(*store.rig, "a", "one");
    const Value pending = *store.put_two("pending");
    const auto lose = [&](const std::string& path, const std::string& operation, Value arguments) {
        store.aws->fault({.kind = Fault::Kind::lose, .path = path});
        CHECK_FALSE(store.rig->call(operation, std::move(arguments)).ok());
        CHECK(store.outcome() == Outcome::Kind::unknown);
        const auto again = store.rig->act_again();
        REQUIRE_MESSAGE(again.ok(), (again.ok() ? "" : again.error().message));
        CHECK((*again)["changed"].boolean());
    };
    const Value second = named("name", "a").set("version", pending["version"]);
    lose("UpdateSecretVersionStage", "set_current", second);
    CHECK(opened(*store.rig, "a") == "two");
    CHECK(store.rig->last().outcome.value["before"] == first["version"]);
    lose("UpdateSecretVersionStage", "retire", named("name", "a").set("version", first["version"]));
    CHECK(opened(*store.rig, "a", first["version"].text()) == "none");
    // Nor does a handle open that was given out before.
    CHECK(provider_of(store.rig->driver())->fetch("a", first["version"].text()).error().code ==
          "missing_secret");
    lose("DeleteSecret", "delete", named("name", "a"));
    CHECK(opened(*store.rig, "a") == "none");
    lose("RestoreSecret", "undelete", named("name", "a"));
    CHECK(opened(*store.rig, "a") == "two");
}

TEST_CASE("secrets_manager_s_refusals_prove_that_nothing_was_put") {
    if (!has_aws()) return;
    Store store;
    put(*store.rig, "a", "one");
    store.aws->fault(aws_throttled("PutSecretValue"));
    REQUIRE_FALSE(store.put_two().ok());
    CHECK(store.outcome() == Outcome::Kind::not_sent);
    store.aws->fault(
        {.kind = Fault::Kind::answer,
         .path = "PutSecretValue",
         .status = 400,
         .body = fields("__type", "LimitExceededException", "message", "Too many versions")});
    const auto refused_put = store.put_two();
    CHECK(store.outcome() == Outcome::Kind::failed);
    CHECK(refused_put.error().message.find("LimitExceededException: Too many versions.") !=
          std::string::npos);
    store.rig->secrets["KEY"] = "canary-of-the-key";
    const auto wrong = store.rig->call("list");
    CHECK(wrong.error().code == "credentials_refused");
    CHECK(to_json(wrong.error().to_value()).find("canary") == std::string::npos);
    store.rig->secrets["KEY"] = Aws::key;
    CHECK(opened(*store.rig, "a") == "one");
}

TEST_CASE("a_rotation_is_followed_to_its_end_and_found_again") {
    if (!has_aws()) return;
    Store store;
    const Value first = put(*store.rig, "a", "one");
    refused(*store.rig, "rotate", named("name", "a"), "unsupported");
    store.boto("rotate_secret", "shop/a",
               fields("RotationRules", fields("AutomaticallyAfterDays", 30)));
    // For two looks the new version is not there yet.
    store.aws->fault({.kind = Fault::Kind::answer,
                      .path = "ListSecretVersionIds",
                      .status = 200,
                      .body = fields("Versions", List{}),
                      .times = 2,
                      .skip = 1});
    const auto rotated = store.rig->call("rotate", named("name", "a"));
    REQUIRE_MESSAGE(rotated.ok(), (rotated.ok() ? "" : rotated.error().message));
    CHECK((*rotated)["stage"].text() == "current");
    const MadeChange made = store.rig->last();
    CHECK((*rotated)["version"].text().starts_with(made.call.key));
    CHECK((*rotated)["version"] != first["version"]);
    Call call = made.call;
    const Handler& handler = store.rig->driver().operations.at("rotate");
    Sighting seen = store.loop.await(handler.look(call, made.before.state));
    CHECK(seen.kind == Sighting::Kind::happened);
    CHECK(seen.after == made.outcome.after);
    call.key = "of-another-intent";
    seen = store.loop.await(handler.look(call, made.before.state));
    CHECK(seen.kind == Sighting::Kind::did_not);
}

TEST_CASE("a_rotation_that_does_not_end_is_not_told_as_failed") {
    if (!has_aws()) return;
    Store store;
    put(*store.rig, "a", "one");
    store.boto("rotate_secret", "shop/a",
               fields("RotationRules", fields("AutomaticallyAfterDays", 30)));
    store.aws->fault({.kind = Fault::Kind::answer,
                      .path = "ListSecretVersionIds",
                      .status = 200,
                      .body = fields("Versions", List{}),
                      .times = 1000,
                      .skip = 1});
    store.rig->timeout_s = 2;
    const auto late = store.rig->call("rotate", named("name", "a"));
    REQUIRE_FALSE(late.ok());
    CHECK(late.error().code == "timed_out");
    CHECK(store.outcome() == Outcome::Kind::unknown);
    CHECK(late.error().message.find("rotation function's log") != std::string::npos);
}

}  // namespace perilune::test

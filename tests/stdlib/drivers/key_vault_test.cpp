// The driver for Azure Key Vault against its double, whose requests are checked by the document.
#include <doctest/doctest.h>

#include "bindings/secrets/secrets.h"
#include "tests/bindings/secrets/secrets_conformance.h"
#include "tests/interpreter/driver/lua_rig.h"
#include "tests/services/double.h"

namespace perilune::test {

namespace {

struct Vault {
    explicit Vault(bool signs_in = false) : services{.loop = loop.loop()} {
        services.http = &loop.http();
        services.open_secret = [this](const Value& value) -> Result<std::string> {
            std::string text;
            if (!value.is_secret()) return value.text();
            for (const auto& piece : value.secret()->pieces)
                text += piece.name.empty() ? piece.text : rig->secrets.at(piece.name);
            return text;
        };
        services.keep_secret = [this](const std::string& name, const std::string& value) {
            rig->secrets[name] = value;
            return make_secret(name, "(host)");
        };
        Value settings = fields("url", double_.url(), "login_url", double_.url());
        if (signs_in) {
            settings.set("tenant", "directory-of-the-test").set("client_id", "app");
            settings.set("client_secret", make_secret("CLIENT"));
        } else {
            settings.set("token", make_secret("KEY"));
        }
        auto made =
            make_driver(builtin_kind("secrets", "key_vault"),
                        {.target = "secrets/app", .values = settings, .folder = "/"}, services);
        REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
        rig = std::make_unique<CallRig>(loop, secrets_family, std::move(*made), "secrets/app");
        rig->secrets = {{"KEY", Double::token}, {"CLIENT", "client-token-of-the-test"}};
    }
    Outcome::Kind outcome() const { return rig->last().outcome.kind; }
    List versions(const std::string& name) const { return double_.state()["secrets"][name].list(); }

    Double double_{"key_vault"};
    LoopRig loop;
    Services services;
    std::unique_ptr<CallRig> rig;
};

}  // namespace

TEST_CASE("key_vault_conforms_to_the_secrets_family") {
    if (!has_doubles()) return;
    Vault vault;
    SUBCASE("versions") { check_secret_versions(*vault.rig); }
    SUBCASE("undo") { check_secret_undo(*vault.rig); }
    SUBCASE("endings") { check_secret_endings(*vault.rig); }
}

TEST_CASE("an_older_value_of_key_vault_becomes_a_new_version_with_a_tag_that_says_so") {
    if (!has_doubles()) return;
    Vault vault;
    const Value first = put(*vault.rig, "db/main", "one");
    put(*vault.rig, "db/main", "two");
    const Value moved =
        done(*vault.rig, "set_current", named("name", "db/main").set("version", first["version"]));
    const List versions = vault.versions("db--main");
    REQUIRE(versions.size() == 3);
    CHECK(moved["after"] == versions[2]["version"]);
    CHECK(versions[2]["value"].text() == "one");
    CHECK(versions[2]["tags"]["perilune-restores"] == first["version"]);
    const Value told = done(*vault.rig, "versions", named("name", "db/main"));
    REQUIRE(told.list().size() == 3);
    CHECK(told.list()[0]["stage"].text() == "current");
    CHECK(told.list()[0]["version"] == versions[2]["version"]);
    refused(*vault.rig, "set_current", named("name", "db/main").set("version", "9"), "not_found");
    refused(*vault.rig, "describe", named("name", "db--main"), "bad_argument");
    refused(*vault.rig, "describe", named("name", "db_main"), "bad_argument");
}

TEST_CASE("key_vault_s_lists_go_on_over_pages") {
    if (!has_doubles()) return;
    Vault vault;
    vault.double_.set_state(fields("page", 2));
    for (const auto* name : {"a", "b", "c", "d", "e"}) put(*vault.rig, name, "1");
    CHECK(done(*vault.rig, "list").list().size() == 5);
    for (const auto* value : {"2", "3", "4", "5"}) put(*vault.rig, "a", value);
    CHECK(done(*vault.rig, "versions", named("name", "a")).list().size() == 5);
}

TEST_CASE("changes_of_key_vault_are_made_once_though_answers_are_lost") {
    if (!has_doubles()) return;
    Vault vault;
    const Value first = put(*vault.rig, "a", "one");
    const auto lose = [&](const std::string& method, const std::string& operation,
                          Value arguments) {
        vault.double_.fault({.method = method});
        CHECK_FALSE(vault.rig->call(operation, std::move(arguments)).ok());
        CHECK(vault.outcome() == Outcome::Kind::unknown);
        const auto again = vault.rig->act_again();
        REQUIRE_MESSAGE(again.ok(), (again.ok() ? "" : again.error().message));
        CHECK((*again)["changed"].boolean());
    };
    vault.rig->secrets["HANDED"] = "two";
    lose("PUT", "put", named("name", "a").set("value", make_secret("HANDED")));
    CHECK(vault.versions("a").size() == 2);
    lose("PUT", "set_current", named("name", "a").set("version", first["version"]));
    CHECK(vault.versions("a").size() == 3);
    CHECK(opened(*vault.rig, "a") == "one");
    lose("DELETE", "delete", named("name", "a"));
    CHECK(opened(*vault.rig, "a") == "none");
    lose("POST", "undelete", named("name", "a"));
    CHECK(opened(*vault.rig, "a") == "one");
    CHECK(vault.versions("a").size() == 3);
}

TEST_CASE("key_vault_s_refusals_prove_that_nothing_was_put_and_show_no_secret") {
    if (!has_doubles()) return;
    Vault vault;
    vault.rig->secrets["HANDED"] = "canary-of-the-value";
    const Value wanted = named("name", "a").set("value", make_secret("HANDED"));
    vault.double_.fault(throttled("PUT"));
    CHECK_FALSE(vault.rig->call("put", wanted).ok());
    CHECK(vault.outcome() == Outcome::Kind::not_sent);
    const Value body = fields("error", fields("code", "BadParameter", "message", "Too long."));
    vault.double_.fault(
        {.kind = Fault::Kind::answer, .method = "PUT", .status = 400, .body = body});
    auto result = vault.rig->call("put", wanted);
    CHECK(vault.outcome() == Outcome::Kind::failed);
    CHECK(result.error().message.find("BadParameter): Too long.") != std::string::npos);
    vault.double_.fault({.kind = Fault::Kind::answer,
                         .method = "PUT",
                         .status = 403,
                         .body = fields("error", fields("code", "Forbidden", "message",
                                                        "The user has no set permission."))});
    result = vault.rig->call("put", wanted);
    CHECK(result.error().code == "permission_denied");
    vault.rig->secrets["KEY"] = "canary-of-the-key";
    result = vault.rig->call("put", wanted);
    CHECK(result.error().code == "credentials_refused");
    CHECK(to_json(result.error().to_value()).find("canary") == std::string::npos);
    CHECK(vault.double_.changes() == 0);
}

TEST_CASE("an_application_signs_in_to_key_vault_once_and_wrong_secrets_are_named") {
    if (!has_doubles()) return;
    Vault vault(true);
    put(*vault.rig, "a", "one");
    put(*vault.rig, "a", "two");
    CHECK(vault.double_.state()["sign_ins"].integer() == 1);
    Vault wrong(true);
    wrong.rig->secrets["CLIENT"] = "canary-of-the-client";
    const auto result = wrong.rig->call("list");
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().code == "credentials_refused");
    CHECK(result.error().message.find("AADSTS7000215") != std::string::npos);
    CHECK(to_json(result.error().to_value()).find("canary") == std::string::npos);
}

}  // namespace perilune::test

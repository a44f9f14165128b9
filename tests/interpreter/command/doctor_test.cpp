// Providers of secrets as an environment names them, and what the doctor finds beforehand.
#include "interpreter/command/secret_fetch.h"

#include <sys/stat.h>

#include <doctest/doctest.h>

#include "interpreter/command/command.h"
#include "tests/interpreter/command/command_rig.h"
#include "tests/support/http_server.h"

namespace {

using namespace perilune;
using test::CommandRig;
using test::holds;

constexpr std::string_view value = "correct-horse-battery";

struct SecretRig : CommandRig {
    SecretRig() {
        write("secrets/TOKEN", std::string(value) + "\n");
        ::chmod(at("secrets/TOKEN").c_str(), 0600);
    }
    Result<FetchSecret> fetcher(const std::string& provider, Value values) const {
        SecretsSettings settings;
        settings.provider = provider;
        settings.settings.values = std::move(values);
        settings.settings.folder = at("library");
        return make_secret_fetch(settings, *loop_);
    }
    // An environment with a webhook whose address is a secret.
    void add_secret_environment(const std::string& name) const {
        add_environment("  notify/team: { driver: webhook, url: \"secret:" + name +
                        "\" }\nsecrets: { provider: file, folder: ../secrets }\n");
    }

private:
    std::unique_ptr<Loop> loop_ = Loop::make();
};

const Value* examined(const Value& told, std::string_view what) {
    for (const auto& item : told["examined"].list())
        if (item["what"].text() == what) return &item;
    return nullptr;
}

TEST_CASE("fetches_a_secret_from_a_folder_and_says_where_it_looked") {
    const SecretRig rig;
    Value values;
    const auto fetch = rig.fetcher("file", values.set("folder", "../secrets"));
    REQUIRE(fetch.ok());
    const auto found = (*fetch)("TOKEN", "");
    REQUIRE(found.ok());
    CHECK(*found == value);
    const auto missing = (*fetch)("OTHER", "");
    REQUIRE(!missing.ok());
    CHECK(missing.error().code == "secret_missing");
    CHECK(holds(missing.error().message, "secrets/OTHER"));
    ::chmod(rig.at("secrets/TOKEN").c_str(), 0644);
    const auto open = (*fetch)("TOKEN", "");
    REQUIRE(!open.ok());
    CHECK(open.error().code == "unsafe_secret");
}

TEST_CASE("fetches_a_secret_from_a_variable_or_a_program") {
    const SecretRig rig;
    ::setenv("PERILUNE_TEST_TOKEN", std::string(value).c_str(), 1);
    Value prefix;
    const auto variable = rig.fetcher("environment", prefix.set("prefix", "PERILUNE_TEST_"));
    ::unsetenv("PERILUNE_TEST_TOKEN");
    REQUIRE(variable.ok());
    CHECK(*(*variable)("TOKEN", "") == value);
    CHECK((*variable)("OTHER", "").error().code == "secret_missing");
    Value program;
    program.set("command", List{"/bin/cat", rig.at("secrets/{name}")});
    const auto command = rig.fetcher("command", program);
    REQUIRE(command.ok());
    CHECK(*(*command)("TOKEN", "") == value);
    CHECK((*command)("OTHER", "").error().code == "secret_missing");
}

TEST_CASE("refuses_providers_that_are_not_complete") {
    const SecretRig rig;
    CHECK(!rig.fetcher("file", Value(Map{})).ok());
    CHECK(!rig.fetcher("vault", Value(Map{})).ok());
    Value program;
    CHECK(!rig.fetcher("command", program.set("command", List{"cat"})).ok());
    CHECK(find_secret_provider("file") != nullptr);
    CHECK(find_secret_provider("vault") == nullptr);
}

TEST_CASE("names_all_secrets_that_cannot_be_opened_at_once") {
    const SecretRig rig;
    Environment environment;
    Value values;
    values.set("a", make_secret("TOKEN")).set("b", List{make_secret("ONE"), make_secret("TWO")});
    environment.targets["http/shop"].settings.values = values;
    CHECK(secret_names(values) == std::vector<std::string>{"ONE", "TOKEN", "TWO"});
    Masker masker;
    SecretOpener opener(masker);
    Value folder;
    opener.set_fetch(*rig.fetcher("file", folder.set("folder", "../secrets")));
    const auto open = [&](const Value& handle) { return opener.open(handle); };
    const auto checked = check_secrets(environment, {"http/shop", "http/none"}, open);
    REQUIRE(!checked.ok());
    CHECK(checked.error().code == "secret_missing");
    CHECK(holds(checked.error().message, "ONE"));
    CHECK(holds(checked.error().message, "TWO"));
    CHECK(!holds(checked.error().message, "TOKEN"));
}

TEST_CASE("finds_a_good_environment_ready") {
    const SecretRig rig;
    rig.add_environment();
    rig.add_waiting_runbook();
    const Value told = rig.json({"doctor", "wait", "-e", "local"});
    CHECK(told["ok"].boolean());
    for (const auto* what :
         {"state", "clock", "perilune-worker", "seccomp", "pidfd", "worker", "libcurl.so.4",
          "libpq.so.5", "demo wait", "dns/site", "storage/files"}) {
        CAPTURE(what);
        const Value* item = examined(told, what);
        REQUIRE(item != nullptr);
        CHECK((*item)["state"].text() != "problem");
    }
    CHECK(holds((*examined(told, "dns/site"))["found"].text(), "asked serial"));
    CHECK(rig.run({"doctor", "wait", "-e", "local"}).exit_code == exit_done);
}

TEST_CASE("ends_with_its_own_code_where_a_secret_is_missing_and_shows_no_value") {
    const SecretRig rig;
    rig.add_secret_environment("ABSENT");
    const auto missing = rig.run({"doctor", "-e", "local"});
    CHECK(missing.exit_code == exit_credentials);
    CHECK(holds(missing.output, "secret ABSENT"));
    rig.write("secrets/TOKEN", "https://192.0.2.1/" + std::string(value));
    rig.add_secret_environment("TOKEN");
    const auto found = rig.run({"doctor", "-e", "local"});
    CHECK(holds(found.output, "secret TOKEN"));
    CHECK(holds(found.output, "can be opened"));
    CHECK(!holds(found.output + found.errors, value));
}

TEST_CASE("names_the_target_that_does_not_answer") {
    const SecretRig rig;
    rig.add_environment("  http/shop: { driver: http, url: \"http://127.0.0.1:1\" }\n");
    const auto ended = rig.run({"doctor", "-e", "local"});
    CHECK(ended.exit_code == exit_failed);
    CHECK(holds(ended.output, "PROBLEM  http/shop"));
    const Value told = rig.json({"doctor", "-e", "local"});
    CHECK(!told["ok"].boolean());
    CHECK((*examined(told, "dns/site"))["state"].text() == "ok");
}

TEST_CASE("names_the_target_whose_credentials_are_refused") {
    test::HttpServer server;
    server.reply({.status = 403,
                  .headers = {},
                  .body = "<Error><Code>SignatureDoesNotMatch</Code></Error>"});
    const SecretRig rig;
    rig.add_environment("  storage/x: { driver: s3, bucket: b, endpoint: \"" + server.url() +
                        "\", credentials: { access_key_id: AKTEST, secret_access_key: "
                        "\"secret:TOKEN\" } }\nsecrets: { provider: file, folder: ../secrets }\n");
    const auto ended = rig.run({"doctor", "-e", "local"});
    CHECK(ended.exit_code == exit_credentials);
    CHECK(holds(ended.output, "PROBLEM  storage/x"));
    CHECK(holds(ended.output, "SignatureDoesNotMatch"));
    CHECK(!holds(ended.output + ended.errors, value));
}

TEST_CASE("finds_what_a_runbook_needs_and_an_environment_lacks") {
    const SecretRig rig;
    rig.add_environment();
    rig.write("library/runbooks/needs.lua", R"(return runbook {
  summary = "Needs more", targets = { ["dns/other"] = {} },
  run = function() return dns("other"):serial(), secret("ABSENT") end,
}
)");
    const Value told = rig.json({"doctor", "needs", "-e", "local"});
    CHECK((*examined(told, "demo needs"))["state"].text() == "problem");
    CHECK((*examined(told, "dns/other"))["state"].text() == "problem");
    CHECK((*examined(told, "secret ABSENT"))["state"].text() == "problem");
    CHECK(examined(told, "dns/site") == nullptr);
    CHECK(rig.run({"doctor"}).exit_code == exit_usage);
}

}  // namespace

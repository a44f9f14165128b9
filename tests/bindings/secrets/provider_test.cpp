// Where the host opens secret handles, and the two drivers that only read.
#include <cstdlib>

#include <sys/stat.h>

#include <doctest/doctest.h>

#include "bindings/secrets/secrets.h"
#include "tests/bindings/secrets/secrets_conformance.h"
#include "tests/support/temporary_folder.h"

using namespace perilune;
using namespace perilune::test;

namespace {

bool says(const Result<std::string>& value, std::string_view part) {
    return !value.ok() && value.error().message.find(part) != std::string::npos;
}

// Sets a variable for the length of a test.
class Variable {
public:
    Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
    ~Variable() { ::unsetenv(name_); }

private:
    const char* name_;
};

}  // namespace

TEST_CASE("reads_environment_variables_once_at_the_start") {
    const Variable set("PERILUNE_TEST_DB_URL", "postgresql://one");
    const auto provider = make_environment_secrets("PERILUNE_TEST_");
    ::setenv("PERILUNE_TEST_DB_URL", "changed since", 1);
    CHECK(*provider->fetch("DB_URL", "") == "postgresql://one");
    CHECK(*provider->fetch("DB/URL", "") == "postgresql://one");
    const auto missing = provider->fetch("OTHER", "");
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().code == "missing_secret");
    CHECK(says(missing, "PERILUNE_TEST_OTHER"));
    CHECK(says(missing, "environment"));
    CHECK_FALSE(provider->fetch("DB_URL", "3").ok());
}

TEST_CASE("reads_a_file_that_only_its_owner_may_read") {
    TemporaryFolder folder;
    folder.write("KEY", "value\n");
    const auto provider = make_file_secrets(folder.path());
    const auto open = provider->fetch("KEY", "");
    REQUIRE_FALSE(open.ok());
    CHECK(open.error().code == "unsafe_secret");
    CHECK(says(open, "chmod 600 " + folder.path("KEY")));
    CHECK_FALSE(says(open, "value\n"));
    for (const unsigned mode : {0640U, 0604U, 0610U}) {
        REQUIRE(::chmod(folder.path("KEY").c_str(), mode) == 0);
        CHECK_FALSE(provider->fetch("KEY", "").ok());
    }
    REQUIRE(::chmod(folder.path("KEY").c_str(), 0600) == 0);
    CHECK(*provider->fetch("KEY", "") == "value");
    REQUIRE(::chmod(folder.path("KEY").c_str(), 0400) == 0);
    CHECK(*provider->fetch("KEY", "") == "value");
}

TEST_CASE("a_file_secret_loses_one_line_end_only") {
    TemporaryFolder folder;
    const auto provider = make_file_secrets(folder.path());
    for (const auto& [bytes, value] : {std::pair<std::string, std::string>{"a", "a"},
                                       {"a\n", "a"},
                                       {"a\n\n", "a\n"},
                                       {" a ", " a "}}) {
        REQUIRE(write_file_durably(folder.path("KEY"), bytes, 0600).ok());
        CHECK(*provider->fetch("KEY", "") == value);
    }
}

TEST_CASE("a_missing_file_secret_names_where_it_looked") {
    TemporaryFolder folder;
    const auto provider = make_file_secrets(folder.path());
    CHECK(says(provider->fetch("NONE", ""), folder.path("NONE")));
    for (const auto* name : {"", ".", "..", "../x", "a/b", ".hidden"})
        CHECK_MESSAGE(provider->fetch(name, "").error().code == "missing_secret", name);
    CHECK_FALSE(make_file_secrets(folder.path("none"))->fetch("KEY", "").ok());
}

TEST_CASE("a_program_prints_a_secret") {
    const auto provider = make_command_secrets(
        {"/bin/sh", "-c", "printf '%s of %s\\n\\n' \"$1\" \"$2\"", "sh", "{name}", "<{version}>"},
        20);
    CHECK(*provider->fetch("db key; $(id)", "7") == "db key; $(id) of <7>\n");
}

TEST_CASE("a_program_gets_only_what_it_is_given") {
    const Variable set("PERILUNE_TEST_LEAK", "leaked");
    const auto provider = make_command_secrets({"/usr/bin/env"}, 20);
    const auto printed = provider->fetch("any", "");
    REQUIRE(printed.ok());
    CHECK(printed->find("PERILUNE_TEST_LEAK") == std::string::npos);
    CHECK(printed->find("PATH=") != std::string::npos);
}

TEST_CASE("a_program_that_fails_says_nothing_of_what_it_printed") {
    const auto fails = make_command_secrets({"/bin/sh", "-c", "echo hunter2; exit 3"}, 20);
    const auto failed = fails->fetch("KEY", "");
    REQUIRE_FALSE(failed.ok());
    CHECK(failed.error().code == "missing_secret");
    CHECK(says(failed, "exit code 3"));
    CHECK_FALSE(says(failed, "hunter2"));
    CHECK(
        says(make_command_secrets({"/nowhere/program"}, 20)->fetch("KEY", ""), "/nowhere/program"));
    CHECK(says(make_command_secrets({"/bin/true"}, 20)->fetch("KEY", ""), "nothing"));
}

TEST_CASE("a_program_that_hangs_is_stopped") {
    const auto provider = make_command_secrets({"/bin/sleep", "60"}, 0.2);
    const double began_s = boot_now_s();
    const auto hung = provider->fetch("KEY", "");
    CHECK(says(hung, "did not end in time"));
    CHECK(hung.error().retry == Retry::safe);
    CHECK(boot_now_s() - began_s < 30);
}

TEST_CASE("the_environment_driver_lists_and_reads_but_shows_no_value") {
    const Variable one("PERILUNE_TEST_B_KEY", "hunter2");
    const Variable two("PERILUNE_TEST_A_KEY", "hunter3");
    LoopRig loop;
    Services services{.loop = loop.loop()};
    auto driver = secrets_environment_kind.make(
        {"secrets/host", named("prefix", "PERILUNE_TEST_"), "/"}, services);
    REQUIRE(driver.ok());
    CallRig rig(loop, secrets_family, std::move(*driver), "secrets/host");
    const Value listed = done(rig, "list");
    REQUIRE(listed.list().size() == 2);
    CHECK(listed.list()[0]["name"].text() == "A_KEY");
    CHECK(to_json(listed).find("hunter") == std::string::npos);
    CHECK(opened(rig, "B_KEY") == "hunter2");
    CHECK(opened(rig, "NONE") == "none");
    CHECK(done(rig, "read", named("name", "A_KEY")).secret()->pieces[0].provider == "secrets/host");
    CHECK(done(rig, "describe", named("name", "NONE")).is_nil());
    CHECK(rig.call("put", Map{}).error().code == "lacking");
    CHECK_FALSE(
        secrets_environment_kind.make({"secrets/host", named("prefix", ""), "/"}, services).ok());
}

TEST_CASE("the_command_driver_reads_only_the_names_it_may") {
    LoopRig loop;
    Services services{.loop = loop.loop()};
    Value settings = named("command", List{"/bin/echo", "value of {name}"});
    settings.set("names", List{"db", "api"});
    auto driver = secrets_command_kind.make({"secrets/vault", settings, "/"}, services);
    REQUIRE(driver.ok());
    CallRig rig(loop, secrets_family, std::move(*driver), "secrets/vault");
    CHECK(opened(rig, "db") == "value of db");
    CHECK(opened(rig, "other") == "none");
    CHECK(opened(rig, "db", "2") == "none");
    CHECK(done(rig, "list").list()[0]["name"].text() == "api");
    CHECK_FALSE(
        secrets_command_kind.make({"secrets/vault", named("command", List{"echo"}), "/"}, services)
            .ok());
}

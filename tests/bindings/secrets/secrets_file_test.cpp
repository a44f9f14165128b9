// The file_store driver of secrets: the family's conformance, and what is its own.
#include <set>
#include <thread>

#include <sys/stat.h>

#include <doctest/doctest.h>

#include "bindings/secrets/secrets.h"
#include "tests/bindings/secrets/secrets_conformance.h"
#include "tests/support/temporary_folder.h"

using namespace perilune;
using namespace perilune::test;

namespace {

class StoreRig {
public:
    StoreRig() : calls(loop, secrets_family, make(), "secrets/app") {}
    explicit StoreRig(const std::string& folder_path)
        : calls(loop, secrets_family, make(folder_path), "secrets/app") {}

    TemporaryFolder folder;
    LoopRig loop;
    CallRig calls;

private:
    Driver make(std::string path = "") {
        Services services{.loop = loop.loop()};
        if (path.empty()) path = folder.path("store");
        auto driver = secrets_file_kind.make({"secrets/app", named("folder", path), "/"}, services);
        if (!driver) throw std::runtime_error(driver.error().message);
        return std::move(*driver);
    }
};

unsigned mode_of(const std::string& path) {
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    return info.st_mode & 0777;
}

Value generate(StoreRig& rig, const char* kind, double length) {
    return done(
        rig.calls, "generate",
        named("name", kind).set("kind", kind).set("length", length).set("stage", "current"));
}

}  // namespace

TEST_CASE("file_store_conforms_to_the_secrets_family") {
    StoreRig rig;
    check_secrets_conformance(rig.calls);
}

TEST_CASE("file_store_has_every_operation_it_says") {
    StoreRig rig;
    for (const auto name : secrets_file_kind.operations) CHECK_MESSAGE(rig.calls.has(name), name);
    CHECK(rig.calls.driver().operations.size() == secrets_file_kind.operations.size());
}

TEST_CASE("nobody_but_the_owner_can_open_the_store") {
    StoreRig rig;
    put(rig.calls, "db/main", "one");
    CHECK(mode_of(rig.folder.path("store")) == 0700);
    CHECK(mode_of(rig.folder.path("store/db%2Fmain")) == 0700);
    CHECK(mode_of(rig.folder.path("store/db%2Fmain/1")) == 0600);
    CHECK(mode_of(rig.folder.path("store/db%2Fmain/state.json")) == 0600);
    CHECK(rig.folder.read("store/db%2Fmain/1") == "one");
}

TEST_CASE("a_store_that_others_can_enter_is_refused_with_the_command_that_mends_it") {
    StoreRig rig;
    put(rig.calls, "a", "one");
    REQUIRE(::chmod(rig.folder.path("store").c_str(), 0750) == 0);
    const auto read = rig.calls.call("read", named("name", "a"));
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == "unsafe_secret");
    CHECK(read.error().message.find("chmod 700 " + rig.folder.path("store")) != std::string::npos);
}

TEST_CASE("reading_makes_no_folder") {
    StoreRig rig;
    CHECK(done(rig.calls, "list").list().empty());
    CHECK(done(rig.calls, "read", named("name", "a")).is_nil());
    struct stat info {};
    CHECK(::stat(rig.folder.path("store").c_str(), &info) != 0);
}

TEST_CASE("names_cannot_leave_the_folder") {
    StoreRig rig;
    for (const auto* name : {"../evil", "..", "/etc/passwd", ".hidden", "a%2Fb", "ü"}) {
        put(rig.calls, name, std::string("value of ") + name);
        CHECK(opened(rig.calls, name) == std::string("value of ") + name);
    }
    CHECK(done(rig.calls, "list").list().size() == 6);
    struct stat info {};
    CHECK(::stat(rig.folder.path("evil").c_str(), &info) != 0);
    refused(rig.calls, "describe", named("name", "a b"), "bad_argument");
    refused(rig.calls, "describe", named("name", std::string(201, 'a')), "bad_argument");
}

TEST_CASE("an_empty_value_is_refused") {
    StoreRig rig;
    rig.calls.secrets["EMPTY"] = "";
    refused(rig.calls, "put", named("name", "a").set("value", make_secret("EMPTY")),
            "bad_argument");
    refused(rig.calls, "put", named("name", "a").set("value", make_secret("NOBODY")),
            "missing_secret");
    refused(rig.calls, "put", named("name", "a").set("value", "plain text"), "bad_argument");
    CHECK(done(rig.calls, "list").list().empty());
}

TEST_CASE("makes_values_of_every_kind") {
    StoreRig rig;
    generate(rig, "random", 32);
    const std::string random = opened(rig.calls, "random");
    CHECK(random.size() == 64);
    CHECK(random.find_first_not_of("0123456789abcdef") == std::string::npos);
    generate(rig, "random", 32);
    CHECK(opened(rig.calls, "random") != random);
    generate(rig, "password", 20);
    const std::string password = opened(rig.calls, "password");
    CHECK(password.size() == 20);
    CHECK(password.find_first_of("-_.~") != std::string::npos);
    CHECK(password.find_first_of("0123456789") != std::string::npos);
    CHECK(std::set<char>(password.begin(), password.end()).size() > 5);
    generate(rig, "ed25519", 32);
    CHECK(opened(rig.calls, "ed25519").starts_with("-----BEGIN PRIVATE KEY-----\n"));
    generate(rig, "rsa", 256);
    const std::string rsa = opened(rig.calls, "rsa");
    CHECK(rsa.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    CHECK(rsa.size() > 1600);
    CHECK(rsa.size() < 1800);  // 2048 bits.
    refused(rig.calls, "generate", named("name", "a").set("length", 8), "bad_argument");
}

TEST_CASE("keys_are_read_by_openssl_itself") {
    if (std::system("command -v openssl > /dev/null") != 0) {
        MESSAGE("the program openssl is not installed; no key was read by it");
        return;
    }
    StoreRig rig;
    for (const auto* kind : {"rsa", "ed25519"}) {
        generate(rig, kind, 256);
        const std::string command = "openssl pkey -check -noout -in " + rig.folder.path("store/") +
                                    kind + "/1 > " + rig.folder.path("said") + " 2>&1";
        CHECK_MESSAGE(std::system(command.c_str()) == 0, rig.folder.read("said"));
    }
}

TEST_CASE("lists_what_is_overdue_by_the_rule_nearest_to_it") {
    StoreRig rig;
    for (const auto* name : {"jwt/a", "jwt/slow/b", "db/c", "other"}) put(rig.calls, name, "x");
    const auto rule = [](const char* prefix, Value older_than) {
        return named("prefix", prefix).set("older_than", older_than);
    };
    const Value due =
        done(rig.calls, "due",
             named("rules", List{rule("jwt/", 0), rule("jwt/slow/", "90d"), rule("db/", 0)}));
    REQUIRE(due.list().size() == 2);
    CHECK(due.list()[0]["name"].text() == "jwt/a");  // The first one put is the most overdue.
    CHECK(due.list()[1]["name"].text() == "db/c");
    CHECK(due.list()[0]["overdue_s"].number() >= due.list()[1]["overdue_s"].number());
    refused(rig.calls, "due", named("rules", List{named("prefix", "a")}), "bad_argument");
}

TEST_CASE("a_version_without_its_state_was_never_there") {
    StoreRig rig;
    put(rig.calls, "a", "one");
    // The host was killed after the value was written and before the state.
    rig.folder.write("store/a/2", "half done");
    CHECK(done(rig.calls, "versions", named("name", "a")).list().size() == 1);
    put(rig.calls, "a", "two");
    CHECK(opened(rig.calls, "a") == "two");
    CHECK(opened(rig.calls, "a", "2") == "two");
}

TEST_CASE("a_broken_state_is_told_and_not_overwritten") {
    StoreRig rig;
    put(rig.calls, "a", "one");
    rig.folder.write("store/a/state.json", "{");
    rig.calls.secrets["NEW"] = "two";
    refused(rig.calls, "put", named("name", "a").set("value", make_secret("NEW")), "bad_store");
    CHECK(rig.folder.read("store/a/state.json") == "{");
}

TEST_CASE("no_version_is_lost_between_hosts") {
    TemporaryFolder shared;
    std::vector<std::thread> threads;
    for (int writer = 0; writer < 4; ++writer)
        threads.emplace_back([&shared, writer] {
            StoreRig rig(shared.path("store"));
            for (int i = 0; i < 8; ++i) {
                rig.calls.secrets["V"] = std::to_string(writer * 100 + i);
                const auto made = rig.calls.call(
                    "put",
                    named("name", "a").set("value", make_secret("V")).set("stage", "pending"));
                if (!made) throw std::runtime_error(made.error().message);
            }
        });
    for (auto& thread : threads) thread.join();
    StoreRig rig(shared.path("store"));
    std::set<std::string> values;
    for (int version = 1; version <= 32; ++version)
        values.insert(opened(rig.calls, "a", std::to_string(version)));
    CHECK(values.size() == 32);
}

TEST_CASE("every_secrets_operation_is_documented_to_its_last_parameter") {
    for (const auto& operation : secrets_family.operations) {
        CHECK_MESSAGE(!operation.doc.empty(), operation.name);
        const bool change = operation.effect == Effect::change;
        CHECK_MESSAGE(change == (operation.recovery != Recovery::none), operation.name);
        CHECK_MESSAGE(change != operation.undo.empty(), operation.name);
        for (const auto& parameter : operation.used_parameters())
            CHECK_MESSAGE(!parameter.doc.empty(), operation.name << " " << parameter.name);
    }
}

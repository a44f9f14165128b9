// The folder driver under kill -9, and under several processes at once: never a torn object.
#include <random>

#include <fcntl.h>

#include "bindings/storage/beneath.h"
#include "tests/bindings/storage/child_of_test.h"
#include "tests/bindings/storage/storage_conformance.h"

namespace perilune::test {

namespace {

std::unique_ptr<StorageRig> open_folder(const std::string& path) {
    auto made = std::make_unique<StorageRig>();
    made->rig = std::make_unique<TargetsRig>();
    made->other = std::make_shared<MemoryObjects>();
    made->rig->add(made->target, storage_family, folder_kind, {{"path", path}});
    return made;
}

// Content that says itself whether it is whole.
std::string sealed(unsigned number) {
    const std::string content(1000 + number % 7 * 40000, static_cast<char>('a' + number % 26));
    return to_hex(sha256(content)) + content;
}

bool is_whole(const std::string& body) {
    return body.size() > 64 && body.substr(0, 64) == to_hex(sha256(body.substr(64)));
}

// Every object, and every version that is kept, is whole and as its description says.
void check_all_whole(StorageRig& rig) {
    const auto listed = rig.observe("list");
    REQUIRE(listed.ok());
    for (const auto& object : listed->list()) {
        const std::string key = object["key"].text();
        CAPTURE(key);
        const auto got = rig.observe("get", {{"key", key}});
        REQUIRE(got.ok());
        CHECK(is_whole((*got)["body"].text()));
        CHECK((*got)["digest"] == object["digest"]);
    }
    const auto versions = rig.observe("versions", {{"prefix", ""}});
    REQUIRE(versions.ok());
    for (const auto& version : versions->list()) {
        if (version["deleted"].boolean()) continue;
        const auto got =
            rig.observe("get", {{"key", version["key"]}, {"version", version["version"]}});
        REQUIRE(got.ok());
        CHECK(is_whole((*got)["body"].text()));
        CHECK((*got)["digest"] == version["digest"]);
    }
}

}  // namespace

TEST_CASE("child_changes_objects_until_it_is_killed" * doctest::skip()) {
    const std::string folder = child_folder();
    if (folder.empty()) return;
    const auto rig = open_folder(folder);
    tell_parent();
    std::mt19937 random(static_cast<unsigned>(::getpid()));
    for (unsigned i = 0; i < 100000; ++i) {
        const std::string key = "deep/" + std::to_string(random() % 3) + "/object";
        if (random() % 4 == 0) {
            rig->change("delete", {{"key", key}});
        } else {
            rig->put(key, sealed(static_cast<unsigned>(random())));
        }
    }
}

TEST_CASE("leaves_only_whole_objects_where_it_is_killed") {
    const TemporaryFolder folder;
    const unsigned seed = std::random_device()();
    CAPTURE(seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 25; ++round) {
        CAPTURE(round);
        ChildOfTest child("child_changes_objects_until_it_is_killed", folder.path());
        REQUIRE(child.wait_told());
        child.kill_after(random() % 20000);
        const auto rig = open_folder(folder.path());
        check_all_whole(*rig);
        // What the dead left is no obstacle: the next change works, and can be taken back.
        REQUIRE(rig->put("deep/0/object", sealed(1)).ok());
        const auto put = rig->put("deep/0/object", sealed(2));
        REQUIRE(put.ok());
        CHECK(rig->rig->undo(put).ok());
        CHECK(rig->body("deep/0/object") == sealed(1));
    }
    const auto rig = open_folder(folder.path());
    CHECK(rig->change("abort_uploads", {{"older_than", 0}}).ok());
    CHECK(rig->observe("versions", {{"prefix", ""}})->list().size() > 25);
}

TEST_CASE("child_claims_keys_only_if_they_are_absent" * doctest::skip()) {
    const std::string folder = child_folder();
    if (folder.empty()) return;
    const auto rig = open_folder(folder);
    tell_parent();
    const std::string me = std::to_string(::getpid());
    for (int i = 0; i < 40; ++i) {
        const std::string key = "claim/" + std::to_string(i);
        if (rig->put(key, "by " + me, "absent").ok()) rig->put("won/" + me + "/" + key, me);
    }
}

TEST_CASE("lets_only_one_of_several_processes_claim_a_key") {
    const TemporaryFolder folder;
    {
        ChildOfTest first("child_claims_keys_only_if_they_are_absent", folder.path());
        ChildOfTest second("child_claims_keys_only_if_they_are_absent", folder.path());
        ChildOfTest third("child_claims_keys_only_if_they_are_absent", folder.path());
        CHECK(first.wait_ended() == 0);
        CHECK(second.wait_ended() == 0);
        CHECK(third.wait_ended() == 0);
    }
    const auto rig = open_folder(folder.path());
    const auto claims = rig->observe("list", {{"prefix", "claim/"}});
    CHECK(claims->list().size() == 40);
    CHECK(rig->observe("list", {{"prefix", "won/"}})->list().size() == 40);
    for (const auto& claim : claims->list())
        CHECK(rig->observe("versions", {{"key", claim["key"]}})->list().size() == 1);
}

TEST_CASE("opens_beneath_a_folder_alike_with_and_without_openat2") {
    const TemporaryFolder folder;
    std::filesystem::create_directories(folder.path("in/side"));
    std::filesystem::create_directories(folder.path("in/folder"));
    std::filesystem::create_directory_symlink("side", folder.path("in/link"));
    std::filesystem::create_symlink("side/file", folder.path("in/file_link"));
    REQUIRE(write_file_durably(folder.path("in/side/file"), "x").ok());
    REQUIRE(write_file_durably(folder.path("outside"), "x").ok());
    const Descriptor root(::open(folder.path("in").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (const auto resolver : {Resolver::kernel, Resolver::segments}) {
        CAPTURE(static_cast<int>(resolver));
        const auto opens = [&](const std::string& path) {
            return open_beneath(root.get(), path, O_RDONLY, 0, resolver).ok();
        };
        CHECK(opens("side/file"));
        CHECK(opens("folder"));
        CHECK(opens(""));
        CHECK_FALSE(opens("none"));
        CHECK_FALSE(opens("link/file"));
        CHECK_FALSE(opens("file_link"));
        CHECK_FALSE(opens("../outside"));
        CHECK_FALSE(opens("side/../../outside"));
        CHECK_FALSE(opens(folder.path("outside")));
    }
}

}  // namespace perilune::test

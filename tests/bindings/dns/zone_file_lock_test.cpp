// Several hosts that change one zone file at once.
#include <csignal>
#include <filesystem>
#include <set>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "interpreter/base/locked_file.h"
#include "interpreter/base/replacement_file.h"
#include "tests/bindings/dns/zone_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

constexpr int writers = 4;
constexpr int records_each = 15;

// One host of its own that makes its records in the shared file.
void write_records(const std::string& folder, int writer) {
    LoopRig loop;
    Value values;
    values.set("path", "zone").set("zone", "example.com");
    Services services{.loop = loop.loop()};
    auto driver = zone_file_kind.make({"dns/site", values, folder}, services);
    CallRig calls(loop, dns_family, std::move(*driver), "dns/site");
    for (int i = 0; i < records_each; ++i) {
        const std::string name = "w" + std::to_string(writer) + "-" + std::to_string(i);
        const auto made = calls.call("upsert", record(name, "A", {"192.0.2.1"}, 60, "ttl"));
        if (!made) throw std::runtime_error(made.error().message);
    }
}

void check_all_there(ZoneRig& rig) {
    int found = 0;
    const Value sets = must(rig.calls, "list");
    for (const auto& set : sets.list())
        found += set["name"].text().starts_with('w') && set["name"].text() != "www";
    CHECK(found == writers * records_each);
    const double serial = must(rig.calls, "serial")["serial"].number();
    CHECK(static_cast<int>(serial) % 100 == writers * records_each);
}

}  // namespace

TEST_CASE("no_update_is_lost_between_programs") {
    ZoneRig rig;
    std::vector<pid_t> children;
    for (int writer = 0; writer < writers; ++writer) {
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            // A child of its own, without the parent's threads: it ends without their clean-up.
            try {
                write_records(rig.folder.path(), writer);
                ::_exit(0);
            } catch (const std::exception&) {
                ::_exit(1);
            }
        }
        children.push_back(child);
    }
    for (const pid_t child : children) {
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        CHECK(status == 0);
    }
    check_all_there(rig);
}

TEST_CASE("no_update_is_lost_between_threads") {
    ZoneRig rig;
    std::vector<std::thread> threads;
    for (int writer = 0; writer < writers; ++writer)
        threads.emplace_back(write_records, rig.folder.path(), writer);
    for (auto& thread : threads) thread.join();
    check_all_there(rig);
}

TEST_CASE("a_lock_held_by_another_is_told_and_safe_to_try_again") {
    ZoneRig rig;
    const auto held = FileLock::take(rig.folder.path("zone.lock"), boot_now_s() + 1);
    REQUIRE(held.ok());
    rig.calls.timeout_s = 0.2;
    const auto made = rig.calls.call("upsert", record("new", "A", {"192.0.2.1"}, 60, "ttl"));
    REQUIRE_FALSE(made.ok());
    CHECK(made.error().code == "locked");
    CHECK(made.error().retry == Retry::safe);
    CHECK(rig.text() == small_zone);
    // Reading needs no lock: the file is always whole.
    CHECK(must(rig.calls, "list").list().size() == 6);
}

TEST_CASE("a_temporary_file_that_a_killed_host_left_is_removed_by_the_next_change") {
    ZoneRig rig;
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const auto made = make_replacement(rig.folder.path("zone"));
        ::kill(made.file.open() ? ::getpid() : 0, SIGKILL);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    const auto files = [&] {
        std::set<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(rig.folder.path()))
            names.insert(entry.path().filename().string());
        return names;
    };
    REQUIRE(files().size() == 2);
    must(rig.calls, "upsert", record("new", "A", {"192.0.2.1"}, 60, "ttl"));
    CHECK(files() == std::set<std::string>{"zone", "zone.lock"});
}

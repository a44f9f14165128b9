// A host that was overtaken while it was frozen: it writes nothing more, starts nothing, and says
// so by its exit code (rule 11.3, case T02).
#include <atomic>
#include <csignal>
#include <functional>
#include <thread>

#include <unistd.h>

#include <doctest/doctest.h>

#include "interpreter/base/json.h"
#include "interpreter/base/loop.h"
#include "interpreter/journal/writer.h"
#include "tests/crash/crash_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

constexpr double patience_s = 20;

void wait_until(const std::function<bool()>& holds) {
    const double until = boot_now_s() + patience_s;
    while (!holds()) {
        if (boot_now_s() > until) throw std::runtime_error("Waited in vain.");
        ::usleep(10000);
    }
}

std::unique_ptr<Store> store_of(const CrashWorld& world) {
    auto store = Store::open(world.at("state"));
    if (!store) throw std::runtime_error(store.error().message);
    return std::move(*store);
}

// The owner of the run is frozen; it is never so while it holds the lock of the state folder.
pid_t freeze_owner(const CrashWorld& world) {
    const auto store = store_of(world);
    const auto host = store->host(world.row().owner);
    if (!host || !*host) throw std::runtime_error("The run has no owner.");
    const auto pid = static_cast<pid_t>((*host)->pid);
    while (true) {
        ::kill(pid, SIGSTOP);
        // A commit of another needs that lock: it ends soon where the frozen one does not hold it.
        std::atomic<bool> done = false;
        std::thread beat([&] { done = store_of(world)->beat("nobody", 1).ok(); });
        const double until = boot_now_s() + 1;
        while (!done && boot_now_s() < until) ::usleep(5000);
        const bool free = done;
        if (!free) ::kill(pid, SIGCONT);
        beat.join();
        if (free) return pid;
        ::usleep(20000);
    }
}

// What another machine's host does when it has seen the frozen one's beat stand still: on one
// machine the frozen host's lock keeps everybody from that, so the store is asked directly.
class Usurper {
public:
    explicit Usurper(const CrashWorld& world) {
        lock_ = *hold_host_lock(world.at("state"), "usurper");
        const RunRow row = world.row();
        Value claim;
        claim.set("kind", "claim").set("owner", "usurper").set("from", row.owner);
        claim.set("who", "test").set("why", "its beat stood still").set("seq", row.seq + 1);
        claim.set("time", wall_now_s()).set("epoch", row.epoch + 1);
        RecordRow record;
        record.body = to_canonical_json(claim);
        record.hash = record_hash(row.head, record.body);
        const auto won = store_of(world)->claim(row, "usurper", record);
        if (!won || !*won) throw std::runtime_error("The run was not claimed.");
    }
    ~Usurper() { die(); }
    Usurper(const Usurper&) = delete;
    Usurper& operator=(const Usurper&) = delete;

    void die() {
        if (lock_ >= 0) ::close(lock_);
        lock_ = -1;
    }

private:
    int lock_ = -1;
};

}  // namespace

TEST_CASE("an_owner_that_was_overtaken_writes_nothing_more_and_exits_with_10") {
    CrashWorld world;
    world.body(R"(
    shop:keyed { name = "before" }
    sleep(1)
    shop:keyed { name = "after" }
    return "over"
)");
    Executed first;
    std::thread running([&] { first = world.start(); });
    wait_until([&] { return world.has_run() && world.count("timer") == 1; });
    const pid_t pid = freeze_owner(world);
    // On one machine a frozen host still holds its lock: nobody takes the run by themselves.
    const Executed refused = world.resume();
    CHECK(refused.code == 2);
    CHECK(refused.says("is being executed by another host"));
    Usurper usurper(world);
    const std::string head = world.row().head;
    ::kill(pid, SIGCONT);
    running.join();
    CHECK_MESSAGE(first.code == 10, first.output, first.errors);
    CHECK(first.says("was taken over by another host"));
    CHECK(world.row().head == head);
    CHECK(world.row().owner == "usurper");
    CHECK(world.acts("after") == 0);
    CHECK(world.broken() == "");
    usurper.die();
    const Executed ended = world.resume();
    CHECK_MESSAGE(ended.code == 0, ended.output, ended.errors);
    CHECK(world.acts("before") == 1);
    CHECK(world.acts("after") == 1);
    CHECK(world.last("claim")["from"].text() == "usurper");
    CHECK(world.last("claim")["epoch"].integer() == 3);
}

TEST_CASE("what_an_overtaken_owner_was_sending_is_found_by_its_key") {
    CrashWorld world;
    world.fault("x", "slow");
    world.body("shop:keyed { name = \"x\" }\nshop:keyed { name = \"y\" }\nreturn \"over\"");
    Executed first;
    std::thread running([&] { first = world.start(); });
    wait_until([&] { return world.has_run() && world.count("intent") == 1; });
    const pid_t pid = freeze_owner(world);
    Usurper usurper(world);
    ::kill(pid, SIGCONT);
    running.join();
    CHECK_MESSAGE(first.code == 10, first.output, first.errors);
    CHECK(world.count("result") == 0);
    usurper.die();
    const Executed ended = world.resume();
    CHECK_MESSAGE(ended.code == 0, ended.output, ended.errors);
    CHECK(world.acts("x") == 1);
    CHECK(world.acts("y") == 1);
    CHECK(world.broken() == "");
}

TEST_CASE("an_owner_of_a_tree_whose_child_was_overtaken_stops_all_of_it") {
    CrashWorld world;
    world.write("library/runbooks/child.lua", R"(return runbook {
  summary = "Child", targets = { ["counting/shop"] = { "keyed" } },
  run = function() sleep(1) counting("shop"):keyed { name = "child" } end }
)");
    world.body(R"(
    parallel {
      a = function() run_runbook("child") end,
      b = function() sleep(3) shop:keyed { name = "top" } end,
    }
)");
    Executed first;
    std::thread running([&] { first = world.start(); });
    wait_until([&] { return world.has_run() && world.count("timer") == 1; });
    const auto store = store_of(world);
    wait_until([&] { return store->children("case")->size() == 1; });
    const std::string child = store->children("case")->front().id;
    wait_until([&] { return world.count("timer", child) == 1; });
    const pid_t pid = freeze_owner(world);
    const RunRow row = world.row(child);
    Value claim;
    claim.set("kind", "claim").set("seq", row.seq + 1).set("epoch", row.epoch + 1);
    RecordRow record;
    record.body = to_canonical_json(claim);
    record.hash = record_hash(row.head, record.body);
    CHECK(*store->claim(row, "usurper", record));
    ::kill(pid, SIGCONT);
    running.join();
    CHECK_MESSAGE(first.code == 10, first.output, first.errors);
    CHECK(world.acts("child") == 0);
    CHECK(world.acts("top") == 0);
}

// Group commit: one order, few flushes, effects after what they rest on, and stores that fail.
#include <algorithm>
#include <atomic>
#include <thread>

#include <doctest/doctest.h>

#include "tests/interpreter/journal/writer_rig.h"

using namespace perilune;
using namespace perilune::test;

TEST_CASE("what_one_turn_appends_shares_one_commit_and_effects_follow_it") {
    WriterRig rig;
    std::vector<std::size_t> durable;
    rig.loop->post([&] {
        for (int i = 0; i < 5; ++i) {
            rig.append("intent", true);
            rig.writer.after_commit([&] { durable.push_back(rig.store.bodies.size()); });
        }
        rig.writer.after_commit([&] { rig.loop->stop(); });
    });
    rig.run();
    CHECK(rig.in_time);
    CHECK(rig.store.commits == 1);
    CHECK(durable == std::vector<std::size_t>(5, 5));
    CHECK(rig.writer.durable_seq("a") == 5);
}

TEST_CASE("an_act_starts_before_people_are_shown_what_its_commit_covers") {
    WriterRig rig;
    std::string order;
    rig.writer.on_durable = [&] { order += "shown "; };
    rig.loop->post([&] {
        rig.append("intent", true);
        rig.writer.after_commit([&] {
            order += "effect";
            rig.loop->stop();
        });
        rig.writer.act_after_commit([&] { order += std::to_string(rig.store.commits) + " act "; });
    });
    rig.run();
    CHECK(order == "1 act shown effect");
}

TEST_CASE("a_result_shares_the_flush_of_the_intent_that_follows_it") {
    WriterRig rig;
    rig.loop->post([&] {
        rig.append("result", true);
        // In a later turn, as the worker's next event comes.
        rig.loop->post([&] {
            rig.append("intent", true);
            rig.writer.after_commit([&] { rig.loop->stop(); });
        });
    });
    rig.run();
    CHECK(rig.in_time);
    CHECK(rig.store.commits == 1);
    CHECK(rig.store.bodies.size() == 2);
}

TEST_CASE("a_result_that_nothing_follows_is_flushed_at_once_by_itself") {
    WriterRig rig;
    bool riding_was_due = false;
    rig.writer.on_durable = [&] { rig.loop->stop(); };
    rig.loop->post([&] {
        rig.append("result", true);
        rig.loop->start_timer(boot_now_s() + 0.02, [&] { riding_was_due = true; });
    });
    rig.run();
    CHECK(rig.in_time);
    CHECK(rig.store.bodies.size() == 1);
    CHECK_FALSE(riding_was_due);
}

TEST_CASE("what_went_with_another_commit_is_not_flushed_once_more") {
    // The intent's own time to be flushed comes when only a riding record is queued.
    WriterRig rig;
    int commits = 0;
    rig.loop->post([&] {
        rig.append("intent", true);
        rig.writer.after_commit([&] {
            rig.append("read", false);
            rig.loop->start_timer(boot_now_s() + 0.01, [&] { commits = rig.store.commits; });
            rig.loop->post([&] { rig.writer.on_durable = [&] { rig.loop->stop(); }; });
        });
    });
    rig.run();
    CHECK(rig.in_time);
    CHECK(commits == 1);
    CHECK(rig.store.commits == 2);
}

TEST_CASE("a_record_that_rides_along_is_flushed_soon_by_itself") {
    WriterRig rig;
    const double began = boot_now_s();
    rig.writer.on_durable = [&] { rig.loop->stop(); };
    rig.loop->post([&] { rig.append("read", false); });
    rig.run();
    CHECK(rig.in_time);
    CHECK(rig.store.bodies.size() == 1);
    CHECK(boot_now_s() - began < 5);
}

TEST_CASE("records_of_all_runs_are_written_in_the_order_in_which_they_were_appended") {
    WriterRig rig;
    rig.writer.own("b", 1, 0, "", 0);
    rig.loop->post([&] {
        for (int i = 0; i < 6; ++i) rig.append("n" + std::to_string(i), i == 5, i % 2 ? "a" : "b");
        rig.writer.after_commit([&] { rig.loop->stop(); });
    });
    rig.run();
    REQUIRE(rig.store.bodies.size() == 6);
    for (std::size_t i = 0; i < 6; ++i)
        CHECK(rig.store.bodies[i].find("\"n" + std::to_string(i) + "\"") != std::string::npos);
}

TEST_CASE("a_flush_wanted_while_its_record_is_being_committed_does_not_stop_later_ones") {
    // What rides along is committed by another flush while its own timer runs out: the timer then
    // finds nothing to write, and what comes after it must be written all the same.
    WriterRig rig;
    rig.loop->post([&] {
        rig.append("read", false);
        rig.append("intent", true);
        // Longer than the riding record's own timer.
        rig.store.during = [] {
            const double until = boot_now_s() + 0.05;
            while (boot_now_s() < until) {
            }
        };
        rig.writer.after_commit([&] {
            rig.store.during = [] {};
            rig.loop->start_timer(boot_now_s() + 0.05, [&] {
                rig.append("end", true);
                rig.writer.after_commit([&] { rig.loop->stop(); });
            });
        });
    });
    rig.run();
    CHECK(rig.in_time);
    CHECK(rig.store.bodies.size() == 3);
}

TEST_CASE("a_failed_commit_is_written_again_whole_and_no_effect_starts_before") {
    WriterRig rig;
    rig.store.fails = 2;
    std::vector<std::string> troubles;
    rig.writer.on_trouble = [&](const std::string& problem) { troubles.push_back(problem); };
    int commits_at_effect = 0;
    rig.loop->post([&] {
        rig.append("intent", true);
        rig.append("read", false);
        rig.writer.after_commit([&] {
            commits_at_effect = rig.store.commits;
            rig.loop->stop();
        });
    });
    rig.run();
    CHECK(rig.in_time);
    CHECK(commits_at_effect == 3);
    CHECK(rig.store.bodies.size() == 2);
    CHECK(troubles == std::vector<std::string>{"No space is left.", "No space is left.", ""});
}

TEST_CASE("a_run_that_was_lost_is_told_and_owned_no_more") {
    WriterRig rig;
    rig.store.lost = {"a"};
    std::string lost;
    rig.writer.on_lost = [&](const std::string& run) { lost = run; };
    rig.loop->post([&] {
        rig.append("intent", true);
        rig.writer.after_commit([&] { rig.loop->stop(); });
    });
    rig.run();
    CHECK(lost == "a");
    CHECK(!rig.writer.owns("a"));
}

TEST_CASE("of_a_run_that_was_lost_nothing_more_is_written") {
    WriterRig rig;
    rig.store.lost = {"a"};
    rig.writer.own("b", 1, 0, "", 0);
    rig.loop->post([&] {
        rig.append("intent", true);
        rig.writer.after_commit([&] {
            rig.store.lost.clear();
            rig.append("result", true);
            rig.writer.set_state("a", "ended", "done", "");
            rig.writer.release("a", true);
            rig.append("of another", true, "b");
            rig.writer.after_commit([&] { rig.loop->stop(); });
        });
    });
    rig.run();
    CHECK(!rig.writer.owns("a"));
    CHECK(rig.store.commits == 2);
    REQUIRE(rig.store.bodies.size() == 2);
    CHECK(rig.store.bodies[1].find("of another") != std::string::npos);
}

TEST_CASE("time_never_goes_back_in_a_journal") {
    WriterRig rig;
    rig.writer.own("later", 1, 0, "", wall_now_s() + 1000);
    Value first;
    Value second;
    rig.loop->post([&] {
        first = rig.append("a", false, "later");
        second = rig.append("b", true, "later");
        rig.writer.after_commit([&] { rig.loop->stop(); });
    });
    rig.run();
    CHECK(second["time"].number() >= first["time"].number());
    CHECK(first["time"].number() > wall_now_s() + 900);
    CHECK(second["seq"].integer() == 2);
}

TEST_CASE("making_a_run_waits_for_what_is_queued_and_effects_asked_for_meanwhile_come") {
    WriterRig rig;
    std::atomic<bool> asked = false;
    bool effect = false;
    bool made = false;
    rig.loop->post([&] {
        Batch::NewRun run;
        run.row.id = "new";
        Value begin;
        rig.writer.create(std::move(run), begin.set("kind", "begin"),
                          [&](const Status& status, const Value&) { made = status.ok(); });
        rig.store.during = [&] {
            if (asked.exchange(true)) return;
            rig.loop->post([&] {
                rig.writer.after_commit([&] {
                    effect = true;
                    rig.loop->stop();
                });
            });
            const double until = boot_now_s() + 0.05;
            while (boot_now_s() < until) {
            }
        };
    });
    rig.run();
    CHECK(rig.in_time);
    CHECK(made);
    CHECK(effect);
}

// Where five intents were written, one after the other: the third has two acts that wait for it,
// the fourth finds a slow store.
static std::string places_of_commits() {
    WriterRig rig;
    std::string places;
    const auto loop_thread = std::this_thread::get_id();
    rig.store.during = [&] {
        places += std::this_thread::get_id() == loop_thread ? "loop " : "thread ";
        if (rig.store.commits == 3) std::this_thread::sleep_for(std::chrono::milliseconds(30));
    };
    std::function<void()> next = [&] {
        const int before = rig.store.commits;
        if (before == 5) return rig.loop->stop();
        rig.append("intent", true);
        if (before == 2) rig.writer.act_after_commit([] {});
        rig.writer.act_after_commit([&] { next(); });
    };
    rig.loop->post([&] { next(); });
    rig.run();
    CHECK(rig.in_time);
    return places;
}

TEST_CASE("an_act_that_waits_alone_for_a_quick_store_costs_no_other_thread") {
    // The first tells how quick the store is. On a busy machine any may seem slow.
    const std::string wanted = "thread loop thread loop thread ";
    std::string places;
    for (int tries = 0; tries < 20 && places != wanted; ++tries) places = places_of_commits();
    CHECK(places == wanted);
}

// Records in order become steps, changes, questions and undo entries.
#include "interpreter/report/timeline.h"

#include <doctest/doctest.h>

#include "interpreter/report/history.h"
#include "tests/interpreter/report/lines.h"
#include "tests/interpreter/report/stories.h"

using namespace perilune;
using namespace perilune::report;
using namespace perilune::report_test;

namespace {

const Step& step_named(const Timeline& timeline, const std::string& name) {
    for (const auto& step : timeline.steps)
        if (step.name == name) return step;
    FAIL("there is no step " << name);
    return timeline.steps.front();
}

std::string history_text(const Timeline& timeline) {
    std::string text;
    for (const auto& line : history_of(timeline)) {
        text += std::string(static_cast<std::size_t>(2 * line.depth), ' ') + line.text + "\n";
        for (const auto& detail : line.details)
            text += std::string(static_cast<std::size_t>(2 * line.depth), ' ') + "  [" +
                    detail.label + "] " + detail.text + "\n";
    }
    return text;
}

}  // namespace

TEST_CASE("reads_the_facts_of_a_run_from_its_first_and_last_record") {
    const Timeline timeline = build_timeline(failover_done().records);
    const RunFacts& run = timeline.run;
    CHECK(run.id == "20260301-0200-7f3a");
    CHECK(run.runbook == "region-outage");
    CHECK(run.environment == "production");
    CHECK(run.who == "ada@bastion");
    CHECK_FALSE(run.open());
    CHECK(run.took_s() == 556);
    CHECK(run.clock_began() == Journal::first_s - 240);
    REQUIRE(run.ends.size() == 1);
    CHECK(run.ends[0].outcome == "done");
}

TEST_CASE("attempts_of_one_step_are_one_step") {
    const Timeline timeline = build_timeline(failover_done().records);
    const Step& promote = step_named(timeline, "Promote the standby");
    REQUIRE(promote.attempts.size() == 2);
    CHECK(promote.attempts[0].outcome == "failed");
    CHECK(promote.attempts[0].problem == "The standby still replays.");
    CHECK(promote.attempts[1].outcome == "done");
    CHECK(promote.outcome == "done");
    CHECK(promote.ended - promote.began == 46);
}

TEST_CASE("the_same_name_twice_is_two_steps") {
    Journal journal;
    journal.begin();
    journal.open("step", "Restart");
    journal.close();
    journal.open("step", "Restart");
    journal.close().end("done", 0);
    const Timeline timeline = build_timeline(journal.records);
    REQUIRE(timeline.steps.size() == 2);
    CHECK(timeline.steps[0].path == "Restart");
    CHECK(timeline.steps[1].path == "Restart[2]");
}

TEST_CASE("a_polling_is_one_line_that_counts") {
    const Timeline timeline = build_timeline(failover_done().records);
    REQUIRE(timeline.reads.size() == 3);
    int asked = 0;
    for (const auto& read : timeline.reads) {
        if (read.operation == "healthy") {
            CHECK(read.times == 12);
            CHECK(read.value == Value(true));
            ++asked;
        }
        if (read.operation == "resolves") {
            CHECK(read.times == 20);
            ++asked;
        }
    }
    CHECK(asked == 2);
    CHECK(timeline.waits.size() == 3);  // Two pollings and a backoff.
}

TEST_CASE("the_same_observe_twice_without_polling_is_two_lines") {
    Journal journal;
    journal.begin();
    journal.read("database/a", "lag", 1);
    journal.read("database/a", "lag", 2);
    const Timeline timeline = build_timeline(journal.records);
    CHECK(timeline.reads.size() == 2);
}

TEST_CASE("a_log_line_stands_where_its_strand_stood") {
    const std::string text = history_text(build_timeline(failover_done().records));
    CHECK(has(text, "  How far is the standby\n    database/standby:lag"));
    CHECK(has(text, "\n    the standby is 1.4 s behind\n"));
    CHECK(has(text, "\n  caught: Fencing database/primary failed"));
}

TEST_CASE("a_log_line_after_a_step_stands_behind_it") {
    Journal journal;
    journal.begin();
    journal.open("step", "Scale");
    journal.log("within").close();
    journal.log("behind");
    CHECK(history_text(build_timeline(journal.records)) == "Scale\n  within\nbehind\n");
}

TEST_CASE("partial_approvals_are_answers_and_the_last_one_closes_the_question") {
    const Timeline timeline = build_timeline(failover_done().records);
    REQUIRE(timeline.questions.size() == 2);
    const QuestionEntry& question = timeline.questions[0];
    CHECK_FALSE(question.open);
    REQUIRE(question.answers.size() == 2);
    CHECK(question.answers[0].partial);
    CHECK(question.answers[0].who == "grace@laptop");
    CHECK_FALSE(question.answers[1].partial);
    CHECK(question.answers[1].reason == "losing 12 s is fine");
    CHECK(question.ended - question.asked == 154);
}

TEST_CASE("counts_the_time_that_people_were_waited_for_once") {
    const Timeline timeline = build_timeline(failover_done().records);
    CHECK(timeline.waited_for_people_s == 154 + 81);
    // Two questions at the same time are not twice the time.
    Journal journal;
    journal.begin();
    journal.branch("/1.a");
    const auto first = journal.at(10).question("confirm", "a");
    journal.branch("/1.b");
    journal.at(20).question("confirm", "b");
    journal.at(30).about("answer", first, {{"decision", "answer"}, {"value", true}});
    CHECK(build_timeline(journal.records, Journal::first_s + 40).waited_for_people_s == 30);
}

TEST_CASE("a_signal_answers_its_question_by_name") {
    Journal journal;
    journal.begin();
    const auto wait = journal.question("signal", "go", {{"names", List{"go", "stop"}}});
    journal.at(5).note({{"kind", "signal"}, {"name", "stop"}, {"who", "ci@build"},
                        {"inbox", "s-1"}, {"data", table({{"why", "red build"}})}});
    journal.about("answer", wait, {{"name", "stop"}, {"signal", "s-1"}, {"who", "ci@build"},
                                   {"data", table({{"why", "red build"}})}});
    const Timeline timeline = build_timeline(journal.records);
    REQUIRE(timeline.questions[0].answers.size() == 1);
    CHECK(timeline.questions[0].answers[0].signal == "stop");
    CHECK(has(history_text(timeline), "signal stop by ci@build"));
    CHECK(has(history_text(timeline), "[data] {\"why\":\"red build\"}"));
}

TEST_CASE("a_question_nobody_answered_says_so") {
    Journal journal;
    journal.begin();
    const auto asked = journal.question("approve", "Go?", {{"within", 60}});
    journal.at(60).about("fired", asked, {{"why", "question"}});
    journal.about("answer", asked,
                  {{"by", "time"}, {"error", table({{"message", "Nobody answered in time."}})}});
    CHECK(has(history_text(build_timeline(journal.records)), "nobody answered in time"));
}

TEST_CASE("tells_the_whole_story_of_a_doubt") {
    Journal journal = failover_in_doubt();
    Timeline timeline = build_timeline(journal.records);
    CHECK(timeline.changes.back().in_doubt);
    CHECK(outcome_text(timeline.changes.back()) == "in doubt");
    const EventId id = EventId::from_key(timeline.changes.back().key);
    journal.at(500).about("settled_by", id, {{"who", "ada@bastion"}, {"how", "happened"},
                                             {"reason", "dig shows it"}});
    journal.result(id, "done", {}, {{"by", "person: ada@bastion"}});
    timeline = build_timeline(journal.records);
    const ChangeEntry& change = timeline.changes.back();
    CHECK_FALSE(change.in_doubt);
    CHECK(change.was_in_doubt());
    CHECK(outcome_text(change) == "done");
    CHECK(has(history_text(timeline),
              "[doubt settled by] ada@bastion at 02:08:20 — happened: dig shows it"));
}

TEST_CASE("further_tries_and_what_proved_nothing_happened_are_told") {
    Journal journal;
    journal.begin();
    const auto made = journal.intent("http/shop", "post", {{"path", "/orders"}});
    journal.at(3).about("not_done", made, {{"error", table({{"message", "429 Too Many"}})},
                                           {"evidence", "driver"}, {"retry_at", 0}});
    journal.at(9).about("try", made, {{"number", 2}, {"by", "perilune"}});
    journal.at(10).result(made);
    const Timeline timeline = build_timeline(journal.records);
    CHECK(timeline.changes[0].tries == 2);
    CHECK(has(history_text(timeline), "[not done] 02:00:03 429 Too Many"));
    CHECK(has(history_text(timeline), "[sent again] 02:00:09"));
}

TEST_CASE("a_stopped_run_stops_what_was_open_in_it") {
    const Timeline timeline = build_timeline(failover_partly_undone().records);
    const Step& point = step_named(timeline, "Point the site at the standby");
    CHECK(point.outcome == "stopped");
    CHECK(point.ended - Journal::first_s == 200);
    REQUIRE(timeline.failures.size() == 1);
    CHECK(timeline.failures[0].decision == "undo");
    CHECK(timeline.failures[0].decided_by == "grace@laptop");
}

TEST_CASE("an_undo_entry_marks_the_changes_it_covers") {
    const Timeline timeline = build_timeline(failover_partly_undone().records);
    REQUIRE(timeline.undos.size() == 1);
    CHECK(timeline.undos[0].outcome == "conflict");
    CHECK(timeline.changes[1].undone == "conflict");
    CHECK(undone_text(timeline.changes[1]) == "conflict: not undone");
    CHECK(timeline.changes[0].undone.empty());
}

TEST_CASE("a_hosts_own_undo_stands_under_its_entry") {
    Journal journal;
    journal.begin();
    const auto made = journal.intent("dns/site", "upsert", {{"name", "app"}}, table({{"ttl", 1}}));
    journal.result(made, "done", table({{"ttl", 2}}));
    journal.at(5).note({{"kind", "stop"}, {"why", "undo"}, {"who", "ada@bastion"}});
    journal.note({{"kind", "undo"}, {"index", 1}, {"of", made.key()},
                  {"covers", List{made.key()}}, {"name", "dns/site:upsert"}});
    journal.strand = "/undo.1";
    const auto back = journal.intent("dns/site", "upsert", {{"name", "app"}, {"ttl", 1}},
                                     table({{"ttl", 2}}), {{"host", true}});
    journal.at(7).result(back, "done", table({{"ttl", 1}}), {{"host", true}});
    journal.note({{"kind", "undone"}, {"index", 1}, {"outcome", "done"}});
    journal.end("undone", 7);
    const Timeline timeline = build_timeline(journal.records);
    CHECK(timeline.changes[0].undone == "done");
    CHECK(timeline.changes[1].undoing);
    CHECK(has(history_text(timeline), "undo of dns/site:upsert\n  dns/site:upsert { name = app"));
}

TEST_CASE("an_undo_function_stands_under_its_entry") {
    Journal journal;
    journal.begin();
    const std::string step = journal.open("step", "Switch", {{"undo", "function"}});
    const auto made = journal.intent("dns/site", "upsert", {{"name", "app"}});
    journal.result(made).close();
    journal.note({{"kind", "stop"}, {"why", "undo"}});
    journal.note({{"kind", "undo"}, {"index", 1}, {"of", step}, {"function", true},
                  {"covers", List{made.key()}}, {"name", "Switch"}});
    journal.strand = "/undo.1";
    journal.open("undo", "Switch");
    journal.log("switching back").close();
    journal.note({{"kind", "undone"}, {"index", 1}, {"outcome", "done"}});
    const std::string text = history_text(build_timeline(journal.records));
    CHECK(has(text, "undo of Switch\n  [] by the step's own undo function\n  switching back\n"));
}

TEST_CASE("takeovers_deaths_and_keep_marks_are_told") {
    Journal journal;
    journal.begin();
    journal.add(event_record("keep", journal.event("keep", "the release serves")));
    journal.note({{"kind", "fault"}, {"text", "killed by the watchdog"}, {"attempt", 1}});
    journal.note({{"kind", "claim"}, {"owner", "host-2"}, {"who", "grace@laptop"},
                  {"from", "host-1"}, {"why", "its host died"}});
    journal.note({{"kind", "claim"}, {"owner", "host-2"}, {"who", "ada@bastion"},
                  {"why", "resumed"}});
    const std::string text = history_text(build_timeline(journal.records));
    CHECK(has(text, "keep: the release serves\n"));
    CHECK(has(text, "worker died: killed by the watchdog\n"));
    CHECK(has(text, "taken over by grace@laptop: from host-1: its host died\n"));
    CHECK(has(text, "resumed by ada@bastion\n"));
}

TEST_CASE("a_skip_names_the_person_and_the_reason") {
    Journal journal;
    journal.begin();
    journal.open("step", "Warm the cache");
    const auto failed = journal.failure("step", "Warm the cache", "It is cold.");
    journal.at(30).about("answer", failed, {{"skip", true}, {"who", "ada@bastion"},
                                            {"reason", "cold is fine"}});
    journal.close("skipped");
    const Timeline timeline = build_timeline(journal.records);
    CHECK(timeline.steps[0].outcome == "skipped");
    CHECK(timeline.steps[0].skipped_by == "ada@bastion");
    CHECK(timeline.steps[0].skip_reason == "cold is fine");
    CHECK(has(history_text(timeline), "[skipped by] ada@bastion: cold is fine"));
}

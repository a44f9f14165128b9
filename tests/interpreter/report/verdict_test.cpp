// How a run stands, in words, and the exact next commands.
#include "interpreter/report/verdict.h"

#include <doctest/doctest.h>

#include "interpreter/report/closing.h"
#include "interpreter/report/timeline.h"
#include "tests/interpreter/report/lines.h"
#include "tests/interpreter/report/stories.h"

using namespace perilune;
using namespace perilune::report;
using namespace perilune::report_test;

namespace {

RunState state_of(const Journal& journal) {
    RunState state;
    for (const auto& record : journal.records) state.apply(record);
    return state;
}

Verdict judge(const Journal& journal, const std::string& state) {
    return verdict_of(state_of(journal), journal.row(state, ""));
}

std::vector<std::string> commands_of(const Verdict& verdict) {
    std::vector<std::string> commands;
    for (const auto& next : verdict.next) commands.push_back(next.command);
    return commands;
}

const std::string run = "20260301-0200-7f3a";

}  // namespace

TEST_CASE("a_done_run_needs_nothing_but_its_report") {
    const Verdict verdict = judge(failover_done(), "ended");
    CHECK(verdict.word == "done");
    CHECK(verdict.tone == Tone::good);
    CHECK(verdict.exit == 0);
    CHECK(commands_of(verdict) == std::vector<std::string>{"perilune report " + run});
}

TEST_CASE("doubt_comes_before_everything_else_and_is_exit_code_9") {
    const Verdict verdict = judge(failover_in_doubt(), "waits");
    CHECK(verdict.word == "in doubt");
    CHECK(verdict.tone == Tone::doubt);
    CHECK(verdict.exit == 9);
    CHECK(verdict.sentence == "In doubt: whether dns/site:upsert happened is not known.");
    CHECK(has(verdict.reason, "Look at dns/site"));
    CHECK(commands_of(verdict) ==
          std::vector<std::string>{"perilune settle " + run + " --happened --reason TEXT",
                                   "perilune settle " + run + " --did-not --reason TEXT",
                                   "perilune settle " + run + " --again --reason TEXT"});
}

TEST_CASE("several_doubts_are_settled_by_name_and_equal_names_by_key") {
    Journal journal;
    journal.begin();
    for (const auto* target : {"http/a", "http/b", "http/b"}) {
        const auto made = journal.intent(target, "post", {});
        journal.about("doubt", made, {{"text", "lost"}});
    }
    const auto commands = commands_of(judge(journal, "waits"));
    REQUIRE(commands.size() == 9);
    CHECK(commands[0] == "perilune settle " + run + " http/a:post --happened --reason TEXT");
    CHECK(commands[3] == "perilune settle " + run + " \"/#2\" --happened --reason TEXT");
    CHECK(commands[6] == "perilune settle " + run + " \"/#3\" --happened --reason TEXT");
}

TEST_CASE("a_waiting_approval_names_the_command_that_answers_it") {
    const Verdict verdict = judge(failover_waiting(), "waits");
    CHECK(verdict.sentence == "Waits for approval of \"Promote the standby?\".");
    CHECK(verdict.exit == 3);
    CHECK(commands_of(verdict)[0] == "perilune approve " + run + " \"Promote the standby?\"");
}

TEST_CASE("an_answer_needs_a_host_to_go_on_with_it") {
    const Journal journal = failover_waiting();
    RunRow row = journal.row("waits");
    row.owner.clear();
    const auto commands = commands_of(verdict_of(state_of(journal), row));
    CHECK(commands.back() == "perilune resume " + run);
}

TEST_CASE("every_kind_of_question_has_its_command") {
    const auto first_command = [](const char* what, Fields options) {
        Journal journal;
        journal.begin();
        journal.question(what, "Q", options);
        return commands_of(judge(journal, "waits"))[0];
    };
    CHECK(first_command("confirm", {}) == "perilune answer " + run + " Q yes");
    CHECK(first_command("ask", {{"evidence", "number"}}) == "perilune answer " + run + " Q NUMBER");
    CHECK(first_command("ask", {{"choices", List{"north east", "west"}}}) ==
          "perilune answer " + run + " Q \"north east\"");
    CHECK(first_command("manual", {}) == "perilune answer " + run + " Q TEXT");
    CHECK(first_command("signal", {{"names", List{"go"}}}) == "perilune signal " + run + " go");
}

TEST_CASE("a_name_that_a_shell_would_read_is_quoted_in_the_command") {
    Journal journal;
    journal.begin();
    journal.question("approve", "Go $(reboot)!");
    CHECK(commands_of(judge(journal, "waits"))[0] ==
          "perilune approve " + run + " 'Go $(reboot)!'");
}

TEST_CASE("a_name_that_cannot_be_typed_is_given_by_its_key") {
    Journal journal;
    journal.begin();
    journal.question("approve", "Go\x1b[2J");
    CHECK(commands_of(judge(journal, "waits"))[0] == "perilune approve " + run + " \"/#1\"");
}

TEST_CASE("a_failed_step_that_waits_offers_retry_skip_and_undo") {
    Journal journal;
    journal.begin();
    journal.open("step", "Scale");
    journal.failure("step", "Scale", "No capacity in us-west-2.");
    const Verdict verdict = judge(journal, "waits");
    CHECK(verdict.step == "Scale");
    CHECK(verdict.reason == "No capacity in us-west-2.");
    CHECK(verdict.at == "runbooks/region-outage.lua:41");
    CHECK(commands_of(verdict) ==
          std::vector<std::string>{"perilune retry " + run,
                                   "perilune skip " + run + " --reason TEXT",
                                   "perilune undo " + run});
}

TEST_CASE("of_several_failed_steps_each_is_named") {
    Journal journal;
    journal.begin();
    journal.branch("/1.a").open("branch", "east");
    journal.open("step", "Scale");
    journal.failure("step", "Scale", "no");
    journal.strand = "/";
    journal.branch("/1.b").open("branch", "west");
    journal.open("step", "Scale");
    journal.failure("step", "Scale", "no");
    const auto commands = commands_of(judge(journal, "waits"));
    CHECK(commands[0] == "perilune retry " + run + " --step \"east › Scale\"");
    CHECK(commands[2] == "perilune retry " + run + " --step \"west › Scale\"");
}

TEST_CASE("a_failure_outside_any_step_is_mended_and_not_retried") {
    Journal journal;
    journal.begin();
    journal.failure("body", "region-outage", "attempt to index a nil value");
    const auto commands = commands_of(judge(journal, "waits"));
    CHECK(commands[0] == "perilune resume " + run + " --with-current-code");
    CHECK(commands[1] == "perilune undo " + run);
}

TEST_CASE("a_partly_undone_run_goes_on_with_undo_and_may_be_forced") {
    const Verdict verdict = judge(failover_partly_undone(), "ended");
    CHECK(verdict.exit == 8);
    CHECK(verdict.tone == Tone::bad);
    REQUIRE(verdict.left.size() == 1);
    CHECK(commands_of(verdict)[0] == "perilune undo " + run);
    CHECK(commands_of(verdict)[1] == "perilune undo " + run + " --force");
}

TEST_CASE("states_of_the_row_have_their_commands") {
    Journal journal;
    journal.begin();
    CHECK(commands_of(judge(journal, "paused"))[0] == "perilune resume " + run);
    CHECK(commands_of(judge(journal, "parked"))[0] == "perilune resume " + run);
    CHECK(commands_of(judge(journal, "diverged"))[0] ==
          "perilune resume " + run + " --with-current-code");
    CHECK(judge(journal, "lost").exit == 10);
    CHECK(judge(journal, "running").exit == -1);
    CHECK(judge(journal, "running").tone == Tone::runs);
}

TEST_CASE("closing_lines_say_outcome_step_reason_state_and_next") {
    Journal journal;
    journal.begin();
    const auto scaled = journal.intent("deploy/web", "scale", {{"instances", 6}});
    journal.result(scaled);
    journal.open("step", "Point the site");
    journal.failure("step", "Point the site", "SERVFAIL from 10.0.0.53.");
    journal.note({{"kind", "stop"}, {"why", "failure"}});
    journal.at(65).end("failed", 8,
                       {{"reason", "SERVFAIL from 10.0.0.53."},
                        {"left", List{table({{"what", "deploy/web:scale {\"instances\":6}"},
                                             {"step", ""}})}}});
    CHECK(joined(closing_lines(state_of(journal), journal.row("ended", "failed"))) ==
          "Failed. region-outage in production, run 20260301-0200-7f3a, after 65 s (exit 8)\n"
          "Step    Point the site\n"
          "Reason  SERVFAIL from 10.0.0.53. (runbooks/region-outage.lua:41)\n"
          "State   1 change left: deploy/web:scale {\"instances\":6}\n"
          "Next    perilune undo 20260301-0200-7f3a  # take back what is left\n");
}

TEST_CASE("closing_lines_fit_their_columns_but_for_commands") {
    for (const int columns : {24, 40, 80, 120}) {
        const Journal journal = failover_partly_undone();
        const auto lines = closing_lines(state_of(journal), journal.row("ended"),
                                         {.colour = false, .columns = columns});
        for (const auto& line : lines) {
            if (!has(line, "perilune undo 2026")) CHECK(width_of(line) <= columns);
        }
        CHECK(is_harmless(joined(lines)));
    }
}

TEST_CASE("closing_value_says_the_same_for_programs") {
    const Journal journal = failover_in_doubt();
    const Value value = closing_value(state_of(journal), journal.row("waits"));
    CHECK(value["word"].text() == "in doubt");
    CHECK(value["exit"].integer() == 9);
    CHECK(value["next"].list().size() == 3);
    CHECK(value["left"].list().size() == 2);
    CHECK(value["run"].text() == run);
}

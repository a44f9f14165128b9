// The text that people sign: one for one question of one run, and no other.
#include <doctest/doctest.h>

#include "interpreter/run/judge.h"
#include "interpreter/run/signed_text.h"

using namespace perilune;

namespace {

Value begin_record() {
    Value begin;
    begin.set("kind", "begin").set("run", "r1").set("runbook", "book").set("environment", "here");
    begin.set("bundle", "c0de").set("params", Value().set("to", "b")).set("who", "anna");
    return begin.set("plan", "p1an").set("seq", 1);
}

Value question_record() {
    Value args;
    args.set("what", "approve").set("role", "lead").set("detail", "One line.\nAnother: 1");
    Value question;
    question.set("kind", "question").set("strand", "/").set("n", 2).set("name", "Go?");
    return question.set("args", args).set("scope", "").set("seq", 2);
}

Command command(const Value& body, const std::string& kind = "approve",
                const std::string& person = "ben", double at = 1e9) {
    Command made{.id = "c-1", .kind = kind, .who = "ben@vm", .body = body, .at = at};
    made.person = person;
    return made;
}

std::string text_by(const Value& begin, const Value& subject, const Command& command) {
    RunState state;
    state.apply(begin);
    return command_text(state, subject, command);
}

std::string text_of(const Value& begin, const Value& question, const Value& body,
                    const std::string& kind = "approve", const std::string& person = "ben",
                    double at = 1e9) {
    return text_by(begin, question, command(body, kind, person, at));
}

}  // namespace

TEST_CASE("a_decisions_text_is_the_same_for_ever") {
    CHECK(text_of(begin_record(), question_record(), Value().set("reason", "Fine")) ==
          "Decision in a run of Perilune\n"
          "run: \"r1\"\n"
          "runbook: \"book\"\n"
          "environment: \"here\"\n"
          "code sha256: \"c0de\"\n"
          "arguments sha256: \"5c0b4715e94efb1eb4b2700535a346acb94f85c71e0bf9ed4d1a43b7d78db0ed\"\n"
          "plan sha256: \"p1an\"\n"
          "started by: \"anna\"\n"
          "question: \"/#2\"\n"
          "asks: \"approve\"\n"
          "name: \"Go?\"\n"
          "role: \"lead\"\n"
          "detail: \"One line.\\nAnother: 1\"\n"
          "decision: \"approve\"\n"
          "reason: \"Fine\"\n"
          "command: \"c-1\"\n"
          "person: \"ben\"\n"
          "time: \"2001-09-09T01:46:40Z\"\n");
}

TEST_CASE("everything_that_is_decided_upon_changes_the_text") {
    const Value begin = begin_record(), question = question_record(), body;
    const std::string text = text_of(begin, question, body);
    for (const auto* field : {"run", "runbook", "environment", "bundle", "who", "plan"}) {
        CAPTURE(field);
        CHECK(text_of(Value(begin).set(field, "other"), question, body) != text);
    }
    CHECK(text_of(Value(begin).set("params", Value().set("to", "c")), question, body) != text);
    CHECK(text_of(begin, Value(question).set("n", 3), body) != text);
    CHECK(text_of(begin, Value(question).set("strand", "/a"), body) != text);
    CHECK(text_of(begin, Value(question).set("name", "Stop?"), body) != text);
    for (const auto* field : {"what", "role", "detail"}) {
        CAPTURE(field);
        Value other = question["args"];
        CHECK(text_of(begin, Value(question).set("args", other.set(field, "x")), body) != text);
    }
    for (const auto* field : {"value", "reason", "break_glass"}) {
        CAPTURE(field);
        CHECK(text_of(begin, question, Value().set(field, "x")) != text);
    }
    CHECK(text_of(begin, question, body, "reject") != text);
    CHECK(text_of(begin, question, body, "approve", "carl") != text);
    CHECK(text_of(begin, question, body, "approve", "ben", 1e9 + 1) != text);
}

TEST_CASE("everything_that_a_command_says_changes_its_text") {
    const Value begin = begin_record();
    Value failure = question_record();
    failure.set("kind", "failure");
    const std::string retried = text_of(begin, failure, {}, "retry");
    CHECK(retried.find("\nfailure: \"/#2\"\nname: \"Go?\"\ndecision: \"retry\"\n") !=
          std::string::npos);
    Value error = failure["args"];
    error.set("error", Value().set("message", "No space."));
    CHECK(text_of(begin, Value(failure).set("args", error), {}, "retry") != retried);
    CHECK(text_of(begin, Value(failure).set("n", 3), {}, "retry") != retried);
    Value doubt = Value(failure).set("kind", "intent").set("target", "http/shop");
    const std::string settled = text_of(begin, doubt, Value().set("how", "happened"), "settle");
    CHECK(text_of(begin, doubt, Value().set("how", "again"), "settle") != settled);
    CHECK(text_of(begin, Value(doubt).set("args", error), Value().set("how", "happened"),
                  "settle") != settled);
    CHECK(text_of(begin, Value(doubt).set("target", "http/other"), Value().set("how", "happened"),
                  "settle") != settled);
    for (const auto& [kind, field] : {std::pair{"skip", "result"},
                                      {"settle", "result"},
                                      {"undo", "to"},
                                      {"signal", "name"},
                                      {"signal", "data"},
                                      {"signal", "id"},
                                      {"cancel", "reason"},
                                      {"review", "reason"}}) {
        CAPTURE(kind);
        CAPTURE(field);
        CHECK(text_of(begin, {}, Value().set(field, "x"), kind) != text_of(begin, {}, {}, kind));
    }
    CHECK(text_of(begin, {}, Value().set("force", true), "undo") !=
          text_of(begin, {}, Value().set("force", false), "undo"));
    Command other = command({}, "cancel");
    other.id = "c-2";
    CHECK(text_by(begin, {}, other) != text_of(begin, {}, {}, "cancel"));
}

TEST_CASE("a_command_that_was_taken_is_not_taken_again") {
    RunState state;
    state.apply(begin_record());
    Command cancel = command({}, "cancel");
    cancel.proof.set("text", command_text(state, {}, cancel));
    CHECK(other_than_signed(state, cancel).empty());
    Value stop = Value().set("kind", "stop").set("why", "cancel").set("inbox", "c-1");
    sign_record(stop, cancel);
    state.apply(stop);
    CHECK(other_than_signed(state, cancel).find("was taken already") != std::string::npos);
}

TEST_CASE("no_text_of_a_person_can_pass_for_a_line_of_its_own") {
    const std::string forged =
        text_of(begin_record(), question_record(), Value().set("reason", "x\nperson: \"carl\""));
    CHECK(forged.find("\nperson: \"carl\"") == std::string::npos);
    CHECK(forged.find("\nperson: \"ben\"") != std::string::npos);
}

TEST_CASE("a_difference_is_told_by_the_line_in_which_it_is") {
    const std::string here = text_of(begin_record(), question_record(), {});
    const std::string there = text_of(begin_record().set("run", "r2"), question_record(), {});
    CHECK(first_difference(there, here) ==
          "what was signed says run: \"r2\", but here it is run: \"r1\"");
    CHECK(first_difference(here + "more: 1\n", here) ==
          "what was signed says more than what is decided here");
    CHECK(first_difference("", here).starts_with("what was signed says nothing of"));
}

TEST_CASE("a_start_and_a_plan_are_signed_by_texts_of_their_own") {
    const Signer anna{.person = "anna", .at = 1e9};
    const std::string start = start_text(begin_record(), anna);
    CHECK(start.starts_with("Start of a run of Perilune\nrun: \"r1\"\n"));
    const Value broken = Value().set("reason", "fire");
    CHECK(
        start_text(begin_record().set("break_glass", broken), anna).find("break-glass: \"fire\"") !=
        std::string::npos);
    RunState state;
    state.apply(begin_record());
    const Command approved = command(Value().set("plan", "0ther"), "plan");
    const std::string plan = command_text(state, {}, approved);
    CHECK(plan.starts_with("Approval of the plan of the rest of a run of Perilune\n"));
    CHECK(plan.find("plan sha256: \"0ther\"") != std::string::npos);
    CHECK(plan != start);
}

TEST_CASE("who_is_known_by_a_key_has_no_machine") {
    CHECK(is_by_key("anna"));
    CHECK_FALSE(is_by_key("anna@laptop"));
    CHECK(plain_name("anna@laptop") == "anna");
}

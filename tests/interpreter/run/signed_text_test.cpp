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

std::string text_of(const Value& begin, const Value& question, const Value& body,
                    const std::string& kind = "approve", const std::string& person = "ben",
                    double at = 1e9) {
    RunState state;
    state.apply(begin);
    return decision_text(state, question, kind, body, {.person = person, .at = at});
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
    const std::string plan = plan_text(state, Value().set("plan", "0ther"), anna);
    CHECK(plan.find("plan sha256: \"0ther\"") != std::string::npos);
    CHECK(plan != start);
}

TEST_CASE("who_is_known_by_a_key_has_no_machine") {
    CHECK(is_by_key("anna"));
    CHECK_FALSE(is_by_key("anna@laptop"));
    CHECK(plain_name("anna@laptop") == "anna");
}

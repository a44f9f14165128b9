// Who may answer, by policy, people and what is known of who starts and who answers.
#include <doctest/doctest.h>

#include "interpreter/run/judge.h"

using namespace perilune;

namespace {

const std::string anna_has =
    "keys: \"ssh-ed25519 "
    "AAAAC3NzaC1lZDI1NTE5AAAAIK3RrzAjXqRPqd2KP8QVEAnyqQps6fQJGf6lJRatV0nI\", ";

Law law(const std::string& anna_keys = anna_has) {
    auto people = People::parse("people:\n  anna: { " + anna_keys +
                                    "roles: [lead] }\n  ben: { roles: [lead] }\n"
                                    "  dora: { roles: [clerk] }\n  robot: { owner: ben }\n",
                                "people.yaml");
    REQUIRE(people.ok());
    Law made{.environment = "here", .people = std::move(*people)};
    made.policy.approvals["lead"] = {.from = {"lead"}, .count = 2, .not_starter = true};
    return made;
}

Value question(const std::string& role = "lead", const Value& more = {}) {
    Value args = more;
    args.set("what", "approve").set("role", role);
    return Value().set("name", "Go?").set("args", args);
}

Value begun_by(const std::string& who) { return Value().set("who", who); }

Command said_by(const std::string& person, const std::string& who = "root@vm") {
    Command command{.id = "c", .kind = "approve", .who = who, .body = {}};
    command.person = person;
    return command;
}

bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("where_keys_are_known_only_a_signed_answer_meets_policy") {
    const Law by_keys = law();
    CHECK(refuse_answer(by_keys, begun_by("dora"), question(), {}, said_by("ben")).empty());
    CHECK(holds(refuse_answer(by_keys, begun_by("dora"), question(), {}, said_by("", "ben@vm")),
                "counts only when it is signed"));
    CHECK(refuse_answer(by_keys, begun_by("dora"), question(""), {}, said_by("")).empty());
    const Value alone = Value().set("not_starter", true);
    CHECK(holds(refuse_answer(by_keys, begun_by("dora"), question("", alone), {}, said_by("")),
                "counts only when it is signed"));
    CHECK(holds(refuse_answer(by_keys, begun_by("x@vm"), question(), {}, said_by("ben")),
                "says the operating system alone"));
}

TEST_CASE("without_keys_the_operating_systems_names_are_the_people") {
    const Law by_names = law("");
    CHECK(refuse_answer(by_names, begun_by("x@vm"), question(), {}, said_by("", "ben@vm")).empty());
    CHECK(refuse_answer(by_names, begun_by("x@vm"), question(), {}, said_by("", "Ben@vm")).empty());
    CHECK(holds(refuse_answer(by_names, begun_by("x@vm"), question(), {}, said_by("", "dora@vm")),
                "has none of the roles"));
    CHECK(holds(refuse_answer(by_names, begun_by("ben@vm"), question(), {}, said_by("", "BEN@vm")),
                "started the run"));
    CHECK(
        holds(refuse_answer(by_names, begun_by("robot@vm"), question(), {}, said_by("", "ben@vm")),
              "started the run, itself or by a service account"));
}

TEST_CASE("one_person_approves_once_and_policy_says_how_many_do") {
    const std::vector<Value> given = {Value().set("who", "ben")};
    CHECK(holds(refuse_answer(law(), begun_by("dora"), question(), given, said_by("ben")),
                "You have approved \"Go?\" already; it needs 2 different people"));
    CHECK(refuse_answer(law(), begun_by("dora"), question(), given, said_by("anna")).empty());
    CHECK(approvals_needed(law(), begun_by("dora"), question()) == 2);
    CHECK(approvals_needed(law(), begun_by("dora"), question("", Value().set("count", 3))) == 3);
}

TEST_CASE("a_run_begun_by_breaking_the_glass_asks_nobody_in_particular") {
    const Value begin = begun_by("anna").set("break_glass", Value().set("reason", "fire"));
    CHECK(refuse_answer(law(), begin, question(), {}, said_by("")).empty());
    CHECK(approvals_needed(law(), begin, question()) == 1);
    Law strict = law();
    CHECK(refuse_break_glass(strict, "book").empty());
    strict.policy.break_glass = false;
    CHECK(holds(refuse_break_glass(strict, "book"), "does not let book pass its policy over"));
}

TEST_CASE("a_drills_file_answers_for_people_and_for_roles") {
    Law drilled = law();
    drilled.kind = EnvironmentKind::drill;
    for (const auto* who : {"anna", "ben", "lead"}) {
        CAPTURE(who);
        CHECK(refuse_answer(drilled, begun_by("x@vm"), question(), {}, said_by("", who)).empty());
    }
    CHECK_FALSE(
        refuse_answer(drilled, begun_by("x@vm"), question(), {}, said_by("", "dora")).empty());
    CHECK_FALSE(
        refuse_answer(law(""), begun_by("x@vm"), question(), {}, said_by("", "lead@vm")).empty());
}

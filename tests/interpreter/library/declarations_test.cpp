// What a runbook may declare about its parameters.
#include <doctest/doctest.h>

#include "interpreter/library/parameters.h"
#include "tests/interpreter/library/temporary_library.h"

using namespace perilune;

namespace {

using Fields = std::initializer_list<std::pair<const std::string, Value>>;

Value one(Fields fields) { return Value(Map{{"p", Value(Map(fields))}}); }

std::string refused(Fields fields) { return refusal(read_declarations(one(fields))); }

ParameterDeclaration read(Fields fields) {
    auto declarations = read_declarations(one(fields));
    INFO(refusal(declarations));
    REQUIRE(declarations.ok());
    return declarations->at("p");
}

}  // namespace

TEST_CASE("reads_declarations_with_bounds_in_the_parameters_own_unit") {
    const auto wait = read({{"type", "duration"}, {"min", "5m"}, {"max", 7200}, {"default", "1h"}});
    CHECK(*wait.min == 300);
    CHECK(*wait.max == 7200);
    CHECK(wait.fallback == Value(3600));
    const auto release = read({{"type", "string"}, {"pattern", "^v%d+"}, {"help", "the tag"}});
    CHECK(release.compiled.has_value());
    CHECK(describe(release) == "p (string): the tag");
    CHECK(describe(read({{"type", "time"}, {"required", true}})) == "p (time, required)");
    const auto sites = read({{"type", "list"}, {"enum", List{"a", "b"}}, {"max", 2}});
    CHECK(sites.choices == List{"a", "b"});
    const auto level = read({{"type", "duration"}, {"enum", List{"1m", "5m"}}});
    CHECK(level.choices == List{60, 300});
    CHECK(read_declarations({})->empty());
    CHECK(read_declarations(Value(List{}))->empty());
}

TEST_CASE("refuses_wrong_declarations_with_a_suggestion") {
    CHECK(refused({}) ==
          "The parameter \"p\" needs a type: \"string\", \"integer\", \"number\", "
          "\"boolean\", \"duration\", \"size\", \"time\" or \"list\".");
    CHECK(holds(refused({{"type", "strng"}}),
                "The parameter \"p\" has the type \"strng\", which is none. Did you mean "
                "\"string\"?"));
    CHECK(holds(refused({{"type", "string"}, {"requierd", true}}),
                "The parameter \"p\" has no field \"requierd\". Did you mean \"required\"?"));
    CHECK(holds(refused({{"type", 5}}), "has the type number, which is none."));
    CHECK(holds(refused({{"type", "string"}, {"required", "yes"}}),
                "has a required that is text; write true or false."));
    CHECK(holds(refused({{"type", "string"}, {"required", true}, {"default", "x"}}),
                "is required and has a default, which would never be used."));
    CHECK(
        holds(refused({{"type", "integer"}, {"min", 5}, {"max", 1}}), "has a min above its max."));
    CHECK(holds(refused({{"type", "integer"}, {"min", 1.5}}),
                "has a min that must be a whole number such as 3, but it is 1.5."));
    CHECK(holds(refused({{"type", "boolean"}, {"min", 1}}), "is a boolean and has a min."));
    CHECK(holds(refused({{"type", "integer"}, {"pattern", "%d"}}),
                "is of type integer and has a pattern; only a string or list can."));
    CHECK(holds(refused({{"type", "string"}, {"pattern", "[a-z"}}),
                "has a pattern that is none. The Lua pattern \"[a-z\" cannot be read: a \"[\" is "
                "never closed."));
    CHECK(holds(refused({{"type", "string"}, {"enum", List{}}}), "has an enum that is no list"));
    CHECK(holds(refused({{"type", "integer"}, {"enum", List{1, "x"}}}),
                "has a value in its enum that must be a whole number such as 3, but it is \"x\"."));
    CHECK(holds(refused({{"type", "integer"}, {"max", 5}, {"default", 6}}),
                "has a default that must be at most 5, but it is 6."));
    CHECK(holds(refused({{"type", "string"}, {"enum", List{"a"}}, {"default", "b"}}),
                "has a default that must be one of \"a\", but it is \"b\"."));
    CHECK(holds(refusal(read_declarations(Value(Map{{"a-b", Value(Map{{"type", "string"}})}}))),
                "The parameter \"a-b\" is no name"));
    CHECK(holds(refusal(read_declarations(Value(Map{{"p", "string"}}))),
                "The parameter \"p\" must be a table such as"));
    CHECK(holds(refusal(read_declarations("x")), "parameters must be a table of names"));
}

TEST_CASE("reports_all_wrong_declarations_at_once") {
    const auto declarations = read_declarations(Value(Map{
        {"a", Value(Map{{"type", "strin"}})}, {"b", Value(Map{{"type", "list"}, {"min", "x"}})}}));
    REQUIRE_FALSE(declarations.ok());
    CHECK(declarations.error().code == "bad_declaration");
    CHECK(declarations.error().detail.list().size() == 2);
}

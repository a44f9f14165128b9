// Parameters from the command line: what is read, and what is refused before anything starts.
#include <limits>

#include <doctest/doctest.h>

#include "interpreter/library/parameters.h"
#include "tests/interpreter/library/temporary_library.h"

using namespace perilune;

namespace {

using Arguments = std::vector<std::string>;

Value field(std::string_view type) { return Value(Map{{"type", Value(type)}}); }

// One optional parameter of every type, named as its type.
ParameterDeclarations every_type() {
    Map declared;
    for (const char* type :
         {"string", "integer", "number", "boolean", "duration", "size", "time", "list"})
        declared[type] = field(type);
    return *read_declarations(Value(declared));
}

ParameterDeclarations declare(Map declared) {
    auto read = read_declarations(Value(std::move(declared)));
    INFO(refusal(read));
    REQUIRE(read.ok());
    return std::move(*read);
}

Value read_one(const std::string& name, const std::string& text) {
    const auto read = read_parameters(every_type(), {name + "=" + text});
    CAPTURE(text);
    INFO(refusal(read));
    REQUIRE(read.ok());
    return read->at(name);
}

std::string refused(const Arguments& texts) {
    return refusal(read_parameters(every_type(), texts));
}

}  // namespace

TEST_CASE("reads_every_type") {
    CHECK(read_one("string", "v1.10") == Value("v1.10"));
    CHECK(read_one("string", "") == Value(""));
    CHECK(read_one("string", "a=b") == Value("a=b"));
    CHECK(read_one("integer", "-12") == Value(-12));
    CHECK(read_one("integer", "9007199254740992") == Value(9007199254740992.0));
    CHECK(read_one("number", "1.5e3") == Value(1500));
    CHECK(read_one("boolean", "yes") == Value(true));
    CHECK(read_one("boolean", "false") == Value(false));
    CHECK(read_one("duration", "1h30m") == Value(5400));
    CHECK(read_one("size", "64MiB") == Value(67108864));
    CHECK(read_one("time", "2026-03-01T03:00:00+01:00") == Value(1772330400));
    CHECK(read_one("time", "1772330400.25") == Value(1772330400.25));
    CHECK(read_one("list", "a, b,c") == Value(List{"a", "b", "c"}));
    CHECK(read_one("list", "") == Value(List{}));
    CHECK(read_one("list", "[\"a,b\", 2, true]") == Value(List{"a,b", 2, true}));
}

TEST_CASE("refuses_numbers_that_are_no_plain_finite_numbers") {
    for (const char* text : {"1e400", "-1e400", "nan", "inf", "0x10", "1_000", ".5", "5.", "+5", "",
                             " 5", "5 ", "1,5", "--5", "05", "1e", "１"}) {
        CAPTURE(text);
        CHECK(holds(refused({"number=" + std::string(text)}),
                    "\"number\" must be a number such as 0.5, but it is "));
    }
    for (const char* text : {"1.5", "1e3", "1e400", "9007199254740993e1", "99999999999999999999"}) {
        CAPTURE(text);
        CHECK(holds(refused({"integer=" + std::string(text)}),
                    "\"integer\" must be a whole number such as 3, but it is "));
    }
    for (const char* text : {"-0", "-0.0", "-0e5", "-1e-400"}) {
        CAPTURE(text);
        CHECK(holds(refused({"number=" + std::string(text)}),
                    "\"number\" is a negative zero, which is no quantity. Write 0."));
    }
    CHECK(holds(refused({"integer=-0"}), "\"integer\" is a negative zero"));
}

TEST_CASE("refuses_values_of_the_wrong_type_and_says_what_was_expected") {
    CHECK(refused({"boolean=maybe"}) == "\"boolean\" must be true or false, but it is \"maybe\".");
    CHECK(refused({"duration=30"}) ==
          "\"duration\" must be a duration such as \"30m\", but it is \"30\".");
    CHECK(refused({"size=big"}) == "\"size\" must be a size such as \"64MiB\", but it is \"big\".");
    CHECK(refused({"time=2026-02-30T00:00:00Z"}) ==
          "\"time\" must be a time such as \"2026-03-01T02:00:00Z\", but it is "
          "\"2026-02-30T00:00:00Z\".");
    CHECK(holds(refused({"list=a,,b"}), "\"list\" has an empty item."));
    CHECK(holds(refused({"list=a,"}), "\"list\" has an empty item."));
    CHECK(holds(refused({"list=[\"a\""}), "\"list\" starts like a JSON list and is none"));
    CHECK(holds(refused({"list=[[1]]"}), "must be a list of texts, numbers or booleans"));
    CHECK(holds(refused({"list=[1e400]"}), "\"list\" "));
    CHECK(holds(refused({"list=[null]"}), "an item of it is nil"));
}

TEST_CASE("refuses_bytes_that_no_parameter_may_hold") {
    CHECK(holds(refused({"string=a\x1b[2Jb"}),
                "\"string\" holds a control byte: \"a\\x1b[2Jb\". Remove it."));
    CHECK(holds(refused({"string=a\nb"}), "\"string\" holds a control byte"));
    CHECK(holds(refused({"list=a,b\x7f"}), "\"list\" holds a control byte"));
    CHECK(holds(refused({"list=[\"a\\u0000\"]"}), "\"list\" holds a control byte"));
    CHECK(holds(refused({"string=\xff"}), "\"string\" is not UTF-8 text."));
    CHECK(holds(refused({"string=" + std::string(1 << 20, 'x')}),
                "\"string\" is 1 MiB long; at most 64 KiB are allowed."));
    CHECK(refused({"string=" + std::string(64 << 10, 'x')}) == "accepted");
}

TEST_CASE("refuses_arguments_that_are_no_parameters") {
    CHECK(refused({"--"}) ==
          "The argument \"--\" begins with a dash, and a parameter does not. "
          "Write name=VALUE; options come before the runbook.");
    CHECK(refused({"--string=x"}) ==
          "The argument \"--string\" begins with a dash, and a parameter does not. Write "
          "string=VALUE.");
    CHECK(holds(refused({"-x"}), "The argument \"-x\" begins with a dash"));
    CHECK(refused({"string"}) == "The argument \"string\" is no parameter: write name=VALUE.");
    CHECK(refused({"=x"}) == "The argument \"\" is no parameter: write name=VALUE.");
    CHECK(refused({""}) == "The argument \"\" is no parameter: write name=VALUE.");
    CHECK(holds(refused({"strng=x"}),
                "There is no parameter \"strng\". Did you mean \"string\"? It takes \"boolean\""));
    CHECK(refused({"string=a", "string=a"}) ==
          "The parameter \"string\" is given twice. Give it once.");
    CHECK(refusal(read_parameters({}, {"x=1"})) ==
          "There is no parameter \"x\". This runbook takes none: remove it.");
    CHECK(holds(refused(Arguments(1001, "a")), "There are more than 1,000 arguments."));
}

TEST_CASE("refuses_a_string_that_a_program_would_read_as_an_option_unless_it_is_declared") {
    CHECK(holds(refused({"string=-rf"}), "\"string\" begins with a dash (\"-rf\")"));
    CHECK(holds(refused({"list=a,--force"}), "\"list\" begins with a dash (\"--force\")"));
    const auto declared =
        declare({{"a", Value(Map{{"type", "string"}, {"pattern", "^%-?%w+$"}})},
                 {"b", Value(Map{{"type", "string"}, {"enum", List{"-1", "+1"}}})}});
    const auto read = read_parameters(declared, {"a=-rf", "b=-1"});
    REQUIRE(read.ok());
    CHECK(read->at("a") == Value("-rf"));
    CHECK(read->at("b") == Value("-1"));
}

TEST_CASE("names_what_is_missing_with_its_help") {
    const auto declared =
        declare({{"outage_began",
                  Value(Map{{"type", "time"}, {"required", true}, {"help", "when it began"}})},
                 {"note", field("string")}});
    CHECK(refusal(read_parameters(declared, {})) ==
          "The parameter outage_began (time, required): when it began is missing. Add "
          "outage_began=VALUE, a time such as \"2026-03-01T02:00:00Z\".");
    CHECK(read_parameters(declared, {"outage_began=2026-03-01T02:00:00Z"})->size() == 1);
}

TEST_CASE("reports_all_that_is_wrong_at_once") {
    const auto declared = declare({{"a", Value(Map{{"type", "integer"}, {"required", true}})},
                                   {"b", field("boolean")},
                                   {"c", Value(Map{{"type", "time"}, {"required", true}})}});
    const auto read = read_parameters(declared, {"a=x", "b=x", "d=1", "--", "b=x"});
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == "bad_parameters");
    CHECK(read.error().retry == Retry::never);
    CHECK(read.error().detail.list().size() == 6);
}

TEST_CASE("takes_what_is_given_before_the_environment_and_that_before_the_declaration") {
    const auto declared = declare({{"a", Value(Map{{"type", "duration"}, {"default", "1m"}})},
                                   {"b", Value(Map{{"type", "duration"}, {"default", "1m"}})},
                                   {"c", Value(Map{{"type", "duration"}, {"default", "1m"}})},
                                   {"d", Value(Map{{"type", "list"}, {"required", true}})}});
    const auto read =
        read_parameters(declared, {"a=3m"}, {{"a", "2m"}, {"b", "2m"}, {"d", List{"x"}}});
    INFO(refusal(read));
    REQUIRE(read.ok());
    CHECK(*read == Map{{"a", 180}, {"b", 120}, {"c", 60}, {"d", List{"x"}}});
    CHECK(holds(refusal(read_parameters(declared, {"d=x"}, {{"a", "soon"}, {"e", "1"}})),
                "The environment's default for \"a\" must be a duration"));
    CHECK(
        holds(refusal(read_parameters(declared, {"d=x"}, {{"a", "soon"}, {"e", "1"}})),
              "The environment has a default for the parameter \"e\", which the runbook has not."));
}

TEST_CASE("keeps_values_within_what_is_declared") {
    const auto declared = declare(
        {{"count", Value(Map{{"type", "integer"}, {"min", 1}, {"max", 6}})},
         {"wait", Value(Map{{"type", "duration"}, {"min", "1m"}, {"max", "1h"}})},
         {"code", Value(Map{{"type", "string"}, {"min", 2}, {"max", 3}})},
         {"level", Value(Map{{"type", "string"}, {"enum", List{"info", "critical"}}})},
         {"tag", Value(Map{{"type", "string"}, {"pattern", "^v%d+%.%d+$"}, {"help", "git tag"}})},
         {"sites", Value(Map{{"type", "list"}, {"enum", List{"eu", "us"}}, {"max", 2}})}});
    const auto wrong = [&](const std::string& text) {
        return refusal(read_parameters(declared, {text}));
    };
    CHECK(wrong("count=6") == "accepted");
    CHECK(wrong("count=7") == "\"count\" must be at most 6, but it is 7.");
    CHECK(wrong("count=0") == "\"count\" must be at least 1, but it is 0.");
    CHECK(wrong("wait=2h") == "\"wait\" must be at most 1 h, but it is 2 h.");
    CHECK(wrong("code=äöü") == "accepted");
    CHECK(wrong("code=x") == "\"code\" must be at least 2 characters, but it is 1 characters.");
    CHECK(wrong("level=criticl") ==
          "\"level\" must be one of \"info\", \"critical\", but it is \"criticl\". Did you mean "
          "\"critical\"?");
    CHECK(wrong("tag=v1.10") == "accepted");
    CHECK(wrong("tag=1.10") ==
          "\"tag\" (git tag) must match the Lua pattern \"^v%d+%.%d+$\", but it "
          "is \"1.10\".");
    CHECK(wrong("sites=eu,us") == "accepted");
    CHECK(wrong("sites=eu,su") ==
          "\"sites\" must be one of \"eu\", \"us\", but it is \"su\". Did you mean \"eu\"?");
    CHECK(wrong("sites=eu,us,eu") == "\"sites\" must be at most 2 items, but it is 3 items.");
}

TEST_CASE("gives_up_on_a_pattern_that_takes_too_long") {
    const auto declared =
        declare({{"x", Value(Map{{"type", "string"}, {"pattern", "^a*a*a*a*a*a*a*a*b$"}})}});
    CHECK(
        holds(refusal(read_parameters(declared, {"x=" + std::string(60000, 'a')})),
              "\"x\" cannot be checked: The Lua pattern takes too long on a text of 60000 bytes."));
}

TEST_CASE("checks_values_that_a_program_gives") {
    const auto declared = every_type();
    const auto read = check_parameters(declared, {{"duration", 90},
                                                  {"time", 1772330400},
                                                  {"integer", 3},
                                                  {"boolean", true},
                                                  {"list", List{"a", 1}},
                                                  {"size", "1KiB"}});
    INFO(refusal(read));
    REQUIRE(read.ok());
    CHECK(read->at("duration") == Value(90));
    CHECK(read->at("size") == Value(1024));
    const auto wrong = [&](const char* name, Value value) {
        return refusal(check_parameters(declared, {{name, std::move(value)}}));
    };
    CHECK(holds(wrong("string", 5), "\"string\" must be text, but it is number."));
    CHECK(holds(wrong("integer", 1.5), "must be a whole number such as 3, but it is 1.5."));
    CHECK(holds(wrong("number", std::numeric_limits<double>::infinity()), "must be a number"));
    CHECK(holds(wrong("number", std::numeric_limits<double>::quiet_NaN()), "must be a number"));
    CHECK(holds(wrong("number", -0.0), "is a negative zero"));
    CHECK(holds(wrong("duration", -1), "must be a duration"));
    CHECK(holds(wrong("boolean", 1), "must be true or false"));
    CHECK(holds(wrong("string", make_secret("X")), "must be text, but it is secret."));
    CHECK(holds(wrong("list", Value(Map{{"a", 1}})), "must be a list"));
}

// json.encode and json.decode as scripts have them, held against the host's own JSON.
#include <random>

#include <doctest/doctest.h>

#include "interpreter/base/json.h"
#include "tests/interpreter/lua/worker_rig.h"

namespace perilune::test {

namespace {

struct Case {
    const char* script;
    const char* expected;
};

Value random_value(std::mt19937& random, int depth) {
    switch (random() % (depth > 0 ? 6U : 4U)) {
        case 0: return random() % 2 == 0;
        case 1:
            return (static_cast<double>(random()) - 2e9) / static_cast<double>(random() % 9 + 1);
        case 2: return static_cast<double>(random());
        case 3: {
            std::string text;
            for (unsigned i = random() % 20; i > 0; --i) text += static_cast<char>(random() % 128);
            return text + "é€𐍈";
        }
        case 4: {
            List list{1};
            for (unsigned i = random() % 5; i > 0; --i)
                list.push_back(random_value(random, depth - 1));
            return list;
        }
        default: {
            Value map;
            for (unsigned i = 1 + random() % 5; i > 0; --i)
                map.set(std::to_string(random() % 99), random_value(random, depth - 1));
            return map;
        }
    }
}

}  // namespace

TEST_CASE("writes_json_with_sorted_keys_and_shortest_numbers") {
    static constexpr Case cases[] = {
        {"{ b = 1, a = { 1, 2, { x = true } }, [''] = 'x' }",
         R"({"":"x","a":[1,2,{"x":true}],"b":1})"},
        {"{}", "{}"},
        {"{ list = json.empty_list }", R"({"list":[]})"},
        {"nil", "null"},
        {"'a\"\\\\\\n\\t\\1\\127/é'", "\"a\\\"\\\\\\n\\t\\u0001\x7f/é\""},
        {"{ 0.1, 1e21, -0.0, 2^53 - 1, 1e-7, 1/3, -5, 123456789012345680 }",
         "[0.1,1e+21,-0.0,9007199254740991,1e-07,0.3333333333333333,-5,1.2345678901234568e+17]"},
    };
    WorkerRig rig;
    for (const auto& [value, expected] : cases) {
        INFO(std::string(value));
        const auto end = rig.script("print(json.encode(" + std::string(value) + "))");
        CHECK(end.error == "");
        CHECK(end.printed == List{expected});
    }
    CHECK(rig.script("print(json.encode({ a = { 1, {} }, b = {} }, { indent = 2 }))").printed ==
          List{"{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {}\n}"});
}

TEST_CASE("refuses_by_path_what_json_cannot_say") {
    static constexpr Case cases[] = {
        {"{ a = { 1, 0/0 } }", "a[2] is not a number."},
        {"1/0", "it is infinite."},
        {"{ [1] = 1, x = 2 }", "it has keys that are neither all names nor 1..n without a gap."},
        {"{ [1] = 1, [3] = 2 }", "it has keys that are neither all names nor 1..n without a gap."},
        {"{ [true] = 1 }", "it has keys that are neither all names nor 1..n without a gap."},
        {"{ f = print }", "f is a function."},
        {"{ t = setmetatable({}, {}) }", "t is a table with a metatable."},
        {"'\\255'", "it is not UTF-8 text, which JSON needs; encode the bytes first."},
        {"'\\237\\160\\128'", "it is not UTF-8 text, which JSON needs; encode the bytes first."},
    };
    WorkerRig rig;
    for (const auto& [value, expected] : cases) {
        INFO(std::string(value));
        const auto end = rig.script("local x = json.encode(" + std::string(value) + ")");
        CHECK(end.error == "runbooks/test.lua:1: json.encode: " + std::string(expected));
    }
    CHECK(rig.script("local t = {} t.t = t local x = json.encode(t)")
              .error.find("more than 100 tables in each other") != std::string::npos);
    CHECK(rig.script("local x = json.encode(1, { indent = -1 })").error.find("indent = 2") !=
          std::string::npos);
}

TEST_CASE("makes_a_handle_of_a_value_that_holds_secrets") {
    WorkerRig rig;
    const List answer = rig.trusted(R"lua(
        local wire = ...
        local json = require "vocabulary.json"
        local function secret(encoding) return wire.secret { { "", "KEY", "", "", encoding } } end
        return json.encode { token = "Bearer \"" .. secret "raw", n = 1 },
          json.encode(secret "base64"), pcall(json.encode, secret "json"))lua");
    const auto& pieces = answer.at(0).secret()->pieces;
    REQUIRE(pieces.size() == 3);
    CHECK(pieces[0].text == R"({"n":1,"token":"Bearer \")");
    CHECK(pieces[1].name == "KEY");
    CHECK(pieces[1].encoding == "json");
    CHECK(pieces[2].text == "\"}");
    CHECK(answer.at(1).secret()->pieces.at(1).encoding == "base64");
    CHECK(answer.at(2) == Value(false));
    CHECK(rig.script("print(json.encode { a = unknown 'lag' })").printed ==
          List{"(unknown until run)"});
}

TEST_CASE("agrees_with_the_hosts_json_on_random_values") {
    WorkerRig rig;
    const unsigned seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    for (int i = 0; i < 200; ++i) {
        const Value value = random_value(random, 4);
        INFO(to_json(value));
        const List answer = rig.trusted(R"lua(
            local wire, value, text = ...
            local json = require "vocabulary.json"
            return json.decode(text), json.encode(value), json.encode(value, { indent = 3 }))lua",
                                        {value, to_json(value, i % 2 == 0 ? -1 : 2)});
        CHECK(answer.at(0) == value);
        for (std::size_t form = 1; form <= 2; ++form) {
            const auto read = from_json(answer.at(form).text());
            REQUIRE(read.ok());
            CHECK(*read == value);
        }
    }
}

TEST_CASE("reads_json_and_says_where_it_is_none") {
    static constexpr Case cases[] = {
        {"", "line 1, column 1: expected a value, found the end of the text."},
        {"{\n  \"a\" 1}", "line 2, column 7: expected \":\", found \"1\"."},
        {"[1 2]", "line 1, column 4: expected \",\" or \"]\", found \"2\"."},
        {"[1,]", "line 1, column 4: expected a value, found \"]\"."},
        {"{\"a\":1,}", "line 1, column 8: expected a name in quotes, found \"}\"."},
        {"01", "line 1, column 1: a number is malformed."},
        {"1.", "line 1, column 1: a number is malformed."},
        {"-", "line 1, column 1: a number is malformed."},
        {"1e999", "line 1, column 1: a number is too large."},
        {"\"a", "line 1, column 1: a string never ends."},
        {"\"\t\"", "line 1, column 2: a string holds the byte 0x09, which must be escaped."},
        {"\"\\x\"", "line 1, column 2: a backslash is followed by \"x\"."},
        {"\"\\u12\"", "line 1, column 2: \\u needs four hexadecimal digits."},
        {"true false", "line 1, column 6: expected the end of the text, found \"f\"."},
        {"nulla", "line 1, column 1: expected a value, found \"n\"."},
        {"NaN", "line 1, column 1: expected a value, found \"N\"."},
    };
    WorkerRig rig;
    for (const auto& [text, expected] : cases) {
        INFO(std::string(text));
        const List answer = rig.trusted(
            "local _, text = ... return pcall(require('vocabulary.json').decode, text)", {text});
        CHECK(answer.at(1).text() == "json.decode: " + std::string(expected));
    }
    const std::string deep = std::string(101, '[') + std::string(101, ']');
    CHECK(rig.script("local x = json.decode('" + deep + "')").error ==
          "runbooks/test.lua:1: json.decode: line 1, column 101: nested more than 100 deep.");
}

TEST_CASE("reads_null_as_nil_and_half_surrogates_as_replacement_characters") {
    WorkerRig rig;
    const auto end = rig.script(R"lua(
        local value = json.decode('{"a":null,"b":[1,null,3],"c":"\\u20ac\\ud834\\udd1e\\ud834x"}')
        print(value.a, value.b[1], value.b[2], value.b[3], value.c, json.decode(" null "))
        print(json.decode('"\\/\\b\127"'), json.decode("-0.5e+3"), json.decode("[]")[1]))lua");
    CHECK(end.error == "");
    CHECK(end.printed == List{"nil\t1\tnil\t3\t€𝄞\xef\xbf\xbdx\tnil", "/\b\x7f\t-500\tnil"});
}

}  // namespace perilune::test

// JSON texts: what is read is what was written, and what is none is refused.
#include <cmath>

#include <doctest/doctest.h>

#include "interpreter/base/json.h"
#include "interpreter/base/json_plain.h"

namespace {

using namespace perilune;

std::string again(const std::string& canonical) {
    const auto read = from_canonical_json(canonical);
    REQUIRE_MESSAGE(read.ok(), (read.ok() ? "" : read.error().message));
    return to_canonical_json(*read);
}

}  // namespace

TEST_CASE("canonical_texts_are_read_as_they_were_written") {
    for (const char* text :
         {"true", "null", "-0.0", "1", "0.1", "1e+300", "\"a\\n\\\"b\\\\\"", "{}", "[1,null,[2]]",
          "{\"a\":{\"b\":[{\"c\":1}]},\"b\":\"x\"}", "{\"$bytes\":\"/w==\"}",
          "{\"$number\":\"inf\"}", "{\"$number\":\"-inf\"}", "{\"$unknown\":\"size of a\"}",
          "{\"$secret\":[[\"\",\"KEY\",\"vault\",\"2\",\"raw\"]]}", "{\"$$bytes\":\"/w==\"}",
          "{\"$$a\":1,\"$$b\":2}", "{\"a\":{\"$bytes\":\"/w==\"},\"b\":[{\"$number\":\"inf\"}]}"})
        CHECK(again(text) == text);
    CHECK(from_canonical_json("{\"$bytes\":\"/w==\"}")->text() == "\xff");
    CHECK(again("{\"$bytes:/w==\":{\"$bytes:/g==\":1}}") ==
          "{\"$bytes:/w==\":{\"$bytes:/g==\":1}}");
    CHECK(from_canonical_json("{\"$bytes:/w==\":1}")->map().contains("\xff"));
    CHECK(from_canonical_json("{\"$$bytes:/w==\":1}")->map().contains("$bytes:/w=="));
    CHECK(from_canonical_json("{\"$$bytes\":\"a\"}")->map().contains("$bytes"));
    CHECK(from_canonical_json("{\"$bytes\":\"/w==\",\"a\":1}")->map().size() == 2);
    CHECK(std::isinf(from_canonical_json("{\"$number\":\"inf\"}")->number()));
    CHECK(from_canonical_json("{\"$secret\":[[\"\",\"KEY\",\"vault\",\"2\",\"raw\"]]}")
              ->secret()
              ->pieces[0]
              .provider == "vault");
}

TEST_CASE("ordinary_texts_have_no_special_keys") {
    CHECK(from_json("{\"$bytes\":\"/w==\"}")->map().contains("$bytes"));
    CHECK(from_json(" { \"b\" : 1 , \"a\" : null } ")->map().size() == 1);
    CHECK((*from_json("{\"a\":1,\"b\":0,\"a\":2}"))["a"].integer() == 2);
    CHECK(from_json("123456789012345678")->number() == 123456789012345678.0);
    CHECK(from_json("\"\\u00fc\\ud83d\\ude00\"")->text() == "ü😀");
}

TEST_CASE("what_is_no_json_or_too_deep_is_refused") {
    for (const char* text :
         {"", "{", "[1,]", "{\"a\":}", "nul", "1 2", "\"\\x\"", "\"\n\"", "{1:2}"})
        CHECK(from_json(text).error().code == "bad_json");
    const auto nested = [](std::size_t depth) {
        return from_json(std::string(depth, '[') + std::string(depth, ']'));
    };
    CHECK(nested(100).ok());
    CHECK(nested(101).error().message.find("100 deep") != std::string::npos);
    CHECK_FALSE(nested(1000000).ok());
}

// What the quick reader takes it reads as the other one does; what is none it leaves to that one.
TEST_CASE("the_quick_reader_takes_plain_texts_alone_and_reads_them_as_the_other_does") {
    for (const char* text :
         {"true", "false", "null", "0", "-1", "-0.0", "0.1", "1e+300", "-12.5e-3",
          "123456789012345", "9007199254740993", "12345678901234567890", R"("")",
          R"("a\n\r\t\\\"b")", "\"\u00e4\"", "[]", "{}", R"([1,[2,{"a":[]}],null])",
          R"({"a":1,"b":{"c":"d"},"ä":[true]})"}) {
        Value quick;
        CHECK_MESSAGE(read_plain_json(text, quick), text);
        const auto other = from_json(text);
        REQUIRE(other);
        CHECK(to_canonical_json(quick) == to_canonical_json(*other));
    }
    for (const char* text : {"",
                             " 1",
                             "1 ",
                             "01",
                             "-",
                             "-0",
                             "1.",
                             ".5",
                             "+1",
                             "1e",
                             "1e999",
                             "nul",
                             "truefalse",
                             "\"a",
                             "\"\n\"",
                             R"("\u0001")",
                             R"("\x")",
                             "\"\xff\"",
                             "[",
                             "[1",
                             "[1,]",
                             "[,1]",
                             "[1 ]",
                             "[1]]",
                             "{",
                             R"({"a")",
                             R"({"a":})",
                             R"({"a":1,})",
                             R"({,"a":1})",
                             "{1:2}",
                             R"({"b":1,"a":2})",
                             R"({"a":1,"a":2})",
                             R"({"a":null})",
                             R"({"$bytes":"/w=="})",
                             R"({"a":{"$$b":1}})"}) {
        Value quick;
        CHECK_MESSAGE(!read_plain_json(text, quick), text);
    }
    Value quick;
    CHECK(read_plain_json(std::string(100, '[') + std::string(100, ']'), quick));
    CHECK_FALSE(read_plain_json(std::string(101, '[') + std::string(101, ']'), quick));
}

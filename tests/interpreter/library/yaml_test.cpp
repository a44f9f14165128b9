// What YAML is read and what is refused, with the exact place.
#include <string>

#include <doctest/doctest.h>

#include "interpreter/library/yaml.h"
#include "tests/interpreter/library/temporary_library.h"

using namespace perilune;

namespace {

YamlNode parsed(std::string_view text) {
    auto root = parse_yaml(text, "f.yaml");
    INFO(refusal(root));
    REQUIRE(root.ok());
    return *root;
}

std::string refused(std::string_view text) { return refusal(parse_yaml(text, "f.yaml")); }

std::string repeated(std::string_view piece, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += piece;
    return text;
}

}  // namespace

TEST_CASE("gives_every_key_and_value_its_line_and_column") {
    const auto root =
        parsed("# first\nkind: production\ntargets:\n  dns/site: { zone: \"Z 1\" }\n");
    REQUIRE(root.entries.size() == 2);
    CHECK(show(root.entries[0].place) == "f.yaml:2:1");
    CHECK(show(root.entries[0].value.place) == "f.yaml:2:7");
    const YamlNode* target = root.find("targets")->find("dns/site");
    CHECK(show(root.find("targets")->entry("dns/site")->place) == "f.yaml:4:3");
    CHECK(show(target->place) == "f.yaml:4:13");
    CHECK(show(target->find("zone")->place) == "f.yaml:4:21");
    CHECK(target->find("zone")->text == "Z 1");
    CHECK(target->find("zone")->quoted);
    CHECK_FALSE(root.find("kind")->quoted);
}

TEST_CASE("counts_columns_in_characters_and_not_in_bytes") {
    const auto root = parsed("\"äöü€\": x\n");
    CHECK(show(root.entries[0].value.place) == "f.yaml:1:9");
}

TEST_CASE("keeps_entries_in_the_order_of_the_file") {
    const auto root = parsed("z: 1\na: 2\nm: 3\n");
    CHECK(root.entries[0].key == "z");
    CHECK(root.entries[1].key == "a");
    CHECK(root.entries[2].key == "m");
}

TEST_CASE("places_an_empty_value_at_its_key_and_not_at_what_comes_next") {
    const auto root = parsed("zone:\n\n\nnext: 1\n");
    CHECK(root.entries[0].value.is_nothing());
    CHECK(show(root.entries[0].value.place) == "f.yaml:1:1");
}

TEST_CASE("reads_the_same_from_lines_that_end_in_crlf") {
    const auto root = parsed("a: 1\r\nb: [x, y]\r\n");
    CHECK(root.find("a")->text == "1");
    CHECK(root.find("b")->list.size() == 2);
    CHECK(show(root.find("b")->list[1].place) == "f.yaml:2:8");
}

TEST_CASE("leaves_the_meaning_of_a_scalar_to_its_reader") {
    const auto root = parsed("version: 1.10\ndisposable: yes\n");
    CHECK(root.find("version")->text == "1.10");
    CHECK(root.find("disposable")->text == "yes");
    const auto value = untyped_value(parsed("[1.5, -2e3, true, yes, \"1\", 0x10, 007, ~]"));
    REQUIRE(value.list().size() == 8);
    CHECK(value.list()[0] == Value(1.5));
    CHECK(value.list()[1] == Value(-2000));
    CHECK(value.list()[2] == Value(true));
    CHECK(value.list()[3] == Value("yes"));
    CHECK(value.list()[4] == Value("1"));
    CHECK(value.list()[5] == Value("0x10"));
    CHECK(value.list()[6] == Value("007"));
    CHECK(value.list()[7].is_nil());
}

TEST_CASE("refuses_a_key_that_stands_twice_and_names_both_lines") {
    CHECK(refused("targets:\n  dns/site: { a: 1 }\n  dns/mail: { a: 1 }\n  dns/site: { b: 2 }\n") ==
          "f.yaml:4:3: The key \"dns/site\" stands here a second time; the first is at line 2. "
          "Remove one of them.");
    CHECK(refused("{ a: 1, 'a': 2 }") ==
          "f.yaml:1:9: The key \"a\" stands here a second time; the first is at line 1. Remove one "
          "of them.");
}

TEST_CASE("refuses_what_is_no_plain_text") {
    CHECK(holds(refused("\xef\xbb\xbfkind: x\n"), "f.yaml:1:1: The file starts with a byte order"));
    CHECK(holds(refused("a: 1\nb: \xff\n"), "f.yaml:2:4: The text is not UTF-8 from here on."));
    CHECK(holds(refused("ä: \xc3(\n"), "f.yaml:1:4: The text is not UTF-8"));
    CHECK(holds(refused(std::string("a: 1\nb: x\0y\n", 12)), "f.yaml:2:5: The file holds a NUL"));
    CHECK(holds(refused("a: 1\n\tb: 2\n"), "f.yaml:2:1: A tab stands here. Use spaces"));
    CHECK(holds(refused("a:\t1\n"), "f.yaml:1:3: A tab stands here."));
    CHECK(holds(refused("a: \x1b[2J\n"), "f.yaml:1:4: The file holds the control byte 0x1b"));
    CHECK(holds(refused("a: 1\rb: 2\n"), "f.yaml:1:5: The file holds a carriage return without"));
    CHECK(holds(refused("a: " + std::string(1 << 20, 'x')), "f.yaml: It has more than 1 MiB."));
    CHECK(parse_yaml("a: \"tab\\there\"\n", "f").ok());
}

TEST_CASE("refuses_tags_merge_keys_and_keys_that_are_no_text") {
    CHECK(holds(refused("a: !!str x\n"), "f.yaml:1:4: The tag \"tag:yaml.org,2002:str\" is not"));
    CHECK(holds(refused("a: !env HOME\n"), "f.yaml:1:4: The tag \"!env\" is not read"));
    CHECK(holds(refused("b: &x { c: 1 }\na:\n  <<: *x\n"), "f.yaml:3:3: Merge keys (<<)"));
    CHECK(holds(refused("? [a, b]\n: c\n"), "f.yaml:1:3: A key is text, but this one is a list"));
    CHECK(holds(refused("x: &k a\n*k : b\n"), "f.yaml:2:1: An alias may not be a key."));
    CHECK(holds(refused(": b\n"), "f.yaml:1:1: A key is missing before the colon."));
}

TEST_CASE("refuses_a_second_document_and_text_after_the_first") {
    CHECK(holds(refused("a: 1\n---\nb: 2\n"), "f.yaml:2:1: Something follows after the end"));
    CHECK(holds(refused("{ a: 1 } b\n"), "f.yaml:1:10: Something follows after the end"));
    CHECK(holds(refused(repeated("[a: 1, b: 2],", 1000)), "Something follows"));
    CHECK(parsed("%YAML 1.2\n---\na: 1\n...\n").find("a")->text == "1");
}

TEST_CASE("refuses_nesting_deeper_than_thirty_at_the_place_where_it_gets_too_deep") {
    CHECK(parse_yaml(repeated("[", 30) + repeated("]", 30), "f").ok());
    CHECK(holds(refused(repeated("[", 31) + repeated("]", 31)),
                "f.yaml:1:31: The values are nested more than 30 deep here."));
    CHECK(holds(refused(repeated("[", 1 << 20)), "f.yaml:1:"));
    CHECK(holds(refused(repeated("{a: ", 1 << 18)), "f.yaml:1:"));
    CHECK(holds(refused(repeated("- ", 1 << 19)), "nested more than 30 deep"));
}

TEST_CASE("counts_aliases_at_full_size_so_that_no_file_explodes") {
    const auto root = parsed("a: &x { zone: 1 }\nb: *x\nc: [*x, *x]\n");
    CHECK(root.find("b")->find("zone")->text == "1");
    CHECK(root.find("c")->list.size() == 2);
    for (const char* inner : {"x", "[]", "~"}) {
        std::string laughs = "a0: &a0 [" + repeated(std::string(inner) + ", ", 9) + "]\n";
        for (int i = 1; i < 12; ++i) {
            const std::string name = "a" + std::to_string(i);
            laughs += name + ": &" + name + " [" +
                      repeated("*a" + std::to_string(i - 1) + ", ", 9) + "]\n";
        }
        CHECK(holds(refused(laughs), "f.yaml:5:"));
        CHECK(holds(refused(laughs), "Here the file grows beyond 20,000 values or 4 MiB"));
    }
    CHECK(holds(refused("[" + repeated("~,", 20000) + "]"), "f.yaml:1:40"));
    const std::string large = "a: &x " + std::string(500000, 'x') + "\nb: [";
    CHECK(
        holds(refused(large + repeated("*x, ", 9) + "*x]\n"), "f.yaml:2:33: Here the file grows"));
    CHECK(holds(refused("a: &x [1, *x]\n"), "f.yaml:1:11: This alias stands inside what it names"));
    CHECK(holds(refused("a: *nobody\n"), "f.yaml:1:4: No anchor of that name stands above."));
}

TEST_CASE("refuses_aliases_that_nest_too_deep") {
    std::string text = "a0: &a0 [x]\n";
    for (int i = 1; i < 31; ++i)
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" +
                std::to_string(i - 1) + "]\n";
    CHECK(holds(refused(text), "f.yaml:29:12: The values are nested more than 30 deep here."));
}

TEST_CASE("refuses_a_quote_that_is_never_closed") {
    CHECK(
        holds(refused("a: 1\nb: \"x\n"), "f.yaml:2:4: The text that begins here is never closed"));
    CHECK(holds(refused("a: 'it''s\n"), "f.yaml:1:4: The text that begins here is never closed"));
    CHECK(parsed("a: 'it''s'\nb: \"say \\\"x\\\"\"\nc: |\n  \"\nd: &k 'x'\n").entries.size() == 4);
}

TEST_CASE("says_what_to_do_about_broken_structure") {
    CHECK(refused("a: b: c\n") ==
          "f.yaml:1:5: A value may not begin here. Check the indentation above, and put text that "
          "holds \": \" in quotes.");
    CHECK(holds(refused("a: [1, 2\nb: 3\n"), "f.yaml:2:2: The list is not closed here. Add \"]\""));
    CHECK(holds(refused("a: @x\n"), "f.yaml:1:4: A text may not begin with this character."));
    CHECK(holds(refused("a: ]\n"), "f.yaml:1:4: This bracket closes nothing."));
    CHECK(refused("a: \"C:\\quick\"\n") ==
          "f.yaml:1:9: In double quotes \"\\\" begins an escape, and this is none. Write "
          "\"\\\\\", or use single quotes.");
    CHECK(holds(refused("a: {b: 1\nc: 2\n"), "The map is not closed here. Add \"}\""));
}

TEST_CASE("reads_an_empty_file_as_nothing") {
    CHECK(parsed("").is_nothing());
    CHECK(parsed("# only a comment\n").is_nothing());
    CHECK(show(parsed("").place) == "f.yaml:1:1");
}

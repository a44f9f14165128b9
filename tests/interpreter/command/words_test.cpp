// The one list of the language's words, against the Lua that makes them.
#include "interpreter/command/words.h"

#include <doctest/doctest.h>

#include "bindings/table.h"
#include "interpreter/base/files.h"
#include "interpreter/lua/syntax/facts.h"
#include "interpreter/lua/syntax/literal_values.h"
#include "interpreter/lua/syntax/parser.h"
#include "tests/interpreter/command/command_rig.h"

namespace {

using namespace perilune;
using namespace perilune::syntax;

Tree parse_vocabulary(const std::string& name) {
    const auto text = read_file(test::source_path("stdlib/vocabulary/" + name));
    REQUIRE(text.ok());
    auto tree = parse_lua(*text, name);
    REQUIRE(tree.ok());
    return std::move(*tree);
}

// The text keys of the smallest table that has all of `marks` among them.
NameSet keys_with(const Tree& tree, const std::vector<std::string>& marks) {
    NameSet smallest;
    for (const auto& expression : tree.expressions) {
        if (expression.kind != ExpressionKind::table) continue;
        NameSet keys;
        for (const auto& field : expression.fields)
            if (field.key && field.key->kind == ExpressionKind::text) keys.emplace(field.key->text);
        bool has = true;
        for (const auto& mark : marks) has = has && keys.contains(mark);
        if (has && (smallest.empty() || keys.size() < smallest.size())) smallest = std::move(keys);
    }
    REQUIRE_MESSAGE(!smallest.empty(), "no table has the key ", marks.front());
    return smallest;
}

// The texts of the list that has `mark` among them.
NameSet texts_with(const Tree& tree, std::string_view mark) {
    for (const auto& expression : tree.expressions) {
        if (expression.kind != ExpressionKind::table) continue;
        NameSet texts;
        for (const auto& field : expression.fields)
            if (!field.key && field.value->kind == ExpressionKind::text)
                texts.emplace(field.value->text);
        if (texts.contains(mark)) return texts;
    }
    FAIL("no list has ", mark);
    return {};
}

// What is put into `table` by `function table.NAME` and `table.NAME =`.
NameSet added_to(const Tree& tree, const std::string& table) {
    NameSet names;
    for (const auto& statement : tree.statements)
        for (const auto* target : statement.targets)
            if (const auto name = dotted_name(*target); name.starts_with(table + "."))
                names.insert(name.substr(table.size() + 1));
    return names;
}

NameSet without(NameSet names, const NameSet& others) {
    for (const auto& other : others) names.erase(other);
    return names;
}

TEST_CASE("knows_exactly_the_names_that_the_sandbox_gives") {
    const Tree sandbox = parse_vocabulary("sandbox.lua");
    NameSet given = keys_with(parse_vocabulary("main.lua"), {"run_runbook", "step"});
    for (const auto& names : {keys_with(sandbox, {"_VERSION"}),
                              keys_with(sandbox, {"string", "coroutine"}),
                              keys_with(parse_vocabulary("sandbox_tables.lua"),
                                        {"rawequal", "getmetatable"})})
        given.insert(names.begin(), names.end());
    for (const auto* family : all_families()) given.emplace(family->name);
    CHECK(without(given, known_names().globals) == NameSet{});
    CHECK(without(known_names().globals, given) == NameSet{});
}

TEST_CASE("knows_exactly_the_fields_of_the_libraries") {
    const Tree sandbox = parse_vocabulary("sandbox.lua");
    const auto& fields = known_names().fields;
    NameSet math = texts_with(sandbox, "atan2");
    math.insert("random");
    CHECK(fields.at("math") == math);
    CHECK(fields.at("bit") == texts_with(sandbox, "tobit"));
    CHECK(fields.at("string") ==
          keys_with(parse_vocabulary("sandbox_text.lua"), {"gmatch", "upper"}));
    CHECK(fields.at("table") ==
          keys_with(parse_vocabulary("sandbox_tables.lua"), {"concat", "maxn", "sort"}));
    CHECK(fields.at("coroutine") ==
          added_to(parse_vocabulary("sandbox_coroutines.lua"), "library"));
    CHECK(fields.at("json") == added_to(parse_vocabulary("json.lua"), "M"));
}

TEST_CASE("knows_exactly_the_keys_of_a_runbook") {
    const NameSet keys(runbook_keys().begin(), runbook_keys().end());
    CHECK(keys == keys_with(parse_vocabulary("runbook.lua"), {"objectives", "refuse"}));
}

TEST_CASE("can_read_every_name_in_a_real_worker") {
    const test::CommandRig rig;
    rig.add_environment();
    std::string reads;
    for (const auto& name : known_names().globals) reads += "  seen[#seen + 1] = " + name + "\n";
    for (const auto& [table, fields] : known_names().fields)
        for (const auto& field : fields)
            if (table != "run")
                reads += "  ensure(" + table + "." + field + " ~= nil, \"" + table + "." + field +
                         "\")\n";
    for (const auto field : run_fields())
        reads += "  ensure(run." + std::string(field) + ", \"run." + std::string(field) + "\")\n";
    rig.write("library/runbooks/names.lua", "return runbook {\n  summary = \"Names\",\n  run = "
                                            "function()\n  local seen = {}\n" + reads +
                                                "  return #seen\nend }\n");
    const auto ended = rig.run({"run", "names", "-e", "local", "--no-input"});
    INFO(ended.errors);
    CHECK(ended.exit_code == 0);
}

}  // namespace

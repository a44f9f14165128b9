// What the parser tells about a runbook without executing it.
#include "interpreter/lua/syntax/facts.h"

#include <doctest/doctest.h>

#include "interpreter/lua/syntax/literal_values.h"
#include "interpreter/lua/syntax/parser.h"

namespace {

using namespace perilune;
using namespace perilune::syntax;

// The facts hold pointers into the tree.
struct File {
    Tree tree;
    Scopes scopes;
    Facts facts;
};

File read(std::string_view source) {
    auto tree = parse_lua(source, "book.lua");
    INFO(source);
    REQUIRE_MESSAGE(tree.ok(), (tree.ok() ? "" : tree.error().message));
    Scopes scopes = resolve(*tree);
    Facts facts = read_facts(*tree, scopes, {"dns", "database", "storage", "deploy", "notify"});
    return {std::move(tree.value()), std::move(scopes), std::move(facts)};
}

using Texts = std::vector<std::string>;

Texts operations(std::string_view source) {
    Texts texts;
    for (const OperationUse& use : read(source).facts.operations)
        texts.push_back(use.family + "/" + use.target + " " + use.operation);
    return texts;
}

// "FAMILY/TARGET", with "!" where the handle escapes.
Texts targets(std::string_view source) {
    Texts texts;
    for (const TargetUse& use : read(source).facts.target_uses)
        texts.push_back(use.family + "/" + use.target + (use.escapes ? "!" : ""));
    return texts;
}

Texts names(std::string_view source, std::string_view function) {
    Texts texts;
    const File file = read(source);
    for (const NamedCall* call : file.facts.named(function))
        texts.push_back(call->known ? call->name : "?");
    return texts;
}

std::optional<Value> literal(std::string_view source) {
    const File file = read(source);
    return literal_value(file.scopes, *file.tree.main().body.statements.back()->values[0]);
}

constexpr std::string_view runbook = R"(
local failover = require("patterns.failover")
return runbook {
  summary    = "Serve the site from the standby region",
  objectives = { rto = "30m", rpo = "15m" },
  targets    = {
    ["database/primary"] = { "fence" },
    ["dns/site"]         = { "upsert", "delete" },
    ["notify/oncall"]    = {},
  },
  parameters = { outage_began = { type = "time", required = true } },
  locks      = { "traffic/site" },
  on_failure = "ask",
  run = function(params)
    local primary, site = database("primary"), dns("site")
    step("Fence the old primary", { timeout = "2m" }, function()
      primary:fence { how = "network", within = params.within }
    end)
    approve("Go on?", { role = "lead" })
    parallel {
      ["Point the site"] = function() site:upsert { name = "app", ttl = 5 * 60 } end,
      tell = function() notify("oncall"):open { key = secret("KEY") } end,
    }
    run_runbook("check-site", {})
  end,
}
)";

}  // namespace

TEST_CASE("tells_what_a_runbook_declares_and_where") {
    const File file = read(runbook);
    const Facts& facts = file.facts;
    CHECK(facts.is_runbook());
    CHECK(facts.returns_position.line == 3);
    REQUIRE(facts.keys);
    CHECK(facts.keys->complete);
    CHECK(facts.keys->keys.size() == 7);
    CHECK(facts.keys->find("summary")->literal == Value("Serve the site from the standby region"));
    CHECK(facts.keys->find("on_failure")->position.line == 13);
    CHECK((*facts.keys->find("objectives")->literal)["rto"].text() == "30m");
    CHECK((*facts.keys->find("parameters")->literal)["outage_began"]["required"].boolean());
    CHECK(facts.keys->find("locks")->literal == Value(List{"traffic/site"}));
    CHECK_FALSE(facts.keys->find("run")->literal);
    CHECK(facts.keys->find("refuse") == nullptr);
    CHECK(facts.targets_complete);
    REQUIRE(facts.targets.size() == 3);
    CHECK(facts.targets[1].family == "dns");
    CHECK(facts.targets[1].target == "site");
    CHECK(facts.targets[1].position.line == 8);
    REQUIRE(facts.targets[1].changes.size() == 2);
    CHECK(facts.targets[1].changes[1].name == "delete");
    CHECK(facts.targets[1].changes[1].position.column == 40);
    CHECK(facts.targets[2].changes.empty());
    CHECK(facts.targets[2].complete);
}

TEST_CASE("tells_the_operations_of_a_runbook_with_their_arguments") {
    const File file = read(runbook);
    const auto& operations = file.facts.operations;
    REQUIRE(operations.size() == 3);
    CHECK(operations[0].family == "database");
    CHECK(operations[0].target == "primary");
    CHECK(operations[0].operation == "fence");
    CHECK(operations[0].position.line == 17);
    CHECK(operations[0].position.column == 15);
    REQUIRE(operations[0].arguments);
    CHECK(operations[0].arguments->find("how")->literal == Value("network"));
    CHECK_FALSE(operations[0].arguments->find("within")->literal);
    CHECK(operations[1].family == "dns");
    CHECK(operations[1].arguments->find("ttl")->literal == Value(300));
    CHECK(operations[2].family == "notify");
    CHECK(operations[2].operation == "open");
}

TEST_CASE("tells_the_names_that_calls_are_given") {
    CHECK(names(runbook, "step") == Texts{"Fence the old primary"});
    CHECK(names(runbook, "approve") == Texts{"Go on?"});
    CHECK(names(runbook, "parallel") == Texts{"Point the site", "tell"});
    CHECK(names(runbook, "require") == Texts{"patterns.failover"});
    CHECK(names(runbook, "run_runbook") == Texts{"check-site"});
    CHECK(names(runbook, "secret") == Texts{"KEY"});
    CHECK(names("require 'a' require(x)", "require") == Texts{"a", "?"});
    CHECK(names("local name = 'Step ' .. 1 .. x step(name)", "step") == Texts{"?"});
    CHECK(names("local name = 'Step' step(name, f)", "step") == Texts{"Step"});
    CHECK(names("step(x and 'a' or 'b', f)", "step") == Texts{"b", "a"});
    CHECK(names("wait_for({ 'go', x })", "wait_for") == Texts{"go", "?"});
    CHECK(names("wait_for 'go'", "wait_for") == Texts{"go"});
    CHECK(names("parallel(branches)", "parallel") == Texts{"?"});
    CHECK(names("local branches = { a = f } branches.b = f parallel(branches)", "parallel") ==
          Texts{"a", "?"});
    CHECK(names("local step = print step('a')", "step").empty());
    CHECK(names("x.step('a') x:step('a')", "step").empty());
}

TEST_CASE("follows_handles_through_locals_closures_and_choices") {
    CHECK(operations("dns('site'):upsert {}") == Texts{"dns/site upsert"});
    CHECK(operations("local a = dns 'site' local b = a f(function() b:upsert {} end)") ==
          Texts{"dns/site upsert"});
    CHECK(operations("local a, b = database('x'), dns('y') b:get {} a:lag()") ==
          Texts{"dns/y get", "database/x lag"});
    CHECK(operations("local t if x then t = dns('a') else t = dns('b') end t:get {}") ==
          Texts{"dns/a get", "dns/b get"});
    CHECK(operations("(x and dns('a') or dns('b')):get {}") == Texts{"dns/b get", "dns/a get"});
    CHECK(operations("local name = 'site' dns(name):get {}") == Texts{"dns/site get"});
    CHECK(operations("local dns = f() dns('site'):get {}").empty());
    CHECK(operations("local a = dns('site') local function f(a) a:get {} end").empty());
    CHECK(operations("w.dns('site'):get {}").empty());
}

TEST_CASE("tells_which_handles_go_where_the_file_does_not_show_their_use") {
    CHECK(targets("dns('a'):get {}") == Texts{"dns/a"});
    CHECK(targets("local a = dns('a') a:get {}") == Texts{"dns/a"});
    CHECK(targets("local a = dns('a') local b = (a) b:get {}") == Texts{"dns/a"});
    CHECK(targets("f(dns('a'))") == Texts{"dns/a!"});
    CHECK(targets("local a = dns('a') f(a) a:get {}") == Texts{"dns/a!"});
    CHECK(targets("local a = dns('a') return { a }") == Texts{"dns/a!"});
    CHECK(targets("database('a'):backup { to = storage('b') }") ==
          Texts{"database/a", "storage/b!"});
    CHECK(targets("local t = {} t.x = dns('a')") == Texts{"dns/a!"});
    CHECK(targets("local a a = dns('a') a:get {}") == Texts{"dns/a"});
}

TEST_CASE("lists_targets_whose_name_only_executing_would_tell") {
    CHECK(names("dns(params.zone):get {}", "dns") == Texts{"?"});
    CHECK(operations("dns(params.zone):get {}").empty());
}

TEST_CASE("says_where_declarations_cannot_be_told") {
    CHECK_FALSE(read("return runbook { targets = targets_of(x) }").facts.targets_complete);
    CHECK_FALSE(read("return runbook { targets = { [x] = {} } }").facts.targets_complete);
    CHECK(read("return runbook { run = f }").facts.targets_complete);
    const File file = read("return runbook { targets = { ['dns/a'] = f(), ['nonsense'] = {} } }");
    REQUIRE(file.facts.targets.size() == 2);
    CHECK_FALSE(file.facts.targets[0].complete);
    CHECK(file.facts.targets[1].family == "");
    CHECK(file.facts.targets[1].key == "nonsense");
}

TEST_CASE("tells_what_a_file_returns") {
    CHECK(read("return runbook({ summary = 'x' })").facts.keys->find("summary") != nullptr);
    CHECK(read("local book = runbook { run = f } return book").facts.is_runbook());
    CHECK(read("local book = { run = f } return runbook(book)").facts.keys->find("run") != nullptr);
    CHECK(read("return drill { runbook = 'x' }").facts.returns == "drill");
    CHECK_FALSE(read("return { run = f }").facts.is_runbook());
    CHECK_FALSE(read("runbook { run = f }").facts.is_runbook());
    CHECK_FALSE(read("local runbook = f return runbook {}").facts.is_runbook());
    CHECK_FALSE(read("").facts.is_runbook());
    CHECK_FALSE(read("return runbook { run = f }, 2").facts.is_runbook());
}

TEST_CASE("tells_arguments_only_where_they_are_one_literal_table") {
    const auto arguments = [](std::string_view source) {
        const File file = read(source);
        REQUIRE(file.facts.operations.size() == 1);
        const auto& found = file.facts.operations[0].arguments;
        if (!found) return std::string("?");
        std::string text = found->complete ? "" : "…";
        for (const Key& key : found->keys) text += key.name + " ";
        return text;
    };
    CHECK(arguments("dns('a'):get { name = 'x', type = t }") == "name type ");
    CHECK(arguments("dns('a'):get()") == "");
    CHECK(arguments("dns('a'):get(x)") == "?");
    CHECK(arguments("dns('a'):get({}, 1)") == "?");
    CHECK(arguments("dns('a'):get { name = 'x', [k] = 1 }") == "…name ");
    CHECK(arguments("local t = { name = 'x' } dns('a'):get(t)") == "name ");
    CHECK(arguments("local t = { name = 'x' } t.y = 1 dns('a'):get(t)") == "…name ");
}

TEST_CASE("reads_literal_values") {
    CHECK(literal("return { 1, 'two', { three = true }, -4 }") ==
          Value(List{1, "two", Value(Map{{"three", true}}), -4}));
    CHECK(literal("return {}") == Value(Map{}));
    CHECK(literal("return { a = nil, ['b'] = (2) }") == Value(Map{{"b", 2}}));
    CHECK(literal("return 5 * 60 + 2 ^ 3 - 7 % 4 / 2") == Value(306.5));
    CHECK(literal("return -7 % 4") == Value(1));
    CHECK(literal("local a = 'x' return 'a' .. a") == Value("ax"));
    CHECK(literal("return not nil") == Value(true));
    CHECK_FALSE(literal("return { 1, a = 2 }"));
    CHECK_FALSE(literal("return { f() }"));
    CHECK_FALSE(literal("return { [1] = 2 }"));
    CHECK_FALSE(literal("return 'a' + 1"));
    CHECK_FALSE(literal("local a = 'x' a = 'y' return a"));
    CHECK_FALSE(literal("local a = {} a.b = 1 return a"));
    CHECK_FALSE(literal("local a = 'x' a = a .. a return a"));
}

-- Good and bad trees for the rules that look at several files together.

local kind = 'const DriverKind zone_file_kind = {.family = "dns", .name = "zone_file"};\n'

local function operations(rows)
  return {
    ["bindings/dns/dns_operations.cpp"] = "constexpr Operation rows[] = {\n" .. rows .. "};\n",
  }
end

local function test_file(text)
  return { ["tests/a_test.cpp"] = text }
end

return {
  { rule = "top", at = "notes.txt:1", files = { ["notes.txt"] = "a\n" } },
  { rule = "top", at = "scripts/a.sh:1",
    files = { ["scripts/a.sh"] = "a\n", ["scripts/b.sh"] = "b\n" } },
  { rule = "top", at = "",
    files = { ["README.md"] = "a\n", [".ci/run"] = "a\n", ["docs/a.md"] = "a\n" } },

  { rule = "family-test", at = "bindings/dns/a.cpp:1", files = {
    ["bindings/dns/a.cpp"] = "int a;\n", ["bindings/dns/b.cpp"] = "int b;\n",
    ["tests/bindings/cache/a_test.cpp"] = "int c;\n" } },
  { rule = "family-test", at = "", files = {
    ["bindings/dns/a.cpp"] = "int a;\n", ["tests/bindings/dns/a_test.cpp"] = "int c;\n" } },

  { rule = "driver-test", at = "bindings/dns/zone_file.cpp:2", files = {
    ["bindings/dns/zone_file.cpp"] = "\n" .. kind,
    ["tests/a_test.cpp"] = "zone_file_kinds();\n" } },
  { rule = "driver-test", at = "", files = {
    ["bindings/dns/zone_file.cpp"] = kind, ["tests/a_test.cpp"] = "make(zone_file_kind);\n",
    ["bindings/dns/dns.h"] = "extern const DriverKind other_kind;\n" } },
  { rule = "driver-test", at = "", files = {
    ["bindings/dns/zone_file.cpp"] = kind, ["tests/a_test.cpp"] = 'make("zone_file");\n' } },

  { rule = "operation-doc", at = "bindings/dns/dns_operations.cpp:2",
    files = operations('{.name = "get", .parameters = {{{.name = "a", .doc = "An a."}}}},\n') },
  { rule = "operation-doc", at = "bindings/dns/dns_operations.cpp:3",
    files = operations('{.name = "a", .doc = "Does a."},\n{.name = "b", .doc = ""},\n') },
  { rule = "operation-doc", at = "bindings/dns/dns_operations.cpp:2",
    files = operations('{.name = "a", .doc = R"(\n)"},\n') },
  { rule = "operation-doc", at = "bindings/dns/a.cpp:1", files = {
    ["bindings/dns/a.cpp"] = 'constexpr std::array<Operation, 1> rows = {{{.name = "a"}}};\n' } },
  { rule = "operation-doc", at = "bindings/dns/a.cpp:2", files = {
    ["bindings/dns/a.cpp"] =
      'constexpr auto rows = std::to_array<Operation>({\n{.name = "a", .undo = "no"}});\n' } },
  { rule = "operation-doc", at = "", files = operations(
    '{.name = "a", .doc = "Does a."},\n{.name = "b", .doc = R"(\nDoes b.\n)"},\n'
      .. '{.name = "c", .doc = c_doc, .parameters = {{{.name = "x"}}}},\n') },
  { rule = "operation-doc", at = "", files = {
    ["bindings/dns/a.cpp"] =
      'constexpr auto rows = std::to_array<Operation>({{.name = "a", .doc = "A."}});\n' } },

  { rule = "test-checks", at = "tests/a_test.cpp:1",
    files = test_file('TEST_CASE("a") { f(); }\n') },
  { rule = "test-checks", at = "tests/a_test.cpp:2", files = test_file(
    'TEST_CASE("a") { CHECK(f()); }\nTEST_CASE("b") { /* CHECK(f()); */ }\n') },
  { rule = "test-checks", at = "tests/a_test.cpp:1", files = test_file("int a;\n") },
  { rule = "test-checks", at = "", files = {
    ["tests/a_test.cpp"] = 'TEST_CASE("a") { REQUIRE_THROWS_AS(f(), int); }\n'
      .. 'TEST_CASE("b") { g(); }\n',
    ["tests/support/g.cpp"] = "void h() { CHECK_EQ(1, 1); }\nvoid g() { h(); }\n" } },

  { rule = "definition", at = "b.h:2", files = {
    ["a.h"] = "namespace perilune {\nstruct Word {\n};\n}  // namespace perilune\n",
    ["b.h"] = "namespace perilune {\nclass Word : A,\n  B {\n};\n}  // namespace perilune\n" } },
  { rule = "definition", at = "", files = {
    ["a.h"] = "namespace perilune {\nstruct Word {\n};\n}  // namespace perilune\n",
    ["b.h"] = "namespace perilune::dns {\nstruct Word {\n};\n}  // namespace perilune::dns\n",
    ["c.cpp"] = "namespace perilune {\nnamespace {\nstruct Word {\n};\n}  // namespace\n"
      .. "struct Word::Part {\n};\nstruct Word;\n}  // namespace perilune\n" } },
}

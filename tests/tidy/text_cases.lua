-- Good and bad files for the rules about text and shape.

local function lines(count, text)
  return (text .. "\n"):rep(count)
end

local long_function = "// Adds.\nint add() {\n" .. lines(69, "    one();") .. "}\n"
local short_function = "// Adds.\nint add() {\n" .. lines(68, "    one();") .. "}\n"
local unfinished = "TO" .. "DO"
local home = "/ho" .. "me/someone/notes"
local template = "/t" .. "mp/perilune." .. ("X"):rep(6)

return {
  { rule = "length", at = "a.cpp:301", files = { ["a.cpp"] = lines(301, "int a;") } },
  { rule = "length", at = "dev:301",
    files = { ["dev"] = "#!/usr/bin/env bash\n" .. lines(300, ":") } },
  { rule = "length", at = "", files = {
    ["a.cpp"] = lines(300, "int a;"), ["docs/reference/a.lua"] = lines(400, "local a") } },

  { rule = "columns", at = "a.lua:2", files = { ["a.lua"] = "\n" .. ("x"):rep(101) .. "\n" } },
  { rule = "columns", at = "a.h:1", files = { ["a.h"] = ("ä"):rep(101) .. "\n" } },
  { rule = "columns", at = "", files = {
    ["a.lua"] = ("x"):rep(100) .. "\n", ["a.h"] = ("ä"):rep(100) .. "\n",
    ["a.md"] = ("x"):rep(200) .. "\n" } },

  { rule = "blanks", at = "a.cpp:1", files = { ["a.cpp"] = "\tint a;\n" } },
  { rule = "blanks", at = "a.yaml:2", files = { ["a.yaml"] = "a: 1\nb: 2 \n" } },
  { rule = "blanks", at = "a.md:2", files = { ["a.md"] = "one\ntwo" } },
  { rule = "blanks", at = "a.sh:2", files = { ["a.sh"] = "one\n\n" } },
  { rule = "blanks", at = "", files = { ["a.cpp"] = "int a;\n", ["a.bin"] = "a\0b \t" } },

  { rule = "words", at = "a.md:2", files = { ["a.md"] = "One.\n" .. unfinished .. ": more\n" } },
  { rule = "words", at = "a.sh:1", files = { ["a.sh"] = "# (" .. unfinished .. ")\n" } },
  { rule = "words", at = "", files = {
    ["a.cpp"] = 'make("' .. template .. '"); // ' .. unfinished .. "S\n",
    ["b.cpp"] = "// Written as {XX" .. "X}.\n" } },

  { rule = "paths", at = "a.md:1", files = { ["a.md"] = "See " .. home .. ".\n" } },
  { rule = "paths", at = "a.yaml:2", files = { ["a.yaml"] = "a: 1\npath: /t" .. "mp/journal\n" } },
  { rule = "paths", at = "", files = {
    ["a.cpp"] = 'make("' .. template .. '");\n',
    ["a.sh"] = 'cd "${TMPDIR:-/tmp}" && ls "$root' .. home .. '" ~/x\n',
    ["a.md"] = "https://example.org" .. home .. "\n" } },

  { rule = "function", at = "a.cpp:2", files = { ["a.cpp"] = long_function } },
  { rule = "function", at = "a.cpp:4", files = {
    ["a.cpp"] = "// Adds.\nnamespace a {\nclass B final : public C<D> {\n    int get() const {\n"
      .. lines(70, "        if (a) { b(); }") .. "    }\n};\n}  // namespace a\n" } },
  { rule = "function", at = "a.cpp:2", files = {
    ["a.cpp"] = "// Adds.\nB::B(int a) : a_(a), b_{1} {\n" .. lines(70, "    c();") .. "}\n" } },
  { rule = "function", at = "a.cpp:2", files = {
    ["a.cpp"] = "// Adds.\nauto f = [](int a) -> Awaitable<Result<int>> {\n"
      .. lines(70, "    c();") .. "};\n" } },
  { rule = "function", at = "a_test.cpp:3", files = {
    ["a_test.cpp"] = '// Tests.\nTEST_SUITE("x") {\nTEST_CASE("a_{b") {\n' .. lines(70, "    c();")
      .. "}\n}\n" } },
  { rule = "function", at = "a.lua:2", files = {
    ["a.lua"] = "-- Adds.\nlocal function add()\n" .. lines(70, "  if a then b() end")
      .. "end\n" } },
  { rule = "function", at = "a.lua:3", files = {
    ["a.lua"] = '-- Adds.\ndescribe("it", function()\n  it("adds", function()\n'
      .. lines(70, "    repeat a() until b") .. "  end)\nend)\n" } },
  { rule = "function", at = "", files = {
    ["a.cpp"] = short_function .. "int rest() {\n" .. lines(60, "    one();") .. "}\n",
    ["b.cpp"] = "// Has a table.\nstatic constexpr Row rows[] = {\n"
      .. lines(90, '    {"a", f(1)},') .. "};\nstruct A {\n" .. lines(90, "    int a = 1;")
      .. "};\n",
    ["c.cpp"] = "// Has texts.\n// {\nconst char* a = R\"x(\n" .. lines(40, "{ \" ) ' (")
      .. ")x\";\nint b = 1'000'000;\nchar c = '{';\nchar d = '\"';\n"
      .. lines(40, "void e() { f(\"{\"); }"),
    ["a.lua"] = '-- Tests.\ndescribe("it", function()\n'
      .. lines(40, '  it("adds", function() end)')
      .. lines(40, '  a = "end" -- function') .. "end)\n" } },

  { rule = "opening", at = "a.cpp:1", files = { ["a.cpp"] = "#include <vector>\n" } },
  { rule = "opening", at = "a.cpp:1", files = { ["a.cpp"] = "// helpers\n#include <vector>\n" } },
  { rule = "opening", at = "a.h:1", files = { ["a.h"] = "#pragma once\n// Adds two numbers.\n" } },
  { rule = "opening", at = "b/a.cpp:1", files = { ["b/a.cpp"] = '#include "b/other.h"\n' } },
  { rule = "opening", at = "a.lua:1", files = { ["a.lua"] = "local M = {}\n" } },
  { rule = "opening", at = "", files = {
    ["a.h"] = "// Adds two\n// numbers.\n#pragma once\n", ["b/a.cpp"] = '#include "b/a.h"\n',
    ["b.lua"] = "#!/usr/bin/env luajit\n--- Adds two numbers.\n", ["c.md"] = "Text\n" } },

  { rule = "once", at = "a.h:1", files = { ["a.h"] = "// Adds.\n// #pragma once\nint a;\n" } },
  { rule = "once", at = "", files = { ["a.h"] = "// Adds.\n#pragma once\nint a;\n" } },
}

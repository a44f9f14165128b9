-- Good and bad files for the rules about includes and about what a compiler or a test does not see.

-- A coroutine with one statement on its second line.
local function coroutine_with(statement)
  return { ["a.cpp"] = "Awaitable<int> f(int a) {\n    " .. statement .. "\n}\n" }
end

-- A file at `path` with one include on its first line.
local function including(path, name)
  return { [path] = ("#include %s\n"):format(name) }
end

return {
  { rule = "include-order", at = "a/b.cpp:3", files = {
    ["a/b.cpp"] = '#include "a/b.h"\n#include <unistd.h>\n#include <vector>\n' } },
  { rule = "include-order", at = "a/b.cpp:2", files = {
    ["a/b.cpp"] = "#include <curl/curl.h>\n#include <sys/stat.h>\n" } },
  { rule = "include-order", at = "a/b.cpp:2", files = {
    ["a/b.cpp"] = '#include "other/c.h"\n#include <vector>\n' } },
  { rule = "include-order", at = "a/b.h:2", files = {
    ["a/b.h"] = '#include "a/c.h"\n#include <vector>\n' } },
  { rule = "include-order", at = "", files = {
    ["a/b.cpp"] = '#include "a/b.h"\n\n#include <map>\n\n#include <fcntl.h>\n\n'
      .. '#include <zlib.h>\n\n#include "a/c.h"\n',
    ["tests/a/b_test.cpp"] = '#include "a/b.h"\n#include <doctest/doctest.h>\n'
      .. '#include "c/d.h"\n' } },

  { rule = "include-path", at = "a/b.cpp:1", files = including("a/b.cpp", '"../c.h"') },
  { rule = "include-path", at = "a/b.cpp:1", files = including("a/b.cpp", '"c.h"') },
  { rule = "include-path", at = "", files = including("a/b.cpp", '"a/c.h"') },

  { rule = "layer", at = "interpreter/base/a.h:1",
    files = including("interpreter/base/a.h", '"interpreter/run/b.h"') },
  { rule = "layer", at = "interpreter/journal/a.cpp:1",
    files = including("interpreter/journal/a.cpp", '"interpreter/lua/b.h"') },
  { rule = "layer", at = "interpreter/run/a.cpp:1",
    files = including("interpreter/run/a.cpp", '"bindings/dns/dns.h"') },
  { rule = "layer", at = "bindings/dns/a.cpp:1",
    files = including("bindings/dns/a.cpp", '"bindings/storage/storage.h"') },
  { rule = "layer", at = "bindings/dns/a.cpp:1",
    files = including("bindings/dns/a.cpp", '"interpreter/journal/journal.h"') },
  { rule = "layer", at = "interpreter/new/a.cpp:1",
    files = including("interpreter/new/a.cpp", "<map>") },
  { rule = "layer", at = "", files = {
    ["interpreter/run/a.cpp"] = '#include "interpreter/journal/b.h"\n',
    ["interpreter/lua/syntax/a.cpp"] = '#include "interpreter/lua/syntax/a.h"\n',
    ["interpreter/command/a.cpp"] = '#include "bindings/a.h"\n#include "interpreter/run/b.h"\n',
    ["interpreter/main.cpp"] = '#include "interpreter/command/a.h"\n',
    ["bindings/dns/a.cpp"] = '#include "bindings/dns/dns.h"\n#include "interpreter/base/b.h"\n',
    ["tests/bindings/dns/a_test.cpp"] = '#include "bindings/dns/dns.h"\n' } },

  { rule = "port", at = "interpreter/base/a.h:1",
    files = including("interpreter/base/a.h", "<nlohmann/json.hpp>") },
  { rule = "port", at = "", files = including("interpreter/base/a.h", "<sys/types.h>") },

  { rule = "third-party", at = "bindings/c/c.cpp:1", files = {
    ["bindings/a/a.cpp"] = "#include <ldns/ldns.h>\n",
    ["bindings/b/b.cpp"] = "#include <ldns/ldns.h>\n",
    ["bindings/c/c.cpp"] = "#include <ldns/rr.h>\n" } },
  { rule = "third-party", at = "interpreter/run/a.cpp:1",
    files = including("interpreter/run/a.cpp", "<lua.h>") },
  { rule = "third-party", at = "interpreter/run/a.cpp:1",
    files = including("interpreter/run/a.cpp", "<lauxlib.h>") },
  { rule = "third-party", at = "", files = {
    ["bindings/a/a.cpp"] = "#include <curl/curl.h>\n#include <curl/multi.h>\n",
    ["bindings/b/b.cpp"] = "#include <curl/curl.h>\n", ["tests/c.cpp"] = "#include <curl/curl.h>\n",
    ["interpreter/lua/a.cpp"] = "#include <lua.hpp>\n" } },

  { rule = "coroutine", at = "a.cpp:2", files = coroutine_with("co_await f({.a = 1});") },
  { rule = "coroutine", at = "a.cpp:2", files = coroutine_with("int b = co_await c->f(1, {2});") },
  { rule = "coroutine", at = "a.cpp:2", files = coroutine_with("return Pair{co_await f(), 1};") },
  { rule = "coroutine", at = "a.cpp:2", files = coroutine_with("g(Pair<int>{h(co_await f(a))});") },
  { rule = "coroutine", at = "a.cpp:2", files = coroutine_with("List b = {{1, co_await f(a)}};") },
  { rule = "coroutine", at = "a.cpp:2", files = coroutine_with("auto b = a ? co_await f(a) : 1;") },
  { rule = "coroutine", at = "a.cpp:2", files = coroutine_with("g(a ? 1 : co_await f(a));") },
  { rule = "coroutine", at = "a.cpp:2", files = coroutine_with("co_await f(b, a ? c : d);") },
  { rule = "coroutine", at = "", files = {
    ["a.cpp"] = [[
Awaitable<int> f(int a) {
    // co_await f({.a = 1});
    const Options options = {.a = 1};
    if (a ? b() : c()) { co_await f(options); }
    for (;;) { co_await f(Options{1}, []() -> int { return g({1}); }); }
    const auto d = co_await f([&] { h({1}, 2); });
    const auto e = co_await f() ? 1 : 2;
    switch (a) { case 1: co_return co_await f(a, {}); }
    { co_await f("({"); }
    Handler handler = {.act = [](Call& call) -> Awaitable<Result<int>> { co_await k(); }};
}]] .. "\n" } },

  { rule = "loop", at = "a.cpp:1",
    files = { ["a.cpp"] = "for (const auto& one : run->state().waits().list()) f(one);\n" } },
  { rule = "loop", at = "a.cpp:1",
    files = { ["a.cpp"] = "for (const auto& [a, b] : records->front()[\"x\"][0].map()) f(a);\n" } },
  { rule = "loop", at = "", files = {
    ["a.cpp"] = "for (auto& a : (*found)[\"x\"].list()) f(a.map()[0]);\n"
      .. "for (auto& a : b.list()[0][\"x\"].list()) f(a);\n" } },
  { rule = "loop", at = "", files = { ["a.cpp"] = "for (int i = f(a ? b() : c()); ;) {}\n"
    .. "for (const auto& one : (*found)[0].list()) f(one);\nfor (auto& two : waits.list()) {}\n"
    .. "for (const auto& [name, value] : call.arguments.map()) g(std::vector(2).size());\n" } },

  { rule = "catch", at = "a.cpp:2", files = { ["a.cpp"] = "try { f(); }\ncatch ( ... ) {}\n" } },
  { rule = "catch", at = "", files = {
    ["a.cpp"] = "// Never catch (...).\ntry { f(); } catch (const std::exception& thrown) {}\n" } },

  { rule = "test-vain", at = "tests/a_test.cpp:1",
    files = { ["tests/a_test.cpp"] = "CHECK(true);\n" } },
  { rule = "test-vain", at = "tests/a_test.cpp:2",
    files = { ["tests/a_test.cpp"] = "\nREQUIRE(a || true);\n" } },
  { rule = "test-vain", at = "", files = {
    ["tests/a_test.cpp"] = "CHECK(is(true)); CHECK(a == true);\n", ["a.cpp"] = "CHECK(true);\n" } },

  { rule = "lua-returns", at = "stdlib/a.lua:2",
    files = { ["stdlib/a.lua"] = "local M = {}\nfunction M.a() return 1 end\n" } },
  { rule = "lua-returns", at = "runbooks/x/runbooks/a.lua:1",
    files = { ["runbooks/x/runbooks/a.lua"] = "runbook { run = function() end }\n" } },
  { rule = "lua-returns", at = "", files = {
    ["stdlib/a.lua"] = "local M = {}\nreturn M\n", ["runbooks/x/tests/a_test.lua"] = "a()\n",
    ["tests/a.lua"] = "a()\n", ["stdlib/meta/b.lua"] = "---@meta\nlocal a\n" } },
}

// Adapts LuaJIT for the tests of the parser, and says what the engine of these tests is.
#include <memory>

#include <doctest/doctest.h>
#include <lua.hpp>

#include "tests/interpreter/lua/syntax/engine.h"

namespace perilune::syntax {

namespace {

struct Close {
    void operator()(lua_State* L) const { lua_close(L); }
};
using State = std::unique_ptr<lua_State, Close>;

constexpr const char* prelude = R"(
local lines, select, tostring, concat = {}, select, tostring, table.concat
function print(...)
  local texts = {}
  for i = 1, select("#", ...) do texts[i] = tostring((select(i, ...))) end
  lines[#lines + 1] = concat(texts, "\t")
end
function __check(...)
  assert(select("#", ...) == 1, "__check was not given exactly one value")
  return (...)
end
function __lines() return concat(lines, "\n") end
)";

std::string top_as_text(lua_State* L) {
    std::size_t length = 0;
    const char* text = lua_tolstring(L, -1, &length);
    return text == nullptr ? "" : std::string(text, length);
}

}  // namespace

std::string engine_refusal(std::string_view source) {
    static const State L(luaL_newstate());
    const int status = luaL_loadbuffer(L.get(), source.data(), source.size(), "=source");
    const std::string message = status == 0 ? "" : top_as_text(L.get());
    lua_settop(L.get(), 0);
    return message;
}

std::string engine_output(std::string_view source) {
    const State L(luaL_newstate());
    luaL_openlibs(L.get());
    REQUIRE(luaL_dostring(L.get(), prelude) == 0);
    std::string outcome;
    if (luaL_loadbuffer(L.get(), source.data(), source.size(), "=source") != 0 ||
        lua_pcall(L.get(), 0, 0, 0) != 0)
        outcome = "error: " + top_as_text(L.get());
    lua_getglobal(L.get(), "__lines");
    REQUIRE(lua_pcall(L.get(), 0, 1, 0) == 0);
    return top_as_text(L.get()) + "\n" + outcome;
}

std::string engine_value(std::string_view expression) {
    const State L(luaL_newstate());
    luaL_openlibs(L.get());
    const std::string source = "local value = " + std::string(expression) +
                               "; return type(value) == 'number' and "
                               "string.format('%.17g', value) or value";
    REQUIRE(luaL_loadbuffer(L.get(), source.data(), source.size(), "=value") == 0);
    REQUIRE(lua_pcall(L.get(), 0, 1, 0) == 0);
    return top_as_text(L.get());
}

}  // namespace perilune::syntax

using namespace perilune::syntax;

TEST_CASE("the_engine_of_these_tests_is_built_without_lua_52_extensions") {
    CHECK(engine_refusal("while true do break; x() end") != "");
    CHECK(engine_refusal(";") != "");
    CHECK(engine_refusal("goto continue ::continue::") == "");
    CHECK(engine_output("print(1, nil, 'a') error('x', 0)") == "1\tnil\ta\nerror: x");
}

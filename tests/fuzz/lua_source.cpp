// The text of a runbook, or of any file a library holds: our parser and LuaJIT must agree on what
// is Lua, and what is rewritten for plans, coverage and mutations must stay Lua.
#include <algorithm>
#include <array>

#include <lua.hpp>

#include "interpreter/lua/syntax/diagnose.h"
#include "interpreter/lua/syntax/facts.h"
#include "interpreter/lua/syntax/mutants.h"
#include "interpreter/lua/syntax/parser.h"
#include "interpreter/lua/syntax/probes.h"
#include "interpreter/lua/syntax/rewrite.h"
#include "interpreter/lua/worker/source.h"
#include "tests/fuzz/property.h"

namespace perilune::fuzz {

namespace {

constexpr std::size_t text_bytes_max = 2048;
constexpr std::size_t mutants_max = 16;

// Empty where LuaJIT takes the text; else what it says.
std::string refusal_of_luajit(std::string_view text) {
    static lua_State* const L = luaL_newstate();
    const int status = luaL_loadbufferx(L, text.data(), text.size(), "@a.lua", "t");
    std::string said = status == 0 ? "" : lua_tostring(L, -1);
    lua_settop(L, 0);
    lua_gc(L, LUA_GCSTEP, 16);
    return said;
}

// Our parser has room where LuaJIT has none (see parser.h).
bool is_of_room(std::string_view said) {
    constexpr std::array<std::string_view, 6> sayings = {"too many",  "too complex",   "too long",
                                                         "more than", "syntax levels", "overflow"};
    return std::ranges::any_of(
        sayings, [&](auto saying) { return said.find(saying) != std::string_view::npos; });
}

bool is_plain(std::string_view text) {
    return std::ranges::all_of(
        text, [](char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\t'; });
}

std::ptrdiff_t lines_of(std::string_view text) { return std::ranges::count(text, '\n'); }

void require_lua(std::string_view text, std::string_view source, std::string_view sentence) {
    const std::string said = refusal_of_luajit(text);
    require(said.empty() || is_of_room(said) || !refusal_of_luajit(source).empty(), sentence,
            said + "\n" + std::string(text));
    require(lines_of(text) == lines_of(source), "Every line keeps its number.", std::string(text));
}

void check_tree(const syntax::Tree& tree, std::string_view source) {
    static const std::set<std::string, std::less<>> families = {"dns", "storage"};
    const auto scopes = syntax::resolve(tree);
    const auto facts = syntax::read_facts(tree, scopes, families);
    for (const auto& target : facts.targets)
        require(target.position.offset <= source.size(), "A place lies within the file.");
    const syntax::KnownNames known{.globals = {"runbook", "step", "dns"}, .fields = {}};
    for (const auto& found : syntax::diagnose(tree, scopes, known)) {
        require(found.position.offset <= source.size() && found.position.line >= 1,
                "A place lies within the file.");
        require(syntax::show_diagnostic(found).find('\n') == std::string::npos,
                "What is found is one line.", found.message);
    }
    if (const auto rewritten = syntax::rewrite_for_plan(tree))
        require_lua(*rewritten, source, "What is rewritten for a plan is Lua.");
    require_lua(syntax::add_probes(tree, 1).text, source, "What is rewritten for coverage is Lua.");
    const auto mutants = syntax::make_mutants(tree);
    for (std::size_t i = 0; i < std::min(mutants.size(), mutants_max); ++i)
        require(syntax::parse_lua(mutants[i].text, "a.lua").ok(), "All mutants parse.",
                mutants[i].what + "\n" + mutants[i].text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view text = text_of(data, std::min(size, text_bytes_max));
    const auto tree = syntax::parse_lua(text, "a.lua");
    const char* unfit = worker::find_unfit_source(text);
    if (!tree) {
        const Error error = tree.error();
        require(error.message.starts_with("a.lua:") && error.detail["line"].number() >= 1 &&
                    error.detail["column"].number() >= 1,
                "A refusal names file, line and column.", error.message);
        const bool shebang = text.starts_with('#');
        const bool higher = error.message.find("deep") != std::string::npos ||
                            error.message.find("levels") != std::string::npos ||
                            error.message.find("long") != std::string::npos;
        if (unfit || shebang || higher || !is_plain(text)) return 0;
        require(!refusal_of_luajit(text).empty(), "What LuaJIT takes, the parser takes.",
                error.message);
        return 0;
    }
    require(!unfit, "What the parser takes, the worker's loader takes.", unfit ? unfit : "");
    const std::string said = refusal_of_luajit(text);
    require(said.empty() || is_of_room(said), "What the parser takes, LuaJIT takes.", said);
    check_tree(*tree, text);
    return 0;
}

}  // namespace perilune::fuzz

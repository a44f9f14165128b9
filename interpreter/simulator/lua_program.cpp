#include "interpreter/simulator/lua_program.h"

#include <utility>

#include "interpreter/base/cbor.h"

namespace perilune {

namespace {

constexpr const char* on_event_name = "perilune.on_event";  // In the registry.
constexpr const char* coroutine_name = "perilune.program";    // In the registry.

std::string text_at_top(lua_State* L) {
    std::size_t size = 0;
    const char* text = lua_tolstring(L, -1, &size);
    return text ? std::string(text, size) : "an error without a message";
}

}  // namespace

List ProbeHits::take() {
    List told;
    for (std::size_t probe = 0; probe < counts.size(); ++probe) {
        if (counts[probe] == 0) continue;
        told.push_back(static_cast<double>(probe));
        told.push_back(static_cast<double>(std::exchange(counts[probe], 0)));
    }
    return told;
}

// What is sent stays where it gathers until it is taken; messages come by `take`.
class LuaProgram::MemoryChannel final : public worker::Channel {
public:
    void flush() override {}
    Received receive(std::string_view&) override { return Received::nothing; }

    Result<std::deque<List>> take_sent() {
        std::deque<List> sent;
        std::size_t at = 0;
        while (at + length_bytes <= out_.size()) {
            std::size_t bytes = 0;
            for (std::size_t i = 0; i < length_bytes; ++i)
                bytes |= static_cast<std::size_t>(static_cast<unsigned char>(out_[at + i]))
                         << (8 * i);
            auto value = from_cbor(std::string_view(out_).substr(at + length_bytes, bytes));
            if (!value) return value.error();
            sent.push_back(value->list());
            at += length_bytes + bytes;
        }
        out_.clear();
        return sent;
    }
};

LuaProgram::LuaProgram(std::size_t memory_bytes)
    : memory_(memory_bytes),
      channel_(std::make_unique<MemoryChannel>()),
      wire_(std::make_unique<worker::Wire>(*channel_)) {}

LuaProgram::~LuaProgram() {
    if (L_) worker::close_engine(L_, memory_);
}

Result<std::unique_ptr<LuaProgram>> LuaProgram::start(const char* main, const char* mode,
                                                      std::size_t memory_bytes, ProbeHits* hits) {
    std::unique_ptr<LuaProgram> made(new LuaProgram(memory_bytes));
    made->L_ = worker::open_engine(made->memory_, *made->wire_);
    if (!made->L_) return fail("no_memory", "A Lua state could not be made.");
    lua_State* L = made->L_;
    if (!worker::push_module(L, main)) return fail("bug", text_at_top(L));
    made->program_ = lua_newthread(L);
    lua_setfield(L, LUA_REGISTRYINDEX, coroutine_name);
    worker::push_wire_of(L);
    lua_pushlightuserdata(L, made.get());
    lua_pushcclosure(L, ask, 1);
    lua_setfield(L, -2, "ask");
    lua_pushcfunction(L, set_on_event);
    lua_setfield(L, -2, "on_event");
    if (hits) {
        lua_pushlightuserdata(L, hits);
        lua_pushcclosure(L, hit, 1);
        lua_setfield(L, -2, "hit");
    }
    lua_pushstring(L, mode);
    lua_xmove(L, made->program_, 3);
    if (const auto started = made->resume(2); !started) return started.error();
    return made;
}

void LuaProgram::answer_with(std::function<Value(const Value&)> ask) { ask_ = std::move(ask); }

Status LuaProgram::resume(int arguments) {
    const int how = lua_resume(program_, arguments);
    if (!problem_.empty()) return fail("lua_error", problem_);
    if (how == LUA_YIELD) return Done{};
    if (how == 0) return fail("ended", "The program has ended.");
    const std::string text = text_at_top(program_);
    luaL_traceback(L_, program_, text.c_str(), 0);
    const std::string traced = text_at_top(L_);
    lua_pop(L_, 1);
    return fail("lua_error", traced);
}

Status LuaProgram::take(const Value& message) {
    lua_settop(program_, 0);
    luaL_checkstack(program_, worker::encode_stack_slots, "too many calls in each other");
    const std::string bytes = to_cbor(message);
    std::size_t at = 0;
    if (!worker::push_decoded(program_, bytes, at))
        return fail("malformed", "A message for a script could not be read.");
    return resume(1);
}

Result<std::deque<List>> LuaProgram::sent() { return channel_->take_sent(); }

int LuaProgram::set_on_event(lua_State* L) {
    lua_settop(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, on_event_name);
    return 0;
}

// A probe of the library's code: it changes nothing and can be part of any condition.
int LuaProgram::hit(lua_State* L) {
    auto& counts = static_cast<ProbeHits*>(lua_touserdata(L, lua_upvalueindex(1)))->counts;
    const auto probe = static_cast<std::size_t>(lua_tointeger(L, 1));
    if (probe < counts.size()) ++counts[probe];
    lua_pushboolean(L, 1);
    return 1;
}

// What it raises is the program's own bug: its checks catch theirs.
void LuaProgram::call_back(const Value& value) {
    lua_State* L = asking_;
    if (!L) return;
    const int top = lua_gettop(L);
    luaL_checkstack(L, worker::encode_stack_slots, "too many calls in each other");
    lua_getfield(L, LUA_REGISTRYINDEX, on_event_name);
    const std::string bytes = to_cbor(value);
    std::size_t at = 0;
    if (lua_isfunction(L, -1) && worker::push_decoded(L, bytes, at) && lua_pcall(L, 1, 0, 0) != 0)
        problem_ = text_at_top(L);
    lua_settop(L, top);
}

// One question to the host: encoded and answered as any message is, but at once. The C++ values
// are gone before an error is raised, which would jump over their destructors.
int LuaProgram::ask(lua_State* L) {
    auto& self = *static_cast<LuaProgram*>(lua_touserdata(L, lua_upvalueindex(1)));
    luaL_checkstack(L, worker::encode_stack_slots, "too many calls in each other");
    bool well = false;
    {
        std::string bytes;
        worker::Encoder encoder(bytes);
        if (encoder.append(L, 1)) {
            auto asked = from_cbor(bytes);
            lua_State* const outer = std::exchange(self.asking_, L);
            const Value answer = asked && self.ask_ ? self.ask_(*asked) : Value();
            self.asking_ = outer;
            const std::string told = to_cbor(answer);
            std::size_t at = 0;
            well = worker::push_decoded(L, told, at);
        } else {
            const std::string reason = encoder.refusal_text();
            lua_pushlstring(L, reason.data(), reason.size());
        }
    }
    return well ? 1 : lua_error(L);
}

}  // namespace perilune

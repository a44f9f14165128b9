// A Lua state with a program of the embedded files in it, resumed with one message after the other.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "interpreter/base/result.h"
#include "interpreter/lua/worker/engine.h"

namespace perilune {

// How often each probe of a library was executed: see interpreter/lua/syntax/probes.h.
struct ProbeHits {
    std::vector<std::uint64_t> counts;
    // { probe, count, probe, count, … } of those that were, since the last time.
    List take();
};

// The program runs as a coroutine that waits in `wire.receive`.
class LuaProgram {
public:
    // Loads the embedded file `main` and calls what it returns with `wire` and `mode`. Where there
    // are `hits`, which outlive it, scripts have the global `__hit` that counts in them.
    static Result<std::unique_ptr<LuaProgram>> start(const char* main, const char* mode,
                                                     std::size_t memory_bytes, ProbeHits* hits);
    ~LuaProgram();
    LuaProgram(const LuaProgram&) = delete;
    LuaProgram& operator=(const LuaProgram&) = delete;

    // What it is given to ask: `wire.ask(value)` returns what this does, at once.
    void answer_with(std::function<Value(const Value&)> ask);
    // Calls the function that the program has given to `wire.on_event`, if any, while it asks.
    void call_back(const Value& value);
    // Hands it one message and lets it work until it waits for the next; an error ends it.
    Status take(const Value& message);
    // What it has sent since, in order.
    Result<std::deque<List>> sent();

private:
    class MemoryChannel;
    explicit LuaProgram(std::size_t memory_bytes);
    Status resume(int arguments);
    static int ask(lua_State* L);
    static int set_on_event(lua_State* L);
    static int hit(lua_State* L);

    worker::CappedMemory memory_;
    std::unique_ptr<MemoryChannel> channel_;
    std::unique_ptr<worker::Wire> wire_;
    std::function<Value(const Value&)> ask_;
    std::string problem_;  // Of a call back.
    lua_State* L_ = nullptr;
    lua_State* asking_ = nullptr;   // The coroutine whose question is being answered.
    lua_State* program_ = nullptr;  // The coroutine; kept alive by the registry.
};

}  // namespace perilune

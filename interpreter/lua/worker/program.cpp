// The worker's life: confine, open the engine, load the vocabulary, filter calls, serve the host.
#include "interpreter/lua/worker/program.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include <unistd.h>

#include "interpreter/lua/worker/confinement.h"
#include "interpreter/lua/worker/engine.h"

namespace perilune::worker {

namespace {

constexpr std::size_t fault_bytes_max = 16 * 1024;

void die_of_memory() { ::_exit(exit_memory_limit); }

// Tells the host why this worker ends: the frame ["fault", text], after all that was said before.
int fail(Wire& wire, std::string text) {
    if (text.size() > fault_bytes_max) text.resize(fault_bytes_max);
    wire.channel.begin_frame();
    append_head(wire.channel.out(), Major::array, 2);
    append_bytes(wire.channel.out(), "fault");
    append_bytes(wire.channel.out(), text);
    wire.channel.end_frame();
    wire.channel.flush();
    return exit_failed;
}

int fail_to_confine(Wire& wire, const char* what) {
    return fail(wire, std::string("The worker could not confine itself: ") + what + " failed.");
}

std::string message_at_top(lua_State* L) {
    std::size_t size = 0;
    const char* text = lua_tolstring(L, -1, &size);
    return text ? std::string(text, size) : "an error without a message";
}

int panic(lua_State* L) {
    // Lua's allocator and every protected call end before this could be reached by a script.
    (void)L;
    ::_exit(exit_failed);
}

}  // namespace

int run_program(int count, char** arguments) {
    std::set_new_handler(die_of_memory);
    SocketChannel channel(host_fd);
    Wire wire(channel);
    const std::size_t memory_bytes = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 0;
    if (count != 3 || memory_bytes == 0)
        return fail(wire, "The worker was not given its memory limit and mode.");
    if (const char* failed = confine_process(memory_bytes)) return fail_to_confine(wire, failed);
    CappedMemory memory(memory_bytes);
    lua_State* L = open_engine(memory, wire);
    if (!L) return exit_memory_limit;
    lua_atpanic(L, panic);
    const bool driver = std::strcmp(arguments[2], "driver") == 0;
    if (!push_module(L, driver ? "driver.main" : "vocabulary.main"))
        return fail(wire, message_at_top(L));
    if (const char* failed = allow_few_system_calls()) return fail_to_confine(wire, failed);
    if (!call_program(L, arguments[2])) return fail(wire, message_at_top(L));
    wire.channel.flush();
    return exit_done;
}

}  // namespace perilune::worker

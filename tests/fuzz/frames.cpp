// Bytes that a worker may write into its socket: the host cuts frames and reads CBOR, and the
// worker's own reader and writer must mean the same by them.
#include <algorithm>
#include <array>
#include <memory>

#include <sys/socket.h>
#include <unistd.h>

#include "interpreter/base/cbor.h"
#include "interpreter/lua/worker/codec.h"
#include "interpreter/lua/worker/handles.h"
#include "interpreter/lua/worker_stream.h"
#include "tests/fuzz/property.h"

namespace perilune::fuzz {

namespace {

struct Read {
    std::vector<List> frames;
    bool refused = false;
};

// Hands the bytes over in pieces of one size, as a socket may.
Read read_stream(std::string_view bytes, std::size_t piece) {
    std::array<int, 2> ends{};
    require(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0, "A socket can be had.");
    WorkerInput input;
    Read read;
    while (!bytes.empty() && !read.refused) {
        const auto part = bytes.substr(0, piece);
        require(::send(ends[0], part.data(), part.size(), 0) == static_cast<ssize_t>(part.size()),
                "A socket takes a piece.");
        bytes.remove_prefix(part.size());
        while (input.read_from(ends[1]) == WorkerInput::Read::more) {
        }
        while (true) {
            auto frame = input.next();
            read.refused = !frame.ok();
            if (!frame.ok() || !frame->has_value()) break;
            read.frames.push_back(std::move(**frame));
        }
    }
    ::close(ends[0]);
    ::close(ends[1]);
    return read;
}

int depth_of(const Value& value) {
    int depth = 0;
    for (const auto& held : value.list()) depth = std::max(depth, depth_of(held));
    for (const auto& [name, held] : value.map()) depth = std::max(depth, depth_of(held));
    return depth + 1;
}

// Nil within a list ends Lua's lists early; secrets are joined where the worker makes them.
bool is_same_in_lua(const Value& value) {
    if (value.is_secret()) return false;
    const auto same = [](const Value& held) { return !held.is_nil() && is_same_in_lua(held); };
    return std::ranges::all_of(value.list(), same) &&
           std::ranges::all_of(value.map(), [&](const auto& field) { return same(field.second); });
}

// The worker's side of the same bytes.
void check_worker(std::string_view body, const Value& value) {
    static lua_State* const L = [] {
        lua_State* made = luaL_newstate();
        worker::add_handle_types(made);
        lua_checkstack(made, worker::encode_stack_slots);
        return made;
    }();
    lua_settop(L, 0);
    std::size_t at = 0;
    require(worker::push_decoded(L, body, at) && at == body.size(),
            "What the host takes, the worker's reader takes.");
    if (depth_of(value) > worker::value_tables_max || !is_same_in_lua(value)) return;
    std::string out;
    worker::Encoder encoder(out);
    require(encoder.append(L, 1), "What the worker's reader gives may cross again.",
            encoder.refusal_text());
    const auto again = from_cbor(out);
    require(again.ok() && *again == value, "A value goes through the worker unchanged.");
    lua_settop(L, 0);
}

void check_bytes(std::string_view body) {
    std::size_t at = 0;
    lua_State* const L = luaL_newstate();
    worker::add_handle_types(L);
    worker::push_decoded(L, body, at);
    require(at <= body.size(), "Nothing is read past the end.");
    lua_close(L);
    const auto value = from_cbor(body);
    if (!value) return;
    require(to_cbor(*value) == body, "What is taken has the one form that we write.");
    require(depth_of(*value) <= cbor_depth_max, "Nothing nests deeper than the limit.");
    check_worker(body, *value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string_view bytes = text_of(data, std::min<std::size_t>(size, 4096));
    check_bytes(bytes);
    const Read whole = read_stream(bytes, 4096);
    const Read cut = read_stream(bytes, 1 + size % 7);
    require(whole.refused == cut.refused && whole.frames == cut.frames,
            "Where the socket cuts a stream changes nothing.");
    for (const auto& frame : whole.frames) {
        WorkerOutput output;
        require(output.add(Value(frame)), "What was taken may be sent.");
    }
    return 0;
}

}  // namespace perilune::fuzz

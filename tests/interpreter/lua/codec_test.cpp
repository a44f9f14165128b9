// The worker's reading of bytes, in this process and so under the sanitizers.
#include <algorithm>
#include <memory>
#include <random>

#include <sys/resource.h>

#include <doctest/doctest.h>

#include "interpreter/base/cbor.h"
#include "interpreter/lua/worker/codec.h"
#include "interpreter/lua/worker/handles.h"
#include "interpreter/lua/worker/source.h"

namespace perilune::test {

namespace {

struct CloseState {
    void operator()(lua_State* L) const { lua_close(L); }
};

std::unique_ptr<lua_State, CloseState> make_state() {
    std::unique_ptr<lua_State, CloseState> L(luaL_newstate());
    REQUIRE(L);
    worker::add_handle_types(L.get());
    lua_checkstack(L.get(), worker::encode_stack_slots);
    return L;
}

Value sample() {
    Value map;
    map.set("list", List{1, -1, 0.5, 1e300, true, false, nullptr, "text", List{}, 70000})
        .set("secret", make_secret("KEY", "vault"))
        .set("unknown", Unknown{"lag"})
        .set("long", std::string(300, 'x'))
        .set("deep", List{List{List{Value().set("a", "b")}}});
    return map;
}

}  // namespace

TEST_CASE("reads_and_writes_what_the_host_writes_byte_for_byte") {
    const auto L = make_state();
    Value value = sample();
    value.set("list", List{1, -1, 0.5, 1e300, true, false, "text", 70000, 9007199254740992.0});
    const std::string bytes = to_cbor(value);
    std::size_t at = 0;
    REQUIRE(worker::push_decoded(L.get(), bytes, at));
    CHECK(at == bytes.size());
    std::string out;
    worker::Encoder encoder(out);
    REQUIRE(encoder.append(L.get(), lua_gettop(L.get())));
    CHECK(out == bytes);
    CHECK(lua_gettop(L.get()) == 1);
}

TEST_CASE("survives_every_cut_and_every_flipped_bit") {
    const auto L = make_state();
    const std::string bytes = to_cbor(sample());
    int read = 0;
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
        std::size_t at = 0;
        // A copy of its own size, so that a sanitizer sees a byte read past the end.
        const std::vector<char> cut(bytes.begin(), bytes.begin() + static_cast<long>(size));
        read += worker::push_decoded(L.get(), {cut.data(), cut.size()}, at);
        lua_settop(L.get(), 0);
    }
    CHECK(read == 1);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        std::vector<char> flipped(bytes.begin(), bytes.end());
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
        std::size_t at = 0;
        worker::push_decoded(L.get(), {flipped.data(), flipped.size()}, at);
        CHECK(at <= flipped.size());
        lua_settop(L.get(), 0);
    }
}

TEST_CASE("survives_random_bytes_in_both_readers_alike") {
    const auto L = make_state();
    const unsigned seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    for (int i = 0; i < 20'000; ++i) {
        std::vector<char> bytes(random() % 40);
        for (auto& byte : bytes) byte = static_cast<char>(random());
        const std::string_view view(bytes.data(), bytes.size());
        std::size_t at = 0;
        const bool well = worker::push_decoded(L.get(), view, at) && at == view.size();
        lua_settop(L.get(), 0);
        // What our side refuses, the host's must refuse as well.
        const auto read = from_cbor(view);
        if (read.ok()) CHECK(well);
    }
}

TEST_CASE("takes_no_memory_for_lengths_that_are_only_claimed") {
    // Each of these lists claims as many elements as there are bytes left: believed, a frame of
    // 4 MiB would take gigabytes of the host.
    std::string bytes;
    for (int i = 0; i < 31; ++i) bytes += std::string("\x9a\x00\x3f\xf0\x00", 5);
    bytes.resize(frame_bytes_max, '\xff');
    rusage before{};
    rusage after{};
    ::getrusage(RUSAGE_SELF, &before);
    CHECK_FALSE(from_cbor(bytes).ok());
    const auto L = make_state();
    std::size_t at = 0;
    CHECK_FALSE(worker::push_decoded(L.get(), bytes, at));
    ::getrusage(RUSAGE_SELF, &after);
    CHECK(after.ru_maxrss - before.ru_maxrss < 64 * 1024);  // In KiB.
}

TEST_CASE("scans_any_bytes_as_source_without_reading_past_their_end") {
    const std::string seeds = "1LL 0x1p-2i \"'\\[[]]--[=[ ]=] .5e+1 \n#\x1b\xef\xbb\xbf";
    std::mt19937 random(1);
    int unfit = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::vector<char> bytes(random() % 24);
        for (auto& byte : bytes) byte = seeds[random() % seeds.size()];
        unfit += worker::find_unfit_source({bytes.data(), bytes.size()}) != nullptr;
    }
    CHECK(unfit > 1000);
    CHECK(unfit < 19'000);
}

TEST_CASE("keeps_its_place_when_a_value_is_refused_deep_inside") {
    const auto L = make_state();
    luaL_openlibs(L.get());
    REQUIRE(luaL_dostring(L.get(), "return { a = { { b = print } }, z = { c = 1 } }") == 0);
    std::string out = "kept";
    worker::Encoder encoder(out);
    CHECK_FALSE(encoder.append(L.get(), 1));
    CHECK(encoder.refusal_text() == "a[1].b is a function");
    CHECK(lua_gettop(L.get()) == 1);
    lua_pushnumber(L.get(), 1);
    CHECK(encoder.append(L.get(), 2));
    CHECK(out.substr(0, 4) == "kept");
}

}  // namespace perilune::test

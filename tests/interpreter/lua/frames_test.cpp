// Frames both ways through a real worker: every kind of value, many at once, large and refused.
#include <limits>
#include <random>

#include <doctest/doctest.h>

#include "interpreter/base/cbor.h"
#include "interpreter/base/json.h"
#include "tests/interpreter/lua/worker_rig.h"

namespace perilune::test {

namespace {

Value nested(int tables) {
    Value value = "innermost";
    for (int i = 0; i < tables; ++i) {
        List list;
        list.push_back(std::move(value));
        value = std::move(list);
    }
    return value;
}

// A value of at most `depth` tables in each other, as plain as the wire allows.
Value random_value(std::mt19937& random, int depth) {
    const auto below = [&](unsigned count) { return random() % count; };
    switch (below(depth > 0 ? 9U : 7U)) {
        case 0: return below(2) == 0;
        case 1: return static_cast<double>(random()) - 2147483648.0;
        case 2: return static_cast<double>(random()) / 7.0 * (below(2) == 0 ? -1 : 1);
        case 3: return std::string(below(300), static_cast<char>(below(256)));
        case 4: return make_secret("NAME" + std::to_string(below(5)), below(2) ? "" : "vault");
        case 5: return Unknown{"lag of database/" + std::to_string(below(9))};
        case 6: return std::to_string(random());
        case 7: {
            List list;
            for (unsigned i = below(6); i > 0; --i) list.push_back(random_value(random, depth - 1));
            return list;
        }
        default: {
            Value map;
            for (unsigned i = 1 + below(6); i > 0; --i)
                map.set("k" + std::to_string(below(50)), random_value(random, depth - 1));
            return map;
        }
    }
}

}  // namespace

TEST_CASE("greets_with_the_mode_it_was_started_in") {
    WorkerRig rig({}, "some mode");
    rig.await_messages(1);
    CHECK(rig.messages()[0] == List{"ready", "some mode"});
}

TEST_CASE("gives_every_kind_of_value_back_as_it_was") {
    WorkerRig rig;
    const double infinity = std::numeric_limits<double>::infinity();
    const List values{true,
                      false,
                      0,
                      -1,
                      23,
                      24,
                      256,
                      65536,
                      4294967296.0,
                      9007199254740992.0,
                      -9007199254740992.0,
                      9007199254740994.0,
                      0.1,
                      -1e308,
                      5e-324,
                      infinity,
                      -infinity,
                      "",
                      std::string("a\0b\xff", 4),
                      List{},
                      List{1, List{2, "x"}, Value().set("a", 1)},
                      Value().set("name", "site").set("", 1).set("1", 2),
                      make_secret("TOKEN", "vault"),
                      Unknown{"lag of database/standby"}};
    List message{"echo"};
    message.insert(message.end(), values.begin(), values.end());
    const List answer = rig.ask(message);
    REQUIRE(answer.size() == values.size() + 1);
    for (std::size_t i = 0; i < values.size(); ++i) {
        INFO("value " << i << " " << to_canonical_json(values[i]));
        CHECK(answer[i + 1] == values[i]);
    }
}

TEST_CASE("keeps_the_sign_of_zero") {
    WorkerRig rig;
    const List answer = rig.ask({"echo", -0.0, 0.0});
    CHECK(std::signbit(answer[1].number()));
    CHECK_FALSE(std::signbit(answer[2].number()));
}

TEST_CASE("keeps_nil_elements_between_others") {
    WorkerRig rig;
    const List answer = rig.ask({"echo", nullptr, 1, nullptr, nullptr, "last"});
    REQUIRE(answer.size() == 6);
    CHECK(answer[1].is_nil());
    CHECK(answer[4].is_nil());
    CHECK(answer[5].text() == "last");
}

TEST_CASE("writes_the_same_bytes_as_the_host_does") {
    WorkerRig rig;
    const unsigned seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    for (int i = 0; i < 200; ++i) {
        const Value value = random_value(random, 4);
        const List answer =
            rig.trusted("local wire, value = ... return wire.encode(value), value", {value});
        INFO(to_canonical_json(value));
        // An empty table is both list and map to Lua, so its bytes may say either.
        if (to_canonical_json(value).find("{}") == std::string::npos)
            CHECK(to_base64(answer.at(0).text()) == to_base64(to_cbor(value)));
        CHECK(answer.at(1) == value);
    }
}

TEST_CASE("reads_many_messages_that_came_in_one_write") {
    WorkerRig rig;
    rig.await_messages(1);
    constexpr int count = 2000;
    for (int i = 0; i < count; ++i) rig.worker().send(List{"echo", i});
    rig.await_messages(1 + count);
    for (int i = 0; i < count; ++i)
        REQUIRE(rig.messages()[static_cast<std::size_t>(i) + 1][1].integer() == i);
}

TEST_CASE("takes_more_messages_than_any_buffer_holds_without_either_side_stopping") {
    WorkerRig rig;
    rig.await_messages(1);
    const std::string text(100'000, 'x');
    constexpr std::size_t count = 100;
    // 10 MB to the worker while it writes 10 MB back: two sides that both wait to write would hang.
    for (std::size_t i = 0; i < count; ++i) rig.worker().send(List{"echo", text});
    rig.worker().flush();
    CHECK(rig.worker().unsent_bytes() > 1'000'000);
    rig.await_messages(1 + count);
    CHECK(rig.worker().unsent_bytes() == 0);
    CHECK(rig.messages().back()[1].text() == text);
}

TEST_CASE("writes_out_what_gathers_before_it_waits_for_the_host") {
    WorkerRig rig;
    rig.await_messages(1);
    constexpr std::size_t count = 50'000;
    rig.worker().send(List{"burst", static_cast<double>(count), std::string(100, 'x')});
    rig.await_messages(1 + count);
    CHECK(rig.messages()[count][1].integer() == count);
}

TEST_CASE("carries_a_value_of_nearly_one_mebibyte") {
    WorkerRig rig;
    const std::string text((1 << 20) - 5, 'x');
    CHECK(rig.ask({"echo", text, text, text})[3].text() == text);
}

TEST_CASE("delivers_no_message_while_one_is_being_sent") {
    WorkerRig rig;
    rig.await_messages(1);
    for (int i = 0; i < 100; ++i) {
        rig.worker().send(List{"echo", i});
        rig.worker().flush();
        CHECK(rig.messages().size() == 1);
    }
    rig.await_messages(101);
}

TEST_CASE("refuses_a_message_of_the_host_that_is_too_large_and_ends_the_worker") {
    WorkerRig rig;
    rig.await_messages(1);
    rig.worker().send(List{"echo", std::string(frame_bytes_max, 'x')});
    CHECK(rig.await_end().reason == WorkerEnd::Reason::killed);
    CHECK(rig.ended()->text.find("larger than 4 MiB") != std::string::npos);
}

TEST_CASE("carries_24_tables_in_each_other_and_a_secret_in_the_innermost") {
    WorkerRig rig;
    CHECK(rig.ask({"echo", nested(24)})[1] == nested(24));
    const List answer = rig.trusted(R"(
        local wire = ...
        local value = wire.secret { { "", "A", "", "", "raw" } }
        for _ = 1, 24 do value = { value } end
        return value)");
    CHECK(answer.at(0).is_list());
}

TEST_CASE("kills_a_worker_that_sends_what_no_worker_would") {
    for (const std::string mode :
         {"garbage", "no_list", "trailing", "huge", "claims_much", "deep"}) {
        INFO(mode);
        WorkerRig rig({}, mode, "perilune-worker-probe");
        const WorkerEnd& end = rig.await_end();
        CHECK(end.reason == WorkerEnd::Reason::malformed);
        CHECK(end.text.find("worker") != std::string::npos);
        REQUIRE(rig.messages().size() == 1);  // What was well-formed arrived first.
        CHECK(rig.messages()[0] == List{"a", 1});
    }
}

}  // namespace perilune::test

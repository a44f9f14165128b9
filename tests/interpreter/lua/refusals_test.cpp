// What the worker refuses to send, and that it says where in the value it stands.
#include <doctest/doctest.h>

#include "tests/interpreter/lua/worker_rig.h"

namespace perilune::test {

namespace {

struct Refused {
    const char* made_by;  // Lua that returns the value.
    const char* reason;
    const char* code;
};

constexpr Refused refused[] = {
    {"return 0/0", "it is not a number", "not_plain"},
    {"return print or function() end", "it is a function", "not_plain"},
    {"return coroutine.create(function() end)", "it is a thread", "not_plain"},
    {"return { records = { 1, 2, { ttl = function() end } } }", "records[3].ttl is a function",
     "not_plain"},
    {"return { ['a b'] = { x = 0/0 } }", "[\"a b\"].x is not a number", "not_plain"},
    {"return { 1, 2, nil, 4 }", "it has number keys that are not 1..n without a gap", "not_plain"},
    {"return { [0] = 1 }", "it has a key that is neither a name nor one of 1..n (a number)",
     "not_plain"},
    {"return { [1.5] = 1 }", "it has a key that is neither a name nor one of 1..n (a number)",
     "not_plain"},
    {"return { [-1] = 1 }", "it has a key that is neither a name nor one of 1..n (a number)",
     "not_plain"},
    {"return { [2^53] = 1 }", "it has number keys that are not 1..n without a gap", "not_plain"},
    {"return { a = { [true] = 1 } }",
     "a has a key that is neither a name nor one of 1..n (a boolean)", "not_plain"},
    {"return { [{}] = 1 }", "it has a key that is neither a name nor one of 1..n (a table)",
     "not_plain"},
    {"return { 1, 2, name = 3 }", "it has both numbers and names as keys", "not_plain"},
    {"return { list = setmetatable({}, {}) }", "list is a table with a metatable", "not_plain"},
    {"return setmetatable({}, { __index = function() error('ran') end })",
     "it is a table with a metatable", "not_plain"},
    {"local t = {} t.t = t return t", "has more than 24 tables in each other, or holds itself",
     "too_deep"},
    {"local t = 1 for _ = 1, 25 do t = { t } end return t",
     "has more than 24 tables in each other, or holds itself", "too_deep"},
    {"return ('x'):rep(2^20)", "it makes the value larger than 1 MiB", "too_large"},
    {"local t = {} for i = 1, 2^20 do t[i] = 1 end return { t = t }",
     "t makes the value larger than 1 MiB", "too_large"},
    {"local t = {} for i = 1, 20 do t = { t, t } end return t", "makes the value larger than 1 MiB",
     "too_large"},
    {"return { [('k'):rep(2^20)] = 1 }", "it makes the value larger than 1 MiB", "too_large"},
};

}  // namespace

TEST_CASE("refuses_what_is_not_plain_and_names_the_path") {
    WorkerRig rig;
    for (const auto& [made_by, reason, code] : refused) {
        INFO(made_by);
        for (const std::string verb : {"check", "encode", "copy"}) {
            const List answer = rig.trusted(
                "local wire, source = ... return wire." + verb + "(loadstring(source)())",
                {made_by});
            REQUIRE(answer.size() == 3);
            CHECK(answer[0].is_nil());
            CHECK(answer[1].text().find(reason) != std::string::npos);
            CHECK(answer[2].text() == code);
        }
    }
}

TEST_CASE("sends_nothing_of_a_refused_message_and_says_which_element_it_was") {
    WorkerRig rig;
    rig.await_messages(1);
    rig.worker().send(List{"trusted", R"(
        local wire = ...
        local sent, reason, code, element = wire.send { "a", { x = 1 }, { y = { error } } }
        assert(sent == nil)
        wire.send { "after" }
        return reason, code, element)"});
    rig.await_messages(3);
    CHECK(rig.messages()[1] == List{"after"});
    CHECK(rig.messages()[2] == List{"returned", "y[1] is a function", "not_plain", 3});
}

TEST_CASE("refuses_a_frame_of_more_than_four_mebibytes") {
    WorkerRig rig;
    const List answer = rig.trusted(R"(
        local wire = ...
        local text = ("x"):rep(1000000)
        local sent, reason, code, element = wire.send { text, text, text, text, text }
        return sent == nil, code, element)");
    CHECK(answer == List{true, "too_large", 5});
}

TEST_CASE("refuses_a_message_that_is_no_list") {
    WorkerRig rig;
    CHECK(rig.ask({"trusted", "local wire = ... wire.send { name = 1 }"})[0].text() == "raised");
    CHECK(rig.ask({"trusted", "local wire = ... wire.send { [257] = 1 }"})[0].text() == "raised");
    CHECK(rig.ask({"trusted", "local wire = ... wire.send(1)"})[0].text() == "raised");
}

TEST_CASE("calls_no_metamethod_while_it_looks_at_a_value") {
    WorkerRig rig;
    const List answer = rig.trusted(R"(
        local wire = ...
        local inner = setmetatable({}, { __index = error, __len = error, __pairs = error,
          __metatable = "hidden" })
        return wire.check { a = { inner } } == nil, wire.check { inner } == nil)");
    CHECK(answer == List{true, true});
}

TEST_CASE("copies_a_value_so_that_changes_of_the_original_do_not_show") {
    WorkerRig rig;
    const List answer = rig.trusted(R"(
        local wire = ...
        local original = { list = { 1, 2 }, name = "x" }
        local copy = wire.copy(original)
        original.list[1], original.name = 9, "y"
        return copy.list[1], copy.name)");
    CHECK(answer == List{1, "x"});
}

TEST_CASE("encodes_equal_values_as_equal_bytes_whatever_the_order_they_were_made_in") {
    WorkerRig rig;
    const List answer = rig.trusted(R"(
        local wire = ...
        local left, right = {}, {}
        for i = 1, 100 do left["k" .. i] = i end
        for i = 100, 1, -1 do right["k" .. i] = i end
        return wire.encode(left) == wire.encode(right), wire.encode { 1 } == wire.encode { "1" })");
    CHECK(answer == List{true, false});
}

}  // namespace perilune::test

// Secret handles join and compare as templates and give nothing away; unknowns stay unknown.
#include <doctest/doctest.h>

#include "tests/interpreter/lua/worker_rig.h"

namespace perilune::test {

TEST_CASE("joins_secret_handles_with_texts_numbers_and_each_other") {
    WorkerRig rig;
    const List answer = rig.trusted(R"(
        local wire = ...
        local key = wire.secret { { "", "KEY", "vault", "3", "raw" } }
        local id = wire.secret { { "", "ID", "", "", "base64" } }
        return "Bearer " .. key, key .. 42 .. "/" .. id, key .. "", "" .. key .. "a" .. "b")");
    const SecretPiece key{
        .text = "", .name = "KEY", .provider = "vault", .version = "3", .encoding = "raw"};
    const SecretPiece id{
        .text = "", .name = "ID", .provider = "", .version = "", .encoding = "base64"};
    const auto plain = [](const char* text) {
        return SecretPiece{
            .text = text, .name = "", .provider = "", .version = "", .encoding = "raw"};
    };
    REQUIRE(answer.size() == 4);
    CHECK(answer[0].secret()->pieces == std::vector{plain("Bearer "), key});
    CHECK(answer[1].secret()->pieces == std::vector{key, plain("42/"), id});
    CHECK(answer[2].secret()->pieces == std::vector{key});
    CHECK(answer[3].secret()->pieces == std::vector{key, plain("ab")});
}

TEST_CASE("compares_secret_handles_by_template") {
    WorkerRig rig;
    const auto end = rig.script(R"(
        local a, b, c = secret "A", secret "A", secret "B"
        print(a == b, a == c, a .. "x" == b .. "x", "x" .. a == a .. "x", a == "A", rawequal(a, b))
        print(("a" .. "b") .. a == "a" .. ("b" .. a)))");
    CHECK(end.printed == List{"true\tfalse\ttrue\tfalse\tfalse\tfalse", "true"});
}

TEST_CASE("shows_a_secret_handle_by_name_and_refuses_all_else") {
    WorkerRig rig;
    CHECK(
        rig.script("print(secret 'KEY', 'Bearer ' .. secret 'KEY', type(secret 'KEY'))").printed ==
        List{"[secret KEY]\tBearer [secret KEY]\tuserdata"});
    for (const std::string attempt :
         {"return #s", "return s.text", "return s:reveal()", "s.x = 1", "return s < s",
          "return s >= s", "return s + 1", "return 1 - s", "return s * s", "return s / 2",
          "return s % 2", "return s ^ 2", "return -s", "local x = s()",
          "for c in s:gmatch('.') do end"}) {
        INFO(attempt);
        const auto end = rig.script("local s = secret 'KEY' " + attempt);
        CHECK(end.error.find("A secret handle ") != std::string::npos);
        CHECK(end.error.find("([secret KEY]): it is opened only in the host.") !=
              std::string::npos);
        CHECK(end.error.find("runbooks/test.lua:1:") == 0);
    }
    for (const std::string attempt : {"local x = ('%s'):format(s)",
                                      "local x = string.format('%q', s)",
                                      "local x = string.upper(s)",
                                      "local x = string.sub(s, 1, 2)",
                                      "local x = string.find(s, 'K')",
                                      "local x = string.len(s)",
                                      "local x = string.byte(s)",
                                      "local x = ('x'):rep(s)",
                                      "local x = ('x'):gsub('x', s)",
                                      "local x = ('x'):gsub('x', function() return s end)",
                                      "local x = tonumber(s) + 0",
                                      "local x = table.concat { 'a', s }",
                                      "local x = json.decode(s)",
                                      "for k in pairs(s) do end",
                                      "local x = s .. {}",
                                      "local x = s .. nil",
                                      "setmetatable(s, {})",
                                      "local x = rawget(s, 1)",
                                      "for k in pairs({ [s] = 1 }) do end",
                                      "local x = s < 'x'",
                                      "local x = 1 <= s"}) {
        INFO(attempt);
        const auto end = rig.script("local s = secret 'KEY' " + attempt);
        INFO(end.error);
        CHECK(end.error.find("runbooks/test.lua:1:") == 0);
    }
}

TEST_CASE("makes_unknowns_from_unknowns_with_a_source_that_says_how") {
    WorkerRig rig;
    const List answer = rig.trusted(R"(
        local wire = ...
        local lag = wire.unknown "lag of database/standby"
        local function source(value) return wire.unknown_source(value) end
        return source(lag.behind_bytes), source(lag[1]), source(lag()), source(lag.rows / 2),
          source(10 - lag), source(-lag), source(#lag), source("https://" .. lag.host .. "/x"),
          source(lag .. wire.secret { { "", "KEY", "", "", "raw" } }), tostring(lag),
          wire.is_unknown(lag.x), wire.is_unknown(1), wire.is_unknown(nil), type(lag))");
    CHECK(answer == List{"lag of database/standby.behind_bytes", "lag of database/standby[1]",
                         "lag of database/standby()", "lag of database/standby.rows / 2",
                         "10 - lag of database/standby", "-lag of database/standby",
                         "number of lag of database/standby",
                         "\"https://\" .. lag of database/standby.host .. \"/x\"",
                         "lag of database/standby .. [secret KEY]", "(unknown until run)", true,
                         false, false, "userdata"});
}

TEST_CASE("keeps_the_source_of_an_unknown_short_however_often_it_is_joined") {
    WorkerRig rig;
    const List answer = rig.trusted(R"(
        local wire = ...
        local value = wire.unknown "x"
        for _ = 1, 200 do value = value .. value end
        return #wire.unknown_source(value))");
    CHECK(answer.at(0).number() < 310);
}

TEST_CASE("refuses_to_order_or_change_an_unknown") {
    WorkerRig rig;
    for (const std::string attempt : {"local x = u < u", "local x = u <= u", "u.x = 1"}) {
        INFO(attempt);
        const auto end = rig.script("local u = unknown 'lag' " + attempt);
        CHECK(end.error.find("runbooks/test.lua:1: lag is not known before the run") == 0);
    }
}

TEST_CASE("refuses_pieces_that_are_not_five_texts") {
    WorkerRig rig;
    for (const std::string pieces : {"{ {} }", "{ { 1, 2, 3, 4, 5 } }", "{ 'x' }", "1"}) {
        INFO(pieces);
        CHECK(rig.ask({"trusted", "local wire = ... wire.secret(" + pieces + ")"})[0].text() ==
              "raised");
    }
}

}  // namespace perilune::test

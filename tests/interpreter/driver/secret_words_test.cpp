// What Lua drivers may do with secrets that they never see, and with changes whose end they await.
#include "interpreter/base/json.h"
#include "tests/interpreter/driver/lua_rig.h"

namespace perilune::test {

namespace {

const std::string reads_secrets = R"(read = { observe = function(_, call)
  local answer = http.get { url = call.settings.url, path = "/",
    handles = { a = "a.value", all = "items.*.value" } }
  if not answer.json then return { body = answer.body or "none" } end
  local a, items, token = answer.json.a.value, answer.json.items, call.settings.token
  return { a = a, items = items, same = secrets.same(a, token),
    other = secrets.same(items[2].value, token), text = secrets.same("t0ken", token) }
end })";

Reply reply(const std::string& type, const std::string& body) {
    return {.headers = {{"Content-Type", type}}, .body = body};
}

}  // namespace

TEST_CASE("only_values_of_handles_are_compared_and_none_is_shown") {
    Thing thing(reads_secrets, fields("token", make_secret("TOKEN")));
    thing.rig->secrets["TOKEN"] = "t0ken";
    thing.server.reply(reply("application/json",
                             R"({"a":{"value":"t0ken"},"items":[{"value":"x"},{"value":"y"}]})"));
    const auto read = thing.rig->observe("read", fields());
    REQUIRE_MESSAGE(read.ok(), (read.ok() ? "" : read.error().message));
    CHECK((*read)["same"].boolean());
    CHECK_FALSE((*read)["other"].boolean());
    CHECK_FALSE((*read)["text"].boolean());
    CHECK((*read)["a"].is_secret());
    for (const auto& item : (*read)["items"].list()) CHECK(item["value"].is_secret());
    CHECK(thing.rig->secrets["thing/one all 2"] == "y");
    CHECK(to_json(*read).find("t0ken") == std::string::npos);
}

TEST_CASE("an_answer_that_is_no_json_gives_no_text_where_handles_are_asked_for") {
    Thing thing(reads_secrets, fields("token", make_secret("TOKEN")));
    thing.server.reply(reply("text/plain", R"({"a":{"value":"t0ken"}})"));
    const auto read = thing.rig->observe("read", fields());
    REQUIRE(read.ok());
    CHECK((*read)["body"].text() == "none");
}

TEST_CASE("a_change_that_was_taken_is_not_told_as_failed_when_time_is_up") {
    Thing thing(reads_nothing + R"(
add = { before = nothing, act = function(_, _, call)
  http.post { url = call.settings.url, path = "/" }
  poll({ every = 0.1, taken = "It was taken, but is not there yet." }, function() return false end)
end },
remove = { before = nothing, act = function(_, _, call)
  http.post { url = call.settings.url, path = "/" }
  return { found = poll({ every = 0.1, within = 0.3 }, function() return false end) or "nothing" }
end })");
    thing.rig->timeout_s = 0.5;
    const Changed late = thing.rig->change("add", fields());
    CHECK(late.kind() == "unknown");
    CHECK(late.error().code == "timed_out");
    CHECK(late.error().message.find("not there yet") != std::string::npos);
    thing.rig->timeout_s = 20;
    CHECK(thing.rig->change("remove", fields()).outcome.value["found"].text() == "nothing");
}

}  // namespace perilune::test

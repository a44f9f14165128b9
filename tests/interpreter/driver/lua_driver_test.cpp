// Drivers in Lua: what becomes of their requests, parts and errors.
#include "tests/interpreter/driver/lua_rig.h"

namespace perilune::test {

namespace {

const std::string adds = reads_nothing + R"(
add = {
  before = function(arguments) return { state = { there = false }, sign = "+",
    plan = arguments.name or "one" } end,
  act = function(arguments, before, call)
    local answer = http.post { url = call.settings.url, path = "/things",
      json = { name = arguments.name, key = call.key }, bearer = call.settings.token }
    return { id = answer.json.id }, { there = true }
  end,
  look = function(arguments, before, call)
    local answer = http.get { url = call.settings.url, path = "/things", accept = { 404 } }
    if answer.status == 404 then return "did_not", "it is not there" end
    return "happened", { id = answer.json.id }, { there = true }
  end,
  restore = function(arguments, before, result)
    if before.there then return nil end
    return "remove", { name = result.id }
  end,
},
remove = { before = nothing, act = function(_, _, call)
  for round = 1, 2 do http.delete { url = call.settings.url, path = "/things/" .. round } end
  return {}
end })";

Reply json_reply(const std::string& body, int status = 200) {
    return {.status = status, .headers = {{"Content-Type", "application/json"}}, .body = body};
}

}  // namespace

TEST_CASE("an_observe_reads_json_and_pages") {
    Thing thing(R"(read = { observe = function(_, call)
      return http.pages(function(page)
        local answer = http.get { url = call.settings.url, path = "/list", query = { page = page } }
        return answer.json.items, answer.json.next
      end, 1)
    end })");
    thing.server.answer([](const ServedRequest& request) {
        const bool first = request.target == "/list?page=1";
        return json_reply(first ? R"({"items":["a","b"],"next":2})" : R"({"items":["c"]})");
    });
    const auto read = thing.rig->observe("read", fields());
    REQUIRE_MESSAGE(read.ok(), read.error().message);
    CHECK(*read == Value(List{"a", "b", "c"}));
    CHECK(thing.server.count() == 2);
}

TEST_CASE("a_change_is_done_with_what_it_gave_and_its_undo") {
    Thing thing(adds, fields("token", make_secret("TOKEN")));
    thing.rig->secrets["TOKEN"] = "t0ken";
    thing.server.reply(json_reply(R"({"id":"n7"})", 201));
    const Changed added = thing.rig->change("add", fields("name", "n"), "key-1");
    REQUIRE_MESSAGE(added.done(), added.error().message);
    CHECK(added.before.sign == '+');
    CHECK(added.before.plan == "n");
    CHECK(added.outcome.value["id"].text() == "n7");
    CHECK(added.outcome.value["changed"].boolean());
    CHECK(added.outcome.after["there"].boolean());
    const ServedRequest sent = thing.server.requests().back();
    CHECK(sent.headers.at("authorization") == "Bearer t0ken");
    CHECK(sent.body == R"({"key":"key-1","name":"n"})");
    Call call;
    call.operation = "add";
    const auto restore = thing.rig->driver().operations.at("add").restore(call, added.before.state,
                                                                          added.outcome.value);
    REQUIRE(restore.has_value());
    CHECK(restore->operation == "remove");
    CHECK(restore->arguments["name"].text() == "n7");
    CHECK_FALSE(thing.rig->driver().operations.at("add").restore(call, fields("there", true),
                                                                 added.outcome.value));
}

TEST_CASE("a_lost_answer_of_a_change_is_unknown_and_looked_for") {
    Thing thing(adds);
    for (const auto manner : {Reply::Manner::drop, Reply::Manner::cut_headers}) {
        thing.server.reply({.manner = manner});
        const Changed added = thing.rig->change("add", fields());
        CHECK(added.kind() == "unknown");
        CHECK(added.error().retry == Retry::unknown);
    }
    CHECK(thing.server.count() == 2);  // Never sent again by itself.
    thing.server.reply(json_reply("{}", 500));
    CHECK(thing.rig->change("add", fields()).kind() == "unknown");
    thing.server.reply(json_reply(R"({"id":"n1"})"));
    const Sighting seen = thing.rig->look("add", fields(), "k");
    CHECK(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["id"].text() == "n1");
    thing.server.reply({.status = 404});
    CHECK(thing.rig->look("add", fields(), "k").kind == Sighting::Kind::did_not);
    thing.server.reply({.status = 403});
    const Sighting denied = thing.rig->look("add", fields(), "k");
    CHECK(denied.kind == Sighting::Kind::cannot_tell);
    CHECK(denied.evidence.find("403") != std::string::npos);
}

TEST_CASE("what_was_proved_not_executed_may_be_tried_again") {
    Thing thing(adds);
    thing.server.reply({.status = 429, .headers = {{"Retry-After", "7"}}});
    const Changed limited = thing.rig->change("add", fields());
    CHECK(limited.kind() == "not_sent");
    CHECK(limited.outcome.retry_after_s == 7);
    CHECK(thing.server.count() == 1);
    thing.server.reply({.status = 422, .body = "name is taken"});
    const Changed refused = thing.rig->change("add", fields());
    CHECK(refused.kind() == "failed");
    CHECK_FALSE(refused.outcome.left_some);
    CHECK(refused.error().message.find("name is taken") != std::string::npos);
    CHECK(refused.error().detail["status"].number() == 422);
    Thing gone(adds, fields("url", "http://127.0.0.1:" + std::to_string(unused_port())));
    CHECK(gone.rig->change("add", fields()).kind() == "not_sent");
}

TEST_CASE("reads_are_repeated_after_what_passes") {
    Thing thing(R"(read = { observe = function(_, call)
      return http.get({ url = call.settings.url }).json
    end })");
    thing.server.replies({{.status = 503}, {.manner = Reply::Manner::drop}, json_reply("[1]")});
    const auto read = thing.rig->observe("read", fields());
    REQUIRE_MESSAGE(read.ok(), read.error().message);
    CHECK(thing.server.count() == 3);
    thing.server.reply({.status = 401, .body = "who are you"});
    const auto refused = thing.rig->observe("read", fields());
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == "credentials_refused");
    CHECK(thing.server.count() == 4);
}

TEST_CASE("a_read_that_is_wanted_once_is_not_repeated") {
    Thing thing(R"(read = { observe = function(_, call)
      return http.get({ url = call.settings.url, once = true }).json
    end })");
    thing.server.replies({{.status = 503}, json_reply("[1]")});
    CHECK_FALSE(thing.rig->observe("read", fields()).ok());
    CHECK(thing.server.count() == 1);
}

TEST_CASE("only_act_may_change_and_only_once_outside_of_parts") {
    Thing reader(R"(read = { observe = function(_, call)
      return http.post({ url = call.settings.url, json = {} })
    end })");
    const auto read = reader.rig->observe("read", fields());
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().message.find("only act may") != std::string::npos);
    CHECK(reader.server.count() == 0);
    Thing twice(reads_nothing + R"(add = { before = nothing, act = function(_, _, call)
      http.post { url = call.settings.url }
      http.post { url = call.settings.url }
    end })");
    const Changed second = twice.rig->change("add", fields());
    CHECK(second.kind() == "failed");
    CHECK(second.outcome.left_some);
    CHECK(second.error().message.find("part(name") != std::string::npos);
    CHECK(twice.server.count() == 1);
    Thing repeats(adds);
    CHECK(repeats.rig->change("remove", fields()).kind() == "done");
    CHECK(repeats.server.count() == 2);
}

TEST_CASE("a_part_that_is_recorded_is_not_sent_again") {
    Thing thing(reads_nothing + R"(add = { before = nothing, act = function(_, _, call)
      local first = part("first", function()
        return http.post({ url = call.settings.url, path = "/first" }).json.id
      end)
      return part("second", function()
        return http.post({ url = call.settings.url, path = "/second/" .. first }).json
      end)
    end })");
    thing.server.replies({json_reply(R"({"id":"f"})"), {.manner = Reply::Manner::drop}});
    CHECK(thing.rig->change("add", fields(), "k").kind() == "unknown");
    CHECK(thing.rig->parts.size() == 1);
    thing.server.reply(json_reply(R"({"done":true})"));
    const Changed again = thing.rig->change("add", fields(), "k");
    REQUIRE_MESSAGE(again.done(), again.error().message);
    CHECK(again.outcome.value["done"].boolean());
    CHECK(thing.server.requests().back().target == "/second/f");
    CHECK(thing.server.count() == 3);
    thing.rig->parts.erase("second");
    thing.server.reply({.status = 429});
    CHECK(thing.rig->change("add", fields(), "k").kind() == "not_sent");
    thing.server.reply({.status = 403});
    const Changed denied = thing.rig->change("add", fields(), "k");
    CHECK(denied.kind() == "failed");
    CHECK(denied.outcome.left_some);
}

TEST_CASE("a_driver_reaches_only_its_own_hosts") {
    HttpServer elsewhere;
    Thing thing("read = { observe = function(_, call) return http.get { url = \"" +
                elsewhere.url() + "\" } end }");
    const auto read = thing.rig->observe("read", fields());
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == "not_allowed");
    CHECK(elsewhere.count() == 0);
    Thing climbs(R"(read = { observe = function(_, call)
      return http.get { url = call.settings.url, path = "/a/../../b" }
    end })");
    CHECK_FALSE(climbs.rig->observe("read", fields()).ok());
    CHECK(climbs.server.count() == 0);
}

TEST_CASE("a_driver_never_sees_a_secret") {
    Thing thing(R"(read = { observe = function(_, call)
      return { shown = tostring(call.settings.token), kind = type(call.settings.token) }
    end })",
                fields("token", make_secret("TOKEN")));
    thing.rig->secrets["TOKEN"] = "t0ken";
    const auto read = thing.rig->observe("read", fields());
    REQUIRE(read.ok());
    CHECK((*read)["shown"].text() == "[secret TOKEN]");
}

TEST_CASE("a_token_in_an_answer_becomes_a_handle_before_the_driver_sees_it") {
    Thing thing(R"(read = { observe = function(_, call)
      local login = http.post { url = call.settings.url, path = "/login", reads = true,
        handles = { token = "session.token" } }
      http.get { url = call.settings.url, path = "/data", bearer = login.json.session.token }
      return tostring(login.json.session.token)
    end })");
    thing.server.reply(json_reply(R"({"session":{"token":"t0psecret"}})"));
    const auto read = thing.rig->observe("read", fields());
    REQUIRE_MESSAGE(read.ok(), read.error().message);
    CHECK(read->text() == "[secret thing/one token]");
    CHECK(thing.server.requests().back().headers.at("authorization") == "Bearer t0psecret");
}

TEST_CASE("a_worker_that_dies_leaves_no_call_waiting") {
    Thing thing(reads_nothing + R"(
      add = { before = nothing, act = function(_, _, call)
        local piece = ("x"):rep(2 ^ 20)
        local all = {}
        while true do all[#all + 1] = piece .. #all end
      end },
      remove = { before = nothing, act = function(_, _, call)
        http.post { url = call.settings.url }
        local all = {}
        while true do all[#all + 1] = ("x"):rep(2 ^ 20) .. #all end
      end })");
    const Changed unsent = thing.rig->change("add", fields());
    CHECK(unsent.kind() == "failed");
    CHECK(unsent.error().retry == Retry::safe);
    CHECK(unsent.error().message.find("memory") != std::string::npos);
    CHECK(thing.rig->change("remove", fields()).kind() == "unknown");
    CHECK(thing.rig->observe("read", fields()).ok());  // A new worker answers.
}

TEST_CASE("a_stop_ends_a_pause_and_a_request") {
    Thing thing(R"(read = { observe = function(_, call) sleep(60) end })");
    thing.rig->cancel = std::make_shared<Cancel>();
    const auto id =
        thing.rig->loop().start_timer(boot_now_s() + 0.05, [&] { thing.rig->cancel->ask(); });
    const auto stopped = thing.rig->observe("read", fields());
    thing.rig->loop().cancel(id);
    REQUIRE_FALSE(stopped.ok());
    CHECK(stopped.error().code == "cancelled");
}

}  // namespace perilune::test

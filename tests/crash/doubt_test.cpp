// Lost answers: what is done again, what is looked up, and what only a person can say.
#include <filesystem>
#include <set>

#include <doctest/doctest.h>

#include "interpreter/base/json.h"
#include "tests/crash/crash_rig.h"
#include "tests/support/http_server.h"

using namespace perilune;
using namespace perilune::test;

namespace {

std::string site_at(const HttpServer& server) {
    return "  http/site: { driver: http, url: \"" + server.url() + "\" }\n";
}

Reply reply_of(Reply::Manner manner, int status = 200) {
    Reply reply;
    reply.manner = manner;
    reply.status = status;
    return reply;
}

}  // namespace

TEST_CASE("a_lost_answer_without_a_key_is_in_doubt_and_never_sent_again") {
    HttpServer server;
    server.reply(reply_of(Reply::Manner::drop));
    CrashWorld world;
    world.environment(site_at(server));
    world.body("site:post { path = \"/pay\", json = { amount = 7 } }\nreturn \"paid\"");
    const Executed first = world.start();
    CHECK_MESSAGE(first.code == 9, first.output, first.errors);
    CHECK(first.says("http/site:post"));
    CHECK(first.says("settle case"));
    CHECK(world.count("doubt") == 1);
    CHECK(server.count() == 1);
    CHECK(world.resume().code == 9);
    CHECK(world.resume().code == 9);
    CHECK(server.count() == 1);
    CHECK(world.count("doubt") == 1);
    const Executed ended = world.perilune(
        "settle case --happened --result {\"status\":201} --reason invoice --no-input --json");
    CHECK_MESSAGE(ended.code == 0, ended.output, ended.errors);
    CHECK(world.last("settled_by")["reason"].text() == "invoice");
    CHECK(world.last("settled_by")["who"].text().find('@') != std::string::npos);
    CHECK(server.count() == 1);
    CHECK(world.broken() == "");
}

TEST_CASE("a_lost_answer_with_a_key_is_sent_again_with_the_same_key") {
    HttpServer server;
    server.replies({reply_of(Reply::Manner::drop), reply_of(Reply::Manner::reset),
                    reply_of(Reply::Manner::whole)});
    CrashWorld world;
    world.environment(site_at(server));
    world.body(
        "return site:post { path = \"/pay\", json = { amount = 7 }, "
        "key_header = \"Idempotency-Key\" }.status");
    const Executed ended = world.start();
    CHECK_MESSAGE(ended.code == 0, ended.output, ended.errors);
    std::set<std::string> keys;
    for (const auto& request : server.requests())
        keys.insert(request.headers.at("idempotency-key"));
    CHECK(server.count() == 3);
    CHECK(keys.size() == 1);
    CHECK(world.count("try") == 2);
    CHECK(world.broken() == "");
}

TEST_CASE("the_key_is_the_same_after_the_host_has_died") {
    HttpServer server;
    CrashWorld world;
    world.environment(site_at(server));
    world.body("site:post { path = \"/pay\", key_header = \"Idempotency-Key\" }\nreturn 1");
    // The answer has come, and is lost with the host.
    CHECK(world.start({.number = 2, .name = "answered"}).killed());
    CHECK(server.count() == 1);
    CHECK(world.resume().code == 0);
    REQUIRE(server.count() == 2);
    const auto requests = server.requests();
    CHECK(requests[0].headers.at("idempotency-key") == requests[1].headers.at("idempotency-key"));
}

TEST_CASE("what_was_proved_not_executed_is_tried_again_and_never_in_doubt") {
    HttpServer server;
    Reply later = reply_of(Reply::Manner::whole, 429);
    later.headers = {{"Retry-After", "1"}};
    server.replies({later, reply_of(Reply::Manner::whole, 201)});
    CrashWorld world;
    world.environment(site_at(server));
    world.body("return site:post { path = \"/pay\" }.status");
    const Executed ended = world.start();
    CHECK_MESSAGE(ended.code == 0, ended.output, ended.errors);
    CHECK(world.count("not_done") == 1);
    CHECK(world.count("try") == 1);
    CHECK(world.count("doubt") == 0);
    const double waited =
        world.last("try")["time"].number() - world.last("not_done")["time"].number();
    CHECK(waited >= 0.99);
}

TEST_CASE("a_wait_after_429_survives_a_kill") {
    HttpServer server;
    Reply later = reply_of(Reply::Manner::whole, 429);
    later.headers = {{"Retry-After", "2"}};
    server.replies({later, reply_of(Reply::Manner::whole, 201)});
    CrashWorld world;
    world.environment(site_at(server));
    world.body("return site:post { path = \"/pay\" }.status");
    // Dies at the commit in which the `not_done` has become durable, whichever that is.
    bool reached = false;
    for (int number = 1; number < 12 && !reached; ++number) {
        std::filesystem::remove_all(world.at("state"));
        server.replies({later, reply_of(Reply::Manner::whole, 201)});
        const bool killed = world.start({.number = number, .name = "committed"}).killed();
        reached = killed && world.has_run() && world.count("not_done") == 1;
    }
    REQUIRE(reached);
    const std::size_t sent = server.count();
    const Executed ended = world.resume();
    CHECK_MESSAGE(ended.code == 0, ended.output, ended.errors);
    CHECK(server.count() == sent + 1);
    CHECK(world.count("doubt") == 0);
    const double waited =
        world.last("try")["time"].number() - world.last("not_done")["time"].number();
    CHECK(waited >= 1.9);
}

TEST_CASE("a_try_proved_not_executed_says_nothing_of_one_that_was_never_answered") {
    HttpServer server;
    Reply refused = reply_of(Reply::Manner::whole, 503);
    refused.headers = {{"Retry-After", "1"}};
    server.replies({reply_of(Reply::Manner::drop), refused});
    CrashWorld world;
    world.environment(site_at(server));
    world.body(
        "local ok, err = try(function() site:put { path = \"/x\", timeout = \"3s\" } end)\n"
        "return err.retry");
    const Executed ended = world.start();
    CHECK_MESSAGE(ended.code == 0, ended.output, ended.errors);
    // The first PUT may have happened: undo must know of it, so it is unknown and not failed.
    CHECK(world.last("result")["outcome"].text() == "unknown");
    CHECK(world.last("end")["value"].text() == "unknown");
}

TEST_CASE("killed_between_effect_and_outcome_each_recovery_does_what_it_says") {
    struct Expected {
        const char* operation;
        int code;
        int acts;
        const char* outcome;
    };
    for (const auto& expected : {Expected{"again", 0, 2, "done"}, Expected{"keyed", 0, 1, "done"},
                                 Expected{"looked", 0, 1, "done"},
                                 Expected{"left", 0, 1, "unknown"}, Expected{"asked", 9, 1, ""}}) {
        CAPTURE(expected.operation);
        CrashWorld world;
        world.body(std::string("shop:") + expected.operation + " { name = \"x\" }\nreturn 1");
        world.fault("x", "die");
        CHECK(world.start().killed());
        CHECK(world.acts("x") == 1);
        CHECK(world.count("result") == 0);
        const Executed ended = world.resume();
        CHECK_MESSAGE(ended.code == expected.code, ended.output, ended.errors);
        CHECK(world.acts("x") == expected.acts);
        CHECK(world.last("result")["outcome"].text() == expected.outcome);
        CHECK(world.broken() == "");
    }
}

TEST_CASE("a_person_settles_a_doubt_three_ways_and_the_answer_replays") {
    for (const std::string how : {"--happened", "--did-not", "--again"}) {
        CAPTURE(how);
        CrashWorld world;
        world.body(
            "local ok, value = try(function() return shop:asked { name = \"x\" } end)\n"
            "approve(\"Go on?\")\nreturn ok");
        world.fault("x", "drop");
        CHECK(world.start().code == 9);
        CHECK(world.perilune("settle case " + how + " --no-input --json").code == 2);
        const Executed settled =
            world.perilune("settle case " + how + " --reason looked --no-input --json");
        CHECK_MESSAGE(settled.code == 3, settled.output, settled.errors);
        CHECK(world.acts("x") == (how == "--again" ? 2 : 1));
        world.perilune("approve case --no-input --json");
        CHECK(world.resume().code == 0);
        CHECK(world.last("end")["value"].boolean() == (how != "--did-not"));
        CHECK(world.last("settled_by")["reason"].text() == "looked");
        CHECK(world.acts("x") == (how == "--again" ? 2 : 1));
        CHECK(world.broken() == "");
    }
}

TEST_CASE("doubt_is_not_caught_and_other_branches_go_on") {
    CrashWorld world;
    world.body(R"(
    parallel {
      doubtful = function() pcall(function() shop:asked { name = "x" } end)
        shop:keyed { name = "after the doubt" } end,
      other = function() sleep("100ms"); shop:keyed { name = "other" } end,
    }
)");
    world.fault("x", "drop");
    CHECK(world.start().code == 9);
    CHECK(world.acts("other") == 1);
    CHECK(world.acts("after") == 0);
}

TEST_CASE("a_step_is_not_skipped_and_a_run_not_cancelled_over_a_doubt_in_it") {
    CrashWorld world;
    world.body("step(\"Doubtful\", function() shop:asked { name = \"x\" } end)");
    world.fault("x", "drop");
    CHECK(world.start().code == 9);
    const Executed skipped =
        world.perilune("skip case --step Doubtful --reason hurry --no-input --json");
    CHECK(skipped.says("is in doubt; settle it first"));
    // Cancelling waits for the doubt: no scope ends with an unsettled change in it.
    CHECK(world.perilune("cancel case --no-input --json").code == 9);
    CHECK(world.perilune("settle case --did-not --reason looked --no-input --json").code == 1);
    CHECK(world.last("end")["outcome"].text() == "cancelled");
}

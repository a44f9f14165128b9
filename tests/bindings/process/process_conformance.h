// What every driver of the process family must do. The target under test declares the programs:
//   say    (change, any arguments, input)  prints its arguments in one line, then its input
//   look   (observe, any arguments)        prints its arguments in one line
//   fail   (change)                        prints "no" to its errors and exits with 3
//   strict (change, argument "yes" only)   exits with 0
//   serve  (change)                        prints "ready" and goes on until it is stopped
#pragma once

#include "bindings/process/process.h"
#include "tests/bindings/process/driver_rig.h"

namespace perilune::test {

inline Value program(const std::string& name, List arguments = {}) {
    Value value;
    value.set("program", name);
    if (!arguments.empty()) value.set("arguments", std::move(arguments));
    return value;
}

inline Value keyed(const std::string& key, Value value = {}) { return value.set("key", key); }

inline void check_process_runs(DriverRig& rig) {
    const Changed said = rig.change("run", program("say", {"one", "two words", ""}));
    REQUIRE_MESSAGE(said.ok(), said.outcome.error.message);
    CHECK(said.value()["output"].text() == "one two words \n");
    CHECK(said.value()["errors"].text().empty());
    CHECK(said.value()["exit_code"].integer() == 0);
    CHECK(said.value()["changed"].boolean());
    CHECK_FALSE(said.value()["truncated"].boolean());
    CHECK(said.value()["took_s"].is_number());

    const Changed fed = rig.change("run", program("say", {"x"}).set("input", "from input"));
    REQUIRE(fed.ok());
    CHECK(fed.value()["output"].text() == "x\nfrom input");

    const Changed failed = rig.change("run", program("fail"));
    CHECK(failed.outcome.kind == Outcome::Kind::failed);
    CHECK(failed.code() == "exit_status");
    CHECK(failed.outcome.left_some);
    CHECK(failed.outcome.error.retry == Retry::never);
    CHECK(failed.outcome.error.detail["exit_code"].integer() == 3);
    CHECK(failed.outcome.error.detail["errors"].text() == "no\n");
    const Changed wanted = rig.change("run", program("fail").set("expect_exit", 3));
    CHECK(wanted.ok());

    const Changed cut =
        rig.change("run", program("say", {std::string(5000, 'a') + "end"}).set("output_max", 100));
    REQUIRE(cut.ok());
    CHECK(cut.value()["truncated"].boolean());
    CHECK(cut.value()["output"].text().size() == 100);
    CHECK(cut.value()["output"].text().ends_with("aend\n"));
}

inline void check_process_refusals(DriverRig& rig) {
    const auto code_of = [&](const std::string& operation, Value arguments) {
        const auto before = rig.before(operation, std::move(arguments));
        return before ? std::string("allowed") : before.error().code;
    };
    CHECK(code_of("run", program("rm")) == "not_declared");
    CHECK(code_of("run", program("/bin/sh")) == "not_declared");
    CHECK(code_of("run", program("strict", {"no"})) == "not_permitted");
    CHECK(code_of("run", program("strict", {"yes", "no"})) == "not_permitted");
    CHECK(code_of("run", program("strict", {"yes"})) == "allowed");
    CHECK(code_of("run", program("strict", {"yes"}).set("input", "x")) == "not_permitted");
    CHECK(code_of("run", program("fail", {"x"})) == "not_permitted");
    CHECK(code_of("run", program("say", {std::string("a\0b", 3)})) == "bad_argument");
    CHECK(code_of("run", program("say", {make_secret("token")})) == "bad_argument");
    for (const std::string& name :
         {std::string("LD_PRELOAD"), std::string("DYLD_INSERT_LIBRARIES"), std::string("A=B"),
          std::string("A\nB"), std::string(), std::string("A\0B", 3)}) {
        Value environment;
        environment.set(name, "1");
        CHECK(code_of("run", program("say").set("environment", environment)) == "bad_argument");
    }
    for (const std::string& name : {std::string("PATH"), std::string("ANYTHING")}) {
        Value environment;
        environment.set(name, "1");
        CHECK(code_of("run", program("say").set("environment", environment)) == "not_permitted");
    }
    const auto inspected = rig.observe("inspect", program("say"));
    REQUIRE_FALSE(inspected.ok());
    CHECK(inspected.error().code == "not_permitted");
}

inline void check_process_inspects(DriverRig& rig) {
    const auto looked = rig.observe("inspect", program("look", {"a", "b"}));
    REQUIRE_MESSAGE(looked.ok(), (looked.ok() ? "" : looked.error().message));
    CHECK((*looked)["output"].text() == "a b\n");
    const auto other = rig.observe("inspect", program("look").set("expect_exit", 9));
    REQUIRE_FALSE(other.ok());
    CHECK(other.error().code == "exit_status");
    CHECK(other.error().detail["exit_code"].integer() == 0);
}

// One intent is acted on once, however often recovery asks.
inline void check_process_looks(DriverRig& rig) {
    const Value call = program("say", {"once"});
    const Changed made = rig.change("run", call);
    REQUIRE(made.ok());
    const Sighting seen = rig.look("run", call, made.key, made.before.state);
    CHECK(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["output"].text() == "once\n");
    const Sighting absent = rig.look("run", call, to_hex(random_bytes(16)), made.before.state);
    CHECK(absent.kind == Sighting::Kind::did_not);
    CHECK_FALSE(absent.evidence.empty());
}

inline void check_process_starts_and_stops(DriverRig& rig) {
    const auto none = rig.observe("status", keyed("web"));
    REQUIRE(none.ok());
    CHECK(none->is_nil());
    CHECK(rig.change("stop", keyed("web")).code() == "not_found");

    const Changed started = rig.change("start", keyed("web", program("serve")));
    REQUIRE_MESSAGE(started.ok(), started.outcome.error.message);
    CHECK(started.value()["changed"].boolean());
    CHECK(started.value()["key"].text() == "web");
    const auto running = rig.observe("status", keyed("web"));
    REQUIRE(running.ok());
    CHECK((*running)["state"].text() == "running");
    CHECK((*running)["started_at"] == started.value()["started_at"]);

    const Changed again = rig.change("start", keyed("web", program("serve")));
    REQUIRE(again.ok());
    CHECK(again.before.already_so);
    CHECK_FALSE(again.value()["changed"].boolean());
    CHECK(rig.change("start", keyed("web", program("say"))).code() == "already_running");

    const auto early = rig.observe("wait_ended", keyed("web").set("within", "100ms"));
    REQUIRE_FALSE(early.ok());
    CHECK(early.error().code == "timed_out");
    CHECK(early.error().retry == Retry::safe);
    const Sighting seen =
        rig.look("start", keyed("web", program("serve")), started.key, started.before.state);
    CHECK(seen.kind == Sighting::Kind::happened);
    CHECK(seen.after == started.outcome.after);

    const auto undone = rig.undo("start", keyed("web", program("serve")), started);
    REQUIRE(undone.has_value());
    CHECK_MESSAGE(undone->ok(), undone->outcome.error.message);
    CHECK(undone->value()["changed"].boolean());
    CHECK((*rig.observe("status", keyed("web")))["state"].text() == "ended");
    const auto ended = rig.observe("wait_ended", keyed("web").set("within", "5s"));
    REQUIRE(ended.ok());
    CHECK((*ended)["output"].text() == "ready\n");
    const auto log = rig.observe("output", keyed("web"));
    REQUIRE(log.ok());
    REQUIRE((*log)["lines"].list().size() == 1);
    CHECK((*log)["lines"].list()[0]["text"].text() == "ready");
    CHECK((*log)["lines"].list()[0]["source"].text() == "stdout");
    const Changed stopped = rig.change("stop", keyed("web"));
    CHECK(stopped.before.already_so);
    CHECK_FALSE(stopped.value()["changed"].boolean());

    const Changed anew = rig.change("start", keyed("web", program("serve")));
    CHECK(anew.ok());
    CHECK(anew.value()["changed"].boolean());
    CHECK(rig.change("stop", keyed("web")).ok());
}

inline void check_process_driver(DriverRig& rig) {
    check_process_runs(rig);
    check_process_refusals(rig);
    check_process_inspects(rig);
    check_process_looks(rig);
    check_process_starts_and_stops(rig);
}

}  // namespace perilune::test

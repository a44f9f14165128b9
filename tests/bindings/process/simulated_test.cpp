// Simulated programs: the family's suite, and programs that hang, fail, and outlive hosts.
#include "interpreter/base/json.h"
#include "tests/bindings/process/process_conformance.h"

using namespace perilune;
using namespace perilune::test;

namespace {

const std::string tools = "process/tools";

Value declared() {
    Value any;
    any.set("path", "/usr/bin/tool").set("arguments", "any").set("input", true);
    Value observing = any;
    observing.set("effect", "observe");
    Value plain;
    plain.set("path", "/usr/bin/tool");
    Value strict = plain;
    strict.set("arguments", list_of({"yes"}));
    Value secret = plain;
    secret.set("environment", Value().set("TOKEN", make_secret("canary")));
    Value programs;
    programs.set("say", any).set("look", observing).set("fail", plain).set("strict", strict);
    programs.set("serve", plain).set("secret", secret);
    // As a remote driver declares one: without a path, with settings of its own.
    programs.set("workflow", Value().set("workflow", "deploy.yaml").set("ref", "main"));
    return Value().set("programs", programs);
}

struct Stage : SimulatedStage {
    Stage() : SimulatedStage(simulated_process, tools, declared()) {
        tell("program", named("say").set("output", "{arguments}\n{input}"));
        tell("program", named("look").set("output", "{arguments}\n"));
        tell("program", named("fail").set("errors", "no\n").set("exit_code", 3));
        tell("program", named("serve").set("output", "ready\n").set("hangs", true));
    }
    static Value named(const std::string& name) { return Value().set("name", name); }
    DriverRig host() { return {process_family, *this, tools}; }
    Value tell(std::string_view name, const Value& arguments = {}) {
        return control(tools, name, arguments);
    }
};

// A host that begins a run and is not heard of again; its loop is run to the end for its memory.
struct LostHost {
    LostHost(Stage& stage, DriverRig& rig, const Value& arguments, const std::string& key)
        : loop(stage.make_loop()), call(*rig.make_call("run", arguments)) {
        Services services{.loop = *loop};
        driver = stage.world.find(tools)->make_driver(services);
        call.key = key;
        start_task(driver.operations["run"].act(call, {}), [](Outcome) {});
    }
    ~LostHost() { loop->run(); }

    std::unique_ptr<Loop> loop;
    Driver driver;
    Call call;
};

}  // namespace

TEST_CASE("the_simulated_programs_conform") {
    Stage stage;
    DriverRig rig = stage.host();
    check_process_driver(rig);
}

TEST_CASE("a_program_takes_its_time_and_one_that_hangs_is_stopped_at_its_deadline") {
    Stage stage;
    DriverRig rig = stage.host();
    stage.tell("program", stage.named("say").set("takes_s", 90));
    const double began_s = boot_now_s();
    const Changed slow = rig.change("run", program("say").set("timeout", "5m"));
    REQUIRE(slow.ok());
    CHECK(boot_now_s() - began_s >= 90);
    CHECK(slow.value()["took_s"].number() == doctest::Approx(90));
    stage.tell("program", stage.named("say").set("hangs", true));
    const Changed hung = rig.change("run", program("say").set("timeout", "1m"));
    CHECK(hung.code() == "stopped");
    CHECK(hung.outcome.left_some);
    stage.tell("program", stage.named("look").set("hangs", true));
    CHECK(rig.observe("inspect", program("look").set("timeout", "1m")).error().code == "timed_out");
    // What fails at first goes well later.
    stage.tell("program", stage.named("workflow"));
    stage.tell("program", stage.named("workflow").set("exit_code", 1).set("times", 2));
    CHECK(rig.change("run", program("workflow")).code() == "exit_status");
    CHECK(rig.change("run", program("workflow")).code() == "exit_status");
    CHECK(rig.change("run", program("workflow")).ok());
    CHECK(stage.look(tools)["counts"]["workflow"].number() == 3);
}

TEST_CASE("a_run_goes_on_without_its_host_and_is_found_by_the_next_one") {
    Stage stage;
    stage.tell("program", stage.named("say").set("output", "made\n").set("takes_s", 600));
    const std::string key = "intent";
    const Value call = program("say").set("timeout", "1h");
    DriverRig first = stage.host();
    const LostHost lost(stage, first, call, key);
    CHECK(stage.look(tools)["runs"].list()[0]["state"].text() == "running");
    stage.pass(60);
    DriverRig second = stage.host();
    const Sighting early = second.look("run", call, key, {});
    CHECK(early.kind == Sighting::Kind::cannot_tell);
    CHECK(early.evidence.find("still runs") != std::string::npos);
    const Sighting seen = second.look("run", call, key, {}, 3600);
    CHECK(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["output"].text() == "made\n");
    // Asked for again, it is not started a second time.
    Changed first_try;
    first_try.key = key;
    CHECK(second.act_again("run", call, first_try).kind == Outcome::Kind::done);
    CHECK(stage.look(tools)["counts"]["say"].number() == 1);
}

TEST_CASE("a_run_that_hangs_is_ended_at_its_deadline_though_its_host_is_gone") {
    Stage stage;
    stage.tell("program", stage.named("say").set("hangs", true));
    DriverRig rig = stage.host();
    const Value call = program("say").set("timeout", "1m");
    {
        const LostHost lost(stage, rig, call, "intent");
        stage.clock.advance_to(stage.clock.boot_s + 61);
        CHECK(stage.look(tools)["runs"].list()[0]["state"].text() == "ended");
    }
    const Sighting seen = rig.look("run", call, "intent", {});
    CHECK(seen.kind == Sighting::Kind::did_not);
    CHECK(seen.evidence.find("told to stop") != std::string::npos);
}

TEST_CASE("a_lost_answer_of_a_run_is_looked_up") {
    Stage stage;
    DriverRig rig = stage.host();
    SimulatedFault lost{.kind = SimulatedFault::Kind::after, .target = tools};
    lost.operation = "run";
    stage.world.add_fault(lost);
    const Changed made = rig.change("run", program("say", {"x"}));
    CHECK(made.outcome.kind == Outcome::Kind::unknown);
    const Sighting seen = rig.look("run", program("say", {"x"}), made.key, made.before.state);
    CHECK(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["output"].text() == "x\n");
}

TEST_CASE("a_machine_that_goes_down_takes_the_end_of_a_program_with_it") {
    Stage stage;
    DriverRig rig = stage.host();
    const Changed started = rig.change("start", keyed("web", program("serve")));
    REQUIRE(started.ok());
    stage.tell("reboot");
    CHECK((*rig.observe("status", keyed("web")))["state"].text() == "unknown");
    CHECK(rig.observe("wait_ended", keyed("web").set("within", "1m")).error().code ==
          "end_unknown");
    stage.tell("program", stage.named("say").set("takes_s", 100));
    const LostHost lost(stage, rig, program("say"), "intent");
    stage.tell("reboot");
    CHECK(rig.look("run", program("say"), "intent", {}).kind == Sighting::Kind::cannot_tell);
    CHECK(rig.change("start", keyed("web", program("serve"))).value()["changed"].boolean());
}

TEST_CASE("a_stubborn_program_is_killed_after_its_grace_and_one_may_end_by_itself") {
    Stage stage;
    DriverRig rig = stage.host();
    stage.tell("program", stage.named("serve").set("hangs", true).set("stubborn", true));
    REQUIRE(rig.change("start", keyed("a", program("serve"))).ok());
    const double began_s = boot_now_s();
    const Changed killed = rig.change("stop", keyed("a").set("grace", "10s"));
    REQUIRE(killed.ok());
    CHECK(killed.value()["exit_code"].integer() == 137);
    CHECK(boot_now_s() - began_s >= 10);
    REQUIRE(rig.change("start", keyed("b", program("serve"))).ok());
    stage.tell("end", keyed("b").set("exit_code", 4));
    CHECK((*rig.observe("wait_ended", keyed("b").set("within", "1s")))["exit_code"].integer() == 4);
    CHECK(stage.look(tools)["started"]["b"]["state"].text() == "ended");
    stage.tell("program", stage.named("serve").set("refused", true).set("times", 1));
    CHECK(rig.change("start", keyed("c", program("serve"))).code() == "not_started");
    CHECK(rig.observe("status", keyed("c"))->is_nil());
}

TEST_CASE("programs_are_declared_by_tests_and_show_no_secret") {
    Stage stage;
    DriverRig rig = stage.host();
    CHECK(rig.change("run", program("new")).code() == "not_declared");
    CHECK(stage.world.find(tools)->control("program", stage.named("new")).error().code ==
          "not_declared");
    stage.tell("declare", stage.named("new"));
    CHECK(rig.change("run", program("new", {"x"})).ok());
    const Value call = program("say").set("input", make_secret("canary"));
    REQUIRE(rig.change("run", call).value()["output"].text() == "\nCANARY");
    CHECK(to_json(stage.look(tools)).find("CANARY") == std::string::npos);
}

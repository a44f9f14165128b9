// Faults in front of a simulated target: what happened, what is told, and what is noted.
#include "interpreter/base/simulation.h"

#include <doctest/doctest.h>

#include "interpreter/base/virtual_loop.h"

namespace perilune {

namespace {

// A target that counts: one change, `add`, and one observe, `count`.
class Counter final : public SimulatedTarget {
public:
    Driver make_driver(Services&) override {
        Driver driver;
        driver.operations["count"].observe = [this](Call&) -> Awaitable<Result<Value>> {
            co_return Value(count_);
        };
        Handler& add = driver.operations["add"];
        add.before = [this](Call&) -> Awaitable<Result<Before>> {
            co_return Before{.state = count_};
        };
        add.act = [this](Call&, const Value&) -> Awaitable<Outcome> {
            ++count_;
            co_return Outcome::done(Value().set("changed", true), count_);
        };
        return driver;
    }
    Value look() override { return Value().set("count", count_); }
    Result<Value> control(std::string_view name, const Value& arguments) override {
        if (name != "set") return unknown_control(name, controls());
        count_ = arguments["to"].number();
        return Value();
    }
    std::vector<std::string_view> controls() const override { return {"set"}; }

private:
    double count_ = 0;
};

struct WorldRig {
    WorldRig() {
        use_clock(&clock);
        loop = make_virtual_loop(clock);
        world.add("counter/main", std::make_unique<Counter>());
        Services services{.loop = *loop};
        driver = *world.driver_of("counter/main", services);
        call.operation = "add";
        call.target = "counter/main";
        call.deadline_s = boot_now_s() + 60;
    }
    ~WorldRig() { use_clock(nullptr); }

    Outcome add() {
        std::optional<Outcome> ended;
        start_task(driver.operations["add"].act(call, {}),
                   [&](Outcome outcome) { ended = std::move(outcome); });
        loop->run();
        return *ended;
    }
    Result<Value> count() {
        std::optional<Result<Value>> ended;
        start_task(driver.operations["count"].observe(call),
                   [&](Result<Value> value) { ended = std::move(value); });
        loop->run();
        return *ended;
    }

    VirtualClock clock{.boot_s = 100, .wall_s = 1e9};
    std::unique_ptr<VirtualLoop> loop;
    SimulatedWorld world{7};
    Driver driver;
    Call call;
};

double count_of(const WorldRig& rig) {
    return rig.world.find("counter/main")->look()["count"].number();
}

}  // namespace

TEST_CASE("a_fault_before_the_effect_leaves_the_world_alone") {
    WorldRig rig;
    rig.world.add_fault({.kind = SimulatedFault::Kind::before, .target = "counter/main"});
    CHECK(rig.add().kind == Outcome::Kind::not_sent);
    CHECK(count_of(rig) == 0);
    CHECK(rig.add().kind == Outcome::Kind::done);
    REQUIRE(rig.world.acts().size() == 2);
    CHECK_FALSE(rig.world.acts()[0].happened);
    CHECK(rig.world.acts()[1].happened);
}

TEST_CASE("a_lost_answer_leaves_the_change_in_the_world") {
    WorldRig rig;
    SimulatedFault fault{.kind = SimulatedFault::Kind::after, .target = "counter/main"};
    fault.operation = "add";
    fault.skip = 1;
    rig.world.add_fault(fault);
    CHECK(rig.add().kind == Outcome::Kind::done);
    CHECK(rig.add().kind == Outcome::Kind::unknown);
    CHECK(count_of(rig) == 2);
    CHECK(rig.world.acts()[1].happened);
    CHECK(rig.world.acts()[1].outcome == "unknown");
}

TEST_CASE("a_request_lost_on_its_way_did_not_happen_and_nobody_can_tell") {
    WorldRig rig;
    rig.world.add_fault({.kind = SimulatedFault::Kind::dropped, .target = "counter/main"});
    CHECK(rig.add().kind == Outcome::Kind::unknown);
    CHECK(count_of(rig) == 0);
    CHECK_FALSE(rig.world.acts()[0].happened);
    CHECK(rig.world.acts()[0].outcome == "unknown");
}

TEST_CASE("an_answer_past_the_deadline_is_no_answer") {
    WorldRig rig;
    SimulatedFault fault{.kind = SimulatedFault::Kind::late, .target = "counter/main"};
    fault.late_s = 3600;
    rig.world.add_fault(fault);
    CHECK(rig.add().kind == Outcome::Kind::unknown);
    CHECK(boot_now_s() == 160);
    CHECK(count_of(rig) == 1);
}

TEST_CASE("throttled_and_refused_calls_do_nothing") {
    WorldRig rig;
    SimulatedFault fault{.kind = SimulatedFault::Kind::throttled, .target = "counter/main"};
    fault.late_s = 30;
    rig.world.add_fault(fault);
    const Outcome throttled = rig.add();
    CHECK(throttled.kind == Outcome::Kind::not_sent);
    CHECK(throttled.retry_after_s == 30);
    fault.kind = SimulatedFault::Kind::failed;
    fault.error = fail("denied", "No.");
    rig.world.add_fault(fault);
    CHECK(rig.add().error.code == "denied");
    CHECK(count_of(rig) == 0);
}

TEST_CASE("an_observe_that_meets_a_fault_may_be_asked_again") {
    WorldRig rig;
    rig.world.add_fault({.kind = SimulatedFault::Kind::after, .target = "counter/main"});
    const auto lost = rig.count();
    REQUIRE_FALSE(lost.ok());
    CHECK(lost.error().retry == Retry::safe);
    CHECK(rig.count()->number() == 0);
}

TEST_CASE("a_seed_gives_the_same_numbers_and_a_wrong_control_names_the_right_ones") {
    SimulatedWorld one(5), same(5), other(6);
    const double first = one.chance();
    CHECK(first >= 0);
    CHECK(first < 1);
    CHECK(same.chance() == first);
    CHECK(other.chance() != first);
    const auto wrong = Counter().control("sat", {});
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.error().message.find("\"set\"") != std::string::npos);
}

TEST_CASE("a_refusing_target_is_not_reached_and_says_that_nothing_was_sent") {
    WorldRig rig;
    bool down = true;
    const auto refusal = [&]() -> std::optional<Error> {
        if (!down) return std::nullopt;
        return fail("connection_refused", "It does not answer.", Retry::safe);
    };
    for (auto& [name, handler] : rig.driver.operations) handler = refuse_where(handler, refusal);
    const Outcome refused = rig.add();
    CHECK(refused.kind == Outcome::Kind::not_sent);
    CHECK(refused.error.code == "connection_refused");
    CHECK(rig.count().error().code == "connection_refused");
    CHECK(count_of(rig) == 0);
    down = false;
    CHECK(rig.add().kind == Outcome::Kind::done);
    CHECK(rig.count().value().number() == 1);
}

}  // namespace perilune

// The driver for Amazon ECS against moto, read back with boto3: variables, slots behind a load
// balancer, and autoscaling.
#include <doctest/doctest.h>

#include "tests/stdlib/drivers/ecs_rig.h"

namespace perilune::test {

namespace {

Value env(const char* name, Value value) { return with("values", with(name, std::move(value))); }

std::string variable(const Value& container, const std::string& list, const std::string& name) {
    const char* field = list == "secrets" ? "valueFrom" : "value";
    for (const auto& one : container[list].list())
        if (one["name"].text() == name) return one[field].text();
    return "none";
}

// Two services behind one load balancer, each with a target group of two targets.
struct Slots {
    Slots() {
        const Value subnets = aws().boto("ec2", "describe_subnets")["Subnets"];
        List ids;
        for (const auto& subnet : subnets.list()) ids.push_back(subnet["SubnetId"]);
        const Value vpc = subnets.list().at(0)["VpcId"];
        const Value balancer =
            aws()
                .boto("elbv2", "create_load_balancer",
                      with("Name", "front", with("Subnets", ids)))["LoadBalancers"]
                .list()
                .at(0);
        host = balancer["DNSName"].text();
        for (const auto* slot : {"blue", "green"}) {
            groups[slot] = aws()
                               .boto("elbv2", "create_target_group",
                                     with("Name", slot, with("Protocol", "HTTP"))
                                         .set("Port", 80)
                                         .set("TargetType", "ip")
                                         .set("VpcId", vpc))["TargetGroups"]
                               .list()
                               .at(0)["TargetGroupArn"]
                               .text();
            base.make_service(slot);
        }
        listener = aws()
                       .boto("elbv2", "create_listener",
                             with("LoadBalancerArn", balancer["LoadBalancerArn"])
                                 .set("Protocol", "HTTP")
                                 .set("Port", 80)
                                 .set("DefaultActions", forward(100, 0)))["Listeners"]
                       .list()
                       .at(0)["ListenerArn"]
                       .text();
        const Value condition = with("Field", "path-pattern", with("Values", List{"/shop/*"}));
        rule = aws()
                   .boto("elbv2", "create_rule",
                         with("ListenerArn", listener)
                             .set("Priority", 1)
                             .set("Conditions", List{condition})
                             .set("Actions", forward(100, 0)))["Rules"]
                   .list()
                   .at(0)["RuleArn"]
                   .text();
    }
    const Aws& aws() const { return base.aws; }
    List forward(int blue, int green) const {
        const auto share = [&](const char* slot, int weight) {
            return with("TargetGroupArn", groups.at(slot), with("Weight", weight));
        };
        const Value config = with("TargetGroups", List{share("blue", blue), share("green", green)});
        return {with("Type", "forward", with("ForwardConfig", config))};
    }
    Value settings(const std::string& field, const std::string& arn) const {
        const auto slot = [&](const char* name) {
            return with("service", name, with("target_group", groups.at(name)));
        };
        return with("slots", with("blue", slot("blue"), with("green", slot("green"))))
            .set(field, arn);
    }
    Value boto(const std::string& operation, const std::string& field,
               const std::string& arn) const {
        return aws().boto("elbv2", operation, with(field, List{arn}));
    }
    // Blue's weight as boto3 sees it in the first of these.
    double blue_weight(const Value& all, const std::string& actions) const {
        const Value& action = all.list().at(0)[actions].list().at(0);
        for (const auto& group : action["ForwardConfig"]["TargetGroups"].list())
            if (group["TargetGroupArn"].text() == groups.at("blue"))
                return group["Weight"].number();
        return -1;
    }

    Ecs base;
    std::map<std::string, std::string> groups;
    std::string listener, rule, host;
};

}  // namespace

TEST_CASE("variables_of_ecs_wait_for_the_next_release_or_come_at_once") {
    if (!has_aws()) return;
    Ecs ecs;
    release_and_wait(*ecs.rig, "v1");
    CHECK(ecs.see("get_env")["KEPT"]["value"].text() == "yes");
    const Changed set = ecs.rig->change("set_env", env("MODE", "new"));
    REQUIRE_MESSAGE(set.ok(), set.outcome.error.message);
    CHECK(ecs.rig->change("set_env", env("MODE", "new")).before.already_so);
    CHECK(ecs.see("get_env")["MODE"]["value"].text() == "new");
    CHECK(ecs.see("releases").list().size() == 1);  // No release of its own.
    CHECK(variable(ecs.boto_container("web:2"), "environment", "MODE") == "none");
    // The same version is released again, because its variables are others now.
    const Changed second = release_and_wait(*ecs.rig, "v1");
    CHECK(second.value()["changed"].boolean());
    CHECK(variable(ecs.boto_container("web:4"), "environment", "MODE") == "new");
    CHECK(variable(ecs.boto_container("web:4"), "environment", "KEPT") == "yes");

    const Value at_once = env("MODE", "newer").set("apply", "now");
    const Changed now = ecs.rig->change("set_env", at_once);
    REQUIRE_MESSAGE(now.ok(), now.outcome.error.message);
    const std::string id = now.value()["release_id"].text();
    CHECK(variable(ecs.boto_container(id), "environment", "MODE") == "newer");
    CHECK(ecs.boto_container(id)["image"].text() == Ecs::repository + ":v1");
    const Changed unset = ecs.rig->change("unset_env", with("names", List{"KEPT", "NONE"}));
    REQUIRE(unset.ok());
    CHECK_FALSE(ecs.see("get_env").has("KEPT"));
    REQUIRE(ecs.rig->undo("unset_env", with("names", List{"KEPT", "NONE"}), unset)->ok());
    CHECK(ecs.see("get_env")["KEPT"]["value"].text() == "yes");
}

TEST_CASE("a_secret_never_stands_in_a_task_definition") {
    if (!has_aws()) return;
    Ecs ecs;
    const Changed refused = ecs.rig->change("set_env", env("KEY", make_secret("api_key")));
    CHECK(refused.outcome.kind == Outcome::Kind::failed);
    CHECK(refused.code() == "unsupported");
    CHECK(refused.outcome.error.message.find("give its ARN") != std::string::npos);
    CHECK(ecs.revisions() == 1);
    const std::string arn = "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/key";
    REQUIRE(ecs.rig->change("set_env", env("KEY", arn)).ok());
    const Value container = ecs.boto_container("web:2");
    CHECK(variable(container, "secrets", "KEY") == arn);
    CHECK(variable(container, "environment", "KEY") == "none");
    CHECK(ecs.see("get_env")["KEY"]["value"].text() == arn);
}

TEST_CASE("weights_are_shifted_between_slots_and_given_back") {
    if (!has_aws()) return;
    Slots slots;
    DriverRig* rig = nullptr;
    std::function<double()> weight;
    SUBCASE("of_a_rule") {
        slots.base.make_rig(slots.settings("rule", slots.rule));
        weight = [&] {
            return slots.blue_weight(slots.boto("describe_rules", "RuleArns", slots.rule)["Rules"],
                                     "Actions");
        };
    }
    SUBCASE("of_a_listener_s_default") {
        slots.base.make_rig(slots.settings("listener", slots.listener));
        weight = [&] {
            return slots.blue_weight(
                slots.boto("describe_listeners", "ListenerArns", slots.listener)["Listeners"],
                "DefaultActions");
        };
    }
    rig = slots.base.rig.get();
    CHECK(slots.base.see("traffic") == with("blue", 100, with("green", 0)));
    const Value call = with("weights", with("blue", 25, with("green", 75)));
    const Changed shifted = rig->change("shift_traffic", call);
    REQUIRE_MESSAGE(shifted.ok(), shifted.outcome.error.message);
    CHECK(shifted.value()["before"]["blue"].number() == 100);
    CHECK(shifted.value()["after"]["green"].number() == 75);
    CHECK(weight() == 25);
    CHECK(rig->change("shift_traffic", call).before.already_so);
    REQUIRE(rig->undo("shift_traffic", call, shifted)->ok());
    CHECK(weight() == 100);
    CHECK(rig->change("shift_traffic", with("weights", with("red", 100))).code() == "not_found");
    slots.aws()->fault({.kind = Fault::Kind::lose, .path = "/Modify"});
    const Changed lost = rig->change("shift_traffic", call);
    CHECK(lost.outcome.kind == Outcome::Kind::unknown);
    CHECK(rig->act_again("shift_traffic", call, lost).kind == Outcome::Kind::done);
    CHECK(weight() == 25);
}

TEST_CASE("a_rule_that_does_more_than_forward_to_slots_is_left_alone") {
    if (!has_aws()) return;
    Slots slots;
    slots.base.make_rig(slots.settings("rule", slots.rule));
    const Value redirect =
        with("Type", "redirect",
             with("RedirectConfig", with("StatusCode", "HTTP_302", with("Path", "/closed"))));
    slots.aws().boto("elbv2", "modify_rule",
                     with("RuleArn", slots.rule, with("Actions", List{redirect})));
    const Value call = with("weights", with("blue", 25, with("green", 75)));
    CHECK(slots.base.rig->change("shift_traffic", call).code() == "unsupported");
    CHECK(slots.aws()->count("POST", "ModifyRule") == 0);
    slots.aws()->fault({.kind = Fault::Kind::answer,
                        .path = "DescribeRules",
                        .status = 400,
                        .body = "<ErrorResponse><Error><Type>Sender</Type><Code>RuleNotFound"
                                "</Code><Message>One or more rules not found</Message></Error>"
                                "</ErrorResponse>"});
    const auto gone = slots.base.rig->observe("traffic");
    REQUIRE_FALSE(gone.ok());
    CHECK(gone.error().message.find("RuleNotFound: One or more rules not found.") !=
          std::string::npos);
}

TEST_CASE("each_slot_is_a_service_of_its_own_with_its_healthy_targets") {
    if (!has_aws()) return;
    Slots slots;
    slots.base.make_rig(slots.settings("rule", slots.rule));
    DriverRig& rig = *slots.base.rig;
    const Value blue = with("slot", "blue");
    CHECK(slots.base.see("status", blue)["instances_healthy"].number() == 0);
    slots.aws().boto("elbv2", "register_targets",
                     with("TargetGroupArn", slots.groups["blue"])
                         .set("Targets", List{with("Id", "172.31.0.10", with("Port", 80)),
                                              with("Id", "172.31.0.11", with("Port", 80))}));
    CHECK(slots.base.see("endpoint", blue).text() == slots.host);
    const Changed made = rig.change("release", with("version", "v1", blue));
    REQUIRE_MESSAGE(made.ok(), made.outcome.error.message);
    CHECK(made.value()["release_id"].text() == "blue/blue:2");
    CHECK(made.value()["slot"].text() == "blue");
    REQUIRE(rig.observe("wait_serving", serving(made)).ok());
    CHECK(slots.base.see("status", blue)["instances_healthy"].number() == 2);
    CHECK(slots.base.see("status", blue)["state"].text() == "serving");
    CHECK(slots.base.see("status", with("slot", "green"))["release_id"].text() == "green/green:1");
    CHECK(rig.observe("status").error().code == "bad_argument");
    CHECK(rig.change("set_env", env("MODE", "new")).code() == "unsupported");
}

TEST_CASE("changes_of_ecs_that_may_be_repeated_are_done_again_after_a_lost_answer") {
    if (!has_aws()) return;
    Ecs ecs;
    const Changed first = release_and_wait(*ecs.rig, "v1");
    release_and_wait(*ecs.rig, "v2");
    const auto lose = [&](const std::string& path, const std::string& operation,
                          const Value& arguments) {
        ecs.aws->fault({.kind = Fault::Kind::lose, .path = path});
        const Changed lost = ecs.rig->change(operation, arguments);
        CHECK(lost.outcome.kind == Outcome::Kind::unknown);
        const Outcome again = ecs.rig->act_again(operation, arguments, lost);
        CHECK(again.kind == Outcome::Kind::done);
        CHECK(ecs.rig->change(operation, arguments).before.already_so);
        ecs.aws->fault(aws_throttled(path));
        CHECK(ecs.rig->act_again(operation, arguments, lost).kind != Outcome::Kind::unknown);
    };
    lose("UpdateService", "scale", with("instances", 3));
    lose("RegisterTaskDefinition", "set_env", env("MODE", "new"));
    CHECK(ecs.revisions() == 4);
    lose("RegisterScalableTarget", "set_autoscaling",
         with("state", "on", with("instances_min", 1)).set("instances_max", 4));
    lose("UpdateService", "promote", with("release_id", first.value()["release_id"]));
    REQUIRE(ecs.rig->observe("wait_serving", serving(first)).ok());
}

TEST_CASE("autoscaling_is_suspended_and_resumed_with_its_bounds") {
    if (!has_aws()) return;
    Ecs ecs;
    const Value on = with("state", "on", with("instances_min", 2)).set("instances_max", 6);
    CHECK(ecs.rig->change("set_autoscaling", with("state", "on")).code() == "bad_argument");
    const Changed made = ecs.rig->change("set_autoscaling", on);
    REQUIRE_MESSAGE(made.ok(), made.outcome.error.message);
    CHECK(made.value()["before"]["state"].text() == "off");
    const auto target = [&] {
        return ecs.aws
            .boto("application-autoscaling", "describe_scalable_targets",
                  with("ServiceNamespace", "ecs"))["ScalableTargets"]
            .list()
            .at(0);
    };
    CHECK(target()["ResourceId"].text() == "service/main/web");
    CHECK(target()["MaxCapacity"].number() == 6);
    // Autoscaling would undo this number.
    const Changed refused = ecs.rig->change("scale", with("instances", 7));
    CHECK(refused.code() == "unsupported");
    CHECK(refused.outcome.error.message.find("between 2 and 6") != std::string::npos);
    CHECK(ecs.rig->change("scale", with("instances", 5)).ok());
    const Changed off = ecs.rig->change("set_autoscaling", with("state", "off"));
    REQUIRE_MESSAGE(off.ok(), off.outcome.error.message);
    CHECK(target()["SuspendedState"]["DynamicScalingOutSuspended"].boolean());
    CHECK(target()["MinCapacity"].number() == 2);
    CHECK(ecs.rig->change("scale", with("instances", 7)).ok());
    CHECK(ecs.rig->change("set_autoscaling", with("state", "off")).before.already_so);
    REQUIRE(ecs.rig->undo("set_autoscaling", with("state", "off"), off)->ok());
    CHECK_FALSE(target()["SuspendedState"]["DynamicScalingOutSuspended"].boolean());
}

}  // namespace perilune::test

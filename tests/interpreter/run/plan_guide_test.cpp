// What an approved plan lets through: the next change of its step attempt, unknowns filled in.
#include <doctest/doctest.h>

#include "interpreter/run/plan_guide.h"

namespace {

using namespace perilune;

Value change(const std::string& path, int ordinal, Value arguments,
             const std::string& operation = "put", const std::string& target = "storage/box") {
    Value value;
    value.set("path", path).set("ordinal", ordinal).set("target", target);
    return value.set("operation", operation).set("args", std::move(arguments));
}

PlanGuide guide(List changes) {
    Value plan;
    return PlanGuide(plan.set("plan", "0123456789abcdef0123").set("plan_changes", changes));
}

Event asked(Value arguments, const std::string& name = "put") {
    Event event;
    event.kind = "operation";
    event.name = name;
    event.target = "storage/box";
    event.data = std::move(arguments);
    return event;
}

Value key(const char* name) { return Value().set("key", name); }

}  // namespace

TEST_CASE("the_next_change_of_its_attempt_is_let_through_and_no_other") {
    const PlanGuide plan = guide({change("A", 1, key("a")), change("A", 2, key("b"))});
    CHECK(plan.refusal("A", 1, asked(key("a"))).empty());
    CHECK(plan.refusal("A", 2, asked(key("b"))).empty());
    CHECK(plan.refusal("A", 1, asked(key("b"))).find("shows") != std::string::npos);
    CHECK(plan.refusal("A", 3, asked(key("c"))).find("does not show") != std::string::npos);
    CHECK_FALSE(plan.refusal("B", 1, asked(key("a"))).empty());
    CHECK_FALSE(plan.refusal("A", 1, asked(key("a"), "delete")).empty());
}

TEST_CASE("what_a_plan_does_not_know_may_be_anything_and_all_else_must_be_as_shown") {
    const Value unknown = Unknown{"size of box"};
    const List list = {1, unknown};
    Value arguments = key("a");
    arguments.set("body", unknown).set("tags", list);
    const PlanGuide plan = guide({change("", 1, arguments)});
    Value now = key("a");
    now.set("body", "text").set("tags", List{1, "x"});
    CHECK(plan.refusal("", 1, asked(now)).empty());
    Value other_list = now;
    CHECK_FALSE(plan.refusal("", 1, asked(other_list.set("tags", List{2, "x"}))).empty());
    Value longer = now;
    CHECK_FALSE(plan.refusal("", 1, asked(longer.set("tags", List{1, "x", "y"}))).empty());
    Value more = now;
    CHECK_FALSE(plan.refusal("", 1, asked(more.set("force", true))).empty());
    Value less = now;
    CHECK_FALSE(plan.refusal("", 1, asked(less.set("tags", {}))).empty());
}

TEST_CASE("the_plan_of_a_rest_begins_at_a_later_change") {
    const PlanGuide plan = guide({change("A", 3, key("c"))});
    CHECK_FALSE(plan.refusal("A", 1, asked(key("c"))).empty());
    CHECK(plan.refusal("A", 3, asked(key("c"))).empty());
}

TEST_CASE("what_is_told_again_and_again_begins_anew_after_its_last_entry") {
    Value first = change("A", 1, key("a"));
    Value second = change("A", 2, key("b"));
    const PlanGuide plan = guide({first.set("repeats", true), second.set("repeats", true)});
    CHECK(plan.refusal("A", 3, asked(key("a"))).empty());
    CHECK(plan.refusal("A", 4, asked(key("b"))).empty());
    CHECK_FALSE(plan.refusal("A", 4, asked(key("a"))).empty());
}

TEST_CASE("a_child_run_is_known_by_its_runbook_and_parameters") {
    const PlanGuide plan = guide({change("A", 1, key("a"), "run_runbook", "db/restore")});
    Event child = asked(key("a"));
    child.kind = "child";
    child.name = "db/restore";
    child.target.clear();
    CHECK(plan.refusal("A", 1, child).empty());
    child.name = "db/drop";
    CHECK(plan.refusal("A", 1, child).find("run_runbook \"db/drop\"") != std::string::npos);
}

#include "bindings/database/database_checks.h"

#include <cmath>

#include "interpreter/base/json.h"

namespace perilune {

namespace {

std::string show(const Value& value) { return value.is_text() ? value.text() : to_json(value); }

Value found_rows(const Result<double>& found) {
    return found ? Value(*found) : Value(found.error().message);
}

}  // namespace

Value make_check(const std::string& name, bool passed, const Value& expected, const Value& found) {
    Value check;
    check.set("name", name).set("passed", passed).set("expected", expected);
    return check.set("found", found);
}

Result<Value> judge_checks(List checks, const std::string& doing) {
    std::string failures;
    for (const auto& check : checks)
        if (!check["passed"].boolean())
            failures += "\n  " + check["name"].text() + ": expected " + show(check["expected"]) +
                        ", found " + show(check["found"]);
    if (failures.empty()) return Value(std::move(checks));
    Error error = fail("check_failed", doing + " found what must not be:" + failures);
    error.detail = Value(std::move(checks));
    return error;
}

Value check_rows(const std::string& table, const Value& limit, const Result<double>& found) {
    const double min = limit.has("min") ? limit["min"].number() : 0;
    const double max = limit.has("max") ? limit["max"].number() : INFINITY;
    std::string expected = show(Value(min)) + " rows or more";
    if (limit.has("max")) expected = show(Value(min)) + " to " + show(Value(max)) + " rows";
    const double rows = found ? *found : -1;
    return make_check("rows of " + table, rows >= min && rows <= max, expected, found_rows(found));
}

Value check_exact_rows(const std::string& table, const Value& expected,
                       const Result<double>& found) {
    return make_check("rows of " + table, found && Value(*found) == expected, expected,
                      found_rows(found));
}

}  // namespace perilune

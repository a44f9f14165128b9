// The vocabulary of `metrics`: its rows put together, its records, and what is refused at once.
#include <algorithm>

#include "bindings/metrics/metrics.h"
#include "bindings/metrics/metrics_rows.h"

namespace perilune {

namespace {

constexpr auto join_rows() {
    std::array<Operation, metrics_observes.size() + metrics_changes.size()> rows{};
    const auto place = std::copy(metrics_observes.begin(), metrics_observes.end(), rows.begin());
    std::copy(metrics_changes.begin(), metrics_changes.end(), place);
    return rows;
}

constexpr auto rows = join_rows();

constexpr Field changed_field = {
    .name = "changed", .type = "boolean", .doc = "False where it was so already."};
constexpr Field at_field = {.name = "at", .type = "number", .doc = "The moment it is of."};

constexpr std::array records = {
    Record{.name = "Reading",
           .doc = "One number, or that there is none.",
           .fields = {{{.name = "value", .type = "number?", .doc = "Nil where empty."},
                       {.name = "unit", .type = "text", .doc = "Its unit, of the environment."},
                       {.name = "empty", .type = "boolean", .doc = "True where no sample is."},
                       {.name = "samples",
                        .type = "number",
                        .doc = "How many it is made of; 1 where the place does not say."},
                       at_field}}},
    Record{.name = "Sample",
           .doc = "One number of a range.",
           .fields = {{at_field, {.name = "value", .type = "number", .doc = "The number."}}}},
    Record{.name = "LabelledSample",
           .doc = "One number of an expression's result.",
           .fields = {{{.name = "labels", .type = "map of text", .doc = "What it is of."},
                       {.name = "value", .type = "number", .doc = "The number."},
                       at_field}}},
    Record{
        .name = "Alarm",
        .doc = "One alarm.",
        .fields = {{{.name = "name", .type = "text", .doc = "Its name."},
                    {.name = "state", .type = "text", .doc = "\"ok\", \"firing\" or \"unknown\"."},
                    {.name = "since_at",
                     .type = "number?",
                     .doc = "Since when, where the place says."}}}},
    Record{.name = "Silence",
           .doc = "A silence.",
           .fields = {{{.name = "silence_id", .type = "text", .doc = "What the place calls it."},
                       {.name = "ends_at", .type = "number", .doc = "When it ends by itself."},
                       changed_field}}},
    Record{.name = "Annotation",
           .doc = "A mark on graphs.",
           .fields = {{{.name = "id", .type = "text?", .doc = "What the place calls it."},
                       changed_field}}},
    Record{.name = "Deployment",
           .doc = "A record of a deployment.",
           .fields = {{{.name = "id", .type = "text", .doc = "What the place calls it."},
                       changed_field}}},
    Record{.name = "Change", .doc = "Whether anything changed.", .fields = {{changed_field}}},
};

Status check_names(const Map& arguments) {
    const auto given = arguments.find("names");
    if (given == arguments.end() || given->second.is_unknown()) return Done{};
    for (const auto& name : given->second.list())
        if (!name.is_text() && !name.is_unknown())
            return fail("bad_argument", "names must be a list of texts.");
    return Done{};
}

Status normalise(const Operation& operation, Map& arguments) {
    if (const auto sane = check_names(arguments); !sane) return sane;
    if (operation.name == "wait_clear" && arguments["names"].is_list() &&
        arguments["names"].list().empty())
        return fail("bad_argument", "metrics:wait_clear needs at least one name.");
    if (operation.name != "range") return Done{};
    const Value& since = arguments["since"];
    const Value& step = arguments["step"];
    if (step.is_number() && step.number() <= 0)
        return fail("bad_argument", "step of metrics:range must be longer than 0 s.");
    const auto to = arguments.find("to");
    if (to != arguments.end() && to->second.is_number() && since.is_number() &&
        to->second.number() < since.number())
        return fail("bad_argument", "to of metrics:range must not be earlier than since.");
    return Done{};
}

}  // namespace

constinit const Family metrics_family = {
    .name = "metrics",
    .doc =
        "One place that measures. A query has a name, an expression and a unit in the "
        "environment, so no runbook contains a provider's language.",
    .operations = rows,
    .records = records,
    .normalise = normalise,
};

}  // namespace perilune

// The vocabulary of `notify`: its rows put together, its records, and what is refused at once.
#include <algorithm>

#include "bindings/notify/notify.h"
#include "bindings/notify/notify_rows.h"

namespace perilune {

namespace {

constexpr auto join_rows() {
    std::array<Operation, notify_observes.size() + notify_messages.size() + notify_upkeep.size()>
        rows{};
    auto place = std::copy(notify_observes.begin(), notify_observes.end(), rows.begin());
    place = std::copy(notify_messages.begin(), notify_messages.end(), place);
    std::copy(notify_upkeep.begin(), notify_upkeep.end(), place);
    return rows;
}

constexpr auto rows = join_rows();
constexpr std::size_t key_bytes_max = 200;

constexpr std::array records = {
    Record{.name = "Notice",
           .doc = "What became of a message.",
           .fields = {{{.name = "key", .type = "text?", .doc = "The incident it belongs to."},
                       {.name = "id", .type = "text?", .doc = "What the provider calls it."},
                       {.name = "delivered",
                        .type = "boolean",
                        .doc = "Whether the provider has taken it."},
                       {.name = "error",
                        .type = "plain?",
                        .doc = "Where not: code, message and retry; `unknown` where it may have "
                               "been delivered all the same."},
                       {.name = "changed",
                        .type = "boolean",
                        .doc = "Whether anything new was said, or may have been."}}}},
    Record{.name = "Incident",
           .doc = "One incident.",
           .fields = {{{.name = "key", .type = "text", .doc = "Its key."},
                       {.name = "state",
                        .type = "text",
                        .doc = "\"open\", \"acknowledged\" or \"resolved\"."},
                       {.name = "opened_at", .type = "number", .doc = "When it was opened."},
                       {.name = "acknowledged_by", .type = "text?", .doc = "Who took it."},
                       {.name = "acknowledged_at", .type = "number?", .doc = "And when."}}}},
    Record{.name = "ComponentChange",
           .doc = "What became of one part of the service.",
           .fields = {{{.name = "before", .type = "text?", .doc = "Its state before."},
                       {.name = "after", .type = "text", .doc = "Its state as asked."},
                       {.name = "delivered",
                        .type = "boolean",
                        .doc = "Whether the provider has taken it."},
                       {.name = "error", .type = "plain?", .doc = "Where not, as of a Notice."},
                       {.name = "changed", .type = "boolean", .doc = "Whether it was another."}}}},
};

Status check_line(const Map& arguments, const char* name) {
    const auto given = arguments.find(name);
    if (given == arguments.end() || !given->second.is_text()) return Done{};
    const std::string& text = given->second.text();
    const auto control = [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; };
    if (!text.empty() && text.size() <= key_bytes_max && std::ranges::none_of(text, control))
        return Done{};
    return fail("bad_argument", std::string(name) + " must be one line of 1 to 200 bytes.");
}

Status normalise(const Operation& operation, Map& arguments) {
    for (const auto* name : {"key", "component", "by"})
        if (const auto sane = check_line(arguments, name); !sane) return sane;
    if (operation.name != "schedule_maintenance") return Done{};
    const Value& starts_at = arguments["starts_at"];
    const Value& ends_at = arguments["ends_at"];
    if (starts_at.is_number() && ends_at.is_number() && ends_at.number() <= starts_at.number())
        return fail("bad_argument",
                    "ends_at of notify:schedule_maintenance must be later than "
                    "starts_at.");
    return Done{};
}

}  // namespace

constinit const Family notify_family = {
    .name = "notify",
    .doc =
        "One channel to people. Changes of this family do not raise when a provider fails: they "
        "return `delivered = false` with the error, and the report shows it, unless "
        "`on_undelivered` is \"fail\".",
    .operations = rows,
    .records = records,
    .normalise = normalise,
};

}  // namespace perilune

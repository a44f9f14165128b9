// The operations of the counting family: `again`, `keyed`, `looked`, `left` and `asked` recover as
// they are called; `set` and `unset` are taken back.
#include "tests/crash/counting.h"

namespace perilune {

namespace {

constexpr Parameter name_parameter = {.name = "name", .doc = "What is done: a word."};
constexpr double settles_within_s = 0.05;

constexpr Operation change(std::string_view name, Recovery recovery, std::string_view doc) {
    Operation made;
    made.name = name;
    made.effect = Effect::change;
    made.recovery = recovery;
    made.undo = "no";
    made.result = "{ changed, name }";
    made.doc = doc;
    made.parameters[0] = name_parameter;
    made.resource = "name";
    made.settles_within_s = settles_within_s;
    made.everywhere = true;
    return made;
}

constexpr Operation observe(std::string_view name, std::string_view doc) {
    Operation made;
    made.name = name;
    made.result = "plain";
    made.doc = doc;
    made.parameters[0] = name_parameter;
    made.everywhere = true;
    return made;
}

constexpr Operation set_operation() {
    Operation made = change("set", Recovery::repeat, "Keeps `body` under `name`.");
    made.undo = "by set or unset";
    made.parameters[1] = {.name = "body", .doc = "What is kept."};
    return made;
}

constexpr Operation unset_operation() {
    Operation made = change("unset", Recovery::repeat, "Removes what is kept under `name`.");
    made.undo = "by set";
    return made;
}

constexpr Operation operations[] = {
    observe("sample", "Gives one of the values that are hard to keep, by its name."),
    observe("count", "Gives how often `name` was done."),
    change("again", Recovery::repeat, "Counts; it may be done again."),
    change("keyed", Recovery::key, "Counts once for each key."),
    change("looked", Recovery::look, "Counts; whether it happened can be looked up."),
    change("left", Recovery::leave, "Counts; a lost answer is left alone."),
    change("asked", Recovery::ask, "Counts; only a person knows."),
    set_operation(),
    unset_operation(),
};

}  // namespace

extern constinit const Family counting_family = {
    .name = "counting",
    .doc = "Changes that are counted, for the crash tests.",
    .operations = operations,
    .records = {},
};

}  // namespace perilune

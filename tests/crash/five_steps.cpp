#include "tests/crash/five_steps.h"

#include <map>

#include "interpreter/base/json.h"

namespace perilune::test {

namespace {

// The intents that have no result yet, by the name of what they do.
std::vector<std::string> open_intents(const CrashWorld& world) {
    std::map<std::string, std::string> open;
    for (const auto& record : world.records()) {
        if (record["kind"].text() == "intent")
            open[record["strand"].text() + "#" + to_json(record["n"])] =
                record["args"]["name"].text();
        if (record["kind"].text() == "result") open.erase(record["of"].text());
    }
    std::vector<std::string> names;
    for (const auto& [id, name] : open) names.push_back(name);
    return names;
}

}  // namespace

std::string go_on(const CrashWorld& world) {
    Executed ended;
    if (!world.has_run()) {
        ended = world.start();  // It died before the run was made: nothing has happened.
    } else if (world.row().state == "ended") {
        return "";
    } else {
        const auto open = open_intents(world);
        ended = world.resume();
        const bool may_doubt = open == std::vector<std::string>{"asked"};
        if (ended.code == 9 && !may_doubt)
            return "it is in doubt without an open intent: " + ended.output;
        if (ended.code == 9) {
            const bool happened = world.acts("asked") == 1;
            const std::string how =
                happened ? "--happened --result {\"name\":\"asked\"}" : "--again";
            ended = world.perilune("settle case " + how + " --reason seen --no-input --json");
        }
    }
    return ended.code == 0
               ? ""
               : "it ended with " + std::to_string(ended.code) + ": " + ended.output + ended.errors;
}

std::string compare(const CrashWorld& world) {
    std::string problems;
    const auto expect = [&](const std::string& what, int found, int least, int most) {
        if (found < least || found > most)
            problems += what + " was done " + std::to_string(found) + " times. ";
    };
    expect("again", world.acts("again"), 1, 6);
    expect("keyed", world.acts("keyed"), 1, 1);
    expect("looked", world.acts("looked"), 1, 1);
    expect("left", world.acts("left"), 0, 1);
    expect("asked", world.acts("asked"), 1, 1);
    expect("value", world.acts("value"), 1, 6);
    if (world.read("shop/value.value") != "set") problems += "The value was not set. ";
    const std::string value = to_json(world.last("end")["value"]);
    if (value != R"({"asked":"asked","keyed":"keyed","read":1,"set":"value"})")
        problems += "The run gave " + value + ". ";
    if (world.count("end") != 1 || world.row().state != "ended") problems += "It has not ended. ";
    return problems + world.broken();
}

}  // namespace perilune::test

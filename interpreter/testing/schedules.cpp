#include "interpreter/testing/schedules.h"

#include <algorithm>
#include <random>

namespace perilune {

namespace {

// A poll asks the same a hundred times: its first calls and its last tell what the others would.
constexpr int first_calls = 4;

struct FaultKind {
    const char* name;
    int weight;
};

constexpr FaultKind change_faults[] = {
    {"after", 9}, {"dropped", 8}, {"before", 5}, {"failed", 6}, {"late", 7}, {"throttled", 3},
};
constexpr FaultKind observe_faults[] = {{"before", 3}, {"failed", 4}, {"late", 2}};
constexpr FaultKind other_faults[] = {{"down", 5}, {"edited", 4}};
constexpr const char* host = "the host";
constexpr int death_weight = 8;
constexpr int overtaken_weight = 6;
constexpr int person_weight = 6;
constexpr int undo_weight = 7;
constexpr int happens_weight = 7;

// `what` comes between the fault's name and the operation's.
void add_operation(std::vector<Schedule>& made, const Survey::Operation& operation,
                   const FaultKind& fault, const std::string& what = "") {
    for (int nth = 1; nth <= operation.times; ++nth) {
        if (nth > first_calls && nth < operation.times) continue;
        made.push_back({.code = std::string(fault.name) + " " + what + operation.name + " " +
                                std::to_string(nth),
                        .subject = operation.name,
                        .fault = fault.name,
                        .weight = fault.weight});
    }
}

// What others may do just before it.
void add_others(std::vector<Schedule>& made, const Survey& survey,
                const Survey::Operation& operation) {
    for (const auto& fault : other_faults)
        for (const auto& other : operation.others)
            if (other == fault.name) add_operation(made, operation, fault);
    if (!operation.change) return;
    for (const auto& name : survey.happens)
        add_operation(made, operation, {"happens", happens_weight}, name + ", ");
}

void add_host(std::vector<Schedule>& made, const Survey& survey, const char* fault, int weight) {
    for (int commit = 1; commit <= survey.commits; ++commit)
        made.push_back({.code = fault + (" " + std::to_string(commit)),
                        .subject = host,
                        .fault = fault,
                        .weight = weight});
}

}  // namespace

Survey Survey::from(const Value& told) {
    Survey survey;
    for (const auto& call : told["calls"].list()) {
        Operation operation{.name = call["name"].text(),
                            .change = call["change"].boolean(),
                            .times = static_cast<int>(call["times"].integer())};
        for (const auto& other : call["others"].list()) operation.others.push_back(other.text());
        survey.operations.push_back(std::move(operation));
    }
    for (const auto& name : told["happens"].list()) survey.happens.push_back(name.text());
    for (const auto& question : told["questions"].list())
        survey.questions.push_back(question.text());
    survey.commits = static_cast<int>(told["commits"].integer());
    return survey;
}

std::vector<Schedule> single_faults(const Survey& survey) {
    std::vector<Schedule> made;
    for (const auto& operation : survey.operations) {
        if (operation.change)
            for (const auto& fault : change_faults) add_operation(made, operation, fault);
        else
            for (const auto& fault : observe_faults) add_operation(made, operation, fault);
        add_others(made, survey, operation);
    }
    add_host(made, survey, "death", death_weight);
    if (std::any_of(survey.operations.begin(), survey.operations.end(),
                    [](const auto& operation) { return operation.change; }))
        made.push_back(
            {.code = "undo", .subject = "the run", .fault = "undo", .weight = undo_weight});
    for (const auto& question : survey.questions)
        for (const char* what : {"refuse", "silence"})
            made.push_back({.code = what + (" " + question),
                            .subject = question,
                            .fault = what,
                            .weight = person_weight});
    add_host(made, survey, "overtaken", overtaken_weight);
    return made;
}

std::vector<Schedule> pairs_of(const std::vector<Schedule>& singles, std::uint64_t seed,
                               std::size_t most) {
    std::vector<Schedule> made;
    for (std::size_t i = 0; i < singles.size(); ++i)
        for (std::size_t j = i + 1; j < singles.size(); ++j) {
            // A host is lost once in a schedule; one call meets one fault.
            if (singles[i].subject == host && singles[j].subject == host) continue;
            if (singles[i].subject == singles[j].subject && singles[i].fault == singles[j].fault)
                continue;
            // What is undone is what came before.
            const bool turn = singles[i].fault == "undo";
            const Schedule& first = singles[turn ? j : i];
            const Schedule& second = singles[turn ? i : j];
            made.push_back({.code = first.code + " + " + second.code,
                            .subject = "",
                            .fault = "",
                            .weight = singles[i].weight + singles[j].weight});
        }
    std::mt19937_64 random(seed);
    std::shuffle(made.begin(), made.end(), random);
    std::stable_sort(made.begin(), made.end(), [](const Schedule& one, const Schedule& other) {
        return one.weight > other.weight;
    });
    if (made.size() > most) made.resize(most);
    return made;
}

}  // namespace perilune

// Which faults an exploration tries, in which order: every one alone, then pairs, most telling
// first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "interpreter/base/value.h"

namespace perilune {

// What the run without any fault did.
struct Survey {
    struct Operation {
        std::string name;  // "dns/site:upsert"
        bool change = false;
        int times = 0;
        std::vector<std::string> others;  // What others may do just before it: "down", "edited".
    };
    std::vector<Operation> operations;
    std::vector<std::string> questions;
    std::vector<std::string> happens;  // What may happen before a change, as the author says.
    int commits = 0;

    // From what a simulator tells of a schedule.
    static Survey from(const Value& told);
};

struct Schedule {
    std::string code;     // "after dns/site:upsert 1 + death 7"
    std::string subject;  // Of a single fault: the operation, "the host" or the question.
    std::string fault;    // Of a single fault: "before", "after", "death"…
    int weight = 0;       // How much it is likely to tell.
};

std::vector<Schedule> single_faults(const Survey& survey);
// Pairs of `singles`, in the order of their weights; those of equal weight mixed by `seed`. At most
// `most`.
std::vector<Schedule> pairs_of(const std::vector<Schedule>& singles, std::uint64_t seed,
                               std::size_t most);

}  // namespace perilune

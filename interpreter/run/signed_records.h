// The signatures that a run's journal holds: whether each is what it says, long after and by
// whoever has the records and the code.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "interpreter/run/judge.h"
#include "interpreter/run/records.h"

namespace perilune {

struct SignedText {
    std::int64_t seq = 0;
    std::string what;  // "start", or the command: "approve", "retry", "plan" …
    std::string person;
    std::string text;
    std::string signature;
    std::string allowed_signers;  // By the people of the code that the run had then.
    double at = 0;
};

struct SignedRecords {
    std::vector<SignedText> texts;
    std::size_t by_system = 0;  // Decisions that rest on the operating system's word.
    std::string problem;        // What is wrong; empty where all is well.
};

// What a run was judged by while it had the code of this digest.
using FindLaw = std::function<Result<Law>(const std::string& code, const std::string& environment)>;

// Goes through the records as they were written: each signature must be one of whom the record
// names, over what the record says, and who answered must have been allowed to. Blocking.
SignedRecords check_signed_records(const Records& records, const FindLaw& find_law);

}  // namespace perilune

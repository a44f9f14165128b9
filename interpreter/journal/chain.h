// The chain of hashes of one journal, and what breaks it.
#pragma once

#include <string>
#include <vector>

#include "interpreter/journal/store.h"

namespace perilune {

// The hash of a record: SHA-256 of the previous hash and the body's bytes.
std::string record_hash(const std::string& previous, const std::string& body);

// Checks a journal record by record, in order. What it says is the first break, or empty.
class ChainCheck {
public:
    std::string take(const RecordRow& record);
    // `head` and `seq` are the run row's.
    std::string finish(const std::string& head, std::int64_t seq) const;

private:
    std::string previous_;
    std::int64_t count_ = 0;
};

// The same of a whole journal, each body of which is read too: it must be canonical JSON.
std::string verify_chain(const std::vector<RecordRow>& records, const std::string& head,
                         std::int64_t seq);

}  // namespace perilune

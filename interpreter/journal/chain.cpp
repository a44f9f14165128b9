#include "interpreter/journal/chain.h"

#include <charconv>

#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"

namespace perilune {

namespace {

// The field `seq` of a record's body, without reading all of it; -1 where it has none.
std::int64_t seq_of(std::string_view body) {
    static constexpr std::string_view field = "\"seq\":";
    int depth = 0;
    for (std::size_t i = 0; i < body.size(); ++i) {
        const char c = body[i];
        if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            --depth;
        } else if (c == '"') {
            if (depth == 1 && body.substr(i).starts_with(field)) {
                std::int64_t seq = -1;
                std::from_chars(body.data() + i + field.size(), body.data() + body.size(), seq);
                return seq;
            }
            for (++i; i < body.size() && body[i] != '"'; ++i)
                if (body[i] == '\\') ++i;
        }
    }
    return -1;
}

std::string place_of(std::int64_t count) { return "record " + std::to_string(count); }

}  // namespace

std::string record_hash(const std::string& previous, const std::string& body) {
    Digest digest;
    digest.add(previous);
    digest.add(body);
    return digest.finish();
}

std::string ChainCheck::take(const RecordRow& record) {
    ++count_;
    if (record_hash(previous_, record.body) != record.hash)
        return place_of(count_) + " does not carry the hash of its body and the one before it";
    if (const std::int64_t seq = seq_of(record.body); seq != count_)
        return place_of(count_) + " says it is record " + std::to_string(seq);
    previous_ = record.hash;
    return {};
}

std::string ChainCheck::finish(const std::string& head, std::int64_t seq) const {
    if (count_ != seq)
        return "the run's row counts " + std::to_string(seq) + " records, the journal has " +
               std::to_string(count_);
    if (previous_ != head) return "the run's row names another last record";
    return {};
}

std::string verify_chain(const std::vector<RecordRow>& records, const std::string& head,
                         std::int64_t seq) {
    ChainCheck check;
    std::int64_t count = 0;
    for (const auto& record : records) {
        ++count;
        if (std::string broken = check.take(record); !broken.empty()) return broken;
        if (!from_canonical_json(record.body)) return place_of(count) + " is no canonical JSON";
    }
    return check.finish(head, seq);
}

}  // namespace perilune

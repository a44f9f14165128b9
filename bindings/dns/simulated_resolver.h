// A resolver of a simulated world: it keeps what it was told for as long as the answer may be kept.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "bindings/dns/served.h"

namespace perilune {

// What the zone's own servers say now, and what the rest of the world does.
struct ServedZone {
    std::vector<DnsRecord> records;  // Of the zone.
    std::vector<DnsRecord> outside;  // Of names elsewhere that somebody has made known.
    std::string zone;                // Absolute, without the last dot.
    double negative_s = 0;           // How long it may be kept that nothing is there (RFC 2308).
    bool silent = false;             // None of its servers answers.
};

class SimulatedResolver {
public:
    // Answers from what it keeps; what it lacks it asks the zone, and keeps.
    Answer answer(const ServedZone& zone, const std::string& server, const std::string& name,
                  const std::string& type);

    // Keeps every answer at least so long, whatever its TTL says; also those it has already.
    void keep_at_least(double seconds) { keep_s_ = seconds; }
    void forget() { kept_.clear(); }
    // The names and types that it keeps an answer for, of type "" where the name is not there.
    std::vector<std::pair<std::string, std::string>> kept() const;

private:
    struct Kept {
        std::vector<DnsRecord> records;  // None: it is known that there are none.
        double since_s = 0;
        double ttl_s = 0;
    };
    using Question = std::pair<std::string, std::string>;  // Name and type.

    double left_s(const Kept& kept) const;
    const Kept* find(const Question& question) const;
    const Kept* find_any(const std::string& name, const std::string& type) const;
    std::optional<Kept> ask(const ServedZone& zone, const std::string& name,
                            const std::string& type);

    std::map<Question, Kept> kept_;
    double keep_s_ = 0;
};

}  // namespace perilune

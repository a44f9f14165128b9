// Tortures one program: its host and worker are killed, its disk fails and loses power, the
// provider loses answers, two hosts want it at once. In the end all must be as if nothing had
// happened.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "tests/crash/crash_rig.h"

namespace perilune::test {

// How often each trouble was made, by all threads.
class Tally {
public:
    void add(const std::string& trouble);
    long total() const;
    // "killed hosts: 12\n…"
    std::string text() const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, long> counts_;
};

// Makes the program of this seed, executes it once in peace and once in trouble, and compares. What
// it returns, where not empty, is what differs, with the seed.
std::string torture(unsigned seed, Tally& tally);

}  // namespace perilune::test

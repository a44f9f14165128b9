// A state store in memory, for simulated worlds: it outlives the hosts that use it, as a disk does.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "interpreter/journal/store.h"

namespace perilune {

// What the disk of a simulated machine holds. Only what was committed is in it.
struct MemoryState {
    struct Run {
        RunRow row;
        std::vector<RecordRow> records;
    };
    std::vector<Run> runs;  // In the order in which they were made; RunRow::no counts from 1.
    std::map<std::string, Files> bundles;
    std::map<std::string, LockRow> locks;
    std::map<std::string, HostRow> hosts;
    std::set<std::string> living;  // Hosts that hold their lock.
    std::vector<InboxRow> inbox;
    std::map<std::string, std::string> plans;  // By the digest in hexadecimal.
    int failing_commits = 0;  // So many of the next ones fail, as a full disk's do.
    // The host dies as it makes the n-th commit from now, which does not happen; 0: it lives.
    int commits_until_death = 0;
    std::function<void()> on_death;
    // Just before the n-th commit from now, another host may take the run; 0: none does.
    int commits_until_overtaken = 0;
    std::function<void()> on_overtaken;
    int commits = 0;  // Made so far.
};

// One host's connection to it. Where the host's process dies, so does what it had not committed.
std::unique_ptr<Store> open_memory_store(std::shared_ptr<MemoryState> state);

}  // namespace perilune

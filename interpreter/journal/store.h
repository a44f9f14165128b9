// The port behind which runs, their journals, leases, locks and commands are kept durably.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

using Files = std::map<std::string, std::string>;  // Path in the library to text.

struct RunRow {
    std::int64_t no = 0;
    std::string id;
    std::string runbook;
    std::string environment;
    std::string parent;   // A run's id, or empty.
    std::string bundle;   // Digest, hexadecimal.
    std::string state;    // running, waits, paused, parked, diverged, lost, ended
    std::string outcome;  // Of an ended run.
    std::string reason;   // Why it rests, one line.
    std::string owner;    // A host's id, or empty.
    std::int64_t epoch = 0;
    std::int64_t seq = 0;
    std::string head;  // 32 raw bytes: the hash of the newest record.
    double created = 0;
};

struct HostRow {
    std::string id;
    std::string name;
    std::int64_t pid = 0;
    double beat = 0;  // A counter that grows; no clock is compared between machines.
};

struct RecordRow {
    std::string body;
    std::string hash;
};

struct InboxRow {
    std::string id;
    std::string run;
    std::string kind;
    std::string body;  // Canonical JSON.
    std::string who;
    double at = 0;
    bool taken = false;
    std::string reply;  // Empty where it was taken gladly; else why not.
};

struct LockRow {
    std::string name;
    std::string run;
    double since = 0;
};

// What one commit makes durable, all or nothing.
struct Batch {
    struct Append {
        std::string run;
        std::string body;
        std::string hash;
    };
    struct Update {  // Applied only where epoch and head are as the owner knows them.
        std::int64_t epoch = 0;
        std::string known_head;
        std::string head;
        std::int64_t seq = 0;
        std::string state;    // Empty: unchanged.
        std::string outcome;  // Likewise.
        std::string reason;
        bool release = false;  // Gives up ownership.
        bool free_locks = false;
    };
    struct NewRun {
        RunRow row;
        Files bundle;
        std::vector<std::string> locks;
    };
    struct Reply {
        std::string id;
        std::string text;
    };
    struct NewBundle {  // Code that a run goes on with.
        std::string digest;
        Files files;
    };
    std::vector<NewRun> runs;
    std::vector<NewBundle> bundles;
    std::vector<Append> records;
    std::map<std::string, Update> updates;  // By run.
    std::vector<Reply> replies;

    bool empty() const {
        return runs.empty() && bundles.empty() && records.empty() && updates.empty() &&
               replies.empty();
    }
};

// Who takes over a state that is refused, and why.
struct Adoption {
    std::string who;
    std::string reason;
    double at = 0;
};

class Store {
public:
    // `location` is a folder (SQLite). Refuses network file systems and files of a newer version. A
    // copy, or what has lost records, is opened to be read: see `writable`.
    static Result<std::unique_ptr<Store>> open(const std::string& location);
    virtual ~Store() = default;

    // Why nothing may be written; every write gives the same error.
    virtual Status writable() const { return Done{}; }
    // From now on it may be. Gives what had been found; empty where there was nothing to take over.
    virtual Result<std::string> adopt(const Adoption&) { return std::string(); }

    // Blocking; one at a time. Gives the runs that another host owns by now: nothing of them was
    // written. Error `locked` where a new run's lock is held (`detail` is the LockRow's run).
    virtual Result<std::vector<std::string>> commit(const Batch& batch) = 0;

    virtual Result<std::optional<RunRow>> run(const std::string& id) = 0;
    virtual Result<std::vector<RunRow>> runs(std::size_t limit) = 0;  // Newest first.
    virtual Result<std::vector<RunRow>> children(const std::string& id) = 0;
    virtual Result<std::vector<RecordRow>> records(const std::string& run) = 0;
    // Where a run's records are, in order, to read them one at a time: a journal may be large.
    virtual Result<std::vector<std::int64_t>> places(const std::string& run) = 0;
    virtual Result<RecordRow> record(std::int64_t place) = 0;
    // Its first record and its newest ones, `newest` at most, in order and each once.
    virtual Result<std::vector<RecordRow>> ends(const std::string& run, std::size_t newest) = 0;
    virtual Result<Files> bundle(const std::string& digest) = 0;
    virtual Result<std::vector<LockRow>> locks() = 0;

    // Takes a run over: only where owner and epoch are still as seen. The claim record is appended
    // in the same transaction. False: somebody else was faster.
    virtual Result<bool> claim(const RunRow& seen, const std::string& owner,
                               const RecordRow& record) = 0;

    virtual Status add_host(const HostRow& host) = 0;
    virtual Status beat(const std::string& host, double count) = 0;
    virtual Status remove_host(const std::string& host) = 0;
    virtual Result<std::optional<HostRow>> host(const std::string& id) = 0;
    // Says that this host lives, from now until the store is closed or the process dies.
    virtual Status hold_host(const std::string& host) = 0;
    // Whether it certainly lives no more.
    virtual bool host_is_dead(const std::string& host) = 0;

    virtual Status send(const InboxRow& row) = 0;
    virtual Result<std::vector<InboxRow>> inbox(const std::string& run) = 0;  // Not taken yet.
    virtual Result<std::optional<InboxRow>> inbox_row(const std::string& id) = 0;

    // `digest` is 32 raw bytes; a plan is found by the beginning of its hexadecimal form.
    virtual Status keep_plan(const std::string& digest, const std::string& body) = 0;
    virtual Result<std::optional<std::string>> plan(const std::string& hex) = 0;
};

// True where the host's process is certainly dead: nobody holds its lock file.
bool host_is_dead(const std::string& state_folder, const std::string& host);
// Opens and locks this host's own lock file; the descriptor stays open as long as it lives.
Result<int> hold_host_lock(const std::string& state_folder, const std::string& host);

}  // namespace perilune

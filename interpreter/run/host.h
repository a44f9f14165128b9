// The host of one run and its children: loop, store, drivers, secrets, lease, commands.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "interpreter/base/http_client.h"
#include "interpreter/base/loop.h"
#include "interpreter/journal/store.h"
#include "interpreter/journal/writer.h"
#include "interpreter/library/bundle.h"
#include "interpreter/library/environment.h"
#include "interpreter/run/drivers.h"
#include "interpreter/run/engine.h"
#include "interpreter/run/secret_opener.h"
#include "interpreter/run/watcher.h"

namespace perilune {

class LiveRun;

// What the program gives a host to work with.
struct HostSetup {
    std::string state_folder;
    std::string worker_program;  // Path of perilune-worker.
    std::string program_folder;  // Where the other helper programs are.
    std::vector<const Family*> families;
    KnownDrivers known_drivers;
    // Makes the fetcher of an environment's secrets.
    std::function<Result<FetchSecret>(const SecretsSettings&, Loop&)> secrets;
    double worker_cpu_s = 10;
    std::size_t worker_memory_bytes = 256 << 20;
    double grace_s = 30;  // How long a pause waits for what is in flight.
};

// A runbook made ready to be started: loaded in a worker, its declaration known.
struct Prepared {
    Library library;
    Environment environment;
    Bundle bundle;
    std::string runbook;  // "db/restore"
    std::string path;     // "runbooks/db/restore.lua"
    Value facts;          // What the runbook declares; see runbook.lua.
};

struct StartOptions {
    Value params;
    std::string who;
    double outage_began_at = 0;
    double lock_wait_s = 0;  // How long to wait for a lock that is held; 0: refuse at once.
    Value extra;             // Further fields of the begin record (plan digest, break-glass…).
    std::string run_id;      // Empty: made.
};

class Host {
public:
    explicit Host(HostSetup setup, Watcher& watcher);
    ~Host();

    // Opens the state store, registers this host and begins its beat. Blocking.
    Status open();

    // Reads library, environment and runbook, loads it in a worker, and checks targets against the
    // environment. Calls back on the loop.
    void prepare(const Library& library, const std::string& environment, const std::string& runbook,
                 std::function<void(Result<Prepared>)> done, bool planning = false);
    // The run that was prepared last, not started yet.
    std::shared_ptr<LiveRun> prepared_run() { return shared("loading"); }
    Result<Driver*> driver_of(const std::string& target) { return drivers_->of(target); }
    Result<std::string> open_secret(const Value& value) { return secrets_.open(value); }
    // Starts a prepared run: locks, `refuse`, begin. Calls back with the run's id, durable.
    void start(const Prepared& prepared, const StartOptions& options,
               std::function<void(Result<std::string>)> done);
    // Claims a run that rests or whose owner is dead, replays it and goes on.
    void resume(const std::string& run, const std::string& who, std::function<void(Status)> done);
    // Claims it, replays with `code` instead of its own bundle, and goes on with it where that does
    // not diverge.
    void resume_with(const std::string& run, const std::string& who, const Prepared& code,
                     std::function<void(Status)> done);

    // A command of a person at this terminal. Empty where taken; else why not.
    std::string command(const std::string& run, const Command& command);
    // Looks into the inbox now and calls back when what was there has been taken.
    void after_inbox(std::function<void()> done);
    // Stops starting anything; rests as paused. A second call gives up at once.
    void pause();
    // Gives the run up in the state it rests in; then calls back. `state` is the row's.
    void park(const std::string& run, const std::string& state, const std::string& reason,
              std::function<void()> done);

    Loop& loop() { return *loop_; }
    Store& store() { return *store_; }
    const std::string& id() const { return id_; }
    LiveRun* live(const std::string& run);
    Masker& masker() { return masker_; }
    const HostSetup& setup() const { return setup_; }
    std::function<void(std::string)> print = [](std::string) {};  // For notify's console.

private:
    friend class LiveRun;

    std::shared_ptr<LiveRun> shared(const std::string& run);
    void beat();
    void poll_inbox();
    void take_inbox(const std::vector<InboxRow>& rows);
    bool lease_holds() const;
    Result<Prepared> read_library(const Library& library, const std::string& environment,
                                  const std::string& runbook);
    Status use_environment(const Environment& environment);
    std::string check_facts(const Prepared& prepared, const Value* parent_targets) const;
    void create(std::shared_ptr<LiveRun> run, Value begin, std::vector<std::string> locks,
                double deadline, std::function<void(Result<std::string>)> done);
    // Claims the run and those below it, and replays them all (rules 7.4, 11.1).
    void claim(const RunRow& row, const std::string& who, const Prepared* code,
               std::function<void(Status)> done);
    Result<RunRow> claimable(const std::string& run);
    Result<std::shared_ptr<LiveRun>> claim_one(const RunRow& row, const std::string& who,
                                               const Prepared* code);
    void replay(std::shared_ptr<LiveRun> run);
    void start_child(LiveRun& parent, const EventId& id, const std::string& run,
                     const std::string& runbook, const Value& params);
    void undo_child(LiveRun& parent, const std::string& run);
    void child_rested(LiveRun& child);
    void tree_replayed();

    HostSetup setup_;
    Watcher& watcher_;
    std::string id_;
    std::string boot_id_;
    Masker masker_;
    SecretOpener secrets_{masker_};
    std::unique_ptr<Loop> loop_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<JournalWriter> writer_;
    std::unique_ptr<HttpClient> http_;
    Environment environment_;
    std::unique_ptr<Drivers> drivers_;
    std::map<std::string, std::shared_ptr<LiveRun>> runs_;
    int lock_fd_ = -1;
    double beat_count_ = 0;
    double last_beat_sent_ = 0;    // Boot clock of the last good one.
    std::set<std::string> taken_;  // Commands taken in this process.
    bool replaying_tree_ = false;
    std::map<std::string, std::vector<Value>> records_;  // Of claimed runs, until replayed.
};

// Who this is, as far as the operating system says: "name@machine".
std::string current_person();
std::string make_run_id(double wall_s);

}  // namespace perilune

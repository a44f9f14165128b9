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
#include "interpreter/lua/worker_port.h"
#include "interpreter/run/drivers.h"
#include "interpreter/run/engine.h"
#include "interpreter/run/secret_opener.h"
#include "interpreter/run/watcher.h"

namespace perilune {

class LiveRun;
struct Signature;

// How a host reaches the world. As it stands it is the real one; a simulation gives its own.
struct HostWorld {
    std::function<std::unique_ptr<Loop>()> make_loop = Loop::make;
    std::function<Result<std::unique_ptr<Store>>(const std::string& state_folder)> open_store =
        Store::open;
    // Empty: a process of HostSetup::worker_program.
    std::function<Result<std::unique_ptr<Worker>>(
        Loop& loop, const WorkerLimits& limits, Worker::OnMessage on_message, Worker::OnEnd on_end)>
        start_worker = {};
    MakeDriver make_driver = {};  // Empty: by the driver's kind.
    std::string host_id = {};     // Empty: made.
    std::string boot_id = {};     // Empty: the machine's.
    bool polls_inbox = true;      // False: only Host::after_inbox looks into it.
    // False: there is no network, no technical log and no lease to be kept up.
    bool real = true;
};

// What the program gives a host to work with.
struct HostSetup {
    HostWorld world = {};
    std::string state_folder;
    std::string worker_program;  // Path of perilune-worker.
    std::string program_folder;  // Where the other helper programs are.
    std::vector<const Family*> families;
    KnownDrivers known_drivers;
    // Makes the fetcher of an environment's secrets.
    std::function<Result<FetchSecret>(const SecretsSettings&, Loop&)> secrets;
    // Makes the fetcher of what a driver of the secrets family keeps; null where it cannot fetch.
    std::function<FetchSecret(const DriverKind&, const Driver&)> secrets_of_driver;
    double worker_cpu_s = 10;
    std::size_t worker_memory_bytes = 256 << 20;
    double grace_s = 30;  // How long a pause waits for what is in flight.
    Value services = {};  // Of a drill's environment: see fill_environment.
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

// How a run and those below it stand, together, where nothing in them goes on by itself.
struct Standing {
    Rest rest = Rest::waits;
    std::string reason = {};
    bool asked = false;     // Somebody is asked something, in whichever of the runs.
    bool doubtful = false;  // One of the changes may or may not have happened.
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
    // Loads the code that a run in the store carries, to plan the rest of it. Nothing is claimed.
    void prepare_rest(const RunRow& row, const Records& records,
                      std::function<void(Result<Prepared>)> done);
    // What an undo of a run in the store would take back; see Engine::undo_outlook.
    Result<Value> preview_undo(const RunRow& row, const Records& records, const std::string& step);
    // Loads a child run of what is planned, to plan it too; checked as when it is started.
    void load_child_for_plan(LiveRun& parent, const std::string& runbook,
                             std::function<void(Result<std::shared_ptr<LiveRun>>)> done);
    // The family of a target ("dns/site"), or null.
    const Family* family_of(std::string_view target) const;
    // Starts a prepared run: locks, `refuse`, begin. Calls back with the run's id, durable.
    void start(const Prepared& prepared, const StartOptions& options,
               std::function<void(Result<std::string>)> done);
    // Claims a run that rests or whose owner is dead, replays it and goes on.
    void resume(const std::string& run, const std::string& who, std::function<void(Status)> done);
    // Claims it and replays it with `code` instead of its own; goes on with that where it agrees
    // with what is recorded. Refused where a target it has used would be another thing.
    void resume_with(const std::string& run, const std::string& who, const Prepared& code,
                     std::function<void(Status)> done);
    // Reads a library and what a runbook needs of it; nothing is loaded. `services`: what a drill
    // has started for this environment.
    Result<Prepared> read_library(const Library& library, const std::string& environment,
                                  const std::string& runbook, const Value& services = {});

    // A command of a person at this terminal. Empty where taken; else why not.
    std::string command(const std::string& run, const Command& given);
    // Looks into the inbox now and calls back when what was there has been taken.
    void after_inbox(std::function<void()> done);
    // Stops starting anything; rests as paused. A second call gives up at once.
    void pause();
    // The run that is executed and those below it, it first.
    std::vector<LiveRun*> tree();
    // How they stand now; nothing while something goes on.
    std::optional<Standing> standing();
    // Whether none of them goes on because one has diverged or cannot be executed any more.
    bool stuck() { return stuck_run() != nullptr; }
    // Gives the runs up, the first in this state, the others in those they rest in; calls back.
    void park(const std::string& state, const std::string& reason, std::function<void()> done);

    Loop& loop() { return *loop_; }
    Store& store() { return *store_; }
    HttpClient& http() { return *http_; }
    const std::string& id() const { return id_; }
    LiveRun* live(const std::string& run);
    Masker& masker() { return masker_; }
    const HostSetup& setup() const { return setup_; }
    std::function<void(std::string)> print = [](const std::string&) {};  // For notify's console.

private:
    friend class LiveRun;

    std::shared_ptr<LiveRun> shared(const std::string& run);
    void beat();
    void poll_inbox();
    void take_inbox(const std::vector<InboxRow>& rows, const std::vector<Signature>& signatures);
    bool lease_holds() const;
    bool takes(const LiveRun& run, const Command& given);
    Status use_environment(const Environment& environment);
    void use_secret_targets();
    // host_drill.cpp
    void use_service_secrets(const Environment& environment);
    // Whether this may be executed in its environment, where it is a drill's file.
    Status allows_drill(const Prepared& prepared) const;
    // What a drill's own file may touch: everything of its environment.
    Value with_all_targets(Value facts) const;
    std::string check_facts(const Prepared& prepared, const Value* parent_targets) const;
    void create(std::shared_ptr<LiveRun> run, Value begin, const std::vector<std::string>& locks,
                double deadline, std::function<void(Result<std::string>)> done);

    // host_resume.cpp: claims and replays
    struct Stored {
        RunRow row;
        Prepared prepared;
        Records records;
    };
    void claim(const RunRow& row, const std::string& who, std::function<void(Status)> done);
    Result<Prepared> stored_code(const RunRow& row, const Records& records);
    Result<Prepared> read_texts(const Files& files, const Value& begin);
    Result<RunRow> claimable(const std::string& run);
    Result<Stored> read_stored(const RunRow& row);
    Result<std::shared_ptr<LiveRun>> claim_one(Stored stored, const std::string& who);
    void replay(LiveRun& run);

    // host_code.cpp: replacing the code of a run
    Status add_used_targets(const std::string& run, std::set<std::string>& used);
    Status check_replacement(const RunRow& row, const Prepared& code);
    void take_code();

    // host_tree.cpp: a run and those below it
    bool replaying();
    LiveRun* stuck_run();
    void tree_replayed();
    void go_live();
    void go_live(LiveRun& run);
    void run_rested(LiveRun& run, Rest how);
    void child_ended(LiveRun& child, LiveRun& parent);
    void undo_child(LiveRun& parent, const std::string& run);
    void lose_tree();

    void start_child(LiveRun& parent, const EventId& id, const std::string& run,
                     const std::string& runbook, const Value& params);

    struct Replacement {
        Bundle bundle;
        std::string who;
    };

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
    double beat_count_ = 0;
    double last_beat_sent_ = 0;    // Boot clock of the last good one.
    std::set<std::string> taken_;  // Commands taken in this process.
    std::string root_;   // The run that is executed; those below it have ids that begin with its.
    bool held_ = false;  // Replayed, and not gone on with before all of the tree are.
    std::optional<Replacement> replacing_;    // The code that is being tried.
    std::map<std::string, Records> records_;  // Of claimed runs, until replayed.
};

// Who this is, as far as the operating system says: "name@machine".
std::string current_person();
std::string make_run_id(double wall_s);

}  // namespace perilune

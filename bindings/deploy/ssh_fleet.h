// What the handlers of deploy's driver `ssh` share: the hosts, what is seen of them, and scripts.
#pragma once

#include <map>
#include <memory>

#include "bindings/deploy/target_state.h"
#include "interpreter/base/ssh_talk.h"

namespace perilune {

struct SshFleet {
    Loop& loop;
    std::string target;  // "deploy/web"
    std::vector<SshHost> hosts;
    std::string folder;  // On each host; {host} is filled in, here and below.
    std::string unit;
    std::vector<std::string> systemctl;
    std::vector<std::string> journalctl;
    std::vector<std::string> health;  // A command there; empty: an active unit is healthy.
    std::string artifacts;
    std::string endpoint;
    std::string archives;  // Of this machine: where artifacts are packed.
    std::size_t at_once = 1;
    double starts_within_s = 60;
    std::shared_ptr<SshConnections> connections;
};
using SharedFleet = std::shared_ptr<const SshFleet>;

// A release as one host knows it.
struct HostRelease {
    Value record;          // id, version, previous, message, digest, key, created_at
    double served_at = 0;  // When it was healthy there first; 0: never.
    std::string intent;    // That last made it the one to serve.
    std::string taken;     // The intent for which the unit was restarted with it.
    std::string failed;    // Why it was given up.
    bool has_files = false;
};

struct HostSight {
    Error error;  // Why it was not seen.
    bool seen = false;
    std::string current;  // The release it is to serve; empty: none.
    bool active = false;  // Its unit.
    bool healthy = false;
    std::string process;  // The unit's main process; another one after each start.
    std::optional<std::string> maintenance;  // The message, where it is on.
    std::string variables;                   // Of the next release, as it is stored.
    std::string released_variables;          // Of the current release.
    std::map<std::string, HostRelease> releases;
};

// All hosts at one time.
struct FleetSight {
    std::vector<HostSight> hosts;

    // A host's release is another's, too: the first record there is, or null.
    const Value* record(const std::string& id) const;
    // What all hosts that were seen are to serve; empty where they differ or have none.
    std::string current() const;
    // The newest release that any host is to serve; empty where there is none.
    std::string wanted() const;
    bool runs() const;  // Whether any host's unit does.
    // pending | serving | superseded | failed
    std::string state_of(const std::string& id) const;
    std::string reason_of(const std::string& id) const;
    double served_at(const std::string& id) const;  // On all hosts; 0: not on all.
    bool has_files(const std::string& id) const;    // On all hosts.
    std::vector<std::string> oldest_first() const;
    // What served before `id`, and could again; empty where there is none.
    std::string previous_of(const std::string& id) const;
    // The release that an intent made, or made the one to serve; empty where there is none.
    std::string made_by(const std::string& key) const;
    int healthy() const;
};

// Asks every host. What they keep of variables, secrets among them, comes only where it is needed.
enum class Sight { state, variables };
Awaitable<FleetSight> see_fleet(SharedFleet fleet, Call& call, Sight what = Sight::state);
// The same, and an error where any host did not answer: nothing is changed on a part of them.
Awaitable<Result<FleetSight>> see_whole_fleet(SharedFleet fleet, Call& call,
                                              Sight what = Sight::state);
// The error of a target of which no host answered; nothing where one did.
std::optional<Error> unseen(const FleetSight& sight);

Value fleet_app(const FleetSight& sight);
Value fleet_release(const FleetSight& sight, const std::string& id);
// What `before` and `after` of operations that move releases, start or stop hold.
Value fleet_serving(const SshFleet& fleet, const std::string& release_id, bool running);
Status refuse_fleet_slot(const SshFleet& fleet, const Call& call);

// Executes commands on one host, after the functions of ssh_fleet_script.cpp.
Awaitable<SshAnswer> ask_fleet_host(SharedFleet fleet, std::size_t host, Call& call,
                                    std::string commands);
// The same commands on each of these hosts, `at_once` at a time; their answers in that order. Where
// one does not answer, no further host is asked: its answer has no words and no error.
Awaitable<std::vector<SshAnswer>> ask_fleet(SharedFleet fleet, Call& call,
                                            std::vector<std::size_t> hosts, std::size_t at_once,
                                            std::string commands);
std::vector<std::size_t> all_of(const SshFleet& fleet);
// The outcome of a change of which some hosts did not answer; nothing where all did. `doing` says
// what was tried.
std::optional<Outcome> fleet_trouble(const SshFleet& fleet, const std::vector<std::size_t>& hosts,
                                     const std::vector<SshAnswer>& answers,
                                     const std::string& doing);

std::string fleet_script(const SshFleet& fleet, const SshHost& host, const std::string& commands);
std::string fill_host(const std::string& text, const SshHost& host);
std::string shell_assign(const std::string& name, const std::string& text);
// A shell command that stores `text` in a file there, atomically.
std::string store_there(const std::string& path, const std::string& text);

// Puts the files of a release on every host that lacks them, and writes its record down.
struct FleetRelease {
    std::string id;
    Value record;
    Variables variables;
    std::string copied_from;  // A release whose files it shares; empty: the artifact is sent.
};
Awaitable<Outcome> place_release(SharedFleet fleet, Call& call, const FleetSight& sight,
                                 FleetRelease release);
// Sends the artifact's files as release `id`; `done` has nothing.
Awaitable<Outcome> send_artifact(SharedFleet fleet, Call& call, std::string version, std::string id,
                                 std::vector<std::size_t> hosts);

// Takes every host to a release, batch by batch, each healthy before the next goes. Where one does
// not become healthy, those that were taken there go back to `previous`, and the release is failed:
// the outcome is done, and its value says so.
Awaitable<Outcome> roll_out(SharedFleet fleet, Call& call, std::string id, std::string previous);

// Takes the hosts that are to serve the release back to `previous`, or to nothing, and writes down
// why. May be done again where it was cut off.
Awaitable<Outcome> give_up(SharedFleet fleet, Call& call, std::string id, std::string previous,
                           std::string reason);

// What became of one whose answer was lost. A rollout that was cut off goes on: every part of it
// may be done again.
Awaitable<Sighting> look_for_rollout(SharedFleet fleet, Call& call, Value before);

constexpr double fleet_undo_within_s = 120;  // How long an undo waits until it serves.

std::string fleet_release_id(const std::string& version, const std::string& key);
// The text of a unit's EnvironmentFile; refuses names that none can have.
Result<std::string> environment_file(const SshFleet& fleet, const Value& record,
                                     const Variables& variables);
// What the next release gets, as the first host has it.
Result<Variables> next_variables(const SshFleet& fleet, const FleetSight& sight);
// The release of an operation that waits, or why it does not serve.
Awaitable<Result<Value>> await_fleet_serving(SharedFleet fleet, Call& call, std::string release_id,
                                             std::string version, double within_s);
Error fleet_wrong_version(const SshFleet& fleet, const FleetSight& sight, const std::string& id);
// For the doctor.
Awaitable<Result<Value>> examine_fleet(SharedFleet fleet, Call& call);

void add_fleet_observes(std::map<std::string, Handler, std::less<>>& handlers, SharedFleet fleet);
void add_fleet_logs(std::map<std::string, Handler, std::less<>>& handlers, SharedFleet fleet);
void add_fleet_releases(std::map<std::string, Handler, std::less<>>& handlers, SharedFleet fleet);
void add_fleet_promotions(std::map<std::string, Handler, std::less<>>& handlers, SharedFleet fleet);
void add_fleet_controls(std::map<std::string, Handler, std::less<>>& handlers, SharedFleet fleet);
void add_fleet_environment(std::map<std::string, Handler, std::less<>>& handlers,
                           SharedFleet fleet);

}  // namespace perilune

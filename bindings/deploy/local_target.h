// What the handlers of deploy's local driver share: the target, its supervisor, what is seen of it.
#pragma once

#include <memory>

#include "bindings/deploy/target_state.h"
#include "interpreter/base/driver.h"

namespace perilune {

struct LocalTarget {
    Loop& loop;
    std::string target;  // "deploy/web"
    std::string root;
    std::string artifacts;
    std::string endpoint;
    LocalSettings settings;
    int instances = 1;       // At the first release.
    std::string supervisor;  // Path of perilune-supervisor.
    std::string socket;      // Where a supervisor that this host starts listens.
};

using SharedTarget = std::shared_ptr<const LocalTarget>;

// What blocks, for off_loop. Name one before it is awaited: g++ 12.2 frees a temporary function
// twice.
template <class T>
using Work = std::function<T()>;

// Asks the target's supervisor, which is started where none is alive. Every request may be
// repeated, and is until it is answered. An error's `retry` is `safe` where the request was never
// taken, `unknown` where it may have been.
Awaitable<Result<Value>> ask(SharedTarget local, Value request, Call& call);
// Starts the supervisor again where it has died and something is to run.
Awaitable<bool> wake(SharedTarget local, Call& call);
Outcome outcome_of(Error error);

struct InstanceSight {
    int number = 0;
    bool alive = false;
    bool healthy = false;
    std::string release_id;
    int generation = 0;
    double started_at = 0;
};
// Every instance that is to run or does, each asked for its health now.
std::vector<InstanceSight> see_instances(const LocalTarget& local, const TargetState& state);
// Whether every instance that is to run does so, healthy, with what is wanted.
bool is_settled(const TargetState& state, const std::vector<InstanceSight>& instances);

Value app_value(const TargetState& state, const std::vector<InstanceSight>& instances);
Value release_value(const LocalTarget& local, const ReleaseRecord& release);
// What `before` and `after` of operations that move releases, start or stop hold.
Value serving_state(const LocalTarget& local, const TargetState& state);
// The release a rollback returns to; null where there is none.
const ReleaseRecord* rollback_target(const TargetState& state);
// A look at an intent finds nothing in another machine's folder.
std::string place_of(const LocalTarget& local);

// The release that a call's intent made or made the wanted one; null where there is none.
const ReleaseRecord* made_by(const TargetState& state, const Call& call);
// Asks for a change that answers with a release, and gives it as the outcome.
Awaitable<Outcome> ask_for_release(SharedTarget local, Value request, Call& call);
// `look` of those changes.
Sighting look_for_release(const LocalTarget& local, const Call& call, const Value& before);

// What a rollback or promote of an undo is given: it is over once the release serves again.
Value serving_again(const Value& release_id);
// Waits until the release serves: its value, or why it does not.
Awaitable<Result<Value>> await_serving(SharedTarget local, Call& call, std::string release_id,
                                       double within_s);

// Fails with `no_slots` where the call names one.
Status refuse_slot(const LocalTarget& local, const Call& call);

// What set_maintenance finds, is asked for and gives; and what takes it back.
Value maintenance_state(const TargetState& state);
Value wanted_maintenance(const Call& call);
Value maintenance_value(const Value& before, const Value& after, bool changed);
std::optional<Restore> restore_maintenance(const Call& call, const Value& before,
                                           const Value& result);

// What prune_releases takes away and leaves, oldest first.
struct Prunable {
    List removed;
    List kept;
};
Prunable find_prunable(const TargetState& state, const Call& call);
Value pruned_value(const Prunable& prunable, bool changed);

using Handlers = std::map<std::string, Handler, std::less<>>;
void add_observes(Handlers& handlers, SharedTarget local);
void add_waits(Handlers& handlers, SharedTarget local);
void add_releases(Handlers& handlers, SharedTarget local);
void add_promotions(Handlers& handlers, SharedTarget local);
void add_controls(Handlers& handlers, SharedTarget local);
void add_environment(Handlers& handlers, SharedTarget local);
void add_maintenance(Handlers& handlers, SharedTarget local);

}  // namespace perilune

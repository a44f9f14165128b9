// The handlers of a simulated deploy target, by kind. All of them work on one application, which
// outlives them.
#pragma once

#include "bindings/deploy/simulated_app.h"
#include "interpreter/base/simulated_handlers.h"

namespace perilune {

void add_simulated_observes(Handlers& handlers, SimulatedApp& app);
void add_simulated_waits(Handlers& handlers, SimulatedApp& app, Loop& loop);
void add_simulated_releases(Handlers& handlers, SimulatedApp& app);
void add_simulated_promotions(Handlers& handlers, SimulatedApp& app, Loop& loop);
void add_simulated_controls(Handlers& handlers, SimulatedApp& app, Loop& loop);
void add_simulated_environment(Handlers& handlers, SimulatedApp& app);
void add_simulated_network(Handlers& handlers, SimulatedApp& app);

// Waits until the release serves: its value, or why it does not.
Awaitable<Result<Value>> await_simulated_serving(SimulatedApp& app, Loop& loop, Call& call,
                                                 Value named, double within_s);

// The release that a call's intent made or made the wanted one; null where there is none.
struct SimulatedMove {
    SimulatedSlot* slot = nullptr;
    ReleaseRecord* release = nullptr;
};
SimulatedMove find_move(SimulatedApp& app, const Call& call);
// The outcome of a change that made `release` the wanted one, whatever has happened since.
Outcome outcome_of_move(SimulatedApp& app, const SimulatedMove& move);
Sighting look_for_move(SimulatedApp& app, const Call& call);

}  // namespace perilune

// A runbook's worker in this process: the same vocabulary and messages, in a Lua state of its own.
#pragma once

#include <memory>

#include "interpreter/base/loop.h"
#include "interpreter/lua/worker_port.h"
#include "interpreter/simulator/lua_program.h"

namespace perilune {

// What it uses beyond the limits ends this process: a simulator is watched by the one that started
// it, which then says which test did that.
Result<std::unique_ptr<Worker>> start_script_worker(Loop& loop, const WorkerLimits& limits,
                                                    ProbeHits* hits, Worker::OnMessage on_message,
                                                    Worker::OnEnd on_end);

}  // namespace perilune

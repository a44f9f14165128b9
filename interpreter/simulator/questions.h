// What a test file asks of the worlds it has made: `wire.ask { kind, world, … }`.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "interpreter/simulator/rehearsal.h"

namespace perilune {

class Questions {
public:
    // `setup` is what each world is made with.
    explicit Questions(std::function<RehearsalSetup(std::uint64_t seed)> setup)
        : setup_(std::move(setup)) {}

    // Where is told { effect }, each act in a world (see effect_value in questions.cpp), and
    // { meanwhile, call }: what meets such a fault.
    std::function<void(const Value& event)> on_event;

    // { value } or { error = { code, message, … } }.
    Value answer(const Value& asked);

private:
    Result<Value> answer_to(const std::string& kind, const Value& asked);
    Result<Value> make_world(const Value& asked);
    Result<Value> execute(const std::string& kind, Rehearsal& in, const Value& asked);
    Result<Value> ask_target(const std::string& kind, Rehearsal& in, const Value& asked);

    std::function<RehearsalSetup(std::uint64_t)> setup_;
    std::vector<std::unique_ptr<Rehearsal>> worlds_;
};

}  // namespace perilune

// What every driver of the metrics family must do whose place keeps silences or records of
// deployments, over the place's faults.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "tests/services/double.h"
#include "tests/support/driver_rig.h"

namespace perilune::test {

// What happens to the next request that makes the change.
enum class Spoiled { answer_lost, request_lost, throttled, refused };

// A place where one change can be made, and the request that makes it.
struct ChangeSubject {
    std::shared_ptr<DriverRig> rig;  // Its secret KEY opens the place.
    const Double* faults = nullptr;  // What stands in front of the place, or is it.
    std::string operation;
    Value arguments;
    std::string method, path;  // Of the request that makes the change.
    Value refusal;             // The place's body of a refusal with the text "Not like this".
    // In place of `faults`, of a place in memory; there are no credentials to be refused then.
    std::function<void(Spoiled)> spoil = {};
    std::function<int()> made;  // How many there are now, as another client sees them.
    std::shared_ptr<void> place;
};

// The change is made once though its answer is lost, is looked for, is sent again where it was
// throttled, and fails in the place's own words.
void check_change_conformance(const std::function<ChangeSubject()>& make);

// Besides, for silences: what undo and unsilence do.
void check_silence_conformance(const std::function<ChangeSubject()>& make);

}  // namespace perilune::test

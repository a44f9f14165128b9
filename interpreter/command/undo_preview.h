// undo --preview: what an undo would take back, what it cannot, and what is meant to stay.
#pragma once

#include "interpreter/command/command.h"

namespace perilune {

int execute_undo_preview(const Invocation& invocation);

}  // namespace perilune

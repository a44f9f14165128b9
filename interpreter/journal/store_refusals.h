// What every state store refuses, in the same words.
#pragma once

#include <string>

#include "interpreter/journal/store.h"

namespace perilune {

// An id is typed by people, shown in lines and put into paths of other tools.
Status check_run_id(const std::string& id);

// "at 2026-01-01T10:00:00Z and is executed by web-1, process 312"; `host` null: by nobody.
std::string since_text(const RunRow& row, const HostRow* host);

Error run_exists(const std::string& id, const std::string& since);
// The holder's id is the error's detail.
Error lock_held(const std::string& name, const std::string& holder, const std::string& since);

}  // namespace perilune

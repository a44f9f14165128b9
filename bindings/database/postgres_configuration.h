// What is local to a server and no part of its data: its configuration, certificates and keys. Data
// that comes from elsewhere brings another's: another port, other keys. All of it blocks.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bindings/database/postgres_server.h"

namespace perilune {

// Copies it out of the data folder, unless an earlier try that was cut short has done so.
Status keep_configuration(const LocalServer& server);
Status put_configuration_back(const LocalServer& server);
void forget_configuration(const LocalServer& server);

// Writes settings into the file that stands before every other, in place of what it says of them
// and of recovery's end.
Status write_own_settings(const LocalServer& server,
                          const std::vector<std::pair<std::string, std::string>>& settings);

// Leaves the empty file by which the server knows how to start, and no other one.
Status write_signal(const LocalServer& server, const std::string& name);

// A text in single quotes, each quote in it after `before_quote`.
std::string quote_setting(const std::string& text, char before_quote);

}  // namespace perilune

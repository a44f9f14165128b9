// What PostgreSQL's own programs are, and how they log in.
#pragma once

#include <string>
#include <vector>

#include "bindings/database/piped_program.h"
#include "bindings/database/postgres_address.h"

namespace perilune {

// The path of a program: in `folder`, or where it is empty the newest version that is installed.
// Errors: no_program.
Result<std::string> find_postgres_program(const std::string& folder, const std::string& name);

// What a program is given to log in to the database of an address by itself: variables, for an
// argument could be read by everybody on this machine.
std::vector<std::string> login_of(const PostgresAddress& address, const PostgresEndpoint& endpoint);

}  // namespace perilune

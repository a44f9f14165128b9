// What a PostgreSQL server's answers mean for a runbook.
#pragma once

#include <string>

#include "interpreter/base/result.h"

namespace perilune {

// One error as the server said it.
struct PostgresSaid {
    std::string state;  // SQLSTATE (PostgreSQL's manual, appendix A); empty where there was none.
    std::string message;
    std::string detail;
    std::string hint;
    std::string at;  // The words of the statement at which it stopped.
};

// An error of a statement. `name` is "database/primary (app at host:5432)". Codes: database_busy,
// read_only, constraint_failed, disk_full, not_allowed, not_found, timed_out, cancelled, damaged,
// too_many_connections, not_ready, connection_lost, sql_failed. `safe` where trying again later can
// succeed.
Error postgres_error(const std::string& name, const PostgresSaid& said);

// What only hinders the asking: it says nothing about what was asked for.
bool hinders(const Error& error);

// An error of connecting, from libpq's words with PQERRORS_VERBOSE.
Error connect_error(const std::string& name, const std::string& words, bool wants_password);

}  // namespace perilune

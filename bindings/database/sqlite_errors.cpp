// What SQLite's result codes mean, how a connection is interrupted, and what SQL may do.
#include "bindings/database/sqlite_errors.h"

#include <algorithm>
#include <string_view>

#include <sqlite3.h>

#include "bindings/database/sqlite_guard.h"

namespace perilune {

namespace {

// Pragmas that only read, whatever their argument.
constexpr std::string_view reading_pragmas[] = {
    "table_info",    "table_xinfo",      "table_list",        "index_info",      "index_xinfo",
    "index_list",    "foreign_key_list", "foreign_key_check", "integrity_check", "quick_check",
    "database_list", "collation_list",   "compile_options",   "function_list",   "data_version"};
// Pragmas that read without an argument, and set something with one.
constexpr std::string_view asking_pragmas[] = {
    "user_version", "application_id", "page_count",   "page_size",   "freelist_count",
    "encoding",     "schema_version", "journal_mode", "auto_vacuum", "foreign_keys"};

bool is_among(std::string_view name, const auto& names) {
    return std::any_of(std::begin(names), std::end(names), [&](std::string_view known) {
        return std::equal(name.begin(), name.end(), known.begin(), known.end(),
                          [](char a, char b) { return (a | 0x20) == (b | 0x20); });
    });
}

}  // namespace

int judge_sql(void* guard, int action, const char* first, const char* second, const char*,
              const char*) {
    const bool reads = *static_cast<const Guard*>(guard) == Guard::reads;
    switch (action) {
        case SQLITE_ATTACH:
        case SQLITE_DETACH:
        case SQLITE_TRANSACTION:
        case SQLITE_SAVEPOINT: return SQLITE_DENY;
        case SQLITE_FUNCTION:
            return second && std::string_view(second) == "load_extension" ? SQLITE_DENY : SQLITE_OK;
        case SQLITE_PRAGMA:
            if (!reads || is_among(first, reading_pragmas)) return SQLITE_OK;
            return !second && is_among(first, asking_pragmas) ? SQLITE_OK : SQLITE_DENY;
        default: return SQLITE_OK;
    }
}

Error sqlite_error(const std::string& doing, int code, const std::string& said,
                   Interrupter::Why why) {
    const std::string what = doing + " failed: " + said + " (SQLite " + std::to_string(code) + ").";
    switch (code & 0xff) {
        case SQLITE_NOTADB:
        case SQLITE_CORRUPT:
        case SQLITE_FORMAT:
            return fail("damaged", what +
                                       " The file is damaged, or no database. Restore it from "
                                       "a backup.");
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            if (why == Interrupter::Why::none)
                return fail("database_busy",
                            what +
                                " Others kept it locked for too long. Try again, or stop what "
                                "holds it.",
                            Retry::safe);
            [[fallthrough]];
        case SQLITE_INTERRUPT:
            if (why == Interrupter::Why::cancelled)
                return fail("cancelled", doing + " was told to stop.", Retry::safe);
            return fail("timed_out", doing + " did not end in time. Give it more with `timeout`.",
                        Retry::safe);
        case SQLITE_READONLY:
            return fail("read_only", what +
                                         " The database is fenced, or the file may not be "
                                         "written. Use unfence, or mend its permissions.");
        case SQLITE_FULL: return fail("disk_full", what + " Make room on its disk.", Retry::safe);
        case SQLITE_IOERR:
            return fail("file_failed", what + " Look at the disk and the system's log.");
        case SQLITE_CANTOPEN:
            return fail("file_failed", what +
                                           " Look at the permissions of the file and its "
                                           "folder.");
        case SQLITE_CONSTRAINT: return fail("constraint_failed", what);
        case SQLITE_AUTH:
            return fail("not_allowed", what +
                                           " SQL in an operation may not attach files, begin or "
                                           "end transactions, or set what outlives it.");
        default: return fail("sql_failed", what);
    }
}

void Interrupter::ask(Why why) {
    const std::lock_guard lock(mutex_);
    if (why_ == Why::none) why_ = why;
    for (sqlite3* connection : connections_) sqlite3_interrupt(connection);
}

Interrupter::Why Interrupter::why() const {
    const std::lock_guard lock(mutex_);
    return why_;
}

void Interrupter::attach(sqlite3* connection) {
    const std::lock_guard lock(mutex_);
    connections_.push_back(connection);
}

void Interrupter::detach(sqlite3* connection) {
    const std::lock_guard lock(mutex_);
    std::erase(connections_, connection);
}

std::string quote_name(std::string_view name) {
    std::string quoted = "\"";
    for (const char c : name) quoted += c == '"' ? "\"\"" : std::string(1, c);
    return quoted + "\"";
}

std::string quote_text(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text) quoted += c == '\'' ? "''" : std::string(1, c);
    return quoted + "'";
}

std::string sqlite_version() { return sqlite3_libversion(); }

}  // namespace perilune

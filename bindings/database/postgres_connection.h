// One connection to a PostgreSQL server, asynchronously on the host's loop.
//
// Nothing here keeps state in a session that a pooler such as PgBouncer could hand to another: no
// named statements, no SET outside of a transaction, no LISTEN, no session locks.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bindings/database/postgres_address.h"
#include "interpreter/base/driver.h"

struct pg_conn;
struct pg_result;

namespace perilune {

struct PostgresColumn {
    std::string name;
    unsigned type = 0;  // The type's oid.
};

// Values as the server writes them; nothing where they are NULL.
using PostgresRow = std::vector<std::optional<std::string>>;

struct PostgresRows {
    std::vector<PostgresColumn> columns;
    std::vector<PostgresRow> rows;  // Empty where they were taken one by one.
    std::string tag;                // What was done: "INSERT 0 3".
    double affected = 0;            // Rows that were inserted, updated, deleted or copied.

    // The first value of the first row; empty where there is none.
    const std::string& first() const;
};

// $1, $2 …, each as text that the server reads by the type it expects.
using PostgresParameters = std::vector<std::optional<std::string>>;

// When what is done with a connection has to end.
struct PostgresLimits {
    double deadline_s = 0;  // On the boot clock.
    double connect_timeout_s = 10;
    std::shared_ptr<Cancel> cancel;
};

class PostgresConnection {
public:
    // Connects to the first server of the address that takes it. Errors: refused, unreachable,
    // name_not_found, timed_out, tls_failed, credentials_refused, not_found (no such database),
    // not_allowed, fenced, too_many_connections, not_ready.
    static Awaitable<Result<std::unique_ptr<PostgresConnection>>> open(Loop& loop,
                                                                       PostgresAddress address,
                                                                       PostgresLimits limits);
    ~PostgresConnection();
    PostgresConnection(const PostgresConnection&) = delete;
    PostgresConnection& operator=(const PostgresConnection&) = delete;

    // Begins a transaction: `sql` is "begin", with what is to hold within it.
    Awaitable<Status> begin(std::string sql);
    // Executes our own SQL, several statements in one message; gives the last one's rows.
    Awaitable<Result<PostgresRows>> execute(std::string sql);
    // Executes one statement. The server itself refuses more than one in such a message.
    Awaitable<Result<PostgresRows>> query(std::string sql, PostgresParameters parameters = {});
    // Takes rows one by one as they come, so that no result is too long. An error of `take` stops
    // the statement.
    using Take = std::function<Status(const PostgresRows& head, const PostgresRow& row)>;
    Awaitable<Result<PostgresRows>> each(std::string sql, PostgresParameters parameters, Take take);

    // Commits. An error with `retry` unknown: the answer was lost, and it may have happened.
    Awaitable<Status> commit();

    const PostgresAddress& address() const { return address_; }
    const PostgresEndpoint& endpoint() const { return endpoint_; }  // The server that took it.
    const PostgresLimits& limits() const { return limits_; }
    // What is left until the deadline, as `statement_timeout` takes it.
    std::string left_ms() const;
    // The form that the server checks instead of a password: it never sees or logs the password.
    Result<std::string> hide_password(const std::string& user, const std::string& password) const;

private:
    enum class Sent { begin, statement, commit };
    using Send = std::function<int(pg_conn*)>;

    PostgresConnection(Loop& loop, PostgresAddress address, PostgresEndpoint endpoint,
                       PostgresLimits limits);

    Awaitable<Status> connect(std::string session_attributes);
    bool start_connecting(const std::string& session_attributes);
    Awaitable<Result<PostgresRows>> exchange(Send send, Take take, Sent what);
    Awaitable<bool> wait_for_answer();
    Awaitable<bool> stop_statement();
    Status collect(pg_result* result, const Take& take, PostgresRows& rows);
    std::optional<Error> asked_to_stop() const;
    void close();
    Error lost(Sent what) const;
    std::string name() const;

    Loop& loop_;
    PostgresAddress address_;
    PostgresEndpoint endpoint_;
    PostgresLimits limits_;
    std::shared_ptr<pg_conn> connection_;
    bool in_transaction_ = false;  // By the last answer.
    std::optional<Error> stop_;    // Why the statement under way was told to stop.
    double give_up_at_s_ = 0;      // When a statement that was told to stop is left alone.
    std::string sent_;             // The SQL of the statement under way.
    std::string said_last_;        // The last words about a lost connection.
};

using PostgresPointer = std::unique_ptr<PostgresConnection>;

}  // namespace perilune

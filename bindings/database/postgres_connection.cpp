// The statements of a connection: libpq's asynchronous commands, driven by the host's loop.
#include "bindings/database/postgres_connection.h"

#include <algorithm>
#include <cmath>

#include <libpq-fe.h>

#include "bindings/database/postgres_errors.h"
#include "bindings/database/postgres_functions.h"
#include "bindings/database/postgres_wait.h"

namespace perilune {

namespace {

constexpr double look_every_s = 0.1;       // How soon a request to stop is seen.
constexpr double stops_within_s = 5;       // After it, a silent server is left alone.
constexpr double server_goes_first_s = 1;  // At the deadline it stops the statement itself.
constexpr double timeout_ms_max = 2e9;
constexpr std::size_t shown_max = 80;

// libpq takes texts up to their first NUL byte: what follows it would be left out without a word.
bool has_nul(const std::string& text) { return text.find('\0') != std::string::npos; }

std::string text_of(const char* text) { return text ? text : ""; }

// The words of a statement around the place, counted in characters from 1, that an error names.
std::string words_at(const std::string& sql, const std::string& position) {
    if (position.empty()) return {};
    std::size_t at = 0;
    for (long left = std::strtol(position.c_str(), nullptr, 10) - 1; left > 0 && at < sql.size();
         --left)
        for (++at; at < sql.size() && (static_cast<unsigned char>(sql[at]) & 0xc0) == 0x80;) ++at;
    std::string words = sql.substr(at, shown_max);
    return words.substr(0, words.find('\n'));
}

PostgresSaid said_in(const PGresult* result) {
    PostgresSaid said;
    said.state = text_of(PQresultErrorField(result, PG_DIAG_SQLSTATE));
    said.message = text_of(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
    said.detail = text_of(PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL));
    said.hint = text_of(PQresultErrorField(result, PG_DIAG_MESSAGE_HINT));
    said.at = text_of(PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION));
    if (said.message.empty()) said.message = text_of(PQresultErrorMessage(result));
    return said;
}

PostgresRow row_of(const PGresult* result, int row) {
    PostgresRow values;
    values.reserve(static_cast<std::size_t>(PQnfields(result)));
    for (int column = 0; column < PQnfields(result); ++column) {
        if (PQgetisnull(result, row, column)) {
            values.emplace_back();
        } else {
            values.emplace_back(
                std::string(PQgetvalue(result, row, column),
                            static_cast<std::size_t>(PQgetlength(result, row, column))));
        }
    }
    return values;
}

// The rows that a statement changed, by its tag: "INSERT 0 3", "UPDATE 3".
double affected_by(const std::string& tag) {
    for (const char* word : {"INSERT", "UPDATE", "DELETE", "MERGE", "COPY"})
        if (tag.starts_with(word)) return std::strtod(tag.c_str() + tag.rfind(' '), nullptr);
    return 0;
}

void read_columns(const PGresult* result, PostgresRows& rows) {
    rows.columns.clear();
    for (int column = 0; column < PQnfields(result); ++column)
        rows.columns.push_back({PQfname(result, column), PQftype(result, column)});
}

}  // namespace

const std::string& PostgresRows::first() const {
    static const std::string none;
    return rows.empty() || rows[0].empty() || !rows[0][0] ? none : *rows[0][0];
}

std::string PostgresConnection::left_ms() const {
    const double left = std::ceil((limits_.deadline_s - boot_now_s()) * 1000);
    return std::to_string(static_cast<long>(std::clamp(left, 1.0, timeout_ms_max)));
}

std::string PostgresConnection::name() const {
    return address_.target + " (" + address_.database() + " at " + endpoint_.show() + ")";
}

std::optional<Error> PostgresConnection::asked_to_stop() const {
    if (limits_.cancel && limits_.cancel->asked())
        return fail("cancelled", "What was asked of " + name() + " was told to stop.", Retry::safe);
    if (boot_now_s() > limits_.deadline_s + server_goes_first_s)
        return fail(
            "timed_out",
            "What was asked of " + name() + " did not end in time. Give it more with `timeout`.",
            Retry::safe);
    return std::nullopt;
}

Error PostgresConnection::lost(Sent what) const {
    // What was not committed is gone with the connection.
    const bool certain = what == Sent::begin || (in_transaction_ && what == Sent::statement);
    std::string words = said_last_.empty() ? "" : " (" + said_last_ + ")";
    std::replace(words.begin(), words.end(), '\n', ' ');
    return fail("connection_lost",
                "The connection to " + name() + " was lost" + words + ". " +
                    (certain ? "What had been done in its transaction was not kept."
                             : "Whether the last statement was executed is not known."),
                certain ? Retry::safe : Retry::unknown);
}

Awaitable<Status> PostgresConnection::begin(std::string sql) {
    sent_ = std::move(sql);
    Send send = [this](PGconn* connection) { return PQsendQuery(connection, sent_.c_str()); };
    const auto done = co_await exchange(send, Take(), Sent::begin);
    if (!done) co_return done.error();
    co_return Done{};
}

Awaitable<Result<PostgresRows>> PostgresConnection::execute(std::string sql) {
    sent_ = std::move(sql);
    Send send = [this](PGconn* connection) { return PQsendQuery(connection, sent_.c_str()); };
    co_return co_await exchange(send, Take(), Sent::statement);
}

Awaitable<Result<PostgresRows>> PostgresConnection::query(std::string sql,
                                                          PostgresParameters parameters) {
    co_return co_await each(std::move(sql), std::move(parameters), Take());
}

Awaitable<Result<PostgresRows>> PostgresConnection::each(std::string sql,
                                                         PostgresParameters parameters, Take take) {
    bool cut = has_nul(sql);
    for (const auto& parameter : parameters) cut = cut || (parameter && has_nul(*parameter));
    if (cut)
        co_return fail("bad_argument", "The SQL for " + name() +
                                           ", or a name in it, holds a NUL byte, which PostgreSQL "
                                           "does not take.");
    sent_ = std::move(sql);
    std::vector<const char*> values;
    for (const auto& parameter : parameters)
        values.push_back(parameter ? parameter->c_str() : nullptr);
    Send send = [&](PGconn* connection) {
        return PQsendQueryParams(connection, sent_.c_str(), static_cast<int>(values.size()),
                                 nullptr, values.data(), nullptr, nullptr, 0);
    };
    auto rows = co_await exchange(send, take, Sent::statement);
    co_return rows;
}

Awaitable<Status> PostgresConnection::commit() {
    if (const auto stop = asked_to_stop()) co_return *stop;
    Send send = [](PGconn* connection) { return PQsendQuery(connection, "commit"); };
    const auto done = co_await exchange(send, Take(), Sent::commit);
    if (!done) co_return done.error();
    if (done->tag == "COMMIT") co_return Done{};
    co_return fail("sql_failed", name() + " rolled the transaction back in place of committing.");
}

// Sends, and takes all that comes back until the server is ready for the next statement.
Awaitable<Result<PostgresRows>> PostgresConnection::exchange(Send send, Take take, Sent what) {
    if (!connection_) co_return lost(what);
    if (const auto stop = asked_to_stop(); stop && what != Sent::commit) co_return *stop;
    stop_.reset();
    give_up_at_s_ = 0;
    if (!send(connection_.get())) {
        close();
        co_return lost(what);
    }
    if (take) PQsetSingleRowMode(connection_.get());
    PostgresRows rows;
    std::optional<Error> failed;
    for (;;) {
        const bool answered = co_await wait_for_answer();
        if (!answered) {
            close();
            if (stop_ && in_transaction_ && what != Sent::commit) co_return *stop_;
            co_return lost(what);
        }
        PGresult* result = PQgetResult(connection_.get());
        if (!result) break;
        const auto collected = collect(result, take, rows);
        PQclear(result);
        if (!collected && !failed) failed = collected.error();
        if (!connection_) co_return *failed;
        if (PQstatus(connection_.get()) != CONNECTION_BAD) continue;
        close();
        co_return lost(what);
    }
    in_transaction_ = PQtransactionStatus(connection_.get()) != PQTRANS_IDLE;
    // What was done although it was told to stop is done, unless its transaction is still open.
    if (stop_ && (failed || take || in_transaction_)) co_return *stop_;
    if (failed) co_return *failed;
    co_return rows;
}

Status PostgresConnection::collect(PGresult* result, const Take& take, PostgresRows& rows) {
    switch (PQresultStatus(result)) {
        case PGRES_TUPLES_OK:
        case PGRES_SINGLE_TUPLE:
            if (rows.columns.empty() || !take) read_columns(result, rows);
            if (!take) rows.rows.clear();
            for (int row = 0; row < PQntuples(result); ++row) {
                if (!take) rows.rows.push_back(row_of(result, row));
                if (!take || stop_) continue;
                if (const auto taken = take(rows, row_of(result, row)); !taken)
                    stop_ = taken.error();
            }
            break;
        case PGRES_COMMAND_OK: break;
        case PGRES_EMPTY_QUERY: return fail("bad_argument", "The SQL holds no statement.");
        case PGRES_COPY_IN:
        case PGRES_COPY_OUT:
        case PGRES_COPY_BOTH:
            close();
            return fail("not_allowed",
                        "COPY from or to the client has nothing to read or write here; nothing of "
                        "its transaction was kept.");
        default: {
            PostgresSaid said = said_in(result);
            said_last_ = said.message;
            said.at = words_at(sent_, said.at);
            return postgres_error(name(), said);
        }
    }
    rows.tag = PQcmdStatus(result);
    rows.affected = affected_by(rows.tag);
    return Done{};
}

// Waits until a result can be taken without blocking. False: there will be none.
Awaitable<bool> PostgresConnection::wait_for_answer() {
    for (;;) {
        const int left = PQflush(connection_.get());
        if (left < 0) co_return false;
        if (left == 0 && !PQisBusy(connection_.get())) co_return true;
        if (!stop_) stop_ = asked_to_stop();
        if (stop_ && give_up_at_s_ == 0) co_await stop_statement();
        if (stop_ && boot_now_s() > give_up_at_s_) co_return false;
        const SocketWish wish = left > 0 ? SocketWish::both : SocketWish::read;
        const int socket = PQsocket(connection_.get());
        if (socket < 0) co_return false;
        co_await wait_for_socket(loop_, socket, wish, boot_now_s() + look_every_s);
        if (PQconsumeInput(connection_.get())) continue;
        said_last_ = text_of(PQerrorMessage(connection_.get()));
        // What came before the end may be an answer.
        if (PQisBusy(connection_.get())) co_return false;
    }
}

// PQcancel connects and waits: off the loop, and not for ever.
Awaitable<bool> PostgresConnection::stop_statement() {
    give_up_at_s_ = boot_now_s() + stops_within_s;
    const std::shared_ptr<PGcancel> cancel(PQgetCancel(connection_.get()), PQfreeCancel);
    if (!cancel) co_return false;
    std::function<void()> work = [cancel] {
        char why[256];
        PQcancel(cancel.get(), why, sizeof why);
    };
    co_return co_await end_off_loop(loop_, work, give_up_at_s_);
}

}  // namespace perilune

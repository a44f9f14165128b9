#include "bindings/database/postgres_target.h"

#include "interpreter/base/http_headers.h"

namespace perilune {

namespace {

constexpr double deadline_s_default = 3600;
constexpr std::size_t masked_min = 8;  // A shorter password would be masked in ordinary words.

std::string doubled(std::string_view text, char quote) {
    std::string out(1, quote);
    for (const char c : text) {
        if (c == quote) out += quote;
        out += c;
    }
    return out + quote;
}

}  // namespace

std::string quote_identifier(std::string_view name) { return doubled(name, '"'); }

std::string quote_literal(std::string_view text) {
    // With a backslash the meaning would depend on standard_conforming_strings.
    std::string quoted = doubled(text, '\'');
    if (text.find('\\') == std::string_view::npos) return quoted;
    std::string escaped = "E";
    for (const char c : quoted) escaped += c == '\\' ? "\\\\" : std::string(1, c);
    return escaped;
}

std::string PostgresTarget::markers_table() const {
    return quote_identifier(schema) + ".perilune_markers";
}

std::string PostgresTarget::ledger_table() const {
    return quote_identifier(schema) + ".perilune_migrations";
}

Result<PostgresAddress> open_address(const PostgresTarget& target, const Call& call) {
    const auto url = open_text(call, target.url);
    if (!url) return url.error();
    auto address = read_postgres_url(target.target, *url, target.tls);
    if (!address) return address;
    // The whole url is kept out of logs by whoever opened it; the password alone must be, too.
    const std::string& password = address->parameter("password");
    if (target.services->keep_secret && password.size() >= masked_min)
        target.services->keep_secret("password of " + target.target, password);
    return address;
}

Awaitable<Result<PostgresPointer>> connect(PostgresTargetPointer target, Call& call,
                                           std::string database) {
    auto address = open_address(*target, call);
    if (!address) co_return address.error();
    if (!database.empty()) *address = address->with_database(database);
    PostgresLimits limits;
    limits.deadline_s = call.deadline_s > 0 ? call.deadline_s : boot_now_s() + deadline_s_default;
    limits.connect_timeout_s = target->connect_timeout_s;
    limits.cancel = call.cancel;
    auto opened = co_await PostgresConnection::open(target->services->loop, *address, limits);
    co_return opened;
}

Awaitable<Status> begin(PostgresConnection& connection, PostgresAccess access) {
    // What is read after a lock was waited for must be as it is then, whatever the server's
    // default.
    std::string sql = "begin isolation level read committed";
    if (access == PostgresAccess::read) sql += " read only";
    if (access == PostgresAccess::snapshot) sql = "begin isolation level repeatable read read only";
    sql += "; set local statement_timeout = " + connection.left_ms() +
           "; set local standard_conforming_strings = on; set local bytea_output = hex";
    if (access != PostgresAccess::write)
        sql +=
            "; set local datestyle = ISO; set local intervalstyle = postgres"
            "; set local extra_float_digits = 1";
    co_return co_await connection.begin(sql);
}

Outcome outcome_of(const Error& error, bool some) {
    Outcome outcome =
        error.retry == Retry::unknown ? Outcome::unknown(error) : Outcome::failed(error);
    outcome.left_some = some;
    return outcome;
}

}  // namespace perilune

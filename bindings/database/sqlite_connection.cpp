#include "bindings/database/sqlite_connection.h"

#include <algorithm>
#include <cmath>

#include <poll.h>
#include <unistd.h>

#include <sqlite3.h>

#include "bindings/database/sqlite_errors.h"
#include "bindings/database/sqlite_guard.h"
#include "interpreter/base/json.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

constexpr int progress_steps = 2000;
constexpr int busy_wait_ms_max = 20;
constexpr double whole_max = 9007199254740992.0;  // 2^53

int bind(sqlite3_stmt* statement, int place, const Value& value) {
    if (value.is_nil()) return sqlite3_bind_null(statement, place);
    if (value.is_boolean()) return sqlite3_bind_int(statement, place, value.boolean());
    if (value.is_number()) {
        const double number = value.number();
        if (number == std::floor(number) && std::abs(number) <= whole_max)
            return sqlite3_bind_int64(statement, place, static_cast<sqlite3_int64>(number));
        return sqlite3_bind_double(statement, place, number);
    }
    const std::string& text = value.text();
    if (!is_utf8(text))
        return sqlite3_bind_blob64(statement, place, text.data(), text.size(), SQLITE_TRANSIENT);
    return sqlite3_bind_text64(statement, place, text.data(), text.size(), SQLITE_TRANSIENT,
                               SQLITE_UTF8);
}

Error wrong_parameters(const std::string& why) {
    return fail("bad_argument", "The parameters do not fit the SQL: " + why);
}

// The place in a list of the parameter at `place`: PostgreSQL's $2 means the second of the list,
// while SQLite numbers such names as they come.
std::size_t list_place(const char* name, int place) {
    const long number = name && name[0] == '$' ? std::strtol(name + 1, nullptr, 10) : 0;
    return static_cast<std::size_t>(number > 0 ? number - 1 : place - 1);
}

Status bind_all(sqlite3_stmt* statement, const Value& parameters) {
    const int places = sqlite3_bind_parameter_count(statement);
    const bool named = parameters.is_map() && !parameters.map().empty();
    const int given = static_cast<int>(named ? parameters.map().size() : parameters.list().size());
    if (given != places)
        return wrong_parameters("it takes " + std::to_string(places) + ", but " +
                                std::to_string(given) + " are given.");
    for (int place = 1; place <= places; ++place) {
        const char* name = sqlite3_bind_parameter_name(statement, place);
        if (named && (!name || !parameters.map().contains(std::string_view(name + 1))))
            return wrong_parameters(std::string(name ? name : "a position") +
                                    " has no value of that name.");
        const std::size_t listed = list_place(name, place);
        if (!named && listed >= parameters.list().size())
            return wrong_parameters(std::string(name) + " is beyond the list.");
        const Value& value = named ? parameters[name + 1] : parameters.list()[listed];
        if (value.is_list() || value.is_map() || value.is_secret())
            return wrong_parameters("a value must be text, a number, true, false or nil.");
        if (bind(statement, place, value) != SQLITE_OK)
            return wrong_parameters("value " + std::to_string(place) + " cannot be bound.");
    }
    return Done{};
}

struct Finalizer {
    sqlite3_stmt* statement;
    ~Finalizer() { sqlite3_finalize(statement); }
};

bool is_blank(std::string_view sql) {
    return sql.find_first_not_of(" \t\r\n;") == std::string_view::npos;
}

}  // namespace

SqliteConnection::SqliteConnection(std::string path, OpenOptions options)
    : path_(std::move(path)), options_(std::move(options)) {}

SqliteConnection::~SqliteConnection() {
    if (on_close_) {
        if (in_transaction()) execute("rollback");
        on_close_(*this);
    }
    options_.interrupter->detach(connection_);
    sqlite3_close_v2(connection_);
}

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& path,
                                                                 Access access,
                                                                 const OpenOptions& options) {
    std::unique_ptr<SqliteConnection> made(new SqliteConnection(path, options));
    if (access != Access::create && ::access(path.c_str(), F_OK) != 0)
        return fail("not_found", "Opening " + options.target + ": there is no file " + path +
                                     ". Restore the database, or mend the setting `path`.");
    const int flags = SQLITE_OPEN_READWRITE | (access == Access::create ? SQLITE_OPEN_CREATE : 0);
    const int code = sqlite3_open_v2(path.c_str(), &made->connection_, flags, nullptr);
    if (code != SQLITE_OK) return made->error("Opening it", code);
    // 3.40.1 can lose pages where one connection checkpoints while another resets the log: ours
    // never checkpoint on their own beside others, only when the last connection closes.
    sqlite3_wal_autocheckpoint(made->connection_, 0);
    if (const auto set = made->set_up(access); !set) return set.error();
    return made;
}

Status SqliteConnection::set_up(Access access) {
    sqlite3_extended_result_codes(connection_, 1);
    sqlite3_db_config(connection_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(connection_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_busy_handler(connection_, &SqliteConnection::when_busy, this);
    sqlite3_progress_handler(connection_, progress_steps, &SqliteConnection::when_working, this);
    options_.interrupter->attach(connection_);
    if (access == Access::read) return execute("pragma query_only = on");
    return Done{};
}

int SqliteConnection::when_busy(void* self, int count) {
    auto& connection = *static_cast<SqliteConnection*>(self);
    const double now_s = boot_now_s();
    if (count == 0) connection.busy_since_s_ = now_s;
    if (connection.options_.interrupter->why() != Interrupter::Why::none) return 0;
    if (now_s - connection.busy_since_s_ >= connection.options_.busy_timeout_s) return 0;
    ::poll(nullptr, 0, std::min(1 + count, busy_wait_ms_max));
    return 1;
}

int SqliteConnection::when_working(void* self) {
    const auto& connection = *static_cast<SqliteConnection*>(self);
    return connection.options_.interrupter->why() != Interrupter::Why::none;
}

Error SqliteConnection::error(const std::string& doing, int code) const {
    const bool says = connection_ && (sqlite3_errcode(connection_) & 0xff) == (code & 0xff);
    const char* said = says ? sqlite3_errmsg(connection_) : sqlite3_errstr(code);
    return sqlite_error(doing + " on " + options_.target + " (" + path_ + ")", code, said,
                        options_.interrupter->why());
}

// Takes one statement off `sql`; null where only blanks and comments are left.
Result<sqlite3_stmt*> SqliteConnection::prepare(std::string_view& sql) {
    sqlite3_stmt* statement = nullptr;
    const char* rest = nullptr;
    const int code = sqlite3_prepare_v2(connection_, sql.data(), static_cast<int>(sql.size()),
                                        &statement, &rest);
    if (code != SQLITE_OK)
        return error("Executing `" + std::string(sql.substr(0, 200)) + "`", code);
    sql.remove_prefix(static_cast<std::size_t>(rest - sql.data()));
    return statement;
}

Status SqliteConnection::execute(const std::string& sql) {
    std::string_view rest = sql;
    while (!is_blank(rest)) {
        const auto statement = prepare(rest);
        if (!statement) return statement.error();
        if (!*statement) return Done{};
        const Finalizer finalizer{*statement};
        if (sqlite3_bind_parameter_count(*statement) > 0)
            return wrong_parameters("several statements take no parameters.");
        int code = SQLITE_ROW;
        while (code == SQLITE_ROW) code = sqlite3_step(*statement);
        if (code != SQLITE_DONE)
            return error("Executing `" + std::string(sqlite3_sql(*statement)).substr(0, 200) + "`",
                         code);
    }
    return Done{};
}

Status SqliteConnection::each(const std::string& sql, const Value& parameters, const Take& take) {
    std::string_view rest = sql;
    const auto statement = prepare(rest);
    if (!statement) return statement.error();
    const Finalizer finalizer{*statement};
    if (!*statement || !is_blank(rest))
        return fail("bad_argument", "Exactly one SQL statement is expected, but there is " +
                                        std::string(*statement ? "more after it." : "none."));
    if (const auto bound = bind_all(*statement, parameters); !bound) return bound;
    for (;;) {
        const int code = sqlite3_step(*statement);
        if (code == SQLITE_DONE) return Done{};
        if (code != SQLITE_ROW) return error("Executing `" + sql.substr(0, 200) + "`", code);
        if (const auto taken = take(SqliteRow(*statement)); !taken) return taken;
    }
}

Result<Value> SqliteConnection::first(const std::string& sql, const Value& parameters) {
    Value found;
    bool any = false;
    const auto done = each(sql, parameters, [&](const SqliteRow& row) {
        if (!any && row.columns() > 0) found = row.value(0);
        any = true;
        return Status(Done{});
    });
    if (!done) return done.error();
    return found;
}

Status SqliteConnection::require_one_reading(const std::string& sql) {
    std::string_view rest = sql;
    const auto statement = prepare(rest);
    if (!statement) return statement.error();
    const Finalizer finalizer{*statement};
    if (!*statement || !is_blank(rest))
        return fail("bad_argument", "A query is exactly one SQL statement.");
    if (!sqlite3_stmt_readonly(*statement))
        return fail("bad_argument",
                    "A query only reads, but `" + sql.substr(0, 200) + "` writes. Use execute.");
    return Done{};
}

bool SqliteConnection::has_parameter(const std::string& sql, const std::string& name) {
    std::string_view rest = sql;
    const auto statement = prepare(rest);
    if (!statement || !*statement) return false;
    const Finalizer finalizer{*statement};
    return sqlite3_bind_parameter_index(*statement, name.c_str()) > 0;
}

double SqliteConnection::changed_rows() const {
    return static_cast<double>(sqlite3_total_changes64(connection_));
}

bool SqliteConnection::in_transaction() const { return !sqlite3_get_autocommit(connection_); }

bool SqliteConnection::is_read_only() const {
    return sqlite3_db_readonly(connection_, "main") == 1;
}

void SqliteConnection::set_on_close(std::function<void(SqliteConnection&)> on_close) {
    on_close_ = std::move(on_close);
}

void SqliteConnection::set_busy_timeout(double seconds) { options_.busy_timeout_s = seconds; }

void SqliteConnection::set_guard(Guard guard) {
    guard_ = guard;
    sqlite3_set_authorizer(connection_, guard == Guard::none ? nullptr : &judge_sql, &guard_);
}

int SqliteRow::columns() const { return sqlite3_column_count(statement_); }

std::string SqliteRow::name(int column) const { return sqlite3_column_name(statement_, column); }

SqliteRow::Kind SqliteRow::kind(int column) const {
    switch (sqlite3_column_type(statement_, column)) {
        case SQLITE_INTEGER: return Kind::integer;
        case SQLITE_FLOAT: return Kind::real;
        case SQLITE_TEXT: return Kind::text;
        case SQLITE_BLOB: return Kind::blob;
        default: return Kind::null;
    }
}

std::int64_t SqliteRow::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}

double SqliteRow::real(int column) const { return sqlite3_column_double(statement_, column); }

std::string_view SqliteRow::bytes(int column) const {
    const void* start = kind(column) == Kind::text
                            ? static_cast<const void*>(sqlite3_column_text(statement_, column))
                            : sqlite3_column_blob(statement_, column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
    return start ? std::string_view(static_cast<const char*>(start), size) : std::string_view();
}

Value SqliteRow::value(int column) const {
    switch (kind(column)) {
        case Kind::integer: {
            const std::int64_t number = integer(column);
            if (std::abs(static_cast<double>(number)) < whole_max) return Value(number);
            return Value(std::to_string(number));
        }
        case Kind::real: return Value(real(column));
        case Kind::text:
        case Kind::blob: return Value(bytes(column));
        case Kind::null: break;
    }
    return Value();
}

}  // namespace perilune

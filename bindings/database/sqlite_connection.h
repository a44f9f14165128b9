// A connection to one SQLite file: statements, rows and errors as the rest of the driver sees them.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "interpreter/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace perilune {

// Ends the work of connections from another thread: because of a cancel, or when time is over.
class Interrupter {
public:
    enum class Why { none, cancelled, timed_out };

    void ask(Why why);
    Why why() const;
    void attach(sqlite3* connection);
    void detach(sqlite3* connection);

private:
    mutable std::mutex mutex_;
    Why why_ = Why::none;
    std::vector<sqlite3*> connections_;
};

enum class Access {
    read,    // Writes nothing, but may roll back what a crashed writer left.
    write,   // Needs a file that is there.
    create,  // Makes the file.
};

// What SQL of others may do.
enum class Guard {
    none,
    reads,    // One that only looks: no attaching, no transactions of its own, harmless pragmas.
    changes,  // One inside our transaction: no attaching, no transactions of its own.
};

struct OpenOptions {
    std::string target;  // For messages: "database/primary".
    double busy_timeout_s = 5;
    std::shared_ptr<Interrupter> interrupter = std::make_shared<Interrupter>();
};

// One row while a statement stands on it.
class SqliteRow {
public:
    enum class Kind { null, integer, real, text, blob };

    explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}
    int columns() const;
    std::string name(int column) const;
    Kind kind(int column) const;
    std::int64_t integer(int column) const;
    double real(int column) const;
    std::string_view bytes(int column) const;  // Of text and blobs; until the next row.
    // As a plain value: NULL is nil, whole numbers beyond 2^53 are decimal text.
    Value value(int column) const;

private:
    sqlite3_stmt* statement_;
};

class SqliteConnection {
public:
    using Take = std::function<Status(const SqliteRow&)>;

    // Errors: not_found, damaged, database_busy, file_failed.
    static Result<std::unique_ptr<SqliteConnection>> open(const std::string& path, Access access,
                                                          const OpenOptions& options);
    // Opens a database in memory from the bytes that its file would have; none: an empty one.
    static Result<std::unique_ptr<SqliteConnection>> open_image(std::string_view image,
                                                                Access access,
                                                                const OpenOptions& options);
    ~SqliteConnection();
    SqliteConnection(const SqliteConnection&) = delete;
    SqliteConnection& operator=(const SqliteConnection&) = delete;

    // Executes one or more statements without parameters; rows are dropped.
    Status execute(const std::string& sql);
    // Executes exactly one statement and gives each of its rows to `take`. `parameters` is a list,
    // a map or nil. With `take_columns` even a statement without rows is looked at first.
    Status each(const std::string& sql, const Value& parameters, const Take& take);
    // The first column of the first row; nil where there is none.
    Result<Value> first(const std::string& sql, const Value& parameters = {});
    // Refuses a statement that writes, or that is more than one.
    Status require_one_reading(const std::string& sql);
    // Rows inserted, updated and deleted since the connection was opened, by triggers too.
    double changed_rows() const;
    bool in_transaction() const;
    // Whether SQLite has found, at its last read, that the file may not be written. Its `begin
    // immediate` then succeeds all the same, as a mere read.
    bool is_read_only() const;
    void set_guard(Guard guard);
    void set_busy_timeout(double seconds);
    bool has_parameter(const std::string& sql, const std::string& name);

    // The bytes that the database's file would have; only of one in memory.
    std::string image() const;
    // Called before it closes; what it has not committed is rolled back by then.
    void set_on_close(std::function<void(SqliteConnection&)> on_close);

    // The error of the last call: "Doing … on TARGET (PATH): …".
    Error error(const std::string& doing, int code) const;
    const std::string& path() const { return path_; }
    const OpenOptions& options() const { return options_; }
    // For the file that adapts SQLite's pages (sqlite_pages.cpp) only.
    sqlite3* handle() const { return connection_; }

private:
    SqliteConnection(std::string path, OpenOptions options);
    Result<sqlite3_stmt*> prepare(std::string_view& sql);
    Status set_up(Access access);
    static int when_busy(void* self, int count);
    static int when_working(void* self);

    sqlite3* connection_ = nullptr;
    std::string path_;
    OpenOptions options_;
    Guard guard_ = Guard::none;
    double busy_since_s_ = 0;
    std::function<void(SqliteConnection&)> on_close_;
};

// "name" with its quotes doubled, for SQL.
std::string quote_name(std::string_view name);
std::string quote_text(std::string_view text);
std::string sqlite_version();

}  // namespace perilune

// The state folder's one SQLite file: opened, locked and spoken to in one way.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "interpreter/base/files.h"
#include "interpreter/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace perilune {

// A prepared statement that is reset when its use ends.
class Statement {
public:
    // `failure` keeps the first error code of any statement until it is set back to 0.
    Statement(sqlite3* database, const char* sql, int& failure);
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    ~Statement();

    Statement& bind(const std::string& text);
    Statement& bind(std::int64_t number);
    Statement& bind(double number);
    Statement& bind_blob(const std::string& bytes);
    Statement& bind_null();
    // True while there is a row.
    bool step();
    std::string text(int column) const;
    std::int64_t integer(int column) const;
    double number(int column) const;
    void reset();

private:
    sqlite3_stmt* statement_ = nullptr;
    int bound_ = 0;
    int& failure_;
};

class SqliteFile {
public:
    static Result<std::unique_ptr<SqliteFile>> open(const std::string& folder);
    ~SqliteFile();

    // Executes `work` in one write transaction under the folder's lock. `work` says by its error
    // that nothing is to be written.
    Status write(const std::function<Status()>& work);
    // A prepared statement, made once and kept.
    Statement& statement(const char* sql);
    Error error(const std::string& doing) const;
    bool failed() const { return failure_ != 0; }
    std::int64_t last_rowid() const;
    int changes() const;
    const std::string& folder() const { return folder_; }

private:
    explicit SqliteFile(std::string folder) : folder_(std::move(folder)) {}
    Status prepare();
    bool execute(const char* sql);
    void checkpoint_when_large();

    std::string folder_;
    Descriptor lock_;
    sqlite3* database_ = nullptr;
    mutable int failure_ = 0;
    int wal_pages_ = 0;           // Of the write-ahead log, as of the last commit.
    int checkpointed_pages_ = 0;  // Of these, when the last checkpoint was made.
    std::map<const char*, std::unique_ptr<Statement>> statements_;
};

}  // namespace perilune

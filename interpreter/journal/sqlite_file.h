// The state folder's one SQLite file: opened, locked and spoken to in one way.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "interpreter/base/files.h"
#include "interpreter/base/result.h"
#include "interpreter/journal/state_mark.h"
#include "interpreter/journal/store.h"

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

// Keeps the writers of one folder apart as long as it lives.
class FolderLock {
public:
    explicit FolderLock(int fd);
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;
    ~FolderLock();

private:
    int fd_;
};

class SqliteFile {
public:
    // `type_of` says which file system a folder is on.
    static Result<std::unique_ptr<SqliteFile>> open(
        const std::string& folder, long (*type_of)(const std::string&) = file_system_type);
    ~SqliteFile();

    // Why nothing may be written here: a copy, or a database that has lost records. It is read.
    const std::optional<Error>& refusal() const { return refusal_; }
    // Takes what is refused over on purpose; gives what was found, or nothing where all is well.
    Result<std::string> adopt(const Adoption& adoption);

    // Executes `work` in one write transaction under the folder's lock. `work` says by its error
    // that nothing is to be written. What only living hosts ask of each other needs no flush of its
    // own: it goes with the next, and a loss of power ends them all.
    enum class Flush { now, with_the_next };
    Status write(const std::function<Status()>& work, Flush flush = Flush::now);
    // Executes `work` in one read transaction.
    void read(const std::function<void()>& work);
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
    Status write_once(const std::function<Status()>& work);
    bool set_flush(Flush flush);
    bool execute(const char* sql);
    void checkpoint_when_large();
    void checkpoint();
    std::int64_t newest_position();
    Status know_again(const StateFound& before);
    Status make_mark(const std::optional<Adoption>& adoption);

    std::string folder_;
    Descriptor lock_;
    std::optional<Error> refusal_;
    OpenMark mark_;
    sqlite3* database_ = nullptr;
    mutable int failure_ = 0;
    Flush flush_ = Flush::now;    // As `prepare` has set it.
    int wal_pages_ = 0;           // Of the write-ahead log, as of the last commit.
    int checkpointed_pages_ = 0;  // Of these, when the last checkpoint was made.
    std::map<const char*, std::unique_ptr<Statement>> statements_;
};

}  // namespace perilune

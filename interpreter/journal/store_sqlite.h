// The state store on SQLite: one file for all runs of a state folder, so that they share flushes.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "interpreter/journal/sqlite_file.h"
#include "interpreter/journal/store.h"

namespace perilune {

class SqliteStore final : public Store {
public:
    SqliteStore(std::unique_ptr<SqliteFile> file, std::string folder)
        : file_(std::move(file)), folder_(std::move(folder)) {}
    ~SqliteStore() override;
    Status writable() const override;
    Result<std::string> adopt(const Adoption& adoption) override;
    Result<std::vector<std::string>> commit(const Batch& batch) override;
    Result<std::optional<RunRow>> run(const std::string& id) override;
    Result<std::vector<RunRow>> runs(std::size_t limit) override;
    Result<std::vector<RunRow>> children(const std::string& id) override;
    Result<std::vector<RecordRow>> records(const std::string& run) override;
    Result<std::vector<std::int64_t>> places(const std::string& run) override;
    Result<RecordRow> record(std::int64_t place) override;
    Result<std::vector<RecordRow>> ends(const std::string& run, std::size_t newest) override;
    Result<Files> bundle(const std::string& digest) override;
    Result<std::vector<LockRow>> locks() override;
    Result<bool> claim(const RunRow& seen, const std::string& owner,
                       const RecordRow& record) override;
    Status add_host(const HostRow& host) override;
    Status beat(const std::string& host, double count) override;
    Status remove_host(const std::string& host) override;
    Result<std::optional<HostRow>> host(const std::string& id) override;
    Status hold_host(const std::string& host) override;
    bool host_is_dead(const std::string& host) override;
    Status send(const InboxRow& sent) override;
    Result<std::vector<InboxRow>> inbox(const std::string& run) override;
    Result<std::optional<InboxRow>> inbox_row(const std::string& id) override;
    Status keep_plan(const std::string& digest, const std::string& body) override;
    Result<std::optional<std::string>> plan(const std::string& hex) override;

private:
    struct Numbers {
        std::int64_t no = 0;
        std::int64_t last = 0;
    };

    // Statements are kept by their text's address; texts built at run time are kept here.
    const char* keep(const std::string& sql) { return kept_.insert({sql, 0}).first->first.c_str(); }
    static RunRow read_run(const Statement& row);
    Result<std::vector<RunRow>> select_runs(const std::string& rest, const std::string& bound);
    Numbers& numbers(const std::string& run);
    void append(const std::string& run, const std::string& body, const std::string& hash);
    void note_last(const std::string& run);
    std::int64_t last_place(const std::string& run);
    void read_ahead(std::int64_t place);
    bool apply(const std::string& run, const Batch::Update& update);
    std::string since_when(const std::string& run);
    Status add_run(const Batch::NewRun& added);
    void add_bundle(const std::string& digest, const Files& files);
    std::unique_ptr<SqliteFile> file_;
    std::string folder_;
    int host_lock_fd_ = -1;
    std::mutex mutex_;
    std::map<std::string, Numbers> numbers_;
    // Records that are likely to be asked for next, by place; they never change.
    std::map<std::int64_t, RecordRow> ahead_;
    std::map<std::string, int> kept_;
};

}  // namespace perilune

// A journal writer over a store in memory, which may fail and counts its commits.
#pragma once

#include <atomic>

#include <doctest/doctest.h>

#include "interpreter/base/loop.h"
#include "tests/interpreter/journal/journal_rig.h"

namespace perilune::test {

class FakeStore final : public Store {
public:
    std::atomic<int> commits = 0;
    std::atomic<int> fails = 0;  // How many of the next commits fail.
    std::vector<std::string> bodies;
    std::vector<std::string> lost;
    std::function<void()> during = [] {};

    Result<std::vector<std::string>> commit(const Batch& batch) override {
        during();
        ++commits;
        if (fails > 0) {
            --fails;
            return fail("state_failed", "No space is left.", Retry::safe);
        }
        for (const auto& record : batch.records) bodies.push_back(record.body);
        return lost;
    }
    Result<std::optional<RunRow>> run(const std::string&) override {
        return std::optional<RunRow>();
    }
    Result<std::vector<RunRow>> runs(std::size_t) override { return std::vector<RunRow>(); }
    Result<std::vector<RunRow>> children(const std::string&) override {
        return std::vector<RunRow>();
    }
    Result<std::vector<RecordRow>> records(const std::string&) override {
        return std::vector<RecordRow>();
    }
    Result<std::vector<std::int64_t>> places(const std::string&) override {
        return std::vector<std::int64_t>();
    }
    Result<RecordRow> record(std::int64_t) override { return RecordRow(); }
    Result<std::vector<RecordRow>> ends(const std::string&, std::size_t) override {
        return std::vector<RecordRow>();
    }
    Result<Files> bundle(const std::string&) override { return Files(); }
    Result<std::vector<LockRow>> locks() override { return std::vector<LockRow>(); }
    Result<bool> claim(const RunRow&, const std::string&, const RecordRow&) override {
        return true;
    }
    Status add_host(const HostRow&) override { return Done{}; }
    Status beat(const std::string&, double) override { return Done{}; }
    Status remove_host(const std::string&) override { return Done{}; }
    Result<std::optional<HostRow>> host(const std::string&) override {
        return std::optional<HostRow>();
    }
    Status hold_host(const std::string&) override { return Done{}; }
    bool host_is_dead(const std::string&) override { return true; }
    Status send(const InboxRow&) override { return Done{}; }
    Result<std::vector<InboxRow>> inbox(const std::string&) override {
        return std::vector<InboxRow>();
    }
    Result<std::optional<InboxRow>> inbox_row(const std::string&) override {
        return std::optional<InboxRow>();
    }
    Status keep_plan(const std::string&, const std::string&) override { return Done{}; }
    Result<std::optional<std::string>> plan(const std::string&) override {
        return std::optional<std::string>();
    }
};

struct WriterRig {
    std::unique_ptr<Loop> loop = Loop::make();
    FakeStore store;
    JournalWriter writer{*loop, store};
    bool in_time = true;

    WriterRig() { writer.own("a", 1, 0, "", 0); }

    Value append(const std::string& kind, bool flush, const std::string& run = "a") {
        Value record;
        return writer.append(run, record.set("kind", kind), flush);
    }
    // Runs the loop until it is stopped, or until 20 s have passed.
    void run() {
        const Loop::Id guard = loop->start_timer(boot_now_s() + 20, [this] {
            in_time = false;
            loop->stop();
        });
        loop->run();
        loop->cancel(guard);
    }
};

}  // namespace perilune::test

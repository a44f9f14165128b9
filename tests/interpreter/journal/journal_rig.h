// Journals for tests: a store in a folder of its own, and runs made in it.
#pragma once

#include <string>

#include "interpreter/base/json.h"
#include "interpreter/journal/store_memory.h"
#include "interpreter/journal/writer.h"
#include "tests/support/temporary_folder.h"

namespace perilune::test {

class StateFolder : public TemporaryFolder {
public:
    std::unique_ptr<Store> open() const { return std::move(*Store::open(path())); }
};

// The same in memory, as simulated worlds have it.
class StateInMemory {
public:
    std::unique_ptr<Store> open() const { return open_memory_store(state_); }

private:
    std::shared_ptr<MemoryState> state_ = std::make_shared<MemoryState>();
};

// One run's journal as its owner keeps it: bodies chained by hash.
class Chain {
public:
    explicit Chain(std::string run) : run_(std::move(run)) {}

    // A batch that makes the run with its first record.
    Batch creation(const std::string& owner, std::vector<std::string> locks = {}) {
        Batch batch;
        Batch::NewRun made;
        made.row.id = run_;
        made.row.runbook = "book";
        made.row.environment = "here";
        made.row.bundle = std::string(64, 'a');
        made.row.state = "running";
        made.row.owner = owner;
        made.row.epoch = 1;
        made.row.created = 1000;
        made.bundle = {{"runbooks/book.lua", "return 1"}};
        made.locks = std::move(locks);
        add(batch, "begin");
        made.row.seq = seq_;
        made.row.head = head_;
        batch.runs.push_back(std::move(made));
        return batch;
    }

    // A batch that appends `count` records as the owner of this epoch.
    Batch appending(int count, std::int64_t epoch = 1) {
        Batch batch;
        Batch::Update update;
        update.epoch = epoch;
        update.known_head = head_;
        for (int i = 0; i < count; ++i) add(batch, "log");
        update.head = head_;
        update.seq = seq_;
        batch.updates[run_] = update;
        return batch;
    }

    RecordRow claim() {
        Batch batch;
        add(batch, "claim");
        return {.body = batch.records[0].body, .hash = batch.records[0].hash};
    }

private:
    void add(Batch& batch, const std::string& kind) {
        ++seq_;
        Value record;
        record.set("kind", kind).set("seq", seq_).set("text", "line " + std::to_string(seq_));
        Batch::Append made;
        made.run = run_;
        made.body = to_canonical_json(record);
        made.hash = record_hash(head_, made.body);
        head_ = made.hash;
        batch.records.push_back(std::move(made));
    }

    std::string run_;
    std::string head_;
    std::int64_t seq_ = 0;
};

}  // namespace perilune::test

// A run's records in order, each read when it is looked at: as values they need ten times the room
// of their texts, and a journal may hold a million.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "interpreter/base/value.h"
#include "interpreter/journal/store.h"

namespace perilune {

class Records {
public:
    Records() = default;
    // Kept here.
    Records(const std::vector<Value>& values);
    // Of the store, which must outlive this; those that are appended later are not among them.
    // Their chain is checked elsewhere.
    static Result<Records> of(Store& store, const std::string& run);

    bool empty() const { return size() == 0; }
    std::size_t size() const { return store_ ? places_.size() : texts_.size(); }
    Value at(std::size_t index) const;
    Value front() const { return at(0); }
    Value back() const { return at(size() - 1); }

    // What breaks the chain of hashes, by the run's row; empty where nothing does.
    std::string check_chain(const RunRow& row) const;

    using Take = std::function<void(const Value& record)>;
    void each(const Take& take) const { each_of(size(), take); }
    // The first `count` of them.
    void each_of(std::size_t count, const Take& take) const;
    // Those that a worker is told (see delivery_of).
    void each_delivered(const Take& take) const;
    // How many come before the newest one of this kind; 0 where there is none.
    std::size_t count_before_last(std::string_view kind) const;

private:
    std::string text(std::size_t index) const;

    std::vector<std::string> texts_;
    Store* store_ = nullptr;
    std::vector<std::int64_t> places_;
};

}  // namespace perilune

#include "interpreter/run/records.h"

#include <array>
#include <stdexcept>

#include "interpreter/base/json.h"
#include "interpreter/journal/chain.h"

namespace perilune {

namespace {

constexpr std::string_view kind_field = "\"kind\":\"";
constexpr std::array<std::string_view, 9> delivered_kinds = {
    "read", "result", "fired", "answer", "failure", "settled", "stop", "undo", "ended"};

// Whether the text may be a record of one of these kinds: the field may also be one further inside,
// so that only reading it tells.
template <std::size_t count>
bool may_be(std::string_view text, const std::array<std::string_view, count>& kinds) {
    for (auto at = text.find(kind_field); at != std::string_view::npos;
         at = text.find(kind_field, at)) {
        at += kind_field.size();
        const std::string_view rest = text.substr(at);
        for (const auto kind : kinds)
            if (rest.starts_with(kind) && rest.substr(kind.size()).starts_with('"')) return true;
    }
    return false;
}

Value read(const std::string& text) {
    auto record = from_canonical_json(text);
    // Its hash says that it was written like this: only a bug can have done it.
    if (!record) throw std::runtime_error("A record cannot be read: " + record.error().message);
    return std::move(*record);
}

}  // namespace

Records::Records(const std::vector<Value>& values) {
    for (const auto& value : values) texts_.push_back(to_canonical_json(value));
}

Result<Records> Records::of(Store& store, const std::string& run) {
    auto places = store.places(run);
    if (!places) return places.error();
    Records records;
    records.store_ = &store;
    records.places_ = std::move(*places);
    return records;
}

std::string Records::text(std::size_t index) const {
    if (!store_) return texts_[index];
    auto row = store_->record(places_[index]);
    if (!row) throw std::runtime_error(row.error().message);
    return std::move(row->body);
}

Value Records::at(std::size_t index) const { return index < size() ? read(text(index)) : Value(); }

std::string Records::check_chain(const RunRow& row) const {
    ChainCheck check;
    for (const auto place : places_) {
        const auto record = store_->record(place);
        if (!record) return record.error().message;
        if (std::string broken = check.take(*record); !broken.empty()) return broken;
    }
    return check.finish(row.head, row.seq);
}

void Records::each_of(std::size_t count, const Take& take) const {
    for (std::size_t i = 0; i < count && i < size(); ++i) take(read(text(i)));
}

void Records::each_delivered(const Take& take) const {
    for (std::size_t i = 0; i < size(); ++i)
        if (const std::string body = text(i); may_be(body, delivered_kinds)) take(read(body));
}

// Forwards, as the store reads fastest.
std::size_t Records::count_before_last(std::string_view kind) const {
    const std::array<std::string_view, 1> kinds = {kind};
    std::size_t found = 0;
    for (std::size_t i = 1; i < size(); ++i)
        if (const std::string body = text(i);
            may_be(body, kinds) && read(body)["kind"].text() == kind)
            found = i;
    return found;
}

}  // namespace perilune

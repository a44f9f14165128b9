#include "interpreter/drill/marker.h"

#include <algorithm>
#include <cstdlib>

namespace perilune {

namespace {

constexpr double write_within_s = 2;
constexpr double prepare_within_s = 20;
constexpr int numbers_max = 100'000;
constexpr std::string_view prefix = "perilune-mark/";
constexpr const char* make_table =
    "create table if not exists perilune_mark "
    "(number bigint primary key, made_at double precision)";

bool is_database(const std::string& target) { return target.starts_with("database/"); }

// Eight digits: a bucket lists its keys as texts.
std::string key_of(std::int64_t number) {
    std::string digits = std::to_string(number);
    return std::string(prefix) + std::string(digits.size() < 8 ? 8 - digits.size() : 0, '0') +
           digits;
}

}  // namespace

Marker::Marker(Targets& targets, MarkPlan plan) : targets_(targets), plan_(std::move(plan)) {}

Marker::~Marker() {
    stop();
    alive_->here = false;
}

Awaitable<Result<Value>> Marker::prepare() {
    if (!is_database(plan_.target)) co_return Value(true);
    Map arguments;
    arguments["sql"] = make_table;
    auto made = targets_.change(plan_.target, "execute", arguments, prepare_within_s);
    co_return co_await made;
}

void Marker::start() {
    stopped_ = false;
    write();
}

void Marker::stop() {
    stopped_ = true;
    if (timer_ != 0) targets_.host().loop().cancel(std::exchange(timer_, 0));
}

void Marker::write() {
    timer_ = 0;
    const std::int64_t number = next_++;
    Map arguments;
    std::string operation = "put";
    if (is_database(plan_.target)) {
        operation = "execute";
        arguments["sql"] = "insert into perilune_mark values ($1, $2)";
        arguments["parameters"] = List{number, wall_now_s()};
    } else {
        arguments["key"] = key_of(number);
        arguments["body"] = std::to_string(number);
    }
    const double due = boot_now_s() + plan_.every_s;
    start_task(targets_.change(plan_.target, operation, arguments, write_within_s),
               [this, number, due, alive = alive_](const Result<Value>& taken) {
                   if (!alive->here) return;
                   if (taken) marks_.push_back({.number = number, .at = wall_now_s()});
                   if (stopped_) return;
                   timer_ = targets_.host().loop().start_timer(std::max(due, boot_now_s()),
                                                               [this] { write(); });
               });
}

Awaitable<Result<std::set<std::int64_t>>> Marker::survived() {
    std::set<std::int64_t> numbers;
    Map arguments;
    if (is_database(plan_.target)) {
        arguments["sql"] = "select number from perilune_mark";
        arguments["rows_max"] = numbers_max;
        const auto rows =
            co_await targets_.observe(plan_.survivor, "query", arguments, prepare_within_s);
        if (!rows) co_return rows.error();
        for (const auto& row : rows->list()) numbers.insert(row["number"].integer());
        co_return numbers;
    }
    arguments["prefix"] = prefix;
    arguments["limit"] = numbers_max;
    const auto objects =
        co_await targets_.observe(plan_.survivor, "list", arguments, prepare_within_s);
    if (!objects) co_return objects.error();
    for (const auto& object : objects->list())
        numbers.insert(
            std::strtoll(object["key"].text().substr(prefix.size()).c_str(), nullptr, 10));
    co_return numbers;
}

}  // namespace perilune

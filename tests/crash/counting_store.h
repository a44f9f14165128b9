// What the counting provider keeps in its folder: a line for each act, values, and what to do
// wrong.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace perilune {

class CountingStore {
public:
    explicit CountingStore(std::string folder) : folder_(std::move(folder)) {}

    // Appends "operation name key" durably: from here on it has happened.
    void commit(const std::string& operation, const std::string& name, const std::string& key);
    // The operation, name and key of each act so far.
    struct Act {
        std::string operation;
        std::string name;
        std::string key;
    };
    std::vector<Act> acts() const;

    // What the test told this name to do wrong, once: "drop" (commits, and its answer is lost),
    // "fail" (before anything), "die" (commits, and the host is killed), "slow" (takes 0.5 s).
    std::string take_fault(const std::string& name);

    std::optional<std::string> value(const std::string& name) const;
    void keep(const std::string& name, const std::optional<std::string>& value);

private:
    std::string folder_;
};

}  // namespace perilune

// What a crash case works with: a folder with a library, a counting provider and a state folder,
// and the program with a crash clock.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "interpreter/journal/store.h"

namespace perilune::test {

// What a program that was executed came to.
struct Executed {
    int code = 0;  // 137 where it was killed.
    std::string output;
    std::string errors;

    bool killed() const { return code == 137; }
    bool says(const std::string& text) const {
        return output.find(text) != std::string::npos || errors.find(text) != std::string::npos;
    }
};

// When the program is to die: at the n-th moment, of that name where one is given; 0: never.
struct Moment {
    int number = 0;
    std::string name = {};
};

class CrashWorld {
public:
    CrashWorld();
    ~CrashWorld();
    CrashWorld(const CrashWorld&) = delete;
    CrashWorld& operator=(const CrashWorld&) = delete;

    std::string at(const std::string& path) const { return folder_ + "/" + path; }
    void write(const std::string& path, const std::string& text) const;
    std::string read(const std::string& path) const;
    // The body of the runbook "book"; `head` holds further keys of runbook { … }.
    void body(const std::string& text, const std::string& head = "") const;
    void environment(const std::string& targets) const;

    // Sets a variable of every program executed from here on.
    void variable(const std::string& name, const std::string& value) { variables_[name] = value; }
    // Executes perilune-crash with these words, split at blanks, and the folders of this world.
    Executed perilune(const std::string& words, const Moment& moment = {}) const;
    // Starts the runbook as the run "case".
    Executed start(const Moment& moment = {}) const;
    Executed resume(const Moment& moment = {}) const;
    // Starts the runbook and counts the moments at which it could die.
    int count_moments() const;

    // Tells the provider to do something wrong, once, for what has this name.
    void fault(const std::string& name, const std::string& what) const;
    // How often the provider was made to do `name`.
    int acts(const std::string& name) const;
    std::vector<std::string> act_lines() const;

    bool has_run(const std::string& run = "case") const;
    RunRow row(const std::string& run = "case") const;
    std::vector<Value> records(const std::string& run = "case") const;
    int count(const std::string& kind, const std::string& run = "case") const;
    Value last(const std::string& kind, const std::string& run = "case") const;
    // What is wrong with the run's chain; empty where nothing is.
    std::string broken(const std::string& run = "case") const;

private:
    std::string folder_;
    std::map<std::string, std::string> variables_;
    mutable std::atomic<int> executed_ = 0;
};

// Calls `work` for 1 … count, several at once. What it returns, where not empty, is a problem;
// all problems come back, one a line.
std::string for_each_at_once(int count, const std::function<std::string(int)>& work);

}  // namespace perilune::test

// What a driver in C++ tells a doctor (Driver::examine), line by line.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>

#include "interpreter/base/driver.h"

namespace perilune {

class Findings {
public:
    // The call's `changes` lists those that runbooks make here; without it any may be.
    explicit Findings(const Call& call) : changes_(call.arguments["changes"]) {}

    void well(const std::string& found) { add("ok", found, "", false); }
    void problem(const std::string& found, const std::string& advice = "") {
        add("problem", found, advice, false);
    }
    // A credential that is none, or may not do what runs need.
    void refused(const std::string& found, const std::string& advice = "") {
        add("problem", found, advice, true);
    }
    void unchecked(const std::string& found) { add("unchecked", found, "", false); }
    // A right that only these operations need: none is missed where no runbook here does them.
    void lacks(std::initializer_list<const char*> operations, const std::string& found,
               const std::string& advice) {
        if (wanted(operations)) return refused(found, advice);
        add("note", found + "; no runbook here needs it", "", false);
    }
    bool wanted(std::initializer_list<const char*> operations) const {
        if (changes_.is_nil()) return true;
        return std::ranges::any_of(operations, [&](const char* name) {
            return std::ranges::find(changes_.list(), Value(name)) != changes_.list().end();
        });
    }
    Value value() const { return Value(all_); }

private:
    void add(const char* state, const std::string& found, const std::string& advice,
             bool credentials) {
        Value one;
        one.set("state", state).set("found", found);
        if (!advice.empty()) one.set("advice", advice);
        if (credentials) one.set("credentials", true);
        all_.push_back(std::move(one));
    }

    Value changes_;
    List all_;
};

}  // namespace perilune

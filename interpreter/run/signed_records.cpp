#include "interpreter/run/signed_records.h"

#include <algorithm>
#include <cstdlib>

#include "interpreter/run/proof.h"
#include "interpreter/run/signed_text.h"

namespace perilune {

namespace {

// What a person typed and what the question took it for are the same.
bool says_same(const Value& said, const Value& taken) {
    if (said == taken) return true;
    if (taken.is_boolean()) return said.text() == (taken.boolean() ? "yes" : "no");
    if (!taken.is_number() || said.text().empty()) return false;
    char* end = nullptr;
    return std::strtod(said.text().c_str(), &end) == taken.number() && !*end;
}

class Checker {
public:
    Checker(SignedRecords& made, const FindLaw& find_law) : made_(made), find_law_(find_law) {}

    void take(const Value& record) {
        const std::string& kind = record["kind"].text();
        if (made_.problem.empty()) {
            if (kind == "begin") take_begin(record);
            if (kind == "answer") take_answer(record);
            if (kind == "plan") take_plan(record);
        }
        state_.apply(record);
        if (made_.problem.empty() && kind == "code") use_code(record["bundle"].text());
    }

private:
    void broken(const Value& record, const std::string& why) {
        made_.problem = "record " + std::to_string(record["seq"].integer()) + " (" +
                        record["kind"].text() + "): " + why;
    }

    void use_code(const std::string& digest) {
        auto law = find_law_(digest, environment_);
        if (law)
            law_ = std::move(*law);
        else
            made_.problem = "who may approve cannot be read from its code: " + law.error().message;
    }

    Signer signer(const Value& record) const {
        return {.person = record["who"].text(), .at = record["signed_at"].number()};
    }

    // Where the record has a signature: whether it is one over `wanted` by whom the record names.
    bool check(const Value& record, const std::string& what, const std::string& wanted) {
        const Value& proof = record["signed"];
        const Signer by = signer(record);
        if (proof["text"].text() != wanted) {
            broken(record, "it is not what " + by.person +
                               " signed: " + first_difference(proof["text"].text(), wanted));
            return false;
        }
        const auto key = check_proof(law_.people, by.person, proof, by.at);
        if (!key) {
            broken(record, key.error().message);
            return false;
        }
        made_.texts.push_back({.seq = record["seq"].integer(),
                               .what = what,
                               .person = by.person,
                               .text = wanted,
                               .signature = proof["signature"].text(),
                               .allowed_signers = law_.people.allowed_signers(),
                               .at = by.at});
        return true;
    }

    void unproved(const Value& record) {
        broken(record, "it says that it was " + record["who"].text() +
                           ", known by a key, and no signature proves that");
    }

    void take_begin(const Value& record) {
        environment_ = record["environment"].text();
        use_code(record["bundle"].text());
        if (!made_.problem.empty()) return;
        if (record.has("signed"))
            check(record, "start", start_text(record, signer(record)));
        else if (is_by_key(record["who"].text()) && !record.has("parent") && law_.asks_for_keys())
            unproved(record);  // A child's start is its parent's.
    }

    void take_plan(const Value& record) {
        if (record.has("signed"))
            check(record, "plan", plan_text(state_, record, signer(record)));
        else if (is_by_key(record["who"].text()) && law_.asks_for_keys())
            unproved(record);
    }

    void take_answer(const Value& record) {
        const auto asked = state_.questions.find(of(record));
        if (asked == state_.questions.end() || !record.has("who") || record.has("signal")) return;
        const OpenQuestion& question = asked->second;
        Command command;
        command.kind = record["decision"].text();
        command.who = record["who"].text();
        if (record.has("signed")) {
            command.person = record["who"].text();
            Value body = record;
            if (record.has("said")) body.set("value", record["said"]);
            const std::string wanted =
                decision_text(state_, question.record, command.kind, body, signer(record));
            if (record.has("said") && !says_same(record["said"], record["value"]))
                return broken(record, "its value is not what " + command.person + " signed");
            if (!check(record, command.kind, wanted)) return;
        } else if (law_.asks_for_keys() && is_by_key(command.who)) {
            return unproved(record);
        } else {
            ++made_.by_system;
        }
        judge(record, question, command);
    }

    // Where keys are known, it is also seen that who answered was allowed to.
    void judge(const Value& record, const OpenQuestion& question, const Command& command) {
        if (!law_.asks_for_keys() || record.has("break_glass")) return;
        const std::string refused =
            refuse_answer(law_, state_.begin, question.record, question.approvals, command);
        if (!refused.empty()) return broken(record, "it should not have counted: " + refused);
        const auto given = static_cast<std::int64_t>(question.approvals.size()) + 1;
        const auto needed = approvals_needed(law_, state_.begin, question.record);
        if (command.kind == "approve" && !record["partial"].boolean() && given < needed)
            broken(record,
                   "it counts as enough, and " + std::to_string(needed) + " people had to approve");
    }

    SignedRecords& made_;
    const FindLaw& find_law_;
    RunState state_;
    Law law_;
    std::string environment_;
};

}  // namespace

SignedRecords check_signed_records(const Records& records, const FindLaw& find_law) {
    SignedRecords made;
    Checker checker(made, find_law);
    records.each([&](const Value& record) { checker.take(record); });
    return made;
}

}  // namespace perilune

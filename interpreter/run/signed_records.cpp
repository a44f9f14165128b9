#include "interpreter/run/signed_records.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "interpreter/run/decision.h"
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

// By what command a person brought a record about; empty where none did.
std::string command_kind(const Value& record, const RunState& state) {
    const std::string& kind = record["kind"].text();
    if (kind == "plan" || kind == "signal" || kind == "review") return kind;
    if (!record.has("who")) return {};
    if (kind == "settled_by") return "settle";
    if (kind == "undo") return "undo";
    if (kind == "stop") return record["why"].text();
    if (kind != "answer" || record.has("signal")) return {};
    if (state.questions.contains(of(record))) return record["decision"].text();
    return record["again"].boolean() ? "retry" : "skip";
}

// What a person said of a change in doubt, and what became of it.
std::string unlike_settled(const Value& said, const Value& record) {
    const std::string& how = said["how"].text();
    if (record["kind"].text() == "try") return how == "again" ? "" : "it was not to be tried again";
    if (!said.has("signed")) return {};
    const bool happened = record["outcome"].text() == "done";
    if (how != (happened ? "happened" : "did_not")) return "its outcome is not what was said of it";
    Value value = said["value"];
    if (!value.has("changed")) value.set("changed", true);
    return !happened || record["value"] == value ? "" : "its result is not what was said of it";
}

class Checker {
public:
    Checker(SignedRecords& made, const FindLaw& find_law) : made_(made), find_law_(find_law) {}

    void take(const Value& record) {
        const std::string& kind = record["kind"].text();
        if (made_.problem.empty()) {
            if (kind == "begin") take_begin(record);
            if (const std::string by = command_kind(record, state_); !by.empty())
                take_decision(record, command_of(record, by));
            if (kind == "result" || kind == "try") take_settled(record);
            if (kind == "answer" && record.has("signal")) take_signal(record);
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

    // Whether the record's signature is one over `wanted` by whom the record names.
    bool check(const Value& record, const std::string& what, const std::string& wanted) {
        const Value& proof = record["signed"];
        const std::string& person = record["who"].text();
        const double at = record["signed_at"].number();
        if (proof["text"].text() != wanted) {
            broken(record, "it is not what " + person +
                               " signed: " + first_difference(proof["text"].text(), wanted));
            return false;
        }
        const auto key = check_proof(law_.people, person, proof, at);
        if (!key) {
            broken(record, key.error().message);
            return false;
        }
        made_.texts.push_back({.seq = record["seq"].integer(),
                               .what = what,
                               .person = person,
                               .text = wanted,
                               .signature = proof["signature"].text(),
                               .allowed_signers = law_.people.allowed_signers(),
                               .at = at});
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
        const Signer by = {.person = record["who"].text(), .at = record["signed_at"].number()};
        if (record.has("signed"))
            check(record, "start", start_text(record, by));
        else if (is_by_key(by.person) && !record.has("parent") && law_.asks_for_keys())
            unproved(record);  // A child's start is its parent's.
    }

    void take_decision(const Value& record, const Command& command) {
        const bool by_parent = record["who"].text() == parent_run && state_.begin.has("parent");
        if (by_parent) return;  // Its own journal has whose decision that was.
        if (record.has("signed")) {
            if (!take_signed(record, command)) return;
        } else if (law_.asks_for_keys() && is_by_key(command.who)) {
            return unproved(record);
        } else {
            ++made_.by_system;
        }
        const auto asked = state_.questions.find(of(record));
        if (command.kind == "settle") settled_[of(record)] = record;
        if (command.kind == "review") return judge_review(record, command);
        if (record["kind"].text() == "answer" && asked != state_.questions.end())
            judge(record, asked->second, command);
    }

    bool take_signed(const Value& record, const Command& command) {
        if (state_.signed_commands.contains(command.id)) {
            broken(record, "its signature of " + command.person + " was taken already");
            return false;
        }
        const Value subject = record.has("of") ? subject_at(state_, of(record)) : Value();
        if (!check(record, command.kind, command_text(state_, subject, command))) return false;
        if (!record.has("said")) return true;
        const bool same = command.kind == "undo"
                              ? state_.find_step(record["said"].text()) == record["to"].text()
                              : says_same(record["said"], record["value"]);
        if (!same) broken(record, "its value is not what " + command.person + " signed");
        return same;
    }

    // What a person says of a change in doubt is what becomes of it.
    void take_settled(const Value& record) {
        if (!law_.asks_for_keys() || !record["by"].text().starts_with("person: ")) return;
        const auto said = settled_.find(of(record));
        if (said == settled_.end()) return broken(record, "nobody has said that of the change");
        if (const std::string why = unlike_settled(said->second, record); !why.empty())
            return broken(record, why);
        settled_.erase(said);
    }

    // What a wait got is a signal that was sent.
    void take_signal(const Value& record) {
        if (!law_.asks_for_keys()) return;
        for (const auto& sent : state_.signals)
            if (sent["inbox"] == record["signal"] && sent["name"] == record["name"] &&
                sent["data"] == record["data"])
                return;
        broken(record, "nobody has sent that signal");
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

    void judge_review(const Value& record, const Command& command) {
        if (!law_.asks_for_keys()) return;
        const std::string refused = refuse_review(law_, state_, command);
        if (!refused.empty()) broken(record, "it should not have counted: " + refused);
    }

    SignedRecords& made_;
    const FindLaw& find_law_;
    RunState state_;
    Law law_;
    std::string environment_;
    std::map<EventId, Value> settled_;  // What people said of changes in doubt, not yet recorded.
};

}  // namespace

SignedRecords check_signed_records(const Records& records, const FindLaw& find_law) {
    SignedRecords made;
    Checker checker(made, find_law);
    records.each([&](const Value& record) { checker.take(record); });
    return made;
}

}  // namespace perilune

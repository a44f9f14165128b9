// What a run's journal can answer to a script that asks it again. It is found by what is asked and
// in which step, not by number, so that code with something put in before still finds it.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "interpreter/run/records.h"
#include "interpreter/run/run_state.h"
#include "interpreter/run/stand_ins.h"

namespace perilune {

// Something the run's script asked.
struct RecordedAsk {
    std::int64_t seq = 0;
    std::int64_t answer_seq = 0;  // Of the record that answered it; 0: none did.
    std::string kind;             // operation timer question failure settle child
    std::string path;
    std::string scope;
    EventId id;
    bool taken = false;  // The other telling of the run asks for it too.
};

class Recollection {
public:
    explicit Recollection(const Records& records);

    const RunState& state() const { return state_; }
    const Value begin() const { return records_.front(); }
    Value record(std::int64_t seq) const { return records_.at(static_cast<std::size_t>(seq) - 1); }
    std::vector<RecordedAsk>& asks() { return asks_; }

    // The first one asked in the step at `path` that is the same and not taken yet, if `fits`.
    RecordedAsk* take(const Event& event, const std::string& path,
                      const std::function<bool(const RecordedAsk&)>& fits);
    // What a worker with these stand-ins does not ask again is taken.
    void leave_out(const StandIns& stand_ins);
    // The recorded scope that one opened at `path` is; empty for none. Each is found once.
    std::string take_scope(const Event& open, const std::string& path);
    // What interrupts a recorded scope: a timeout or a skip; 0 for nothing.
    std::int64_t interruption(const std::string& scope) const;
    // True where the journal does not say how the scope would have gone on: it was stopped or is
    // still open, and nothing that was asked in it is left.
    bool breaks_off(const std::string& scope) const;

    // Records that a worker is told without having asked, in order: stop, undo, ended.
    const std::vector<std::int64_t>& unasked() const { return unasked_; }
    const Value& end() const { return end_; }  // The first one; nil: none.

private:
    struct Line {
        std::vector<std::size_t> places;
        std::size_t next = 0;
    };

    void note(const Value& record, std::unordered_map<std::string, std::size_t>& places);
    void note_delivery(const Value& record,
                       const std::unordered_map<std::string, std::size_t>& places);
    void take(RecordedAsk& ask);
    std::int64_t end_of_body(const std::string& scope) const;
    void count(const RecordedAsk& ask, int by);

    Records records_;
    RunState state_;
    std::vector<RecordedAsk> asks_;
    std::unordered_map<std::string, Line> lines_;        // By what is asked, and where.
    std::unordered_map<std::string, Line> scope_lines_;  // Places in scopes_.
    std::vector<std::string> scopes_;
    std::unordered_map<std::string, std::int64_t> interruptions_;  // By scope.
    std::unordered_map<std::string, int> left_;                    // Asks not taken, by scope.
    std::vector<std::int64_t> unasked_;
    Value end_;
};

}  // namespace perilune

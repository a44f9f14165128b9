// What people did to a run and the runs below it, as a test does it again.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "interpreter/run/records.h"
#include "interpreter/run/run_state.h"

namespace perilune::report {

// What a person did once the run stood still.
struct RecordedCommand {
    double at = 0;
    std::string name;  // undo cancel settle resume
    Value body;
    double after_s = 0;  // How long nobody answered, of `resume`.
};

class RecordedPeople {
public:
    // Takes the records of one of the runs, and what they add up to.
    void take(const Records& records, const RunState& state);

    // By the question's or failed step's name: one answer, or a list of them.
    Value answers() const;
    // Of the run itself, in order.
    const std::vector<RecordedCommand>& commands() const { return commands_; }
    // Everybody who did anything, with the role they had been asked in, or empty.
    const std::map<std::string, std::string>& people() const { return people_; }
    // What a test cannot do again.
    const std::vector<std::string>& doubts() const { return doubts_; }

private:
    struct Asked {
        std::string name;
        std::string role;
        double at = 0;
    };

    void take_answer(const Value& record, const std::map<EventId, Asked>& asked);
    void take_command(const Value& record, const RunState& state);
    void take_settled(const Value& record, const Value& intent);

    std::map<std::string, List> answers_;
    std::vector<RecordedCommand> commands_;
    std::map<std::string, std::string> people_;
    std::vector<std::string> doubts_;
};

}  // namespace perilune::report

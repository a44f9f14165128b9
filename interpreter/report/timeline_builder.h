// Takes a run's records one by one and grows its timeline.
#pragma once

#include <initializer_list>
#include <map>
#include <set>
#include <string>

#include "interpreter/report/timeline.h"

namespace perilune::report {

class TimelineBuilder {
public:
    explicit TimelineBuilder(Depth depth);

    void take(const Value& record);
    Timeline finish(double now);

private:
    static constexpr std::size_t no_wait = static_cast<std::size_t>(-1);

    // What is being polled by one strand in one scope.
    struct Polling {
        std::map<std::string, std::size_t> reads;  // By fingerprint: index into reads.
        std::size_t wait = no_wait;                // Index into waits.
        std::string place;                         // What the wait is part of.
    };

    // timeline_builder.cpp: the tree
    void note_person(const std::string& kind, const Value& record);
    bool take_structure(const std::string& kind, const Value& record);
    bool take_effect(const std::string& kind, const Value& record);
    bool take_people(const std::string& kind, const Value& record);
    std::size_t add_entry(EntryKind kind, std::size_t index, std::size_t parent, double at);
    std::size_t place_of(const std::string& scope) const;
    void add_note(std::string kind, const Value& record, std::string text, std::size_t parent = 0);
    void follow(const Value& record);

    // timeline_steps.cpp
    void take_begin(const Value& record);
    void take_open(const Value& record);
    void take_close(const Value& record);
    void take_stop(const Value& record);
    void take_log(const Value& record);
    void take_timer(const Value& record);
    void take_fired(const Value& record);
    void take_end(const Value& record);
    void close_step(const std::string& scope, const std::string& outcome, double at);

    // timeline_operations.cpp
    void take_read(const Value& record);
    void take_intent(const Value& record);
    void take_child(const Value& record);
    void take_happening(const Value& record);
    void take_result(const Value& record);
    void take_undo(const Value& record);
    void take_undone(const Value& record);
    ChangeEntry* change_of(const Value& record);

    // timeline_people.cpp
    void take_question(const Value& record);
    void take_answer(const Value& record);
    void take_failure(const Value& record);
    void end_people_within(const std::string& scope, double at, const Value& stop);

    Depth depth_;
    Timeline made_;
    std::map<std::string, std::size_t> places_;         // Scope to its entry.
    std::map<std::string, std::size_t> steps_by_name_;  // "parent|strand|name" to the newest entry.
    std::set<std::string> open_scopes_;
    std::map<std::string, std::string> strand_scopes_;  // Where each strand stands now.
    std::map<std::string, Polling> polling_;            // By strand.
    std::map<std::string, std::size_t> changes_;        // By key: index into changes.
    std::map<std::string, std::size_t> questions_;
    std::map<std::string, std::size_t> failures_;
    std::map<std::string, std::string> question_scopes_;  // Of questions and failures.
    std::set<std::string> open_people_;  // Keys of questions and failures nobody has answered.
    std::map<std::string, std::size_t> waits_;
    std::map<std::int64_t, std::size_t> undo_places_;               // By index: entry.
    std::map<std::int64_t, std::vector<std::string>> undo_covers_;  // By index: keys of changes.
};

// "RTO", "undo" and the like of what the runbook declares, measured by the run's facts.
std::vector<Objective> measure_objectives(const Timeline& timeline, const Value& declared);
// How long something waited for people, overlaps counted once.
double waited_for_people_s(const Timeline& timeline);
// The first text among the fields, of a map or of the record itself; empty where there is none.
std::string first_text(const Value& record, std::initializer_list<std::string_view> names);

}  // namespace perilune::report

// What a person sees of a run while it is executed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "interpreter/report/usual.h"
#include "interpreter/run/engine.h"

namespace perilune {

class Screen {
public:
    // Steps scroll up as lines, with what runs now at the bottom where there is a terminal, and a
    // heartbeat every 15 s where there is none; with `json`, records as lines of JSON on stdout.
    static std::unique_ptr<Screen> make(Loop& loop, bool json);
    virtual ~Screen() = default;

    virtual void record(const std::string& run, const RunState& state, const Value& record) = 0;
    virtual void progress(const EventId& id, const std::string& text) = 0;
    // What each strand waits for is asked of `waiting` when it is shown.
    virtual void watch(std::function<Value()> waiting) = 0;
    // How long steps usually take.
    virtual void usual(report::Usual known) = 0;
    // Says now what is happening (key t, SIGUSR1).
    virtual void tell_now() = 0;
    // Lines above whatever is drawn at the bottom.
    virtual void line(const std::string& text) = 0;
    // A question's prompt; the next line typed answers it.
    virtual void prompt(const std::string& text) = 0;
    // The question is answered; keys are keys again.
    virtual void answered() = 0;
    // Whether what is typed is a line for a question, not a key.
    virtual bool prompting() const = 0;
    virtual void close() = 0;
};

}  // namespace perilune

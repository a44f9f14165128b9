// A drill that can be conducted: its file and runbook loaded, its services laid out.
#pragma once

#include <memory>
#include <string>

#include "interpreter/command/command.h"
#include "interpreter/drill/evidence.h"
#include "interpreter/drill/left_drill.h"
#include "interpreter/run/host.h"

namespace perilune {

class PreparedDrill {
public:
    explicit PreparedDrill(const Invocation& invocation) : invocation_(invocation) {}

    // What the command line names: the library, and the drill in it.
    Status find();
    // A new drill, in a folder of its own.
    Status begin();
    // One that has begun.
    Status take_up(const LeftDrill& left);

    Library library;
    std::string name;
    std::string environment;
    std::string folder;
    HostSetup setup;
    std::unique_ptr<Host> host;
    DrillPlan plan;
    DrillSubject subject;

private:
    // The host of a drill itself executes no run: others do, as in an incident.
    class NoRuns final : public Watcher {
        void on_record(const std::string&, const RunState&, const Value&) override {}
        void on_progress(const std::string&, const EventId&, const std::string&) override {}
        void on_rest(const std::string&, Rest, const std::string&) override {}
        void on_trouble(const std::string&) override {}
    };

    Status load();
    Result<Prepared> facts_of(const std::string& runbook);

    const Invocation& invocation_;
    NoRuns watcher_;
};

}  // namespace perilune

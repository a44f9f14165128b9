// One run executed in this process: started or resumed, watched, answered, and brought to rest.
#pragma once

#include <memory>
#include <string>

#include "interpreter/command/command.h"
#include "interpreter/command/screen.h"
#include "interpreter/run/host.h"

namespace perilune {

class Session final : public Watcher {
public:
    // `services`: what a drill has started for the environment.
    explicit Session(const Invocation& invocation, const Value& services = {});
    ~Session() override;

    // `extra` goes into the begin record (a plan that is to be followed).
    int start(const Value& extra = {});
    // Resumes the run and those below it; where there is one, this command is taken first.
    int resume(const std::string& run, const InboxRow* first);

    void on_record(const std::string& run, const RunState& state, const Value& record) override;
    void on_progress(const std::string& run, const EventId& id, const std::string& text) override;
    void on_rest(const std::string& run, Rest rest, const std::string& reason) override;
    void on_trouble(const std::string& problem) override;

private:
    int loop_until_rest();
    void finish(int code);
    void give_up(const Error& error);
    void prepared(Result<Prepared> made);
    std::string sign_typed(LiveRun& run, Command& given);
    Status sign_start(const Prepared& made, StartOptions& options);
    void resume_with_current_code(const InboxRow& first, std::function<void(Status)> begun);
    Status send_signed(InboxRow& command, const Bundle& code);
    void resumed(const Status& status);
    void tell_code_differences();
    void watch_signals();
    void on_signal(int signal);
    void ask_people();
    void read_terminal();
    void show_closing(int code);
    void learn_usual(const std::string& runbook);
    void on_line(const std::string& line);
    void look_at_rest();
    void end_park(const std::string& state, const std::string& reason, int code);
    // What each strand of the run and of those below it waits for.
    Value waiting();

    const Invocation& invocation_;
    std::unique_ptr<Host> host_;
    std::unique_ptr<Screen> screen_;
    std::string run_;
    Value extra_;
    int exit_ = exit_bug;
    int signals_ = 0;
    int signal_ = 0;  // The first one that was to stop it.
    int signal_fd_ = -1;
    Loop::Id input_ = 0;
    bool finished_ = false;
    bool parking_ = false;  // The runs are being given up; nothing more is asked of them.
    std::string trouble_;   // Why the store cannot be written; empty while it can.
    std::string typed_;     // The question shown last.
    std::string line_;      // What was typed and has no line end yet.
};

// The state folder: --state, else PERILUNE_STATE, else the user's own.
std::string state_folder(const Invocation& invocation);
Result<Library> library_of(const Invocation& invocation);
HostSetup host_setup(const Invocation& invocation);

}  // namespace perilune

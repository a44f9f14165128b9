#include "interpreter/command/session.h"

#include <array>
#include <csignal>
#include <filesystem>

#include <sys/signalfd.h>
#include <unistd.h>

#include "interpreter/base/json.h"
#include "interpreter/base/units.h"
#include "interpreter/command/answers.h"
#include "interpreter/command/law.h"
#include "interpreter/command/output.h"
#include "interpreter/command/person_key.h"
#include "interpreter/command/screen_lines.h"
#include "interpreter/command/secret_fetch.h"
#include "interpreter/library/parameters.h"
#include "interpreter/report/closing.h"
#include "interpreter/report/usual.h"
#include "interpreter/run/live_run.h"

namespace perilune {

Session::Session(const Invocation& invocation, const Value& services) : invocation_(invocation) {
    HostSetup setup = host_setup(invocation);
    setup.services = services;
    host_ = std::make_unique<Host>(std::move(setup), *this);
    screen_ = Screen::make(host_->loop(), invocation.json());
    host_->print = [this](const std::string& text) { screen_->line(text); };
}

Session::~Session() = default;

int Session::start(const Value& extra) {
    extra_ = extra;
    const auto library = library_of(invocation_);
    if (!library) return report_error(invocation_, library.error());
    if (!invocation_.has("--environment")) {
        std::string known;
        for (const auto& [name, path] : library->environments)
            known += (known.empty() ? "" : ", ") + name;
        return report_error(invocation_, fail("bad_argument",
                                              "Say which environment this is for: "
                                              "--environment NAME. The library has: " +
                                                  known + "."));
    }
    if (const auto opened = host_->open(); !opened)
        return report_error(invocation_, opened.error());
    watch_signals();
    host_->loop().post([this, library = *library] {
        host_->prepare(library, invocation_.get("--environment"), invocation_.get("RUNBOOK"),
                       [this](Result<Prepared> made) { prepared(std::move(made)); });
    });
    return loop_until_rest();
}

namespace {

// What the environment's policy has against starting this, or nothing.
Status allowed_by_policy(const Prepared& made, const Value& extra) {
    const Policy& policy = made.environment.policy;
    if (extra.has("break_glass")) {
        if (policy.break_glass_for(made.runbook)) return Done{};
        return fail("denied", "The environment " + made.environment.name + " does not let " +
                                  made.runbook +
                                  " pass its policy over: --break-glass is refused.");
    }
    if (policy.plan_for(made.runbook) != PlanRule::required || extra.has("plan")) return Done{};
    return fail("denied", "The environment " + made.environment.name +
                              " wants a plan first: "
                              "perilune plan " +
                              made.runbook + " --environment " + made.environment.name +
                              ", then the same as a run with --plan DIGEST. In an emergency: "
                              "--break-glass --reason TEXT, which every report shows.");
}

}  // namespace

void Session::prepared(Result<Prepared> made) {
    if (!made) return give_up(made.error());
    if (const auto allowed = allowed_by_policy(*made, extra_); !allowed)
        return give_up(allowed.error());
    const auto& defaults = made->environment.parameters;
    const auto found = defaults.find(made->runbook);
    auto declared = read_declarations(made->facts["parameters"]);
    if (!declared) return give_up(declared.error());
    auto params = read_parameters(*declared, invocation_.all("PARAMETERS"),
                                  found == defaults.end() ? Map() : found->second);
    if (!params) return give_up(params.error());
    // A secret that is missing is told before anything starts: exit code 4.
    std::vector<std::string> targets;
    for (const auto& [target, changes] : made->facts["targets"].map()) targets.push_back(target);
    const auto open = [this](const Value& handle) { return host_->open_secret(handle); };
    if (const auto there = check_secrets(made->environment, targets, open); !there)
        return give_up(there.error());
    StartOptions options;
    options.params = Value(*params);
    options.who = current_person();
    options.run_id = invocation_.get("--run-id");
    options.extra = extra_;
    if (invocation_.has("--outage-began")) {
        const auto began = parse_time(invocation_.get("--outage-began"));
        if (!began) return give_up(began.error());
        options.outage_began_at = *began;
    }
    if (invocation_.has("--wait-for-locks")) {
        const auto wait = parse_duration(invocation_.get("--wait-for-locks"));
        if (!wait) return give_up(wait.error());
        options.lock_wait_s = *wait;
    }
    if (const auto signed_by = sign_start(*made, options); !signed_by)
        return give_up(signed_by.error());
    if (!extra_.has("break_glass"))
        if (const auto able = check_eligible(*made, options.who); !able)
            return give_up(able.error());
    run_ = options.run_id;
    if (::isatty(STDERR_FILENO) == 1) learn_usual(made->runbook);
    host_->start(*made, options, [this](Result<std::string> started) {
        if (!started) return give_up(started.error());
        run_ = *started;
        screen_->watch([this] { return waiting(); });
    });
}

int Session::resume(const std::string& run, const InboxRow* first) {
    if (const auto opened = host_->open(); !opened)
        return report_error(invocation_, opened.error());
    watch_signals();
    run_ = run;
    const bool replaces = invocation_.has("--with-current-code");
    if (first && !replaces)
        if (const auto sent = host_->store().send(*first); !sent)
            return report_error(invocation_, sent.error());
    host_->loop().post([this, replaces, command = first ? *first : InboxRow()] {
        const auto begun = [this](const Status& status) { resumed(status); };
        if (replaces) return resume_with_current_code(command, begun);
        host_->resume(run_, current_person(), [this](const Status& status) {
            if (status) tell_code_differences();
            resumed(status);
        });
    });
    return loop_until_rest();
}

void Session::resumed(const Status& status) {
    if (!status) return give_up(status.error());
    screen_->watch([this] { return waiting(); });
}

// `first` is what is said to the run then, if it has an id; it is signed for the code on disk.
void Session::resume_with_current_code(const InboxRow& first, std::function<void(Status)> begun) {
    const auto rows = host_->store().records(run_);
    if (!rows || rows->empty())
        return begun(fail("no_such_run", "There is no run " + run_ + ". See perilune runs."));
    const auto begin = from_canonical_json(rows->front().body);
    auto library = open_library(invocation_.get("--library", (*begin)["folder"].text()));
    if (!library) return begun(library.error());
    host_->prepare(*library, (*begin)["environment"].text(), (*begin)["runbook"].text(),
                   [this, begun, command = first](Result<Prepared> made) mutable {
                       if (!made) return begun(made.error());
                       if (!command.id.empty())
                           if (const auto sent = send_signed(command, made->bundle); !sent)
                               return begun(sent.error());
                       host_->resume_with(run_, current_person(), *made, begun);
                   });
}

Status Session::send_signed(InboxRow& command, const Bundle& code) {
    if (const auto done = sign_command(invocation_, host_->store(), command, &code); !done)
        return done;
    return host_->store().send(command);
}

int Session::loop_until_rest() {
    host_->loop().run();
    screen_->close();
    return exit_;
}

void Session::finish(int code) {
    if (finished_) return;
    finished_ = true;
    exit_ = code;
    host_->loop().stop();
}

void Session::give_up(const Error& error) { finish(report_error(invocation_, error)); }

void Session::on_record(const std::string& run, const RunState& state, const Value& record) {
    if (!finished_) screen_->record(run, state, record);
}

void Session::on_progress(const std::string&, const EventId& id, const std::string& text) {
    if (id.strand.empty()) return screen_->line(text);
    screen_->progress(id, text);
}

void Session::on_trouble(const std::string& problem) {
    if (problem == trouble_) return;  // Each try to write fails anew.
    trouble_ = problem;
    screen_->line(problem.empty() ? "The state store can be written again; the run goes on."
                                  : problem +
                                        " The run waits; nothing is executed until it can be "
                                        "written. Make space, or stop with Ctrl-C.");
}

void Session::watch_signals() {
    read_terminal();
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) sigaddset(&set, signal);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signal_fd_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    host_->loop().watch(signal_fd_, Ready::readable, [this] {
        signalfd_siginfo info{};
        while (::read(signal_fd_, &info, sizeof info) == sizeof info)
            on_signal(static_cast<int>(info.ssi_signo));
    });
}

// SIGHUP: the terminal is gone; the run goes on, and waits where it needs a person.
void Session::on_signal(int signal) {
    if (signal == SIGUSR1) return screen_->tell_now();
    if (signal == SIGHUP) return;
    if (signal_ == 0) signal_ = signal;
    if (++signals_ > 1 || run_.empty() || !host_->live(run_)) {
        screen_->close();
        say(run_.empty() ? "Interrupted before anything was started."
                         : "Stopped at once. Go on with: perilune resume " + run_);
        ::_exit(signal == SIGTERM ? exit_terminated : exit_interrupted);
    }
    screen_->line(
        "Stopping: nothing new is started; what is in flight is settled first "
        "(again to stop at once).");
    host_->pause();
}

}  // namespace perilune

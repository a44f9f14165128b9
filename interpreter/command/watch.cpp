// Follows a run that another process executes, by its records as they become durable.
#include "interpreter/command/learning.h"

#include <csignal>

#include <sys/signalfd.h>
#include <unistd.h>

#include "interpreter/base/files.h"
#include "interpreter/command/output.h"
#include "interpreter/command/screen.h"
#include "interpreter/command/screen_lines.h"
#include "interpreter/command/stored_runs.h"
#include "interpreter/report/closing.h"
#include "interpreter/report/status.h"

namespace perilune {

namespace {

constexpr double poll_every_s = 0.1;

class Watch {
public:
    Watch(const Invocation& invocation, StoredRun run)
        : invocation_(invocation),
          store_(std::move(run.store)),
          row_(std::move(run.row)),
          loop_(Loop::make()),
          screen_(Screen::make(*loop_, invocation.json())) {
        catch_signals();
        Followed& main = followed_[row_.id];
        main.state = state_of(run.records);
        main.shown = run.records.size();
        if (invocation.has("--all")) {
            main = Followed();
        } else if (!invocation.json() && row_.state == "running") {
            put_lines(report::status_lines(timeline_of(row_, run.records), row_, data_style()));
        }
    }

    int follow() {
        screen_->watch([this] { return waiting(); });
        loop_->post([this] { poll(); });
        loop_->run();
        screen_->close();
        return exit_;
    }

private:
    struct Followed {
        RunState state;
        std::size_t shown = 0;
        std::string head;
    };

    // What the run waits for, in the form in which an engine tells it.
    Value waiting() {
        List listed;
        for (const auto& item : report::waiting_for(followed_[row_.id].state)) {
            Value shown;
            listed.push_back(shown.set("path", item.path).set("what", item.what));
        }
        return listed;
    }

    // Detaching leaves the run to whoever executes it.
    void catch_signals() {
        sigset_t set;
        sigemptyset(&set);
        for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) sigaddset(&set, signal);
        ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
        signals_ = Descriptor(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
        loop_->watch(signals_.get(), Ready::readable, [this] {
            signalfd_siginfo info{};
            while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
                if (info.ssi_signo == SIGUSR1) {
                    screen_->tell_now();
                    continue;
                }
                screen_->close();
                say("No longer watching; the run " + row_.id +
                    " goes on. Watch again: perilune "
                    "watch " +
                    row_.id);
                finish(info.ssi_signo == SIGTERM ? 128 + SIGTERM : exit_interrupted);
            }
        });
    }

    void poll() {
        const auto row = store_->run(row_.id);
        if (!row) return give_up(row.error());
        if (!*row) return give_up(fail("no_such_run", "The run " + row_.id + " is gone."));
        // The host is looked at before the records: what it wrote before it died is shown.
        const bool executed = is_executed(invocation_, **row);
        if (const auto shown = show_new(**row); !shown) return give_up(shown.error());
        row_ = **row;
        if (row_.state != "running") return tell_rest();
        if (!executed) return tell_death();
        loop_->start_timer(boot_now_s() + poll_every_s, [this] { poll(); });
    }

    // Shows what the run and those below it have written since.
    Status show_new(const RunRow& row) {
        Followed& followed = followed_[row.id];
        if (followed.head != row.head) {
            // What came after `row` was read is shown the next time.
            const auto wanted = static_cast<std::size_t>(row.seq) - followed.shown;
            const auto records = Records::of(*store_, row.id);
            if (!records) return records.error();
            for (std::size_t i = 0; i < wanted; ++i) {
                const Value record = records->at(followed.shown++);
                followed.state.apply(record);
                screen_->record(row.id, followed.state, record);
            }
            followed.head = row.head;
        }
        const auto children = store_->children(row.id);
        if (!children) return children.error();
        for (const auto& child : *children)
            if (const auto shown = show_new(child); !shown) return shown.error();
        return Done{};
    }

    void tell_rest() {
        screen_->close();
        const RunState& state = followed_[row_.id].state;
        if (invocation_.json())
            put_json(report::closing_value(state, row_));
        else
            tell_closing(state);
        const auto code = report::verdict_of(state, row_).exit;
        finish(code >= 0 ? static_cast<int>(code) : static_cast<int>(exit_waits));
    }

    void tell_closing(const RunState& state) {
        const report::Style style = talk_style();
        std::string text;
        for (const auto& line : report::closing_lines(state, row_, style)) text += line + "\n";
        write_raw(text);
    }

    void tell_death() {
        screen_->close();
        if (invocation_.json()) {
            Value told = report::closing_value(followed_[row_.id].state, row_);
            put_json(told.set("executed", false));
        } else {
            say("Nobody executes the run " + row_.id +
                ": the host that did is dead. Go on with: "
                "perilune resume " +
                row_.id);
        }
        finish(exit_waits);
    }

    void give_up(const Error& error) {
        screen_->close();
        finish(report_error(invocation_, error));
    }

    void finish(int code) {
        exit_ = code;
        loop_->stop();
    }

    const Invocation& invocation_;
    std::unique_ptr<Store> store_;
    RunRow row_;
    std::unique_ptr<Loop> loop_;
    std::unique_ptr<Screen> screen_;
    Descriptor signals_;
    std::map<std::string, Followed> followed_;
    int exit_ = exit_bug;
};

}  // namespace

int execute_watch(const Invocation& invocation) {
    auto run = read_run(invocation);
    if (!run) return report_error(invocation, run.error());
    Watch watch(invocation, std::move(*run));
    return watch.follow();
}

}  // namespace perilune

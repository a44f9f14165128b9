#include "interpreter/command/screen.h"

#include <unistd.h>

#include "interpreter/base/json.h"
#include "interpreter/base/units.h"
#include "interpreter/command/output.h"
#include "interpreter/command/screen_lines.h"

namespace perilune {

namespace {

constexpr double heartbeat_s = 15;

// Lines for a log or a pipe: one a step, and a heartbeat; or records as JSON.
class LineScreen final : public Screen {
public:
    LineScreen(Loop& loop, bool json) : loop_(loop), json_(json) { beat(); }

    void record(const std::string& run, const RunState& state, const Value& record) override {
        last_s_ = boot_now_s();
        if (json_) {
            Value shown = record;
            return put_json(shown.set("run", run));
        }
        const std::string text = record_line(run, state, record, false);
        if (!text.empty()) line(text);
    }

    void progress(const EventId&, const std::string& text) override {
        // At most one line a second: progress of long work is no log.
        if (boot_now_s() - last_progress_s_ < 1) return;
        last_progress_s_ = boot_now_s();
        line("  … " + text);
    }

    void watch(std::function<Value()> waiting) override { waiting_ = std::move(waiting); }
    void usual(report::Usual) override {}

    void tell_now() override {
        for (const auto& text : waiting_lines(waiting_)) line(text);
    }

    void line(const std::string& text) override {
        last_s_ = boot_now_s();
        say(show_time(wall_now_s()).substr(11, 8) + "  " + text);
    }

    void prompt(const std::string& text) override { say(text); }
    void answered() override {}
    bool prompting() const override { return true; }
    void close() override { closed_ = true; }

private:
    void beat() {
        loop_.start_timer(boot_now_s() + 1, [this] {
            if (closed_) return;
            if (!json_ && boot_now_s() - last_s_ >= heartbeat_s) tell_now();
            beat();
        });
    }

    Loop& loop_;
    bool json_;
    bool closed_ = false;
    double last_s_ = boot_now_s();
    double last_progress_s_ = 0;
    std::function<Value()> waiting_;
};

}  // namespace

std::unique_ptr<Screen> Screen::make(Loop& loop, bool json) {
    if (!json && ::isatty(STDERR_FILENO) == 1 && ::isatty(STDIN_FILENO) == 1)
        return make_terminal_screen(loop);
    return std::make_unique<LineScreen>(loop, json);
}

}  // namespace perilune

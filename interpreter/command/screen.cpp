#include "interpreter/command/screen.h"

#include <map>

#include <unistd.h>

#include "interpreter/base/json.h"
#include "interpreter/base/units.h"
#include "interpreter/command/output.h"

namespace perilune {

namespace {

constexpr double heartbeat_s = 15;

std::string clock_text(double wall_s) { return show_time(wall_s).substr(11, 8); }

// Lines for a log or a pipe: one a step, and a heartbeat.
class LineScreen final : public Screen {
public:
    LineScreen(Loop& loop, bool json) : loop_(loop), json_(json) { beat(); }

    void record(const std::string& run, const RunState& state, const Value& record) override {
        last_s_ = boot_now_s();
        if (json_) {
            Value shown = record;
            return put_json(shown.set("run", run));
        }
        const std::string& kind = record["kind"].text();
        if (kind == "begin") {
            line("Run " + run + ": " + record["facts"]["summary"].text());
        } else if (kind == "claim") {
            line("Resuming run " + run + " (" + record["why"].text() + ").");
        } else if (kind == "open" && record["args"]["what"].text() == "step") {
            line("▸ " + path_of(state, record));
        } else if (kind == "close") {
            show_close(state, record);
        } else if (kind == "log" && record["level"].text() != "caught") {
            line("  " + record["text"].text());
        } else if (kind == "fault") {
            line("! " + record["text"].text() + " It is started again and replayed.");
        }
    }

    void progress(const EventId&, const std::string& text) override { line("  … " + text); }

    void watch(std::function<Value()> waiting) override { waiting_ = std::move(waiting); }

    void tell_now() override {
        if (!waiting_) return;
        const Value now = waiting_();
        if (now.list().empty()) line("Nothing is waited for; the script is working.");
        for (const auto& item : now.list()) {
            const std::string path = item["path"].text();
            line("… " + (path.empty() ? "" : path + ": ") + item["what"].text());
        }
    }

    void line(const std::string& text) override { say(clock_text(wall_now_s()) + "  " + text); }

    void prompt(const std::string& text) override { say(text); }

    void close() override { closed_ = true; }

private:
    static std::string path_of(const RunState& state, const Value& record) {
        return state.path(EventId::from(record).key());
    }

    void show_close(const RunState& state, const Value& record) {
        const Scope& scope = state.scope(record["scope"].text());
        if (scope.what != "step" && scope.what != "wait" && scope.what != "hold") return;
        const std::string& outcome = record["args"]["outcome"].text();
        const std::string took =
            " (" + show_duration(record["time"].number() - scope.opened_at) + ")";
        if (outcome == "done") return line("✓ " + scope.path + took);
        if (outcome == "not_needed") return line("– " + scope.path + ": not needed");
        if (outcome == "skipped") return line("– " + scope.path + ": skipped" + took);
        line("✗ " + scope.path + took + ": " + record["args"]["error"]["message"].text());
    }

    void beat() {
        loop_.start_timer(boot_now_s() + heartbeat_s, [this] {
            if (closed_) return;
            if (!json_ && boot_now_s() - last_s_ >= heartbeat_s) tell_now();
            beat();
        });
    }

    Loop& loop_;
    bool json_;
    bool closed_ = false;
    double last_s_ = 0;
    std::function<Value()> waiting_;
};

}  // namespace

std::unique_ptr<Screen> Screen::make(Loop& loop, bool json) {
    return std::make_unique<LineScreen>(loop, json);
}

}  // namespace perilune

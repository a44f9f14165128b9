// The screen on a terminal: finished steps scroll up one line each, what runs now stays at the
// bottom with the time it has taken, the time it usually takes, and what it waits for.
#include <map>
#include <vector>

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "interpreter/base/units.h"
#include "interpreter/command/output.h"
#include "interpreter/command/screen_lines.h"

namespace perilune {

namespace {

constexpr double redraw_s = 1;
constexpr std::size_t bottom_max = 12;

struct Running {
    std::string path;
    double since = 0;
};

// Cuts at whole characters, so that no line wraps and the erasing stays true.
std::string cut(std::string_view text, std::size_t columns) {
    std::string shown;
    std::size_t width = 0;
    for (std::size_t i = 0; i < text.size();) {
        std::size_t length = 1;
        while (i + length < text.size() &&
               (static_cast<unsigned char>(text[i + length]) & 0xc0) == 0x80)
            ++length;
        if (width + 1 >= columns) return shown + "…";
        shown += text.substr(i, length);
        ++width;
        i += length;
    }
    return shown;
}

class TerminalScreen final : public Screen {
public:
    explicit TerminalScreen(Loop& loop) : loop_(loop), colour_(talk_in_colour()) {
        if (::tcgetattr(STDIN_FILENO, &usual_mode_) == 0) keys_ = true;
        read_keys();
        tick();
    }

    ~TerminalScreen() override { close(); }

    void record(const std::string& run, const RunState& state, const Value& record) override {
        const std::string& kind = record["kind"].text();
        const Scope& scope =
            state.scope(kind == "open" ? EventId::from(record).key() : record["scope"].text());
        const bool shown = scope.what == "step" || scope.what == "wait" || scope.what == "hold";
        if (kind == "open" && shown)
            running_[scope.id] = {.path = scope.path, .since = record["time"].number()};
        if (kind == "read") doing_.erase(record["strand"].text());
        if (kind == "result") doing_.erase(EventId::from_key(record["of"].text()).strand);
        if (kind == "close") running_.erase(record["scope"].text());
        if (kind == "end" || kind == "stop") running_.clear();
        const std::string text = record_line(run, state, record, colour_);
        if (!text.empty() && !(kind == "open" && shown)) return line(text);
        draw();
    }

    void progress(const EventId& id, const std::string& text) override {
        doing_[id.strand] = text;
        draw();
    }

    void watch(std::function<Value()> waiting) override { waiting_ = std::move(waiting); }

    void usual(report::Usual known) override { usual_ = std::move(known); }

    void tell_now() override {
        for (const auto& text : waiting_lines(waiting_)) line(text);
    }

    void line(const std::string& text) override {
        erase();
        write_raw(text + "\n");
        draw();
    }

    void prompt(const std::string& text) override {
        read_lines();
        line(colour_ ? "\x1b[1m" + visible(text) + "\x1b[0m" : visible(text));
    }

    void answered() override { read_keys(); }
    bool prompting() const override { return !reading_keys_; }

    void close() override {
        if (closed_) return;
        closed_ = true;
        erase();
        read_lines();
    }

private:
    void tick() {
        loop_.start_timer(boot_now_s() + redraw_s, [this] {
            if (closed_) return;
            draw();
            tick();
        });
    }

    static std::size_t columns() {
        winsize size{};
        if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20) return 80;
        return size.ws_col;
    }

    void erase() {
        std::string text;
        for (std::size_t i = 0; i < drawn_; ++i) text += "\x1b[1A\x1b[2K";
        drawn_ = 0;
        if (!text.empty()) write_raw(text);
    }

    void draw() {
        if (closed_) return;
        erase();
        std::string text;
        for (const auto& [id, running] : running_) {
            bool has_inner = false;
            for (const auto& [other, inner] : running_)
                has_inner |= other != id && inner.path.starts_with(running.path + " › ");
            if (has_inner || drawn_ >= bottom_max) continue;
            text += cut(running_line(id, running), columns()) + "\n";
            ++drawn_;
        }
        if (!text.empty()) write_raw(text);
    }

    std::string running_line(const std::string& id, const Running& running) {
        const double so_far_s = std::max(0.0, wall_now_s() - running.since);
        std::string text = "… " + visible(running.path, false) + "  " + show_duration(so_far_s);
        if (const auto known = usual_.step(running.path); known.runs > 0)
            text += so_far_s > known.ninetieth_s
                        ? " – LONGER than usual, " + show_duration(known.median_s)
                        : " (usually " + show_duration(known.median_s) + ")";
        const std::string strand = EventId::from_key(id).strand;
        if (const auto found = doing_.find(strand); found != doing_.end())
            return text + "  " + visible(found->second, false);
        if (!waiting_) return text;
        const Value all = waiting_();
        for (const auto& item : all.list())
            if (item["path"].text() == running.path)
                return text + "  waits for " + visible(item["what"].text(), false);
        return text;
    }

    // Keys without Enter, for `t`; the line mode comes back for questions and at the end.
    void read_keys() {
        if (!keys_ || ::tcgetpgrp(STDIN_FILENO) != ::getpgrp()) return;
        termios mode = usual_mode_;
        mode.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
        ::tcsetattr(STDIN_FILENO, TCSANOW, &mode);
        reading_keys_ = true;
    }

    void read_lines() {
        if (!reading_keys_) return;
        ::tcsetattr(STDIN_FILENO, TCSANOW, &usual_mode_);
        reading_keys_ = false;
    }

    Loop& loop_;
    bool colour_;
    bool keys_ = false;
    bool reading_keys_ = false;
    bool closed_ = false;
    termios usual_mode_{};
    std::size_t drawn_ = 0;
    std::map<std::string, Running> running_;
    std::map<std::string, std::string> doing_;
    report::Usual usual_;
    std::function<Value()> waiting_;
};

}  // namespace

std::unique_ptr<Screen> make_terminal_screen(Loop& loop) {
    return std::make_unique<TerminalScreen>(loop);
}

}  // namespace perilune

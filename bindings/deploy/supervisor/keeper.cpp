#include "bindings/deploy/supervisor/keeper.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bindings/deploy/supervisor/started.h"
#include "interpreter/base/json.h"
#include "interpreter/base/kept_log.h"
#include "interpreter/base/newest.h"

namespace perilune {

namespace {

constexpr int lock_fd = 3;
constexpr double drain_within_s = 1;    // For pipes that a descendant still holds open.
constexpr double status_within_s = 60;  // How long writing the last status is tried.
constexpr double never = HUGE_VAL;

bool read_input(std::string& bytes) {
    std::array<char, 1 << 16> piece{};
    for (;;) {
        const auto count = ::read(STDIN_FILENO, piece.data(), piece.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return count == 0;
        bytes.append(piece.data(), static_cast<std::size_t>(count));
    }
}

void complain(const std::string& message) {
    const std::string line = "perilune-supervisor: " + message + "\n";
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

void place_null(int as) {
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, as);
    if (null != as) ::close(null);
}

// One stream of the program: its newest bytes, and its lines in the log.
struct Kept {
    char source;
    Descriptor from = {};
    Newest newest = {};

    void add(std::string_view piece, std::size_t bytes_max, LogWriter& log) {
        log.add(source, piece);
        newest.add(piece, bytes_max);
    }
};

class Keeper {
public:
    Keeper(std::string folder, KeptProgram program)
        : folder_(std::move(folder)),
          program_(std::move(program)),
          log_(folder_ + "/log", program_.log_max) {
        sigset_t signals;
        sigemptyset(&signals);
        for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
        ::sigprocmask(SIG_BLOCK, &signals, nullptr);
        ::signal(SIGPIPE, SIG_IGN);
        signals_ = Descriptor(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    }

    // Returns a sentence where the program was not started and no status file says so.
    std::string start() {
        status_.label = program_.label;
        status_.note = program_.note;
        status_.boot = boot_id();
        status_.keeper_pid = ::getpid();
        status_.keeper_ticks = start_ticks(status_.keeper_pid);
        status_.started_at = wall_clock_s();
        started_at_s_ = boot_clock_s();
        // Durable first: from here on nobody may believe that it was never started.
        if (const auto written = write_kept_status(folder_, status_); !written)
            return written.error().message;
        Started started;
        status_.error = start_kept(program_, started);
        program_.environment.clear();
        program_.input.clear();
        if (!status_.error.empty()) {
            status_.state = KeptStatus::State::refused;
            write_last_status();
            return {};
        }
        status_.state = KeptStatus::State::running;
        status_.pid = started.pid;
        status_.ticks = start_ticks(started.pid);
        pidfd_ = std::move(started.pidfd);
        streams_[0].from = std::move(started.output);
        streams_[1].from = std::move(started.errors);
        if (program_.deadline_s > 0) stop_at_s_ = program_.deadline_s;
        // If this cannot be written, `starting` stands, which claims less.
        [[maybe_unused]] const auto written = write_kept_status(folder_, status_);
        return {};
    }

    void watch() {
        if (status_.state != KeptStatus::State::running) return;
        while (!done()) {
            wait();
            const double now_s = boot_clock_s();
            if (now_s >= stop_at_s_) stop(program_.grace_s);
            if (now_s < kill_at_s_) continue;
            kill_at_s_ = never;
            ::kill(-status_.pid, SIGKILL);
            if (ended_) end_at_s_ = std::min(end_at_s_, now_s + drain_within_s);
        }
        finish();
    }

private:
    bool done() const {
        if (!ended_) return false;
        return (!streams_[0].from.open() && !streams_[1].from.open()) ||
               boot_clock_s() >= end_at_s_;
    }

    void wait() {
        std::array<pollfd, 4> watched{};
        watched[0] = {signals_.get(), POLLIN, 0};
        watched[1] = {ended_ ? -1 : pidfd_.get(), POLLIN, 0};
        watched[2] = {streams_[0].from.get(), POLLIN, 0};
        watched[3] = {streams_[1].from.get(), POLLIN, 0};
        const double until_s = std::min({stop_at_s_, kill_at_s_, end_at_s_}) - boot_clock_s();
        const int timeout_ms =
            until_s > 1e6 ? -1 : static_cast<int>(std::ceil(std::max(until_s, 0.0) * 1000));
        if (::poll(watched.data(), watched.size(), timeout_ms) < 0) return;
        if (watched[0].revents != 0) take_signals();
        for (std::size_t i = 0; i < streams_.size(); ++i)
            if (watched[i + 2].revents != 0) drain(streams_[i]);
        if (watched[1].revents == 0) return;
        ended_ = true;
        stop_at_s_ = never;
        // Its descendants have the rest of the grace time where it was told to stop.
        end_at_s_ =
            kill_at_s_ < never ? kill_at_s_ + drain_within_s : boot_clock_s() + drain_within_s;
    }

    void drain(Kept& stream) {
        std::array<char, 1 << 16> piece{};
        const auto count = ::read(stream.from.get(), piece.data(), piece.size());
        if (count > 0)
            stream.add({piece.data(), static_cast<std::size_t>(count)}, program_.output_max, log_);
        else if (count == 0 || (errno != EAGAIN && errno != EINTR))
            stream.from.close();
    }

    void take_signals() {
        signalfd_siginfo taken{};
        while (::read(signals_.get(), &taken, sizeof taken) == static_cast<ssize_t>(sizeof taken)) {
            if (taken.ssi_signo == SIGHUP) continue;
            const bool with_grace = taken.ssi_code == SI_QUEUE;
            stop(with_grace ? static_cast<double>(taken.ssi_int) / 1000 : program_.grace_s);
        }
    }

    // A program is told once; a second request can only shorten its grace.
    void stop(double grace_s) {
        stop_at_s_ = never;
        if (ended_) return;
        kill_at_s_ = std::min(kill_at_s_, boot_clock_s() + grace_s);
        if (!status_.stopped) ::kill(-status_.pid, SIGTERM);
        status_.stopped = true;
    }

    void finish() {
        // The leader is not reaped yet, so its number cannot be another group's.
        if (status_.stopped || program_.ends_with_keeper) ::kill(-status_.pid, SIGKILL);
        siginfo_t info{};
        while (::waitid(P_PID, static_cast<id_t>(status_.pid), &info, WEXITED) != 0 &&
               errno == EINTR) {
        }
        for (auto& stream : streams_) stream.newest.trim(program_.output_max);
        log_.flush();
        status_.state = KeptStatus::State::ended;
        status_.exit_code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
        status_.took_s = boot_clock_s() - started_at_s_;
        status_.output = std::move(streams_[0].newest.bytes);
        status_.errors = std::move(streams_[1].newest.bytes);
        status_.truncated = streams_[0].newest.truncated || streams_[1].newest.truncated;
        write_last_status();
    }

    // How it ended is worth waiting for: a full disk may have space again in a moment.
    void write_last_status() {
        const double until_s = boot_clock_s() + status_within_s;
        while (!write_kept_status(folder_, status_) && boot_clock_s() < until_s)
            ::poll(nullptr, 0, 500);
    }

    std::string folder_;
    KeptProgram program_;
    LogWriter log_;
    KeptStatus status_;
    Descriptor signals_;
    Descriptor pidfd_;
    std::array<Kept, 2> streams_ = {Kept{'o'}, Kept{'e'}};
    double started_at_s_ = 0;
    double stop_at_s_ = never;
    double kill_at_s_ = never;
    double end_at_s_ = never;
    bool ended_ = false;
};

// In the first process: waits for the word of the second, which goes on alone.
int wait_for_word(const Descriptor& word) {
    std::array<char, 1024> text{};
    const auto count = ::read(word.get(), text.data(), text.size());
    if (count <= 0) {
        complain("The keeper ended before it had started its program.");
        return 1;
    }
    if (text[0] == '+') return 0;
    complain(std::string(text.data() + 1, static_cast<std::size_t>(count) - 1));
    return 1;
}

}  // namespace

int keep_program(const std::string& folder) {
    if (::fcntl(lock_fd, F_GETFD) < 0) {
        complain("Keeping a program needs its lock as descriptor 3.");
        return 2;
    }
    std::string text;
    const bool read = read_input(text);
    const auto told = read ? from_canonical_json(text) : fail("no_input", std::strerror(errno));
    if (!told) {
        complain("What to keep was not understood: " + told.error().message);
        return 2;
    }
    std::array<int, 2> word{-1, -1};
    if (::pipe2(word.data(), O_CLOEXEC) != 0) return 1;
    const pid_t pid = ::fork();
    if (pid != 0) {
        ::close(word[1]);
        return pid < 0 ? 1 : wait_for_word(Descriptor(word[0]));
    }
    ::close(word[0]);
    ::setsid();
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) place_null(fd);
    Keeper keeper(folder, KeptProgram::from_value(*told));
    const std::string error = keeper.start();
    const std::string said = (error.empty() ? "+" : "-") + error;
    [[maybe_unused]] const auto written = ::write(word[1], said.data(), said.size());
    ::close(word[1]);
    if (!error.empty()) return 1;
    keeper.watch();
    return 0;
}

}  // namespace perilune

// Child programs by posix_spawn: a pidfd on the loop tells that one has ended, and never a signal.
#include "interpreter/base/child.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interpreter/base/newest.h"
#include "interpreter/base/spawn.h"

namespace perilune {

namespace {

constexpr double kill_after_s = 5;    // From SIGTERM to SIGKILL.
constexpr double drain_within_s = 1;  // For pipes that a grandchild still holds open.

struct Stream {
    Descriptor fd;
    Loop::Id watch = 0;
    Newest newest;
};

// One running program. Held alive by the callbacks that wait for it, until `finish` ends them.
class Child : public std::enable_shared_from_this<Child> {
public:
    Child(Loop& loop, Program program, std::shared_ptr<Cancel> cancel, double deadline_s)
        : loop_(loop),
          program_(std::move(program)),
          cancel_(std::move(cancel)),
          deadline_s_(deadline_s) {}

    void start(Leaf<Ended>::Resume resume) {
        resume_ = std::move(resume);
        started_at_s_ = boot_now_s();
        ended_.error = spawn();
        ended_.started = ended_.error.empty();
        if (!ended_.started) return answer();
        // By its number: glibc 2.36 declares pidfd_open for C only.
        pidfd_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
        if (!pidfd_.open()) return give_up();
        if (program_.on_start) program_.on_start(pid_);
        const auto self = shared_from_this();
        for (Stream* stream : {&output_, &errors_})
            stream->watch = loop_.watch(stream->fd.get(), Ready::readable,
                                        [self, stream] { self->drain(*stream); });
        watch_ = loop_.watch(pidfd_.get(), Ready::readable, [self] { self->leader_ended(); });
        timer_ = loop_.start_timer(deadline_s_, [self] { self->stop(); });
        if (cancel_) cancel_->on_ask([self] { self->stop(); });
    }

private:
    std::string name() const { return program_.argv.empty() ? "" : program_.argv[0]; }

    // Returns why it could not be started, or nothing.
    std::string spawn() {
        const bool cancelled = cancel_ && cancel_->asked();
        if (cancelled || boot_now_s() >= deadline_s_) {
            ended_.stopped = true;
            return "Starting the program " + name() + " was given up: " +
                   (cancelled ? "a stop was asked for." : "its deadline had passed.");
        }
        Spawned spawned;
        std::string error = spawn_program(program_, spawned);
        pid_ = spawned.pid;
        output_.fd = std::move(spawned.output);
        errors_.fd = std::move(spawned.errors);
        return error;
    }

    // Nothing could tell us when it ends, so it must not go on.
    void give_up() {
        ended_.error = "The program " + name() +
                       " was killed: its pidfd could not be opened: " + std::strerror(errno) + ".";
        ::kill(-pid_, SIGKILL);
        reap();
        answer();
    }

    void drain(Stream& stream) {
        static thread_local std::array<char, 1 << 16> buffer;
        // Bounded, so that a program that floods its pipe does not starve the loop.
        for (int turn = 0; turn < 16 && stream.fd.open(); ++turn) {
            const auto count = ::read(stream.fd.get(), buffer.data(), buffer.size());
            if (count < 0 && (errno == EAGAIN || errno == EINTR)) break;
            if (count <= 0) {
                close(stream);
                break;
            }
            const std::string_view piece(buffer.data(), static_cast<std::size_t>(count));
            stream.newest.add(piece, program_.output_max);
            if (program_.on_output) program_.on_output(piece);
        }
        finish_if_drained();
    }

    void close(Stream& stream) {
        loop_.cancel(stream.watch);
        stream.fd.close();
    }

    void leader_ended() {
        loop_.cancel(watch_);
        leader_ended_ = true;
        // One that was told to stop leaves its descendants the rest of the grace time.
        if (!ended_.stopped || killed_) {
            loop_.cancel(timer_);
            timer_ = loop_.start_timer(boot_now_s() + drain_within_s,
                                       [self = shared_from_this()] { self->finish(); });
        }
        for (Stream* stream : {&output_, &errors_})
            if (!finished_ && stream->fd.open()) drain(*stream);
        finish_if_drained();
    }

    void stop() {
        if (leader_ended_ || ended_.stopped) return;
        ended_.stopped = true;
        ::kill(-pid_, SIGTERM);
        loop_.cancel(timer_);
        timer_ = loop_.start_timer(boot_now_s() + kill_after_s, [self = shared_from_this()] {
            ::kill(-self->pid_, SIGKILL);
            self->killed_ = true;
            if (self->leader_ended_) self->finish();
        });
    }

    void finish_if_drained() {
        if (leader_ended_ && !output_.fd.open() && !errors_.fd.open()) finish();
    }

    void finish() {
        if (finished_) return;
        finished_ = true;
        loop_.cancel(timer_);
        close(output_);
        close(errors_);
        // The leader is not reaped yet, so its number cannot be another group's.
        if (ended_.stopped) ::kill(-pid_, SIGKILL);
        reap();
        if (cancel_) cancel_->forget();
        answer();
    }

    void reap() {
        siginfo_t info{};
        int got = -1;
        do got = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED);
        while (got != 0 && errno == EINTR);
        if (got != 0)
            ended_.error =
                "How the program " + name() + " ended is not known: " + std::strerror(errno) + ".";
        ended_.exit_code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
    }

    void answer() {
        for (Stream* stream : {&output_, &errors_}) {
            stream->newest.trim(program_.output_max);
            ended_.truncated = ended_.truncated || stream->newest.truncated;
        }
        ended_.output = std::move(output_.newest.bytes);
        ended_.errors = std::move(errors_.newest.bytes);
        ended_.took_s = boot_now_s() - started_at_s_;
        loop_.post([self = shared_from_this()] { self->resume_(std::move(self->ended_)); });
    }

    Loop& loop_;
    Program program_;
    std::shared_ptr<Cancel> cancel_;
    double deadline_s_;
    double started_at_s_ = 0;
    Leaf<Ended>::Resume resume_;
    Ended ended_;
    pid_t pid_ = -1;
    Descriptor pidfd_;
    Stream output_;
    Stream errors_;
    Loop::Id watch_ = 0;
    Loop::Id timer_ = 0;
    bool leader_ended_ = false;
    bool killed_ = false;
    bool finished_ = false;
};

}  // namespace

Awaitable<Ended> run_program(Loop& loop, Program program, std::shared_ptr<Cancel> cancel,
                             double deadline_s) {
    const auto child =
        std::make_shared<Child>(loop, std::move(program), std::move(cancel), deadline_s);
    Leaf<Ended> leaf([child](Leaf<Ended>::Resume resume) { child->start(std::move(resume)); });
    co_return co_await leaf;
}

}  // namespace perilune

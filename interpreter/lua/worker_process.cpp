// The watch over one worker: its socket, its end, and the processor time it uses.
#include "interpreter/lua/worker_process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <utility>

#include <sys/wait.h>
#include <unistd.h>

#include "interpreter/lua/worker_end.h"
#include "interpreter/lua/worker_spawn.h"
#include "interpreter/lua/worker_stream.h"

namespace perilune {

namespace {

constexpr double check_again_s = 0.005;  // At least; a worker at its limit may sleep there.
constexpr int reads_a_turn = 16;         // Then other watches of the loop get theirs.

std::string show_number(double number) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", number);
    return text;
}

bool is_fault(const List& message) {
    return message.size() == 2 && message[0].text() == "fault" && message[1].is_text();
}

}  // namespace

// Kept alive by callbacks while they run, so that they may destroy the WorkerProcess.
class WorkerProcess::Core : public std::enable_shared_from_this<Core> {
public:
    Core(Loop& loop, const SpawnedWorker& worker, WorkerLimits limits, OnMessage on_message,
         OnEnd on_end)
        : loop_(loop),
          worker_(worker),
          limits_(limits),
          on_message_(std::move(on_message)),
          on_end_(std::move(on_end)) {}

    ~Core() {
        ::close(worker_.socket_fd);
        ::close(worker_.process_fd);
    }

    void watch() {
        const std::weak_ptr<Core> weak = weak_from_this();
        reading_ = loop_.watch(worker_.socket_fd, Ready::readable, [weak] {
            if (const auto core = weak.lock()) core->read();
        });
        ending_ = loop_.watch(worker_.process_fd, Ready::readable, [weak] {
            if (const auto core = weak.lock()) core->end();
        });
    }

    void leave() {
        left_ = true;
        cancel_all();
        if (ended_) return;
        ::kill(worker_.pid, SIGKILL);
        reap();
    }

    void send(const Value& list) {
        if (ended_ || stopped()) return;
        if (!output_.add(list))
            return stop(WorkerEnd::Reason::killed,
                        "The host made a message for the worker that is larger than 4 MiB.");
        if (!busy_) start_budget();
        if (flush_posted_) return;
        flush_posted_ = true;
        loop_.post([weak = weak_from_this()] {
            if (const auto core = weak.lock()) core->flush();
        });
    }

    void flush() {
        flush_posted_ = false;
        if (ended_ || left_) return;
        // A closed end is no news here: the watch on the process tells how it ended.
        const bool open = output_.write_to(worker_.socket_fd);
        const bool waits = open && output_.bytes() > 0;
        if (waits && writing_ == 0) {
            writing_ = loop_.watch(worker_.socket_fd, Ready::writable, [weak = weak_from_this()] {
                if (const auto core = weak.lock()) core->flush();
            });
        } else if (!waits) {
            cancel(writing_);
        }
    }

    void rest() {
        busy_ = false;
        cancel(checking_);
    }

    void stop(WorkerEnd::Reason reason, std::string text) {
        if (ended_ || stopped()) return;
        stop_ = {.reason = reason, .status = SIGKILL, .text = std::move(text)};
        stopped_ = true;
        cancel(reading_);
        cancel(checking_);
        ::kill(worker_.pid, SIGKILL);  // Not yet reaped, so the number is still its own.
    }

    bool busy() const { return busy_; }
    int pid() const { return worker_.pid; }
    std::size_t unsent_bytes() const { return output_.bytes(); }

    double cpu_s() const {
        clockid_t clock{};
        timespec used{};
        if (ended_ || ::clock_getcpuclockid(worker_.pid, &clock) != 0 ||
            ::clock_gettime(clock, &used) != 0)
            return cpu_last_s_;
        cpu_last_s_ = static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
        return cpu_last_s_;
    }

private:
    bool stopped() const { return stopped_ || left_; }

    void start_budget() {
        busy_ = true;
        budget_ends_s_ = cpu_s() + limits_.cpu_s;
        check_budget();
    }

    // One thread cannot use more processor time than passes, so the next look is due when the
    // rest of the budget could be used up, and no polling is needed before.
    void check_budget() {
        checking_ = 0;
        if (!busy_ || ended_ || stopped()) return;
        const double left_s = budget_ends_s_ - cpu_s();
        if (left_s <= 0)
            return stop(WorkerEnd::Reason::cpu_limit,
                        "The script used more than " + show_number(limits_.cpu_s) +
                            " s of processor time without waiting for anything.");
        checking_ = loop_.start_timer(boot_now_s() + std::max(left_s, check_again_s),
                                      [weak = weak_from_this()] {
                                          if (const auto core = weak.lock()) core->check_budget();
                                      });
    }

    void read() {
        const auto kept = shared_from_this();
        for (int i = 0; i < reads_a_turn; ++i) {
            const auto got = input_.read_from(worker_.socket_fd);
            deliver();
            if (ended_ || stopped()) return;
            if (got == WorkerInput::Read::closed) cancel(reading_);
            if (got != WorkerInput::Read::more) return;
        }
    }

    void deliver() {
        while (!ended_ && !stopped()) {
            auto message = input_.next();
            if (!message.ok()) return stop(WorkerEnd::Reason::malformed, message.error().message);
            if (!message->has_value()) return;
            List& list = **message;
            if (is_fault(list)) {
                fault_ = list[1].text();
            } else {
                on_message_(std::move(list));
            }
        }
    }

    void end() {
        const auto kept = shared_from_this();
        // What it said before it ended comes first.
        while (!stopped()) {
            const auto got = input_.read_from(worker_.socket_fd);
            deliver();
            if (got != WorkerInput::Read::more) break;
        }
        if (left_) return;
        const siginfo_t how = reap();
        busy_ = false;
        cancel_all();
        // Moved out: whatever the callbacks hold is let go of once this has been told.
        const OnEnd on_end = std::exchange(on_end_, nullptr);
        on_end(stopped_ ? stop_ : describe_worker_end(how, fault_, limits_));
    }

    // By its number, not by the pidfd: the loop has made that one non-blocking.
    siginfo_t reap() {
        cpu_s();  // The last reading: its clock goes with it.
        siginfo_t how{};
        while (::waitid(P_PID, static_cast<id_t>(worker_.pid), &how, WEXITED) != 0 &&
               errno == EINTR) {
        }
        ended_ = true;
        return how;
    }

    void cancel(Loop::Id& id) {
        if (id != 0) loop_.cancel(id);
        id = 0;
    }

    void cancel_all() {
        cancel(reading_);
        cancel(writing_);
        cancel(ending_);
        cancel(checking_);
    }

    Loop& loop_;
    SpawnedWorker worker_;
    WorkerLimits limits_;
    OnMessage on_message_;
    OnEnd on_end_;
    WorkerOutput output_;
    WorkerInput input_;
    Loop::Id reading_ = 0;
    Loop::Id writing_ = 0;
    Loop::Id ending_ = 0;
    Loop::Id checking_ = 0;
    bool flush_posted_ = false;
    bool busy_ = false;
    bool stopped_ = false;  // Killed on purpose; `stop_` says why.
    bool ended_ = false;    // Reaped.
    bool left_ = false;     // The WorkerProcess is gone: nothing is called back.
    WorkerEnd stop_;
    std::string fault_;
    double budget_ends_s_ = 0;
    mutable double cpu_last_s_ = 0;
};

Result<std::unique_ptr<WorkerProcess>> WorkerProcess::start(Loop& loop, const std::string& program,
                                                            const std::string& mode,
                                                            WorkerLimits limits,
                                                            OnMessage on_message, OnEnd on_end) {
    const auto worker = spawn_worker(program, mode, limits.memory_bytes);
    if (!worker.ok()) return worker.error();
    const auto core =
        std::make_shared<Core>(loop, *worker, limits, std::move(on_message), std::move(on_end));
    core->watch();
    return std::unique_ptr<WorkerProcess>(new WorkerProcess(core));
}

WorkerProcess::WorkerProcess(std::shared_ptr<Core> core) : core_(std::move(core)) {}

WorkerProcess::~WorkerProcess() { core_->leave(); }

void WorkerProcess::send(const Value& list) { core_->send(list); }

void WorkerProcess::flush() { core_->flush(); }

void WorkerProcess::rest() { core_->rest(); }

bool WorkerProcess::busy() const { return core_->busy(); }

void WorkerProcess::kill(std::string why) {
    core_->stop(WorkerEnd::Reason::killed, std::move(why));
}

int WorkerProcess::pid() const { return core_->pid(); }

double WorkerProcess::cpu_s() const { return core_->cpu_s(); }

std::size_t WorkerProcess::unsent_bytes() const { return core_->unsent_bytes(); }

}  // namespace perilune

#include "bindings/process/keeper_link.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interpreter/base/spawn.h"

namespace perilune {

namespace {

// The keeper stops a program at its deadline itself; only a keeper that hangs is given up.
constexpr double keeper_overtime_s = 30;

Error not_started(const std::string& supervisor, const std::string& why) {
    return fail("not_started", "Starting the keeper of programs, " + supervisor + ", failed: " +
                                   why + " Check that it is installed beside perilune.");
}

Error keeper_lost() {
    return fail("keeper_lost", "its keeper ended before it could say how the program did.",
                Retry::unknown);
}

}  // namespace

KeeperLink::KeeperLink(Loop& loop, std::string supervisor, std::string folder, std::string log)
    : loop_(loop),
      supervisor_(std::move(supervisor)),
      folder_(std::move(folder)),
      log_(std::move(log)) {}

KeeperLink::~KeeperLink() {
    for (const auto& [number, waiting] : waiting_) loop_.cancel(waiting.timer);
    reap();
}

Status KeeperLink::start() {
    if (open_) return Done{};
    reap();
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return not_started(supervisor_, std::string(std::strerror(errno)) + ".");
    Descriptor ours(ends[0]);
    const Descriptor theirs(ends[1]);
    Program keeper;
    keeper.argv = {supervisor_, "run", folder_, log_};
    keeper.environment = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8"};
    keeper.inherited_fd = theirs.get();
    Spawned spawned;
    if (const std::string error = spawn_program(keeper, spawned); !error.empty())
        return not_started(supervisor_, error);
    first_pid_ = spawned.pid;
    first_pidfd_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, first_pid_, 0)));
    if (first_pidfd_.open())
        first_ended_ = loop_.watch(first_pidfd_.get(), Ready::readable, [this] { reap(); });
    socket_ = std::make_unique<ValueSocket>(
        loop_, std::move(ours), [this](const Value& told) { take(told); }, [this] { lose(); });
    open_ = true;
    return Done{};
}

void KeeperLink::reap() {
    if (first_pid_ < 0) return;
    loop_.cancel(std::exchange(first_ended_, 0));
    while (::waitpid(first_pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    first_pid_ = -1;
    first_pidfd_.close();
}

KeeperLink::ReadyProgram::~ReadyProgram() {
    if (const auto link = link_.lock()) link->waiting_.erase(number_);
}

Result<std::shared_ptr<KeeperLink::ReadyProgram>> KeeperLink::make_ready(
    const KeptProgram& program) {
    if (const auto started = start(); !started) return started.error();
    // A socket, not a pipe: a word for a process that is gone is no signal to the host.
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return fail("not_started",
                    std::string("Making a socket to the process of a program failed: ") +
                        std::strerror(errno) + ".",
                    Retry::safe);
    Descriptor ours(ends[0]);
    Descriptor theirs(ends[1]);
    const std::int64_t number = ++last_number_;
    waiting_.emplace(number, Waiting());
    Value request;
    request.set("ready", number).set("program", program.to_value());
    socket_->send(request, std::move(theirs));
    return std::make_shared<ReadyProgram>(weak_from_this(), number, program.label, std::move(ours));
}

Awaitable<Result<KeptStatus>> KeeperLink::run(std::shared_ptr<ReadyProgram> ready, Call& call) {
    const std::int64_t number = ready->number_;
    const auto found = waiting_.find(number);
    if (found == waiting_.end()) co_return keeper_lost();
    if (found->second.early) co_return std::move(*found->second.early);
    given_.insert(ready->label_);
    Leaf<Reply> leaf([this, number, &ready, &call](Leaf<Reply>::Resume resume) {
        Waiting& waiting = waiting_.at(number);
        waiting.resume = std::move(resume);
        waiting.tell = call.tell;
        waiting.timer = loop_.start_timer(call.deadline_s + keeper_overtime_s, [this, number] {
            answer(number, fail("keeper_silent",
                                "its keeper does not answer, and should have "
                                "ended it by now.",
                                Retry::unknown));
        });
        // Where nobody is there to hear it, the keeper's answer or its end is on the way.
        [[maybe_unused]] const auto sent = ::send(ready->word_.get(), "s", 1, MSG_NOSIGNAL);
        call.cancel->on_ask([this, number] {
            Value stop;
            if (open_) socket_->send(stop.set("stop", number));
        });
    });
    Reply reply = co_await leaf;
    call.cancel->forget();
    co_return reply;
}

void KeeperLink::take(const Value& told) {
    const std::int64_t number = told["of"].integer();
    const auto found = waiting_.find(number);
    if (found == waiting_.end()) return;
    if (told.has("said") && !found->second.resume) return;
    if (told.has("said")) return found->second.tell(told["said"].text());
    if (told.has("error")) return answer(number, Error::from_value(told["error"]));
    answer(number, KeptStatus::from_value(told["status"]));
}

// What it had started goes on; its log and locks say what is known of it.
void KeeperLink::lose() {
    open_ = false;
    while (!waiting_.empty())
        if (waiting_.begin()->second.resume)
            answer(waiting_.begin()->first, keeper_lost());
        else
            waiting_.erase(waiting_.begin());
}

void KeeperLink::answer(std::int64_t number, Reply reply) {
    const auto found = waiting_.find(number);
    if (found == waiting_.end()) return;
    if (!found->second.resume) {
        found->second.early = std::move(reply);
        return;
    }
    loop_.cancel(found->second.timer);
    loop_.post(
        [resume = std::move(found->second.resume), reply = std::move(reply)] { resume(reply); });
    waiting_.erase(found);
}

}  // namespace perilune

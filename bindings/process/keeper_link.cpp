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

Awaitable<Result<KeptStatus>> KeeperLink::run(KeptProgram program, Call& call) {
    if (const auto started = start(); !started) co_return started.error();
    const std::int64_t number = ++last_number_;
    Value request;
    request.set("start", number).set("program", program.to_value());
    given_.insert(program.label);
    Leaf<Reply> leaf([this, number, &request, &call](Leaf<Reply>::Resume resume) {
        Waiting waiting;
        waiting.resume = std::move(resume);
        waiting.tell = call.tell;
        waiting.timer = loop_.start_timer(call.deadline_s + keeper_overtime_s, [this, number] {
            answer(number, fail("keeper_silent",
                                "its keeper does not answer, and should have "
                                "ended it by now.",
                                Retry::unknown));
        });
        waiting_.emplace(number, std::move(waiting));
        socket_->send(request);
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
    if (told.has("said")) return found->second.tell(told["said"].text());
    if (told.has("error")) return answer(number, Error::from_value(told["error"]));
    answer(number, KeptStatus::from_value(told["status"]));
}

// What it had started goes on; its log and locks say what is known of it.
void KeeperLink::lose() {
    open_ = false;
    while (!waiting_.empty())
        answer(waiting_.begin()->first,
               fail("keeper_lost", "its keeper ended before it could say how the program did.",
                    Retry::unknown));
}

void KeeperLink::answer(std::int64_t number, Reply reply) {
    const auto found = waiting_.find(number);
    if (found == waiting_.end()) return;
    loop_.cancel(found->second.timer);
    loop_.post(
        [resume = std::move(found->second.resume), reply = std::move(reply)] { resume(reply); });
    waiting_.erase(found);
}

}  // namespace perilune

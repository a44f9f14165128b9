#include "bindings/database/postgres_wait.h"

#include <vector>

namespace perilune {

namespace {

// Resumes a coroutine with whatever comes first, once, and in a turn of its own.
class Race : public std::enable_shared_from_this<Race> {
public:
    Race(Loop& loop, Leaf<bool>::Resume resume) : loop_(loop), resume_(std::move(resume)) {}

    void add_timer(double at_s) {
        ids_.push_back(loop_.start_timer(at_s, [self = shared_from_this()] { self->end(false); }));
    }
    void add_watch(int fd, Ready ready) {
        ids_.push_back(loop_.watch(fd, ready, [self = shared_from_this()] { self->end(true); }));
    }
    void end(bool value) {
        if (!resume_) return;
        for (const Loop::Id id : ids_) loop_.cancel(id);
        loop_.post([resume = std::exchange(resume_, nullptr), value] { resume(value); });
    }

private:
    Loop& loop_;
    Leaf<bool>::Resume resume_;
    std::vector<Loop::Id> ids_;
};

}  // namespace

Awaitable<bool> wait_for_socket(Loop& loop, int fd, SocketWish wish, double until_s) {
    Leaf<bool> leaf([&loop, fd, wish, until_s](Leaf<bool>::Resume resume) {
        const auto race = std::make_shared<Race>(loop, std::move(resume));
        race->add_timer(until_s);
        if (wish != SocketWish::write) race->add_watch(fd, Ready::readable);
        if (wish != SocketWish::read) race->add_watch(fd, Ready::writable);
    });
    co_return co_await leaf;
}

Awaitable<bool> end_off_loop(Loop& loop, std::function<void()> work, double until_s) {
    Leaf<bool> leaf([&loop, work, until_s](Leaf<bool>::Resume resume) {
        const auto race = std::make_shared<Race>(loop, std::move(resume));
        race->add_timer(until_s);
        loop.off_loop(work, [race] { race->end(true); });
    });
    co_return co_await leaf;
}

}  // namespace perilune

#include "bindings/database/sqlite_target.h"

#include <algorithm>
#include <chrono>

#include <poll.h>

#include "interpreter/base/loop.h"

namespace perilune {

namespace {

constexpr int pause_step_ms = 20;

Shelf shelf_of(const SqliteTarget& target, const Call& call, const Value& before) {
    Shelf shelf{.target = target.target,
                .engine = "sqlite",
                .backups = target.backups,
                .backups_of = target.backups_of};
    shelf.keys.programs = target.age;
    shelf.keys.decrypt_with = target.decrypt_with;
    shelf.keys.simulated = target.memory != nullptr;
    shelf.find_ports(*target.services, call, before);
    return shelf;
}

// Asks the interrupter at the deadline and on a cancel, for as long as the work goes on. All of it
// is on the loop's thread.
class Alarm {
public:
    Alarm(Loop& loop, Call& call, const std::shared_ptr<Interrupter>& interrupter)
        : loop_(loop), cancel_(call.cancel) {
        if (call.deadline_s > 0)
            timer_ = loop.start_timer(
                call.deadline_s, [interrupter] { interrupter->ask(Interrupter::Why::timed_out); });
        cancel_->on_ask([interrupter] { interrupter->ask(Interrupter::Why::cancelled); });
    }
    ~Alarm() {
        if (timer_ != 0) loop_.cancel(timer_);
        cancel_->forget();
    }
    Alarm(const Alarm&) = delete;
    Alarm& operator=(const Alarm&) = delete;

private:
    Loop& loop_;
    std::shared_ptr<Cancel> cancel_;
    Loop::Id timer_ = 0;
};

template <class T>
Awaitable<T> work(std::shared_ptr<SqliteTarget> target, std::function<T(Work&)> act, Call& call,
                  Value before = {}) {
    const auto interrupter = std::make_shared<Interrupter>();
    const Alarm alarm(target->services->loop, call, interrupter);
    const auto made =
        std::make_shared<Work>(Work{*target, call, interrupter, shelf_of(*target, call, before)});
    std::function<T()> off = [made, act] { return act(*made); };
    T ended = co_await off_loop<T>(target->services->loop, off);
    co_return ended;
}

}  // namespace

OpenOptions Work::options() const {
    OpenOptions options;
    options.target = target.target;
    options.busy_timeout_s = target.busy_timeout_s;
    options.interrupter = interrupter;
    return options;
}

Result<std::unique_ptr<SqliteConnection>> Work::open(Access access) const {
    if (target.memory) return target.memory->open(access, options());
    return SqliteConnection::open(target.path, access, options());
}

Result<std::unique_ptr<SqliteConnection>> Work::open_file(const std::string& path,
                                                          Access access) const {
    return SqliteConnection::open(path, access, options());
}

std::optional<Error> Work::stopped(const std::string& doing) const {
    const auto why = interrupter->why();
    if (why == Interrupter::Why::cancelled)
        return fail("cancelled", doing + " of " + target.target + " was told to stop.",
                    Retry::safe);
    if (why == Interrupter::Why::timed_out)
        return fail(
            "timed_out",
            doing + " of " + target.target + " did not end in time. Give it more with `timeout`.",
            Retry::safe);
    return std::nullopt;
}

StreamWatch Work::watch(const std::string& doing) const {
    return {.stopped = [this, doing] { return stopped(doing); }, .tell = call.tell};
}

Result<std::unique_lock<std::timed_mutex>> Work::lock_writers() const {
    std::unique_lock lock(target.writing, std::defer_lock);
    while (!lock.try_lock_for(std::chrono::milliseconds(pause_step_ms)))
        if (const auto error = stopped("Waiting for the other writes of this host")) return *error;
    return lock;
}

void Work::pause(double seconds) const {
    const double until_s = boot_now_s() + seconds;
    while (interrupter->why() == Interrupter::Why::none) {
        const double left_ms = (until_s - boot_now_s()) * 1000;
        if (left_ms <= 0) return;
        ::poll(nullptr, 0, static_cast<int>(std::min<double>(left_ms + 1, pause_step_ms)));
    }
}

Awaitable<Result<Value>> work_observe(std::shared_ptr<SqliteTarget> target, ObserveWork observe,
                                      Call& call) {
    return work<Result<Value>>(std::move(target), std::move(observe), call);
}

Awaitable<Outcome> work_act(std::shared_ptr<SqliteTarget> target, ActWork act, Call& call,
                            Value before) {
    const auto found = std::make_shared<const Value>(std::move(before));
    std::function<Outcome(Work&)> off = [act = std::move(act), found](Work& work_of) {
        return act(work_of, *found);
    };
    return work<Outcome>(std::move(target), std::move(off), call, *found);
}

Handler observe_sqlite(std::shared_ptr<SqliteTarget> target, ObserveWork observe) {
    Handler made;
    made.observe = [target, observe](Call& call) { return work_observe(target, observe, call); };
    return made;
}

Handler change_sqlite(std::shared_ptr<SqliteTarget> target, BeforeWork before, ActWork act,
                      LookWork look, RestoreOf restore) {
    Handler made;
    made.before = [target, before](Call& call) {
        return work<Result<Before>>(target, before, call);
    };
    made.act = [target, act](Call& call, const Value& found) {
        return work_act(target, act, call, found);
    };
    if (look)
        made.look = [target, look](Call& call, const Value& found) {
            return work<Sighting>(
                target, [look, &found](Work& work_of) { return look(work_of, found); }, call,
                found);
        };
    made.restore = std::move(restore);
    return made;
}

}  // namespace perilune

#include "interpreter/base/do_many.h"

#include <set>

namespace perilune {

namespace {

// The state of one do_many; what it has begun keeps it alive.
class Many : public std::enable_shared_from_this<Many> {
public:
    Many(Loop& loop, std::size_t count, std::size_t at_once, NumberedWork work)
        : loop_(loop), count_(count), at_once_(at_once), work_(std::move(work)) {}

    void start(Leaf<bool>::Resume ended) {
        ended_ = std::move(ended);
        begin_more();
    }

    void stop() {
        well_ = false;
        for (const auto& cancel : cancels_) cancel->ask();
    }

private:
    void begin_more() {
        if (beginning_) return;  // Of work that ended at once: the loop below goes on.
        beginning_ = true;
        while (well_ && next_ < count_ && cancels_.size() < at_once_) begin(next_++);
        beginning_ = false;
        if (!cancels_.empty() || !ended_) return;
        loop_.post([ended = std::exchange(ended_, nullptr), well = well_] { ended(well); });
    }

    void begin(std::size_t number) {
        const auto cancel = std::make_shared<Cancel>();
        cancels_.insert(cancel);
        start_task(work_(number, cancel), [self = shared_from_this(), cancel](bool well) {
            self->cancels_.erase(cancel);
            self->well_ &= well;
            self->begin_more();
        });
    }

    Loop& loop_;
    std::size_t count_;
    std::size_t at_once_;
    NumberedWork work_;
    std::size_t next_ = 0;
    bool well_ = true;
    bool beginning_ = false;
    std::set<std::shared_ptr<Cancel>> cancels_;  // One for each that is under way.
    Leaf<bool>::Resume ended_;
};

}  // namespace

Awaitable<bool> do_many(Loop& loop, std::size_t count, std::size_t at_once,
                        std::shared_ptr<Cancel> cancel, NumberedWork work) {
    const auto many = std::make_shared<Many>(loop, count, at_once, std::move(work));
    const std::weak_ptr<Many> asked = many;
    cancel->on_ask([&loop, asked] {
        // A stop may be asked for in the middle of a beginning, so it is looked at in its own turn.
        loop.post([asked] {
            if (const auto still = asked.lock()) still->stop();
        });
    });
    Leaf<bool> leaf([many](Leaf<bool>::Resume resume) { many->start(std::move(resume)); });
    const bool well = co_await leaf;
    cancel->forget();
    co_return well;
}

}  // namespace perilune

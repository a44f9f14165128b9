// The host's end of its keeper (perilune-supervisor run): programs go there, their ends come back.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "interpreter/base/driver.h"
#include "interpreter/base/kept.h"
#include "interpreter/base/value_socket.h"

namespace perilune {

class KeeperLink : public std::enable_shared_from_this<KeeperLink> {
public:
    // A program that its keeper makes ready: `run` starts it, letting go of it gives it up.
    class ReadyProgram {
    public:
        ReadyProgram(std::weak_ptr<KeeperLink> link, std::int64_t number, std::string label,
                     Descriptor word)
            : link_(std::move(link)),
              number_(number),
              label_(std::move(label)),
              word_(std::move(word)) {}
        ~ReadyProgram();
        ReadyProgram(const ReadyProgram&) = delete;
        ReadyProgram& operator=(const ReadyProgram&) = delete;

    private:
        friend class KeeperLink;
        std::weak_ptr<KeeperLink> link_;
        std::int64_t number_;
        std::string label_;
        Descriptor word_;  // The other end is with the process that waits.
    };

    // The keeper writes to the log `log` in `folder`; see kept_runs.h.
    KeeperLink(Loop& loop, std::string supervisor, std::string folder, std::string log);
    ~KeeperLink();

    const std::string& log() const { return log_; }
    // Whether a program with this label was handed over here before.
    bool was_given(const std::string& label) const { return given_.contains(label); }
    // Has a program made ready, which starts nothing. The keeper is started with the first one.
    Result<std::shared_ptr<ReadyProgram>> make_ready(const KeptProgram& program);
    // Whether the keeper that makes it ready is still there.
    bool holds(const ReadyProgram& ready) const { return waiting_.contains(ready.number_); }
    // Starts it and waits for its end. Error `keeper_lost` where the keeper is dead,
    // `keeper_silent` where it hangs, else the program was not started; `still_running` where it
    // was before.
    Awaitable<Result<KeptStatus>> run(std::shared_ptr<ReadyProgram> ready, Call& call);

private:
    using Reply = Result<KeptStatus>;
    struct Waiting {
        Leaf<Reply>::Resume resume;  // Empty while it is only made ready.
        std::optional<Reply> early;  // What came to it before it was to start.
        std::function<void(std::string)> tell;
        Loop::Id timer = 0;
    };

    Status start();
    void reap();
    void take(const Value& told);
    void lose();
    void answer(std::int64_t number, Reply reply);

    Loop& loop_;
    std::string supervisor_;
    std::string folder_;
    std::string log_;
    std::set<std::string> given_;
    std::unique_ptr<ValueSocket> socket_;
    bool open_ = false;
    // The first process of the keeper, which ends once the second is there.
    pid_t first_pid_ = -1;
    Descriptor first_pidfd_;
    Loop::Id first_ended_ = 0;
    std::map<std::int64_t, Waiting> waiting_;
    std::int64_t last_number_ = 0;
};

}  // namespace perilune

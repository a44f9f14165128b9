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

class KeeperLink {
public:
    // The keeper writes to the log `log` in `folder`; see kept_runs.h.
    KeeperLink(Loop& loop, std::string supervisor, std::string folder, std::string log);
    ~KeeperLink();

    const std::string& log() const { return log_; }
    // Whether a program with this label was handed over here before.
    bool was_given(const std::string& label) const { return given_.contains(label); }
    // Runs a program to its end. The keeper is started with the first one. Error `keeper_lost`
    // where the keeper is dead, `keeper_silent` where it hangs, else the program was not started;
    // `still_running` where it was before.
    Awaitable<Result<KeptStatus>> run(KeptProgram program, Call& call);

private:
    using Reply = Result<KeptStatus>;
    struct Waiting {
        Leaf<Reply>::Resume resume;
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

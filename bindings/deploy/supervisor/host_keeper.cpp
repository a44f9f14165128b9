#include "bindings/deploy/supervisor/host_keeper.h"

#include <csignal>
#include <map>

#include <fcntl.h>
#include <unistd.h>

#include "interpreter/base/child.h"
#include "interpreter/base/kept_runs.h"
#include "interpreter/base/value_socket.h"

namespace perilune {

namespace {

constexpr int host_fd = 3;
constexpr double end_within_s = 60;  // How long writing down an end is tried.
constexpr double try_again_s = 0.5;
constexpr std::size_t said_bytes_max = 500;

// One program from its lock to its end.
struct Run {
    KeptStatus status = {};
    Descriptor lock = {};
    std::shared_ptr<Cancel> cancel = std::make_shared<Cancel>();
};

class HostKeeper {
public:
    HostKeeper(Loop& loop, std::string folder, Descriptor log)
        : loop_(loop),
          folder_(std::move(folder)),
          log_(std::move(log)),
          host_(
              loop, Descriptor(host_fd), [this](const Value& request) { obey(request); },
              [this] {
                  host_is_gone_ = true;
                  end_if_idle();
              }) {}

private:
    void obey(const Value& request) {
        if (request.has("start"))
            return start(request["start"].integer(), KeptProgram::from_value(request["program"]));
        const auto found = runs_.find(request["stop"].integer());
        if (found != runs_.end()) found->second.cancel->ask();
    }

    void start(std::int64_t number, const KeptProgram& kept) {
        auto lock = lock_run(folder_, kept.label);
        if (!lock) return refuse(number, lock.error());
        Run run;
        run.status.label = kept.label;
        run.status.note = kept.note;
        run.status.boot = boot_id();
        run.status.keeper_pid = ::getpid();
        run.status.started_at = wall_now_s();
        run.lock = std::move(*lock);
        // First: from here on nobody may believe that it was never started.
        if (const auto added = add_run_line(log_, run.status); !added)
            return refuse(number, added.error());
        Program program;
        program.argv = kept.argv;
        program.environment = kept.environment;
        program.folder = kept.folder;
        program.input = kept.input;
        program.output_max = kept.output_max;
        program.inherited_fd = run.lock.get();
        program.own_session = false;
        program.on_output = [this, number](std::string_view piece) { pass_on(number, piece); };
        program.on_start = [this, number](int pid) {
            KeptStatus& status = runs_.at(number).status;
            status.state = KeptStatus::State::running;
            status.pid = pid;
            // If this cannot be written, the line before it stands, which claims less.
            [[maybe_unused]] const auto added = add_run_line(log_, status);
        };
        const auto cancel = run.cancel;
        runs_.emplace(number, std::move(run));
        start_task(run_program(loop_, std::move(program), cancel, kept.deadline_s),
                   [this, number](Ended ended) { note_end(number, std::move(ended)); });
    }

    void note_end(std::int64_t number, Ended ended) {
        KeptStatus& status = runs_.at(number).status;
        status.state = ended.started ? KeptStatus::State::ended : KeptStatus::State::refused;
        status.exit_code = ended.exit_code;
        status.output = std::move(ended.output);
        status.errors = std::move(ended.errors);
        status.truncated = ended.truncated;
        status.stopped = ended.started && ended.stopped;
        status.took_s = ended.took_s;
        status.error = std::move(ended.error);
        Value reply;
        reply.set("of", number).set("status", status.to_value());
        write_end(number, boot_now_s() + end_within_s);
        host_.send(reply);
    }

    // Then lets go of the lock. A full disk may have space again in a moment, and how a program
    // ended is worth waiting for.
    void write_end(std::int64_t number, double until_s) {
        const auto added = add_run_line(log_, runs_.at(number).status);
        if (!added && boot_now_s() < until_s) {
            loop_.start_timer(boot_now_s() + try_again_s,
                              [this, number, until_s] { write_end(number, until_s); });
            return;
        }
        runs_.erase(number);
        end_if_idle();
    }

    // Only for the screen: what comes while the host does not listen is left out.
    void pass_on(std::int64_t number, std::string_view piece) {
        if (!host_.sent()) return;
        while (piece.ends_with('\n') || piece.ends_with('\r')) piece.remove_suffix(1);
        const auto begin = piece.find_last_of("\r\n");
        if (begin != std::string_view::npos) piece.remove_prefix(begin + 1);
        if (piece.empty()) return;
        Value said;
        said.set("of", number).set("said", piece.substr(0, said_bytes_max));
        host_.send(said);
    }

    void refuse(std::int64_t number, const Error& error) {
        Value reply;
        host_.send(reply.set("of", number).set("error", error.to_value()));
    }

    void end_if_idle() {
        if (host_is_gone_ && runs_.empty()) loop_.stop();
    }

    Loop& loop_;
    std::string folder_;
    Descriptor log_;
    std::map<std::int64_t, Run> runs_;
    bool host_is_gone_ = false;
    ValueSocket host_;
};

}  // namespace

int keep_for_host(const std::string& folder, const std::string& name) {
    // No child of the host: it may end while this goes on, and has nobody to wait for.
    const pid_t pid = ::fork();
    if (pid != 0) return pid < 0 ? 1 : 0;
    ::setsid();
    for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGPIPE}) ::signal(number, SIG_IGN);
    ::fcntl(host_fd, F_SETFD, FD_CLOEXEC);
    auto log = open_run_log(folder, name);
    if (!log) return 1;
    const auto loop = Loop::make();
    HostKeeper keeper(*loop, folder, std::move(*log));
    loop->run();
    return 0;
}

}  // namespace perilune

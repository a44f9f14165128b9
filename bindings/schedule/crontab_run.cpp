// Executes a job of a crontab now, once for each time it stands for; the log of runs is the memory.
#include <algorithm>
#include <cmath>

#include "bindings/schedule/crontab.h"
#include "interpreter/base/child.h"
#include "interpreter/base/locked_file.h"

namespace perilune {

namespace {

// What the log says of a call that has not begun its run.
struct Claim {
    std::optional<JobRun> old;  // The run there is already.
    JobRun begun;               // Else the run this call has just written down as running.
    std::string destination;
};

Result<Before> read_before(const Crontab& crontab, const Call& call) {
    const auto text = crontab.load();
    if (!text) return text.error();
    const std::string& job = call.arguments["job"].text();
    if (!text->find(job)) return no_such_job(crontab.whose(), text->jobs(), job);
    const auto runs = crontab.runs();
    if (!runs) return runs.error();
    return before_run(find_run(*runs, call));
}

// Writes down that the run begins before it does, so that no other call can begin it too.
Result<Claim> claim_run(const Crontab& crontab, const Call& call) {
    const auto lock = FileLock::take(crontab.log + ".lock", call.deadline_s);
    if (!lock) return lock.error();
    const auto text = crontab.load();
    if (!text) return text.error();
    Claim claim;
    claim.begun.job = call.arguments["job"].text();
    const CronJob* job = text->find(claim.begun.job);
    if (!job) return no_such_job(crontab.whose(), text->jobs(), claim.begun.job);
    claim.destination = job->destination;
    const auto runs = crontab.runs();
    if (!runs) return runs.error();
    if (const JobRun* old = find_run(*runs, call)) {
        claim.old = *old;
        return claim;
    }
    // Milliseconds tell apart two runs of one second, and survive the log's text.
    claim.begun.started_at = std::floor(wall_now_s() * 1000) / 1000;
    claim.begun.for_at =
        call.arguments.has("for_at") ? call.arguments["for_at"].number() : claim.begun.started_at;
    claim.begun.state = "running";
    claim.begun.key = call.key;
    if (const auto added = add_to_job_log(crontab.log, claim.begun); !added) return added.error();
    return claim;
}

Outcome of_old_run(const Crontab& crontab, const Call& call, const JobRun& run) {
    const bool own = run.key == call.key;
    if (run.state != "running") return Outcome::done(run_result(run, own), to_value(run));
    const std::string what = "The job " + run.job + " of " + crontab.target +
                             " is marked as running "
                             "in " +
                             crontab.log + " since " +
                             std::to_string(static_cast<std::int64_t>(run.started_at)) + ". ";
    if (!own)
        return Outcome::failed(fail("still_running",
                                    what + "Wait until it has ended; it is executed "
                                           "once for each for_at.",
                                    Retry::safe));
    return Outcome::unknown(
        fail("in_doubt",
             what + "This very call began it before the host ended: look whether its "
                    "program still runs and what it did.",
             Retry::unknown));
}

Program runner_program(const Crontab& crontab, const Claim& claim) {
    Program program;
    const std::pair<std::string, std::string> places[] = {
        {"{job}", claim.begun.job},
        {"{destination}", claim.destination},
        {"{for_at}", std::to_string(static_cast<std::int64_t>(claim.begun.for_at))}};
    for (std::string word : crontab.runner) {
        for (const auto& [place, text] : places)
            for (std::size_t at = word.find(place); at != std::string::npos;
                 at = word.find(place, at + text.size()))
                word.replace(at, place.size(), text);
        program.argv.push_back(std::move(word));
    }
    program.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                           "LC_ALL=C.UTF-8"};
    return program;
}

Awaitable<Outcome> run_now(CrontabPointer crontab, Call& call) {
    std::function<Result<Claim>()> begin = [crontab, &call] { return claim_run(*crontab, call); };
    const auto claim = co_await off_loop<Result<Claim>>(crontab->loop, begin);
    if (!claim) co_return Outcome::failed(claim.error());
    if (claim->old) co_return of_old_run(*crontab, call, *claim->old);
    Program program = runner_program(*crontab, *claim);
    const Ended ended = co_await run_program(crontab->loop, program, call.cancel, call.deadline_s);
    JobRun run = claim->begun;
    run.ended_at = std::max(run.started_at, std::floor(wall_now_s() * 1000) / 1000);
    run.state = !ended.started ? "not_started" : ended.exit_code == 0 ? "succeeded" : "failed";
    std::function<Status()> write = [crontab, run] { return add_to_job_log(crontab->log, run); };
    const Status written = co_await off_loop<Status>(crontab->loop, write);
    if (!ended.started)
        co_return Outcome::failed(fail("not_started", "The runner of " + crontab->target + " for " +
                                                          run.job +
                                                          " could not be started: " + ended.error));
    if (!written) co_return Outcome::unknown(written.error());
    if (ended.stopped) {
        Outcome outcome = Outcome::failed(
            fail("timed_out", "The job " + run.job + " of " + crontab->target +
                                  " was stopped before it ended; a part of it may be done."));
        outcome.left_some = true;
        co_return outcome;
    }
    co_return Outcome::done(run_result(run, true), to_value(run));
}

}  // namespace

void add_crontab_runner(Driver& driver, const CrontabPointer& crontab) {
    Handler handler;
    handler.before = [crontab](Call& call) {
        return off_loop<Result<Before>>(crontab->loop,
                                        [crontab, &call] { return read_before(*crontab, call); });
    };
    handler.act = [crontab](Call& call, const Value&) { return run_now(crontab, call); };
    driver.operations["run_now"] = std::move(handler);
}

}  // namespace perilune

#include "interpreter/testing/explorer.h"

#include <algorithm>
#include <csignal>
#include <memory>
#include <optional>

#include "interpreter/base/loop.h"
#include "interpreter/lua/worker_end.h"
#include "interpreter/lua/worker_process.h"
#include "interpreter/testing/simulator_end.h"

namespace perilune {

namespace {

constexpr double told_every_s = 2;

// Which of two stands for both: the same one, whichever of the simulators was faster.
bool is_shorter(const Finding& one, const Finding& other) {
    if (one.code.size() != other.code.size()) return one.code.size() < other.code.size();
    return one.code < other.code;
}

struct ExploreLane {
    std::unique_ptr<WorkerProcess> process;
    std::optional<Schedule> schedule;  // Under way.
};

class Explorer {
public:
    Explorer(const Value& library, const ExploreOptions& options,
             const std::function<void(const Exploration&)>& tell)
        : library_(library), options_(options), tell_(tell), loop_(Loop::make()) {}

    // The run without faults first, on one lane; then all lanes take what is left.
    Result<Exploration> run() {
        const double began_s = boot_now_s();
        ends_s_ = began_s + options_.within_s;
        queue_ = {{.code = options_.replay.empty() ? "none" : options_.replay,
                   .subject = "",
                   .fault = "",
                   .weight = 0}};
        for (int i = 0; i < options_.at_once; ++i)
            lanes_.push_back(std::make_unique<ExploreLane>());
        loop_->post([this] { start(*lanes_.front()); });
        loop_->run();
        lanes_.clear();
        if (error_) return *error_;
        explored_.took_s = boot_now_s() - began_s;
        std::stable_sort(explored_.findings.begin(), explored_.findings.end(),
                         [](const Finding& one, const Finding& other) {
                             return is_shorter(one, other) ||
                                    (one.code == other.code && one.name < other.name);
                         });
        return explored_;
    }

private:
    void start(ExploreLane& lane) {
        WorkerLimits limits;
        limits.cpu_s = options_.run_cpu_s;
        limits.memory_bytes = options_.memory_bytes;
        auto started = WorkerProcess::start(
            *loop_, options_.program, "explorer", limits,
            [this, &lane](const List& message) { took(lane, message); },
            [this, &lane](const WorkerEnd& end) { ended(lane, end); });
        if (!started) return give_up(started.error());
        lane.process = std::move(*started);
        lane.process->send(List{"library", library_});
        lane.process->send(List{"explore", options_.path});
    }

    void took(ExploreLane& lane, const List& message) {
        const std::string& kind = message.empty() ? "" : message[0].text();
        const Value told = message.size() > 1 ? message[1] : Value();
        if (kind == "ready") return;
        lane.process->rest();
        if (kind == "exploration") {
            explored_.runbook = told["runbook"].text();
            return next(lane);
        }
        if (kind == "explored" && lane.schedule) return took_explored(lane, told);
        if (kind == "died" && lane.schedule) return took_death(lane, message);
        give_up(fail("bad_exploration", told.text()));
    }

    void next(ExploreLane& lane) {
        lane.schedule.reset();
        const bool spent = boot_now_s() >= ends_s_ || at_ >= options_.runs_max || options_.stop();
        if (spent && at_ < queue_.size()) explored_.cut = true;
        if (spent || at_ == queue_.size()) return rest();
        lane.schedule = queue_[at_++];
        lane.process->send(List{options_.replay.empty() ? "schedule" : "replay",
                                lane.schedule->code, options_.run_cpu_s});
    }

    void took_explored(ExploreLane& lane, const Value& told) {
        const Schedule schedule = *lane.schedule;
        note(schedule, told["outcome"].text());
        for (const auto& violation : told["violated"].list())
            add_finding({.name = violation["name"].text(),
                         .why = violation["why"].text(),
                         .code = schedule.code,
                         .outcome = told["outcome"].text(),
                         .story = told["story"].text()});
        if (!options_.replay.empty()) {
            for (const auto& fault : told["unmet"].list()) explored_.unmet.push_back(fault.text());
            explored_.story = told["story"].text();
        }
        if (schedule.code == "none") {
            explored_.outcome = told["outcome"].text();
            explored_.reason = told["reason"].text();
        }
        if (schedule.weight == 0 && options_.replay.empty() && !surveyed_) fill_queue(told);
        next(lane);
    }

    void note(const Schedule& schedule, const std::string& outcome) {
        ++explored_.outcomes[outcome];
        if (!schedule.fault.empty()) {
            ++explored_.singles;
            ++explored_.tried[schedule.subject][schedule.fault];
        } else if (schedule.weight > 0) {
            ++explored_.pairs;
        }
        if (boot_now_s() < told_s_ + told_every_s) return;
        told_s_ = boot_now_s();
        tell_(explored_);
    }

    void fill_queue(const Value& told) {
        surveyed_ = true;
        explored_.survey = Survey::from(told);
        const std::vector<Schedule> singles = single_faults(explored_.survey);
        queue_.insert(queue_.end(), singles.begin(), singles.end());
        const auto pairs = pairs_of(singles, options_.seed, options_.runs_max);
        explored_.pairs_known = singles.size() * (singles.size() - 1) / 2;
        queue_.insert(queue_.end(), pairs.begin(), pairs.end());
        for (std::size_t i = 1; i < lanes_.size(); ++i) {
            ++working_;
            start(*lanes_[i]);
        }
    }

    // The shortest schedule stands for all that show the same.
    void add_finding(Finding found) {
        for (auto& known : explored_.findings) {
            if (known.name != found.name) continue;
            found.times = known.times + 1;
            if (!is_shorter(found, known)) {
                known.times = found.times;
                return;
            }
            known = std::move(found);
            return;
        }
        explored_.findings.push_back(std::move(found));
    }

    // A schedule that kills its copy of the simulator is a finding.
    void took_death(ExploreLane& lane, const List& message) {
        siginfo_t how{};
        how.si_code = element_of(message, 1).boolean() ? CLD_EXITED : CLD_KILLED;
        how.si_status = static_cast<int>(element_of(message, 2).integer());
        WorkerLimits limits;
        limits.memory_bytes = options_.memory_bytes;
        add_broken(lane, describe_worker_end(how, element_of(message, 3).text(), limits));
        next(lane);
    }

    // So is one that kills the simulator itself; the lane goes on in another.
    void ended(ExploreLane& lane, const WorkerEnd& end) {
        lane.process.reset();
        if (!lane.schedule) return give_up(fail("bad_exploration", end.text));
        add_broken(lane, end);
        start(lane);
    }

    void add_broken(const ExploreLane& lane, const WorkerEnd& end) {
        note(*lane.schedule, "broken");
        add_finding({.name = "the run ends or is parked with a next action",
                     .why = end_text("run", end, options_.run_cpu_s),
                     .code = lane.schedule->code,
                     .outcome = "broken",
                     .story = ""});
    }

    void give_up(const Error& error) {
        error_ = error;
        loop_->stop();
    }

    void rest() {
        if (--working_ == 0) loop_->stop();
    }

    const Value& library_;
    const ExploreOptions& options_;
    const std::function<void(const Exploration&)>& tell_;
    std::unique_ptr<Loop> loop_;
    std::vector<std::unique_ptr<ExploreLane>> lanes_;
    std::vector<Schedule> queue_;
    std::size_t at_ = 0;
    std::size_t working_ = 1;
    double ends_s_ = 0;
    double told_s_ = boot_now_s();
    bool surveyed_ = false;
    Exploration explored_;
    std::optional<Error> error_;
};

}  // namespace

Result<Exploration> explore(const Value& library, const ExploreOptions& options,
                            const std::function<void(const Exploration&)>& tell) {
    return Explorer(library, options, tell).run();
}

}  // namespace perilune

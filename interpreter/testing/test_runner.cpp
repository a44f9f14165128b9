#include "interpreter/testing/test_runner.h"

#include <algorithm>
#include <optional>
#include <random>

#include "interpreter/lua/worker_process.h"
#include "interpreter/testing/simulator_end.h"

namespace perilune {

namespace {

void add_hits(Hits& hits, const List& message) {
    if (message.size() < 3) return;
    const List& pairs = message[2].list();
    for (std::size_t i = 0; i + 1 < pairs.size(); i += 2)
        hits[static_cast<std::uint32_t>(pairs[i].integer())] +=
            static_cast<std::uint64_t>(pairs[i + 1].integer());
}

struct FileJob {
    std::string path;
    std::vector<TestResult> tests;   // As the file has them.
    std::vector<std::size_t> order;  // Places in `tests` of those to be executed.
    std::size_t next = 0;            // In `order`.
    bool listed = false;
    Hits hits;  // Beside its tests.
    std::vector<TestResult> results;
};

// One simulator process, and the file it is at work on.
struct Lane {
    std::unique_ptr<WorkerProcess> process;
    FileJob* job = nullptr;
    bool testing = false;  // The test at job->order[job->next] is under way.
    double began_s = 0;
};

class Runner {
public:
    Runner(const Value& library, const TestOptions& options,
           const std::function<void(const TestResult&)>& tell)
        : library_(library), options_(options), tell_(tell), loop_(Loop::make()) {
        for (const auto& path : options.files) {
            FileJob job;
            job.path = path;
            jobs_.push_back(std::move(job));
        }
    }

    Result<TestSummary> run() {
        const double began_s = boot_now_s();
        const auto count = std::min(static_cast<std::size_t>(options_.at_once), jobs_.size());
        for (std::size_t i = 0; i < count; ++i) lanes_.push_back(std::make_unique<Lane>());
        working_ = count;
        for (auto& lane : lanes_) loop_->post([this, at = lane.get()] { take_job(*at); });
        if (count > 0) loop_->run();
        lanes_.clear();
        if (error_) return *error_;
        TestSummary summary;
        summary.seed = options_.shuffle;
        summary.took_s = boot_now_s() - began_s;
        for (auto& job : jobs_) {
            summary.results.insert(summary.results.end(), job.results.begin(), job.results.end());
            summary.file_hits[job.path] = std::move(job.hits);
        }
        return summary;
    }

private:
    // The next file, in a simulator that is started where there is none.
    void take_job(Lane& lane) {
        if (stopping_ || next_job_ == jobs_.size()) return rest(lane);
        lane.job = &jobs_[next_job_++];
        load(lane);
    }

    void load(Lane& lane) {
        lane.testing = false;
        if (!lane.process) {
            WorkerLimits limits;
            limits.cpu_s = options_.test_cpu_s;
            limits.memory_bytes = options_.memory_bytes;
            auto started = WorkerProcess::start(
                *loop_, options_.program, "simulator", limits,
                [this, &lane](const List& message) { took(lane, message); },
                [this, &lane](const WorkerEnd& end) { ended(lane, end); });
            if (!started) return give_up(started.error());
            lane.process = std::move(*started);
            lane.process->send(List{"library", library_});
        }
        lane.process->send(List{"load", lane.job->path});
    }

    void took(Lane& lane, const List& message) {
        const std::string& kind = message.empty() ? "" : message[0].text();
        const Value told = message.size() > 1 ? message[1] : Value();
        if (kind == "ready" || !lane.job) return;
        lane.process->rest();
        if (kind == "result" && lane.testing) return took_result(lane, message);
        add_hits(lane.job->hits, message);
        if (kind == "tests") return took_tests(lane, told.list());
        if (kind == "finished") return took_finish(lane, told);
        file_failed(lane, told.text());
    }

    void took_tests(Lane& lane, const List& told) {
        FileJob& job = *lane.job;
        if (!job.listed) {
            job.listed = true;
            for (const auto& one : told) {
                TestResult test;
                test.file = job.path;
                test.name = one["name"].text();
                test.at = one["at"].text();
                test.index = job.tests.size();
                if (wanted(test)) job.order.push_back(job.tests.size());
                job.tests.push_back(std::move(test));
            }
            std::mt19937_64 random(options_.shuffle);
            if (options_.shuffle != 0) std::shuffle(job.order.begin(), job.order.end(), random);
        }
        next_test(lane);
    }

    bool wanted(const TestResult& test) const {
        // One whose file could not even be loaded last time is one of those that failed.
        if (!options_.only.empty() && !options_.only.contains(test.file + ": " + test.name) &&
            !options_.only.contains(test.file + ": " + test.file))
            return false;
        return options_.filter.empty() || test.name.find(options_.filter) != std::string::npos;
    }

    void next_test(Lane& lane) {
        FileJob& job = *lane.job;
        lane.testing = !stopping_ && job.next < job.order.size();
        lane.began_s = boot_now_s();
        if (!lane.testing) return lane.process->send(List{"finish"});
        lane.process->send(List{"test", static_cast<double>(job.order[job.next] + 1)});
    }

    void took_result(Lane& lane, const List& message) {
        const Value& told = element_of(message, 1);
        FileJob& job = *lane.job;
        TestResult result = job.tests[job.order[job.next]];
        const std::string& outcome = told["outcome"].text();
        if (outcome == "pending") result.outcome = TestResult::Outcome::pending;
        if (outcome == "failed") result.outcome = TestResult::Outcome::failed;
        const Value& problem = told["problem"];
        result.message = problem.has("message") ? problem["message"].text() : told["reason"].text();
        result.where = problem["at"].text();
        result.expected = problem["expected"].text();
        result.found = problem["found"].text();
        result.story = told["story"].text();
        result.virtual_s = told["virtual_s"].number();
        result.shared = told["shared"].boolean();
        add_hits(result.hits, message);
        note(lane, std::move(result));
        ++job.next;
        next_test(lane);
    }

    void took_finish(Lane& lane, const Value& told) {
        if (told.has("message")) return file_failed(lane, told["message"].text());
        lane.job = nullptr;
        take_job(lane);
    }

    // What is wrong with a file as a whole counts as a failed test of its own.
    void file_failed(Lane& lane, const std::string& why) {
        TestResult result;
        result.file = lane.job->path;
        result.at = lane.job->path;
        result.name = lane.job->path;
        result.message = why;
        // "tests/a_test.lua:2:1: what": the place is told as a place.
        const std::string begins = lane.job->path + ":";
        const auto ends = why.find(": ", begins.size());
        if (why.starts_with(begins) && ends != std::string::npos) {
            result.where = lane.job->path + ":" +
                           why.substr(begins.size(), why.find(':', begins.size()) - begins.size());
            result.message = why.substr(ends + 2);
        }
        result.outcome = TestResult::Outcome::failed;
        note(lane, std::move(result));
        lane.job = nullptr;
        take_job(lane);
    }

    void note(Lane& lane, TestResult result) {
        result.took_s = boot_now_s() - lane.began_s;
        if (result.outcome == TestResult::Outcome::failed && options_.fail_fast) stopping_ = true;
        tell_(result);
        lane.job->results.push_back(std::move(result));
    }

    // A simulator that died took one test with it; the others of its file go on in another.
    void ended(Lane& lane, const WorkerEnd& end) {
        lane.process.reset();
        if (!lane.job) return;
        const std::string why = end_text("test", end, options_.test_cpu_s);
        if (!lane.testing) return file_failed(lane, why);
        FileJob& job = *lane.job;
        TestResult result = job.tests[job.order[job.next]];
        result.outcome = TestResult::Outcome::failed;
        result.message = why;
        note(lane, std::move(result));
        ++job.next;
        load(lane);
    }

    void give_up(const Error& error) {
        error_ = error;
        loop_->stop();
    }

    void rest(Lane& lane) {
        lane.job = nullptr;
        if (--working_ == 0) loop_->stop();
    }

    const Value& library_;
    const TestOptions& options_;
    const std::function<void(const TestResult&)>& tell_;
    std::unique_ptr<Loop> loop_;
    std::vector<FileJob> jobs_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::size_t next_job_ = 0;
    std::size_t working_ = 0;
    std::optional<Error> error_;
    bool stopping_ = false;
};

}  // namespace

Result<TestSummary> run_tests(const Value& library, const TestOptions& options,
                              const std::function<void(const TestResult&)>& tell) {
    return Runner(library, options, tell).run();
}

}  // namespace perilune

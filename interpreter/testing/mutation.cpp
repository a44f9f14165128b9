#include "interpreter/testing/mutation.h"

#include <algorithm>
#include <optional>

#include "interpreter/lua/syntax/parser.h"
#include "interpreter/lua/worker_process.h"
#include "interpreter/testing/coverage.h"

namespace perilune {

namespace {

// A mutant's test may take so much longer than it did, and at least so long.
constexpr double slower_times = 10;
constexpr double least_cpu_s = 2;

// Tests of one file that reach a mutant, the quickest first.
struct FileTests {
    std::string path;
    std::vector<const TestResult*> tests;
};

struct MutantJob {
    MutantResult result;
    std::vector<FileTests> files;
};

// One simulator process, and how far it is with a mutant.
struct MutantLane {
    std::unique_ptr<WorkerProcess> process;
    MutantJob* job = nullptr;
    std::size_t file = 0;
    std::size_t test = 0;
};

bool is_quicker(const TestResult* one, const TestResult* other) {
    return one->took_s < other->took_s;
}

// Those that execute the probe. Others of a file only where they rely on what executed it: a
// `setup`, or the file's own loading.
std::vector<FileTests> tests_that_reach(const TestSummary& summary, std::uint32_t probe) {
    std::map<std::string, FileTests> files;
    std::map<std::string, std::vector<const TestResult*>> others;
    std::map<std::string, bool> shared;
    for (const auto& [path, hits] : summary.file_hits) shared[path] = hits.contains(probe);
    for (const auto& result : summary.results) {
        if (result.outcome != TestResult::Outcome::passed) continue;
        const bool reaches = result.hits.contains(probe);
        (reaches ? files[result.file].tests : others[result.file]).push_back(&result);
        if (reaches && result.shared) shared[result.file] = true;
    }
    std::vector<FileTests> found;
    for (const auto& [path, all] : shared) {
        FileTests one{.path = path, .tests = std::move(files[path].tests)};
        std::sort(one.tests.begin(), one.tests.end(), is_quicker);
        if (all) one.tests.insert(one.tests.end(), others[path].begin(), others[path].end());
        if (!one.tests.empty()) found.push_back(std::move(one));
    }
    std::sort(found.begin(), found.end(), [](const FileTests& one, const FileTests& other) {
        return is_quicker(one.tests.front(), other.tests.front());
    });
    return found;
}

class Mutator {
public:
    Mutator(const Value& library, const TestOptions& options,
            const std::function<void(const MutantResult&)>& tell)
        : library_(library), options_(options), tell_(tell), loop_(Loop::make()) {}

    // Executes the tests as they are.
    Status survey() {
        Value probed = library_;
        coverage_ = probe_library(probed);
        auto summary = run_tests(probed, options_, [](const TestResult&) {});
        if (!summary) return summary.error();
        summary_ = std::move(*summary);
        for (const auto& result : summary_.results) {
            if (result.outcome == TestResult::Outcome::failed)
                return fail("tests_failed", "The test \"" + result.name +
                                                "\" fails as the library is. Mend it before "
                                                "anything is broken on purpose.");
            cpu_s_ = std::max(cpu_s_, slower_times * result.took_s);
        }
        if (summary_.passed() == 0) return fail("bad_argument", "No test was executed.");
        return Done{};
    }

    Status add_mutants(const std::string& path) {
        const std::string& source = library_["texts"][path].text();
        const auto tree = syntax::parse_lua(source, path);
        if (!tree) return tree.error();
        const auto file = std::find_if(coverage_.files.begin(), coverage_.files.end(),
                                       [&](const CoveredFile& one) { return one.path == path; });
        std::map<std::size_t, std::uint32_t> probes;
        for (const auto& statement : file->probed.statements)
            probes[statement.span.begin.offset] = statement.probe;
        for (auto& mutant : syntax::make_mutants(*tree)) {
            MutantJob job;
            job.files = tests_that_reach(summary_, probes[mutant.statement]);
            for (const auto& one : job.files) job.result.tests += one.tests.size();
            job.result.path = path;
            job.result.mutant = std::move(mutant);
            jobs_.push_back(std::move(job));
        }
        return Done{};
    }

    Result<std::vector<MutantResult>> run() {
        const auto count = std::min(static_cast<std::size_t>(options_.at_once), jobs_.size());
        for (std::size_t i = 0; i < count; ++i) lanes_.push_back(std::make_unique<MutantLane>());
        working_ = count;
        for (auto& lane : lanes_) loop_->post([this, at = lane.get()] { take_job(*at); });
        if (count > 0) loop_->run();
        lanes_.clear();
        if (error_) return *error_;
        std::vector<MutantResult> results;
        for (auto& job : jobs_) results.push_back(std::move(job.result));
        return results;
    }

private:
    using Outcome = MutantResult::Outcome;

    void take_job(MutantLane& lane) {
        if (next_job_ == jobs_.size()) return rest(lane);
        lane.job = &jobs_[next_job_++];
        lane.file = lane.test = 0;
        if (!lane.process) {
            WorkerLimits limits;
            limits.cpu_s = cpu_s_;
            limits.memory_bytes = options_.memory_bytes;
            auto started = WorkerProcess::start(
                *loop_, options_.program, "simulator", limits,
                [this, &lane](const List& message) { took(lane, message); },
                [this, &lane](const WorkerEnd& end) { ended(lane, end); });
            if (!started) return give_up(started.error());
            lane.process = std::move(*started);
            lane.process->send(List{"library", library_});
        }
        const MutantResult& result = lane.job->result;
        lane.process->send(List{"replace", result.path, result.mutant.text});
    }

    void took(MutantLane& lane, const List& message) {
        const std::string& kind = message.empty() ? "" : message[0].text();
        const Value told = message.size() > 1 ? message[1] : Value();
        if (kind == "ready") return;
        lane.process->rest();
        if (kind == "unfit") return close(lane, Outcome::unfit, told.text());
        if (kind == "replaced") return load_file(lane);
        if (kind == "tests") return next_test(lane);
        if (kind == "finished" && !told.has("message")) {
            ++lane.file;
            return load_file(lane);
        }
        const FileTests& file = lane.job->files[lane.file];
        if (kind != "result") return close(lane, Outcome::killed, file.path);
        if (told["outcome"].text() == "failed")
            return close(lane, Outcome::killed, file.tests[lane.test]->name);
        ++lane.test;
        next_test(lane);
    }

    void load_file(MutantLane& lane) {
        if (lane.file == lane.job->files.size()) return close(lane, Outcome::survived, "");
        lane.test = 0;
        lane.process->send(List{"load", lane.job->files[lane.file].path});
    }

    void next_test(MutantLane& lane) {
        const auto& tests = lane.job->files[lane.file].tests;
        if (lane.test == tests.size()) return lane.process->send(List{"finish"});
        lane.process->send(List{"test", static_cast<double>(tests[lane.test]->index + 1)});
    }

    void close(MutantLane& lane, Outcome outcome, const std::string& by) {
        lane.job->result.outcome = outcome;
        lane.job->result.by = by;
        tell_(lane.job->result);
        lane.job = nullptr;
        take_job(lane);
    }

    // A mutant that ends its simulator was noticed; the others go on in a new one.
    void ended(MutantLane& lane, const WorkerEnd& end) {
        lane.process.reset();
        if (!lane.job) return;
        const bool late = end.reason == WorkerEnd::Reason::cpu_limit;
        close(lane, late ? Outcome::timed_out : Outcome::killed, end.text);
    }

    void give_up(const Error& error) {
        error_ = error;
        loop_->stop();
    }

    void rest(MutantLane& lane) {
        lane.job = nullptr;
        if (--working_ == 0) loop_->stop();
    }

    const Value& library_;
    const TestOptions& options_;
    const std::function<void(const MutantResult&)>& tell_;
    std::unique_ptr<Loop> loop_;
    Coverage coverage_;
    TestSummary summary_;
    double cpu_s_ = least_cpu_s;
    std::vector<MutantJob> jobs_;
    std::vector<std::unique_ptr<MutantLane>> lanes_;
    std::size_t next_job_ = 0;
    std::size_t working_ = 0;
    std::optional<Error> error_;
};

}  // namespace

Result<Mutations> break_runbooks(const Value& library, const std::vector<std::string>& runbooks,
                                 const TestOptions& options,
                                 const std::function<void(const MutantResult&)>& tell) {
    const double began_s = boot_now_s();
    Mutator mutator(library, options, tell);
    if (const auto surveyed = mutator.survey(); !surveyed) return surveyed.error();
    for (const auto& path : runbooks)
        if (const auto added = mutator.add_mutants(path); !added) return added.error();
    auto results = mutator.run();
    if (!results) return results.error();
    Mutations mutations;
    mutations.results = std::move(*results);
    mutations.took_s = boot_now_s() - began_s;
    return mutations;
}

}  // namespace perilune

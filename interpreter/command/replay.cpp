// replay: what another version of a runbook would have done in a run, from the run's journal alone.
#include "interpreter/command/find_run.h"
#include "interpreter/command/learning.h"
#include "interpreter/command/output.h"
#include "interpreter/command/session.h"
#include "interpreter/library/parameters.h"
#include "interpreter/run/comparer.h"

namespace perilune {

namespace {

class ReplaySession final : public Watcher {
public:
    explicit ReplaySession(const Invocation& invocation)
        : invocation_(invocation), host_(host_setup(invocation), *this) {}

    Result<Comparison> compare() {
        if (const auto opened = host_.open(); !opened) return opened.error();
        auto row = find_run(host_.store(), invocation_.get("RUN"));
        if (!row) return row.error();
        auto records = Records::of(host_.store(), row->id);
        if (!records) return records.error();
        if (records->empty())
            return fail("bad_argument", "The run " + row->id + " has no records.");
        row_ = std::move(*row);
        records_ = std::move(*records);
        begin_ = records_.front();
        host_.loop().post([this] { load(); });
        host_.loop().run();
        return std::move(*result_);
    }

    void on_record(const std::string&, const RunState&, const Value&) override {}
    void on_progress(const std::string&, const EventId&, const std::string&) override {}
    void on_rest(const std::string&, Rest, const std::string&) override {}
    void on_trouble(const std::string& problem) override { say(problem); }

private:
    bool current() const { return invocation_.has("--with-current-code"); }

    void finish(Result<Comparison> result) {
        result_.emplace(std::move(result));
        host_.loop().stop();
    }

    void load() {
        if (!current())
            return host_.prepare_rest(row_, records_, [this](const Result<Prepared>& made) {
                if (!made) return finish(made.error());
                execute();
            });
        auto library = open_library(invocation_.get("--library", begin_["folder"].text()));
        if (!library) return finish(library.error());
        const auto loaded = [this](Result<Prepared> made) {
            if (!made) return finish(made.error());
            take_parameters(*made);
        };
        host_.prepare(*library, begin_["environment"].text(), begin_["runbook"].text(), loaded,
                      true);
    }

    // The run was given what its own code asks for; what other code asks for may be more, or less.
    void take_parameters(const Prepared& made) {
        const auto declared = read_declarations(made.facts["parameters"]);
        if (!declared) return finish(declared.error());
        Map given = begin_["params"].map();
        for (auto at = given.begin(); at != given.end();) {
            const bool known = declared->contains(at->first);
            if (!known) say("The runbook on disk has no parameter " + at->first + " any more.");
            at = known ? std::next(at) : given.erase(at);
        }
        const auto found = made.environment.parameters.find(made.runbook);
        auto params = check_parameters(
            *declared, given, found == made.environment.parameters.end() ? Map() : found->second);
        if (!params)
            return finish(fail(params.error().code,
                               "The runbook on disk does not take what the run was given: " +
                                   params.error().message));
        begin_.set("params", Value(std::move(*params)));
        if (!made.facts["refuses"].boolean()) return execute();
        host_.prepared_run()->ask_refusal(begin_["params"], [this](const std::string& reason) {
            if (reason.empty()) return execute();
            finish(fail("would_refuse", "The runbook on disk would not start at all: " + reason));
        });
    }

    void execute() {
        comparer_ = std::make_unique<Comparer>(
            host_, host_.prepared_run(), begin_, records_,
            current() ? Code::replaced : Code::recorded,
            [this](Comparison comparison) { finish(std::move(comparison)); });
        comparer_->start();
    }

    const Invocation& invocation_;
    Host host_;
    RunRow row_;
    Records records_;
    Value begin_;
    std::unique_ptr<Comparer> comparer_;
    std::optional<Result<Comparison>> result_;
};

}  // namespace

int execute_replay(const Invocation& invocation) {
    ReplaySession session(invocation);
    const auto comparison = session.compare();
    if (!comparison) return report_error(invocation, comparison.error());
    const bool observes = invocation.has("--observes");
    if (invocation.json()) {
        put_json(comparison->to_value(observes));
    } else {
        put(visible(comparison->to_text(observes)));
        say(comparison->differs()
                ? "Nothing was executed. " +
                      std::string(comparison->current ? "The runbook on disk"
                                                      : "The run's own code") +
                      " would not have done the same as the run " + comparison->run + "."
                : "Nothing was executed. As far as the journal tells, the same would have been "
                  "done.");
    }
    return comparison->differs() ? exit_failed : exit_done;
}

}  // namespace perilune

// Looking ahead: loading runs for plans and for what an undo would do. Nothing is claimed.
#include "interpreter/base/json.h"
#include "interpreter/run/child_params.h"
#include "interpreter/run/live_run.h"

namespace perilune {

const Family* Host::family_of(std::string_view target) const {
    for (const auto* family : setup_.families)
        if (family->name == target.substr(0, target.find('/'))) return family;
    return nullptr;
}

// What a run in the store carries with it: its library and environment as they were.
Result<Prepared> Host::stored_code(const RunRow& row, const Records& records) {
    const Value begin = records.front();
    const std::size_t code = records.count_before_last("code");
    const std::string digest = code > 0 ? records.at(code)["bundle"].text() : row.bundle;
    auto files = store_->bundle(digest);
    if (!files) return files.error();
    auto library = library_from_texts(*files, begin["folder"].text());
    if (!library) return library.error();
    auto read = read_library(*library, begin["environment"].text(), begin["runbook"].text(),
                             begin["services"]);
    if (!read) return read.error();
    read->bundle.files = std::move(*files);
    read->bundle.digest = digest;
    return read;
}

void Host::prepare_rest(const RunRow& row, const Records& records,
                        std::function<void(Result<Prepared>)> done) {
    auto read = stored_code(row, records);
    if (!read) return done(read.error());
    if (const auto used = use_environment(read->environment); !used) return done(used.error());
    read->facts = records.front()["facts"];
    auto run = std::make_shared<LiveRun>(*this, std::move(*read));
    run->planning = true;
    runs_["loading"] = run;
    run->load([run, done](Result<Value> facts) {
        if (!facts) return done(facts.error());
        run->prepared().facts = *facts;
        done(run->prepared());
    });
}

Result<Value> Host::preview_undo(const RunRow& row, const Records& records,
                                 const std::string& step) {
    auto read = stored_code(row, records);
    if (!read) return read.error();
    if (const auto used = use_environment(read->environment); !used) return used.error();
    LiveRun run(*this, std::move(*read));
    run.adopt(row.id);
    run.engine().load(records);
    return run.engine().undo_outlook(step);
}

void Host::load_child_for_plan(LiveRun& parent, const std::string& runbook,
                               std::function<void(Result<std::shared_ptr<LiveRun>>)> done) {
    // Never from inside of what asks: an answer comes later.
    const auto give_up = [this, done](const Error& error) {
        loop_->post([done, error] { done(error); });
    };
    auto path = find_child(parent.prepared().library, runbook);
    if (!path) return give_up(path.error());
    Prepared prepared = parent.prepared();
    prepared.path = *path;
    prepared.runbook = runbook_name(*path);
    auto child = std::make_shared<LiveRun>(*this, prepared);
    child->planning = true;
    child->load(
        [this, child, done, targets = parent.prepared().facts["targets"]](Result<Value> facts) {
            if (!facts) return done(facts.error());
            child->prepared().facts = *facts;
            if (std::string problems = check_facts(child->prepared(), &targets); !problems.empty())
                return done(fail("bad_runbook", problems));
            done(child);
        });
}

}  // namespace perilune

// Starting runs: the library read, the runbook loaded and checked, the run made durable.
#include <algorithm>
#include <set>

#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "interpreter/base/suggest.h"
#include "interpreter/base/units.h"
#include "interpreter/run/live_run.h"

namespace perilune {

namespace {

constexpr double lock_pause_s = 0.5;
constexpr int children_deep_max = 8;

}  // namespace

Result<Prepared> Host::read_library(const Library& library, const std::string& environment,
                                    const std::string& runbook) {
    Prepared prepared;
    prepared.library = library;
    auto path = find_runbook(library, runbook);
    if (!path) return path.error();
    prepared.path = *path;
    prepared.runbook = runbook_name(*path);
    auto read = load_environment(library, environment, setup_.known_drivers);
    if (!read) return read.error();
    prepared.environment = std::move(*read);
    auto bundle = load_bundle(library, prepared.environment.files);
    if (!bundle) return bundle.error();
    prepared.bundle = std::move(*bundle);
    for (const auto& [name, target] : prepared.environment.targets)
        if (const auto* script = target.driver->script)
            prepared.bundle.files[script->path] = script->text;
    prepared.bundle.digest = bundle_digest(prepared.bundle.files);
    return prepared;
}

Status Host::use_environment(const Environment& environment) {
    environment_ = environment;
    if (setup_.secrets && !environment.secrets.provider.empty()) {
        auto fetch = setup_.secrets(environment.secrets, *loop_);
        if (!fetch) return fetch.error();
        secrets_.set_fetch(std::move(*fetch));
    }
    Services services{.loop = *loop_};
    services.http = http_.get();
    services.state_folder = setup_.state_folder;
    services.program_folder = setup_.program_folder;
    services.open_secret = [this](const Value& value) { return secrets_.open(value); };
    services.keep_secret = [this](const std::string& name, const std::string& value) {
        return secrets_.keep(name, value);
    };
    services.print = [this](std::string text) {
        loop_->post([this, text = masker_.mask(text)] { print(text); });
    };
    drivers_ =
        std::make_unique<Drivers>(environment_, std::move(services), setup_.world.make_driver);
    use_secret_targets();
    return Done{};
}

// Rule 12.4: a handle that a secrets target gave is opened by that target's driver. They are made
// at once, since handles are opened on other threads too.
void Host::use_secret_targets() {
    for (const auto& [target, settings] : environment_.targets) {
        if (settings.driver->family != "secrets" || !setup_.secrets_of_driver) continue;
        const auto driver = drivers_->of(target);
        FetchSecret fetch = driver ? setup_.secrets_of_driver(*settings.driver, **driver) : nullptr;
        if (fetch) {
            secrets_.add_provider(target, std::move(fetch));
            continue;
        }
        const Error error = driver ? fail("secret_missing",
                                          "The driver of " + target + " does not give values away.")
                                   : driver.error();
        secrets_.add_provider(target, [error](const std::string&, const std::string&) {
            return Result<std::string>(error);
        });
    }
}

// What the declaration asks for against what the environment's drivers have. All is named at once.
std::string Host::check_facts(const Prepared& prepared, const Value* parent_targets) const {
    std::string problems;
    const auto add = [&](const std::string& problem) {
        problems += (problems.empty() ? "" : "\n") + prepared.path + ": targets: " + problem;
    };
    for (const auto& [target, changes] : prepared.facts["targets"].map()) {
        const auto slash = target.find('/');
        const Family* family = nullptr;
        std::vector<std::string> families;
        for (const auto* known : setup_.families) {
            families.emplace_back(known->name);
            if (known->name == target.substr(0, slash)) family = known;
        }
        if (!family) {
            add("there is no family " + target.substr(0, slash) + "." +
                did_you_mean(target.substr(0, slash), families));
            continue;
        }
        if (!drivers_->kind_of(target)) {
            std::vector<std::string> names;
            for (const auto& [name, known] : environment_.targets) names.push_back(name);
            add("the environment " + environment_.name + " has no target " + target + "." +
                did_you_mean(target, names));
            continue;  // What it lacks besides follows from that.
        }
        for (const auto& change : changes.list()) {
            const Operation* row = family->operation(change.text());
            std::vector<std::string> names;
            for (const auto& known : family->operations)
                if (known.effect == Effect::change) names.emplace_back(known.name);
            if (!row || row->effect != Effect::change) {
                add(target + ": " + change.text() + " is no change of the family " +
                    std::string(family->name) + "." + did_you_mean(change.text(), names));
            } else if (std::string missing = drivers_->lacks(target, change.text());
                       !missing.empty()) {
                add(missing);
            }
            if (parent_targets) {
                const List& allowed = (*parent_targets)[target].list();
                if (std::find(allowed.begin(), allowed.end(), change) == allowed.end())
                    add(target + ": " + change.text() + " is not allowed to the parent run.");
            }
        }
    }
    return problems;
}

void Host::prepare(const Library& library, const std::string& environment,
                   const std::string& runbook, std::function<void(Result<Prepared>)> done,
                   bool planning) {
    auto read = read_library(library, environment, runbook);
    if (!read) return done(read.error());
    if (const auto used = use_environment(read->environment); !used) return done(used.error());
    auto run = std::make_shared<LiveRun>(*this, std::move(*read));
    run->planning = planning;
    runs_["loading"] = run;
    run->load([this, run, done](Result<Value> facts) {
        if (!facts) return done(facts.error());
        run->prepared().facts = *facts;
        if (std::string problems = check_facts(run->prepared(), nullptr); !problems.empty())
            return done(fail("bad_runbook", problems));
        done(run->prepared());
    });
}

void Host::start(const Prepared& prepared, const StartOptions& options,
                 std::function<void(Result<std::string>)> done) {
    auto run = shared("loading");
    Value begin;
    const std::string id = options.run_id.empty() ? make_run_id(wall_now_s()) : options.run_id;
    begin.set("kind", "begin").set("run", id).set("runbook", prepared.runbook);
    begin.set("path", prepared.path).set("environment", prepared.environment.name);
    begin.set("environment_kind", to_text(prepared.environment.kind));
    begin.set("params", options.params).set("seed", id).set("language", 1);
    begin.set("who", options.who).set("started_at", wall_now_s());
    begin.set("bundle", prepared.bundle.digest).set("folder", prepared.library.folder);
    begin.set("facts", prepared.facts).set("program", "perilune 0.1.0");
    if (options.outage_began_at > 0) begin.set("outage_began_at", options.outage_began_at);
    for (const auto& [name, value] : options.extra.map()) begin.set(name, value);
    std::vector<std::string> locks;
    for (const auto& lock : prepared.facts["locks"].list()) locks.push_back(lock.text());
    std::sort(locks.begin(), locks.end());
    const double deadline = boot_now_s() + options.lock_wait_s;
    if (!prepared.facts["refuses"].boolean())
        return create(run, std::move(begin), std::move(locks), deadline, std::move(done));
    run->ask_refusal(options.params, [this, run, begin, locks, deadline, done](std::string reason) {
        if (!reason.empty())
            return done(fail("refused", "The runbook refuses to start: " + reason));
        create(run, begin, locks, deadline, done);
    });
}

namespace {

// A disk that fails while it makes a record durable may have kept it all the same.
Error not_begun(const std::string& id, Error error) {
    if (error.code == "state_failed")
        error.message = "The run " + id + " could not be written down, so nothing of it was " +
                        "started: " + error.message + " Should perilune runs list it all the " +
                        "same, perilune cancel " + id + " ends it.";
    return error;
}

}  // namespace

void Host::create(std::shared_ptr<LiveRun> run, Value begin, std::vector<std::string> locks,
                  double deadline, std::function<void(Result<std::string>)> done) {
    Batch::NewRun made;
    made.row.id = begin["run"].text();
    made.row.runbook = begin["runbook"].text();
    made.row.environment = begin["environment"].text();
    made.row.parent = run->parent;
    made.row.bundle = begin["bundle"].text();
    made.row.state = "running";
    made.row.owner = id_;
    made.row.created = begin["started_at"].number();
    made.bundle = run->prepared().bundle.files;
    made.locks = locks;
    auto created = [this, run, begin, locks, deadline, done](Status status, Value stamped) {
        if (!status && status.error().code == "locked" && boot_now_s() < deadline) {
            watcher_.on_progress(begin["run"].text(), {}, status.error().message + " Waiting.");
            loop_->start_timer(boot_now_s() + lock_pause_s,
                               [this, run, begin, locks, deadline, done] {
                                   create(run, begin, locks, deadline, done);
                               });
            return;
        }
        const std::string id = begin["run"].text();
        if (!status) return done(not_begun(id, status.error()));
        runs_.erase("loading");
        runs_[id] = run;
        if (run->parent.empty()) root_ = id;
        run->become(id);
        run->engine().start_recorded(stamped);
        watcher_.on_record(id, run->engine().state(), stamped);
        done(id);
    };
    writer_->create(std::move(made), std::move(begin), std::move(created));
}

// Rule 9.4: a child has its own run and journal, under the same host.
void Host::start_child(LiveRun& parent, const EventId& id, const std::string& run,
                       const std::string& runbook, const Value& params) {
    if (live(run)) return;
    const auto give_up = [this, parent_id = parent.id(), run](const Error& error) {
        const auto kept = shared(run);  // It may be its own callback that gives it up.
        runs_.erase(run);
        Value outcome;
        outcome.set("outcome", "failed").set("error", error.to_value()).set("changed", false);
        if (LiveRun* found = live(parent_id)) found->engine().on_child_end(run, outcome);
    };
    if (std::count(run.begin(), run.end(), '.') > children_deep_max)
        return give_up(fail("too_deep", "Child runs may be at most 8 deep."));
    auto path = find_runbook(parent.prepared().library, runbook);
    if (!path) return give_up(path.error());
    Prepared prepared = parent.prepared();
    prepared.path = *path;
    prepared.runbook = runbook_name(*path);
    auto child = std::make_shared<LiveRun>(*this, prepared);
    child->parent = parent.id();
    child->engine().on_replayed = [this, kept = child.get()] { go_live(*kept); };
    runs_[run] = child;
    Value begin_of_parent = parent.engine().state().begin;
    // Where the parent follows a plan, the child may do what that shows inside of it.
    const RunState& of_parent = parent.engine().state();
    begin_of_parent.set("plan", of_parent.plan["plan"]);
    if (const auto asked = of_parent.children.find(id); asked != of_parent.children.end())
        begin_of_parent.set("plan_changes", asked->second["plan_changes"]);
    child->load([this, child, run, params, begin_of_parent, give_up](Result<Value> facts) {
        if (!facts) return give_up(facts.error());
        child->prepared().facts = *facts;
        if (std::string problems =
                check_facts(child->prepared(), &begin_of_parent["facts"]["targets"]);
            !problems.empty())
            return give_up(fail("bad_runbook", problems));
        Value begin = begin_of_parent;
        for (const auto* field : {"seq", "time", "epoch"}) begin.set(field, {});
        begin.set("run", run).set("runbook", child->prepared().runbook).set("seed", run);
        begin.set("path", child->prepared().path).set("facts", *facts);
        begin.set("params", params).set("parent", begin_of_parent["run"]);
        begin.set("started_at", wall_now_s());
        // Those that a run above it holds are its own too; further ones are not waited for.
        std::set<std::string> held;
        for (const LiveRun* above = live(child->parent); above; above = live(above->parent))
            for (const auto& lock : above->engine().state().begin["facts"]["locks"].list())
                held.insert(lock.text());
        std::vector<std::string> locks;
        for (const auto& lock : (*facts)["locks"].list())
            if (!held.contains(lock.text())) locks.push_back(lock.text());
        create(child, begin, locks, boot_now_s(), [give_up](Result<std::string> made) {
            if (!made) give_up(made.error());
        });
    });
}

}  // namespace perilune

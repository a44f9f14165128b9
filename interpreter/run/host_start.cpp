// Starting runs: the library read, the runbook loaded and checked, the run made durable.
#include <algorithm>
#include <set>

#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "interpreter/base/suggest.h"
#include "interpreter/base/units.h"
#include "interpreter/library/people.h"
#include "interpreter/library/services.h"
#include "interpreter/run/live_run.h"

namespace perilune {

namespace {

constexpr double lock_pause_s = 0.5;

}  // namespace

Result<Prepared> Host::read_library(const Library& library, const std::string& environment,
                                    const std::string& runbook, const Value& services) {
    Prepared prepared;
    prepared.library = library;
    auto path = find_runbook(library, runbook);
    if (!path) return path.error();
    prepared.path = *path;
    prepared.runbook = runbook_name(*path);
    auto read = load_environment(library, environment, setup_.known_drivers);
    if (!read) return read.error();
    prepared.environment = std::move(*read);
    if (const auto people = People::of(library); !people) return people.error();
    auto bundle = load_bundle(library, prepared.environment.files);
    if (!bundle) return bundle.error();
    prepared.bundle = std::move(*bundle);
    if (!services.is_nil()) {
        const DriverKind* process = setup_.known_drivers.find("process", "local");
        if (const auto filled = fill_environment(prepared.environment, services, *process); !filled)
            return filled.error();
    }
    if (!prepared.bundle.files.contains(prepared.path)) {  // The file of a drill.
        auto text = read_library_file(library, prepared.path);
        if (!text) return text.error();
        prepared.bundle.files[prepared.path] = std::move(*text);
    }
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
    use_service_secrets(environment);
    Services services{.loop = *loop_};
    services.http = http_.get();
    services.state_folder = setup_.state_folder;
    services.program_folder = setup_.program_folder;
    services.open_secret = [this](const Value& value) { return secrets_.open(value); };
    services.keep_secret = [this](const std::string& name, const std::string& value) {
        return secrets_.keep(name, value);
    };
    services.print = [this](const std::string& text) {
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
        if (environment_.targets.at(target).needs_services && setup_.world.real)
            add(target + " is made of services that only a drill of the environment " +
                environment_.name + " starts. Execute this with: perilune drill NAME.");
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
    auto read = read_library(library, environment, runbook, setup_.services);
    if (!read) return done(read.error());
    if (const auto used = use_environment(read->environment); !used) return done(used.error());
    auto run = std::make_shared<LiveRun>(*this, std::move(*read));
    run->planning = planning;
    runs_["loading"] = run;
    run->load([this, run, done](Result<Value> facts) {
        if (!facts) return done(facts.error());
        run->prepared().facts = with_all_targets(*facts);
        if (const auto allowed = allows_drill(run->prepared()); !allowed)
            return done(allowed.error());
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
    if (!setup_.services.is_nil()) begin.set("services", setup_.services);
    if (options.outage_began_at > 0) begin.set("outage_began_at", options.outage_began_at);
    for (const auto& [name, value] : options.extra.map()) begin.set(name, value);
    std::vector<std::string> locks;
    for (const auto& lock : prepared.facts["locks"].list()) locks.push_back(lock.text());
    std::sort(locks.begin(), locks.end());
    const double deadline = boot_now_s() + options.lock_wait_s;
    if (!prepared.facts["refuses"].boolean())
        return create(run, std::move(begin), locks, deadline, std::move(done));
    run->ask_refusal(
        options.params, [this, run, begin, locks, deadline, done](const std::string& reason) {
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

void Host::create(std::shared_ptr<LiveRun> run, Value begin, const std::vector<std::string>& locks,
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
    auto created = [this, run, begin, locks, deadline, done](const Status& status,
                                                             const Value& stamped) {
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

}  // namespace perilune

// Compares the targets a runbook declares with those it uses and with what an environment has.
#include "interpreter/command/check.h"

#include <algorithm>

#include "bindings/table.h"
#include "interpreter/base/suggest.h"

namespace perilune {

namespace {

using syntax::Severity;

// What a runbook does to one target, as far as its files show it.
struct TargetUsage {
    std::set<std::string> operations;
    bool escapes = false;  // The handle goes where no file shows what is called on it.
};

// Targets that a call names in its arguments as text: `to = "storage/backups"`.
std::vector<const syntax::Key*> named_in(const syntax::OperationUse& use) {
    std::vector<const syntax::Key*> found;
    const Operation* operation = find_family(use.family)->operation(use.operation);
    if (!operation || !use.arguments) return found;
    for (const auto& key : use.arguments->keys) {
        const Parameter* parameter = operation->parameter(key.name);
        if (parameter && parameter->type == Type::target && key.literal &&
            key.literal->text().find('/') != std::string::npos)
            found.push_back(&key);
    }
    return found;
}

class TargetCheck {
public:
    TargetCheck(Sources& sources, const SourceFile& runbook, const Environment* environment)
        : sources_(sources), runbook_(runbook), environment_(environment) {
        for (const auto& target : runbook.facts.targets) declared_[target.key] = &target;
    }

    void check() {
        for (const auto& target : runbook_.facts.targets) check_declared(target);
        for (const auto* file : sources_.with_modules(runbook_.path)) {
            collect(*file);
            check_uses(*file);
            check_children(*file);
        }
        find_unused();
    }

private:
    void add(const SourceFile& file, const syntax::Position& position, std::string_view code,
             std::string message, Severity severity = Severity::error) {
        // A module that several runbooks use is told of once for each of them.
        if (&file != &runbook_) message += " (The runbook: " + runbook_.path + ".)";
        add_finding(sources_, file, position, code, std::move(message), severity);
    }

    std::vector<std::string> declared_names() const {
        std::vector<std::string> names;
        for (const auto& [name, target] : declared_) names.push_back(name);
        return names;
    }

    void check_declared(const syntax::DeclaredTarget& target) {
        if (target.family.empty()) {
            add(runbook_, target.position, "bad_target",
                "\"" + target.key +
                    "\" is no target. Write \"family/name\", such as "
                    "[\"dns/site\"] = { \"upsert\" }.");
            return;
        }
        const Family* family = find_family(target.family);
        if (!family) {
            std::vector<std::string> names;
            for (const auto* known : all_families()) names.emplace_back(known->name);
            add(runbook_, target.position, "unknown_family",
                "There is no family \"" + target.family + "\"." +
                    did_you_mean(target.family, names));
            return;
        }
        for (const auto& change : target.changes) check_change(target, *family, change);
        check_in_environment(target);
    }

    void check_change(const syntax::DeclaredTarget& target, const Family& family,
                      const syntax::PlacedName& change) {
        const Operation* operation = family.operation(change.name);
        if (!operation) {
            std::vector<std::string> names;
            for (const auto& known : family.operations)
                if (known.effect == Effect::change) names.emplace_back(known.name);
            add(runbook_, change.position, "unknown_operation",
                "\"" + change.name + "\" is no change of the family " + target.family + "." +
                    did_you_mean(change.name, names));
        } else if (operation->effect == Effect::observe) {
            add(runbook_, change.position, "not_a_change",
                target.family + ":" + change.name +
                    " only observes, which needs no leave. Remove it from the list.");
        } else {
            check_driver(runbook_, change.position, target.key, change.name);
        }
    }

    void check_in_environment(const syntax::DeclaredTarget& target) {
        if (!environment_ || environment_->targets.contains(target.key)) return;
        std::vector<std::string> names;
        for (const auto& [name, settings] : environment_->targets) names.push_back(name);
        add(runbook_, target.position, "missing_target",
            "The environment " + environment_->name + " has no target " + target.key + "." +
                did_you_mean(target.key, names));
    }

    void check_driver(const SourceFile& file, const syntax::Position& position,
                      const std::string& target, const std::string& operation) {
        if (!environment_) return;
        const auto found = environment_->targets.find(target);
        if (found == environment_->targets.end() || !found->second.driver) return;
        const auto has = found->second.driver->operations;
        if (std::find(has.begin(), has.end(), operation) != has.end()) return;
        add(file, position, "driver_lacks",
            target + " is served by the driver " + std::string(found->second.driver->name) +
                " in the environment " + environment_->name + ", which has no operation " +
                operation + ".");
    }

    void collect(const SourceFile& file) {
        for (const auto& use : file.facts.target_uses) {
            auto& usage = usage_[use.family + "/" + use.target];
            usage.escapes = usage.escapes || use.escapes;
        }
        for (const auto& use : file.facts.operations) {
            usage_[use.family + "/" + use.target].operations.insert(use.operation);
            for (const auto* key : named_in(use)) usage_[key->literal->text()].escapes = true;
        }
        for (const auto& call : file.facts.names)
            if (!call.known && find_family(call.function)) any_of_.insert(call.function);
    }

    void check_uses(const SourceFile& file) {
        if (!runbook_.facts.targets_complete) return;
        for (const auto& use : file.facts.target_uses)
            check_is_declared(file, use.position, use.family + "/" + use.target);
        for (const auto& use : file.facts.operations) {
            for (const auto* key : named_in(use))
                check_is_declared(file, key->position, key->literal->text());
            const std::string target = use.family + "/" + use.target;
            const Operation* operation = find_family(use.family)->operation(use.operation);
            if (!operation) continue;
            if (operation->effect == Effect::change)
                check_allowed(file, use.position, target, use.operation, "");
            else
                check_driver(file, use.position, target, use.operation);
        }
    }

    void check_is_declared(const SourceFile& file, const syntax::Position& position,
                           const std::string& target) {
        if (declared_.contains(target)) return;
        add(file, position, "undeclared_target",
            target + " is used but not declared. Add [\"" + target + "\"] = {} to targets." +
                did_you_mean(target, declared_names()));
    }

    void check_allowed(const SourceFile& file, const syntax::Position& position,
                       const std::string& target, const std::string& change,
                       const std::string& why) {
        const auto found = declared_.find(target);
        if (found == declared_.end() || !found->second->complete) return;
        for (const auto& allowed : found->second->changes)
            if (allowed.name == change) return;
        add(file, position, "undeclared_change",
            why + target + ":" + change + " is not among the changes that targets allows on " +
                target + ". Add \"" + change + "\" there.");
    }

    // A child run may do only what its parent may.
    void check_children(const SourceFile& file) {
        for (const auto* call : file.facts.named("run_runbook")) {
            const auto path = call->known ? find_runbook(sources_.library(), call->name)
                                          : Result<std::string>(fail("unknown", ""));
            const SourceFile* child = path ? sources_.get(*path) : nullptr;
            if (!child || !child->facts.targets_complete) {
                anything_ = true;
                continue;
            }
            const std::string why = "The runbook " + call->name + " is executed as a child. ";
            for (const auto& target : child->facts.targets) {
                auto& usage = usage_[target.key];
                usage.escapes = usage.escapes || !target.complete;
                for (const auto& change : target.changes) {
                    usage.operations.insert(change.name);
                    check_allowed(file, call->position, target.key, change.name, why);
                }
                if (!runbook_.facts.targets_complete || declared_.contains(target.key)) continue;
                add(file, call->position, "undeclared_target",
                    why + "It uses " + target.key +
                        ", which this runbook does not declare. Add "
                        "[\"" +
                        target.key + "\"] to targets.");
            }
        }
    }

    void find_unused() {
        if (anything_) return;
        for (const auto& target : runbook_.facts.targets) {
            if (!find_family(target.family) || any_of_.contains(target.family)) continue;
            const auto found = usage_.find(target.key);
            if (found == usage_.end()) {
                add(runbook_, target.position, "unused_target",
                    target.key + " is declared but never used. Remove it.", Severity::warning);
                continue;
            }
            if (found->second.escapes) continue;
            for (const auto& change : target.changes)
                if (!found->second.operations.contains(change.name))
                    add(runbook_, change.position, "unused_change",
                        target.key + " may be changed by \"" + change.name +
                            "\", but nothing does. Remove it, so that nothing can.",
                        Severity::warning);
        }
    }

    Sources& sources_;
    const SourceFile& runbook_;
    const Environment* environment_;
    std::map<std::string, const syntax::DeclaredTarget*> declared_;
    std::map<std::string, TargetUsage> usage_;
    std::set<std::string> any_of_;  // Families of which a name is known only to the run.
    bool anything_ = false;         // A child run may use what no file shows.
};

}  // namespace

void check_targets(Sources& sources, const SourceFile& runbook, const Environment* environment) {
    if (runbook.facts.is_runbook() && runbook.facts.keys)
        TargetCheck(sources, runbook, environment).check();
}

}  // namespace perilune

#include "bindings/deploy/supervisor/rollout.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <unistd.h>

#include "bindings/deploy/supervisor/started.h"

namespace perilune {

namespace {

constexpr int crashes_max = 3;  // Of one instance, until a release that never served is given up.
constexpr std::size_t log_bytes = 1 << 20;

// Points `current` at the files of the serving release, by one rename.
Status link_current(const std::string& root, const ReleaseRecord& release) {
    const std::string temporary = root + "/.current.new";
    ::unlink(temporary.c_str());
    const std::string target = "releases/" + release.folder;
    if (::symlink(target.c_str(), temporary.c_str()) != 0 ||
        ::rename(temporary.c_str(), (root + "/current").c_str()) != 0)
        return fail("file_failed", "The link " + root + "/current could not be made.");
    return sync_folder(root);
}

}  // namespace

Rollout::Rollout(std::string root, TargetState state)
    : root_(std::move(root)),
      state_(std::move(state)),
      log_(supervisor_path(root_) + "/log", log_bytes) {
    gather();
}

Status Rollout::change(TargetState changed) {
    if (const auto stored = store_state(root_, changed); !stored) {
        note(stored.error().message);
        return stored;
    }
    if (changed.wanted != state_.wanted || changed.generation != state_.generation ||
        (changed.running && !state_.running))
        for (auto& [number, instance] : instances_) instance.forgive();
    state_ = std::move(changed);
    plan_.reset();
    gather();
    return Done{};
}

// Every instance that is wanted, and every one that an earlier supervisor left running.
void Rollout::gather() {
    if (state_.running)
        for (int number = 1; number <= state_.instances; ++number)
            instances_.try_emplace(number, root_, number);
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(root_ + "/run", code)) {
        const std::string name = entry.path().filename().string();
        int number = 0;
        std::from_chars(name.data(), name.data() + name.size(), number);
        if (number > 0 && kept_is_held(entry.path().string()))
            instances_.try_emplace(number, root_, number);
    }
}

void Rollout::tick(double now_s) {
    for (auto& [number, instance] : instances_) instance.refresh(state_.settings, now_s);
    remove_extra();
    if (!state_.running) return;
    judge(now_s);
    replace_outdated();
    start_missing(now_s);
}

bool Rollout::current_with_wanted(const Instance& instance) const {
    return instance.alive() && !instance.stopping() && instance.release_id() == state_.wanted &&
           instance.generation() == state_.generation;
}

void Rollout::remove_extra() {
    for (auto at = instances_.begin(); at != instances_.end();) {
        auto& [number, instance] = *at;
        const bool wanted = state_.running && number <= state_.instances && !state_.wanted.empty();
        if (!wanted) instance.stop(state_.settings.stops_within_s);
        const bool listed = state_.running && number <= state_.instances;
        at = !listed && !instance.alive() ? instances_.erase(at) : std::next(at);
    }
}

// At most `at_once` instances are away at a time; those that do not serve anyway go first.
void Rollout::replace_outdated() {
    if (!plan()) return;
    int away = 0;
    std::vector<Instance*> outdated;
    for (auto& [number, instance] : instances_) {
        if (number > state_.instances) continue;
        if (current_with_wanted(instance)) {
            away += instance.healthy() ? 0 : 1;
        } else if (!instance.alive() || instance.stopping()) {
            // One that has only just ended, or waits after a crash, is on its way.
            ++away;
        } else {
            outdated.push_back(&instance);
        }
    }
    std::stable_partition(outdated.begin(), outdated.end(),
                          [](const Instance* instance) { return !instance->healthy(); });
    for (Instance* instance : outdated) {
        if (away >= std::max(state_.at_once, 1)) return;
        note("Replacing an instance of release " + instance->release_id() + " by " + state_.wanted +
             ".");
        instance->stop(state_.settings.stops_within_s);
        ++away;
    }
}

void Rollout::start_missing(double now_s) {
    for (auto& [number, instance] : instances_) {
        if (number > state_.instances || !instance.may_start(now_s) || !plan()) continue;
        note("Starting instance " + std::to_string(number) + " with release " + state_.wanted +
             ".");
        instance.start(state_.settings, *plan(), now_s);
        if (!instance.alive())
            note("Instance " + std::to_string(number) + " did not stay: " + instance.last_words());
    }
}

// Decides on a release that is being rolled out: it serves, or it is given up, or neither yet.
void Rollout::judge(double now_s) {
    const ReleaseRecord* wanted = state_.release(state_.wanted);
    if (!wanted || wanted->state != "pending") return;
    // The release that served last has nothing behind it to go back to: it is tried for ever.
    const bool may_give_up = state_.wanted != state_.current;
    bool all = true;
    for (const auto& [number, instance] : instances_) {
        if (number > state_.instances) continue;
        const bool mine = instance.release_id() == state_.wanted;
        const std::string which = "Instance " + std::to_string(number) + " ";
        if (may_give_up && mine && instance.crashes() >= crashes_max)
            return give_up(which + "ended " + std::to_string(instance.crashes()) + " times. " +
                           instance.last_words());
        if (may_give_up && current_with_wanted(instance) &&
            instance.overdue(state_.settings, now_s))
            return give_up(which + "was not healthy in time.");
        all = all && current_with_wanted(instance) && instance.healthy();
    }
    if (all) settle();
}

void Rollout::settle() {
    TargetState changed = state_;
    if (ReleaseRecord* before = changed.release(changed.current);
        before && before->id != changed.wanted && before->state == "serving")
        before->state = "superseded";
    ReleaseRecord& serving = *changed.release(changed.wanted);
    serving.state = "serving";
    serving.served_at = wall_clock_s();
    changed.current = serving.id;
    changed.since_at = serving.served_at;
    if (const auto linked = link_current(root_, serving); !linked) note(linked.error().message);
    note("Release " + serving.id + " (" + serving.version + ") serves.");
    // Where it cannot be stored, the next tick tries again.
    static_cast<void>(change(std::move(changed)));
}

void Rollout::give_up(const std::string& reason) {
    TargetState changed = state_;
    ReleaseRecord& failed = *changed.release(changed.wanted);
    failed.state = "failed";
    failed.reason = reason;
    changed.wanted = changed.current;
    note("Release " + failed.id + " (" + failed.version + ") is given up: " + reason +
         (changed.wanted.empty() ? "" : " Going back to " + changed.wanted + "."));
    static_cast<void>(change(std::move(changed)));
}

const InstancePlan* Rollout::plan() {
    const ReleaseRecord* wanted = state_.release(state_.wanted);
    if (!plan_ && wanted) {
        auto variables = load_variables(env_path(root_, wanted->id));
        if (!variables) {
            note(variables.error().message);
            return nullptr;
        }
        plan_ = InstancePlan{wanted->id,        wanted->version,       release_path(root_, *wanted),
                             state_.generation, std::move(*variables), state_.maintenance};
    }
    return plan_ ? &*plan_ : nullptr;
}

void Rollout::signal_all(int number) const {
    for (const auto& [index, instance] : instances_) instance.signal(number);
}

}  // namespace perilune

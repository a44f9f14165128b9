#include "bindings/deploy/supervisor/instance.h"

#include <algorithm>
#include <cmath>
#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

#include "bindings/deploy/supervisor/started.h"
#include "interpreter/base/json.h"
#include "interpreter/base/spawn.h"

namespace perilune {

namespace {

constexpr double first_backoff_s = 0.5;
constexpr double longest_backoff_s = 30;
constexpr double forgiven_after_s = 30;  // In health.
constexpr double probe_within_s = 2;
constexpr double probe_every_s = 0.25;  // While it is not healthy yet.
constexpr double probe_healthy_every_s = 1;

void replace_all(std::string& text, const std::string& what, const std::string& by) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
}

// The first word of a command as exec takes it: absolute, in the release's folder, or on the path.
std::string find_program(const std::string& word, const std::string& folder) {
    if (word.starts_with('/')) return word;
    if (word.find('/') != std::string::npos) return folder + "/" + word;
    for (const char* place : {"/usr/local/bin/", "/usr/bin/", "/bin/"})
        if (::access((place + word).c_str(), X_OK) == 0) return place + word;
    return "/usr/bin/" + word;
}

std::string own_program() {
    std::string path(4096, '\0');
    const auto size = ::readlink("/proc/self/exe", path.data(), path.size());
    path.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    // After an upgrade the new program stands at the old path.
    if (path.ends_with(" (deleted)")) path.resize(path.size() - 10);
    return path;
}

KeptProgram make_program(const LocalSettings& settings, const InstancePlan& plan,
                         const std::string& root, int number) {
    const std::string port = std::to_string(settings.port + number - 1);
    KeptProgram kept;
    for (std::string word : settings.command) {
        replace_all(word, "{port}", port);
        replace_all(word, "{instance}", std::to_string(number));
        replace_all(word, "{release}", plan.release_id);
        kept.argv.push_back(std::move(word));
    }
    if (!kept.argv.empty()) kept.argv[0] = find_program(kept.argv[0], plan.folder);
    std::map<std::string, std::string> variables = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                                                    {"LANG", "C.UTF-8"}};
    for (const auto& [name, variable] : plan.variables) variables[name] = variable.value;
    variables["PORT"] = port;
    variables["INSTANCE"] = std::to_string(number);
    variables["RELEASE"] = plan.release_id;
    variables["VERSION"] = plan.version;
    variables["MAINTENANCE"] = plan.maintenance ? "on" : "off";
    variables["MAINTENANCE_FILE"] = maintenance_path(root);
    for (const auto& [name, value] : variables) kept.environment.push_back(name + "=" + value);
    kept.label = plan.release_id;
    kept.folder = plan.folder;
    kept.grace_s = settings.stops_within_s;
    kept.output_max = 4096;
    kept.log_max = static_cast<std::size_t>(settings.log_bytes);
    kept.ends_with_keeper = true;
    kept.note.set("release_id", plan.release_id).set("generation", plan.generation);
    return kept;
}

}  // namespace

Instance::Instance(std::string root, int number)
    : root_(std::move(root)), number_(number), folder_(instance_path(root_, number)) {}

void Instance::refresh(const LocalSettings& settings, double now_s) {
    const bool held = kept_is_held(folder_);
    if (held && (!alive_ || !status_ || status_->state == KeptStatus::State::starting)) {
        // One that this supervisor did not start: it is taken over as it runs.
        if (auto status = read_kept_status(folder_)) status_ = std::move(*status);
        if (!alive_) alive_since_s_ = now_s;
        alive_ = true;
    }
    if (!held && alive_) note_end(now_s);
    if (alive_ && !stopping_) ask_health(settings, now_s);
}

void Instance::note_end(double now_s) {
    alive_ = false;
    healthy_ = false;
    probe_ = HealthProbe();
    if (auto status = read_kept_status(folder_)) status_ = std::move(*status);
    // A keeper that was killed may leave processes that hold the port.
    if (status_ && !status_->over()) kill_leftovers(*status_);
    if (!std::exchange(stopping_, false)) {
        next_start_at_s_ =
            now_s + std::min(first_backoff_s * std::pow(2, crashes_), longest_backoff_s);
        ++crashes_;
    }
}

void Instance::ask_health(const LocalSettings& settings, double now_s) {
    if (probe_.state() == HealthProbe::State::asking) {
        const auto state = probe_.step(now_s);
        if (state == HealthProbe::State::asking) return;
        const bool healthy = state == HealthProbe::State::healthy;
        if (healthy && !healthy_) healthy_since_s_ = now_s;
        healthy_ = healthy;
        if (healthy_ && now_s - healthy_since_s_ > forgiven_after_s) crashes_ = 0;
        next_probe_at_s_ = now_s + (healthy ? probe_healthy_every_s : probe_every_s);
    } else if (now_s >= next_probe_at_s_) {
        probe_.start(settings.host, settings.port + number_ - 1, settings.health,
                     now_s + probe_within_s);
    }
}

void Instance::start(const LocalSettings& settings, const InstancePlan& plan, double now_s) {
    // Before the keeper has the lock: a crash of this supervisor leaves no lock behind.
    auto lock = lock_kept(folder_);
    if (!lock) {
        next_start_at_s_ = now_s + first_backoff_s;
        return;
    }
    Program keeper;
    keeper.argv = {own_program(), "keep", folder_};
    keeper.environment = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8"};
    keeper.input = to_canonical_json(make_program(settings, plan, root_, number_).to_value());
    keeper.inherited_fd = lock->get();
    Spawned spawned;
    const std::string error = spawn_program(keeper, spawned);
    lock->close();
    siginfo_t ended{};
    // The first process of a keeper ends as soon as the program runs.
    if (error.empty())
        while (::waitid(P_PID, static_cast<id_t>(spawned.pid), &ended, WEXITED) != 0 &&
               errno == EINTR) {
        }
    alive_ = true;
    healthy_ = false;
    alive_since_s_ = now_s;
    next_probe_at_s_ = now_s;
    status_.reset();
    // Where it did not start, or has ended at once, this sees it and counts a crash.
    refresh(settings, now_s);
}

void Instance::stop(double grace_s) {
    if (!alive_ || stopping_) return;
    stopping_ = true;
    healthy_ = false;
    probe_ = HealthProbe();
    if (auto status = read_kept_status(folder_)) status_ = std::move(*status);
    if (status_) ask_keeper_to_stop(*status_, grace_s);
}

void Instance::signal(int number) const {
    if (alive_ && status_) signal_kept(*status_, number);
}

std::string Instance::release_id() const {
    return status_ ? status_->note["release_id"].text() : std::string();
}

int Instance::generation() const {
    return status_ ? static_cast<int>(status_->note["generation"].integer()) : 0;
}

std::string Instance::last_words() const {
    if (!status_) return {};
    if (!status_->error.empty()) return status_->error;
    if (!status_->over()) return {};
    std::string words = "It ended with exit code " + std::to_string(status_->exit_code) + ".";
    std::string said = status_->errors.empty() ? status_->output : status_->errors;
    while (said.ends_with('\n')) said.pop_back();
    said = said.substr(said.find_last_of('\n') + 1);
    if (!said.empty()) words += " It said last: " + said.substr(0, 300);
    return words;
}

void Instance::forgive() {
    crashes_ = 0;
    next_start_at_s_ = 0;
}

bool Instance::overdue(const LocalSettings& settings, double now_s) const {
    return alive_ && !healthy_ && now_s - alive_since_s_ > settings.starts_within_s;
}

}  // namespace perilune

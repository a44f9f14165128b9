#include "bindings/deploy/supervisor/requests.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>

#include <unistd.h>

#include "bindings/deploy/supervisor/started.h"

namespace perilune {

namespace {

using Request = Result<Value> (*)(Rollout& rollout, TargetState& state, const Value& request);

Value release_answer(const std::string& id) { return Value().set("release_id", id); }

Result<Value> store(Rollout& rollout, TargetState& state, Value answer) {
    if (const auto stored = rollout.change(state); !stored) return stored.error();
    return answer;
}

// Makes a release the wanted one; one that was still on its way is cancelled.
void want(TargetState& state, ReleaseRecord& release, const std::string& key) {
    if (ReleaseRecord* other = state.release(state.wanted);
        other && other->id != release.id && other->state == "pending")
        other->state = "cancelled";
    release.activated_by = key;
    // Also the one that serves: its state tells when its instances all do again.
    release.state = "pending";
    release.reason.clear();
    state.wanted = release.id;
    state.running = true;
    state.at_once = 1;
}

ReleaseRecord* made_by(TargetState& state, const std::string& key) {
    for (auto& release : state.releases)
        if (release.key == key) return &release;
    return nullptr;
}

Result<Value> add_release(Rollout& rollout, TargetState& state, ReleaseRecord release,
                          const Variables& variables) {
    release.id = "r" + std::to_string(++state.sequence);
    release.created_at = wall_clock_s();
    release.previous = state.current;
    if (release.folder.empty()) release.folder = release.id;
    const std::string& root = rollout.root();
    if (const auto made = make_folders(root + "/environments", 0700); !made) return made.error();
    if (const auto stored = store_variables(env_path(root, release.id), variables); !stored)
        return stored.error();
    state.releases.push_back(release);
    want(state, state.releases.back(), release.key);
    return store(rollout, state, release_answer(release.id));
}

// { key, version, incoming (a copy below releases/), env, message, digest, instances }
Result<Value> do_release(Rollout& rollout, TargetState& state, const Value& request) {
    if (const auto* made = made_by(state, request["key"].text())) return release_answer(made->id);
    const std::string& root = rollout.root();
    const std::string& name = request["incoming"].text();
    if (!name.starts_with(".incoming-") || name.find('/') != std::string::npos)
        return fail("bad_request", "The request names no copied files to release.");
    const std::string incoming = root + "/releases/" + name;
    auto variables = load_variables(env_path(root));
    if (!variables) return variables.error();
    for (auto& [variable_name, variable] : variables_from(request["env"]))
        variables->insert_or_assign(variable_name, variable);
    ReleaseRecord release;
    release.version = request["version"].text();
    release.key = request["key"].text();
    release.message = request["message"].text();
    release.digest = request["digest"].text();
    // The name that it will have; a crash before the state is stored leaves a folder that the next
    // release of this number replaces.
    release.folder = "r" + std::to_string(state.sequence + 1);
    std::error_code code;
    std::filesystem::remove_all(release_path(root, release), code);
    if (::rename(incoming.c_str(), release_path(root, release).c_str()) != 0)
        return fail("file_failed", "Moving " + incoming + " to its place failed.", Retry::safe);
    if (const auto synced = sync_folder(root + "/releases"); !synced) return synced.error();
    if (state.releases.empty() && state.instances == 0)
        state.instances = static_cast<int>(request["instances"].integer());
    return add_release(rollout, state, std::move(release), *variables);
}

// { key, release_id }: the same files with today's variables.
Result<Value> do_redeploy(Rollout& rollout, TargetState& state, const Value& request) {
    if (const auto* made = made_by(state, request["key"].text())) return release_answer(made->id);
    const ReleaseRecord* of = state.release(request["release_id"].text());
    if (!of) return fail("not_found", "There is no release " + request["release_id"].text() + ".");
    const auto variables = load_variables(env_path(rollout.root()));
    if (!variables) return variables.error();
    ReleaseRecord release;
    release.version = of->version;
    release.folder = of->folder;
    release.digest = of->digest;
    release.key = request["key"].text();
    return add_release(rollout, state, std::move(release), *variables);
}

// { key, release_id }: rollback and promote.
Result<Value> do_activate(Rollout& rollout, TargetState& state, const Value& request) {
    ReleaseRecord* release = state.release(request["release_id"].text());
    if (!release)
        return fail("not_found", "There is no release " + request["release_id"].text() + ".");
    if (release->activated_by != request["key"].text())
        want(state, *release, request["key"].text());
    return store(rollout, state, release_answer(release->id));
}

Result<Value> do_scale(Rollout& rollout, TargetState& state, const Value& request) {
    state.instances = static_cast<int>(request["instances"].integer());
    return store(rollout, state, Value().set("instances", state.instances));
}

// { state: "running" or "stopped" }
Result<Value> do_run(Rollout& rollout, TargetState& state, const Value& request) {
    const bool running = request["state"].text() == "running";
    if (running != state.running) state.since_at = wall_clock_s();
    state.running = running;
    return store(rollout, state, Value());
}

void start_anew(TargetState& state, const std::string& key, int at_once) {
    if (state.generation_key == key) return;
    state.generation_key = key;
    ++state.generation;
    state.at_once = at_once;
}

// { key, at_once }
Result<Value> do_restart(Rollout& rollout, TargetState& state, const Value& request) {
    start_anew(state, request["key"].text(), static_cast<int>(request["at_once"].integer()));
    return store(rollout, state, Value().set("generation", state.generation));
}

// { key, set (variables), unset (names), apply }
Result<Value> do_set_env(Rollout& rollout, TargetState& state, const Value& request) {
    const std::string path = env_path(rollout.root());
    auto variables = load_variables(path);
    if (!variables) return variables.error();
    for (auto& [name, variable] : variables_from(request["set"]))
        variables->insert_or_assign(name, variable);
    for (const auto& name : request["unset"].list()) variables->erase(name.text());
    if (const auto stored = store_variables(path, *variables); !stored) return stored.error();
    if (request["apply"].text() != "now" || state.wanted.empty())
        return store(rollout, state, Value());
    Value redeploy = request;
    return do_redeploy(rollout, state, redeploy.set("release_id", state.wanted));
}

// { key, state: "on" or "off", message }. The file is there before the state says so.
Result<Value> do_maintenance(Rollout& rollout, TargetState& state, const Value& request) {
    state.maintenance = request["state"].text() == "on";
    state.maintenance_message = request["message"].text();
    const std::string path = maintenance_path(rollout.root());
    if (state.maintenance) {
        if (const auto written = write_file_durably(path, state.maintenance_message); !written)
            return written.error();
    } else {
        ::unlink(path.c_str());
        if (const auto synced = sync_folder(rollout.root()); !synced) return synced.error();
    }
    if (state.settings.on_maintenance == "restart") start_anew(state, request["key"].text(), 1);
    if (state.settings.on_maintenance == "signal") rollout.signal_all(SIGHUP);
    return store(rollout, state, Value());
}

// { release_ids }: forgets them. Folders that no release uses any more are renamed out of the way,
// for the driver to delete.
Result<Value> do_prune(Rollout& rollout, TargetState& state, const Value& request) {
    const std::string& root = rollout.root();
    List removed;
    for (const auto& id : request["release_ids"].list()) {
        if (id.text() == state.wanted || id.text() == state.current) continue;
        if (std::erase_if(state.releases,
                          [&](const ReleaseRecord& release) { return release.id == id.text(); }))
            removed.push_back(id);
    }
    auto stored = store(rollout, state, Value().set("removed", removed));
    if (!stored) return stored;
    for (const auto& id : removed) ::unlink(env_path(root, id.text()).c_str());
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(root + "/releases", code)) {
        const std::string name = entry.path().filename().string();
        const bool used =
            std::any_of(state.releases.begin(), state.releases.end(),
                        [&](const ReleaseRecord& release) { return release.folder == name; });
        if (!used && !name.starts_with('.'))
            std::filesystem::rename(entry.path(), root + "/releases/.removed-" + name, code);
    }
    return stored;
}

constexpr std::array<std::pair<std::string_view, Request>, 9> requests = {{
    {"release", do_release},
    {"redeploy", do_redeploy},
    {"activate", do_activate},
    {"scale", do_scale},
    {"run", do_run},
    {"restart", do_restart},
    {"set_env", do_set_env},
    {"maintenance", do_maintenance},
    {"prune", do_prune},
}};

}  // namespace

Result<Value> carry_out(Rollout& rollout, const Value& request) {
    TargetState state = rollout.state();
    state.settings = settings_from(request["settings"]);
    // Wakes a supervisor that had died; the instances are its own business.
    if (request["do"].text() == "ping") return Value();
    for (const auto& [name, carry] : requests)
        if (name == request["do"].text()) return carry(rollout, state, request);
    return fail("bad_request",
                "The supervisor does not know the request \"" + request["do"].text() + "\".");
}

}  // namespace perilune

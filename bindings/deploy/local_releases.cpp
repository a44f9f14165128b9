// release and redeploy of the local driver: new releases, and whether an intent made one.
#include <filesystem>

#include "bindings/deploy/artifact.h"
#include "bindings/deploy/local_target.h"
#include "bindings/deploy/local_variables.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/files.h"

namespace perilune {

namespace {

Error no_artifact(const LocalTarget& local, const std::string& version) {
    return fail("not_found", "There is no artifact " + version + " below " + local.artifacts +
                                 " to release to " + local.target + ". Build it first.");
}

// Whether this very version, with these variables, is all that is wanted and serves.
Result<bool> serves_already(const LocalTarget& local, const TargetState& state,
                            const std::string& version, const Variables& variables) {
    const ReleaseRecord* current = state.release(state.current);
    if (!current || !state.running || state.wanted != state.current) return false;
    if (current->state != "serving" || current->version != version) return false;
    const auto released = load_variables(env_path(local.root, current->id));
    if (!released) return released.error();
    if (*released != variables) return false;
    const auto artifact = read_artifact(local.artifacts + "/" + version);
    if (!artifact) return artifact.error();
    return *artifact && (*artifact)->digest == current->digest;
}

Result<Before> before_release(const LocalTarget& local, Call& call) {
    if (const auto good = refuse_slot(local, call); !good) return good.error();
    const std::string& version = call.arguments["version"].text();
    if (!is_version(version)) return no_artifact(local, version);
    const auto state = load_state(local.root);
    if (!state) return state.error();
    auto variables = load_variables(env_path(local.root));
    if (!variables) return variables.error();
    const auto given = open_variables(call.arguments["env"], call);
    if (!given) return given.error();
    for (const auto& [name, variable] : *given) variables->insert_or_assign(name, variable);
    Before before;
    before.state = serving_state(local, *state);
    const ReleaseRecord* current = state->release(state->current);
    before.sign = current ? '~' : '+';
    before.plan = (current ? current->version + " → " : std::string()) + version;
    const auto already = serves_already(local, *state, version, *variables);
    if (!already) return already.error();
    before.already_so = *already;
    if (*already) {
        before.result = release_value(local, *current).set("changed", false);
        return before;
    }
    const auto artifact = read_artifact(local.artifacts + "/" + version);
    if (!artifact) return artifact.error();
    if (!*artifact) return no_artifact(local, version);
    return before;
}

// Copies the files to where the supervisor takes them from; nobody sees them there.
Result<Value> prepare_release(const LocalTarget& local, const Call& call) {
    const std::string& version = call.arguments["version"].text();
    const std::string from = local.artifacts + "/" + version;
    const auto state = load_state(local.root);
    if (!state) return state.error();
    Value request;
    request.set("do", "release").set("version", version).set("instances", local.instances);
    request.set("message", call.arguments["message"]);
    // An earlier try of this intent was carried out: only the answer is missing.
    if (made_by(*state, call)) return request;
    if (const auto made = make_folders(local.root + "/releases"); !made) return made.error();
    // A name of its own for every try: the supervisor may still take the files of an earlier one.
    const std::string incoming = ".incoming-" + to_hex(random_bytes(12));
    call.tell("copying " + version);
    if (const auto copied = copy_artifact(from, local.root + "/releases/" + incoming); !copied)
        return copied.error();
    const auto artifact = read_artifact(local.root + "/releases/" + incoming);
    if (!artifact) return artifact.error();
    if (!*artifact) return no_artifact(local, version);
    const auto env = open_variables(call.arguments["env"], call);
    if (!env) return env.error();
    return request.set("incoming", incoming)
        .set("digest", (*artifact)->digest)
        .set("env", to_value(*env));
}

Awaitable<Outcome> act_release(SharedTarget local, Call& call) {
    const Work<Result<Value>> preparing = [&] { return prepare_release(*local, call); };
    auto request = co_await off_loop(local->loop, preparing);
    if (!request) co_return Outcome::failed(request.error());
    const std::string incoming = (*request)["incoming"].text();
    Outcome outcome = co_await ask_for_release(local, std::move(*request), call);
    const Work<bool> cleaning = [&] {
        // Still there where an earlier try of this intent had made the release.
        std::error_code code;
        if (outcome.kind == Outcome::Kind::done && !incoming.empty())
            std::filesystem::remove_all(local->root + "/releases/" + incoming, code);
        return true;
    };
    co_await off_loop(local->loop, cleaning);
    co_return outcome;
}

std::optional<Restore> restore_release(const Call&, const Value& before, const Value& result) {
    if (!result["changed"].boolean()) return std::nullopt;
    // Where nothing served before, nothing serves after.
    if (before["release_id"].text().empty() || !before["running"].boolean())
        return Restore{"stop", Value(Map())};
    return Restore{"rollback", serving_again(before["release_id"])};
}

// The release whose version a redeploy makes anew; null where there is none.
const ReleaseRecord* redeployed(const TargetState& state, const Call& call) {
    if (call.arguments.has("release_id")) return state.release(call.arguments["release_id"].text());
    return state.release(state.current);
}

Result<Before> before_redeploy(const LocalTarget& local, Call& call) {
    if (const auto good = refuse_slot(local, call); !good) return good.error();
    const auto state = load_state(local.root);
    if (!state) return state.error();
    const ReleaseRecord* release = redeployed(*state, call);
    if (!release)
        return fail("not_found", "The target " + local.target + " has no release " +
                                     call.arguments["release_id"].text() + " to make anew.");
    Before before;
    before.state = serving_state(local, *state);
    before.plan = release->version + " once more";
    return before;
}

Awaitable<Outcome> act_redeploy(SharedTarget local, Call& call) {
    const Work<Result<Value>> preparing = [&]() -> Result<Value> {
        const auto state = load_state(local->root);
        if (!state) return state.error();
        const ReleaseRecord* release = redeployed(*state, call);
        Value request;
        request.set("do", "redeploy");
        return request.set("release_id", release ? Value(release->id) : Value());
    };
    auto request = co_await off_loop(local->loop, preparing);
    if (!request) co_return Outcome::failed(request.error());
    co_return co_await ask_for_release(local, std::move(*request), call);
}

}  // namespace

void add_releases(Handlers& handlers, SharedTarget local) {
    const auto look = [local](Call& call, const Value& before) {
        return look_for_release(*local, call, before);
    };
    Handler release = change_blocking(
        local->loop, [local](Call& call) { return before_release(*local, call); }, {}, look,
        restore_release);
    release.act = [local](Call& call, const Value&) { return act_release(local, call); };
    handlers.emplace("release", std::move(release));
    Handler redeploy = change_blocking(
        local->loop, [local](Call& call) { return before_redeploy(*local, call); }, {}, look);
    redeploy.act = [local](Call& call, const Value&) { return act_redeploy(local, call); };
    handlers.emplace("redeploy", std::move(redeploy));
}

}  // namespace perilune

// What became of an intent that makes a release, or makes one the wanted one.
#include "bindings/deploy/local_target.h"

namespace perilune {

namespace {

Outcome outcome_of_release(const LocalTarget& local, const std::string& id) {
    const auto state = load_state(local.root);
    if (!state) return Outcome::unknown(state.error());
    const ReleaseRecord* release = state->release(id);
    if (!release)
        return Outcome::failed(fail(
            "not_found", "The release " + id + " of " + local.target + " was deleted meanwhile."));
    // As this change left it, whatever has happened since.
    TargetState after = *state;
    after.wanted = id;
    after.running = true;
    return Outcome::done(release_value(local, *release).set("changed", true),
                         serving_state(local, after));
}

}  // namespace

const ReleaseRecord* made_by(const TargetState& state, const Call& call) {
    for (const auto& release : state.releases)
        if (release.key == call.key || release.activated_by == call.key) return &release;
    return nullptr;
}

Awaitable<Outcome> ask_for_release(SharedTarget local, Value request, Call& call) {
    const auto answer = co_await ask(local, std::move(request), call);
    if (!answer) co_return outcome_of(answer.error());
    const std::string id = (*answer)["release_id"].text();
    const Work<Outcome> reading = [&] { return outcome_of_release(*local, id); };
    co_return co_await off_loop(local->loop, reading);
}

Sighting look_for_release(const LocalTarget& local, const Call& call, const Value& before) {
    Sighting sighting;
    const auto state = load_state(local.root);
    if (!state || before["place"].text() != place_of(local)) {
        sighting.evidence = state ? "It was asked of another machine's folder (" +
                                        before["place"].text() + "): look there."
                                  : state.error().message;
        return sighting;
    }
    const ReleaseRecord* release = made_by(*state, call);
    sighting.kind = release ? Sighting::Kind::happened : Sighting::Kind::did_not;
    sighting.evidence = release ? "The release " + release->id + " carries this intent's key."
                                : "No release of " + local.root + " carries this intent's key.";
    if (!release) return sighting;
    Outcome outcome = outcome_of_release(local, release->id);
    sighting.value = std::move(outcome.value);
    sighting.after = std::move(outcome.after);
    return sighting;
}

}  // namespace perilune

// Who may answer a live run's questions; see judge.h.
#include <optional>

#include <unistd.h>

#include "interpreter/run/judge.h"
#include "interpreter/run/live_run.h"

namespace perilune {

namespace {

Law law_of(const Environment& environment, People people, bool real) {
    return {.policy = environment.policy,
            .environment = environment.name,
            .kind = environment.kind,
            .people = std::move(people),
            .simulated = !real};
}

// Nothing where the library is gone or its file cannot be read: then the run's own people count.
std::optional<People> people_now(const std::string& folder) {
    if (folder.empty() || ::access((folder + "/" + std::string(people_file)).c_str(), R_OK) != 0)
        return std::nullopt;
    auto people = People::load(folder + "/" + std::string(people_file), people_file);
    if (!people) return std::nullopt;
    return std::move(*people);
}

std::string lost_key(const People& today, const Command& command) {
    const std::string& key = command.proof["key"].text();
    const Person* holder = today.holder(key);
    if (holder && holder->id == command.person) return {};
    return "The key " + key + " was " + command.person +
           "'s when the run was started, and is not in people.yaml any more.";
}

}  // namespace

std::string LiveRun::may_answer(const Value& question, const std::vector<Value>& approvals,
                                const Command& command) {
    auto people = People::of(prepared_.bundle.files);
    if (!people) return people.error().message;
    Law law = law_of(host_.environment_, std::move(*people), host_.setup_.world.real);
    const Value& begin = engine_.state().begin;
    std::string refused = refuse_answer(law, begin, question, approvals, command);
    if (!refused.empty() || command.person.empty()) return refused;
    // Rule 7.9: who has lost a key or a role since cannot approve; who has got one cannot yet.
    auto today = people_now(prepared_.library.folder);
    if (!today) return {};
    if (const std::string lost = lost_key(*today, command); !lost.empty()) return lost;
    law.people = std::move(*today);
    return refuse_answer(law, begin, question, approvals, command);
}

std::string LiveRun::may_break_glass() {
    return refuse_break_glass(law_of(host_.environment_, {}, true), prepared_.runbook);
}

std::int64_t LiveRun::approvals_needed(const Value& question) {
    const Law law = law_of(host_.environment_, {}, true);
    return perilune::approvals_needed(law, engine_.state().begin, question);
}

}  // namespace perilune

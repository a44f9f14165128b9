#include "interpreter/drill/steersman.h"

#include "interpreter/base/digest.h"
#include "interpreter/base/json.h"
#include "interpreter/base/loop.h"
#include "interpreter/library/problems.h"
#include "interpreter/run/records.h"

namespace perilune {

namespace {

constexpr double stuck_for_s = 5;

// "cto, sre-lead": each of them says the same.
std::vector<std::string> names_in(const std::string& text) {
    std::vector<std::string> names;
    std::string name;
    for (const char c : text + ",") {
        if (c == ',') {
            if (!name.empty()) names.push_back(name);
            name.clear();
        } else if (c != ' ' || !name.empty()) {
            name += c;
        }
    }
    return names;
}

}  // namespace

void Steersman::read(const RunRow& row, Known& known) {
    const auto records = Records::of(store_, row.id);
    if (!records) return;
    known = {.seq = row.seq, .state = {}, .steps = 0};
    records->each([&](const Value& record) {
        known.state.apply(record);
        if (record["kind"].text() == "open" && record["args"]["what"].text() == "step") {
            ++known.steps;
            newest_step_ = record["name"].text();
        }
    });
}

void Steersman::send(const std::string& run, const std::string& kind, Value body,
                     const std::string& who) {
    InboxRow row;
    row.id = to_hex(random_bytes(16));
    row.run = run;
    row.kind = kind;
    row.body = to_canonical_json(body.set("how", "by the drill"));
    row.who = who;
    row.at = wall_now_s();
    if (const auto sent = store_.send(row); !sent) surprises_.push_back(sent.error().message);
}

void Steersman::answer(const RunRow& row, const RunState& state) {
    for (const auto& [event, question] : state.questions) {
        const std::string name = question.record["name"].text();
        const std::size_t so_far = question.approvals.size();
        const std::string key = row.id + event.strand + std::to_string(event.n) + " " +
                                std::to_string(question.record["seq"].integer()) + " " +
                                std::to_string(so_far);
        const auto [asked, is_new] = asked_at_.try_emplace(key, wall_now_s());
        const auto found = plan_.answers.find(name);
        if (found == plan_.answers.end()) continue;
        const auto people = names_in(found->second.by);
        if (so_far >= people.size() || said_.contains(key) ||
            wall_now_s() < asked->second + found->second.after_s)
            continue;
        said_.insert(key);
        const Value& answer = found->second.answer;
        const bool decision = answer == Value("approve") || answer == Value("reject");
        Value body;
        body.set("name", name);
        if (!found->second.reason.empty()) body.set("reason", found->second.reason);
        if (!decision) body.set("value", answer);
        send(row.id, decision ? answer.text() : "answer", body, people[so_far]);
        Value note;
        note.set("name", name).set("answer", answer).set("by", people[so_far]);
        given_.push_back(note.set("at", wall_now_s()).set("asked_at", asked->second));
        tell_(people[so_far] + " answers " + in_quotes(name) + ": " +
              (answer.is_text() ? answer.text() : to_json(answer)));
    }
}

void Steersman::look(const std::string& run) {
    std::vector<std::string> ids = {run};
    bool open_question = false;
    bool asks = false;
    std::string asked;
    steps_begun_ = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const auto row = store_.run(ids[i]);
        if (!row || !*row) return;
        Known& known = known_[ids[i]];
        if (known.seq != (*row)->seq) read(**row, known);
        steps_begun_ += known.steps;
        answer(**row, known.state);
        for (const auto& [event, question] : known.state.questions) {
            const std::string name = question.record["name"].text();
            if (plan_.answers.contains(name)) {
                open_question = true;
            } else {
                asked = "It asks " + in_quotes(name) + ", and the drill has no answer to that";
            }
        }
        for (const auto& [event, failure] : known.state.failures)
            asked = "It asks what to do: " + failure["args"]["error"]["message"].text();
        if (known.state.doubts() > 0) asked = "A change is in doubt, and only a person can say";
        asks = asks || known.state.asks();
        const auto children = store_.children(ids[i]);
        if (!children) continue;
        for (const auto& child : *children)
            if (child.state != "ended") ids.push_back(child.id);
    }
    if (!asks || open_question) {
        stuck_since_ = 0;
    } else if (stuck_since_ == 0) {
        stuck_since_ = boot_now_s();
    } else if (boot_now_s() > stuck_since_ + stuck_for_s) {
        cancel(run, asked);
    }
}

void Steersman::cancel(const std::string& run, const std::string& why) {
    if (cancelled_) return;
    // One that is only being started could not be told yet.
    if (const auto row = store_.run(run); !row || !*row) return;
    cancelled_ = true;
    surprises_.push_back(why + ".");
    tell_("The run is ended: " + why + ".");
    send(run, "cancel", Value().set("reason", why), "drill");
}

}  // namespace perilune

// The conformance suite of silences and of records of deployments.
#include "tests/support/record_conformance.h"

#include <doctest/doctest.h>

#include "interpreter/base/json.h"

namespace perilune::test {

namespace {

using Make = std::function<ChangeSubject()>;

Changed change(const ChangeSubject& subject, const std::string& key = "") {
    return subject.rig->change(subject.operation, subject.arguments, key);
}

void spoil(const ChangeSubject& subject, Spoiled how) {
    if (subject.spoil) return subject.spoil(how);
    Fault fault{.method = subject.method, .path = subject.path};
    if (how == Spoiled::request_lost) fault.kind = Fault::Kind::drop;
    if (how == Spoiled::throttled) fault = throttled(subject.method, subject.path);
    if (how == Spoiled::refused)
        fault = {.kind = Fault::Kind::answer,
                 .method = subject.method,
                 .path = subject.path,
                 .status = 400,
                 .body = subject.refusal};
    subject.faults->fault(fault);
}

Sighting look(const ChangeSubject& subject, const Changed& lost, const std::string& key) {
    return subject.rig->look(subject.operation, subject.arguments, key, lost.before.state);
}

void check_lost_answer(const Make& make) {
    const ChangeSubject subject = make();
    subject.rig->parts.clear();
    spoil(subject, Spoiled::answer_lost);
    const Changed lost = change(subject, "lost");
    CHECK_MESSAGE(lost.kind() == "unknown", lost.kind(), " ", lost.error().message);
    CHECK(subject.made() == 1);
    const Sighting seen = look(subject, lost, "lost");
    CHECK(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["changed"].boolean());
    CHECK(subject.made() == 1);
}

void check_never_arrived(const Make& make) {
    const ChangeSubject subject = make();
    subject.rig->parts.clear();
    spoil(subject, Spoiled::request_lost);
    const Changed lost = change(subject, "dropped");
    CHECK(lost.kind() == "unknown");
    CHECK(subject.made() == 0);
    CHECK(look(subject, lost, "dropped").kind == Sighting::Kind::did_not);
    const Changed again = change(subject, "dropped");
    CHECK_MESSAGE(again.done(), again.error().message);
    CHECK(subject.made() == 1);
}

void check_refusals(const Make& make) {
    const ChangeSubject subject = make();
    spoil(subject, Spoiled::throttled);
    CHECK(change(subject).kind() == "not_sent");
    CHECK(subject.made() == 0);
    spoil(subject, Spoiled::refused);
    const Changed refused = change(subject);
    CHECK(refused.kind() == "failed");
    CHECK_MESSAGE(refused.error().message.find("Not like this") != std::string::npos,
                  refused.error().message);
    CHECK(subject.made() == 0);
    const Changed made = change(subject);
    CHECK_MESSAGE(made.done(), made.error().message);
    CHECK(subject.made() == 1);
}

void check_credentials(const Make& make) {
    const ChangeSubject subject = make();
    if (!subject.faults) return;
    subject.rig->secrets["KEY"] = "canary-of-the-secret";
    const Changed refused = change(subject);
    CHECK_FALSE(refused.done());
    CHECK_MESSAGE(refused.error().code == "credentials_refused", refused.error().message);
    CHECK(to_json(refused.error().to_value()).find("canary") == std::string::npos);
    CHECK(subject.made() == 0);
}

}  // namespace

void check_change_conformance(const Make& make) {
    check_lost_answer(make);
    check_never_arrived(make);
    check_refusals(make);
    check_credentials(make);
}

void check_silence_conformance(const Make& make) {
    check_change_conformance(make);
    const ChangeSubject subject = make();
    const Changed made = change(subject);
    REQUIRE_MESSAGE(made.done(), made.error().message);
    CHECK(made.outcome.value["changed"].boolean());
    CHECK(subject.made() == 1);
    const Value& ends_at = made.outcome.value["ends_at"];
    if (ends_at.is_number()) {
        CHECK(ends_at.number() > wall_now_s() + 550);
        CHECK(ends_at.number() < wall_now_s() + 650);
    }
    const Changed undone = subject.rig->undo("silence", subject.arguments, made);
    REQUIRE_MESSAGE(undone.done(), undone.error().message);
    CHECK(undone.before.state == made.outcome.after);
    CHECK(subject.made() == 0);
    const Value id = fields("silence_id", made.outcome.value["silence_id"]);
    const Changed again = subject.rig->change("unsilence", id);
    CHECK(again.before.already_so);
    CHECK_FALSE(again.before.result["changed"].boolean());
}

}  // namespace perilune::test

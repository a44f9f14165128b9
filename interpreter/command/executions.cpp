#include "interpreter/command/executions.h"

#include <fstream>

#include <unistd.h>

#include "interpreter/base/json.h"
#include "interpreter/base/suggest.h"
#include "interpreter/command/answers.h"
#include "interpreter/command/find_run.h"
#include "interpreter/command/output.h"
#include "interpreter/command/person_key.h"
#include "interpreter/command/plan_command.h"
#include "interpreter/command/session.h"
#include "interpreter/command/stored_runs.h"
#include "interpreter/command/undo_preview.h"

namespace perilune {

namespace {

constexpr double reply_within_s = 10;

enum class Without { execute, keep };  // What to do where no host executes the run.

// Leaves the command in the run's inbox and waits for the owner's answer.
int hand_over(const Invocation& invocation, Store& store, const InboxRow& command) {
    const std::string& run = command.run;
    if (const auto sent = store.send(command); !sent) return report_error(invocation, sent.error());
    const double until = boot_now_s() + reply_within_s;
    while (boot_now_s() < until) {
        ::usleep(20000);
        const auto now = store.inbox_row(command.id);
        if (!now || !*now || !(*now)->taken) continue;
        if (!(*now)->reply.empty())
            return report_error(invocation, fail("not_taken", (*now)->reply));
        if (invocation.json()) {
            Value told;
            put_json(told.set("run", run).set("taken", true).set("command", command.kind));
        } else {
            say("The run " + run + " took it.");
        }
        return exit_done;
    }
    say("The host that executes " + run +
        " has not answered yet; the command is kept for it. "
        "Watch: perilune watch " +
        run);
    return exit_waits;
}

// Where a run waits and nobody executes it, its journal knows what it asks.
std::string not_asked(Store& store, const RunRow& row, const std::string& kind, const Value& body) {
    if (row.state != "waits" || (kind != "approve" && kind != "reject" && kind != "answer"))
        return {};
    const auto records = Records::of(store, row.id);
    if (!records) return records.error().message;
    const RunState state = state_of(*records);
    const std::string& name = body["name"].text();
    std::string all;
    std::vector<std::string> names;
    for (const auto& [id, question] : state.questions) {
        if (question.record["args"]["what"].text() == "signal") continue;
        names.push_back(question.record["name"].text());
        if (name == names.back() || name == id.key()) return {};
        all += (all.empty() ? "\"" : ", \"") + names.back() + "\"";
    }
    if (names.empty())
        return "The run " + row.id + " asks nothing now. See: perilune status " + row.id;
    if (name.empty() && names.size() == 1) return {};
    return "The run " + row.id + " asks " + all + "; say which one." + did_you_mean(name, names);
}

// The run at the top of the tree: it is resumed together with those below it.
std::string top_of(Store& store, RunRow row) {
    while (!row.parent.empty()) {
        const auto above = store.run(row.parent);
        if (!above || !*above) break;
        row = **above;
    }
    return row.id;
}

// Why an ended run takes no such command, or empty.
std::string ended_refusal(Store& store, const RunRow& row, const std::string& kind) {
    if (row.state != "ended") return {};
    const std::string top = top_of(store, row);
    if (top != row.id)
        return row.id + " is a child of the run " + top + " and has ended (" + row.outcome +
               "); what it changed is undone with: perilune undo " + top;
    if (kind == "undo") return {};
    return "The run " + row.id + " has ended (" + row.outcome +
           "); nothing of it can be changed but by: perilune undo " + row.id;
}

int steer(const Invocation& invocation, const std::string& kind, Value body, Without without) {
    auto store = Store::open(state_folder(invocation));
    if (!store) return report_error(invocation, store.error());
    auto row = find_run(**store, invocation.get("RUN"));
    if (!row) return report_error(invocation, row.error());
    if (invocation.has("--reason")) body.set("reason", invocation.get("--reason"));
    body.set("how", body.has("how") ? body["how"] : Value("from the command line"));
    InboxRow command;
    command.id = make_command_id();
    command.run = row->id;
    command.kind = kind;
    command.who = current_person();
    command.at = wall_now_s();
    command.body = to_canonical_json(body);
    const bool executed =
        !row->owner.empty() && !host_is_dead(state_folder(invocation), row->owner);
    // Where the run goes on with other code, that is what is signed, once it has been read.
    const bool replaces = !executed && invocation.has("--with-current-code");
    if (!replaces)
        if (const auto signed_by = sign_command(invocation, **store, command); !signed_by)
            return report_error(invocation, signed_by.error());
    if (executed) return hand_over(invocation, **store, command);
    if (const std::string refused = ended_refusal(**store, *row, kind); !refused.empty())
        return report_error(invocation, fail("ended", refused));
    const std::string top = top_of(**store, *row);
    if (without == Without::execute) {
        store->reset();
        Session session(invocation);
        return session.resume(top, &command);
    }
    if (const std::string refused = not_asked(**store, *row, kind, body); !refused.empty())
        return report_error(invocation, fail("bad_argument", refused));
    if (const auto sent = (*store)->send(command); !sent)
        return report_error(invocation, sent.error());
    say("Kept for the run " + row->id +
        ", which nobody executes now. Go on with: perilune resume " + top);
    return exit_done;
}

Result<Value> json_option(const Invocation& invocation, std::string_view name) {
    if (!invocation.has(name)) return Value();
    auto read = from_json(invocation.get(name));
    if (!read)
        return fail("bad_argument", std::string(name) + ": " + read.error().message +
                                        " Text is written with quotes: '\"text\"'.");
    return read;
}

// Why policy is passed over; nil where it is not.
Result<Value> break_glass_reason(const Invocation& invocation) {
    if (!invocation.has("--break-glass")) return Value();
    const std::string reason = invocation.get("--reason");
    if (reason.find_first_not_of(" \t\n") == std::string::npos)
        return fail("bad_argument",
                    "--break-glass needs --reason TEXT: it is kept, and every report shows it.");
    return Value(reason);
}

// Approves, rejects or answers a question.
int answer_by(const Invocation& invocation, const std::string& kind, Value body) {
    const auto reason = break_glass_reason(invocation);
    if (!reason) return report_error(invocation, reason.error());
    if (reason->is_text()) body.set("break_glass", *reason);
    return steer(invocation, kind, body.set("name", invocation.get("NAME")), Without::keep);
}

// What a drill says it has started.
Result<Value> started_services(const Invocation& invocation) {
    if (!invocation.has("--services")) return Value();
    const std::string path = invocation.get("--services");
    std::ifstream file(path);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    auto read = from_json(text);
    if (!file.is_open() || !read || !read->has("facts"))
        return fail("bad_argument", "--services " + path + " is no file that a drill has written.");
    return read;
}

// What a run that follows a plan waits for: one of its rest, made anew before it is approved.
int approve_plan(const Invocation& invocation) {
    if (invocation.has("NAME"))
        return report_error(invocation, fail("bad_argument",
                                             "Approve a question by its name, or a plan with "
                                             "--plan; not both at once."));
    std::string id;
    {
        auto store = Store::open(state_folder(invocation));
        if (!store) return report_error(invocation, store.error());
        const auto row = find_run(**store, invocation.get("RUN"));
        if (!row) return report_error(invocation, row.error());
        id = row->id;
    }
    const auto approved = plan_to_approve(invocation, id);
    if (!approved) return report_error(invocation, approved.error());
    return steer(invocation, "plan", *approved, Without::keep);
}

}  // namespace

// With --plan, the plan is made anew first: nothing is done where it is not the same any more.
int execute_run(const Invocation& invocation) {
    Value extra;
    if (invocation.has("--plan")) {
        const auto followed = plan_to_follow(invocation);
        if (!followed) return report_error(invocation, followed.error());
        extra = *followed;
    }
    const auto reason = break_glass_reason(invocation);
    if (!reason) return report_error(invocation, reason.error());
    if (reason->is_text()) extra.set("break_glass", Value().set("reason", *reason));
    const auto services = started_services(invocation);
    if (!services) return report_error(invocation, services.error());
    Session session(invocation, *services);
    return session.start(extra);
}

int execute_resume(const Invocation& invocation) {
    std::string id;
    {
        auto store = Store::open(state_folder(invocation));
        if (!store) return report_error(invocation, store.error());
        auto row = find_run(**store, invocation.get("RUN"));
        if (!row) return report_error(invocation, row.error());
        if (row->state == "ended")
            return report_error(invocation,
                                fail("ended", "The run " + row->id + " has ended: " + row->outcome +
                                                  ". See: perilune report " + row->id));
        id = top_of(**store, *row);
    }
    Session session(invocation);
    return session.resume(id, nullptr);
}

int execute_retry(const Invocation& invocation) {
    Value body;
    return steer(invocation, "retry", body.set("step", invocation.get("--step")), Without::execute);
}

int execute_skip(const Invocation& invocation) {
    const auto result = json_option(invocation, "--result");
    if (!result) return report_error(invocation, result.error());
    if (!invocation.has("--reason"))
        return report_error(invocation, fail("bad_argument", "Skipping needs --reason TEXT."));
    Value body;
    body.set("step", invocation.get("--step")).set("result", *result);
    return steer(invocation, "skip", body, Without::execute);
}

int execute_settle(const Invocation& invocation) {
    const auto result = json_option(invocation, "--result");
    if (!result) return report_error(invocation, result.error());
    const int said =
        invocation.has("--happened") + invocation.has("--did-not") + invocation.has("--again");
    if (said != 1)
        return report_error(invocation, fail("bad_argument",
                                             "Say one of --happened, --did-not "
                                             "and --again."));
    if (!invocation.has("--reason"))
        return report_error(invocation, fail("bad_argument",
                                             "Settling needs --reason TEXT: what "
                                             "you looked at."));
    Value body;
    body.set("name", invocation.get("OPERATION")).set("result", *result);
    body.set("how", invocation.has("--happened") ? "happened"
                    : invocation.has("--again")  ? "again"
                                                 : "did_not");
    return steer(invocation, "settle", body, Without::execute);
}

int execute_undo(const Invocation& invocation) {
    if (invocation.has("--preview")) return execute_undo_preview(invocation);
    Value body;
    body.set("to", invocation.get("--to")).set("force", invocation.has("--force"));
    return steer(invocation, "undo", body, Without::execute);
}

int execute_cancel(const Invocation& invocation) {
    return steer(invocation, "cancel", {}, Without::execute);
}

int execute_pause(const Invocation& invocation) {
    return steer(invocation, "pause", {}, Without::keep);
}

int execute_approve(const Invocation& invocation) {
    if (invocation.has("--plan")) return approve_plan(invocation);
    return answer_by(invocation, "approve", {});
}

int execute_reject(const Invocation& invocation) { return answer_by(invocation, "reject", {}); }

int execute_answer(const Invocation& invocation) {
    return answer_by(invocation, "answer", Value().set("value", invocation.get("VALUE")));
}

int execute_signal(const Invocation& invocation) {
    const auto data = json_option(invocation, "--data");
    if (!data) return report_error(invocation, data.error());
    Value body;
    body.set("name", invocation.get("NAME")).set("data", *data).set("id", invocation.get("--id"));
    return steer(invocation, "signal", body, Without::keep);
}

}  // namespace perilune

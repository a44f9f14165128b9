#include "interpreter/command/executions.h"

#include <unistd.h>

#include "interpreter/base/json.h"
#include "interpreter/base/suggest.h"
#include "interpreter/command/answers.h"
#include "interpreter/command/find_run.h"
#include "interpreter/command/output.h"
#include "interpreter/command/plan_command.h"
#include "interpreter/command/session.h"

namespace perilune {

namespace {

constexpr double reply_within_s = 10;

enum class Without { execute, keep };  // What to do where no host executes the run.

// Leaves the command in the run's inbox and waits for the owner's answer.
int hand_over(const Invocation& invocation, Store& store, const std::string& run,
              const Command& command) {
    InboxRow row;
    row.id = command.id;
    row.run = run;
    row.kind = command.kind;
    row.body = to_canonical_json(command.body);
    row.who = command.who;
    row.at = wall_now_s();
    if (const auto sent = store.send(row); !sent) return report_error(invocation, sent.error());
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
    const auto records = store.records(row.id);
    if (!records) return records.error().message;
    RunState state;
    for (const auto& record : *records)
        if (const auto read = from_canonical_json(record.body)) state.apply(*read);
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

int steer(const Invocation& invocation, const std::string& kind, Value body, Without without) {
    auto store = Store::open(state_folder(invocation));
    if (!store) return report_error(invocation, store.error());
    auto row = find_run(**store, invocation.get("RUN"));
    if (!row) return report_error(invocation, row.error());
    Command command;
    command.id = make_command_id();
    command.kind = kind;
    command.who = current_person();
    if (invocation.has("--reason")) body.set("reason", invocation.get("--reason"));
    body.set("how", body.has("how") ? body["how"] : Value("from the command line"));
    command.body = std::move(body);
    const bool executed =
        !row->owner.empty() && !host_is_dead(state_folder(invocation), row->owner);
    if (executed) return hand_over(invocation, **store, row->id, command);
    if (row->state == "ended" && kind != "undo")
        return report_error(invocation,
                            fail("ended", "The run " + row->id + " has ended (" + row->outcome +
                                              "); nothing of it can be changed but by: perilune "
                                              "undo " +
                                              row->id));
    if (without == Without::execute) {
        store->reset();
        Session session(invocation);
        return session.resume(row->id, &command);
    }
    if (const std::string refused = not_asked(**store, *row, kind, command.body); !refused.empty())
        return report_error(invocation, fail("bad_argument", refused));
    InboxRow kept;
    kept.id = command.id;
    kept.run = row->id;
    kept.kind = kind;
    kept.body = to_canonical_json(command.body);
    kept.who = command.who;
    kept.at = wall_now_s();
    if (const auto sent = (*store)->send(kept); !sent)
        return report_error(invocation, sent.error());
    say("Kept for the run " + row->id +
        ", which nobody executes now. Go on with: perilune resume " + row->id);
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

}  // namespace

// With --plan, the plan is made anew first: nothing is done where it is not the same any more.
int execute_run(const Invocation& invocation) {
    Value extra;
    if (invocation.has("--plan")) {
        const auto kept = read_plan(invocation);
        if (!kept) return report_error(invocation, kept.error());
        const auto now = make_plan(invocation);
        if (!now) return report_error(invocation, now.error());
        if (const std::string differs = plan_differences(*kept, *now); !differs.empty())
            return report_error(invocation, fail("plan_stale",
                                                 "The plan does not hold any more; nothing was "
                                                 "done:\n" +
                                                     differs + "Look at a new one: perilune plan"));
        extra.set("plan", (*kept)["digest"]).set("plan_changes", (*kept)["changes"]);
    }
    Session session(invocation);
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
        id = row->id;
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
    Value body;
    return steer(invocation, "approve", body.set("name", invocation.get("NAME")), Without::keep);
}

int execute_reject(const Invocation& invocation) {
    Value body;
    return steer(invocation, "reject", body.set("name", invocation.get("NAME")), Without::keep);
}

int execute_answer(const Invocation& invocation) {
    Value body;
    body.set("name", invocation.get("NAME")).set("value", invocation.get("VALUE"));
    return steer(invocation, "answer", body, Without::keep);
}

int execute_signal(const Invocation& invocation) {
    const auto data = json_option(invocation, "--data");
    if (!data) return report_error(invocation, data.error());
    Value body;
    body.set("name", invocation.get("NAME")).set("data", *data).set("id", invocation.get("--id"));
    return steer(invocation, "signal", body, Without::keep);
}

}  // namespace perilune

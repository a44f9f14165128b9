// Questions to a driver's file that need nothing but the file: asked and waited for on a loop of
// their own, so that they can be asked where nothing may be awaited.
#include <optional>

#include "interpreter/driver/driver_worker.h"

namespace perilune {

namespace {

constexpr double answer_within_s = 10;

// Sends the messages to a fresh worker and gives its first answer of the kind that is wanted.
Result<List> ask(const std::string& program, const DriverScript& script,
                 const std::vector<Value>& messages, std::string_view wanted) {
    const auto loop = Loop::make();
    std::optional<Result<List>> answer;
    const auto finish = [&](Result<List> given) {
        if (!answer) answer.emplace(std::move(given));
        loop->stop();
    };
    auto worker = WorkerProcess::start(
        *loop, program, "driver", WorkerLimits(),
        [&](List message) {
            const std::string kind = message.empty() ? "" : message[0].text();
            if (kind == wanted) return finish(std::move(message));
            if (kind != "load_failed" && kind != "failed") return;
            Error error = Error::from_value(message.back());
            const std::string at = message.back()["at"].text();
            error.message = (at.empty() ? script.path : at) + ": " + error.message;
            finish(error);
        },
        [&](const WorkerEnd& end) { finish(fail("bad_driver", script.path + ": " + end.text)); });
    if (!worker) return worker.error();
    for (const auto& message : messages) (*worker)->send(message);
    loop->start_timer(boot_now_s() + answer_within_s, [&] {
        finish(fail("bad_driver", script.path + ": the driver did not answer within 10 s."));
    });
    loop->run();
    return std::move(*answer);
}

}  // namespace

Result<Value> describe_driver(const std::string& program, const DriverScript& script) {
    auto told =
        ask(program, script,
            {List{"module", script.path, script.text}, List{"load", script.path, Map{}}}, "loaded");
    if (!told) return told.error();
    return told->size() == 2 ? (*told)[1] : Value();
}

Result<std::optional<Restore>> ask_restore(const std::string& program, const DriverScript& script,
                                           const Value& settings, const Call& call,
                                           const Value& before, const Value& result) {
    Value given;
    given.set("arguments", call.arguments).set("before", before).set("result", result);
    given.set("target", call.target).set("key", call.key);
    auto told = ask(program, script,
                    {List{"module", script.path, script.text}, List{"load", script.path, settings},
                     List{"call", 1, "restore", call.operation, given, wall_now_s()}},
                    "done");
    if (!told) return told.error();
    if (told->size() < 3 || !(*told)[2].is_text()) return std::optional<Restore>();
    Value arguments = told->size() > 3 ? (*told)[3] : Value();
    arguments.as_map();
    return std::optional<Restore>(Restore{(*told)[2].text(), std::move(arguments)});
}

}  // namespace perilune

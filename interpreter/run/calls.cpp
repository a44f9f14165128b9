#include "interpreter/run/calls.h"

namespace perilune {

namespace {

using Finish = std::function<void(CallAnswer)>;

Error masked(const Masker& masker, Error error) {
    error.message = masker.mask(error.message);
    error.detail = masker.mask_value(error.detail);
    return error;
}

// An exception out of a driver is a bug of the driver: what it did is not known.
template <class T>
Awaitable<std::optional<T>> guarded(Awaitable<T> task, std::string* problem) {
    std::optional<T> answer;
    try {
        T got = co_await task;
        answer.emplace(std::move(got));
    } catch (const std::exception& thrown) {
        *problem = thrown.what();
    }
    co_return answer;
}

template <class T, class Take>
void await(Loop& loop, Awaitable<T> task, std::shared_ptr<Call> call, Take take) {
    auto problem = std::make_shared<std::string>();
    start_task(guarded(std::move(task), problem.get()),
               [&loop, call, problem, take](std::optional<T> answer) {
                   loop.post([problem, take, answer = std::move(answer)]() mutable {
                       take(std::move(answer), *problem);
                   });
               });
}

Error bug(const std::string& problem, Retry retry) {
    return fail("driver_failed", "The driver failed: " + problem, retry);
}

void observe(Loop& loop, Handler& handler, std::shared_ptr<Call> call, const Masker& masker,
             CallAnswer answer, Finish done) {
    await(loop, handler.observe(*call), call,
          [&masker, answer, done](std::optional<Result<Value>> got,
                                  const std::string& problem) mutable {
              if (!got) got.emplace(bug(problem, Retry::never));
              if (got->ok()) {
                  answer.observed.emplace(masker.mask_value(**got));
              } else {
                  answer.observed.emplace(masked(masker, got->error()));
              }
              done(std::move(answer));
          });
}

void before(Loop& loop, Handler& handler, std::shared_ptr<Call> call, const Masker& masker,
            CallAnswer answer, Finish done) {
    await(loop, handler.before(*call), call,
          [&masker, answer, done](std::optional<Result<Before>> got,
                                  const std::string& problem) mutable {
              if (!got) got.emplace(bug(problem, Retry::never));
              if (got->ok()) {
                  Before found = std::move(**got);
                  found.state = masker.mask_value(found.state);
                  found.result = masker.mask_value(found.result);
                  found.plan = masker.mask(found.plan);
                  answer.before.emplace(std::move(found));
              } else {
                  answer.before.emplace(masked(masker, got->error()));
              }
              done(std::move(answer));
          });
}

void act(Loop& loop, Handler& handler, std::shared_ptr<Call> call, const Value& found,
         const Masker& masker, CallAnswer answer, Finish done) {
    auto kept = std::make_shared<Value>(found);
    await(loop, handler.act(*call, *kept), call,
          [&masker, kept, answer, done](std::optional<Outcome> got,
                                        const std::string& problem) mutable {
              if (!got) got.emplace(Outcome::unknown(bug(problem, Retry::unknown)));
              got->value = masker.mask_value(got->value);
              got->after = masker.mask_value(got->after);
              got->error = masked(masker, got->error);
              answer.outcome = std::move(got);
              done(std::move(answer));
          });
}

void look(Loop& loop, Handler& handler, std::shared_ptr<Call> call, const Value& found,
          const Masker& masker, CallAnswer answer, Finish done) {
    auto kept = std::make_shared<Value>(found);
    await(loop, handler.look(*call, *kept), call,
          [&masker, kept, answer, done](std::optional<Sighting> got,
                                        const std::string& problem) mutable {
              if (!got) {
                  got.emplace();
                  got->evidence = problem;
              }
              got->value = masker.mask_value(got->value);
              got->after = masker.mask_value(got->after);
              got->evidence = masker.mask(got->evidence);
              answer.sighting = std::move(got);
              done(std::move(answer));
          });
}

void refuse(CallAnswer& answer, Phase phase, const Error& error) {
    if (phase == Phase::observe) answer.observed.emplace(error);
    if (phase == Phase::before) answer.before.emplace(error);
    if (phase == Phase::act) answer.outcome.emplace(Outcome::failed(error));
    if (phase == Phase::look) {
        Sighting seen;
        seen.evidence = error.message;
        answer.sighting.emplace(seen);
    }
}

}  // namespace

void perform_call(Loop& loop, Result<Driver*> driver, std::shared_ptr<Call> call,
                  const CallRequest& request, const Masker& masker, Finish done) {
    CallAnswer answer;
    answer.id = request.id;
    answer.number = request.number;
    const auto deny = [&](const Error& error) {
        refuse(answer, request.phase, error);
        loop.post([answer, done] { done(answer); });
    };
    if (!driver) return deny(driver.error());
    const auto found = (*driver)->operations.find(call->operation);
    if (found == (*driver)->operations.end())
        return deny(fail("no_such_operation",
                         call->target + " has no operation " + call->operation + " here."));
    Handler& handler = found->second;
    switch (request.phase) {
        case Phase::observe:
            if (!handler.observe) break;
            return observe(loop, handler, call, masker, answer, std::move(done));
        case Phase::before:
            if (!handler.before) {
                answer.before.emplace(Before());
                loop.post([answer, done] { done(answer); });
                return;
            }
            return before(loop, handler, call, masker, answer, std::move(done));
        case Phase::act:
            if (!handler.act) break;
            return act(loop, handler, call, request.before, masker, answer, std::move(done));
        case Phase::look:
            if (!handler.look) break;
            return look(loop, handler, call, request.before, masker, answer, std::move(done));
    }
    deny(fail("cannot_tell",
              "The driver of " + call->target + " cannot do this for " + call->operation + "."));
}

}  // namespace perilune
